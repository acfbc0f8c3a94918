package nftables

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/stack/netfilter"
)

// world is a ruleset with hooks and nothing else.
type world struct {
	t     *testing.T
	rs    *Ruleset
	rules [2]*netfilter.Rules
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	opts := netfilter.Options{
		Now:  func() time.Time { return time.Unix(0, 0) },
		Rand: func() uint32 { return 0 },
		AddrType: func(a netip.Addr) netfilter.AddrType {
			if a.IsLoopback() || a == netip.MustParseAddr("10.0.0.11") {
				return netfilter.Local
			}
			return netfilter.Unicast
		},
	}
	w.rules[0] = netfilter.New(opts)
	six := opts
	six.V6 = true
	w.rules[1] = netfilter.New(six)
	w.rs = New(Face{Options: opts, Rules: func(v6 bool) *netfilter.Rules {
		if v6 {
			return w.rules[1]
		}
		return w.rules[0]
	}, Index: func(name string) int { return map[string]int{"lo": 1, "eth0": 2}[name] }, Name: func(n int) string { return []string{"", "lo", "eth0", "", ""}[min(n, 4)] }})
	return w
}

func (w *world) run(script string) string {
	w.t.Helper()
	out, bad := w.rs.Run(script, Options{})
	if bad != nil {
		w.t.Fatalf("%s\n%s", script, bad.Text)
	}
	return out
}

// What is listed may be read again, and is then listed as before; on the left is
// what is typed where it is printed otherwise.
func TestRulesArePrintedAsNftDoes(t *testing.T) {
	for _, c := range [][2]string{
		{"", "iifname \"docker0\" counter packets 3 bytes 180 accept comment \"ICC\""},
		{"iifname != {docker0, } counter drop", "iifname != \"docker0\" counter packets 0 bytes 0 drop"},
		{"iifname != {docker0, eth1} drop", "iifname != { \"eth1\", \"docker0\" } drop"},
		{"ip daddr != 127.0.0.1/8 fib daddr type local counter jump other", "ip daddr != 127.0.0.0/8 fib daddr type local counter packets 0 bytes 0 jump other"},
		{"ct state related,established accept", "ct state established,related accept"},
		{"ct state {related, established} accept", "ct state { established, related } accept"},
		{"", "ct state vmap { invalid : drop, established : accept, related : accept }"},
		{"ip protocol tcp tcp dport ssh accept", "tcp dport 22 accept"},
		{"meta l4proto udp udp dport {53,123} accept", "udp dport { 53, 123 } accept"},
		{"", "ip saddr 10.0.0.1-10.0.0.9 tcp dport 1024-65535 reject with tcp reset"},
		{"reject with icmp type host-unreachable", "reject with icmp host-unreachable"},
		{"reject with icmp port-unreachable", "reject"},
		{"tcp flags & (fin|syn|rst|ack) == syn accept", "tcp flags syn / fin,syn,rst,ack accept"},
		{"meta mark 1 accept", "meta mark 0x00000001 accept"},
		{"mark set 7", "meta mark set 0x00000007"},
		{"limit rate 10/second accept", "limit rate 10/second burst 5 packets accept"},
		{"", "log prefix \"out: \" level info"},
		{"", "icmp type echo-request drop"},
		{"ip protocol icmp icmp type { echo-reply, echo-request } drop", "icmp type { echo-reply, echo-request } drop"},
		{"iif lo accept", "iif \"lo\" accept"},
		{"oifname \"veth*\" drop", "oifname \"veth*\" drop"},
		{"ip saddr . tcp dport { 10.0.0.1 . 80 } accept", "ip saddr . tcp dport 10.0.0.1 . 80 accept"},
		{"ip ttl < 5 drop", "ip ttl < 5 drop"},
		{"ip protocol icmp counter accept comment ICMP", "ip protocol icmp counter packets 0 bytes 0 accept comment \"ICMP\""},
	} {
		typed, want := c[0], c[1]
		if typed == "" {
			typed = want
		}
		w := newWorld(t)
		w.run("add table ip t\nadd chain ip t other\nadd chain ip t c { type filter hook input priority 0; }\nadd rule ip t c " + typed)
		full := w.run("list ruleset")
		got := strings.TrimSpace(strings.Split(full, "policy accept;\n")[1])
		got, _, _ = strings.Cut(got, "\n")
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", typed, got, want)
		}
		w.run("flush ruleset")
		w.run(full)
		if again := w.run("list ruleset"); again != full {
			t.Errorf("read again:\n%s\nwant\n%s", again, full)
		}
	}
}

