package store

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"time"

	"dnetsim/sim"
)

// Discovery's constants: the folder of the nodes, and its rhythm.
const (
	nodesPath        = "docker/nodes"
	defaultHeartbeat = 20 * time.Second
	ttlFactor        = 3
	firstEvery       = 500 * time.Millisecond // the first registration is tried so often,
	firstLimit       = 60 * time.Second       // for so long
)

// Entry is a registered node: "host:port" as it advertises itself.
type Entry struct{ Host, Port string }

// String is "host:port".
func (e Entry) String() string { return net.JoinHostPort(e.Host, e.Port) }

// DiscoveryOptions configure a [Discovery].
type DiscoveryOptions struct {
	// Advertise is the "ip:port" under which the node registers. Empty: it only
	// watches.
	Advertise string
	// Heartbeat and TTL, zero: 20 s and three times the heartbeat.
	Heartbeat, TTL time.Duration
	// Log takes the lines of the daemon's log; level is "info", "warning" or
	// "error". Nil discards them.
	Log func(level, text string)
	// OnEntries is called with the whole set whenever the folder changes, also
	// if the set is what it was.
	OnEntries func([]Entry)
	// OnChange is called after it with the addresses that have come and gone,
	// in the order of the keys, if there are any. It compares addresses, not
	// ports: two nodes that advertise one address are one.
	OnChange func(joined, left []netip.Addr)
}

// ParseDiscoveryOptions reads discovery.heartbeat and discovery.ttl, in
// seconds, from the store's options.
func ParseDiscoveryOptions(opts map[string]string) (heartbeat, ttl time.Duration, err error) {
	heartbeat, ttl = defaultHeartbeat, ttlFactor*defaultHeartbeat
	beat, given := opts["discovery.heartbeat"]
	if given {
		n, err := strconv.Atoi(beat)
		if err != nil {
			return 0, 0, err
		}
		if n <= 0 {
			return 0, 0, errors.New("discovery.heartbeat must be positive")
		}
		heartbeat = time.Duration(n) * time.Second
		ttl = ttlFactor * heartbeat
	}
	if text, ok := opts["discovery.ttl"]; ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, 0, err
		}
		if n <= 0 {
			return 0, 0, errors.New("discovery.ttl must be positive")
		}
		ttl = time.Duration(n) * time.Second
		if !given {
			heartbeat = ttl / ttlFactor
		}
		if ttl <= heartbeat {
			return 0, 0, errors.New("discovery.ttl timer must be greater than discovery.heartbeat")
		}
	}
	return heartbeat, ttl, nil
}

// Discovery keeps a node registered in the store and tells which nodes are
// there. Its set survives a store that cannot be reached.
type Discovery struct {
	c      *Client
	o      DiscoveryOptions
	loop   *sim.Loop
	path   string
	set    []Entry
	procs  []*sim.Proc
	ready  bool
	became sim.Cond
}

// NewDiscovery makes a stopped discovery over a client.
func NewDiscovery(c *Client, o DiscoveryOptions) *Discovery {
	if o.Heartbeat <= 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.TTL <= 0 {
		o.TTL = ttlFactor * o.Heartbeat
	}
	if o.Log == nil {
		o.Log = func(string, string) {}
	}
	return &Discovery{c: c, o: o, loop: c.t.loop, path: path.Join(c.Endpoint.Prefix, nodesPath)}
}

// Advertise begins to register the node; the first try comes after half a
// second. It does not block.
func (d *Discovery) Advertise() {
	d.o.Log("info", "Initializing discovery without TLS")
	if d.o.Advertise != "" {
		d.procs = append(d.procs, d.loop.Go("heartbeat "+d.o.Advertise, d.beat))
	}
}

// Watch begins to follow the set of nodes. It does not block.
func (d *Discovery) Watch() {
	d.procs = append(d.procs, d.loop.Go("nodes "+d.o.Advertise, d.follow))
}

