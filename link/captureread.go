package link

import (
	"io"
	"strings"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// CaptureReader reads the pcapng files that [Capture] writes.
type CaptureReader struct{ r *pcapgo.NgReader }

// Captured is one packet of a capture.
type Captured struct {
	At      time.Time
	Place   string // the interface's name in the file
	Frame   []byte
	Dropped string // why it died, empty if it did not
}

// NewCaptureReader reads the head of a file, and reports what is no pcapng.
func NewCaptureReader(r io.Reader) (*CaptureReader, error) {
	ng, err := pcapgo.NewNgReader(r, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		return nil, err
	}
	return &CaptureReader{ng}, nil
}

// Next is the next packet, or io.EOF.
func (c *CaptureReader) Next() (Captured, error) {
	data, ci, opts, err := c.r.ReadPacketDataWithOptions()
	if err != nil {
		return Captured{}, err
	}
	intf, err := c.r.Interface(ci.InterfaceIndex)
	if err != nil {
		return Captured{}, err
	}
	p := Captured{At: ci.Timestamp, Place: intf.Name, Frame: data}
	for _, comment := range opts.Comments {
		if why, ok := strings.CutPrefix(comment, dropped); ok {
			p.Dropped = why
		}
	}
	return p, nil
}
