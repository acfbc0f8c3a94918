package stack

import (
	"bytes"
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"sync"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"dnetsim/link/trail"
)

// internalNIC is the one device that netstack has; the real interfaces are ours.
const internalNIC = 1

// transport is the TCP and UDP of a namespace: a netstack behind one internal
// device. It is made when the first socket or segment needs it, so that a
// namespace that only forwards, or answers pings, has none.
type transport struct {
	ns    *Namespace
	s     *gstack.Stack
	dev   *device
	depth int // nesting of enter

	work bool // TCP's workers may have something to do

	pending   []*packet // segments of this instant, not yet in netstack
	scheduled bool      // the event that takes them in

	mu     sync.Mutex // netstack's workers wake sockets and write packets
	woken  []*endpoint
	outbox []*gstack.PacketBuffer
	failed error // the first packet that could not be sent, for UDP's callers

	unbound bool // the datagrams being written are from a socket without an address

	hint   [2]netip.Addr // source address that netstack now prefers, by family
	nextID uint64
}

// stack returns the netstack, made if need be.
func (t *transport) stack() *gstack.Stack {
	if t.s != nil {
		return t.s
	}
	silence()
	ns := t.ns
	rng := newLockedPCG(ns.loop.Stream("netstack/" + ns.name))
	t.s = gstack.New(gstack.Options{
		NetworkProtocols: []gstack.NetworkProtocolFactory{
			ipv4.NewProtocolWithOptions(ipv4.Options{AllowExternalLoopbackTraffic: true}),
			ipv6.NewProtocolWithOptions(ipv6.Options{AllowExternalLoopbackTraffic: true}),
		},
		TransportProtocols: []gstack.TransportProtocolFactory{oneWorker, udp.NewProtocol},
		Clock:              &clock{ns: ns},
		RandSource:         rand.Source(rng),
		SecureRNG:          rng,
	})
	t.dev = &device{t: t, mtu: 65536, offload: !ns.opts.NoOffload}
	t.configure()
	t.s.Pause() // the workers run only while we wait for them, see settle
	return t.s
}

// configure plugs the device in and gives netstack what the namespace has.
func (t *transport) configure() {
	s := t.s
	must(s.CreateNICWithOptions(internalNIC, t.dev, gstack.NICOptions{Name: "internal"}))
	must(s.SetPromiscuousMode(internalNIC, true)) // what is local was decided before
	must(s.SetSpoofing(internalNIC, true))
	// RACK walks the whole window for every acknowledgement, and recovers from
	// loss no faster here than SACK does.
	sack := tcpip.TCPRecovery(0)
	must(s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack))
	t.readSysctls()
	t.setRoutes()
	for _, i := range t.ns.ifaces {
		for _, a := range i.addrs {
			t.addAddr(a.Prefix)
		}
	}
}

// readSysctls carries the settings that netstack has too.
func (t *transport) readSysctls() {
	if t.s == nil {
		return
	}
	for _, p := range []tcpip.NetworkProtocolNumber{header.IPv4ProtocolNumber, header.IPv6ProtocolNumber} {
		ttl := tcpip.DefaultTTLOption(t.ns.defaultTTL(p == header.IPv6ProtocolNumber))
		must(t.s.SetNetworkProtocolOption(p, &ttl))
	}
	v, _ := t.ns.sys.get("net.ipv4.ip_local_port_range")
	var low, high uint16
	if n, _ := fmt.Sscan(v, &low, &high); n == 2 && low > 0 && low < high {
		must(t.s.SetPortRange(low, high))
	}
	if n := t.ns.number("net.ipv4.tcp_syn_retries"); n > 0 && n < 256 {
		retries := tcpip.TCPSynRetriesOption(n)
		must(t.s.SetTransportProtocolOption(tcp.ProtocolNumber, &retries))
	}
}

func must(err tcpip.Error) {
	if err != nil {
		panic("stack: netstack refuses its set-up: " + err.String())
	}
}

