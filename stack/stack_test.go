package stack

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
)

func pfx(s string) netip.Prefix  { return netip.MustParsePrefix(s) }
func ip(s string) netip.Addr     { return netip.MustParseAddr(s) }
func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// must0 fails the test on an error.
func must0(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lab is two hosts on a cable, the first with a docker0 and containers.
type lab struct {
	loop  *sim.Loop
	a, b  *Namespace
	wire  *link.Wire
	boxes []*Namespace
}

func newLab(t testing.TB, boxes int, opts Options) *lab { return newSeededLab(t, 1, boxes, opts) }

func newSeededLab(t testing.TB, seed uint64, boxes int, opts Options) *lab {
	l := &lab{loop: sim.NewLoop(seed)}
	host := opts
	host.Host = true
	l.a, l.b = New(l.loop, "bdc01", host), New(l.loop, "bdc02", host)
	l.wire = link.NewWire(l.loop, "lan")
	l.wire.Cut = true
	for i, ns := range []*Namespace{l.a, l.b} {
		end := l.wire.A()
		if i == 1 {
			end = l.wire.B()
		}
		e, err := ns.AddPhysical("eth0", MAC{0, 0xc, 0x29, 0xab, 0, byte(0x11 + i)}, end)
		must0(t, err)
		must0(t, e.SetUp(true))
		must0(t, e.AddAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)}), 24), AddrOptions{AutoBroadcast: true}))
	}
	br, err := l.a.AddBridge("docker0", MAC{0x02, 0x42, 1, 2, 3, 4})
	must0(t, err)
	must0(t, br.AddAddr(pfx("172.17.0.1/16"), AddrOptions{AutoBroadcast: true}))
	must0(t, br.SetUp(true))
	for i := range boxes {
		l.boxes = append(l.boxes, addBox(t, l.a, br, i, opts))
	}
	return l
}

// addBox plugs a container into a bridge, as Docker does.
func addBox(t testing.TB, host *Namespace, br *Interface, i int, opts Options) *Namespace {
	name := "box" + string(rune('1'+i%9))
	if i >= 9 {
		name = "box" + time.Duration(i).String()
	}
	box := New(host.Loop(), host.Name()+"/"+name, opts)
	a := netip.AddrFrom4([4]byte{172, 17, byte((i + 2) >> 8), byte(i + 2)})
	b := a.As4()
	out, in, err := NewVeth(host, "v"+name, MAC{}, host, "p"+name, MAC{2, 0x42, b[0], b[1], b[2], b[3]})
	must0(t, err)
	must0(t, out.SetMaster(br))
	must0(t, out.SetUp(true))
	must0(t, in.MoveTo(box, "eth0"))
	must0(t, in.AddAddr(netip.PrefixFrom(a, 16), AddrOptions{AutoBroadcast: true}))
	must0(t, in.SetUp(true))
	must0(t, box.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("172.17.0.1")}))
	return box
}

func (l *lab) close() {
	for _, b := range l.boxes {
		b.Close()
	}
	l.a.Close()
	l.b.Close()
}

// ping sends one echo request and returns the round trip or the error that came
// back.
func ping(ns *Namespace, dst netip.Addr, timeout time.Duration) (reply ICMPPacket, err error) {
	c, err := ns.OpenICMP(dst.Is6())
	if err != nil {
		return reply, err
	}
	defer c.Close()
	typ, want := byte(icmpEcho), byte(icmpEchoReply)
	if dst.Is6() {
		typ, want = icmp6Echo, icmp6EchoReply
	}
	m := make([]byte, 64)
	m[0], m[4], m[5], m[7] = typ, 0x12, 0x34, 1
	s := ^sum(0, m)
	m[2], m[3] = byte(s>>8), byte(s)
	if err := c.Send(dst, m); err != nil {
		return reply, err
	}
	end := ns.loop.Now() + timeout
	for {
		p, err := c.Recv(end - ns.loop.Now())
		if err != nil {
			return p, err
		}
		if p.Data[0] != typ {
			if p.Data[0] != want {
				return p, ErrHostUnreachable
			}
			return p, nil
		}
	}
}

// do runs fn as a process until it ends.
func (l *lab) do(t testing.TB, fn func()) {
	t.Helper()
	p := l.loop.Go("test", func(*sim.Proc) { fn() })
	if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
		t.Fatalf("the process never ended: %v", err)
	}
}

