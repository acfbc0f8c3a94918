// Package resolvconf reads and writes resolv.conf as libnetwork's package of that
// name does. It works on text and touches no file.
package resolvconf

import (
	"net/netip"
	"strings"
)

// File is a resolv.conf taken apart.
type File struct {
	Servers, Search, Options []string
}

// Parse reads one as libnetwork's resolvconf does: of several search or options
// lines the last counts, and a domain line does not.
func Parse(text string) File {
	var r File
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
					r.Servers = append(r.Servers, f[1])
				}
			}
		case "search":
			r.Search = f[1:]
		case "options":
			r.Options = f[1:]
		}
	}
	return r
}

// Build writes it in libnetwork's order.
func (r File) Build() string {
	var b strings.Builder
	if s := strings.Join(r.Search, " "); strings.Trim(s, " ") != "." && s != "" {
		b.WriteString("search " + s + "\n")
	}
	for _, s := range r.Servers {
		b.WriteString("nameserver " + s + "\n")
	}
	if len(r.Options) > 0 {
		b.WriteString("options " + strings.Join(r.Options, " ") + "\n")
	}
	return b.String()
}

// Addrs are the addresses of a list of servers.
func Addrs(list []string) []netip.Addr {
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

// ReachableServers drops the name servers that a container could not reach: those on
// loopback addresses and, without IPv6, those with an address of that kind. If none is
// left, Google's take their place.
func ReachableServers(text string, v6 bool) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" && strings.HasPrefix(line, "nameserver") {
			if a, err := netip.ParseAddr(f[1]); err == nil && (a.IsLoopback() || a.Is6() && !v6) {
				continue
			}
		}
		b.WriteString(line)
	}
	if len(Parse(b.String()).Servers) > 0 {
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
