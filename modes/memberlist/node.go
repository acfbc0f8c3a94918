package memberlist

import (
	"math"
	"net/netip"
	"time"

	"dnetsim/modes/msgpack"
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

// Encode and Decode are the state's number.
func (s *nodeState) Encode(e *msgpack.Encoder) { e.Uint(uint64(*s)) }
func (s *nodeState) Decode(d *msgpack.Decoder) { *s = nodeState(d.Uint()) }

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

func (n *node) view() Node { return Node{n.name, n.addr} }

func (n *node) gone() bool { return n.state == stateDead || n.state == stateLeft }

// alive takes in that a node lives. It is also how a node enters, and where two
// nodes of one name clash. first is our own announcement of ourselves.
func (l *List) alive(m *aliveMsg, first bool) {
	n, mine := l.byName[m.node], m.node == l.cfg.Name
	if l.left && mine {
		return
	}
	addr := addrOf(m.addr, m.port)
	if len(m.vsn) >= 3 && (m.vsn[0] == 0 || m.vsn[1] == 0 || m.vsn[0] > m.vsn[1]) {
		l.logf("WARN", "Ignoring an alive message for '%s' (%v) because protocol version(s) are wrong: %d <= %d <= %d should be >0",
			m.node, addr, m.vsn[0], m.vsn[2], m.vsn[1])
		return
	}
	moved := false
	switch {
	case n == nil:
		n = &node{name: m.node, addr: addr, meta: m.meta, state: stateDead}
		copy(n.vsn[:], m.vsn)
		l.byName[m.node] = n
		i := 0
		if len(l.nodes) > 0 {
			i = l.rng.IntN(len(l.nodes))
		}
		l.nodes = append(l.nodes, n)
		last := len(l.nodes) - 1
		l.nodes[i], l.nodes[last] = l.nodes[last], l.nodes[i]
	case n.addr != addr && n.state == stateLeft:
		l.logf("INFO", "Updating address for left or failed node %s from %v to %v", n.name, n.addr, addr)
		moved = true
	case n.addr != addr:
		l.logf("ERR", "Conflicting address for %s. Mine: %v Theirs: %v Old state: %d", n.name, n.addr, addr, n.state)
		if l.cfg.Conflict != nil {
			l.cfg.Conflict.NotifyConflict(n.view(), addr)
		}
		return
	}
	if m.incarnation <= n.incarnation && !mine && !moved || m.incarnation < n.incarnation && mine {
		return
	}
	l.unsuspect(m.node)
	old, oldMeta := n.state, n.meta
	if !first && mine {
		if m.incarnation == n.incarnation && sameBytes(m.meta, n.meta) && sameBytes(m.vsn, n.vsn[:]) {
			return
		}
		l.refute(n, m.incarnation)
		l.logf("WARN", "Refuting an alive message for '%s' (%v) meta:(%v VS %v), vsn:(%v VS %v)", m.node, addr, m.meta, n.meta, m.vsn, n.vsn)
	} else {
		l.spread(m.node, m.encode(), nil)
		copy(n.vsn[:], m.vsn)
		n.incarnation, n.meta, n.addr = m.incarnation, m.meta, addr
		if n.state != stateAlive {
			n.state, n.changed = stateAlive, l.loop.Now()
		}
	}
	switch {
	case old == stateDead || old == stateLeft:
		l.cfg.Events.NotifyJoin(n.view())
	case !sameBytes(oldMeta, n.meta):
		l.cfg.Events.NotifyUpdate(n.view())
	}
	l.Wake()
}

// refute tells everybody that we live after all.
func (l *List) refute(me *node, accused uint32) {
	l.incarnation = max(l.incarnation, accused) + 1
	me.incarnation = l.incarnation
	l.feel(1)
	m := me.message()
	l.spread(me.name, m.encode(), nil)
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

// unsuspect drops a suspicion without stopping its timer's meaning: the timer finds
// that the state has changed.
func (l *List) unsuspect(name string) {
	if s := l.suspicions[name]; s != nil {
		s.timer.Stop()
		delete(l.suspicions, name)
	}
}

// suspect takes in that somebody suspects a node.
func (l *List) suspect(m *accusation) {
	n := l.byName[m.node]
	if n == nil || m.incarnation < n.incarnation {
		return
	}
	if s := l.suspicions[m.node]; s != nil {
		if s.confirm(m.from, l.loop.Now()) {
			l.spread(m.node, m.encode(typeSuspect), nil)
		}
		return
	}
	if n.state != stateAlive {
		return
	}
	if n.name == l.cfg.Name {
		l.refute(n, m.incarnation)
		l.logf("WARN", "Refuting a suspect message (from: %s)", m.from)
		return
	}
	l.spread(m.node, m.encode(typeSuspect), nil)
	n.incarnation, n.state, n.changed = m.incarnation, stateSuspect, l.loop.Now()
	k := suspicionMult - 2
	if len(l.nodes)-2 < k {
		k = 0
	}
	scale := math.Max(1, math.Log10(math.Max(1, float64(len(l.nodes)))))
	least := suspicionMult * time.Duration(scale*1000) * probeInterval / 1000
	s := &suspicion{k: k, min: least, max: suspicionMaxMult * least, start: l.loop.Now(), confirmed: map[string]bool{m.from: true}}
	s.timer = l.loop.NewTimer(func() {
		if l.down || n.state != stateSuspect || l.suspicions[n.name] != s {
			return
		}
		l.logf("INFO", "Marking %s as failed, suspect timeout reached (%d peer confirmations)", n.name, s.n)
		l.dead(&accusation{incarnation: n.incarnation, node: n.name, from: l.cfg.Name})
	})
	if k < 1 {
		s.timer.Reset(s.min)
	} else {
		s.timer.Reset(s.max)
	}
	l.suspicions[n.name] = s
}

// dead takes in that a node is dead, or has left: then it says so itself.
func (l *List) dead(m *accusation) {
	n := l.byName[m.node]
	if n == nil || m.incarnation < n.incarnation {
		return
	}
	l.unsuspect(m.node)
	if n.gone() {
		return
	}
	if n.name == l.cfg.Name && !l.left {
		l.refute(n, m.incarnation)
		l.logf("WARN", "Refuting a dead message (from: %s)", m.from)
		return
	}
	var done func()
	if n.name == l.cfg.Name {
		done = func() { l.leaveHeard = true; l.leaving.Broadcast() }
	}
	l.spread(m.node, m.encode(typeDead), done)
	n.incarnation, n.state, n.changed = m.incarnation, stateDead, l.loop.Now()
	if m.node == m.from {
		n.state = stateLeft
	}
	l.cfg.Events.NotifyLeave(n.view())
}

// Health is the node's idea of its own health: 0 is good, and each probe in vain makes
// it worse.
func (l *List) Health() int { return l.health }

// feel changes the node's idea of its own health: 0 is good, and each step
// up makes it more patient.
func (l *List) feel(delta int) { l.health = min(max(l.health+delta, 0), awarenessMax-1) }

// anyAlive reports whether there is another node that is not gone.
func (l *List) anyAlive() bool {
	for _, n := range l.nodes {
		if !n.gone() && n.name != l.cfg.Name {
			return true
		}
	}
	return false
}
