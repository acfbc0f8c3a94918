package link

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// bridgeLab is a bridge with ports p1 to pN, each with a sink.
type bridgeLab struct {
	loop   *sim.Loop
	bridge *Bridge
	ports  []*Port
	sinks  []*sink
	pool   *Pool
}

func newBridgeLab(n int) *bridgeLab {
	loop := sim.NewLoop(1)
	l := &bridgeLab{loop: loop, bridge: NewBridge(loop, "br0"), pool: NewPool()}
	for i := range n {
		p := l.bridge.AddPort(fmt.Sprintf("p%d", i+1))
		s := &sink{loop: loop}
		p.Attach(s)
		l.ports, l.sinks = append(l.ports, p), append(l.sinks, s)
	}
	return l
}

// in brings a frame in by a port, counted from 1.
func (l *bridgeLab) in(port int, dst, src MAC) {
	l.ports[port-1].Receive(testFrame(l.pool, dst, src, 60, 1))
}

// heard is how many frames each sink got since the last call: "0 1 1".
func (l *bridgeLab) heard() string {
	var out []string
	for _, s := range l.sinks {
		out = append(out, fmt.Sprint(len(s.tags)))
		s.tags = nil
	}
	return strings.Join(out, " ")
}

func (l *bridgeLab) want(t *testing.T, what, want string) {
	t.Helper()
	if got := l.heard(); got != want {
		t.Fatalf("%s: frames per port %q, want %q", what, got, want)
	}
}

func TestBridgeFloodsUnknownDestination(t *testing.T) {
	l := newBridgeLab(3)
	l.in(1, macB, macA)
	l.want(t, "unknown destination", "0 1 1")
}

func TestBridgeFloodsInPortOrder(t *testing.T) {
	l := newBridgeLab(4)
	var order []string
	trail.Of(l.loop).Listen(func(e *trail.Event) {
		if e.Verb == trail.Send {
			order = append(order, e.Place.String())
		}
	})
	l.in(2, broadcastMAC, macA)
	if got := strings.Join(order, " "); got != "br0:p1 br0:p3 br0:p4" {
		t.Fatalf("flooded to %s, want br0:p1 br0:p3 br0:p4", got)
	}
}

func TestBridgeLearnsSourcesAndForwardsToThem(t *testing.T) {
	l := newBridgeLab(3)
	l.in(2, broadcastMAC, macB)
	l.want(t, "broadcast", "1 0 1")
	l.in(1, macB, macA)
	l.want(t, "to a known address", "0 1 0")
	l.in(3, macB, macB)
	l.in(1, macB, macA)
	l.want(t, "after the address moved", "0 0 1")
}

func TestBridgeNeverSendsBackWhereAFrameCameFrom(t *testing.T) {
	l := newBridgeLab(2)
	l.in(1, broadcastMAC, macB)
	l.heard()
	l.in(1, macB, macA)
	l.want(t, "hairpin off", "0 0")
	if n := l.ports[0].counters.dropped(trail.Hairpin); n != 1 {
		t.Fatalf("hairpin-off %d, want 1", n)
	}
	l.ports[0].SetHairpin(true)
	l.in(1, macB, macA)
	l.want(t, "hairpin on", "1 0")
}

func TestBridgeForgetsAfterTheAgeingTime(t *testing.T) {
	l := newBridgeLab(3)
	l.in(1, broadcastMAC, macA)
	l.loop.RunFor(DefaultAgeing - 1)
	l.heard()
	l.in(2, macA, macB)
	l.want(t, "just before 300 s", "1 0 0")
	if fdb := l.bridge.FDB(); len(fdb) != 2 || fdb[0].Age != DefaultAgeing-1 {
		t.Fatalf("table %v, want two entries, the first of age 300 s less 1 ns", fdb)
	}
	l.loop.RunFor(1)
	l.in(2, macA, macB)
	l.want(t, "at 300 s", "1 0 1")
	if fdb := l.bridge.FDB(); len(fdb) != 1 {
		t.Fatalf("table %v, want the one fresh entry", fdb)
	}
}

func TestStaticEntryNeitherAgesNorMoves(t *testing.T) {
	l := newBridgeLab(3)
	l.bridge.AddStatic(macA, l.ports[0])
	l.in(3, broadcastMAC, macA)
	l.loop.RunFor(2 * DefaultAgeing)
	l.heard()
	l.in(2, macA, macB)
	l.want(t, "to a static address", "1 0 0")
}

