package explain

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/link/trail"
	"dnetsim/stack"
	"dnetsim/stack/netfilter"
)

// Journey is what happened to a probe.
type Journey struct {
	Verdict  Verdict
	Target   netip.Addr // what was addressed; invalid if the name has none
	Name     string     // what was resolved to it, or ""
	Lookups  []*Path    // the questions that resolving a name asked
	Forward  *Path      // nil if nothing was sent
	Return   *Path      // nil if nothing came back, or nobody answered
	Asks     []*Path    // for the link address where a packet waited
	Instead  string     // who took it, if that is not the container that was meant
	Sent     int
	Received int
	RTT      time.Duration
	Err      error // what the program that sent it was told

	story    *story
	outcome  outcome
	tracked  uint16              // the source port of a flow that was tracked before, and that the probe goes on with; 0: none
	families []map[trail.ID]bool // of the packets sent, in order
}

// Path is one packet's way.
type Path struct {
	What  string // "request", "answer", …
	Hops  []Hop
	End   End
	Spent time.Duration
}

// Hop is one thing that happened on the way.
type Hop struct {
	At     time.Duration
	Place  string // as the trail prints it
	Verb   string
	Packet string // the packet as it was then
	Rule   string // the rule that rewrote or dropped it, or ""
	Reason string
	Row    string // what decided where it went: a route, a neighbour, a table's entry
	Frame  int    // its number in what [Report.WriteCapture] writes, from 1; 0 if it is none of the wire
	event  *event
}

// End is how a path ended.
type End struct {
	Delivered bool
	Place     string
	Reason    string
	Rule      string
	Node      string // whose it is
	event     *event // nil if it is still on its way
}

// travel resolves, sends and follows a flow's probe. The world has moved on
// after that.
func (a *atlas) travel(from *Node, f Flow) (*Journey, error) {
	j := &Journey{}
	stop := listen(a.w)
	to, err := a.target(from, f, j)
	if err != nil || j.Verdict != 0 {
		j.story = stop()
		if err == nil {
			j.lookups(a, from)
		}
		return j, err
	}
	j.Target = to
	if !from.running() {
		stop()
		return nil, &UsageError{from.Name + " does not run"}
	}
	j.tracked = a.tracked(from, to, f)
	j.outcome = send(a.w, from.Space, to, f, j.tracked)
	j.story = stop()
	j.Sent, j.Received, j.RTT, j.Err = j.outcome.sent, j.outcome.received, j.outcome.rtt, j.outcome.err
	if j.Name != "" {
		j.lookups(a, from)
	}
	j.follow(a, from, f)
	j.Verdict = j.verdict(a, f)
	j.meantFor(a, f)
	return j, nil
}

// tracked is the source port of a UDP flow between the two that some machine
// tracks: a program that keeps its port keeps the entry alive, and goes where
// the entry says.
func (a *atlas) tracked(from *Node, to netip.Addr, f Flow) uint16 {
	if f.Proto != UDP {
		return 0
	}
	for _, n := range a.nodes {
		if n.isContainer() || n.Space == nil {
			continue
		}
		for _, x := range n.Space.Conntrack() {
			if x.Proto == f.Proto.number(false) && x.Orig.Dst == to && x.Orig.DstPort == f.Port && from.Space.IsLocal(x.Orig.Src) {
				return x.Orig.SrcPort
			}
		}
	}
	return 0
}

// meantFor corrects the verdict of a flow to a container that reached another
// one: two hosts' bridge networks may have the same addresses, and what is sent
// to one of them here stays here.
func (j *Journey) meantFor(a *atlas, f Flow) {
	n := a.byName[f.To]
	if j.Verdict != Delivered || n == nil || !n.isContainer() || j.Forward == nil || j.Forward.End.event == nil {
		return
	}
	if got := a.nodeOf(j.Forward.End.event.Place.Machine); got != nil && got.Space != n.Space {
		j.Verdict, j.Instead = NoRoute, got.Name
	}
}

// target is the address that a flow asks for.
func (a *atlas) target(from *Node, f Flow, j *Journey) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(f.To); err == nil {
		return ip.Unmap(), nil
	}
	if n := a.byName[f.To]; n != nil && n.isContainer() {
		return a.addressFor(from, n)
	}
	j.Name = f.To
	if !from.running() {
		return netip.Addr{}, &UsageError{from.Name + " does not run: start it, or ask for another with --from"}
	}
	ip, err := resolve(a.w, from, f.To)
	if err == nil {
		return ip.Unmap(), nil
	}
	j.Err, j.Verdict = err, NameNotResolved
	return netip.Addr{}, nil
}

