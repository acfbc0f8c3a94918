package netconf

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	"dnetsim/stack"
)

// route is `ip route`.
func (t *ipTool) route(w *words) error {
	if !w.more() {
		return t.routeShow(w)
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "list", "show", "lst"):
		return t.routeShow(w)
	case abbreviates(cmd, "get"):
		return t.routeGet(w)
	case abbreviates(cmd, "add", "change", "chg", "replace", "prepend", "append", "test"):
		return t.routeEdit(cmd, w)
	case abbreviates(cmd, "delete"):
		return t.routeEdit("delete", w)
	case abbreviates(cmd, "flush"):
		return t.routeFlush(w)
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-route")
	default:
		return unknownCommand("ip", "route", cmd)
	}
}

// routeFilter says which routes a listing shows. What it names exactly is not
// printed again.
type routeFilter struct {
	table stack.TableID // main unless given; zero: all
	dev   string
	via   netip.Addr
	proto string
	scope string
	kind  string
	src   netip.Addr
	// metric is that of the routes, 0 if any.
	metric int
	exact  netip.Prefix
	root   netip.Prefix
	match  netip.Prefix
	cache  bool
}

func (t *ipTool) readRouteFilter(w *words) (f routeFilter, err error) {
	f.table = stack.TableMain
	mode := ""
	for w.more() && err == nil {
		arg := w.next()
		switch {
		case abbreviates(arg, "table") && len(arg) > 1:
			var name string
			if name, err = w.value(); err == nil {
				f.table, f.cache, err = t.listedTable(name)
			}
		case arg == "dev", arg == "oif", arg == "iif":
			var i *stack.Interface
			if i, err = w.device(t.ns); err == nil {
				f.dev = i.Name()
			}
		case arg == "via":
			f.via, err = t.addressWord(w)
		case arg == "src":
			f.src, err = t.addressWord(w)
		case abbreviates(arg, "protocol") && len(arg) > 1:
			f.proto, err = w.value()
		case abbreviates(arg, "scope") && len(arg) > 1:
			f.scope, err = w.value()
		case arg == "type":
			f.kind, err = w.value()
		case abbreviates(arg, "metric", "priority", "preference"):
			f.metric, err = w.integer("metric")
		case arg == "tos", arg == "realm", arg == "vrf":
			err = notSimulated("%q as a selector of routes", arg)
		case len(arg) > 1 && abbreviates(arg, "cached", "cloned"):
			f.cache = true
		case arg == "root", arg == "match", arg == "exact":
			mode = arg
		case arg == "to":
		case arg == "help":
			err = exitUsage(255, "ip-route")
		default:
			p, ok := t.prefixWord(arg)
			if !ok {
				return f, wrongPrefix(arg, "any valid")
			}
			switch mode {
			case "root":
				f.root = p
			case "match":
				f.match = p
			default:
				f.exact = p
			}
			mode = ""
		}
	}
	return f, err
}

// prefixWord reads a destination: "default", a prefix or an address.
func (t *ipTool) prefixWord(text string) (netip.Prefix, bool) {
	switch text {
	case "default", "any", "all":
		if t.family == 6 {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0), true
		}
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), true
	}
	p, _, ok := parsePrefix(text)
	return p, ok
}

func (t *ipTool) addressWord(w *words) (netip.Addr, error) {
	text, err := w.value()
	if err != nil {
		return netip.Addr{}, err
	}
	if text == "inet" || text == "inet6" {
		if text, err = w.value(); err != nil {
			return netip.Addr{}, err
		}
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		family := "inet"
		if t.family == 6 {
			family = "inet6"
		}
		return a, exitWith(1, `Error: %s address is expected rather than "%s".`, family, text)
	}
	return a, nil
}

// routes are the routes of one family that a filter lets through, ordered as
// the kernel keeps them: IPv4 by destination, the longer prefix first among
// those that begin alike, then by metric.
func (t *ipTool) routes(f routeFilter, six bool) []stack.Route {
	var out []stack.Route
	for _, table := range t.tables(f.table, six) {
		var part []stack.Route
		for _, r := range t.ns.Routes(table) {
			if r.Dst.Addr().Is6() == six && f.takes(r) {
				r.Table = table
				part = append(part, r)
			}
		}
		sortRoutes(part)
		out = append(out, part...)
	}
	return out
}