// Stop ends both. The registration stays in the store until its time is over,
// as it does when a daemon ends.
func (d *Discovery) Stop() {
	ps := d.procs
	d.procs = nil
	for _, p := range ps {
		if p != d.loop.Current() {
			p.Kill()
		}
	}
}

// Entries are the nodes seen last.
func (d *Discovery) Entries() []Entry { return slices.Clone(d.set) }

// WaitReady blocks the running process until the node has registered at least
// once, for at most limit.
func (d *Discovery) WaitReady(limit time.Duration) bool {
	end := d.loop.Now() + limit
	for !d.ready && d.loop.Now() < end {
		if d.became.WaitFor(d.loop, end-d.loop.Now()) == sim.ErrInterrupted {
			break
		}
	}
	return d.ready
}

func (d *Discovery) register() error {
	err := d.c.putTTL(path.Join(d.path, d.o.Advertise), []byte(d.o.Advertise), d.o.TTL)
	if err == nil && !d.ready {
		d.ready = true
		d.became.Broadcast()
	}
	return err
}

// beat registers in a tight rhythm until it works, and then with every tick.
// Ticks that fall into a slow registration are one, as a ticker's are.
func (d *Discovery) beat(p *sim.Proc) {
	start := d.loop.Now()
	quick := ticker{d.loop, start, firstEvery}
	for d.loop.Now() < start+firstLimit {
		quick.wait(p)
		if d.register() == nil {
			break
		}
	}
	slow := ticker{d.loop, start, d.o.Heartbeat}
	for {
		slow.wait(p)
		if err := d.register(); err != nil {
			d.o.Log("warning", fmt.Sprintf("Registering as %q in discovery failed: %v", d.o.Advertise, err))
		}
	}
}

// ticker is the sequence of moments last+every, last+2*every, …, of which one
// that was missed is made up for at once.
type ticker struct {
	loop  *sim.Loop
	last  time.Duration
	every time.Duration
}

func (t *ticker) wait(p *sim.Proc) {
	next := t.last + t.every
	if late := t.loop.Now() - next; late >= 0 {
		t.last = next + late/t.every*t.every
		return
	}
	p.Sleep(next - t.loop.Now())
	t.last = next
}

// follow watches the folder for ever; after an error it waits one heartbeat.
func (d *Discovery) follow(p *sim.Proc) {
	for {
		err := d.folder()
		if err != nil && !errors.Is(err, errClosed) {
			d.problem(err)
		}
		err = d.c.follow(d.path, true, func(list []wirePair) { d.update(children(list, d.path)) })
		if errors.Is(err, errClosed) {
			return
		}
		d.problem(errors.New("Unexpected watch error"))
		p.Sleep(d.o.Heartbeat)
	}
}

// folder makes the key of the folder if there is none.
func (d *Discovery) folder() error {
	there, err := d.c.exists(d.path)
	if errors.Is(err, errClosed) {
		return err
	}
	if err != nil {
		d.problem(err)
	}
	if there {
		return nil
	}
	return d.c.Put(d.path, nil)
}

func (d *Discovery) problem(err error) { d.o.Log("error", "discovery error: "+err.Error()) }

// update takes a new set and tells the difference.
func (d *Discovery) update(pairs []Pair) {
	var set []Entry
	for _, p := range pairs {
		if len(p.Value) == 0 {
			continue
		}
		host, port, err := net.SplitHostPort(string(p.Value))
		if err != nil {
			d.problem(err)
			return
		}
		set = append(set, Entry{host, port})
	}
	before := hosts(d.set)
	d.set = set
	now := hosts(set)
	if d.o.OnEntries != nil {
		d.o.OnEntries(slices.Clone(set))
	}
	joined, left := minus(now, before), minus(before, now)
	if d.o.OnChange != nil && len(joined)+len(left) > 0 {
		d.o.OnChange(joined, left)
	}
}

// hosts are the addresses of the entries, each once.
func hosts(set []Entry) []netip.Addr {
	var out []netip.Addr
	for _, e := range set {
		if a, err := netip.ParseAddr(e.Host); err == nil && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func minus(a, b []netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
