package stack

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/sim"
)

// onLAN is a lab whose hosts hang on one switch with children on their eth0.
type onLAN struct {
	loop  *sim.Loop
	lan   *link.Bridge
	wires []*link.Wire
	hosts []*Namespace
	boxes []*Namespace
}

func newOnLAN(t testing.TB, hosts int) *onLAN {
	l := &onLAN{loop: sim.NewLoop(1)}
	l.lan = link.NewBridge(l.loop, "lan")
	for i := range hosts {
		name := "bdc0" + string(rune('1'+i))
		h := New(l.loop, name, Options{Host: true})
		w := link.NewWire(l.loop, "cable-"+name)
		w.Delay, w.Cut = 100*time.Microsecond, true
		l.wires = append(l.wires, w)
		l.lan.AddPort(name).Connect(w.B())
		e, err := h.AddPhysical("eth0", MAC{0, 0xc, 0x29, 0xab, 0, byte(0x11 + i)}, w.A())
		must0(t, err)
		must0(t, e.AddAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)}), 24), AddrOptions{AutoBroadcast: true}))
		must0(t, e.SetUp(true))
		l.hosts = append(l.hosts, h)
	}
	t.Cleanup(func() {
		for _, b := range append(l.boxes, l.hosts...) {
			b.Close()
		}
	})
	return l
}

// box moves a device of a host into a namespace of its own, as Docker does.
func (l *onLAN) box(t testing.TB, i *Interface, name, addr string) *Namespace {
	b := New(l.loop, i.Namespace().Name()+"/"+name, Options{})
	must0(t, i.MoveTo(b, "eth0"))
	must0(t, i.AddAddr(pfx(addr), AddrOptions{AutoBroadcast: true}))
	must0(t, i.SetUp(true))
	l.boxes = append(l.boxes, b)
	return b
}

// macvlan adds a macvlan container to a host.
func (l *onLAN) macvlan(t testing.TB, host int, mode, name, addr string) *Namespace {
	h := l.hosts[host]
	p := pfx(addr).Addr().As4()
	i, err := h.AddMacvlan("mv"+name, MAC{2, 0x42, p[0], p[1], p[2], p[3]}, h.Interface("eth0"), mode)
	must0(t, err)
	return l.box(t, i, name, addr)
}

// pings runs one ping as a process and reports whether it was answered.
func pings(t testing.TB, from *Namespace, to string) bool {
	t.Helper()
	var err error
	done := false
	from.Loop().Go("ping", func(*sim.Proc) {
		_, err = ping(from, ip(to), 4*time.Second)
		done = true
	})
	if e := from.Loop().Run(func() bool { return done }, from.Loop().Now()+time.Minute); e != nil {
		t.Fatalf("ping from %s to %s: %v", from.Name(), to, e)
	}
	return err == nil
}

func expectPing(t testing.TB, from *Namespace, to string, want bool) {
	t.Helper()
	if got := pings(t, from, to); got != want {
		t.Errorf("ping from %s to %s: answered %v, want %v", from.Name(), to, got, want)
	}
}

func TestMacvlanChildrenTalkAndTheirHostDoesNotHearThem(t *testing.T) {
	l := newOnLAN(t, 2)
	a := l.macvlan(t, 0, "bridge", "bbox1", "100.0.0.1/24")
	b := l.macvlan(t, 0, "bridge", "bbox2", "100.0.0.2/24")
	c := l.macvlan(t, 1, "bridge", "bbox3", "100.0.0.3/24")
	must0(t, l.hosts[0].Interface("eth0").AddAddr(pfx("100.0.0.200/24"), AddrOptions{}))
	must0(t, l.hosts[1].Interface("eth0").AddAddr(pfx("100.0.0.201/24"), AddrOptions{}))
	expectPing(t, a, "100.0.0.2", true)
	expectPing(t, b, "100.0.0.1", true)
	expectPing(t, a, "100.0.0.3", true)
	expectPing(t, c, "100.0.0.1", true)
	expectPing(t, l.hosts[0], "100.0.0.1", false) // parent to its child
	expectPing(t, a, "100.0.0.200", false)        // and back
	expectPing(t, l.hosts[1], "100.0.0.1", true)  // another host
	expectPing(t, a, "100.0.0.201", true)
	if got := a.Interface("eth0"); got.Index() == 0 || got.PeerNamespace() != l.hosts[0] || got.PeerIndex() != 2 {
		t.Errorf("eth0@if%d in %v, want eth0@if2 of bdc01", got.PeerIndex(), got.PeerNamespace())
	}
}

