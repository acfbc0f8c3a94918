package stack

import (
	"net/netip"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// AddIPvlan adds an ipvlan child of a parent, whose address it shares. The mode
// is l2 (also if empty), l3 or l3s; all children of a parent have the mode of
// the last one added. It returns ErrBusy if the parent is a port of a bridge or
// has macvlan children.
func (ns *Namespace) AddIPvlan(name string, parent *Interface, mode string) (*Interface, error) {
	if ns.Lacks(KindIPvlan) {
		return nil, ErrNotSupported
	}
	m, ok := link.ParseIPvlanMode(mode)
	if !ok {
		return nil, ErrInvalid
	}
	if parent != nil && parent.kind == KindIPvlan {
		parent = parent.parent
	}
	if parent != nil && (parent.port != nil || parent.under.macvlan != nil) {
		return nil, ErrBusy
	}
	i, err := ns.devs.addStacked(name, KindIPvlan, MAC{}, parent)
	if err != nil {
		return nil, err
	}
	if parent.under.ipvlan == nil {
		route := link.ReceiverFunc(func(f *link.Frame) { parent.routeFor(f) })
		parent.under.ipvlan = link.NewIPvlan(ns.loop, parent.place, m, parent.under.asParent(), route)
	}
	parent.under.ipvlan.SetMode(m)
	owns := func(a netip.Addr) bool { return i.ipAddrs.find(a) != nil }
	i.driver = &ipvlanDevice{child{device{i}}, parent.under.ipvlan.Add(i.place, owns, i)}
	i.linkChanged()
	return i, nil
}

// ipvlanDevice is an ipvlan interface as a driver.
type ipvlanDevice struct {
	child
	member *link.IPvlanChild
}

func (d *ipvlanDevice) send(f *link.Frame) { d.member.Send(f) }

func (d *ipvlanDevice) update() {
	d.member.SetUp(d.i.up)
	d.member.SetPlace(d.i.place)
}

// mayHave refuses any other address than the parent's.
func (d *ipvlanDevice) mayHave(MAC) (done bool, err error) { return false, ErrNotSupported }

func (d *ipvlanDevice) close() {
	if p := d.i.parent; p.under.ipvlan.Remove(d.member) == 0 {
		p.under.ipvlan = nil
	}
}

// siblingHas reports whether another ipvlan child of the same parent has an
// address (ipvlan_addr_busy).
func (un *under) siblingHas(ip netip.Addr) bool {
	if un.i.kind != KindIPvlan || un.i.parent == nil {
		return false
	}
	for _, u := range un.i.parent.under.uppers {
		if u != un.i && u.kind == KindIPvlan && u.ipAddrs.find(ip) != nil {
			return true
		}
	}
	return false
}

// IPvlanMode is the mode of an ipvlan interface.
func (i *Interface) IPvlanMode() (mode link.IPvlanMode, ok bool) {
	if i.kind != KindIPvlan || i.parent == nil {
		return 0, false
	}
	return i.parent.under.ipvlan.Mode(), true
}

// routeFor sends a packet of an ipvlan child in mode l3 through the network
// layer of the parent's namespace, out by the parent (ipvlan_process_outbound).
func (i *Interface) routeFor(f *link.Frame) {
	if i.ns == nil || i.ns.closed || f.EtherType() != link.TypeIPv4 && f.EtherType() != link.TypeIPv6 {
		i.path.lose(f, trail.IPvlanNoIP)
		return
	}
	p := i.ns.packetOf(f)
	if n := len(p.nf.Data); n < 20 || p.nf.V6 && n < 40 {
		i.ns.ends.discard(i, trail.BadIPHeader, p)
		return
	}
	p.nf.HasMAC = false
	p.oif = i
	i.ns.tx.output(p)
}
