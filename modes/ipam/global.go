package ipam

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/modes/bitseq"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/store"
)

// Space gives out subnets and their addresses: the daemon's own local
// one ([Local]), or the one that the hosts of a cluster share.
type Space interface {
	RequestPool(preferred, sub string, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (string, *Pool, error)
	ReleasePool(key string)
	RequestAddress(key string, want netip.Addr) (netip.Prefix, error)
	ReleaseAddress(key string, a netip.Addr)
}

// GlobalSpace is the name of the space that the hosts of a cluster share.
const GlobalSpace = "GlobalDefault"

// globalPools are cut for networks that ask for no subnet.
var globalPools = []AddressPool{{"10.0.0.0/8", 24}}

// Global is the address space GlobalDefault. What is taken is in the
// cluster store; every request reads it, changes it, and writes it back if
// nobody else did meanwhile.
type Global struct {
	store store.Datastore
	log   func(level, msg string, pairs ...string)
	rules *Local // the predefined pools, and where the search for one goes on
}

// NewGlobal is the space in a store.
func NewGlobal(s store.Datastore, log func(string, string, ...string)) *Global {
	rules, _ := NewLocal(globalPools, Rules{})
	return &Global{store: s, log: log, rules: rules}
}

// spaceConfig is the list of pools in the store.
type spaceConfig struct {
	Scope   string
	Subnets map[string]poolData
}

type poolData struct {
	ParentKey subnetKey
	Pool      string
	Range     *poolRange `json:",omitempty"`
	RefCount  int
}

type subnetKey struct{ AddressSpace, Subnet, ChildSubnet string }

type poolRange struct {
	End, Start uint64
	Sub        string
}

var spaceConfigKey = store.Key("ipam", "default", "config", GlobalSpace)

func poolDataKey(p netip.Prefix) string {
	return store.Key("ipam", "default", "data", GlobalSpace, p.String())
}

// local is a pool's key without the name of the space.
func localPoolKey(key string) string { return strings.TrimPrefix(key, GlobalSpace+"/") }

// Read makes an allocator that knows the pools of the store.
func (g *Global) Read() (*Local, uint64, error) {
	var c spaceConfig
	index, err := g.store.Get(spaceConfigKey, &c)
	if err != nil {
		return nil, 0, errdefs.System("error getting pools config from store: could not get pools config from store: %v", err)
	}
	m := &Local{pools: map[string]*Pool{}, predefined: g.rules.predefined, start: g.rules.start}
	for _, key := range sortedKeys(c.Subnets) {
		data := c.Subnets[key]
		p, err := netip.ParsePrefix(data.Pool)
		if err != nil {
			return nil, 0, errdefs.System("error getting pools config from store: %v", err)
		}
		q := &Pool{Prefix: p, refs: data.RefCount, bits: newBitmap(p)}
		q.hi = q.bits.last()
		if r := data.Range; r != nil {
			q.Sub, q.ranged, q.lo, q.hi = r.Sub, true, r.Start, r.End
		}
		m.put(localPoolKey(key), q)
	}
	return m, index, nil
}

func (g *Global) write(m *Local, index uint64) error {
	c := spaceConfig{Scope: "global", Subnets: map[string]poolData{}}
	for _, key := range m.order {
		q := m.pools[key]
		data := poolData{Pool: q.Prefix.String(), RefCount: q.refs}
		if q.ranged {
			data.ParentKey = subnetKey{GlobalSpace, q.Prefix.String(), ""}
			data.Range = &poolRange{q.hi, q.lo, q.Sub}
		}
		c.Subnets[GlobalSpace+"/"+key] = data
	}
	_, err := g.store.Put(spaceConfigKey, index, c)
	return err
}

// change does fn to the list of pools, again if somebody was faster.
func (g *Global) change(fn func(*Local) error) error {
	for {
		m, index, err := g.Read()
		if err != nil {
			return err
		}
		if err := fn(m); err != nil {
			return err
		}
		if err := g.write(m, index); err != store.ErrKeyModified {
			if err != nil {
				return errdefs.System("failed to update store for object type *Local.addrSpace: %v", err)
			}
			g.rules.start = m.start
			return nil
		}
	}
}

func (g *Global) RequestPool(preferred, sub string, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (key string, p *Pool, err error) {
	err = g.change(func(m *Local) (err error) {
		key, p, err = m.RequestPool(preferred, sub, v6, held)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	err = g.bits(p.Prefix, func(*bitseq.Sequence) error { return nil })
	if err != nil {
		return "", nil, err
	}
	return GlobalSpace + "/" + key, p, nil
}

func (g *Global) ReleasePool(key string) {
	var gone []netip.Prefix
	err := g.change(func(m *Local) error {
		q, ok := m.pools[localPoolKey(key)]
		if !ok {
			return errdefs.NotFound("cannot find address pool for poolID:%s", key)
		}
		m.ReleasePool(localPoolKey(key))
		gone = nil
		if _, left := m.pools[q.Prefix.String()]; !left {
			gone = append(gone, q.Prefix)
		}
		return nil
	})
	if err != nil {
		g.log("warning", fmt.Sprintf("Failed to release address pool %s: %v", key, err))
		return
	}
	for _, p := range gone {
		if err := g.store.Delete(poolDataKey(p)); err != nil {
			g.log("warning", fmt.Sprintf("could not find bitmask in store.Datastore for subnet %s: %v", p, err))
		}
	}
}

// bits changes the addresses of a subnet that are in use.
func (g *Global) bits(p netip.Prefix, fn func(*bitseq.Sequence) error) error {
	key := poolDataKey(p)
	for {
		s := &bitseq.Sequence{}
		index, err := g.store.Get(key, s)
		if err != nil {
			return errdefs.System("could not find bitmask in store.Datastore for %s on address %s request from pool: %v", p, p.Addr(), err)
		}
		if index == 0 {
			fresh := newBitmap(p)
			s = &bitseq.Sequence{ID: GlobalSpace + "/" + p.String(), Bits: fresh.size, Used: fresh.used}
		}
		if err := fn(s); err != nil {
			return err
		}
		if _, err = g.store.Put(key, index, s); err != store.ErrKeyModified {
			if err != nil {
				return errdefs.System("failed to update store for object type *bitseq.Handle: %v", err)
			}
			return nil
		}
	}
}

func (g *Global) RequestAddress(key string, want netip.Addr) (got netip.Prefix, err error) {
	m, _, err := g.Read()
	if err != nil {
		return got, err
	}
	q, ok := m.pools[localPoolKey(key)]
	if !ok {
		return got, errdefs.NotFound("cannot find address pool for poolID:%s", key)
	}
	err = g.bits(q.Prefix, func(s *bitseq.Sequence) (err error) {
		q.bits.used, q.bits.low = s.Used, 0
		got, err = m.RequestAddress(localPoolKey(key), want)
		return err
	})
	return got, err
}

func (g *Global) ReleaseAddress(key string, a netip.Addr) {
	m, _, err := g.Read()
	if err == nil {
		q, ok := m.pools[localPoolKey(key)]
		if !ok {
			return
		}
		err = g.bits(q.Prefix, func(s *bitseq.Sequence) error {
			if n := hostPart(a, q.Prefix.Bits()); n != 0 {
				delete(s.Used, n)
			}
			return nil
		})
	}
	if err != nil {
		g.log("warning", fmt.Sprintf("Failed to release ip address %s: %v", a, err))
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
