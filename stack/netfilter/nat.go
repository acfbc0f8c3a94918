package netfilter

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link/trail"
)

// translate binds a new connection as the nat table says, and rewrites the
// packet as its connection is bound. dst chooses which end is dealt with:
// PREROUTING and OUTPUT change destinations, INPUT and POSTROUTING sources; for
// packets of the reply direction this undoes the other end's change.
func (r *Rules) translate(prog *program, p *packet, dst bool) bool {
	c := p.nf.conn
	if c == nil {
		return true
	}
	if p.nf.related {
		p.translateError(c, dst)
		return true
	}
	if dst && c.balanced && !p.nf.reply {
		return true // IPVS rewrites it behind INPUT
	}
	if !c.confirmed && !p.nf.reply && p.fragOff == 0 && !r.bind(prog, c, p, dst) {
		return false
	}
	addr, port, change := c.manip(dst, p.nf.reply)
	if change {
		p.headers.rewrite(dst, addr, port, p.nf.ChecksumPartial)
		p.headers.read(p.nf.Data, p.v6)
		p.rewritten = true
		p.natBy = c.srcBy
		if dst != p.nf.reply {
			p.natBy = c.dstBy
		}
	}
	return true
}

// manip is what one end of a packet becomes.
func (c *conn) manip(dst, reply bool) (addr words, port uint16, change bool) {
	switch {
	case dst && reply:
		return c.orig.src, c.orig.sport, c.snat()
	case dst:
		return c.repl.src, c.repl.sport, c.dnat()
	case reply:
		return c.orig.dst, c.orig.dport, c.dnat()
	}
	return c.repl.dst, c.repl.dport, c.snat()
}

// bind asks the nat table once for each end of a new connection.
func (r *Rules) bind(prog *program, c *conn, p *packet, dst bool) bool {
	done := &c.srcDone
	if dst {
		done = &c.dstDone
	}
	if *done {
		return true
	}
	*done = true
	p.nat, p.natBy = nil, natRule{}
	for i := range prog.nat[p.hook] {
		if !r.ask(&prog.nat[p.hook][i], p) {
			return false
		}
		if p.nat != nil {
			break
		}
	}
	if dst {
		c.dstBy = p.natBy
		return p.nat == nil || r.bindDestination(c, p)
	}
	c.srcBy = p.natBy
	return r.bindSource(c, p)
}

func (r *Rules) bindDestination(c *conn, p *packet) bool {
	t := p.nat
	addr := c.repl.src
	switch {
	case t.lo.IsValid():
		addr = t.pick(p.src)
	case t.kind == "REDIRECT":
		var ok bool
		if addr, ok = r.redirectAddr(p); !ok {
			return p.noAddress(t)
		}
	}
	c.repl.src = addr
	if !t.hasPort || p.proto != 6 && p.proto != 17 {
		return true
	}
	if c.repl.sport < t.portLo || c.repl.sport > t.portHi {
		c.repl.sport = t.portLo
		if n := uint32(t.portHi-t.portLo) + 1; n > 1 {
			c.repl.sport += uint16(r.opts.Rand() % n)
		}
	}
	return true
}

// redirectAddr is this machine: the interface that the packet came in by, or
// the loopback address for a packet made here.
func (r *Rules) redirectAddr(p *packet) (words, bool) {
	if p.hook == hookOutput {
		if p.v6 {
			return addrWords(netip.IPv6Loopback()), true
		}
		return addrWords(netip.AddrFrom4([4]byte{127, 0, 0, 1})), true
	}
	return p.deviceAddr(p.in)
}

func (p *packet) deviceAddr(dev string) (words, bool) {
	if p.nf.OutAddr == nil {
		return words{}, false
	}
	b, ok := p.nf.OutAddr(dev)
	if !ok {
		return words{}, false
	}
	a := netip.AddrFrom16(b)
	if !p.v6 {
		a = a.Unmap()
		if !a.Is4() {
			return words{}, false
		}
	}
	return addrWords(a), true
}

func (p *packet) noAddress(t *natTarget) bool {
	rule := &trail.Rule{Table: "nat", Chain: hookNames[p.hook], Text: "-j " + t.kind + " (the interface has no address)"}
	if p.natBy.nft != nil {
		rule = p.natBy.nft
	}
	p.verdict = Verdict{Action: Drop, Rule: rule}
	return false
}

// bindSource also sees connections that no rule translates: their port may
// still have to give way to that of a translated one.
func (r *Rules) bindSource(c *conn, p *packet) bool {
	t := p.nat
	lo, hi := uint16(0), uint16(0xffff)
	if p.proto == 6 || p.proto == 17 {
		lo, hi = portClass(c.repl.dport)
	}
	random := false
	if t != nil {
		random = t.random || t.randomFully
		if t.hasPort {
			lo, hi = t.portLo, t.portHi
		}
		switch {
		case t.lo.IsValid():
			c.repl.dst = t.pick(p.src)
		case t.kind == "MASQUERADE":
			addr, ok := p.deviceAddr(p.out)
			if !ok {
				return p.noAddress(t)
			}
			c.repl.dst = addr
		}
	}
	r.uniquePort(c, lo, hi, random)
	return true
}

// portClass is the range that a source port may move in: below 512, below
// 1024, or above, as iptables(8) says.
func portClass(port uint16) (lo, hi uint16) {
	switch {
	case port < 512:
		return 1, 511
	case port < 1024:
		return 600, 1023
	}
	return 1024, 65535
}

