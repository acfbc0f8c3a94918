package networkdb

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestEntriesReachTheNodesOfTheirNetwork(t *testing.T) {
	l := newLab(t, 3)
	l.together()
	a, b, c := l.hosts[0], l.hosts[1], l.hosts[2]
	l.do(func() {
		a.JoinNetwork("net")
		l.must(a.CreateEntry("peers", "net", "one", []byte("1")))
	})
	l.loop.RunFor(2 * time.Second)
	l.do(func() { b.JoinNetwork("net") }) // asks for what was there before
	if b.seen["net/one"] != "1" {
		t.Errorf("after joining the network: %v", b.seen)
	}
	l.do(func() { l.must(b.CreateEntry("peers", "net", "two", []byte("2"))) })
	l.loop.RunFor(time.Second)
	if a.seen["net/two"] != "2" || a.seen["net/one"] != "" {
		t.Errorf("the first node was told %v", a.seen)
	}
	if len(c.seen) > 0 {
		t.Errorf("a node outside the network was told %v", c.seen)
	}
	if a.peers("net") != "10.0.0.11 10.0.0.12" || c.peers("net") != "10.0.0.11 10.0.0.12" {
		t.Errorf("peers %q and, from outside, %q", a.peers("net"), c.peers("net"))
	}
	b.tell(eventUpdate, "net", entryKey{"peers", "two"}, &entry{value: []byte("22")})
	l.loop.RunFor(time.Second)
	if a.seen["net/two"] != "22" {
		t.Errorf("after the change: %v", a.seen)
	}
	l.must(a.DeleteEntry("peers", "net", "one"))
	l.loop.RunFor(time.Second)
	if _, ok := b.seen["net/one"]; ok {
		t.Errorf("after the deletion: %v", b.seen)
	}
	b.LeaveNetwork("net")
	l.loop.RunFor(time.Second)
	if len(a.seen) > 0 || a.peers("net") != "10.0.0.11" {
		t.Errorf("after the leave: %v, peers %q", a.seen, a.peers("net"))
	}
}

func TestPingsHaveTheSizeOfTheEncryptedOriginal(t *testing.T) {
	l := newLab(t, 2)
	l.together()
	l.loop.RunFor(20 * time.Second)
	a := l.hosts[0]
	if a.bytes[110] < 10 || a.bytes[47] < 10 {
		t.Errorf("lengths of datagrams: %v, want mostly 110 (ping) and 47 (ack)", a.bytes)
	}
}

func TestANodeThatLeavesIsGoneAtOnce(t *testing.T) {
	l := newLab(t, 2)
	l.together()
	a, b := l.hosts[0], l.hosts[1]
	for _, h := range l.hosts {
		l.do(func() { h.JoinNetwork("net") })
	}
	l.must(b.CreateEntry("peers", "net", "two", []byte("2")))
	l.loop.RunFor(2 * time.Second)
	before := l.loop.Now()
	l.do(b.Leave)
	if took := l.loop.Now() - before; took < 500*time.Millisecond || took > 3*time.Second {
		t.Errorf("leaving took %v", took)
	}
	a.wantLog("info Node 000000000a01 change state NodeActive --> NodeLeft", "info Node 000000000a01/10.0.0.12, left gossip cluster",
		"info bdc01(000000000a00): Node leave event for 000000000a01/10.0.0.12")
	b.wantLog("info Node 000000000a01 change state NodeActive --> NodeLeft")
	if len(a.seen) > 0 || a.peers("net") != "10.0.0.11" {
		t.Errorf("left: %v, peers %q", a.seen, a.peers("net"))
	}
	b.start("000000000b01", b.ip)
	l.do(func() { l.must(b.Join([]string{"10.0.0.11"})) })
	a.wantLog("info Node 000000000b01/10.0.0.12, is the new incarnation of the shutdown node 000000000a01/10.0.0.12")
}

func TestANodeThatFailsIsMissedAndComesBack(t *testing.T) {
	l := newLab(t, 2)
	l.together()
	a, b := l.hosts[0], l.hosts[1]
	for _, h := range l.hosts {
		l.do(func() { h.JoinNetwork("net") })
	}
	l.must(b.CreateEntry("peers", "net", "two", []byte("2")))
	l.loop.RunFor(2 * time.Second)
	b.iptables("-I INPUT -s 10.0.0.11 -j DROP")
	l.loop.RunFor(20 * time.Second)
	a.wantLog("info memberlist: Suspect 000000000a01 has failed, no acks received",
		"info Node 000000000a01 change state NodeActive --> NodeFailed", "added to failed nodes list")
	if len(a.seen) > 0 {
		t.Errorf("entries of a failed node stay: %v", a.seen)
	}
	b.iptables("-F INPUT")
	l.loop.RunFor(20 * time.Second)
	if a.seen["net/two"] != "2" || a.peers("net") != "10.0.0.11 10.0.0.12" {
		t.Errorf("after it came back: %v, peers %q\n%v", a.seen, a.peers("net"), a.log)
	}
}

