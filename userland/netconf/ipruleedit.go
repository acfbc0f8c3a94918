package netconf

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/stack"
)

// typedRule is a rule to add or to delete, as far as it was typed.
type typedRule struct {
	stack.Rule
	priority bool // one was given
	action   bool // a table or an action was given
}

// readRule reads the words of a rule to add or to delete (iprule_modify).
func (t *ipTool) readRule(w *words) (r typedRule, err error) {
	r.V6 = t.family == 6
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case arg == "not":
			r.Not = true
		case arg == "from":
			r.From, err = t.rulePrefix(w, "any valid")
		case arg == "to":
			r.To, err = t.rulePrefix(w, "any valid")
		case abbreviates(arg, "preference", "order", "priority"):
			r.priority = true
			r.Priority, err = w.number32("preference value is invalid\n")
		case arg == "tos", abbreviates(arg, "dsfield"):
			r.TOS, err = w.tos()
		case arg == "fwmark":
			r.Mark, r.MarkMask, err = w.mark()
		case abbreviates(arg, "protocol"):
			r.Proto, err = w.protocol()
		case arg == "lookup", abbreviates(arg, "table"):
			r.action = true
			r.Table, err = t.ruleTable(w, "invalid table ID\n")
		case abbreviates(arg, "suppress_prefixlength"), arg == "sup_pl":
			var n uint32
			n, err = w.number32("suppress_prefixlength value is invalid\n")
			r.MinBits = int(n) + 1
		case arg == "dev", arg == "iif":
			r.In, err = w.ifName(`"iif"/"dev" not a valid ifname`)
		case arg == "oif":
			r.Out, err = w.ifName(`"oif" not a valid ifname`)
		case abbreviates(arg, "help"):
			err = exitUsage(255, "ip-rule")
		default:
			r.action = true
			err = t.ruleAction(arg, &r, w)
		}
	}
	return r, err
}

// ruleAction reads what a rule does other than to ask a table. What the kernel
// can do and this stack cannot is refused as an old kernel would.
func (t *ipTool) ruleAction(arg string, r *typedRule, w *words) (err error) {
	switch {
	case arg == "l3mdev", arg == "uidrange", arg == "ipproto", arg == "sport", arg == "dport", arg == "nat",
		abbreviates(arg, "realms", "tun_id", "suppress_ifgroup", "map-to", "goto", "nop"):
		return rtnetlink(stack.ErrNotSupported)
	case arg == "type":
		if arg, err = w.value(); err != nil {
			return err
		}
	}
	for _, kind := range []string{"broadcast", "brd", "anycast", "multicast", "prohibit", "unreachable", "blackhole", "xresolve", "unicast", "throw"} {
		if !abbreviates(arg, kind) {
			continue
		}
		if kind == "unicast" {
			r.Action = stack.RuleUnicast
			return nil
		}
		if a, ok := stack.ParseRuleAction(kind); ok {
			r.Action = a
			return nil
		}
		return rtnetlink(stack.ErrNotSupported)
	}
	return wrongArgument(arg, "Failed to parse rule type")
}

// rulePrefix reads an address of a rule. expected is how iproute2 calls what it
// wants when no family was asked for.
func (t *ipTool) rulePrefix(w *words, expected string) (netip.Prefix, error) {
	text, err := w.value()
	if err != nil {
		return netip.Prefix{}, err
	}
	switch t.family {
	case 4:
		expected = "inet"
	case 6:
		expected = "inet6"
	}
	p, ok := t.prefixWord(text)
	if !ok || expected == "inet" && p.Addr().Is6() || expected == "inet6" && p.Addr().Is4() {
		return p, wrongPrefix(text, expected)
	}
	return p, nil
}

