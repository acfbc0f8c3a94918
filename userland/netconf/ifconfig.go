package netconf

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// ifView is what ifconfig shows of an interface or of an alias such as eth0:1.
type ifView struct {
	*stack.Interface
	name    string
	alias   bool            // an alias has no counters and no IPv6
	inet    *stack.Address  // its IPv4 address, or nil
	inet6   []stack.Address // empty for an alias
	running bool
}

// ifViews are the interfaces in ifconfig's order, by name, each followed by its
// aliases. Without all, those that are down are left out.
func ifViews(ns *stack.Namespace, all bool) []ifView {
	list := ns.Interfaces()
	sort.SliceStable(list, func(i, k int) bool { return lessIfName(list[i].Name(), list[k].Name()) })
	var views []ifView
	for _, i := range list {
		if all || i.Up() {
			views = append(views, viewsOf(i)...)
		}
	}
	return views
}

// lessIfName orders names as net-tools does: letters by letters, and the
// number at the end by value.
func lessIfName(a, b string) bool {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] && (a[n] < '0' || a[n] > '9') {
		n++
	}
	x, okX := tailNumber(a[n:])
	y, okY := tailNumber(b[n:])
	if okX && okY && x != y {
		return x < y
	}
	return a < b
}

func tailNumber(s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	v := 0
	for _, c := range s {
		if c < '0' || c > '9' || v > 1<<24 {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

// viewsOf is an interface and its aliases.
func viewsOf(i *stack.Interface) []ifView {
	v := ifView{Interface: i, name: i.Name(), running: i.Flags()&stack.FlagRunning != 0}
	var aliases []ifView
	for _, a := range i.Addrs() {
		switch {
		case a.Prefix.Addr().Is6():
			v.inet6 = append(v.inet6, a)
		case labelOf(i, a) != i.Name():
			if !hasView(aliases, a.Label) {
				aliases = append(aliases, ifView{Interface: i, name: a.Label, alias: true, inet: &a, running: v.running})
			}
		case v.inet == nil:
			v.inet = &a
		}
	}
	return append([]ifView{v}, aliases...)
}

func hasView(list []ifView, name string) bool {
	for _, v := range list {
		if v.name == name {
			return true
		}
	}
	return false
}

// findView is the interface or alias of that name. An alias that does not
// exist is shown all the same, without an address.
func findView(ns *stack.Namespace, name string) (ifView, bool) {
	base, _, isAlias := strings.Cut(name, ":")
	i := ns.Interface(base)
	if i == nil {
		return ifView{}, false
	}
	views := viewsOf(i)
	for _, v := range views {
		if v.name == name {
			return v, true
		}
	}
	if !isAlias {
		return ifView{}, false
	}
	return ifView{Interface: i, name: name, alias: true, running: views[0].running}, true
}

// mask and broadcast of an IPv4 address as the tools print them.
func (v ifView) mask() netip.Addr { return netmask(v.inet.Prefix.Bits()) }

// broadcast is the broadcast address, 0.0.0.0 if none is set.
func (v ifView) broadcast() netip.Addr {
	if v.inet.Broadcast.IsValid() {
		return v.inet.Broadcast
	}
	return netip.IPv4Unspecified()
}

// isLoopback reports whether it is a loopback device.
func (v ifView) isLoopback() bool { return v.Kind() == stack.KindLoopback }

// netFlagNames are the flags in ifconfig's order.
var netFlagNames = []struct {
	bit  stack.Flags
	name string
}{
	{stack.FlagUp, "UP"}, {stack.FlagBroadcast, "BROADCAST"}, {stack.FlagLoopback, "LOOPBACK"},
	{stack.FlagPointopnt, "POINTOPOINT"}, {stack.FlagRunning, "RUNNING"}, {stack.FlagNoARP, "NOARP"},
	{stack.FlagPromisc, "PROMISC"}, {stack.FlagAllMulti, "ALLMULTI"}, {stack.FlagMulticast, "MULTICAST"},
}

// netFlags are the flags that the ioctl interface reports, and their names.
func (v ifView) netFlags() (stack.Flags, []string) {
	flags := v.Flags() & 0xffff
	var names []string
	for _, f := range netFlagNames {
		if flags&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return flags, names
}

// humanBytes is net-tools' and busybox's "1.5 KiB".
func humanBytes(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	const step = 1024
	unit, whole, rest := 0, n, uint64(0)
	for whole >= step && unit < len(units)-1 {
		rest = whole % step
		whole /= step
		unit++
	}
	return fmt.Sprintf("%d.%d %s", whole, rest*10/step, units[unit])
}

// netToolsIfconfig is ifconfig of net-tools 2.10 and of CentOS 7.
func netToolsIfconfig(p *userland.Process) int { return runIfconfig(p, newForm{}) }

// oldIfconfig is ifconfig of net-tools 1.60, as CentOS 6 has it.
func oldIfconfig(p *userland.Process) int { return runIfconfig(p, oldForm{}) }

// ifForm is the way an ifconfig prints interfaces and its complaints.
type ifForm interface {
	interfaceText(v ifView) string
	version() string
}

// runIfconfig is the net-tools command line, in either form.
func runIfconfig(p *userland.Process, form ifForm) int {
	ns := p.NS()
	all, short := false, false
	args := p.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-a":
			all = true
		case "-s":
			short = true
		case "-v":
		case "-V", "-version", "--version":
			emit(p, form.version())
			return 0
		case "-?", "-h", "-help", "--help":
			return fail(p, 0, strings.TrimSuffix(usage("ifconfig"), "\n"))
		default:
			return fail(p, 1, fmt.Sprintf("ifconfig: option `%s' not recognised.\nifconfig: `--help' gives usage information.", args[0]))
		}
		args = args[1:]
	}
	var out strings.Builder
	if short {
		out.WriteString(ifTableHead)
	}
	if len(args) == 0 {
		for _, v := range ifViews(ns, all) {
			if short {
				out.WriteString(ifTableRow(v))
				continue
			}
			out.WriteString(form.interfaceText(v))
		}
		emit(p, out.String())
		return 0
	}
	if len(args) > 1 {
		return newIfSetter(p, args[0]).run(args[1:])
	}
	v, ok := findView(ns, args[0])
	if !ok {
		emit(p, out.String())
		return fail(p, 1, args[0]+": error fetching interface information: Device not found")
	}
	if short {
		out.WriteString(ifTableRow(v))
	} else {
		out.WriteString(form.interfaceText(v))
	}
	emit(p, out.String())
	return 0
}

// newForm is net-tools 2.10.
type newForm struct{}

func (newForm) version() string { return "net-tools 2.10\n" }

var scopeIDs = map[stack.Scope]struct {
	id   int
	name string
	old  string
}{
	stack.ScopeLink: {0x20, "link", "Link"}, stack.ScopeHost: {0x10, "host", "Host"}, stack.ScopeGlobal: {0, "global", "Global"},
	stack.ScopeSite: {0x40, "site", "Site"},
}

func (newForm) interfaceText(v ifView) string {
	var b strings.Builder
	flags, names := v.netFlags()
	fmt.Fprintf(&b, "%s: flags=%d<%s>  mtu %d\n", v.name, flags, strings.Join(names, ","), v.MTU())
	if v.inet != nil {
		fmt.Fprintf(&b, "        inet %s  netmask %s", v.inet.Prefix.Addr(), v.mask())
		if !v.isLoopback() {
			fmt.Fprintf(&b, "  broadcast %s", v.broadcast())
		}
		b.WriteString("\n")
	}
	for _, a := range v.inet6 {
		s := scopeIDs[a.Scope]
		fmt.Fprintf(&b, "        inet6 %s  prefixlen %d  scopeid 0x%x<%s>\n", a.Prefix.Addr(), a.Prefix.Bits(), s.id, s.name)
	}
	if v.isLoopback() {
		fmt.Fprintf(&b, "        loop  txqueuelen %d  (Local Loopback)\n", v.TxQueueLen())
	} else {
		fmt.Fprintf(&b, "        ether %s  txqueuelen %d  (Ethernet)\n", v.MAC(), v.TxQueueLen())
	}
	if !v.alias {
		c := v.Counters()
		fmt.Fprintf(&b, "        RX packets %d  bytes %d (%s)\n", c.RxPackets, c.RxBytes, humanBytes(c.RxBytes))
		fmt.Fprintf(&b, "        RX errors %d  dropped %d  overruns 0  frame 0\n", c.RxErrors, c.RxDropped)
		fmt.Fprintf(&b, "        TX packets %d  bytes %d (%s)\n", c.TxPackets, c.TxBytes, humanBytes(c.TxBytes))
		fmt.Fprintf(&b, "        TX errors %d  dropped %d overruns 0  carrier %d  collisions %d\n", c.TxErrors, c.TxDropped, c.TxCarrier, c.Collisions)
	}
	return b.String() + "\n"
}

// oldForm is net-tools 1.60; busybox prints the same.
type oldForm struct{}

func (oldForm) version() string { return "net-tools 1.60\nifconfig 1.42 (2001-04-13)\n" }

func (oldForm) interfaceText(v ifView) string {
	var b strings.Builder
	const in = "          "
	fmt.Fprintf(&b, "%-9s Link encap:", v.name)
	if v.isLoopback() {
		b.WriteString("Local Loopback  \n")
	} else {
		fmt.Fprintf(&b, "Ethernet  HWaddr %s  \n", strings.ToUpper(v.MAC().String()))
	}
	if v.inet != nil {
		fmt.Fprintf(&b, in+"inet addr:%s", v.inet.Prefix.Addr())
		if !v.isLoopback() {
			fmt.Fprintf(&b, "  Bcast:%s", v.broadcast())
		}
		fmt.Fprintf(&b, "  Mask:%s\n", v.mask())
	}
	for _, a := range v.inet6 {
		fmt.Fprintf(&b, in+"inet6 addr: %s Scope:%s\n", a.Prefix, scopeIDs[a.Scope].old)
	}
	_, names := v.netFlags()
	if len(names) == 0 {
		names = []string{"[NO FLAGS]"}
	}
	fmt.Fprintf(&b, in+"%s  MTU:%d  Metric:1\n", strings.Join(names, " "), v.MTU())
	if !v.alias {
		c := v.Counters()
		fmt.Fprintf(&b, in+"RX packets:%d errors:%d dropped:%d overruns:0 frame:0\n", c.RxPackets, c.RxErrors, c.RxDropped)
		fmt.Fprintf(&b, in+"TX packets:%d errors:%d dropped:%d overruns:0 carrier:%d\n", c.TxPackets, c.TxErrors, c.TxDropped, c.TxCarrier)
		fmt.Fprintf(&b, in+"collisions:%d txqueuelen:%d \n", c.Collisions, v.TxQueueLen())
		fmt.Fprintf(&b, in+"RX bytes:%d (%s)  TX bytes:%d (%s)\n", c.RxBytes, humanBytes(c.RxBytes), c.TxBytes, humanBytes(c.TxBytes))
	}
	return b.String() + "\n"
}

// ifTableHead and ifTableRow are the short form, of ifconfig -s and netstat -i.
const ifTableHead = "Iface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n"

func ifTableRow(v ifView) string {
	letters := ""
	for _, f := range []struct {
		bit    stack.Flags
		letter string
	}{
		{stack.FlagAllMulti, "A"}, {stack.FlagBroadcast, "B"}, {stack.FlagLoopback, "L"}, {stack.FlagMulticast, "M"},
		{stack.FlagNoARP, "O"}, {stack.FlagPromisc, "P"}, {stack.FlagRunning, "R"}, {stack.FlagUp, "U"},
	} {
		if v.Flags()&f.bit != 0 {
			letters += f.letter
		}
	}
	if v.alias {
		return fmt.Sprintf("%-15s %5d      - no statistics available -                        %s\n", v.name, v.MTU(), letters)
	}
	c := v.Counters()
	return fmt.Sprintf("%-15s %5d %8d %6d %6d %-6d %8d %6d %6d %6d %s\n", v.name, v.MTU(),
		c.RxPackets, c.RxErrors, c.RxDropped, 0, c.TxPackets, c.TxErrors, c.TxDropped, 0, letters)
}
