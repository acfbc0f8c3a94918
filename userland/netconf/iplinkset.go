package netconf

import (
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
)

// linkSet is `ip link set`: the words up to the end change one interface.
func (t *ipTool) linkSet(w *words) error {
	c, err := t.readLinkChange(w)
	if err != nil {
		return err
	}
	if c.dev == nil {
		return exitWith(255, `Not enough information: "dev" argument is required.`)
	}
	return c.apply()
}

// linkChange is what one `ip link set` asks for. The kernel does it in a fixed
// order, whatever the order of the words.
type linkChange struct {
	dev      *stack.Interface
	up       *bool
	mtu      int
	mac      *link.MAC
	name     string
	master   *stack.Interface
	noMaster bool
	netns    *stack.Namespace
	qlen     *int
	promisc  *bool
	hairpin  *bool
	isolated *bool
	bridge   func(*stack.Interface) // sets a bridge's options; nil: none
}

// linkFlags are the switches of a link with the state that they have here.
var linkFlags = map[string]string{
	"arp": "on", "multicast": "on", "allmulticast": "off", "dynamic": "off", "trailers": "on", "carrier": "on", "protodown": "off",
}

// portDefaults are the options of a bridge's port with what they are here.
var portDefaults = map[string]string{
	"guard": "off", "root_block": "off", "fastleave": "off", "learning": "on", "flood": "on", "mcast_flood": "on", "bcast_flood": "on",
	"mcast_to_unicast": "off", "neigh_suppress": "off", "vlan_tunnel": "off", "locked": "off", "state": "3", "priority": "32", "mcast_router": "1",
}

func (t *ipTool) readLinkChange(w *words) (c linkChange, err error) {
	yes, no := true, false
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case arg == "up":
			c.up = &yes
		case arg == "down":
			c.up = &no
		case arg == "name":
			if c.name, err = w.value(); err == nil && !validName(c.name) {
				err = wrongArgument(c.name, `"name" not a valid ifname`)
			}
		case arg == "mtu":
			c.mtu, err = w.integer("mtu")
		case arg == "address":
			c.mac, err = w.mac()
		case arg == "group":
			err = w.only(arg, "default", "0")
		case arg == "addrgenmode":
			err = w.only(arg, "eui64")
		case arg == "broadcast", arg == "alias", arg == "vrf", arg == "xdp", arg == "vf":
			err = notSimulated("%q of a link", arg)
		case arg == "master":
			var name string
			if name, err = w.value(); err != nil {
				break
			}
			if c.master = t.ns.Interface(name); c.master == nil {
				err = wrongArgument(name, "Device does not exist\n")
			}
		case arg == "nomaster":
			c.noMaster = true
		case arg == "netns":
			c.netns, err = t.namespaceWord(w)
		case arg == "txqueuelen", arg == "qlen", arg == "txqlen":
			var n int
			n, err = w.integer("txqueuelen")
			c.qlen = &n
		case arg == "promisc":
			c.promisc, err = w.onOff(arg)
		case linkFlags[arg] != "":
			err = w.only(arg, linkFlags[arg])
		case arg == "type":
			err = t.typeChange(&c, w)
		case arg == "dev":
			c.dev, err = w.device(t.ns)
		case c.dev != nil:
			err = garbage("dev", arg)
		default:
			if c.dev = t.ns.Interface(arg); c.dev == nil {
				err = noDevice(arg)
			}
		}
	}
	return c, err
}

// typeChange is `ip link set DEV type KIND …`: of it, a bridge port's hairpin.
func (t *ipTool) typeChange(c *linkChange, w *words) (err error) {
	kind, err := w.value()
	for err == nil && w.more() {
		switch arg := w.next(); {
		case kind == "bridge_slave" && arg == "hairpin":
			c.hairpin, err = w.onOff(arg)
		case kind == "bridge_slave" && arg == "isolated":
			c.isolated, err = w.onOff(arg)
		case kind == "bridge_slave" && portDefaults[arg] != "":
			err = w.only(arg, portDefaults[arg])
		case kind == "bridge":
			w.at--
			c.bridge, err = w.bridgeOptions()
		default:
			err = notSimulated("%q of a %s", arg, kind)
		}
	}
	return err
}

