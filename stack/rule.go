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
	Table  string     // as in [Route]; for other actions it may be empty and means nothing
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

// rule is a Rule on its list.
type rule struct {
	Rule
	table uint32 // 0 if there is none
}

// startRules are the rules of a new namespace, by family
// (fib_default_rules_init). IPv6 has no default table. They are shared: who
// changes a list copies it.
var startRules = [2][]*rule{
	{
		{Rule{Priority: 0, Table: "local", Proto: ProtoKernel}, localTable},
		{Rule{Priority: 32766, Table: "main", Proto: ProtoKernel}, mainTable},
		{Rule{Priority: 32767, Table: "default", Proto: ProtoKernel}, defaultTable},
	}, {
		{Rule{V6: true, Priority: 0, Table: "local", Proto: ProtoKernel}, localTable},
		{Rule{V6: true, Priority: 32766, Table: "main", Proto: ProtoKernel}, mainTable},
	},
}

func (rt *routing) family(v6 bool) *family {
	if v6 {
		return &rt.fib.families[1]
	}
	return &rt.fib.families[0]
}

// list is the rules as they are now.
func (f *family) list(v6 bool) []*rule {
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
		out = append(out, r.Rule)
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
	x := &rule{Rule: r}
	if err := x.complete(); err != nil {
		return err
	}
	f := ns.routes.family(r.V6)
	list := f.list(r.V6)
	at := 0
	for k, o := range list {
		if o.Priority == r.Priority && x.Like(o.Rule) && o.like(x) {
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
func (r *rule) complete() error {
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
		r.Action = RuleLookup
	case RuleUnreachable, RuleProhibit, RuleBlackhole:
		if r.Table == "" {
			return nil
		}
	default:
		return ErrInvalid
	}
	id, ok := tableID(r.Table)
	if !ok {
		return ErrInvalid
	}
	r.table, r.Table = id, tableName(id)
	return nil
}

// like reports whether two rules differ in nothing that makes them two, their
// selectors' addresses apart (rule_exists).
func (r *rule) like(o *rule) bool {
	return r.Action == o.Action && r.table == o.table && r.In == o.In && r.Out == o.Out &&
		r.Mark == o.Mark && r.MarkMask == o.MarkMask && r.MinBits == o.MinBits && r.Proto == o.Proto
}

// Like reports whether o agrees with everything that r states; what r leaves
// at its zero value may be anything in o, and so may the priority and Not. It
// is how the kernel finds the rule to delete (rule_find).
func (r Rule) Like(o Rule) bool {
	switch {
	case r.V6 != o.V6, r.Action > RuleUnicast && r.Action != o.Action:
	case r.Action == RuleUnicast && o.Action > RuleUnicast:
	case r.Table != "" && !sameTable(r.Table, o.Table):
	case r.From.IsValid() && r.From != o.From, r.To.IsValid() && r.To != o.To:
	case r.TOS != 0 && r.TOS != o.TOS, r.Mark != 0 && r.Mark != o.Mark, r.MarkMask != 0 && r.MarkMask != o.MarkMask:
	case r.In != "" && r.In != o.In, r.Out != "" && r.Out != o.Out:
	case r.MinBits != 0 && r.MinBits != o.MinBits, r.Proto != 0 && r.Proto != o.Proto:
	default:
		return true
	}
	return false
}

// sameTable reports whether two names mean one table.
func sameTable(a, b string) bool {
	x, ok := tableID(a)
	y, ok2 := tableID(b)
	return ok && ok2 && x == y && b != ""
}

// DelRule removes the first rule of a family that pick takes. It returns
// ErrNoEntry if there is none.
func (ns *Namespace) DelRule(v6 bool, pick func(Rule) bool) error {
	f := ns.routes.family(v6)
	list := f.list(v6)
	at := slices.IndexFunc(list, func(r *rule) bool { return pick(r.Rule) })
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
func (r *rule) takes(f *flow) bool { return r.selects(f) != r.Not }

func (r *rule) selects(f *flow) bool {
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
