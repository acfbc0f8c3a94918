package modes

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
)

// The options of the bridge driver.
const (
	optBridgeName  = "com.docker.network.bridge.name"
	optDefault     = "com.docker.network.bridge.default_bridge"
	optICC         = "com.docker.network.bridge.enable_icc"
	optMasquerade  = "com.docker.network.bridge.enable_ip_masquerade"
	optBindingIPv4 = "com.docker.network.bridge.host_binding_ipv4"
	optMTU         = "com.docker.network.driver.mtu"
)

// bridge is a network of the bridge driver: a Linux bridge on the host with the
// gateway's address, and the firewall rules around it.
type bridge struct {
	d        *Daemon
	net      *Network
	name     string
	icc      bool
	masq     bool
	mtu      int
	bindIP   netip.Addr // where published ports go that name no address
	internal bool
	isDflt   bool
	made     bool // we made the interface
	gw, gw6  netip.Prefix
}

// parseBridge reads the driver's options.
func (d *Daemon) parseBridge(n *Network) (*bridge, error) {
	b := &bridge{
		d: d, net: n, icc: true, masq: true, internal: n.Internal,
		bindIP: netip.IPv4Unspecified(), name: "br-" + n.ShortID(),
	}
	for _, k := range sortedKeys(n.Options) {
		v := n.Options[k]
		var err error
		switch k {
		case optBridgeName:
			if v != "" {
				b.name = v
			}
		case optDefault:
			b.isDflt, err = parseBool(k, v)
		case optICC:
			b.icc, err = parseBool(k, v)
		case optMasquerade:
			b.masq, err = parseBool(k, v)
		case optMTU:
			if b.mtu, err = strconv.Atoi(v); err != nil {
				err = errf(ErrInvalid, "failed to parse %s value: %s (strconv.Atoi: parsing %q: invalid syntax)", k, v, v)
			}
		case optBindingIPv4:
			a, perr := netip.ParseAddr(v)
			if b.bindIP = a; perr != nil {
				err = errf(ErrInvalid, "failed to parse %s value: %s (nil ip)", k, v)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

func parseBool(key, v string) (bool, error) {
	x, err := strconv.ParseBool(v)
	if err != nil {
		return false, errf(ErrInvalid, "failed to parse %s value: %v (strconv.ParseBool: parsing %q: invalid syntax)", key, v, v)
	}
	return x, nil
}

func (b *bridge) iface() *stack.Interface { return b.d.ns().Interface(b.name) }

// create sets the bridge up as libnetwork's driver does, step by step.
func (b *bridge) create() error {
	core := b.net.core
	if len(core.v4) > 1 || len(core.v6) > 1 {
		return errf(ErrForbidden, "bridge driver doesn't support multiple subnets")
	}
	if err := b.conflicts(); err != nil {
		return err
	}
	ns := b.d.ns()
	br := ns.Interface(b.name)
	if br != nil && br.Kind() != stack.KindBridge {
		return errf(ErrSystem, "existing interface %s is not a bridge", b.name)
	}
	if br == nil {
		var err error
		if br, err = ns.AddBridge(b.name, b.d.randomMAC(b.name)); err != nil {
			return errf(ErrSystem, "Failed to program NAT chain: %v", err)
		}
		br.SetTxQueueLen(0)
		b.made = true
	}
	ns.SetSysctl("net.ipv6.conf."+b.name+".accept_ra", "0")
	if len(core.v4) > 0 {
		b.gw = core.v4[0].gateway
		b.setAddr(br, b.gw)
	}
	if b.net.EnableIPv6 && len(core.v6) > 0 {
		b.gw6 = core.v6[0].gateway
		ns.SetSysctl("net.ipv6.conf."+b.name+".disable_ipv6", "0")
		b.setAddr6(br, b.gw6)
		if b.d.config.IPForward {
			ns.SetSysctl("net.ipv6.conf.default.forwarding", "1")
			ns.SetSysctl("net.ipv6.conf.all.forwarding", "1")
		}
	}
	if !b.d.config.Proxy {
		ns.SetSysctl("net.ipv4.conf."+b.name+".route_localnet", "1")
	}
	b.rules(true)
	if !b.icc && b.d.config.IPTables {
		ns.SetSysctl("net.bridge.bridge-nf-call-iptables", "1")
	}
	return br.SetUp(true)
}

// conflicts refuses a second network on one bridge. A network that names the
// default bridge takes it over, as in 20.10: the old one goes stale.
func (b *bridge) conflicts() error {
	for _, o := range b.d.networks {
		ob := o.core.bridge
		if ob == nil || ob == b || ob.name != b.name {
			continue
		}
		if b.name == "docker0" {
			ob.rules(false)
			o.core.stale = true
			continue
		}
		return errf(ErrForbidden, "cannot create network %s (%s): conflicts with network %s (%s): networks have same bridge name",
			b.net.ID, b.name, o.ID, ob.name)
	}
	return nil
}

// setAddr gives the bridge its one IPv4 address.
func (b *bridge) setAddr(br *stack.Interface, gw netip.Prefix) {
	for _, a := range br.Addrs() {
		if a.Prefix.Addr().Is4() {
			if a.Prefix == gw {
				return
			}
			br.DelAddr(a.Prefix)
		}
	}
	br.AddAddr(gw, stack.AddrOptions{AutoBroadcast: true})
}

func (b *bridge) setAddr6(br *stack.Interface, gw netip.Prefix) {
	for _, a := range br.Addrs() {
		if a.Prefix == gw {
			return
		}
	}
	br.AddAddr(gw, stack.AddrOptions{})
}

// rules puts the network's firewall rules in place, or takes them away.
func (b *bridge) rules(want bool) {
	if b.gw.IsValid() {
		b.familyRules(want, b.d.firewall(false), b.gw.Masked().String())
	}
	if b.gw6.IsValid() {
		b.familyRules(want, b.d.firewall(true), b.gw6.Masked().String())
	}
}

func (b *bridge) familyRules(want bool, f firewall, subnet string) {
	if b.internal {
		f.internalRules(want, b, subnet)
		return
	}
	f.bridgeRules(want, b, subnet)
}

// remove undoes create. The default bridge's interface and interfaces that
// were there before stay.
func (b *bridge) remove() {
	if b.net.core.stale {
		return
	}
	b.rules(false)
	if br := b.iface(); br != nil && b.made && !b.isDflt {
		br.Delete()
	}
}

// plug makes the veth pair of an endpoint: the host's end on the bridge, the
// other one still on the host and without its final name.
func (b *bridge) plug(ep *endpoint) error {
	d, ns := b.d, b.d.ns()
	br := b.iface()
	if br == nil {
		return errf(ErrSystem, "adding interface %s to bridge %s failed: could not find bridge %s: route ip+net: no such network interface",
			"veth", b.name, b.name)
	}
	of := ep.c.Name + "/" + b.net.Name
	hostName := d.vethName(of)
	sandboxName := d.vethName(of)
	// The kernel registers the peer first: it gets the lower number.
	outside, inside, err := stack.NewVeth(ns, hostName, d.vethMAC(of), ns, sandboxName, d.vethMAC(of))
	if err != nil {
		return errf(ErrSystem, "failed to add the host (%s) <=> sandbox (%s) pair interfaces: %s", hostName, sandboxName, lower(err))
	}
	ep.inside, ep.outside = inside, outside
	inside.SetTxQueueLen(0)
	outside.SetTxQueueLen(0)
	if b.mtu != 0 {
		if err := outside.SetMTU(b.mtu); err != nil {
			ep.unplug()
			return errf(ErrSystem, "failed to set MTU on host interface %s: %s", hostName, lower(err))
		}
		if err := inside.SetMTU(b.mtu); err != nil {
			ep.unplug()
			return errf(ErrSystem, "failed to set MTU on sandbox interface %s: %s", sandboxName, lower(err))
		}
	}
	if err := outside.SetMaster(br); err != nil {
		ep.unplug()
		return errf(ErrSystem, "adding interface %s to bridge %s failed: %s", hostName, b.name, lower(err))
	}
	if !d.config.Proxy {
		if p := outside.Port(); p != nil {
			p.SetHairpin(true)
		}
	}
	if ep.mac == (link.MAC{}) {
		ep.mac = macOf(ep.addr.Addr())
	}
	inside.SetMAC(ep.mac)
	return outside.SetUp(true)
}

// macOf is the MAC that Docker derives from an address: 02:42 and its bytes.
func macOf(a netip.Addr) link.MAC {
	b := a.As4()
	return link.MAC{0x02, 0x42, b[0], b[1], b[2], b[3]}
}

// v6Of is the address that the bridge driver derives from a MAC in a subnet of
// /80 or larger: 2001:db8::242:ac11:2.
func v6Of(p netip.Prefix, m link.MAC) netip.Addr {
	b := p.Masked().Addr().As16()
	copy(b[10:], m[:])
	return netip.AddrFrom16(b)
}

// lower is a strerror text as Go's syscall package words it.
func lower(err error) string {
	s := err.Error()
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
