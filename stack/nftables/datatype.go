package nftables

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// datatype is a kind of value. A value is its bytes in the network's order, so
// that values compare as bytes do; the name of an interface is its characters.
type datatype uint8

const (
	ifname datatype = iota
	ipv4Addr
	ipv6Addr
	etherAddr
	inetService
	markType
	ifIndex
	integer8
	integer16
	integer32
	inetProto
	etherType
	nfProto
	pktType
	fibType
	ctState
	ctStatus
	ctDir
	tcpFlag
	icmpType
	icmpv6Type
	icmpCode
	icmpv6Code
	kinds
)

// kind is what there is to know of a datatype.
type kind struct {
	name string
	size int // bytes; 0 for a name
	// names are the values that have one; flags says that each is a bit.
	names []named
	flags bool
	hex   bool // numbers print as 0x and all digits
	// perLine is how many elements of a set stand on a line.
	perLine int
	what    string // what a word that is no value is called in the error
}

type named struct {
	name  string
	value uint64
}

var datatypes = [kinds]kind{
	ifname:      {name: "ifname", perLine: 1},
	ipv4Addr:    {name: "ipv4_addr", size: 4, perLine: 2},
	ipv6Addr:    {name: "ipv6_addr", size: 16, perLine: 1},
	etherAddr:   {name: "ether_addr", size: 6, perLine: 2},
	inetService: {name: "inet_service", size: 2, perLine: 5, what: "Could not resolve service"},
	markType:    {name: "mark", size: 4, hex: true, perLine: 5},
	ifIndex:     {name: "iface_index", size: 4, perLine: 1},
	integer8:    {name: "integer", size: 1, perLine: 5},
	integer16:   {name: "integer", size: 2, perLine: 5},
	integer32:   {name: "integer", size: 4, perLine: 5},
	inetProto: {name: "inet_proto", size: 1, perLine: 5, what: "Could not resolve protocol name", names: []named{
		{"icmp", 1}, {"igmp", 2}, {"ipencap", 4}, {"tcp", 6}, {"udp", 17}, {"dccp", 33}, {"ipv6", 41}, {"gre", 47}, {"esp", 50},
		{"ah", 51}, {"ipv6-icmp", 58}, {"ospf", 89}, {"vrrp", 112}, {"sctp", 132}, {"udplite", 136}, {"icmpv6", 58},
	}},
	etherType: {name: "ether_type", size: 2, perLine: 1, names: []named{{"ip", 0x0800}, {"arp", 0x0806}, {"ip6", 0x86dd}, {"8021q", 0x8100}}},
	nfProto:   {name: "nf_proto", size: 1, perLine: 5, names: []named{{"ipv4", 2}, {"ipv6", 10}}},
	pktType:   {name: "pkt_type", size: 1, perLine: 5, names: []named{{"host", 0}, {"unicast", 0}, {"broadcast", 1}, {"multicast", 2}, {"other", 3}}},
	fibType: {name: "fib_addrtype", size: 4, perLine: 5, names: []named{
		{"unspec", 0}, {"unicast", 1}, {"local", 2}, {"broadcast", 3}, {"anycast", 4}, {"multicast", 5}, {"blackhole", 6}, {"unreachable", 7}, {"prohibit", 8},
	}},
	ctState:  {name: "ct_state", size: 4, flags: true, perLine: 5, names: []named{{"invalid", 1}, {"established", 2}, {"related", 4}, {"new", 8}, {"untracked", 64}}},
	ctStatus: {name: "ct_status", size: 4, flags: true, perLine: 5, names: []named{{"expected", 1}, {"seen-reply", 2}, {"assured", 4}, {"confirmed", 8}, {"snat", 16}, {"dnat", 32}}},
	ctDir:    {name: "ct_dir", size: 1, perLine: 5, names: []named{{"original", 0}, {"reply", 1}}},
	tcpFlag:  {name: "tcp_flag", size: 1, flags: true, perLine: 5, names: []named{{"fin", 1}, {"syn", 2}, {"rst", 4}, {"psh", 8}, {"ack", 16}, {"urg", 32}, {"ecn", 64}, {"cwr", 128}}},
	icmpType: {name: "icmp_type", size: 1, perLine: 1, names: []named{
		{"echo-reply", 0}, {"destination-unreachable", 3}, {"source-quench", 4}, {"redirect", 5}, {"echo-request", 8}, {"router-advertisement", 9},
		{"router-solicitation", 10}, {"time-exceeded", 11}, {"parameter-problem", 12}, {"timestamp-request", 13}, {"timestamp-reply", 14},
		{"info-request", 15}, {"info-reply", 16}, {"address-mask-request", 17}, {"address-mask-reply", 18},
	}},
	icmpv6Type: {name: "icmpv6_type", size: 1, perLine: 5, names: []named{
		{"destination-unreachable", 1}, {"packet-too-big", 2}, {"time-exceeded", 3}, {"parameter-problem", 4}, {"echo-request", 128}, {"echo-reply", 129},
		{"mld-listener-query", 130}, {"mld-listener-report", 131}, {"mld-listener-done", 132}, {"nd-router-solicit", 133}, {"nd-router-advert", 134},
		{"nd-neighbor-solicit", 135}, {"nd-neighbor-advert", 136}, {"nd-redirect", 137}, {"router-renumbering", 138}, {"mld2-listener-report", 143},
	}},
	icmpCode: {name: "icmp_code", size: 1, perLine: 5, names: []named{
		{"net-unreachable", 0}, {"host-unreachable", 1}, {"prot-unreachable", 2}, {"port-unreachable", 3}, {"frag-needed", 4},
		{"net-prohibited", 9}, {"host-prohibited", 10}, {"admin-prohibited", 13},
	}},
	icmpv6Code: {name: "icmpv6_code", size: 1, perLine: 5, names: []named{
		{"no-route", 0}, {"admin-prohibited", 1}, {"addr-unreachable", 3}, {"port-unreachable", 4}, {"policy-fail", 5}, {"reject-route", 6},
	}},
}

