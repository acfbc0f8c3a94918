package link

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// TestCaptureCanBeReadBack: interface names, virtual nanoseconds, the reason of
// a drop as the packet's comment, and a good checksum in the written copy only.
func TestCaptureCanBeReadBack(t *testing.T) {
	loop := sim.NewLoop(1)
	w := NewWire(loop, "cable")
	w.B().Attach(&sink{loop: loop})
	w.Delay = 1234567
	var file bytes.Buffer
	c := NewCapture(&file)
	stop := trail.Of(loop).Listen(c.Event)
	f := NewFrame(unhexFrame(t, synFrame))
	f.Checksum = ChecksumPartial
	before := string(f.Bytes())
	w.A().Send(f.Retain())
	loop.RunFor(time.Second)
	w.A().Impair(Impairment{Loss: 1})
	w.A().Send(f.Retain())
	stop()
	w.A().Send(f.Retain())
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if string(f.Bytes()) != before {
		t.Error("writing changed the frame itself")
	}
	r, err := NewCaptureReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		place, dropped string
		at             time.Duration
	}{
		{"cable/a", "", 0},
		{"cable/b", "", 1234567},
		{"cable/a", "", time.Second},
		{"cable/a", "loss", time.Second},
	}
	for i, x := range want {
		p, err := r.Next()
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if at := p.At.Sub(sim.Epoch); p.Place != x.place || p.Dropped != x.dropped || at != x.at {
			t.Errorf("packet %d: %s %q at %v, want %s %q at %v", i, p.Place, p.Dropped, at, x.place, x.dropped, x.at)
		}
		if !ChecksumGood(NewFrame(p.Frame)) {
			t.Errorf("packet %d: bad checksum in the file", i)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last packet: %v, want %v", err, io.EOF)
	}
}

// failing is a writer on a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestCaptureReportsAWriteError(t *testing.T) {
	c := NewCapture(failing{})
	for range 100 {
		c.Event(&trail.Event{Verb: trail.Send, Frame: make([]byte, 1000)})
	}
	if err := c.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Fatalf("got %v, want %v", err, io.ErrShortWrite)
	}
}

func TestMACReadsAndPrints(t *testing.T) {
	for in, want := range map[string]string{
		"02:42:ac:11:00:02": "02:42:ac:11:00:02", "2:42:AC:11:0:2": "02:42:ac:11:00:02", "02-42-ac-11-00-02": "02:42:ac:11:00:02",
		"": "", "02:42:ac:11:00": "", "02:42:ac:11:00:02:03": "", "02:42:ac:11:00:0g": "", "002:42:ac:11:00:02": "", "02:42:ac:11:00:": "",
	} {
		m, err := ParseMAC(in)
		if got := m.String(); err == nil && got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %v %v, want %q", in, m, err, want)
		}
	}
}
