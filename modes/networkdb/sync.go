package networkdb

import (
	"fmt"
	"maps"
	"slices"

	"dnetsim/sim"
)

// spawn runs something that waits for others.
func (db *DB) spawn(what string, fn func()) {
	db.loop.Go("networkdb "+what+" "+db.cfg.NodeID, func(*sim.Proc) {
		if !db.down {
			fn()
		}
	})
}

// NotifyMsg implements [memberlist.Delegate].
func (db *DB) NotifyMsg(b []byte) { db.take(b, false, 0) }

// take handles one message; synced: it came by a bulk sync.
func (db *DB) take(b []byte, synced bool, depth int) {
	kind, body, err := unwrap(b)
	if err != nil || depth > 4 {
		db.logf("error", "Error decoding gossip message to get message type: %v", err)
		return
	}
	bad := func(what string, err error) bool {
		if err != nil {
			db.logf("error", "Error decoding %s: %v", what, err)
		}
		return err != nil
	}
	switch kind {
	case kindNodeEvent:
		var m nodeEvent
		if !bad("node event message", m.decode(body, &db.texts)) && db.nodeEvent(&m) {
			db.nodeEvents.Add(slices.Clone(b), "", nil)
			db.list.Wake()
		}
	case kindNetworkEvent:
		var m networkEvent
		if !bad("network event message", m.decode(body, &db.texts)) && db.networkEvent(&m) {
			db.networkEvents.Add(slices.Clone(b), m.network+" "+m.node, nil)
			db.list.Wake()
		}
	case kindTableEvent:
		var m tableEvent
		if bad("table event message", m.decode(body, &db.texts)) || m.node == db.cfg.NodeID || !db.takeTableEvent(&m, synced) {
			return
		}
		if own := db.own()[m.network]; !synced || own.queue.Len() <= maxQueue {
			own.queue.Add(slices.Clone(b), m.table+" "+m.key, nil)
			db.gossip.wake()
		}
	case kindBulkSync:
		var m bulkSync
		if !bad("bulk sync message", m.decode(body, &db.texts)) {
			db.takeBulkSync(&m, depth)
		}
	case kindCompound:
		msgs, err := parts(body)
		if bad("compound message", err) {
			return
		}
		for _, m := range msgs {
			db.take(m, synced, depth+1)
		}
	default:
		db.logf("error", "%s(%s): unknown message type %d", db.cfg.Hostname, db.cfg.NodeID, kind)
	}
}

// Pending implements [memberlist.Delegate].
func (db *DB) Pending() bool { return !db.networkEvents.Empty() || !db.nodeEvents.Empty() }

// Broadcasts implements [memberlist.Delegate]: what goes to every node.
func (db *DB) Broadcasts(overhead, limit int) [][]byte {
	if !db.Pending() {
		return nil
	}
	n := db.nodes.count(active)
	out := db.networkEvents.Take(overhead, limit, n)
	for _, m := range out {
		limit -= overhead + len(m)
	}
	return append(out, db.nodeEvents.Take(overhead, limit, n)...)
}

// LocalState implements [memberlist.Delegate]: which node is in which network.
func (db *DB) LocalState(bool) []byte {
	m := pushPull{ltime: db.networkClock.tick(), node: db.cfg.NodeID}
	for _, name := range slices.Sorted(maps.Keys(db.members)) {
		for _, network := range slices.Sorted(maps.Keys(db.members[name])) {
			x := db.members[name][network]
			m.networks = append(m.networks, networkEntry{network: network, node: name, ltime: x.ltime, leaving: x.leaving})
		}
	}
	return m.encode()
}

// MergeRemoteState implements [memberlist.Delegate].
func (db *DB) MergeRemoteState(b []byte, _ bool) {
	var m pushPull
	kind, body, err := unwrap(b)
	if err == nil && kind == kindPushPull {
		err = m.decode(body, &db.texts)
	}
	if err != nil || kind != kindPushPull {
		db.logf("error", "Error decoding gossip message to get message type: %v", err)
		return
	}
	db.nodeEvent(&nodeEvent{kind: eventJoin, ltime: m.ltime, node: m.node})
	for _, e := range m.networks {
		kind := uint64(eventJoin)
		if e.leaving {
			kind = eventLeave
		}
		db.networkEvent(&networkEvent{kind: kind, ltime: e.ltime, node: e.node, network: e.network})
	}
}

