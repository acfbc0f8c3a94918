package serf

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/stack/socket"
)

func TestTwoMembersSeeEachOther(t *testing.T) {
	l, a, b := pair(t)
	a.wantStatus("bdc01 alive, bdc02 alive")
	b.wantStatus("bdc01 alive, bdc02 alive")
	a.wantLog("[INFO] serf: EventMemberJoin: bdc01 10.0.0.11", "[INFO] serf: EventMemberJoin: bdc02 10.0.0.12")
	if len(a.log) != 2 || len(b.log) != 2 {
		t.Errorf("logs are\n%s\n%s", strings.Join(a.log, "\n"), strings.Join(b.log, "\n"))
	}
	l.loop.RunFor(10 * time.Minute)
	a.wantStatus("bdc01 alive, bdc02 alive")
	if len(a.log) != 2 || len(b.log) != 2 {
		t.Errorf("after ten minutes the logs are\n%s\n%s", strings.Join(a.log, "\n"), strings.Join(b.log, "\n"))
	}
}

func TestUserEventsReachEverybodyOnce(t *testing.T) {
	l, a, b := pair(t)
	l.must(a.UserEvent("jl 10.0.0.11 net ep", []byte("join 172.16.0.1"), true))
	l.must(a.UserEvent("jl 10.0.0.11 net ep2", []byte("join 172.16.0.2"), false))
	l.loop.RunFor(2 * time.Minute)
	want := "jl 10.0.0.11 net ep2 join 172.16.0.2; jl 10.0.0.11 net ep join 172.16.0.1"
	for _, h := range []*host{a, b} {
		if got := strings.Join(h.user, "; "); got != want {
			t.Errorf("%s got %q, want %q", h.name, got, want)
		}
	}
}

func TestJoiningMemberIgnoresOldEventsIfAsked(t *testing.T) {
	for _, ignore := range []bool{true, false} {
		l := newLab(t, 2)
		l.startAll()
		a, b := l.hosts[0], l.hosts[1]
		l.must(a.UserEvent("old", nil, false))
		if _, err := b.join(a, ignore); err != nil {
			t.Fatal(err)
		}
		if got := len(b.user) == 0; got != ignore {
			t.Errorf("ignoreOld %v: got %q", ignore, b.user)
		}
	}
}

func TestAddressOfAnotherHostIsRefused(t *testing.T) {
	l := newLab(t, 2)
	_, err := New(l.loop, l.hosts[1].ns, Config{NodeName: "bdc02", BindAddr: l.hosts[0].ip})
	want := `Failed to create memberlist: Could not set up network transport: failed to obtain an address: Failed to start TCP listener on "10.0.0.11" port 7946: listen tcp 10.0.0.11:7946: bind: cannot assign requested address`
	if err == nil || err.Error() != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
}

func TestJoinSaysWhyItFailed(t *testing.T) {
	for _, c := range []struct{ name, rule, want string }{
		{"nobody there", "", "connect: connection refused"},
		{"dropped", "-A INPUT -p tcp --dport 7946 -j DROP", "i/o timeout"},
		{"rejected", "-A INPUT -p tcp --dport 7946 -j REJECT --reject-with icmp-host-prohibited", "connect: no route to host"},
	} {
		l := newLab(t, 2)
		a, b := l.hosts[0], l.hosts[1]
		a.start("bdc01")
		if c.rule != "" {
			b.start("bdc02")
			b.iptables(c.rule)
		}
		n, err := a.join(b, true)
		want := "1 error occurred:\n\t* Failed to join 10.0.0.12: dial tcp 10.0.0.12:7946: " + c.want + "\n\n"
		if n != 0 || err == nil || err.Error() != want {
			t.Errorf("%s: %d, %q, want %q", c.name, n, err, want)
		}
		if c.want == "i/o timeout" && (l.loop.Now() < 10*time.Second || l.loop.Now() > 11*time.Second) {
			t.Errorf("timed out after %v", l.loop.Now())
		}
	}
}

func TestTCPBlockedOnOneHostStillFormsACluster(t *testing.T) {
	l := newLab(t, 2)
	l.startAll()
	a, b := l.hosts[0], l.hosts[1]
	b.iptables("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT")
	b.iptables("-A INPUT -p tcp --dport 7946 -j REJECT --reject-with icmp-host-prohibited")
	if _, err := a.join(b, true); err == nil {
		t.Fatal("joined through the firewall")
	}
	if _, err := b.join(a, true); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(time.Minute)
	a.wantStatus("bdc01 alive, bdc02 alive")
	b.wantStatus("bdc01 alive, bdc02 alive")
}

