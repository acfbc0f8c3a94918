package netfilter

import (
	"cmp"
	"slices"
	"time"
)

// tracker is the table of connections of one address family. A connection is in
// the table once its first packet has got through (it is confirmed); before, it
// lives in its packet only.
type tracker struct {
	opts  Options
	seq   uint64
	index map[tuple]*conn // by both directions
	frags map[fragment]tracked
	sweep int // size of index at which the dead are removed
	// recent is the latest new connection, for the answer to a rejected packet.
	recent *conn
}

// fragment names the pieces of one IPv4 packet; the first piece, which has the
// ports, leaves its connection for the others.
type fragment struct {
	src, dst words
	id       uint16
	proto    uint8
}

type tracked struct {
	conn    *conn
	reply   bool
	expires time.Time
}

// Linux's timeouts for what is not TCP.
const (
	icmpTimeout      = 30 * time.Second
	udpTimeout       = 30 * time.Second
	udpStreamTimeout = 120 * time.Second
	// A UDP flow is a stream once it is answered after this long.
	udpStreamAfter = 2 * time.Second
	genericTimeout = 600 * time.Second
	fragTimeout    = 30 * time.Second
)

func newTracker(opts Options) *tracker {
	return &tracker{opts: opts, index: map[tuple]*conn{}, frags: map[fragment]tracked{}, sweep: 1024}
}

// get finds the living connection with a packet of that tuple, and its
// direction.
func (t *tracker) get(k tuple, now time.Time) (c *conn, reply bool) {
	c = t.index[k]
	if c == nil {
		return nil, false
	}
	if now.After(c.expires) {
		t.remove(c)
		return nil, false
	}
	return c, c.orig != k
}

// begin tracks a packet that enters the namespace or leaves a socket
// (nf_conntrack_in).
func (t *tracker) begin(p *packet) {
	nf := p.nf
	if p.hook == hookPrerouting {
		t.recent = nil
	}
	nf.conn, nf.reply, nf.related, nf.state = nil, false, false, ctInvalid
	now := t.opts.Now()
	if p.icmpError() {
		t.relate(p, now)
		return
	}
	if p.fragOff != 0 {
		t.laterFragment(p, now)
		return
	}
	k, ok := p.tuple()
	if !ok {
		if p.v6 && p.hasICMP && p.icmpType >= 130 {
			nf.state = ctUntracked // neighbour discovery and its kin
		}
		return
	}
	c, reply := t.get(k, now)
	if p.in == "lo" && t.looped(p, c, reply, k, now) {
		return
	}
	if c == nil {
		if t.recent != nil && !t.recent.confirmed && t.recent.repl == k {
			nf.conn, nf.reply, nf.state = t.recent, true, ctEstablished
			return
		}
		if c = t.create(p, k, now); c == nil {
			return
		}
	}
	if !t.update(c, p, reply, now) {
		return
	}
	nf.conn, nf.reply = c, reply
	nf.state = c.state(reply)
	if p.moreFrags {
		t.firstFragment(p, now)
	}
}

// looped recognises a packet that comes back by the loopback interface: it was
// tracked when it left, and may have been translated since.
func (t *tracker) looped(p *packet, c *conn, reply bool, k tuple, now time.Time) bool {
	if c == nil {
		back := k.reverse()
		if c, reply = t.get(back, now); c == nil {
			return false
		}
		reply = !reply
	}
	p.nf.conn, p.nf.reply, p.nf.state = c, reply, c.state(reply)
	return true
}

// catchUp finds the connection of a packet that missed its begin: one that was
// put together from fragments.
func (t *tracker) catchUp(prog *program, p *packet) {
	nf := p.nf
	if !prog.tracks || nf.state != 0 {
		return
	}
	nf.state = ctInvalid
	now := t.opts.Now()
	k, ok := p.tuple()
	if !ok {
		return
	}
	c, reply := t.get(k, now)
	if !t.looped(p, c, reply, k, now) && t.recent != nil && t.recent.repl == k.reverse() {
		nf.conn, nf.state = t.recent, ctNew
	}
}

// relate finds the connection that an ICMP error is about.
func (t *tracker) relate(p *packet, now time.Time) {
	var inner headers
	if len(p.transport) < 8 || !inner.read(p.transport[8:], p.v6) || inner.fragOff != 0 {
		return
	}
	k, ok := inner.tuple()
	if !ok {
		return
	}
	back := k.reverse()
	c, reply := t.get(back, now)
	if c == nil {
		// An error made here quotes the packet half translated.
		if c, reply = t.get(k, now); c != nil {
			reply = !reply
		}
	}
	if r := t.recent; c == nil && r != nil && (r.repl == back || r.orig == k || r.orig == back) {
		c, reply = r, r.orig != back
	}
	if c == nil {
		return
	}
	p.nf.conn, p.nf.reply, p.nf.related, p.nf.state = c, reply, true, ctRelated
}

