package names

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
)

// Config is /etc/resolv.conf as resolv.conf(5) defines it.
type Config struct {
	Servers  []netip.AddrPort
	search   []string
	ndots    int
	timeout  time.Duration
	attempts int
	rotate   bool
}

// ReadConfig reads the machine's file. Without one, or without a
// nameserver in it, the resolver asks the local machine, as glibc and musl do.
func ReadConfig(p *userland.Process) Config {
	c := Config{ndots: 1, timeout: 5 * time.Second, attempts: 2}
	data, _ := p.ReadFile("/etc/resolv.conf")
	for _, line := range strings.Split(string(data), "\n") {
		if i := strings.IndexAny(line, "#;"); i == 0 {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(f[1]); err == nil && len(c.Servers) < 3 {
				c.Servers = append(c.Servers, netip.AddrPortFrom(a, 53))
			}
		case "search":
			c.search = searchList(f[1:])
		case "domain":
			c.search = searchList(f[1:2])
		case "options":
			c.options(f[1:])
		}
	}
	if len(c.Servers) == 0 {
		c.Servers = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}
	}
	return c
}

func searchList(domains []string) []string {
	var list []string
	for _, d := range domains {
		if d = strings.TrimSuffix(d, "."); d != "" {
			list = append(list, d)
		}
	}
	return list
}

func (c *Config) options(words []string) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, ":")
		n, err := strconv.Atoi(value)
		switch {
		case name == "rotate":
			c.rotate = true
		case err != nil || n < 0:
		case name == "ndots":
			c.ndots = min(n, 15)
		case name == "timeout":
			c.timeout = time.Duration(min(max(n, 1), 30)) * time.Second
		case name == "attempts":
			c.attempts = min(max(n, 1), 5)
		}
	}
}

// Candidates are the full names to ask for, in the order of res_search: a name
// with ndots dots or more is tried as it is first, a name with a dot at its end
// only as it is.
func (c *Config) Candidates(name string) []string {
	if strings.HasSuffix(name, ".") {
		return []string{strings.TrimSuffix(name, ".")}
	}
	var list []string
	for _, d := range c.search {
		list = append(list, name+"."+d)
	}
	if strings.Count(name, ".") >= c.ndots {
		return append([]string{name}, list...)
	}
	return append(list, name)
}
