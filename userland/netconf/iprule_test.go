package netconf

import (
	"net/netip"
	"strings"
	"testing"

	"dnetsim/stack"
)

// multihomed is the bench's host with a second interface in 10.1.0.0/24.
func multihomed(t *testing.T) *bench {
	t.Helper()
	b := newHost(t)
	b.expect(b.host, "ip link add eth1 type dummy", 0, "")
	b.expect(b.host, "ip addr add 10.1.0.11/24 brd + dev eth1", 0, "")
	b.expect(b.host, "ip link set eth1 up", 0, "")
	check(t, b.host.FS().MkdirAll("/etc/iproute2", 0o755))
	check(t, b.host.FS().WriteFile(TablesPath, []byte(TablesFile+"100 back\n"), 0o644))
	return b
}

func TestRulesAsIproute2PrintsThem(t *testing.T) {
	b := multihomed(t)
	start := "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
	b.expect(b.host, "ip rule", 0, start)
	b.expect(b.host, "ip -6 rule", 0, "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n")
	for _, line := range []string{
		"ip rule add from 10.0.0.11 lookup back",
		"ip rule add from 10.0.0.11 table 101 pref 32765",
		"ip rule add from 10.0.0.0/24 to 10.1.0.0/16 iif eth0 oif lo fwmark 0x10/0xff tos 0x10 lookup main prio 1000",
		"ip rule add not from 10.0.0.15/24 fwmark 16 prio 1001",
		"ip rule add iif nosuch lookup 7 prio 1002",
		"ip rule add from 10.9.0.2 prohibit prio 1003",
		"ip rule add from 10.9.0.4 type blackhole prio 1004",
		"ip rule add lookup main suppress_prefixlength 0 prio 1005",
		"ip rule add to default fwmark 1/0 table 5 protocol static prio 1006",
		"ip rule add table 6",
	} {
		b.expect(b.host, line, 0, "")
	}
	b.expect(b.host, "ip rule show", 0, `
0:	from all lookup local|
999:	from all lookup 6|
1000:	from 10.0.0.0/24 to 10.1.0.0/16 tos 0x10 fwmark 0x10/0xff iif eth0 oif lo lookup main|
1001:	not from 10.0.0.15/24 fwmark 0x10 lookup main|
1002:	from all iif nosuch [detached] lookup 7|
1003:	from 10.9.0.2 prohibit|
1004:	from 10.9.0.4 blackhole|
1005:	from all lookup main suppress_prefixlength 0|
1006:	from all fwmark 0x1/0 lookup 5 proto static|
32765:	from 10.0.0.11 lookup back|
32765:	from 10.0.0.11 lookup 101|
32766:	from all lookup main|
32767:	from all lookup default|
`)
	b.expect(b.host, "ip rule list table back", 0, "32765:\tfrom 10.0.0.11 lookup back\n")
	b.expect(b.host, "ip rule list from 10.9.0.0/24", 0, "1003:\tfrom 10.9.0.2 prohibit\n1004:\tfrom 10.9.0.4 blackhole\n")
	b.expect(b.host, "ip -d rule list prio 1002", 0, "1002:\tfrom all iif nosuch [detached] lookup 7 proto unspec\n")
	b.expect(b.host, "ip -N rule list prio 32765 lookup back", 0, "32765:\tfrom 10.0.0.11 lookup 100\n")
	b.expect(b.host, "ip -j rule list not", 0, `[{"priority":1001,"not":null,"src":"10.0.0.15","srclen":24,"fwmark":"0x10","table":"main"}]`+"\n")
	b.expect(b.host, "ip rule del prio 1000", 0, "")
	b.expect(b.host, "ip rule del from 10.0.0.11", 0, "") // the first of the two
	b.expect(b.host, "ip rule list prio 32765", 0, "32765:\tfrom 10.0.0.11 lookup 101\n")
	b.expect(b.host, "ip rule flush", 0, "")
	b.expect(b.host, "ip rule", 0, "0:\tfrom all lookup local\n")
	b.expect(b.host, "ip -6 rule add from 2001:db8::1 prohibit", 0, "")
	b.expect(b.host, "ip -6 rule", 0, "0:\tfrom all lookup local\n32765:\tfrom 2001:db8::1 prohibit\n32766:\tfrom all lookup main\n")
}

