package modes

import (
	"net/netip"
	"strings"
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

func addrs(list []string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a)
		}
	}
	return out
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
