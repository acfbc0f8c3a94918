package serf

import (
	"math"
	"net/netip"
	"time"

	"dnetsim/sim"
)

// nodeState is what the membership layer thinks of a node.
type nodeState uint8

const (
	stateAlive nodeState = iota
	stateSuspect
	stateDead
	stateLeft
)

// node is one node of the membership layer.
type node struct {
	name        string
	addr        netip.AddrPort
	meta        []byte
	vsn         [6]byte
	incarnation uint32
	state       nodeState
	changed     time.Duration
}

func (n *node) gone() bool { return n.state == stateDead || n.state == stateLeft }

// alive takes in that a node lives. It is also how a node enters, and where two
// nodes of one name clash. first is our own announcement of ourselves.
func (a *Agent) alive(m *aliveMsg, first bool) {
	n, mine := a.byName[m.node], m.node == a.cfg.NodeName
	if a.left && mine {
		return
	}
	addr := addrOf(m.addr, m.port)
	if len(m.vsn) >= 3 && (m.vsn[0] == 0 || m.vsn[1] == 0 || m.vsn[0] > m.vsn[1]) {
		a.logf("WARN", "memberlist: Ignoring an alive message for '%s' (%v) because protocol version(s) are wrong: %d <= %d <= %d should be >0",
			m.node, addr, m.vsn[0], m.vsn[2], m.vsn[1])
		return
	}
	moved := false
	switch {
	case n == nil:
		n = &node{name: m.node, addr: addr, meta: m.meta, state: stateDead}
		copy(n.vsn[:], m.vsn)
		a.byName[m.node] = n
		i := 0
		if len(a.nodes) > 0 {
			i = a.rng.IntN(len(a.nodes))
		}
		a.nodes = append(a.nodes, n)
		last := len(a.nodes) - 1
		a.nodes[i], a.nodes[last] = a.nodes[last], a.nodes[i]
	case n.addr != addr && n.state == stateLeft:
		a.logf("INFO", "memberlist: Updating address for left or failed node %s from %v to %v", n.name, n.addr, addr)
		moved = true
	case n.addr != addr:
		a.logf("ERR", "memberlist: Conflicting address for %s. Mine: %v Theirs: %v Old state: %d", n.name, n.addr, addr, n.state)
		a.conflict(n, addr)
		return
	}
	if m.incarnation <= n.incarnation && !mine && !moved || m.incarnation < n.incarnation && mine {
		return
	}
	a.calm(m.node)
	old, oldMeta := n.state, n.meta
	if !first && mine {
		if m.incarnation == n.incarnation && sameBytes(m.meta, n.meta) && sameBytes(m.vsn, n.vsn[:]) {
			return
		}
		a.refute(n, m.incarnation)
		a.logf("WARN", "memberlist: Refuting an alive message for '%s' (%v) meta:(%v VS %v), vsn:(%v VS %v)", m.node, addr, m.meta, n.meta, m.vsn, n.vsn)
	} else {
		a.spread(m.node, m.encode(), nil)
		copy(n.vsn[:], m.vsn)
		n.incarnation, n.meta, n.addr = m.incarnation, m.meta, addr
		if n.state != stateAlive {
			n.state, n.changed = stateAlive, a.loop.Now()
		}
	}
	switch {
	case old == stateDead || old == stateLeft:
		a.nodeJoined(n)
	case !sameBytes(oldMeta, n.meta):
		a.nodeUpdated(n)
	}
	a.wakeGossip()
}

// refute tells everybody that we live after all.
func (a *Agent) refute(me *node, accused uint32) {
	a.incarnation = max(a.incarnation, accused) + 1
	me.incarnation = a.incarnation
	a.feel(1)
	m := me.message()
	a.spread(me.name, m.encode(), nil)
}

// message is the node as an alive message or an entry of a push/pull.
func (n *node) message() aliveMsg {
	return aliveMsg{
		incarnation: n.incarnation, node: n.name, addr: n.addr.Addr().AsSlice(), port: n.addr.Port(),
		meta: n.meta, vsn: n.vsn[:], state: n.state,
	}
}

