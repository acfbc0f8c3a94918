package explain

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/userland/names"
)

// naming looks for the causes of a name without an address.
type naming struct{ *inquiry }

// names looks for the causes of a name without an address.
func (q naming) names() {
	if q.j.Verdict != NameNotResolved {
		return
	}
	name := q.flow.To
	switch {
	case name == "host.docker.internal" && q.from.isContainer():
		q.hostName(name)
	case q.to != nil && !q.to.running() && absence(q).machineOff(q.to.On()):
		cabling(q).hostDown(q.byName[q.to.On()])
	case q.byGossip(): // what is asked for a name that nobody has told of is not to blame
	case q.serverSilent():
		q.nameServer()
	case q.to != nil && !q.to.running():
		absence(q).stopped(q.to)
	case q.to != nil && q.from.isContainer():
		q.nameElsewhere()
	default:
		q.noSuchName(name)
	}
}

func (q naming) hostName(name string) {
	c := Cause{
		Code:     "HOST-NAME-UNSET",
		Sentence: "host.docker.internal has an address only where Docker Desktop gives it one; on Linux the container must be made with --add-host=host.docker.internal:host-gateway.",
		Evidence: []Evidence{
			q.show(q.from.On(), "docker inspect -f '{{.HostConfig.ExtraHosts}}' "+q.from.Container.Name, "the container was made without that name"),
		},
	}
	c.cures = []Cure{{Steps: workshop(q).remake(q.from, func(o *options) { o.add("--add-host", name+":host-gateway") })}}
	q.blame(c)
}

// byGossip blames what keeps the name of a container on a swarm's network from being
// known: there names come by the nodes' gossip.
func (q naming) byGossip() bool {
	if q.to == nil || !q.to.isContainer() || !q.from.isContainer() {
		return false
	}
	if !q.to.running() {
		return q.kept(q.to)
	}
	if n := q.overlayOf(); n != nil && n.Scope == "swarm" && q.to.On() != q.from.On() {
		q.overlay()
	}
	return q.blamed()
}

// serverSilent reports whether a question to a name server outside the
// container was not answered.
func (q naming) serverSilent() bool {
	return len(q.j.Lookups) > 0 && (errors.Is(q.j.Err, names.ErrTryAgain) || q.silent() != nil)
}

// silent is a question that died on its way, or whose server nobody answers at.
func (q naming) silent() *Path {
	for _, p := range slices.Backward(q.j.Lookups) {
		if p.End.event == nil || !p.End.Delivered {
			return p
		}
	}
	return nil
}

func (q naming) nameServer() {
	server, place := netip.Addr{}, q.from.On()
	for _, p := range slices.Backward(q.j.Lookups) {
		if len(p.Hops) > 0 {
			server = p.Hops[0].event.pkt.dst
			break
		}
	}
	c := Cause{
		Code:     "DNS-SERVER-UNREACHABLE",
		Sentence: fmt.Sprintf("The name cannot be looked up: the name server %s does not answer %s.", server, q.from.Name),
		Evidence: []Evidence{q.show(place, q.inside("cat /etc/resolv.conf"), "the servers that are asked")},
	}
	// Why the server is silent is a question of its own: the way to it, and the
	// service there.
	way, service := q.under(server, ICMP, 0), q.under(server, UDP, 53)
	switch {
	case way != nil && !aboutServer[way.Code]:
		q.blame(*way)
		return
	case service == nil:
		service = way
	}
	if service != nil {
		c.Evidence = append(c.Evidence, service.Evidence...)
		c.Sentence += " " + service.Sentence
		c.cures = append(c.cures, service.cures...)
	}
	c.cures = append(c.cures, q.otherServer(server)...)
	q.blame(c)
}

// aboutServer are the causes that say of a name server that it is not there, or
// not to be reached at all: another is to be asked. The others are of the way,
// and break more than names.
var aboutServer = map[Code]bool{
	"ADDRESS-UNUSED": true, "HOST-DOWN": true, "NO-ROUTE": true, "CONTAINER-NOT-RUNNING": true, "UNKNOWN": true,
	"BRIDGE-CROSS-HOST": true, "LOCALHOST-IS-SELF": true,
}

// under is why the flow's sender does not reach a name server, nil if it does.
func (q naming) under(server netip.Addr, proto Protocol, port uint16) *Cause {
	f := Flow{From: q.from.Name, To: server.String(), Proto: proto, Port: port}
	j, err := q.travel(q.from, f)
	if err != nil || j.Verdict == NameNotResolved || j.Verdict == Delivered {
		return nil
	}
	if under := q.inquire(f, q.from, j); len(under.causes) > 0 {
		return &under.causes[0]
	}
	return nil
}

