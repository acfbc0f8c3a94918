package link

import (
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"dnetsim/link/trail"
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
	places map[trail.Place]*CapturePoint
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
	return &Capture{loop: loop, out: w, points: make(map[string]*CapturePoint), places: make(map[trail.Place]*CapturePoint)}
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

// Event writes what happened to a packet at the place where it did: what was
// sent, received and dropped. Everything else is not of a capture.
func (c *Capture) Event(e *trail.Event) {
	switch e.Verb {
	case trail.Send:
		c.point(e.Place).write(e.Frame, e.Unsummed, pcapgo.NgPacketOptions{Flags: &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionOutbound}})
	case trail.Receive:
		c.point(e.Place).write(e.Frame, e.Unsummed, pcapgo.NgPacketOptions{Flags: &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}})
	case trail.Drop:
		c.point(e.Place).write(e.Frame, e.Unsummed, pcapgo.NgPacketOptions{Comments: []string{"dropped: " + e.Why()}})
	}
}

// point is the capture point of a place.
func (c *Capture) point(at trail.Place) *CapturePoint {
	p, ok := c.places[at]
	if !ok {
		p = c.Point(at.String())
		c.places[at] = p
	}
	return p
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
	p.write(f.data, f.Checksum == ChecksumPartial, pcapgo.NgPacketOptions{Flags: &flags})
}

func (p *CapturePoint) write(data []byte, unsummed bool, opts pcapgo.NgPacketOptions) {
	c := p.capture
	if c.err != nil {
		return
	}
	if unsummed {
		data = append([]byte(nil), data...)
		fillBytes(data)
	}
	c.err = c.w.WritePacketWithOptions(gopacket.CaptureInfo{
		Timestamp:      c.loop.Wall(),
		CaptureLength:  len(data),
		Length:         len(data),
		InterfaceIndex: p.index,
	}, data, opts)
}