func TestRuleErrorsInIproute2sWords(t *testing.T) {
	b := multihomed(t)
	b.expect(b.host, "ip rule add from 10.0.0.11 lookup 100 prio 10", 0, "")
	for _, x := range []struct {
		line   string
		status int
		want   string
	}{
		{"add from 10.0.0.11 lookup 100 prio 10", 2, "RTNETLINK answers: File exists\n"},
		{"del from 10.0.0.77", 2, "RTNETLINK answers: No such file or directory\n"},
		{"add", 1, "\"ip rule add\" requires arguments.\n"},
		{"del", 1, "\"ip rule del\" requires arguments.\n"},
		{"bogus", 255, "Command \"bogus\" is unknown, try \"ip rule help\".\n"},
		{"list bogus", 1, "Error: inet prefix is expected rather than \"bogus\".\n"},
		{"add bogus", 255, "Error: argument \"bogus\" is wrong: Failed to parse rule type\n"},
		{"add from", 255, "Command line is not complete. Try option \"help\"\n"},
		{"add from 10.0.0.1/33 lookup 5", 1, "Error: any valid prefix is expected rather than \"10.0.0.1/33\".\n"},
		{"add from 10.0.0.1 lookup foo", 255, "Error: argument \"foo\" is wrong: invalid table ID\n\n"},
		{"add from 10.0.0.1 prio x", 255, "Error: argument \"x\" is wrong: preference value is invalid\n\n"},
		{"add from 10.0.0.1 fwmark 1/x", 255, "Error: argument \"x\" is wrong: fwmask value is invalid\n\n"},
		{"add from 10.0.0.1 tos 0xff lookup 5", 2, "Error: Invalid dsfield (tos): ECN bits must be 0.\n"},
		{"add from fe80::1 lookup 5", 2, "Error: Invalid source address.\n"},
		{"add from 10.0.0.1 iif averyveryverylongname", 255, "Error: argument \"averyveryverylongname\" is wrong: \"iif\"/\"dev\" not a valid ifname\n"},
		{"add from 10.0.0.1 uidrange 1-2 lookup 5", 2, "RTNETLINK answers: Operation not supported\n"},
		{"show table x", 255, "Error: argument \"x\" is wrong: table id value is invalid\n\n"},
	} {
		b.expect(b.host, "ip rule "+x.line, x.status, x.want)
	}
}

