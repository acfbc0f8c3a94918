package transport

import (
	"cmp"
	"math/rand"
	"net/netip"
	"slices"

	"dnetsim/link/trail"
	"dnetsim/sim"
	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// internalNIC is the one device that netstack has; the real interfaces are ours.
const internalNIC = 1

// Layer is the TCP and UDP of a namespace: a netstack behind one internal
// device. It is made when the first socket or segment needs it, so that a
// namespace that only forwards, or answers pings, has none.
type Layer struct {
	net     Network
	loop    *sim.Loop
	name    string // for its random stream
	offload bool   // segmentation and checksums are left to the device
	sockets *socket.Table
	orphans []*TCPConn // closed by their owners, not yet by TCP
	closed  bool

	s     *gstack.Stack
	dev   *device
	depth int // nesting of enter

	worker worker

	pending, taken []Packet // packets of this instant, not yet in netstack, and room for the next
	scheduled      bool     // the event that takes them in

	woken         []*endpoint
	outbox, spare []*gstack.PacketBuffer // what netstack wrote, and room for the next
	failed        error                  // the first packet that could not be sent, for UDP's callers

	ttl        uint8        // of IPv4, by default
	broadcasts []netip.Addr // the last address of each subnet

	unbound bool // the datagrams being written are from a socket without an address

	hint   [2]netip.Addr // source address that netstack now prefers, by family
	nextID uint64
}

// New makes the TCP and UDP of a network layer. The name names their
// random stream and must be unique in a run; the sockets they add to the table.
func New(loop *sim.Loop, name string, net Network, sockets *socket.Table, offload bool) *Layer {
	return &Layer{net: net, loop: loop, name: name, offload: offload, sockets: sockets}
}

// InUse reports whether anybody has needed a netstack yet.
func (t *Layer) InUse() bool { return t.s != nil }

// stack returns the netstack, made if need be.
func (t *Layer) stack() *gstack.Stack {
	if t.s != nil {
		return t.s
	}
	silence()
	rng := newSource(t.loop.Stream("netstack/" + t.name))
	t.s = gstack.New(gstack.Options{
		NetworkProtocols: []gstack.NetworkProtocolFactory{
			ipv4.NewProtocolWithOptions(ipv4.Options{AllowExternalLoopbackTraffic: true}),
			ipv6.NewProtocolWithOptions(ipv6.Options{AllowExternalLoopbackTraffic: true}),
		},
		TransportProtocols: []gstack.TransportProtocolFactory{tcp.NewProtocolCUBIC, udp.NewProtocol},
		Clock:              &clock{t: t},
		RandSource:         rand.Source(rng),
		SecureRNG:          rng,
	})
	t.dev = &device{t: t, mtu: 65536, offload: t.offload}
	t.configure()
	t.worker = newWorker(t.s)
	return t.s
}

// configure plugs the device in and gives netstack what the namespace has.
func (t *Layer) configure() {
	s := t.s
	must(s.CreateNICWithOptions(internalNIC, t.dev, gstack.NICOptions{Name: "internal"}))
	must(s.SetPromiscuousMode(internalNIC, true)) // what is local was decided before
	must(s.SetSpoofing(internalNIC, true))
	// RACK walks the whole window for every acknowledgement, and recovers from
	// loss no faster here than SACK does.
	sack := tcpip.TCPRecovery(0)
	must(s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack))
	t.Reconfigure()
	t.setRoutes()
	for _, p := range t.net.Addrs() {
		t.AddAddr(p)
	}
}

// Reconfigure takes over the network layer's settings: they have changed.
func (t *Layer) Reconfigure() {
	if t.s == nil {
		return
	}
	c := t.net.Settings()
	t.ttl = uint8(c.TTL)
	ttl, hops := tcpip.DefaultTTLOption(c.TTL), tcpip.DefaultTTLOption(c.HopLimit)
	must(t.s.SetNetworkProtocolOption(header.IPv4ProtocolNumber, &ttl))
	must(t.s.SetNetworkProtocolOption(header.IPv6ProtocolNumber, &hops))
	if c.PortLow > 0 && c.PortLow < c.PortHigh {
		must(t.s.SetPortRange(c.PortLow, c.PortHigh))
	}
	if c.SynRetries > 0 && c.SynRetries < 256 {
		retries := tcpip.TCPSynRetriesOption(c.SynRetries)
		must(t.s.SetTransportProtocolOption(tcp.ProtocolNumber, &retries))
	}
}

