package stack

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// The neighbour timers that are not sysctls here (net/ipv4/arp.c, neighbour.c).
const (
	neighLockTime  = time.Second // an entry does not believe a new address this soon after the last
	neighQueueSize = 101         // net.ipv4.neigh.*.unres_qlen
)

// NeighbourState is a neighbour's state. The zero value is an entry that has
// just been made (NUD_NONE).
type NeighbourState uint8

// The neighbour states.
const (
	NeighNone NeighbourState = iota
	NeighIncomplete
	NeighReachable
	NeighStale
	NeighDelay
	NeighProbe
	NeighFailed
	NeighNoARP
	NeighPermanent
)

// String is the state in the words of ip-neighbour(8).
func (s NeighbourState) String() string { return neighStateNames[s] }

var neighStateNames = [...]string{
	NeighNone: "NONE", NeighIncomplete: "INCOMPLETE", NeighReachable: "REACHABLE", NeighStale: "STALE", NeighDelay: "DELAY",
	NeighProbe: "PROBE", NeighFailed: "FAILED", NeighNoARP: "NOARP", NeighPermanent: "PERMANENT",
}

// neighbour is one entry of the neighbour table: the kernel's struct neighbour
// with its state machine (NUD).
type neighbour struct {
	ns    *Namespace
	dev   *Interface
	addr  netip.Addr
	mac   MAC
	valid bool // mac is known
	state NeighbourState

	since     time.Duration // last change of state
	updated   time.Duration // last change of address or assertion of it
	confirmed time.Duration // last proof that the neighbour hears us
	used      time.Duration
	probes    int
	router    bool
	timer     *sim.Timer
	queue     []*packet // waiting for the address
}

type neighKey struct {
	dev  *Interface
	addr netip.Addr
}

// neighTable is the neighbours of a namespace, of both families.
type neighTable struct {
	ns       *Namespace
	byKey    map[neighKey]*neighbour
	list     []*neighbour // in the order of creation
	onChange func(Neighbour)
}

func (nt *neighTable) find(dev *Interface, addr netip.Addr) *neighbour {
	return nt.byKey[neighKey{dev, addr}]
}

// findOrMake finds or makes the entry.
func (nt *neighTable) findOrMake(dev *Interface, addr netip.Addr) *neighbour {
	if n := nt.find(dev, addr); n != nil {
		return n
	}
	n := &neighbour{ns: nt.ns, dev: dev, addr: addr, since: nt.ns.loop.Now()}
	n.timer = nt.ns.loop.NewTimer(n.expire)
	n.confirmed = -time.Hour
	n.updated = -time.Hour
	if nt.byKey == nil {
		nt.byKey = make(map[neighKey]*neighbour)
	}
	nt.byKey[neighKey{dev, addr}] = n
	nt.list = append(nt.list, n)
	return n
}

func (n *neighbour) drop() {
	n.timer.Stop()
	n.fail(trail.NeighbourDeleted, false)
	t := &n.ns.neigh
	delete(t.byKey, neighKey{n.dev, n.addr})
	t.list = slices.DeleteFunc(t.list, func(x *neighbour) bool { return x == n })
}

// param reads a neighbour sysctl of the entry's interface, in units.
func (n *neighbour) param(key string, unit, otherwise time.Duration) time.Duration {
	v, ok := n.ns.neigh.param(n.addr.Is6(), n.dev.name, key)
	if !ok {
		return otherwise
	}
	return time.Duration(v) * unit
}

func (n *neighbour) retrans() time.Duration {
	return n.param("retrans_time_ms", time.Millisecond, time.Second)
}

func (n *neighbour) delayFirstProbe() time.Duration {
	return n.param("delay_first_probe_time", time.Second, 5*time.Second)
}

// reachable is how long a confirmation lasts: half to one and a half times
// base_reachable_time_ms, drawn for an interface and again every five minutes
// (neigh_rand_reach_time, RFC 4861 section 6.3.2).
func (n *neighbour) reachable() time.Duration {
	d := &n.dev.reachable[0]
	if n.addr.Is6() {
		d = &n.dev.reachable[1]
	}
	now := n.ns.loop.Now()
	if d.time == 0 || now >= d.drawn+5*time.Minute {
		base := n.param("base_reachable_time_ms", time.Millisecond, 30*time.Second)
		dice := n.ns.loop.Stream("reachable/" + n.dev.place.String())
		d.time, d.drawn = base/2+time.Duration(dice.Int64N(int64(base)+1)), now
	}
	return d.time
}