func TestRoutesOfATableByNumberAndName(t *testing.T) {
	b := multihomed(t)
	missing := "Error: ipv4: FIB table does not exist.\nDump terminated\n"
	b.expect(b.host, "ip route show table back", 2, missing)
	b.expect(b.host, "ip route add default via 10.1.0.2 dev eth1 table back", 0, "")
	b.expect(b.host, "ip route add default via 10.1.0.2 table 100", 2, "RTNETLINK answers: File exists\n")
	b.expect(b.host, "ip route add 10.7.0.0/16 via 10.9.0.2 table 100", 2, "Error: Nexthop has invalid gateway.\n")
	b.expect(b.host, "ip route add throw 10.8.0.0/16 table 300", 0, "")
	b.expect(b.host, "ip route show table 100", 0, "default via 10.1.0.2 dev eth1 \n")
	b.expect(b.host, "ip -4 route show table all", 0, `
throw 10.8.0.0/16 table 300 |
default via 10.1.0.2 dev eth1 table back |
default via 10.0.0.2 dev eth0 |
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 |
10.1.0.0/24 dev eth1 proto kernel scope link src 10.1.0.11 |
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown |
local 10.0.0.11 dev eth0 table local proto kernel scope host src 10.0.0.11 |
broadcast 10.0.0.255 dev eth0 table local proto kernel scope link src 10.0.0.11 |
local 10.1.0.11 dev eth1 table local proto kernel scope host src 10.1.0.11 |
broadcast 10.1.0.255 dev eth1 table local proto kernel scope link src 10.1.0.11 |
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 |
local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1 |
broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1 |
local 172.17.0.1 dev docker0 table local proto kernel scope host src 172.17.0.1 |
broadcast 172.17.255.255 dev docker0 table local proto kernel scope link src 172.17.0.1 linkdown |
`)
	b.expect(b.host, "ip route replace default via 10.1.0.3 table back", 0, "")
	b.expect(b.host, "ip route del 10.77.0.0/16 table back", 2, "RTNETLINK answers: No such process\n")
	b.expect(b.host, "ip route del default table 101", 2, "Error: FIB table does not exist.\n")
	b.expect(b.host, "ip route show table back dev eth1", 0, "default via 10.1.0.3 \n")
	b.expect(b.host, "ip route flush table back", 0, "")
	b.expect(b.host, "ip route show table back", 0, "") // empty, but there
	b.expect(b.host, "ip route flush table 101", 2, strings.Replace(missing, "Dump", "Flush", 1))
	b.expect(b.host, "ip route show table nosuch", 255, "Error: argument \"nosuch\" is wrong: table id value is invalid\n\n")
	b.expect(b.host, "ip route add 1.2.3.4 via 10.1.0.2 table all", 255, "Error: argument \"all\" is wrong: \"table\" value is invalid\n\n")
	b.expect(b.host, "ip -6 route show table 100", 2, "Error: ipv6: FIB table does not exist.\nDump terminated\n")
}

func TestRouteGetAnswersThroughTheRules(t *testing.T) {
	b := multihomed(t)
	for _, line := range []string{"ip route add default via 10.1.0.2 dev eth1 table back", "ip rule add from 10.0.0.11 lookup back",
		"ip rule add fwmark 7 lookup back", "ip rule add to 10.69.0.0/24 prohibit", "ip rule add iif docker0 lookup back", "sysctl -qw net.ipv4.ip_forward=1"} {
		b.expect(b.host, line, 0, "")
	}
	for _, x := range []struct{ query, want string }{
		{"8.8.8.8", "8.8.8.8 via 10.0.0.2 dev eth0 src 10.0.0.11 uid 0 \n    cache \n"},
		{"8.8.8.8 from 10.0.0.11", "8.8.8.8 from 10.0.0.11 via 10.1.0.2 dev eth1 table back uid 0 \n    cache \n"},
		{"8.8.8.8 from 10.1.0.11", "8.8.8.8 from 10.1.0.11 via 10.0.0.2 dev eth0 uid 0 \n    cache \n"},
		{"8.8.8.8 mark 0x7", "8.8.8.8 via 10.1.0.2 dev eth1 table back src 10.1.0.11 mark 7 uid 0 \n    cache \n"},
		{"8.8.8.8 from 172.17.0.2 iif docker0", "8.8.8.8 from 172.17.0.2 via 10.1.0.2 dev eth1 table back \n    cache iif docker0 \n"},
		{"10.0.0.11", "local 10.0.0.11 dev lo table local src 10.0.0.11 uid 0 \n    cache <local> \n"},
		{"10.0.0.11 from 10.0.0.12 iif eth0", "local 10.0.0.11 from 10.0.0.12 dev lo table local \n    cache <local> iif eth0 \n"},
		{"10.0.0.255", "broadcast 10.0.0.255 dev eth0 table local src 10.0.0.11 uid 0 \n    cache <local,brd> \n"},
	} {
		b.expect(b.host, "ip route get "+x.query, 0, x.want)
	}
	b.expect(b.host, "ip route get 10.69.0.1", 2, "RTNETLINK answers: Permission denied\n")
	b.expect(b.host, "ip route get 8.8.8.8 from 10.5.5.5", 2, "RTNETLINK answers: Network is unreachable\n")
	b.expect(b.host, "ip route get 8.8.8.8 iif eth0", 2, "RTNETLINK answers: Invalid argument\n")
	b.expect(b.host, "ip route get 8.8.8.8 mark x", 255, "Error: argument \"x\" is wrong: invalid mark value\n")
	b.expect(b.host, "sysctl -qw net.ipv4.conf.all.rp_filter=1", 0, "")
	b.expect(b.host, "ip route get 10.0.0.11 from 10.0.0.12 iif eth0", 2, "RTNETLINK answers: Invalid cross-device link\n")
}