func TestMacvlanModes(t *testing.T) {
	for _, tc := range []struct {
		mode             string
		siblings, abroad bool
	}{{"bridge", true, true}, {"private", false, true}, {"vepa", false, true}} {
		t.Run(tc.mode, func(t *testing.T) {
			l := newOnLAN(t, 2)
			a := l.macvlan(t, 0, tc.mode, "a", "100.0.0.1/24")
			l.macvlan(t, 0, tc.mode, "b", "100.0.0.2/24")
			l.macvlan(t, 1, tc.mode, "c", "100.0.0.3/24")
			expectPing(t, a, "100.0.0.2", tc.siblings)
			expectPing(t, a, "100.0.0.3", tc.abroad)
		})
	}
	t.Run("vepa with a reflecting switch", func(t *testing.T) {
		l := newOnLAN(t, 1)
		l.lan.Ports()[0].SetHairpin(true)
		a := l.macvlan(t, 0, "vepa", "a", "100.0.0.1/24")
		l.macvlan(t, 0, "vepa", "b", "100.0.0.2/24")
		expectPing(t, a, "100.0.0.2", true)
	})
}

func TestMacvlanPassthruTakesTheParent(t *testing.T) {
	l := newOnLAN(t, 2)
	eth0 := l.hosts[0].Interface("eth0")
	own := eth0.MAC()
	a := l.macvlan(t, 0, "passthru", "a", "100.0.0.1/24")
	if _, err := l.hosts[0].AddMacvlan("second", MAC{}, eth0, "passthru"); err != ErrInvalid {
		t.Errorf("second passthru child: %v, want %v", err, ErrInvalid)
	}
	if l.hosts[0].Interface("second") != nil {
		t.Error("the refused child is still there")
	}
	if a.Interface("eth0").MAC() != eth0.MAC() {
		t.Errorf("child has %s, want the parent's %s", a.Interface("eth0").MAC(), eth0.MAC())
	}
	must0(t, a.Interface("eth0").SetMAC(MAC{2, 0x42, 100, 0, 0, 1}))
	if eth0.MAC() != (MAC{2, 0x42, 100, 0, 0, 1}) {
		t.Errorf("parent kept %s", eth0.MAC())
	}
	must0(t, l.hosts[1].Interface("eth0").AddAddr(pfx("100.0.0.201/24"), AddrOptions{}))
	expectPing(t, a, "100.0.0.201", true)
	must0(t, a.Interface("eth0").Delete())
	if eth0.MAC() != own {
		t.Errorf("parent keeps %s of the child that went, want %s", eth0.MAC(), own)
	}
}

func TestMacvlanFollowsItsParent(t *testing.T) {
	l := newOnLAN(t, 2)
	a := l.macvlan(t, 0, "bridge", "a", "100.0.0.1/24")
	l.macvlan(t, 1, "bridge", "b", "100.0.0.2/24")
	eth0, child := l.hosts[0].Interface("eth0"), a.Interface("eth0")
	must0(t, eth0.SetUp(false))
	if child.Carrier() || child.OperState() != "LOWERLAYERDOWN" || !child.Up() {
		t.Errorf("parent down: child carrier %v state %s up %v", child.Carrier(), child.OperState(), child.Up())
	}
	expectPing(t, a, "100.0.0.2", false)
	must0(t, eth0.SetUp(true))
	expectPing(t, a, "100.0.0.2", true)
	cable := eth0.End().Wire()
	cable.SetDown(true)
	if child.Carrier() {
		t.Error("the child has a carrier while the parent's cable is cut")
	}
	cable.SetDown(false)
	expectPing(t, a, "100.0.0.2", true)
	if err := child.SetMTU(1501); err != ErrInvalid {
		t.Errorf("MTU above the parent's: %v, want %v", err, ErrInvalid)
	}
	must0(t, eth0.SetMTU(1400))
	if child.MTU() != 1400 {
		t.Errorf("child MTU %d, want 1400", child.MTU())
	}
	twin, err := l.hosts[0].AddMacvlan("twin", child.MAC(), eth0, "bridge")
	must0(t, err)
	if err := twin.SetUp(true); err != ErrAddrInUse {
		t.Errorf("a sibling with the same address: %v, want %v", err, ErrAddrInUse)
	}
	d, err := l.hosts[0].AddDummy("dm-1", MAC{})
	must0(t, err)
	x, err := l.hosts[0].AddMacvlan("x", MAC{}, d, "")
	must0(t, err)
	must0(t, d.Delete())
	if x.Namespace() != nil || l.hosts[0].Interface("x") != nil {
		t.Error("the child outlives its parent")
	}
}

