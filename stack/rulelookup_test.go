package stack

import (
	"math/rand"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestLookupAgreesWithTheObviousOne compares with plainLookup under random
// rules and tables.
func TestLookupAgreesWithTheObviousOne(t *testing.T) {
	for seed := range int64(300) {
		rng := rand.New(rand.NewSource(seed))
		l := multihomed(t)
		randomPolicy(t, rng, l.a)
		for range 30 {
			f := randomFlow(rng, l.a)
			want := plainLookup(l.a, f)
			got := "refused"
			if r, err := l.a.routes.find(&f); r != nil {
				got = strings.TrimSpace(showRoutes([]Route{r.shown()}))
			} else if err == nil {
				got = "own"
			} else if err == ErrNetUnreachable {
				got = "unreachable"
			}
			if got != want {
				t.Fatalf("seed %d: %+v\n%s%sgot  %s\nwant %s", seed, f, showRules(l.a.Rules(false)), showRoutes(l.a.Routes(0)), got, want)
			}
		}
		l.close()
	}
}

func randomPrefix(rng *rand.Rand) netip.Prefix {
	a := netip.AddrFrom4([4]byte{10, byte(rng.Intn(3)), byte(rng.Intn(2)), byte(10 + rng.Intn(4))})
	return netip.PrefixFrom(a, []int{0, 8, 16, 23, 24, 31, 32}[rng.Intn(7)])
}

func randomPolicy(t *testing.T, rng *rand.Rand, ns *Namespace) {
	tables := []TableID{5, 6, TableMain, TableDefault, TableLocal}
	for range rng.Intn(12) {
		r := Route{Dst: randomPrefix(rng).Masked(), Table: tables[rng.Intn(len(tables))], Metric: rng.Intn(2)}
		switch rng.Intn(4) {
		case 0:
			r.Type = []RouteType{RouteThrow, RouteUnreachable, RouteBlackhole}[rng.Intn(3)]
		default:
			r.Dev = []string{"eth0", "eth1"}[rng.Intn(2)]
		}
		if err := ns.AddRoute(r); err != nil && err != ErrExist {
			t.Fatal(err)
		}
	}
	for range rng.Intn(8) {
		r := Rule{Priority: uint32(rng.Intn(4)) * 11000, Not: rng.Intn(6) == 0, Table: tables[rng.Intn(len(tables))]}
		if rng.Intn(2) == 0 {
			r.From = randomPrefix(rng)
		}
		if rng.Intn(3) == 0 {
			r.To = randomPrefix(rng)
		}
		if rng.Intn(4) == 0 {
			r.Mark, r.MarkMask = uint32(rng.Intn(4)), uint32(rng.Intn(4))
		}
		r.In = []string{"", "", "", "lo", "eth0", "nosuch"}[rng.Intn(6)]
		r.Out = []string{"", "", "", "", "eth0", "eth1"}[rng.Intn(6)]
		if rng.Intn(8) == 0 {
			r.Action = []RuleAction{RuleUnreachable, RuleBlackhole, RuleProhibit}[rng.Intn(3)]
		}
		if rng.Intn(4) == 0 {
			r.MinBits = rng.Intn(33)
		}
		if err := ns.AddRule(r); err != nil && err != ErrExist {
			t.Fatal(err)
		}
	}
	if rng.Intn(4) == 0 {
		ns.DelRule(false, Rule{Table: tables[2+rng.Intn(3)]}.Like)
	}
}

func randomFlow(rng *rand.Rand, ns *Namespace) flow {
	f := flow{dst: randomPrefix(rng).Addr(), mark: uint32(rng.Intn(4))}
	if rng.Intn(3) > 0 {
		f.src = randomPrefix(rng).Addr()
	}
	f.in = []*Interface{nil, ns.Interface("eth0"), ns.Interface("eth1")}[rng.Intn(3)]
	if rng.Intn(4) == 0 {
		f.out = ns.Interface([]string{"eth0", "eth1"}[rng.Intn(2)])
	}
	return f
}

// plainLookup reads the rules and tables as they are printed, from the top.
func plainLookup(ns *Namespace, f flow) string {
	src := f.src
	if !src.IsValid() {
		src = ip("0.0.0.0")
	}
	in, out := "lo", ""
	if f.in != nil {
		in = f.in.Name()
	}
	if f.out != nil {
		out = f.out.Name()
	}
	for _, r := range ns.Rules(false) {
		hit := (!r.From.IsValid() || r.From.Contains(src)) && (!r.To.IsValid() || r.To.Contains(f.dst)) &&
			(r.In == "" || r.In == in) && (r.Out == "" || r.Out == out) && f.mark&r.MarkMask == r.Mark&r.MarkMask
		if hit == r.Not {
			continue
		}
		switch r.Action {
		case RuleUnreachable:
			return "unreachable"
		case RuleBlackhole, RuleProhibit:
			return "refused"
		}
		var best *Route
		for _, x := range ns.Routes(r.Table) {
			if !x.Dst.Contains(f.dst) || x.Table == TableLocal && x.Proto == ProtoKernel && x.Type == RouteLocal && x.Dst.Addr() != f.dst && !f.dst.IsLoopback() {
				continue
			}
			if x.Table == TableLocal && x.Proto == ProtoKernel {
				if x.Type == RouteLocal || out == "" || x.Dev == out {
					return "own"
				}
				continue
			}
			if out != "" && x.Dev != out {
				continue
			}
			if best == nil || x.Dst.Bits() > best.Dst.Bits() || x.Dst.Bits() == best.Dst.Bits() && x.Metric < best.Metric {
				best = &x
			}
		}
		if best != nil && best.Type != RouteThrow && best.Dst.Bits() >= r.MinBits {
			return strings.TrimSpace(showRoutes([]Route{*best}))
		}
	}
	return "unreachable"
}

// In IPv6 "from" does not take a packet whose source is not chosen yet, be the
// prefix ever so wide; in IPv4 such a packet comes from 0.0.0.0.
func TestUnknownSourceIsZeroInIPv4Only(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	for _, r := range []Rule{{From: pfx("0.0.0.0/1")}, {V6: true, From: pfx("::/1")}} {
		r.Priority, r.Action = 10, RuleProhibit
		must0(t, l.a.AddRule(r))
	}
	must0(t, l.a.AddRoute(Route{Dst: pfx("2001:db8::/32"), Dev: "eth1"}))
	if _, err := l.a.routes.find(&flow{dst: ip("10.0.0.12")}); err != ErrAccess {
		t.Errorf("IPv4: %v", err)
	}
	if r, err := l.a.routes.find(&flow{dst: ip("2001:db8::1")}); err != nil || r.dev.name != "eth1" {
		t.Errorf("IPv6: %v", err)
	}
	if _, err := l.a.routes.find(&flow{dst: ip("2001:db8::1"), src: ip("2001:db8::2")}); err != ErrAccess {
		t.Errorf("IPv6 with a source: %v", err)
	}
}

// The reverse lookup has the packet's mark only if src_valid_mark is set.
func TestStrictFilterAsksWithTheMarkIfToldTo(t *testing.T) {
	l := multihomed(t)
	defer l.close()
	must0(t, l.a.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("10.1.0.12"), Table: 100}))
	must0(t, l.a.AddRule(Rule{Priority: 10, Mark: 7, MarkMask: 7, Table: 100}))
	must0(t, l.a.Netfilter(false).Ensure("mangle", "PREROUTING", "-i", "eth0", "-j", "MARK", "--set-mark", "7"))
	must0(t, l.a.SetSysctl("net.ipv4.conf.all.rp_filter", "1"))
	for on, want := range map[string]error{"0": nil, "1": ErrTimeout} {
		must0(t, l.a.SetSysctl("net.ipv4.conf.all.src_valid_mark", on))
		l.do(t, func() {
			if _, err := ping(l.b, ip("10.0.0.11"), time.Second); err != want {
				t.Errorf("src_valid_mark %s: %v, want %v", on, err, want)
			}
		})
	}
}
