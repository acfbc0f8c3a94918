package campaign

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/modes"
	"dnetsim/scenarios"
	"dnetsim/stack"
)

// watch reads the journal and looks at every frame that arrives at a place whose
// segment is declared: whoever sent it must have been on that segment, too, and
// a packet of another bridge network must not have come through the host.
type watch struct {
	judge  *judge
	places map[string]*place
	heard  map[segment]map[link.MAC]string // who ever was on a segment, by address
	said   map[string]bool
}

// place is an interface that frames arrive at.
type place struct {
	iface   *stack.Interface
	segment segment
	lan     string // of a host's or router's card; its frames may be tagged
	host    *hostLook
	network *modes.NetworkHolding // nil for cards
}

func newWatch(j *judge) *watch {
	w := &watch{judge: j, heard: map[segment]map[link.MAC]string{}, said: map[string]bool{}}
	w.renew(j.look())
	return w
}

// renew finds the places anew.
func (w *watch) renew(l *look) {
	w.places = map[string]*place{}
	spaces := l.namespaces()
	for _, r := range l.lab.Scenario.Routers {
		for _, p := range r.Ports {
			w.card(spaces[r.Name].Interface(p.Name), p.LAN, nil)
		}
	}
	if implicit := spaces[scenarios.ImplicitRouter]; implicit != nil {
		for _, lan := range l.lab.Scenario.LANs { // it holds the gateways that nobody has
			for _, i := range implicit.Interfaces() {
				if len(i.Addrs()) > 0 && i.Addrs()[0].Prefix.Addr() == lan.Gateway {
					w.card(i, lan.Name, nil)
				}
			}
		}
	}
	for i := range l.lab.Scenario.Hosts {
		h := &l.lab.Scenario.Hosts[i]
		for _, p := range h.Ports {
			w.card(spaces[h.Name].Interface(p.Name), p.LAN, nil)
		}
	}
	for _, h := range l.hosts {
		for i := range h.books.Networks {
			w.network(h, &h.books.Networks[i])
		}
	}
}

// card is a place on a LAN. What is stacked on it speaks there, too.
func (w *watch) card(i *stack.Interface, lan string, h *hostLook) {
	if i == nil {
		return
	}
	w.places[name(i)] = &place{iface: i, lan: lan, host: h}
	w.hears(segment("lan "+lan), i)
	for _, u := range i.Uppers() {
		if u.Kind() == stack.KindVLAN {
			_, vlan, _ := strings.Cut(u.Name(), ".")
			w.hears(segment("lan "+lan+" vlan "+vlan), u)
		}
	}
}

// network are the places of a network's endpoints.
func (w *watch) network(h *hostLook, n *modes.NetworkHolding) {
	seg := segmentOf(h, n)
	for _, e := range plugged(n) {
		w.places[name(e.Inside)] = &place{iface: e.Inside, segment: seg, host: h, network: n}
		w.hears(seg, e.Inside)
		w.hears(seg, e.Outside)
	}
	if n.Bridge != "" {
		if br := h.machine.NS().Interface(n.Bridge); br != nil {
			w.places[name(br)] = &place{iface: br, segment: seg, host: h, network: n}
			w.hears(seg, br)
		}
	}
	if box := h.books.Overlays[n.ID]; box != nil && n.Driver == "overlay" {
		for _, i := range box.Interfaces() {
			w.hears(seg, i)
		}
	}
}

func name(i *stack.Interface) string { return i.Namespace().Name() + "/" + i.Name() }

func (w *watch) hears(seg segment, i *stack.Interface) {
	if i == nil || i.Namespace() == nil {
		return
	}
	if w.heard[seg] == nil {
		w.heard[seg] = map[link.MAC]string{}
	}
	w.heard[seg][i.MAC()] = name(i)
}

