package netconf

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// routeTool is what the forms of route and netstat -r share.
type routeTool struct {
	p       *userland.Process
	busybox bool
	numeric bool
	six     bool
	extend  int
}

// netToolsRoute is route of net-tools.
func netToolsRoute(p *userland.Process) int {
	t := &routeTool{p: p}
	args := p.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if arg := args[0]; strings.HasPrefix(arg, "--") {
			switch arg {
			case "--help":
				p.Errorf("%s", usage("route"))
				return 0
			case "--version":
				emit(p, "net-tools 2.10\n")
				return 0
			case "--numeric":
				t.numeric = true
			case "--inet6":
				t.six = true
			case "--extend":
				t.extend++
			case "--verbose", "--inet", "--fib":
			default:
				return fail(p, 3, strings.TrimSuffix(usage("route"), "\n"))
			}
			args = args[1:]
			continue
		}
		rest, status := t.letters(args)
		if status >= 0 {
			return status
		}
		args = rest
	}
	if len(args) > 0 {
		return t.edit(args)
	}
	emit(p, t.table())
	return 0
}

// letters reads one word of single-letter options. status is below zero to go
// on.
func (t *routeTool) letters(args []string) (rest []string, status int) {
	word := args[0][1:]
	for n, c := range word {
		switch c {
		case 'n':
			t.numeric = true
		case 'e':
			t.extend++
		case 'v', 'F', 'N', 'C', '4':
		case '6':
			t.six = true
		case 'A':
			family := word[n+1:]
			if family == "" && len(args) > 1 {
				family, args = args[1], args[1:]
			}
			t.six = family == "inet6"
			return args[1:], -1
		case 'V':
			emit(t.p, "net-tools 2.10\n")
			return nil, 0
		case 'h', '?':
			return nil, fail(t.p, 0, strings.TrimSuffix(usage("route"), "\n"))
		default:
			if t.busybox {
				t.p.Errorf("route: invalid option -- '%c'\n", c)
				return nil, busyboxHelp(t.p, "route", 1)
			}
			return nil, fail(t.p, 3, fmt.Sprintf("route: invalid option -- '%c'\n%s", c, strings.TrimSuffix(usage("route"), "\n")))
		}
	}
	return args[1:], -1
}

// busyboxRoute is busybox's route.
func busyboxRoute(p *userland.Process) int {
	t := &routeTool{p: p, busybox: true}
	args := p.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		if args[0] == "--help" {
			return busyboxHelp(p, "route", 0)
		}
		if c := strings.IndexAny(args[0], "46vFNCVh?"); c > 0 {
			p.Errorf("route: invalid option -- '%c'\n", args[0][c])
			return busyboxHelp(p, "route", 1)
		}
		rest, status := t.letters(args)
		if status >= 0 {
			return status
		}
		args = rest
	}
	if len(args) > 0 {
		return t.edit(args)
	}
	emit(p, t.table())
	return 0
}

// table is the routing table.
func (t *routeTool) table() string {
	if t.six {
		return t.table6()
	}
	var b strings.Builder
	b.WriteString("Kernel IP routing table\n")
	switch {
	case t.extend == 0:
		b.WriteString("Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n")
	case t.extend == 1 || t.busybox:
		b.WriteString("Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n")
	default:
		b.WriteString("Destination     Gateway         Genmask         Flags Metric Ref    Use Iface    MSS   Window irtt\n")
	}
	for _, r := range mainRoutes(t.p.NS(), false) {
		b.WriteString(t.row(r))
	}
	return b.String()
}

// mainRoutes is the main table as /proc/net/route lists it.
func mainRoutes(ns *stack.Namespace, six bool) []stack.Route {
	tool := &ipTool{ns: ns}
	return tool.routes(routeFilter{table: stack.TableMain}, six)
}

// routeFlags are the letters of a route.
func routeFlags(r stack.Route) string {
	switch typeOf(r) {
	case "unreachable", "prohibit", "blackhole":
		return "!"
	}
	flags := "U"
	if r.Via.IsValid() {
		flags += "G"
	}
	if r.Dst.IsSingleIP() {
		flags += "H"
	}
	return flags
}

func (t *routeTool) row(r stack.Route) string {
	reject := routeFlags(r) == "!"
	dest := t.shown(r.Dst.Addr())
	if r.Dst.Bits() == 0 && !t.numeric {
		dest = "default"
	}
	gateway := "0.0.0.0"
	switch {
	case r.Via.IsValid():
		gateway = t.shown(r.Via)
	case reject && !t.busybox:
		gateway = "-"
	case t.busybox && !t.numeric:
		gateway = "*"
	}
	head := fmt.Sprintf("%-15.15s %-15.15s %-16s%-6s", dest, gateway, netmask(r.Dst.Bits()), routeFlags(r))
	dev := r.Dev
	zero := "0"
	if reject {
		dev = "-"
		if t.busybox {
			dev = "*"
		} else {
			zero = "-"
		}
	}
	switch {
	case t.extend == 0:
		return fmt.Sprintf("%s%-6d %-2s %7d %s\n", head, r.Metric, zero, 0, dev)
	case t.extend == 1 || t.busybox:
		return fmt.Sprintf("%s%5s %-5s %6s %s\n", head, zero, zero, zero, dev)
	}
	return fmt.Sprintf("%s%-6d %-2s %7d %-8.8s %-5s %-6s %s\n", head, r.Metric, zero, 0, dev, zero, zero, zero)
}

func (t *routeTool) shown(a netip.Addr) string {
	if !t.numeric {
		if name, ok := hostName(t.p, a); ok {
			return name
		}
	}
	return a.String()
}

