package networkdb

import "dnetsim/modes/protobuf"

// The kinds of messages.
const (
	kindNetworkEvent = 1 + iota
	kindTableEvent
	kindPushPull
	kindBulkSync
	kindCompound
	kindNodeEvent
)

// The kinds of events: of nodes, of their networks and of entries of tables.
const (
	eventJoin  = 1
	eventLeave = 2

	eventCreate = 1
	eventUpdate = 2
	eventDelete = 3
)

// What a compound message adds to a datagram, and to each message in it.
const (
	compoundHead     = 5
	compoundOverhead = 4
)

// nodeEvent says that a node joins or leaves the gossip.
type nodeEvent struct {
	kind  uint64
	ltime uint64
	node  string
}

// networkEvent says that a node joins or leaves a network.
type networkEvent struct {
	kind          uint64
	ltime         uint64
	node, network string
}

// tableEvent says what has become of an entry of a table.
type tableEvent struct {
	kind                      uint64
	ltime                     uint64
	node, network, table, key string
	value                     []byte
	reap                      uint64 // seconds for which a deleted entry is still told of
}

// networkEntry is a node's membership in a network as a push/pull has it.
type networkEntry struct {
	network, node string
	ltime         uint64
	leaving       bool
}

type pushPull struct {
	ltime    uint64
	node     string
	networks []networkEntry
}

// bulkSync is a part of a node's tables: those of some networks.
type bulkSync struct {
	ltime       uint64
	unsolicited bool
	node        string
	networks    []string
	payload     []byte // a compound of table events
}

// headMost is how long what stands in front of a message's body may be.
const headMost = 2 + 1 + 5

// open begins a message whose values have so many bytes together; seal puts its kind
// in front of what has been written since.
func open(fields, bytes int) (f protobuf.Fields) {
	f.Expect(fields, headMost+bytes)
	f.B = f.B[:headMost]
	return f
}

func seal(kind uint64, f protobuf.Fields) []byte {
	var room [headMost]byte
	head := protobuf.Fields{B: room[:0]}
	head.Number(1, kind)
	head.Head(2, len(f.B)-headMost)
	b := f.B[headMost-len(head.B):]
	copy(b, head.B)
	return b
}

func unwrap(b []byte) (kind uint64, body []byte, err error) {
	err = protobuf.Parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			kind = v
		case 2:
			body = text
		}
	})
	return kind, body, err
}

func compound(msgs [][]byte) []byte {
	size := 0
	for _, m := range msgs {
		size += len(m)
	}
	all := open(2*len(msgs), size)
	for _, m := range msgs {
		all.Head(1, protobuf.Length(1, len(m)))
		all.Bytes(1, m)
	}
	return seal(kindCompound, all)
}

// parts are the messages of a compound one.
func parts(body []byte) (msgs [][]byte, err error) {
	err = protobuf.Parse(body, func(n int, _ uint64, text []byte) {
		if n == 1 {
			protobuf.Parse(text, func(n int, _ uint64, text []byte) {
				if n == 1 {
					msgs = append(msgs, text)
				}
			})
		}
	})
	return msgs, err
}

func (m *nodeEvent) encode() []byte {
	f := open(3, len(m.node))
	f.Number(1, m.kind)
	f.Number(2, m.ltime)
	f.Text(3, m.node)
	return seal(kindNodeEvent, f)
}

func (m *networkEvent) encode() []byte {
	f := open(4, len(m.node)+len(m.network))
	f.Number(1, m.kind)
	f.Number(2, m.ltime)
	f.Text(3, m.node)
	f.Text(4, m.network)
	return seal(kindNetworkEvent, f)
}

func (m *tableEvent) encode() []byte {
	f := open(8, len(m.node)+len(m.network)+len(m.table)+len(m.key)+len(m.value)+8)
	f.Number(1, m.kind)
	f.Number(2, m.ltime)
	f.Text(3, m.node)
	f.Text(4, m.network)
	f.Text(5, m.table)
	f.Text(6, m.key)
	if len(m.value) > 0 {
		f.Bytes(7, m.value)
	}
	f.Number(8, m.reap)
	return seal(kindTableEvent, f)
}

func (m *pushPull) encode() []byte {
	size := len(m.node)
	for _, e := range m.networks {
		size += len(e.network) + len(e.node) + 5*8
	}
	f := open(2+len(m.networks), size)
	f.Number(1, m.ltime)
	var g protobuf.Fields
	for _, e := range m.networks {
		g.B = g.B[:0]
		g.Text(1, e.network)
		g.Number(2, e.ltime)
		g.Text(3, e.node)
		g.Flag(4, e.leaving)
		f.Bytes(2, g.B)
	}
	f.Text(3, m.node)
	return seal(kindPushPull, f)
}

func (m *bulkSync) encode() []byte {
	f := open(4+len(m.networks), len(m.payload)+32*(1+len(m.networks)))
	f.Number(1, m.ltime)
	f.Flag(2, m.unsolicited)
	f.Text(3, m.node)
	for _, n := range m.networks {
		f.Text(4, n)
	}
	f.Bytes(5, m.payload)
	return seal(kindBulkSync, f)
}
