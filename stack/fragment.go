package stack

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// fillChecksum completes the transport checksum of an IPv4 packet.
func (p *packet) fillChecksum() {
	if p.nf.ChecksumPartial {
		p.f.Checksum = link.ChecksumPartial
		putEther(p.f.Bytes(), MAC{}, MAC{}, link.TypeIPv4)
		link.FillChecksum(p.f)
		p.nf.ChecksumPartial = false
	}
}

// fragmentIPv4 cuts a packet into pieces that fit mtu (RFC 791) and frees it.
func (tx *ipOutput) fragmentIPv4(p *packet, mtu int) []*packet {
	p.fillChecksum()
	d := p.nf.Data
	hl := p.headerLen()
	body := d[hl:]
	step := (mtu - hl) &^ 7
	base := binary.BigEndian.Uint16(d[6:])
	var out []*packet
	for off := 0; off < len(body); off += step {
		n := min(step, len(body)-off)
		q := tx.ns.newPacket(hl+n, false)
		copy(q.nf.Data, d[:hl])
		copy(q.nf.Data[hl:], body[off:off+n])
		field := base&0xe000 | base&0x1fff + uint16(off/8)
		if off+n < len(body) {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(q.nf.Data[2:], uint16(hl+n))
		binary.BigEndian.PutUint16(q.nf.Data[6:], field)
		headerChecksum(q.nf.Data)
		q.in, q.oif, q.nf.Mark = p.in, p.oif, p.nf.Mark
		q.f.Checksum = link.ChecksumComplete
		if tx.ns.trail.On() {
			q.f.Tag = tx.ns.trail.Within(&p.f.Tag)
			tx.ns.ends.tell(nil, trail.Segment, q)
		}
		out = append(out, q)
	}
	p.release()
	return out
}

// fragKey names the packet that fragments belong to.
type fragKey struct {
	src, dst netip.Addr
	id       uint16
	proto    uint8
}

// fragQueue is the fragments of a packet that have come so far.
type fragQueue struct {
	parts []fragPart
	total int // length of the payload, 0 until the last fragment is here
	first *packet
	timer *sim.Timer
}

type fragPart struct {
	off int
	p   *packet
}

// reassembly is the fragments that wait for the rest of their packets.
type reassembly struct {
	ns     *Namespace
	queues map[fragKey]*fragQueue
}

// add adds a fragment. It returns the whole packet if that was the last
// one missing, else nil.
func (ra *reassembly) add(p *packet) *packet {
	d := p.nf.Data
	k := fragKey{p.src(), p.dst(), binary.BigEndian.Uint16(d[4:]), p.proto()}
	q := ra.queues[k]
	if q == nil {
		q = &fragQueue{}
		q.timer = ra.ns.loop.NewTimer(func() { ra.expire(k, q) })
		keep := time.Duration(ra.ns.sys.number("net.ipv4.ipfrag_time")) * time.Second
		q.timer.Reset(keep)
		if ra.queues == nil {
			ra.queues = make(map[fragKey]*fragQueue)
		}
		ra.queues[k] = q
	}
	field := binary.BigEndian.Uint16(d[6:])
	off := int(field&0x1fff) * 8
	if field&0x2000 == 0 {
		q.total = off + len(p.payload())
	}
	if off == 0 {
		q.first = p
	}
	q.parts = append(q.parts, fragPart{off, p})
	slices.SortStableFunc(q.parts, func(a, b fragPart) int { return a.off - b.off })
	if !q.complete() {
		ra.ns.ends.tell(p.in, trail.Queue, p)
		return nil
	}
	delete(ra.queues, k)
	q.timer.Stop()
	return ra.join(q)
}

func (q *fragQueue) complete() bool {
	if q.total == 0 || q.first == nil {
		return false
	}
	have := 0
	for _, x := range q.parts {
		if x.off > have {
			return false
		}
		have = max(have, x.off+len(x.p.payload()))
	}
	return have >= q.total
}

// join makes one packet of all fragments and frees them.
func (ra *reassembly) join(q *fragQueue) *packet {
	hl := q.first.headerLen()
	w := ra.ns.newPacket(hl+q.total, false)
	copy(w.f.Bytes(), q.first.f.Bytes()[:link.HeaderLen])
	copy(w.nf.Data, q.first.nf.Data[:hl])
	for _, x := range q.parts {
		copy(w.nf.Data[min(hl+x.off, len(w.nf.Data)):], x.p.payload())
	}
	binary.BigEndian.PutUint16(w.nf.Data[2:], uint16(min(hl+q.total, 0xffff)))
	w.nf.Data[6], w.nf.Data[7] = w.nf.Data[6]&0x40, 0
	headerChecksum(w.nf.Data)
	f := q.first
	w.in, w.group, w.bcast = f.in, f.group, f.bcast
	w.nf.Mark, w.nf.SrcMAC, w.nf.DstMAC, w.nf.HasMAC, w.nf.Traced = f.nf.Mark, f.nf.SrcMAC, f.nf.DstMAC, f.nf.HasMAC, f.nf.Traced
	w.f.Checksum = f.f.Checksum
	w.f.Tag = f.f.Tag.Whole()
	for _, x := range q.parts {
		ra.ns.ends.arrived(x.p)
	}
	ra.ns.ends.tell(w.in, trail.Join, w)
	return w
}

// expire gives up a packet: its fragments are dropped, and the
// sender is told if the first one is there.
func (ra *reassembly) expire(k fragKey, q *fragQueue) {
	delete(ra.queues, k)
	if ra.ns.closed {
		return
	}
	if q.first != nil {
		ra.ns.icmp.sendError(q.first, 11, 1, 0)
	}
	for _, x := range q.parts {
		ra.ns.ends.discard(x.p.in, trail.ReassemblyTimeout, x.p)
	}
}
