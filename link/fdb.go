package link

import (
	"bytes"
	"sort"
	"time"
)

// FDBEntry is one line of a bridge's forwarding table.
type FDBEntry struct {
	MAC    MAC
	Port   *Port
	Age    time.Duration // since the last frame from it; 0 for static and local
	Static bool          // put there by hand
	Local  bool          // an address of the bridge itself or of a port
}

type entryKind uint8

const (
	learned entryKind = iota
	static
	local
	everything // for flush only
)

type fdbEntry struct {
	key  uint64
	port *Port
	seen time.Duration
	kind entryKind
	// The list of the port's entries.
	prev, next *fdbEntry
}

// enter puts the entry into the list of a port, leave takes it out.
func (e *fdbEntry) enter(p *Port) {
	e.port, e.prev, e.next = p, nil, p.entries
	if e.next != nil {
		e.next.prev = e
	}
	p.entries = e
}

func (e *fdbEntry) leave() {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		e.port.entries = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
}

// forwardingTable maps addresses to ports. Old entries are not swept by a timer
// but disbelieved when they are looked at.
type forwardingTable struct {
	ageing time.Duration
	table  map[uint64]*fdbEntry
	sweep  int // size at which learning sweeps first, so that it stays bounded
	// recent are entries of the table that were looked up, by the end of their
	// key: those of a flow are looked up for each of its frames. Whatever takes an
	// entry out of the table empties it.
	recent [16]recentEntry
}

type recentEntry struct {
	key   uint64
	entry *fdbEntry
}

const firstSweep = 1024

func (t *forwardingTable) init(ageing time.Duration) {
	t.ageing, t.table, t.sweep = ageing, make(map[uint64]*fdbEntry), firstSweep
}

// expired is Linux' has_expired: an entry of exactly the age limit is too old.
func (t *forwardingTable) expired(e *fdbEntry, now time.Duration) bool {
	return e.kind == learned && now-e.seen >= t.ageing
}

// at is the table's entry for an address, however old, or nil.
func (t *forwardingTable) at(key uint64) *fdbEntry {
	r := &t.recent[key%uint64(len(t.recent))]
	if r.key == key && r.entry != nil {
		return r.entry
	}
	e := t.table[key]
	if e != nil {
		*r = recentEntry{key, e}
	}
	return e
}

func (t *forwardingTable) delete(key uint64) {
	if e := t.table[key]; e != nil {
		e.leave()
		delete(t.table, key)
	}
	t.recent = [16]recentEntry{}
}

func (t *forwardingTable) add(e *fdbEntry, p *Port) {
	e.enter(p)
	t.table[e.key] = e
}

// find is the entry for an address, or nil.
func (t *forwardingTable) find(key uint64, now time.Duration) *fdbEntry {
	e := t.at(key)
	if e == nil || t.expired(e, now) {
		return nil
	}
	return e
}

// learn notes that a frame from the address came in by p. Static and local
// entries do not move.
func (t *forwardingTable) learn(key uint64, p *Port, now time.Duration) {
	if e := t.at(key); e != nil {
		if e.kind == learned {
			if e.seen = now; e.port != p {
				e.leave()
				e.enter(p)
			}
		}
		return
	}
	if t.ageing == 0 {
		return
	}
	if len(t.table) >= t.sweep {
		t.forgetOld(now)
		t.sweep = max(firstSweep, 2*len(t.table))
	}
	t.add(&fdbEntry{key: key, seen: now}, p)
}

func (t *forwardingTable) forgetOld(now time.Duration) {
	for key, e := range t.table {
		if t.expired(e, now) {
			t.delete(key)
		}
	}
}

func (t *forwardingTable) put(mac MAC, p *Port, kind entryKind) {
	t.delete(mac.key())
	t.add(&fdbEntry{key: mac.key(), kind: kind}, p)
}

func (t *forwardingTable) remove(mac MAC) bool {
	_, ok := t.table[mac.key()]
	t.delete(mac.key())
	return ok
}

// flush removes the entries of a kind on a port, of every port if p is nil.
func (t *forwardingTable) flush(p *Port, kind entryKind) {
	if p == nil {
		for key, e := range t.table {
			if kind == everything || e.kind == kind {
				t.delete(key)
			}
		}
		return
	}
	for e := p.entries; e != nil; {
		next := e.next
		if kind == everything || e.kind == kind {
			t.delete(e.key)
		}
		e = next
	}
}

func (t *forwardingTable) entries(now time.Duration) []FDBEntry {
	out := make([]FDBEntry, 0, len(t.table))
	for key, e := range t.table {
		if t.expired(e, now) {
			continue
		}
		x := FDBEntry{MAC: macFromKey(key), Port: e.port, Static: e.kind == static, Local: e.kind == local}
		if e.kind == learned {
			x.Age = now - e.seen
		}
		out = append(out, x)
	}
	sort.Slice(out, func(i, j int) bool {
		if a, b := out[i].Port.number, out[j].Port.number; a != b {
			return a < b
		}
		return bytes.Compare(out[i].MAC[:], out[j].MAC[:]) < 0
	})
	return out
}

func macFromKey(k uint64) (m MAC) {
	for i := range m {
		m[i] = byte(k >> (40 - 8*i))
	}
	return m
}
