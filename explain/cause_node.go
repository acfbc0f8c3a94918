package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/modes"
)

// member looks for what keeps a container off a network of a swarm: it was made,
// and its engine did not get a place for it.
type member struct {
	swarms
	n             *Node // the container
	host, manager *Node // the manager may be nil
	network       string
}

// kept blames what keeps a container that does not run off its network of a swarm.
func (q *inquiry) kept(n *Node) bool {
	host := q.byName[n.On()]
	if host == nil || host.Host == nil {
		return false
	}
	m := member{swarms: swarms{q}, n: n, host: host, manager: swarms{q}.manager(host), network: swarms{q}.swarmNetwork(n)}
	if m.network == "" {
		return false
	}
	if !inSwarm(host) {
		m.clock()
		return q.blamed()
	}
	for _, look := range []func(member){member.clock, member.pending, member.quorum, member.down, member.attachable, member.pool} {
		if look(m); q.blamed() {
			return true
		}
	}
	return false
}

// clusterNetworks are the networks that managers have in their logs.
func (q swarms) clusterNetworks() []*modes.SwarmNetwork {
	var out []*modes.SwarmNetwork
	for _, e := range q.engines() {
		out = append(out, e.Host.Swarm().Networks...)
	}
	return out
}

// spec is the container's network as its swarm's managers have it, or nil.
func (m member) spec() *modes.SwarmNetwork {
	if m.manager == nil {
		return nil
	}
	for _, x := range m.manager.Host.Swarm().Networks {
		if x.Spec.Name == m.network {
			return x
		}
	}
	return nil
}

// start is the end of a cure: the container starts, and the flow is asked for by its
// name.
func (m member) start(steps []CureStep, wait bool) []CureStep {
	steps = slices.Clone(steps)
	if wait {
		steps = append(steps, CureStep{Wait: storeUp})
	}
	return append(steps, CureStep{Machine: m.n.On(), Line: "docker start " + m.n.Container.Name}, CureStep{Wait: gossipMeets / 3})
}

// way is the cause of what keeps the host from the managers' port, and what to cure
// it with; ok is false if nothing does.
func (m member) way() (under Cause, ok bool) {
	for _, at := range m.host.Host.Swarm().Managers {
		f := Flow{From: m.host.Name, To: at.Addr().String(), Proto: TCP, Port: at.Port()}
		j, err := m.travel(m.host, f)
		if err != nil || j.Verdict == Delivered {
			continue
		}
		if in := m.inquireInto(f, m.host, j); len(in.causes) > 0 {
			return in.causes[0], true
		}
	}
	return Cause{}, false
}

// pending: the host has been told to join, and has not come to be a node.
func (m member) pending() {
	if m.host.Host.Swarm().State != "pending" {
		return
	}
	under, ok := m.way()
	if !ok {
		return
	}
	c := Cause{
		Code: "SWARM-JOIN-BLOCKED",
		Sentence: fmt.Sprintf("%s was told to join a swarm and cannot reach the manager at TCP port 2377: it goes on trying (Swarm: pending), and has none of the swarm's networks as long. %s",
			m.host.Name, under.Sentence),
		Evidence: append([]Evidence{m.identity(m.host, "neither active nor inactive: it waits for the manager")}, under.Evidence...),
	}
	for _, u := range under.cures {
		c.cures = append(c.cures, Cure{Says: u.Says, Steps: m.start(u.Steps, true)})
	}
	m.blame(c)
}

