package netfilter

import "dnetsim/link/trail"

// Hook is one of the five places where netfilter looks at a packet.
type Hook uint8

// The hooks, in the kernel's order (NF_INET_*).
const (
	Prerouting Hook = iota
	Input
	Forward
	Output
	Postrouting
)

// Packet is one IP packet on its way through the hooks of one namespace. The
// caller fills it once and passes it to each hook in turn; Traverse keeps the
// connection in it and rewrites Data in place for NAT.
type Packet struct {
	Data            []byte // from the IP header to the end of the packet
	V6              bool
	In, Out         string // interface names, "" if none
	PhysIn, PhysOut string // bridge ports of a bridged frame
	SrcMAC, DstMAC  [6]byte
	HasMAC          bool
	Traced          bool // a TRACE rule has met it
	Mark            uint32
	// Decrypted: it came in an IPsec packet; Encrypts: it will leave in one.
	Decrypted, Encrypts bool
	ChecksumPartial     bool // the TCP/UDP checksum holds only the pseudo-header sum
	// OutAddr gives MASQUERADE the address of the interface the packet leaves
	// by, and REDIRECT that of the interface it came in by. An IPv4 address is
	// in the form ::ffff:a.b.c.d.
	OutAddr func(dev string) (addr [16]byte, ok bool)

	conn    *conn   // set by connection tracking
	reply   bool    // it travels against the connection's first packet
	related bool    // it is an ICMP error about the connection
	state   ctState // 0 before it was tracked
}

// Action is what happens to a packet after a hook.
type Action uint8

// The actions.
const (
	Accept Action = iota
	Drop
	Reject // the caller answers with Verdict.RejectWith
)

// Verdict is the outcome of a hook.
type Verdict struct {
	Action Action
	// Rule is what decided on a drop or reject: a rule, or a chain's policy
	// ("policy DROP", number 0).
	Rule       *trail.Rule
	RejectWith RejectKind
	DNAT       bool // the destination was rewritten: route again
	Rewritten  bool // either end was rewritten by address translation
	Balanced   bool // IPVS has sent it elsewhere: it goes on to POSTROUTING
	by         natRule
}

// NATRule is the rule by which the packet's connection was bound to what it was
// rewritten to, nil if no rule was (a port that had to give way).
func (v *Verdict) NATRule() *trail.Rule { return v.by.rule() }

// natRule is a rule that has bound a connection: one of the table nat, or of
// nftables.
type natRule struct {
	c   *code
	o   *op
	nft *trail.Rule
}

func (n natRule) rule() *trail.Rule {
	if n.o == nil {
		return n.nft
	}
	return n.c.ruleOf(n.o)
}

// Traverse takes a packet through one hook: the tables, connection tracking,
// translation and the base chains of nftables in the order of their priorities
// in Linux.
//
// An answer to a rejected packet should be sent before the next packet comes
// in: until then it is known to belong to the connection that was refused.
func (r *Rules) Traverse(h Hook, nf *Packet) Verdict {
	if len(r.touched) == 0 && len(r.bases) == 0 {
		return Verdict{}
	}
	p := &r.scratch
	p.rules, p.hook, p.verdict, p.nat, p.natBy, p.rewritten = r, int(h), Verdict{}, nil, natRule{}, false
	p.steps, p.balanced = 0, false
	if nf.V6 != r.opts.V6 || !p.read(nf) {
		return Verdict{}
	}
	before := p.dst
	passed := r.pass(r.compiled(), p)
	if p.steps >= workRules && r.opts.Charge != nil {
		r.opts.Charge(p.steps / workRules)
	}
	if !passed {
		return p.verdict
	}
	return Verdict{DNAT: p.dst != before, Rewritten: p.rewritten, Balanced: p.balanced, by: p.natBy}
}

func (r *Rules) pass(prog *program, p *packet) bool {
	if p.hook != hookPrerouting && p.hook != hookOutput {
		r.tracker.catchUp(prog, p)
	}
	for i := range prog.steps[p.hook] {
		s := &prog.steps[p.hook][i]
		switch s.does {
		case asksChain:
			if !r.ask(s, p) {
				return false
			}
		case tracks:
			r.tracker.begin(p)
		case translates:
			if !r.translate(prog, p, p.hook == hookPrerouting || p.hook == hookOutput) {
				return false
			}
		case balances:
			if r.balance != nil && r.balanced(p) {
				return p.verdict.Action == Accept
			}
		case confirms:
			r.tracker.confirm(p)
		}
	}
	return true
}
