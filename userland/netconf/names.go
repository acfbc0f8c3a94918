package netconf

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// hostAddress finds a name in /etc/hosts; the tools here ask no DNS server.
func hostAddress(p *userland.Process, name string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(name); err == nil {
		return a, true
	}
	var found netip.Addr
	eachHost(p, func(a netip.Addr, names []string) bool {
		for _, n := range names {
			if n == name {
				found = a
			}
		}
		return !found.IsValid()
	})
	return found, found.IsValid()
}

// hostName is the first name that /etc/hosts gives an address.
func hostName(p *userland.Process, a netip.Addr) (string, bool) {
	name := ""
	eachHost(p, func(b netip.Addr, names []string) bool {
		if a == b {
			name = names[0]
		}
		return name == ""
	})
	return name, name != ""
}

// eachHost goes through the lines of /etc/hosts until fn returns false.
func eachHost(p *userland.Process, fn func(a netip.Addr, names []string) bool) {
	data, err := p.ReadFile("/etc/hosts")
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		a, err := netip.ParseAddr(fields[0])
		if err == nil && !fn(a, fields[1:]) {
			return
		}
	}
}

// wellKnown are the services that are named where /etc/services is missing.
var wellKnown = map[int]string{
	21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 67: "bootps", 68: "bootpc", 80: "http",
	110: "pop3", 123: "ntp", 143: "imap2", 161: "snmp", 179: "bgp", 389: "ldap", 443: "https", 514: "shell",
	993: "imaps", 995: "pop3s", 2049: "nfs", 3306: "mysql", 4789: "vxlan", 5353: "mdns", 5432: "postgresql", 8080: "http-alt",
}

// serviceName is the name of a port, or its number.
func serviceName(p *userland.Process, port uint16, proto string) string {
	number := strconv.Itoa(int(port))
	data, err := p.ReadFile("/etc/services")
	if err != nil {
		if name, ok := wellKnown[int(port)]; ok && (proto != "udp" || port != 514) {
			return name
		}
		return number
	}
	for _, line := range strings.Split(string(data), "\n") {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[1] == number+"/"+proto {
			return fields[0]
		}
	}
	return number
}