// setRoutes sends everything to the internal device.
func (t *transport) setRoutes() {
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
func (t *transport) prefer(src netip.Addr) {
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

func (t *transport) addAddr(p netip.Prefix) {
	if t.s != nil {
		t.s.AddProtocolAddress(internalNIC, protocolAddress(p), gstack.AddressProperties{})
	}
}

func (t *transport) removeAddr(p netip.Prefix) {
	if t.s != nil {
		t.s.RemoveAddress(internalNIC, address(p.Addr()))
	}
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

// enter runs fn, which may call netstack, and lets its consequences out: the
// workers are idle, packets are sent, sockets are woken when it returns. Every
// call of netstack goes through here.
func (ns *Namespace) enter(fn func()) {
	ns.transport.work = true
	ns.enterCalm(fn)
}

// enterCalm is enter for calls that give TCP's workers nothing to do, such as
// reading and writing a socket.
func (ns *Namespace) enterCalm(fn func()) {
	t := ns.transport
	t.depth++
	fn()
	t.depth--
	if t.depth > 0 || t.s == nil {
		return
	}
	t.settle()
	t.flush()
	t.wake()
}

// settle lets the workers do what there is to do, and no more: they stay
// paused otherwise, so that they never run beside the loop. Pause returns when
// every worker has emptied its queue.
func (t *transport) settle() {
	if !t.work {
		return
	}
	t.work = false
	t.s.Resume()
	t.s.Pause()
}

// flush sends what netstack wrote.
func (t *transport) flush() {
	for len(t.outbox) > 0 {
		box := t.outbox
		t.outbox = nil
		for _, pb := range box {
			p := t.packet(pb)
			pb.DecRef()
			if p == nil {
				continue
			}
			if err := t.ns.output(p); err != nil && t.failed == nil {
				t.failed = err
			}
		}
	}
}

// wake lets the processes go on that wait for a socket which has news, and
// forgets closed connections whose news is their end. Workers may have reported
// them in any order.
func (t *transport) wake() {
	if len(t.woken) == 0 {
		return
	}
	woken := t.woken
	t.woken = nil
	slices.SortFunc(woken, func(a, b *endpoint) int { return int(int64(a.id) - int64(b.id)) })
	for _, e := range woken {
		e.news = false
		e.cond.Broadcast()
		if e.closed {
			t.ns.pruneOrphans()
		}
	}
}

// deliver hands a TCP or UDP packet for this namespace to netstack.
func (t *transport) deliver(p *packet) {
	if b := p.payload(); p.proto() == protoTCP && len(b) >= 20 && b[13]&0x02 != 0 {
		if h, err := t.ns.routeOut(flow{dst: p.src(), src: p.dst()}); err == nil {
			clampMSS(p, h.mtu)
		}
	}
	t.inject(p)
}

// deliverError hands an ICMP error to netstack; the caller keeps the packet.
func (t *transport) deliverError(p *packet) {
	if t.s == nil {
		return
	}
	q := t.ns.newPacket(len(p.nf.Data), p.nf.V6)
	copy(q.nf.Data, p.nf.Data)
	q.in = p.in
	t.ns.another(p.in, q, p)
	t.inject(q)
}

// inject queues a packet for netstack. Everything that arrives at one instant
// is taken in together by one event, as a network card's poll does: TCP then
// acknowledges a burst, not each segment of it.
func (t *transport) inject(p *packet) {
	t.pending = append(t.pending, p)
	if !t.scheduled {
		t.scheduled = true
		t.ns.loop.Schedule(0, t)
	}
}

// Fire takes in what has arrived. It settles between connections: two workers
// are never busy at once, so their order cannot depend on the machine.
func (t *transport) Fire() {
	t.scheduled = false
	box := t.pending
	t.pending = nil
	if t.ns.closed {
		for _, p := range box {
			t.ns.discard(p.in, trail.NamespaceClosed, p)
		}
		return
	}
	t.stack()
	for len(box) > 0 {
		n := 1
		for n < len(box) && sameConnection(box[0], box[n]) {
			n++
		}
		t.work = t.work || box[0].proto() == protoTCP
		t.ns.enterCalm(func() {
			for _, p := range box[:n] {
				t.takeIn(p)
			}
		})
		box = box[n:]
	}
}

// takeIn gives one packet to netstack.
func (t *transport) takeIn(p *packet) {
	proto := header.IPv4ProtocolNumber
	if p.nf.V6 {
		proto = header.IPv6ProtocolNumber
	}
	data := p.nf.Data
	if t.dev.offload && p.proto() == protoTCP {
		data = withSACKRoom(data, p.headerLen())
	}
	pb := gstack.NewPacketBuffer(gstack.PacketBufferOptions{Payload: buffer.MakeWithData(data)})
	pb.RXChecksumValidated = true
	t.ns.arrived(p)
	t.dev.d.DeliverNetworkPacket(proto, pb)
	pb.DecRef()
}

// sameConnection reports whether two packets have the same protocol, addresses
// and ports.
func sameConnection(a, b *packet) bool {
	if a.nf.V6 != b.nf.V6 || a.proto() != b.proto() || a.headerLen() != b.headerLen() {
		return false
	}
	from, to := 12, 20
	if a.nf.V6 {
		from, to = 8, 40
	}
	pa, pb := a.payload(), b.payload()
	return len(pa) >= 4 && len(pb) >= 4 && bytes.Equal(pa[:4], pb[:4]) && bytes.Equal(a.nf.Data[from:to], b.nf.Data[from:to])
}

// close ends netstack and its workers.
func (t *transport) close() {
	for _, p := range t.pending {
		t.ns.discard(p.in, trail.NamespaceClosed, p)
	}
	t.pending = nil
	if t.s == nil {
		return
	}
	t.s.Resume()
	t.s.Close()
	t.s.Wait()
	for _, pb := range t.outbox {
		pb.DecRef()
	}
	t.outbox, t.woken = nil, nil
}
