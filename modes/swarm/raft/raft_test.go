package raft

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
)

// lab is members whose messages take a millisecond, unless a way is cut.
type lab struct {
	t    *testing.T
	loop *sim.Loop
	all  []*member
	cut  map[[2]uint64]bool
}

type member struct {
	*Node
	disk *Disk
	said []string
	died string
}

func newLab(t *testing.T, n int) *lab {
	l := &lab{t: t, loop: sim.NewLoop(1), cut: map[[2]uint64]bool{}}
	for i := range n {
		l.all = append(l.all, &member{disk: &Disk{ID: uint64(i + 1)}})
	}
	l.start(0)
	l.all[0].Bootstrap(l.of(0))
	l.all[0].Start()
	for i := 1; i < n; i++ {
		l.start(i)
		l.all[i].Start()
		l.do(func() error { return l.all[0].AddMember(l.of(i), time.Minute) })
	}
	l.loop.RunFor(3 * time.Second)
	return l
}

func (l *lab) of(i int) Member {
	return Member{ID: uint64(i + 1), Node: fmt.Sprint("n", i+1), Addr: fmt.Sprintf("10.0.0.%d:2377", 11+i)}
}

// start makes a member of what is on its disk.
func (l *lab) start(i int) {
	m := l.all[i]
	m.said = nil
	m.Node = New(m.disk, Config{
		Loop: l.loop, Rand: l.loop.Stream(fmt.Sprint("raft", i)), Changed: func() {}, Log: func(string, string) {},
		Apply:    func(_ uint64, b []byte) { m.said = append(m.said, string(b)) },
		Snapshot: func() []byte { return []byte(strings.Join(m.said, " ")) },
		Panic:    func(text string) { m.died = text },
		Restore:  func(b []byte) { m.said = strings.Fields(string(b)) },
		Send: func(to Member, msg *Message) {
			if l.cut[[2]uint64{m.disk.ID, to.ID}] || to.ID == 0 || int(to.ID) > len(l.all) {
				return
			}
			l.loop.After(time.Millisecond, func() { l.all[to.ID-1].Step(msg) })
		},
	})
}

// isolate cuts all ways of a member, or heals them.
func (l *lab) isolate(i int, cut bool) {
	for k := range l.all {
		l.cut[[2]uint64{uint64(i + 1), uint64(k + 1)}] = cut
		l.cut[[2]uint64{uint64(k + 1), uint64(i + 1)}] = cut
	}
}

func (l *lab) do(fn func() error) (err error) {
	l.t.Helper()
	done := false
	l.loop.Go("test", func(*sim.Proc) { err, done = fn(), true })
	if e := l.loop.Run(func() bool { return done }, l.loop.Now()+time.Hour); e != nil {
		l.t.Fatal(e)
	}
	return err
}

func (l *lab) say(i int, text string) error {
	l.t.Helper()
	return l.do(func() error { return l.all[i].Propose([]byte(text), 20*time.Second) })
}