func TestWithoutUDPMembersLiveByTCPAndEventsWaitForPushPull(t *testing.T) {
	l := newLab(t, 2)
	l.startAll()
	a, b := l.hosts[0], l.hosts[1]
	for _, h := range l.hosts {
		h.iptables("-A INPUT -p udp --dport 7946 -j DROP")
	}
	if _, err := b.join(a, true); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(70 * time.Second)
	sent := l.loop.Now()
	l.must(a.UserEvent("jl", []byte("x"), true))
	if err := l.loop.Run(func() bool { return len(b.user) > 0 }, sent+2*time.Minute); err != nil {
		t.Fatalf("the event never came: %v", err)
	}
	late := l.loop.Now() - sent
	if late < time.Second || late > 31*time.Second {
		t.Errorf("the event came after %v", late)
	}
	t.Logf("the event came after %v", late)
	l.loop.RunFor(2 * time.Minute)
	for _, h := range l.hosts {
		h.wantStatus("bdc01 alive, bdc02 alive")
		if h.logged("Suspect") {
			t.Errorf("%s suspects somebody", h.name)
		}
	}
	a.wantLog("[WARN] memberlist: Was able to connect to bdc02 but other probes failed, network may be misconfigured")
	b.wantLog("[WARN] memberlist: Was able to connect to bdc01 but other probes failed, network may be misconfigured")
}

func TestAPartitionedMemberFailsAndComesBackByReconnect(t *testing.T) {
	l, a, b := pair(t)
	b.cut()
	l.loop.RunFor(90 * time.Second)
	a.wantStatus("bdc01 alive, bdc02 failed")
	b.wantStatus("bdc01 failed, bdc02 alive")
	a.wantLog(
		"[INFO] memberlist: Suspect bdc02 has failed, no acks received",
		"[INFO] memberlist: Marking bdc02 as failed, suspect timeout reached (0 peer confirmations)",
		"[INFO] serf: EventMemberFailed: bdc02 10.0.0.12",
		"[INFO] serf: attempting reconnect to bdc02 10.0.0.12:7946",
	)
	b.heal()
	l.loop.RunFor(time.Minute)
	a.wantStatus("bdc01 alive, bdc02 alive")
	b.wantStatus("bdc01 alive, bdc02 alive")
	if got := strings.Join(a.events, ", "); got != "member-join bdc01, member-join bdc02, member-failed bdc02, member-join bdc02" {
		t.Errorf("events are %s", got)
	}
	for _, line := range a.log {
		t.Log(line)
	}
}

func TestARestartedMemberRefutesItsDeath(t *testing.T) {
	l, a, b := pair(t)
	b.Shutdown()
	b.wantLog("[WARN] serf: Shutdown without a Leave")
	l.loop.RunFor(12 * time.Second)
	a.wantStatus("bdc01 alive, bdc02 failed")
	b.log = nil
	b.start("bdc02")
	if _, err := b.join(a, true); err != nil {
		t.Fatal(err)
	}
	l.loop.RunFor(5 * time.Second)
	b.wantLog("[WARN] memberlist: Refuting a")
	a.wantStatus("bdc01 alive, bdc02 alive")
	b.wantStatus("bdc01 alive, bdc02 alive")
}

func TestALeavingMemberIsNotFailed(t *testing.T) {
	l, a, b := pair(t)
	l.do(func() { l.must(b.Leave()) })
	b.Shutdown()
	l.loop.RunFor(30 * time.Second)
	a.wantStatus("bdc01 alive, bdc02 left")
	a.wantLog("[INFO] serf: EventMemberLeave: bdc02 10.0.0.12")
	if b.logged("Shutdown without a Leave") {
		t.Error("shutdown after leave complains")
	}
}

