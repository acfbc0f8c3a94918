package network

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/resolvconf"
	"dnetsim/userland/names"
)

// hostResolv is the file that containers inherit: the host's, or behind a local
// systemd-resolved the one with the real servers.
func (ctl *Controller) hostResolv() string {
	b, _ := ctl.machine().FS().ReadFile(ctl.hostResolvPath())
	return string(b)
}

func (ctl *Controller) hostResolvPath() string {
	const own, systemd = "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"
	b, _ := ctl.machine().FS().ReadFile(own)
	if r := resolvconf.Parse(string(b)); len(r.Servers) == 1 && r.Servers[0] == "127.0.0.53" && ctl.machine().FS().Exists(systemd) {
		return systemd
	}
	return own
}

// HostNameservers are the servers of the file that containers inherit.
func (ctl *Controller) HostNameservers() []netip.Addr {
	return resolvconf.Addrs(resolvconf.Parse(ctl.hostResolv()).Servers)
}

// SetupDNS is the container's resolv.conf on its way to its first network. With a
// network of the user's its name server asks those of the host's own file, also one
// on a loopback address; without one nothing can, and behind systemd-resolved it is the
// real servers' file.
func (sb *Sandbox) SetupDNS() string {
	ctl := sb.ctl
	if ctl.Face.Profile.DescribedDNS {
		sb.resolvConf = sb.described().String()
		return sb.resolvConf
	}
	h, cfg := sb.C.HostConfig, ctl.Config
	own, _ := ctl.machine().FS().ReadFile("/etc/resolv.conf")
	host := string(own)
	if container.IsDefaultMode(h.NetworkMode) || h.NetworkMode == "none" {
		host = ctl.hostResolv()
	}
	first := func(a, b []string) []string {
		if len(a) > 0 {
			return a
		}
		return b
	}
	dns, search, options := first(h.DNS, cfg.DNS), first(h.DNSSearch, cfg.DNSSearch), first(h.DNSOptions, cfg.DNSOptions)
	now := resolvconf.Parse(host)
	if len(dns)+len(search)+len(options) > 0 {
		now = resolvconf.File{Servers: first(dns, now.Servers), Search: first(search, now.Search), Options: first(options, now.Options)}
		sb.askServers(now.Servers, false) // those on loopback addresses are the container's own
		return now.Build()
	}
	if container.IsHostMode(h.NetworkMode) {
		return host
	}
	sb.askServers(now.Servers, true)
	sb.resolvConf = resolvconf.ReachableServers(host, true)
	return sb.resolvConf
}

// askServers makes the IPv4 ones of these servers those that the embedded server asks.
func (sb *Sandbox) askServers(servers []string, hostsLoopback bool) {
	for _, a := range resolvconf.Addrs(servers) {
		if !a.Is4() {
			continue
		}
		u := names.Upstream{At: netip.AddrPortFrom(a, 53), From: sb.NS}
		if hostsLoopback && a.IsLoopback() {
			u.From = sb.ctl.ns()
		}
		sb.Upstreams = append(sb.Upstreams, u)
	}
}

// updateDNS fits a file that nobody has touched to the network that is joined.
func (sb *Sandbox) updateDNS(n *Network) {
	if sb.ctl.Face.Profile.DescribedDNS {
		sb.describeDNS(n)
		return
	}
	fs, at := sb.ctl.machine().FS(), sb.C.File("resolv.conf")
	if b, err := fs.ReadFile(at); err != nil || sb.resolvConf == "" || string(b) != sb.resolvConf {
		return
	}
	sb.resolvConf = resolvconf.ReachableServers(sb.resolvConf, n.EnableIPv6)
	fs.WriteFile(at, []byte(sb.resolvConf), 0o644)
}

// useResolver points the container at the embedded name server, beside the IPv6
// servers, which it does not ask. A number of dots that the user asked for stays, and
// is remembered: a name without a dot is then not asked of others.
func (sb *Sandbox) useResolver() error {
	if sb.ctl.Face.Profile.DescribedDNS {
		sb.describeResolver()
		return nil
	}
	fs, at := sb.ctl.machine().FS(), sb.C.File("resolv.conf")
	b, _ := fs.ReadFile(at)
	now := resolvconf.Parse(string(b))
	if len(sb.Upstreams) == 0 {
		sb.askServers(now.Servers, false)
	}
	servers := []string{ResolverAddr.String()}
	for _, a := range resolvconf.Addrs(now.Servers) {
		if a.Is6() {
			servers = append(servers, a.String())
		}
	}
	now.Servers = servers
	for _, o := range now.Options {
		if !strings.Contains(o, "ndots") {
			continue
		}
		_, v, ok := strings.Cut(o, ":")
		if !ok || strings.Contains(v, ":") {
			return errdefs.New(errdefs.KindSystem, "invalid ndots option %s", o)
		}
		if n, err := strconv.Atoi(v); err != nil || n < 0 {
			return errdefs.New(errdefs.KindSystem, "invalid number for ndots option: %s", v)
		}
		sb.NdotsSet = true
		break
	}
	if !sb.NdotsSet {
		now.Options = append(now.Options, "ndots:0")
	}
	fs.WriteFile(at, []byte(now.Build()), 0o644)
	return nil
}
