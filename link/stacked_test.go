package link

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// heard is a receiver that notes who got what.
type heard struct {
	loop *sim.Loop
	by   []string
}

func (h *heard) as(name string) Receiver {
	return ReceiverFunc(func(f *Frame) {
		h.by = append(h.by, name)
		f.Release()
	})
}

// said runs the loop and returns who heard something since the last call.
func (h *heard) said() string {
	h.loop.RunFor(siblingDelay * 10)
	slices.Sort(h.by)
	s := strings.Join(h.by, " ")
	h.by = nil
	return s
}

func bareFrame(dst, src MAC) *Frame {
	b := make([]byte, 60)
	copy(b, dst[:])
	copy(b[6:], src[:])
	b[12] = 0x08
	return NewFrame(b)
}

func childMAC(n byte) MAC { return MAC{2, 0, 0, 0, 0, n} }

// newMacvlan is a parent with children 1, 2, … of the modes.
func newMacvlan(t *testing.T, modes ...MacvlanMode) (*heard, *Macvlan, []*MacvlanChild) {
	h := &heard{loop: sim.NewLoop(1)}
	var m *Macvlan
	in := ReceiverFunc(func(f *Frame) {
		if f = m.Arrive(f); f != nil {
			h.as("parent").Receive(f)
		}
	})
	m = NewMacvlan(h.loop, trail.At("h", "eth0"), Parent{Out: h.as("wire"), In: in})
	var cs []*MacvlanChild
	for n, mode := range modes {
		c, err := m.Add(trail.At("h", fmt.Sprint("c", n+1)), childMAC(byte(n+1)), mode, h.as(fmt.Sprint("c", n+1)))
		if err != nil {
			t.Fatal(err)
		}
		c.SetUp(true)
		cs = append(cs, c)
	}
	return h, m, cs
}

func TestMacvlanWhoHearsWhat(t *testing.T) {
	const private, vepa, bridge = MacvlanPrivate, MacvlanVEPA, MacvlanBridge
	outside := MAC{2, 9, 9, 9, 9, 9}
	for _, tc := range []struct {
		name  string
		modes []MacvlanMode
		do    func(m *Macvlan, c []*MacvlanChild)
		want  string
	}{
		{"bridge to bridge stays inside", []MacvlanMode{bridge, bridge}, send(1, childMAC(2)), "c2"},
		{"bridge broadcast", []MacvlanMode{bridge, bridge, vepa, private}, send(1, broadcastMAC), "c2 wire"},
		{"bridge to private goes out", []MacvlanMode{bridge, private}, send(1, childMAC(2)), "wire"},
		{"private goes out", []MacvlanMode{private, bridge}, send(1, childMAC(2)), "wire"},
		{"vepa goes out", []MacvlanMode{vepa, vepa}, send(1, childMAC(2)), "wire"},
		{"vepa broadcast goes out", []MacvlanMode{vepa, vepa}, send(1, broadcastMAC), "wire"},
		{"from outside", []MacvlanMode{bridge, private}, arrive(outside, childMAC(2)), "c2"},
		{"for the parent", []MacvlanMode{bridge, private}, arrive(outside, MAC{2, 8}), "parent"},
		{"broadcast from outside", []MacvlanMode{bridge, private, vepa}, arrive(outside, broadcastMAC), "c1 c2 c3 parent"},
		{"vepa broadcast sent back", []MacvlanMode{vepa, vepa, bridge, private}, arrive(childMAC(1), broadcastMAC), "c2 c3 parent"},
		{"bridge broadcast sent back", []MacvlanMode{bridge, bridge, vepa}, arrive(childMAC(1), broadcastMAC), "c3 parent"},
		{"vepa unicast sent back", []MacvlanMode{vepa, vepa}, arrive(childMAC(1), childMAC(2)), "c2"},
		{"passthru takes every address", []MacvlanMode{MacvlanPassthru}, arrive(outside, MAC{2, 8}), "c1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, m, c := newMacvlan(t, tc.modes...)
			tc.do(m, c)
			if got := h.said(); got != tc.want {
				t.Errorf("heard by %q, want %q", got, tc.want)
			}
		})
	}
}

func send(from int, dst MAC) func(*Macvlan, []*MacvlanChild) {
	return func(m *Macvlan, c []*MacvlanChild) { c[from-1].Send(bareFrame(dst, c[from-1].mac)) }
}

func arrive(src, dst MAC) func(*Macvlan, []*MacvlanChild) {
	return func(m *Macvlan, c []*MacvlanChild) { m.parent.In.Receive(bareFrame(dst, src)) }
}

func TestMacvlanPassthruIsAlone(t *testing.T) {
	_, m, cs := newMacvlan(t, MacvlanPassthru)
	if _, err := m.Add(trail.At("h", "x"), childMAC(9), MacvlanPassthru, nil); err != errPassthru {
		t.Errorf("second child: %v", err)
	}
	if left := m.Remove(cs[0]); left != 0 || m.Passthru() {
		t.Errorf("after the last child: %d left, passthru %v", left, m.Passthru())
	}
}

