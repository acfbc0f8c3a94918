package view

import (
	"fmt"
	"net/netip"
	"slices"

	"dnetsim/modes"
	"dnetsim/stack"
)

// networks adds Docker's networks and the ports that they publish.
func (s *survey) networks() {
	at := map[string]int{}
	views := map[string]modes.Cluster{}
	inside := map[string][]string{} // network id → hosts with containers in it
	for _, h := range s.hosts {
		views[h.Name] = h.Cluster()
		for _, n := range h.holdings.Networks {
			k, known := at[n.ID]
			if !known {
				k = len(s.topo.Networks)
				at[n.ID] = k
				x := Network{ID: n.ID, Name: n.Name, Driver: n.Driver, Subnets: []string{}}
				for _, p := range n.IPAM.Config {
					x.Subnets = append(x.Subnets, p.Subnet)
				}
				s.topo.Networks = append(s.topo.Networks, x)
			}
			s.topo.Networks[k].Hosts = append(s.topo.Networks[k].Hosts, h.Name)
			if len(n.Endpoints) > 0 {
				inside[n.ID] = append(inside[n.ID], h.Name)
			}
			s.published(h.Host, &n)
			vni(h, &n, &s.topo.Networks[k])
		}
	}
	s.services()
	for k := range s.topo.Networks {
		if n := &s.topo.Networks[k]; n.Driver == "overlay" {
			n.Peers = peers(n.ID, inside[n.ID], views)
		}
	}
}

// vni finds the network identifier of an overlay's tunnel.
func vni(h hostView, n *modes.NetworkHolding, x *Network) {
	space := h.holdings.Overlays[n.ID]
	if n.Driver != "overlay" || space == nil {
		return
	}
	for _, i := range space.Interfaces() {
		if i.Kind() == stack.KindVXLAN {
			x.VNI = i.VXLANOptions().VNI
		}
	}
}

// published adds the ports of a network's endpoints.
func (s *survey) published(h *modes.Host, n *modes.NetworkHolding) {
	for _, e := range n.Endpoints {
		if e.Container == nil {
			continue
		}
		for _, b := range e.Bound {
			s.topo.Published = append(s.topo.Published, Published{
				Host: h.Name, Address: b.HostIP.String(), Port: fmt.Sprint(b.HostPort), Proto: b.Port.Proto,
				To: h.Name + "/" + e.Container.Name, ToPort: fmt.Sprint(b.Port.Number),
			})
		}
	}
}

// services adds the ports of a swarm's services, which every node publishes: to the
// container that is nearest.
func (s *survey) services() {
	type port struct {
		number, proto int
	}
	first := map[port]Published{}
	var order []port
	near := map[string]map[port]string{}
	for _, h := range s.hosts {
		near[h.Name] = map[port]string{}
		for _, c := range h.holdings.Containers {
			if c.Service == nil || !c.State.Running() {
				continue
			}
			for _, p := range c.Service.Ports {
				k, to := port{p.Published, p.Protocol}, h.Name+"/"+c.Name
				if _, known := first[k]; !known {
					first[k] = Published{Address: "0.0.0.0", Port: fmt.Sprint(p.Published), Proto: []string{"tcp", "udp", "sctp"}[p.Protocol%3], To: to, ToPort: fmt.Sprint(p.Target)}
					order = append(order, k)
				}
				if near[h.Name][k] == "" {
					near[h.Name][k] = to
				}
			}
		}
	}
	for _, h := range s.hosts {
		if h.Swarm().ID == "" {
			continue
		}
		for _, k := range order {
			p := first[k]
			p.Host = h.Name
			if to := near[h.Name][k]; to != "" {
				p.To = to
			}
			s.topo.Published = append(s.topo.Published, p)
		}
	}
}

// peers are the hosts with containers in a network: each is known if all others have
// a row with its tunnel's end.
func peers(id string, hosts []string, views map[string]modes.Cluster) []Peer {
	var out []Peer
	for _, h := range hosts {
		p := Peer{Host: h, Known: true}
		for _, other := range hosts {
			if other != h && !knows(views[other], id, views[h].VTEP) {
				p.Known = false
			}
		}
		out = append(out, p)
	}
	return out
}

func knows(v modes.Cluster, network string, vtep netip.Addr) bool {
	for _, p := range v.Peers {
		if p.Network == network && !p.Local && p.VTEP == vtep {
			return true
		}
	}
	return false
}

// tunnel is a VXLAN device and the machine whose underlay it uses.
type tunnel struct {
	iface   *stack.Interface
	machine string
	far     []netip.Addr // where its table sends frames
}

// tunnels adds what connects VXLAN devices of one identifier on two machines: it is up
// as far as the two know each other.
func (s *survey) tunnels() {
	var all []tunnel
	for _, ns := range s.order {
		for _, i := range ns.Interfaces() {
			if i.Kind() != stack.KindVXLAN {
				continue
			}
			t := tunnel{iface: i, machine: s.on[ns]}
			for _, e := range i.VXLAN().FDB() {
				t.far = append(t.far, e.Remote.Addr)
			}
			all = append(all, t)
		}
	}
	for k, a := range all {
		for _, b := range all[k+1:] {
			if a.machine == b.machine || a.iface.VXLANOptions().VNI != b.iface.VXLANOptions().VNI {
				continue
			}
			l := Link{ID: ifaceID(a.iface) + "--" + ifaceID(b.iface), Kind: "tunnel", A: ifaceID(a.iface), B: ifaceID(b.iface), State: "up"}
			there, back := s.leads(a, b.machine), s.leads(b, a.machine)
			switch {
			case !there && !back:
				l.State, l.Note = "down", "neither end knows the other"
			case !there:
				l.State, l.Note = "down", a.machine+" does not know "+b.machine
			case !back:
				l.State, l.Note = "down", b.machine+" does not know "+a.machine
			case !a.iface.Up() || !b.iface.Up():
				l.State = "down"
			}
			s.topo.Links = append(s.topo.Links, l)
		}
	}
}

// leads reports whether a tunnel's table has an address of a machine.
func (s *survey) leads(t tunnel, machine string) bool {
	m, ok := s.lab.Machine(machine)
	return ok && slices.ContainsFunc(t.far, m.NS().IsLocal)
}
