package modes

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
)

// The option of macvlan and ipvlan that names the parent interface.
const optParent = "parent"

// childNet is a network of the macvlan or the ipvlan driver: every endpoint is
// a device stacked on one parent interface of the host. There is no bridge, no
// NAT and no gateway but one that somebody else on the parent's segment serves.
type childNet struct {
	d      *Daemon
	net    *Network
	kind   *childKind
	parent string
	mode   string
	made   bool // the driver made the parent: a VLAN sub-interface or a dummy
	lost   bool // the parent could not be made again when the daemon started
}

// childKind is what differs between the two drivers.
type childKind struct {
	name   string   // the driver's and the device's
	modes  []string // the first one is the default
	dummy  string   // what the name of a dummy parent begins with
	absent string   // refuses the parent of a sub-interface that is not there
	ownMAC bool     // children have link-layer addresses of their own
	add    func(ns *stack.Namespace, name string, parent *stack.Interface, mode string) (*stack.Interface, error)
}

// childKinds are the drivers by name.
var childKinds = map[string]*childKind{"macvlan": &macvlan, "ipvlan": &ipvlan}

func (k *childKind) dummyName(n *Network) string { return k.dummy + n.ShortID() }

// parseChild reads the driver's options. Those that it does not know are kept
// and mean nothing.
func (d *Daemon) parseChild(n *Network, k *childKind) (*childNet, error) {
	ch := &childNet{d: d, net: n, kind: k, parent: n.Options[optParent], mode: n.Options[k.name+"_mode"]}
	if len(n.core.v4) == 0 {
		return nil, errf(ErrSystem, "ipv4 pool is empty")
	}
	if ch.mode == "" {
		ch.mode = k.modes[0]
	}
	if !contains(k.modes, ch.mode) {
		return nil, errf(ErrSystem, "requested %s mode '%s' is not valid, '%s' mode is the %s driver default", k.name, ch.mode, k.modes[0], k.name)
	}
	if ch.parent == "lo" {
		return nil, errf(ErrSystem, "loopback interface is not a valid %s parent link", k.name)
	}
	if ch.parent == "" {
		ch.parent = k.dummyName(n)
	}
	return ch, nil
}

// create makes the parent if it is missing. Each driver refuses a second
// network on one parent, and knows nothing of the other driver's.
func (ch *childNet) create() error {
	for _, o := range ch.d.networks {
		oc := o.core.child
		if oc != nil && oc != ch && !oc.lost && oc.kind == ch.kind && oc.parent == ch.parent {
			// The name is that of a dummy parent, whatever the parent is.
			return errf(ErrSystem, "network %s is already using parent interface %s", ch.kind.dummyName(o), ch.parent)
		}
	}
	if ch.d.ns().Interface(ch.parent) != nil {
		return nil
	}
	make := ch.makeVLAN
	if ch.parent == ch.kind.dummyName(ch.net) {
		make = ch.makeDummy
	}
	if err := make(); err != nil {
		return err
	}
	ch.made = true
	return nil
}

func (ch *childNet) makeDummy() error {
	i, err := ch.d.ns().AddDummy(ch.parent, link.MAC{})
	if err != nil {
		return errf(ErrSystem, "%s", lower(err))
	}
	return i.SetUp(true)
}

// makeVLAN makes the sub-interface that the parent's name asks for.
func (ch *childNet) makeVLAN() error {
	base, id, err := ch.parseVLAN()
	if err != nil {
		return err
	}
	if id > 4094 || id < 1 {
		return errf(ErrSystem, "vlan id must be between 1-4094, received: %d", id)
	}
	i, err := ch.d.ns().AddVLAN(ch.parent, base, uint16(id))
	if err != nil {
		return errf(ErrSystem, "failed to create %s vlan link: %s", ch.parent, lower(err))
	}
	if err := i.SetUp(true); err != nil {
		i.Delete() // dockerd leaves it behind; nothing half-made stays here
		return errf(ErrSystem, "failed to enable %s the %s parent link %s", ch.parent, ch.kind.name, lower(err))
	}
	return nil
}

