package scenarios

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/accounts"
	"dnetsim/userland/jq"
	"dnetsim/userland/names"
	"dnetsim/userland/netconf"
	"dnetsim/userland/nft"
	"dnetsim/userland/packages"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
	"dnetsim/userland/traffic"
	"dnetsim/userland/web"
)

// The internet is one segment behind the routers that hold a LAN's gateway.
// Its addresses are taken from TEST-NET-3 (RFC 5737), which nobody simulates.
var (
	internetSubnet = netip.MustParsePrefix("203.0.113.0/24")
	internetName   = "internet"
	wanName        = "wan"
)

func (l *Lab) buildRouters() error {
	s := l.Scenario
	routers := append([]Router(nil), s.Routers...)
	if s.implicitRouter() {
		r := Router{Name: ImplicitRouter, NAT: true}
		for _, lan := range s.LANs {
			if lan.Gateway.IsValid() && !s.owned(lan.Gateway) {
				r.Ports = append(r.Ports, Port{Name: fmt.Sprintf("eth%d", len(r.Ports)), LAN: lan.Name,
					Address: netip.PrefixFrom(lan.Gateway, lan.Subnet.Bits()), MAC: gatewayMAC(lan.Gateway)})
			}
		}
		routers = append(routers, r)
	}
	l.lans[internetName] = &segment{LAN{Name: internetName, Subnet: internetSubnet}, link.NewBridge(l.Loop, internetName)}
	wan := internetSubnet.Addr()
	for i := range routers {
		wan = wan.Next()
		if err := l.buildRouter(&routers[i], wan); err != nil {
			return fmt.Errorf("router %s: %w", routers[i].Name, err)
		}
	}
	l.ways = routers
	for _, site := range s.Internet {
		if err := l.buildSite(site, routers); err != nil {
			return fmt.Errorf("%s: %w", site.Name, err)
		}
	}
	return nil
}

// gatewayMAC is that of a virtual network's router, as VMware gives them.
func gatewayMAC(a netip.Addr) link.MAC {
	b := a.As16()
	return link.MAC{0x00, 0x50, 0x56, 0xe0, b[14], b[15]}
}

// leadsOut reports whether a router holds some LAN's gateway.
func (s *Scenario) leadsOut(r *Router) bool {
	for _, p := range r.Ports {
		for _, lan := range s.LANs {
			if lan.Gateway.IsValid() && lan.Gateway == p.Address.Addr() {
				return true
			}
		}
	}
	return false
}

func (l *Lab) buildRouter(r *Router, wan netip.Addr) error {
	ns := stack.New(l.Loop, r.Name, stack.Options{Host: true})
	l.spaces = append(l.spaces, ns)
	for _, p := range r.Ports {
		if _, err := l.plug(r.Name, ns, p); err != nil {
			return err
		}
	}
	if err := ns.SetSysctl("net.ipv4.ip_forward", "1"); err != nil {
		return err
	}
	for _, sr := range r.Routes {
		if err := ns.AddRoute(stack.Route{Dst: sr.To, Via: sr.Via, Proto: stack.ProtoStatic}); err != nil {
			return err
		}
	}
	m := l.appliance(r.Name, ns)
	m.FS().WriteFile("/etc/hosts", hostsFile(l.Scenario), 0o644)
	if !l.Scenario.leadsOut(r) {
		return nil
	}
	// The lab's router answers with TTL 128, as the walkthrough's does: its
	// replies reach a container with 127.
	if err := ns.SetSysctl("net.ipv4.ip_default_ttl", "128"); err != nil {
		return err
	}
	if _, err := l.plug(r.Name, ns, Port{Name: wanName, LAN: internetName, Address: netip.PrefixFrom(wan, internetSubnet.Bits())}); err != nil {
		return err
	}
	if r.NAT {
		if err := ns.Netfilter(false).Ensure("nat", "POSTROUTING", "-o", wanName, "-j", "MASQUERADE"); err != nil {
			return err
		}
	}
	return l.serveNames(m)
}

// firstPID is where the PIDs of a host's own programs begin, as on a machine that
// has booted a while ago.
const firstPID = 701

