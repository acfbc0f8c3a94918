package raft

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"dnetsim/sim"
)

// Tick is what an election's and a heartbeat's time are counted in.
const Tick = time.Second

// The time of a heartbeat and of an election, in ticks; an election's is drawn
// between one and two of them.
const (
	HeartbeatTicks = 1
	ElectionTicks  = 10
)

// keptEntries is how many entries stay in the log behind what all have applied:
// who lags further behind gets a snapshot (LogEntriesForSlowFollowers).
const keptEntries = 500

// The kinds of entries.
const (
	EntryNormal = iota
	EntryAdd    // a member, in Member
	EntryRemove // a member, by Member.ID
)

// Entry is one line of the log.
type Entry struct {
	Index, Term uint64
	Kind        int    `json:",omitempty"`
	Data        []byte `json:",omitempty"`
	Member      Member `json:",omitzero"`
}

// Member is one manager.
type Member struct {
	ID   uint64 // drawn when it joins
	Node string // the node's identifier
	Addr string // "10.0.0.11:2377"
}

// Disk is what outlives the process: a manager that starts again goes on with it.
type Disk struct {
	ID          uint64
	Term, Vote  uint64
	Log         []Entry // those after the snapshot
	SnapIndex   uint64
	SnapTerm    uint64
	Snapshot    []byte
	SnapMembers []Member
	Commit      uint64
}

// Config is what a node needs of its manager.
type Config struct {
	Loop *sim.Loop
	Rand *sim.Rand
	// Send sends a message to a member, or drops it; it does not block.
	Send func(to Member, m *Message)
	// Apply is told of each entry of kind normal, in order, once.
	Apply func(index uint64, data []byte)
	// Snapshot is the state that all entries so far have led to; Restore takes one.
	Snapshot func() []byte
	Restore  func([]byte)
	// Changed is called when the leader or the members have changed.
	Changed func()
	Log     func(level, msg string)
	// Early says that it logs as etcd's raft did before 3.4: no configurations, and votes only
	// of others, with the quorum.
	Early bool
	// Panic is called when what a leader says cannot be true of this log: its disk is not the
	// one that it answered with before. The node has stopped then.
	Panic func(msg string)
}

type role int

const (
	follower role = iota
	candidate
	leader
)

// progress is what a leader knows of a member.
type progress struct {
	match, next uint64
	heard       bool // in this election's time
	active      bool // what [Node.Reachable] says
}

// Node is one member.
type Node struct {
	cfg     Config
	disk    *Disk
	role    role
	lead    uint64
	members []Member
	applied uint64

	elapsed, timeout, beat int
	votes                  map[uint64]bool
	peers                  map[uint64]*progress
	tick                   *sim.Timer
	stopped, bootstrapped  bool
	removed                bool
	waits                  []*wait
	changing               uint64 // index of a change of members that is not applied yet
}

// wait is a proposal that is waited for.
type wait struct {
	index, term uint64
	err         error
	done        bool
	cond        sim.Cond
}

// The refusals of proposals.
var (
	ErrLostLeadership = errors.New("raft: failed to process the request: node lost leader status")
	ErrStopped        = errors.New("raft: member was stopped")
	ErrChanging       = errors.New("raft: a configuration change is still under way")
)

// New is a node with what is on its disk; a new disk has an ID and nothing else. It
// does nothing before it is started.
func New(d *Disk, c Config) *Node {
	n := &Node{cfg: c, disk: d, peers: map[uint64]*progress{}}
	n.tick = c.Loop.NewTimer(n.onTick)
	return n
}

// Bootstrap makes the node the only member of a new log.
func (n *Node) Bootstrap(m Member) {
	n.bootstrapped, n.disk.Term = true, 1
	n.disk.Log = []Entry{{Index: 1, Term: 1, Kind: EntryAdd, Member: m}}
	n.disk.Commit = 1
}

// ForceAlone makes the node the only member of the log that it has
// (--force-new-cluster): what nobody else confirms any more counts.
func (n *Node) ForceAlone(m Member) {
	n.disk.Commit = n.lastIndex()
	n.disk.Log = append(n.disk.Log, Entry{Index: n.lastIndex() + 1, Term: n.disk.Term, Kind: EntryAdd, Member: m})
	for _, x := range n.membersOf(n.lastIndex()) {
		if x.ID != m.ID {
			n.disk.Log = append(n.disk.Log, Entry{Index: n.lastIndex() + 1, Term: n.disk.Term, Kind: EntryRemove, Member: x})
		}
	}
	n.disk.Commit = n.lastIndex()
}

// membersOf are the members after an entry of the log.
func (n *Node) membersOf(index uint64) []Member {
	ms := slices.Clone(n.disk.SnapMembers)
	for _, e := range n.disk.Log {
		if e.Index <= index {
			ms = changed(ms, e)
		}
	}
	return ms
}

// changed are the members after an entry.
func changed(ms []Member, e Entry) []Member {
	switch e.Kind {
	case EntryAdd, EntryRemove:
		ms = slices.Clone(ms)
		i := slices.IndexFunc(ms, func(m Member) bool { return m.ID == e.Member.ID })
		switch {
		case e.Kind == EntryAdd && i >= 0:
			ms[i] = e.Member // at another address
		case e.Kind == EntryAdd:
			ms = append(ms, e.Member)
		case i >= 0:
			ms = slices.Delete(ms, i, i+1)
		}
	}
	return ms
}