// sortRoutes puts routes into the kernel's order of listing. IPv4's trie goes
// by address and, at one address, from the shorter prefix to the longer; IPv6
// lists the specific before the default.
func sortRoutes(list []stack.Route) {
	sort.SliceStable(list, func(i, k int) bool {
		a, b := list[i], list[k]
		if a.Dst.Addr().Is6() {
			if (a.Dst.Bits() == 0) != (b.Dst.Bits() == 0) {
				return b.Dst.Bits() == 0
			}
		}
		if c := a.Dst.Addr().Compare(b.Dst.Addr()); c != 0 {
			return c < 0
		}
		if a.Dst.Bits() != b.Dst.Bits() {
			return a.Dst.Bits() < b.Dst.Bits()
		}
		return a.Metric < b.Metric
	})
}

func (f routeFilter) takes(r stack.Route) bool {
	switch {
	case len(r.Hops) > 0 && (f.dev != "" || f.via.IsValid()): // they are attributes of the hops
		return false
	case f.dev != "" && r.Dev != f.dev, f.via.IsValid() && r.Via != f.via:
		return false
	case f.src.IsValid() && r.Src != f.src, f.scope != "" && f.scope != scopeOf(r):
		return false
	case f.proto != "" && f.proto != protoOf(r), f.kind != "" && f.kind != typeOf(r):
		return false
	case f.metric != 0 && r.Metric != f.metric:
		return false
	case f.exact.IsValid() && r.Dst != f.exact:
		return false
	case f.root.IsValid() && !(f.root.Bits() <= r.Dst.Bits() && f.root.Contains(r.Dst.Addr())):
		return false
	case f.match.IsValid() && !(r.Dst.Bits() <= f.match.Bits() && r.Dst.Contains(f.match.Addr())):
		return false
	}
	return true
}

func typeOf(r stack.Route) string {
	if r.Type == 0 {
		return "unicast"
	}
	return r.Type.String()
}

func protoOf(r stack.Route) string {
	if r.Proto == 0 {
		return "boot"
	}
	return r.Proto.String()
}

func scopeOf(r stack.Route) string {
	switch {
	case r.Dst.Addr().Is6():
		return "global"
	case r.Scope != 0:
		return r.Scope.String()
	case typeOf(r) == "local":
		return "host"
	case r.Dev != "" && !r.Via.IsValid() && typeOf(r) != "unreachable":
		return "link"
	}
	return "global"
}

func (t *ipTool) routeShow(w *words) error {
	f, err := t.readRouteFilter(w)
	if err != nil {
		return err
	}
	if f.cache {
		cacheShow(t, f)
		return nil
	}
	var list []jmap
	for _, six := range t.routeFamilies(f) {
		if err := t.tableExists(f.table, six, "Dump"); err != nil {
			return err
		}
		for _, r := range t.routes(f, six) {
			if t.json {
				list = append(list, t.routeJSON(r, f))
				continue
			}
			t.out.WriteString(t.routeLine(r, f) + "\n")
		}
	}
	if t.json {
		t.out.WriteString(encodeJSON(list, t.pretty))
	}
	return nil
}

// routeFamilies are the families that a listing covers: IPv4 alone unless -6
// or `table all` asks for more. true is IPv6.
func (t *ipTool) routeFamilies(f routeFilter) []bool {
	switch {
	case t.family == 6, f.exact.IsValid() && f.exact.Addr().Is6(), f.via.IsValid() && f.via.Is6():
		return []bool{true}
	case t.family == 4, f.table != 0:
		return []bool{false}
	}
	return []bool{false, true}
}

func destination(r stack.Route) string {
	switch {
	case r.Dst.Bits() == 0:
		return "default"
	case r.Dst.IsSingleIP():
		return r.Dst.Addr().String()
	}
	return r.Dst.String()
}

