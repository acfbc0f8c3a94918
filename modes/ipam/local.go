// Package ipam gives out subnets and their addresses, as libnetwork's default IPAM
// driver: the daemon's own space ([Local]) and the one that the hosts of a cluster
// share through its store ([Global]). Whose addresses they are it does not know.
package ipam

import (
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/modes/errdefs"
)

// Local is the default address management of a daemon's local networks: it
// gives out subnets and, within them, the lowest free address.
type Local struct {
	pools      map[string]*Pool // by key: "prefix" or "prefix/range"
	order      []string
	predefined []cut
	// start is where the search for a predefined pool goes on: after the last
	// one given out, not at the lowest free one.
	start position
	rules Rules
}

// Rules are what releases do differently.
type Rules struct {
	// LowestFirst gives out the lowest predefined pool that is free, again after it was
	// given back.
	LowestFirst bool
	// Pools of one or two addresses have no network and broadcast address.
	Tiny bool
}

// NewLocal is a space of which nothing is taken; the pools are cut for networks that
// ask for no subnet.
func NewLocal(pools []AddressPool, rules Rules) (*Local, error) {
	m := &Local{pools: map[string]*Pool{}, rules: rules}
	for _, p := range pools {
		c, err := newCut(p)
		if err != nil {
			return nil, err
		}
		m.predefined = append(m.predefined, c)
	}
	if rules.LowestFirst {
		slices.SortStableFunc(m.predefined, func(a, b cut) int { return a.base.Compare(b.base) })
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
func (m *Local) overlapping(p netip.Prefix) (netip.Prefix, bool) {
	for _, k := range m.order {
		if q := m.pools[k]; q.Sub == "" && q.Prefix.Overlaps(p) {
			return q.Prefix, true
		}
	}
	return netip.Prefix{}, false
}

// RequestPool takes a subnet: the preferred one ("" any predefined one that held
// does not overlap), restricted to subPool if that is not empty.
func (m *Local) RequestPool(preferred, subPool string, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (string, *Pool, error) {
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
	if p = p.Masked(); m.rules.LowestFirst {
		return m.requested(p, subPool)
	}
	if subPool == "" {
		if _, taken := m.overlapping(p); taken {
			return "", nil, errPoolOverlap
		}
		return m.add(p)
	}
	return m.addRange(p, subPool)
}

// requested takes a pool that was asked for, in the words that came with
// LowestFirst; a range larger than its pool is all of it.
func (m *Local) requested(p netip.Prefix, sub string) (key string, q *Pool, err error) {
	if r, e := netip.ParsePrefix(sub); e == nil && r.Bits() < p.Bits() {
		sub = p.String()
	}
	if sub != "" {
		key, q, err = m.addRange(p, sub)
	} else if _, taken := m.overlapping(p); taken {
		err = errPoolOverlap
	} else {
		key, q, err = m.add(p)
	}
	if err == errPoolOverlap {
		err = errdefs.Forbidden("invalid pool request: %v", err)
	}
	return key, q, err
}

// newBitmap is the pool's, without reserved addresses where there are too few.
func (m *Local) newBitmap(p netip.Prefix) *bitmap {
	b := newBitmap(p)
	if m.rules.Tiny && p.Addr().BitLen()-p.Bits() < 2 {
		b.used = map[uint64]bool{}
	}
	return b
}

func (m *Local) requestPredefined(v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (string, *Pool, error) {
	if at, ok := m.free(m.start, v6, held); ok {
		if !m.rules.LowestFirst {
			m.start = m.next(at)
		}
		return m.add(m.predefined[at.cut].pool(at.n))
	}
	if m.rules.LowestFirst {
		return "", nil, errdefs.Invalid("all predefined address pools have been fully subnetted")
	}
	return "", nil, errdefs.NotFound("could not find an available, non-overlapping %s address pool among the defaults to assign to the network", Version(v6))
}

func (m *Local) add(p netip.Prefix) (string, *Pool, error) {
	b := m.newBitmap(p)
	q := &Pool{Prefix: p, refs: 1, bits: b, hi: b.last()}
	m.put(p.String(), q)
	return p.String(), q, nil
}

func (m *Local) put(key string, q *Pool) {
	m.pools[key] = q
	m.order = append(m.order, key)
}

// addRange takes a part of a subnet. As in 20.10 only an equal part counts as
// an overlap, and a range larger than the subnet is cut to host parts.
func (m *Local) addRange(p netip.Prefix, subPool string) (string, *Pool, error) {
	r, err := netip.ParsePrefix(subPool)
	if err != nil {
		return "", nil, errInvalidSubPool
	}
	if r.Addr().Is4() != p.Addr().Is4() {
		return "", nil, errdefs.Invalid("failed to compute range's lowest ip address: cannot compute host portion ip address because %s and the mask of %s are not compatible", r.Addr(), p)
	}
	key := poolKey(p, subPool)
	if _, ok := m.pools[key]; ok {
		return "", nil, errPoolOverlap
	}
	parent, ok := m.pools[p.String()]
	if !ok {
		parent = &Pool{Prefix: p, bits: m.newBitmap(p)}
		parent.hi = parent.bits.last()
		m.put(p.String(), parent)
	}
	parent.refs++
	q := &Pool{
		Prefix: p, Sub: subPool, ranged: true, refs: 1, bits: parent.bits,
		lo: hostPart(r.Masked().Addr(), p.Bits()), hi: hostPart(lastAddr(r), p.Bits()),
	}
	m.put(key, q)
	return key, q, nil
}

func (m *Local) ReleasePool(key string) {
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
			m.order = slices.Concat(m.order[:i], m.order[i+1:])
			break
		}
	}
	if q.Sub != "" {
		m.ReleasePool(q.Prefix.String())
	}
}

// RequestAddress takes an address of a pool: want, or the lowest free one.
func (m *Local) RequestAddress(key string, want netip.Addr) (netip.Prefix, error) {
	q, ok := m.pools[key]
	if !ok {
		return netip.Prefix{}, errdefs.NotFound("cannot find address pool for poolID:%s", key)
	}
	if want.IsValid() && !q.Prefix.Contains(want) {
		return netip.Prefix{}, errOutOfRange
	}
	if q.bits.full() {
		return netip.Prefix{}, ErrNoAddresses
	}
	if want.IsValid() {
		if err := q.bits.set(hostPart(want, q.Prefix.Bits())); err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(want, q.Prefix.Bits()), nil
	}
	n, err := q.bits.any(q.lo, q.hi)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(nth(q.Prefix, n), q.Prefix.Bits()), nil
}

func (m *Local) ReleaseAddress(key string, a netip.Addr) {
	if q, ok := m.pools[key]; ok && q.Prefix.Contains(a) {
		if n := hostPart(a, q.Prefix.Bits()); n != 0 {
			q.bits.clear(n)
		}
	}
}

// InUse is the number of addresses taken, for tests and inspection.
func (m *Local) InUse(key string) int {
	if q, ok := m.pools[key]; ok {
		return len(q.bits.used)
	}
	return 0
}

// Version is a family in the words of refusals.
func Version(v6 bool) string { return "IPv" + strconv.Itoa(map[bool]int{false: 4, true: 6}[v6]) }

// Continue makes the search for predefined pools go on where another space's
// would have, if there is such a pool.
func (m *Local) Continue(o *Local) {
	if o != nil && m.valid(o.start) {
		m.start = o.start
	}
}

// First is the first predefined pool that is free, from the beginning.
func (m *Local) First(v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (netip.Prefix, bool) {
	at, ok := m.free(position{}, v6, held)
	if !ok {
		return netip.Prefix{}, false
	}
	return m.predefined[at.cut].pool(at.n), true
}

// Holding is one pool that is taken, by how many, and which of its addresses are,
// lowest first.
type Holding struct {
	Key    string
	Prefix netip.Prefix
	Refs   int
	Used   []netip.Addr
}

// Holdings are the pools that are taken, in the order of their taking.
func (m *Local) Holdings() []Holding {
	var out []Holding
	for _, key := range m.order {
		q := m.pools[key]
		h := Holding{Key: key, Prefix: q.Prefix, Refs: q.refs}
		for n := range q.bits.used {
			h.Used = append(h.Used, nth(q.Prefix, n))
		}
		slices.SortFunc(h.Used, netip.Addr.Compare)
		out = append(out, h)
	}
	return out
}
