package raft

// The types of messages.
const (
	MsgVote = 1 + iota
	MsgVoteAnswer
	MsgAppend // without entries it is a heartbeat
	MsgAppendAnswer
	MsgSnapshot
	MsgNow // the leader has this member campaign at once
)

// Message is what one member tells another.
type Message struct {
	Type           int
	From, To, Term uint64
	Index, LogTerm uint64
	Commit         uint64  `json:",omitempty"`
	Entries        []Entry `json:",omitempty"`
	Reject         bool    `json:",omitempty"`
	// Hint is how far the log of who refuses goes, or, in a heartbeat, how far the leader
	// knows that the log agrees and counts.
	Hint     uint64   `json:",omitempty"`
	Snapshot []byte   `json:",omitempty"`
	Handed   bool     `json:",omitempty"` // a vote for who the leader has chosen
	Members  []Member `json:",omitempty"`
}

func (n *Node) reset() {
	n.elapsed, n.beat = 0, 0
	n.timeout = ElectionTicks + n.cfg.Rand.IntN(ElectionTicks)
}

// become takes a role at a term.
func (n *Node) become(r role, term, lead uint64) {
	was, wasLead := n.role, n.lead
	if term != n.disk.Term {
		n.disk.Term, n.disk.Vote = term, 0
	}
	n.role, n.lead = r, lead
	n.reset()
	name := [...]string{"follower", "candidate", "leader"}[r]
	if r != follower || was != follower {
		n.logf("info", "%x became %s at term %d", n.disk.ID, name, n.disk.Term)
	}
	if was == leader && r != leader {
		n.changing = 0
		n.dropWaits(ErrLostLeadership)
	}
	if lead != wasLead {
		switch {
		case lead == 0:
			n.logf("info", "raft.node: %x lost leader %x at term %d", n.disk.ID, wasLead, n.disk.Term)
		case wasLead == 0:
			n.logf("info", "raft.node: %x elected leader %x at term %d", n.disk.ID, lead, n.disk.Term)
		default:
			n.logf("info", "raft.node: %x changed leader from %x to %x at term %d", n.disk.ID, wasLead, lead, n.disk.Term)
		}
	}
	if lead != wasLead || was != r {
		n.cfg.Changed()
	}
}

func (n *Node) onTick() {
	if n.stopped {
		return
	}
	if n.role == leader && len(n.members) == 1 {
		return // it hears nobody and tells nobody, until another joins
	}
	n.tick.Reset(Tick)
	n.elapsed++
	if n.role == leader {
		if n.elapsed >= ElectionTicks {
			n.elapsed = 0
			if !n.heardByMost() {
				n.logf("warning", "%x stepped down to follower since quorum is not active", n.disk.ID)
				n.become(follower, n.disk.Term, 0)
				return
			}
		}
		if n.beat++; n.beat >= HeartbeatTicks {
			n.beat = 0
			n.broadcast()
		}
		return
	}
	if _, in := n.member(n.disk.ID); in && n.elapsed >= n.timeout {
		n.campaign(false)
	}
}

// Transfer has the member that is furthest lead instead of this one. It reports whether
// there is one to ask.
func (n *Node) Transfer() bool {
	best, at := Member{}, uint64(0)
	for _, m := range n.members {
		if p := n.peers[m.ID]; m.ID != n.disk.ID && p != nil && p.active && p.match >= at {
			best, at = m, p.match
		}
	}
	if best.ID == 0 || n.role != leader {
		return false
	}
	n.cfg.Send(best, &Message{Type: MsgNow, From: n.disk.ID, To: best.ID, Term: n.disk.Term})
	return true
}

// heardByMost reports whether most members have answered in this election's time.
func (n *Node) heardByMost() bool {
	up := 0
	for _, m := range n.members {
		p := n.peers[m.ID]
		if m.ID == n.disk.ID || p != nil && p.heard {
			up++
		}
		if p != nil {
			p.heard = false
		}
	}
	return up >= n.quorum()
}

