package explain

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/sim"
)

// Who pings whom beside the flow in question, to see what a cure does to others:
// all containers of the world, up to a number that keeps it cheap.
const (
	manyNodes = 12
	quickWait = 1500 * time.Millisecond
)

// pongs pings between all running containers at once and says who answers whom.
func (a *atlas) pongs() map[string]bool {
	var nodes []*Node
	for _, n := range a.nodes {
		if n.isContainer() && n.running() && len(nodes) < manyNodes {
			nodes = append(nodes, n)
		}
	}
	out := map[string]bool{}
	var procs []*sim.Proc
	for _, from := range nodes {
		for _, to := range nodes {
			ip, err := a.addressFor(from, to)
			if from == to || err != nil || !ip.IsValid() || from.Space == to.Space {
				continue
			}
			name := from.Name + " → " + to.Name
			id := 0xd000 | uint16(len(procs))
			procs = append(procs, a.w.Loop().Go("explain others", func(p *sim.Proc) { out[name] = quick(p, from, ip, id) }))
		}
	}
	run(a.w, func() bool {
		return !slices.ContainsFunc(procs, func(p *sim.Proc) bool { return !p.Done() })
	}, time.Minute)
	return out
}

// quick is a ping of two requests with an identifier.
func quick(p *sim.Proc, from *Node, to netip.Addr, id uint16) bool {
	conn, err := from.Space.OpenICMP(to.Is6())
	if err != nil {
		return false
	}
	defer conn.Close()
	g := &pinger{p: p, conn: conn, to: to, body: 56, sent: map[uint16]time.Duration{}}
	g.o.id = id
	g.volley(2, quickWait/2, quickWait)
	return g.o.received > 0
}

// compare says which other flows a cure heals and breaks.
func (x *explainer) compare(t *trial, p *Proof) {
	if x.pong == nil {
		x.pong = survey(x.w).pongs()
	}
	after := survey(t.w).pongs()
	for _, name := range sortedKeys(x.pong) {
		now, there := after[name]
		switch {
		case x.isFlow(name) || !there:
		case now && !x.pong[name]:
			p.Healed = append(p.Healed, name)
		case !now && x.pong[name]:
			p.Broken = append(p.Broken, name)
		}
	}
	for name := range x.pong {
		if _, there := after[name]; !there && !x.isFlow(name) && x.pong[name] {
			p.Broken = append(p.Broken, name+" (does not run any more)")
		}
	}
	slices.Sort(p.Broken)
}

// isFlow reports whether it is the flow in question itself.
func (x *explainer) isFlow(name string) bool { return name == x.flow.From+" → "+x.to }