func TestTwoOwnersOfOneNameBothShutDown(t *testing.T) {
	l := newLab(t, 2)
	a, b := l.hosts[0], l.hosts[1]
	a.start("bdc01")
	b.start("bdc01")
	if _, err := b.join(a, true); err != nil {
		t.Fatal(err)
	}
	began := l.loop.Now()
	l.do(func() { a.waitDown(); b.waitDown() })
	if took := l.loop.Now() - began; took < 3190*time.Millisecond || took > 3210*time.Millisecond {
		t.Errorf("the vote took %v, want 3.2 s", took)
	}
	for i, h := range l.hosts {
		mine, theirs := h.ip, l.hosts[1-i].ip
		h.wantLog(
			fmt.Sprintf("[ERR] memberlist: Conflicting address for bdc01. Mine: %v:7946 Theirs: %v:7946 Old state: 0", mine, theirs),
			fmt.Sprintf("[ERR] serf: Node name conflicts with another node at %v:7946. Names must be unique! (Resolution enabled: true)", theirs),
			"[WARN] serf: minority in name conflict resolution, quitting [0 / 0]",
			"[WARN] serf: Shutdown without a Leave",
		)
		for _, s := range h.ns.Sockets() {
			if s.State == socket.Listen || s.State == socket.Unconnected {
				t.Errorf("%s still has %+v", h.name, s)
			}
		}
	}
}

func TestInALargerClusterTheNewcomerWithATakenNameLoses(t *testing.T) {
	l := newLab(t, 4)
	for i, h := range l.hosts {
		name := h.name
		if i == 3 {
			name = "bdc01"
		}
		h.start(name)
		if i > 0 {
			if _, err := h.join(l.hosts[max(i-1, 0)], true); err != nil {
				t.Fatal(err)
			}
			l.loop.RunFor(2 * time.Second)
		}
	}
	l.loop.RunFor(20 * time.Second)
	if l.hosts[0].Down() || !l.hosts[3].Down() {
		t.Errorf("owner down %v, newcomer down %v", l.hosts[0].Down(), l.hosts[3].Down())
	}
	for _, h := range l.hosts {
		for _, line := range h.log {
			t.Log(h.ip, line)
		}
	}
}

func TestAQueryIsAnsweredWithinASecond(t *testing.T) {
	l, a, b := pair(t)
	b.answer = func(q *Query) {
		if q.Name == "peerlookup" {
			l.must(q.Respond([]byte("answer to " + string(q.Payload))))
		}
	}
	l.do(func() {
		began := l.loop.Now()
		r, err := a.Query("peerlookup", []byte("net 172.16.0.2"), 0)
		l.must(err)
		n, err := r.Next(time.Second)
		if err != nil || n.From != "bdc02" || string(n.Payload) != "answer to net 172.16.0.2" {
			t.Errorf("got %+v, %v", n, err)
		}
		t.Logf("answered after %v", l.loop.Now()-began)
		if _, err := r.Next(time.Second); err == nil {
			t.Error("a second answer")
		}
		if _, err := r.Next(-1); err == nil {
			t.Error("a second answer")
		}
	})
	if len(a.log) != 2 {
		t.Errorf("log is\n%s", strings.Join(a.log, "\n"))
	}
}

func TestSizesOnTheWireAreThoseOfTheOriginal(t *testing.T) {
	l, a, _ := pair(t)
	l.loop.RunFor(time.Minute)
	sizes := map[int]int{}
	a.ns.Interface("eth0").Observe(func(_ link.Direction, f *link.Frame) {
		if b := f.Bytes(); b[12] == 8 && b[13] == 0 && b[23] == 17 {
			sizes[f.Len()-14-28]++
		}
	})
	l.loop.RunFor(20 * time.Second)
	// as captured between idle members named bdc01 and bdc02: pings of 67 bytes,
	// acks of 150
	if len(sizes) != 2 || sizes[67] == 0 || sizes[67] != sizes[150] {
		t.Errorf("sizes are %v", sizes)
	}
	q := queryMsg{
		ltime: 6, id: 0x49aa8ba5, addr: netip.MustParseAddr("10.0.0.11").AsSlice(), port: 7946, source: "bdc01",
		timeout: 3200 * time.Millisecond, name: "peerlookup", payload: []byte(strings.Repeat("6", 64) + " 172.16.0.1"),
	}
	if n := 5 + 1 + len(q.encode()); n != 202 { // a checksum and a type before it
		t.Errorf("a query has %d bytes, want 202", n)
	}
	r := responseMsg{ltime: 6, id: 0x49aa8ba5, from: "bdc02", payload: []byte("02:42:ac:10:00:01 255.255.255.0 10.0.0.11")}
	if n := len(r.encode()) + 1; n != 88 {
		t.Errorf("a response has %d bytes, want 88", n)
	}
}
