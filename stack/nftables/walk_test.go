package nftables

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"dnetsim/stack/netfilter"
)

// tcp4 is a TCP segment with its flags, from one interface to another.
func tcp4(in, out, src, dst string, sport, dport uint16, flags byte) *netfilter.Packet {
	b := make([]byte, 40)
	b[0], b[8], b[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[2:], 40)
	copy(b[12:], netip.MustParseAddr(src).AsSlice())
	copy(b[16:], netip.MustParseAddr(dst).AsSlice())
	binary.BigEndian.PutUint16(b[20:], sport)
	binary.BigEndian.PutUint16(b[22:], dport)
	b[32], b[33] = 5<<4, flags
	return &netfilter.Packet{Data: b, In: in, Out: out, OutAddr: func(string) ([16]byte, bool) { return netip.MustParseAddr("10.0.0.11").As16(), true }}
}

func (w *world) pass(h netfilter.Hook, p *netfilter.Packet) netfilter.Verdict {
	return w.rules[0].Traverse(h, p)
}

const syn, synAck = 2, 0x12

func addrAt(p *netfilter.Packet, at int) string {
	a, _ := netip.AddrFromSlice(p.Data[at : at+4])
	return a.String()
}

func TestRulesDecideOnPackets(t *testing.T) {
	base := "table ip t { set web { type inet_service; elements = { 80, 443 } }; chain sub { tcp dport 99 accept; return; }; chain c { type filter hook forward priority 0; policy drop; %; } }"
	for _, c := range []struct {
		rules   string
		packets string // ports that are let through, of 22, 80, 99, 443
	}{
		{"accept", "22 80 99 443"},
		{"continue", ""},
		{"tcp dport 80 accept", "80"},
		{"tcp dport != 80 accept", "22 99 443"},
		{"tcp dport { 22, 99 } accept", "22 99"},
		{"tcp dport 50-100 accept", "80 99"},
		{"tcp dport >= 99 accept", "99 443"},
		{"tcp dport @web accept", "80 443"},
		{"tcp dport vmap { 22 : accept, 80 : drop, 99 : jump sub }; tcp dport 80 accept; tcp dport 443 accept", "22 99 443"},
		{"jump sub; tcp dport 22 accept", "22 99"},
		{"goto sub; accept", "99"},
		{"iifname \"eth*\" oifname br0 tcp dport 22 accept", "22"},
		{"iif lo accept", ""},
		{"iif eth0 accept", "22 80 99 443"},
		{"ip saddr 10.0.0.0/24 ip daddr 172.17.0.2 accept", "22 80 99 443"},
		{"ip saddr 10.0.1.0/24 accept", ""},
		{"ip saddr . tcp dport { 10.0.0.12 . 80, 10.0.0.13 . 22 } accept", "80"},
		{"udp dport != 1 accept", ""},
		{"th dport 99 accept", "99"},
		{"meta l4proto { udp, icmp } accept; meta l4proto tcp tcp dport 80 accept", "80"},
		{"tcp flags syn tcp dport 80 accept", "80"},
		{"tcp flags & (syn|ack) == ack accept", ""},
		{"tcp flags syn / syn,ack accept", "22 80 99 443"},
		{"ct state new tcp dport 22 accept", "22"},
		{"ct state established accept", ""},
		{"fib daddr type local accept", ""},
		{"meta mark set 7 meta mark 7 tcp dport 80 accept", "80"},
		{"limit rate 1/second burst 2 packets accept", "22 80"},
		{"tcp dport 22 reject; accept", "80 99 443"},
	} {
		w := newWorld(t)
		w.run(strings.Replace(base, "%", c.rules, 1))
		var got []string
		for _, port := range []uint16{22, 80, 99, 443} {
			p := tcp4("eth0", "br0", "10.0.0.12", "172.17.0.2", 40000, port, syn)
			if w.pass(netfilter.Prerouting, p).Action == netfilter.Accept && w.pass(netfilter.Forward, p).Action == netfilter.Accept {
				got = append(got, map[uint16]string{22: "22", 80: "80", 99: "99", 443: "443"}[port])
			}
		}
		if strings.Join(got, " ") != c.packets {
			t.Errorf("%s: lets %q through, want %q", c.rules, got, c.packets)
		}
	}
}

