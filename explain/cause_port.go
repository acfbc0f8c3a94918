package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/link/trail"
	"dnetsim/modes"
	"dnetsim/stack"
)

// services looks for the causes of a port at which nobody answers.
type services struct{ *inquiry }

// service looks for the causes of a port at which nobody answers.
func (q services) service() {
	if q.blamed() || q.flow.Proto == ICMP || q.j.Verdict != Refused && q.j.Verdict != NoReturn && q.j.Verdict != Dropped {
		return
	}
	at := q.arrived()
	if at == nil {
		return
	}
	switch {
	case at.isContainer() && !at.running(): // it has ended meanwhile
		absence(q).stopped(at)
	case at.isContainer():
		q.inContainer(at)
	default:
		q.atHost(at)
	}
}

// arrived is the node whose namespace took the probe, behind a published port the
// container.
func (q services) arrived() *Node {
	if q.j.Forward == nil || !q.j.Forward.End.Delivered {
		return nil
	}
	n := q.nodeOf(q.j.Forward.End.event.Place.Machine)
	if n == nil || n.isContainer() {
		return n
	}
	// docker-proxy took it, and has asked the container itself.
	if c, _ := q.behind(n); c != nil {
		return c
	}
	return n
}

// behind is the container, and its port, that a host's port is published for.
func (q services) behind(host *Node) (*Node, uint16) {
	for _, b := range q.bindings(host) {
		if b.HostPort == int(q.flow.Port) && b.Port.Proto == q.flow.Proto.String() && (b.HostIP.IsUnspecified() || b.HostIP == q.j.Target || !b.HostIP.IsValid()) {
			return b.node, b.Port.Number
		}
	}
	return nil, 0
}

// port is the port at which the probe arrived.
func (q services) port() uint16 {
	if host := q.nodeOf(q.j.Forward.End.event.Place.Machine); host != nil && !host.isContainer() {
		if _, p := q.behind(host); p != 0 {
			return p
		}
	}
	return q.j.Forward.End.event.pkt.dport
}

func (q services) inContainer(n *Node) {
	port := q.port()
	all := listeners(n)
	ev := []Evidence{q.sockets(n)}
	loopback := slices.ContainsFunc(all, func(s stack.SocketInfo) bool {
		return s.Proto == q.flow.Proto.String() && s.Local.Port() == port && s.Local.Addr().IsLoopback()
	})
	switch {
	case loopback:
		q.blame(Cause{
			Code:     "PORT-LISTENS-LOOPBACK",
			Sentence: fmt.Sprintf("The service in %s listens at 127.0.0.1:%d only: within the container it answers, from outside it refuses. It has to listen at 0.0.0.0.", n.Name, port),
			Evidence: ev, cures: q.openLoopback(n, port),
		})
	case q.insidePort(n, port, ev):
	case q.otherPort(n, port, ev):
	default:
		if q.starting(n) {
			q.notReady(n, ev)
		}
		q.blame(Cause{
			Code:     "PORT-NOT-LISTENING",
			Sentence: fmt.Sprintf("Nothing listens at %s port %d of %s.", strings.ToUpper(q.flow.Proto.String()), port, n.Name),
			Evidence: append(ev, q.show(n.On(), "docker top "+n.Container.Name, "what runs there")),
			cures:    q.serve(n, port),
		})
	}
}

// openHost lets a service of a host listen at all addresses: that of a container
// in the host's network by its command line, any other by a rule.
func (q services) openHost(host *Node) []Cure {
	var out []Cure
	for _, n := range q.nodes {
		if n.isContainer() && n.Space == host.Space && n.On() == host.Name {
			if cures := q.openLoopback(n, q.flow.Port); len(cures) > 1 {
				out = append(out, cures[0])
			}
		}
	}
	return append(out, Cure{
		Says: "tell the service to listen at 0.0.0.0; where it cannot be told, send there what comes for it",
		Steps: []CureStep{
			{Machine: host.Name, Line: "sysctl -w net.ipv4.conf.all.route_localnet=1"},
			{Machine: host.Name, Line: fmt.Sprintf("iptables -t nat -I PREROUTING -p %s -d %s --dport %d -j DNAT --to-destination 127.0.0.1:%d", q.flow.Proto, q.j.Target, q.flow.Port, q.flow.Port)},
		},
	})
}