// addressFor is the address under which a container is meant from a node: that
// of a network which both are on, else its first.
func (a *atlas) addressFor(from, to *Node) (netip.Addr, error) {
	ids := shared(from, to)
	for _, e := range sortedNetworks(to) {
		if len(ids) > 0 && e.NetworkID != ids[0] {
			continue
		}
		text := e.IPAddress
		if text == "" && e.IPAMConfig != nil {
			text = e.IPAMConfig.IPv4Address
		}
		if ip, err := netip.ParseAddr(text); err == nil {
			return ip, nil
		}
	}
	if to.Space != nil {
		for _, i := range to.Space.Interfaces() {
			for _, x := range i.Addrs() {
				if ip := x.Prefix.Addr(); ip.Is4() && !ip.IsLoopback() {
					return ip, nil
				}
			}
		}
	}
	if ip, ok := a.before(to); ok {
		return ip, nil
	}
	return netip.Addr{}, nil
}

// mine reports whether an event is the first of a packet of the probe.
func (j *Journey) mine(e *event, from *stack.Namespace, f Flow) bool {
	if e.Place.Machine != from.Name() || !e.pkt.ip || e.pkt.proto != f.Proto.number(j.Target.Is6()) {
		return false
	}
	if e.Verb == trail.Rewrite {
		return j.rewritten(e, from, f)
	}
	if e.pkt.dst != j.Target {
		return false
	}
	if f.Proto == ICMP {
		return e.pkt.sport == j.outcome.id || j.outcome.id == 0
	}
	return e.pkt.dport == f.Port
}

// rewritten reports whether a packet that begins with a rewrite, by the nat
// table's OUTPUT, is tracked as one of the probe.
func (j *Journey) rewritten(e *event, from *stack.Namespace, f Flow) bool {
	return slices.ContainsFunc(from.Conntrack(), func(x netfilter.Flow) bool {
		return x.Proto == e.pkt.proto && x.Orig.Dst == j.Target && x.Reply.Src == e.pkt.dst && (f.Proto == ICMP || x.Orig.DstPort == f.Port && x.Orig.SrcPort == e.pkt.sport)
	})
}

// follow finds the packets that were sent, and what came back.
func (j *Journey) follow(a *atlas, from *Node, f Flow) {
	s := j.story
	sent := s.born(func(e *event) bool { return j.mine(e, from.Space, f) && !e.pkt.echoReply() })
	if len(sent) == 0 {
		return
	}
	for _, id := range sent {
		j.families = append(j.families, s.family(id))
	}
	// What came through at first, until a table was filled, is no reason to call it chance
	// that the rest does not.
	if j.lossy() && j.outcome.received*10 <= j.outcome.sent && !j.byChance() {
		j.outcome.reached = false
	}
	k := j.telling(a)
	events := s.of(j.families[k])
	j.Forward = a.path("request", events)
	tuples := map[tuple]bool{}
	for _, e := range events {
		if e.pkt.ip && !e.pkt.isError() {
			tuples[e.pkt.tuple()] = true
		}
	}
	j.answers(a, events, tuples)
	if j.Forward.End.event != nil && j.Forward.End.event.Reason == trail.HostUnreachable || waits(j.Forward) {
		j.Asks = a.asks(s, j.Forward)
	}
	if j.Return != nil && (waits(j.Return) || j.Return.End.event != nil && j.Return.End.event.Reason == trail.HostUnreachable) {
		j.Asks = append(j.Asks, a.asks(s, j.Return)...)
	}
}

// waits reports whether a path's packet still waits for a link address.
func waits(p *Path) bool {
	return p != nil && p.End.event == nil && len(p.Hops) > 0 && p.Hops[len(p.Hops)-1].event.Verb == trail.Queue
}

// telling is which of the packets sent tells the story: one whose answer came
// back if the flow works, and the last that has come to an end if not.
func (j *Journey) telling(a *atlas) int {
	best := 0
	for k := range j.families {
		end := a.end(j.story.of(j.families[k]))
		if end.event == nil {
			continue
		}
		best = k
		if j.outcome.reached && end.Delivered {
			return k
		}
	}
	return best
}

// answers finds the packet that answers: the flow's other direction, or an ICMP
// error about it.
func (j *Journey) answers(a *atlas, events []*event, tuples map[tuple]bool) {
	start := events[0].Seq
	var found []trail.ID
	found = j.story.born(func(e *event) bool {
		if e.Seq <= start || !e.pkt.ip {
			return false
		}
		if e.pkt.isError() {
			// What a namespace tells itself is no answer.
			return tuples[e.pkt.quoted.tuple()] && e.Place.Machine != events[0].Place.Machine
		}
		return tuples[e.pkt.tuple().back()] && (e.pkt.proto != 1 && e.pkt.proto != 58 || e.pkt.echoReply())
	})
	if len(found) == 0 {
		return
	}
	for _, id := range found {
		if !j.story.first(id).pkt.isError() {
			found = []trail.ID{id}
			break
		}
	}
	j.Return = a.path("answer", j.story.of(j.story.family(found[0])))
}