// ruleTable reads a table. Number 0, which lets the kernel choose one, is
// refused.
func (t *ipTool) ruleTable(w *words, wrong string) (stack.TableID, error) {
	name, err := w.value()
	if err != nil {
		return 0, err
	}
	id, ok := t.tableNames().number(name)
	switch {
	case !ok:
		return 0, wrongArgument(name, wrong)
	case id == 0:
		return 0, rtnetlink(stack.ErrNotSupported)
	}
	return id, nil
}

func (t *ipTool) ruleAdd(w *words) error {
	r, err := t.readRule(w)
	if err != nil {
		return err
	}
	switch {
	case r.From.IsValid() && r.From.Addr().Is6() != r.V6:
		return kernelSays("Invalid source address.")
	case r.To.IsValid() && r.To.Addr().Is6() != r.V6:
		return kernelSays("Invalid dst address.")
	case r.TOS&3 != 0:
		return kernelSays("Invalid dsfield (tos): ECN bits must be 0.")
	}
	if err := addRule(t.ns, r); err != nil {
		return rtnetlink(err)
	}
	return nil
}

// addRule adds a typed rule, completed as the programs and the kernel do.
func addRule(ns *stack.Namespace, r typedRule) error {
	if !r.action {
		r.Table = stack.TableMain
	}
	if !r.priority {
		r.Priority = ns.NextRulePriority(r.V6)
	}
	return ns.AddRule(r.Rule)
}

func (t *ipTool) ruleDelete(w *words) error {
	r, err := t.readRule(w)
	if err != nil {
		return err
	}
	if err := deleteRule(t.ns, r); err != nil {
		return rtnetlink(err)
	}
	return nil
}

// deleteRule removes the first rule that agrees with what was typed.
func deleteRule(ns *stack.Namespace, r typedRule) error {
	for _, p := range []*netip.Prefix{&r.From, &r.To} {
		if p.Bits() == 0 {
			*p = netip.Prefix{}
		}
	}
	return ns.DelRule(r.V6, func(o stack.Rule) bool {
		return (!r.priority || o.Priority == r.Priority) && r.Like(o)
	})
}

// number32 takes an unsigned number in any base; wrong is the complaint.
func (w *words) number32(wrong string) (uint32, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		return 0, wrongArgument(text, wrong)
	}
	return uint32(n), nil
}

// mark takes MARK or MARK/MASK. The kernel compares all bits of a mark that has
// no mask, and none of mark 0.
func (w *words) mark() (mark, mask uint32, err error) {
	text, err := w.value()
	if err != nil {
		return 0, 0, err
	}
	return splitMark(text, func(part, what string) error { return wrongArgument(part, what+" value is invalid\n") })
}

func splitMark(text string, wrong func(part, what string) error) (mark, mask uint32, err error) {
	head, tail, masked := strings.Cut(text, "/")
	n, err := strconv.ParseUint(head, 0, 32)
	if err != nil {
		return 0, 0, wrong(head, "fwmark")
	}
	if mark = uint32(n); mark != 0 {
		mask = ^uint32(0)
	}
	if masked {
		if n, err = strconv.ParseUint(tail, 0, 32); err != nil {
			return 0, 0, wrong(tail, "fwmask")
		}
		mask = uint32(n)
	}
	return mark, mask, nil
}

// tos takes a type of service: hexadecimal, with or without 0x.
func (w *words) tos() (uint8, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 8)
	if err != nil {
		return 0, wrongArgument(text, "TOS value is invalid\n")
	}
	return uint8(n), nil
}

// ifName takes the name of an interface that need not exist.
func (w *words) ifName(wrong string) (string, error) {
	text, err := w.value()
	if err == nil && (text == "" || len(text) > 15 || strings.ContainsAny(text, "/ \t")) {
		err = wrongArgument(text, wrong)
	}
	return text, err
}

// protocol takes who made a rule.
func (w *words) protocol() (stack.RouteProto, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	p, ok := stack.ParseRouteProto(text)
	if !ok {
		return 0, wrongArgument(text, "\"protocol\" value is invalid\n")
	}
	return p, nil
}
