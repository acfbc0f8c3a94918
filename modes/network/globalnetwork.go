package network

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
	"dnetsim/modes/store"
)

// storedNetwork is a network of global scope in the cluster store.
type storedNetwork struct {
	AddrSpace        string            `json:"addrSpace"`
	Attachable       bool              `json:"attachable"`
	ConfigFrom       string            `json:"configFrom"`
	ConfigOnly       bool              `json:"configOnly"`
	Created          time.Time         `json:"created"`
	EnableIPv6       bool              `json:"enableIPv6"`
	Generic          map[string]any    `json:"generic"`
	ID               string            `json:"id"`
	InDelete         bool              `json:"inDelete"`
	Ingress          bool              `json:"ingress"`
	Internal         bool              `json:"internal"`
	IPAMOptions      map[string]string `json:"ipamOptions"`
	IPAMType         string            `json:"ipamType"`
	IPAMV4Config     string            `json:"ipamV4Config,omitempty"`
	IPAMV4Info       string            `json:"ipamV4Info,omitempty"`
	Labels           map[string]string `json:"labels"`
	LoadBalancerIP   string            `json:"loadBalancerIP"`
	LoadBalancerMode string            `json:"loadBalancerMode"`
	Name             string            `json:"name"`
	NetworkType      string            `json:"networkType"`
	Persist          bool              `json:"persist"`
	PostIPv6         bool              `json:"postIPv6"`
	Scope            string            `json:"scope"`
}

// storedPool is one element of ipamV4Config.
type storedPool struct {
	PreferredPool, SubPool, Gateway string
	AuxAddresses                    map[string]string
}

// storedInfo is one element of ipamV4Info: IPAMData is JSON in a string.
type storedInfo struct{ IPAMData, PoolID string }

type storedIPAMData struct {
	AddressSpace, Gateway, Pool string
	AuxAddresses                map[string]string `json:",omitempty"`
}

const (
	labelIPv6     = "com.docker.network.enable_ipv6"
	labelGeneric  = "com.docker.network.generic"
	labelInternal = "com.docker.network.internal"
)

// inStore is what a host knows of a network of global scope.
type inStore struct {
	index    uint64 // of the network's key, as last read
	stored   []*storedEndpoint
	remote   []*storedEndpoint // whose names containers here can resolve
	unwatch  func()
	deleting bool
	missed   time.Duration // when the store was first seen not to have it, 0: it has it
}

func networkKey(id string) string { return store.Key("network", id) }
func countKey(id string) string   { return store.Key("endpoint_count", id) }

// storeForm is the network as the store keeps it.
func (n *Network) storeForm() storedNetwork {
	opts := map[string]any{}
	for k, v := range n.Options {
		opts[k] = v
	}
	s := storedNetwork{
		AddrSpace: ipam.GlobalSpace, Attachable: n.Attachable, ConfigFrom: n.ConfigFrom, ConfigOnly: n.ConfigOnly,
		Created: n.Created.UTC(), EnableIPv6: n.EnableIPv6,
		Generic: map[string]any{labelIPv6: n.EnableIPv6, labelGeneric: opts},
		ID:      n.ID, InDelete: n.Core.global.deleting, Ingress: n.Ingress, Internal: n.Internal,
		IPAMOptions: n.IPAM.Options, IPAMType: n.IPAM.Driver, Labels: n.Labels, LoadBalancerMode: "NAT",
		Name: n.Name, NetworkType: n.Driver, Persist: true, Scope: n.Scope,
	}
	if n.Internal {
		s.Generic[labelInternal] = true
	}
	var cfg []storedPool
	for _, c := range n.Core.asked[0] {
		cfg = append(cfg, storedPool{c.Subnet, c.IPRange, c.Gateway, c.AuxAddresses})
	}
	if len(cfg) == 0 {
		cfg = []storedPool{{}}
	}
	b, _ := json.Marshal(cfg)
	s.IPAMV4Config = string(b)
	var info []storedInfo
	for _, u := range n.Core.V4 {
		b, _ := json.Marshal(storedIPAMData{AddressSpace: ipam.GlobalSpace, Gateway: u.gateway.String(), Pool: u.pool.Prefix.String()})
		info = append(info, storedInfo{string(b), u.Key})
	}
	b, _ = json.Marshal(info)
	s.IPAMV4Info = string(b)
	return s
}