// otherServer gives the asking node another name server: that of a machine which
// serves names.
func (q naming) otherServer(silent netip.Addr) []Cure {
	var out []Cure
	for _, n := range q.nodes {
		if n.isContainer() || n.Space == nil {
			continue
		}
		for _, s := range n.Space.Sockets() {
			if s.Proto != "udp" || s.Local.Port() != 53 {
				continue
			}
			for _, ip := range addressesOf(n.Space) {
				if ip == silent || !s.Local.Addr().IsUnspecified() && s.Local.Addr() != ip {
					continue
				}
				line := "nameserver " + ip.String()
				if q.from.isContainer() {
					out = append(out, Cure{Says: fmt.Sprintf("give it a name server that answers, as %s does; for all containers of the host that is \"dns\" in daemon.json, or the host's own /etc/resolv.conf, from which a container has it when it is made", ip), Steps: workshop(q).remake(q.from, func(o *options) { o.set("--dns", ip.String()) })})
				} else {
					out = append(out, Cure{Steps: []CureStep{{Machine: q.from.Name, Line: "echo '" + line + "' > /etc/resolv.conf"}}})
				}
			}
		}
	}
	return out
}

// inside is a command as it is typed on the node's machine to run in it.
func (q *inquiry) inside(command string) string {
	if !q.from.isContainer() {
		return command
	}
	return "docker exec " + q.from.Container.Name + " " + command
}

// nameElsewhere: a container has the name, and the one that asks is not on a
// network with it on which names are answered.
func (q naming) nameElsewhere() {
	if q.to.running() && q.to.Space != nil && len(addressesOf(q.to.Space)) == 0 {
		local(q).noNetworkOf(q.to)
		return
	}
	same := q.to.On() == q.from.On()
	if q.overlayMissing(); q.blamed() {
		return
	}
	both := shared(q.from, q.to)
	onBridge := len(both) > 0 && q.allDefault(both)
	ev := []Evidence{
		q.show(q.from.On(), networksOf(q.from), "the networks of "+q.from.Name),
		q.show(q.to.On(), networksOf(q.to), "the networks of "+q.to.Name),
	}
	switch {
	case onBridge && same:
		c := Cause{Code: "DNS-DEFAULT-BRIDGE", Evidence: ev,
			Sentence: fmt.Sprintf("Both containers are on the default bridge network, which has no name server: names work on networks that somebody made. %s is there, and has no name here.", q.to.Container.Name)}
		c.cures = []Cure{{Says: "put both on a network that somebody made, as Compose does by itself", Steps: q.share(q.from, q.to)}}
		q.blame(c)
	case same:
		q.otherNetwork(ev)
	case q.globalNetwork(q.to) != "":
		q.otherNetwork(ev)
	default:
		bridging(q).crossHost(ev)
	}
}

func networksOf(n *Node) string {
	return "docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{end}}' " + n.Container.Name
}

// allDefault reports whether networks are nothing but the default bridge.
func (q naming) allDefault(ids []string) bool {
	for _, id := range ids {
		if n := q.networkOf(q.byName[q.from.On()], id); n == nil || n.Name != "bridge" {
			return false
		}
	}
	return true
}

// globalNetwork is the name of a network of several hosts that a container is
// on, or "".
func (q naming) globalNetwork(n *Node) string {
	for id := range n.Networks {
		if x := q.networkOf(q.byName[n.On()], id); x != nil && x.Scope != "local" {
			return x.Name
		}
	}
	return ""
}

func (q *inquiry) otherNetwork(ev []Evidence) {
	c := Cause{Code: "DNS-OTHER-NETWORK", Evidence: ev,
		Sentence: fmt.Sprintf("%s is on other networks than %s. A name is answered to those who are on a network with it.", q.to.Name, q.from.Name)}
	for _, e := range sortedNetworks(q.to) {
		n := q.networkOf(q.byName[q.to.On()], e.NetworkID)
		if n == nil || n.Name == "bridge" || n.Name == "host" || n.Name == "none" || n.Scope == "local" && q.to.On() != q.from.On() {
			continue
		}
		c.cures = append(c.cures, Cure{Steps: []CureStep{{Machine: q.from.On(), Line: "docker network connect " + n.Name + " " + q.from.Container.Name}}})
	}
	c.cures = append(c.cures, Cure{Steps: q.share(q.from, q.to)})
	q.blame(c)
}

func (q naming) noSuchName(name string) {
	c := Cause{
		Code:     "DNS-NO-SUCH-NAME",
		Sentence: fmt.Sprintf("Nobody has the name %s, and the name servers say so.", name),
		Evidence: []Evidence{q.show(q.from.On(), q.inside("cat /etc/resolv.conf"), "who is asked")},
	}
	if near := q.nearest(name); near != "" {
		f := q.flow
		f.To = near
		c.Sentence += " There is a " + near + "."
		c.cures = []Cure{{Says: "write " + near, Instead: &f}}
	}
	q.blame(c)
}

// nearest is a name that somebody on the asking node's networks has and that is
// a slip of the hand away.
func (q naming) nearest(name string) string {
	best, distance := "", 3
	for _, n := range q.nodes {
		if !n.isContainer() || n == q.from {
			continue
		}
		for _, known := range append([]string{n.Container.Name}, aliases(n)...) {
			if d := edits(name, known); d < distance {
				best, distance = known, d
			}
		}
	}
	return best
}

// aliases are the names of a container beside its own.
func aliases(n *Node) []string {
	var out []string
	for _, e := range sortedNetworks(n) {
		for _, a := range e.Aliases {
			if !strings.HasPrefix(n.Container.ID, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// edits is how many letters have to be put in, left out or changed
// (Levenshtein's distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := before
			if a[i-1] != b[j-1] {
				cost++
			}
			before = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