// maxProbes is how many solicitations the current state may send.
func (n *neighbour) maxProbes() int {
	key := "mcast_solicit"
	if n.state == NeighProbe {
		key = "ucast_solicit"
	}
	return int(n.param(key, 1, 3))
}

// after sets the entry's timer, which is a kernel timer.
func (n *neighbour) after(d time.Duration) {
	n.timer.Reset(n.ns.wheel(d))
}

func (n *neighbour) set(s NeighbourState) {
	if n.state != s {
		n.since = n.ns.loop.Now()
	}
	n.state = s
}

// confirm records a proof of reachability by an upper layer (dst_confirm).
func (n *neighbour) confirm() {
	if n.valid {
		n.confirmed = n.ns.loop.Now()
	}
}

// send transmits p to the neighbour, now or when its address is known.
func (n *neighbour) send(p *packet) {
	now := n.ns.loop.Now()
	n.used = now
	switch n.state {
	case NeighNone, NeighFailed:
		n.set(NeighIncomplete)
		n.valid = false
		n.probes = 0
		n.enqueue(p)
		n.probe()
		return
	case NeighIncomplete:
		n.enqueue(p)
		return
	case NeighStale:
		n.set(NeighDelay)
		n.after(n.delayFirstProbe())
	}
	n.dev.path.transmitIP(p, n.mac)
}

func (n *neighbour) enqueue(p *packet) {
	if len(n.queue) >= neighQueueSize {
		n.ns.ends.discard(n.dev, trail.NeighbourQueueFull, n.queue[0])
		n.queue = n.queue[1:]
	}
	n.queue = append(n.queue, p)
	n.ns.ends.tell(n.dev, trail.Queue, p)
}

// probe sends one solicitation and sets the timer for the next.
func (n *neighbour) probe() {
	n.probes++
	n.after(n.retrans())
	n.solicit()
}

func (n *neighbour) solicit() {
	target := broadcastMAC
	if n.state == NeighProbe {
		target = n.mac
	}
	if n.addr.Is4() {
		n.dev.arp.request(n.addr, n.solicitSource(), target)
		return
	}
	n.dev.ndp.solicit(n.addr, n.solicitSource(), n.state == NeighProbe, n.mac)
}

// solicitSource is the address that the question comes from: the source of the
// packet that waits if it is ours, else the interface's own. The sysctl
// arp_announce, for IPv4, wants it to be in the asked one's subnet (1), or always
// the interface's (2).
func (n *neighbour) solicitSource() netip.Addr {
	announce := 0
	if n.addr.Is4() {
		announce = n.dev.conf.max(false, "arp_announce")
	}
	if len(n.queue) > 0 && announce < 2 {
		src := n.queue[0].src()
		if n.ns.addrs.of(src) != nil && (announce == 0 || n.dev.ipAddrs.bothOnLink(src, n.addr)) {
			return src
		}
	}
	return n.dev.ipAddrs.primaryFor(n.addr)
}

// expire is the entry's timer: neigh_timer_handler.
func (n *neighbour) expire() {
	now := n.ns.loop.Now()
	switch n.state {
	case NeighReachable:
		switch {
		case now < n.confirmed+n.reachable():
			n.after(n.confirmed + n.reachable() - now)
		case now < n.used+n.delayFirstProbe():
			n.set(NeighDelay)
			n.after(n.delayFirstProbe())
		default:
			n.set(NeighStale)
			n.notify()
		}
	case NeighDelay:
		if now <= n.confirmed+n.delayFirstProbe() {
			n.set(NeighReachable)
			n.notify()
			n.after(n.reachable())
			return
		}
		n.set(NeighProbe)
		n.notify()
		n.probes = 0
		n.probe()
	case NeighProbe, NeighIncomplete:
		if n.probes < n.maxProbes() {
			n.probe()
			return
		}
		n.set(NeighFailed)
		n.valid = false
		n.notify()
		n.fail(trail.HostUnreachable, true)
	}
}