// appliance is a machine without an engine that people can type at.
func (l *Lab) appliance(name string, ns *stack.Namespace) *userland.Machine {
	m := userland.NewMachine(l.Loop, name, ns)
	m.SetHardwareClock(l.clock)
	m.Shell = shell.Sh(shell.HostSh)
	m.Install(programs.Host(), netconf.Host(), nft.Programs(), traffic.Host(), packages.Programs(packages.Deb), jq.Programs(), accounts.Shadow())
	for name, text := range packages.DebianFiles() {
		m.FS().MkdirAll(path.Dir(name), 0o755)
		m.FS().WriteFile(name, []byte(text), 0o644)
	}
	m.FS().MkdirAll(path.Dir(netconf.TablesPath), 0o755)
	m.FS().WriteFile(netconf.TablesPath, []byte(netconf.TablesFile), 0o644)
	m.Install(map[string]userland.Program{"explain": l.explain})
	m.Remote = func(host string) (*userland.Machine, []netip.Addr, bool) { return l.remote(name, host) }
	m.Env = append(m.Env, "USER=root", "LOGNAME=root", "SHELL=/bin/bash")
	m.Resolve = names.Addresses
	m.Ended = l.hear
	m.StartInit(firstPID, "/sbin/init")
	l.machines[name] = m
	return m
}

// serveNames runs the LAN's name server on the router: the internet's names,
// and NXDOMAIN for everything else.
func (l *Lab) serveNames(m *userland.Machine) error {
	zone := &names.Zone{Local: []string{""}}
	for _, site := range l.Scenario.Internet {
		if site.CNAME != "" {
			zone.AddAlias(site.Name, site.CNAME)
			zone.AddHost(site.CNAME, site.Address)
			continue
		}
		zone.AddHost(site.Name, site.Address)
	}
	zone.Late = func(name string) bool {
		at, ok := archive(l, name)
		if ok {
			zone.AddHost(name, at)
		}
		return ok
	}
	server := &names.Server{Zone: zone}
	m.Start(userland.ProcSpec{Program: server.Run, Args: []string{"dnsmasq"}, NewGroup: true})
	return nil
}

// buildSite is one machine of the internet: it answers pings and serves a page.
func (l *Lab) buildSite(site Site, routers []Router) error {
	ns := stack.New(l.Loop, site.Name, stack.Options{Host: true})
	l.spaces = append(l.spaces, ns)
	name := site.Name + ":eth0"
	w, _ := l.cable(name, l.lans[internetName], link.Impairment{Delay: site.Delay})
	iface, err := ns.AddPhysical("eth0", hardwareMAC(site.Address), w.A())
	if err != nil {
		return err
	}
	if err := iface.SetUp(true); err != nil {
		return err
	}
	if err := iface.AddAddr(netip.PrefixFrom(site.Address, site.Address.BitLen()), stack.AddrOptions{}); err != nil {
		return err
	}
	if err := ns.AddRoute(stack.Route{Dst: internetSubnet, Dev: "eth0", Src: site.Address}); err != nil {
		return err
	}
	// The router takes one off: the file says what arrives on the LAN.
	if err := ns.SetSysctl("net.ipv4.ip_default_ttl", fmt.Sprint(site.TTL+1)); err != nil {
		return err
	}
	for i := range routers {
		if !l.Scenario.leadsOut(&routers[i]) {
			continue
		}
		out := l.machines[routers[i].Name].NS()
		if err := l.routesBack(ns, &routers[i], out); err != nil {
			return err
		}
		if err := out.AddRoute(stack.Route{Dst: netip.PrefixFrom(site.Address, site.Address.BitLen()), Dev: wanName}); err != nil {
			return err
		}
	}
	m := userland.NewMachine(l.Loop, site.Name, ns)
	m.Install(programs.Host(), traffic.Host())
	serve := site.serve
	if serve == nil {
		serve = (&web.Server{Index: "<html><body>" + site.Name + "</body></html>\n"}).Run
	}
	m.Start(userland.ProcSpec{Program: serve, Args: []string{"nginx"}, NewGroup: true})
	l.machines["internet "+site.Name] = m
	return nil
}

// routesBack gives a site of the internet the ways to what a router does not hide:
// the LANs with public addresses. Private ones are nowhere on the internet.
func (l *Lab) routesBack(site *stack.Namespace, r *Router, out *stack.Namespace) error {
	if r.NAT {
		return nil
	}
	wan := out.Interface(wanName).Addrs()[0]
	for _, p := range r.Ports {
		subnet := l.lans[p.LAN].lan.Subnet
		if subnet.Addr().IsPrivate() || subnet.Addr().Is4() != wan.Prefix.Addr().Is4() {
			continue
		}
		if err := site.AddRoute(stack.Route{Dst: subnet, Via: wan.Prefix.Addr(), Dev: "eth0"}); err != nil {
			return err
		}
	}
	return nil
}

