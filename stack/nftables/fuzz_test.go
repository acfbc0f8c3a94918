package nftables

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever is typed ends in a change or in an error that points at a place; and what is
// listed can be read again, to the same listing.
func FuzzScript(f *testing.F) {
	for _, s := range []string{
		"table inet fw { set bad { type ipv4_addr; flags interval; elements = { 10.9.0.0/16, 10.8.0.7-10.8.0.9 } }; chain in { type filter hook input priority filter - 5; policy drop; ip saddr @bad drop; ct state vmap { established : accept, new : jump x }; }; chain x { return; } }",
		"add table ip t; add chain ip t c { type nat hook output priority -100; }; add rule ip t c iifname != {a, b} tcp dport 80 counter dnat to 10.0.0.1-10.0.0.3:80-90 random comment \"x\"",
		"define a = { 1, 2 }\nadd table ip6 t\nadd map ip6 t m { type ipv6_addr . inet_service : verdict; }\nadd element ip6 t m { fe80::1 . 80 : drop }",
		"table t { chain c { tcp flags & (fin|syn) == syn limit rate over 3/minute burst 2 packets log prefix \"a\" level info reject with icmp host-unreachable; meta mark & 0xff == 1 meta mark set 2 } }",
		"add table t; add chain t c; insert rule t c index 0 accept; delete rule t c handle 2; rename chain t c d; flush ruleset; reset rules; destroy table t",
		"define x = $x\nlist $x", "add rule t c ip saddr 1.2.3.4/99", "list chain ip t", "{", "add element t s {", "\"", "\\\n", "add table ip", "table t {",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		w := newWorld(nil)
		_, bad := w.rs.Run(script, Options{File: "s"})
		if bad != nil && !strings.Contains(bad.Text, "Error: ") {
			t.Fatalf("%q", bad.Text)
		}
		list, bad := w.rs.Run("list ruleset", Options{})
		if bad != nil {
			t.Fatal(bad)
		}
		w = newWorld(nil)
		if _, bad := w.rs.Run(list, Options{}); bad != nil {
			t.Fatalf("%q is listed as\n%s\nwhich is refused: %s", script, list, bad.Text)
		}
		if again, _ := w.rs.Run("list ruleset", Options{}); again != list {
			t.Fatalf("%q is listed as\n%s\nand then as\n%s", script, list, again)
		}
	})
}

// Chains that jump again and again to the next are looked at once each.
func TestManyWaysThroughChainsCostNothing(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	b.WriteString("table ip t {\n")
	for i := range 15 {
		fmt.Fprintf(&b, "chain c%d {\n%s}\n", i, strings.Repeat(fmt.Sprintf("jump c%d\n", i+1), 20))
	}
	b.WriteString("chain c15 { }\nchain base { type filter hook forward priority 0; jump c0; }\n}")
	w.run(b.String())
	if h := w.rs.Hook("ip t", "c15"); h != "forward" {
		t.Errorf("c15 is reached from %q", h)
	}
}
