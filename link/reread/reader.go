// Package reread reads capture files by somebody else's code. Tests judge by it what
// package link writes; nothing else needs it, and the binary does not have it, for
// gopacket brings the decoders of two hundred protocols and 5 MB of tables along.
package reread

import (
	"io"
	"strings"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// Reader reads the pcapng files that link.Capture writes.
type Reader struct{ r *pcapgo.NgReader }

// Packet is one packet of a capture.
type Packet struct {
	At      time.Time
	Place   string // the interface's name in the file
	Frame   []byte
	Dropped string // why it died, empty if it did not
}

// New reads the head of a file, and reports what is no pcapng.
func New(r io.Reader) (*Reader, error) {
	ng, err := pcapgo.NewNgReader(r, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		return nil, err
	}
	return &Reader{ng}, nil
}

// Next is the next packet, or io.EOF.
func (c *Reader) Next() (Packet, error) {
	data, ci, opts, err := c.r.ReadPacketDataWithOptions()
	if err != nil {
		return Packet{}, err
	}
	intf, err := c.r.Interface(ci.InterfaceIndex)
	if err != nil {
		return Packet{}, err
	}
	p := Packet{At: ci.Timestamp, Place: intf.Name, Frame: data}
	for _, comment := range opts.Comments {
		if why, ok := strings.CutPrefix(comment, "dropped: "); ok {
			p.Dropped = why
		}
	}
	return p, nil
}
