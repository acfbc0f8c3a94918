package link

import "time"

// Impairment is what a cable does to frames in one direction. The zero value
// does nothing. What is applied, in this order: Down, cutting of GSO frames,
// Block, MTU, Loss, the queue of Rate, Corrupt, Duplicate, Delay with Jitter,
// Reorder.
type Impairment struct {
	// Delay is added to every frame; Jitter varies it by up to that much either
	// way, uniformly. Jitter alone never reorders.
	Delay, Jitter time.Duration
	// Probabilities, 0 to 1.
	Loss, Duplicate, Reorder, Corrupt float64
	// Rate is in bits per second, counted over the bytes of the frame; 0 is no
	// limit. Queue is how many frames may wait for the rate, the one being sent
	// included; 0 means 1000, Linux' txqueuelen.
	Rate  int64
	Queue int
	// MTU silently drops frames whose payload behind the Ethernet header is
	// larger, as a switch port with a small MTU does; 0 is no limit. GSO frames
	// are measured by the segments they stand for.
	MTU int
	// Down loses everything that leaves by this end, and the far end loses
	// carrier.
	Down bool
	// Block drops frames by protocol and port.
	Block []Block
}

// defaultQueue is how many frames wait when Rate is set and Queue is not.
const defaultQueue = 1000

// reorderHold is how much longer than the others a reordered frame is held
// back at least: later frames overtake it.
const reorderHold = time.Millisecond

// Block names frames that do not get through.
type Block struct {
	// Proto is "tcp", "udp", "icmp", "icmp6", "arp", "ip", "ip6", "igmp", "esp",
	// a decimal IP protocol number, or empty for every protocol that has ports.
	Proto string
	// Port matches the source or the destination port; 0 is any.
	Port uint16
}

// blocked reports whether a block list names the frame. Fragments behind the
// first have no ports and match by protocol only, as on a stateless filter.
func blocked(list []Block, frame []byte) bool {
	for i := range list {
		if list[i].matches(frame) {
			return true
		}
	}
	return false
}

func (b *Block) matches(frame []byte) bool {
	h, ok := ParseHeaders(frame)
	if !ok {
		return false
	}
	switch b.Proto {
	case "arp":
		return h.EtherType == TypeARP
	case "ip":
		return h.EtherType == TypeIPv4
	case "ip6":
		return h.EtherType == TypeIPv6
	}
	if !h.IP {
		return false
	}
	if b.Proto != "" {
		n, ok := ProtocolNumber(b.Proto)
		if !ok || n != h.Proto {
			return false
		}
		if b.Port == 0 {
			return true
		}
	}
	return h.Ports && (b.Port == 0 || h.SrcPort == b.Port || h.DstPort == b.Port)
}

// KnownProtocol reports whether a Block may have the name as its Proto.
func KnownProtocol(name string) bool {
	switch name {
	case "arp", "ip", "ip6":
		return true
	}
	_, ok := ProtocolNumber(name)
	return ok
}
