package packets

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/link"
	"dnetsim/link/pcapfilter"
	"dnetsim/link/trail"
)

// Row is a line of the list of packets. Times are microseconds of virtual time.
type Row struct {
	Packet trail.ID `json:"packet"`
	Time   int64    `json:"time"`
	Place  string   `json:"place"`
	Src    string   `json:"src"`
	Dst    string   `json:"dst"`
	Proto  string   `json:"proto"`
	Length int      `json:"length"`
	Info   string   `json:"info"`
	Fate   Fate     `json:"fate"`
	Where  string   `json:"where,omitempty"`
	Why    string   `json:"why,omitempty"`
	Parent trail.ID `json:"parent,omitempty"`
	Depth  int      `json:"depth,omitempty"`
	Hops   int      `json:"hops"`
}

// List is a part of the rows that a filter lets through.
type List struct {
	Rows  []Row `json:"rows"`
	Total int   `json:"total"` // of the rows that it lets through, those that are forgotten not counted
	First int   `json:"first"` // how many packets have been forgotten
}

// Filter says which packets somebody wants to see.
type Filter struct {
	text string
	pcap *pcapfilter.Filter // or
	word string             // in small letters
}

// ParseFilter reads a filter: nothing, what tcpdump takes, or one word to look for in
// the rows.
func ParseFilter(text string) (*Filter, error) {
	text = strings.TrimSpace(text)
	f := &Filter{text: text}
	if text == "" {
		return f, nil
	}
	var err error
	if f.pcap, err = pcapfilter.Parse(text); err == nil {
		return f, nil
	}
	f.pcap = nil
	if strings.ContainsAny(text, " \t()&|!<>=[]") {
		return nil, fmt.Errorf("%q: %v: write what tcpdump takes, such as \"icmp and host 10.0.0.11\", or one word to look for, such as a place or \"dropped\"", text, err)
	}
	f.word = strings.ToLower(text)
	return f, nil
}

// Text is the filter as it was written.
func (f *Filter) Text() string { return f.text }

// passes reports whether a packet is to be seen.
func (r *Recorder) passes(f *Filter, p *packet) bool {
	switch {
	case f == nil || f.pcap == nil && f.word == "":
		return true
	case f.pcap != nil:
		for _, b := range p.frames {
			if f.pcap.Match(b) {
				return true
			}
		}
		return false
	}
	for _, text := range []string{p.info, p.proto, p.src, p.dst, string(p.fate), p.why} {
		if strings.Contains(strings.ToLower(text), f.word) {
			return true
		}
	}
	for _, h := range p.hops {
		if strings.Contains(strings.ToLower(r.places[h.place].String()), f.word) {
			return true
		}
	}
	return false
}

// Rows are those of packets from the from-th on that the filter lets through, count at
// most. With hops there is a row for each thing that happened.
func (r *Recorder) Rows(f *Filter, from, count int, hops bool) List {
	l := List{Rows: []Row{}, First: r.gone}
	for _, p := range r.order[r.head:] {
		if !r.passes(f, p) {
			continue
		}
		n := 1
		if hops {
			n = len(p.hops)
		}
		for k := range n {
			if l.Total >= from && len(l.Rows) < count {
				if row := r.row(p); hops {
					l.Rows = append(l.Rows, r.hopRow(p, k, row))
				} else {
					l.Rows = append(l.Rows, row)
				}
			}
			l.Total++
		}
	}
	return l
}

// Changed are the rows of packets that are new, or to which something happened since
// it was called last: all of them, each once, in the order of their birth. Who looks
// filters them with Passing.
func (r *Recorder) Changed() []trail.ID {
	if len(r.changed) == 0 {
		return nil
	}
	out := make([]trail.ID, 0, len(r.changed))
	for _, p := range r.changed {
		p.dirty = false
		if r.packets[p.id] == p {
			out = append(out, p.id)
		}
	}
	r.changed = r.changed[:0]
	return out
}