// table6 is the IPv6 table.
func (t *routeTool) table6() string {
	var b strings.Builder
	b.WriteString("Kernel IPv6 routing table\n")
	if t.busybox {
		fmt.Fprintf(&b, "%-44s%-40s%-6s%-7s%-2s %7s %s\n", "Destination", "Next Hop", "Flags", "Metric", "Ref", "Use", "Iface")
	} else {
		fmt.Fprintf(&b, "%-30s %-26s %-4s %-3s %-3s%6s %s\n", "Destination", "Next Hop", "Flag", "Met", "Ref", "Use", "If")
	}
	for _, table := range []stack.TableID{stack.TableMain, stack.TableLocal} {
		for _, r := range (&ipTool{ns: t.p.NS()}).routes(routeFilter{table: table}, true) {
			b.WriteString(t.row6(r))
		}
	}
	return b.String()
}

func (t *routeTool) row6(r stack.Route) string {
	dest := r.Dst.String()
	if r.Dst.Bits() == 0 && !t.busybox {
		dest = "[::]/0"
	}
	via := "::"
	if r.Via.IsValid() {
		via = r.Via.String()
	}
	flags := routeFlags(r)
	if typeOf(r) == "local" {
		flags = "Un"
	} else if strings.HasSuffix(flags, "H") {
		flags = "UH"
	}
	if t.busybox {
		return fmt.Sprintf("%-43s %-39s %-5s %-6d %-2d%10d %-8s\n", dest, via, flags, r.Metric, 1, 0, r.Dev)
	}
	return fmt.Sprintf("%-30s %-26s %-4s %-3d %-1d%7d %s\n", dest, via, flags, r.Metric, 1, 0, r.Dev)
}

// edit is `route add` and `route del`.
func (t *routeTool) edit(args []string) int {
	verb := args[0]
	if verb == "delete" && !t.busybox {
		verb = "del"
	}
	if verb != "add" && verb != "del" {
		if t.busybox {
			return busyboxHelp(t.p, "route", 1)
		}
		return fail(t.p, 3, strings.TrimSuffix(usage("route"), "\n"))
	}
	if len(args) == 1 {
		if t.busybox {
			return busyboxHelp(t.p, "route", 1)
		}
		return fail(t.p, 0, strings.TrimSuffix(usage("route-inet"), "\n"))
	}
	r, err := t.readRoute(&words{list: args[1:]})
	if err != nil {
		return finish(t.p, err)
	}
	call := "SIOCADDRT"
	if verb == "del" {
		call = "SIOCDELRT"
		err = t.p.NS().DelRoute(r)
	} else {
		err = t.add(r)
	}
	if err != nil {
		return finish(t.p, t.problem(7, "%s: %s", call, err))
	}
	return 0
}

// problem is a failure in net-tools' or in busybox's words.
func (t *routeTool) problem(status int, format string, args ...any) error {
	if t.busybox {
		return exitWith(1, "route: "+format, args...)
	}
	return exitWith(status, format, args...)
}

func (t *routeTool) add(r stack.Route) error {
	ns := t.p.NS()
	switch {
	case r.Type == stack.RouteUnreachable:
	case r.Via.IsValid() && r.Via.Is4() && !ns.GatewayOnLink(r):
		return stack.ErrNetUnreachable
	case !r.Via.IsValid() && (r.Dev == "" || ns.Interface(r.Dev) == nil):
		return stack.ErrNoDevice
	}
	return ns.AddRoute(r)
}

// readRoute reads a route in the words of route(8).
func (t *routeTool) readRoute(w *words) (r stack.Route, err error) {
	kind := ""
	if k := w.peek(); k == "-net" || k == "-host" {
		kind = w.next()
	}
	target := w.next()
	bare := false
	if target == "default" {
		r.Dst = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if t.six {
			r.Dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
	} else {
		var ok bool
		if r.Dst, bare, ok = parsePrefix(target); !ok {
			a, found := hostAddress(t.p, target)
			if !found {
				if t.busybox {
					return r, exitWith(1, "route: resolving %s", target)
				}
				return r, exitWith(6, "%s: Host name lookup failure", target)
			}
			r.Dst, bare = netip.PrefixFrom(a, a.BitLen()), true
		}
		if bare && kind == "-net" && r.Dst.Addr().Is4() {
			r.Dst = netip.PrefixFrom(r.Dst.Addr(), classBits(r.Dst.Addr()))
		}
	}
	for w.more() && err == nil {
		arg := w.next()
		switch arg {
		case "gw", "gateway":
			var ok bool
			if r.Via, ok = hostAddress(t.p, w.next()); !ok {
				err = t.problem(6, "%s: Host name lookup failure", w.list[w.at-1])
			}
		case "netmask":
			mask, bad := netip.ParseAddr(w.next())
			bits, ok := maskBits(mask)
			if bad != nil || !ok {
				err = t.problem(6, "route: bogus netmask %s", w.list[w.at-1])
				break
			}
			r.Dst = netip.PrefixFrom(r.Dst.Addr(), bits)
		case "metric":
			r.Metric, err = w.integer("metric")
		case "mss", "window", "irtt":
			w.next()
		case "reject":
			r.Type = stack.RouteUnreachable
		case "mod", "dyn", "reinstate":
		case "dev", "device":
			r.Dev = w.next()
		default:
			r.Dev = arg
		}
	}
	if err == nil && r.Dst != r.Dst.Masked() {
		if t.busybox {
			return r, exitWith(1, "route: netmask and route address conflict")
		}
		return r, exitWith(3, "route: netmask doesn't match route address\n%s", strings.TrimSuffix(usage("route-inet"), "\n"))
	}
	return r, err
}
