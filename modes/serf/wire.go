package serf

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The type bytes of the membership layer.
const (
	typePing = iota
	typeIndirectPing
	typeAck
	typeSuspect
	typeAlive
	typeDead
	typePushPull
	typeCompound
	typeUser
	typeCompress
	typeEncrypt
	typeNack
	typeCRC
	typeErr
)

// The type bytes of the layer above, inside a user message.
const (
	typeLeave = iota
	typeJoin
	typeState
	typeUserEvent
	typeQuery
	typeQueryResponse
	typeConflictResponse
)

// udpSize is the largest datagram that gossip fills.
const udpSize = 1400

// maxState bounds what a stream may announce, and what a message may inflate to.
const maxState = 20 << 20

type pingMsg struct {
	seq        uint32
	node       string
	sourceAddr []byte
	sourcePort uint16
	sourceNode string
	// only of indirect pings
	target []byte
	port   uint16
	nack   bool
}

func (m *pingMsg) encode(typ byte) []byte {
	e := encoder{b: make([]byte, 0, 128)}
	e.byte(typ)
	n := 5
	if typ == typeIndirectPing {
		e.mapHead(n + 3)
		e.kBool("Nack", m.nack)
	} else {
		e.mapHead(n)
	}
	e.kStr("Node", m.node)
	if typ == typeIndirectPing {
		e.kUint("Port", uint64(m.port))
	}
	e.kUint("SeqNo", uint64(m.seq))
	e.kRaw("SourceAddr", m.sourceAddr)
	e.kStr("SourceNode", m.sourceNode)
	e.kUint("SourcePort", uint64(m.sourcePort))
	if typ == typeIndirectPing {
		e.kRaw("Target", m.target)
	}
	return e.b
}

func (m *pingMsg) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "SeqNo":
			m.seq = uint32(d.uint())
		case "Node":
			m.node = d.str()
		case "SourceAddr":
			m.sourceAddr = d.raw()
		case "SourcePort":
			m.sourcePort = uint16(d.uint())
		case "SourceNode":
			m.sourceNode = d.str()
		case "Target":
			m.target = d.raw()
		case "Port":
			m.port = uint16(d.uint())
		case "Nack":
			m.nack = d.bool()
		default:
			return false
		}
		return true
	})
	return d.err
}

type ackMsg struct {
	seq     uint32
	payload []byte
}

func (m *ackMsg) encode() []byte {
	e := encoder{b: make([]byte, 0, 32+len(m.payload))}
	e.byte(typeAck)
	e.mapHead(2)
	e.kRaw("Payload", m.payload)
	e.kUint("SeqNo", uint64(m.seq))
	return e.b
}

func (m *ackMsg) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "SeqNo":
			m.seq = uint32(d.uint())
		case "Payload":
			m.payload = d.raw()
		default:
			return false
		}
		return true
	})
	return d.err
}

func encodeNack(seq uint32) []byte {
	var e encoder
	e.byte(typeNack)
	e.mapHead(1)
	e.kUint("SeqNo", uint64(seq))
	return e.b
}

func encodeErr(text string) []byte {
	var e encoder
	e.byte(typeErr)
	e.mapHead(1)
	e.kStr("Error", text)
	return e.b
}

func decodeErr(d *decoder) (text string) {
	d.fields(func(k string) bool {
		if k == "Error" {
			text = d.str()
		}
		return k == "Error"
	})
	return text
}

// accusation is a suspect or a dead message.
type accusation struct {
	incarnation uint32
	node, from  string
}

func (m *accusation) encode(typ byte) []byte {
	var e encoder
	e.byte(typ)
	e.mapHead(3)
	e.kStr("From", m.from)
	e.kUint("Incarnation", uint64(m.incarnation))
	e.kStr("Node", m.node)
	return e.b
}

func (m *accusation) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "Incarnation":
			m.incarnation = uint32(d.uint())
		case "Node":
			m.node = d.str()
		case "From":
			m.from = d.str()
		default:
			return false
		}
		return true
	})
	return d.err
}

