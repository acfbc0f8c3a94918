package netconf

import (
	"strings"

	"dnetsim/stack"
)

// rule is `ip rule`. The stack has the three rules that the kernel starts with
// and takes no others.
func (t *ipTool) rule(w *words) error {
	if !w.more() {
		return t.ruleShow()
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "list", "lst", "show"):
		return t.ruleShow()
	case abbreviates(cmd, "add"), abbreviates(cmd, "delete"):
		if !w.more() {
			return exitWith(1, `"ip rule %s" requires arguments.`, strings.Fields("add del")[b2i(cmd[0] == 'd')])
		}
		if cmd[0] == 'd' {
			return rtnetlink(stack.ErrNoEntry)
		}
		return rtnetlink(stack.ErrNotSupported)
	case abbreviates(cmd, "flush"):
		return nil
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-rule")
	default:
		return unknownCommand("ip", "rule", cmd)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// startRules are the rules of a fresh namespace; IPv6 has no default table.
func startRules(six bool) []string {
	rules := []string{"0:\tfrom all lookup local", "32766:\tfrom all lookup main"}
	if !six {
		rules = append(rules, "32767:\tfrom all lookup default")
	}
	return rules
}

func (t *ipTool) ruleShow() error {
	for _, r := range startRules(t.family == 6) {
		t.out.WriteString(r + "\n")
	}
	return nil
}