// fail gives up the waiting packets; with an ICMP error for each if tell.
func (n *neighbour) fail(why trail.Reason, tell bool) {
	q := n.queue
	n.queue = nil
	for _, p := range q {
		if tell {
			n.ns.icmp.sendUnreachable(p, unreachableHost)
		}
		n.ns.ends.discard(n.dev, why, p)
	}
}

// learn applies what a solicitation or advertisement says: neigh_update.
// override allows another address than the known one.
func (n *neighbour) learn(mac MAC, s NeighbourState, override bool) {
	if n.state == NeighPermanent {
		return
	}
	now := n.ns.loop.Now()
	known := n.valid && n.state != NeighFailed && n.state != NeighIncomplete && n.state != NeighNone
	if known && n.mac != mac && !override {
		return
	}
	if known && n.mac == mac && s == NeighStale {
		n.updated = now
		return // an assertion of what we know does not age the entry
	}
	if s == NeighReachable {
		n.confirmed = now
	}
	changed := n.state != s || n.mac != mac
	n.mac, n.valid, n.updated = mac, true, now
	n.set(s)
	if changed {
		n.notify()
	}
	n.timer.Stop()
	if s == NeighReachable {
		n.after(n.reachable())
	}
	q := n.queue
	n.queue = nil
	for _, p := range q {
		n.used = now
		if n.state == NeighStale {
			n.set(NeighDelay)
			n.after(n.delayFirstProbe())
		}
		n.dev.path.transmitIP(p, n.mac)
	}
}

// OnNeighbour calls fn, as an event of its own, for what the kernel tells of
// with RTM_NEWNEIGH: an entry that a packet has made or changed, and one whose
// state a timer has changed. That a neighbour is being looked for, or is used
// again after a while, is not told (neigh_update_notify in
// net/core/neighbour.c).
func (ns *Namespace) OnNeighbour(fn func(Neighbour)) { ns.neigh.onChange = fn }

func (n *neighbour) notify() {
	if fn := n.ns.neigh.onChange; fn != nil {
		e := n.entry()
		n.ns.loop.After(0, func() { fn(e) })
	}
}

func (n *neighbour) entry() Neighbour {
	return Neighbour{
		Addr: n.addr, Dev: n.dev.name, MAC: n.mac, HasMAC: n.valid, State: n.state, Router: n.router, Since: n.since,
	}
}

// Neighbours returns the neighbour table, IPv4 first, in the order in which
// the entries were made.
func (ns *Namespace) Neighbours() []Neighbour {
	var out []Neighbour
	for _, v6 := range []bool{false, true} {
		for _, n := range ns.neigh.list {
			if n.addr.Is6() != v6 || n.state == NeighNone {
				continue
			}
			out = append(out, n.entry())
		}
	}
	return out
}

// AddNeighbour makes a permanent entry, or makes the one for addr permanent.
func (ns *Namespace) AddNeighbour(dev string, addr netip.Addr, mac MAC) error {
	i := ns.Interface(dev)
	if i == nil {
		return ErrNoDevice
	}
	n := ns.neigh.findOrMake(i, addr)
	if n.state == NeighPermanent {
		n.mac = mac
		return nil
	}
	n.learn(mac, NeighPermanent, true)
	return nil
}

// DelNeighbour removes an entry. It returns ErrNoEntry if there is none.
func (ns *Namespace) DelNeighbour(dev string, addr netip.Addr) error {
	i := ns.Interface(dev)
	if i == nil {
		return ErrNoDevice
	}
	n := ns.neigh.find(i, addr)
	if n == nil {
		return ErrNoEntry
	}
	n.drop()
	return nil
}

// FlushNeighbours removes the entries of an interface, or of all if dev is
// empty. Permanent ones stay.
func (ns *Namespace) FlushNeighbours(dev string) {
	ns.neigh.flush(func(n *neighbour) bool {
		return (dev == "" || n.dev.name == dev) && n.state != NeighPermanent
	})
}

func (nt *neighTable) flush(which func(*neighbour) bool) {
	for _, n := range slices.Clone(nt.list) {
		if which(n) {
			n.drop()
		}
	}
}
