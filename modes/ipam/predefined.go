package ipam

import (
	"net/netip"

	"dnetsim/modes/errdefs"
)

// AddressPool is an entry of default-address-pools: a base and the prefix
// length of the pools cut from it.
type AddressPool struct {
	Base string `json:"base"`
	Size int    `json:"size"`
}

// cut is an entry of default-address-pools: a base that is cut into pools of
// one size. The pools are counted, never listed: fd00::/8 has 2^56 of 64 bits.
type cut struct {
	base netip.Prefix // masked
	size int          // prefix length of a pool, from base.Bits() to the address's length
}

// maxCut is how many bits number the pools of a base; whoever cuts a larger one
// gets the first 2^62.
const maxCut = 62

func newCut(p AddressPool) (cut, error) {
	base, err := netip.ParsePrefix(p.Base)
	if err != nil {
		return cut{}, errdefs.Invalid("invalid base pool %q: invalid CIDR address: %s", p.Base, p.Base)
	}
	base = base.Masked()
	if p.Size <= 0 || p.Size < base.Bits() || p.Size > base.Addr().BitLen() {
		return cut{}, errdefs.Invalid("invalid pools size: %d", p.Size)
	}
	return cut{base, p.Size}, nil
}

func (c cut) width() int    { return min(c.size-c.base.Bits(), maxCut) }
func (c cut) count() uint64 { return 1 << c.width() }

// pool is the nth one, from 0.
func (c cut) pool(n uint64) netip.Prefix {
	b := c.base.Addr().AsSlice()
	for k := range c.width() {
		if n>>k&1 != 0 {
			bit := c.size - 1 - k
			b[bit/8] |= 0x80 >> (bit % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.PrefixFrom(a, c.size)
}

// after is the number of the first pool behind q, which overlaps the nth one.
func (c cut) after(n uint64, q netip.Prefix) uint64 {
	switch {
	case q.Bits() >= c.size:
		return n + 1
	case q.Bits() <= c.base.Bits():
		return c.count()
	}
	// q covers 2^free pools, of which the nth is one.
	free := c.size - q.Bits()
	if free >= c.width() {
		return c.count()
	}
	return (n>>free + 1) << free
}

// position is where the search for a predefined pool goes on.
type position struct {
	cut int
	n   uint64
}

// valid reports whether there is a pool at the position.
func (m *Local) valid(p position) bool {
	return p.cut < len(m.predefined) && p.n < m.predefined[p.cut].count()
}

// next is the position behind p, at the end the first.
func (m *Local) next(p position) position {
	if p.n++; p.n < m.predefined[p.cut].count() {
		return p
	}
	return position{(p.cut + 1) % len(m.predefined), 0}
}

// free finds the first predefined pool of a family from a position on, all
// around, that overlaps no pool of the space and nothing that held tells of: it
// returns what overlaps a prefix. Each step leaves behind whatever was in the
// way, so that the number of steps is that of the obstacles.
func (m *Local) free(from position, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (position, bool) {
	for i := range len(m.predefined) + 1 {
		at := position{(from.cut + i) % max(1, len(m.predefined)), 0}
		if !m.valid(at) || m.predefined[at.cut].base.Addr().Is4() == v6 {
			continue
		}
		c, end := m.predefined[at.cut], m.predefined[at.cut].count()
		switch i {
		case 0:
			at.n = from.n
		case len(m.predefined):
			end = from.n
		}
		for at.n < end {
			p := c.pool(at.n)
			q, ok := m.overlapping(p)
			if !ok && held != nil {
				q, ok = held(p)
			}
			if !ok {
				return at, true
			}
			at.n = c.after(at.n, q)
		}
	}
	return position{}, false
}

// listed is how many predefined pools are shown at most; dockerd has no limit.
const listed = 1 << 10

// Predefined are the predefined pools, the first thousand of them.
func (m *Local) Predefined() (all []netip.Prefix) {
	for _, c := range m.predefined {
		for n := uint64(0); n < c.count() && len(all) < listed; n++ {
			all = append(all, c.pool(n))
		}
	}
	return all
}

// DefaultPools are the local address pools of 20.10.
var DefaultPools = []AddressPool{
	{"172.17.0.0/16", 16}, {"172.18.0.0/16", 16}, {"172.19.0.0/16", 16}, {"172.20.0.0/14", 16},
	{"172.24.0.0/14", 16}, {"172.28.0.0/14", 16}, {"192.168.0.0/16", 20},
}