// uniquePort keeps the source port (or ICMP identifier) if the answers would be
// told from those of other connections, and otherwise looks for the next that
// is free (nf_nat_l4proto_unique_tuple).
func (r *Rules) uniquePort(c *conn, lo, hi uint16, random bool) {
	now := r.opts.Now()
	free := func() bool {
		other, _ := r.tracker.get(c.repl, now)
		return other == nil || other == c
	}
	switch c.orig.proto {
	case 1, 6, 17, 58:
	default:
		return
	}
	port := c.repl.dport
	inside := port >= lo && port <= hi
	if inside && !random && free() {
		return
	}
	n := uint32(hi-lo) + 1
	at := uint32(0)
	switch {
	case random || !inside && n > 1:
		at = r.opts.Rand() % n
	case inside:
		at = uint32(port-lo) + 1
	}
	for i := range n {
		c.repl.dport = lo + uint16((at+i)%n)
		if free() {
			return
		}
	}
}

// pick takes one address of a range by the client, so that a client keeps it.
func (t *natTarget) pick(client words) words {
	lo, hi := addrWords(t.lo), addrWords(t.hi)
	if n := hi[1] - lo[1]; hi[0] == lo[0] && n > 0 && n < 1<<32 {
		lo[1] += (client[1] * 0x9e3779b97f4a7c15 >> 32) % (n + 1)
	}
	return lo
}

// rewrite gives one end of the packet another address and port, and mends the
// checksums.
func (h *headers) rewrite(dst bool, addr words, port uint16, partial bool) {
	field := h.addrField(dst)
	var old, now [16]byte
	n := copy(old[:], field)
	addr.put(field)
	copy(now[:], field)
	if !h.v6 {
		mend(h.ip[10:12], old[:n], now[:n])
	}
	if h.fragOff != 0 {
		return
	}
	sum, partial := h.checksum(partial)
	if sum != nil && h.proto != 1 {
		if partial {
			mendPartial(sum, old[:n], now[:n])
		} else {
			mend(sum, old[:n], now[:n])
		}
	}
	h.rewritePort(dst, port, sum, partial)
	if h.proto == 17 && !partial && sum != nil && sum[0]|sum[1] == 0 {
		sum[0], sum[1] = 0xff, 0xff
	}
}

func (h *headers) addrField(dst bool) []byte {
	switch {
	case h.v6 && dst:
		return h.ip[24:40]
	case h.v6:
		return h.ip[8:24]
	case dst:
		return h.ip[16:20]
	}
	return h.ip[12:16]
}

// checksum is the field of the transport checksum, nil if there is none, and
// whether it holds only the sum of the pseudo header.
func (h *headers) checksum(partial bool) ([]byte, bool) {
	t := h.transport
	at := -1
	switch h.proto {
	case 6:
		at = 16
	case 17:
		at = 6
	case 1, 58:
		at, partial = 2, false
	}
	if at < 0 || len(t) < at+2 {
		return nil, partial
	}
	if h.proto == 17 && !partial && t[6]|t[7] == 0 {
		return nil, partial // sent without
	}
	return t[at : at+2], partial
}

func (h *headers) rewritePort(dst bool, port uint16, sum []byte, partial bool) {
	var field []byte
	switch {
	case h.hasPorts && dst:
		field = h.transport[2:4]
	case h.hasPorts:
		field = h.transport[0:2]
	case (h.isRequest() && !dst || h.isReply() && dst) && len(h.transport) >= 6:
		field = h.transport[4:6]
	default:
		return
	}
	var old [2]byte
	copy(old[:], field)
	binary.BigEndian.PutUint16(field, port)
	if sum != nil && !partial {
		mend(sum, old[:], field)
	}
}

// mend changes a checksum for bytes that were changed under it (RFC 1624).
// Both have an even length.
func mend(sum, old, now []byte) {
	s := uint32(^binary.BigEndian.Uint16(sum))
	for i := 0; i+1 < len(old); i += 2 {
		s += uint32(^binary.BigEndian.Uint16(old[i:])) + uint32(binary.BigEndian.Uint16(now[i:]))
	}
	binary.BigEndian.PutUint16(sum, ^fold(s))
}

// mendPartial does so for a sum that is not complemented yet.
func mendPartial(sum, old, now []byte) {
	s := uint32(binary.BigEndian.Uint16(sum))
	for i := 0; i+1 < len(old); i += 2 {
		s += uint32(^binary.BigEndian.Uint16(old[i:])) + uint32(binary.BigEndian.Uint16(now[i:]))
	}
	binary.BigEndian.PutUint16(sum, fold(s))
}

func fold(s uint32) uint16 {
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// translateError changes an ICMP error outside and in the packet that it
// quotes (nf_nat_icmp_reply_translation).
func (p *packet) translateError(c *conn, dst bool) {
	addr, port, change := c.manip(dst, p.nf.reply)
	if !change {
		return
	}
	var inner headers
	if len(p.transport) < 8 || !inner.read(p.transport[8:], p.v6) {
		return
	}
	inner.rewrite(!dst, addr, port, false)
	field := p.addrField(dst)
	var old [16]byte
	n := copy(old[:], field)
	addr.put(field)
	if !p.v6 {
		mend(p.ip[10:12], old[:n], field)
	}
	p.sumICMP()
	p.headers.read(p.nf.Data, p.v6)
}

// sumICMP writes the checksum of an ICMP message anew.
func (p *packet) sumICMP() {
	t := p.transport
	t[2], t[3] = 0, 0
	s := uint32(0)
	add := func(b []byte) {
		for ; len(b) >= 2; b = b[2:] {
			s += uint32(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			s += uint32(b[0]) << 8
		}
	}
	if p.v6 {
		add(p.ip[8:40])
		s += uint32(len(t)) + 58
	}
	add(t)
	binary.BigEndian.PutUint16(t[2:], ^fold(s))
}
