package memberlist

import (
	"bytes"
	"encoding/binary"
	"errors"

	"dnetsim/modes/msgpack"
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

func (m *pingMsg) encode(typ byte) []byte { return m.append(nil, typ) }

func (m *pingMsg) append(b []byte, typ byte) []byte {
	t := []msgpack.Field{
		{"Nack", &m.nack}, {"Node", &m.node}, {"Port", &m.port}, {"SeqNo", &m.seq}, {"SourceAddr", &m.sourceAddr},
		{"SourceNode", &m.sourceNode}, {"SourcePort", &m.sourcePort}, {"Target", &m.target},
	}
	if typ == typePing {
		t = append(t[1:2], t[3:7]...)
	}
	return msgpack.Append(b, typ, t)
}

func (m *pingMsg) decode(d *msgpack.Decoder) error {
	return d.Table([]msgpack.Field{
		{"SeqNo", &m.seq}, {"Node", &m.node}, {"SourceAddr", &m.sourceAddr}, {"SourcePort", &m.sourcePort},
		{"SourceNode", &m.sourceNode}, {"Target", &m.target}, {"Port", &m.port}, {"Nack", &m.nack},
	})
}

type ackMsg struct {
	seq     uint32
	payload []byte
}

func (m *ackMsg) table() []msgpack.Field {
	return []msgpack.Field{{"Payload", &m.payload}, {"SeqNo", &m.seq}}
}
func (m *ackMsg) encode() []byte                  { return m.append(nil) }
func (m *ackMsg) append(b []byte) []byte          { return msgpack.Append(b, typeAck, m.table()) }
func (m *ackMsg) decode(d *msgpack.Decoder) error { return d.Table(m.table()) }

func encodeNack(seq uint32) []byte {
	return msgpack.Message(typeNack, []msgpack.Field{{"SeqNo", &seq}})
}
func encodeErr(text string) []byte {
	return msgpack.Message(typeErr, []msgpack.Field{{"Error", &text}})
}
func decodeErr(d *msgpack.Decoder) (s string) { d.Table([]msgpack.Field{{"Error", &s}}); return s }

// accusation is a suspect or a dead message.
type accusation struct {
	incarnation uint32
	node, from  string
}

func (m *accusation) table() []msgpack.Field {
	return []msgpack.Field{{"From", &m.from}, {"Incarnation", &m.incarnation}, {"Node", &m.node}}
}

func (m *accusation) encode(typ byte) []byte          { return msgpack.Message(typ, m.table()) }
func (m *accusation) decode(d *msgpack.Decoder) error { return d.Table(m.table()) }

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
	return msgpack.Message(typeAlive, []msgpack.Field{
		{"Addr", &m.addr}, {"Incarnation", &m.incarnation}, {"Meta", &m.meta}, {"Node", &m.node}, {"Port", &m.port},
		{"Vsn", &m.vsn},
	})
}

func (m *aliveMsg) encodeState(e *msgpack.Encoder) {
	e.Table([]msgpack.Field{
		{"Addr", &m.addr}, {"Incarnation", &m.incarnation}, {"Meta", &m.meta}, {"Name", &m.node}, {"Port", &m.port},
		{"State", &m.state}, {"Vsn", &m.vsn},
	})
}

func (m *aliveMsg) decode(d *msgpack.Decoder) error {
	return d.Table([]msgpack.Field{
		{"Incarnation", &m.incarnation}, {"Node", &m.node}, {"Name", &m.node}, {"Addr", &m.addr}, {"Port", &m.port},
		{"Meta", &m.meta}, {"Vsn", &m.vsn}, {"State", &m.state},
	})
}

// pushPull is the whole state of a member, as it goes over a stream.
type pushPull struct {
	join  bool
	nodes []aliveMsg
	user  []byte
}

// head is what goes before the nodes and the upper layer's part, which are
// written one after the other.
func (m *pushPull) head(nodes, user *int) []msgpack.Field {
	return []msgpack.Field{{"Join", &m.join}, {"Nodes", nodes}, {"UserStateLen", user}}
}

func (m *pushPull) encode() []byte {
	nodes, user := len(m.nodes), len(m.user)
	e := msgpack.Encoder{B: make([]byte, 0, 256+user+100*nodes)}
	e.Byte(typePushPull)
	e.Table(m.head(&nodes, &user))
	for i := range m.nodes {
		m.nodes[i].encodeState(&e)
	}
	return append(e.B, m.user...)
}

func (m *pushPull) decode(d *msgpack.Decoder) error {
	nodes, user := 0, 0
	d.Table(m.head(&nodes, &user))
	for i := 0; i < nodes && d.Err == nil; i++ {
		var n aliveMsg
		n.decode(d)
		m.nodes = append(m.nodes, n)
	}
	if user > 0 {
		m.user = bytes.Clone(d.Take(user))
	}
	return d.Err
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
