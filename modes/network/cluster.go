package network

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/modes/config"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
	"dnetsim/modes/network/overlay"
	"dnetsim/modes/serf"
	"dnetsim/modes/store"
)

// Global is what a controller has of networks of several hosts. They are in the
// cluster store; without one there are none.
type Global struct {
	ctl     *Controller
	Cluster *cluster            // nil without cluster-store
	Globals map[string]*Network // networks of the cluster store ever seen, by id
	debts   []func() error      // see owe
}

// cluster is a daemon's part in a cluster of daemons that share a store
// (cluster-store): it lives as long as dockerd runs.
type cluster struct {
	sh        *Global
	advertise string     // "ip:port", or ""
	self      netip.Addr // its address; invalid without advertise
	Store     store.Datastore
	discovery *store.Discovery
	space     *ipam.Global
	Driver    *overlay.Driver
	watches   []*keyWatch
}

// keyWatch is a watch of a key that begins anew when the store is back.
type keyWatch struct {
	c    *cluster
	key  string
	fn   func()
	stop func() // nil while the watch is broken
}

// Init reads the cluster options; it refuses what dockerd refuses and
// connects to nothing yet.
func (sh *Global) Init() error {
	cfg := sh.ctl.Config
	sh.Cluster = nil
	if cfg.ClusterStore == "" {
		if cfg.ClusterAdvertise != "" {
			return errdefs.New(errdefs.KindSystem, "failed to start daemon: discovery advertise parsing failed: invalid cluster configuration. --cluster-advertise must be accompanied by --cluster-store configuration")
		}
		return nil
	}
	advertise, err := sh.ParseAdvertise(cfg.ClusterAdvertise)
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to start daemon: %v", err)
	}
	cfg.ClusterAdvertise = advertise
	c := &cluster{sh: sh, advertise: advertise}
	if ap, err := netip.ParseAddrPort(advertise); err == nil {
		c.self = ap.Addr()
	}
	client, err := c.client(cfg.ClusterStore)
	if err == nil {
		c.discovery, err = c.discover(client, advertise, cfg.ClusterStoreOpts)
	}
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to start daemon: discovery initialization failed (%v)", err)
	}
	c.Store = store.Datastore{KV: client}
	c.space = ipam.NewGlobal(c.Store, sh.ctl.Journal.Write)
	before, _ := sh.ctl.Drivers["overlay"].(*overlay.Driver)
	c.Driver = overlay.New(sh.ctl.Face, overlay.Config{Store: c.Store, Self: c.self, JoinTime: sh.ctl.OverlayJoin}, &sh.ctl.Boxes, before)
	sh.ctl.Drivers["overlay"] = c.Driver
	sh.Cluster = c
	if c.discovery != nil {
		c.discovery.Advertise()
	}
	return nil
}

// client is a client of the store at a URL.
func (c *cluster) client(url string) (*store.Client, error) {
	at, err := store.Parse(url)
	if err != nil {
		return nil, err
	}
	sh := c.sh
	return store.New(sh.ctl.Loop, sh.ctl.Face.Opener(sh.ctl.ns()), at, store.Options{Lookup: sh.hostLookup}), nil
}

// discover makes the discovery of the other daemons, which is still to be
// started. Without an address to advertise there is none.
func (c *cluster) discover(client *store.Client, advertise string, opts map[string]string) (*store.Discovery, error) {
	beat, ttl, err := store.ParseDiscoveryOptions(opts)
	if err != nil || advertise == "" {
		return nil, err
	}
	return store.NewDiscovery(client, store.DiscoveryOptions{
		Advertise: advertise, Heartbeat: beat, TTL: ttl,
		Log:       func(level, text string) { c.sh.ctl.Journal.Write(level, text) },
		OnEntries: func([]store.Entry) { c.restartWatches() },
		OnChange:  func(joined, _ []netip.Addr) { c.Driver.Discovered(joined) },
	}), nil
}

// ParseAdvertise resolves "address:port" or "interface:port".
func (sh *Global) ParseAdvertise(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	fail := func(format string, args ...any) (string, error) {
		return "", errdefs.New(errdefs.KindSystem, "discovery advertise parsing failed: "+format, args...)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fail("invalid --cluster-advertise configuration: %s: %v", text, err)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return text, nil
	}
	i := sh.ctl.ns().Interface(host)
	if i == nil {
		return fail("invalid cluster advertise IP address or interface name (%s) : route ip+net: no such network interface", text)
	}
	for _, a := range i.Addrs() {
		if ip := a.Prefix.Addr(); ip.Is4() && !ip.IsLoopback() {
			return net.JoinHostPort(ip.String(), port), nil
		}
	}
	return fail("couldn't find a valid ip-address in interface %s", host)
}

// hostLookup resolves the store's name with the host's files and servers.
func (sh *Global) hostLookup(host string) (netip.Addr, error) {
	b, _ := sh.ctl.machine().FS().ReadFile("/etc/hosts")
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		for _, name := range f[min(1, len(f)):] {
			if strings.EqualFold(name, host) {
				return netip.ParseAddr(f[0])
			}
		}
	}
	server := "[::1]:53"
	if all := sh.ctl.HostNameservers(); len(all) > 0 {
		server = all[0].String() + ":53"
	}
	return netip.Addr{}, &net.DNSError{Err: "no such host", Name: host, Server: server, IsNotFound: true}
}