func (d datatype) of() kind { return datatypes[d] }

// services are names of ports that people type; nft prints numbers.
var services = map[string]uint64{
	"ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "tftp": 69, "http": 80, "www": 80, "pop3": 110, "ntp": 123, "imap2": 143,
	"snmp": 161, "bgp": 179, "https": 443, "syslog": 514, "imaps": 993, "pop3s": 995, "mysql": 3306, "postgresql": 5432, "mdns": 5353, "http-alt": 8080,
}

func (d datatype) number(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return string(b[8-d.of().size:])
}

func valueOf(bytes string) (n uint64) {
	for i := range len(bytes) {
		n = n<<8 | uint64(bytes[i])
	}
	return n
}

// parse reads a value as it is typed.
func (rs *Ruleset) parse(d datatype, text string) (string, error) {
	switch d {
	case ifname:
		if len(text) > 15 {
			return "", fmt.Errorf("String exceeds maximum length of %d", 15)
		}
		return text, nil
	case ifIndex:
		if i := rs.face.Index(text); i > 0 {
			return d.number(uint64(i)), nil
		}
		return "", fmt.Errorf("Interface does not exist")
	case ipv4Addr, ipv6Addr:
		return rs.parseAddr(d, text)
	case etherAddr:
		mac, err := net.ParseMAC(text)
		if err != nil || len(mac) != 6 {
			return "", fmt.Errorf("datatype mismatch, expected link layer address")
		}
		return string(mac), nil
	}
	if n, err := strconv.ParseUint(text, 0, 64); err == nil {
		if d.of().size < 8 && n>>(8*d.of().size) != 0 {
			return "", fmt.Errorf("Value %d exceeds valid range 0-%d", n, uint64(1)<<(8*d.of().size)-1)
		}
		return d.number(n), nil
	}
	for _, x := range d.of().names {
		if x.name == text {
			return d.number(x.value), nil
		}
	}
	if n, ok := services[text]; ok && d == inetService {
		return d.number(n), nil
	}
	if d.of().what != "" {
		return "", fmt.Errorf("%s: Servname not supported for ai_socktype", d.of().what)
	}
	return "", fmt.Errorf("Could not parse %s", d.of().name)
}

func (rs *Ruleset) parseAddr(d datatype, text string) (string, error) {
	a, err := netip.ParseAddr(text)
	if err != nil && rs.face.Options.Lookup != nil {
		for _, x := range rs.face.Options.Lookup(text) {
			if b, bad := netip.ParseAddr(x); bad == nil && b.Is6() == (d == ipv6Addr) {
				a, err = b, nil
				break
			}
		}
	}
	if err != nil {
		return "", fmt.Errorf("Could not resolve hostname: Name or service not known")
	}
	if a.Is6() != (d == ipv6Addr) {
		return "", fmt.Errorf("Could not resolve hostname: Address family for hostname not supported")
	}
	return string(a.AsSlice()), nil
}

// format prints a value.
func (rs *Ruleset) format(d datatype, v string) string {
	switch d {
	case ifname:
		return `"` + v + `"`
	case ifIndex:
		n := int(valueOf(v))
		return `"` + rs.walker.deviceName(n) + `"`
	case ipv4Addr, ipv6Addr:
		a, _ := netip.AddrFromSlice([]byte(v))
		return a.String()
	case etherAddr:
		return net.HardwareAddr(v).String()
	}
	n := valueOf(v)
	if d.of().flags {
		return d.bits(n)
	}
	for _, x := range d.of().names {
		if x.value == n {
			return x.name
		}
	}
	if d.of().hex {
		return fmt.Sprintf("0x%0*x", 2*d.of().size, n)
	}
	return strconv.FormatUint(n, 10)
}

// bits prints the names of the bits that are set.
func (d datatype) bits(n uint64) string {
	var out []string
	for _, x := range d.of().names {
		if n&x.value != 0 {
			out = append(out, x.name)
			n &^= x.value
		}
	}
	if n != 0 || len(out) == 0 {
		out = append(out, fmt.Sprintf("0x%x", n))
	}
	return strings.Join(out, ",")
}

// less is the order in which nft lists elements: that of numbers, and for the
// names of interfaces, which are numbers of the host's byte order to it, that of
// their last characters.
func (d datatype) less(a, b string) int {
	if d != ifname {
		return strings.Compare(a, b)
	}
	for i := max(len(a), len(b)) - 1; i >= 0; i-- {
		var x, y byte
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return int(x) - int(y)
		}
	}
	return 0
}
