package netconf

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/stack"
)

func (t *busyboxIPTool) rule(w *words) error {
	cmd := "list"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "list", "show"):
		if w.more() {
			return busyboxSays(255, "ignoring all arguments")
		}
		for _, r := range t.ns.Rules(t.family == 6) {
			t.out.WriteString(t.ruleLine(r) + "\n")
		}
		return nil
	case abbreviates(cmd, "add"):
		return t.ruleEdit(w, addRule)
	case abbreviates(cmd, "delete"):
		return t.ruleEdit(w, deleteRule)
	}
	return t.badWord(1, cmd)
}

func (t *busyboxIPTool) ruleEdit(w *words, edit func(*stack.Namespace, typedRule) error) error {
	r, err := t.readRule(w)
	if err != nil {
		return err
	}
	if r.Table == 0 { // busybox gives every rule one
		r.action = false
	}
	if err := edit(t.ns, r); err != nil {
		return t.answers(err)
	}
	return nil
}

// readRule reads the words that busybox knows: neither "not" nor "oif", and the
// actions only behind "type".
func (t *busyboxIPTool) readRule(w *words) (r typedRule, err error) {
	r.V6 = t.family == 6
	for w.more() && err == nil {
		arg := w.next()
		known := slices.Contains([]string{"from", "to", "tos", "dsfield", "fwmark", "table", "lookup", "dev", "iif", "type",
			"suppress_prefixlength"}, arg) || abbreviates(arg, "preference", "order", "priority")
		switch {
		case !known:
			return r, t.badWord(1, arg)
		case !w.more():
			return r, busyboxSays(1, `command line is not complete, try "help"`)
		}
		text := w.next()
		switch {
		case arg == "from":
			r.From, err = t.rulePrefix(text)
		case arg == "to":
			r.To, err = t.rulePrefix(text)
		case abbreviates(arg, "preference", "order", "priority"):
			r.priority = true
			r.Priority, err = busyboxNumber(text, "preference", 0)
		case arg == "tos", arg == "dsfield":
			var n uint32
			n, err = busyboxNumber(strings.TrimPrefix(text, "0x"), "TOS", 16)
			r.TOS = uint8(n) &^ 3
		case arg == "fwmark":
			r.Mark, r.MarkMask, err = splitMark(text, busyboxWrong)
		case arg == "table", arg == "lookup":
			r.action = true
			r.Table, err = t.table(text, "table ID")
		case arg == "suppress_prefixlength":
			var n uint32
			n, err = busyboxNumber(text, "suppress_prefixlength", 0)
			r.MinBits = int(n) + 1
		case arg == "dev", arg == "iif":
			r.In = text
		case arg == "type":
			if a, ok := stack.ParseRuleAction(text); ok {
				r.Action = a
			} else if text != "unicast" {
				err = t.badWord(1, text)
			}
		}
	}
	return r, err
}

func (t *busyboxIPTool) rulePrefix(text string) (netip.Prefix, error) {
	p, ok := t.inner().prefixWord(text)
	if !ok {
		head, _, _ := strings.Cut(text, "/")
		return p, busyboxSays(1, "an inet prefix is expected rather than \"%s\"", head)
	}
	return p, nil
}

// table reads the name or number of a table; what is busybox's word for it.
func (t *busyboxIPTool) table(text, what string) (stack.TableID, error) {
	id, ok := readTableNames(t.p).number(text)
	if !ok || id == 0 {
		return 0, busyboxWrong(text, what)
	}
	return id, nil
}

func busyboxWrong(text, what string) error {
	return busyboxSays(1, "invalid argument '%s' to '%s'", text, what)
}

func busyboxNumber(text, what string, base int) (uint32, error) {
	n, err := strconv.ParseUint(text, base, 32)
	if err != nil {
		return 0, busyboxWrong(text, what)
	}
	return uint32(n), nil
}

// ruleLine is a rule as busybox prints it: with a space at the end unless an
// action follows, and without "not", "oif" and who made it.
func (t *busyboxIPTool) ruleLine(r stack.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:\tfrom %s ", r.Priority, ruleAddress(r.From))
	if r.To.IsValid() {
		fmt.Fprintf(&b, "to %s ", ruleAddress(r.To))
	}
	if r.TOS != 0 {
		fmt.Fprintf(&b, "tos %d ", r.TOS)
	}
	if m := ruleMark(r); m != "" {
		b.WriteString(m[1:] + " ")
	}
	if r.In != "" {
		fmt.Fprintf(&b, "iif %s ", r.In)
	}
	table := "unspec"
	if r.Table != 0 {
		table = readTableNames(t.p).shown(r.Table)
	}
	b.WriteString("lookup " + table + " ")
	if r.MinBits > 0 {
		fmt.Fprintf(&b, "suppress_prefixlength %d ", r.MinBits-1)
	}
	if r.Action != stack.RuleLookup {
		b.WriteString(r.Action.String())
	}
	return b.String()
}