func TestUDPThatIsBlockedOnlyDelaysTheTables(t *testing.T) {
	l := newLab(t, 2)
	for _, h := range l.hosts {
		h.iptables("-I INPUT -p udp --dport 7946 -j DROP")
	}
	l.together()
	a, b := l.hosts[0], l.hosts[1]
	for _, h := range l.hosts {
		l.do(func() { h.JoinNetwork("net") })
	}
	l.must(b.CreateEntry("peers", "net", "two", []byte("2")))
	l.loop.RunFor(3 * time.Second)
	if len(a.seen) > 0 {
		t.Errorf("it is told without UDP: %v", a.seen)
	}
	l.loop.RunFor(90 * time.Second)
	a.wantLog("warning memberlist: Was able to connect to 000000000a01 over TCP but UDP probes failed, network may be misconfigured")
	if a.seen["net/two"] != "2" {
		t.Errorf("it is not told by TCP: %v\n%v", a.seen, a.log)
	}
}

func TestTCPThatIsBlockedKeepsNodesApart(t *testing.T) {
	l := newLab(t, 2)
	a, b := l.hosts[0], l.hosts[1]
	a.iptables("-I INPUT -p tcp --dport 7946 -j DROP")
	var err error
	before := l.loop.Now()
	l.do(func() { err = b.Join([]string{"10.0.0.11"}) })
	const want = "could not join node to memberlist: 1 error occurred:\n\t* failed to join 10.0.0.11:7946: dial tcp 10.0.0.11:7946: i/o timeout\n\n"
	if err == nil || err.Error() != want {
		t.Errorf("joined: %v", err)
	}
	if got := l.loop.Now() - before; got != 10*time.Second {
		t.Errorf("it took %v", got)
	}
	a.iptables("-F INPUT")
	l.loop.RunFor(130 * time.Second)
	if b.others() != 1 {
		t.Errorf("nobody tried again: %d\n%v", b.others(), b.log)
	}
}

func TestAnAddressThatIsNobodysIsGossipedWithInVain(t *testing.T) {
	l := newLab(t, 1)
	a := l.hosts[0]
	b := l.add(1, netip.MustParseAddr("10.0.0.99"))
	l.do(func() { l.must(b.Join([]string{"10.0.0.11"})) })
	l.loop.RunFor(30 * time.Second)
	a.wantLog("info Node 000000000a01/10.0.0.99, joined gossip cluster", "memberlist: Suspect 000000000a01 has failed, no acks received",
		"info Node 000000000a01/10.0.0.99, left gossip cluster")
	b.wantLog("over TCP but UDP probes failed")
}

func FuzzMessages(f *testing.F) {
	m := tableEvent{kind: 1, ltime: 7, node: "n", network: "net", table: "t", key: "k", value: []byte("v"), reap: 3}
	s := bulkSync{ltime: 9, unsolicited: true, node: "n", networks: []string{"a", "b"}, payload: compound([][]byte{m.encode()})}
	p := pushPull{ltime: 3, node: "n", networks: []networkEntry{{"net", "n", 3, true}}}
	for _, b := range [][]byte{m.encode(), s.encode(), p.encode(), compound([][]byte{m.encode(), m.encode()})} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, body, err := unwrap(b)
		if err != nil {
			return
		}
		var m tableEvent
		if kind == kindTableEvent && m.decode(body, new(texts)) == nil {
			var again tableEvent
			_, body, err := unwrap(m.encode())
			if err != nil || again.decode(body, new(texts)) != nil || again.ltime != m.ltime || !bytes.Equal(again.value, m.value) {
				t.Fatalf("%+v became %+v", m, again)
			}
		}
		var s bulkSync
		var p pushPull
		s.decode(body, new(texts))
		p.decode(body, new(texts))
		parts(body)
	})
}

func TestKeysRotateWhileTheNodesTalk(t *testing.T) {
	l := newLab(t, 2)
	l.together()
	a, b := l.hosts[0], l.hosts[1]
	for _, step := range []struct {
		of   *host
		keys [][]byte
	}{
		{a, [][]byte{keys[0], keys[1]}}, {b, [][]byte{keys[0], keys[1]}}, // both know the new one,
		{a, [][]byte{keys[1], keys[0]}}, {b, [][]byte{keys[1], keys[0]}}, // then use it,
		{a, [][]byte{keys[1]}}, {b, [][]byte{keys[1]}}, // and forget the old one
	} {
		step.of.SetKeys(step.keys)
		l.loop.RunFor(10 * time.Second)
	}
	if a.others() != 1 || b.others() != 1 {
		t.Errorf("the nodes have lost each other:\n%v", a.log)
	}
	b.SetKeys(keys[:1])
	l.loop.RunFor(20 * time.Second)
	a.wantLog("memberlist: Decrypt packet failed: No installed keys could decrypt the message")
	if a.others() != 0 {
		t.Error("a node with another key is still one")
	}
}