// parseVLAN reads "eth0.10".
func (ch *childNet) parseVLAN() (*stack.Interface, int, error) {
	parts := strings.Split(ch.parent, ".")
	if len(parts) == 1 {
		return nil, 0, errf(ErrSystem, "invalid subinterface vlan name %s, example formatting is eth0.10", ch.parent)
	}
	if len(parts) != 2 {
		return nil, 0, errf(ErrSystem, "required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received %s", ch.parent)
	}
	id, err := strconv.Atoi(parts[1])
	if err != nil {
		return nil, 0, errf(ErrSystem, "unable to parse a valid vlan id from: %s (ex. eth0.10 for vlan 10)", parts[1])
	}
	base := ch.d.ns().Interface(parts[0])
	if base == nil {
		return nil, 0, errf(ErrSystem, "%s: %s", ch.kind.absent, parts[0])
	}
	return base, id, nil
}

// remove takes away the parent if the driver made it.
func (ch *childNet) remove() {
	if i := ch.d.ns().Interface(ch.parent); ch.made && i != nil {
		i.Delete()
	}
}

// adopt gives a new endpoint its link-layer address and its gateway. Published
// ports are noted and do nothing: the container is on the segment itself.
func (ch *childNet) adopt(ep *endpoint) error {
	if ch.lost {
		return errf(ErrSystem, "network id %q not found", ch.net.ID)
	}
	if !ch.kind.ownMAC && ep.mac != (link.MAC{}) {
		return errf(ErrSystem, "%s interfaces do not support custom mac address assignment", ch.kind.name)
	}
	if ch.kind.ownMAC && ep.mac == (link.MAC{}) {
		ep.mac = macOf(ep.addr.Addr())
	}
	if len(ep.c.HostConfig.PortBindings) > 0 {
		ch.d.log("warning", ch.kind.name+" driver does not support port mappings")
	}
	if len(ep.c.Config.ExposedPorts) > 0 {
		ch.d.log("warning", ch.kind.name+" driver does not support port exposures")
	}
	if ch.net.Internal || ch.routes() {
		return nil
	}
	ep.gw = gatewayOf(ch.net.core.v4, ep.addr)
	if ep.addr6.IsValid() {
		ep.gw6 = gatewayOf(ch.net.core.v6, ep.addr6)
	}
	return nil
}

// routes reports whether the network needs no gateway because the parent's host
// routes what its endpoints send.
func (ch *childNet) routes() bool { return ch.kind == &ipvlan && ch.mode == "l3" }

// gatewayOf is the gateway of the pool that an address is from.
func gatewayOf(pools []poolUse, a netip.Prefix) netip.Addr {
	for _, u := range pools {
		if u.pool.prefix.Contains(a.Addr()) {
			return u.gateway.Addr()
		}
	}
	return netip.Addr{}
}

// join makes the endpoint's device, on the host and without its final name.
func (ch *childNet) join(ep *endpoint) error {
	ns := ch.d.ns()
	parent := ns.Interface(ch.parent)
	if parent == nil {
		return errf(ErrSystem, "the requested parent interface %s was not found on the Docker host", ch.parent)
	}
	i, err := ch.kind.add(ns, ch.d.vethName(ep.c.Name+"/"+ch.net.Name), parent, ch.mode)
	if err != nil {
		return errf(ErrSystem, "failed to create the %s port: %s", ch.kind.name, lower(err))
	}
	i.SetTxQueueLen(0)
	ep.inside = i
	return nil
}

// revive sets the network up again when the daemon starts. If that fails the
// network is listed and nothing can join it.
func (ch *childNet) revive(old *childNet) {
	ch.made = old != nil && old.made
	if err := ch.create(); err != nil {
		ch.lost = true
		ch.d.log("warning", "Could not create "+ch.kind.name+" network for id "+ch.net.ID+" from persistent state")
	}
}