func must(err tcpip.Error) {
	if err != nil {
		panic("stack: netstack refuses its set-up: " + err.String())
	}
}

// setRoutes sends everything to the internal device.
func (t *Layer) setRoutes() {
	r4 := tcpip.Route{Destination: header.IPv4EmptySubnet, NIC: internalNIC}
	r6 := tcpip.Route{Destination: header.IPv6EmptySubnet, NIC: internalNIC}
	if t.hint[0].IsValid() {
		r4.SourceHint = address(t.hint[0])
	}
	if t.hint[1].IsValid() {
		r6.SourceHint = address(t.hint[1])
	}
	t.s.SetRouteTable([]tcpip.Route{r4, r6})
}

// prefer makes netstack choose src for what it sends next without a source.
func (t *Layer) prefer(src netip.Addr) {
	k := 0
	if src.Is6() {
		k = 1
	}
	if t.hint[k] == src {
		return
	}
	t.hint[k] = src
	t.setRoutes()
}

func protocolAddress(p netip.Prefix) tcpip.ProtocolAddress {
	a := tcpip.ProtocolAddress{Protocol: netProto(p.Addr())}
	a.AddressWithPrefix = tcpip.AddressWithPrefix{Address: address(p.Addr()), PrefixLen: p.Bits()}
	return a
}

// AddAddr tells of an address that is local now.
func (t *Layer) AddAddr(p netip.Prefix) {
	if t.s != nil {
		t.s.AddProtocolAddress(internalNIC, protocolAddress(p), gstack.AddressProperties{})
		t.broadcasts = append(t.broadcasts, lastOf(p))
	}
}

// RemoveAddr tells of one that is not any more.
func (t *Layer) RemoveAddr(p netip.Prefix) {
	if t.s != nil {
		t.s.RemoveAddress(internalNIC, address(p.Addr()))
		if i := slices.Index(t.broadcasts, lastOf(p)); i >= 0 {
			t.broadcasts = slices.Delete(t.broadcasts, i, i+1)
		}
	}
}

// lastOf is the broadcast address of a subnet.
func lastOf(p netip.Prefix) netip.Addr {
	s := protocolAddress(p).AddressWithPrefix.Subnet()
	return netipAddr(s.Broadcast())
}

func address(a netip.Addr) tcpip.Address {
	if a.Is4() {
		return tcpip.AddrFrom4(a.As4())
	}
	return tcpip.AddrFrom16(a.As16())
}

func netipAddr(a tcpip.Address) netip.Addr {
	ip, _ := netip.AddrFromSlice(a.AsSlice())
	return ip
}

func netProto(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return header.IPv4ProtocolNumber
	}
	return header.IPv6ProtocolNumber
}

// enter runs fn, which may call netstack, and lets its consequences out: segments
// are processed, packets are sent, sockets are woken when it returns. Every call of
// netstack goes through here.
func (t *Layer) enter(fn func()) {
	t.depth++
	fn()
	t.depth--
	if t.depth > 0 || t.s == nil {
		return
	}
	t.worker.run()
	t.flush()
	t.wake()
}

// flush sends what netstack wrote.
func (t *Layer) flush() {
	for len(t.outbox) > 0 {
		box := t.outbox
		t.outbox, t.spare = t.spare, nil
		for _, pb := range box {
			err := t.send(pb)
			pb.DecRef()
			if err != nil && t.failed == nil {
				t.failed = err
			}
		}
		clear(box)
		t.spare = box[:0]
	}
}

// wake lets the processes go on that wait for a socket which has news, and
// forgets closed connections whose news is their end, in the order in which they
// were opened.
func (t *Layer) wake() {
	if len(t.woken) > 1 {
		slices.SortFunc(t.woken, func(a, b *endpoint) int { return cmp.Compare(a.id, b.id) })
	}
	for _, e := range t.woken {
		e.news = false
		e.cond.Broadcast()
		if e.closed {
			t.pruneOrphans()
		}
	}
	clear(t.woken)
	t.woken = t.woken[:0]
}

// Close ends netstack. The sockets have been closed.
func (t *Layer) Close() {
	t.closed = true
	for _, p := range t.pending {
		p.Drop(trail.NamespaceClosed)
	}
	t.pending = nil
	if t.s == nil {
		return
	}
	t.s.Close()
	t.s.Wait()
	for _, pb := range t.outbox {
		pb.DecRef()
	}
	t.outbox, t.spare, t.woken = nil, nil, nil
}
