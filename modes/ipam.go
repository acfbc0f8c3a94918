package modes

import (
	"net/netip"
	"strconv"
)

// ipam is the default address management of a daemon's local networks: it
// gives out subnets and, within them, the lowest free address.
type ipam struct {
	pools      map[string]*pool // by key: "prefix" or "prefix/range"
	order      []string
	predefined []cut
	// start is where the search for a predefined pool goes on: after the last
	// one given out, not at the lowest free one.
	start position
}

func newIPAM(pools []AddressPool) (*ipam, error) {
	m := &ipam{pools: map[string]*pool{}}
	for _, p := range pools {
		c, err := newCut(p)
		if err != nil {
			return nil, err
		}
		m.predefined = append(m.predefined, c)
	}
	return m, nil
}

func poolKey(p netip.Prefix, sub string) string {
	if sub == "" {
		return p.String()
	}
	return p.String() + "/" + sub
}

// overlapping is a whole pool of the space that overlaps p.
func (m *ipam) overlapping(p netip.Prefix) (netip.Prefix, bool) {
	for _, k := range m.order {
		if q := m.pools[k]; q.sub == "" && q.prefix.Overlaps(p) {
			return q.prefix, true
		}
	}
	return netip.Prefix{}, false
}

// requestPool takes a subnet: the preferred one ("" any predefined one that held
// does not overlap), restricted to subPool if that is not empty.
func (m *ipam) requestPool(preferred, subPool string, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (string, *pool, error) {
	if preferred == "" {
		if subPool != "" {
			return "", nil, errInvalidSubPool
		}
		return m.requestPredefined(v6, held)
	}
	p, err := netip.ParsePrefix(preferred)
	if err != nil {
		return "", nil, errInvalidPool
	}
	p = p.Masked()
	if subPool == "" {
		if _, taken := m.overlapping(p); taken {
			return "", nil, errPoolOverlap
		}
		return m.add(p)
	}
	return m.addRange(p, subPool)
}

func (m *ipam) requestPredefined(v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (string, *pool, error) {
	if at, ok := m.free(m.start, v6, held); ok {
		m.start = m.next(at)
		return m.add(m.predefined[at.cut].pool(at.n))
	}
	return "", nil, errf(ErrNotFound, "could not find an available, non-overlapping %s address pool among the defaults to assign to the network", version(v6))
}

func (m *ipam) add(p netip.Prefix) (string, *pool, error) {
	b := newBitmap(p)
	q := &pool{prefix: p, refs: 1, bits: b, hi: b.last()}
	m.put(p.String(), q)
	return p.String(), q, nil
}

func (m *ipam) put(key string, q *pool) {
	m.pools[key] = q
	m.order = append(m.order, key)
}

// addRange takes a part of a subnet. As in 20.10 only an equal part counts as
// an overlap, and a range larger than the subnet is cut to host parts.
func (m *ipam) addRange(p netip.Prefix, subPool string) (string, *pool, error) {
	r, err := netip.ParsePrefix(subPool)
	if err != nil {
		return "", nil, errInvalidSubPool
	}
	if r.Addr().Is4() != p.Addr().Is4() {
		return "", nil, errf(ErrInvalid, "failed to compute range's lowest ip address: cannot compute host portion ip address because %s and the mask of %s are not compatible", r.Addr(), p)
	}
	key := poolKey(p, subPool)
	if _, ok := m.pools[key]; ok {
		return "", nil, errPoolOverlap
	}
	parent, ok := m.pools[p.String()]
	if !ok {
		parent = &pool{prefix: p, bits: newBitmap(p)}
		parent.hi = parent.bits.last()
		m.put(p.String(), parent)
	}
	parent.refs++
	q := &pool{
		prefix: p, sub: subPool, ranged: true, refs: 1, bits: parent.bits,
		lo: hostPart(r.Masked().Addr(), p.Bits()), hi: hostPart(lastAddr(r), p.Bits()),
	}
	m.put(key, q)
	return key, q, nil
}

func (m *ipam) releasePool(key string) {
	q, ok := m.pools[key]
	if !ok {
		return
	}
	q.refs--
	if q.refs > 0 {
		return
	}
	delete(m.pools, key)
	for i, k := range m.order {
		if k == key {
			m.order = append(m.order[:i:i], m.order[i+1:]...)
			break
		}
	}
	if q.sub != "" {
		m.releasePool(q.prefix.String())
	}
}

// requestAddress takes an address of a pool: want, or the lowest free one.
func (m *ipam) requestAddress(key string, want netip.Addr) (netip.Prefix, error) {
	q, ok := m.pools[key]
	if !ok {
		return netip.Prefix{}, errf(ErrNotFound, "cannot find address pool for poolID:%s", key)
	}
	if want.IsValid() && !q.prefix.Contains(want) {
		return netip.Prefix{}, errOutOfRange
	}
	if q.bits.full() {
		return netip.Prefix{}, errNoAddresses
	}
	if want.IsValid() {
		if err := q.bits.set(hostPart(want, q.prefix.Bits())); err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(want, q.prefix.Bits()), nil
	}
	n, err := q.bits.any(q.lo, q.hi)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(nth(q.prefix, n), q.prefix.Bits()), nil
}

func (m *ipam) releaseAddress(key string, a netip.Addr) {
	if q, ok := m.pools[key]; ok && q.prefix.Contains(a) {
		if n := hostPart(a, q.prefix.Bits()); n != 0 {
			q.bits.clear(n)
		}
	}
}

// inUse is the number of addresses taken, for tests and inspection.
func (m *ipam) inUse(key string) int {
	if q, ok := m.pools[key]; ok {
		return len(q.bits.used)
	}
	return 0
}

func version(v6 bool) string { return "IPv" + strconv.Itoa(map[bool]int{false: 4, true: 6}[v6]) }
