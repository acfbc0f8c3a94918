package netconf

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/link"
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
	return &ipTool{p: t.p, ns: t.ns, family: t.family, oneline: t.oneline}
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
			opts.Scope = w.next()
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

func (t *busyboxIPTool) link(w *words) error {
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "add"):
		return t.linkAdd(w)
	case abbreviates(cmd, "delete"):
		if w.peek() == "dev" {
			w.next()
		}
		i, err := t.device(w, 2)
		if err == nil {
			if bad := deleteLink(i); bad != nil {
				err = t.answers(bad)
			}
		}
		return err
	case abbreviates(cmd, "set"):
		return t.linkSet(w)
	case abbreviates(cmd, "show", "list", "lst"):
		return t.linkShow(w)
	}
	return t.badWord(2, cmd)
}

func (t *busyboxIPTool) linkShow(w *words) error {
	f := linkFilter{}
	for w.more() {
		switch arg := w.next(); arg {
		case "up":
			f.up = true
		default:
			if arg != "dev" {
				w.at--
			}
			i, err := t.device(w, 2)
			if err != nil {
				return err
			}
			f.dev = i.Name()
		}
	}
	for _, l := range t.inner().links(f) {
		t.out.WriteString(t.head(l.Interface) + t.sl() + t.hardware(l.Interface) + "\n")
	}
	return nil
}

// linkAdd makes what iproute2's `ip link add` makes.
func (t *busyboxIPTool) linkAdd(w *words) error {
	err := t.inner().linkAdd(w)
	if f, ok := err.(*failure); ok {
		text := strings.TrimSuffix(f.text, "\n")
		if text == "Error: Unknown device type." {
			text = "RTNETLINK answers: Operation not supported"
		}
		return busyboxSays(2, "%s", text)
	}
	return err
}

func (t *busyboxIPTool) linkSet(w *words) error {
	var c linkChange
	yes, no := true, false
	name := ""
	for w.more() {
		switch arg := w.next(); arg {
		case "up":
			c.up = &yes
		case "down":
			c.up = &no
		case "mtu":
			n, err := w.integer("mtu")
			if err != nil {
				return busyboxSays(2, "invalid argument '%s' to 'mtu'", w.list[w.at-1])
			}
			c.mtu = n
		case "name":
			c.name = w.next()
		case "address":
			text := w.next()
			mac, err := link.ParseMAC(text)
			if err != nil {
				return busyboxSays(2, "invalid hw-addr %s", text)
			}
			c.mac = &mac
		case "qlen", "txqueuelen":
			n, _ := w.integer("qlen")
			c.qlen = &n
		case "master":
			i, err := t.device(w, 2)
			if err != nil {
				return err
			}
			c.master = i
		case "nomaster":
			c.noMaster = true
		case "netns":
			ns, ok := findNetns(t.p, w.next())
			if !ok {
				return t.answers(stack.ErrNoProcess)
			}
			c.netns = ns
		case "promisc":
			on := w.next() == "on"
			c.promisc = &on
		case "arp", "multicast", "trailers":
			w.next()
		default:
			if arg == "dev" {
				arg = w.next()
			}
			if name != "" {
				return busyboxSays(2, `either "dev" is duplicate, or "%s" is garbage`, arg)
			}
			name = arg
		}
	}
	c.dev = t.ns.Interface(name)
	switch {
	case c.dev == nil && c.up != nil:
		return busyboxSays(2, "SIOCGIFFLAGS: No such device")
	case c.dev == nil:
		return busyboxSays(2, "SIOCGIFINDEX: No such device")
	case c.mtu != 0 && c.mtu < 68:
		return busyboxSays(2, "SIOCSIFMTU: Invalid argument")
	}
	if err := c.apply(); err != nil {
		return busyboxSays(2, "%s", strings.TrimSuffix(err.Error(), "\n"))
	}
	return nil
}

func (t *busyboxIPTool) neigh(w *words) error {
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	flush := cmd == "flush"
	if !flush && !abbreviates(cmd, "show", "list") {
		return t.badWord(1, cmd)
	}
	if flush && !w.more() {
		return busyboxSays(1, `"ip neigh flush" requires an argument`)
	}
	f := neighFilter{}
	for w.more() {
		switch arg := w.next(); arg {
		case "dev":
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			f.dev = i.Name()
		case "nud":
			word := w.next()
			s, ok := neighStates[word]
			if !ok && word != "all" {
				return busyboxSays(1, "invalid argument '%s' to 'nud state'", word)
			}
			f.state = map[stack.NeighbourState]bool{s: true}
			if word == "all" {
				f.state = nil
			}
		default:
			if arg == "to" {
				arg = w.next()
			}
			f.to, _, _ = parsePrefix(arg)
		}
	}
	for _, n := range t.inner().neighbours(f) {
		if flush {
			if n.State != stack.NeighPermanent {
				t.ns.DelNeighbour(n.Dev, n.Addr)
			}
			continue
		}
		t.out.WriteString(t.neighLine(n, f.dev == "") + "\n")
	}
	return nil
}

func (t *busyboxIPTool) neighLine(n stack.Neighbour, dev bool) string {
	var b strings.Builder
	b.WriteString(n.Addr.String() + " ")
	if dev {
		fmt.Fprintf(&b, "dev %s ", n.Dev)
	}
	if n.HasMAC {
		fmt.Fprintf(&b, "lladdr %s", n.MAC)
	}
	if n.Router {
		b.WriteString(" router")
	}
	age := int((t.p.Loop().Now() - n.Since) / time.Second)
	ref := ""
	if n.State == stack.NeighReachable {
		ref = " ref 1"
	}
	fmt.Fprintf(&b, "%s used %d/%d/%d probes %d %s", ref, age, age, age, neighProbes(n), n.State)
	return b.String()
}

func (t *busyboxIPTool) rule(w *words) error {
	cmd := "list"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "list", "show"):
		for _, r := range startRules(t.family == 6) {
			t.out.WriteString(r + " \n")
		}
		return nil
	case abbreviates(cmd, "add"):
		return t.answers(stack.ErrNotSupported)
	case abbreviates(cmd, "delete"):
		return t.answers(stack.ErrNoEntry)
	}
	return t.badWord(1, cmd)
}