func TestBridgeDoesNotForwardLinkLocalGroups(t *testing.T) {
	l := newBridgeLab(2)
	for last := range byte(16) {
		l.in(1, MAC{1, 0x80, 0xc2, 0, 0, last}, macA)
	}
	l.want(t, "01:80:c2:00:00:0X", "0 0")
	l.in(1, MAC{1, 0x80, 0xc2, 0, 0, 0x10}, macA)
	l.want(t, "01:80:c2:00:00:10", "0 1")
}

func TestIsolatedPortsHearOnlyTheOthers(t *testing.T) {
	l := newBridgeLab(3)
	l.ports[0].SetIsolated(true)
	l.ports[1].SetIsolated(true)
	l.in(1, broadcastMAC, macA)
	l.want(t, "broadcast from an isolated port", "0 0 1")
	l.in(2, macA, macB)
	l.want(t, "unicast between isolated ports", "0 0 0")
	l.in(3, macA, macC)
	l.want(t, "from a port that is not isolated", "1 0 0")
}

func TestMACFilterDropsForgedAndForeignFrames(t *testing.T) {
	l := newBridgeLab(2)
	l.ports[0].SetMACFilter(macA)
	l.in(1, broadcastMAC, macC)
	l.want(t, "forged source", "0 0")
	l.in(1, broadcastMAC, macA)
	l.want(t, "own source", "0 1")
	l.in(2, macC, macB)
	l.want(t, "foreign destination", "0 0")
	l.in(2, macA, macB)
	l.want(t, "own destination", "1 0")
	c := l.ports[0].Counters()
	if c.dropped(trail.MACFilter) != 2 {
		t.Fatalf("mac-filter %d, want 2", c.dropped(trail.MACFilter))
	}
}

func TestBridgeInterfaceGetsItsOwnAndGroupFrames(t *testing.T) {
	l := newBridgeLab(2)
	own := &sink{loop: l.loop}
	l.bridge.Local().Attach(own)
	l.bridge.AddLocal(macC, l.bridge.Local())
	l.in(1, macC, macA)
	l.want(t, "to the bridge's own address", "0 0")
	l.in(1, broadcastMAC, macA)
	l.want(t, "broadcast", "0 1")
	l.in(2, MAC{2, 9, 9, 9, 9, 9}, macB)
	l.want(t, "unknown destination", "1 0")
	if len(own.tags) != 2 {
		t.Fatalf("the bridge's interface got %d frames, want 2", len(own.tags))
	}
	l.bridge.Local().Receive(testFrame(l.pool, macA, macC, 60, 1))
	l.want(t, "sent by the machine", "1 0")
}

func TestForwardHookSeesBothPortsAndDecides(t *testing.T) {
	l := newBridgeLab(3)
	var seen []string
	l.bridge.SetForwardHook(func(in, out *Port, f *Frame) Verdict {
		seen = append(seen, in.Name()+">"+out.Name())
		if out.Name() == "p2" {
			return Drop
		}
		return Accept
	})
	l.in(1, broadcastMAC, macA)
	l.want(t, "hook drops on p2", "0 0 1")
	l.bridge.Local().Receive(testFrame(l.pool, macA, macC, 60, 1))
	if fmt.Sprint(seen) != "[p1>p2 p1>p3]" || l.ports[1].counters.dropped(trail.Filter) != 1 {
		t.Fatalf("hook saw %v; want [p1>p2 p1>p3] and one bridge-filter drop", seen)
	}
}

func TestArrivalHookMayRewriteAFrameThatOthersHold(t *testing.T) {
	l := newBridgeLab(3)
	l.in(2, broadcastMAC, macB)
	l.heard()
	l.bridge.SetArrivalHook(func(in *Port, f *Frame) Verdict {
		f.SetDst(macB)
		return Accept
	})
	f := testFrame(l.pool, macC, macA, 60, 1)
	l.ports[0].Receive(f.Retain())
	l.want(t, "rewritten to a known address", "0 1 0")
	if f.Dst() != macC {
		t.Fatalf("the other holder's frame now goes to %v, want %v", f.Dst(), macC)
	}
}