func TestVLANTagComesOffAsItWentOn(t *testing.T) {
	f := bareFrame(broadcastMAC, childMAC(1))
	want := slices.Clone(f.Bytes())
	tagged := PushVLAN(f, 10)
	if id, ok := tagged.VLANID(); !ok || id != 10 || tagged.Len() != len(want)+vLANHeaderLen {
		t.Errorf("tag %d %v, %d bytes", id, ok, tagged.Len())
	}
	if got := PopVLAN(tagged).Bytes(); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestNoMTUCountsTheTag(t *testing.T) {
	loop := sim.NewLoop(1)
	w := NewWire(loop, "w")
	w.A().Impair(Impairment{MTU: 1500})
	h := &heard{loop: loop}
	w.B().Attach(h.as("far"))
	w.A().Send(PushVLAN(NewFrame(make([]byte, HeaderLen+1500)), 10))
	if got := h.said(); got != "far" {
		t.Errorf("a tagged frame of 1500 bytes was heard by %q", got)
	}
}

// sentTo is an underlay that notes where frames would go.
type sentTo struct{ to []string }

func (u *sentTo) Tunnel(_ *VXLAN, f *Frame, r VXLANRemote, port uint16) trail.Reason {
	u.to = append(u.to, fmt.Sprintf("%s:%d/%d", r.Addr, r.Port, r.VNI))
	return trail.None
}

func TestVXLANSendsToEveryFarEndOfAnEntry(t *testing.T) {
	loop := sim.NewLoop(1)
	u := &sentTo{}
	v := NewVXLAN(loop, trail.At("h", "vxlan0"), childMAC(1), VXLANConfig{VNI: 42}, u, nil)
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	v.AddFDB(MAC{}, VXLANRemote{Addr: a}, true)
	if !v.AppendFDB(MAC{}, VXLANRemote{Addr: b, Port: 8472, VNI: 43}) || v.AppendFDB(MAC{}, VXLANRemote{Addr: a}) {
		t.Error("appending to the zero entry")
	}
	v.Send(bareFrame(broadcastMAC, childMAC(2)))
	if got, want := strings.Join(u.to, " "), "10.0.0.2:8472/43 10.0.0.1:4789/42"; got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
	if !v.DelFDB(MAC{}, a) || !v.DelFDB(MAC{}, b) || v.HasFDB(MAC{}) {
		t.Error("deleting far ends one by one leaves something")
	}
	v.Send(bareFrame(broadcastMAC, childMAC(2)))
	if v.dropped(trail.L2Miss) != 1 || v.Stats().TxDropped != 1 {
		t.Errorf("without entries: %+v", v.Stats())
	}
}

func TestFlowPortIsTheSameBothWays(t *testing.T) {
	a, b := udpFrameOf(1, 2, 1000, 2000), udpFrameOf(2, 1, 2000, 1000)
	p, q := flowPort(a, ephemeralLow, ephemeralHigh), flowPort(b, ephemeralLow, ephemeralHigh)
	if p != q || p < ephemeralLow || p >= ephemeralHigh {
		t.Errorf("ports %d and %d", p, q)
	}
	seen := make(map[uint16]bool)
	for i := range uint16(50) {
		seen[flowPort(udpFrameOf(1, 2, 1000+i, 2000), ephemeralLow, ephemeralHigh)] = true
	}
	if len(seen) < 45 {
		t.Errorf("50 flows have %d ports", len(seen))
	}
}

// udpFrameOf is a frame of a datagram between two hosts of 10.0.0.0/24.
func udpFrameOf(src, dst byte, sport, dport uint16) []byte {
	b := make([]byte, HeaderLen+28)
	b[12] = 0x08
	ip := b[HeaderLen:]
	ip[0], ip[3], ip[9] = 0x45, 28, ProtoUDP
	copy(ip[12:], []byte{10, 0, 0, src, 10, 0, 0, dst, byte(sport >> 8), byte(sport), byte(dport >> 8), byte(dport), 0, 8})
	return b
}

func FuzzParseVXLAN(f *testing.F) {
	good := make([]byte, 60)
	PutVXLANHeader(good, 256)
	f.Add(good)
	f.Add(good[:9])     // no room for a frame
	f.Add([]byte{8, 0}) // not even a header
	f.Fuzz(func(t *testing.T, b []byte) {
		vni, inner, ok := ParseVXLAN(b)
		if ok && (vni > MaxVNI || len(inner) != len(b)-VXLANHeaderLen) {
			t.Errorf("vni %d, %d bytes of %d", vni, len(inner), len(b))
		}
		if !ok {
			return
		}
		v := NewVXLAN(sim.NewLoop(1), trail.At("h", "vxlan0"), MAC{2}, VXLANConfig{Proxy: true, L2Miss: true, L3Miss: true, Learning: true},
			&sentTo{}, ReceiverFunc(func(f *Frame) { f.Release() }))
		v.Arrive(netip.IPv4Unspecified(), NewFrame(slices.Clone(inner)))
		v.Send(NewFrame(slices.Clone(inner)))
	})
}