// event is told everything that happens to packets.
func (w *watch) event(e *trail.Event) {
	f := link.NewFrame(e.Frame)
	if e.Verb == trail.Drop && e.Why() == "" {
		w.say("conservation", fmt.Sprintf("%s drops a frame without a reason", e.Place))
	}
	if e.Verb != trail.Receive || f.Len() < link.HeaderLen {
		return
	}
	at := e.Place.String()
	p := w.places[at]
	if (p == nil || p.stale(at)) && w.unknown(at) {
		w.renew(w.judge.look())
		p = w.places[at]
	}
	if p == nil || p.iface == nil {
		return
	}
	w.sender(e, p, f)
	w.packet(e, p, f)
}

// stale reports whether a place's interface is no longer there.
func (p *place) stale(at string) bool {
	return p.iface != nil && (p.iface.Namespace() == nil || name(p.iface) != at)
}

// unknown reports whether it is worth looking for a place: once it was looked
// for in vain, it is of no network until the next step.
func (w *watch) unknown(at string) bool {
	if p := w.places[at]; p != nil && p.iface == nil {
		return false
	}
	if !strings.HasSuffix(at[:len(at)-1], "/eth") {
		w.places[at] = &place{}
		return false
	}
	return true
}

// segmentFor is where a frame was heard.
func (p *place) segmentFor(f *link.Frame) segment {
	if p.lan == "" {
		return p.segment
	}
	if vlan, tagged := vlanOf(f.Bytes()); tagged {
		return segment(fmt.Sprintf("lan %s vlan %d", p.lan, vlan))
	}
	return segment("lan " + p.lan)
}

func vlanOf(b []byte) (vlan int, tagged bool) {
	if len(b) < 18 || b[12] != 0x81 || b[13] != 0 {
		return 0, false
	}
	return int(b[14]&0x0f)<<8 | int(b[15]), true
}

// sender judges the frame's source address.
func (w *watch) sender(e *trail.Event, p *place, f *link.Frame) {
	seg := p.segmentFor(f)
	if w.heard[seg][f.Src()] != "" {
		return
	}
	w.renew(w.judge.look())
	if w.heard[seg][f.Src()] == "" {
		w.say("isolation", fmt.Sprintf("%s on %s hears a frame of %s, who never was there", e.Place, seg, f.Src()))
	}
}

// packet judges the source address of an IPv4 packet that a container hears.
func (w *watch) packet(e *trail.Event, p *place, f *link.Frame) {
	b := f.Bytes()
	if p.network == nil || p.network.Bridge == "" || len(b) < 34 || b[12] != 0x08 || b[13] != 0 || f.Dst().IsMulticast() || e.Place.String() == p.host.decl.Name+"/"+p.network.Bridge {
		return
	}
	src := netip.AddrFrom4([4]byte(b[26:30]))
	own := ipv4(p.network.Gateways)
	switch {
	case w.lawless(p.host) || p.host.machine.NS().IsLocal(src): // a host answers at all of its addresses
	case p.network.Internal && own.IsValid() && !own.Masked().Contains(src):
		w.say("isolation", fmt.Sprintf("%s in the internal network %s hears a packet of %s", e.Place, p.network.Name, src))
	default:
		for i := range p.host.books.Networks {
			o := &p.host.books.Networks[i]
			if other := ipv4(o.Gateways); o.Bridge != "" && o.ID != p.network.ID && other.IsValid() && other.Masked().Contains(src) {
				w.say("isolation", fmt.Sprintf("%s in the network %s hears a packet of %s, which is of %s", e.Place, p.network.Name, src, o.Name))
			}
		}
	}
}

// lawless reports whether a host's rules do not isolate networks now, or whether
// addresses cannot be trusted.
func (w *watch) lawless(h *hostLook) bool {
	m := h.memory
	for _, o := range w.judge.memories {
		if o.impure {
			return true
		}
	}
	host, ok := w.judge.lab.Host(h.decl.Name)
	return m.vandalised || m.opened || h.option("iptables") || !ok || !host.Daemon.Running()
}

// say reports each thing once for a step.
func (w *watch) say(kind, text string) {
	key := fmt.Sprint(w.judge.steps, kind, text)
	if !w.said[key] {
		w.said[key] = true
		w.judge.report(kind, text)
	}
}