func TestPingBetweenTwoNamespacesThroughVethAndBridge(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	l.do(t, func() {
		r, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second)
		if err != nil || r.TTL != 64 || r.From != ip("172.17.0.3") {
			t.Fatalf("reply %+v, error %v", r, err)
		}
		r, err = ping(l.boxes[0], ip("172.17.0.1"), time.Second)
		if err != nil {
			t.Fatalf("gateway: %v", err)
		}
		r, err = ping(l.boxes[0], ip("10.0.0.11"), time.Second)
		if err != nil || r.TTL != 64 {
			t.Fatalf("the host's other address: %+v %v", r, err)
		}
		r, err = ping(l.a, ip("10.0.0.12"), time.Second)
		if err != nil {
			t.Fatalf("other host: %v", err)
		}
		r, err = ping(l.boxes[0], ip("127.0.0.1"), time.Second)
		if err != nil {
			t.Fatalf("loopback: %v", err)
		}
	})
	n := l.boxes[0].Neighbours()
	if len(n) != 2 || n[0].State != NeighReachable || n[0].Addr != ip("172.17.0.3") {
		t.Fatalf("neighbours %+v", n)
	}
	if c := l.boxes[0].Interface("lo").Counters(); c.RxPackets != 2 || c.TxPackets != 2 || c.RxBytes != 168 {
		t.Fatalf("lo counts %+v", c)
	}
}

func TestUnreachableAfterThreeSeconds(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	l.do(t, func() {
		at := l.loop.Now()
		r, err := ping(l.boxes[0], ip("172.17.0.99"), 10*time.Second)
		if err != ErrHostUnreachable || r.From != ip("172.17.0.2") || r.Data[0] != 3 || r.Data[1] != 1 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if d := l.loop.Now() - at; d < 3*time.Second || d > 3100*time.Millisecond {
			t.Fatalf("after %v", d)
		}
		if _, err := ping(l.b, ip("172.17.0.2"), time.Second); err != ErrNetUnreachable {
			t.Fatalf("without a route: %v", err)
		}
		must0(t, l.b.AddRoute(Route{Dst: pfx("172.17.0.0/16"), Via: ip("10.0.0.11")}))
		if _, err := ping(l.b, ip("172.17.0.2"), time.Second); err != ErrTimeout {
			t.Fatalf("forwarding is off: %v", err)
		}
		must0(t, l.a.SetSysctl("net.ipv4.ip_forward", "1"))
		r, err = ping(l.b, ip("172.17.0.2"), time.Second)
		if err != nil || r.TTL != 63 {
			t.Fatalf("forwarded: %+v %v", r, err)
		}
		at = l.loop.Now()
		r, err = ping(l.b, ip("172.17.0.98"), 10*time.Second)
		if err != ErrHostUnreachable || r.From != ip("10.0.0.11") {
			t.Fatalf("forwarded to nobody: %+v %v", r, err)
		}
		if d := l.loop.Now() - at; d < 3*time.Second || d > 3100*time.Millisecond {
			t.Fatalf("after %v", d)
		}
	})
	for _, n := range l.boxes[0].Neighbours() {
		if n.Addr == ip("172.17.0.99") && n.State != NeighFailed {
			t.Fatalf("neighbour %+v", n)
		}
	}
}

// A new namespace's IPv4 settings begin at those of the machine's first, or at the
// defaults, as net.core.devconf_inherit_init_net says.
func TestWhereSettingsOfANewNamespaceBegin(t *testing.T) {
	for _, c := range []struct{ inherit, want string }{{"0", "1"}, {"1", "1"}, {"2", "0"}, {"3", "1"}} {
		first := New(sim.NewLoop(1), "first", Options{Host: true})
		must0(t, first.SetSysctl("net.ipv4.ip_forward", "1"))
		must0(t, first.SetSysctl("net.core.devconf_inherit_init_net", c.inherit))
		box := New(first.Loop(), "first/box", Options{Init: first})
		if v, _ := box.Sysctl("net.ipv4.ip_forward"); v != c.want {
			t.Errorf("inherit %s: ip_forward is %s, want %s", c.inherit, v, c.want)
		}
		if _, ok := box.Sysctl("net.core.devconf_inherit_init_net"); ok {
			t.Error("the second namespace has the key")
		}
		box.Close()
		first.Close()
	}
}
