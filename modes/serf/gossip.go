package serf

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// packet handles one datagram.
func (a *Agent) packet(b []byte, from netip.AddrPort) {
	if len(b) >= 5 && b[0] == typeCRC {
		got, want := crc32.ChecksumIEEE(b[5:]), binary.BigEndian.Uint32(b[1:])
		if got != want {
			a.logf("WARN", "memberlist: Got invalid checksum for UDP packet: %x, %x", got, want)
			return
		}
		b = b[5:]
	}
	a.command(b, from, 0)
}

func (a *Agent) command(b []byte, from netip.AddrPort, depth int) {
	if a.down {
		return
	}
	if len(b) < 1 {
		a.logf("ERR", "memberlist: missing message type byte from=%v", from)
		return
	}
	typ, d := b[0], &decoder{b: b[1:]}
	bad := func(what string, err error) {
		if err != nil {
			a.logf("ERR", "memberlist: Failed to decode %s: %v from=%v", what, err, from)
		}
	}
	if depth > 4 {
		typ = 255
	}
	switch typ {
	case typeCompound:
		msgs, cut, err := parts(b[1:])
		if err != nil {
			a.logf("ERR", "memberlist: Failed to decode compound request: %s from=%v", err, from)
			return
		}
		if cut > 0 {
			a.logf("WARN", "memberlist: Compound request had %d truncated messages from=%v", cut, from)
		}
		for _, m := range msgs {
			a.command(m, from, depth+1)
		}
	case typeCompress:
		m, err := inflate(d)
		if err != nil {
			a.logf("ERR", "memberlist: Failed to decompress payload: %v from=%v", err, from)
			return
		}
		a.command(m, from, depth+1)
	case typePing:
		var m pingMsg
		if err := m.decode(d); err != nil {
			bad("ping request", err)
			return
		}
		a.pinged(&m, from)
	case typeIndirectPing:
		var m pingMsg
		if err := m.decode(d); err != nil {
			bad("indirect ping request", err)
			return
		}
		a.pingFor(&m, from)
	case typeAck:
		var m ackMsg
		if err := m.decode(d); err != nil {
			bad("ack response", err)
			return
		}
		a.acked(&m)
	case typeNack:
		var m ackMsg
		if err := m.decode(d); err != nil {
			bad("nack response", err)
			return
		}
		if w := a.waiting[m.seq]; w != nil && w.nack != nil {
			w.nack()
		}
	case typeSuspect, typeDead:
		var m accusation
		if err := m.decode(d); err != nil {
			bad(map[bool]string{true: "suspect message", false: "dead message"}[typ == typeSuspect], err)
			return
		}
		if typ == typeSuspect {
			a.suspect(&m)
		} else {
			a.dead(&m)
		}
	case typeAlive:
		var m aliveMsg
		if err := m.decode(d); err != nil {
			bad("alive message", err)
			return
		}
		a.alive(&m, false)
	case typeUser:
		a.userMessage(b[1:])
	default:
		a.logf("ERR", "memberlist: msg type (%d) not supported from=%v", typ, from)
	}
}

// broadcasts takes gossip for one datagram: the membership's own first, then
// the upper layer's.
func (a *Agent) broadcasts(limit int) [][]byte {
	const overhead = 2
	out := a.gossip.take(overhead, limit, len(a.nodes))
	for _, m := range out {
		limit -= len(m) + overhead
	}
	if limit <= overhead+1 {
		return out
	}
	for _, q := range []*queue{&a.intentQueue, &a.queryQueue, &a.eventQueue} {
		for _, m := range q.take(overhead+1, limit, len(a.members)) {
			limit -= len(m) + overhead + 1
			out = append(out, append([]byte{typeUser}, m...))
		}
	}
	return out
}

// spread queues a membership message about a node.
func (a *Agent) spread(name string, msg []byte, done func()) {
	a.gossip.add(&rumour{msg: msg, name: name, done: done})
	a.wakeGossip()
}

func (a *Agent) quiet() bool {
	return len(a.gossip.items)+len(a.intentQueue.items)+len(a.eventQueue.items)+len(a.queryQueue.items) == 0
}

// wakeGossip sees to it that the next tick happens. Ticks lie on a grid from
// the agent's birth; those on which there is nothing to say, or nobody to say
// it to, are left out.
func (a *Agent) wakeGossip() {
	if a.tick == nil || a.down || a.tick.Running() || a.quiet() {
		return
	}
	for _, n := range a.nodes {
		if a.hears(n) {
			a.tick.Reset(gossipInterval - (a.loop.Now()-a.born)%gossipInterval)
			return
		}
	}
}

// hears says whether gossip goes to a node.
func (a *Agent) hears(n *node) bool {
	switch {
	case n.name == a.cfg.NodeName:
		return false
	case n.state == stateDead:
		return a.loop.Now()-n.changed <= gossipToTheDead
	}
	return n.state == stateAlive || n.state == stateSuspect
}

func (a *Agent) gossipTick() {
	for _, n := range a.some(gossipNodes, a.hears) {
		msgs := a.broadcasts(udpSize - 2)
		if len(msgs) == 0 {
			break
		}
		m := msgs[0]
		if len(msgs) > 1 {
			m = compound(msgs)
		}
		if err := a.send(n.addr, m, n.vsn[1] >= 5); err != nil {
			a.logf("ERR", "memberlist: Failed to send gossip to %v: %s", n.addr, err)
		}
	}
	a.wakeGossip()
}

// some draws up to k different nodes that want accepts.
func (a *Agent) some(k int, want func(*node) bool) []*node {
	var out []*node
	for i := 0; i < 3*len(a.nodes) && len(out) < k; i++ {
		n := a.nodes[a.rng.IntN(len(a.nodes))]
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
