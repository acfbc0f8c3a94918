package networkdb

import "dnetsim/modes/protobuf"

// texts keeps one of each text that comes again and again: nodes, networks, tables and
// their keys.
type texts map[string]string

// textsMost is how many it keeps at most, of textLongest bytes at most.
const (
	textsMost   = 1 << 12
	textLongest = 128
)

func (t *texts) of(b []byte) string {
	if s, ok := (*t)[string(b)]; ok {
		return s
	}
	if len(b) > textLongest {
		return string(b)
	}
	if *t == nil || len(*t) >= textsMost {
		*t = texts{}
	}
	s := string(b)
	(*t)[s] = s
	return s
}

// read reads a message's fields, of which the first is number 1, into what is pointed to.
// Bytes stay a part of b; a field that is there again is added to a list, and is a
// message for a function.
func (t *texts) read(b []byte, to ...any) error {
	var inner error
	err := protobuf.Parse(b, func(n int, v uint64, text []byte) {
		if n > len(to) {
			return
		}
		switch p := to[n-1].(type) {
		case *uint64:
			*p = v
		case *bool:
			*p = v != 0
		case *string:
			*p = t.of(text)
		case *[]byte:
			*p = text
		case *[]string:
			*p = append(*p, t.of(text))
		case func([]byte) error:
			if err := p(text); err != nil {
				inner = err
			}
		}
	})
	if err == nil {
		err = inner
	}
	return err
}

func (m *nodeEvent) decode(b []byte, t *texts) error {
	return t.read(b, &m.kind, &m.ltime, &m.node)
}

func (m *networkEvent) decode(b []byte, t *texts) error {
	return t.read(b, &m.kind, &m.ltime, &m.node, &m.network)
}

func (m *tableEvent) decode(b []byte, t *texts) error {
	return t.read(b, &m.kind, &m.ltime, &m.node, &m.network, &m.table, &m.key, &m.value, &m.reap)
}

func (m *pushPull) decode(b []byte, t *texts) error {
	return t.read(b, &m.ltime, func(b []byte) error {
		var e networkEntry
		err := t.read(b, &e.network, &e.ltime, &e.node, &e.leaving)
		if err == nil {
			m.networks = append(m.networks, e)
		}
		return err
	}, &m.node)
}

func (m *bulkSync) decode(b []byte, t *texts) error {
	return t.read(b, &m.ltime, &m.unsolicited, &m.node, &m.networks, &m.payload)
}
