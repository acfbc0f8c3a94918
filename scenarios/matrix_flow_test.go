package scenarios

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link"
)

// way is a direction between the two containers.
type way struct{ from, to int } // of the hosts bdc01 and bdc02, from 1

var ways = []way{{1, 2}, {2, 1}}

func (w way) String() string { return fmt.Sprintf("c%d→c%d", w.from, w.to) }

// flow is one container and the one that it tries to reach.
type flow struct {
	host, peer           string // bdc01, bdc02
	container, other     string // c1, c2
	address, target      netip.Addr
	peerAddr             netip.Addr
	targetMAC            string
	dark, missing        bool   // no engine answers on host; no container runs there
	sent, arrived, grown [2]set // by pingSizes
}

// set is the hosts that something is true of.
type set []string

// pingSizes are what ping's -s is given.
var pingSizes = [2]string{"56", "1400"}

// mark is how the table says whether something worked. Who reaches itself
// where the other should be has reached nobody.
func (f *flow) mark(ok bool) string {
	switch {
	case ok && f.target == f.address:
		return "self"
	case ok:
		return "✓"
	}
	return "✗"
}

// leaves says whether the flow's requests leave the host's card on UDP 4789,
// and for whom if not for the other container's host.
func (f *flow) leaves() string {
	if f.missing {
		return nothing
	}
	return f.sizes(f.sent)
}

// reaches says whether the requests get to the other host.
func (f *flow) reaches(places [2]set) string {
	if len(f.sent[0])+len(f.sent[1]) == 0 {
		return nothing
	}
	return f.sizes(places)
}

func (f *flow) sizes(places [2]set) string {
	s, l := f.place(places[0]), f.place(places[1])
	if s == l {
		return s
	}
	return fmt.Sprintf("%s/%s", s, l)
}

func (f *flow) place(hosts set) string {
	switch {
	case len(hosts) == 0:
		return "no"
	case slices.Equal(hosts, set{f.peer}):
		return "yes"
	}
	return strings.Join(hosts, " ")
}

func (s *set) add(host string) {
	if !slices.Contains(*s, host) {
		*s = append(*s, host)
	}
}

// request reports whether a frame is the flow's echo request within VXLAN on
// UDP port 4789.
func (f *flow) request(b []byte) bool {
	const ipv4 = 20
	const udp = link.HeaderLen + ipv4
	if len(b) < udp+8 || b[23] != 17 || binary.BigEndian.Uint16(b[udp+2:]) != link.VXLANPort {
		return false
	}
	_, inner, ok := link.ParseVXLAN(b[udp+8:])
	if !ok || len(inner) < link.HeaderLen+ipv4+8 {
		return false
	}
	p := inner[link.HeaderLen:]
	return netip.AddrFrom4([4]byte(p[12:16])) == f.address && netip.AddrFrom4([4]byte(p[16:20])) == f.target &&
		p[9] == 1 && p[ipv4] == 8
}

// outer is the address that a frame's packet is for.
func outer(b []byte) string { return netip.AddrFrom4([4]byte(b[30:34])).String() }
