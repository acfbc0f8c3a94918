package raft

import (
	"slices"
	"time"
)

// mostEntries is how many entries one message carries.
const mostEntries = 64

// Propose appends data to the log and returns when it counts and has been applied
// here. It may block the running process, for limit at most; one that is no leader
// refuses.
func (n *Node) Propose(data []byte, limit time.Duration) error {
	return n.propose(Entry{Data: data}, limit)
}

// AddMember and RemoveMember change who the members are, one at a time.
func (n *Node) AddMember(m Member, limit time.Duration) error {
	return n.change(Entry{Kind: EntryAdd, Member: m}, limit)
}

// RemoveMember is described at AddMember.
func (n *Node) RemoveMember(id uint64, limit time.Duration) error {
	m, ok := n.member(id)
	if !ok {
		return nil
	}
	return n.change(Entry{Kind: EntryRemove, Member: m}, limit)
}

func (n *Node) change(e Entry, limit time.Duration) error {
	if n.changing > n.applied {
		return ErrChanging
	}
	n.changing = n.lastIndex() + 1
	return n.propose(e, limit)
}

func (n *Node) propose(e Entry, limit time.Duration) error {
	switch {
	case n.stopped:
		return ErrStopped
	case n.role != leader:
		return ErrLostLeadership
	}
	n.appendOwn(e)
	w := &wait{index: n.lastIndex(), term: n.disk.Term}
	n.waits = append(n.waits, w)
	n.advance()
	n.broadcast()
	end := n.cfg.Loop.Now() + limit
	for !w.done {
		if err := w.cond.WaitFor(n.cfg.Loop, max(end-n.cfg.Loop.Now(), 0)); err != nil && !w.done {
			n.waits = slices.DeleteFunc(n.waits, func(x *wait) bool { return x == w })
			return err
		}
	}
	return w.err
}

// appendOwn appends a leader's entry to its own log.
func (n *Node) appendOwn(e Entry) {
	e.Index, e.Term = n.lastIndex()+1, n.disk.Term
	n.disk.Log = append(n.disk.Log, e)
}

// broadcast sends every member what it lacks, or a heartbeat.
func (n *Node) broadcast() {
	if n.role != leader {
		return
	}
	for _, m := range n.members {
		if m.ID != n.disk.ID {
			n.sendTo(m)
		}
	}
	n.advance()
}

func (n *Node) sendTo(m Member) {
	p := n.peers[m.ID]
	if p == nil {
		p = &progress{next: n.lastIndex() + 1, heard: true, active: true}
		n.peers[m.ID] = p
	}
	prev := p.next - 1
	term, ok := n.termAt(prev)
	if !ok {
		n.sendSnapshot(m, p)
		return
	}
	msg := &Message{Type: MsgAppend, From: n.disk.ID, To: m.ID, Term: n.disk.Term, Index: prev, LogTerm: term, Commit: n.disk.Commit}
	if from := prev - n.disk.SnapIndex; from < uint64(len(n.disk.Log)) {
		msg.Entries = slices.Clone(n.disk.Log[from:min(from+mostEntries, uint64(len(n.disk.Log)))])
	}
	if len(msg.Entries) == 0 {
		msg.Hint = min(p.match, n.disk.Commit)
	}
	p.next += uint64(len(msg.Entries))
	n.cfg.Send(m, msg)
}

func (n *Node) sendSnapshot(m Member, p *progress) {
	term, _ := n.termAt(n.applied)
	n.cfg.Send(m, &Message{Type: MsgSnapshot, From: n.disk.ID, To: m.ID, Term: n.disk.Term, Index: n.applied, LogTerm: term,
		Commit: n.disk.Commit, Snapshot: n.cfg.Snapshot(), Members: n.Members()})
	p.next = n.applied + 1
}

func (n *Node) onAppend(m *Message) {
	term, ok := n.termAt(m.Index)
	switch {
	case len(m.Entries) == 0 && m.Hint > n.lastIndex():
		n.panic("tocommit(%d) is out of range [lastIndex(%d)]. Was the raft log corrupted, truncated, or lost?", m.Hint, n.lastIndex())
		return
	case m.Index < n.disk.SnapIndex:
		n.answer(m, &Message{Type: MsgAppendAnswer, Index: n.disk.Commit})
		return
	case !ok || term != m.LogTerm:
		n.answer(m, &Message{Type: MsgAppendAnswer, Reject: true, Index: m.Index, Hint: min(n.lastIndex(), max(m.Index, 1)-1)})
		return
	}
	for i, e := range m.Entries {
		if e.Index != m.Index+1+uint64(i) {
			return // no leader sends that
		}
		if t, ok := n.termAt(e.Index); ok && t == e.Term {
			continue
		}
		if e.Index <= n.disk.Commit {
			n.panic("entry %d conflict with committed entry [committed(%d)]", e.Index, n.disk.Commit)
			return
		}
		n.disk.Log = append(n.disk.Log[:e.Index-n.disk.SnapIndex-1:e.Index-n.disk.SnapIndex-1], e)
	}
	last := m.Index + uint64(len(m.Entries))
	n.disk.Commit = max(n.disk.Commit, min(m.Commit, last))
	n.applyAll()
	n.answer(m, &Message{Type: MsgAppendAnswer, Index: last})
}

