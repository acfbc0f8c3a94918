package child

import (
	"slices"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// The option of macvlan and ipvlan that names the parent interface.
const optParent = "parent"

// network is one network of the driver: every endpoint is a device stacked on
// one parent interface of the host. There is no bridge, no NAT and no gateway
// but one that somebody else on the parent's segment serves.
type network struct {
	d *Driver
	*driver.Network
	parent string
	mode   string
	made   bool // the driver made the parent: a VLAN sub-interface or a dummy
	lost   bool // the parent could not be made again when the daemon started
}

// parse reads the network's options. Those that it does not know are kept and
// mean nothing.
func (d *Driver) parse(n *driver.Network) (*network, error) {
	k := d.kind
	ch := &network{d: d, Network: n, parent: n.Options[optParent], mode: n.Options[k.name+"_mode"]}
	if len(n.V4) == 0 {
		return nil, errdefs.System("ipv4 pool is empty")
	}
	if ch.mode == "" {
		ch.mode = k.modes[0]
	}
	if !slices.Contains(k.modes, ch.mode) {
		return nil, errdefs.System("requested %s mode '%s' is not valid, '%s' mode is the %s driver default", k.name, ch.mode, k.modes[0], k.name)
	}
	if f := n.Options["ipvlan_flag"]; k == &ipvlan && d.host.Profile.StrictSettings { // as of release 23
		switch f {
		case "", "bridge":
		case "private", "vepa":
			return nil, errdefs.New(errdefs.KindNotImplemented, "dnetsim does not simulate ipvlan_flag=%s: its endpoints hear one another, as with bridge", f)
		default:
			return nil, errdefs.System("requested ipvlan flag '%s' is not valid, 'bridge' is the ipvlan driver default", f)
		}
	}
	if ch.parent == "lo" {
		return nil, errdefs.System("loopback interface is not a valid %s parent link", k.name)
	}
	if ch.parent == "" {
		ch.parent = k.dummyName(n)
	}
	return ch, nil
}

// create makes the parent if it is missing. Each driver refuses a second
// network on one parent, and knows nothing of the other driver's.
func (ch *network) create() error {
	for _, o := range ch.d.networks {
		if ch.d.host.Profile.SharedParents && o.mode != "passthru" && ch.mode != "passthru" {
			continue
		}
		if !o.lost && o.parent == ch.parent {
			// The name is that of a dummy parent, whatever the parent is.
			return errdefs.System("network %s is already using parent interface %s", ch.d.kind.dummyName(o.Network), ch.parent)
		}
	}
	if ch.d.host.NS().Interface(ch.parent) != nil {
		return nil
	}
	make := ch.makeVLAN
	if ch.parent == ch.d.kind.dummyName(ch.Network) {
		make = ch.makeDummy
	}
	if err := make(); err != nil {
		return err
	}
	ch.made = true
	return nil
}

func (ch *network) makeDummy() error {
	i, err := ch.d.host.NS().AddDummy(ch.parent, link.MAC{})
	if err != nil {
		return errdefs.System("%s", errdefs.Lower(err))
	}
	return i.SetUp(true)
}

// makeVLAN makes the sub-interface that the parent's name asks for.
func (ch *network) makeVLAN() error {
	base, id, err := ch.parseVLAN()
	if err != nil {
		return err
	}
	if id > 4094 || id < 1 {
		return errdefs.System("vlan id must be between 1-4094, received: %d", id)
	}
	i, err := ch.d.host.NS().AddVLAN(ch.parent, base, uint16(id))
	if err != nil {
		return errdefs.System("failed to create %s vlan link: %s", ch.parent, errdefs.Lower(err))
	}
	if err := i.SetUp(true); err != nil {
		i.Delete() // dockerd leaves it behind; nothing half-made stays here
		return errdefs.System("failed to enable %s the %s parent link %s", ch.parent, ch.d.kind.name, errdefs.Lower(err))
	}
	return nil
}

// parseVLAN reads "eth0.10".
func (ch *network) parseVLAN() (*stack.Interface, int, error) {
	parts := strings.Split(ch.parent, ".")
	if len(parts) == 1 {
		return nil, 0, errdefs.System("invalid subinterface vlan name %s, example formatting is eth0.10", ch.parent)
	}
	if len(parts) != 2 {
		return nil, 0, errdefs.System("required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received %s", ch.parent)
	}
	id, err := strconv.Atoi(parts[1])
	if err != nil {
		return nil, 0, errdefs.System("unable to parse a valid vlan id from: %s (ex. eth0.10 for vlan 10)", parts[1])
	}
	base := ch.d.host.NS().Interface(parts[0])
	if base == nil {
		return nil, 0, errdefs.System("%s: %s", ch.d.kind.absent, parts[0])
	}
	return base, id, nil
}

// remove takes away the parent if the driver made it.
func (ch *network) remove() {
	if i := ch.d.host.NS().Interface(ch.parent); ch.made && i != nil {
		i.Delete()
	}
}

// revive sets the network up again when the daemon starts. If that fails the
// network is listed and nothing can join it.
func (ch *network) revive() {
	if err := ch.create(); err != nil {
		ch.lost = true
		ch.d.host.Log("warning", "Could not create "+ch.d.kind.name+" network for id "+ch.ID+" from persistent state")
	}
}
