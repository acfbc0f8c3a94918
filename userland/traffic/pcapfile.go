package traffic

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"dnetsim/sim"
)

// The link types of capture files that tcpdump writes here.
const (
	linkEthernet = 1
	linkSLL2     = 276
	pcapMagic    = 0xa1b2c3d4
	pcapMagicNs  = 0xa1b23c4d
)

var errBadPcap = errors.New("unknown file format")

// pcapHeader is the head of a classic capture file with microseconds.
func pcapHeader(linkType uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, pcapMagic)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, snapLength)
	return binary.LittleEndian.AppendUint32(b, linkType)
}

// pcapRecord is one frame of the file.
func pcapRecord(at time.Time, frame []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(at.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = binary.LittleEndian.AppendUint32(b, uint32(min(len(frame), snapLength)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
	return append(b, frame[:min(len(frame), snapLength)]...)
}

// pcapReader reads a classic capture file of either byte order.
type pcapReader struct {
	r        io.Reader
	order    binary.ByteOrder
	unit     time.Duration
	linkType uint32
}

func newPcapReader(r io.Reader) (*pcapReader, error) {
	var h [24]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, errBadPcap
	}
	p := &pcapReader{r: r, order: binary.LittleEndian, unit: time.Microsecond}
	magic := p.order.Uint32(h[:])
	if magic != pcapMagic && magic != pcapMagicNs {
		p.order = binary.BigEndian
		magic = p.order.Uint32(h[:])
	}
	switch magic {
	case pcapMagic:
	case pcapMagicNs:
		p.unit = time.Nanosecond
	default:
		return nil, errBadPcap
	}
	p.linkType = p.order.Uint32(h[20:])
	return p, nil
}

// next returns the next frame, or io.EOF.
func (p *pcapReader) next() (time.Time, []byte, error) {
	var h [16]byte
	if _, err := io.ReadFull(p.r, h[:]); err != nil {
		return time.Time{}, nil, io.EOF
	}
	n := p.order.Uint32(h[8:])
	if n > 1<<20 {
		return time.Time{}, nil, errBadPcap
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(p.r, frame); err != nil {
		return time.Time{}, nil, errBadPcap
	}
	at := time.Unix(int64(p.order.Uint32(h[:])), int64(p.order.Uint32(h[4:]))*int64(p.unit)).In(sim.Epoch.Location())
	return at, frame, nil
}