func (n *Node) campaign(handed bool) {
	n.logf("info", "%x is starting a new election at term %d", n.disk.ID, n.disk.Term)
	n.become(candidate, n.disk.Term+1, 0)
	n.disk.Vote = n.disk.ID
	n.votes = map[uint64]bool{}
	n.count(n.disk.ID, true)
	if n.role != candidate {
		return
	}
	for _, m := range n.members {
		if m.ID != n.disk.ID {
			n.cfg.Send(m, &Message{Type: MsgVote, From: n.disk.ID, To: m.ID, Term: n.disk.Term, Index: n.lastIndex(), LogTerm: n.lastTerm(), Handed: handed})
		}
	}
}

// count counts a vote.
func (n *Node) count(from uint64, yes bool) {
	n.votes[from] = yes
	got, no := 0, 0
	for _, m := range n.members {
		if v, ok := n.votes[m.ID]; ok && v {
			got++
		} else if ok {
			no++
		}
	}
	n.logf("info", "%x received MsgVoteResp from %x at term %d", n.disk.ID, from, n.disk.Term)
	switch {
	case !n.cfg.Early:
		n.logf("info", "%x has received %d MsgVoteResp votes and %d vote rejections", n.disk.ID, got, no)
	case from != n.disk.ID:
		n.logf("info", "%x [quorum:%d] has received %d MsgVoteResp votes and %d vote rejections", n.disk.ID, n.quorum(), got, no)
	}
	switch {
	case got >= n.quorum():
		n.lead = 0
		n.becomeLeader()
	case no >= n.quorum():
		n.become(follower, n.disk.Term, 0)
	}
}

func (n *Node) becomeLeader() {
	n.peers = map[uint64]*progress{}
	for _, m := range n.members {
		n.peers[m.ID] = &progress{next: n.lastIndex() + 1, heard: true, active: true}
	}
	// An entry of its own term, by which those of earlier ones count.
	n.appendOwn(Entry{})
	n.become(leader, n.disk.Term, n.disk.ID)
	n.broadcast()
}

// Step takes a message in.
func (n *Node) Step(m *Message) {
	if n.stopped || m.To != n.disk.ID {
		return
	}
	switch {
	case m.Term > n.disk.Term:
		if m.Type == MsgVote && !m.Handed && n.lead != 0 && n.role != candidate && n.elapsed < ElectionTicks {
			return // it hears a leader
		}
		lead := uint64(0)
		if m.Type == MsgAppend || m.Type == MsgSnapshot {
			lead = m.From
		}
		n.become(follower, m.Term, lead)
	case m.Term < n.disk.Term:
		if m.Type == MsgAppend || m.Type == MsgVote {
			// One that was away learns the term.
			n.answer(m, &Message{Type: MsgAppendAnswer, Reject: true, Index: m.Index, Hint: n.lastIndex()})
		}
		return
	}
	switch m.Type {
	case MsgVote:
		n.onVote(m)
	case MsgVoteAnswer:
		if n.role == candidate {
			n.count(m.From, !m.Reject)
		}
	case MsgAppend:
		n.follow(m)
		n.onAppend(m)
	case MsgSnapshot:
		n.follow(m)
		n.onSnapshot(m)
	case MsgAppendAnswer:
		n.onAppendAnswer(m)
	case MsgNow:
		if n.role == follower {
			n.campaign(true)
		}
	}
}

// follow notes who leads.
func (n *Node) follow(m *Message) {
	if n.lead != m.From || n.role != follower {
		n.become(follower, n.disk.Term, m.From)
	}
	n.elapsed = 0
}

func (n *Node) answer(m, a *Message) {
	to, ok := n.member(m.From)
	if !ok {
		to = Member{ID: m.From}
	}
	a.From, a.To, a.Term = n.disk.ID, m.From, n.disk.Term
	n.cfg.Send(to, a)
}

func (n *Node) onVote(m *Message) {
	newer := m.LogTerm > n.lastTerm() || m.LogTerm == n.lastTerm() && m.Index >= n.lastIndex()
	grant := newer && (n.disk.Vote == 0 || n.disk.Vote == m.From) && n.role == follower
	if grant {
		n.disk.Vote = m.From
		n.elapsed = 0
	}
	n.answer(m, &Message{Type: MsgVoteAnswer, Reject: !grant})
}