func TestMacvlanWithoutParentStaysWithin(t *testing.T) {
	l := newOnLAN(t, 1)
	d, err := l.hosts[0].AddDummy("dm-1", MAC{})
	must0(t, err)
	must0(t, d.SetUp(true))
	var boxes []*Namespace
	for _, n := range []string{"1", "2"} {
		i, err := l.hosts[0].AddMacvlan("c"+n, MAC{}, d, "bridge")
		must0(t, err)
		boxes = append(boxes, l.box(t, i, "c"+n, "100.0.0."+n+"/24"))
	}
	expectPing(t, boxes[0], "100.0.0.2", true)
	expectPing(t, boxes[0], "100.0.0.3", false)
}

func TestMACFilterOnTheSwitchStopsMacvlan(t *testing.T) {
	l := newOnLAN(t, 2)
	a := l.macvlan(t, 0, "bridge", "a", "100.0.0.1/24")
	l.macvlan(t, 1, "bridge", "b", "100.0.0.2/24")
	l.lan.Ports()[0].SetMACFilter(l.hosts[0].Interface("eth0").MAC())
	expectPing(t, a, "100.0.0.2", false)
	expectPing(t, l.hosts[0], "10.0.0.12", true)
}

func TestIPvlan(t *testing.T) {
	for _, mode := range []string{"l2", "l3"} {
		t.Run(mode, func(t *testing.T) {
			l := newOnLAN(t, 2)
			var boxes []*Namespace
			for h, n := range []string{"1", "2", "3"} {
				host := l.hosts[h/2]
				i, err := host.AddIPvlan("iv"+n, host.Interface("eth0"), mode)
				must0(t, err)
				boxes = append(boxes, l.box(t, i, "b"+n, "10.0.0."+n+"/24"))
			}
			a := boxes[0]
			if a.Interface("eth0").MAC() != l.hosts[0].Interface("eth0").MAC() {
				t.Error("the child does not share its parent's address")
			}
			expectPing(t, a, "10.0.0.2", true)
			expectPing(t, a, "10.0.0.12", mode == "l2") // nobody answers ARP for a child in l3
			expectPing(t, l.hosts[0], "10.0.0.1", false)
			if mode == "l2" {
				expectPing(t, a, "10.0.0.3", true)
				expectPing(t, boxes[2], "10.0.0.2", true)
			}
			if mode == "l3" { // a route is what it takes
				must0(t, l.hosts[1].AddRoute(Route{Dst: pfx("10.0.0.1/32"), Via: ip("10.0.0.11")}))
				expectPing(t, a, "10.0.0.12", true)
			}
			if err := boxes[1].Interface("eth0").AddAddr(pfx("10.0.0.1/24"), AddrOptions{}); err != ErrAddrInUse {
				t.Errorf("a sibling's address: %v, want %v", err, ErrAddrInUse)
			}
			if noARP := a.Interface("eth0").Flags()&FlagNoARP != 0; noARP != (mode == "l3") {
				t.Errorf("NOARP %v in mode %s", noARP, mode)
			}
		})
	}
}

func TestMacvlanAndIPvlanDoNotShareAParent(t *testing.T) {
	l := newOnLAN(t, 1)
	h := l.hosts[0]
	_, err := h.AddMacvlan("m", MAC{}, h.Interface("eth0"), "bridge")
	must0(t, err)
	if _, err := h.AddIPvlan("i", h.Interface("eth0"), "l2"); err != ErrBusy {
		t.Errorf("ipvlan beside macvlan: %v, want %v", err, ErrBusy)
	}
}

func TestVLANsAreTaggedOnTheWire(t *testing.T) {
	l := newOnLAN(t, 2)
	var lines []string
	pr := print.New(print.Options{Ethernet: true})
	l.lan.Ports()[0].Observe(func(_ link.Direction, f *link.Frame) {
		lines = append(lines, pr.Print(l.loop.Wall(), f.Bytes()))
	})
	for h, n := range []string{"1", "2"} {
		host := l.hosts[h]
		v, err := host.AddVLAN("eth0.10", host.Interface("eth0"), 10)
		must0(t, err)
		must0(t, v.SetUp(true))
		l.macvlanOn(t, v, "c"+n, "100.0.1."+n+"/24")
	}
	other, err := l.hosts[1].AddVLAN("eth0.20", l.hosts[1].Interface("eth0"), 20)
	must0(t, err)
	must0(t, other.SetUp(true))
	must0(t, other.AddAddr(pfx("100.0.1.3/24"), AddrOptions{}))
	expectPing(t, l.boxes[0], "100.0.1.2", true)
	expectPing(t, l.boxes[0], "100.0.1.3", false)
	all := strings.Join(lines, "\n")
	if !strings.Contains(all, "vlan 10, p 0, ethertype IPv4 (0x0800), 100.0.1.1 > 100.0.1.2: ICMP echo request") {
		t.Errorf("no tagged request on the wire:\n%s", all)
	}
	if _, err := l.hosts[0].AddVLAN("x", l.hosts[0].Interface("eth0"), 10); err != ErrExist {
		t.Errorf("a second VLAN 10: %v", err)
	}
	eth0 := l.hosts[0].Interface("eth0")
	must0(t, eth0.SetUp(false))
	if err := l.hosts[0].Interface("eth0.10").SetUp(true); err != ErrNetDown {
		t.Errorf("VLAN up on a device that is down: %v", err)
	}
	must0(t, eth0.SetUp(true))
	if !l.hosts[0].Interface("eth0.10").Up() {
		t.Error("the VLAN did not come up with its device")
	}
	expectPing(t, l.boxes[0], "100.0.1.2", true)
}

