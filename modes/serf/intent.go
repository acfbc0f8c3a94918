package serf

import (
	"slices"
	"strings"
	"time"

	"dnetsim/modes/msgpack"
)

// The type bytes of serf's messages.
const (
	typeLeave = iota
	typeJoin
	typeState
	typeUserEvent
	typeQuery
	typeQueryResponse
	typeConflictResponse
)

// intent is a join or leave message of the upper layer.
type intent struct {
	ltime uint64
	node  string
	prune bool // only of a leave
}

func (m *intent) table() []msgpack.Field {
	return []msgpack.Field{{"LTime", &m.ltime}, {"Node", &m.node}, {"Prune", &m.prune}}
}

func (m *intent) encode(typ byte) []byte {
	t := m.table()
	if typ == typeJoin {
		t = t[:2]
	}
	return msgpack.Message(typ, t)
}

func (m *intent) decode(d *msgpack.Decoder) error { return d.Table(m.table()) }

type userEventMsg struct {
	ltime    uint64
	name     string
	payload  []byte
	coalesce bool
}

func (m *userEventMsg) table() []msgpack.Field {
	return []msgpack.Field{{"CC", &m.coalesce}, {"LTime", &m.ltime}, {"Name", &m.name}, {"Payload", &m.payload}}
}

func (m *userEventMsg) encode() []byte                  { return msgpack.Message(typeUserEvent, m.table()) }
func (m *userEventMsg) decode(d *msgpack.Decoder) error { return d.Table(m.table()) }

// eventsAt is what is remembered of one Lamport time: user events with their
// contents.
type eventsAt struct {
	ltime  uint64
	events []userEventMsg
}

// stateMsg is the upper layer's part of a push/pull.
type stateMsg struct {
	ltime, eventLTime, queryLTime uint64
	status                        map[string]uint64
	left                          []string
	events                        []*eventsAt
}

func (m *stateMsg) table() []msgpack.Field {
	return []msgpack.Field{
		{"EventLTime", &m.eventLTime}, {"Events", (*eventBuffer)(&m.events)}, {"LTime", &m.ltime},
		{"LeftMembers", (*nameList)(&m.left)}, {"QueryLTime", &m.queryLTime}, {"StatusLTimes", (*timesByName)(&m.status)},
	}
}

func (m *stateMsg) encode() []byte { return msgpack.Message(typeState, m.table()) }

func (m *stateMsg) decode(d *msgpack.Decoder) error {
	m.status = make(map[string]uint64)
	return d.Table(m.table())
}

// eventBuffer is a list of which some places may be null.
type eventBuffer []*eventsAt

func (b *eventBuffer) Encode(e *msgpack.Encoder) {
	e.ArrayHead(len(*b))
	for _, at := range *b {
		if at == nil {
			e.Null()
			continue
		}
		e.Table([]msgpack.Field{{"Events", (*eventList)(&at.events)}, {"LTime", &at.ltime}})
	}
}

func (b *eventBuffer) Decode(d *msgpack.Decoder) {
	n := d.ArrayLen()
	*b = slices.Grow(*b, min(n, len(d.B))) // each takes a byte at least
	for ; n > 0 && d.Err == nil; n-- {
		if d.Null() {
			*b = append(*b, nil)
			continue
		}
		at := &eventsAt{}
		d.Table([]msgpack.Field{{"Events", (*eventList)(&at.events)}, {"LTime", &at.ltime}})
		*b = append(*b, at)
	}
}

// eventList is events without their time, which they share.
type eventList []userEventMsg

func (l *eventList) Encode(e *msgpack.Encoder) {
	e.ArrayHead(len(*l))
	for i := range *l {
		ev := &(*l)[i]
		e.Table([]msgpack.Field{{"Name", &ev.name}, {"Payload", &ev.payload}})
	}
}

func (l *eventList) Decode(d *msgpack.Decoder) {
	for n := d.ArrayLen(); n > 0 && d.Err == nil; n-- {
		var ev userEventMsg
		ev.decode(d)
		*l = append(*l, ev)
	}
}

type nameList []string

func (l *nameList) Encode(e *msgpack.Encoder) {
	e.ArrayHead(len(*l))
	for _, n := range *l {
		e.Str(n)
	}
}

func (l *nameList) Decode(d *msgpack.Decoder) {
	for n := d.ArrayLen(); n > 0 && d.Err == nil; n-- {
		*l = append(*l, d.Str())
	}
}

type timesByName map[string]uint64

func (t *timesByName) Encode(e *msgpack.Encoder) {
	names := make([]string, 0, len(*t))
	for n := range *t {
		names = append(names, n)
	}
	slices.SortFunc(names, strings.Compare)
	e.MapHead(len(names))
	for _, n := range names {
		e.Str(n)
		e.Uint((*t)[n])
	}
}

func (t *timesByName) Decode(d *msgpack.Decoder) {
	d.Fields(func(name []byte) bool { (*t)[string(name)] = d.Uint(); return true })
}

type queryMsg struct {
	ltime   uint64
	id      uint32
	addr    []byte
	port    uint16
	source  string
	filters [][]byte
	flags   uint32
	relay   uint8
	timeout time.Duration
	name    string
	payload []byte
}

// The bits of a query's flags.
const (
	queryAck         = 1
	queryNoBroadcast = 2
)

func (m *queryMsg) table() []msgpack.Field {
	return []msgpack.Field{
		{"Addr", &m.addr}, {"Filters", (*filterList)(&m.filters)}, {"Flags", &m.flags}, {"ID", &m.id},
		{"LTime", &m.ltime}, {"Name", &m.name}, {"Payload", &m.payload}, {"Port", &m.port},
		{"RelayFactor", &m.relay}, {"SourceNode", &m.source}, {"Timeout", &m.timeout},
	}
}

func (m *queryMsg) encode() []byte                  { return msgpack.Message(typeQuery, m.table()) }
func (m *queryMsg) decode(d *msgpack.Decoder) error { return d.Table(m.table()) }

type filterList [][]byte

func (l *filterList) Encode(e *msgpack.Encoder) {
	if *l == nil {
		e.Null()
		return
	}
	e.ArrayHead(len(*l))
	for _, f := range *l {
		e.Raw(f)
	}
}

func (l *filterList) Decode(d *msgpack.Decoder) {
	for n := d.ArrayLen(); n > 0 && d.Err == nil; n-- {
		*l = append(*l, d.Raw())
	}
}

type responseMsg struct {
	ltime   uint64
	id      uint32
	from    string
	flags   uint32
	payload []byte
}

func (m *responseMsg) table() []msgpack.Field {
	return []msgpack.Field{
		{"Flags", &m.flags}, {"From", &m.from}, {"ID", &m.id}, {"LTime", &m.ltime}, {"Payload", &m.payload},
	}
}

func (m *responseMsg) encode() []byte                  { return msgpack.Message(typeQueryResponse, m.table()) }
func (m *responseMsg) decode(d *msgpack.Decoder) error { return d.Table(m.table()) }