func (t *tracker) firstFragment(p *packet, now time.Time) {
	if len(t.frags) > 256 {
		for k, f := range t.frags {
			if now.After(f.expires) {
				delete(t.frags, k)
			}
		}
	}
	t.frags[p.fragment()] = tracked{p.nf.conn, p.nf.reply, now.Add(fragTimeout)}
}

func (t *tracker) laterFragment(p *packet, now time.Time) {
	f, ok := t.frags[p.fragment()]
	if !ok || now.After(f.expires) {
		return
	}
	p.nf.conn, p.nf.reply, p.nf.state = f.conn, f.reply, f.conn.state(f.reply)
}

func (p *packet) fragment() fragment { return fragment{p.src, p.dst, p.id, p.proto} }

func (c *conn) state(reply bool) ctState {
	if reply || c.replied {
		return ctEstablished
	}
	return ctNew
}

func (t *tracker) create(p *packet, k tuple, now time.Time) *conn {
	if p.isReply() {
		return nil // an answer to nothing
	}
	if p.proto == 6 && tcpMoves[0][tcpKind(p.tcpFlags)][tcpNone] == tcpInvalid {
		return nil
	}
	t.seq++
	c := &conn{seq: t.seq, orig: k, repl: k.reverse(), created: now, icmpType: p.icmpType, icmpCode: p.icmpCode}
	t.recent = c
	return c
}

// update takes a packet into account; false if it does not fit its connection.
func (t *tracker) update(c *conn, p *packet, reply bool, now time.Time) bool {
	dir := 0
	if reply {
		dir = 1
	}
	setting, timeout := "net.netfilter.nf_conntrack_generic_timeout", genericTimeout
	switch c.orig.proto {
	case 6:
		was := c.replied
		c.replied = c.replied || reply
		timer, ok := c.step(p.tcpFlags, dir)
		if !ok {
			c.replied = was
			return false
		}
		setting, timeout = tcpSettings[timer], tcpTimeouts[timer]
	case 17:
		setting, timeout = "net.netfilter.nf_conntrack_udp_timeout", udpTimeout
		if (c.replied || reply) && now.Sub(c.created) > udpStreamAfter {
			setting, timeout, c.assured = "net.netfilter.nf_conntrack_udp_timeout_stream", udpStreamTimeout, true
		}
	case 1:
		setting, timeout = "net.netfilter.nf_conntrack_icmp_timeout", icmpTimeout
	case 58:
		setting, timeout = "net.netfilter.nf_conntrack_icmpv6_timeout", icmpTimeout
	}
	if setting != "" && t.opts.Setting != nil {
		timeout = cmp.Or(time.Duration(t.opts.Setting(setting))*time.Second, timeout)
	}
	c.replied = c.replied || reply
	c.packets[dir]++
	c.bytes[dir] += uint64(p.length)
	if timeout > 0 {
		c.expires = now.Add(timeout)
	}
	return true
}

// confirm puts the connection of a packet that got through into the table.
func (t *tracker) confirm(p *packet) {
	c := p.nf.conn
	if c == nil || c.confirmed || p.nf.reply || p.nf.related {
		return
	}
	now := t.opts.Now()
	if other, _ := t.get(c.orig, now); other != nil {
		p.nf.conn = other // the same packet took two ways, as over a bridge
		return
	}
	if len(t.index) >= t.sweep {
		t.clean(now)
	}
	c.confirmed = true
	t.index[c.orig] = c
	if other, _ := t.get(c.repl, now); other == nil {
		t.index[c.repl] = c
	}
}

func (t *tracker) remove(c *conn) {
	for _, k := range [2]tuple{c.orig, c.repl} {
		if t.index[k] == c {
			delete(t.index, k)
		}
	}
}

func (t *tracker) clean(now time.Time) {
	for _, c := range t.index {
		if now.After(c.expires) {
			t.remove(c)
		}
	}
	t.sweep = max(1024, 2*len(t.index))
}

// Flows lists the tracked connections, oldest first. There are none until a
// rule or the nat table needs tracking, as in Linux.
func (r *Rules) Flows() []Flow {
	t := r.tracker
	now := t.opts.Now()
	t.clean(now)
	var conns []*conn
	for k, c := range t.index {
		if k == c.orig {
			conns = append(conns, c)
		}
	}
	slices.SortFunc(conns, func(a, b *conn) int { return int(int64(a.seq) - int64(b.seq)) })
	var list []Flow
	for _, c := range conns {
		list = append(list, c.export(now, r.opts.V6))
	}
	return list
}

// DeleteFlows forgets the connections for which match is true, all of them when
// it is nil, and returns how many they were ("conntrack -D", "conntrack -F").
func (r *Rules) DeleteFlows(match func(Flow) bool) int {
	t := r.tracker
	now := t.opts.Now()
	t.clean(now)
	n := 0
	for k, c := range t.index {
		if k == c.orig && (match == nil || match(c.export(now, r.opts.V6))) {
			t.remove(c)
			n++
		}
	}
	return n
}