// routeLine is a route as `ip route` prints it.
func (t *ipTool) routeLine(r stack.Route, f routeFilter) string {
	var b strings.Builder
	six := r.Dst.Addr().Is6()
	kind := typeOf(r)
	deviceless := kind == "blackhole" || kind == "unreachable" || kind == "prohibit" || kind == "throw"
	if kind != "unicast" || t.details > 0 {
		b.WriteString(kind + " ")
	}
	b.WriteString(destination(r) + " ")
	hops := r.Hops
	if len(hops) > 0 {
		r.Via, r.Dev, r.OnLink, r.LinkDown = netip.Addr{}, "", false, false
	}
	if r.Via.IsValid() && !f.via.IsValid() {
		fmt.Fprintf(&b, "via %s ", r.Via)
	}
	if r.Dev != "" && f.dev == "" && !(deviceless && !six) {
		fmt.Fprintf(&b, "dev %s ", r.Dev)
	}
	if f.table == 0 && (r.Table != stack.TableMain || t.details > 0) {
		fmt.Fprintf(&b, "table %s ", t.tableShown(r.Table))
	}
	if (protoOf(r) != "boot" || t.details > 0) && f.proto == "" {
		fmt.Fprintf(&b, "proto %s ", protoOf(r))
	}
	if deviceless && r.Scope == 0 {
		r.Scope = stack.ScopeGlobal
	}
	if (scopeOf(r) != "global" || t.details > 0) && f.scope == "" {
		fmt.Fprintf(&b, "scope %s ", scopeOf(r))
	}
	if r.Src.IsValid() && !(six && r.Src.IsUnspecified()) {
		fmt.Fprintf(&b, "src %s ", r.Src)
	}
	if r.Metric != 0 || six {
		fmt.Fprintf(&b, "metric %d ", r.Metric)
	}
	if r.OnLink {
		b.WriteString("onlink ")
	}
	if r.LinkDown && kind != "local" {
		b.WriteString("linkdown ")
	}
	if r.MTU != 0 {
		fmt.Fprintf(&b, "mtu %d ", r.MTU)
	}
	if six {
		b.WriteString("pref medium")
	}
	for _, h := range hops {
		b.WriteString(t.sl() + "\tnexthop " + hopText(h))
	}
	return b.String()
}

// hopText is one of several next hops as `ip route` prints it.
func hopText(h stack.NextHop) string {
	var b strings.Builder
	if h.Via.IsValid() {
		fmt.Fprintf(&b, "via %s ", h.Via)
	}
	fmt.Fprintf(&b, "dev %s weight %d ", h.Dev, max(h.Weight, 1))
	for _, flag := range hopFlags(h) {
		b.WriteString(flag + " ")
	}
	return b.String()
}

func hopFlags(h stack.NextHop) []string {
	flags := []string{}
	if h.Dead {
		flags = append(flags, "dead")
	}
	if h.OnLink {
		flags = append(flags, "onlink")
	}
	if h.LinkDown {
		flags = append(flags, "linkdown")
	}
	return flags
}

// hopsJSON are the next hops of a route that has several.
func hopsJSON(r stack.Route) []jmap {
	var list []jmap
	for _, h := range r.Hops {
		m := jmap{}
		if h.Via.IsValid() {
			m = append(m, jfield{"gateway", h.Via.String()})
		}
		list = append(list, append(m, jfield{"dev", h.Dev}, jfield{"weight", max(h.Weight, 1)}, jfield{"flags", hopFlags(h)}))
	}
	return list
}

func (t *ipTool) routeJSON(r stack.Route, f routeFilter) jmap {
	var m jmap
	if kind := typeOf(r); kind != "unicast" || t.details > 0 {
		m = append(m, jfield{"type", kind})
	}
	m = append(m, jfield{"dst", destination(r)})
	hops := hopsJSON(r)
	if hops != nil {
		r.Via, r.Dev, r.OnLink, r.LinkDown = netip.Addr{}, "", false, false
	}
	if r.Via.IsValid() {
		m = append(m, jfield{"gateway", r.Via.String()})
	}
	if r.Dev != "" {
		m = append(m, jfield{"dev", r.Dev})
	}
	if f.table == 0 && (r.Table != stack.TableMain || t.details > 0) {
		m = append(m, jfield{"table", t.tableShown(r.Table)})
	}
	if protoOf(r) != "boot" || t.details > 0 {
		m = append(m, jfield{"protocol", protoOf(r)})
	}
	if scopeOf(r) != "global" && r.Dev != "" {
		m = append(m, jfield{"scope", scopeOf(r)})
	}
	if r.Src.IsValid() {
		m = append(m, jfield{"prefsrc", r.Src.String()})
	}
	if r.Metric != 0 || r.Dst.Addr().Is6() {
		m = append(m, jfield{"metric", r.Metric})
	}
	flags := []string{}
	if r.OnLink {
		flags = append(flags, "onlink")
	}
	if r.LinkDown {
		flags = append(flags, "linkdown")
	}
	if hops != nil {
		m = append(m, jfield{"nexthops", hops})
	}
	m = append(m, jfield{"flags", flags})
	if r.MTU != 0 {
		m = append(m, jfield{"metrics", []jmap{{{"mtu", r.MTU}}}})
	}
	if r.Dst.Addr().Is6() {
		m = append(m, jfield{"pref", "medium"})
	}
	return m
}