// openLoopback lets a service listen at all addresses, if its command line says
// where it listens; else what comes to the container's port from outside is
// sent to the loopback address.
func (q services) openLoopback(n *Node, port uint16) []Cure {
	var out []Cure
	said := func(w string) bool { return strings.Contains(w, "127.0.0.1") || strings.Contains(w, "localhost") }
	if slices.ContainsFunc(n.Container.Config.Cmd, said) {
		steps := workshop(q).remake(n, func(o *options) {
			o.command = func(w string) string {
				return strings.NewReplacer("127.0.0.1", "0.0.0.0", "localhost", "0.0.0.0").Replace(w)
			}
		})
		out = append(out, Cure{Says: "let the service listen at 0.0.0.0: here its command line says where, elsewhere its configuration does (bind, listen, host)", Steps: append(steps, CureStep{Wait: time.Second}), Instead: q.again(n)})
	}
	return append(out, Cure{
		Says: "tell the service to listen at 0.0.0.0 (--host 0.0.0.0, bind 0.0.0.0); where it cannot be told, send it there",
		Steps: []CureStep{
			{Machine: n.On(), Line: q.within(n, "sysctl -w net.ipv4.conf.all.route_localnet=1")},
			{Machine: n.On(), Line: q.within(n, fmt.Sprintf("iptables -t nat -A PREROUTING -p %s --dport %d -j DNAT --to-destination 127.0.0.1:%d", q.flow.Proto, port, port))},
		},
	})
}

// publish is the flow's port of the host for a container's port, as -p has it.
func (q *inquiry) publish(inner uint16) string {
	return publication("", fmt.Sprint(q.flow.Port), modes.Port{Number: inner, Proto: q.flow.Proto.String()})
}

// again is the same question to a container that is made again and may have
// another address then; nil if it was not the container's own that was asked for.
func (q *inquiry) again(n *Node) *Flow {
	if !isAddress(q.flow.To) || len(n.Networks) == 0 || !q.j.Target.IsValid() || !holds(n, q.j.Target) {
		return nil
	}
	f := q.flow
	f.To = n.Name
	return &f
}

// holds reports whether a container has an address on one of its networks.
func holds(n *Node, ip netip.Addr) bool {
	for _, text := range n.Networks {
		if text == ip.String() {
			return true
		}
	}
	return false
}

// serve starts something at a port: what the container has that listens, which
// shows that the way to it is free.
func (q services) serve(n *Node, port uint16) []Cure {
	says := "start the service that should listen there; to see that the way is free, anything that listens does"
	start := func(line string) Cure {
		return Cure{Says: says, Steps: []CureStep{{Machine: n.On(), Line: "docker exec -d " + n.Container.Name + " " + line}, {Wait: time.Second}}}
	}
	if q.flow.Proto == UDP {
		return []Cure{start(fmt.Sprintf("sh -c 'while true; do nc -u -l -p %d; done'", port))}
	}
	return []Cure{
		start(fmt.Sprintf("httpd -f -p %d", port)),
		start(fmt.Sprintf("sh -c 'while true; do sleep 60 | nc -l -p %d; done'", port)),
		{Says: "start the service again", Steps: []CureStep{{Machine: n.On(), Line: "docker restart -t 0 " + n.Container.Name}, {Wait: startUp / 4}}},
	}
}

// starting reports whether a container's service may still be to come: it was
// started a short while ago, and has not opened a port yet. Only waiting shows
// whether it will.
func (q services) starting(n *Node) bool {
	now := n.Machine.Wall()
	young := now.Sub(n.Container.State.StartedAt) < startUp
	return young && len(listeners(n)) == 0 && q.willListen(n)
}

// willListen reports whether a container is one of a service: it or its image
// exposes a port, or the host publishes one.
func (q services) willListen(n *Node) bool {
	if len(n.Container.Config.ExposedPorts) > 0 || len(n.Container.HostConfig.PortBindings) > 0 {
		return true
	}
	image, err := n.Host.Daemon.Images.Get(n.Container.Config.Image)
	return err == nil && len(image.ExposedPorts) > 0
}