// Consult is what dockerd asks the store while it starts: which pools are
// taken, which networks there are, and which endpoints of an earlier run are
// left in them. A store that does not answer only costs time.
func (sh *Global) Consult(leftovers func()) {
	c := sh.Cluster
	if c == nil || sh.ctl.Loop.Current() == nil {
		return
	}
	c.space.Read()
	sh.Refresh()
	leftovers()
	for _, n := range sh.ctl.Networks {
		if n.Core.global == nil && !c.listsEndpoints(n) {
			return
		}
	}
}

// listsEndpoints lists a network's endpoints in the store, as dockerd does for
// every network, those of one host too; it leaves the folder's key behind. It
// reports whether the store answered.
func (c *cluster) listsEndpoints(n *Network) bool {
	_, err := c.Store.List(store.Key("endpoint", n.ID))
	return err == nil
}

// WatchAllNames follows the names of the networks in which an earlier run left
// containers running.
func (sh *Global) WatchAllNames() {
	if sh.Cluster == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(sh.Globals)) {
		if n := sh.Globals[id]; len(n.Core.Endpoints) > 0 {
			sh.watchNames(n)
		}
	}
}

// Follow begins to follow the other daemons. dockerd does so before it
// sets up its networks: where the store still has its registration, it is in
// the gossip before docker0 is there.
func (sh *Global) Follow() {
	if c := sh.Cluster; c != nil && c.discovery != nil {
		c.discovery.Watch()
	}
}

// Leave is what the end of dockerd does: nobody is told. The sockets are
// closed, the registration times out.
func (sh *Global) Leave() {
	sh.ctl.Agent.end()
	c := sh.Cluster
	if c == nil {
		return
	}
	sh.Cluster = nil
	if c.discovery != nil {
		c.discovery.Stop()
	}
	c.Driver.Close()
	c.Store.KV.Close()
	var local []*Network
	for _, n := range sh.ctl.Networks {
		if n.Core.global == nil {
			local = append(local, n)
		}
	}
	for _, n := range sh.Globals { // each by itself: the order is no matter
		n.Core.global.unwatch, n.Core.global.remote, n.Core.global.stored = nil, nil, nil
	}
	sh.ctl.Networks = local
}

// locator is how endpoints say which host they are on.
func (c *cluster) locator() string {
	if c.self.IsValid() {
		return c.self.String()
	}
	return ""
}

// watch calls fn now and after every change of a key, until stop is called.
// When the store goes away the watch ends; it begins anew when discovery hears
// from the store again.
func (c *cluster) watch(key string, fn func()) (stop func()) {
	w := &keyWatch{c: c, key: key, fn: fn}
	c.watches = append(c.watches, w)
	w.start()
	return func() {
		for i, x := range c.watches {
			if x == w {
				c.watches = slices.Concat(c.watches[:i], c.watches[i+1:])
				break
			}
		}
		if w.stop != nil {
			w.stop()
		}
	}
}

func (w *keyWatch) start() {
	kv := w.c.Store.KV
	w.stop = kv.Watch(w.c.Store.At(w.key), func(*store.Pair) { w.fn() }, func(error) { w.stop = nil })
}

func (c *cluster) restartWatches() {
	for _, w := range c.watches {
		if w.stop == nil {
			w.start()
		}
	}
}

// Rediscover begins to register anew, under another address or in another store.
// The networks stay in the store that they are in.
func (sh *Global) Rediscover(cfg *config.Config, moved bool) error {
	c := sh.Cluster
	client := c.Store.KV
	if moved {
		var err error
		if client, err = c.client(cfg.ClusterStore); err != nil {
			return err
		}
	}
	next, err := c.discover(client, cfg.ClusterAdvertise, cfg.ClusterStoreOpts)
	if err != nil {
		return err
	}
	if c.discovery != nil {
		c.discovery.Stop()
	}
	if c.discovery = next; next != nil {
		next.Advertise()
		next.Watch()
	}
	if moved {
		c.sh.ctl.Journal.Write("warning", "Failed to reload configuration with network controller: cannot accept new configuration because it modifies an existing datastore client")
	}
	return nil
}

// View is what a daemon knows of the cluster that it shares a store with.
type View struct {
	Store     string     // cluster-store, "" for none
	Advertise string     // cluster-advertise as dockerd understood it, "ADDRESS:PORT"
	Self      netip.Addr // its address
	VTEP      netip.Addr // where other hosts' tunnels to this one end
	Port      uint16     // the UDP port of the tunnels
	Gossip    bool       // the gossip agent runs: its address could be bound
	Name      string     // of the agent
	Members   []serf.Member
	Peers     []overlay.Peer
}

// Active reports whether the daemon is part of a cluster.
func (sh *Global) Active() bool { return sh.Cluster != nil }

// View is the daemon's part in the cluster as it is now, the zero value without one.
func (sh *Global) View() View {
	c := sh.Cluster
	if c == nil {
		return View{}
	}
	v := View{Store: sh.ctl.Config.ClusterStore, Advertise: c.advertise, Self: c.self, VTEP: c.self, Port: link.VXLANPort, Peers: c.Driver.Peers()}
	if a := c.Driver.Agent(); a != nil {
		v.Gossip, v.Name, v.Members = !a.Down(), a.Name(), a.Members()
	}
	return v
}

// WaitReady waits for the store to answer, so long at most.
func (sh *Global) WaitReady(most time.Duration) {
	if sh.Cluster != nil && sh.Cluster.discovery != nil {
		sh.Cluster.discovery.WaitReady(most)
	}
}
