package stack

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
)

// showRules is a list as `ip rule` prints it.
func showRules(list []Rule) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "%d:", r.Priority)
		if r.Not {
			b.WriteString(" not")
		}
		b.WriteString(" from ")
		if r.From.IsValid() {
			b.WriteString(r.From.String())
		} else {
			b.WriteString("all")
		}
		for _, x := range []struct {
			word string
			v    any
			have bool
		}{{"to", r.To, r.To.IsValid()}, {"tos", r.TOS, r.TOS != 0}, {"fwmark", fmt.Sprintf("%#x/%#x", r.Mark, r.MarkMask), r.MarkMask != 0},
			{"iif", r.In, r.In != ""}, {"oif", r.Out, r.Out != ""}, {"lookup", r.Table, r.Table != 0},
			{"suppress_prefixlength", r.MinBits - 1, r.MinBits > 0}} {
			if x.have {
				fmt.Fprintf(&b, " %s %v", x.word, x.v)
			}
		}
		if r.Action != RuleLookup {
			b.WriteString(" " + r.Action.String())
		}
		b.WriteString("\n")
	}
	return b.String()
}

// showRoutes is a table as `ip route` prints it.
func showRoutes(list []Route) string {
	var b strings.Builder
	for _, r := range list {
		if r.Type != 0 {
			b.WriteString(r.Type.String() + " ")
		}
		b.WriteString(r.Dst.String())
		if r.Via.IsValid() {
			fmt.Fprintf(&b, " via %s", r.Via)
		}
		fmt.Fprintf(&b, " dev %s table %s\n", r.Dev, r.Table)
	}
	return b.String()
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n--- got\n%s--- want\n%s", what, got, want)
	}
}

// multihomed is the lab with a second cable between the hosts: eth0 in
// 10.0.0.0/24, eth1 in 10.1.0.0/24, and .11 and .12 in both.
func multihomed(t testing.TB) *lab {
	l := newLab(t, 0, Options{})
	w := link.NewWire(l.loop, "back")
	for i, ns := range []*Namespace{l.a, l.b} {
		end := w.A()
		if i == 1 {
			end = w.B()
		}
		e, err := ns.AddPhysical("eth1", MAC{0, 0xc, 0x29, 0xab, 1, byte(0x11 + i)}, end)
		must0(t, err)
		must0(t, e.SetUp(true))
		must0(t, e.AddAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(11 + i)}), 24), AddrOptions{AutoBroadcast: true}))
	}
	must0(t, l.a.SetSysctl("net.ipv4.ip_forward", "1"))
	return l
}

// back makes l.a send what a rule takes to 10.9.0.0/16 by eth1; main sends it
// by eth0.
func (l *lab) back(t testing.TB, r Rule) {
	must0(t, l.a.AddRoute(Route{Dst: pfx("10.9.0.0/16"), Via: ip("10.0.0.12")}))
	must0(t, l.a.AddRoute(Route{Dst: pfx("10.9.0.0/16"), Via: ip("10.1.0.12"), Table: 100}))
	must0(t, l.b.Interface("eth0").AddAddr(pfx("10.9.0.1/32"), AddrOptions{}))
	r.Table = 100
	r.Priority = l.a.NextRulePriority(false)
	must0(t, l.a.AddRule(r))
}

// by tells, for the packets to dst that leave l.a, the interface.
func (l *lab) by(dst netip.Addr) *[]string {
	var seen []string
	for _, name := range []string{"eth0", "eth1"} {
		l.a.Interface(name).Observe(func(d link.Direction, f *link.Frame) {
			if p := f.Payload(); d == link.Out && f.EtherType() == link.TypeIPv4 && netip.AddrFrom4([4]byte(p[16:20])) == dst {
				seen = append(seen, name)
			}
		})
	}
	return &seen
}

