package traffic

import (
	"net/netip"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/names"
)

// getent is glibc's getent for the databases hosts, ahosts, ahostsv4 and
// ahostsv6.
func getent(p *userland.Process) int {
	if len(p.Args) < 2 {
		p.Errorf("getent: wrong number of arguments\nTry `getent --help' or `getent --usage' for more information.\n")
		return 1
	}
	db, keys := p.Args[1], p.Args[2:]
	switch db {
	case "hosts":
		return getentHosts(p, keys)
	case "ahosts", "ahostsv4", "ahostsv6":
		return getentAddresses(p, db, keys)
	}
	p.Errorf("Unknown database: %s\nTry `getent --help' or `getent --usage' for more information.\n", db)
	return 1
}

func getentHosts(p *userland.Process, keys []string) int {
	if len(keys) == 0 {
		for _, e := range names.ReadHosts(p) {
			p.Printf("%-15s %s\n", e.Addr, strings.Join(e.Names, " "))
		}
		return 0
	}
	status := 0
	for _, k := range keys {
		if a, err := netip.ParseAddr(k); err == nil {
			name := names.ReverseLookup(p, a)
			if name == "" {
				status = 2
				continue
			}
			p.Printf("%-15s %s\n", a, name)
			continue
		}
		// getent asks for IPv6 first, and for IPv4 if there is none.
		addrs, canonical, err := names.Resolve(p, k, names.ResolveOptions{Family: 6})
		if err != nil {
			addrs, canonical, err = names.Resolve(p, k, names.ResolveOptions{Family: 4})
		}
		if err != nil {
			status = 2
			continue
		}
		for _, a := range addrs {
			p.Printf("%-15s %s", a, canonical)
			if !strings.EqualFold(canonical, k) {
				p.Printf(" %s", k)
			}
			p.Printf("\n")
		}
	}
	return status
}

func getentAddresses(p *userland.Process, db string, keys []string) int {
	family := map[string]int{"ahosts": 0, "ahostsv4": 4, "ahostsv6": 6}[db]
	status := 0
	for _, k := range keys {
		addrs, canonical, err := names.Resolve(p, k, names.ResolveOptions{Family: family})
		if err != nil {
			status = 2
			continue
		}
		for i, a := range addrs {
			name := ""
			if i == 0 {
				name = canonical
			}
			p.Printf("%-15s STREAM %s\n%-15s DGRAM  \n%-15s RAW    \n", a, name, a, a)
		}
	}
	return status
}
