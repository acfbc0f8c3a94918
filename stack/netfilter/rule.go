package netfilter

import (
	"net/netip"
	"strconv"
	"strings"
)

// Rule is one rule as it stands in a chain. It is immutable but for its
// counters. Use [ParseRule].
type Rule struct {
	src, dst addrTest
	in, out  ifaceTest
	proto    protoTest
	fragment int // -1 "! -f", 0 none, 1 "-f"
	matches  []match
	jump     string // target or chain, "" for a rule that only counts
	isGoto   bool
	target   target // nil for ACCEPT, DROP, RETURN, a chain or nothing
	counter  *counter
	saved    string // what String returns, once it was needed
}

// match is one "-m" extension of a rule. Implementations are pure data; those
// with state of their own (limit) carry it behind a pointer.
type match interface {
	name() string
	// save appends the options, each with a leading space.
	save(w *strings.Builder)
	// list appends what "iptables -L" prints in the last column, with a leading
	// space.
	list(w *strings.Builder, numeric bool)
	test(p *packet) bool
}

// target is a "-j" extension.
type target interface {
	save(w *strings.Builder)
	list(w *strings.Builder, numeric bool)
}

type addrTest struct {
	set, not   bool
	addr, mask netip.Addr
	a, m       words
}

type ifaceTest struct {
	name string
	not  bool
}

type protoTest struct {
	set, not bool
	num      uint8
}

func (a addrTest) String() string {
	ones, ok := maskLen(a.mask)
	if ok {
		return a.addr.String() + "/" + strconv.Itoa(ones)
	}
	return a.addr.String() + "/" + a.mask.String()
}

func maskLen(mask netip.Addr) (int, bool) {
	ones, done := 0, false
	for _, b := range mask.AsSlice() {
		for bit := 7; bit >= 0; bit-- {
			one := b>>bit&1 == 1
			if one && done {
				return 0, false
			}
			if !one {
				done = true
				continue
			}
			ones++
		}
	}
	return ones, true
}

func lenMask(bits int, v6 bool) netip.Addr {
	if v6 {
		var b [16]byte
		fillMask(b[:], bits)
		return netip.AddrFrom16(b)
	}
	var b [4]byte
	fillMask(b[:], bits)
	return netip.AddrFrom4(b)
}

func fillMask(b []byte, bits int) {
	for i := range bits {
		b[i/8] |= 0x80 >> (i % 8)
	}
}

func applyMask(a, mask netip.Addr) netip.Addr {
	x, m := a.AsSlice(), mask.AsSlice()
	for i := range x {
		x[i] &= m[i]
	}
	r, _ := netip.AddrFromSlice(x)
	return r
}

// String is the rule as iptables-save prints it, without the chain and the
// counters.
func (r *Rule) String() string {
	if r.saved == "" {
		var w strings.Builder
		r.save(&w)
		r.saved = strings.TrimPrefix(w.String(), " ")
	}
	return r.saved
}

func (r *Rule) save(w *strings.Builder) {
	r.saveTests(w)
	r.saveJump(w)
}

func (r *Rule) saveTests(w *strings.Builder) {
	saveAddr(w, "-s", r.src)
	saveAddr(w, "-d", r.dst)
	saveIface(w, "-i", r.in)
	saveIface(w, "-o", r.out)
	if r.proto.set {
		not(w, r.proto.not)
		w.WriteString(" -p " + protoName(r.proto.num))
	}
	if r.fragment != 0 {
		not(w, r.fragment < 0)
		w.WriteString(" -f")
	}
	for _, m := range r.matches {
		w.WriteString(" -m " + m.name())
		m.save(w)
	}
}

func (r *Rule) saveJump(w *strings.Builder) {
	if r.jump != "" {
		if r.isGoto {
			w.WriteString(" -g " + r.jump)
		} else {
			w.WriteString(" -j " + r.jump)
		}
	}
	if r.target != nil {
		r.target.save(w)
	}
}

func not(w *strings.Builder, yes bool) {
	if yes {
		w.WriteString(" !")
	}
}

func saveAddr(w *strings.Builder, opt string, a addrTest) {
	if !a.set {
		return
	}
	not(w, a.not)
	w.WriteString(" " + opt + " " + a.String())
}

func saveIface(w *strings.Builder, opt string, i ifaceTest) {
	if i.name == "" {
		return
	}
	not(w, i.not)
	w.WriteString(" " + opt + " " + i.name)
}

// saveString quotes as xtables_save_string does.
func saveString(w *strings.Builder, s string) {
	w.WriteByte(' ')
	plain := s != ""
	for _, c := range []byte(s) {
		if !(c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			plain = false
			break
		}
	}
	if plain {
		w.WriteString(s)
		return
	}
	w.WriteByte('"')
	for _, c := range []byte(s) {
		if c == '"' || c == '\\' || c == '\'' {
			w.WriteByte('\\')
		}
		w.WriteByte(c)
	}
	w.WriteByte('"')
}

var protoNames = map[uint8]string{
	1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 46: "rsvp", 47: "gre",
	50: "esp", 51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 94: "ipip", 103: "pim", 112: "vrrp",
	115: "l2tp", 132: "sctp", 135: "mobility-header", 136: "udplite",
}

var protoNumbers = map[string]uint8{
	"all": 0, "icmpv6": 58, "mh": 135,
}

func protoName(n uint8) string {
	if n == 0 {
		return "all"
	}
	if s, ok := protoNames[n]; ok {
		return s
	}
	return strconv.Itoa(int(n))
}

func protoNumber(s string) (uint8, bool) {
	s = strings.ToLower(s)
	if n, err := strconv.ParseUint(s, 0, 8); err == nil {
		return uint8(n), true
	}
	if n, ok := protoNumbers[s]; ok {
		return n, true
	}
	for n, name := range protoNames {
		if name == s {
			return n, true
		}
	}
	return 0, false
}

// serviceNames are the names of /etc/services that people meet in listings.
var serviceNames = map[uint16]string{
	20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 67: "bootps", 68: "bootpc",
	69: "tftp", 80: "http", 110: "pop3", 111: "sunrpc", 123: "ntp", 143: "imap2", 161: "snmp", 179: "bgp",
	389: "ldap", 443: "https", 445: "microsoft-ds", 500: "isakmp", 514: "syslog", 587: "submission", 636: "ldaps",
	873: "rsync", 993: "imaps", 995: "pop3s", 1194: "openvpn", 2049: "nfs", 2379: "etcd-client", 2380: "etcd-server",
	3306: "mysql", 3389: "ms-wbt-server", 4500: "ipsec-nat-t", 5353: "mdns", 5432: "postgresql", 6379: "redis",
	8080: "http-alt",
}

// udpNames are services whose name differs, or exists only, over UDP.
var udpNames = map[uint16]string{514: "syslog"}

func serviceNumber(s string) (uint16, bool) {
	if n, err := strconv.ParseUint(s, 0, 32); err == nil {
		return uint16(n), n <= 65535
	}
	for n, name := range serviceNames {
		if name == s {
			return n, true
		}
	}
	switch s {
	case "imap":
		return 143, true
	case "www":
		return 80, true
	}
	return 0, false
}

func portName(port uint16, udp, numeric bool) string {
	if !numeric {
		if udp && udpNames[port] != "" {
			return udpNames[port]
		}
		if s := serviceNames[port]; s != "" {
			if s == "syslog" && !udp {
				s = "shell"
			}
			return s
		}
	}
	return strconv.Itoa(int(port))
}
