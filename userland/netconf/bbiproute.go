package netconf

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
)

func (t *busyboxIPTool) route(w *words) error {
	cmd := "list"
	if w.more() {
		cmd = w.next()
	}
	switch {
	case abbreviates(cmd, "list", "show"):
		return t.routeList(w, false)
	case abbreviates(cmd, "flush"):
		return t.routeList(w, true)
	case abbreviates(cmd, "get"):
		return t.routeGet(w)
	case abbreviates(cmd, "add", "append", "change", "chg", "replace", "prepend", "test"):
		return t.routeEdit(cmd, w)
	case abbreviates(cmd, "delete"):
		return t.routeEdit("delete", w)
	}
	return t.badWord(1, cmd)
}

func (t *busyboxIPTool) routeList(w *words, flush bool) error {
	f := routeFilter{table: stack.TableMain}
	tool := t.inner()
	for w.more() {
		switch arg := w.next(); arg {
		case "table":
			var err error
			name := w.next()
			if f.table, f.cache, err = tool.listedTable(name); err != nil {
				return busyboxWrong(name, "table")
			}
			if f.cache {
				return nil
			}
		case "dev", "oif", "iif":
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			f.dev = i.Name()
		case "via":
			f.via, _ = netip.ParseAddr(w.next())
		case "proto":
			f.proto = w.next()
		case "scope":
			f.scope = w.next()
		case "src":
			f.src, _ = netip.ParseAddr(w.next())
		case "root", "match", "exact", "to":
		default:
			p, ok := tool.prefixWord(arg)
			if !ok {
				return t.badWord(1, arg)
			}
			f.exact = p
		}
	}
	for _, six := range tool.routeFamilies(f) {
		list := tool.routes(f, six)
		if six && f.table == stack.TableMain {
			list = append(list, multicastRoutes(t.ns)...)
		}
		for _, r := range list {
			if flush {
				t.ns.DelRoute(r)
				continue
			}
			t.out.WriteString(t.routeLine(r, f) + "\n")
		}
	}
	return nil
}

// multicastRoutes are the ff00::/8 routes of the local table, which busybox
// shows with the main one.
func multicastRoutes(ns *stack.Namespace) []stack.Route {
	var out []stack.Route
	for _, r := range ns.Routes(stack.TableLocal) {
		if typeOf(r) == "multicast" && r.Dst.Addr().Is6() {
			r.Table = stack.TableMain
			out = append(out, r)
		}
	}
	return out
}

// routeLine is a route as busybox prints it: no protocol, and two spaces before
// the source and the metric.
func (t *busyboxIPTool) routeLine(r stack.Route, f routeFilter) string {
	var b strings.Builder
	kind := typeOf(r)
	deviceless := kind == "blackhole" || kind == "unreachable" || kind == "prohibit"
	if kind != "unicast" {
		b.WriteString(kind + " ")
	}
	b.WriteString(destination(r) + " ")
	if r.Via.IsValid() && !f.via.IsValid() {
		fmt.Fprintf(&b, "via %s ", r.Via)
	}
	if r.Dev != "" && f.dev == "" && !deviceless {
		fmt.Fprintf(&b, "dev %s ", r.Dev)
	}
	if f.table == 0 && r.Table != stack.TableMain {
		fmt.Fprintf(&b, "table %s ", readTableNames(t.p).shown(r.Table))
	}
	if scope := scopeOf(r); scope != "global" && f.scope == "" && !deviceless {
		fmt.Fprintf(&b, "scope %s ", scope)
	}
	if r.Src.IsValid() && !r.Src.IsUnspecified() {
		fmt.Fprintf(&b, " src %s ", r.Src)
	}
	if r.Metric != 0 || r.Dst.Addr().Is6() {
		fmt.Fprintf(&b, " metric %d ", r.Metric)
	}
	return b.String()
}

