package netconf

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
)

// rule is `ip rule`.
func (t *ipTool) rule(w *words) error {
	if !w.more() {
		return t.ruleShow(w)
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "list", "lst", "show"):
		return t.ruleShow(w)
	case abbreviates(cmd, "add"):
		if !w.more() {
			return exitWith(1, `"ip rule add" requires arguments.`)
		}
		return t.ruleAdd(w)
	case abbreviates(cmd, "delete"):
		if !w.more() {
			return exitWith(1, `"ip rule del" requires arguments.`)
		}
		return t.ruleDelete(w)
	case abbreviates(cmd, "flush"):
		return t.ruleFlush(w)
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-rule")
	default:
		return unknownCommand("ip", "rule", cmd)
	}
}

// ruleFilter says which rules a listing shows. What is given must be in a rule
// and agree; from and to take the rules whose address lies in them.
type ruleFilter struct {
	stack.Rule
	priority bool // Rule has the one to show
}

func (f ruleFilter) takes(r stack.Rule) bool {
	within := func(want, have netip.Prefix) bool {
		return !want.IsValid() || want.Bits() == 0 || have.IsValid() && want.Contains(have.Addr())
	}
	like := f.Rule
	like.From, like.To, like.Mark, like.MarkMask = netip.Prefix{}, netip.Prefix{}, 0, 0
	return like.Like(r) && within(f.From, r.From) && within(f.To, r.To) && (f.Mark^r.Mark)&f.MarkMask == 0 &&
		(!f.priority || f.Priority == r.Priority) && (!f.Not || r.Not)
}

func (t *ipTool) readRuleFilter(w *words) (f ruleFilter, err error) {
	f.V6 = t.family == 6
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case abbreviates(arg, "preference", "order", "priority"):
			f.priority = true
			f.Priority, err = w.number32("preference value is invalid\n")
		case arg == "not":
			f.Not = true
		case arg == "tos", abbreviates(arg, "dsfield"):
			f.TOS, err = w.tos()
		case arg == "fwmark":
			f.Mark, f.MarkMask, err = w.mark()
		case arg == "dev", arg == "iif":
			f.In, err = w.ifName(`"iif"/"dev" not a valid ifname`)
		case arg == "oif":
			f.Out, err = w.ifName(`"oif" not a valid ifname`)
		case arg == "lookup", abbreviates(arg, "table"):
			f.Table, err = t.ruleTable(w, "table id value is invalid\n")
		case arg == "from":
			f.From, err = t.rulePrefix(w, "inet")
		case abbreviates(arg, "protocol"), arg == "ipproto", arg == "sport", arg == "dport", arg == "tun_id", arg == "uidrange":
			_, err = w.value() // only a flush looks at it
		default:
			if arg != "to" && !abbreviates(arg, "dst") {
				w.at--
			}
			f.To, err = t.rulePrefix(w, "inet")
		}
	}
	return f, err
}

func (t *ipTool) ruleShow(w *words) error {
	f, err := t.readRuleFilter(w)
	if err != nil {
		return err
	}
	var list []jmap
	for _, r := range t.ns.Rules(f.V6) {
		if !f.takes(r) {
			continue
		}
		if t.json {
			list = append(list, t.ruleJSON(r))
			continue
		}
		t.out.WriteString(t.ruleLine(r) + "\n")
	}
	if t.json {
		t.out.WriteString(encodeJSON(list, t.pretty))
	}
	return nil
}

// ruleFlush removes every rule that the kernel reports with a priority, which
// is all but those of priority 0: the start rules for main and default too.
func (t *ipTool) ruleFlush(w *words) error {
	f, err := t.readRuleFilter(w)
	for err == nil {
		err = t.ns.DelRule(f.V6, func(r stack.Rule) bool { return r.Priority != 0 && f.takes(r) })
	}
	if err == stack.ErrNoEntry {
		return nil
	}
	return err
}

// ruleLine is a rule as `ip rule` prints it (print_rule).
func (t *ipTool) ruleLine(r stack.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:\t", r.Priority)
	if r.Not {
		b.WriteString("not ")
	}
	b.WriteString("from " + ruleAddress(r.From))
	if r.To.IsValid() {
		b.WriteString(" to " + ruleAddress(r.To))
	}
	if r.TOS != 0 {
		fmt.Fprintf(&b, " tos 0x%02x", r.TOS)
	}
	b.WriteString(ruleMark(r))
	for _, x := range []struct{ word, dev string }{{"iif", r.In}, {"oif", r.Out}} {
		if x.dev != "" {
			b.WriteString(" " + x.word + " " + x.dev)
			if t.ns.Interface(x.dev) == nil {
				b.WriteString(" [detached]")
			}
		}
	}
	if r.Table != 0 {
		b.WriteString(" lookup " + t.tableShown(r.Table))
		if r.MinBits > 0 {
			fmt.Fprintf(&b, " suppress_prefixlength %d", r.MinBits-1)
		}
	}
	if r.Action != stack.RuleLookup {
		b.WriteString(" " + r.Action.String())
	}
	if t.details > 0 || r.Proto != 0 && r.Proto != stack.ProtoKernel {
		b.WriteString(" proto " + ruleProto(r))
	}
	return b.String()
}

