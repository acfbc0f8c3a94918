package netconf

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
)

// routeGet is `ip route get`.
func (t *ipTool) routeGet(w *words) error {
	q, err := t.readRouteQuery(w)
	if err != nil {
		return err
	}
	r, err := t.ns.RouteFor(q)
	if err != nil {
		return rtnetlink(err)
	}
	t.routeGetText(r, q)
	return nil
}

func (t *ipTool) readRouteQuery(w *words) (q stack.RouteQuery, err error) {
	address := func(text string) (netip.Addr, error) {
		p, _, ok := parsePrefix(text)
		if !ok {
			return netip.Addr{}, wrongPrefix(text, "any valid")
		}
		return p.Addr(), nil
	}
	for w.more() && err == nil {
		var i *stack.Interface
		switch arg := w.next(); arg {
		case "from":
			q.From, err = address(w.next())
		case "oif", "dev":
			if i, err = w.device(t.ns); err == nil {
				q.Out = i.Name()
			}
		case "iif":
			if i, err = w.device(t.ns); err == nil {
				q.In = i.Name()
			}
		case "mark":
			q.Mark, err = w.number32("invalid mark value")
		case "tos", "dsfield":
			q.TOS, err = w.tos()
		case "ipproto", "sport", "dport": // no rule here looks at them
			_, err = w.value()
		case "vrf", "uid", "fibmatch":
			err = notSimulated("%q of ip route get", arg)
		case "notify", "cached", "connected", "to":
		case "help":
			err = exitUsage(255, "ip-route")
		default:
			q.Dst, err = address(arg)
		}
	}
	if err == nil && !q.Dst.IsValid() {
		err = exitWith(1, "need at least a destination address")
	}
	return q, err
}

func (t *ipTool) routeGetText(r stack.Route, q stack.RouteQuery) {
	var b strings.Builder
	kind := typeOf(r)
	if kind == "local" {
		r.Dev, r.Via = "lo", netip.Addr{}
	}
	if kind != "unicast" || t.details > 0 {
		b.WriteString(kind + " ")
	}
	b.WriteString(q.Dst.String() + " ")
	switch {
	case q.From.IsValid():
		fmt.Fprintf(&b, "from %s ", q.From)
	case q.Dst.Is6():
		b.WriteString("from :: ")
	}
	if r.Via.IsValid() {
		fmt.Fprintf(&b, "via %s ", r.Via)
	}
	fmt.Fprintf(&b, "dev %s ", r.Dev)
	if r.Table != stack.TableMain {
		fmt.Fprintf(&b, "table %s ", t.tableShown(r.Table))
	}
	if q.Dst.Is6() {
		if r.Proto != 0 && r.Proto != stack.ProtoBoot {
			fmt.Fprintf(&b, "proto %s ", r.Proto)
		}
		fmt.Fprintf(&b, "src %s metric %d pref medium\n", r.Src, r.Metric)
		t.out.WriteString(b.String())
		return
	}
	made := q.In == "" // here
	if r.Src.IsValid() && !q.From.IsValid() && made {
		fmt.Fprintf(&b, "src %s ", r.Src)
	}
	if q.Mark != 0 {
		fmt.Fprintf(&b, "mark %d ", q.Mark)
	}
	if made {
		b.WriteString("uid 0 ")
	}
	flags := map[string]string{"local": "<local> ", "broadcast": "<local,brd> ", "multicast": "<mc> "}[kind]
	fmt.Fprintf(&b, "%s    cache %s%s", t.sl(), flags, learnedText(r))
	if !made {
		fmt.Fprintf(&b, "iif %s ", q.In)
	}
	t.out.WriteString(b.String() + "\n")
}

// learnedText is what was learned of a destination.
func learnedText(r stack.Route) string {
	text := ""
	if r.Redirected {
		text = "<redirected> "
	}
	if r.Expires > 0 {
		text += fmt.Sprintf("expires %dsec ", r.Expires/time.Second)
	}
	if r.MTU > 0 {
		text += fmt.Sprintf("mtu %d ", r.MTU)
	}
	return text
}

// cacheShow is `ip route show cache`.
func cacheShow(t *ipTool, f routeFilter) {
	for _, six := range t.routeFamilies(f) {
		for _, r := range stack.RouteCache(t.ns, six) {
			if f.takes(r) {
				via := ""
				if r.Via.IsValid() {
					via = fmt.Sprintf("via %s ", r.Via)
				}
				fmt.Fprintf(&t.out, "%s %sdev %s %s    cache %s\n", r.Dst.Addr(), via, r.Dev, t.sl(), learnedText(r))
			}
		}
	}
}
