package campaign

import (
	"fmt"
	"net/netip"
	"slices"

	"dnetsim/modes"
)

// wrongPools compares the addresses that the daemon's pools count as taken with
// those that its networks and endpoints have.
func wrongPools(h *hostLook) []string {
	want := map[string]map[netip.Addr]string{}
	claim := func(key string, a netip.Addr, who string) {
		if !a.IsValid() {
			return
		}
		if want[key] == nil {
			want[key] = map[netip.Addr]string{}
		}
		want[key][a] = who
	}
	for i := range h.books.Networks {
		n := &h.books.Networks[i]
		if n.Scope != "local" {
			continue
		}
		for key, all := range n.Reserved {
			for _, a := range all {
				claim(key, a, n.Name)
			}
		}
		for _, e := range n.Endpoints {
			for key, a := range e.Addresses {
				claim(key, a, n.Name+"/"+e.Container.Name)
			}
		}
	}
	// Pools of one subnet share their bits: what one of them claims all show.
	bySubnet := map[netip.Prefix]map[netip.Addr]string{}
	for _, p := range h.books.Pools {
		if bySubnet[p.Prefix] == nil {
			bySubnet[p.Prefix] = map[netip.Addr]string{}
		}
		for a, who := range want[p.Key] {
			bySubnet[p.Prefix][a] = who
		}
	}
	var out []string
	for _, p := range h.books.Pools {
		out = append(out, compareBits(h.decl.Name, p, bySubnet[p.Prefix])...)
	}
	return out
}

func compareBits(host string, p modes.PoolHolding, want map[netip.Addr]string) []string {
	var out []string
	for a, who := range want {
		if !slices.Contains(p.Used, a) {
			out = append(out, fmt.Sprintf("%s: pool %s does not count %s as taken, which %s has", host, p.Key, a, who))
		}
	}
	for _, a := range p.Used {
		if _, ok := want[a]; !ok && !byItself(p.Prefix, a) {
			out = append(out, fmt.Sprintf("%s: pool %s counts %s as taken, which nobody has", host, p.Key, a))
		}
	}
	slices.Sort(out)
	return out
}

// byItself reports whether an address is the subnet's own: the network's, and
// for IPv4 the one of broadcasts.
func byItself(p netip.Prefix, a netip.Addr) bool {
	return a == p.Addr() || a.Is4() && !p.Contains(a.Next())
}

// wrongPorts compares the host's ports that count as taken with those that are
// published.
func wrongPorts(h *hostLook) []string {
	want := map[string]string{}
	for i := range h.books.Networks {
		for _, e := range h.books.Networks[i].Endpoints {
			for _, b := range e.Bound {
				want[fmt.Sprintf("%s:%d/%s", b.HostIP, b.HostPort, b.Port.Proto)] = e.Container.Name
			}
		}
	}
	var out []string
	for _, p := range h.books.Ports {
		at := fmt.Sprintf("%s:%d/%s", p.IP, p.Port, p.Proto)
		if _, ok := want[at]; !ok {
			out = append(out, fmt.Sprintf("%s: port %s counts as taken, and no container has it", h.decl.Name, at))
		}
		delete(want, at)
	}
	for at, who := range want {
		out = append(out, fmt.Sprintf("%s: %s has port %s, which counts as free", h.decl.Name, who, at))
	}
	slices.Sort(out)
	return out
}
