package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// card is a receiver that merges.
type card struct {
	loop *sim.Loop
	got  []string
	last []byte
}

func (c *card) Merges() bool { return true }

func (c *card) Receive(f *Frame) {
	c.got = append(c.got, fmt.Sprintf("%v %d/%d", c.loop.Now(), f.Len(), f.GSO))
	c.last = append([]byte(nil), f.data...)
	f.Release()
}

// way is a cable, a switch, and another cable, each of a megabyte a second.
func way(seed uint64, impair Impairment, r Receiver) (*sim.Loop, *Pool, *Wire, *Wire) {
	loop := sim.NewLoop(seed)
	sw := NewBridge(loop, "switch")
	in, out := NewWire(loop, "in"), NewWire(loop, "out")
	for _, w := range []*Wire{in, out} {
		w.Cut = true
		sw.AddPort(w.Name()).Connect(w.B())
	}
	in.A().Impair(Impairment{Rate: 8_000_000, Delay: 50 * time.Microsecond})
	out.B().Impair(impair)
	out.A().Attach(r)
	return loop, NewPool(), in, out
}

// TestATrainTakesTheTimeOfItsSegments: who merges has a frame with GSO whole, and has it
// when who does not merge has the last of its segments.
func TestATrainTakesTheTimeOfItsSegments(t *testing.T) {
	for _, rate := range []int64{8_000_000, 2_000_000, 80_000_000, 0} {
		impair := Impairment{Rate: rate, Delay: 30 * time.Microsecond}
		whole := &card{}
		loop, pool, in, _ := way(1, impair, whole)
		whole.loop = loop
		in.A().Send(gsoFrame(pool, 950, 100))
		in.A().Send(gsoFrame(pool, 300, 100))
		loop.RunFor(time.Second)

		var single sink
		loop, pool, in, _ = way(1, impair, &single)
		single.loop = loop
		in.A().Send(gsoFrame(pool, 950, 100))
		in.A().Send(gsoFrame(pool, 300, 100))
		loop.RunFor(time.Second)

		if len(whole.got) != 2 || len(single.at) != 13 {
			t.Fatalf("rate %d: %v whole, %d single", rate, whole.got, len(single.at))
		}
		for i, k := range []int{9, 12} {
			want := single.at[k]
			if have := whole.got[i]; have[:len(want.String())] != want.String() {
				t.Errorf("rate %d: train %d is there at %s, its last segment at %v", rate, i, have, want)
			}
		}
	}
}

// TestWhatTreatsSegmentsOneByOneGetsSegments.
func TestWhatTreatsSegmentsOneByOneGetsSegments(t *testing.T) {
	for _, c := range []struct {
		impair Impairment
		got    int
	}{
		{Impairment{}, 1},
		{Impairment{Loss: 0.0001}, 10},
		{Impairment{Jitter: time.Microsecond}, 10},
		{Impairment{MTU: 100}, 0},
		{Impairment{MTU: 1000}, 1},
		{Impairment{Rate: 1_000_000, Queue: 4}, 4},
		{Impairment{Block: []Block{{Proto: "tcp"}}}, 0},
	} {
		r := &card{}
		loop, pool, in, _ := way(1, c.impair, r)
		r.loop = loop
		in.A().Impair(Impairment{}) // all are at the switch at once
		in.A().Send(gsoFrame(pool, 1000, 100))
		loop.RunFor(time.Second)
		if len(r.got) != c.got {
			t.Errorf("%+v: %v, want %d frames", c.impair, r.got, c.got)
		}
	}
}

// TestMergeUndoesSegment: the segments of a frame, merged again, are the frame.
func TestMergeUndoesSegment(t *testing.T) {
	loop := sim.NewLoop(1)
	pool := NewPool()
	tr := trail.Of(loop)
	f := gsoFrame(pool, 1234, 100)
	want := append([]byte(nil), f.data...)
	ip := want[HeaderLen : HeaderLen+20]
	binary.BigEndian.PutUint16(ip[10:], Fold(Sum16(0, ip)))
	var whole *Frame
	n := 0
	Segment(f, tr, trail.Place{}, func(s *Frame) {
		n++
		if whole == nil {
			whole = s
			return
		}
		var ok bool
		if whole, ok = Merge(whole, s, tr, trail.Place{}); !ok {
			t.Fatalf("segment %d is not merged", n)
		}
	})
	if n != 13 || whole.GSO != 100 {
		t.Errorf("%d segments, GSO %d", n, whole.GSO)
	}
	FillChecksumBytes(want)
	have := append([]byte(nil), whole.data...)
	FillChecksumBytes(have)
	if !bytes.Equal(have, want) {
		t.Errorf("merged:\n%x…\nwas:\n%x…", have[:60], want[:60])
	}
	if _, ok := Merge(whole, gsoFrame(pool, 100, 0), tr, trail.Place{}); ok {
		t.Error("something is merged behind PSH")
	}
}

// TestOnlyWhatFollowsIsMerged: a gap, another connection, another acknowledgement,
// other options, a shorter segment before, and what is no segment stay apart.
func TestOnlyWhatFollowsIsMerged(t *testing.T) {
	tr := trail.Of(sim.NewLoop(1))
	pool := NewPool()
	segments := func() (out []*Frame) {
		Segment(gsoFrame(pool, 250, 100), nil, trail.Place{}, func(s *Frame) { out = append(out, s) })
		return out
	}
	if _, ok := Merge(segments()[0], segments()[1], tr, trail.Place{}); !ok {
		t.Fatal("what follows is not merged")
	}
	l4 := HeaderLen + 20
	for name, change := range map[string]func(a, b *Frame){
		"a gap":           func(_, b *Frame) { b.data[l4+7]++ },
		"another port":    func(_, b *Frame) { b.data[l4+1]++ },
		"another ack":     func(_, b *Frame) { b.data[l4+11]++ },
		"another window":  func(_, b *Frame) { b.data[l4+15]++ },
		"another TTL":     func(_, b *Frame) { b.data[HeaderLen+8]-- },
		"another sender":  func(_, b *Frame) { b.data[11]++ },
		"SYN":             func(_, b *Frame) { b.data[l4+13] |= FlagSYN },
		"PSH before":      func(a, _ *Frame) { a.data[l4+13] |= FlagPSH },
		"not checked yet": func(_, b *Frame) { b.Checksum = ChecksumUnknown },
	} {
		s := segments()
		change(s[0], s[1])
		if _, ok := Merge(s[0], s[1], tr, trail.Place{}); ok {
			t.Errorf("%s is merged", name)
		}
	}
	s := segments()
	whole, _ := Merge(s[0], s[1], tr, trail.Place{})
	whole, ok := Merge(whole, s[2], tr, trail.Place{})
	if !ok {
		t.Error("a shorter last segment is not merged")
	}
	more := testFrame(pool, macB, macA, 60, 0)
	if _, ok := Merge(whole, more, tr, trail.Place{}); ok {
		t.Error("what is no IP is merged")
	}
}
