package netconf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/stack"
)

// readRoute reads the words of a route to add, change or delete.
func (t *ipTool) readRoute(w *words) (r stack.Route, err error) {
	given := false
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case arg == "via":
			r.Via, err = t.addressWord(w)
		case arg == "dev", arg == "oif":
			var i *stack.Interface
			if i, err = w.device(t.ns); err == nil {
				r.Dev = i.Name()
			}
		case arg == "src", arg == "from":
			r.Src, err = t.addressWord(w)
		case abbreviates(arg, "metric", "priority", "preference"):
			r.Metric, err = w.integer("metric")
		case abbreviates(arg, "scope"):
			r.Scope, err = w.value()
		case arg == "mtu":
			if r.MTU, err = w.integer("mtu"); err != nil && w.at > 0 && w.list[w.at-1] == "lock" {
				r.MTU, err = w.integer("mtu")
			}
		case abbreviates(arg, "protocol") && arg != "prohibit":
			r.Proto, err = w.value()
		case abbreviates(arg, "table"):
			var name string
			if name, err = w.value(); err == nil {
				r.Table, err = t.tableWord(name, &routeFilter{})
			}
		case arg == "tos", arg == "dsfield", arg == "advmss", arg == "window", arg == "rtt", arg == "initcwnd",
			arg == "hoplimit", arg == "realm", arg == "pref", arg == "congctl", arg == "vrf", arg == "weight":
			_, err = w.value()
		case arg == "onlink":
			r.OnLink = true
		case arg == "nexthop":
		case arg == "help":
			err = exitUsage(255, "ip-route")
		case !given && slices.Contains(routeTypes, arg):
			r.Type = arg
		default:
			if arg == "to" {
				if arg, err = w.value(); err != nil {
					break
				}
			}
			if given {
				err = garbage("to", arg)
				break
			}
			given = true
			var ok bool
			if r.Dst, ok = t.prefixWord(arg); !ok {
				err = wrongPrefix(arg, "any valid")
			}
		}
	}
	if err == nil && !given {
		if !r.Via.IsValid() && r.Dev == "" {
			return r, exitUsage(255, "ip-route")
		}
		r.Dst, _ = t.prefixWord("default")
	}
	if r.Via.IsValid() && r.Via.Is6() && r.Dst.IsValid() && r.Dst.Bits() == 0 {
		r.Dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return r, err
}

func (t *ipTool) routeEdit(cmd string, w *words) error {
	r, err := t.readRoute(w)
	if err != nil {
		return err
	}
	if r.Dst != r.Dst.Masked() {
		return kernelSays("Invalid prefix for given prefix length.")
	}
	switch {
	case cmd == "delete":
		err = t.ns.DelRoute(r)
	case abbreviates(cmd, "add"):
		err = t.addRoute(r)
	case abbreviates(cmd, "change", "chg"):
		if !t.hasRoute(r) {
			return rtnetlink(stack.ErrNoEntry)
		}
		err = t.ns.ReplaceRoute(r)
	case abbreviates(cmd, "replace"):
		if err = t.nextHop(r); err == nil {
			err = t.ns.ReplaceRoute(r)
		}
	case abbreviates(cmd, "append", "prepend"):
		err = t.addRoute(r)
	}
	if err == nil {
		return nil
	}
	if _, ok := err.(*failure); ok {
		return err
	}
	return rtnetlink(err)
}

// hasRoute reports whether the table has a route to r's destination with r's
// metric.
func (t *ipTool) hasRoute(r stack.Route) bool {
	table := r.Table
	if table == "" {
		table = "main"
	}
	for _, have := range t.ns.Routes(table) {
		if have.Dst == r.Dst && have.Metric == r.Metric {
			return true
		}
	}
	return false
}

func (t *ipTool) addRoute(r stack.Route) error {
	if err := t.nextHop(r); err != nil {
		return err
	}
	return t.ns.AddRoute(r)
}

// nextHop complains, in the kernel's words, of a gateway that is not on a
// connected network.
func (t *ipTool) nextHop(r stack.Route) error {
	kind := typeOf(r)
	if kind == "blackhole" || kind == "unreachable" || kind == "prohibit" || kind == "throw" {
		return nil
	}
	if !r.Via.IsValid() {
		if r.Dev == "" {
			return rtnetlink(stack.ErrNoDevice)
		}
		if i := t.ns.Interface(r.Dev); i != nil && !i.Up() {
			return kernelSays("Device for nexthop is not up.")
		}
		return nil
	}
	if r.Via.Is6() || r.OnLink {
		return nil
	}
	if !onLink(t.ns, r.Via, r.Dev) {
		return kernelSays("Nexthop has invalid gateway.")
	}
	return nil
}