func TestAListingIsOfTheWholeRuleset(t *testing.T) {
	w := newWorld(t)
	w.run(`
define lan = { 10.0.0.0/24, 192.168.0.0/16 }
table inet fw {
	set bad { type ipv4_addr; flags interval; elements = { 10.9.0.0/16, 10.8.0.1, 10.8.0.7-10.8.0.9, 10.1.1.1 } }
	map ports { type inet_service : verdict; elements = { 80 : accept, 22 : jump ssh } }
	chain ssh { ip saddr $lan accept; drop; }
	chain in {
		type filter hook input priority filter - 5; policy drop;
		ip saddr @bad drop
		tcp dport vmap @ports   # by port
	}
}
add element inet fw bad { 10.2.0.1 }`)
	want := `table inet fw { # handle 1
	set bad { # handle 1
		type ipv4_addr
		flags interval
		elements = { 10.1.1.1, 10.2.0.1,
			     10.8.0.1, 10.8.0.7-10.8.0.9,
			     10.9.0.0/16 }
	}

	map ports { # handle 2
		type inet_service : verdict
		elements = { 22 : jump ssh, 80 : accept }
	}

	chain ssh { # handle 3
		ip saddr { 10.0.0.0/24, 192.168.0.0/16 } accept # handle 5
		drop # handle 6
	}

	chain in { # handle 4
		type filter hook input priority filter - 5; policy drop;
		ip saddr @bad drop # handle 7
		tcp dport vmap @ports # handle 8
	}
}
`
	if got, _ := w.rs.Run("list ruleset", Options{Handles: true}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	w.run("delete rule inet fw in handle 8; delete map inet fw ports; delete chain inet fw ssh")
	if got, want := w.run("list chains"), "table inet fw {\n\tchain in {\n\t\ttype filter hook input priority filter - 5; policy drop;\n\t}\n}\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A script is done as a whole or not at all, and says where it went wrong.
func TestWhatCannotBeDoneChangesNothing(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"delete table ip docker-bridges", "s:1:17-30: Error: Could not process rule: No such file or directory\ndelete table ip docker-bridges\n                ^^^^^^^^^^^^^^\n"},
		{"add table ip x; add rule ip t c jump nowhere", "s:1:17-44: Error: Could not process rule: No such file or directory\nadd table ip x; add rule ip t c jump nowhere\n                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"},
		{"add table ip x\nadd rule ip t nochain accept", "s:2:15-21: Error: Could not process rule: No such file or directory\nadd rule ip t nochain accept\n              ^^^^^^^\n"},
		{"delete chain ip t other", "s:1:19-23: Error: Could not process rule: Device or resource busy\ndelete chain ip t other\n                  ^^^^^\n"},
		{"add rule ip t other jump other", "s:1:1-30: Error: Could not process rule: Too many links\nadd rule ip t other jump other\n^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"},
		{"add rule ip t c masquerade", "s:1:1-26: Error: Could not process rule: Operation not supported\nadd rule ip t c masquerade\n^^^^^^^^^^^^^^^^^^^^^^^^^^\n"},
		{"add rule ip t c tcp dport accept", "s:1:27-32: Error: Could not resolve service: Servname not supported for ai_socktype\nadd rule ip t c tcp dport accept\n                          ^^^^^^\n"},
		{"add rule ip t c frobnicate", "s:1:17-26: Error: syntax error, unexpected string\nadd rule ip t c frobnicate\n                ^^^^^^^^^^\n"},
		{"rename chain ip t other more; delete chain ip t nothing", "s:1:49-55: Error: Could not process rule: No such file or directory\nrename chain ip t other more; delete chain ip t nothing\n                                                ^^^^^^^\n"},
		{"create table ip t", "s:1:17-17: Error: Could not process rule: File exists\ncreate table ip t\n                ^\n"},
		{"add table bridge x", "s:1:11-16: Error: the family bridge is not simulated here: use ip, ip6 or inet\nadd table bridge x\n          ^^^^^^\n"},
	} {
		w := newWorld(t)
		w.run("table ip t { chain other { }; chain c { type filter hook input priority 0; jump other; } }")
		before := w.run("list ruleset")
		_, bad := w.rs.Run(c.script, Options{File: "s"})
		if bad == nil || bad.Text != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.script, bad, c.want)
		}
		if after := w.run("list ruleset"); after != before {
			t.Errorf("%s: now\n%s", c.script, after)
		}
	}
}

