package netconf

import (
	"fmt"
	"strconv"
	"strings"

	"dnetsim/stack"
)

// link is `ip link`.
func (t *ipTool) link(w *words) error {
	if !w.more() {
		return t.linkShow(w)
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "add"):
		return t.linkAdd(w)
	case abbreviates(cmd, "set", "change"):
		return t.linkSet(w)
	case abbreviates(cmd, "replace"):
		return t.linkAdd(w)
	case abbreviates(cmd, "delete"):
		return t.linkDelete(w)
	case abbreviates(cmd, "show", "lst", "list"):
		return t.linkShow(w)
	case abbreviates(cmd, "xstats", "afstats", "property"):
		return nil
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-link")
	default:
		return unknownCommand("ip", "link", cmd)
	}
}

// linkFilter says which interfaces and addresses a listing shows.
type linkFilter struct {
	dev      string
	up       bool
	kind     string
	master   string
	noMaster bool
	to       string
	scope    string
	label    string
	flags    []flagFilter
	byAddr   bool // an address must match for the interface to be shown
}

// flagFilter is a flag that an address must have, or not.
type flagFilter struct {
	name string
	on   bool
}

// addFlag adds a word such as "tentative" or "-tentative" and reports whether it
// is one. "permanent" and "primary" are others' opposites.
func (f *linkFilter) addFlag(word string) bool {
	name, off := strings.CutPrefix(word, "-")
	switch name {
	case "permanent":
		name, off = "dynamic", !off
	case "primary":
		name, off = "secondary", !off
	case "temporary":
		name = "secondary"
	case "dynamic", "secondary", "nodad", "tentative", "deprecated", "dadfailed":
	default:
		return false
	}
	f.flags = append(f.flags, flagFilter{name, !off})
	return true
}

// readLinkFilter reads the selectors of `ip link show` and `ip addr show`.
func (t *ipTool) readLinkFilter(w *words) (f linkFilter, err error) {
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case arg == "to":
			f.to, err = w.value()
			f.byAddr = true
		case arg == "scope":
			f.scope, err = w.value()
		case arg == "up":
			f.up = true
		case arg == "label":
			f.label, err = w.value()
			f.byAddr = true
		case arg == "group", arg == "vrf":
			_, err = w.value()
		case arg == "master":
			var name string
			if name, err = w.value(); err == nil && t.ns.Interface(name) == nil {
				err = wrongArgument(name, "Device does not exist\n")
			}
			f.master = name
		case arg == "nomaster":
			f.noMaster = true
		case arg == "type":
			f.kind, err = w.value()
		case f.addFlag(arg):
		case arg == "help":
			err = exitUsage(255, "ip-address")
		default:
			if arg == "dev" {
				if arg, err = w.value(); err != nil {
					break
				}
			}
			if f.dev != "" {
				err = garbage("dev", arg)
			}
			f.dev = arg
		}
	}
	if err == nil && f.dev != "" && t.ns.Interface(f.dev) == nil {
		err = exitWith(1, `Device "%s" does not exist.`, f.dev)
	}
	return f, err
}

// links are the interfaces that a filter lets through.
func (t *ipTool) links(f linkFilter) []linkFacts {
	var out []linkFacts
	for _, i := range t.ns.Interfaces() {
		switch {
		case f.dev != "" && i.Name() != f.dev, f.up && !i.Up():
			continue
		case f.noMaster && i.Master() != nil:
			continue
		case f.master != "" && (i.Master() == nil || i.Master().Name() != f.master):
			continue
		case f.kind != "" && !hasKind(i, f.kind):
			continue
		}
		out = append(out, factsOf(i))
	}
	return out
}

// hasKind compares with a word of `type`: a kind, or the kind of its master
// with "_slave".
func hasKind(i *stack.Interface, kind string) bool {
	if of, ok := strings.CutSuffix(kind, "_slave"); ok {
		return i.Master() != nil && i.Master().Kind().String() == of
	}
	return i.Kind().String() == kind && i.Kind() != stack.KindLoopback && i.Kind() != stack.KindPhysical
}