// clock: by the clock of the host a certificate of the swarm has not begun, or is over, so
// that it cannot join, or go on being a node.
func (m member) clock() {
	now := m.host.Machine.Wall()
	for _, e := range m.engines() {
		if e == m.host || m.manager != nil && m.manager != e {
			continue
		}
		why := e.Host.Swarm().Refuses(now, e.Machine.Wall())
		if why == nil {
			continue
		}
		set := CureStep{Machine: m.host.Name, Line: "date -s @$(ssh " + e.Name + " date +%s)"}
		steps := []CureStep{set, {Machine: m.host.Name, Line: m.joinLine(m.host, e, "")}}
		if inSwarm(m.host) {
			steps = append([]CureStep{set}, workshop{m.inquiry}.restart(m.host)...)
		}
		m.blame(Cause{
			Code: "SWARM-CLOCK-SKEW",
			Sentence: fmt.Sprintf("It is %s on %s and %s on %s. The nodes of a swarm prove by certificates who they are, and by the clock of %s one of them is not valid: it is no node of the swarm of %s and has none of its networks, such as %s of %s.",
				now.UTC().Format(clockForm), m.host.Name, e.Machine.Wall().UTC().Format(clockForm), e.Name, m.host.Name, e.Name, m.network, m.n.Name),
			Evidence: []Evidence{
				m.show(e.Name, "date", "the clock of the manager"), m.show(m.host.Name, "date", "and of "+m.host.Name),
				m.show(m.host.Name, "journalctl -u docker | grep -o 'error.*certificate.*' | tail -n 1", "what its engine said of the certificates"),
				m.identity(m.host, "what it says of its swarm"),
			},
			cures: []Cure{{
				Says:  "set the clock right, and let NTP keep it right (chronyd, systemd-timesyncd; of a virtual machine the hypervisor's time): it runs away again without; where join has left a node with the state Unknown, docker node rm takes it away",
				Steps: m.start(steps, true),
			}},
		})
		return
	}
}

// clockForm is how clocks are compared in a sentence.
const clockForm = "2006-01-02 15:04"

// quorum: the managers have no leader, since too few of them are there.
func (m member) quorum() {
	if m.manager == nil || m.manager.Host.Swarm().Led {
		return
	}
	var gone []*Node
	for _, e := range m.engines() {
		if e != m.manager && !e.Host.Off() && !e.Host.Daemon.Running() {
			gone = append(gone, e)
		}
	}
	c := Cause{
		Code: "SWARM-QUORUM-LOST",
		Sentence: fmt.Sprintf("The managers of the swarm have no leader: more than half of them have to be there, and of two both. What runs goes on; nothing can be created, attached or changed, so that %s gets no place in the network %s.",
			m.n.Name, m.network),
		Evidence: []Evidence{m.show(m.manager.Name, "docker node ls", "what a manager says that is left")},
	}
	if len(gone) > 0 {
		var steps []CureStep
		for _, e := range gone {
			steps = append(steps, CureStep{Machine: e.Name, Line: "systemctl start docker"})
		}
		c.cures = append(c.cures, Cure{Says: "bring the managers back", Steps: m.start(steps, true)})
	}
	alone := CureStep{Machine: m.manager.Name, Line: "docker swarm init --force-new-cluster --advertise-addr " + m.manager.Host.Cluster().Self.String()}
	c.cures = append(c.cures, Cure{Says: "only if the others do not come back: the manager goes on alone, with all networks and services", Steps: m.start([]CureStep{alone}, true)})
	m.blame(c)
}

// down: the managers do not hear from the node.
func (m member) down() {
	v := m.host.Host.Swarm()
	if m.manager == nil || m.manager == m.host {
		return
	}
	down := false
	for _, x := range m.manager.Host.Swarm().Nodes {
		down = down || x.ID == v.ID && x.Status.State == "down"
	}
	if !down {
		return
	}
	c := Cause{
		Code: "SWARM-NODE-DOWN",
		Sentence: fmt.Sprintf("The managers have %s as Down: its engine does not reach them at TCP port 2377. What ran there goes on; %s is new, and gets no place in the network %s.",
			m.host.Name, m.n.Name, m.network),
		Evidence: []Evidence{m.show(m.manager.Name, "docker node ls", "the nodes as the managers see them")},
	}
	if under, ok := m.way(); ok {
		c.Sentence += " " + under.Sentence
		c.Evidence = append(c.Evidence, under.Evidence...)
		for _, u := range under.cures {
			c.cures = append(c.cures, Cure{Says: u.Says, Steps: m.start(u.Steps, true)})
		}
	}
	c.cures = append(c.cures, Cure{Steps: m.start(workshop{m.inquiry}.restart(m.host), true)})
	m.blame(c)
}

