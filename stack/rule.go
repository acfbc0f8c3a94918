package stack

import (
	"net/netip"
	"slices"
)

// Rule is one entry of the list that chooses a routing table for a packet
// (ip-rule(8), the kernel's struct fib_rule). A selector with its zero value
// takes every packet.
type Rule struct {
	V6       bool   // which family's list it is on
	Priority uint32 // rules are asked in ascending order
	Not      bool   // for the packets that the selectors do not take

	From, To netip.Prefix // addresses; an unknown source is 0.0.0.0, or in IPv6 none
	TOS      uint8        // the type of service without the two bits of ECN
	Mark     uint32       // the packet's mark, where MarkMask has ones
	MarkMask uint32
	In, Out  string // interfaces by name, which need not exist; In is "lo" for packets made here

	Action RuleAction // what happens to the packet
	Table  TableID    // zero: main, or for other actions none
	// MinBits is the shortest prefix that a found route may have, 0 to 128:
	// suppress_prefixlength plus one.
	MinBits int
	Proto   RouteProto // who made it; zero: unspecified
}

// RuleAction is what a rule does with a packet.
type RuleAction uint8

// The actions of a rule.
const (
	RuleLookup      RuleAction = iota // ask Table, and the next rule if it has no route
	RuleUnicast                       // the same; who looks for a rule finds those that ask a table, and no others
	RuleUnreachable                   // the packet's way ends with ENETUNREACH
	RuleProhibit                      // with EACCES
	RuleBlackhole                     // with EINVAL
)

var ruleActions = [...]string{"lookup", "unicast", "unreachable", "prohibit", "blackhole"}

// String is the action's name in ip-rule(8).
func (a RuleAction) String() string { return ruleActions[a] }

// ParseRuleAction reads the name of an action other than to ask a table.
func ParseRuleAction(name string) (a RuleAction, ok bool) {
	k := slices.Index(ruleActions[:], name)
	if k < int(RuleUnreachable) {
		return 0, false
	}
	return RuleAction(k), true
}

// startRules are the rules of a new namespace, by family
// (fib_default_rules_init). IPv6 has no default table. They are shared: who
// changes a list copies it.
var startRules = [2][]*Rule{
	{
		{Priority: 0, Table: TableLocal, Proto: ProtoKernel},
		{Priority: 32766, Table: TableMain, Proto: ProtoKernel},
		{Priority: 32767, Table: TableDefault, Proto: ProtoKernel},
	}, {
		{V6: true, Priority: 0, Table: TableLocal, Proto: ProtoKernel},
		{V6: true, Priority: 32766, Table: TableMain, Proto: ProtoKernel},
	},
}

func (rt *routing) family(v6 bool) *family {
	if v6 {
		return &rt.fib.families[1]
	}
	return &rt.fib.families[0]
}

// list is the rules as they are now.
func (f *family) list(v6 bool) []*Rule {
	switch {
	case f.rules != nil:
		return f.rules
	case v6:
		return startRules[1]
	}
	return startRules[0]
}

// Rules returns the rules of a family in the order in which they are asked.
func (ns *Namespace) Rules(v6 bool) []Rule {
	var out []Rule
	for _, r := range ns.routes.family(v6).list(v6) {
		out = append(out, *r)
	}
	return out
}

// HasPolicy reports whether a family's rules were ever touched, or its local or
// default table written to: lookups walk the rules from then on.
func (ns *Namespace) HasPolicy(v6 bool) bool { return ns.routes.family(v6).policy }

// NextRulePriority is the priority that the kernel gives a rule that comes
// without one: one less than that of the second rule on the list, or 0
// (fib_default_rule_pref). Rules added one after the other are so asked in
// reverse order.
func (ns *Namespace) NextRulePriority(v6 bool) uint32 {
	if list := ns.routes.family(v6).list(v6); len(list) > 1 && list[1].Priority > 0 {
		return list[1].Priority - 1
	}
	return 0
}

