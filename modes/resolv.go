package modes

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/resolvconf"
	"dnetsim/userland/names"
)

// hostResolv is the file that containers inherit: the host's, or behind a local
// systemd-resolved the one with the real servers.
func (ctl *controller) hostResolv() string {
	b, _ := ctl.machine().FS().ReadFile("/etc/resolv.conf")
	if r := resolvconf.Parse(string(b)); len(r.Servers) == 1 && r.Servers[0] == "127.0.0.53" {
		if alt, err := ctl.machine().FS().ReadFile("/run/systemd/resolve/resolv.conf"); err == nil {
			return string(alt)
		}
	}
	return string(b)
}

func (ctl *controller) hostNameservers() []netip.Addr {
	return resolvconf.Addrs(resolvconf.Parse(ctl.hostResolv()).Servers)
}

// setupDNS is the container's resolv.conf on its way to its first network. With a
// network of the user's its name server asks those of the host's own file, also one
// on a loopback address; without one nothing can, and behind systemd-resolved it is the
// real servers' file.
func (sb *sandbox) setupDNS() string {
	ctl := sb.ctl
	h, cfg := sb.c.HostConfig, ctl.Config
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
func (sb *sandbox) askServers(servers []string, hostsLoopback bool) {
	for _, a := range resolvconf.Addrs(servers) {
		if !a.Is4() {
			continue
		}
		u := names.Upstream{At: netip.AddrPortFrom(a, 53), From: sb.ns}
		if hostsLoopback && a.IsLoopback() {
			u.From = sb.ctl.ns()
		}
		sb.upstreams = append(sb.upstreams, u)
	}
}

// updateDNS fits a file that nobody has touched to the network that is joined.
func (sb *sandbox) updateDNS(n *Network) {
	fs, at := sb.ctl.machine().FS(), sb.c.File("resolv.conf")
	if b, err := fs.ReadFile(at); err != nil || sb.resolvConf == "" || string(b) != sb.resolvConf {
		return
	}
	sb.resolvConf = resolvconf.ReachableServers(sb.resolvConf, n.EnableIPv6)
	fs.WriteFile(at, []byte(sb.resolvConf), 0o644)
}

// useResolver points the container at the embedded name server, beside the IPv6
// servers, which it does not ask. A number of dots that the user asked for stays, and
// is remembered: a name without a dot is then not asked of others.
func (sb *sandbox) useResolver() error {
	fs, at := sb.ctl.machine().FS(), sb.c.File("resolv.conf")
	b, _ := fs.ReadFile(at)
	now := resolvconf.Parse(string(b))
	if len(sb.upstreams) == 0 {
		sb.askServers(now.Servers, false)
	}
	servers := []string{resolverAddr.String()}
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
			return errf(ErrSystem, "invalid ndots option %s", o)
		}
		if n, err := strconv.Atoi(v); err != nil || n < 0 {
			return errf(ErrSystem, "invalid number for ndots option: %s", v)
		}
		sb.ndotsSet = true
		break
	}
	if !sb.ndotsSet {
		now.Options = append(now.Options, "ndots:0")
	}
	fs.WriteFile(at, []byte(now.Build()), 0o644)
	return nil
}