// Start begins to follow, and to campaign at once if there is nobody else.
func (n *Node) Start() {
	n.logStart()
	n.members, n.applied = slices.Clone(n.disk.SnapMembers), n.disk.SnapIndex
	if n.disk.Snapshot != nil {
		n.cfg.Restore(n.disk.Snapshot)
	}
	n.applyAll()
	n.reset()
	n.tick.Reset(Tick)
	if len(n.members) == 1 && n.members[0].ID == n.disk.ID {
		n.campaign(false)
	}
}

// logStart writes what etcd's raft says when it begins: of what was on the disk, and then of
// the term and the only member that a new log is given.
func (n *Node) logStart() {
	d := n.disk
	began := func(term, commit, applied, index, last uint64, members string) {
		n.logMembers(members)
		n.logf("info", "%x became follower at term %d", d.ID, term)
		n.logf("info", "newRaft %x [peers: [], term: %d, commit: %d, applied: %d, lastindex: %d, lastterm: %d]", d.ID, term, commit, applied, index, last)
	}
	if !n.bootstrapped {
		began(d.Term, d.Commit, d.SnapIndex, n.lastIndex(), n.lastTerm(), voters(d.SnapMembers))
		return
	}
	began(0, 0, 0, 0, 0, "")
	n.logf("info", "%x became follower at term %d", d.ID, d.Term)
	n.logMembers(voters(n.membersOf(d.Commit)))
}

func (n *Node) logMembers(members string) {
	if !n.cfg.Early {
		n.logf("info", "%x switched to configuration voters=(%s)", n.disk.ID, members)
	}
}

// Stop ends it; proposals that are waited for fail.
func (n *Node) Stop() {
	if n.stopped {
		return
	}
	n.stopped = true
	n.tick.Stop()
	n.dropWaits(ErrStopped)
	n.lead, n.role = 0, follower
}

func (n *Node) dropWaits(err error) {
	for _, w := range n.waits {
		w.done, w.err = true, err
		w.cond.Broadcast()
	}
	n.waits = nil
}

// ID is the node's own.
func (n *Node) ID() uint64 { return n.disk.ID }

// Leader is the member that leads, false if none is known.
func (n *Node) Leader() (Member, bool) { return n.member(n.lead) }

// IsLeader reports whether the node leads.
func (n *Node) IsLeader() bool { return n.role == leader && !n.stopped }

// Removed reports whether the node is a member no more.
func (n *Node) Removed() bool { return n.removed }

// Members are those of the log so far, in the order in which they joined.
func (n *Node) Members() []Member { return slices.Clone(n.members) }

// Term is the node's current one.
func (n *Node) Term() uint64 { return n.disk.Term }

// Reachable reports whether the leader hears a member.
func (n *Node) Reachable(id uint64) bool {
	if id == n.disk.ID {
		return true
	}
	p := n.peers[id]
	return p != nil && p.active
}

// SetReachable tells whether messages to a member arrive.
func (n *Node) SetReachable(id uint64, yes bool) {
	if p := n.peers[id]; p != nil && p.active != yes {
		p.active = yes
		n.cfg.Changed()
	}
}

// CanRemove reports whether most of the members would still be reachable without one.
func (n *Node) CanRemove(id uint64) bool {
	rest, up := 0, 0
	for _, m := range n.members {
		if m.ID == id {
			continue
		}
		rest++
		if n.Reachable(m.ID) {
			up++
		}
	}
	return up >= rest/2+1
}

func (n *Node) member(id uint64) (Member, bool) {
	for _, m := range n.members {
		if m.ID == id && id != 0 {
			return m, true
		}
	}
	return Member{}, false
}

func (n *Node) quorum() int { return len(n.members)/2 + 1 }

func (n *Node) lastIndex() uint64 { return n.disk.SnapIndex + uint64(len(n.disk.Log)) }

// termAt is the term of an entry, false if the log does not have it.
func (n *Node) termAt(i uint64) (uint64, bool) {
	switch {
	case i == n.disk.SnapIndex:
		return n.disk.SnapTerm, true
	case i < n.disk.SnapIndex || i > n.lastIndex():
		return 0, false
	}
	return n.disk.Log[i-n.disk.SnapIndex-1].Term, true
}

func (n *Node) lastTerm() uint64 {
	t, _ := n.termAt(n.lastIndex())
	return t
}

func (n *Node) logf(level, format string, args ...any) {
	n.cfg.Log(level, fmt.Sprintf(format, args...))
}

// panic ends a node whose log is not what the leader takes it for, as etcd's raft does: the
// whole process goes.
func (n *Node) panic(format string, args ...any) {
	n.Stop()
	n.cfg.Panic(fmt.Sprintf(format, args...))
}

// voters prints members as etcd does, in decimal.
func voters(ms []Member) string {
	s := ""
	for i, m := range ms {
		if i > 0 {
			s += " "
		}
		s += fmt.Sprint(m.ID)
	}
	return s
}