// attachable: the network is for services only.
func (m member) attachable() {
	x := m.spec()
	if x == nil || x.Spec.Attachable || x.Spec.Ingress {
		return
	}
	m.blame(Cause{
		Code: "SWARM-NOT-ATTACHABLE",
		Sentence: fmt.Sprintf("The network %s was made without --attachable: it takes the tasks of services, and no container that somebody runs by hand, such as %s.",
			m.network, m.n.Name),
		Evidence: []Evidence{
			m.show(m.manager.Name, "docker network inspect -f '{{.Attachable}}' "+m.network, "whether docker run may join it"),
			m.show(m.n.On(), "docker start "+m.n.Container.Name, "what the engine says"),
		},
		cures: []Cure{{Says: "it cannot be changed: make the network again; what ran on it is run again", Steps: m.again(swarmCreate(x, netip.Prefix{}, "attachable"))}},
	})
}

// again makes a network again with another line, and the containers that are on it or
// are to be.
func (m member) again(create string) []CureStep {
	before, after := m.members(func(n *Node) bool { return m.swarmNetwork(n) == m.network })
	steps := append(before, CureStep{Machine: m.manager.Name, Line: "docker network rm " + m.network}, CureStep{Machine: m.manager.Name, Line: create})
	return append(append(steps, after...), CureStep{Wait: gossipMeets / 3})
}

// pool: nothing could be allocated of the network's subnet.
func (m member) pool() {
	x := m.spec()
	if x == nil || x.IPAMOptions != nil && len(x.IPAMOptions.Configs) > 0 || x.Spec.IPAMOptions == nil {
		return
	}
	for _, asked := range x.Spec.IPAMOptions.Configs {
		subnet, err := netip.ParsePrefix(asked.Subnet)
		if err != nil {
			continue
		}
		for _, other := range m.manager.Host.Swarm().Networks {
			taken, ok := overlapping(other, subnet)
			if !ok || other == x {
				continue
			}
			m.blamePool(x, other, subnet, taken)
			return
		}
	}
}

// overlapping is a subnet of a network that overlaps with another.
func overlapping(n *modes.SwarmNetwork, p netip.Prefix) (netip.Prefix, bool) {
	if n.IPAMOptions == nil {
		return netip.Prefix{}, false
	}
	for _, c := range n.IPAMOptions.Configs {
		if s, err := netip.ParsePrefix(c.Subnet); err == nil && s.Overlaps(p) {
			return s, true
		}
	}
	return netip.Prefix{}, false
}

func (m member) blamePool(x, other *modes.SwarmNetwork, subnet, taken netip.Prefix) {
	m.blame(Cause{
		Code: "SWARM-POOL-OVERLAP",
		Sentence: fmt.Sprintf("The network %s was made with the subnet %s, and %s of the swarm has %s. docker network create accepts that; the managers then cannot give it addresses, so that no container gets on it.",
			m.network, subnet, other.Spec.Name, taken),
		Evidence: []Evidence{
			m.show(m.manager.Name, "docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "+other.Spec.Name, "the subnet of "+other.Spec.Name),
			m.show(m.manager.Name, "journalctl -u docker | grep -o '[^\"]*Pool overlaps.*' | tail -n 1", "what the manager's log says"),
		},
		cures: []Cure{{Says: "make it again with a subnet that is free", Steps: m.again(swarmCreate(x, m.free()))}},
	})
}

// swarmCreate is the docker network create of a swarm's network, with another subnet
// if that is valid, and more options.
func swarmCreate(n *modes.SwarmNetwork, subnet netip.Prefix, more ...string) string {
	line := "docker network create -d overlay"
	if n.Spec.Attachable || slices.Contains(more, "attachable") {
		line += " --attachable"
	}
	if n.Spec.Internal {
		line += " --internal"
	}
	if ipam := n.Spec.IPAMOptions; subnet.IsValid() {
		line += " --subnet " + subnet.String()
	} else if ipam != nil {
		for _, c := range ipam.Configs {
			line += strings.TrimRight(" "+flag("subnet", c.Subnet)+flag("ip-range", c.Range)+flag("gateway", c.Gateway), " ")
		}
	}
	if d := n.Spec.DriverConfiguration; d != nil {
		for _, k := range sortedKeys(d.Options) {
			if k != "com.docker.network.driver.overlay.vxlanid_list" {
				line += " -o " + k + "=" + word(d.Options[k])
			}
		}
	}
	return line + " " + n.Spec.Name
}
