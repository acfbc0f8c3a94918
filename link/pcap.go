package link

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// LinkType says what a capture file's packets begin with (the registry of
// tcpdump.org/linktypes.html).
type LinkType uint16

const (
	// LinkEthernet: an Ethernet header (DLT_EN10MB).
	LinkEthernet = LinkType(layers.LinkTypeEthernet)
	// LinkSLL2: the cooked header of "-i any" (DLT_LINUX_SLL2).
	LinkSLL2 = LinkType(layers.LinkTypeLinuxSLL2)
)

// maxPacket is the longest packet that is read, in bytes: libpcap's
// MAXIMUM_SNAPLEN. A file's head may say more, and a broken record gigabytes.
const maxPacket = 262144

// ErrPcap is what [NewPcapReader] says of what is no classic capture file.
var ErrPcap = errors.New("unknown file format")

// PcapWriter writes a classic capture file (pcap 2.4, microseconds), as tcpdump
// does. Each packet is one write.
type PcapWriter struct {
	out  io.Writer
	buf  bytes.Buffer
	w    *pcapgo.Writer
	snap int
}

// NewPcapWriter writes the head of a file whose packets are cut off at snap
// bytes.
func NewPcapWriter(out io.Writer, link LinkType, snap int) (*PcapWriter, error) {
	p := &PcapWriter{out: out, snap: snap}
	p.w = pcapgo.NewWriter(&p.buf)
	if err := p.w.WriteFileHeader(uint32(snap), layers.LinkType(link)); err != nil {
		return nil, err
	}
	return p, p.flush()
}

// Write adds a packet.
func (p *PcapWriter) Write(at time.Time, packet []byte) error {
	if at.IsZero() { // gopacket would take the real clock's time
		at = time.Unix(0, 0)
	}
	kept := packet[:min(len(packet), p.snap)]
	err := p.w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(kept), Length: len(packet)}, kept)
	return errors.Join(err, p.flush())
}

func (p *PcapWriter) flush() error {
	_, err := p.out.Write(p.buf.Bytes())
	p.buf.Reset()
	return err
}

// PcapReader reads a classic capture file of either byte order, in micro- or
// nanoseconds.
type PcapReader struct{ r *pcapgo.Reader }

// NewPcapReader reads the head of a file. What is no such file is an [ErrPcap];
// a compressed one is none, as for tcpdump.
func NewPcapReader(r io.Reader) (*PcapReader, error) {
	in := bufio.NewReader(r)
	if head, err := in.Peek(2); err != nil || head[0] == 0x1f && head[1] == 0x8b {
		return nil, ErrPcap
	}
	pcap, err := pcapgo.NewReader(in)
	if err != nil {
		return nil, ErrPcap
	}
	if n := pcap.Snaplen(); n == 0 || n > maxPacket {
		pcap.SetSnaplen(maxPacket)
	}
	return &PcapReader{pcap}, nil
}

// LinkType is what the file's packets begin with.
func (p *PcapReader) LinkType() LinkType { return LinkType(p.r.LinkType()) }

// Next is the next packet with its time in UTC, or io.EOF at the end.
func (p *PcapReader) Next() (at time.Time, packet []byte, err error) {
	packet, ci, err := p.r.ReadPacketData()
	return ci.Timestamp, packet, err
}
