package link

import (
	"io"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Capture writes a pcapng file that Wireshark opens: one interface block for
// each place, by name, nanosecond timestamps from the virtual wall clock, and
// for frames that died a packet comment "dropped: REASON". Checksums that were
// still to be filled in are filled in in the written copy; GSO frames are
// written whole. It writes nothing that depends on the machine it runs on.
//
// The first write error ends the capture and is returned by [Capture.Flush].
type Capture struct {
	w      *pcapgo.NgWriter
	out    io.Writer
	places map[trail.Place]int // the interface's index in the file
	ahead  time.Duration
	err    error
}

// NewCapture returns a capture that writes to w. Nothing is written before the
// first event.
func NewCapture(w io.Writer) *Capture {
	return &Capture{out: w, places: make(map[trail.Place]int)}
}

// SetAhead makes the times in the capture so much later than the run's own clock,
// before the first event.
func (c *Capture) SetAhead(d time.Duration) { c.ahead = d }

// Event writes what happened to a packet at the place where it did: what was
// sent, received and dropped. Everything else is not of a capture.
func (c *Capture) Event(e *trail.Event) {
	var opts pcapgo.NgPacketOptions
	switch e.Verb {
	case trail.Send:
		opts.Flags = &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionOutbound}
	case trail.Receive:
		opts.Flags = &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
	case trail.Drop:
		opts.Comments = []string{dropped + e.Why()}
	default:
		return
	}
	index := c.at(e.Place)
	if c.err != nil {
		return
	}
	data := e.Frame
	if e.Unsummed {
		data = append([]byte(nil), data...)
		FillChecksumBytes(data)
	}
	c.err = c.w.WritePacketWithOptions(gopacket.CaptureInfo{
		Timestamp: sim.Epoch.Add(e.At + c.ahead), CaptureLength: len(data), Length: len(data), InterfaceIndex: index,
	}, data, opts)
}

// dropped begins the comment of a packet that died.
const dropped = "dropped: "

// at is a place's interface in the file, added the first time.
func (c *Capture) at(place trail.Place) int {
	index, ok := c.places[place]
	if ok || c.err != nil {
		return index
	}
	index = len(c.places)
	c.places[place] = index
	intf := pcapgo.NgInterface{Name: place.String(), LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
	if c.w != nil {
		_, c.err = c.w.AddInterface(intf)
		return index
	}
	c.w, c.err = pcapgo.NewNgWriterInterface(c.out, intf, pcapgo.NgWriterOptions{
		SectionInfo: pcapgo.NgSectionInfo{Application: "dnetsim"},
	})
	return index
}

// Flush writes what is buffered. Call it before closing the file. It returns
// the first error of the capture.
func (c *Capture) Flush() error {
	if c.err == nil && c.w != nil {
		c.err = c.w.Flush()
	}
	return c.err
}
