package bridge

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// The options of the bridge driver.
const (
	OptName        = "com.docker.network.bridge.name"
	OptDefault     = "com.docker.network.bridge.default_bridge"
	OptICC         = "com.docker.network.bridge.enable_icc"
	OptMasquerade  = "com.docker.network.bridge.enable_ip_masquerade"
	OptBindingIPv4 = "com.docker.network.bridge.host_binding_ipv4"
	optHostIPv4    = "com.docker.network.host_ipv4"
	optHostIPv6    = "com.docker.network.host_ipv6"
	optMode4       = "com.docker.network.bridge.gateway_mode_ipv4"
	optMode6       = "com.docker.network.bridge.gateway_mode_ipv6"
	optInhibit     = "com.docker.network.bridge.inhibit_ipv4"
	optTrusted     = "com.docker.network.bridge.trusted_host_interfaces"
)

// The names under which a network's auxiliary addresses are its containers'
// default gateway, in the place of the bridge's own address.
const (
	AuxGateway4 = "DefaultGatewayIPv4"
	AuxGateway6 = "DefaultGatewayIPv6"
)

// network is one network of the driver: a Linux bridge on the host with the
// gateway's address, and the firewall rules around it.
type network struct {
	d        *Driver
	net      *driver.Network
	name     string
	icc      bool
	masq     bool
	mtu      int
	bindIP   netip.Addr // where published ports go that name no address
	internal bool
	isDflt   bool
	made     bool         // we made the interface
	stale    bool         // another network took its bridge
	gw, gw6  netip.Prefix // the bridge's addresses
	subnet   [2]netip.Prefix
	out      [2]netip.Addr // the containers' gateways, IPv4 and IPv6; invalid: none
	hostIP   [2]netip.Addr // what containers are masqueraded as, IPv4 and IPv6; invalid: the way's own
	mode     [2]gatewayMode
	inhibit  bool     // the bridge gets no IPv4 address
	trusted  []string // the host's interfaces that reach containers by their own addresses
	// endpoints are those that CreateEndpoint has made, by id.
	endpoints map[string]*driver.Endpoint
}

// parse reads the network's options.
func (d *Driver) parse(n *driver.Network) (*network, error) {
	b := &network{
		d: d, net: n, icc: true, masq: true, internal: n.Internal,
		bindIP: netip.IPv4Unspecified(), name: "br-" + n.ShortID(), endpoints: map[string]*driver.Endpoint{},
	}
	for _, k := range slices.Sorted(maps.Keys(n.Options)) {
		v := n.Options[k]
		var err error
		switch k {
		case OptName:
			if v != "" {
				b.name = v
			}
		case OptDefault:
			b.isDflt, err = parseBool(k, v)
		case OptICC:
			b.icc, err = parseBool(k, v)
		case OptMasquerade:
			b.masq, err = parseBool(k, v)
		case driver.OptMTU:
			if b.mtu, err = strconv.Atoi(v); err != nil {
				err = errdefs.Invalid("failed to parse %s value: %s (strconv.Atoi: parsing %q: invalid syntax)", k, v, v)
			}
		case OptBindingIPv4:
			b.bindIP, err = parseIP(k, v)
		case optHostIPv4:
			b.hostIP[0], err = parseIP(k, v)
		default:
			err = b.parseNewer(k, v)
		}
		if err != nil {
			return nil, err
		}
	}
	if (b.mode[0] == isolated || b.mode[1] == isolated) && !b.internal {
		return nil, errdefs.System("gateway mode 'isolated' can only be used for an internal network")
	}
	if len(b.name) > 15 { // IFNAMSIZ: netlink's attribute has no room for it
		return nil, errdefs.System("failed to check bridge interface existence: numerical result out of range")
	}
	return b, nil
}

// bridgeIPv6 is the address that libnetwork gives every bridge with IPv6, beside
// the subnet's.
var bridgeIPv6 = netip.MustParsePrefix("fe80::1/64")

