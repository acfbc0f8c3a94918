package network

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/network/overlay"
	"dnetsim/modes/networkdb"
	"dnetsim/modes/protobuf"
)

// endpointTable is the table of each network that says which names an endpoint has.
const endpointTable = "endpoint_table"

// record is an entry of the table: an endpoint's names, and of which service it is.
type record struct {
	name, service, serviceID string
	virtual, at              netip.Addr // the service's address, if it has one, and the endpoint's
	ports                    []container.ServicePort
	aliases, taskAliases     []string // of the service, and of the endpoint
}

func (r *record) encode() []byte {
	var f protobuf.Fields
	f.Text(1, r.name)
	f.Text(2, r.service)
	f.Text(3, r.serviceID)
	if r.virtual.IsValid() {
		f.Text(4, r.virtual.String())
	}
	f.Text(5, r.at.String())
	for _, p := range r.ports {
		var g protobuf.Fields
		g.Text(1, p.Name)
		g.Number(2, uint64(p.Protocol))
		g.Number(3, uint64(p.Target))
		g.Number(4, uint64(p.Published))
		f.Bytes(6, g.B)
	}
	for _, s := range r.aliases {
		f.Text(7, s)
	}
	for _, s := range r.taskAliases {
		f.Text(8, s)
	}
	return f.B
}

func parseRecord(b []byte) (r record, err error) {
	err = protobuf.Parse(b, func(n int, v uint64, text []byte) {
		s := string(text)
		switch n {
		case 1:
			r.name = s
		case 2:
			r.service = s
		case 3:
			r.serviceID = s
		case 4:
			r.virtual, _ = netip.ParseAddr(s)
		case 5:
			r.at, _ = netip.ParseAddr(s)
		case 6:
			var p container.ServicePort
			protobuf.Parse(text, func(n int, v uint64, text []byte) {
				switch n {
				case 1:
					p.Name = string(text)
				case 2:
					p.Protocol = int(v)
				case 3:
					p.Target = int(v)
				case 4:
					p.Published = int(v)
				}
			})
			r.ports = append(r.ports, p)
		case 7:
			r.aliases = append(r.aliases, s)
		case 8:
			r.taskAliases = append(r.taskAliases, s)
		}
	})
	return r, err
}

// address is what a name stands for, if it is one of the record's.
func (r *record) address(name string) (netip.Addr, bool) {
	is := func(s string) bool { return s != "" && strings.EqualFold(s, name) }
	if is(r.name) || isAlias(r.taskAliases, name) {
		return r.at, true
	}
	if r.service == "" {
		return netip.Addr{}, false
	}
	for _, s := range append([]string{r.service}, r.aliases...) {
		switch {
		case is("tasks." + s), is(s) && !r.virtual.IsValid():
			return r.at, true
		case is(s):
			return r.virtual, true
		}
	}
	return netip.Addr{}, false
}

// recordOf is what this node tells of an endpoint; ok is false for one that has no name.
func (ep *Endpoint) recordOf() (r record, ok bool) {
	if ep.balancer || ep.gatewayName != "" || !ep.Addr.IsValid() {
		return r, false
	}
	r = record{name: ep.c.Name, at: ep.Addr.Addr(), taskAliases: ep.aliases}
	if ep.c.Anonymous {
		r.name = ""
		if len(ep.aliases) > 0 {
			r.name, r.taskAliases = ep.aliases[0], ep.aliases[1:]
		}
	}
	if s := ep.c.Service; s != nil {
		r.service, r.serviceID, r.aliases, r.virtual = s.Name, s.ID, s.Aliases[ep.net.ID], s.Virtual[ep.net.ID]
		if ep.net.Ingress {
			r.ports = s.Ports
		}
	}
	return r, r.name != "" || r.service != ""
}

// tell puts an endpoint's names into its network's table, or takes them out.
func (a *Agent) tell(ep *Endpoint, joined bool) {
	s := ep.net.Core.swarm
	r, ok := ep.recordOf()
	if s == nil || !ok {
		return
	}
	if !joined {
		if _, told := s.records[ep.ID]; !told {
			return
		}
		delete(s.records, ep.ID)
	} else {
		s.records[ep.ID] = r
	}
	a.rebalance(ep.net)
	if a.db == nil || !s.gossips {
		return
	}
	var err error
	if joined {
		err = a.db.CreateEntry(endpointTable, ep.net.ID, ep.ID, r.encode())
	} else {
		err = a.db.DeleteEntry(endpointTable, ep.net.ID, ep.ID)
	}
	if err != nil {
		a.ctl.Journal.Write("warning", err.Error())
	}
}

// named takes in what another node has told of an endpoint's names.
func (a *Agent) named(e networkdb.Event) {
	r, err := parseRecord(e.Value)
	if err != nil {
		a.ctl.Journal.Write("error", "Failed to unmarshal service table value: "+err.Error())
		return
	}
	i := slices.IndexFunc(a.ctl.Networks, func(n *Network) bool { return n.ID == e.Network && n.Core.swarm != nil })
	if i < 0 {
		return
	}
	s := a.ctl.Networks[i].Core.swarm
	if e.Op == networkdb.Delete {
		delete(s.records, e.Key)
	} else {
		s.records[e.Key] = r
	}
	a.rebalance(a.ctl.Networks[i])
}

// addresses are what a name stands for in a network of the cluster's, in the order of the
// endpoints' identifiers.
func (s *inSwarm) addresses(name string) (out []netip.Addr) {
	for _, id := range slices.Sorted(maps.Keys(s.records)) {
		r := s.records[id]
		if at, ok := r.address(name); ok {
			out = append(out, at)
		}
	}
	return out
}

// nameOf is the first name of the endpoint with an address, "" if there is none.
func (s *inSwarm) nameOf(is func(netip.Addr) bool) string {
	for _, id := range slices.Sorted(maps.Keys(s.records)) {
		if r := s.records[id]; is(r.at) {
			return r.name
		}
	}
	return ""
}

// Service is what a network of the cluster's has of a service, and under "" of containers
// that are of none.
type Service struct {
	VIP   string
	Ports []string
	Tasks []Task
}

// Task is one endpoint of a service.
type Task struct {
	Name, EndpointID, EndpointIP string
	HostIP                       string // of the node that it is on, "" if that is not known
}

// Services are what the nodes have told of the endpoints of a network, by the services'
// names.
func (n *Network) Services() map[string]Service {
	out := map[string]Service{}
	s := n.Core.swarm
	if s == nil || s.agent == nil || s.agent.db == nil {
		return out
	}
	hosts := map[string]string{}
	s.agent.db.Walk(overlay.PeerTable, n.ID, func(id string, value []byte, _ bool) {
		if p, err := overlay.ParsePeer(value); err == nil {
			hosts[id] = p.VTEP.String()
		}
		if _, named := s.records[id]; !named { // the nodes' own have no name
			s.agent.ctl.Journal.Write("error", "Inconsistent driver and libnetwork state for endpoint "+id)
		}
	})
	for _, id := range slices.Sorted(maps.Keys(s.records)) {
		r := s.records[id]
		one := out[r.service]
		if r.virtual.IsValid() {
			one.VIP = r.virtual.String()
		}
		if one.Tasks == nil {
			for _, p := range r.ports {
				one.Ports = append(one.Ports, p.String())
			}
		}
		one.Tasks = append(one.Tasks, Task{r.name, id, r.at.String(), hosts[id]})
		out[r.service] = one
	}
	return out
}