// aliveMsg is an alive message, and one node of a push/pull.
type aliveMsg struct {
	incarnation uint32
	node        string
	addr        []byte
	port        uint16
	meta        []byte
	vsn         []byte
	state       nodeState // push/pull only
}

func (m *aliveMsg) encode() []byte {
	var e encoder
	e.byte(typeAlive)
	e.mapHead(6)
	e.kRaw("Addr", m.addr)
	e.kUint("Incarnation", uint64(m.incarnation))
	e.kRaw("Meta", m.meta)
	e.kStr("Node", m.node)
	e.kUint("Port", uint64(m.port))
	e.kRaw("Vsn", m.vsn)
	return e.b
}

func (m *aliveMsg) encodeState(e *encoder) {
	e.mapHead(7)
	e.kRaw("Addr", m.addr)
	e.kUint("Incarnation", uint64(m.incarnation))
	e.kRaw("Meta", m.meta)
	e.kStr("Name", m.node)
	e.kUint("Port", uint64(m.port))
	e.kUint("State", uint64(m.state))
	e.kRaw("Vsn", m.vsn)
}

func (m *aliveMsg) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "Incarnation":
			m.incarnation = uint32(d.uint())
		case "Node", "Name":
			m.node = d.str()
		case "Addr":
			m.addr = d.raw()
		case "Port":
			m.port = uint16(d.uint())
		case "Meta":
			m.meta = d.raw()
		case "Vsn":
			m.vsn = d.raw()
		case "State":
			m.state = nodeState(d.uint())
		default:
			return false
		}
		return true
	})
	return d.err
}

// pushPull is the whole state of a member, as it goes over a stream.
type pushPull struct {
	join  bool
	nodes []aliveMsg
	user  []byte
}

func (m *pushPull) encode() []byte {
	e := encoder{b: make([]byte, 0, 256+len(m.user)+100*len(m.nodes))}
	e.byte(typePushPull)
	e.mapHead(3)
	e.kBool("Join", m.join)
	e.kUint("Nodes", uint64(len(m.nodes)))
	e.kUint("UserStateLen", uint64(len(m.user)))
	for i := range m.nodes {
		m.nodes[i].encodeState(&e)
	}
	return append(e.b, m.user...)
}

func (m *pushPull) decode(d *decoder) error {
	nodes, user := 0, 0
	d.fields(func(k string) bool {
		switch k {
		case "Join":
			m.join = d.bool()
		case "Nodes":
			nodes = int(d.uint())
		case "UserStateLen":
			user = int(d.uint())
		default:
			return false
		}
		return true
	})
	for i := 0; i < nodes && d.err == nil; i++ {
		var n aliveMsg
		n.decode(d)
		m.nodes = append(m.nodes, n)
	}
	if user > 0 {
		m.user = bytes.Clone(d.take(user))
	}
	return d.err
}

// compound packs several messages into one.
func compound(msgs [][]byte) []byte {
	n := 2
	for _, m := range msgs {
		n += 2 + len(m)
	}
	b := append(make([]byte, 0, n), typeCompound, byte(len(msgs)))
	for _, m := range msgs {
		b = binary.BigEndian.AppendUint16(b, uint16(len(m)))
	}
	for _, m := range msgs {
		b = append(b, m...)
	}
	return b
}

// parts takes a compound message apart; truncated is how many parts are
// missing.
func parts(b []byte) (msgs [][]byte, truncated int, err error) {
	if len(b) < 1 {
		return nil, 0, errors.New("missing compound length byte")
	}
	n := int(b[0])
	if b = b[1:]; len(b) < 2*n {
		return nil, 0, errors.New("truncated len slice")
	}
	lens := b[:2*n]
	b = b[2*n:]
	for i := range n {
		l := int(binary.BigEndian.Uint16(lens[2*i:]))
		if len(b) < l {
			return msgs, n - i, nil
		}
		msgs = append(msgs, b[:l])
		b = b[l:]
	}
	return msgs, 0, nil
}
