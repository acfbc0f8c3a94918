package modes

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/ipam"
	"dnetsim/modes/network/overlay"
	"dnetsim/modes/store"
)

// cluster is a daemon's part in a cluster of daemons that share a store
// (cluster-store): it lives as long as dockerd runs.
type cluster struct {
	d         *Daemon
	advertise string     // "ip:port", or ""
	self      netip.Addr // its address; invalid without advertise
	store     store.Datastore
	discovery *store.Discovery
	space     *ipam.Global
	driver    *overlay.Driver
	watches   []*keyWatch
}

// keyWatch is a watch of a key that begins anew when the store is back.
type keyWatch struct {
	c    *cluster
	key  string
	fn   func()
	stop func() // nil while the watch is broken
}

// initCluster reads the cluster options; it refuses what dockerd refuses and
// connects to nothing yet.
func (d *Daemon) initCluster() error {
	cfg := &d.config
	d.cluster = nil
	if cfg.ClusterStore == "" {
		if cfg.ClusterAdvertise != "" {
			return errf(ErrSystem, "failed to start daemon: discovery advertise parsing failed: invalid cluster configuration. --cluster-advertise must be accompanied by --cluster-store configuration")
		}
		return nil
	}
	advertise, err := d.parseAdvertise(cfg.ClusterAdvertise)
	if err != nil {
		return errf(ErrSystem, "failed to start daemon: %v", err)
	}
	cfg.ClusterAdvertise = advertise
	c := &cluster{d: d, advertise: advertise}
	if ap, err := netip.ParseAddrPort(advertise); err == nil {
		c.self = ap.Addr()
	}
	client, err := c.client(cfg.ClusterStore)
	if err == nil {
		c.discovery, err = c.discover(client, advertise, cfg.ClusterStoreOpts)
	}
	if err != nil {
		return errf(ErrSystem, "failed to start daemon: discovery initialization failed (%v)", err)
	}
	c.store = store.Datastore{KV: client}
	c.space = ipam.NewGlobal(c.store, d.Journal.Write)
	before, _ := d.drivers["overlay"].(*overlay.Driver)
	c.driver = overlay.New(d.face, overlay.Config{Store: c.store, Self: c.self, JoinTime: d.profile.cost.overlayJoin}, &d.boxes, before)
	d.drivers["overlay"] = c.driver
	d.cluster = c
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
	d := c.d
	return store.New(d.loop, d.face.Opener(d.ns()), at, store.Options{Lookup: d.hostLookup}), nil
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
		Log:       func(level, text string) { c.d.Journal.Write(level, text) },
		OnEntries: func([]store.Entry) { c.restartWatches() },
		OnChange:  func(joined, _ []netip.Addr) { c.driver.Discovered(joined) },
	}), nil
}

// parseAdvertise resolves "address:port" or "interface:port".
func (d *Daemon) parseAdvertise(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	fail := func(format string, args ...any) (string, error) {
		return "", errf(ErrSystem, "discovery advertise parsing failed: "+format, args...)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fail("invalid --cluster-advertise configuration: %s: %v", text, err)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return text, nil
	}
	i := d.ns().Interface(host)
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
func (d *Daemon) hostLookup(host string) (netip.Addr, error) {
	b, _ := d.host.FS().ReadFile("/etc/hosts")
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
	if all := d.hostNameservers(); len(all) > 0 {
		server = all[0].String() + ":53"
	}
	return netip.Addr{}, &net.DNSError{Err: "no such host", Name: host, Server: server, IsNotFound: true}
}

// consultStore is what dockerd asks the store while it starts: which pools are
// taken, which networks there are, and which endpoints of an earlier run are
// left in them. A store that does not answer only costs time.
func (d *Daemon) consultStore() {
	c := d.cluster
	if c == nil || d.loop.Current() == nil {
		return
	}
	c.space.Read()
	d.refreshGlobal()
	d.cleanLeftovers()
	for _, n := range d.networks {
		if n.core.global == nil && !c.listsEndpoints(n) {
			return
		}
	}
}

// listsEndpoints lists a network's endpoints in the store, as dockerd does for
// every network, those of one host too; it leaves the folder's key behind. It
// reports whether the store answered.
func (c *cluster) listsEndpoints(n *Network) bool {
	_, err := c.store.List(store.Key("endpoint", n.ID))
	return err == nil
}

// watchAllNames follows the names of the networks in which an earlier run left
// containers running.
func (d *Daemon) watchAllNames() {
	if d.cluster == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(d.globals)) {
		if n := d.globals[id]; len(n.core.endpoints) > 0 {
			d.watchNames(n)
		}
	}
}

// followCluster begins to follow the other daemons. dockerd does so before it
// sets up its networks: where the store still has its registration, it is in
// the gossip before docker0 is there.
func (d *Daemon) followCluster() {
	if c := d.cluster; c != nil && c.discovery != nil {
		c.discovery.Watch()
	}
}

// leaveCluster is what the end of dockerd does: nobody is told. The sockets are
// closed, the registration times out.
func (d *Daemon) leaveCluster() {
	c := d.cluster
	if c == nil {
		return
	}
	d.cluster = nil
	if c.discovery != nil {
		c.discovery.Stop()
	}
	c.driver.Close()
	c.store.KV.Close()
	var local []*Network
	for _, n := range d.networks {
		if n.core.global == nil {
			local = append(local, n)
		}
	}
	for _, n := range d.globals { // each by itself: the order is no matter
		n.core.global.unwatch, n.core.global.remote, n.core.global.stored = nil, nil, nil
	}
	d.networks = local
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
	kv := w.c.store.KV
	w.stop = kv.Watch(w.c.store.At(w.key), func(*store.Pair) { w.fn() }, func(error) { w.stop = nil })
}

func (c *cluster) restartWatches() {
	for _, w := range c.watches {
		if w.stop == nil {
			w.start()
		}
	}
}

// networkWait is how long a container whose network is not there waits at the
// daemon's start for the store: it may be in a container that starts now.
const networkWait = time.Minute

// waitForNetworks lets a container with a restart policy wait for the store.
func (d *Daemon) waitForNetworks(c *Container) {
	// Looking for them asks the store, and the daemon may stop meanwhile.
	if !d.missesNetwork(c) || d.cluster == nil || d.cluster.discovery == nil {
		return
	}
	d.cluster.discovery.WaitReady(networkWait)
}

func (d *Daemon) missesNetwork(c *Container) bool {
	d.refreshGlobal()
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		if _, ok := d.findNetworkByName(name); !ok {
			return true
		}
	}
	return false
}