func (t *ipTool) linkShow(w *words) error {
	f, err := t.readLinkFilter(w)
	if err != nil {
		return err
	}
	var list []jmap
	for _, l := range t.links(f) {
		switch {
		case t.json && t.brief:
			list = append(list, t.briefLinkJSON(l))
		case t.json:
			list = append(list, t.linkJSON(l, true))
		case t.brief:
			t.out.WriteString(briefHead(l) + l.MAC().String() + " " + l.flagList() + " \n")
		default:
			t.out.WriteString(t.linkHead(l, true) + t.sl() + t.linkAddress(l, true))
			if t.stats > 0 {
				t.out.WriteString(t.sl() + t.linkStats(l))
			}
			t.out.WriteString("\n")
		}
	}
	if t.json {
		t.out.WriteString(encodeJSON(list, t.pretty))
	}
	return nil
}

// briefHead is the name and state columns of -br.
func briefHead(l linkFacts) string {
	return fmt.Sprintf("%-16s %-14s ", l.displayName(), l.OperState())
}

// linkHead is the first line of an interface without its end. `ip link` shows
// the mode, `ip addr` does not, and `ip -6` gets fewer attributes from the
// kernel.
func (t *ipTool) linkHead(l linkFacts, mode bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %s: %s mtu %d ", l.Index(), l.displayName(), l.flagList(), l.MTU())
	if t.family != 6 {
		fmt.Fprintf(&b, "qdisc %s ", l.qdisc())
	}
	if m := l.Master(); m != nil {
		fmt.Fprintf(&b, "master %s ", m.Name())
	}
	fmt.Fprintf(&b, "state %s ", l.OperState())
	if mode {
		b.WriteString("mode DEFAULT ")
	}
	if t.family != 6 {
		b.WriteString("group default ")
	}
	if n := l.TxQueueLen(); n > 0 {
		fmt.Fprintf(&b, "qlen %d", n)
	}
	return b.String()
}

// linkAddress is the second line, and with -d those that follow.
func (t *ipTool) linkAddress(l linkFacts, mode bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "    link/%s %s brd %s", l.linkType(), l.MAC(), l.broadcastMAC())
	if l.foreign {
		if name := netnsName(t.p, l.PeerNamespace()); name != "" {
			fmt.Fprintf(&b, " link-netns %s", name)
		} else {
			fmt.Fprintf(&b, " link-netnsid %d", l.nsid)
		}
	}
	if t.details > 0 {
		b.WriteString(" " + t.linkDetails(l, mode))
	}
	return b.String()
}

// linkStats is the counters of -s, or -s -s.
func (t *ipTool) linkStats(l linkFacts) string {
	c := l.Counters()
	sl := t.sl()
	rows := []statRow{
		{"RX:", []string{"bytes", "packets", "errors", "dropped", "missed", "mcast"},
			[]uint64{c.RxBytes, c.RxPackets, c.RxErrors, c.RxDropped, 0, c.Multicast}, true},
		{"RX errors:", []string{"", "length", "crc", "frame", "fifo", "overrun"}, make([]uint64, 6), false},
		{"TX:", []string{"bytes", "packets", "errors", "dropped", "carrier", "collsns"},
			[]uint64{c.TxBytes, c.TxPackets, c.TxErrors, c.TxDropped, c.TxCarrier, c.Collisions}, true},
		{"TX errors:", []string{"", "aborted", "fifo", "window", "heartbt", "transns"}, make([]uint64, 6), false},
	}
	widths := []int{10, 7, 6, 7, 7, 7}
	for _, r := range rows {
		for n, v := range r.values {
			widths[n] = max(widths[n], len(t.number(v)))
		}
	}
	var b strings.Builder
	for n, r := range rows {
		if !r.main && t.stats < 2 {
			continue
		}
		if n > 0 {
			b.WriteString(sl)
		}
		t.statRow(&b, r, widths, sl)
	}
	return b.String()
}

