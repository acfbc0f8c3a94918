package serf

import (
	"slices"
	"strings"
	"time"
)

// intent is a join or leave message of the upper layer.
type intent struct {
	ltime uint64
	node  string
	prune bool // only of a leave
}

func (m *intent) table() []field {
	return []field{{"LTime", &m.ltime}, {"Node", &m.node}, {"Prune", &m.prune}}
}

func (m *intent) encode(typ byte) []byte {
	t := m.table()
	if typ == typeJoin {
		t = t[:2]
	}
	return message(typ, t)
}

func (m *intent) decode(d *decoder) error { return d.table(m.table()) }

type userEventMsg struct {
	ltime    uint64
	name     string
	payload  []byte
	coalesce bool
}

func (m *userEventMsg) table() []field {
	return []field{{"CC", &m.coalesce}, {"LTime", &m.ltime}, {"Name", &m.name}, {"Payload", &m.payload}}
}

func (m *userEventMsg) encode() []byte          { return message(typeUserEvent, m.table()) }
func (m *userEventMsg) decode(d *decoder) error { return d.table(m.table()) }

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

func (m *stateMsg) table() []field {
	return []field{
		{"EventLTime", &m.eventLTime}, {"Events", (*eventBuffer)(&m.events)}, {"LTime", &m.ltime},
		{"LeftMembers", (*nameList)(&m.left)}, {"QueryLTime", &m.queryLTime}, {"StatusLTimes", (*timesByName)(&m.status)},
	}
}

func (m *stateMsg) encode() []byte { return message(typeState, m.table()) }

func (m *stateMsg) decode(d *decoder) error {
	m.status = make(map[string]uint64)
	return d.table(m.table())
}

// eventBuffer is a list of which some places may be null.
type eventBuffer []*eventsAt

func (b *eventBuffer) encode(e *encoder) {
	e.arrayHead(len(*b))
	for _, at := range *b {
		if at == nil {
			e.null()
			continue
		}
		e.table([]field{{"Events", (*eventList)(&at.events)}, {"LTime", &at.ltime}})
	}
}

func (b *eventBuffer) decode(d *decoder) {
	for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
		if len(d.b) > 0 && d.b[0] == 0xc0 {
			d.byte()
			*b = append(*b, nil)
			continue
		}
		at := &eventsAt{}
		d.table([]field{{"Events", (*eventList)(&at.events)}, {"LTime", &at.ltime}})
		*b = append(*b, at)
	}
}

// eventList is events without their time, which they share.
type eventList []userEventMsg

func (l *eventList) encode(e *encoder) {
	e.arrayHead(len(*l))
	for i := range *l {
		ev := &(*l)[i]
		e.table([]field{{"Name", &ev.name}, {"Payload", &ev.payload}})
	}
}

func (l *eventList) decode(d *decoder) {
	for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
		var ev userEventMsg
		ev.decode(d)
		*l = append(*l, ev)
	}
}

type nameList []string

func (l *nameList) encode(e *encoder) {
	e.arrayHead(len(*l))
	for _, n := range *l {
		e.str(n)
	}
}

func (l *nameList) decode(d *decoder) {
	for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
		*l = append(*l, d.str())
	}
}

type timesByName map[string]uint64

func (t *timesByName) encode(e *encoder) {
	names := make([]string, 0, len(*t))
	for n := range *t {
		names = append(names, n)
	}
	slices.SortFunc(names, strings.Compare)
	e.mapHead(len(names))
	for _, n := range names {
		e.str(n)
		e.uint((*t)[n])
	}
}

func (t *timesByName) decode(d *decoder) {
	d.fields(func(name string) bool { (*t)[name] = d.uint(); return true })
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

func (m *queryMsg) table() []field {
	return []field{
		{"Addr", &m.addr}, {"Filters", (*filterList)(&m.filters)}, {"Flags", &m.flags}, {"ID", &m.id},
		{"LTime", &m.ltime}, {"Name", &m.name}, {"Payload", &m.payload}, {"Port", &m.port},
		{"RelayFactor", &m.relay}, {"SourceNode", &m.source}, {"Timeout", &m.timeout},
	}
}

func (m *queryMsg) encode() []byte          { return message(typeQuery, m.table()) }
func (m *queryMsg) decode(d *decoder) error { return d.table(m.table()) }

type filterList [][]byte

func (l *filterList) encode(e *encoder) {
	if *l == nil {
		e.null()
		return
	}
	e.arrayHead(len(*l))
	for _, f := range *l {
		e.raw(f)
	}
}

func (l *filterList) decode(d *decoder) {
	for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
		*l = append(*l, d.raw())
	}
}

type responseMsg struct {
	ltime   uint64
	id      uint32
	from    string
	flags   uint32
	payload []byte
}

func (m *responseMsg) table() []field {
	return []field{
		{"Flags", &m.flags}, {"From", &m.from}, {"ID", &m.id}, {"LTime", &m.ltime}, {"Payload", &m.payload},
	}
}

func (m *responseMsg) encode() []byte          { return message(typeQueryResponse, m.table()) }
func (m *responseMsg) decode(d *decoder) error { return d.table(m.table()) }
