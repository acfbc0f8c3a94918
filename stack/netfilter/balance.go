package netfilter

import (
	"net/netip"
	"strings"

	"dnetsim/link/trail"
)

// Balancer is IPVS: where a new connection goes that is for a virtual service, by its mark or
// its destination. Port 0 keeps the port; an invalid address says that there is nowhere to
// go, and known is false if it is no service's.
type Balancer func(mark uint32, proto uint8, dst netip.AddrPort) (to netip.AddrPort, known bool)

// SetBalancer gives packets that have passed INPUT to IPVS first. Nil ends that.
func (r *Rules) SetBalancer(b Balancer) { r.balance = b }

// balanced sends a packet that is for a virtual service to a real server (ip_vs_in, which
// conntrack follows: net.ipv4.vs.conntrack). It reports whether it was one.
func (r *Rules) balanced(p *packet) bool {
	c := p.nf.conn
	if c == nil || p.nf.reply || p.nf.related || !p.hasPorts || c.confirmed && !c.balanced {
		return false
	}
	if !c.balanced {
		to, known := r.balance(p.nf.Mark, p.proto, netip.AddrPortFrom(p.dst.addr(p.v6), p.dport))
		if !known {
			return false
		}
		if !to.IsValid() {
			p.verdict = Verdict{Action: Reject, RejectWith: RejectPort, Rule: &trail.Rule{Table: "ipvs", Chain: "INPUT", Text: "(no real server)"}}
			return true
		}
		c.balanced, c.dstDone = true, true
		c.repl.src = addrWords(to.Addr())
		if to.Port() != 0 {
			c.repl.sport = to.Port()
		}
	}
	p.headers.rewrite(true, c.repl.src, c.repl.sport, p.nf.ChecksumPartial)
	p.headers.read(p.nf.Data, p.v6)
	p.rewritten, p.balanced = true, true
	return true
}

// ipvsMatch is "-m ipvs --ipvs": the packet is of a connection that IPVS has sent on.
type ipvsMatch struct{ not bool }

func (m *ipvsMatch) name() string { return "ipvs" }

func (m *ipvsMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --ipvs")
}

func (m *ipvsMatch) list(w *strings.Builder, _ bool) {
	not(w, m.not)
	w.WriteString(" ipvs")
}

func (m *ipvsMatch) test(p *packet) bool {
	return (p.nf.conn != nil && p.nf.conn.balanced) != m.not
}

func ipvsExtension() *extension {
	m := &ipvsMatch{}
	seen := false
	return &extension{name: "ipvs", match: m, opts: []string{"ipvs"},
		set: func(_, _, _ string, not bool) error {
			m.not, seen = not, true
			return nil
		},
		done: func() error { return required(seen, "ipvs", "ipvs") }}
}
