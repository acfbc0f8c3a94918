package rpc

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
	"dnetsim/stack"
)

// lab is two namespaces on one wire, with a server in the first.
type lab struct {
	t      testing.TB
	loop   *sim.Loop
	a, b   *stack.Namespace
	server *Server
	logged int
}

var (
	manager = object.Certificate{NodeID: "m", Role: object.RoleManager, Digest: "d"}
	worker  = object.Certificate{NodeID: "w", Role: object.RoleWorker, Digest: "d"}
	at      = netip.MustParseAddrPort("10.0.0.11:2377")
)

func newLab(t testing.TB) *lab {
	l := &lab{t: t, loop: sim.NewLoop(1)}
	w := link.NewWire(l.loop, "lan")
	for i, end := range []*link.End{w.A(), w.B()} {
		ns := stack.New(l.loop, string(rune('a'+i)), stack.Options{Host: true})
		eth, err := ns.AddPhysical("eth0", link.MAC{0, 0xc, 0x29, 0, 0, byte(i)}, end)
		if err != nil {
			t.Fatal(err)
		}
		eth.SetUp(true)
		eth.AddAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)}), 24), stack.AddrOptions{})
		if i == 0 {
			l.a = ns
		} else {
			l.b = ns
		}
	}
	l.server = NewServer(Config{
		Loop: l.loop, Net: l.a, Rand: l.loop.Stream("server"), Cert: func() *object.Certificate { return &manager },
		Verify: func(c *object.Certificate) error {
			if c.Digest != "d" {
				return errors.New("unknown authority")
			}
			return nil
		},
		Log: func(string, string, ...string) { l.logged++ },
	})
	l.server.Handle("echo", func(r *Request) (any, error) {
		var s string
		if err := r.Decode(&s); err != nil {
			return nil, err
		}
		return s + " " + r.Peer.NodeID, nil
	})
	l.server.Handle("refuse", func(*Request) (any, error) { return nil, Errorf(NotFound, "nothing") })
	l.server.Handle("count", func(r *Request) (any, error) {
		for i := range 3 {
			r.Send(i)
			l.loop.Current().Sleep(time.Second)
		}
		return nil, nil
	})
	l.server.Handle("hang", func(*Request) (any, error) { l.loop.Current().Sleep(time.Hour); return nil, nil })
	if err := l.server.Listen(at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.server.Close(); l.loop.Close(); l.a.Close(); l.b.Close() })
	return l
}

func (l *lab) do(fn func()) {
	done := false
	l.loop.Go("test", func(*sim.Proc) { fn(); done = true })
	if err := l.loop.Run(func() bool { return done }, l.loop.Now()+time.Hour); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) dial(c *object.Certificate) (*Conn, error) {
	return Dial(at, Options{Loop: l.loop, Net: l.b, Rand: l.loop.Stream("client"), Cert: c}, In(l.loop, 5*time.Second))
}

func TestCallsAreAnswered(t *testing.T) {
	l := newLab(t)
	l.do(func() {
		c, err := l.dial(&worker)
		if err != nil {
			t.Fatal(err)
		}
		var s string
		long := strings.Repeat("x", 100_000) // several records
		if err := c.Call("echo", long, &s, In(l.loop, time.Second)); err != nil || s != long+" w" {
			t.Errorf("%d bytes, %v", len(s), err)
		}
		if err := c.Call("refuse", nil, nil, 0); CodeOf(err) != NotFound || err.Error() != "rpc error: code = NotFound desc = nothing" {
			t.Errorf("refuse: %v", err)
		}
		if err := c.Call("nothing", nil, nil, 0); CodeOf(err) != Unimplemented {
			t.Errorf("nothing: %v", err)
		}
		if err := c.Call("hang", nil, nil, In(l.loop, time.Second)); CodeOf(err) != DeadlineExceeded {
			t.Errorf("hang: %v", err)
		}
		st, _ := c.Stream("count", nil)
		n := 0
		for ; ; n++ {
			var i int
			if err := st.Recv(&i, 0); err != nil {
				if CodeOf(err) != OK {
					t.Errorf("end: %v", err)
				}
				break
			}
			if i != n {
				t.Errorf("%d instead of %d", i, n)
			}
		}
		if n != 3 {
			t.Errorf("%d messages", n)
		}
		if c.Peer.NodeID != "m" {
			t.Errorf("peer %+v", c.Peer)
		}
	})
}

