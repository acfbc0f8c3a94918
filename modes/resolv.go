package modes

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/userland/names"
)

// resolvConf is a resolv.conf taken apart.
type resolvConf struct {
	servers, search, options []string
}

// parseResolv reads one as libnetwork's resolvconf does: of several search or options
// lines the last counts, and a domain line does not.
func parseResolv(text string) resolvConf {
	var r resolvConf
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		switch f[0] {
		case "nameserver":
			if len(f) == 2 {
				if _, err := netip.ParseAddr(f[1]); err == nil {
					r.servers = append(r.servers, f[1])
				}
			}
		case "search":
			r.search = f[1:]
		case "options":
			r.options = f[1:]
		}
	}
	return r
}

// build writes it in libnetwork's order.
func (r resolvConf) build() string {
	var b strings.Builder
	if s := strings.Join(r.search, " "); strings.Trim(s, " ") != "." && s != "" {
		b.WriteString("search " + s + "\n")
	}
	for _, s := range r.servers {
		b.WriteString("nameserver " + s + "\n")
	}
	if len(r.options) > 0 {
		b.WriteString("options " + strings.Join(r.options, " ") + "\n")
	}
	return b.String()
}

// hostResolv is the file that containers inherit: the host's, or behind a local
// systemd-resolved the one with the real servers.
func (d *Daemon) hostResolv() string {
	b, _ := d.host.FS().ReadFile("/etc/resolv.conf")
	if r := parseResolv(string(b)); len(r.servers) == 1 && r.servers[0] == "127.0.0.53" {
		if alt, err := d.host.FS().ReadFile("/run/systemd/resolve/resolv.conf"); err == nil {
			return string(alt)
		}
	}
	return string(b)
}

func (d *Daemon) hostNameservers() []netip.Addr {
	return addrs(parseResolv(d.hostResolv()).servers)
}

func addrs(list []string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// setupDNS is the container's resolv.conf on its way to its first network. With a
// network of the user's its name server asks those of the host's own file, also one
// on a loopback address; without one nothing can, and behind systemd-resolved it is the
// real servers' file.
func (sb *sandbox) setupDNS() string {
	c, d := sb.c, sb.d
	h, cfg := c.HostConfig, d.config
	own, _ := d.host.FS().ReadFile("/etc/resolv.conf")
	host := string(own)
	if isDefaultMode(h.NetworkMode) || h.NetworkMode == "none" {
		host = d.hostResolv()
	}
	first := func(a, b []string) []string {
		if len(a) > 0 {
			return a
		}
		return b
	}
	dns, search, options := first(h.DNS, cfg.DNS), first(h.DNSSearch, cfg.DNSSearch), first(h.DNSOptions, cfg.DNSOptions)
	now := parseResolv(host)
	if len(dns)+len(search)+len(options) > 0 {
		now = resolvConf{first(dns, now.servers), first(search, now.search), first(options, now.options)}
		sb.askServers(now.servers, false) // those on loopback addresses are the container's own
		return now.build()
	}
	if isHostMode(h.NetworkMode) {
		return host
	}
	sb.askServers(now.servers, true)
	sb.resolvConf = reachableServers(host, true)
	return sb.resolvConf
}

// askServers makes the IPv4 ones of these servers those that the embedded server asks.
func (sb *sandbox) askServers(servers []string, hostsLoopback bool) {
	for _, a := range addrs(servers) {
		if !a.Is4() {
			continue
		}
		u := names.Upstream{At: netip.AddrPortFrom(a, 53), From: sb.ns}
		if hostsLoopback && a.IsLoopback() {
			u.From = sb.d.ns()
		}
		sb.upstreams = append(sb.upstreams, u)
	}
}

// The servers of a file that names none: Google's.
var (
	defaultServers4 = []string{"8.8.8.8", "8.8.4.4"}
	defaultServers6 = []string{"2001:4860:4860::8888", "2001:4860:4860::8844"}
)

// reachableServers drops the name servers that a container could not reach: those on
// loopback addresses and, without IPv6, those with an address of that kind. If none is
// left, Google's take their place.
func reachableServers(text string, v6 bool) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" && strings.HasPrefix(line, "nameserver") {
			if a, err := netip.ParseAddr(f[1]); err == nil && (a.IsLoopback() || a.Is6() && !v6) {
				continue
			}
		}
		b.WriteString(line)
	}
	if len(parseResolv(b.String()).servers) > 0 {
		return b.String()
	}
	servers := defaultServers4
	if v6 {
		servers = append(servers[:len(servers):len(servers)], defaultServers6...)
	}
	for _, s := range servers {
		b.WriteString("\nnameserver " + s)
	}
	return b.String()
}

// updateDNS fits a file that nobody has touched to the network that is joined.
func (sb *sandbox) updateDNS(n *Network) {
	fs, at := sb.d.host.FS(), sb.c.File("resolv.conf")
	if b, err := fs.ReadFile(at); err != nil || sb.resolvConf == "" || string(b) != sb.resolvConf {
		return
	}
	sb.resolvConf = reachableServers(sb.resolvConf, n.EnableIPv6)
	fs.WriteFile(at, []byte(sb.resolvConf), 0o644)
}

// useResolver points the container at the embedded name server, beside the IPv6
// servers, which it does not ask. A number of dots that the user asked for stays, and
// is remembered: a name without a dot is then not asked of others.
func (sb *sandbox) useResolver() error {
	fs, at := sb.d.host.FS(), sb.c.File("resolv.conf")
	b, _ := fs.ReadFile(at)
	now := parseResolv(string(b))
	if len(sb.upstreams) == 0 {
		sb.askServers(now.servers, false)
	}
	servers := []string{resolverAddr.String()}
	for _, a := range addrs(now.servers) {
		if a.Is6() {
			servers = append(servers, a.String())
		}
	}
	now.servers = servers
	for _, o := range now.options {
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
		now.options = append(now.options, "ndots:0")
	}
	fs.WriteFile(at, []byte(now.build()), 0o644)
	return nil
}