// Counters and quotas have names, are used by rules, listed first in their table, and reset
// by themselves.
func TestNamedCountersAndQuotas(t *testing.T) {
	w := newWorld(t)
	w.run(`
table inet t {
	counter web { comment "port 80"; packets 2 bytes 120; }
	quota day {
		over 2 kbytes used 60 bytes
	}
	chain c {
		type filter hook forward priority 0
		tcp dport 80 counter name web
		quota over 100 bytes counter
		quota name "day" drop
	}
}
add table ip u
add counter ip u x
add quota ip u q { 1 mbytes }
add quota ip u until 1500 bytes`)
	dropped := 0
	for range 60 {
		if w.pass(netfilter.Forward, tcp4("eth0", "br0", "10.0.0.12", "172.17.0.2", 4000, 80, syn)).Action == netfilter.Drop {
			dropped++
		}
	}
	if dropped != 11 { // 60 bytes and 50 packets of 40 are 2060, and the 50th is beyond 2048
		t.Errorf("%d packets are dropped", dropped)
	}
	if got, want := w.run("list table inet t"), `table inet t {
	counter web {
		comment "port 80"
		packets 62 bytes 2520
	}

	quota day {
		over 2 kbytes used 2460 bytes
	}

	chain c {
		type filter hook forward priority filter; policy accept;
		tcp dport 80 counter name "web"
		quota over 100 bytes used 2400 bytes counter packets 58 bytes 2320
		quota name "day" drop
	}
}
`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	full := w.run("list ruleset")
	w.run("flush ruleset; " + full)
	if again := w.run("list ruleset"); again != full {
		t.Errorf("read again:\n%s\nwant\n%s", again, full)
	}
	for _, c := range [][2]string{
		{"list counters", "table inet t {\n\tcounter web {\n\t\tcomment \"port 80\"\n\t\tpackets 62 bytes 2520\n\t}\n}\ntable ip u {\n\tcounter x {\n\t\tpackets 0 bytes 0\n\t}\n}\n"},
		{"reset counter inet t web", "table inet t {\n\tcounter web {\n\t\tcomment \"port 80\"\n\t\tpackets 62 bytes 2520\n\t}\n}\n"},
		{"list counters table inet t", "table inet t {\n\tcounter web {\n\t\tcomment \"port 80\"\n\t\tpackets 0 bytes 0\n\t}\n}\n"},
		{"list quota ip u q", "table ip u {\n\tquota q {\n\t\t1 mbytes\n\t}\n}\n"},
		{"delete quota ip u q; list quotas ip", "table ip u {\n\tquota until {\n\t\t1500 bytes\n\t}\n}\n"},
	} {
		if got := w.run(c[0]); got != c[1] {
			t.Errorf("%s: got\n%s\nwant\n%s", c[0], got, c[1])
		}
	}
	for _, c := range [][2]string{
		{"delete counter inet t web", "Could not process rule: Device or resource busy"}, {"add rule inet t c counter name no", "Could not process rule: No such file or directory"},
		{"create counter inet t web", "Could not process rule: File exists"}, {"list counter inet t no", "No such file or directory"}, {"add quota inet t x", "unexpected newline"},
	} {
		if _, bad := w.rs.Run(c[0], Options{}); bad == nil || !strings.Contains(bad.Text, c[1]) {
			t.Errorf("%s: %v, want %s", c[0], bad, c[1])
		}
	}
}

