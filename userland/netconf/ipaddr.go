package netconf

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"dnetsim/link"
	"dnetsim/stack"
)

// address is `ip addr`.
func (t *ipTool) address(w *words) error {
	if !w.more() {
		return t.addrShow(w)
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "add"):
		return t.addrAdd(w, false)
	case abbreviates(cmd, "change", "chg", "replace"):
		return t.addrAdd(w, true)
	case abbreviates(cmd, "delete"):
		return t.addrDelete(w)
	case abbreviates(cmd, "show", "lst", "list"):
		return t.addrShow(w)
	case abbreviates(cmd, "flush"):
		return t.addrFlush(w)
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-address")
	default:
		return unknownCommand("ip", "address", cmd)
	}
}

// addresses are the addresses of an interface that a filter and the family let
// through, IPv4 before IPv6.
func (t *ipTool) addresses(i *stack.Interface, f linkFilter) []stack.Address {
	var out []stack.Address
	for _, six := range []bool{false, true} {
		for _, a := range i.Addrs() {
			if a.Prefix.Addr().Is6() == six && t.want(a.Prefix.Addr()) && f.takes(i, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// takes reports whether a filter lets an address through.
func (f linkFilter) takes(i *stack.Interface, a stack.Address) bool {
	switch {
	case f.scope != "" && f.scope != a.Scope.String() && f.scope != "all":
		return false
	case slices.ContainsFunc(f.flags, func(x flagFilter) bool { return slices.Contains(addressFlags(a), x.name) != x.on }):
		return false
	case f.to != "":
		p, _, ok := parsePrefix(f.to)
		if !ok || !p.Contains(a.Prefix.Addr()) {
			return false
		}
	}
	if f.label == "" {
		return true
	}
	match, _ := path.Match(f.label, labelOf(i, a))
	return match && a.Prefix.Addr().Is4()
}

// labelOf is the label of an IPv4 address.
func labelOf(i *stack.Interface, a stack.Address) string {
	if a.Label == "" {
		return i.Name()
	}
	return a.Label
}

func (t *ipTool) addrShow(w *words) error {
	f, err := t.readLinkFilter(w)
	if err != nil {
		return err
	}
	var list []jmap
	for _, l := range t.links(f) {
		addrs := t.addresses(l.Interface, f)
		if len(addrs) == 0 && (t.family == 4 || t.family == 6 || f.byAddr || f.scope != "") {
			continue
		}
		if t.json {
			list = append(list, t.addrJSON(l, addrs))
			continue
		}
		t.addrText(l, addrs, f)
	}
	if t.json {
		t.out.WriteString(encodeJSON(list, t.pretty))
	}
	return nil
}

func (t *ipTool) addrText(l linkFacts, addrs []stack.Address, f linkFilter) {
	switch {
	case t.brief:
		t.out.WriteString(briefHead(l))
		for _, a := range addrs {
			t.out.WriteString(a.Prefix.String() + " ")
		}
		t.out.WriteString("\n")
		return
	case t.oneline:
		for _, a := range addrs {
			fmt.Fprintf(&t.out, "%d: %s%s\n", l.Index(), l.Name(), t.addrLine(l, a))
		}
		return
	case f.label != "":
	default:
		t.out.WriteString(t.linkHead(l, false) + "\n")
		if t.family != 4 && t.family != 6 && f.to == "" {
			t.out.WriteString(t.linkAddress(l, false) + "\n")
		}
	}
	for _, a := range addrs {
		t.out.WriteString(t.addrLine(l, a) + "\n")
	}
	if t.stats > 0 {
		t.out.WriteString(t.linkStats(l) + "\n")
	}
}

// addrLine is an address with its lifetime, without the last newline.
func (t *ipTool) addrLine(l linkFacts, a stack.Address) string {
	const lifetime = "       valid_lft forever preferred_lft forever"
	if a.Prefix.Addr().Is6() {
		return fmt.Sprintf("    inet6 %s scope %s %s%s%s", a.Prefix, a.Scope, t.addrFlags(a), t.sl(), lifetime)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "    inet %s ", a.Prefix)
	if a.Broadcast.IsValid() {
		fmt.Fprintf(&b, "brd %s ", a.Broadcast)
	}
	fmt.Fprintf(&b, "scope %s ", a.Scope)
	if a.Secondary {
		b.WriteString("secondary ")
	}
	return b.String() + labelOf(l.Interface, a) + t.sl() + lifetime
}

// addressFlags are the flags of an address in iproute2's words.
func addressFlags(a stack.Address) (out []string) {
	for _, f := range [...]struct {
		on   bool
		name string
	}{{a.Secondary, "secondary"}, {a.NoDAD, "nodad"}, {a.DADFailed, "dadfailed"}, {a.Tentative, "tentative"}} {
		if f.on {
			out = append(out, f.name)
		}
	}
	return out
}

// flagsText are the flags as iproute2 prints them.
func flagsText(a stack.Address) (text string) {
	for _, f := range addressFlags(a) {
		text += f + " "
	}
	return text
}

func (t *ipTool) addrJSON(l linkFacts, addrs []stack.Address) jmap {
	infos := []jmap{}
	for _, a := range addrs {
		if t.brief {
			infos = append(infos, jmap{{"local", a.Prefix.Addr().String()}, {"prefixlen", a.Prefix.Bits()}})
			continue
		}
		family := "inet"
		if a.Prefix.Addr().Is6() {
			family = "inet6"
		}
		m := jmap{{"family", family}, {"local", a.Prefix.Addr().String()}, {"prefixlen", a.Prefix.Bits()}}
		if a.Broadcast.IsValid() {
			m = append(m, jfield{"broadcast", a.Broadcast.String()})
		}
		m = append(m, jfield{"scope", a.Scope.String()})
		for _, f := range addressFlags(a) {
			m = append(m, jfield{f, true})
		}
		if family == "inet" {
			m = append(m, jfield{"label", labelOf(l.Interface, a)})
		}
		infos = append(infos, append(m, jfield{"valid_life_time", uint32(4294967295)},
			jfield{"preferred_life_time", uint32(4294967295)}))
	}
	m := t.linkJSON(l, false)
	if t.brief {
		m = jmap{{"ifname", l.Name()}, {"operstate", l.OperState()}}
	}
	return append(m, jfield{"addr_info", infos})
}

// addrChange is what `ip addr add` and `del` name.
type addrChange struct {
	prefix netip.Prefix
	bare   bool
	dev    *stack.Interface
	opts   stack.AddrOptions
}

func (t *ipTool) readAddrChange(w *words) (c addrChange, err error) {
	family := "any valid"
	switch t.family {
	case 4:
		family = "inet"
	case 6:
		family = "inet6"
	}
	for w.more() && err == nil {
		arg := w.next()
		switch arg {
		case "valid_lft", "preferred_lft":
			err = w.only(arg, "forever")
		case "peer", "remote", "anycast", "metric", "priority", "preference", "proto":
			err = notSimulated("%q of an address", arg)
		case "broadcast", "brd":
			var text string
			if text, err = w.value(); err != nil {
				break
			}
			c.opts.AutoBroadcast = text == "+"
			if text != "+" && text != "-" {
				if c.opts.Broadcast, err = netip.ParseAddr(text); err != nil {
					err = exitWith(1, `Error: inet address is expected rather than "%s".`, text)
				}
			}
		case "scope":
			c.opts.Scope, err = w.addrScope()
		case "dev":
			c.dev, err = w.device(t.ns)
		case "label":
			c.opts.Label, err = w.value()
		case "noprefixroute":
			c.opts.NoPrefixRoute = true
		case "nodad":
			c.opts.NoDAD = true
		case "home", "mngtmpaddr", "autojoin", "optimistic":
			err = notSimulated("%q of an address", arg)
		case "help":
			err = exitUsage(255, "ip-address")
		default:
			if arg == "local" {
				if arg, err = w.value(); err != nil {
					break
				}
			}
			if c.prefix.IsValid() {
				err = garbage("local", arg)
				break
			}
			var ok bool
			c.prefix, c.bare, ok = parsePrefix(arg)
			if !ok || t.family != 0 && !t.want(c.prefix.Addr()) {
				err = wrongPrefix(arg, family)
			}
		}
	}
	switch {
	case err != nil:
	case c.dev == nil:
		err = exitWith(1, `Not enough information: "dev" argument is required.`)
	case c.opts.Label != "" && !strings.HasPrefix(c.opts.Label, c.dev.Name()):
		err = exitWith(1, `"dev" (%s) must match "label" (%s).`, c.dev.Name(), c.opts.Label)
	}
	return c, err
}

func (t *ipTool) addrAdd(w *words, replace bool) error {
	c, err := t.readAddrChange(w)
	if err != nil {
		return err
	}
	if !c.prefix.IsValid() {
		return rtnetlink(stack.ErrInvalid)
	}
	err = c.dev.AddAddr(c.prefix, c.opts)
	switch {
	case err == nil, err == stack.ErrExist && replace:
		return nil
	case err == stack.ErrExist && c.prefix.Addr().Is4():
		return kernelSays("ipv4: Address already assigned.")
	case err == stack.ErrExist:
		return kernelSays("ipv6: address already assigned.")
	}
	return rtnetlink(err)
}

func (t *ipTool) addrDelete(w *words) error {
	c, err := t.readAddrChange(w)
	if err != nil {
		return err
	}
	if !c.prefix.IsValid() {
		return rtnetlink(stack.ErrInvalid)
	}
	prefix := c.prefix
	if c.bare && prefix.Addr().Is4() {
		whole := false
		for _, a := range c.dev.Addrs() {
			if a.Prefix.Addr() == prefix.Addr() {
				prefix, whole = a.Prefix, a.Prefix.Bits() == 32
			}
		}
		if !whole {
			t.p.Errorf("Warning: Executing wildcard deletion to stay compatible with old scripts.\n"+
				"         Explicitly specify the prefix length (%s) to avoid this warning.\n"+
				"         This special behaviour is likely to disappear in further releases,\n"+
				"         fix your scripts!\n", c.prefix)
		}
	}
	if !hasAddress(c.dev, prefix) || c.dev.DelAddr(prefix) != nil {
		if prefix.Addr().Is4() {
			return kernelSays("ipv4: Address not found.")
		}
		return kernelSays("ipv6: address not found.")
	}
	return nil
}

func hasAddress(i *stack.Interface, p netip.Prefix) bool {
	for _, a := range i.Addrs() {
		if a.Prefix == p {
			return true
		}
	}
	return false
}

func (t *ipTool) addrFlush(w *words) error {
	if !w.more() {
		return exitWith(1, "Flush requires arguments.")
	}
	f, err := t.readLinkFilter(w)
	if err != nil {
		return err
	}
	for _, l := range t.links(f) {
		for _, a := range t.addresses(l.Interface, f) {
			l.DelAddr(a.Prefix)
		}
	}
	return nil
}

// maddress is `ip maddr show`: the multicast groups that a device listens to.
func (t *ipTool) maddress(w *words) error {
	if w.more() && abbreviates(w.peek(), "show", "list") {
		w.next()
	}
	if w.peek() == "dev" {
		w.next()
	}
	only := w.next()
	for _, i := range t.ns.Interfaces() {
		if only != "" && i.Name() != only {
			continue
		}
		fmt.Fprintf(&t.out, "%d:\t%s\n", i.Index(), i.Name())
		for _, mac := range multicastMACs(i) {
			fmt.Fprintf(&t.out, "\tlink  %s\n", mac)
		}
		for _, a := range stack.Groups(i) {
			b := a.As4()
			fmt.Fprintf(&t.out, "\tlink  %s\n\tinet  %s\n", link.MAC{0x01, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}, a)
		}
	}
	return nil
}

// addrScope reads the scope of an address.
func (w *words) addrScope() (stack.Scope, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	s, ok := stack.ParseScope(text)
	if !ok || s != stack.ScopeHost && s != stack.ScopeLink && s != stack.ScopeGlobal {
		return 0, wrongArgument(text, "invalid scope value.")
	}
	return s, nil
}