// asks are the questions for a link address that were put where a path's packet
// waited.
func (a *atlas) asks(s *story, p *Path) []*Path {
	last := p.Hops[len(p.Hops)-1].event
	var ids, others []trail.ID
	for _, id := range s.born(func(e *event) bool {
		return e.pkt.request && e.Place.Machine == last.Place.Machine && e.Place.Interface == last.Place.Interface
	}) {
		if s.first(id).pkt.target == a.nextHop(last) {
			ids = append(ids, id)
		} else {
			others = append(others, id) // for somebody else's packets, as far as routes tell now
		}
	}
	if len(ids) == 0 {
		ids = others
	}
	if len(ids) == 0 {
		return nil
	}
	id := ids[len(ids)-1]
	return []*Path{a.path("question", s.of(s.family(id)))}
}

// nextHop is whose link address a packet needs where it is.
func (a *atlas) nextHop(e *event) netip.Addr {
	if ns := a.space[e.Place.Machine]; ns != nil && e.pkt.ip {
		if r, err := ns.RouteFor(stack.RouteQuery{Dst: e.pkt.dst}); err == nil && r.Via.IsValid() {
			return r.Via
		}
	}
	return e.pkt.dst
}

// lookups are the questions to name servers.
func (j *Journey) lookups(a *atlas, from *Node) {
	s := j.story
	for _, id := range s.born(func(e *event) bool {
		return from.Space != nil && e.Place.Machine == from.Space.Name() && e.pkt.proto == 17 && e.pkt.dport == 53
	}) {
		j.Lookups = append(j.Lookups, a.path("question", s.of(s.family(id))))
	}
}

// verdict says what became of the flow.
func (j *Journey) verdict(a *atlas, f Flow) Verdict {
	switch {
	case j.outcome.reached && j.lossy() && !j.settled():
		return Lost
	case j.outcome.reached:
		return Delivered
	case j.Forward == nil:
		return NoRoute
	case j.outcome.refused:
		return Refused
	}
	fate := j.Forward.End
	switch {
	case waits(j.Forward):
		return Unresolved
	case fate.event == nil:
		return Waiting
	case fate.Delivered && f.Proto == UDP && !a.unread(fate.event) && (j.Return == nil || !j.Return.Hops[0].event.pkt.isError()):
		return Delivered
	case fate.Delivered && j.Return != nil && (j.Return.Hops[0].event.pkt.isError() || j.Return.Hops[0].event.pkt.flags&tcpRST != 0) && j.Return.End.Delivered:
		return Refused
	case fate.Delivered:
		return NoReturn
	}
	if j.story.damaged(fate.event) != "" {
		return Lost
	}
	return deathVerdict(j.Forward)
}

// unread reports whether a datagram lies in a socket that nobody reads: dockerd
// keeps a port so without its proxy.
func (a *atlas) unread(e *event) bool {
	ns := a.space[e.Place.Machine]
	return ns != nil && slices.ContainsFunc(ns.Sockets(), func(s stack.SocketInfo) bool {
		return s.Proto == "udp" && s.Local.Port() == e.pkt.dport && s.RecvQ > 0
	})
}

// deathVerdict names the way in which a packet died.
func deathVerdict(p *Path) Verdict {
	switch p.End.event.Reason {
	case trail.HostUnreachable, trail.NeighbourQueueFull, trail.NeighbourDeleted, trail.L3Miss, trail.NoAnswer:
		return Unresolved
	case trail.NoRoute, trail.BlackholeRoute:
		return NoRoute
	case trail.TTLExceeded:
		return Looped
	case trail.Loss, trail.WireDown, trail.NoReceiver, trail.QueueFull:
		return Lost
	}
	return Dropped
}

// lossy reports whether answers are missing that cannot be put down to the first
// request's waiting.
func (j *Journey) lossy() bool {
	return j.outcome.sent > echoes && j.outcome.received < j.outcome.sent-1
}

// byChance reports whether something on the way loses packets by chance.
func (j *Journey) byChance() bool {
	for i := range j.story.events {
		e := &j.story.events[i]
		if e.Verb == trail.Drop && (slices.Contains(lossReasons, e.Reason) || j.story.damaged(e) != "" || e.Rule != nil) {
			return true
		}
	}
	return false
}

// settled reports whether what is missing is no more than what may go while tables
// are filled on the way: an overlay asks where the sender is, a bridge who has it.
func (j *Journey) settled() bool { return j.outcome.sent-j.outcome.received <= echoes && !j.byChance() }