func TestPortMTUDropsAllButGSO(t *testing.T) {
	l := newBridgeLab(2)
	l.ports[1].SetMTU(1500)
	l.ports[0].Receive(testFrame(l.pool, macB, macA, 1519, 1))
	l.ports[0].Receive(testFrame(l.pool, macB, macA, 1518, 1)) // a tag may come on top
	l.ports[0].Receive(gsoFrame(l.pool, 9000, 1460))
	l.want(t, "MTU 1500", "0 2")
}

func TestRemovedPortIsForgotten(t *testing.T) {
	l := newBridgeLab(3)
	l.in(1, broadcastMAC, macA)
	l.bridge.RemovePort(l.ports[0])
	l.heard()
	l.in(2, macA, macB)
	l.want(t, "to an address on a removed port", "0 0 1")
	l.in(1, broadcastMAC, macA)
	l.want(t, "from a removed port", "0 0 0")
}

// slowTable is the forwarding table as one would explain it: a list of what was
// seen, searched from its end.
type slowTable struct{ seen []sighting }

type sighting struct {
	mac  MAC
	port int
	at   time.Duration
}

func (s *slowTable) portOf(mac MAC, now time.Duration) int {
	for i := len(s.seen) - 1; i >= 0; i-- {
		if s.seen[i].mac == mac {
			if now-s.seen[i].at < DefaultAgeing {
				return s.seen[i].port
			}
			return 0
		}
	}
	return 0
}

// TestForwardingTableAgreesWithSlowReference sends random frames at random
// times: the bridge must send each where the slow table says, drop it with a
// reason, and show the same table.
func TestForwardingTableAgreesWithSlowReference(t *testing.T) {
	for seed := range uint64(20) {
		l := newBridgeLab(4)
		r := sim.NewLoop(seed).Stream("test")
		ref := &slowTable{}
		for step := range 400 {
			src := MAC{2, 0, 0, 0, 0, byte(r.IntN(8))}
			dst := MAC{2, 0, 0, 0, 0, byte(r.IntN(8))}
			port, now := 1+r.IntN(4), l.loop.Now()
			ref.seen = append(ref.seen, sighting{src, port, now})
			want := [4]int{}
			switch to := ref.portOf(dst, now); {
			case to == 0:
				for i := range want {
					if i != port-1 {
						want[i] = 1
					}
				}
			case to != port:
				want[to-1] = 1
			}
			l.in(port, dst, src)
			if got := l.heard(); got != strings.Trim(fmt.Sprint(want), "[]") {
				t.Fatalf("seed %d step %d: %v > %v by p%d: frames per port %s, want %v", seed, step, src, dst, port, got, want)
			}
			l.loop.RunFor(time.Duration(r.IntN(60)) * time.Second)
		}
		var want []string
		for i := range byte(8) {
			mac := MAC{2, 0, 0, 0, 0, i}
			if p := ref.portOf(mac, l.loop.Now()); p != 0 {
				want = append(want, fmt.Sprintf("p%d %v", p, mac))
			}
		}
		sort.Strings(want)
		var got []string
		for _, e := range l.bridge.FDB() {
			got = append(got, e.Port.Name()+" "+e.MAC.String())
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: table\n got %v\nwant %v", seed, got, want)
		}
	}
}

// TestNetworkConservesFrames joins hosts with impaired wires to one bridge and
// follows each frame through the journal: what goes into a place comes out of
// it, lies in it, or was dropped there.
func TestNetworkConservesFrames(t *testing.T) {
	for seed := range uint64(30) {
		loop := sim.NewLoop(seed)
		r := loop.Stream("test")
		b := NewBridge(loop, "lan")
		pool := NewPool()
		var wires []*Wire
		var sinks []*sink
		for i := range 5 {
			w := NewWire(loop, fmt.Sprintf("w%d", i))
			s := &sink{loop: loop}
			w.A().Attach(s)
			b.AddPort(fmt.Sprint(i)).Connect(w.B())
			w.A().Impair(Impairment{Loss: .1, Delay: time.Duration(r.IntN(500)) * time.Microsecond, Duplicate: .1})
			w.B().Impair(Impairment{Rate: 1_000_000, Queue: 2})
			wires, sinks = append(wires, w), append(sinks, s)
		}
		sent := 0
		for range 300 {
			src, dst := r.IntN(5), r.IntN(6)
			to := MAC{2, 0, 0, 0, 0, byte(dst)}
			if dst == 5 {
				to = broadcastMAC
			}
			wires[src].A().Send(testFrame(pool, to, MAC{2, 0, 0, 0, 0, byte(src)}, 60+r.IntN(1000), 0))
			sent++
			if r.IntN(10) == 0 {
				w := wires[r.IntN(5)]
				w.SetDown(!w.down)
			}
			loop.RunFor(time.Duration(r.IntN(300)) * time.Microsecond)
		}
		loop.RunFor(time.Minute)
		delivered, dropped, extra := 0, 0, 0
		for i, w := range wires {
			delivered += len(sinks[i].at)
			a, e := w.A().Counters(), w.B().Counters()
			dropped += int(a.Dropped + e.Dropped)
			extra += int(a.Duplicated + e.Duplicated)
		}
		for _, p := range b.Ports() {
			c := p.Counters()
			dropped += int(c.Dropped)
			extra += int(c.TxFrames) - int(c.RxFrames) + int(c.Dropped)
		}
		if delivered+dropped != sent+extra {
			t.Fatalf("seed %d: delivered %d + dropped %d, want sent %d + copied %d", seed, delivered, dropped, sent, extra)
		}
		for _, s := range sinks {
			if s.last != nil {
				s.last.Release()
			}
		}
		if back := len(slices.Concat(pool.free[:]...)); back != pool.made {
			t.Fatalf("seed %d: %d of %d frames came back to the pool", seed, back, pool.made)
		}
	}
}

