package stack

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/link"
)

// VXLANOptions are what a tunnel device is made with: `ip link add NAME type
// vxlan id VNI dstport PORT proxy l2miss l3miss`.
type VXLANOptions struct {
	VNI      uint32
	Port     uint16 // 0: 4789
	Learning bool
	Proxy    bool
	L2Miss   bool
	L3Miss   bool
	Ageing   time.Duration // 0: 300 s
	// Remote is where frames go that the forwarding table knows no far end for: a
	// permanent entry of the all-zero address. Invalid: none.
	Remote netip.Addr
	// Local is the source of encapsulated packets; invalid: the route says.
	Local netip.Addr
	// Device is the interface of the underlay that they leave by, which also gives
	// the tunnel its MTU; nil: the route says.
	Device *Interface
	TTL    int // of encapsulated packets; 0: the system's
	// PortLow and PortHigh are the range of outer source ports; 0: ephemeral ones.
	PortLow, PortHigh uint16
	// Underlay is the namespace that the encapsulated packets travel in; nil is
	// the one that the device is added to. It stays when the device is moved.
	Underlay *Namespace
	// ZeroChecksum is "noudpcsum": Docker's tunnels do fill in the outer checksum.
	ZeroChecksum bool
}

// AddVXLAN adds a tunnel device. A zero mac draws a random one. Its MTU is 1500
// until somebody sets it (Docker sets 1450), or 50 less than that of Device. It returns ErrRange for an
// identifier of more than 24 bits, and ErrExist if the underlay has a tunnel
// with that identifier and port already.
//
// The UDP socket is opened in the underlay when the device comes up; then
// ErrAddrInUse says that a program has the port.
func (ns *Namespace) AddVXLAN(name string, mac MAC, o VXLANOptions) (*Interface, error) {
	if ns.Lacks(KindVXLAN) {
		return nil, ErrNotSupported
	}
	if err := ns.devs.check(name); err != nil {
		return nil, err
	}
	if o.VNI > link.MaxVNI {
		return nil, ErrRange
	}
	if o.Underlay == nil {
		o.Underlay = ns
	}
	if o.Port == 0 {
		o.Port = link.VXLANPort
	}
	t := o.Underlay.tunnels.at(o.Port)
	if t.device(o.VNI) != nil {
		return nil, ErrExist
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	mtu := 1500
	if o.Device != nil && o.Device.under.below()+1 > maxNest {
		return nil, ErrTooManyLinks
	}
	if o.Device != nil {
		mtu = o.Device.mtu - link.VXLANOverhead
	}
	i := ns.devs.make(name, KindVXLAN, mac, mtu)
	cfg := link.VXLANConfig{
		VNI: o.VNI, Port: o.Port, Learning: o.Learning, Proxy: o.Proxy, L2Miss: o.L2Miss, L3Miss: o.L3Miss,
		Ageing: o.Ageing, ZeroChecksum: o.ZeroChecksum, PortLow: o.PortLow, PortHigh: o.PortHigh,
	}
	d := &vxlanDevice{device: device{i}, tunnel: t, opts: o}
	d.v = link.NewVXLAN(ns.loop, i.place, mac, cfg, t, link.ReceiverFunc(d.receive))
	d.v.SetNeighbours(i.tunnelNeighbour)
	if o.Remote.IsValid() {
		d.v.AddFDB(MAC{}, link.VXLANRemote{Addr: o.Remote}, true)
	}
	i.driver = d
	t.devices = append(t.devices, d)
	i.linkChanged()
	return i, nil
}

// vxlanDevice is a tunnel interface as a driver.
type vxlanDevice struct {
	device
	v      *link.VXLAN
	tunnel *tunnel
	opts   VXLANOptions
}

func (d *vxlanDevice) send(f *link.Frame) {
	d.v.Send(f)
	d.count()
}

func (d *vxlanDevice) receive(f *link.Frame) {
	d.count()
	d.i.path.receive(f)
}

// count copies the tunnel's counters: it counts what it encapsulates and
// decapsulates, not what passes the interface.
func (d *vxlanDevice) count() {
	s, c := d.v.Stats(), &d.i.count
	c.RxPackets, c.RxBytes = s.RxPackets, s.RxBytes
	c.TxPackets, c.TxBytes, c.TxErrors, c.TxDropped = s.TxPackets, s.TxBytes, s.TxErrors, s.TxDropped
	c.TxCarrier, c.Collisions = s.TxCarrierErrors, s.TxCollisions
}

func (d *vxlanDevice) update() {
	d.v.SetMAC(d.i.mac)
	d.v.SetPlace(d.i.place)
	if !d.i.up {
		d.tunnel.shut()
		d.v.FlushFDB()
	}
}

func (d *vxlanDevice) mayOpen() error { return d.tunnel.open() }

func (d *vxlanDevice) close() {
	t := d.tunnel
	t.devices = slices.DeleteFunc(t.devices, func(x *vxlanDevice) bool { return x == d })
	t.shut()
}

// VXLAN is the tunnel behind a VXLAN interface: its forwarding table and its
// notifications of misses. It is nil for other kinds.
func (i *Interface) VXLAN() *link.VXLAN {
	if d, ok := i.driver.(*vxlanDevice); ok {
		return d.v
	}
	return nil
}

// VXLANOptions is what a VXLAN interface was made with, the underlay and the
// port filled in. It is the zero value for other kinds.
func (i *Interface) VXLANOptions() VXLANOptions {
	if d, ok := i.driver.(*vxlanDevice); ok {
		return d.opts
	}
	return VXLANOptions{}
}

// underlay is the namespace in which a VXLAN interface's encapsulated packets
// travel, or nil for other kinds.
func (i *Interface) underlay() *Namespace {
	if d, ok := i.driver.(*vxlanDevice); ok {
		return d.tunnel.ns
	}
	return nil
}

// tunnelNeighbour looks a neighbour up for a tunnel that answers ARP: it may
// answer for permanent and for reachable ones.
func (i *Interface) tunnelNeighbour(a netip.Addr) (mac MAC, found, usable bool) {
	if i.ns == nil {
		return mac, false, false
	}
	n := i.ns.neigh.find(i, a)
	if n == nil {
		return mac, false, false
	}
	return n.mac, true, n.valid && (n.state == NeighPermanent || n.state == NeighReachable)
}
