package stack

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack/netfilter"
	"dnetsim/stack/socket"
	"dnetsim/stack/transport"
)

// MAC is a link-layer address.
type MAC = link.MAC

// Options say what kind of namespace to make. The zero value is a container's:
// loopback up, IPv6 disabled by sysctl as Docker sets it.
type Options struct {
	Host         bool // sysctl defaults of a host's first namespace, IPv6 on
	LoopbackDown bool // leave lo as `ip netns add` does
	// NoOffload switches off segmentation and checksum offload (`ethtool -K`),
	// so that TCP makes segments of the MTU and sums them itself.
	NoOffload bool
	// Init is the machine's first namespace. A new one copies what it has for
	// all and for new IPv4 interfaces, forwarding among it (devinet_init_net,
	// net.core.devconf_inherit_init_net 0); IPv6 starts from the defaults.
	Init *Namespace
}

// Namespace is one network namespace. Make one with [New].
type Namespace struct {
	loop  *sim.Loop
	trail *trail.Trail
	name  string
	opts  Options

	ifaces    []*Interface // by index
	byName    map[string]*Interface
	lo        *Interface
	lastIndex int

	locals    map[netip.Addr]*ifAddr
	fib       fib
	neigh     neighTable
	onNeigh   func(Neighbour)
	pmtu      map[netip.Addr]pathMTU
	nextHops  map[netip.Addr]redirection
	frags     map[fragKey]*fragQueue
	sys       sysctls
	rules     [2]*netfilter.Rules // IPv4, IPv6; nil until somebody asks
	transport *transport.Layer
	sockets   *socket.Table
	icmp      []*ICMPConn
	tunnels   []*tunnel
	observers []*anyObserver // of every interface, also of those to come
	services  map[uint16]udpService
	rng       *sim.Rand
	ipID      uint16
	booted    time.Duration // before the run began; see wheel
	flights   []*flight
	pool      *link.Pool
	icmpLimit tokenBucket
	icmpPeers map[netip.Addr]*tokenBucket
	outAddr   [2]func(dev string) ([16]byte, bool) // for MASQUERADE, by family
	closed    bool
}

// New makes a namespace. The name is for journals and random streams and must
// be unique in a run ("bdc01", "bdc01/bbox1").
func New(loop *sim.Loop, name string, opts Options) *Namespace {
	ns := &Namespace{loop: loop, trail: trail.Of(loop), name: name, opts: opts, byName: make(map[string]*Interface), pool: link.NewPool()}
	ns.sockets = &socket.Table{}
	ns.transport = transport.New(loop, name, transportSide{ns}, ns.sockets, !opts.NoOffload)
	ns.fib.init()
	ns.sys.init(ns)
	ns.lo = ns.newInterface("lo", KindLoopback, MAC{}, 65536)
	ns.lo.txqlen = 1000
	ns.lo.driver = &loopbackDevice{device{ns.lo}}
	if !opts.LoopbackDown {
		ns.lo.SetUp(true)
	}
	return ns
}

// Close ends the namespace: sockets are aborted, interfaces deleted (the peers
// of veth pairs too), workers of netstack stopped.
func (ns *Namespace) Close() {
	if ns.closed {
		return
	}
	for _, i := range slices.Backward(slices.Clone(ns.ifaces)) {
		if i != ns.lo && slices.Contains(ns.ifaces, i) {
			i.delete()
		}
	}
	ns.closeTunnels()
	ns.sockets.Abandon()
	ns.flushNeighbours(func(*neighbour) bool { return true })
	ns.closed = true
	ns.transport.Close()
}

// Closed reports whether Close was called.
func (ns *Namespace) Closed() bool { return ns.closed }

// Name is the name given to New.
func (ns *Namespace) Name() string { return ns.name }

// Loop is the loop that the namespace lives on.
func (ns *Namespace) Loop() *sim.Loop { return ns.loop }

// Interfaces returns the interfaces by index.
func (ns *Namespace) Interfaces() []*Interface { return slices.Clone(ns.ifaces) }

// Interface returns the interface of that name, or nil.
func (ns *Namespace) Interface(name string) *Interface { return ns.byName[name] }

// InterfaceByIndex returns the interface of that index, or nil.
func (ns *Namespace) InterfaceByIndex(index int) *Interface {
	for _, i := range ns.ifaces {
		if i.index == index {
			return i
		}
	}
	return nil
}

// Loopback returns lo.
func (ns *Namespace) Loopback() *Interface { return ns.lo }

// random is the namespace's own random stream, made when first needed.
func (ns *Namespace) random() *sim.Rand {
	if ns.rng == nil {
		ns.rng = ns.loop.Stream("stack/" + ns.name)
	}
	return ns.rng
}

// randomMAC draws a locally administered unicast address.
func (ns *Namespace) randomMAC() MAC {
	var m MAC
	ns.random().Read(m[:])
	m[0] = m[0]&^1 | 2
	return m
}

// udpService takes datagrams for a port in the kernel's stead. payload is valid
// during the call only. It returns why it does not want one.
type udpService func(src, dst netip.AddrPort, payload []byte, tag *trail.Tag) trail.Reason

// serveUDP hands datagrams that arrive for a local port to fn instead of to a
// socket, as the kernel does for its own tunnels (VXLAN). fn runs on the loop;
// nil ends it.
func (ns *Namespace) serveUDP(port uint16, fn udpService) {
	if fn == nil {
		delete(ns.services, port)
		return
	}
	if ns.services == nil {
		ns.services = make(map[uint16]udpService)
	}
	ns.services[port] = fn
}
