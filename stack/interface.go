package stack

import (
	"slices"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// How long a frame takes through the two software devices. The figures are of
// the order that was measured on a real host; they keep round trips from
// being zero.
const (
	vethDelay     = 20 * time.Microsecond
	loopbackDelay = 10 * time.Microsecond
)

// Interface is one network interface of a namespace.
type Interface struct {
	ns     *Namespace
	name   string
	place  trail.Place // "namespace/name"
	trail  *trail.Trail
	index  int
	kind   Kind
	mac    MAC
	mtu    int
	txqlen int

	up      bool
	promisc bool
	carrier bool // physical, veth and bridge; others always have one
	ipAddrs ifAddrs
	count   Counters

	reachable [2]struct{ time, drawn time.Duration } // of IPv4 and IPv6 neighbours

	driver driver        // what is behind it, by kind
	parent *Interface    // macvlan, ipvlan, VLAN: the device below
	under  under         // what is stacked on it
	master *bridgeDevice // the bridge that it is a port of
	port   *link.Port

	qdisc     *link.Wire // netem before the device, nil: none
	features  features
	observers []*observer

	path    datapath
	arp     arp
	ndp     discovery
	bridged bridgeHook
	conf    ifSysctls
}

// under is what an interface has for those that are stacked on it.
type under struct {
	i       *Interface
	uppers  []*Interface
	macvlan *link.Macvlan // what macvlan children share
	ipvlan  *link.IPvlan  // and ipvlan children
}

type observer struct{ fn link.Observer }

// deviceTable is the interfaces of a namespace, and the frames that are on their
// way within it.
type deviceTable struct {
	ns        *Namespace
	list      []*Interface // by index
	byName    map[string]*Interface
	lastIndex int
	flights   []*flight // to be used again
}

func (dt *deviceTable) make(name string, kind Kind, mac MAC, mtu int) *Interface {
	dt.lastIndex++
	i := &Interface{ns: dt.ns, trail: dt.ns.trail, name: name, kind: kind, mac: mac, mtu: mtu, index: dt.lastIndex}
	i.ipAddrs.i, i.path.i, i.arp.i, i.ndp.i, i.bridged.i, i.conf.i, i.under.i = i, i, i, i, i, i, i
	dt.attach(i)
	return i
}

// attach puts the interface into the namespace's tables.
func (dt *deviceTable) attach(i *Interface) {
	i.ns = dt.ns
	i.place = trail.At(dt.ns.name, i.name)
	dt.byName[i.name] = i
	at, _ := slices.BinarySearchFunc(dt.list, i.index, func(x *Interface, index int) int { return x.index - index })
	dt.list = slices.Insert(dt.list, at, i)
	dt.ns.sys.addInterface(i.name)
}

// detach takes it out again, with its routes, addresses and neighbours.
func (dt *deviceTable) detach(i *Interface) {
	i.flushAddrs(false)
	i.flushAddrs(true)
	dt.ns.routes.fib.remove(func(r *route) bool {
		return r.dev != i && !slices.ContainsFunc(r.legs, func(l *route) bool { return l.dev == i })
	})
	dt.ns.neigh.flush(func(n *neighbour) bool { return n.dev == i })
	delete(dt.byName, i.name)
	for at, x := range slices.Backward(dt.list) { // what moves or goes is mostly one of the newest
		if x == i {
			dt.list = slices.Delete(dt.list, at, at+1)
			break
		}
	}
	dt.ns.sys.removeInterface(i.name)
}

// check is what every new name must pass.
func (dt *deviceTable) check(name string) error {
	if name == "" || len(name) > 15 {
		return ErrInvalid
	}
	if dt.byName[name] != nil {
		return ErrExist
	}
	return nil
}

// Namespace is where the interface is now.
func (i *Interface) Namespace() *Namespace { return i.ns }

// Name is the interface's name, such as "eth0".
func (i *Interface) Name() string { return i.name }

// Index is the interface's index, unique in its namespace.
func (i *Interface) Index() int { return i.index }

// Kind is what sort of interface it is.
func (i *Interface) Kind() Kind { return i.kind }

// MAC is the link-layer address; zero for lo.
func (i *Interface) MAC() MAC { return i.mac }

// MTU is the largest IP packet, in bytes, that the interface sends.
func (i *Interface) MTU() int { return i.mtu }

// Up reports whether the interface is administratively up.
func (i *Interface) Up() bool { return i.up }

// Carrier reports whether the link below works: for a veth both ends are up,
// for a bridge one of its ports has a carrier.
func (i *Interface) Carrier() bool {
	if i.kind.remembersCarrier() {
		return i.carrier
	}
	return i.driver.linked()
}

// OperState is the operational state as ip-link(8) prints it.
func (i *Interface) OperState() string {
	switch {
	case i.kind.reportsNoState():
		if i.up {
			return "UNKNOWN"
		}
		return "DOWN"
	case !i.up:
		return "DOWN"
	case i.Carrier():
		return "UP"
	case i.Peer() != nil, i.parent != nil:
		return "LOWERLAYERDOWN"
	}
	return "DOWN"
}

// PeerIndex is the index of the other end of a veth pair, or of the device that
// the interface is stacked on; 0 if there is none. A tunnel that is not in the
// namespace of its underlay is tied to that one under its own index, as the
// kernel reports it.
func (i *Interface) PeerIndex() int {
	p := i.Peer()
	switch {
	case p != nil:
		return p.index
	case i.parent != nil:
		return i.parent.index
	case i.kind == KindVXLAN && i.underlay() != i.ns:
		return i.index
	}
	return 0
}

// PeerNamespace is where the other end of a veth pair is, or the device below,
// or a tunnel's underlay; nil if there is none.
func (i *Interface) PeerNamespace() *Namespace {
	p := i.Peer()
	switch {
	case p != nil:
		return p.ns
	case i.parent != nil:
		return i.parent.ns
	}
	return i.underlay()
}

// Flags are the interface's flags as netlink reports them. NO-CARRIER, which
// ip-link(8) prints, is FlagUp without FlagRunning.
func (i *Interface) Flags() Flags {
	f := FlagBroadcast | FlagMulticast
	if i.kind == KindLoopback {
		f = FlagLoopback
	}
	if i.kind == KindDummy {
		f = FlagBroadcast | FlagNoARP
	}
	if m, ok := i.IPvlanMode(); ok && m != link.IPvlanL2 {
		f |= FlagNoARP
	}
	if i.up {
		f |= FlagUp
		if i.Carrier() {
			f |= FlagRunning | FlagLowerUp
		}
	}
	if i.promisc {
		f |= FlagPromisc
	}
	return f
}

// TxQueueLen is the transmit queue length that ifconfig and ip print.
func (i *Interface) TxQueueLen() int { return i.txqlen }

// SetTxQueueLen sets it.
func (i *Interface) SetTxQueueLen(n int) { i.txqlen = n }

// Counters are the interface's packet counters.
func (i *Interface) Counters() Counters { return i.count }

// SetPromisc sets or clears promiscuous mode.
func (i *Interface) SetPromisc(on bool) { i.promisc = on }

// Port is the bridge port that an enslaved interface feeds, or nil.
func (i *Interface) Port() *link.Port { return i.port }

type anyObserver struct {
	fn func(*Interface, link.Direction, *link.Frame)
}

// ObserveAny is [Interface.Observe] of every interface of a namespace, those that
// come later too: a packet socket that is bound to none.
func ObserveAny(ns *Namespace, o func(*Interface, link.Direction, *link.Frame)) (stop func()) {
	x := &anyObserver{o}
	ns.observers = append(ns.observers, x)
	return func() {
		ns.observers = slices.DeleteFunc(slices.Clone(ns.observers), func(y *anyObserver) bool { return y == x })
	}
}

// Observe calls o for every frame that the interface sends or receives until
// stop is called, as a packet socket sees them.
func (i *Interface) Observe(o link.Observer) (stop func()) {
	x := &observer{o}
	i.observers = append(i.observers, x)
	return func() {
		i.observers = slices.DeleteFunc(slices.Clone(i.observers), func(y *observer) bool { return y == x })
	}
}