func parseBool(key, v string) (bool, error) {
	x, err := strconv.ParseBool(v)
	if err != nil {
		return false, errdefs.Invalid("failed to parse %s value: %v (strconv.ParseBool: parsing %q: invalid syntax)", key, v, v)
	}
	return x, nil
}

func parseIP(key, v string) (netip.Addr, error) {
	a, err := netip.ParseAddr(v)
	if err != nil {
		return a, errdefs.Invalid("failed to parse %s value: %s (nil ip)", key, v)
	}
	return a, nil
}

func (b *network) iface() *stack.Interface { return b.d.host.NS().Interface(b.name) }

// create sets the bridge up as libnetwork's driver does, step by step.
func (b *network) create() error {
	n := b.net
	if len(n.V4) > 1 || len(n.V6) > 1 {
		return errdefs.Forbidden("bridge driver doesn't support multiple subnets")
	}
	if err := b.conflicts(); err != nil {
		return err
	}
	ns := b.d.host.NS()
	br := ns.Interface(b.name)
	if br != nil && br.Kind() != stack.KindBridge {
		return errdefs.System("existing interface %s is not a bridge", b.name)
	}
	if br == nil {
		var err error
		if br, err = ns.AddBridge(b.name, b.d.host.RandomMAC(b.name)); err != nil {
			return errdefs.System("Failed to program NAT chain: %v", err)
		}
		br.SetTxQueueLen(0)
		b.made = true
	}
	ns.SetSysctl("net.ipv6.conf."+b.name+".accept_ra", "0")
	if err := b.setMTU(br); err != nil {
		return err
	}
	if len(n.V4) > 0 {
		b.gw, b.out[0] = n.V4[0].Gateway, gatewayOf(n.V4[0], AuxGateway4)
		if b.subnet[0] = n.V4[0].Prefix; b.gw.IsValid() && !b.inhibit && b.mode[0] != isolated {
			b.setAddr(br, b.gw)
		}
	}
	if n.EnableIPv6 && len(n.V6) > 0 {
		b.gw6, b.out[1] = n.V6[0].Gateway, gatewayOf(n.V6[0], AuxGateway6)
		off := "0"
		if b.mode[1] == isolated {
			off = "1"
		}
		ns.SetSysctl("net.ipv6.conf."+b.name+".disable_ipv6", off)
		if b.subnet[1] = n.V6[0].Prefix; b.mode[1] != isolated {
			if !b.d.host.Profile.ULAPools {
				b.setAddr6(br, bridgeIPv6)
			}
			b.setAddr6(br, b.gw6)
		}
	}
	if b.internal && b.d.host.Profile.InternalNoGateway {
		b.out = [2]netip.Addr{}
	}
	if err := b.d.rules.forwarding(b); err != nil {
		return err
	}
	if !b.d.cfg.Proxy {
		ns.SetSysctl("net.ipv4.conf."+b.name+".route_localnet", "1")
	}
	if err := b.d.rules.network(b); err != nil {
		return errdefs.System("%v", err)
	}
	if !b.icc && b.d.cfg.IPTables {
		ns.SetSysctl("net.bridge.bridge-nf-call-iptables", "1")
	}
	return br.SetUp(true)
}

// gatewayOf is where a pool's containers send what is not for their subnet.
func gatewayOf(p driver.Pool, aux string) netip.Addr {
	if a, ok := p.Aux[aux]; ok {
		return a
	}
	return p.Gateway.Addr()
}

// conflicts refuses a second network on one bridge. A network that names the
// default bridge takes it over, as in 20.10: the old one goes stale.
func (b *network) conflicts() error {
	for _, o := range b.d.networks {
		if o.name != b.name {
			continue
		}
		if b.name == "docker0" {
			b.d.rules.dropNetwork(o)
			o.stale = true
			continue
		}
		return errdefs.Forbidden("cannot create network %s (%s): conflicts with network %s (%s): networks have same bridge name",
			b.net.ID, b.name, o.net.ID, o.name)
	}
	return nil
}

