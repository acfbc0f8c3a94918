package networkdb

import (
	"encoding/binary"
	"errors"
)

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

// fields writes protocol buffers: numbers and strings, of which the empty ones are left
// out.
type fields struct{ b []byte }

func (f *fields) number(n int, v uint64) {
	if v != 0 {
		f.b = binary.AppendUvarint(f.b, uint64(n)<<3)
		f.b = binary.AppendUvarint(f.b, v)
	}
}

func (f *fields) flag(n int, v bool) {
	if v {
		f.number(n, 1)
	}
}

func (f *fields) text(n int, v string) {
	if v != "" {
		f.bytes(n, []byte(v))
	}
}

// bytes writes a field that is there even if it is empty.
func (f *fields) bytes(n int, v []byte) {
	f.b = binary.AppendUvarint(f.b, uint64(n)<<3|2)
	f.b = binary.AppendUvarint(f.b, uint64(len(v)))
	f.b = append(f.b, v...)
}

var errWire = errors.New("malformed message")

// parse calls fn with each field of a protocol buffer: with its number, or its bytes.
func parse(b []byte, fn func(n int, v uint64, text []byte)) error {
	for len(b) > 0 {
		tag, k := binary.Uvarint(b)
		if k <= 0 || tag>>3 == 0 || tag>>3 > 1<<20 {
			return errWire
		}
		b = b[k:]
		switch tag & 7 {
		case 0:
			v, k := binary.Uvarint(b)
			if k <= 0 {
				return errWire
			}
			b = b[k:]
			fn(int(tag>>3), v, nil)
		case 2:
			v, k := binary.Uvarint(b)
			if k <= 0 || v > uint64(len(b)-k) {
				return errWire
			}
			fn(int(tag>>3), 0, b[k:k+int(v)])
			b = b[k+int(v):]
		default:
			return errWire
		}
	}
	return nil
}

// message puts a message's kind in front of it.
func message(kind uint64, body []byte) []byte {
	var f fields
	f.number(1, kind)
	f.bytes(2, body)
	return f.b
}

func unwrap(b []byte) (kind uint64, body []byte, err error) {
	err = parse(b, func(n int, v uint64, text []byte) {
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
	var all fields
	for _, m := range msgs {
		var one fields
		one.bytes(1, m)
		all.bytes(1, one.b)
	}
	return message(kindCompound, all.b)
}

// parts are the messages of a compound one.
func parts(body []byte) (msgs [][]byte, err error) {
	err = parse(body, func(n int, _ uint64, text []byte) {
		if n == 1 {
			parse(text, func(n int, _ uint64, text []byte) {
				if n == 1 {
					msgs = append(msgs, text)
				}
			})
		}
	})
	return msgs, err
}

func (m *nodeEvent) encode() []byte {
	var f fields
	f.number(1, m.kind)
	f.number(2, m.ltime)
	f.text(3, m.node)
	return message(kindNodeEvent, f.b)
}

func (m *nodeEvent) decode(b []byte) error {
	return parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			m.kind = v
		case 2:
			m.ltime = v
		case 3:
			m.node = string(text)
		}
	})
}

func (m *networkEvent) encode() []byte {
	var f fields
	f.number(1, m.kind)
	f.number(2, m.ltime)
	f.text(3, m.node)
	f.text(4, m.network)
	return message(kindNetworkEvent, f.b)
}

func (m *networkEvent) decode(b []byte) error {
	return parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			m.kind = v
		case 2:
			m.ltime = v
		case 3:
			m.node = string(text)
		case 4:
			m.network = string(text)
		}
	})
}

func (m *tableEvent) encode() []byte {
	var f fields
	f.number(1, m.kind)
	f.number(2, m.ltime)
	f.text(3, m.node)
	f.text(4, m.network)
	f.text(5, m.table)
	f.text(6, m.key)
	if len(m.value) > 0 {
		f.bytes(7, m.value)
	}
	f.number(8, m.reap)
	return message(kindTableEvent, f.b)
}

func (m *tableEvent) decode(b []byte) error {
	return parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			m.kind = v
		case 2:
			m.ltime = v
		case 3:
			m.node = string(text)
		case 4:
			m.network = string(text)
		case 5:
			m.table = string(text)
		case 6:
			m.key = string(text)
		case 7:
			m.value = append([]byte(nil), text...)
		case 8:
			m.reap = v
		}
	})
}

func (m *pushPull) encode() []byte {
	var f fields
	f.number(1, m.ltime)
	for _, e := range m.networks {
		var g fields
		g.text(1, e.network)
		g.number(2, e.ltime)
		g.text(3, e.node)
		g.flag(4, e.leaving)
		f.bytes(2, g.b)
	}
	f.text(3, m.node)
	return message(kindPushPull, f.b)
}

func (m *pushPull) decode(b []byte) error {
	var inner error
	err := parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			m.ltime = v
		case 2:
			var e networkEntry
			if err := e.decode(text); err != nil {
				inner = err
				return
			}
			m.networks = append(m.networks, e)
		case 3:
			m.node = string(text)
		}
	})
	if err == nil {
		err = inner
	}
	return err
}

func (e *networkEntry) decode(b []byte) error {
	return parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			e.network = string(text)
		case 2:
			e.ltime = v
		case 3:
			e.node = string(text)
		case 4:
			e.leaving = v != 0
		}
	})
}

func (m *bulkSync) encode() []byte {
	var f fields
	f.number(1, m.ltime)
	f.flag(2, m.unsolicited)
	f.text(3, m.node)
	for _, n := range m.networks {
		f.text(4, n)
	}
	f.bytes(5, m.payload)
	return message(kindBulkSync, f.b)
}

func (m *bulkSync) decode(b []byte) error {
	return parse(b, func(n int, v uint64, text []byte) {
		switch n {
		case 1:
			m.ltime = v
		case 2:
			m.unsolicited = v != 0
		case 3:
			m.node = string(text)
		case 4:
			m.networks = append(m.networks, string(text))
		case 5:
			m.payload = text
		}
	})
}
