package networkdb

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// entryKey is an entry's place in the tables of its network.
type entryKey struct{ table, key string }

// entry is what a node has told.
type entry struct {
	ltime    uint64
	node     string
	value    []byte
	deleting bool
	until    time.Duration // a deleted one is told of so long
}

// tables are what is known of each network.
type tables map[string]map[entryKey]*entry

// keys are those of a network's entries, in order.
func (t tables) keys(network string) []entryKey {
	return slices.SortedFunc(maps.Keys(t[network]), func(a, b entryKey) int {
		if c := strings.Compare(a.table, b.table); c != 0 {
			return c
		}
		return strings.Compare(a.key, b.key)
	})
}

func (db *DB) put(network string, k entryKey, e *entry) {
	if db.tables[network] == nil {
		db.tables[network] = map[entryKey]*entry{}
	}
	db.tables[network][k] = e
	if e.deleting {
		db.reap.wake()
	}
}

func (t tables) forget(network string, k entryKey) {
	delete(t[network], k)
	if len(t[network]) == 0 {
		delete(t, network)
	}
}

func (db *DB) notify(op Op, network string, k entryKey, value []byte) {
	if !db.down {
		db.cfg.Notify(Event{Op: op, Network: network, Table: k.table, Key: k.key, Value: value})
	}
}

// CreateEntry tells the nodes of a network of something new. Like DeleteEntry, it does nothing
// when the node has left.
func (db *DB) CreateEntry(table, network, key string, value []byte) error {
	k := entryKey{table, key}
	if e := db.tables[network][k]; e != nil && !e.deleting && !db.down {
		return fmt.Errorf("cannot create entry in table %s with network id %s and key %s, already exists", table, network, key)
	}
	db.tell(eventCreate, network, k, &entry{value: value})
	return nil
}

// DeleteEntry tells them that it is gone.
func (db *DB) DeleteEntry(table, network, key string) error {
	k := entryKey{table, key}
	e := db.tables[network][k]
	if db.down {
		return nil
	}
	if e == nil || e.deleting {
		return fmt.Errorf("cannot delete entry %s with network id %s and key %s does not exist or is already being deleted", table, network, key)
	}
	db.tell(eventDelete, network, k, &entry{value: e.value, deleting: true, until: db.loop.Now() + reapEntries})
	return nil
}

// tell puts an entry of this node's own into the table and queues its event.
func (db *DB) tell(kind uint64, network string, k entryKey, e *entry) {
	if db.down {
		return
	}
	e.ltime, e.node = db.tableClock.tick(), db.cfg.NodeID
	db.put(network, k, e)
	if m := db.own()[network]; m != nil {
		msg := db.tableEvent(kind, network, k, e)
		m.queue.Add(msg.encode(), k.table+" "+k.key, nil)
		db.gossip.wake()
	}
}

func (db *DB) tableEvent(kind uint64, network string, k entryKey, e *entry) tableEvent {
	m := tableEvent{kind: kind, ltime: e.ltime, node: e.node, network: network, table: k.table, key: k.key, value: e.value}
	if e.deleting {
		m.reap = uint64(max(e.until-db.loop.Now(), 0) / time.Second)
	}
	return m
}

// Walk calls fn for every entry of a table that is not being deleted, in the order of
// the keys.
func (db *DB) Walk(table, network string, fn func(key string, value []byte, own bool)) {
	for _, k := range db.tables.keys(network) {
		if e := db.tables[network][k]; e != nil && k.table == table && !e.deleting {
			fn(k.key, e.value, e.node == db.cfg.NodeID)
		}
	}
}

// takeTableEvent takes in what a node has told of an entry, and reports whether others
// are to hear of it. Nodes that are not in the network, and this one while it is not,
// hear of nothing.
func (db *DB) takeTableEvent(m *tableEvent, synced bool) bool {
	db.tableClock.witness(m.ltime)
	own := db.own()[m.network]
	if own == nil || own.leaving || !slices.Contains(db.inNetwork[m.network], m.node) {
		return false
	}
	k := entryKey{m.table, m.key}
	old := db.tables[m.network][k]
	switch {
	case old != nil && old.ltime >= m.ltime:
		return false
	case old == nil && m.kind == eventDelete && !synced:
		return false // it may be so late that everybody has forgotten
	}
	e := &entry{ltime: m.ltime, node: m.node, value: bytes.Clone(m.value)}
	reap := time.Duration(min(m.reap, uint64(reapEntries/time.Second))) * time.Second
	if e.deleting = m.kind == eventDelete; e.deleting {
		if reap == 0 {
			reap = reapEntries
		}
		e.until = db.loop.Now() + reap
	}
	db.put(m.network, k, e)
	if old == nil && e.deleting {
		return own.inSync && reap > reapEntries/6
	}
	known := old != nil && !old.deleting
	switch {
	case e.deleting && known:
		db.notify(Delete, m.network, k, old.value)
	case e.deleting:
	case known:
		db.notify(Update, m.network, k, e.value)
	default:
		db.notify(Create, m.network, k, e.value)
	}
	return own.inSync
}

// dropEntries is what the end of a node's part in a network does to its entries there:
// they count as deleted. With this node's own part, what others have told is forgotten.
func (db *DB) dropEntries(network, node string) {
	mine := node == db.cfg.NodeID
	for _, k := range db.tables.keys(network) {
		e := db.tables[network][k]
		switch {
		case e.node != node && !mine || e.deleting && !mine:
			continue
		case e.node != node:
			db.tables.forget(network, k)
		case !e.deleting:
			gone := &entry{ltime: e.ltime, node: node, value: e.value, deleting: true, until: db.loop.Now() + reapEntries}
			if mine {
				gone.ltime++
			}
			db.put(network, k, gone)
		}
		if !e.deleting {
			db.notify(Delete, network, k, e.value)
		}
	}
}
