package link

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"dnetsim/link/trail"
)

// VXLANRemote is the far end of a tunnel (VTEP).
type VXLANRemote struct {
	Addr netip.Addr // unspecified: nowhere
	Port uint16     // 0: the device's own
	VNI  uint32     // 0: the device's own
}

// VXLANEntry is one line of a tunnel's forwarding table, as `bridge fdb` shows
// it: one for each far end.
type VXLANEntry struct {
	MAC       MAC
	Remote    VXLANRemote
	Permanent bool
	Static    bool          // permanent, and shown as static
	Age       time.Duration // since the last frame from it; 0 for permanent ones
}

type vxlanEntry struct {
	mac       MAC
	remotes   []VXLANRemote
	permanent bool
	static    bool
	seen      time.Duration
	number    int // counts the entries that were made; a replaced one keeps its own
}

// vxlanTable is a tunnel's forwarding table. Old entries are disbelieved when
// they are looked at.
type vxlanTable struct {
	ageing time.Duration
	table  map[uint64]*vxlanEntry
	made   int
}

func (t *vxlanTable) find(mac MAC, now time.Duration) *vxlanEntry {
	e := t.table[mac.key()]
	if e == nil || !e.permanent && t.ageing > 0 && now-e.seen >= t.ageing {
		return nil
	}
	return e
}

func (t *vxlanTable) put(mac MAC, r VXLANRemote, permanent bool, now time.Duration) {
	if t.table == nil {
		t.table = make(map[uint64]*vxlanEntry)
	}
	e := &vxlanEntry{mac: mac, remotes: []VXLANRemote{r}, permanent: permanent, seen: now}
	if old := t.find(mac, now); old != nil {
		e.number = old.number
	} else {
		t.made++
		e.number = t.made
	}
	t.table[mac.key()] = e
}

// entries lists the table as the kernel's list has it: the newest entry first.
func (t *vxlanTable) entries(now time.Duration) []VXLANEntry {
	var out []VXLANEntry
	newestFirst := func(a, b *vxlanEntry) int { return b.number - a.number }
	for _, e := range slices.SortedFunc(maps.Values(t.table), newestFirst) {
		if t.find(e.mac, now) == nil {
			continue
		}
		for _, r := range e.remotes {
			x := VXLANEntry{MAC: e.mac, Remote: r, Permanent: e.permanent, Static: e.static}
			if !e.permanent {
				x.Age = now - e.seen
			}
			out = append(out, x)
		}
	}
	return out
}

// AddFDB puts an address behind a far end: `bridge fdb replace`. The all-zero
// address takes what no other entry takes.
func (v *VXLAN) AddFDB(mac MAC, r VXLANRemote, permanent bool) {
	v.fdb.put(mac, r, permanent, v.loop.Now())
}

// AddStaticFDB is AddFDB for `bridge fdb replace … static`: an entry that does
// not age and is shown as static.
func (v *VXLAN) AddStaticFDB(mac MAC, r VXLANRemote) {
	v.AddFDB(mac, r, true)
	v.fdb.table[mac.key()].static = true
}

// AppendFDB adds another far end to an entry: frames go to all of them. Only
// group addresses and the all-zero address may have several; it reports false
// for others and for a far end that is there already.
func (v *VXLAN) AppendFDB(mac MAC, r VXLANRemote) bool {
	e := v.fdb.find(mac, v.loop.Now())
	if e == nil {
		v.AddFDB(mac, r, true)
		return true
	}
	if !mac.IsMulticast() && !mac.IsZero() || slices.Contains(e.remotes, r) {
		return false
	}
	e.remotes = append(e.remotes, r)
	return true
}

// HasFDB reports whether there is an entry for an address.
func (v *VXLAN) HasFDB(mac MAC) bool { return v.fdb.find(mac, v.loop.Now()) != nil }

// DelFDB removes an entry, or one far end of it if r is valid. It reports
// whether there was one.
func (v *VXLAN) DelFDB(mac MAC, r netip.Addr) bool {
	e := v.fdb.find(mac, v.loop.Now())
	if e == nil {
		return false
	}
	n := len(e.remotes)
	if r.IsValid() {
		e.remotes = slices.DeleteFunc(e.remotes, func(x VXLANRemote) bool { return x.Addr == r })
		if len(e.remotes) == n {
			return false
		}
	}
	if !r.IsValid() || len(e.remotes) == 0 {
		delete(v.fdb.table, mac.key())
	}
	return true
}

// FDB is the forwarding table by address. Entries too old are not in it.
func (v *VXLAN) FDB() []VXLANEntry { return v.fdb.entries(v.loop.Now()) }

// FlushFDB removes what was learned; permanent entries stay.
func (v *VXLAN) FlushFDB() {
	for key, e := range v.fdb.table {
		if !e.permanent {
			delete(v.fdb.table, key)
		}
	}
}

// snoop learns where a frame came from (vxlan_snoop). It returns the reason if
// the frame must not pass.
func (v *VXLAN) snoop(mac MAC, from netip.Addr) trail.Reason {
	e := v.fdb.find(mac, v.loop.Now())
	if e == nil {
		v.AddFDB(mac, VXLANRemote{Addr: from}, false)
		return trail.None
	}
	e.seen = v.loop.Now()
	if e.remotes[0].Addr == from {
		return trail.None
	}
	if e.permanent {
		return trail.EntryExists
	}
	v.trail.Note(v.at, "migrate", mac.String()+" migrated from "+e.remotes[0].Addr.String()+" to "+from.String(), "")
	e.remotes[0].Addr = from
	return trail.None
}
