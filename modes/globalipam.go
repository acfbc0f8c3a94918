package modes

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/modes/bitseq"
	"dnetsim/modes/store"
)

// addressSpace gives out subnets and their addresses: the daemon's own local
// one ([ipam]), or the one that the hosts of a cluster share.
type addressSpace interface {
	requestPool(preferred, sub string, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (string, *pool, error)
	releasePool(key string)
	requestAddress(key string, want netip.Addr) (netip.Prefix, error)
	releaseAddress(key string, a netip.Addr)
}

func (d *Daemon) space(n *Network) addressSpace {
	if n.Scope == "global" && d.cluster != nil {
		return d.cluster.space
	}
	return d.ipam
}

const globalSpace = "GlobalDefault"

// globalPools are cut for networks that ask for no subnet.
var globalPools = []AddressPool{{"10.0.0.0/8", 24}}

// globalIPAM is the address space GlobalDefault. What is taken is in the
// cluster store; every request reads it, changes it, and writes it back if
// nobody else did meanwhile.
type globalIPAM struct {
	store store.Datastore
	log   func(level, msg string, pairs ...string)
	rules *ipam // the predefined pools, and where the search for one goes on
}

func newGlobalIPAM(s store.Datastore, log func(string, string, ...string)) *globalIPAM {
	rules, _ := newIPAM(globalPools)
	return &globalIPAM{store: s, log: log, rules: rules}
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

var spaceConfigKey = store.Key("ipam", "default", "config", globalSpace)

func poolDataKey(p netip.Prefix) string {
	return store.Key("ipam", "default", "data", globalSpace, p.String())
}

// local is a pool's key without the name of the space.
func localPoolKey(key string) string { return strings.TrimPrefix(key, globalSpace+"/") }

// read makes an allocator that knows the pools of the store.
func (g *globalIPAM) read() (*ipam, uint64, error) {
	var c spaceConfig
	index, err := g.store.Get(spaceConfigKey, &c)
	if err != nil {
		return nil, 0, errf(ErrSystem, "error getting pools config from store: could not get pools config from store: %v", err)
	}
	m := &ipam{pools: map[string]*pool{}, predefined: g.rules.predefined, start: g.rules.start}
	for _, key := range sortedKeys(c.Subnets) {
		data := c.Subnets[key]
		p, err := netip.ParsePrefix(data.Pool)
		if err != nil {
			return nil, 0, errf(ErrSystem, "error getting pools config from store: %v", err)
		}
		q := &pool{prefix: p, refs: data.RefCount, bits: newBitmap(p)}
		q.hi = q.bits.last()
		if r := data.Range; r != nil {
			q.sub, q.ranged, q.lo, q.hi = r.Sub, true, r.Start, r.End
		}
		m.put(localPoolKey(key), q)
	}
	return m, index, nil
}

func (g *globalIPAM) write(m *ipam, index uint64) error {
	c := spaceConfig{Scope: "global", Subnets: map[string]poolData{}}
	for _, key := range m.order {
		q := m.pools[key]
		data := poolData{Pool: q.prefix.String(), RefCount: q.refs}
		if q.ranged {
			data.ParentKey = subnetKey{globalSpace, q.prefix.String(), ""}
			data.Range = &poolRange{q.hi, q.lo, q.sub}
		}
		c.Subnets[globalSpace+"/"+key] = data
	}
	_, err := g.store.Put(spaceConfigKey, index, c)
	return err
}

// change does fn to the list of pools, again if somebody was faster.
func (g *globalIPAM) change(fn func(*ipam) error) error {
	for {
		m, index, err := g.read()
		if err != nil {
			return err
		}
		if err := fn(m); err != nil {
			return err
		}
		if err := g.write(m, index); err != store.ErrKeyModified {
			if err != nil {
				return errf(ErrSystem, "failed to update store for object type *ipam.addrSpace: %v", err)
			}
			g.rules.start = m.start
			return nil
		}
	}
}

func (g *globalIPAM) requestPool(preferred, sub string, v6 bool, held func(netip.Prefix) (netip.Prefix, bool)) (key string, p *pool, err error) {
	err = g.change(func(m *ipam) (err error) {
		key, p, err = m.requestPool(preferred, sub, v6, held)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	err = g.bits(p.prefix, func(*bitseq.Sequence) error { return nil })
	if err != nil {
		return "", nil, err
	}
	return globalSpace + "/" + key, p, nil
}

func (g *globalIPAM) releasePool(key string) {
	var gone []netip.Prefix
	err := g.change(func(m *ipam) error {
		q, ok := m.pools[localPoolKey(key)]
		if !ok {
			return errf(ErrNotFound, "cannot find address pool for poolID:%s", key)
		}
		m.releasePool(localPoolKey(key))
		gone = nil
		if _, left := m.pools[q.prefix.String()]; !left {
			gone = append(gone, q.prefix)
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
func (g *globalIPAM) bits(p netip.Prefix, fn func(*bitseq.Sequence) error) error {
	key := poolDataKey(p)
	for {
		s := &bitseq.Sequence{}
		index, err := g.store.Get(key, s)
		if err != nil {
			return errf(ErrSystem, "could not find bitmask in store.Datastore for %s on address %s request from pool: %v", p, p.Addr(), err)
		}
		if index == 0 {
			fresh := newBitmap(p)
			s = &bitseq.Sequence{ID: globalSpace + "/" + p.String(), Bits: fresh.size, Used: fresh.used}
		}
		if err := fn(s); err != nil {
			return err
		}
		if _, err = g.store.Put(key, index, s); err != store.ErrKeyModified {
			if err != nil {
				return errf(ErrSystem, "failed to update store for object type *bitseq.Handle: %v", err)
			}
			return nil
		}
	}
}

func (g *globalIPAM) requestAddress(key string, want netip.Addr) (got netip.Prefix, err error) {
	m, _, err := g.read()
	if err != nil {
		return got, err
	}
	q, ok := m.pools[localPoolKey(key)]
	if !ok {
		return got, errf(ErrNotFound, "cannot find address pool for poolID:%s", key)
	}
	err = g.bits(q.prefix, func(s *bitseq.Sequence) (err error) {
		q.bits.used, q.bits.low = s.Used, 0
		got, err = m.requestAddress(localPoolKey(key), want)
		return err
	})
	return got, err
}

func (g *globalIPAM) releaseAddress(key string, a netip.Addr) {
	m, _, err := g.read()
	if err == nil {
		q, ok := m.pools[localPoolKey(key)]
		if !ok {
			return
		}
		err = g.bits(q.prefix, func(s *bitseq.Sequence) error {
			if n := hostPart(a, q.prefix.Bits()); n != 0 {
				delete(s.Used, n)
			}
			return nil
		})
	}
	if err != nil {
		g.log("warning", fmt.Sprintf("Failed to release ip address %s: %v", a, err))
	}
}