// onLink reports whether a gateway lies in a connected network (of dev, if it
// is given).
func onLink(ns *stack.Namespace, via netip.Addr, dev string) bool {
	if ns.IsLocal(via) {
		return false
	}
	best := -1
	ok := false
	for _, r := range ns.Routes("main") {
		if (dev != "" && r.Dev != dev) || !r.Dst.Contains(via) || r.Dst.Bits() <= best {
			continue
		}
		best, ok = r.Dst.Bits(), !r.Via.IsValid() && typeOf(r) == "unicast"
	}
	return ok
}

func (t *ipTool) routeGet(w *words) error {
	var dst, from netip.Addr
	dev := ""
	for w.more() {
		var err error
		switch arg := w.next(); arg {
		case "from":
			var p netip.Prefix
			text := w.next()
			if p, _, ok := parsePrefix(text); ok {
				from = p.Addr()
				break
			}
			_ = p
			err = wrongPrefix(text, "any valid")
		case "oif", "dev":
			var i *stack.Interface
			if i, err = w.device(t.ns); err == nil {
				dev = i.Name()
			}
		case "iif":
			_, err = w.device(t.ns)
		case "tos", "mark", "vrf", "uid", "ipproto", "sport", "dport":
			_, err = w.value()
		case "fibmatch", "notify", "cached", "connected", "to":
		case "help":
			err = exitUsage(255, "ip-route")
		default:
			p, _, ok := parsePrefix(arg)
			if !ok {
				return wrongPrefix(arg, "any valid")
			}
			dst = p.Addr()
		}
		if err != nil {
			return err
		}
	}
	if !dst.IsValid() {
		return exitWith(1, "need at least a destination address")
	}
	r, err := t.lookUp(dst, from, dev)
	if err != nil {
		return rtnetlink(err)
	}
	t.routeGetText(r, dst, from)
	return nil
}

// lookUp is the route that a packet would take; dev restricts it to the routes
// of one device.
func (t *ipTool) lookUp(dst, from netip.Addr, dev string) (stack.Route, error) {
	r, err := t.ns.RouteGet(dst, from)
	if err == nil && dev != "" && r.Dev != dev {
		r = stack.Route{Dst: netip.PrefixFrom(dst, dst.BitLen()), Dev: dev}
		for _, a := range t.ns.Interface(dev).Addrs() {
			if a.Prefix.Addr().Is4() == dst.Is4() && !r.Src.IsValid() {
				r.Src = a.Prefix.Addr()
			}
		}
	}
	if err != nil {
		return r, err
	}
	switch typeOf(r) {
	case "unreachable":
		return r, stack.ErrHostUnreachable
	case "blackhole":
		return r, stack.ErrInvalid
	case "prohibit":
		return r, stack.ErrAccess
	}
	return r, nil
}

func (t *ipTool) routeGetText(r stack.Route, dst, from netip.Addr) {
	var b strings.Builder
	kind := typeOf(r)
	if kind == "local" {
		r.Dev, r.Via = "lo", netip.Addr{}
	}
	if kind != "unicast" {
		b.WriteString(kind + " ")
	}
	b.WriteString(dst.String() + " ")
	switch {
	case from.IsValid():
		fmt.Fprintf(&b, "from %s ", from)
	case dst.Is6():
		b.WriteString("from :: ")
	}
	if r.Via.IsValid() {
		fmt.Fprintf(&b, "via %s ", r.Via)
	}
	fmt.Fprintf(&b, "dev %s ", r.Dev)
	if dst.Is6() {
		if r.Proto != "" && r.Proto != "boot" {
			fmt.Fprintf(&b, "proto %s ", r.Proto)
		}
		fmt.Fprintf(&b, "src %s metric %d pref medium\n", r.Src, r.Metric)
		t.out.WriteString(b.String())
		return
	}
	if r.Src.IsValid() && !from.IsValid() {
		fmt.Fprintf(&b, "src %s ", r.Src)
	}
	flags := map[string]string{"local": "<local> ", "broadcast": "<local,brd> ", "multicast": "<mc> "}[kind]
	fmt.Fprintf(&b, "uid 0 %s    cache %s\n", t.sl(), flags)
	t.out.WriteString(b.String())
}

func (t *ipTool) routeFlush(w *words) error {
	if !w.more() {
		return exitWith(1, `"ip route flush" requires arguments.`)
	}
	f, err := t.readRouteFilter(w)
	if err != nil || f.cache {
		return err
	}
	for _, six := range t.routeFamilies(f) {
		for _, r := range t.routes(f, six) {
			t.ns.DelRoute(r)
		}
	}
	return nil
}
