package link

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// LinkType says what a capture file's packets begin with (the registry of
// tcpdump.org/linktypes.html).
type LinkType uint16

const (
	// LinkEthernet: an Ethernet header (DLT_EN10MB).
	LinkEthernet = LinkType(1)
	// LinkSLL2: the cooked header of "-i any" (DLT_LINUX_SLL2).
	LinkSLL2 = LinkType(276)
)

// maxPacket is the longest packet that is read, in bytes: libpcap's
// MAXIMUM_SNAPLEN. A file's head may say more, and a broken record gigabytes.
const maxPacket = 262144

// ErrPcap is what [NewPcapReader] says of what is no classic capture file.
var ErrPcap = errors.New("unknown file format")

// The head of a classic capture file: a magic number that tells the order of its
// bytes and the unit of its times, the version, and 24 bytes in all (libpcap's
// pcap-savefile(5)).
const (
	magicMicros, magicNanos  = 0xA1B2C3D4, 0xA1B23C4D
	pcapMajor, pcapMinor     = 2, 4
	pcapHead, pcapRecordHead = 24, 16
)

// PcapWriter writes a classic capture file (pcap 2.4, microseconds), as tcpdump
// does. Each packet is one write.
type PcapWriter struct {
	out  io.Writer
	buf  []byte
	snap int
}

// NewPcapWriter writes the head of a file whose packets are cut off at snap
// bytes.
func NewPcapWriter(out io.Writer, link LinkType, snap int) (*PcapWriter, error) {
	p := &PcapWriter{out: out, snap: snap}
	p.buf = binary.LittleEndian.AppendUint32(p.buf, magicMicros)
	p.buf = binary.LittleEndian.AppendUint16(p.buf, pcapMajor)
	p.buf = binary.LittleEndian.AppendUint16(p.buf, pcapMinor)
	p.words(0, 0, uint32(snap), uint32(link)) // times are UTC's
	return p, p.flush()
}

// Write adds a packet. The zero time is the epoch's.
func (p *PcapWriter) Write(at time.Time, packet []byte) error {
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	kept := packet[:min(len(packet), p.snap)]
	p.words(uint32(at.Unix()), uint32(at.Nanosecond()/1000), uint32(len(kept)), uint32(len(packet)))
	p.buf = append(p.buf, kept...)
	return p.flush()
}

func (p *PcapWriter) words(words ...uint32) {
	for _, w := range words {
		p.buf = binary.LittleEndian.AppendUint32(p.buf, w)
	}
}

func (p *PcapWriter) flush() error {
	_, err := p.out.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}

// PcapReader reads a classic capture file of either byte order, in micro- or
// nanoseconds.
type PcapReader struct {
	in    *bufio.Reader
	order binary.ByteOrder
	unit  time.Duration // of the times' second word
	link  LinkType
}

// NewPcapReader reads the head of a file. What is no such file is an [ErrPcap];
// a compressed one is none, as for tcpdump.
func NewPcapReader(r io.Reader) (*PcapReader, error) {
	p := &PcapReader{in: bufio.NewReader(r)}
	var head [pcapHead]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return nil, ErrPcap
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head[:]) {
		case magicMicros:
			p.order, p.unit = order, time.Microsecond
		case magicNanos:
			p.order, p.unit = order, time.Nanosecond
		}
	}
	if p.order == nil || p.order.Uint16(head[4:]) != pcapMajor || p.order.Uint16(head[6:]) != pcapMinor {
		return nil, ErrPcap
	}
	p.link = LinkType(p.order.Uint32(head[20:]))
	return p, nil
}

// LinkType is what the file's packets begin with.
func (p *PcapReader) LinkType() LinkType { return p.link }

// Next is the next packet with its time in UTC, or io.EOF at the end.
func (p *PcapReader) Next() (at time.Time, packet []byte, err error) {
	var head [pcapRecordHead]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return at, nil, err
	}
	word := func(i int) uint32 { return p.order.Uint32(head[4*i:]) }
	at = time.Unix(int64(word(0)), int64(word(1)*uint32(p.unit))).UTC()
	kept, whole := word(2), word(3)
	if kept > maxPacket || kept > whole {
		return at, nil, fmt.Errorf("a packet of %d bytes of which %d were kept", whole, kept)
	}
	packet = make([]byte, kept)
	_, err = io.ReadFull(p.in, packet)
	return at, packet, err
}