// notReady blames a service that needs its time; how much, waiting shows.
func (q services) notReady(n *Node, ev []Evidence) {
	since := "just now"
	if d := n.Machine.Wall().Sub(n.Container.State.StartedAt).Round(time.Second); d > 0 {
		since = d.String() + " ago"
	}
	c := Cause{
		Code:     "SERVICE-NOT-READY",
		Sentence: fmt.Sprintf("%s runs, and its service does not listen yet: it was started %s and opens its port later. A container that is up is not yet a service that answers.", n.Name, since),
		Evidence: append(ev, q.show(n.On(), "docker ps --filter name=^"+n.Container.Name+"$ --format '{{.Names}} {{.Status}}'", "since when it runs")),
		guess:    true,
	}
	for _, d := range []time.Duration{startUp / 12, startUp / 4, startUp} {
		c.cures = append(c.cures, Cure{
			Says:  "let the client try again until it answers, or start it when a health check says healthy (Compose: depends_on with condition: service_healthy)",
			Steps: []CureStep{{Wait: d}},
		})
	}
	q.blame(c)
}

// insidePort: the port is the one that the host publishes, and was used between
// containers.
func (q services) insidePort(n *Node, port uint16, ev []Evidence) bool {
	for inner, bindings := range n.Container.HostConfig.PortBindings {
		for _, b := range bindings {
			if b.HostPort != fmt.Sprint(port) || inner.Number == port || !q.from.isContainer() {
				continue
			}
			f := q.flow
			f.Port = inner.Number
			q.blame(Cause{
				Code:     "PORT-PUBLISHED-USED-INSIDE",
				Sentence: fmt.Sprintf("Port %d is the host's, published for port %d of %s. Between containers it is the container's own port that counts.", port, inner.Number, n.Name),
				Evidence: append(ev, q.show(n.On(), "docker port "+n.Container.Name, "what is published")),
				cures:    []Cure{{Says: fmt.Sprintf("use port %d", inner.Number), Instead: &f}},
			})
			return true
		}
	}
	return false
}

// otherPort: something listens, at another port.
func (q services) otherPort(n *Node, port uint16, ev []Evidence) bool {
	for _, s := range listeners(n) {
		if s.Proto != q.flow.Proto.String() || s.Local.Addr().IsLoopback() || s.Local.Port() == port || s.Local.Port() >= 32768 {
			continue
		}
		f := q.flow
		f.Port = s.Local.Port()
		cures := []Cure{{Says: fmt.Sprintf("use port %d", s.Local.Port()), Instead: &f}}
		if host := q.nodeOf(q.j.Forward.End.event.Place.Machine); q.published(n, port) || host != nil && !host.isContainer() {
			publish := q.publish(s.Local.Port())
			cures = []Cure{{Says: "publish the port that listens", Steps: workshop(q).remake(n, func(o *options) {
				o.drop(func(name, value string) bool {
					return name == "-p" && strings.Contains(value, fmt.Sprintf(":%d", port))
				})
				o.add("-p", publish)
			})}}
		}
		q.blame(Cause{
			Code:     "PORT-WRONG",
			Sentence: fmt.Sprintf("Nothing listens at port %d of %s; its service listens at %d.", port, n.Name, s.Local.Port()),
			Evidence: ev, cures: cures,
		})
		return true
	}
	return false
}

// published reports whether a host's port leads to a container's port.
func (q services) published(n *Node, port uint16) bool {
	for inner := range n.Container.HostConfig.PortBindings {
		if inner.Number == port && inner.Proto == q.flow.Proto.String() && q.flow.To != n.Name && q.j.Target.String() != n.Networks[firstKey(n.Networks)] {
			return q.rewrittenTo(n)
		}
	}
	return false
}

func firstKey(m map[string]string) string {
	for _, k := range sortedKeys(m) {
		return k
	}
	return ""
}

// rewrittenTo reports whether the probe's destination was rewritten on its way.
func (q services) rewrittenTo(*Node) bool {
	return slices.ContainsFunc(q.j.Forward.Hops, func(h Hop) bool { return h.event.Verb == trail.Rewrite })
}

// atHost: the host itself took the probe, and nothing listens there.
func (q services) atHost(host *Node) {
	if host.Host == nil {
		q.nothingListens(host)
		return
	}
	ev := []Evidence{q.sockets(host), q.show(host.Name, "docker ps --format '{{.Names}} {{.Ports}}'", "what is published there")}
	for _, b := range q.bindings(host) {
		if b.HostPort == int(q.flow.Port) && b.Port.Proto == q.flow.Proto.String() && b.HostIP.IsValid() && !b.HostIP.IsUnspecified() && b.HostIP != q.j.Target {
			q.wrongAddress(b.node, b.HostIP, b.Port.Number, ev)
			return
		}
	}
	if q.publisherStopped(host) {
		return
	}
	for _, n := range q.nodes {
		if n.isContainer() && n.On() == host.Name && n.running() && n.Space != host.Space && listens(n, q.flow.Proto, q.flow.Port) {
			q.notPublished(n)
			return
		}
	}
	for _, n := range q.nodes {
		if !n.isContainer() || n.On() != host.Name || !n.running() {
			continue
		}
		if f, ok := q.publishedElsewhere(n, host); ok {
			q.blame(Cause{
				Code:     "PORT-WRONG",
				Sentence: fmt.Sprintf("Nothing listens at port %d of %s. %s is published at %d.", q.flow.Port, host.Name, n.Name, f.Port),
				Evidence: ev, cures: []Cure{{Says: fmt.Sprintf("use port %d", f.Port), Instead: &f}},
			})
			return
		}
	}
	q.nothingListens(host)
}