// suspicion is a node under suspicion. The more others confirm it, the sooner
// it counts as dead.
type suspicion struct {
	timer     *sim.Timer
	k, n      int
	min, max  time.Duration
	start     time.Duration
	confirmed map[string]bool
}

// confirm takes in another accuser and reports whether it is news.
func (s *suspicion) confirm(from string, now time.Duration) bool {
	if s.n >= s.k || s.confirmed[from] {
		return false
	}
	s.confirmed[from] = true
	s.n++
	frac := math.Log(float64(s.n)+1) / math.Log(float64(s.k)+1)
	raw := s.max.Seconds() - float64(frac*(s.max.Seconds()-s.min.Seconds()))
	timeout := max(time.Duration(math.Floor(1000*raw))*time.Millisecond, s.min)
	if s.timer.Stop() {
		s.timer.Reset(timeout - (now - s.start))
	}
	return true
}

// calm drops a suspicion without stopping its timer's meaning: the timer finds
// that the state has changed.
func (a *Agent) calm(name string) {
	if s := a.suspicions[name]; s != nil {
		s.timer.Stop()
		delete(a.suspicions, name)
	}
}

// suspect takes in that somebody suspects a node.
func (a *Agent) suspect(m *accusation) {
	n := a.byName[m.node]
	if n == nil || m.incarnation < n.incarnation {
		return
	}
	if s := a.suspicions[m.node]; s != nil {
		if s.confirm(m.from, a.loop.Now()) {
			a.spread(m.node, m.encode(typeSuspect), nil)
		}
		return
	}
	if n.state != stateAlive {
		return
	}
	if n.name == a.cfg.NodeName {
		a.refute(n, m.incarnation)
		a.logf("WARN", "memberlist: Refuting a suspect message (from: %s)", m.from)
		return
	}
	a.spread(m.node, m.encode(typeSuspect), nil)
	n.incarnation, n.state, n.changed = m.incarnation, stateSuspect, a.loop.Now()
	k := suspicionMult - 2
	if len(a.nodes)-2 < k {
		k = 0
	}
	scale := math.Max(1, math.Log10(math.Max(1, float64(len(a.nodes)))))
	least := suspicionMult * time.Duration(scale*1000) * probeInterval / 1000
	s := &suspicion{k: k, min: least, max: suspicionMaxMult * least, start: a.loop.Now(), confirmed: map[string]bool{m.from: true}}
	s.timer = a.loop.NewTimer(func() {
		if a.down || n.state != stateSuspect || a.suspicions[n.name] != s {
			return
		}
		a.logf("INFO", "memberlist: Marking %s as failed, suspect timeout reached (%d peer confirmations)", n.name, s.n)
		a.dead(&accusation{incarnation: n.incarnation, node: n.name, from: a.cfg.NodeName})
	})
	if k < 1 {
		s.timer.Reset(s.min)
	} else {
		s.timer.Reset(s.max)
	}
	a.suspicions[n.name] = s
}

// dead takes in that a node is dead, or has left: then it says so itself.
func (a *Agent) dead(m *accusation) {
	n := a.byName[m.node]
	if n == nil || m.incarnation < n.incarnation {
		return
	}
	a.calm(m.node)
	if n.gone() {
		return
	}
	if n.name == a.cfg.NodeName && !a.left {
		a.refute(n, m.incarnation)
		a.logf("WARN", "memberlist: Refuting a dead message (from: %s)", m.from)
		return
	}
	var done func()
	if n.name == a.cfg.NodeName {
		done = func() { a.leaveHeard = true; a.leaving.Broadcast() }
	}
	a.spread(m.node, m.encode(typeDead), done)
	n.incarnation, n.state, n.changed = m.incarnation, stateDead, a.loop.Now()
	if m.node == m.from {
		n.state = stateLeft
	}
	a.nodeLeft(n)
}

// feel changes the agent's idea of its own health: 0 is good, and each step
// up makes it more patient.
func (a *Agent) feel(delta int) { a.health = min(max(a.health+delta, 0), awarenessMax-1) }

// anyAlive reports whether there is another node that is not gone.
func (a *Agent) anyAlive() bool {
	for _, n := range a.nodes {
		if !n.gone() && n.name != a.cfg.NodeName {
			return true
		}
	}
	return false
}
