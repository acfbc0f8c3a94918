package allocator

import (
	"net/netip"

	"dnetsim/modes/swarm/state"
)

// Usage is how much of a subnet of the swarm's is taken, on all nodes: its network and
// broadcast address and its gateway included.
type Usage struct {
	Subnet      netip.Prefix
	InUse, Free uint64 // Free may still be drawn: within --ip-range, if there is one
}

// UsageOf reads a network's subnets from the state; none as long as nothing is allocated.
func UsageOf(r state.Reader, id string) (out []Usage) {
	a := &Allocator{}
	a.survey(r)
	n := a.nets[id]
	if n == nil {
		return nil
	}
	for _, p := range n.pools {
		u := Usage{Subnet: p}
		for addr := range n.taken {
			if p.Contains(addr) {
				u.InUse++
			}
		}
		u.Free = n.free(p)
		out = append(out, u)
	}
	return out
}

// free counts the addresses of a subnet that may still be given.
func (n *network) free(p netip.Prefix) uint64 {
	in := within(n.object, p)
	free := uint64(1) << min(in.Addr().BitLen()-in.Bits(), 63)
	for addr := range n.taken {
		if in.Contains(addr) {
			free--
		}
	}
	return free
}
