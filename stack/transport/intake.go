package transport

import (
	"bytes"
	"net/netip"

	"dnetsim/link/trail"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/header/parse"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Deliver queues a TCP or UDP packet, or the ICMP error about one, for netstack.
// It takes the packet over. Everything that arrives at one instant
// is taken in together by one event, as a network card's poll does: TCP then
// acknowledges a burst, not each segment of it.
func (t *Layer) Deliver(p Packet) {
	t.pending = append(t.pending, p)
	if !t.scheduled {
		t.scheduled = true
		t.loop.Schedule(0, t)
	}
}

// Fire takes in what has arrived, one connection after the other.
func (t *Layer) Fire() {
	t.scheduled = false
	all := t.pending
	t.pending, t.taken = t.taken, nil
	if t.closed {
		for _, p := range all {
			p.Drop(trail.NamespaceClosed)
		}
		return
	}
	t.stack()
	for box := all; len(box) > 0; {
		n := 1
		for n < len(box) && sameConnection(box[0].Bytes(), box[n].Bytes()) {
			n++
		}
		t.enter(func() {
			for _, p := range box[:n] {
				t.takeIn(p)
			}
		})
		box = box[n:]
	}
	clear(all)
	t.taken = all[:0]
}

// takeIn gives one packet to netstack.
func (t *Layer) takeIn(p Packet) {
	data, proto := p.Bytes(), header.IPv4ProtocolNumber
	if isIPv6(data) {
		proto = header.IPv6ProtocolNumber
	}
	if t.dev.offload && protocol(data) == header.TCPProtocolNumber {
		data = withSACKRoom(data, headerLen(data))
	}
	p.Arrived()
	if t.toSocket(proto, data) {
		return
	}
	pb := newBuffer(data)
	t.dev.d.DeliverNetworkPacket(proto, pb)
	pb.DecRef()
}

func newBuffer(data []byte) *gstack.PacketBuffer {
	pb := gstack.NewPacketBuffer(gstack.PacketBufferOptions{Payload: received(data)})
	pb.RXChecksumValidated = true
	return pb
}

// toSocket gives a packet straight to its protocol, without netstack's IP: whether it
// may come from there and is for this namespace, and that it is whole, the network
// layer has seen. It takes what is plain, TCP and UDP to an address of one's own, and
// says so; netstack's IP has the rest: errors, groups, options, and the answer to a
// datagram that nobody waits for.
func (t *Layer) toSocket(proto tcpip.NetworkProtocolNumber, data []byte) bool {
	n, end, local := header.IPv6MinimumSize, 0, netip.Addr{}
	if proto == header.IPv4ProtocolNumber {
		h := header.IPv4(data)
		if n = header.IPv4MinimumSize; !h.IsValid(len(data)) || int(h.HeaderLength()) != n || h.More() || h.FragmentOffset() != 0 {
			return false
		}
		end, local = int(h.TotalLength()), netip.AddrFrom4([4]byte(data[16:20]))
	} else {
		h := header.IPv6(data)
		if !h.IsValid(len(data)) {
			return false
		}
		end, local = n+int(h.PayloadLength()), netip.AddrFrom16([16]byte(data[24:40]))
	}
	kind := protocol(data)
	if kind != header.TCPProtocolNumber && kind != header.UDPProtocolNumber || local.Is4In6() || !t.net.IsLocal(local) {
		return false
	}
	pb := newBuffer(data)
	defer pb.DecRef()
	pb.NICID, pb.NetworkProtocolNumber = internalNIC, proto
	if _, ok := pb.NetworkHeader().Consume(n); !ok {
		return false
	}
	pb.Data().CapLength(end - n)
	if kind == header.TCPProtocolNumber {
		parse.TCP(pb)
	} else {
		parse.UDP(pb)
	}
	return t.dev.sockets.DeliverTransportPacket(kind, pb) == gstack.TransportPacketHandled
}

// longSegment is from where on a piece more costs less than a copy.
const longSegment = 8 << 10

// received is a packet as netstack's buffers have it. The headers of a long TCP
// segment are apart from what it carries: netstack clones packets, and copies the
// piece that headers are in when it looks at those of a clone.
func received(data []byte) buffer.Buffer {
	n := headerLen(data)
	if len(data) < longSegment || protocol(data) != header.TCPProtocolNumber {
		return buffer.MakeWithData(data)
	}
	n = min(n+int(data[n+12]>>4)*4, len(data))
	b := buffer.MakeWithData(data[:n])
	if err := b.Append(buffer.NewViewWithData(data[n:])); err != nil {
		panic(err) // only a buffer that is frozen takes nothing
	}
	return b
}

// sameConnection reports whether two packets have the same protocol, addresses
// and ports.
func sameConnection(a, b []byte) bool {
	if isIPv6(a) != isIPv6(b) || protocol(a) != protocol(b) || headerLen(a) != headerLen(b) {
		return false
	}
	from, to := 12, 20
	if isIPv6(a) {
		from, to = 8, 40
	}
	pa, pb := a[headerLen(a):], b[headerLen(b):]
	return len(pa) >= 4 && len(pb) >= 4 && bytes.Equal(pa[:4], pb[:4]) && bytes.Equal(a[from:to], b[from:to])
}

func isIPv6(d []byte) bool { return d[0]>>4 == 6 }

// headerLen is the length of the IP header; extension headers of IPv6 belong to
// the payload.
func headerLen(d []byte) int {
	if isIPv6(d) {
		return header.IPv6MinimumSize
	}
	return int(header.IPv4(d).HeaderLength())
}

func protocol(d []byte) tcpip.TransportProtocolNumber {
	if isIPv6(d) {
		return tcpip.TransportProtocolNumber(header.IPv6(d).NextHeader())
	}
	return header.IPv4(d).TransportProtocol()
}
