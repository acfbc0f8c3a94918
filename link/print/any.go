package print

import (
	"encoding/binary"
	"time"

	"dnetsim/link"
)

// sll2Len is the length of the header that "-i any" puts in place of the
// Ethernet header (LINKTYPE_LINUX_SLL2).
const sll2Len = 20

// PrintAny is Print for "tcpdump -i any": the line names the interface and the
// direction before the packet (print-sll.c). Index is the interface's.
func (p *Printer) PrintAny(at time.Time, name string, index int, dir link.Direction, frame []byte) string {
	p.out = p.out[:0]
	p.count++
	if p.opts.Number {
		p.f("%5d  ", p.count)
	}
	p.time(at)
	p.f("%-5s %-3s ", name, packetKind(dir, frame))
	if len(frame) < link.HeaderLen {
		p.truncated("sll2")
		return string(p.out)
	}
	etherType := binary.BigEndian.Uint16(frame[12:])
	if p.opts.Ethernet {
		p.f("ifindex %d %s ", index, p.mac(link.MACAt(frame, 6)))
		if !p.opts.Quick {
			p.f("ethertype %s (0x%04x), ", etherTypeName(etherType), etherType)
		}
		p.f("length %d: ", len(frame)-link.HeaderLen+sll2Len)
	}
	p.etherPayload(frame, etherType, link.HeaderLen)
	p.dump(frame)
	return string(p.out)
}

// packetKind is the kernel's packet type as tcpdump abbreviates it.
func packetKind(dir link.Direction, frame []byte) string {
	dst := link.MACAt(frame, 0)
	switch {
	case dir == link.Out:
		return "Out"
	case dst.IsBroadcast():
		return "B"
	case dst.IsMulticast():
		return "M"
	}
	return "In"
}