// Outside is a namespace plugged into a LAN that is none of the scenario's: what
// comes from the real world enters there, and is to the hosts as any other
// machine's. It is made at the first call for the LAN, with the LAN's last free
// address. The digest of a run does not know it.
func (l *Lab) Outside(lan string) (*stack.Namespace, error) {
	if ns := l.outside[lan]; ns != nil {
		return ns, nil
	}
	at, err := l.FreeAddress(lan)
	if err != nil {
		return nil, err
	}
	name := "outside " + lan
	ns := stack.New(l.Loop, name, stack.Options{Host: true})
	if _, err := l.plug(name, ns, Port{Name: "eth0", LAN: lan, Address: at}); err != nil {
		ns.Close()
		return nil, err
	}
	if gw := l.lans[lan].lan.Gateway; gw.IsValid() {
		ns.AddRoute(stack.Route{Dst: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: gw})
	}
	l.outside[lan] = ns
	return ns, nil
}

// FreeAddress is the last address of a LAN that neither the scenario nor
// [Lab.Outside] or an earlier call has given away, with the LAN's prefix length.
func (l *Lab) FreeAddress(lan string) (netip.Prefix, error) {
	seg := l.lans[lan]
	if seg == nil || lan == internetName {
		return netip.Prefix{}, fmt.Errorf("there is no lan %q", lan)
	}
	subnet := seg.lan.Subnet
	for a := last(subnet); subnet.Contains(a); a = a.Prev() {
		if edge(subnet, a) == "" && a != seg.lan.Gateway && !l.given[a] && !l.Scenario.owned(a) {
			l.given[a] = true
			return netip.PrefixFrom(a, subnet.Bits()), nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("lan %s has no free address", lan)
}

// PlugLAN lays a cable named after what is at its other end to a LAN's switch; the
// end that is free is returned.
func (l *Lab) PlugLAN(name, lan string) (*link.End, error) {
	seg := l.lans[lan]
	if seg == nil || lan == internetName {
		return nil, fmt.Errorf("there is no lan %q", lan)
	}
	w := link.NewWire(l.Loop, "tap "+name)
	w.Cut = true
	seg.sw.AddPort(name).Connect(w.B())
	return w.A(), nil
}

// PlugBridge is PlugLAN for a bridge of a host, whose port is an interface of the
// host with that name.
func (l *Lab) PlugBridge(name, host, bridge string) (*link.End, error) {
	br, err := l.bridge(host, bridge)
	if err != nil {
		return nil, err
	}
	w := link.NewWire(l.Loop, "tap "+host+":"+name)
	w.Cut = true
	port, err := l.machines[host].NS().AddPhysical(name, link.MAC{}, w.B())
	if err == nil {
		err = port.SetMaster(br)
	}
	if err == nil {
		err = port.SetUp(true)
	}
	if err != nil {
		return nil, fmt.Errorf("interface %s of %s: %w", name, host, err)
	}
	return w.A(), nil
}

// FreeOnBridge is the last address of a bridge's subnet, with its prefix length: the
// engine gives addresses away from the first on.
func (l *Lab) FreeOnBridge(host, bridge string) (netip.Prefix, error) {
	br, err := l.bridge(host, bridge)
	if err != nil {
		return netip.Prefix{}, err
	}
	for _, own := range br.Addrs() {
		subnet := own.Prefix.Masked()
		for a := last(subnet); subnet.Addr().Is4() && subnet.Contains(a); a = a.Prev() {
			if edge(subnet, a) == "" && a != own.Prefix.Addr() && !l.given[a] {
				l.given[a] = true
				return netip.PrefixFrom(a, subnet.Bits()), nil
			}
		}
	}
	return netip.Prefix{}, fmt.Errorf("bridge %s of %s has no IPv4 subnet", bridge, host)
}

// bridge is one of a host's, by its name.
func (l *Lab) bridge(host, name string) (*stack.Interface, error) {
	m, ok := l.machines[host]
	if !ok {
		return nil, fmt.Errorf("there is no host %q", host)
	}
	var have []string
	for _, i := range m.NS().Interfaces() {
		if i.Kind() != stack.KindBridge {
			continue
		}
		if have = append(have, i.Name()); i.Name() == name {
			return i, nil
		}
	}
	return nil, fmt.Errorf("%s has no bridge %q: it has %s", host, name, strings.Join(have, ", "))
}

// archiveSite is the machine of the internet that has the distributions' packages,
// under all the names of packages.Hosts. It comes into being when somebody asks for
// one of them, so that a world in which nobody installs anything stays as it was.
var archiveSite = Site{Name: "archive", Address: netip.MustParseAddr("203.0.113.250"), Delay: 10 * time.Millisecond, TTL: 55, serve: packages.Serve}

// archive is the address of a distribution's archive, unless the file has a site of
// that name.
func archive(l *Lab, name string) (netip.Addr, bool) {
	if !slices.Contains(packages.Hosts(), name) {
		return netip.Addr{}, false
	}
	if l.machines["internet "+archiveSite.Name] == nil {
		if err := l.buildSite(archiveSite, l.ways); err != nil {
			return netip.Addr{}, false
		}
	}
	return archiveSite.Address, true
}