func (l *onLAN) macvlanOn(t testing.TB, parent *Interface, name, addr string) {
	i, err := parent.Namespace().AddMacvlan("m"+name, MAC{}, parent, "bridge")
	must0(t, err)
	l.box(t, i, name, addr)
}

// A router that is asked for the way to a neighbour of its own says so, in
// another subnet too; who asked goes there directly once it knows the address.
func TestRedirectsOnASharedMedium(t *testing.T) {
	l := newOnLAN(t, 3)
	router := l.hosts[2]
	must0(t, router.SetSysctl("net.ipv4.ip_forward", "1"))
	must0(t, router.Interface("eth0").AddAddr(pfx("100.0.0.254/24"), AddrOptions{}))
	must0(t, l.hosts[1].AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("10.0.0.13")}))
	a := l.macvlan(t, 0, "bridge", "a", "100.0.0.1/24")
	must0(t, a.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("100.0.0.254")}))
	via := func() string {
		r, err := a.RouteGet(ip("10.0.0.12"), netip.Addr{})
		must0(t, err)
		if !r.Via.IsValid() {
			return "nobody"
		}
		return r.Via.String()
	}
	pings(t, a, "10.0.0.12")
	if via() != "100.0.0.254" || a.neigh.find(a.Interface("eth0"), ip("10.0.0.12")) == nil {
		t.Errorf("after one redirect: via %s, neighbours %v", via(), a.Neighbours())
	}
	l.loop.RunFor(2 * time.Second)
	pings(t, a, "10.0.0.12")
	if via() != "nobody" {
		t.Errorf("after two redirects: via %s", via())
	}
	expectPing(t, a, "10.0.0.12", true)
	l.loop.RunFor(301 * time.Second)
	if via() != "100.0.0.254" {
		t.Errorf("after five minutes: via %s", via())
	}
	must0(t, a.SetSysctl("net.ipv4.ip_forward", "1")) // a router does not listen
	pings(t, a, "10.0.0.12")
	l.loop.RunFor(2 * time.Second)
	pings(t, a, "10.0.0.12")
	if via() != "100.0.0.254" {
		t.Errorf("a router believed a redirect: via %s", via())
	}
}

// A server with several addresses answers from the one that was asked.
func TestUDPReplyFromTheAddressThatWasAsked(t *testing.T) {
	l := newOnLAN(t, 2)
	must0(t, l.hosts[1].Interface("eth0").AddAddr(pfx("100.0.0.254/24"), AddrOptions{}))
	a := l.macvlan(t, 0, "bridge", "a", "100.0.0.1/24")
	must0(t, a.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("100.0.0.254")}))
	l.loop.Go("server", func(*sim.Proc) {
		s, err := l.hosts[1].ListenUDP(netip.MustParseAddrPort("[::]:53"))
		must0(t, err)
		b := make([]byte, 100)
		n, from, at, err := s.ReadMsg(b, 0)
		must0(t, err)
		must0(t, s.WriteFrom(b[:n], at, from))
	})
	done := false
	l.loop.Go("client", func(*sim.Proc) {
		defer func() { done = true }()
		c, err := a.ListenUDP(netip.AddrPort{})
		must0(t, err)
		must0(t, c.Connect(netip.MustParseAddrPort("10.0.0.12:53")))
		_, err = c.Write([]byte("who are you"))
		must0(t, err)
		b := make([]byte, 100)
		n, from, err := c.ReadFrom(b, 5*time.Second)
		if err != nil || string(b[:n]) != "who are you" || from.String() != "10.0.0.12:53" {
			t.Errorf("answer %q from %s: %v", b[:n], from, err)
		}
	})
	must0(t, l.loop.Run(func() bool { return done }, time.Minute))
}
