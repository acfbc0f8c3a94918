package netfilter

import "dnetsim/link/trail"

// program is the rules with every jump resolved.
type program struct {
	steps  [numHooks][]step // in the order in which a packet meets them
	nat    [numHooks][]step // who is asked what a new connection is bound to
	tracks bool             // connections are tracked, as Linux does once somebody needs it
}

type code struct {
	table   string
	name    string
	policy  verdict
	counter *counter
	ops     []op
}

// op is one rule and where it leads.
type op struct {
	rule *Rule
	next *code   // a chain, or nil
	then verdict // without a chain: what a plain target does
}

type verdict uint8

const (
	goOn   verdict = iota // to the next rule
	accept                // leave the table
	drop
	back // RETURN
)

func (r *Rules) compiled() *program {
	if r.prog == nil {
		r.prog = r.compile()
	}
	return r.prog
}

// compile resolves the jumps of the tables that are loaded.
func (r *Rules) compile() *program {
	prog := &program{tracks: r.basesTrack}
	var hooks [4][numHooks]*code
	for _, id := range r.touched {
		t := r.tables[id]
		prog.tracks = prog.tracks || id == natTable
		codes := make(map[string]*code, len(t.chains))
		for _, c := range t.chains {
			k := &code{table: t.name, name: c.name, counter: c.counter, policy: accept}
			if c.policy == policyDrop {
				k.policy = drop
			}
			codes[c.name] = k
			if c.builtin {
				hooks[id][c.hook] = k
			}
		}
		for _, c := range t.chains {
			k := codes[c.name]
			k.ops = make([]op, len(c.rules))
			for i, rule := range c.rules {
				k.ops[i] = op{rule: rule, next: codes[rule.jump], then: plainVerdict(rule)}
				prog.tracks = prog.tracks || rule.tracks()
			}
		}
	}
	prog.order(&hooks, &r.loaded, r.bases)
	return prog
}

func plainVerdict(r *Rule) verdict {
	switch r.jump {
	case "ACCEPT":
		return accept
	case "DROP":
		return drop
	case "RETURN":
		return back
	}
	return goOn
}

// ends reports whether a rule is as a chain's end: no test, and a verdict.
func (r *Rule) ends() bool {
	tests := r.src.set || r.dst.set || r.in.name != "" || r.out.name != "" || r.proto.set || r.fragment != 0 || len(r.matches) > 0
	return !tests && plainVerdict(r) != goOn
}

func (r *Rule) tracks() bool {
	for _, m := range r.matches {
		switch m.(type) {
		case *stateMatch, *conntrackMatch:
			return true
		}
	}
	return false
}

// chain runs a built-in chain and its policy, and reports whether the packet
// goes on; p.verdict says why not.
func (r *Rules) chain(c *code, p *packet) bool {
	if c == nil {
		return true
	}
	switch r.walk(c, p, 0) {
	case accept:
		return true
	case drop:
		return false
	case back:
		if p.nf.Traced {
			r.trace(c, len(c.ops), p)
		}
	}
	c.counter.packets++
	c.counter.bytes += uint64(p.length)
	if c.policy == drop {
		p.verdict = Verdict{Action: Drop, Rule: &trail.Rule{Table: c.table, Chain: c.name, Text: "policy DROP"}}
		return false
	}
	return true
}

// maxDepth bounds jumps; validate has refused loops, so only depth is left.
const maxDepth = 1024

const (
	// maxSteps bounds the rules that one packet is held against at one hook. A
	// chain that jumps twice to the next of forty is 2^40 of them, which keeps a
	// Linux kernel's CPU busy for hours; here such a packet is dropped. Ten
	// thousand rules in a row stay far below.
	maxSteps = 1 << 20
	// workRules are as much work as an event of the loop.
	workRules = 64
	// logSteps is what a line in the kernel's log counts.
	logSteps = 256
)

// tooMany is where a packet ends that has met maxSteps rules.
const tooMany = "after 1048576 rules at one hook"