// some draws up to k of the nodes, without this one.
func (db *DB) some(k int, nodes []string) []string {
	all := slices.DeleteFunc(slices.Clone(nodes), func(s string) bool { return s == db.cfg.NodeID })
	db.cfg.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(k, len(all))]
}

// syncWith swaps tables with nodes: with all of them, or with the first that can be
// reached of one drawn. It blocks the running process.
func (db *DB) syncWith(nodes []string, all bool, networks func(peer string) []string) error {
	if !all {
		nodes = db.some(1, nodes)
	}
	var last error
	done := false
	for _, name := range nodes {
		if name == db.cfg.NodeID || db.down {
			continue
		}
		if err := db.syncNode(networks(name), name, true); err != nil {
			last = fmt.Errorf("bulk sync to node %s failed: %w", name, err)
			db.logf("warning", "%v", last)
			continue
		}
		done = true
		if !all {
			break
		}
	}
	if done {
		return nil
	}
	return last
}

// syncNode sends a node the tables of some networks. If that is no answer, it waits for
// one: no answer in time is only logged.
func (db *DB) syncNode(networks []string, name string, ask bool) error {
	n := db.nodes[name]
	if n == nil || n.state != active {
		return nil
	}
	var msgs [][]byte
	for _, network := range networks {
		for _, k := range db.tables.keys(network) {
			e := db.tables[network][k]
			kind := uint64(eventCreate)
			if e.deleting {
				kind = eventDelete
			}
			m := db.tableEvent(kind, network, k, e)
			msgs = append(msgs, m.encode())
		}
	}
	m := bulkSync{ltime: uint64(db.tableClock), unsolicited: ask, node: db.cfg.NodeID, networks: networks, payload: compound(msgs)}
	var a *ack
	if ask {
		a = &ack{}
		db.acks[name] = a
	}
	if err := db.list.SendReliable(n.at, m.encode()); err != nil {
		if ask && db.acks[name] == a {
			delete(db.acks, name)
		}
		return fmt.Errorf("failed to send a TCP message during bulk sync: %w", err)
	}
	if !ask {
		return nil
	}
	for end := db.loop.Now() + syncTimeout; !a.came && !db.down; {
		if a.done.WaitFor(db.loop, end-db.loop.Now()) != nil {
			db.logf("error", "Bulk sync to node %s timed out", name)
			break
		}
	}
	return nil
}

// takeBulkSync takes in a node's tables, and answers with its own if that is asked for.
func (db *DB) takeBulkSync(m *bulkSync, depth int) {
	db.tableClock.witness(m.ltime)
	db.take(m.payload, true, depth+1)
	if !m.unsolicited {
		if a := db.acks[m.node]; a != nil {
			delete(db.acks, m.node)
			a.came = true
			a.done.Broadcast()
		}
		return
	}
	db.spawn("answer", func() {
		at := "<nil>"
		if n := db.nodes[m.node]; n != nil {
			at = n.at.Addr().String()
		}
		if err := db.syncNode(m.networks, m.node, false); err != nil {
			db.logf("error", "Error in responding to bulk sync from node %s: %v", at, err)
		}
	})
}

// syncTables swaps the tables of this node's networks with one node of each, at random.
func (db *DB) syncTables() {
	left := slices.DeleteFunc(slices.Sorted(maps.Keys(db.own())), func(s string) bool { return db.own()[s].leaving })
	if len(left) == 0 {
		return
	}
	db.spawn("sync", func() {
		for len(left) > 0 && !db.down {
			network := left[0]
			left = left[1:]
			err := db.syncWith(db.inNetwork[network], false, func(peer string) []string {
				all := db.common(peer) // which are done with then
				left = slices.DeleteFunc(left, func(s string) bool { return slices.Contains(all, s) })
				return all
			})
			if err != nil {
				db.logf("error", "periodic bulk sync failure for network %s: %v", network, err)
			}
		}
	})
}
