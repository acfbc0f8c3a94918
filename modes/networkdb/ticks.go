package networkdb

import (
	"maps"
	"slices"
	"time"

	"dnetsim/sim"
)

// ticker does something each interval, on a grid that begins at random within the first
// one. Ticks on which there is nothing to do are left out.
type ticker struct {
	db       *DB
	timer    *sim.Timer
	from     time.Duration
	interval time.Duration
	want     func() bool // nil: always
	busy     bool        // it is still at the last one
}

// wake sees to it that the next tick happens, if there is something to do.
func (t *ticker) wake() {
	if t == nil || t.db.down || t.busy || t.timer.Running() || t.want != nil && !t.want() {
		return
	}
	now := t.db.loop.Now()
	if now < t.from {
		t.timer.Reset(t.from - now)
		return
	}
	t.timer.Reset(t.interval - (now-t.from)%t.interval)
}

func (db *DB) every(d time.Duration, want func() bool, fn func()) *ticker {
	t := &ticker{db: db, interval: d, want: want}
	t.from = db.loop.Now() + time.Duration(db.cfg.Rand.Int64N(int64(d))) + d
	t.timer = db.loop.NewTimer(func() {
		if db.down {
			return
		}
		if want == nil || want() {
			fn()
		}
		t.wake()
	})
	db.ticks = append(db.ticks, t)
	t.wake()
	return t
}

func (db *DB) startTicks() {
	db.reap = db.every(reapPeriod, db.anyGone, db.reapState)
	db.gossip = db.every(gossipInterval, db.anythingToSay, db.gossipTables)
	db.every(syncInterval, nil, db.syncTables)
	db.reconnect = db.every(retryInterval, func() bool { return db.nodes.count(failed) > 0 }, db.reconnectOne)
	db.every(nodeReapPeriod, nil, db.reapNodes)
	db.every(rejoinInterval, nil, db.rejoin)
	db.every(statsPeriod, nil, db.printStats)
	db.every(healthPeriod, nil, func() {
		if h := db.list.Health(); h > 0 {
			db.logf("warning", "NetworkDB stats %s(%s) - healthscore:%d (connectivity issues)", db.cfg.Hostname, db.cfg.NodeID, h)
		}
	})
}

// anyGone reports whether something waits to be forgotten.
func (db *DB) anyGone() bool {
	for _, all := range db.members { // whether there is one
		for _, m := range all {
			if m.leaving {
				return true
			}
		}
	}
	for _, t := range db.tables {
		for _, e := range t {
			if e.deleting {
				return true
			}
		}
	}
	return false
}

// anythingToSay reports whether an event of a table waits in one of the networks.
func (db *DB) anythingToSay() bool {
	for _, m := range db.own() { // whether there is one
		if !m.queue.Empty() {
			return true
		}
	}
	return false
}

// gossipTables tells some nodes of each network what is new in its tables. If there is
// nobody else in it, it is told to nobody: who comes later asks for the tables.
func (db *DB) gossipTables() {
	for _, network := range slices.Sorted(maps.Keys(db.own())) {
		m := db.own()[network]
		nodes := db.inNetwork[network]
		msgs := m.queue.Take(compoundOverhead, db.cfg.PacketBuffer-compoundHead, len(nodes))
		m.sent += len(msgs)
		if len(msgs) == 0 {
			continue
		}
		all := compound(msgs)
		for _, name := range db.some(gossipNodes, nodes) {
			n := db.nodes[name]
			if n == nil || n.state != active {
				break
			}
			if err := db.list.SendBestEffort(name, all); err != nil {
				db.logf("error", "Failed to send gossip to %s: %v", n.at.Addr(), err)
			}
		}
	}
}

// printStats writes what each network has to do into the log.
func (db *DB) printStats() {
	for _, network := range slices.Sorted(maps.Keys(db.own())) {
		m := db.own()[network]
		db.logf("info", "NetworkDB stats %s(%s) - netID:%s leaving:%t netPeers:%d entries:%d Queue qLen:%d netMsg/s:%d",
			db.cfg.Hostname, db.cfg.NodeID, network, m.leaving, len(db.inNetwork[network]), len(db.tables[network]), m.queue.Len(),
			m.sent/int(statsPeriod/time.Second))
		m.sent = 0
	}
}

// reapState forgets networks that were left, and entries that were deleted, long ago.
func (db *DB) reapState() {
	now := db.loop.Now()
	for name, all := range db.members { // each by itself: the order is no matter
		for network, m := range all {
			if m.leaving && now-m.since >= reapNetworks {
				delete(all, network)
			}
		}
		if len(all) == 0 {
			delete(db.members, name)
		}
	}
	for network, t := range db.tables {
		for k, e := range t {
			if e.deleting && now >= e.until {
				delete(t, k)
			}
		}
		if len(t) == 0 {
			delete(db.tables, network)
		}
	}
}

// reapNodes forgets nodes that went long ago.
func (db *DB) reapNodes() {
	for name, n := range db.nodes { // each by itself: the order is no matter
		if n.state != active && db.loop.Now()-n.since >= reapNode {
			delete(db.nodes, name)
		}
	}
}