func (t *busyboxIPTool) routeGet(w *words) error {
	var q stack.RouteQuery
	for w.more() {
		switch arg := w.next(); arg {
		case "from":
			q.From, _ = netip.ParseAddr(w.next())
		case "oif", "dev", "iif":
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			if q.Out = i.Name(); arg == "iif" {
				q.In, q.Out = q.Out, ""
			}
		case "to":
		default:
			if p, _, ok := parsePrefix(arg); ok {
				q.Dst = p.Addr()
			}
		}
	}
	dst, from := q.Dst, q.From
	if !dst.IsValid() {
		return busyboxSays(1, "need at least destination address")
	}
	r, err := t.ns.RouteFor(q)
	if err != nil {
		return t.answers(err)
	}
	if typeOf(r) == "local" {
		r.Dev, r.Via = "lo", netip.Addr{}
	}
	line := ""
	if kind := typeOf(r); kind != "unicast" {
		line = kind + " "
	}
	line += dst.String() + " "
	if from.IsValid() {
		line += "from " + from.String() + " "
	}
	if r.Via.IsValid() {
		line += "via " + r.Via.String() + " "
	}
	line += "dev " + r.Dev + " "
	if r.Src.IsValid() && !from.IsValid() {
		line += " src " + r.Src.String() + " "
	}
	t.out.WriteString(line + "\n")
	return nil
}

func (t *busyboxIPTool) routeEdit(cmd string, w *words) error {
	r := stack.Route{}
	tool := t.inner()
	for w.more() {
		switch arg := w.next(); {
		case arg == "via":
			text := w.next()
			a, err := netip.ParseAddr(text)
			if err != nil {
				return busyboxSays(1, "invalid address \"%s\"", text)
			}
			r.Via = a
		case arg == "dev", arg == "oif":
			i, err := t.device(w, 1)
			if err != nil {
				return err
			}
			r.Dev = i.Name()
		case arg == "src":
			r.Src, _ = netip.ParseAddr(w.next())
		case arg == "metric", arg == "priority", arg == "preference":
			r.Metric, _ = w.integer("metric")
		case arg == "proto":
			text := w.next()
			var ok bool
			if r.Proto, ok = stack.ParseRouteProto(text); !ok {
				return busyboxWrong(text, "protocol")
			}
		case arg == "scope":
			text := w.next()
			var ok bool
			if r.Scope, ok = stack.ParseScope(text); !ok {
				return busyboxWrong(text, "scope")
			}
		case arg == "table":
			var err error
			if r.Table, err = t.table(w.next(), "table"); err != nil {
				return err
			}
		case arg == "mtu", arg == "advmss":
			w.next()
		case arg == "onlink":
			r.OnLink = true
		case arg == "to":
		case arg == "blackhole", arg == "unreachable", arg == "prohibit", arg == "unicast", arg == "local":
			r.Type, _ = stack.ParseRouteType(arg)
		default:
			p, ok := tool.prefixWord(arg)
			if !ok {
				return busyboxSays(1, "an inet prefix is expected rather than \"%s\"", arg)
			}
			r.Dst = p
		}
	}
	if !r.Dst.IsValid() {
		r.Dst, _ = tool.prefixWord("default")
	}
	if err := t.routeDo(cmd, r); err != nil {
		return t.answers(err)
	}
	return nil
}

// routeDo carries an edit out; the error is the kernel's.
func (t *busyboxIPTool) routeDo(cmd string, r stack.Route) error {
	tool := t.inner()
	kind := typeOf(r)
	deviceless := kind == "blackhole" || kind == "unreachable" || kind == "prohibit"
	switch {
	case cmd == "delete":
		return t.ns.DelRoute(r)
	case r.Dst != r.Dst.Masked():
		return stack.ErrInvalid
	case !deviceless && !r.Via.IsValid() && r.Dev == "":
		return stack.ErrNoDevice
	case r.Via.IsValid() && r.Via.Is4() && !r.OnLink && !t.ns.GatewayOnLink(r):
		return stack.ErrNetUnreachable
	case abbreviates(cmd, "change", "chg") && !tool.hasRoute(r):
		return stack.ErrNoEntry
	case abbreviates(cmd, "replace", "change", "chg"):
		return t.ns.ReplaceRoute(r)
	}
	return t.ns.AddRoute(r)
}