// setAddr gives the bridge its one IPv4 address.
func (b *network) setAddr(br *stack.Interface, gw netip.Prefix) {
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

func (b *network) setAddr6(br *stack.Interface, gw netip.Prefix) {
	for _, a := range br.Addrs() {
		if a.Prefix == gw {
			return
		}
	}
	br.AddAddr(gw, stack.AddrOptions{NoDAD: b.d.host.Profile.ULAPools})
}

// family is a firewall that is the network's business, and the subnet there.
type family struct {
	firewall
	subnet string
}

func (b *network) families() (all []family) {
	for f, p := range b.subnet {
		if p.IsValid() {
			all = append(all, family{b.d.firewall(f == 1), p.Masked().String()})
		}
	}
	return all
}

// network puts the network's firewall rules in place. On error those before the one
// that could not be had stay, and so does the bridge, as libnetwork leaves them: a
// restart of dockerd clears up.
func (stages) network(b *network) error {
	all := b.families()
	for _, f := range all {
		if err := f.setUp(b, f.subnet); err != nil {
			return err
		}
	}
	// Of the rules that keep networks apart libnetwork loses the error: it takes
	// away what it had put in place, and goes on with that call's result.
	for _, f := range all {
		if !b.internal && f.isolate(true, b.name) != nil {
			f.isolate(false, b.name)
		}
	}
	return nil
}

func (stages) dropNetwork(b *network) {
	for _, f := range b.families() {
		errs := f.clean(b, f.subnet)
		if !b.internal {
			f.isolate(false, b.name)
		}
		for _, err := range errs {
			if err != nil {
				b.d.host.Log("warning", fmt.Sprintf("Failed to clean iptables rules for bridge network: %v", err))
			}
		}
	}
}

// remove undoes create. The default bridge's interface and interfaces that
// were there before stay.
func (b *network) remove() {
	if b.stale {
		return
	}
	b.d.rules.dropNetwork(b)
	if br := b.iface(); br != nil && b.made && !b.isDflt {
		br.Delete()
	}
}

// plug makes the veth pair of an endpoint: the host's end on the bridge, the
// other one still on the host and without its final name.
func (b *network) plug(ep *driver.Endpoint) error {
	h, ns := b.d.host, b.d.host.NS()
	br := b.iface()
	if br == nil {
		return errdefs.System("adding interface %s to bridge %s failed: could not find bridge %s: route ip+net: no such network interface",
			h.VethName(ep.Label), b.name, b.name)
	}
	of := ep.Label
	hostName := h.VethName(of)
	sandboxName := h.VethName(of)
	// The kernel registers the peer first: it gets the lower number.
	into := ns
	if ep.Into != nil {
		into = ep.Into
	}
	outside, inside, err := stack.NewVeth(ns, hostName, h.VethMAC(of), into, sandboxName, h.VethMAC(of))
	if err != nil {
		return errdefs.System("failed to add the host (%s) <=> sandbox (%s) pair interfaces: %s", hostName, sandboxName, errdefs.Lower(err))
	}
	ep.Inside, ep.Outside = inside, outside
	inside.SetTxQueueLen(0)
	outside.SetTxQueueLen(0)
	if b.mtu != 0 {
		if err := outside.SetMTU(b.mtu); err != nil {
			ep.Unplug()
			return errdefs.System("failed to set MTU on host interface %s: %s", hostName, errdefs.Lower(err))
		}
		if err := inside.SetMTU(b.mtu); err != nil {
			ep.Unplug()
			return errdefs.System("failed to set MTU on sandbox interface %s: %s", sandboxName, errdefs.Lower(err))
		}
	}
	if err := outside.SetMaster(br); err != nil {
		ep.Unplug()
		return errdefs.System("adding interface %s to bridge %s failed: %s", hostName, b.name, errdefs.Lower(err))
	}
	if !b.d.cfg.Proxy {
		if p := outside.Port(); p != nil {
			p.SetHairpin(true)
		}
	}
	if ep.MAC == (link.MAC{}) {
		ep.MAC = h.EndpointMAC(ep)
	}
	inside.SetMAC(ep.MAC)
	return outside.SetUp(true)
}