// network makes the model of what the store has.
func (s storedNetwork) network(index uint64) *Network {
	n := &Network{
		ID: s.ID, Name: s.Name, Created: s.Created, Scope: "global", Driver: s.NetworkType, EnableIPv6: s.EnableIPv6,
		Internal: s.Internal, Attachable: s.Attachable, Ingress: s.Ingress, ConfigOnly: s.ConfigOnly, ConfigFrom: s.ConfigFrom,
		Options: map[string]string{}, Labels: s.Labels, Core: &netCore{name: s.Name, global: &inStore{index: index}},
		IPAM: IPAM{Driver: s.IPAMType, Options: s.IPAMOptions},
	}
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	if opts, ok := s.Generic[labelGeneric].(map[string]any); ok {
		for _, k := range slices.Sorted(maps.Keys(opts)) {
			if v, ok := opts[k].(string); ok {
				n.Options[k] = v
			}
		}
	}
	var cfg []storedPool
	json.Unmarshal([]byte(s.IPAMV4Config), &cfg)
	for _, c := range cfg {
		if c.PreferredPool != "" || len(cfg) > 1 {
			n.Core.asked[0] = append(n.Core.asked[0], IPAMConfig{c.PreferredPool, c.SubPool, c.Gateway, c.AuxAddresses})
		}
	}
	var info []storedInfo
	json.Unmarshal([]byte(s.IPAMV4Info), &info)
	for _, i := range info {
		var data storedIPAMData
		json.Unmarshal([]byte(i.IPAMData), &data)
		p, err := netip.ParsePrefix(data.Pool)
		if err != nil {
			continue
		}
		gw, _ := netip.ParsePrefix(data.Gateway)
		n.Core.V4 = append(n.Core.V4, poolUse{Key: i.PoolID, pool: &ipam.Pool{Prefix: p}, gateway: gw})
	}
	n.IPAM.Config = n.shownIPAM()
	return n
}

// Refresh reads the networks of the cluster: those that are in the store
// now are the ones that exist. Without a store that answers there are none.
func (sh *Global) Refresh() {
	c := sh.Cluster
	if c == nil || sh.ctl.Loop.Current() == nil {
		return
	}
	asked := sh.ctl.Loop.Now()
	pairs, err := c.Store.List(store.Root + "network/")
	if err == nil {
		c.Store.List(store.Root + "endpoint_count/")
	}
	var found []*Network
	for _, p := range pairs {
		var s storedNetwork
		if len(p.Value) == 0 || json.Unmarshal(p.Value, &s) != nil {
			continue
		}
		n := sh.Globals[s.ID]
		if n == nil {
			n = s.network(p.Index)
			sh.Globals[s.ID] = n
		}
		n.Core.global.index, n.Core.global.missed = p.Index, 0
		found = append(found, n)
	}
	if sh.Cluster != c {
		return
	}
	if err == nil {
		sh.forget(found, asked)
		sh.payDebts()
	}
	all := make([]*Network, 0, len(sh.ctl.Networks)+len(found))
	for _, n := range sh.ctl.Networks {
		if n.Core.global == nil {
			all = append(all, n)
		}
	}
	sh.ctl.Networks = append(all, found...)
}

// forget drops what is kept of networks that other hosts have removed. A
// network that was made while the store was asked is in no answer yet, so it
// takes two questions, one after the other.
func (sh *Global) forget(found []*Network, asked time.Duration) {
	for id, n := range sh.Globals { // each by itself: the order is no matter
		g := n.Core.global
		switch {
		case slices.Contains(found, n) || len(n.Core.Endpoints) > 0 || g.deleting:
		case g.missed == 0 || g.missed >= asked:
			g.missed = sh.ctl.Loop.Now()
		case sh.Cluster.Driver.Forget(id):
			delete(sh.Globals, id)
		}
	}
}

// RefreshEndpoints reads a network's endpoints of all hosts.
func (sh *Global) RefreshEndpoints(n *Network) error {
	if n.Core.global == nil || sh.Cluster == nil || sh.ctl.Loop.Current() == nil {
		return nil
	}
	eps, err := sh.Cluster.endpoints(n.ID)
	if err != nil {
		return err
	}
	n.Core.global.stored = eps
	return nil
}