// AddRule puts a rule behind those of the same and of lower priorities. It
// returns ErrExist if there is such a rule at that priority, ErrInvalid for
// addresses of the other family, an unknown action or a bad table.
func (ns *Namespace) AddRule(r Rule) error {
	x := &r
	if err := x.complete(); err != nil {
		return err
	}
	f := ns.routes.family(r.V6)
	list := f.list(r.V6)
	at := 0
	for k, o := range list {
		if o.Priority == r.Priority && x.Like(*o) && o.twin(x) {
			return ErrExist
		}
		if o.Priority <= r.Priority {
			at = k + 1
		}
	}
	f.rules, f.policy = slices.Insert(slices.Clone(list), at, x), true
	return nil
}

// complete checks a rule and brings it into the form that the list has.
func (r *Rule) complete() error {
	for _, p := range []*netip.Prefix{&r.From, &r.To} {
		switch {
		case p.IsValid() && p.Addr().Is6() != r.V6:
			return ErrInvalid
		case p.Bits() <= 0: // "all"
			*p = netip.Prefix{}
		}
	}
	switch r.Action {
	case RuleLookup, RuleUnicast:
		r.Action, r.Table = RuleLookup, r.Table.orMain()
	case RuleUnreachable, RuleProhibit, RuleBlackhole:
	default:
		return ErrInvalid
	}
	return nil
}

// twin reports whether two rules differ in nothing that makes them two, their
// selectors' addresses apart (rule_exists).
func (r *Rule) twin(o *Rule) bool {
	return r.Action == o.Action && r.Table == o.Table && r.In == o.In && r.Out == o.Out &&
		r.Mark == o.Mark && r.MarkMask == o.MarkMask && r.MinBits == o.MinBits && r.Proto == o.Proto
}

// Like reports whether o agrees with everything that r states; what r leaves
// at its zero value may be anything in o, and so may the priority and Not. It
// is how the kernel finds the rule to delete (rule_find).
func (r Rule) Like(o Rule) bool {
	switch {
	case r.V6 != o.V6, r.Action > RuleUnicast && r.Action != o.Action:
	case r.Action == RuleUnicast && o.Action > RuleUnicast:
	case r.Table != 0 && r.Table != o.Table:
	case r.From.IsValid() && r.From != o.From, r.To.IsValid() && r.To != o.To:
	case r.TOS != 0 && r.TOS != o.TOS, r.Mark != 0 && r.Mark != o.Mark, r.MarkMask != 0 && r.MarkMask != o.MarkMask:
	case r.In != "" && r.In != o.In, r.Out != "" && r.Out != o.Out:
	case r.MinBits != 0 && r.MinBits != o.MinBits, r.Proto != 0 && r.Proto != o.Proto:
	default:
		return true
	}
	return false
}

// DelRule removes the first rule of a family that pick takes. It returns
// ErrNoEntry if there is none.
func (ns *Namespace) DelRule(v6 bool, pick func(Rule) bool) error {
	f := ns.routes.family(v6)
	list := f.list(v6)
	at := slices.IndexFunc(list, func(r *Rule) bool { return pick(*r) })
	if at < 0 {
		return ErrNoEntry
	}
	f.rules, f.policy = slices.Delete(slices.Clone(list), at, at+1), true
	return nil
}

// ForgetPolicy brings back the rules of a new namespace and empties every table
// but main: what a restart of the machine does.
func (ns *Namespace) ForgetPolicy() {
	for k := range ns.routes.fib.families {
		f := &ns.routes.fib.families[k]
		f.more, f.rules, f.policy = nil, nil, false
	}
}

// takes reports whether the rule is for packets of a flow (fib_rule_match). The
// kernel keeps an interface's index and looks it up again whenever a name
// changes, which is to compare names.
func (r *Rule) takes(f *flow) bool { return r.selects(f) != r.Not }

func (r *Rule) selects(f *flow) bool {
	switch {
	case r.In != "" && (f.in == nil || f.in.name != r.In):
	case r.Out != "" && (f.out == nil || f.out.name != r.Out):
	case (r.Mark^f.mark)&r.MarkMask != 0:
	case r.From.IsValid() && !r.From.Contains(f.source()):
	case r.To.IsValid() && !r.To.Contains(f.dst):
	case r.TOS != 0 && r.TOS != f.tos:
	default:
		return true
	}
	return false
}
