package bridge

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/stack/netfilter"
)

// binding is one published port while it is bound.
type binding struct {
	driver.Binding
	bridge string     // the Linux bridge's name
	to     netip.Addr // the container's address
	stop   func()     // ends the proxy that listens on the host
	// What of the network decides on the rules.
	internal bool
	mode     gatewayMode
}

// ProgramExternal binds the container's ports to the host through this
// endpoint.
func (d *Driver) ProgramExternal(ep *driver.Endpoint, all []nat.Request) error {
	b, err := d.find(ep.Network)
	if err != nil {
		return err
	}
	ep.External, ep.Programmed = true, true
	if d.host.Profile.BindFirst {
		if err := b.publish(ep, all); err != nil {
			d.RevokeExternal(ep)
			return err
		}
		all = nil
		d.endFlows(ep) // those that came before the rules
	}
	for _, r := range all {
		for _, a := range b.hostAddrs(ep, r) {
			if err := b.bind(ep, r, a); err != nil {
				d.RevokeExternal(ep)
				return err
			}
		}
	}
	if b.icc {
		return nil
	}
	if err := b.link(ep); err != nil {
		d.RevokeExternal(ep)
		return err
	}
	return nil
}

// hostAddrs are the host's addresses on which a request is bound: those it
// names, or every IPv4 and, through the proxy, every IPv6 one.
func (b *network) hostAddrs(ep *driver.Endpoint, r nat.Request) []netip.Addr {
	v6ok := ep.Addr6.IsValid() || b.d.cfg.Proxy
	if r.HostIP != "" {
		a, err := netip.ParseAddr(r.HostIP)
		if err != nil || a.Is6() && !v6ok {
			return nil
		}
		return []netip.Addr{a}
	}
	if b.bindIP.Is6() {
		if v6ok {
			return []netip.Addr{b.bindIP}
		}
		return nil
	}
	if b.bindIP.IsUnspecified() && v6ok {
		return []netip.Addr{b.bindIP, netip.IPv6Unspecified()}
	}
	return []netip.Addr{b.bindIP}
}

// bindAttempts is how often a port that nobody asked for by number is tried.
const bindAttempts = 10

func (b *network) bind(ep *driver.Endpoint, r nat.Request, hostIP netip.Addr) error {
	d := b.d
	to := ep.Addr.Addr()
	if hostIP.Is6() && ep.Addr6.IsValid() {
		to = ep.Addr6.Addr()
	}
	var err error
	for range bindAttempts {
		var port int
		port, err = d.ports.Request(hostIP.String(), r.Port.Proto, r.Lo, r.Hi)
		if err != nil {
			return err
		}
		x := binding{Binding: driver.Binding{Port: r.Port, HostIP: hostIP, HostPort: port}, bridge: b.name, to: to, internal: b.internal}
		if err = d.rules.port(x, true); err == nil {
			if x.stop, err = d.startProxy(x); err == nil {
				d.bound[ep.ID] = append(d.bound[ep.ID], x)
				ep.Bound = append(ep.Bound, x.Binding)
				return nil
			}
			d.rules.port(x, false)
		}
		d.ports.Release(hostIP.String(), r.Port.Proto, port)
		if r.Lo != 0 {
			return err
		}
	}
	return err
}

// port puts the rules of a published port in place, or takes them away: the
// DNAT, the way through FORWARD, and the masquerade of a container that talks
// to itself. The first rule that cannot be had is the end of it, and those before
// stay: libnetwork's portmapper does not undo them.
func (s stages) port(b binding, want bool) error {
	d := s.d
	if b.HostIP.Is6() != b.to.Is6() {
		return nil // only the proxy joins the families
	}
	f := d.firewall(b.HostIP.Is6())
	port := strconv.Itoa(int(b.Port.Number))
	daddr := b.HostIP.String()
	if b.HostIP.IsUnspecified() {
		daddr = "0/0"
	}
	to := netip.AddrPortFrom(b.to, b.Port.Number).String()
	dnat := []string{"-p", b.Port.Proto, "-d", daddr, "--dport", strconv.Itoa(b.HostPort), "-j", "DNAT", "--to-destination", to}
	if d.cfg.Proxy {
		dnat = append(dnat, "!", "-i", b.bridge)
	}
	for _, r := range []struct {
		table, chain string
		rule         []string
	}{
		{"nat", chainDocker, dnat},
		{"filter", chainDocker, []string{"!", "-i", b.bridge, "-o", b.bridge, "-p", b.Port.Proto, "-d", b.to.String(), "--dport", port, "-j", "ACCEPT"}},
		{"nat", "POSTROUTING", []string{"-p", b.Port.Proto, "-s", b.to.String(), "-d", b.to.String(), "--dport", port, "-j", "MASQUERADE"}},
	} {
		if err := f.program(want, r.table, r.chain, r.rule...); err != nil {
			return errdefs.System("%v", err)
		}
	}
	return nil
}

// KeepPorts takes the published ports for a new dockerd (restorePortAllocations): those
// who kept them from others, the old one or its docker-proxies, have ended with it.
func (d *Driver) KeepPorts() {
	for _, id := range slices.Sorted(maps.Keys(d.bound)) {
		for i := range d.bound[id] {
			x := &d.bound[id][i]
			if x.stop == nil {
				continue
			}
			x.stop()
			if stop, err := d.startProxy(*x); err == nil {
				x.stop = stop
			}
		}
	}
}

// RevokeExternal releases what ProgramExternal bound, and ends the flows that were
// translated to or from the endpoint: whoever has its address or its ports next is
// somebody else (moby#8795).
func (d *Driver) RevokeExternal(ep *driver.Endpoint) {
	for _, x := range d.bound[ep.ID] {
		if x.stop != nil {
			x.stop()
		}
		if err := d.rules.port(x, false); err != nil {
			d.host.Log("error", "Error on iptables delete: "+err.Error())
		}
		d.ports.Release(x.HostIP.String(), x.Port.Proto, x.HostPort)
	}
	if ep.External {
		d.endFlows(ep)
	}
	delete(d.bound, ep.ID)
	ep.External, ep.Bound = false, nil
}

// endFlows forgets the tracked connections whose answers come from the endpoint's
// addresses or go to them. One that was masqueraded has the host's address there. Releases
// that take ports themselves forget those of UDP to its ports, too: rules of NAT are asked
// when a connection is new, and one of UDP is not new as long as somebody goes on sending
// (moby#44742).
func (d *Driver) endFlows(ep *driver.Endpoint) {
	for _, a := range []netip.Addr{ep.Addr.Addr(), ep.Addr6.Addr()} {
		if a.IsValid() {
			d.host.NS().Netfilter(a.Is6()).DeleteFlows(func(f netfilter.Flow) bool { return f.Reply.Src == a || f.Reply.Dst == a })
		}
	}
	for _, x := range d.bound[ep.ID] {
		if x.Port.Proto != "udp" || !d.host.Profile.BindFirst {
			continue
		}
		d.host.NS().Netfilter(x.HostIP.Is6()).DeleteFlows(func(f netfilter.Flow) bool {
			return int(f.Proto) == protocol("udp") && int(f.Orig.DstPort) == x.HostPort && (x.HostIP.IsUnspecified() || f.Orig.Dst == x.HostIP)
		})
	}
}
