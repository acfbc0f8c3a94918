package stack

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// adder takes what makes an interface, and brings it up.
func adder(t *testing.T) func(*Interface, error) *Interface {
	return func(i *Interface, err error) *Interface {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		i.SetUp(true)
		return i
	}
}

// Whatever stands on a bridge, at any height, cannot be its port: there is no
// way around in a circle of devices (__netdev_upper_dev_link).
func TestNoDeviceCarriesItself(t *testing.T) {
	ns := New(sim.NewLoop(1), "h1", Options{Host: true})
	add := adder(t)
	bridge := func(name string) *Interface { return add(ns.AddBridge(name, MAC{2, 0, 0, 0, 0, byte(len(name))})) }
	b0, b1 := bridge("b0"), bridge("br1")
	v5 := add(ns.AddVLAN("v5", b0, 5))
	m0 := add(ns.AddMacvlan("m0", MAC{}, b0, "bridge"))
	v56 := add(ns.AddVLAN("v56", v5, 6))
	vx := add(ns.AddVXLAN("vx", MAC{}, VXLANOptions{VNI: 7, Device: b0, Port: 4790}))
	for _, i := range []*Interface{v5, m0, v56, vx} {
		if err := i.SetMaster(b0); err != ErrBusy {
			t.Errorf("%s into the bridge that it is on: %v, want %v", i.name, err, ErrBusy)
		}
	}
	if err := b1.SetMaster(b0); err != ErrLoop {
		t.Errorf("a bridge into a bridge: %v, want %v", err, ErrLoop)
	}
	// Around by the other bridge.
	if err := v56.SetMaster(b1); err != nil {
		t.Fatalf("a VLAN of one bridge into another: %v", err)
	}
	w := add(ns.AddVLAN("w", b1, 9))
	if err := w.SetMaster(b0); err != ErrBusy {
		t.Errorf("a circle through two bridges: %v, want %v", err, ErrBusy)
	}
	b0.path.transmit(newFrame(broadcastFrame(b0.mac), link.ChecksumComplete, 0))
	ns.loop.RunFor(time.Second)
}

func broadcastFrame(src MAC) []byte {
	b := make([]byte, 60)
	putEther(b, MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, src, link.TypeARP)
	return b
}

// No stack is higher than the kernel's eight levels, in whatever order it is
// built.
func TestStacksHaveAHeight(t *testing.T) {
	ns := New(sim.NewLoop(1), "h1", Options{Host: true})
	add := adder(t)
	below := add(ns.AddDummy("d0", MAC{2, 0, 0, 0, 0, 1}))
	n := 0
	for ; n < 20; n++ {
		i, err := ns.AddVLAN(fmt.Sprintf("v%d", n), below, 5)
		if err != nil {
			if err != ErrTooManyLinks {
				t.Errorf("level %d: %v, want %v", n, err, ErrTooManyLinks)
			}
			break
		}
		below = add(i, nil)
	}
	if n != 7 {
		t.Errorf("%d VLANs stand on one another, want 7", n)
	}
	b := add(ns.AddBridge("b", MAC{2, 0, 0, 0, 0, 2}))
	if err := below.SetMaster(b); err != ErrTooManyLinks {
		t.Errorf("a bridge on top: %v, want %v", err, ErrTooManyLinks)
	}
	// A wide stack is looked at once for each device, not for each way.
	for layer := range 3 {
		next := add(ns.AddBridge(fmt.Sprintf("w%d", layer), MAC{2, 0, 0, 0, 1, byte(layer)}))
		for k := range 200 {
			v, err := ns.AddVLAN(fmt.Sprintf("w%d.%d", layer, k), b, uint16(k+10))
			if err != nil {
				t.Fatal(err)
			}
			if err := v.SetMaster(next); err != nil {
				t.Fatal(err)
			}
		}
		b = next
	}
}

// Two tunnels whose far ends are behind each other: the kernel follows nine
// transmissions within one another and gives the frame up (__dev_queue_xmit).
func TestTunnelsThroughEachOtherEndInADeadLoop(t *testing.T) {
	loop := sim.NewLoop(1)
	ns := New(loop, "h1", Options{Host: true})
	add := adder(t)
	vx0 := add(ns.AddVXLAN("vx0", MAC{2, 0, 0, 0, 0, 1}, VXLANOptions{VNI: 1, Remote: netip.MustParseAddr("10.8.8.8")}))
	vx1 := add(ns.AddVXLAN("vx1", MAC{2, 0, 0, 0, 0, 2}, VXLANOptions{VNI: 2, Remote: netip.MustParseAddr("10.9.9.9")}))
	vx0.AddAddr(netip.MustParsePrefix("10.9.9.1/24"), AddrOptions{})
	vx1.AddAddr(netip.MustParsePrefix("10.8.8.1/24"), AddrOptions{})
	ns.AddNeighbour("vx0", netip.MustParseAddr("10.9.9.9"), MAC{2, 0, 0, 0, 0, 9})
	ns.AddNeighbour("vx1", netip.MustParseAddr("10.8.8.8"), MAC{2, 0, 0, 0, 0, 8})
	var died []string
	trail.Of(loop).Listen(func(e *trail.Event) {
		if e.Verb == trail.Drop {
			died = append(died, e.Place.String()+" "+e.Why())
		}
	})
	b := broadcastFrame(vx0.mac)
	copy(b, []byte{2, 0, 0, 0, 0, 9})
	vx0.path.transmit(newFrame(b, link.ChecksumComplete, 0))
	if len(died) != 1 || died[0] != "h1/vx1 dead-loop" {
		t.Errorf("died: %v, want one frame at h1/vx1 of a dead-loop", died)
	}
	if n := vx1.Counters().TxDropped; n != 1 {
		t.Errorf("vx1 dropped %d, want 1", n)
	}
	if loop.Nested != 0 {
		t.Errorf("%d transmissions are still under way", loop.Nested)
	}
	died = nil
	vx0.path.transmit(newFrame(append([]byte(nil), b...), link.ChecksumComplete, 0))
	if len(died) != 1 {
		t.Errorf("the next frame: %v", died)
	}
}
