package memberlist

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"

	"dnetsim/modes/msgpack"
)

// Receive handles one datagram.
func (l *List) Receive(b []byte, from netip.AddrPort) {
	b, err := l.ring.unseal(l.plain[:0], b, nil)
	if err != nil {
		l.logf("ERR", "Decrypt packet failed: %v from=%v", err, from)
		return
	}
	if len(l.ring.keys) > 0 {
		l.plain = b
	}
	if len(b) >= 5 && b[0] == typeCRC {
		got, want := crc32.ChecksumIEEE(b[5:]), binary.BigEndian.Uint32(b[1:])
		if got != want {
			l.logf("WARN", "Got invalid checksum for UDP packet: %x, %x", got, want)
			return
		}
		b = b[5:]
	}
	l.command(b, from, 0)
}

func (l *List) command(b []byte, from netip.AddrPort, depth int) {
	if l.down {
		return
	}
	if len(b) < 1 {
		l.logf("ERR", "missing message type byte from=%v", from)
		return
	}
	typ, d := b[0], &msgpack.Decoder{B: b[1:]}
	bad := func(what string, err error) {
		if err != nil {
			l.logf("ERR", "Failed to decode %s: %v from=%v", what, err, from)
		}
	}
	if depth > 4 {
		typ = 255
	}
	switch typ {
	case typeCompound:
		msgs, cut, err := parts(b[1:])
		if err != nil {
			l.logf("ERR", "Failed to decode compound request: %s from=%v", err, from)
			return
		}
		if cut > 0 {
			l.logf("WARN", "Compound request had %d truncated messages from=%v", cut, from)
		}
		for _, m := range msgs {
			l.command(m, from, depth+1)
		}
	case typeCompress:
		m, err := l.sq.inflate(d)
		if err != nil {
			l.logf("ERR", "Failed to decompress payload: %v from=%v", err, from)
			return
		}
		l.command(m, from, depth+1)
	case typePing:
		var m pingMsg
		if err := m.decode(d); err != nil {
			bad("ping request", err)
			return
		}
		l.pinged(&m, from)
	case typeIndirectPing:
		var m pingMsg
		if err := m.decode(d); err != nil {
			bad("indirect ping request", err)
			return
		}
		l.pingFor(&m, from)
	case typeAck:
		var m ackMsg
		if err := m.decode(d); err != nil {
			bad("ack response", err)
			return
		}
		l.acked(&m)
	case typeNack:
		var m ackMsg
		if err := m.decode(d); err != nil {
			bad("nack response", err)
			return
		}
		if w := l.waiting[m.seq]; w != nil {
			w.who.nacked()
		}
	case typeSuspect, typeDead:
		var m accusation
		if err := m.decode(d); err != nil {
			bad(map[bool]string{true: "suspect message", false: "dead message"}[typ == typeSuspect], err)
			return
		}
		if typ == typeSuspect {
			l.suspect(&m)
		} else {
			l.dead(&m)
		}
	case typeAlive:
		var m aliveMsg
		if err := m.decode(d); err != nil {
			bad("alive message", err)
			return
		}
		l.alive(&m, false)
	case typeUser:
		l.user(b[1:])
	default:
		l.logf("ERR", "msg type (%d) not supported from=%v", typ, from)
	}
}

// user hands a message to the list's user.
func (l *List) user(msg []byte) {
	if len(msg) > 0 && !l.down {
		l.cfg.Delegate.NotifyMsg(msg)
	}
}

// broadcasts takes gossip for one datagram: the membership's own first, then
// the upper layer's.
func (l *List) broadcasts(limit int) [][]byte {
	const overhead = 2
	out := l.gossip.Take(overhead, limit, len(l.nodes))
	for _, m := range out {
		limit -= len(m) + overhead
	}
	if limit <= overhead+1 {
		return out
	}
	for _, m := range l.cfg.Delegate.Broadcasts(overhead+1, limit) {
		out = append(out, append([]byte{typeUser}, m...))
	}
	return out
}

// spread queues a membership message about a node.
func (l *List) spread(name string, msg []byte, done func()) {
	l.gossip.Add(msg, name, done)
	l.Wake()
}

func (l *List) quiet() bool {
	return l.gossip.Empty() && !l.cfg.Delegate.Pending()
}

// Wake sees to it that the next tick happens. Ticks lie on a grid from
// the list's birth; those on which there is nothing to say, or nobody to say
// it to, are left out.
func (l *List) Wake() {
	if l.tick == nil || l.down || l.tick.Running() || l.quiet() {
		return
	}
	for _, n := range l.nodes {
		if l.hears(n) {
			l.tick.Reset(GossipInterval - (l.loop.Now()-l.born)%GossipInterval)
			return
		}
	}
}

// hears says whether gossip goes to a node.
func (l *List) hears(n *node) bool {
	switch {
	case n.name == l.cfg.Name:
		return false
	case n.state == stateDead:
		return l.loop.Now()-n.changed <= gossipToTheDead
	}
	return n.state == stateAlive || n.state == stateSuspect
}

func (l *List) gossipTick() {
	for _, n := range l.some(gossipNodes, l.hears) {
		msgs := l.broadcasts(udpSize - 2 - l.ring.overhead())
		if len(msgs) == 0 {
			break
		}
		m := msgs[0]
		if len(msgs) > 1 {
			m = compound(msgs)
		}
		if err := l.send(n.addr, m, n.vsn[1] >= 5); err != nil {
			l.logf("ERR", "Failed to send gossip to %v: %s", n.addr, err)
		}
	}
	l.Wake()
}

// some draws up to k different nodes that want accepts.
func (l *List) some(k int, want func(*node) bool) []*node {
	var out []*node
	for i := 0; i < 3*len(l.nodes) && len(out) < k; i++ {
		n := l.nodes[l.rng.IntN(len(l.nodes))]
		if !want(n) {
			continue
		}
		seen := false
		for _, o := range out {
			seen = seen || o == n
		}
		if !seen {
			out = append(out, n)
		}
	}
	return out
}
