// Package tap owns TAP interfaces of the real machine and the cables that lead to
// them: what the real kernel sends on one is a frame of the simulation, and the other
// way round. It is the only package of its room that touches the real machine, and
// works on Linux only. A loop with one does not repeat, and must be driven by
// [sim.Loop.Live].
package tap

import (
	"fmt"
	"io"
	"sync"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// maxFrame is the longest frame that is read from the real kernel, in bytes.
const maxFrame = 1 << 16

// maxBehind is how many frames wait for the real kernel; what comes then is lost,
// as in a network card.
const maxBehind = 1024

// Tap is a TAP interface that is plugged in.
type Tap struct {
	dev  io.ReadWriteCloser
	name string
	loop *sim.Loop
	end  *link.End
	out  chan []byte
	once sync.Once
	over chan struct{}
}

// Open makes the TAP interface name of the real machine, or takes an existing one of
// that name that its user may have, and plugs it into the free end of a cable. It
// needs CAP_NET_ADMIN, or an interface that was made for the user; elsewhere than on
// Linux it is an error.
func Open(name string, loop *sim.Loop, end *link.End) (*Tap, error) {
	if name == "" || len(name) > 15 {
		return nil, fmt.Errorf("%q is no interface's name: it has 1 to 15 letters", name)
	}
	dev, name, err := open(name)
	if err != nil {
		return nil, err
	}
	return plug(dev, name, loop, end), nil
}

func plug(dev io.ReadWriteCloser, name string, loop *sim.Loop, end *link.End) *Tap {
	t := &Tap{dev: dev, name: name, loop: loop, end: end, out: make(chan []byte, maxBehind), over: make(chan struct{})}
	end.Attach(link.ReceiverFunc(t.receive))
	go t.read()
	go t.write()
	return t
}

// Name is the interface's name on the real machine.
func (t *Tap) Name() string { return t.name }

// receive hands a frame to the real kernel. It never blocks the loop.
func (t *Tap) receive(f *link.Frame) {
	b := append([]byte(nil), f.Bytes()...)
	if f.Checksum == link.ChecksumPartial {
		link.FillChecksumBytes(b)
	}
	events, at := trail.Of(t.loop), t.end.Place()
	select {
	case t.out <- b:
		f.Arrived(events, at, trail.None)
	default:
		f.End(events, at, trail.QueueFull, nil)
	}
}

func (t *Tap) write() {
	for {
		select {
		case b := <-t.out:
			t.dev.Write(b) // an interface that is down refuses, and the frame is lost
		case <-t.over:
			return
		}
	}
}

// read brings what the real kernel sends into the simulation. The checksums of such
// frames are whole.
func (t *Tap) read() {
	buf := make([]byte, maxFrame)
	for {
		n, err := t.dev.Read(buf)
		if err != nil {
			return
		}
		f := link.NewFrame(append([]byte(nil), buf[:n]...))
		f.Checksum = link.ChecksumUnknown
		t.loop.Inject(func() { t.end.Send(f) })
	}
}

// Close takes the interface away. The loop need not run.
func (t *Tap) Close() error {
	var err error
	t.once.Do(func() {
		close(t.over)
		err = t.dev.Close()
	})
	return err
}