// statRow is a heading and its numbers; main rows are bytes and packets.
type statRow struct {
	title  string
	heads  []string
	values []uint64
	main   bool
}

func (t *ipTool) statRow(b *strings.Builder, r statRow, widths []int, sl string) {
	fmt.Fprintf(b, "    %s", r.title)
	for n, h := range r.heads {
		switch width := widths[n]; {
		case n == 0 && r.main:
			fmt.Fprintf(b, " %*s", width-len(r.title)-1, h)
		case n == 0:
			fmt.Fprintf(b, "%*s", width-len(r.title), "")
		default:
			fmt.Fprintf(b, " %*s", width, h)
		}
	}
	if r.main {
		fmt.Fprintf(b, " %10s", "")
	}
	b.WriteString(sl + "    ")
	for n, v := range r.values {
		if n == 0 && !r.main {
			fmt.Fprintf(b, "%*s ", widths[n], "")
			continue
		}
		fmt.Fprintf(b, "%*s ", widths[n], t.number(v))
	}
}

// number prints a counter, with -h in powers of a thousand.
func (t *ipTool) number(v uint64) string {
	if !t.human || v < 1000 {
		return strconv.FormatUint(v, 10)
	}
	f := float64(v)
	suffix := 0
	for f >= 1000 && suffix < 5 {
		f /= 1000
		suffix++
	}
	return strconv.FormatFloat(f, 'g', 3, 64) + "kMGTP"[suffix-1:suffix]
}

// linkJSON is an interface for -j.
func (t *ipTool) linkJSON(l linkFacts, mode bool) jmap {
	m := jmap{{"ifindex", l.Index()}}
	switch {
	case l.foreign:
		m = append(m, jfield{"link_index", l.parent})
	case l.parentTag != "":
		m = append(m, jfield{"link", l.parentTag})
	}
	m = append(m, jfield{"ifname", l.Name()}, jfield{"flags", l.flagNames()},
		jfield{"mtu", l.MTU()}, jfield{"qdisc", l.qdisc()})
	if up := l.Master(); up != nil {
		m = append(m, jfield{"master", up.Name()})
	}
	m = append(m, jfield{"operstate", l.OperState()})
	if mode {
		m = append(m, jfield{"linkmode", "DEFAULT"})
	}
	m = append(m, jfield{"group", "default"})
	if n := l.TxQueueLen(); n > 0 {
		m = append(m, jfield{"txqlen", n})
	}
	m = append(m, jfield{"link_type", l.linkType()}, jfield{"address", l.MAC().String()},
		jfield{"broadcast", l.broadcastMAC()})
	if l.foreign {
		m = append(m, jfield{"link_netnsid", l.nsid})
	}
	if t.stats > 0 {
		m = append(m, jfield{"stats64", statsJSON(l)})
	}
	return m
}

func statsJSON(l linkFacts) jmap {
	c := l.Counters()
	return jmap{
		{"rx", jmap{{"bytes", c.RxBytes}, {"packets", c.RxPackets}, {"errors", c.RxErrors},
			{"dropped", c.RxDropped}, {"over_errors", 0}, {"multicast", c.Multicast}}},
		{"tx", jmap{{"bytes", c.TxBytes}, {"packets", c.TxPackets}, {"errors", c.TxErrors},
			{"dropped", c.TxDropped}, {"carrier_errors", c.TxCarrier}, {"collisions", c.Collisions}}},
	}
}

func (t *ipTool) briefLinkJSON(l linkFacts) jmap {
	var m jmap
	switch {
	case l.foreign:
		m = append(m, jfield{"link_index", l.parent})
	case l.parentTag != "":
		m = append(m, jfield{"link", l.parentTag})
	}
	return append(m, jfield{"ifname", l.Name()}, jfield{"operstate", l.OperState()},
		jfield{"address", l.MAC().String()}, jfield{"flags", l.flagNames()})
}
