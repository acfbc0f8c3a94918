package link

import (
	"fmt"
	"testing"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

var (
	macA = MAC{2, 0x42, 0xac, 0x11, 0, 2}
	macB = MAC{2, 0x42, 0xac, 0x11, 0, 3}
	macC = MAC{2, 0x42, 0xac, 0x11, 0, 4}
)

// sink keeps what it receives: the time and the last byte of each frame.
type sink struct {
	loop *sim.Loop
	at   []time.Duration
	tags []byte
	last *Frame
}

func (s *sink) Receive(f *Frame) {
	s.at = append(s.at, s.loop.Now())
	s.tags = append(s.tags, f.Bytes()[f.Len()-1])
	if s.last != nil {
		s.last.Release()
	}
	s.last = f
}

// testFrame is a frame of n bytes between two addresses that ends with a tag.
func testFrame(pool *Pool, dst, src MAC, n int, tag byte) *Frame {
	f := pool.New(n)
	clear(f.data)
	f.SetDst(dst)
	copy(f.data[6:12], src[:])
	f.data[12], f.data[13] = 0x88, 0xb5 // local experimental
	f.data[n-1] = tag
	return f
}

type wireLab struct {
	loop *sim.Loop
	wire *Wire
	pool *Pool
	sink sink
}

func newWireLab() *wireLab {
	loop := sim.NewLoop(1)
	l := &wireLab{loop: loop, wire: NewWire(loop, "cable"), pool: NewPool(), sink: sink{loop: loop}}
	l.wire.B().Attach(&l.sink)
	return l
}

func (l *wireLab) send(n, size int) {
	for i := range n {
		l.wire.A().Send(testFrame(l.pool, macB, macA, size, byte(i)))
	}
}

func (l *wireLab) run() { l.loop.RunFor(time.Hour) }

func TestWireNeverDeliversInline(t *testing.T) {
	l := newWireLab()
	l.send(1, 60)
	if len(l.sink.at) != 0 {
		t.Fatal("the receiver was called from within Send")
	}
	l.run()
	if len(l.sink.at) != 1 || l.sink.at[0] != 0 {
		t.Fatalf("arrived %v, want once at 0", l.sink.at)
	}
}

func TestWireDelaysEachDirectionByItself(t *testing.T) {
	l := newWireLab()
	back := sink{loop: l.loop}
	l.wire.A().Attach(&back)
	l.wire.Delay = 20 * time.Microsecond
	l.wire.A().Impair(Impairment{Delay: time.Millisecond})
	l.send(1, 60)
	l.wire.B().Send(testFrame(l.pool, macA, macB, 60, 0))
	l.run()
	if l.sink.at[0] != 1020*time.Microsecond || back.at[0] != 20*time.Microsecond {
		t.Fatalf("A to B %v, B to A %v, want 1.02ms and 20µs", l.sink.at[0], back.at[0])
	}
}

func TestWireJitterKeepsOrder(t *testing.T) {
	l := newWireLab()
	l.wire.A().Impair(Impairment{Delay: 10 * time.Millisecond, Jitter: 9 * time.Millisecond})
	for i := range 200 {
		l.wire.A().Send(testFrame(l.pool, macB, macA, 60, byte(i)))
		l.loop.RunFor(100 * time.Microsecond)
	}
	l.run()
	for i, tag := range l.sink.tags {
		if tag != byte(i) {
			t.Fatalf("frame %d arrived as number %d", tag, i)
		}
	}
}

func TestWireReordersOnlyWhenToldTo(t *testing.T) {
	l := newWireLab()
	l.wire.A().Impair(Impairment{Reorder: 0.2})
	for i := range 100 {
		l.wire.A().Send(testFrame(l.pool, macB, macA, 60, byte(i)))
		l.loop.RunFor(100 * time.Microsecond)
	}
	l.run()
	swaps := 0
	for i := 1; i < len(l.sink.tags); i++ {
		if l.sink.tags[i] < l.sink.tags[i-1] {
			swaps++
		}
	}
	if swaps < 5 || len(l.sink.tags) != 100 {
		t.Fatalf("%d frames, %d out of order; want 100, and some", len(l.sink.tags), swaps)
	}
}

func TestWireRateSpacesFramesAndQueueOverflows(t *testing.T) {
	l := newWireLab()
	l.wire.A().Impair(Impairment{Rate: 8_000_000, Queue: 3}) // 1000 bytes in 1 ms
	l.send(5, 1000)
	l.run()
	if fmt.Sprint(l.sink.at) != "[1ms 2ms 3ms]" {
		t.Fatalf("arrived at %v, want [1ms 2ms 3ms]", l.sink.at)
	}
	c := l.wire.A().Counters()
	if c.dropped(trail.QueueFull) != 2 {
		t.Fatalf("queue-full %d, want 2", c.dropped(trail.QueueFull))
	}
}

func TestWireMTUDropsSilentlyByPayload(t *testing.T) {
	l := newWireLab()
	l.wire.A().Impair(Impairment{MTU: 1450})
	l.send(1, 1450+HeaderLen)
	l.send(1, 1451+HeaderLen)
	l.run()
	c := l.wire.A().Counters()
	if len(l.sink.at) != 1 || c.dropped(trail.MTU) != 1 {
		t.Fatalf("delivered %d, mtu-exceeded %d, want 1 and 1", len(l.sink.at), c.dropped(trail.MTU))
	}
}

func TestWireBlockListNamesProtocolAndPort(t *testing.T) {
	l := newWireLab()
	l.wire.A().Impair(Impairment{Block: []Block{{Proto: "udp", Port: 53}, {Proto: "icmp"}}})
	for _, frame := range []string{dnsFrame, echoFrame, synFrame, arpFrame} {
		l.wire.A().Send(NewFrame(unhexFrame(t, frame)))
	}
	l.run()
	c := l.wire.A().Counters()
	if len(l.sink.at) != 2 || c.dropped(trail.Blocked) != 2 {
		t.Fatalf("delivered %d, blocked %d, want 2 and 2", len(l.sink.at), c.dropped(trail.Blocked))
	}
}

func TestWireCorruptionIsFoundByTheChecksum(t *testing.T) {
	l := newWireLab()
	l.wire.A().Impair(Impairment{Corrupt: 1})
	for range 50 {
		f := NewFrame(unhexFrame(t, synFrame))
		f.Checksum = ChecksumPartial
		l.wire.A().Send(f)
		l.run()
		if l.sink.last.Checksum != ChecksumUnknown {
			t.Fatalf("checksum state %d, want unknown", l.sink.last.Checksum)
		}
		want := unhexFrame(t, synFrame)
		FillChecksumBytes(want)
		diff := 0
		for i, b := range l.sink.last.Bytes() {
			for x := b ^ want[i]; x != 0; x &= x - 1 {
				diff++
			}
		}
		if diff != 1 {
			t.Fatalf("%d bits differ, want 1", diff)
		}
	}
}

func TestWireCutLosesCarrierAndWhatIsInFlight(t *testing.T) {
	l := newWireLab()
	l.wire.Delay = time.Millisecond
	var seen []bool
	l.wire.B().OnCarrier(func(up bool) { seen = append(seen, up) })
	l.send(1, 60)
	l.wire.SetDown(true)
	l.send(1, 60)
	l.run()
	l.wire.SetDown(false)
	l.send(1, 60)
	l.run()
	a, b := l.wire.A().Counters(), l.wire.B().Counters()
	if len(l.sink.at) != 1 || a.dropped(trail.WireDown) != 1 || b.dropped(trail.WireDown) != 1 {
		t.Fatalf("delivered %d, dropped at A %d, at B %d; want 1 each", len(l.sink.at), a.Dropped, b.Dropped)
	}
	if fmt.Sprint(seen) != "[false true]" {
		t.Fatalf("carrier changes %v, want [false true]", seen)
	}
}

func TestEndDownTakesCarrierFromBothEnds(t *testing.T) {
	l := newWireLab()
	l.wire.B().SetDown(true)
	if l.wire.A().Carrier() || l.wire.B().Carrier() {
		t.Fatal("carrier while one end is down")
	}
	l.wire.B().SetDown(false)
	l.wire.A().Impair(Impairment{Down: true})
	if !l.wire.A().Carrier() || l.wire.B().Carrier() {
		t.Fatal("a one-way fault must take carrier from the far end only")
	}
}

// TestWireConservesFrames: whatever the impairments, each frame sent, copied or
// cut is delivered, in flight, or dropped with a reason.
func TestWireConservesFrames(t *testing.T) {
	for seed := range uint64(50) {
		loop := sim.NewLoop(seed)
		r := loop.Stream("test")
		w := NewWire(loop, "cable")
		w.Cut = r.IntN(2) == 0
		s := sink{loop: loop}
		w.B().Attach(&s)
		pool := NewPool()
		offered := 0
		dropped := map[string]int{}
		trail.Of(loop).Listen(func(e *trail.Event) {
			if e.Verb == trail.Drop {
				if e.Why() == "" {
					t.Fatalf("seed %d: a drop without a reason", seed)
				}
				dropped[e.Why()]++
			}
		})
		for range 300 {
			switch r.IntN(12) {
			case 0:
				w.A().Impair(Impairment{
					Delay: time.Duration(r.IntN(1000)) * time.Microsecond, Jitter: time.Duration(r.IntN(1000)) * time.Microsecond,
					Loss: r.Float64() / 2, Duplicate: r.Float64() / 2, Reorder: r.Float64() / 2, Corrupt: r.Float64() / 2,
					Rate: int64(r.IntN(2)) * 10_000_000, Queue: r.IntN(5), MTU: r.IntN(2) * 100, Down: r.IntN(8) == 0,
				})
			case 1:
				w.SetDown(r.IntN(3) == 0)
			case 2:
				loop.RunFor(time.Duration(r.IntN(500)) * time.Microsecond)
			case 3:
				f := gsoFrame(pool, 400, 100)
				offered++
				w.A().Send(f)
			case 4:
				w.B().SetDown(r.IntN(3) == 0)
			case 5:
				offered++
				w.A().Send(NewFrame(make([]byte, r.IntN(HeaderLen))))
			default:
				offered++
				w.A().Send(testFrame(pool, macB, macA, 60+r.IntN(80), 0))
			}
			a, b := w.A().Counters(), w.B().Counters()
			have := len(s.at) + w.InFlight() + int(a.Dropped+b.Dropped)
			if want := offered + int(a.Duplicated+a.Segmented+b.Segmented); have != want {
				t.Fatalf("seed %d: delivered %d + in flight %d + dropped %d = %d, want %d", seed, len(s.at), w.InFlight(), a.Dropped+b.Dropped, have, want)
			}
			if in, out := a.TxFrames+a.Duplicated+a.Segmented+b.Segmented+b.TxFrames, a.RxFrames+b.RxFrames+a.Dropped+b.Dropped+uint64(w.InFlight()); in != out || int(a.TxFrames) != offered {
				t.Fatalf("seed %d: the counters say %d in (%d of %d given) and %d out: %+v %+v", seed, in, a.TxFrames, offered, out, a, b)
			}
		}
		loop.RunFor(time.Hour)
		if w.InFlight() != 0 {
			t.Fatalf("seed %d: %d frames never arrived", seed, w.InFlight())
		}
		total := 0
		for _, n := range dropped {
			total += n
		}
		a, b := w.A().Counters(), w.B().Counters()
		if total != int(a.Dropped+b.Dropped) {
			t.Fatalf("seed %d: the journal tells of %d drops, the counters of %d", seed, total, a.Dropped+b.Dropped)
		}
	}
}

func TestWireIsRepeatable(t *testing.T) {
	run := func() string {
		l := newWireLab()
		l.wire.A().Impair(Impairment{Delay: time.Millisecond, Jitter: time.Millisecond, Loss: .2, Duplicate: .2, Reorder: .2})
		l.send(100, 60)
		l.run()
		return fmt.Sprint(l.sink.at, l.sink.tags)
	}
	if first, second := run(), run(); first != second {
		t.Fatal("two runs of one seed differ")
	}
}
