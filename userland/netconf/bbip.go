package netconf

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// busyboxIPTool is one run of busybox's ip.
type busyboxIPTool struct {
	p       *userland.Process
	ns      *stack.Namespace
	out     strings.Builder
	family  int
	oneline bool
}

// busyboxIP is busybox's ip.
func busyboxIP(p *userland.Process) int { return runBusyboxIP(p, p.Args[1:]) }

// busyboxIPNeigh is the applet ipneigh: `ip neigh`.
func busyboxIPNeigh(p *userland.Process) int {
	return runBusyboxIP(p, append([]string{"neigh"}, p.Args[1:]...))
}

func runBusyboxIP(p *userland.Process, args []string) int {
	t := &busyboxIPTool{p: p, ns: p.NS()}
	w := &words{list: args}
	err := t.run(w)
	emit(p, t.out.String())
	return finish(p, err)
}

// busyboxSays is a failure in busybox's words.
func busyboxSays(status int, format string, args ...any) error {
	return exitWith(status, "ip: "+format, args...)
}

func (t *busyboxIPTool) usage(status int) error { return &failure{status, usage("busybox-ip")} }

func (t *busyboxIPTool) run(w *words) error {
	for strings.HasPrefix(w.peek(), "-") {
		switch arg := w.next(); {
		case arg == "--help":
			return t.usage(0)
		case arg == "-4":
			t.family = 4
		case arg == "-6":
			t.family = 6
		case arg == "-0":
			t.family = familyLink
		case abbreviates(arg, "-oneline"), abbreviates(arg, "--oneline") && len(arg) > 2:
			t.oneline = true
		case abbreviates(arg, "-family"), abbreviates(arg, "--family") && len(arg) > 2:
			switch name := w.next(); name {
			case "inet":
				t.family = 4
			case "inet6":
				t.family = 6
			case "link":
				t.family = familyLink
			default:
				return busyboxSays(1, "invalid argument '%s' to 'protocol family'", name)
			}
		default:
			return t.usage(1)
		}
	}
	object := w.next()
	switch {
	case abbreviates(object, "address"):
		return t.address(w)
	case abbreviates(object, "route"):
		return t.route(w)
	case abbreviates(object, "link"):
		return t.link(w)
	case abbreviates(object, "tunnel"), object == "tunl":
		return nil
	case abbreviates(object, "neigh"), object == "neighbour":
		return t.neigh(w)
	case abbreviates(object, "rule"):
		return t.rule(w)
	}
	return t.usage(1)
}

func (t *busyboxIPTool) badWord(status int, word string) error {
	return busyboxSays(status, "invalid argument '%s' to 'ip'", word)
}

func (t *busyboxIPTool) device(w *words, status int) (*stack.Interface, error) {
	name := w.next()
	i := t.ns.Interface(name)
	if i == nil {
		return nil, busyboxSays(status, "can't find device '%s'", name)
	}
	return i, nil
}