// endpoints lists what the store has of a network's endpoints.
func (c *cluster) endpoints(nid string) ([]*storedEndpoint, error) {
	pairs, err := c.Store.List(store.Key("endpoint", nid))
	if err != nil {
		return nil, err
	}
	var out []*storedEndpoint
	for _, p := range pairs {
		e := &storedEndpoint{}
		if len(p.Value) == 0 || strings.TrimSuffix(p.Key, "/") == strings.TrimSuffix(store.Key("endpoint", nid), "/") {
			continue
		}
		if json.Unmarshal(p.Value, e) == nil {
			e.index = p.Index
			out = append(out, e)
		}
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].ID < out[k].ID })
	return out, nil
}

// publishNetwork writes a new network's keys: the driver's first, then the
// count of endpoints, then the network itself.
func (sh *Global) publishNetwork(n *Network) (err error) {
	c := sh.Cluster
	if c == nil {
		return calls.ErrGone
	}
	defer func() {
		switch {
		case err == nil:
		case sh.Cluster != c:
			sh.owe(func() error { return sh.settleNetwork(n) })
		default:
			c.Driver.DeleteNetwork(n.ID)
			c.Store.Delete(countKey(n.ID))
		}
	}()
	if err := c.Driver.CreateNetwork(n.view()); err != nil {
		return err
	}
	if _, err := c.Store.Put(countKey(n.ID), 0, endpointCount{}); err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to update store for object type *libnetwork.endpointCnt: %v", err)
	}
	index, err := c.Store.Put(networkKey(n.ID), 0, n.storeForm())
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to update store for object type *libnetwork.network: %v", err)
	}
	n.Core.global.index = index
	sh.Globals[n.ID] = n
	return nil
}

// settleNetwork takes what there is of a network out of the store, when dockerd
// had gone while it was being made or removed.
func (sh *Global) settleNetwork(n *Network) error {
	c := sh.Cluster
	if c.Driver.Has(n.ID) {
		if err := c.Driver.DeleteNetwork(n.ID); err != nil {
			return err
		}
	}
	for _, key := range []string{countKey(n.ID), networkKey(n.ID)} {
		if err := c.Store.Delete(key); err != nil {
			return err
		}
	}
	delete(sh.Globals, n.ID)
	return nil
}

// withdrawNetwork deletes a network from the store, with all that it holds.
func (sh *Global) withdrawNetwork(n *Network) (err error) {
	c := sh.Cluster
	if c == nil {
		return calls.ErrGone
	}
	g := n.Core.global
	g.deleting = true
	defer func() {
		if err != nil && g.deleting && sh.Cluster != c {
			sh.owe(func() error { return sh.settleNetwork(n) })
			sh.ctl.releasePools(n)
		}
	}()
	index, err := c.Store.Put(networkKey(n.ID), g.index, n.storeForm())
	if err != nil {
		g.deleting = false
		return errdefs.New(errdefs.KindSystem, "error while removing network: error marking network %s (%s) for deletion: %v", n.Name, n.ID, err)
	}
	g.index = index
	if err := c.Driver.DeleteNetwork(n.ID); err != nil {
		return errdefs.New(errdefs.KindSystem, "error while removing network: %v", err)
	}
	sh.ctl.releasePools(n)
	if err := c.Store.Delete(countKey(n.ID)); err != nil {
		return errdefs.New(errdefs.KindSystem, "error while removing network: error deleting network endpoint count from store: %v", err)
	}
	if err := c.Store.Delete(networkKey(n.ID)); err != nil {
		return errdefs.New(errdefs.KindSystem, "error while removing network: error deleting network from store: %v", err)
	}
	delete(sh.Globals, n.ID)
	return nil
}

// owe does something that the cluster store has to be told when it can be
// reached again: fn is called until it returns no error. It may be called more
// than once, so it does only what is left to do.
func (sh *Global) owe(fn func() error) { sh.debts = append(sh.debts, fn) }

// payDebts tells the store what it could not be told.
func (sh *Global) payDebts() {
	due := sh.debts
	sh.debts = nil
	for i, fn := range due {
		if sh.Cluster == nil {
			sh.debts = append(sh.debts, due[i:]...)
			return
		}
		if fn() != nil {
			sh.owe(fn)
		}
	}
}