// Base chains and the tables of iptables stand in one order; what one accepts another
// may still drop, and each drop names its rule.
func TestChainsStandAmongTheTablesOfIptables(t *testing.T) {
	w := newWorld(t)
	w.run(`table inet early { chain f { type filter hook forward priority -10; tcp dport 1 counter drop; tcp dport 3 counter accept; } }
table ip late { chain f { type filter hook forward priority 10; policy drop; tcp dport 4 counter accept; } }`)
	w.rules[0].Exec("-A", "FORWARD", "-p", "tcp", "--dport", "1:3", "-j", "DROP")
	for port, want := range map[uint16]string{
		1: "inet early/f: tcp dport 1 counter drop", 2: "filter/FORWARD: -p tcp -m tcp --dport 1:3 -j DROP", 3: "filter/FORWARD: -p tcp -m tcp --dport 1:3 -j DROP",
		4: "", 5: "ip late/f: policy drop",
	} {
		v := w.pass(netfilter.Forward, tcp4("a", "b", "10.0.0.1", "10.0.1.1", 9, port, syn))
		got := ""
		if v.Rule != nil {
			got = v.Rule.String()
		}
		if got != want {
			t.Errorf("port %d: dropped by %q, want %q", port, got, want)
		}
	}
	for _, want := range []string{"tcp dport 1 counter packets 1 bytes 40 drop", "tcp dport 3 counter packets 1 bytes 40 accept", "tcp dport 4 counter packets 1 bytes 40 accept"} {
		if got := w.run("list ruleset"); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if h := w.rs.Hook("inet early", "f"); h != "forward" {
		t.Errorf("the chain is at %q", h)
	}
}

// A connection is bound once, by the first nat chain that says how, and its answers go
// back the same way.
func TestNATBindsAConnection(t *testing.T) {
	w := newWorld(t)
	w.run(`table ip nat {
	chain pre { type nat hook prerouting priority -100; fib daddr type local tcp dport 8080 counter dnat to 172.17.0.2:80; }
	chain post { type nat hook postrouting priority 100; oifname eth0 ip saddr 172.17.0.0/16 counter masquerade; }
}`)
	p := tcp4("eth0", "", "10.0.0.12", "10.0.0.11", 40000, 8080, syn)
	v := w.pass(netfilter.Prerouting, p)
	if got := addrAt(p, 16); !v.DNAT || got != "172.17.0.2" || binary.BigEndian.Uint16(p.Data[22:]) != 80 {
		t.Fatalf("goes to %s", got)
	}
	if r := v.NATRule(); r == nil || r.String() != "ip nat/pre: fib daddr type local tcp dport 8080 counter dnat to 172.17.0.2:80" {
		t.Errorf("bound by %v", r)
	}
	p.In, p.Out = "eth0", "docker0"
	w.pass(netfilter.Forward, p)
	w.pass(netfilter.Postrouting, p)
	back := tcp4("docker0", "", "172.17.0.2", "10.0.0.12", 80, 40000, synAck)
	w.pass(netfilter.Prerouting, back)
	back.Out = "eth0"
	w.pass(netfilter.Postrouting, back)
	if got := addrAt(back, 12); got != "10.0.0.11" || binary.BigEndian.Uint16(back.Data[20:]) != 8080 {
		t.Errorf("the answer comes from %s", got)
	}
	out := tcp4("docker0", "", "172.17.0.2", "10.0.0.12", 50000, 22, syn)
	w.pass(netfilter.Prerouting, out)
	out.Out = "eth0"
	w.pass(netfilter.Postrouting, out)
	if got := addrAt(out, 12); got != "10.0.0.11" {
		t.Errorf("leaves as %s", got)
	}
	for _, want := range []string{"counter packets 1 bytes 40 dnat", "counter packets 1 bytes 40 masquerade"} {
		if got := w.run("list ruleset"); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// Of what stands at one priority, that is asked first which was registered last: a chain
// with its making, also in a table that is older, a table of iptables with its first use
// (nf_hook_entries_grow). A chain of a table that slept is registered again.
func TestTheLastRegisteredIsAskedFirst(t *testing.T) {
	const head, drop = "{ type filter hook forward priority 0; ", "meta l4proto tcp drop"
	for _, c := range []struct {
		does []string
		by   string
	}{
		{[]string{"nft add chain ip t c " + head + "}", "nft add rule ip t c " + drop, "iptables -A FORWARD -j DROP"}, "filter FORWARD"},
		{[]string{"iptables -A FORWARD -j DROP", "nft add chain ip t c " + head + "}", "nft add rule ip t c " + drop}, "ip t c"},
		{[]string{"iptables -A FORWARD -j DROP", "nft add table ip u", "nft add chain ip u d " + head + "}", "nft add chain ip t c " + head + "}", "nft add rule ip t c " + drop, "nft add rule ip u d " + drop}, "ip t c"},
		{[]string{"nft add chain ip t c " + head + "}", "nft add rule ip t c " + drop, "iptables -L", "iptables -A FORWARD -j DROP", "nft add table ip t { flags dormant; }", "nft add table ip t"}, "ip t c"},
		{[]string{"nft add chain ip t c " + head + "}", "nft add rule ip t c " + drop, "iptables -A FORWARD -j DROP", "nft add rule ip t nochain " + drop}, "filter FORWARD"},
		{[]string{"nft add chain ip t c { type filter hook forward priority -1; }", "nft add rule ip t c " + drop, "iptables -A FORWARD -j DROP"}, "ip t c"},
	} {
		w := newWorld(t)
		w.run("add table ip t")
		for _, line := range c.does {
			if rest, ok := strings.CutPrefix(line, "nft "); ok {
				w.rs.Run(rest, Options{})
			} else {
				w.rules[0].Run(strings.Fields(line)[1:])
			}
		}
		v := w.pass(netfilter.Forward, tcp4("eth0", "br0", "10.0.0.12", "172.17.0.2", 4000, 80, syn))
		if got := v.Rule.Table + " " + v.Rule.Chain; got != c.by {
			t.Errorf("%q: dropped by %s, want %s", c.does, got, c.by)
		}
	}
}
