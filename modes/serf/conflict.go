package serf

import (
	"net/netip"

	"dnetsim/sim"
)

// conflict takes in that somebody else claims a node's name. If it is ours the
// cluster votes, and the one whose address fewer members know shuts down.
func (a *Agent) conflict(n *node, other netip.AddrPort) {
	if n.name != a.cfg.NodeName {
		a.logf("WARN", "serf: Name conflict for '%s' both %v and %v are claiming", n.name, n.addr, other)
		return
	}
	a.logf("ERR", "serf: Node name conflicts with another node at %v. Names must be unique! (Resolution enabled: %v)", other, true)
	a.loop.Go("serf vote "+a.cfg.NodeName, a.vote)
}

func (a *Agent) vote(*sim.Proc) {
	if a.down {
		return
	}
	r, err := a.Query(internalPrefix+"conflict", []byte(a.cfg.NodeName), 0)
	if err != nil {
		a.logf("ERR", "serf: Failed to start name resolution query: %v", err)
		return
	}
	responses, matching := 0, 0
	for {
		v, err := r.Next(-1)
		if err != nil {
			break
		}
		if len(v.Payload) < 1 || v.Payload[0] != typeConflictResponse {
			a.logf("ERR", "serf: Invalid conflict query response type: %v", v.Payload)
			continue
		}
		m, err := decodeMember(v.Payload[1:])
		if err != nil {
			a.logf("ERR", "serf: Failed to decode conflict query response: %v", err)
			continue
		}
		responses++
		if netip.AddrPortFrom(m.Addr, m.Port) == a.self {
			matching++
		}
	}
	if a.down {
		return
	}
	if matching >= responses/2+1 {
		a.logf("INFO", "serf: majority in name conflict resolution [%d / %d]", matching, responses)
		return
	}
	a.logf("WARN", "serf: minority in name conflict resolution, quitting [%d / %d]", matching, responses)
	a.Shutdown()
}

// internal answers the queries that agents ask each other. Nobody votes about
// his own name.
func (a *Agent) internal(q *Query) {
	switch q.Name[len(internalPrefix):] {
	case "ping":
	case "conflict":
		name := string(q.Payload)
		if name == a.cfg.NodeName {
			return
		}
		a.logf("DEBUG", "serf: Got conflict resolution query for '%s'", name)
		if err := q.Respond(encodeMember(a.members[name])); err != nil {
			a.logf("ERR", "serf: Failed to respond to conflict query: %v", err)
		}
	default:
		a.logf("WARN", "serf: Unhandled internal query '%s'", q.Name[len(internalPrefix):])
	}
}

func encodeMember(m *member) []byte {
	var e encoder
	e.byte(typeConflictResponse)
	if m == nil {
		e.null()
		return e.b
	}
	e.mapHead(11)
	e.kRaw("Addr", m.Addr.AsSlice())
	e.kUint("DelegateCur", 4)
	e.kUint("DelegateMax", 5)
	e.kUint("DelegateMin", 2)
	e.kStr("Name", m.Name)
	e.kUint("Port", uint64(m.Port))
	e.kUint("ProtocolCur", 2)
	e.kUint("ProtocolMax", 5)
	e.kUint("ProtocolMin", 1)
	e.kUint("Status", uint64(m.Status))
	e.str("Tags")
	e.mapHead(0)
	return e.b
}

func decodeMember(b []byte) (Member, error) {
	d := &decoder{b: b}
	var m Member
	d.fields(func(k string) bool {
		switch k {
		case "Name":
			m.Name = d.str()
		case "Addr":
			m.Addr = addrOf(d.raw(), 0).Addr()
		case "Port":
			m.Port = uint16(d.uint())
		default:
			return false
		}
		return true
	})
	return m, d.err
}
