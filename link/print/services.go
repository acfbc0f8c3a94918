package print

import (
	"strconv"
	"strings"
)

// services are the ports that tcpdump names without -n, as /etc/services does.
var services = map[string]string{
	"tcp/21": "ftp", "tcp/22": "ssh", "tcp/23": "telnet", "tcp/25": "smtp", "tcp/53": "domain",
	"udp/53": "domain", "udp/67": "bootps", "udp/68": "bootpc", "udp/69": "tftp", "tcp/80": "http",
	"tcp/110": "pop3", "udp/123": "ntp", "tcp/143": "imap2", "udp/161": "snmp", "tcp/179": "bgp",
	"tcp/443": "https", "udp/443": "https", "udp/500": "isakmp", "udp/514": "syslog", "tcp/2049": "nfs",
	"tcp/3306": "mysql", "tcp/5432": "postgresql", "udp/4500": "ipsec-nat-t", "udp/5353": "mdns",
	"tcp/6379": "redis", "tcp/8080": "http-alt",
}

// ServicePort is the port of a service by its name, for TCP or UDP.
func ServicePort(name string) (port uint16, ok bool) {
	for _, proto := range []string{"tcp/", "udp/"} {
		for service, known := range services {
			if n, of := strings.CutPrefix(service, proto); of && known == name {
				v, _ := strconv.ParseUint(n, 10, 16)
				return uint16(v), true
			}
		}
	}
	return 0, false
}