func (n *Node) onSnapshot(m *Message) {
	if m.Index > n.disk.Commit {
		n.disk.SnapIndex, n.disk.SnapTerm, n.disk.Snapshot = m.Index, m.LogTerm, m.Snapshot
		n.disk.SnapMembers, n.disk.Log, n.disk.Commit = slices.Clone(m.Members), nil, m.Index
		n.members, n.applied = slices.Clone(m.Members), m.Index
		n.cfg.Restore(m.Snapshot)
		n.cfg.Changed()
	}
	n.answer(m, &Message{Type: MsgAppendAnswer, Index: n.disk.Commit})
}

func (n *Node) onAppendAnswer(m *Message) {
	p := n.peers[m.From]
	if n.role != leader || p == nil {
		return
	}
	p.heard = true
	n.SetReachable(m.From, true)
	to, ok := n.member(m.From)
	if !ok {
		return
	}
	if m.Reject && m.Index <= p.match {
		return // it has said already that it has this
	}
	if m.Reject {
		p.next = max(min(m.Index, m.Hint+1), p.match+1)
		n.sendTo(to)
		return
	}
	if m.Index > p.match {
		p.match = m.Index
		p.next = max(p.next, m.Index+1)
		before := n.disk.Commit
		n.advance()
		if n.disk.Commit > before && n.role == leader {
			n.broadcast() // the others may apply it at once
			return
		}
	}
	if p.next <= n.lastIndex() {
		n.sendTo(to)
	}
}

// advance counts which entries most of the members have.
func (n *Node) advance() {
	if n.role != leader {
		return
	}
	var have []uint64
	for _, m := range n.members {
		at := n.lastIndex()
		if m.ID != n.disk.ID {
			at = 0
			if p := n.peers[m.ID]; p != nil {
				at = p.match
			}
		}
		have = append(have, at)
	}
	if len(have) == 0 {
		return
	}
	slices.Sort(have)
	at := have[len(have)-n.quorum()]
	if t, ok := n.termAt(at); ok && at > n.disk.Commit && t == n.disk.Term {
		n.disk.Commit = at
		n.applyAll()
	}
}

// applyAll applies what counts.
func (n *Node) applyAll() {
	for n.applied < min(n.disk.Commit, n.lastIndex()) && !n.stopped {
		e := n.disk.Log[n.applied-n.disk.SnapIndex]
		n.applied++
		switch {
		case e.Kind != EntryNormal:
			n.applyMembers(e)
		case len(e.Data) > 0:
			n.cfg.Apply(e.Index, e.Data)
		}
		n.applyWaits(e)
	}
	n.compact()
}

func (n *Node) applyMembers(e Entry) {
	n.members = changed(n.members, e)
	if !n.tick.Running() && len(n.members) > 1 {
		n.tick.Reset(Tick)
	}
	if e.Kind == EntryRemove {
		delete(n.peers, e.Member.ID)
		if e.Member.ID == n.disk.ID {
			n.removed = true
		}
	}
	n.logMembers(voters(n.members))
	n.cfg.Changed()
	if n.removed && n.role == leader {
		n.become(follower, n.disk.Term, 0)
	}
}

func (n *Node) applyWaits(e Entry) {
	for i, w := range n.waits {
		if w.index != e.Index {
			continue
		}
		n.waits = slices.Concat(n.waits[:i], n.waits[i+1:])
		w.done = true
		if w.term != e.Term {
			w.err = ErrLostLeadership
		}
		w.cond.Broadcast()
		return
	}
}

// compact makes a snapshot of what nobody needs as entries any more.
func (n *Node) compact() {
	if n.applied-n.disk.SnapIndex < 4*keptEntries {
		return
	}
	term, _ := n.termAt(n.applied)
	n.disk.Log = slices.Clone(n.disk.Log[n.applied-n.disk.SnapIndex:])
	n.disk.SnapIndex, n.disk.SnapTerm = n.applied, term
	n.disk.Snapshot, n.disk.SnapMembers = n.cfg.Snapshot(), n.Members()
}
