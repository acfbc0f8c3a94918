package modes

import (
	"net/netip"
	"strings"
)

// resolvConf is a resolv.conf taken apart.
type resolvConf struct {
	servers, search, options []string
}

func parseResolv(text string) resolvConf {
	var r resolvConf
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			r.servers = append(r.servers, f[1])
		case "search", "domain":
			r.search = f[1:]
		case "options":
			r.options = append(r.options, f[1:]...)
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

// resolvFile is the container's resolv.conf on its way to its first network.
func (d *Daemon) resolvFile(c *Container) string {
	h, cfg := c.HostConfig, d.config
	host := d.hostResolv()
	first := func(a, b []string) []string {
		if len(a) > 0 {
			return a
		}
		return b
	}
	dns, search, options := first(h.DNS, cfg.DNS), first(h.DNSSearch, cfg.DNSSearch), first(h.DNSOptions, cfg.DNSOptions)
	if len(dns)+len(search)+len(options) > 0 {
		now := parseResolv(host)
		return resolvConf{first(dns, now.servers), first(search, now.search), first(options, now.options)}.build()
	}
	if isHostMode(h.NetworkMode) {
		return host
	}
	return withoutLocalServers(host)
}

// withoutLocalServers drops name servers on loopback addresses, which a
// container could not reach; if none is left, Google's take their place.
func withoutLocalServers(text string) string {
	var b strings.Builder
	left := 0
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			a, err := netip.ParseAddr(f[1])
			if err == nil && (a.IsLoopback() || a.Is6()) {
				continue
			}
			left++
		}
		b.WriteString(line)
	}
	if left == 0 {
		return b.String() + "\nnameserver 8.8.8.8\nnameserver 8.8.4.4"
	}
	return b.String()
}

// useResolver points the container at the embedded name server, which forwards
// to the servers that were in the file before.
func (sb *sandbox) useResolver() {
	fs, at := sb.d.host.FS(), sb.c.File("resolv.conf")
	b, _ := fs.ReadFile(at)
	now := parseResolv(string(b))
	if len(sb.extDNS) == 0 {
		for _, a := range addrs(now.servers) {
			if a.Is4() && a != resolverAddr {
				sb.extDNS = append(sb.extDNS, a)
			}
		}
	}
	now.servers = []string{resolverAddr.String()}
	for _, o := range now.options {
		if strings.HasPrefix(o, "ndots:") {
			fs.WriteFile(at, []byte(now.build()), 0o644)
			return
		}
	}
	now.options = append(now.options, "ndots:0")
	fs.WriteFile(at, []byte(now.build()), 0o644)
}