func TestRulesAsBusyboxPrintsThem(t *testing.T) {
	b := multihomed(t)
	check(t, b.host.NS().AddRule(stack.Rule{Priority: 5, From: netip.MustParsePrefix("10.9.0.1/32"), Action: stack.RuleBlackhole}))
	check(t, b.host.NS().AddRule(stack.Rule{Priority: 6, Not: true, In: "nosuch", Out: "eth0", Table: 5}))
	b.host.Programs = Busybox()
	b.expect(b.host, "ip rule add from 10.0.0.11 table back", 0, "")
	b.expect(b.host, "ip rule add from 10.0.0.11 lookup 100 prio 4", 2, "ip: RTNETLINK answers: File exists\n")
	b.expect(b.host, "ip rule add from 10.0.0.0/24 to 10.1.0.0/16 iif eth0 fwmark 1/3 tos 0x10 prio 1000", 0, "")
	b.expect(b.host, "ip rule add from 10.0.0.8 type prohibit prio 1004", 0, "")
	b.expect(b.host, "ip rule add prio 1005 suppress_prefixlength 0 table main", 0, "")
	b.expect(b.host, "ip rule", 0, `
0:	from all lookup local |
4:	from 10.0.0.11 lookup back |
5:	from 10.9.0.1 lookup unspec blackhole|
6:	from all iif nosuch lookup 5 |
1000:	from 10.0.0.0/24 to 10.1.0.0/16 tos 16 fwmark 0x1/0x3 iif eth0 lookup main |
1004:	from 10.0.0.8 lookup main prohibit|
1005:	from all lookup main suppress_prefixlength 0 |
32766:	from all lookup main |
32767:	from all lookup default |
`)
	b.expect(b.host, "ip rule list from 10.0.0.5", 255, "ip: ignoring all arguments\n")
	b.expect(b.host, "ip rule add oif eth0 table 5", 1, "ip: invalid argument 'oif' to 'ip'\n")
	b.expect(b.host, "ip rule add table foo", 1, "ip: invalid argument 'foo' to 'table ID'\n")
	b.expect(b.host, "ip rule add from", 1, "ip: command line is not complete, try \"help\"\n")
	b.expect(b.host, "ip rule del prio 1000", 0, "")
	b.expect(b.host, "ip rule del prio 1000", 2, "ip: RTNETLINK answers: No such file or directory\n")
	b.expect(b.host, "ip route show table foo", 1, "ip: invalid argument 'foo' to 'table'\n")
	b.expect(b.host, "ip route show table 101", 0, "")
	b.expect(b.host, "ip route get 8.8.8.8 from 10.0.0.11", 0, "8.8.8.8 from 10.0.0.11 via 10.0.0.2 dev eth0 \n")
	b.expect(b.host, "ip route add default via 10.1.0.2 table back", 0, "")
	b.expect(b.host, "ip route get 8.8.8.8 from 10.0.0.11", 0, "8.8.8.8 from 10.0.0.11 via 10.1.0.2 dev eth1 \n")
}