func (t *busyboxIPTool) sl() string {
	if t.oneline {
		return `\`
	}
	return "\n"
}

// head is the first line of an interface. busybox knows nothing of other
// namespaces: it looks a foreign peer's index up here, finds no flags, and
// calls the peer down.
func (t *busyboxIPTool) head(i *stack.Interface) string {
	l := factsOf(i)
	if l.foreign {
		l.mdown = true
		if here := t.ns.InterfaceByIndex(l.parent); here != nil {
			l.parentTag, l.mdown = here.Name(), !here.Up()
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %s: %s mtu %d ", i.Index(), l.displayName(), l.flagList(), i.MTU())
	if t.family != 6 {
		fmt.Fprintf(&b, "qdisc %s ", l.qdisc())
	}
	if m := i.Master(); m != nil {
		fmt.Fprintf(&b, "master %s ", m.Name())
	}
	if n := i.TxQueueLen(); n > 0 {
		fmt.Fprintf(&b, "qlen %d", n)
	}
	return b.String()
}

func (t *busyboxIPTool) hardware(i *stack.Interface) string {
	l := factsOf(i)
	return fmt.Sprintf("    link/%s %s brd %s", l.linkType(), i.MAC(), l.broadcastMAC())
}

// inner is the iproute2 tool with the same family, for selection.
func (t *busyboxIPTool) inner() *ipTool {
	return &ipTool{p: t.p, ns: t.ns, family: t.family, oneline: t.oneline, addrFlags: busyboxFlags}
}

// busyboxFlags are the flags of an IPv6 address: busybox has a word for
// "tentative" and shows the others as a number (IFA_F_NODAD, IFA_F_DADFAILED).
func busyboxFlags(a stack.Address) (text string) {
	bits := 0
	if a.NoDAD {
		bits |= 0x02
	}
	if a.DADFailed {
		bits |= 0x08
	}
	if a.Tentative {
		text = "tentative "
	}
	if bits != 0 {
		text += fmt.Sprintf("flags %02x ", bits)
	}
	return text
}

func (t *busyboxIPTool) address(w *words) error {
	cmd := "list"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "add"), abbreviates(cmd, "change", "chg", "replace"):
		return t.addrChange(w, true)
	case abbreviates(cmd, "delete"):
		return t.addrChange(w, false)
	case abbreviates(cmd, "list", "show"):
		return t.addrList(w, false)
	case abbreviates(cmd, "flush"):
		if !w.more() {
			return busyboxSays(1, "flush requires an argument")
		}
		return t.addrList(w, true)
	}
	return t.badWord(1, cmd)
}

func (t *busyboxIPTool) addrList(w *words, flush bool) error {
	f := linkFilter{}
	for w.more() {
		switch arg := w.next(); arg {
		case "to":
			f.to = w.next()
			f.byAddr = true
		case "scope":
			f.scope = w.next()
		case "up":
			f.up = true
		case "label":
			f.label = w.next()
			f.byAddr = true
		default:
			if arg != "dev" {
				w.at--
			}
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			f.dev = i.Name()
		}
	}
	tool := t.inner()
	for _, l := range tool.links(f) {
		addrs := tool.addresses(l.Interface, f)
		switch {
		case flush:
			for _, a := range addrs {
				l.DelAddr(a.Prefix)
			}
			continue
		case len(addrs) == 0 && (t.family == 4 || t.family == 6 || f.byAddr):
			continue
		}
		if !t.oneline {
			t.out.WriteString(t.head(l.Interface) + "\n")
			if t.family != 4 && t.family != 6 {
				t.out.WriteString(t.hardware(l.Interface) + "\n")
			}
		}
		for _, a := range addrs {
			if t.oneline {
				fmt.Fprintf(&t.out, "%d: %s", l.Index(), l.Name())
			}
			t.out.WriteString(tool.addrLine(l, a) + "\n")
		}
	}
	return nil
}

func (t *busyboxIPTool) addrChange(w *words, add bool) error {
	var dev *stack.Interface
	var prefix netip.Prefix
	opts := stack.AddrOptions{}
	for w.more() {
		arg := w.next()
		switch {
		case abbreviates(arg, "peer", "remote", "anycast") && len(arg) > 1:
			w.next()
		case arg == "broadcast", arg == "brd":
			text := w.next()
			opts.AutoBroadcast = text == "+"
			if a, err := netip.ParseAddr(text); err == nil {
				opts.Broadcast = a
			}
		case arg == "scope":
			text := w.next()
			var ok bool
			if opts.Scope, ok = stack.ParseScope(text); !ok {
				return busyboxWrong(text, "scope")
			}
		case arg == "label":
			opts.Label = w.next()
		case arg == "noprefixroute":
			opts.NoPrefixRoute = true
		case arg == "dev":
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			dev = i
		default:
			if arg == "local" {
				arg = w.next()
			}
			var ok bool
			if prefix, _, ok = parsePrefix(arg); !ok {
				return busyboxSays(1, "an inet prefix is expected rather than \"%s\"", arg)
			}
		}
	}
	if dev == nil {
		return busyboxSays(1, `need "dev IFACE"`)
	}
	if add {
		if err := dev.AddAddr(prefix, opts); err != nil {
			return t.answers(err)
		}
		return nil
	}
	if !hasAddress(dev, prefix) || dev.DelAddr(prefix) != nil {
		return t.answers(stack.ErrAddrNotAvail)
	}
	return nil
}

func (t *busyboxIPTool) answers(err error) error {
	return busyboxSays(2, "RTNETLINK answers: %s", err)
}
