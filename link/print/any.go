package print

import (
	"encoding/binary"
	"time"

	"dnetsim/link"
)

// PacketType is what the kernel thinks of a packet at an interface
// (linux/if_packet.h); it prints as tcpdump abbreviates it.
type PacketType uint8

const (
	// PacketHost is for this host: "In".
	PacketHost PacketType = iota
	// PacketBroadcast is for everybody: "B".
	PacketBroadcast
	// PacketMulticast is for a group: "M".
	PacketMulticast
	// PacketOtherHost is for somebody else: "P".
	PacketOtherHost
	// PacketOutgoing comes from here: "Out".
	PacketOutgoing
)

var packetTypes = [...]string{"In", "B", "M", "P", "Out"}

// String is the abbreviation, "?" for a type that there is not.
func (t PacketType) String() string {
	if int(t) < len(packetTypes) {
		return packetTypes[t]
	}
	return "?"
}

// cookedLen is the length of the header that "-i any" puts in place of the
// Ethernet header (LINKTYPE_LINUX_SLL2).
const cookedLen = 20

// Cooked is what a cooked header says beside addresses and type: at which
// interface a packet was seen, and on which way.
type Cooked struct {
	Name  string // tcpdump looks it up by the index, which is all a file has
	Index int
	Type  PacketType
}

// Packet is a frame with the cooked header in place of Ethernet's.
func (c Cooked) Packet(frame []byte) []byte {
	if len(frame) < link.HeaderLen {
		return nil
	}
	b := append(make([]byte, 0, cookedLen+len(frame)-link.HeaderLen), frame[12:14]...)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(c.Index))
	b = append(b, 0, 1, byte(c.Type), 6) // ARPHRD_ETHER, and the length of an address
	b = append(b, frame[6:12]...)
	b = append(b, 0, 0)
	return append(b, frame[link.HeaderLen:]...)
}

// ParseCooked is the way back from [Cooked.Packet]. The frame has no
// destination address, which no cooked header keeps.
func ParseCooked(b []byte) (c Cooked, frame []byte, ok bool) {
	if len(b) < cookedLen {
		return c, nil, false
	}
	c = Cooked{Index: int(binary.BigEndian.Uint32(b[4:])), Type: PacketType(b[10])}
	frame = make([]byte, link.HeaderLen, link.HeaderLen+len(b)-cookedLen)
	copy(frame[6:12], b[12:18])
	copy(frame[12:], b[:2])
	return c, append(frame, b[cookedLen:]...), true
}

// PrintAny is Print for "tcpdump -i any": the line names the interface and the
// packet's type before the packet (print-sll.c).
func (p *Printer) PrintAny(at time.Time, c Cooked, frame []byte) string {
	p.out = p.out[:0]
	p.count++
	if p.opts.Number {
		p.f("%5d  ", p.count)
	}
	p.time(at)
	p.f("%-5s %-3s ", c.Name, c.Type)
	if len(frame) < link.HeaderLen {
		p.truncated("sll2")
		return string(p.out)
	}
	etherType := binary.BigEndian.Uint16(frame[12:])
	if p.opts.Ethernet {
		p.f("ifindex %d %s ", c.Index, p.opts.mac(link.MACAt(frame, 6)))
		if !p.opts.Quick {
			p.f("ethertype %s (0x%04x), ", etherTypeName(etherType), etherType)
		}
		p.f("length %d: ", len(frame)-link.HeaderLen+cookedLen)
	}
	p.etherPayload(frame, etherType, link.HeaderLen)
	p.dump(frame)
	return string(p.out)
}