func (c *linkChange) apply() error {
	i := c.dev
	if c.netns != nil {
		name := c.name
		if name == "" {
			name = i.Name()
		}
		if err := i.MoveTo(c.netns, name); err != nil {
			return rtnetlink(err)
		}
		c.name = ""
	}
	if c.mac != nil {
		if err := i.SetMAC(*c.mac); err != nil {
			return rtnetlink(err)
		}
	}
	if c.mtu != 0 {
		if err := setMTU(i, c.mtu); err != nil {
			return err
		}
	}
	if c.name != "" && i.Up() {
		return rtnetlink(stack.ErrBusy) // dev_change_name, before Linux 6.2
	}
	if c.name != "" && c.name != i.Name() {
		if err := i.Rename(c.name); err != nil {
			return rtnetlink(err)
		}
	}
	if err := c.applyMaster(); err != nil {
		return err
	}
	if c.qlen != nil {
		i.SetTxQueueLen(*c.qlen)
	}
	if c.promisc != nil {
		i.SetPromisc(*c.promisc)
	}
	if c.hairpin != nil && i.Port() != nil {
		i.Port().SetHairpin(*c.hairpin)
	}
	if c.isolated != nil && i.Port() != nil {
		i.Port().SetIsolated(*c.isolated)
	}
	if c.bridge != nil && i.Bridge() != nil {
		c.bridge(i)
	}
	if c.up != nil {
		if err := i.SetUp(*c.up); err != nil {
			return rtnetlink(err)
		}
	}
	return nil
}

func (c *linkChange) applyMaster() error {
	switch {
	case c.master != nil:
		if c.master.Kind() != stack.KindBridge {
			return rtnetlink(stack.ErrNotSupported)
		}
		if err := c.dev.SetMaster(c.master); err != nil {
			return rtnetlink(err)
		}
	case c.noMaster && c.dev.Master() != nil:
		if err := c.dev.SetMaster(nil); err != nil {
			return rtnetlink(err)
		}
	}
	return nil
}

// setMTU changes the MTU with the kernel's words for one that is out of range.
func setMTU(i *stack.Interface, mtu int) error {
	switch {
	case mtu < 68 && i.Kind() != stack.KindLoopback:
		return kernelSays("mtu less than device minimum.")
	case mtu > 65535 && i.Kind() != stack.KindLoopback:
		return kernelSays("mtu greater than device maximum.")
	}
	if err := i.SetMTU(mtu); err != nil {
		return rtnetlink(err)
	}
	return nil
}

// integer takes a number; key names it in the complaint.
func (w *words) integer(key string) (int, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 0, 31)
	if err != nil {
		return 0, wrongArgument(text, `Invalid "`+key+"\" value\n")
	}
	return int(n), nil
}

// mac takes a link-layer address.
func (w *words) mac() (*link.MAC, error) {
	text, err := w.value()
	if err != nil {
		return nil, err
	}
	if mac, err := link.ParseMAC(text); err == nil {
		return &mac, nil
	}
	parts := strings.Split(text, ":")
	for _, part := range parts {
		if _, err := strconv.ParseUint(part, 16, 8); err != nil {
			return nil, exitWith(1, `"%s" is invalid lladdr.`, part)
		}
	}
	return nil, exitWith(1, "Invalid address length %d - must be 6 bytes", len(parts))
}

// onOff takes "on" or "off".
func (w *words) onOff(key string) (*bool, error) {
	text, err := w.value()
	if err != nil {
		return nil, err
	}
	on := text == "on"
	if !on && text != "off" {
		return nil, exitWith(1, `Error: argument of "%s" must be "on" or "off", not "%s"`, key, text)
	}
	return &on, nil
}

// namespaceWord takes a namespace by name or by the PID of a process in it.
func (t *ipTool) namespaceWord(w *words) (*stack.Namespace, error) {
	ref, err := w.value()
	if err != nil {
		return nil, err
	}
	if ns, ok := findNetns(t.p, ref); ok {
		return ns, nil
	}
	if _, err := strconv.Atoi(ref); err == nil {
		return nil, rtnetlink(stack.ErrNoProcess)
	}
	return nil, wrongArgument(ref, "Invalid \"netns\" value\n")
}
