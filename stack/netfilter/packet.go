package netfilter

import (
	"encoding/binary"
	"net/netip"
)

// words are the bits of an address, an IPv4 address in the low 32.
type words [2]uint64

func addrWords(a netip.Addr) words {
	if a.Is4() {
		b := a.As4()
		return readWords(b[:])
	}
	b := a.As16()
	return readWords(b[:])
}

func readWords(b []byte) words {
	if len(b) == 4 {
		return words{0, uint64(binary.BigEndian.Uint32(b))}
	}
	return words{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// put writes the address into 4 or 16 bytes.
func (w words) put(b []byte) {
	if len(b) == 4 {
		binary.BigEndian.PutUint32(b, uint32(w[1]))
		return
	}
	binary.BigEndian.PutUint64(b, w[0])
	binary.BigEndian.PutUint64(b[8:], w[1])
}

func (w words) addr(v6 bool) netip.Addr {
	if !v6 {
		var b [4]byte
		w.put(b[:])
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	w.put(b[:])
	return netip.AddrFrom16(b)
}

// headers is what conntrack and rules read from a packet, or from the packet
// that an ICMP error quotes.
type headers struct {
	v6        bool
	ip        []byte // the IP header, extension headers included
	transport []byte // what follows; may be cut short
	src, dst  words
	proto     uint8
	fragOff   uint16 // in units of 8 bytes
	moreFrags bool
	hasPorts  bool // TCP or UDP with its ports present
	sport     uint16
	dport     uint16
	hasICMP   bool
	icmpType  uint8
	icmpCode  uint8
	icmpID    uint16
}

// packet is a packet at one hook, read once for all rules.
type packet struct {
	headers
	rules     *Rules
	nf        *Packet
	hook      int
	in, out   string
	tcpFlags  uint8
	length    int
	ttl       uint8
	id        uint16
	nat       *natTarget // what the nat table decided, and which rule of it
	natBy     natRule
	rewritten bool
	verdict   Verdict
	inner     bool // quoted by an ICMP error, for its line in the log
	balanced  bool // by IPVS, at this hook
	steps     int  // rules that it was held against at this hook
}

// read fills h from the bytes of a packet; false if they are not one.
func (h *headers) read(d []byte, v6 bool) bool {
	*h = headers{v6: v6}
	if v6 {
		if len(d) < 40 {
			return false
		}
		h.src, h.dst = readWords(d[8:24]), readWords(d[24:40])
		h.skipExtensions(d)
	} else {
		n := 0
		if len(d) >= 20 {
			n = int(d[0]&15) * 4
		}
		if n < 20 || n > len(d) {
			return false
		}
		frag := binary.BigEndian.Uint16(d[6:])
		h.src, h.dst, h.proto = readWords(d[12:16]), readWords(d[16:20]), d[9]
		h.fragOff, h.moreFrags = frag&0x1fff, frag&0x2000 != 0
		h.ip, h.transport = d[:n], d[n:]
	}
	if h.fragOff == 0 {
		h.readTransport()
	}
	return true
}

// skipExtensions finds the transport header behind IPv6's extension headers.
func (h *headers) skipExtensions(d []byte) {
	next, at := d[6], 40
	for at+8 <= len(d) {
		n := 0
		switch next {
		case 0, 43, 60:
			n = (int(d[at+1]) + 1) * 8
		case 44:
			frag := binary.BigEndian.Uint16(d[at+2:])
			h.fragOff, h.moreFrags, n = frag>>3, frag&1 != 0, 8
		case 51:
			n = (int(d[at+1]) + 2) * 4
		}
		if n == 0 || at+n > len(d) {
			break
		}
		next, at = d[at], at+n
	}
	h.proto, h.ip, h.transport = next, d[:at], d[at:]
}

func (h *headers) readTransport() {
	t := h.transport
	switch h.proto {
	case 6, 17:
		if len(t) < 4 {
			return
		}
		h.hasPorts, h.sport, h.dport = true, binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	case 1, 58:
		if len(t) < 4 {
			return
		}
		h.hasICMP, h.icmpType, h.icmpCode = true, t[0], t[1]
		if len(t) >= 6 {
			h.icmpID = binary.BigEndian.Uint16(t[4:])
		}
	}
}

// icmpError reports whether the packet is an ICMP error, which belongs to the
// connection of the packet that it quotes.
func (h *headers) icmpError() bool {
	if !h.hasICMP {
		return false
	}
	if h.v6 {
		return h.proto == 58 && h.icmpType < 128
	}
	switch h.icmpType {
	case 3, 4, 5, 11, 12:
		return h.proto == 1
	}
	return false
}

// isRequest and isReply are about ICMP messages that come in pairs.
func (h *headers) isRequest() bool {
	return h.hasICMP && (h.v6 && h.icmpType == 128 || !h.v6 && (h.icmpType == 8 || h.icmpType == 13 || h.icmpType == 15 || h.icmpType == 17))
}

func (h *headers) isReply() bool {
	return h.hasICMP && (h.v6 && h.icmpType == 129 || !h.v6 && (h.icmpType == 0 || h.icmpType == 14 || h.icmpType == 16 || h.icmpType == 18))
}

// tuple is the direction that the packet travels in; ok is false for a packet
// that no connection can have: an ICMP message without a pair, a short header.
func (h *headers) tuple() (t tuple, ok bool) {
	t = tuple{src: h.src, dst: h.dst, proto: h.proto}
	switch h.proto {
	case 6, 17:
		t.sport, t.dport = h.sport, h.dport
		return t, h.hasPorts
	case 1, 58:
		if h.isRequest() {
			t.sport = h.icmpID
			return t, true
		}
		t.dport = h.icmpID
		return t, h.isReply()
	}
	return t, true
}

// read fills p from nf; false if it is not a packet of the family.
func (p *packet) read(nf *Packet) bool {
	p.nf, p.in, p.out = nf, nf.In, nf.Out
	if !p.headers.read(nf.Data, nf.V6) {
		return false
	}
	p.length = len(nf.Data)
	if nf.V6 {
		p.ttl = nf.Data[7]
	} else {
		p.ttl, p.id = nf.Data[8], binary.BigEndian.Uint16(nf.Data[4:])
	}
	p.tcpFlags = 0
	if p.proto == 6 && p.hasPorts {
		if len(p.transport) < 20 {
			p.hasPorts = false
			return true
		}
		p.tcpFlags = p.transport[13]
	}
	return true
}

func (a *addrTest) test(w words) bool {
	return (w[0]&a.m[0] == a.a[0] && w[1]&a.m[1] == a.a[1]) != a.not
}

// test is Linux's ifname comparison: "eth+" is a prefix, and a hook without
// that interface has the empty name.
func (i *ifaceTest) test(name string) bool {
	n := len(i.name)
	if n == 0 {
		return true
	}
	if i.name[n-1] == '+' {
		return (len(name) >= n-1 && name[:n-1] == i.name[:n-1]) != i.not
	}
	return (name == i.name) != i.not
}

// test reports whether the rule's header and all its matches accept p.
func (r *Rule) test(p *packet) bool {
	if r.src.set && !r.src.test(p.src) || r.dst.set && !r.dst.test(p.dst) {
		return false
	}
	if !r.in.test(p.in) || !r.out.test(p.out) {
		return false
	}
	if r.proto.set && (r.proto.num == p.proto || r.proto.num == 0) == r.proto.not {
		return false
	}
	if r.fragment != 0 && (p.fragOff != 0) != (r.fragment > 0) {
		return false
	}
	for _, m := range r.matches {
		if !m.test(p) {
			return false
		}
	}
	return true
}
