package explain

import (
	"fmt"
	"net/netip"
	"strings"
)

// store looks for what is wrong with the cluster store, as one host meets it.
type store struct {
	*inquiry
	host *Node
	at   netip.AddrPort
}

// storeOf is a host's cluster store, or false if it has none.
func (q *inquiry) storeOf(host *Node) (store, bool) {
	if host == nil || host.Host == nil {
		return store{}, false
	}
	at, ok := storeAddress(host)
	return store{q, host, at}, ok
}

// silent is the cause if the host cannot talk to its store; the cures are those
// of what keeps it from it, alone and with the engine's restart.
func (s store) silent() *Cause {
	f := Flow{From: s.host.Name, To: s.at.Addr().String(), Proto: TCP, Port: s.at.Port()}
	j, err := s.travel(s.host, f)
	if err != nil || j.Verdict == Delivered {
		return nil
	}
	under := s.inquireInto(f, s.host, j)
	c := &Cause{
		Code:     "OVERLAY-STORE-UNREACHABLE",
		Sentence: fmt.Sprintf("%s cannot reach the cluster store at %s: it learns of no network, no node and no container.", s.host.Name, s.at),
		Evidence: []Evidence{s.show(s.host.Name, fmt.Sprintf("curl -sS -m 3 http://%s/v1/status/leader", s.at), fmt.Sprintf("the store does not answer %s", s.host.Name))},
	}
	for _, u := range under.causes {
		c.Sentence += " " + u.Sentence
		c.Evidence = append(c.Evidence, u.Evidence...)
		c.cures = append(c.cures, u.cures...)
		for _, cure := range u.cures {
			c.cures = append(c.cures, Cure{Says: cure.Says, Steps: append(append([]CureStep(nil), cure.Steps...), workshop{s.inquiry}.restart(s.host)...)})
		}
	}
	return c
}

// lostNetwork blames the store if a container cannot start because its host does
// not know its overlay network any more, or never did.
func (q *inquiry) lostNetwork(n *Node) bool {
	name := q.unknownNetwork(n)
	s, ok := q.storeOf(q.byName[n.On()])
	if name == "" || !ok || s.host.Host.Off() || !s.host.Host.Daemon.Running() {
		return false
	}
	f := q.flow
	f.To = n.Name
	start := CureStep{Machine: n.On(), Line: "docker start " + n.Container.Name}
	listed := q.show(n.On(), "docker network ls", fmt.Sprintf("%s has no network %s, which %s is to be on", n.On(), name, n.Name))
	if c := s.silent(); c != nil {
		for i := range c.cures {
			c.cures[i].Steps = append(c.cures[i].Steps, CureStep{Wait: storeUp}, start, CureStep{Wait: gossipMeets / 3})
			c.cures[i].Instead = &f
		}
		c.Evidence = append([]Evidence{listed}, c.Evidence...)
		q.blame(*c)
		return true
	}
	q.blame(Cause{
		Code:     "OVERLAY-STORE-WIPED",
		Sentence: fmt.Sprintf("The cluster store has lost its keys: it knows no network %s, so that %s does not start; what still runs on it goes on, because the tunnels' tables are the kernels'.", name, n.Name),
		Evidence: []Evidence{listed, q.show(n.On(), fmt.Sprintf("curl -s 'http://%s/v1/kv/docker/network/v1.0/network/?keys'", s.at), "the networks that the store knows")},
		cures:    []Cure{{Says: "make the network again, and its containers; give the store's container a volume", Steps: q.networkAgain(n, name), Instead: &f}},
	})
	return true
}

// unknownNetwork is a network that a container is to be on and that its host does
// not know, "" if there is none.
func (q *inquiry) unknownNetwork(n *Node) string {
	host := q.byName[n.On()]
	known := map[string]bool{"default": true, "bridge": true, "host": true, "none": true, "": true}
	for _, x := range q.networks() {
		if x.host == host {
			known[x.Name], known[x.ID] = true, true
		}
	}
	for _, name := range append(sortedKeys(n.Container.NetworkSettings.Networks), n.Container.HostConfig.NetworkMode) {
		if !known[name] && !strings.HasPrefix(name, "container:") {
			return name
		}
	}
	return ""
}

// networkAgain makes an overlay network again that the store has forgotten, with
// its subnet as its containers remember it, and them again. What the old one has
// left on the hosts has the tunnel's number and goes first.
func (q *inquiry) networkAgain(n *Node, name string) []CureStep {
	line := "docker network create -d overlay"
	var off, on []CureStep
	old := ""
	for _, x := range q.nodes {
		if !x.isContainer() || x.Container.NetworkSettings.Networks[name] == nil {
			continue
		}
		if e := x.Container.NetworkSettings.Networks[name]; e.IPAddress != "" && old == "" {
			if ip, err := netip.ParseAddr(e.IPAddress); err == nil {
				old = e.NetworkID
				line += " --subnet " + netip.PrefixFrom(ip, e.IPPrefixLen).Masked().String()
			}
		}
		again := workshop{q}.remake(x, func(*options) {})
		off, on = append(off, again[0]), append(on, again[1:]...)
	}
	for _, host := range q.engines() {
		if host.Host.Daemon.Holdings().Overlays[old] != nil {
			off = append(off, CureStep{Machine: host.Name, Line: inSandbox(old, "ip link del vxlan0")})
		}
	}
	steps := append(off, CureStep{Machine: n.On(), Line: line + " " + name})
	return append(append(steps, on...), CureStep{Wait: gossipMeets / 3})
}