// walk runs the rules of a chain. It returns back or goOn at the end.
func (r *Rules) walk(c *code, p *packet, depth int) verdict {
	if depth > maxDepth {
		p.verdict = Verdict{Action: Drop, Rule: &trail.Rule{Table: c.table, Chain: c.name, Text: "(jumps too deep)"}}
		return drop
	}
	for i := range c.ops {
		o := &c.ops[i]
		if p.steps++; p.steps > maxSteps {
			if p.verdict.Action == Accept {
				p.verdict = Verdict{Action: Drop, Rule: &trail.Rule{Table: c.table, Chain: c.name, Text: tooMany}}
			}
			return drop
		}
		if !o.rule.test(p) {
			continue
		}
		o.rule.counter.packets++
		o.rule.counter.bytes += uint64(p.length)
		if p.nf.Traced {
			r.trace(c, i, p)
		}
		v := o.then
		switch {
		case o.next != nil:
			v = r.walk(o.next, p, depth+1)
			if o.rule.isGoto && v != accept && v != drop {
				return back
			}
			if v == back {
				v = goOn
			}
		case v == drop:
			p.verdict = c.verdict(o, Drop, RejectNone)
		case o.rule.target != nil:
			v = r.act(c, o, p)
		}
		if v != goOn {
			return v
		}
	}
	if p.nf.Traced {
		r.trace(c, len(c.ops), p)
	}
	return goOn
}

func (c *code) verdict(o *op, a Action, with RejectKind) Verdict {
	return Verdict{Action: a, Rule: c.ruleOf(o), RejectWith: with}
}

// ruleOf is a rule of the chain as the trail names it.
func (c *code) ruleOf(o *op) *trail.Rule {
	r := &trail.Rule{Table: c.table, Chain: c.name, Text: o.rule.String()}
	for i := range c.ops {
		if &c.ops[i] == o {
			r.Number = i + 1
		}
	}
	return r
}

// act carries out an extension target.
func (r *Rules) act(c *code, o *op, p *packet) verdict {
	switch t := o.rule.target.(type) {
	case *rejectTarget:
		p.verdict = c.verdict(o, Reject, t.with)
		return drop
	case *logTarget:
		p.steps += logSteps
		if r.opts.OnLog != nil {
			r.opts.OnLog(LogEntry{Prefix: t.prefix, Level: t.level, Line: t.line(p)})
		}
	case traceTarget:
		p.nf.Traced = true
	case *natTarget:
		p.nat, p.natBy = t, natRule{c: c, o: o}
		return accept
	case *markTarget:
		p.nf.Mark = p.nf.Mark&^t.mask ^ t.value
	case *tcpmssTarget:
		t.apply(p)
	}
	return goOn
}

// LogEntry is one line that LOG would write to the kernel's log.
type LogEntry struct {
	Prefix string
	Level  int // as syslog's: 4 is warning
	// Line is the kernel's text without its time stamp: prefix, IN=, OUT=, ….
	Line string
}

// apply lowers the MSS option of a SYN.
func (t *tcpmssTarget) apply(p *packet) {
	if p.proto != 6 || !p.hasPorts || p.tcpFlags&2 == 0 {
		return
	}
	mss := t.mss
	if t.clamp {
		mss = t.pathMSS(p)
	}
	h := p.transport
	at := mssOption(h)
	if mss <= 0 || at < 0 || int(h[at])<<8|int(h[at+1]) <= mss {
		return
	}
	// Checksums are over aligned pairs of bytes; the option may not be.
	lo := at &^ 1
	hi := min(lo+4, len(h)&^1)
	var old [4]byte
	copy(old[:], h[lo:hi])
	h[at], h[at+1] = byte(mss>>8), byte(mss)
	if !p.nf.ChecksumPartial {
		mend(h[16:18], old[:hi-lo], h[lo:hi])
	}
}

func (t *tcpmssTarget) pathMSS(p *packet) int {
	if p.rules.opts.MTU == nil {
		return 0
	}
	overhead := 40
	if p.v6 {
		overhead = 60
	}
	mtu := p.rules.opts.MTU(p.out)
	if p.in != "" {
		if in := p.rules.opts.MTU(p.in); in > 0 && in < mtu {
			mtu = in
		}
	}
	return mtu - overhead
}

// mssOption is the place of the value of the MSS option, -1 without one.
func mssOption(h []byte) int {
	for i := 20; i+1 < len(h); {
		switch {
		case h[i] == 0:
			return -1
		case h[i] == 1:
			i++
		case h[i] == 2 && h[i+1] == 4 && i+4 <= len(h):
			return i + 2
		case h[i+1] < 2:
			return -1
		default:
			i += int(h[i+1])
		}
	}
	return -1
}
