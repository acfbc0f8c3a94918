package netconf

import (
	"net/netip"
	"slices"

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
			r.Scope, err = w.scope()
		case arg == "mtu":
			if r.MTU, err = w.integer("mtu"); err != nil && w.at > 0 && w.list[w.at-1] == "lock" {
				r.MTU, err = w.integer("mtu")
			}
		case abbreviates(arg, "protocol") && arg != "prohibit":
			r.Proto, err = w.protocol()
		case abbreviates(arg, "table"):
			var name string
			if name, err = w.value(); err == nil {
				id, ok := t.tableNames().number(name)
				if r.Table = id; !ok {
					err = wrongArgument(name, "\"table\" value is invalid\n")
				}
			}
		case arg == "pref" && w.peek() == "medium": // what they all have
			w.next()
		case slices.Contains(routeWords, arg):
			err = notSimulated("%q of a route", arg)
		case arg == "onlink":
			r.OnLink = true
		case arg == "nexthop":
			var h stack.NextHop
			if h, err = readHop(t, w); err == nil {
				r.Hops = append(r.Hops, h)
			}
		case arg == "help":
			err = exitUsage(255, "ip-route")
		case !given && isRouteType(arg):
			r.Type, _ = stack.ParseRouteType(arg)
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
		if !r.Via.IsValid() && r.Dev == "" && len(r.Hops) == 0 {
			return r, exitUsage(255, "ip-route")
		}
		r.Dst, _ = t.prefixWord("default")
	}
	if r.Table == 0 && slices.Contains([]stack.RouteType{stack.RouteLocal, stack.RouteBroadcast, stack.RouteNAT, stack.RouteAnycast}, r.Type) {
		r.Table = stack.TableLocal
	}
	if r.Via.IsValid() && r.Via.Is6() && r.Dst.IsValid() && r.Dst.Bits() == 0 {
		r.Dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return r, err
}

// routeWords are what a route may have besides, and has no effect here.
var routeWords = []string{
	"tos", "dsfield", "advmss", "window", "rtt", "rttvar", "rto_min", "initcwnd", "initrwnd", "cwnd", "ssthresh", "reordering",
	"hoplimit", "realm", "realms", "pref", "congctl", "features", "quickack", "fastopen_no_cookie", "vrf", "encap", "nhid", "ttl-propagate", "expires", "weight",
}

// readHop reads `[via ADDRESS] [dev NAME] [weight N] [onlink]` of one of several
// next hops.
func readHop(t *ipTool, w *words) (h stack.NextHop, err error) {
	for w.more() && err == nil {
		switch arg := w.next(); arg {
		case "via":
			h.Via, err = t.addressWord(w)
		case "dev":
			var i *stack.Interface
			if i, err = w.device(t.ns); err == nil {
				h.Dev = i.Name()
			}
		case "weight":
			if h.Weight, err = w.number(32, "\"weight\" is invalid\n"); err == nil && (h.Weight < 1 || h.Weight > 256) {
				err = wrongArgument(w.list[w.at-1], "\"weight\" is invalid\n")
			}
		case "onlink":
			h.OnLink = true
		case "realm", "encap":
			err = notSimulated("%q of a next hop", arg)
		default:
			w.at--
			return h, nil
		}
	}
	return h, err
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
		if t.tableExists(mainUnless(r.Table), r.Dst.Addr().Is6(), "") != nil {
			return kernelSays("FIB table does not exist.")
		}
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
	for _, have := range t.ns.Routes(mainUnless(r.Table)) {
		if have.Dst == r.Dst && have.Metric == r.Metric {
			return true
		}
	}
	return false
}

// addRoute adds a route. Several IPv6 next hops are the same here as for IPv4.
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
	for _, h := range r.Hops {
		if err := t.nextHop(stack.Route{Dst: r.Dst, Table: r.Table, Via: h.Via, Dev: h.Dev, OnLink: h.OnLink}); err != nil {
			return err
		}
	}
	if len(r.Hops) > 0 {
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
	if !t.ns.GatewayOnLink(r) {
		return kernelSays("Nexthop has invalid gateway.")
	}
	return nil
}

func (t *ipTool) routeFlush(w *words) error {
	if !w.more() {
		return exitWith(1, `"ip route flush" requires arguments.`)
	}
	f, err := t.readRouteFilter(w)
	if err != nil {
		return err
	}
	if f.cache {
		for _, six := range t.routeFamilies(f) {
			stack.FlushRouteCache(t.ns, six)
		}
		return nil
	}
	for _, six := range t.routeFamilies(f) {
		if err := t.tableExists(f.table, six, "Flush"); err != nil {
			return err
		}
		for _, r := range t.routes(f, six) {
			t.ns.DelRoute(r)
		}
	}
	return nil
}

func isRouteType(text string) bool {
	_, ok := stack.ParseRouteType(text)
	return ok
}

// scope reads the scope of a route.
func (w *words) scope() (stack.Scope, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	s, ok := stack.ParseScope(text)
	if !ok {
		return 0, wrongArgument(text, "\"scope\" value is invalid\n")
	}
	return s, nil
}
