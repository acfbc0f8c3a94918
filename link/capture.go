package link

import (
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"dnetsim/sim"
)

// Capture writes a pcapng file that Wireshark opens: one interface block for
// each capture point, by name, nanosecond timestamps from the virtual wall
// clock, and for frames that died a packet comment "dropped: REASON". Checksums
// that were still to be filled in are filled in in the written copy; GSO frames
// are written whole. It writes nothing that depends on the machine it runs on.
//
// The first write error ends the capture and is returned by [Capture.Flush].
type Capture struct {
	loop   *sim.Loop
	w      *pcapgo.NgWriter
	out    io.Writer
	points map[string]*CapturePoint
	count  int
	err    error
}

// CapturePoint is one interface of a capture.
type CapturePoint struct {
	capture *Capture
	name    string
	index   int
}

// NewCapture returns a capture that writes to w. Nothing is written before the
// first point is added.
func NewCapture(loop *sim.Loop, w io.Writer) *Capture {
	return &Capture{loop: loop, out: w, points: make(map[string]*CapturePoint)}
}

// Point is the capture point of that name, added to the file the first time.
func (c *Capture) Point(name string) *CapturePoint {
	if p, ok := c.points[name]; ok {
		return p
	}
	p := &CapturePoint{capture: c, name: name, index: len(c.points)}
	c.points[name] = p
	c.addInterface(name)
	return p
}

func (c *Capture) addInterface(name string) {
	if c.err != nil {
		return
	}
	intf := pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
	if c.w != nil {
		_, c.err = c.w.AddInterface(intf)
		return
	}
	c.w, c.err = pcapgo.NewNgWriterInterface(c.out, intf, pcapgo.NgWriterOptions{
		SectionInfo: pcapgo.NgSectionInfo{Application: "dnetsim"},
	})
}

// Frames is the number of frames written.
func (c *Capture) Frames() int { return c.count }

// Journal writes every frame that the journal tells of from now on, at the
// place that it tells, until stop is called.
func (c *Capture) Journal() (stop func()) {
	return c.loop.Journal().Listen(func(e *sim.Entry) {
		f, ok := e.Data.(*Frame)
		if !ok {
			return
		}
		switch e.Verb {
		case "send":
			c.Point(e.Place).Frame(Out, f)
		case "receive":
			c.Point(e.Place).Frame(In, f)
		case "drop":
			c.Point(e.Place).Drop(f, e.Why)
		}
	})
}

// Flush writes what is buffered. Call it before closing the file. It returns
// the first error of the capture.
func (c *Capture) Flush() error {
	if c.err == nil && c.w != nil {
		c.err = c.w.Flush()
	}
	return c.err
}

// Name is the interface's name in the file.
func (p *CapturePoint) Name() string { return p.name }

// Frame writes a frame; it is an [Observer].
func (p *CapturePoint) Frame(dir Direction, f *Frame) {
	flags := pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
	if dir == Out {
		flags.Direction = pcapgo.NgEpbFlagDirectionOutbound
	}
	p.write(f, pcapgo.NgPacketOptions{Flags: &flags})
}

// Drop writes a frame that was dropped here, with the reason as its comment.
func (p *CapturePoint) Drop(f *Frame, why string) {
	p.write(f, pcapgo.NgPacketOptions{Comments: []string{"dropped: " + why}})
}

func (p *CapturePoint) write(f *Frame, opts pcapgo.NgPacketOptions) {
	c := p.capture
	if c.err != nil {
		return
	}
	data := f.data
	if f.Checksum == ChecksumPartial {
		data = append([]byte(nil), data...)
		fillBytes(data)
	}
	c.count++
	c.err = c.w.WritePacketWithOptions(gopacket.CaptureInfo{
		Timestamp:      c.loop.Wall(),
		CaptureLength:  len(data),
		Length:         len(data),
		InterfaceIndex: p.index,
	}, data, opts)
}