// nft -j lists as libnftables-json(5) says: the rules of a table behind its chains.
func TestAListingInJSON(t *testing.T) {
	w := newWorld(t)
	w.run(`
table inet fw {
	counter web { packets 2 bytes 120; }
	quota day { over 2 mbytes; }
	set bad { type ipv4_addr; flags interval; elements = { 10.9.0.0/16, 10.8.0.7-10.8.0.9, 10.1.1.1 } }
	map ports { type inet_service : verdict; elements = { 80 : accept, 22 : jump ssh } }
	chain ssh { ip saddr { 10.0.0.0/24, 192.168.0.1 } accept; tcp flags & (fin|syn|rst) == syn ct state established,related counter name web return; }
	chain in {
		type filter hook input priority filter - 5; policy drop;
		iifname "eth*" ip saddr @bad log prefix "x " level info limit rate over 5/second burst 9 packets drop comment "why"
		tcp dport vmap @ports
		meta mark set 7 counter reject with icmpx admin-prohibited
		ip saddr . tcp dport { 10.0.0.1 . 80 } fib daddr type local quota name "day" goto ssh
	}
	chain nat { type nat hook prerouting priority dstnat; dnat ip to 10.0.0.5:8080 }
}`)
	const head = `{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}`
	for _, c := range [][2]string{
		{"list tables", `{"table": {"family": "inet", "name": "fw", "handle": 1}}`},
		{"list ruleset", `{"table": {"family": "inet", "name": "fw", "handle": 1}}, ` +
			`{"counter": {"family": "inet", "name": "web", "table": "fw", "handle": 1, "packets": 2, "bytes": 120}}, ` +
			`{"quota": {"family": "inet", "name": "day", "table": "fw", "handle": 2, "bytes": 2097152, "used": 0, "inv": true}}, ` +
			`{"set": {"family": "inet", "name": "bad", "table": "fw", "type": "ipv4_addr", "handle": 3, "flags": ["interval"], "elem": ["10.1.1.1", {"range": ["10.8.0.7", "10.8.0.9"]}, {"prefix": {"addr": "10.9.0.0", "len": 16}}]}}, ` +
			`{"map": {"family": "inet", "name": "ports", "table": "fw", "type": "inet_service", "handle": 4, "map": "verdict", "elem": [[22, {"jump": {"target": "ssh"}}], [80, {"accept": null}]]}}, ` +
			`{"chain": {"family": "inet", "table": "fw", "name": "ssh", "handle": 5}}, ` +
			`{"chain": {"family": "inet", "table": "fw", "name": "in", "handle": 6, "type": "filter", "hook": "input", "prio": -5, "policy": "drop"}}, ` +
			`{"chain": {"family": "inet", "table": "fw", "name": "nat", "handle": 7, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "ssh", "handle": 8, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"set": [{"prefix": {"addr": "10.0.0.0", "len": 24}}, "192.168.0.1"]}}}, {"accept": null}]}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "ssh", "handle": 9, "expr": [{"match": {"op": "==", "left": {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, {"|": [{"|": ["fin", "syn"]}, "rst"]}]}, "right": "syn"}}, {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"counter": "web"}, {"return": null}]}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "in", "handle": 10, "comment": "why", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth*"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@bad"}}, {"log": {"prefix": "x ", "level": "info"}}, {"limit": {"rate": 5, "burst": 9, "per": "second", "inv": true}}, {"drop": null}]}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "in", "handle": 11, "expr": [{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@ports"}}]}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "in", "handle": 12, "expr": [{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 7}}, {"counter": {"packets": 0, "bytes": 0}}, {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "in", "handle": 13, "expr": [{"match": {"op": "==", "left": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "tcp", "field": "dport"}}]}, "right": {"concat": ["10.0.0.1", 80]}}}, {"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr"]}}, "right": "local"}}, {"quota": "day"}, {"goto": {"target": "ssh"}}]}}, ` +
			`{"rule": {"family": "inet", "table": "fw", "chain": "nat", "handle": 14, "expr": [{"dnat": {"family": "ip", "addr": "10.0.0.5", "port": 8080}}]}}`},
		{"list chain inet fw nat", `{"chain": {"family": "inet", "table": "fw", "name": "nat", "handle": 7, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}}, {"rule": {"family": "inet", "table": "fw", "chain": "nat", "handle": 14, "expr": [{"dnat": {"family": "ip", "addr": "10.0.0.5", "port": 8080}}]}}`},
		{"list counters", `{"counter": {"family": "inet", "name": "web", "table": "fw", "handle": 1, "packets": 2, "bytes": 120}}`},
	} {
		got, bad := w.rs.Run(c[0], Options{JSON: true})
		if want := head + ", " + c[1] + "]}\n"; bad != nil || got != want {
			t.Errorf("%s: %v\n got %s\nwant %s", c[0], bad, strings.ReplaceAll(got, "}}, {", "}},\n{"), strings.ReplaceAll(want, "}}, {", "}},\n{"))
		}
	}
	if got, bad := w.rs.Run("add table ip x", Options{JSON: true}); got != "" || bad != nil {
		t.Errorf("add table: %q %v", got, bad)
	}
}
