package stack

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack/ipsec"
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
	// Lacks are the kinds of interfaces that the machine's kernel was built
	// without: making one returns ErrNotSupported. Namespaces with an Init have
	// what that has.
	Lacks []Kind
	// Without are the parts that it was built without, of the same namespace.
	Without Modules
}

// Namespace is one network namespace. Make one with [New]. What it does is done by
// its parts, a type for each noun; its own methods are what others may ask of it.
type Namespace struct {
	loop  *sim.Loop
	trail *trail.Trail
	name  string
	opts  Options

	devs    deviceTable
	lo      *Interface
	addrs   addrTable
	routes  routing
	neigh   neighTable
	rx      ipInput
	tx      ipOutput
	frags   reassembly
	icmp    icmpLayer
	filter  filtering
	tunnels tunnelTable
	xfrm    ipsec.DB
	sys     sysctls
	ends    endings

	transport *transport.Layer
	sockets   *socket.Table
	observers []*anyObserver // of every interface, also of those to come
	rng       *sim.Rand
	booted    time.Duration // before the run began; see wheel
	pool      *link.Pool
	packets   *packetPool
	closed    bool
}

// New makes a namespace. The name is for journals and random streams and must
// be unique in a run ("bdc01", "bdc01/bbox1").
func New(loop *sim.Loop, name string, opts Options) *Namespace {
	ns := &Namespace{loop: loop, trail: trail.Of(loop), name: name, opts: opts, pool: link.NewPool(), packets: packetsOf(loop), sockets: &socket.Table{}}
	ns.devs = deviceTable{ns: ns, byName: make(map[string]*Interface)}
	ns.addrs.ns, ns.routes.ns, ns.neigh.ns = ns, ns, ns
	ns.rx.ns, ns.tx.ns, ns.frags.ns, ns.icmp.ns = ns, ns, ns, ns
	ns.filter.ns, ns.tunnels.ns, ns.ends.ns = ns, ns, ns
	ns.filter.asked.of = &ns.sys
	ns.transport = transport.New(loop, name, transportSide{ns}, ns.sockets, !opts.NoOffload)
	ns.xfrm.NoESP = ns.Without().ESP
	ns.routes.fib.init()
	ns.sys.init(ns)
	ns.lo = ns.devs.make("lo", KindLoopback, MAC{}, 65536)
	ns.lo.txqlen = 1000
	ns.lo.driver = &loopbackDevice{device{ns.lo}}
	if !opts.LoopbackDown {
		ns.lo.SetUp(true)
	}
	return ns
}

// Lacks reports whether the kernel knows no interfaces of a kind.
func (ns *Namespace) Lacks(k Kind) bool {
	for ns.opts.Init != nil {
		ns = ns.opts.Init
	}
	return slices.Contains(ns.opts.Lacks, k)
}

// Without are the parts that the kernel was built without.
func (ns *Namespace) Without() Modules {
	for ns.opts.Init != nil {
		ns = ns.opts.Init
	}
	return ns.opts.Without
}

// Close ends the namespace: sockets are aborted, interfaces deleted (the peers
// of veth pairs too), workers of netstack stopped.
func (ns *Namespace) Close() {
	if ns.closed {
		return
	}
	for _, i := range slices.Backward(slices.Clone(ns.devs.list)) {
		if i != ns.lo && slices.Contains(ns.devs.list, i) {
			i.delete()
		}
	}
	ns.tunnels.close()
	ns.sockets.Abandon()
	ns.neigh.flush(func(*neighbour) bool { return true })
	ns.closed = true
	ns.transport.Close()
}

// XFRM is the namespace's IPsec.
func (ns *Namespace) XFRM() *ipsec.DB { return &ns.xfrm }

// Closed reports whether Close was called.
func (ns *Namespace) Closed() bool { return ns.closed }

// Name is the name given to New.
func (ns *Namespace) Name() string { return ns.name }

// Loop is the loop that the namespace lives on.
func (ns *Namespace) Loop() *sim.Loop { return ns.loop }

// Interfaces returns the interfaces by index.
func (ns *Namespace) Interfaces() []*Interface { return slices.Clone(ns.devs.list) }

// Interface returns the interface of that name, or nil.
func (ns *Namespace) Interface(name string) *Interface { return ns.devs.byName[name] }

// InterfaceByIndex returns the interface of that index, or nil.
func (ns *Namespace) InterfaceByIndex(index int) *Interface {
	for _, i := range ns.devs.list {
		if i.index == index {
			return i
		}
	}
	return nil
}

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
func (rx *ipInput) serveUDP(port uint16, fn udpService) {
	if fn == nil {
		delete(rx.services, port)
		return
	}
	if rx.services == nil {
		rx.services = make(map[uint16]udpService)
	}
	rx.services[port] = fn
}
