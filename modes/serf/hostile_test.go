package serf

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/sim"
)

// Message types of memberlist.
const ping, compound, user, compress, crc = 0, 7, 8, 9, 12

func TestGarbageIsLoggedAndChangesNothing(t *testing.T) {
	l, a, b := pair(t)
	l.do(func() {
		u, err := b.ns.ListenUDP(netip.AddrPortFrom(b.ip, 5000))
		l.must(err)
		defer u.Close()
		nested := []byte{ping}
		for range 20 {
			nested = append([]byte{compound, 1, byte(len(nested) >> 8), byte(len(nested))}, nested...)
		}
		for _, m := range [][]byte{
			{99}, {ping, 0xc1}, {compound}, {compound, 9, 0}, {compress, 0x80}, {crc, 1, 2, 3, 4, 5},
			{user, 77}, {user, typeQuery, 0x81}, nested,
		} {
			l.must(u.WriteTo(m, a.Addr()))
		}
		for _, m := range []string{"", "GET / HTTP/1.0\r\n\r\n", "\x06\xdf\xff\xff\xff\xff", "\x09"} {
			c, err := b.ns.DialTCP(netip.AddrPort{}, a.Addr(), time.Second)
			l.must(err)
			c.Write([]byte(m))
			l.loop.Current().Sleep(time.Second)
			c.Close()
		}
	})
	l.loop.RunFor(30 * time.Second)
	a.wantStatus("bdc01 alive, bdc02 alive")
	a.wantLog(
		"[ERR] memberlist: msg type (99) not supported from=10.0.0.12:5000",
		"[WARN] memberlist: Got invalid checksum for UDP packet:",
		"[WARN] serf: Received message of unknown type: 77",
		"[ERR] memberlist: Received invalid msgType (71) from=10.0.0.12:",
	)
}

func TestNothingIsLeftAfterShutdown(t *testing.T) {
	l, a, b := pair(t)
	procs := l.loop.Procs()
	l.do(func() {
		l.loop.Go("join", func(*sim.Proc) { a.Join([]string{"10.0.0.99"}, true) })
		l.loop.Current().Sleep(100 * time.Millisecond)
	})
	a.Shutdown()
	b.Shutdown()
	if err := a.UserEvent("late", nil, false); err != nil || len(a.user) > 0 {
		t.Errorf("an event after the end: %v, %q", err, a.user)
	}
	n := len(a.log)
	l.loop.RunFor(time.Minute)
	if p := l.loop.Procs(); p != procs-4 {
		t.Errorf("%d processes, before %d", p, procs)
	}
	if len(a.log) != n {
		t.Errorf("logs on: %q", a.log[n:])
	}
	if _, err := New(l.loop, a.ns, Config{NodeName: "again", BindAddr: a.ip}); err != nil {
		t.Errorf("the port is still taken: %v", err)
	}
	u, err := b.ns.ListenUDP(b.Addr())
	l.must(err)
	defer u.Close()
	_, err = New(l.loop, b.ns, Config{NodeName: "again", BindAddr: b.ip})
	want := `Failed to create memberlist: Could not set up network transport: failed to obtain an address: Failed to start UDP listener on "10.0.0.12" port 7946: listen udp 10.0.0.12:7946: bind: address already in use`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if _, err := b.ns.ListenTCP(b.Addr()); err != nil {
		t.Errorf("the refused agent keeps its listener: %v", err)
	}
}
