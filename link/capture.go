package link

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// Capture writes a pcapng file that Wireshark opens: one interface block for
// each place, by name, nanosecond timestamps from the virtual wall clock, and
// for frames that died a packet comment "dropped: REASON". Checksums that were
// still to be filled in are filled in in the written copy; GSO frames are
// written whole. It writes nothing that depends on the machine it runs on.
//
// The first write error ends the capture and is returned by [Capture.Flush].
type Capture struct {
	w      *bufio.Writer
	places map[trail.Place]int // the interface's index in the file
	block  []byte              // the block that is written next
	ahead  time.Duration
	err    error
}

// NewCapture returns a capture that writes to w. Nothing is written before the
// first event.
func NewCapture(w io.Writer) *Capture {
	return &Capture{w: bufio.NewWriter(w), places: make(map[trail.Place]int)}
}

// SetAhead makes the times in the capture so much later than the run's own clock,
// before the first event.
func (c *Capture) SetAhead(d time.Duration) { c.ahead = d }

// Event writes what happened to a packet at the place where it did: what was
// sent, received and dropped. Everything else is not of a capture.
func (c *Capture) Event(e *trail.Event) {
	var direction uint32
	var comment string
	switch e.Verb {
	case trail.Send:
		direction = outbound
	case trail.Receive:
		direction = inbound
	case trail.Drop:
		comment = dropped + e.Why()
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
	at := uint64(sim.Epoch.Add(e.At + c.ahead).UnixNano())
	c.begin(enhancedPacket, uint32(index), uint32(at>>32), uint32(at), uint32(len(data)), uint32(len(data)))
	c.block = pad(append(c.block, data...))
	if comment != "" {
		c.option(optComment, comment)
	}
	if direction != 0 {
		c.option(optFlags, string(binary.LittleEndian.AppendUint32(nil, direction)))
	}
	c.end()
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
	if index == 0 {
		c.begin(sectionHeader, byteOrder, 1, 0xffffffff, 0xffffffff) // version 1.0, of a length that nobody knows
		c.option(optApplication, "dnetsim")
		c.end()
	}
	c.begin(interfaceDescription, uint32(LinkEthernet), 0)
	c.option(optName, place.String())
	c.option(optResolution, "\x09") // nanoseconds
	c.end()
	return index
}

// The blocks and options of a pcapng file (draft-ietf-opsawg-pcapng), little-endian.
const (
	sectionHeader        = 0x0A0D0D0A
	interfaceDescription = 1
	enhancedPacket       = 6

	byteOrder = 0x1A2B3C4D

	optComment     = 1
	optName        = 2 // of an interface
	optFlags       = 2 // of a packet
	optApplication = 4 // of a section
	optResolution  = 9 // of an interface's times, a power of ten

	inbound, outbound = 1, 2 // a packet's flags
)

// begin starts a block with its fixed words. Its length is filled in at its end.
func (c *Capture) begin(kind uint32, words ...uint32) {
	c.block = binary.LittleEndian.AppendUint32(c.block[:0], kind)
	c.block = append(c.block, 0, 0, 0, 0)
	for _, w := range words {
		c.block = binary.LittleEndian.AppendUint32(c.block, w)
	}
}

// option adds an option.
func (c *Capture) option(code uint16, value string) {
	value = value[:min(len(value), 0xffff)]
	c.block = binary.LittleEndian.AppendUint16(c.block, code)
	c.block = binary.LittleEndian.AppendUint16(c.block, uint16(len(value)))
	c.block = pad(append(c.block, value...))
}

// end closes the options, of which every block here has some, and writes the block.
func (c *Capture) end() {
	c.block = append(c.block, 0, 0, 0, 0)
	length := uint32(len(c.block) + 4)
	binary.LittleEndian.PutUint32(c.block[4:], length)
	c.block = binary.LittleEndian.AppendUint32(c.block, length)
	if c.err == nil {
		_, c.err = c.w.Write(c.block)
	}
}

// pad fills a block up to the next word.
func pad(b []byte) []byte { return append(b, "\x00\x00\x00"[:-len(b)&3]...) }

// Flush writes what is buffered. Call it before closing the file. It returns
// the first error of the capture.
func (c *Capture) Flush() error {
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}
