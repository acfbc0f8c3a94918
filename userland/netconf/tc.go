package netconf

import (
	"fmt"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// tcProgram is iproute2's tc as far as it shows: every device has the noqueue
// discipline and takes no other.
func tcProgram(p *userland.Process) int {
	w := &words{list: p.Args[1:]}
	stats := 0
	for strings.HasPrefix(w.peek(), "-") {
		switch arg := w.next(); {
		case abbreviates(arg, "-statistics", "-stats"):
			stats++
		case abbreviates(arg, "-Version"):
			emit(p, "tc utility, "+iproute2Version+", libbpf 1.1.2\n")
			return 0
		case abbreviates(arg, "-netns"):
			w.next()
		}
	}
	if !w.more() {
		emit(p, usage("tc"))
		return 0
	}
	object := w.next()
	if !abbreviates(object, "qdisc") {
		if abbreviates(object, "class", "filter", "chain", "action") {
			return 0
		}
		return fail(p, 1, `Object "`+object+`" is unknown, try "tc help".`)
	}
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	only := ""
	for w.more() {
		if w.next() == "dev" {
			only = w.next()
			if p.NS().Interface(only) == nil {
				return fail(p, 1, `Cannot find device "`+only+`"`)
			}
		}
	}
	switch {
	case abbreviates(cmd, "show", "list", "lst"):
		emit(p, qdiscText(p, only, stats > 0))
		return 0
	case abbreviates(cmd, "delete"):
		return fail(p, 2, "Error: Cannot delete qdisc with handle of zero.")
	case abbreviates(cmd, "add", "change", "replace", "link"):
		return fail(p, 2, "Error: Specified qdisc kind is unknown.")
	}
	return fail(p, 1, `Command "`+cmd+`" is unknown, try "tc qdisc help".`)
}

func qdiscText(p *userland.Process, only string, stats bool) string {
	var b strings.Builder
	for _, i := range p.NS().Interfaces() {
		if only != "" && i.Name() != only || !i.Up() && i.Kind() != stack.KindLoopback {
			continue
		}
		dev := "dev " + i.Name() + " "
		if only != "" {
			dev = ""
		}
		fmt.Fprintf(&b, "qdisc noqueue 0: %sroot refcnt 2 \n", dev)
		if stats {
			b.WriteString(" Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) \n backlog 0b 0p requeues 0\n")
		}
	}
	return b.String()
}