func TestACallEndsWithItsConnection(t *testing.T) {
	l := newLab(t)
	l.do(func() {
		c, err := l.dial(&worker)
		if err != nil {
			t.Fatal(err)
		}
		l.loop.After(time.Second, l.server.Close)
		before := l.loop.Now()
		if err := c.Call("hang", nil, nil, 0); CodeOf(err) != Unavailable || l.loop.Now()-before > 2*time.Second {
			t.Errorf("%v after %v", err, l.loop.Now()-before)
		}
		if _, err := l.dial(&worker); CodeOf(err) != Unavailable || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("dial: %v", err)
		}
	})
}

func TestAnotherRootIsRefused(t *testing.T) {
	l := newLab(t)
	l.do(func() {
		c, err := l.dial(&object.Certificate{NodeID: "x", Role: object.RoleManager, Digest: "other"})
		if err == nil {
			err = c.Call("echo", "a", nil, In(l.loop, time.Second))
		}
		if CodeOf(err) != Unavailable || l.logged != 1 {
			t.Errorf("%v, %d lines", err, l.logged)
		}
	})
}

func TestACallIsAnsweredWithinTheNode(t *testing.T) {
	l := newLab(t)
	l.do(func() {
		var s string
		c := l.server.Local()
		if err := c.Call("echo", "a", &s, 0); err != nil || s != "a m" {
			t.Errorf("%q, %v", s, err)
		}
		c.Close()
		if err := c.Call("echo", "a", &s, 0); CodeOf(err) != Unavailable {
			t.Errorf("closed: %v", err)
		}
	})
}

// FuzzPort gives a server any bytes, before and behind a handshake. It goes on: others
// are answered, nothing is left, and what was malformed is counted and logged.
func FuzzPort(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), false)
	f.Add([]byte{22, 3, 3, 0, 4, 1, 2, 3, 4}, false)
	f.Add([]byte{22, 3, 3, 0xff, 0xff}, false)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 1}, true)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1}, true)
	f.Add([]byte("\x00\x00\x00\x02\x00\x00\x00\x01\x01{}"), true)
	f.Add([]byte("\x00\x00\x00\x02\x00\x00\x00\x01\x01{]"), true)
	f.Add([]byte("\x00\x00\x00\x0c\x00\x00\x00\x01\x01{\"m\":\"echo\"}"), true)
	f.Fuzz(func(t *testing.T, b []byte, greeted bool) {
		l := newLab(t)
		l.do(func() {
			if greeted {
				c, err := l.dial(&worker)
				if err != nil {
					t.Fatal(err)
				}
				c.tcp.Write(c.w.seal(b))
				l.loop.Current().Sleep(time.Second)
				c.Close()
			} else if c, err := l.b.DialTCP(netip.AddrPort{}, at, time.Second); err == nil {
				c.Write(b)
				l.loop.Current().Sleep(time.Second)
				c.Close()
			}
			l.loop.Current().Sleep(3 * time.Minute)
			if n := len(l.server.conns) + len(l.server.greets); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			if c := l.server.Counters(); c.Malformed > 0 && l.logged == 0 {
				t.Error("nothing is logged")
			}
			var s string
			c, err := l.dial(&worker)
			if err == nil {
				err = c.Call("echo", "a", &s, In(l.loop, time.Second))
			}
			if err != nil || s != "a w" {
				t.Errorf("afterwards: %q, %v", s, err)
			}
		})
	})
}