// pathLab is a frame's way through wire, bridge and wire.
func pathLab() (loop *sim.Loop, send func(), arrived func() int) {
	loop = sim.NewLoop(1)
	b := NewBridge(loop, "br0")
	w1, w2 := NewWire(loop, "one"), NewWire(loop, "two")
	w1.Delay, w2.Delay = 20*time.Microsecond, 20*time.Microsecond
	b.AddPort("one").Connect(w1.B())
	b.AddPort("two").Connect(w2.B())
	drop := ReceiverFunc(func(f *Frame) { f.Release() })
	w1.A().Attach(drop)
	w2.A().Attach(drop)
	pool := NewPool()
	w2.A().Send(testFrame(pool, broadcastMAC, macB, 60, 0))
	loop.RunFor(time.Second)
	template := testFrame(nil, macB, macA, 1514, 0)
	send = func() {
		f := pool.New(1514)
		copy(f.data, template.data[:HeaderLen])
		w1.A().Send(f)
	}
	return loop, send, func() int { return int(w2.A().Counters().RxFrames) }
}

func TestForwardingDoesNotAllocate(t *testing.T) {
	loop, send, _ := pathLab()
	once := func() {
		send()
		for loop.Step() {
		}
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(1000, once); n != 0 {
		t.Fatalf("%v allocations for each frame through wire, bridge, wire; want 0", n)
	}
}

// BenchmarkWireBridgeWire: the goal is a million frames a second, which is
// 1000 ns/op.
func BenchmarkWireBridgeWire(b *testing.B) {
	loop, send, arrived := pathLab()
	b.ReportAllocs()
	for range b.N {
		send()
		loop.Step()
		loop.Step()
	}
	if n := arrived(); n != b.N {
		b.Fatalf("%d frames arrived, want %d", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

// To be told the same place again costs nothing, however many ports there are.
func TestTheSamePlaceAgainCostsNothing(t *testing.T) {
	at := trail.At("bdc01", "docker0")
	b := NewBridgeAt(sim.NewLoop(1), at)
	p := b.AddPort("veth1")
	if n := testing.AllocsPerRun(100, func() { b.SetPlace(at) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if b.SetPlace(trail.At("bdc01", "br0")); p.at.String() != trail.At("bdc01", "br0").PortOf("veth1").String() {
		t.Errorf("the port is at %s", p.at)
	}
}

// The forward delay timer runs from when a port is enabled, and decides nothing.
func TestForwardDelayRunsFromWhenThePortIsEnabled(t *testing.T) {
	l := newBridgeLab(1)
	p := l.bridge.Ports()[0]
	for _, x := range []struct {
		do   func()
		want time.Duration
	}{
		{func() {}, 15 * time.Second},
		{func() { l.loop.RunFor(4 * time.Second) }, 11 * time.Second},
		{func() { l.loop.RunFor(20 * time.Second) }, 0},
		{func() { p.SetDown(true) }, 0},
		{func() { p.SetDown(false) }, 15 * time.Second},
	} {
		if x.do(); p.ForwardDelay() != x.want {
			t.Errorf("%v are left, want %v", p.ForwardDelay(), x.want)
		}
	}
}