func ruleAddress(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return "all"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

func ruleMark(r stack.Rule) string {
	switch {
	case r.Mark == 0 && r.MarkMask == 0:
		return ""
	case r.MarkMask == ^uint32(0):
		return " fwmark " + hex(r.Mark)
	}
	return " fwmark " + hex(r.Mark) + "/" + hex(r.MarkMask)
}

// hex is printf's %#x: zero has no prefix.
func hex(n uint32) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", n)
}

func ruleProto(r stack.Rule) string {
	if r.Proto == 0 {
		return "unspec"
	}
	return r.Proto.String()
}

func (t *ipTool) ruleJSON(r stack.Rule) jmap {
	m := jmap{{"priority", r.Priority}}
	null := rawJSON("null")
	if r.Not {
		m = append(m, jfield{"not", null})
	}
	address := func(key string, p netip.Prefix) {
		m = append(m, jfield{key, p.Addr().String()})
		if !p.IsSingleIP() {
			m = append(m, jfield{key + "len", p.Bits()})
		}
	}
	if r.From.IsValid() {
		address("src", r.From)
	} else {
		m = append(m, jfield{"src", "all"})
	}
	if r.To.IsValid() {
		address("dst", r.To)
	}
	if r.TOS != 0 {
		m = append(m, jfield{"tos", fmt.Sprintf("0x%02x", r.TOS)})
	}
	if r.Mark != 0 || r.MarkMask != 0 {
		m = append(m, jfield{"fwmark", hex(r.Mark)})
		if r.MarkMask != ^uint32(0) {
			m = append(m, jfield{"fwmask", hex(r.MarkMask)})
		}
	}
	for _, x := range []struct{ word, dev string }{{"iif", r.In}, {"oif", r.Out}} {
		if x.dev != "" {
			m = append(m, jfield{x.word, x.dev})
			if t.ns.Interface(x.dev) == nil {
				m = append(m, jfield{x.word + "_detached", null})
			}
		}
	}
	if r.Table != 0 {
		m = append(m, jfield{"table", t.tableShown(r.Table)})
		if r.MinBits > 0 {
			m = append(m, jfield{"suppress_prefixlen", r.MinBits - 1})
		}
	}
	if r.Action != stack.RuleLookup {
		m = append(m, jfield{"action", r.Action.String()})
	}
	if t.details > 0 || r.Proto != 0 && r.Proto != stack.ProtoKernel {
		m = append(m, jfield{"protocol", ruleProto(r)})
	}
	return m
}

// xfrm is `ip xfrm state` and `ip xfrm policy`, which list only.
func xfrm(t *ipTool, w *words) error {
	what := w.next()
	if w.more() {
		if cmd := w.next(); !abbreviates(cmd, "list", "show", "lst") || w.more() {
			return notSimulated("ip xfrm %s %s", what, cmd)
		}
	}
	switch {
	case abbreviates(what, "state"):
		for _, s := range t.ns.XFRM().States() {
			fmt.Fprintf(&t.out, "src %s dst %s\n\tproto esp spi 0x%08x reqid %d mode transport\n\treplay-window 0 \n", s.Src, s.Dst, s.SPI, s.ReqID)
			fmt.Fprintf(&t.out, "\taead rfc4106(gcm(aes)) 0x%x 64\n", s.Key)
			fmt.Fprintf(&t.out, "\tanti-replay context: seq 0x0, oseq 0x%x, bitmap 0x00000000\n\tsel src 0.0.0.0/0 dst 0.0.0.0/0 \n", s.Sent())
		}
	case abbreviates(what, "policy"):
		for _, p := range t.ns.XFRM().Policies() {
			fmt.Fprintf(&t.out, "src %s/32 dst %s/32 proto udp dport %d \n\tdir out priority 0 ptype main \n", p.Src, p.Dst, p.DstPort)
			fmt.Fprintf(&t.out, "\tmark 0x%x/0xffffffff \n\ttmpl src %s dst %s\n\t\tproto esp spi 0x%08x reqid %d mode transport\n", p.Mark, p.Src, p.Dst, p.SPI, p.ReqID)
		}
	default:
		return notSimulated("ip xfrm %s", what)
	}
	return nil
}
