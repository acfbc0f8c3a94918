package networkdb

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"dnetsim/modes/memberlist"
)

// state is what is thought of a node.
type state int

const (
	active state = iota
	failed
	left
)

// String is the state as the log names it.
func (s state) String() string { return [...]string{"NodeActive", "NodeFailed", "NodeLeft"}[s] }

// incarnation is how the log calls a node of that state whose address another one has now.
func (s state) incarnation() string { return [...]string{"active", "failed", "shutdown"}[s] }

// node is a node that the gossip has, or had.
type node struct {
	name  string
	at    netip.AddrPort
	state state
	ltime uint64
	since time.Duration // when it went
}

func (n *node) String() string { return fmt.Sprintf("%s/%s", n.name, n.at.Addr()) }

func (db *DB) logf(level, format string, args ...any) {
	if !db.down {
		db.cfg.Log(level, fmt.Sprintf(format, args...))
	}
}

// NotifyJoin implements [memberlist.EventDelegate].
func (db *DB) NotifyJoin(m memberlist.Node) {
	n := &node{name: m.Name, at: m.Addr}
	db.logf("info", "Node %v, joined gossip cluster", n)
	if old := db.nodes[m.Name]; old != nil && old.state != active {
		old.at = m.Addr
		db.change(old, active)
		return
	}
	db.purge(n)
	db.nodes[m.Name] = n
	db.logf("info", "Node %v, added to nodes list", n)
}

// NotifyUpdate implements [memberlist.EventDelegate].
func (db *DB) NotifyUpdate(memberlist.Node) {}

// NotifyLeave implements [memberlist.EventDelegate]. A node that has not said that it
// would leave has failed.
func (db *DB) NotifyLeave(m memberlist.Node) {
	n := db.nodes[m.Name]
	db.logf("info", "Node %s/%s, left gossip cluster", m.Name, m.Addr.Addr())
	if n == nil {
		db.logf("error", "Node %s/%s not found in the node lists", m.Name, m.Addr.Addr())
		return
	}
	if n.state == active {
		db.change(n, failed)
		db.logf("info", "Node %v, added to failed nodes list", n)
	}
}

// purge finds out whether a new node is an old one under another name.
func (db *DB) purge(n *node) {
	for _, s := range []state{active, failed, left} {
		for _, name := range slices.Sorted(maps.Keys(db.nodes)) {
			old := db.nodes[name]
			if old.state == s && name != n.name && old.at == n.at {
				db.logf("info", "Node %v, is the new incarnation of the %s node %v", n, s.incarnation(), old)
				db.change(old, left)
				return
			}
		}
	}
}

// change moves a node into another state and reports whether it was in a different one.
// With a node that goes, everything goes that it told.
func (db *DB) change(n *node, to state) bool {
	if n.state == to {
		return false
	}
	db.logf("info", "Node %s change state %v --> %v", n.name, n.state, to)
	n.state = to
	if to == active {
		return true
	}
	n.since = db.loop.Now()
	db.dropNode(n.name)
	if to == failed {
		db.reconnect.wake()
	}
	return true
}

// dropNode takes a node out of its networks, and its entries out of the tables.
func (db *DB) dropNode(name string) {
	delete(db.members, name)
	for _, network := range slices.Sorted(maps.Keys(db.inNetwork)) {
		db.leaveNetwork(network, name)
	}
	for _, network := range slices.Sorted(maps.Keys(db.tables)) {
		for _, k := range db.tables.keys(network) {
			if e := db.tables[network][k]; e.node == name {
				db.tables.forget(network, k)
				if !e.deleting {
					db.notify(Delete, network, k, e.value)
				}
			}
		}
	}
}

// sendNodeEvent says that this node joins or leaves, and waits until that has been said
// often enough, if there is anybody to hear it.
func (db *DB) sendNodeEvent(kind uint64) error {
	m := nodeEvent{kind: kind, ltime: db.networkClock.tick(), node: db.cfg.NodeID}
	a := &ack{}
	db.nodeEvents.Add(m.encode(), "", func() { a.came = true; a.done.Broadcast() })
	db.list.Wake()
	if db.nodes.count(active) <= 1 {
		return nil
	}
	for end := db.loop.Now() + broadcastTimeout; !a.came && !db.down; {
		if err := a.done.WaitFor(db.loop, end-db.loop.Now()); err != nil {
			return fmt.Errorf("timed out broadcasting node event")
		}
	}
	return nil
}

// nodes are all that are known, by name.
type nodes map[string]*node

// count is how many are in a state.
func (all nodes) count(s state) int {
	n := 0
	for _, x := range all {
		if x.state == s {
			n++
		}
	}
	return n
}

// nodeEvent takes in what a node says of itself, and reports whether it is news.
func (db *DB) nodeEvent(m *nodeEvent) bool {
	db.networkClock.witness(m.ltime)
	n := db.nodes[m.node]
	if n == nil || n.ltime >= m.ltime {
		return false
	}
	n.ltime = m.ltime
	switch m.kind {
	case eventJoin:
		if !db.change(n, active) {
			return false
		}
		db.logf("info", "%s(%s): Node join event for %v", db.cfg.Hostname, db.cfg.NodeID, n)
	case eventLeave:
		if !db.change(n, left) {
			return false
		}
		db.logf("info", "%s(%s): Node leave event for %v", db.cfg.Hostname, db.cfg.NodeID, n)
	default:
		return false
	}
	return true
}