func TestRulesStartAsTheKernelsAndGrowDownwards(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	wantText(t, "a new namespace", showRules(l.a.Rules(false)), `0: from all lookup local
32766: from all lookup main
32767: from all lookup default
`)
	wantText(t, "IPv6", showRules(l.a.Rules(true)), "0: from all lookup local\n32766: from all lookup main\n")
	for _, r := range []Rule{
		{From: pfx("10.0.0.11/32"), Table: 100},
		{To: pfx("10.1.0.15/24"), In: "lo", Not: true, Table: TableMain},
		{Mark: 1, MarkMask: 0xff, Action: RuleProhibit},
		{Table: TableMain, MinBits: 1},
	} {
		r.Priority = l.a.NextRulePriority(false)
		must0(t, l.a.AddRule(r))
		if err := l.a.AddRule(r); err != ErrExist {
			t.Errorf("twice: %v", err)
		}
	}
	must0(t, l.a.AddRule(Rule{From: pfx("0.0.0.0/0"), Priority: 32764, Table: 7}))
	wantText(t, "after", showRules(l.a.Rules(false)), `0: from all lookup local
32762: from all lookup main suppress_prefixlength 0
32763: from all fwmark 0x1/0xff prohibit
32764: not from all to 10.1.0.15/24 iif lo lookup main
32764: from all lookup 7
32765: from 10.0.0.11/32 lookup 100
32766: from all lookup main
32767: from all lookup default
`)
	for _, r := range []Rule{{From: pfx("fe80::/64"), Table: 5}, {Action: RuleBlackhole + 1, Table: 5}} {
		if err := l.a.AddRule(r); err != ErrInvalid {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if n := len(l.b.Rules(false)) + len(l.a.Rules(true)); n != 5 {
		t.Errorf("%d rules of the other host and of IPv6, want 3 and 2", n)
	}
}

func TestDeletingARuleNeedsNoMoreThanItsKind(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	must0(t, l.a.AddRule(Rule{Priority: 5, From: pfx("10.0.0.1/32"), Table: 7}))
	must0(t, l.a.AddRule(Rule{Priority: 6, From: pfx("10.0.0.2/32"), Table: 7}))
	like := Rule{Table: 7}
	must0(t, l.a.DelRule(false, like.Like))
	wantText(t, "the first", showRules(l.a.Rules(false)[1:2]), "6: from 10.0.0.2/32 lookup 7\n")
	like.From = pfx("10.0.0.9/32")
	if err := l.a.DelRule(false, like.Like); err != ErrNoEntry {
		t.Errorf("another source: %v", err)
	}
}

func TestTablesAreDumpedByTheKernelsChains(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	for _, id := range []TableID{356, 300, 100, TableDefault, 256, 510, 511} {
		must0(t, l.a.AddRoute(Route{Dst: pfx("10.2.0.0/24"), Via: ip("10.0.0.12"), Table: id}))
	}
	if got := fmt.Sprint(l.a.Tables(false)); got != "[256 300 100 356 default 510 main 511 local]" {
		t.Errorf("tables %s", got)
	}
	if err := l.a.AddRoute(Route{Dst: pfx("10.2.0.0/24"), Via: ip("10.0.0.12"), Table: 100}); err != ErrExist {
		t.Errorf("twice: %v", err)
	}
	must0(t, l.a.DelRoute(Route{Dst: pfx("10.2.0.0/24"), Table: 100}))
	wantText(t, "table 356", showRoutes(l.a.Routes(356)), "10.2.0.0/24 via 10.0.0.12 dev eth0 table 356\n")
	wantText(t, "table 100", showRoutes(l.a.Routes(100)), "")
	must0(t, l.a.Interface("eth0").SetUp(false))
	wantText(t, "table 356 without eth0", showRoutes(l.a.Routes(356)), "")
}

// A sender that is bound to an address is routed by it; one that leaves the
// address to the route is not, even when the route has chosen that address.
func TestSourceRuleTakesWhoIsBound(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	l.back(t, Rule{From: pfx("10.0.0.11/32")})
	seen := l.by(ip("10.9.0.1"))
	check := func(what, want string) {
		t.Helper()
		l.loop.RunFor(100 * time.Millisecond)
		if got := strings.Join(*seen, " "); got != want {
			t.Errorf("%s left by %s, want %s", what, got, want)
		}
		*seen = nil
	}
	l.do(t, func() {
		if _, err := ping(l.a, ip("10.9.0.1"), time.Second); err != nil {
			t.Error(err)
		}
		check("an unbound ping", "eth0")
		any, err := l.a.ListenUDP(ap("0.0.0.0:0"))
		must0(t, err)
		must0(t, any.WriteTo([]byte("x"), ap("10.9.0.1:9")))
		check("an unbound datagram", "eth0")
		must0(t, any.WriteFrom([]byte("x"), ip("10.0.0.11"), ap("10.9.0.1:9")))
		check("a datagram from the address", "eth1")
		bound, err := l.a.ListenUDP(ap("10.0.0.11:0"))
		must0(t, err)
		must0(t, bound.WriteTo([]byte("x"), ap("10.9.0.1:9")))
		check("a bound datagram", "eth1")
		if _, err := l.a.DialTCP(netip.AddrPort{}, ap("10.9.0.1:9"), time.Second); err != ErrConnRefused {
			t.Error(err)
		}
		check("a connection, which has its address when it sends,", "eth1")
	})
	for from, want := range map[string]string{"10.0.0.11": "via 10.1.0.12 dev eth1 table 100", "10.1.0.11": "via 10.0.0.12 dev eth0 table main"} {
		r, err := l.a.RouteGet(ip("10.9.0.1"), ip(from))
		must0(t, err)
		wantText(t, from, showRoutes([]Route{{Dst: r.Dst, Via: r.Via, Dev: r.Dev, Table: r.Table}}), "10.9.0.1/32 "+want+"\n")
	}
}

func TestForwardedPacketsFollowRulesOnTheirInterface(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	l.back(t, Rule{In: "docker0"})
	l.boxes = append(l.boxes, addBox(t, l.a, l.a.Interface("docker0"), 0, Options{}))
	must0(t, l.b.AddRoute(Route{Dst: pfx("172.17.0.0/16"), Via: ip("10.0.0.11")}))
	seen := l.by(ip("10.9.0.1"))
	l.do(t, func() {
		if r, err := ping(l.boxes[0], ip("10.9.0.1"), time.Second); err != nil || r.TTL != 63 {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := ping(l.a, ip("10.9.0.1"), time.Second); err != nil {
			t.Error(err)
		}
	})
	if got := strings.Join(*seen, " "); got != "eth1 eth0" {
		t.Errorf("left by %s", got)
	}
	must0(t, l.a.Interface("docker0").Rename("br0"))
	*seen = nil
	l.do(t, func() { ping(l.boxes[0], ip("10.9.0.1"), time.Second) })
	if got := strings.Join(*seen, " "); got != "eth0" {
		t.Errorf("renamed, the rule's name is nobody's: left by %s", got)
	}
}

func TestRulesRefusePackets(t *testing.T) {
	for _, x := range []struct {
		action    RuleAction
		local     error
		forwarded [2]byte // type and code of the answer
	}{
		{RuleUnreachable, ErrNetUnreachable, [2]byte{3, 0}},
		{RuleProhibit, ErrAccess, [2]byte{3, 13}},
		{RuleBlackhole, ErrInvalid, [2]byte{}},
	} {
		l := multihomed(t)
		must0(t, l.a.AddRule(Rule{Priority: 10, To: pfx("10.9.0.0/16"), Action: x.action}))
		must0(t, l.b.AddRoute(Route{Dst: pfx("10.9.0.0/16"), Via: ip("10.0.0.11")}))
		l.do(t, func() {
			if _, err := ping(l.a, ip("10.9.0.1"), time.Second); err != x.local {
				t.Errorf("%s: a local sender gets %v, want %v", x.action, err, x.local)
			}
			r, err := ping(l.b, ip("10.9.0.1"), time.Second)
			switch {
			case x.forwarded == [2]byte{}:
				if err != ErrTimeout {
					t.Errorf("%s: %v", x.action, err)
				}
			case r.Data == nil || [2]byte(r.Data[:2]) != x.forwarded:
				t.Errorf("%s: %+v %v, want %v", x.action, r, err, x.forwarded)
			}
		})
		l.close()
	}
}

// The reverse lookup asks the rules with the addresses swapped: an answer that
// would leave by another interface condemns the packet.
func TestStrictFilterAsksTheRules(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	must0(t, l.a.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("10.1.0.12"), Table: 100}))
	must0(t, l.a.AddRule(Rule{Priority: 10, From: pfx("10.0.0.11/32"), Table: 100}))
	try := func(rpFilter string, want error) {
		t.Helper()
		must0(t, l.a.SetSysctl("net.ipv4.conf.all.rp_filter", rpFilter))
		l.do(t, func() {
			if _, err := ping(l.b, ip("10.0.0.11"), time.Second); err != want {
				t.Errorf("rp_filter %s: %v, want %v", rpFilter, err, want)
			}
		})
	}
	q := RouteQuery{Dst: ip("10.0.0.11"), From: ip("10.0.0.12"), In: "eth0"}
	must0(t, l.b.SetSysctl("net.ipv4.conf.all.rp_filter", "0"))
	try("0", nil)
	try("2", nil)
	try("1", ErrTimeout)
	if _, err := l.a.RouteFor(q); err != ErrCrossDevice {
		t.Errorf("route get: %v", err)
	}
	must0(t, l.a.AddRoute(Route{Dst: pfx("10.0.0.0/24"), Dev: "eth0", Table: 100})) // the usual remedy
	try("1", nil)
	if r, err := l.a.RouteFor(q); err != nil || r.Type != RouteLocal || r.Table != TableLocal {
		t.Errorf("route get: %+v %v", r, err)
	}
}

func TestMarkFromMangleOutputRoutesAgain(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	l.back(t, Rule{Mark: 7, MarkMask: ^uint32(0)})
	must0(t, l.a.Netfilter(false).Ensure("mangle", "OUTPUT", "-p", "udp", "-j", "MARK", "--set-mark", "7"))
	seen := l.by(ip("10.9.0.1"))
	l.do(t, func() {
		c, err := l.a.ListenUDP(ap("0.0.0.0:0"))
		must0(t, err)
		must0(t, c.WriteTo([]byte("x"), ap("10.9.0.1:9")))
		ping(l.a, ip("10.9.0.1"), time.Second)
	})
	if got := strings.Join(*seen, " "); got != "eth1 eth0" {
		t.Errorf("left by %s", got)
	}
}

// A local route makes every address of a network this host's own.
func TestLocalRouteInATableOfItsOwn(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	must0(t, l.a.AddRoute(Route{Dst: pfx("10.8.0.0/16"), Dev: "lo", Type: RouteLocal, Table: 5}))
	must0(t, l.a.AddRule(Rule{Priority: 10, Table: 5}))
	must0(t, l.b.AddRoute(Route{Dst: pfx("10.8.0.0/16"), Via: ip("10.0.0.11")}))
	l.do(t, func() {
		if r, err := ping(l.b, ip("10.8.1.2"), time.Second); err != nil || r.From != ip("10.8.1.2") || r.TTL != 64 {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := ping(l.a, ip("10.8.1.2"), time.Second); err != nil {
			t.Error(err)
		}
	})
}

// Without the rule for it the local table is not asked: the host no longer
// knows its own addresses.
func TestHostWithoutTheLocalRuleForwardsItsOwn(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	must0(t, l.a.DelRule(false, func(r Rule) bool { return r.Table == TableLocal }))
	l.do(t, func() {
		if _, err := ping(l.b, ip("10.0.0.11"), time.Second); err == nil {
			t.Error("it answers")
		}
	})
	l.a.ForgetPolicy()
	l.do(t, func() {
		if _, err := ping(l.b, ip("10.0.0.11"), time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestGatewayIsSoughtInItsOwnTableThenByTheRules(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	must0(t, l.a.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("10.1.0.12"), Table: 100}))
	must0(t, l.a.AddRoute(Route{Dst: pfx("10.7.0.0/16"), Via: ip("10.0.0.12"), Table: 100}))
	wantText(t, "table 100", showRoutes(l.a.Routes(100)), "0.0.0.0/0 via 10.1.0.12 dev eth1 table 100\n10.7.0.0/16 via 10.0.0.12 dev eth0 table 100\n")
	if err := l.a.AddRoute(Route{Dst: pfx("10.6.0.0/16"), Via: ip("10.5.0.1"), Table: 100}); err != ErrNetUnreachable {
		t.Errorf("a gateway behind a gateway: %v", err)
	}
}

func TestARouteLookupAllocatesNothing(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	look := func() {
		if _, err := l.a.routes.routeOut(flow{dst: ip("10.0.0.12"), src: ip("10.0.0.11")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, look); n != 0 {
		t.Errorf("%v allocations with the start rules", n)
	}
	must0(t, l.a.AddRule(Rule{Priority: 10, From: pfx("10.9.0.0/16"), Table: 100}))
	if n := testing.AllocsPerRun(100, look); n != 0 {
		t.Errorf("%v allocations with a rule", n)
	}
}
