package overlay

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"dnetsim/link"
)

// peerKey is a container in a network: its address and its MAC.
type peerKey struct {
	ip  netip.Addr
	mac link.MAC
}

func (k peerKey) String() string { return k.ip.String() + " " + k.mac.String() }

// peerEntry says where a container is. Several may be believed at once: what a
// host said of itself, and what was answered to a question ("dummy").
type peerEntry struct {
	endpoint string
	vtep     netip.Addr
	bits     int
	local    bool
}

func (e peerEntry) String() string {
	return fmt.Sprintf("{%s %s %d 32 %t}", e.endpoint, vtepText(e.vtep), e.bits, e.local)
}

// peerTable is what a host knows of the containers of its overlay networks, by
// network and key. Entries of one key are in the order of their arrival.
type peerTable struct {
	networks map[string]map[peerKey][]peerEntry
}

// add puts an entry in and reports whether it is new, and how many there are.
func (t *peerTable) add(network string, k peerKey, e peerEntry) (fresh bool, n int) {
	if t.networks == nil {
		t.networks = map[string]map[peerKey][]peerEntry{}
	}
	if t.networks[network] == nil {
		t.networks[network] = map[peerKey][]peerEntry{}
	}
	m := t.networks[network]
	for _, x := range m[k] {
		if x == e {
			return false, len(m[k])
		}
	}
	m[k] = append(m[k], e)
	return true, len(m[k])
}

func (t *peerTable) remove(network string, k peerKey, e peerEntry) (there bool, n int) {
	m := t.networks[network]
	for i, x := range m[k] {
		if x == e {
			m[k] = slices.Concat(m[k][:i], m[k][i+1:])
			there = true
			break
		}
	}
	n = len(m[k])
	if m != nil && n == 0 {
		delete(m, k)
	}
	return there, n
}

// set is how the entries of a key read in the log.
func (t *peerTable) set(network string, k peerKey) string {
	var all []string
	for _, e := range t.networks[network][k] {
		all = append(all, e.String())
	}
	return "Set{" + strings.Join(all, ", ") + "}"
}

// walk calls fn for the first entry of every key, in the order of the keys,
// until it returns true.
func (t *peerTable) walk(network string, fn func(peerKey, peerEntry) bool) {
	m := t.networks[network]
	keys := make([]peerKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, k int) bool {
		if c := keys[i].ip.Compare(keys[k].ip); c != 0 {
			return c < 0
		}
		return string(keys[i].mac[:]) < string(keys[k].mac[:])
	})
	for _, k := range keys {
		if fn(k, m[k][0]) {
			return
		}
	}
}

// search finds where an address is.
func (t *peerTable) search(network string, ip netip.Addr) (key peerKey, e peerEntry, ok bool) {
	t.walk(network, func(k peerKey, x peerEntry) bool {
		if k.ip == ip {
			key, e, ok = k, x, true
		}
		return ok
	})
	return key, e, ok
}

// moveLocal gives the containers of this host the address under which the host
// is known from now on.
func (t *peerTable) moveLocal(vtep netip.Addr) {
	for _, m := range t.networks { // every entry by itself: the order is no matter
		for _, entries := range m {
			for i := range entries {
				if entries[i].local {
					entries[i].vtep = vtep
				}
			}
		}
	}
}

// The kinds of operations on the peers of a network, as they are numbered in
// the log.
const (
	peerInit = iota
	peerAdd
	peerDelete
	peerFlush
)

// peerOp is one thing to do; they are done one after the other.
type peerOp struct {
	kind              int
	network, endpoint string
	ip                netip.Addr
	bits              int
	mac               link.MAC
	vtep              netip.Addr
	l2, l3            bool // asked for because the kernel missed it
	local             bool
	short             bool // ip came from the kernel, in its short form
	caller            string
}

// String is the operation as the log shows it: Go's form of the struct.
func (p peerOp) String() string {
	ip, mask, mac, vtep := "[]", "[]", "[]", "[]"
	if p.ip.IsValid() {
		ip, mac = goAddr(p.ip, p.short), goBytes(p.mac[:])
		m := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), p.bits).Masked().Addr().As4()
		mask = goBytes(m[:])
	}
	if p.vtep.IsValid() {
		vtep = goAddr(p.vtep, false)
	}
	return fmt.Sprintf("&{%d %s %s %s %s %s %s %t %t %t %s}",
		p.kind, p.network, p.endpoint, ip, mask, mac, vtep, p.l2, p.l3, p.local, p.caller)
}

func goBytes(b []byte) string { return fmt.Sprint(b) }

// goAddr is an address as %v shows the bytes of a net.IP: four of them, or 16.
func goAddr(a netip.Addr, short bool) string {
	if short && a.Is4() {
		b := a.As4()
		return goBytes(b[:])
	}
	b := a.As16()
	return goBytes(b[:])
}

// push queues an operation.
func (o *Driver) push(p peerOp) {
	if o.closed {
		return
	}
	o.queue = append(o.queue, p)
	o.queued.Broadcast()
}