// publishedElsewhere is the question at the port of the host that a container is
// published at.
func (q services) publishedElsewhere(n, host *Node) (Flow, bool) {
	for _, b := range q.bindings(host) {
		if b.node == n && b.Port.Proto == q.flow.Proto.String() && b.HostPort > 0 {
			f := q.flow
			f.Port = uint16(b.HostPort)
			return f, true
		}
	}
	return Flow{}, false
}

func (q services) wrongAddress(n *Node, bound netip.Addr, inner uint16, ev []Evidence) {
	publish := q.publish(inner)
	q.blame(Cause{
		Code:     "PORT-WRONG-ADDRESS",
		Sentence: fmt.Sprintf("Port %d of %s is published at %s only, and %s was addressed.", q.flow.Port, n.Name, bound, q.j.Target),
		Evidence: append(ev, q.show(n.On(), "docker port "+n.Container.Name, "where it is published")),
		cures: []Cure{{Says: fmt.Sprintf("publish it at every address of the host, past the rules of ufw, too; -p %s:%s lets only those in who address %s", q.j.Target, strings.TrimPrefix(publish, "0.0.0.0:"), q.j.Target), Steps: workshop(q).remake(n, func(o *options) {
			o.drop(func(name, value string) bool {
				return name == "-p" && strings.Contains(value, fmt.Sprintf(":%d:", q.flow.Port))
			})
			o.add("-p", publish)
		})}},
	})
}

// notPublished: a container listens there, and the host's port does not lead to
// it.
func (q services) notPublished(n *Node) {
	host := q.byName[n.On()]
	f := q.flow
	for _, ip := range q.facing(host, netip.Addr{}) {
		f.To = ip.String()
		break
	}
	if q.j.Target.IsValid() && host.Space.IsLocal(q.j.Target) {
		f.To = q.flow.To
	}
	publish := q.publish(q.flow.Port)
	q.blame(Cause{
		Code:     "PORT-NOT-PUBLISHED",
		Sentence: fmt.Sprintf("%s listens at port %d, and the port is not published on %s: EXPOSE in an image is no more than a note. From outside only published ports lead to a container.", n.Name, q.flow.Port, n.On()),
		Evidence: []Evidence{
			q.show(n.On(), "docker ps --filter name=^"+n.Container.Name+"$ --format '{{.Names}} {{.Ports}}'", "exposed, and not published: no arrow"),
			q.sockets(n),
		},
		cures: []Cure{{Says: "publish it: whoever reaches the host reaches it then, past the rules of ufw, too; with -p ADDRESS:… it is at that address of the host only", Instead: &f, Steps: workshop(q).remake(n, func(o *options) { o.add("-p", publish) })}},
	})
}

func (q services) nothingListens(host *Node) {
	ev := []Evidence{q.sockets(host)}
	loopback := slices.ContainsFunc(listeners(host), func(s stack.SocketInfo) bool {
		return s.Proto == q.flow.Proto.String() && s.Local.Port() == q.flow.Port && s.Local.Addr().IsLoopback()
	})
	if loopback {
		q.blame(Cause{Code: "PORT-LISTENS-LOOPBACK", Evidence: ev, cures: q.openHost(host),
			Sentence: fmt.Sprintf("The service on %s listens at 127.0.0.1:%d only: programs of %s reach it there, and nobody else does, its containers neither. It has to listen at 0.0.0.0, or at the address that is asked for.", host.Name, q.flow.Port, host.Name)})
		return
	}
	q.blame(Cause{Code: "PORT-NOT-LISTENING", Evidence: ev,
		Sentence: fmt.Sprintf("Nothing listens at %s port %d of %s.", strings.ToUpper(q.flow.Proto.String()), q.flow.Port, host.Name)})
}
