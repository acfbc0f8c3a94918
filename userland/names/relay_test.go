package names_test

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"

	"github.com/miekg/dns"
)

// Of several servers the client gets the first reply that is of use, or what the last
// one gave: a server that gives nothing at the end takes the earlier replies along.
func TestWhichReplyIsRelayed(t *testing.T) {
	const loopback = "127.0.0."
	rcode := func(r names.Rcode, aa bool) names.Handler {
		return names.HandlerFunc(func(names.Query) names.Answer { return names.Answer{Rcode: r, Authoritative: aa} })
	}
	servers := map[string]names.Handler{ // by the last part of their addresses
		"2": rcode(names.Success, false), "3": rcode(names.NXDomain, false), "4": rcode(names.NXDomain, true),
		"5": rcode(names.ServFail, false), "6": rcode(names.Refused, false),
		"7": names.HandlerFunc(func(names.Query) names.Answer { return names.Answer{Silent: true} }),
	}
	for _, c := range []struct {
		asked       string // in this order; 8 does not listen, u is unreachable
		first, best string
	}{
		{"2", "NOERROR", "NOERROR"}, {"32", "NXDOMAIN", "NOERROR"}, {"42", "NXDOMAIN", "NXDOMAIN"}, {"562", "SERVFAIL", "NOERROR"},
		{"35", "NXDOMAIN", "SERVFAIL"}, {"53", "SERVFAIL", "NXDOMAIN"}, {"7", "SERVFAIL", "none"}, {"37", "NXDOMAIN", "none"},
		{"72", "NOERROR", "NOERROR"}, {"3u", "NXDOMAIN", "NXDOMAIN"}, {"u", "SERVFAIL", "none"}, {"8", "SERVFAIL", "none"}, {"82", "NOERROR", "NOERROR"},
	} {
		for relay, want := range map[names.Relay]string{names.FirstReply: c.first, names.FirstUseful: c.best} {
			loop := sim.NewLoop(1)
			m := userland.NewMachine(loop, "m", stack.New(loop, "m", stack.Options{Host: true}))
			run := func(h names.Handler, at string) {
				m.Start(userland.ProcSpec{Args: []string{"named"}, Program: func(p *userland.Process) int {
					conn, err := p.ListenUDP(netip.MustParseAddrPort(at + ":53"))
					if err != nil {
						t.Error(err)
						return 1
					}
					names.Serve(p, conn, h)
					return 0
				}})
			}
			for last, h := range servers {
				run(h, loopback+last)
			}
			var up []names.Upstream
			for _, s := range c.asked {
				at := loopback + string(s)
				if s == 'u' {
					at = "192.0.2.1"
				}
				up = append(up, names.Upstream{At: netip.MustParseAddrPort(at + ":53")})
			}
			run(names.HandlerFunc(func(names.Query) names.Answer {
				return names.Answer{Forward: up, Relay: relay, ForwardTimeout: time.Second}
			}), loopback+"1")
			got := "none"
			m.Start(userland.ProcSpec{Args: []string{"dig"}, Program: func(p *userland.Process) int {
				q := names.NewQuery(p, "www.example.net", dns.TypeA)
				if r, err := names.Exchange(p, netip.MustParseAddrPort(loopback+"1:53"), []*dns.Msg{q}, 10*time.Second); err == nil {
					got = dns.RcodeToString[r[0].Rcode]
				}
				return 0
			}})
			loop.RunFor(20 * time.Second)
			if got != want {
				t.Errorf("servers %s, relay %d: %s, want %s", c.asked, relay, got, want)
			}
			loop.Close()
		}
	}
}