// Passing are the rows of some packets that a filter lets through.
func (r *Recorder) Passing(f *Filter, ids []trail.ID) []Row {
	out := []Row{}
	for _, id := range ids {
		if p := r.packets[id]; p != nil && r.passes(f, p) {
			out = append(out, r.row(p))
		}
	}
	return out
}

func (r *Recorder) row(p *packet) Row {
	first, last := p.hops[0], p.hops[len(p.hops)-1]
	row := Row{
		Packet: p.id, Time: first.at.Microseconds(), Place: r.places[first.place].String(), Src: p.src, Dst: p.dst, Proto: p.proto, Length: p.length,
		Info: p.info, Fate: p.fate, Why: p.why, Parent: p.parent, Depth: p.depth, Hops: len(p.hops),
	}
	if p.fate != Flying && p.fate != Carried {
		row.Where = r.places[last.place].String()
	}
	return row
}

// hopRow is the row of a packet's k-th hop.
func (r *Recorder) hopRow(p *packet, k int, row Row) Row {
	h := p.hops[k]
	row.Time, row.Place, row.Where, row.Why = h.at.Microseconds(), r.places[h.place].String(), "", ""
	frame := p.frames[h.frame]
	row.Src, row.Dst, row.Proto = ends(frame)
	row.Info = h.verb.String() + ": " + shown(frame)
	row.Fate = Flying
	switch h.verb {
	case trail.Drop:
		row.Fate, row.Why = Dropped, h.why()
	case trail.Deliver:
		row.Fate = Delivered
	case trail.Queue:
		row.Fate = Waiting
	}
	return row
}

func (h *hop) why() string {
	e := trail.Event{Verb: h.verb, Reason: h.reason, Rule: h.rule}
	return e.Why()
}

// ends are a frame's sender, receiver and protocol in the words of the list.
func ends(b []byte) (src, dst, proto string) {
	h, ok := link.ParseHeaders(b)
	switch {
	case !ok:
		return link.MACAt(b, 6).String(), link.MACAt(b, 0).String(), "?"
	case h.EtherType == link.TypeARP:
		if k := arpAt(b); k > 0 {
			return addr(b[k+14 : k+18]), addr(b[k+24 : k+28]), "ARP"
		}
		return link.MACAt(b, 6).String(), link.MACAt(b, 0).String(), "ARP"
	case !h.IP:
		return link.MACAt(b, 6).String(), link.MACAt(b, 0).String(), fmt.Sprintf("0x%04x", h.EtherType)
	}
	at, n := h.L3+12, 4
	if h.V6 {
		at, n = h.L3+8, 16
	}
	if len(b) < at+2*n {
		return "", "", protocol(&h)
	}
	from, _ := netip.AddrFromSlice(b[at : at+n])
	to, _ := netip.AddrFromSlice(b[at+n : at+2*n])
	return from.String(), to.String(), protocol(&h)
}

// arpAt is where a frame's ARP message begins, 0 if it is too short.
func arpAt(b []byte) int {
	k := link.HeaderLen
	if len(b) > 14 && b[12] == 0x81 && b[13] == 0 {
		k += 4
	}
	if len(b) < k+28 {
		return 0
	}
	return k
}

func addr(b []byte) string { return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]) }

// protocol is the protocol of an IP packet, by its ports where they say more.
func protocol(h *link.Headers) string {
	if h.Ports && !h.Fragment {
		udp := h.Proto == 17
		for _, port := range []uint16{h.DstPort, h.SrcPort} {
			switch {
			case port == 53:
				return "DNS"
			case udp && (port == link.VXLANPort || port == 8472):
				return "VXLAN"
			case !udp && (port == 80 || port == 8500 || port == 8080):
				return "HTTP"
			case port == 7946:
				return "gossip"
			case port == 2377 && !udp:
				return "swarm"
			}
		}
	}
	switch h.Proto {
	case 1:
		return "ICMP"
	case 2:
		return "IGMP"
	case 6:
		return "TCP"
	case 17:
		return "UDP"
	case 50:
		return "ESP"
	case 58:
		return "ICMPv6"
	}
	return fmt.Sprintf("IP %d", h.Proto)
}
