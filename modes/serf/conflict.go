package serf

import (
	"net/netip"

	"dnetsim/modes/memberlist"
	"dnetsim/modes/msgpack"
	"dnetsim/sim"
)

// NotifyConflict takes in that somebody else claims a node's name. If it is ours the
// cluster votes, and the one whose address fewer members know shuts down.
func (a *Agent) NotifyConflict(n memberlist.Node, other netip.AddrPort) {
	if n.Name != a.cfg.NodeName {
		a.logf("WARN", "serf: Name conflict for '%s' both %v and %v are claiming", n.Name, n.Addr, other)
		return
	}
	a.logf("ERR", "serf: Node name conflicts with another node at %v. Names must be unique! (Resolution enabled: %v)", other, true)
	a.loop.Go("serf vote "+a.cfg.NodeName, a.vote)
}

func (a *Agent) vote(*sim.Proc) {
	if a.list.Down() {
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
		if netip.AddrPortFrom(m.Addr, m.Port) == a.list.Addr() {
			matching++
		}
	}
	if a.list.Down() {
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
	if m == nil {
		return []byte{typeConflictResponse, 0xc0} // null
	}
	addr, status := m.Addr.AsSlice(), uint8(m.Status)
	least, cur, most, protocol, protocols := uint8(2), uint8(4), uint8(5), uint8(2), uint8(1)
	return msgpack.Message(typeConflictResponse, []msgpack.Field{
		{"Addr", &addr}, {"DelegateCur", &cur}, {"DelegateMax", &most}, {"DelegateMin", &least}, {"Name", &m.Name},
		{"Port", &m.Port}, {"ProtocolCur", &protocol}, {"ProtocolMax", &most}, {"ProtocolMin", &protocols},
		{"Status", &status}, {"Tags", &timesByName{}},
	})
}

func decodeMember(b []byte) (Member, error) {
	d := &msgpack.Decoder{B: b}
	var m Member
	var addr []byte
	d.Table([]msgpack.Field{{"Name", &m.Name}, {"Addr", &addr}, {"Port", &m.Port}})
	m.Addr = addrOf(addr, 0).Addr()
	return m, d.Err
}