// leader is the member that leads, -1 for none or several.
func (l *lab) leader() int {
	at := -1
	for i, m := range l.all {
		if m.IsLeader() {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

func (l *lab) agree(want string) {
	l.t.Helper()
	for i, m := range l.all {
		if got := strings.Join(m.said, " "); got != want {
			l.t.Errorf("member %d has %q, want %q", i+1, got, want)
		}
	}
}

func TestMembersAgreeOnOneOrder(t *testing.T) {
	l := newLab(t, 3)
	for _, s := range []string{"a", "b", "c"} {
		if err := l.say(0, s); err != nil {
			t.Fatal(err)
		}
	}
	l.loop.RunFor(2 * time.Second)
	l.agree("a b c")
	if err := l.say(1, "d"); err != ErrLostLeadership {
		t.Errorf("a follower takes a proposal: %v", err)
	}
}

func TestAnotherMemberLeadsWhenTheLeaderIsGone(t *testing.T) {
	l := newLab(t, 3)
	l.say(0, "a")
	l.isolate(0, true)
	l.loop.RunFor(45 * time.Second)
	if l.all[0].IsLeader() {
		t.Error("a leader that hears nobody still leads")
	}
	at := l.leader()
	if at < 1 {
		t.Fatalf("leader %d", at)
	}
	if err := l.say(at, "b"); err != nil {
		t.Fatal(err)
	}
	l.isolate(0, false)
	l.loop.RunFor(45 * time.Second)
	if l.leader() < 0 {
		t.Error("nobody leads after the way has healed")
	}
	l.agree("a b")
}

func TestNothingCountsWithoutMostMembers(t *testing.T) {
	l := newLab(t, 3)
	l.isolate(1, true)
	l.isolate(2, true)
	if err := l.say(0, "x"); err == nil {
		t.Error("a minority agrees on something")
	}
	l.loop.RunFor(30 * time.Second)
	if l.leader() >= 0 {
		t.Errorf("member %d leads a minority", l.leader()+1)
	}
	l.isolate(1, false)
	l.isolate(2, false)
	l.loop.RunFor(time.Minute)
	at := l.leader()
	if at < 0 {
		t.Fatal("nobody leads")
	}
	if err := l.say(at, "y"); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(5 * time.Second)
	for i, m := range l.all[1:] {
		if strings.Join(m.said, " ") != strings.Join(l.all[0].said, " ") {
			t.Errorf("member %d has %v, member 1 has %v", i+2, m.said, l.all[0].said)
		}
	}
}

func TestARestartedMemberGoesOn(t *testing.T) {
	l := newLab(t, 3)
	l.say(0, "a")
	l.loop.RunFor(2 * time.Second)
	l.all[2].Stop()
	l.say(0, "b")
	l.start(2)
	l.all[2].Start()
	l.loop.RunFor(5 * time.Second)
	l.agree("a b")
}

func TestWhoLagsFarBehindGetsASnapshot(t *testing.T) {
	l := newLab(t, 2)
	l.all = append(l.all, &member{disk: &Disk{ID: 3}})
	var want []string
	l.do(func() error {
		for i := range 5 * keptEntries {
			want = append(want, fmt.Sprint(i))
			if err := l.all[0].Propose([]byte(fmt.Sprint(i)), time.Minute); err != nil {
				return err
			}
		}
		return nil
	})
	if l.all[0].disk.SnapIndex == 0 {
		t.Fatal("the log only grows")
	}
	l.start(2)
	l.all[2].Start()
	if err := l.do(func() error { return l.all[0].AddMember(l.of(2), time.Minute) }); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(10 * time.Second)
	l.agree(strings.Join(want, " "))
}

func TestARemovedMemberIsNone(t *testing.T) {
	l := newLab(t, 3)
	if err := l.do(func() error { return l.all[0].RemoveMember(3, time.Minute) }); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(time.Minute)
	if n := len(l.all[0].Members()); n != 2 || l.leader() != 0 {
		t.Errorf("%d members, leader %d", n, l.leader()+1)
	}
}

func TestALeaderHandsOver(t *testing.T) {
	l := newLab(t, 3)
	l.say(0, "a")
	if !l.all[0].Transfer() {
		t.Fatal("there is nobody to hand over to")
	}
	l.loop.RunFor(time.Second)
	if at := l.leader(); at < 1 {
		t.Fatalf("leader %d a second later", at+1)
	}
	if err := l.say(l.leader(), "b"); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(2 * time.Second)
	l.agree("a b")
}

// A member whose disk is an older copy of what it has confirmed dies of the leader's next
// heartbeat, as etcd's does: the leader knows better what it must have. It is not asked
// again and again for what it refuses.
func TestAMemberWithAnOlderDiskDies(t *testing.T) {
	l := newLab(t, 3)
	l.say(0, "a")
	l.loop.RunFor(3 * time.Second)
	old := *l.all[2].disk
	old.Log = append([]Entry(nil), old.Log...)
	l.say(0, "b")
	l.say(0, "c")
	l.loop.RunFor(3 * time.Second)
	l.all[2].Stop()
	l.all[2].disk = &old
	l.start(2)
	l.all[2].Start()
	before := l.loop.Fired()
	l.loop.RunFor(30 * time.Second)
	if got := l.all[2].died; !strings.HasPrefix(got, "tocommit(7) is out of range [lastIndex(5)].") {
		t.Errorf("the member says %q", got)
	}
	if n := l.loop.Fired() - before; n > 500 {
		t.Errorf("%d events in half a minute", n)
	}
	if err := l.say(0, "d"); err != nil {
		t.Errorf("the others cannot go on: %v", err)
	}
}

// What another leader says of an entry that counts already cannot be true.
func TestACommittedEntryIsNotReplaced(t *testing.T) {
	l := newLab(t, 3)
	l.say(0, "a")
	l.loop.RunFor(3 * time.Second)
	m := l.all[2]
	last := m.lastIndex()
	term, _ := m.termAt(last - 1)
	m.Step(&Message{Type: MsgAppend, From: 1, To: 3, Term: m.disk.Term + 1, Index: last - 1, LogTerm: term, Entries: []Entry{{Index: last, Term: m.disk.Term + 1}}})
	if want := fmt.Sprintf("entry %d conflict with committed entry [committed(%d)]", last, last); m.died != want {
		t.Errorf("the member says %q, want %q", m.died, want)
	}
}
