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
}

func (m *intent) encode(typ byte) []byte {
	var e encoder
	e.byte(typ)
	if typ == typeLeave {
		e.mapHead(3)
	} else {
		e.mapHead(2)
	}
	e.kUint("LTime", m.ltime)
	e.kStr("Node", m.node)
	if typ == typeLeave {
		e.kBool("Prune", false)
	}
	return e.b
}

func (m *intent) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "LTime":
			m.ltime = d.uint()
		case "Node":
			m.node = d.str()
		default:
			return false
		}
		return true
	})
	return d.err
}

type userEventMsg struct {
	ltime    uint64
	name     string
	payload  []byte
	coalesce bool
}

func (m *userEventMsg) encode() []byte {
	var e encoder
	e.byte(typeUserEvent)
	e.mapHead(4)
	e.kBool("CC", m.coalesce)
	e.kUint("LTime", m.ltime)
	e.kStr("Name", m.name)
	e.kRaw("Payload", m.payload)
	return e.b
}

func (m *userEventMsg) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "LTime":
			m.ltime = d.uint()
		case "Name":
			m.name = d.str()
		case "Payload":
			m.payload = d.raw()
		case "CC":
			m.coalesce = d.bool()
		default:
			return false
		}
		return true
	})
	return d.err
}

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

func (m *stateMsg) encode() []byte {
	e := encoder{b: make([]byte, 0, 1024)}
	e.byte(typeState)
	e.mapHead(6)
	e.kUint("EventLTime", m.eventLTime)
	e.str("Events")
	e.arrayHead(len(m.events))
	for _, at := range m.events {
		if at == nil {
			e.null()
			continue
		}
		e.mapHead(2)
		e.str("Events")
		e.arrayHead(len(at.events))
		for i := range at.events {
			e.mapHead(2)
			e.kStr("Name", at.events[i].name)
			e.kRaw("Payload", at.events[i].payload)
		}
		e.kUint("LTime", at.ltime)
	}
	e.kUint("LTime", m.ltime)
	e.str("LeftMembers")
	e.arrayHead(len(m.left))
	for _, n := range m.left {
		e.str(n)
	}
	e.kUint("QueryLTime", m.queryLTime)
	e.str("StatusLTimes")
	names := make([]string, 0, len(m.status))
	for n := range m.status {
		names = append(names, n)
	}
	slices.SortFunc(names, strings.Compare)
	e.mapHead(len(names))
	for _, n := range names {
		e.kUint(n, m.status[n])
	}
	return e.b
}

func (m *stateMsg) decode(d *decoder) error {
	m.status = make(map[string]uint64)
	d.fields(func(k string) bool {
		switch k {
		case "LTime":
			m.ltime = d.uint()
		case "EventLTime":
			m.eventLTime = d.uint()
		case "QueryLTime":
			m.queryLTime = d.uint()
		case "StatusLTimes":
			d.fields(func(name string) bool { m.status[name] = d.uint(); return true })
		case "LeftMembers":
			for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
				m.left = append(m.left, d.str())
			}
		case "Events":
			for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
				m.events = append(m.events, decodeEventsAt(d))
			}
		default:
			return false
		}
		return true
	})
	return d.err
}

func decodeEventsAt(d *decoder) *eventsAt {
	if len(d.b) > 0 && d.b[0] == 0xc0 {
		d.byte()
		return nil
	}
	at := &eventsAt{}
	d.fields(func(k string) bool {
		switch k {
		case "LTime":
			at.ltime = d.uint()
		case "Events":
			for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
				var ev userEventMsg
				ev.decode(d)
				at.events = append(at.events, ev)
			}
		default:
			return false
		}
		return true
	})
	return at
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

func (m *queryMsg) encode() []byte {
	e := encoder{b: make([]byte, 0, 256)}
	e.byte(typeQuery)
	e.mapHead(11)
	e.kRaw("Addr", m.addr)
	e.str("Filters")
	if m.filters == nil {
		e.null()
	} else {
		e.arrayHead(len(m.filters))
		for _, f := range m.filters {
			e.raw(f)
		}
	}
	e.kUint("Flags", uint64(m.flags))
	e.kUint("ID", uint64(m.id))
	e.kUint("LTime", m.ltime)
	e.kStr("Name", m.name)
	e.kRaw("Payload", m.payload)
	e.kUint("Port", uint64(m.port))
	e.kUint("RelayFactor", uint64(m.relay))
	e.kStr("SourceNode", m.source)
	e.kUint("Timeout", uint64(m.timeout))
	return e.b
}

func (m *queryMsg) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "LTime":
			m.ltime = d.uint()
		case "ID":
			m.id = uint32(d.uint())
		case "Addr":
			m.addr = d.raw()
		case "Port":
			m.port = uint16(d.uint())
		case "SourceNode":
			m.source = d.str()
		case "Filters":
			for n := d.arrayLen(); n > 0 && d.err == nil; n-- {
				m.filters = append(m.filters, d.raw())
			}
		case "Flags":
			m.flags = uint32(d.uint())
		case "RelayFactor":
			m.relay = uint8(d.uint())
		case "Timeout":
			m.timeout = time.Duration(d.uint())
		case "Name":
			m.name = d.str()
		case "Payload":
			m.payload = d.raw()
		default:
			return false
		}
		return true
	})
	return d.err
}

type responseMsg struct {
	ltime   uint64
	id      uint32
	from    string
	flags   uint32
	payload []byte
}

func (m *responseMsg) encode() []byte {
	var e encoder
	e.byte(typeQueryResponse)
	e.mapHead(5)
	e.kUint("Flags", uint64(m.flags))
	e.kStr("From", m.from)
	e.kUint("ID", uint64(m.id))
	e.kUint("LTime", m.ltime)
	e.kRaw("Payload", m.payload)
	return e.b
}

func (m *responseMsg) decode(d *decoder) error {
	d.fields(func(k string) bool {
		switch k {
		case "LTime":
			m.ltime = d.uint()
		case "ID":
			m.id = uint32(d.uint())
		case "From":
			m.from = d.str()
		case "Flags":
			m.flags = uint32(d.uint())
		case "Payload":
			m.payload = d.raw()
		default:
			return false
		}
		return true
	})
	return d.err
}
