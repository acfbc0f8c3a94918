package tap

import (
	"bytes"
	"io"
	"net"
	"testing"

	"dnetsim/link"
	"dnetsim/sim"
)

// card is one side of an interface without a kernel.
type card struct {
	net.Conn
}

func TestFramesPassBothWaysAndWithTheirChecksums(t *testing.T) {
	loop := sim.NewLoop(1)
	wire := link.NewWire(loop, "tap")
	kernel, dev := net.Pipe()
	x := plug(card{dev}, "tap0", loop, wire.A())
	got := make(chan []byte, 1)
	wire.B().Attach(link.ReceiverFunc(func(f *link.Frame) {
		got <- append([]byte(nil), f.Bytes()...)
		f.Release()
	}))
	frame := append(bytes.Repeat([]byte{2}, 12), 0x08, 0x06, 1, 2, 3)
	go kernel.Write(frame)
	for len(got) == 0 {
		loop.Injected()
		loop.Settle()
	}
	if b := <-got; !bytes.Equal(b, frame) {
		t.Errorf("got % x, want % x", b, frame)
	}
	// A UDP datagram whose checksum a card would fill in.
	udp := append(bytes.Repeat([]byte{2}, 12), 0x08, 0x00,
		0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 7, 0, 7, 0, 9, 0, 0, 'x')
	f := link.NewFrame(bytes.Clone(udp))
	f.Checksum = link.ChecksumPartial
	wire.B().Send(f)
	loop.Settle()
	b := make([]byte, 100)
	n, err := kernel.Read(b)
	if err != nil || n != len(udp) || b[40] == 0 && b[41] == 0 {
		t.Errorf("%v: % x", err, b[:n])
	}
	// A kernel that does not read makes nobody wait.
	for range 2 * maxBehind {
		wire.B().Send(link.NewFrame(bytes.Clone(udp)))
	}
	loop.Settle()
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if _, err := kernel.Read(b); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	loop := sim.NewLoop(1)
	for _, name := range []string{"", "longer-than-the-kernel-takes"} {
		if _, err := Open(name, loop, link.NewWire(loop, name).A()); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}
