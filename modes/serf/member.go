package serf

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/memberlist"
	"dnetsim/modes/msgpack"
)

// MemberStatus is what the cluster thinks of a member.
type MemberStatus int

// The states of a member.
const (
	StatusNone MemberStatus = iota
	StatusAlive
	StatusLeaving
	StatusLeft
	StatusFailed
)

func (s MemberStatus) String() string {
	return [...]string{"none", "alive", "leaving", "left", "failed"}[s]
}

// Member is one member of the cluster.
type Member struct {
	Name   string
	Addr   netip.Addr
	Port   uint16
	Status MemberStatus
}

type member struct {
	Member
	ltime uint64        // of the last join or leave
	gone  time.Duration // when it left or failed
}

// lamport is a Lamport clock.
type lamport uint64

func (l *lamport) witness(t uint64) {
	if t >= uint64(*l) {
		*l = lamport(t + 1)
	}
}

// recentIntent is a join or leave of somebody who is not a member yet.
type recentIntent struct {
	typ   byte
	ltime uint64
	at    time.Duration
}

// Members are all members known, ourselves and the failed ones included, by
// name.
func (a *Agent) Members() []Member {
	var out []Member
	for _, m := range a.members {
		out = append(out, m.Member)
	}
	slices.SortFunc(out, func(x, y Member) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// NumAlive is how many members are alive, ourselves included.
func (a *Agent) NumAlive() int {
	n := 0
	for _, m := range a.members {
		if m.Status == StatusAlive {
			n++
		}
	}
	return n
}

// NotifyJoin is of a node that has come ([memberlist.EventDelegate]).
func (a *Agent) NotifyJoin(n memberlist.Node) {
	m := a.members[n.Name]
	if m == nil {
		m = &member{Member: Member{Name: n.Name, Status: StatusAlive}}
		if in, ok := a.intents[n.Name]; ok {
			m.ltime = in.ltime
			if in.typ == typeLeave {
				m.Status = StatusLeaving
			}
		}
		a.members[n.Name] = m
	} else {
		a.failed, a.leftOld = without(a.failed, m), without(a.leftOld, m)
		m.Status, m.gone = StatusAlive, 0
	}
	m.Addr, m.Port = n.Addr.Addr(), n.Addr.Port()
	a.logf("INFO", "serf: EventMemberJoin: %s %s", m.Name, m.Addr)
	a.tell(Event{Type: EventMemberJoin, Members: []Member{m.Member}})
}

// NotifyUpdate is of a node whose address or description has changed.
func (a *Agent) NotifyUpdate(n memberlist.Node) {
	m := a.members[n.Name]
	if m == nil {
		return
	}
	m.Addr, m.Port = n.Addr.Addr(), n.Addr.Port()
	a.logf("INFO", "serf: EventMemberUpdate: %s", m.Name)
	a.tell(Event{Type: EventMemberUpdate, Members: []Member{m.Member}})
}

// NotifyLeave is of a node that has failed or left.
func (a *Agent) NotifyLeave(n memberlist.Node) {
	m := a.members[n.Name]
	if m == nil {
		return
	}
	ev, what := EventMemberFailed, "EventMemberFailed"
	switch m.Status {
	case StatusLeaving:
		ev, what = EventMemberLeave, "EventMemberLeave"
		m.Status = StatusLeft
		a.leftOld = append(a.leftOld, m)
	case StatusAlive:
		m.Status = StatusFailed
		a.failed = append(a.failed, m)
	default:
		a.logf("WARN", "serf: Bad state when leave: %d", m.Status)
		return
	}
	m.gone = a.loop.Now()
	a.logf("INFO", "serf: %s: %s %s", what, m.Name, m.Addr)
	a.tell(Event{Type: ev, Members: []Member{m.Member}})
}

func without(ms []*member, m *member) []*member {
	return slices.DeleteFunc(ms, func(o *member) bool { return o == m })
}

// leaveIntent takes in that a member means to leave, and reports whether that
// is news to spread.
func (a *Agent) leaveIntent(in *intent) bool {
	a.clock.witness(in.ltime)
	m := a.members[in.node]
	if m == nil {
		return a.noteIntent(typeLeave, in)
	}
	if in.ltime <= m.ltime {
		return false
	}
	if in.node == a.cfg.NodeName && a.status == agentAlive {
		a.logf("DEBUG", "serf: Refuting an older leave intent")
		a.broadcastJoin(uint64(a.clock))
		return false
	}
	switch m.Status {
	case StatusAlive:
		m.Status, m.ltime = StatusLeaving, in.ltime
		return true
	case StatusFailed:
		m.Status, m.ltime = StatusLeft, in.ltime
		a.failed = without(a.failed, m)
		a.leftOld = append(a.leftOld, m)
		a.logf("INFO", "serf: EventMemberLeave (forced): %s %s", m.Name, m.Addr)
		a.tell(Event{Type: EventMemberLeave, Members: []Member{m.Member}})
		return true
	}
	return false
}

func (a *Agent) joinIntent(in *intent) bool {
	a.clock.witness(in.ltime)
	m := a.members[in.node]
	if m == nil {
		return a.noteIntent(typeJoin, in)
	}
	if in.ltime <= m.ltime {
		return false
	}
	m.ltime = in.ltime
	if m.Status == StatusLeaving {
		m.Status = StatusAlive
	}
	return true
}

func (a *Agent) noteIntent(typ byte, in *intent) bool {
	if old, ok := a.intents[in.node]; ok && in.ltime <= old.ltime {
		return false
	}
	a.intents[in.node] = recentIntent{typ, in.ltime, a.loop.Now()}
	return true
}

func (a *Agent) broadcastJoin(ltime uint64) {
	in := intent{ltime: ltime, node: a.cfg.NodeName}
	a.clock.witness(ltime)
	a.joinIntent(&in)
	a.intentQueue.Add(in.encode(typeJoin), "", nil)
	a.list.Wake()
}

// reap forgets members that failed or left long ago.
func (a *Agent) reap() {
	now := a.loop.Now()
	old := func(ms []*member, limit time.Duration) []*member {
		return slices.DeleteFunc(ms, func(m *member) bool {
			if now-m.gone <= limit {
				return false
			}
			a.logf("INFO", "serf: EventMemberReap: %s", m.Name)
			delete(a.members, m.Name)
			a.coord.forget(m.Name)
			a.tell(Event{Type: EventMemberReap, Members: []Member{m.Member}})
			return true
		})
	}
	a.failed, a.leftOld = old(a.failed, reconnectTimeout), old(a.leftOld, tombstoneTimeout)
	for n, in := range a.intents { // deleting has no order
		if now-in.at > recentIntentTimeout {
			delete(a.intents, n)
		}
	}
}

// LocalState is the upper layer's part of a push/pull.
func (a *Agent) LocalState(bool) []byte {
	m := stateMsg{
		ltime: uint64(a.clock), eventLTime: uint64(a.eventClock), queryLTime: uint64(a.queryClock),
		status: make(map[string]uint64), events: a.events,
	}
	for n, x := range a.members {
		m.status[n] = x.ltime
	}
	for _, x := range a.leftOld {
		m.left = append(m.left, x.Name)
	}
	return m.encode()
}

// MergeRemoteState takes in what another member knows of the cluster.
func (a *Agent) MergeRemoteState(b []byte, join bool) {
	if b[0] != typeState {
		a.logf("ERR", "serf: Remote state has bad type prefix: %v", b[0])
		return
	}
	var m stateMsg
	if err := m.decode(&msgpack.Decoder{B: b[1:]}); err != nil {
		a.logf("ERR", "serf: Failed to decode remote state: %v", err)
		return
	}
	if m.ltime > 0 {
		a.clock.witness(m.ltime - 1)
	}
	if m.eventLTime > 0 {
		a.eventClock.witness(m.eventLTime - 1)
	}
	if m.queryLTime > 0 {
		a.queryClock.witness(m.queryLTime - 1)
	}
	for _, n := range m.left {
		a.leaveIntent(&intent{ltime: m.status[n] + 1, node: n})
		delete(m.status, n)
	}
	names := make([]string, 0, len(m.status))
	for n := range m.status {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		a.joinIntent(&intent{ltime: m.status[n], node: n})
	}
	if join && a.ignoreOld {
		a.eventMin = max(a.eventMin, m.eventLTime)
	}
	for _, at := range m.events {
		if at == nil {
			continue
		}
		for _, ev := range at.events {
			ev.ltime = at.ltime
			a.userEvent(&ev)
		}
	}
}
