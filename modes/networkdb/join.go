package networkdb

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/memberlist"
)

// membership is a node's part in a network.
type membership struct {
	ltime   uint64
	leaving bool
	since   time.Duration // when it left
	// Only of this node's own:
	inSync bool // the tables have been asked for
	queue  memberlist.Queue
	sent   int // events, since the statistics were printed
}

// Join joins the cluster through any of these nodes ("10.0.0.11", or with a port), which
// are remembered for when the node is alone again. It blocks the running process.
func (db *DB) Join(members []string) error {
	db.bootstrap = slices.Clone(members)
	db.logf("info", "The new bootstrap node list is:%v", members)
	return db.join(members)
}

func (db *DB) join(members []string) error {
	if _, err := db.list.Join(members); err != nil {
		return fmt.Errorf("could not join node to memberlist: %w", err)
	}
	if db.down {
		return nil
	}
	if err := db.sendNodeEvent(eventJoin); err != nil {
		return fmt.Errorf("failed to send node join: %w", err)
	}
	return nil
}

// Leave tells the others that the node goes, and closes. It blocks the running process,
// for some seconds at most.
func (db *DB) Leave() {
	if db.down {
		return
	}
	if err := db.sendNodeEvent(eventLeave); err != nil {
		db.logf("error", "failed to send node leave: %v", err)
	}
	if !db.down {
		if err := db.list.Leave(leaveTimeout); err != nil {
			db.logf("error", "%s(%s) Could not close DB: %v", db.cfg.Hostname, db.cfg.NodeID, err)
		}
	}
	db.Close()
}

// own are this node's networks.
func (db *DB) own() map[string]*membership { return db.members[db.cfg.NodeID] }

// JoinNetwork tells the others that this node is in a network, and asks those that are
// in it for its tables. It blocks the running process until they have answered, for each
// of them 30 s at most.
func (db *DB) JoinNetwork(network string) {
	if db.down {
		return
	}
	m := &membership{ltime: db.networkClock.tick()}
	if db.own() == nil {
		db.members[db.cfg.NodeID] = map[string]*membership{}
	}
	db.own()[network] = m
	db.enterNetwork(network, db.cfg.NodeID)
	db.sendNetworkEvent(eventJoin, network, m.ltime)
	if err := db.syncWith(slices.Clone(db.inNetwork[network]), true, func(peer string) []string { return db.common(peer) }); err != nil {
		db.logf("error", "Error bulk syncing while joining network %s: %v", network, err)
	}
	m.inSync = true
}

// LeaveNetwork tells the others that this node is no longer in a network; its entries
// there are gone.
func (db *DB) LeaveNetwork(network string) {
	m := db.own()[network]
	if m == nil || db.down {
		return
	}
	m.ltime, m.leaving, m.since = db.networkClock.tick(), true, db.loop.Now()
	db.sendNetworkEvent(eventLeave, network, m.ltime)
	db.leaveNetwork(network, db.cfg.NodeID)
	db.dropEntries(network, db.cfg.NodeID)
	db.reap.wake()
}

func (db *DB) sendNetworkEvent(kind uint64, network string, ltime uint64) {
	m := networkEvent{kind: kind, ltime: ltime, node: db.cfg.NodeID, network: network}
	db.networkEvents.Add(m.encode(), network+" "+m.node, nil)
	db.list.Wake()
}

func (db *DB) enterNetwork(network, node string) {
	if !slices.Contains(db.inNetwork[network], node) {
		db.inNetwork[network] = append(db.inNetwork[network], node)
	}
}

func (db *DB) leaveNetwork(network, node string) {
	rest := slices.DeleteFunc(slices.Clone(db.inNetwork[network]), func(s string) bool { return s == node })
	if len(rest) == 0 {
		delete(db.inNetwork, network)
		return
	}
	db.inNetwork[network] = rest
}

// networkEvent takes in that a node joined or left a network, and reports whether it is
// news.
func (db *DB) networkEvent(e *networkEvent) bool {
	db.networkClock.witness(e.ltime)
	if e.node == db.cfg.NodeID {
		return false
	}
	all, leaves := db.members[e.node], e.kind == eventLeave
	if m := all[e.network]; m != nil {
		if m.ltime >= e.ltime {
			return false
		}
		m.ltime, m.leaving = e.ltime, leaves
		if leaves {
			m.since = db.loop.Now()
			db.dropEntries(e.network, e.node)
			db.leaveNetwork(e.network, e.node)
			db.reap.wake()
		} else {
			db.enterNetwork(e.network, e.node)
		}
		return true
	}
	if n := db.nodes[e.node]; leaves || n == nil || n.state != active {
		return false
	}
	if all == nil {
		all = map[string]*membership{}
		db.members[e.node] = all
	}
	all[e.network] = &membership{ltime: e.ltime}
	db.enterNetwork(e.network, e.node)
	return true
}

// common are the networks that this node and another one are both in.
func (db *DB) common(node string) []string {
	var out []string
	for _, network := range slices.Sorted(maps.Keys(db.own())) {
		if m := db.members[node][network]; m != nil && !m.leaving && !db.own()[network].leaving {
			out = append(out, network)
		}
	}
	return out
}

// rejoin tries to reach the nodes that the cluster was first joined through, if none of
// them is known any more.
func (db *DB) rejoin() {
	var missing []string
	for _, s := range db.bootstrap {
		host, _, _ := strings.Cut(s, ":")
		at, err := netip.ParseAddr(host)
		if err != nil {
			continue
		}
		for _, n := range db.nodes { // one of them is enough: the order is no matter
			if n.state == active && n.at.Addr() == at {
				return
			}
		}
		missing = append(missing, s)
	}
	if len(missing) == 0 {
		return
	}
	db.spawn("rejoin", func() {
		for end := db.loop.Now() + rejoinDuration; !db.down; {
			if db.loop.Current().Sleep(retryInterval) != nil || db.down || db.loop.Now() >= end {
				return
			}
			err := db.join(missing)
			if err == nil {
				return
			}
			db.logf("error", "Failed to join memberlist %v on retry: %v", missing, err)
		}
	})
}

// reconnectOne tries to reach one of the nodes that have failed.
func (db *DB) reconnectOne() {
	var all []*node
	for _, name := range slices.Sorted(maps.Keys(db.nodes)) {
		if n := db.nodes[name]; n.state == failed {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return
	}
	n := all[db.cfg.Rand.IntN(len(all))]
	db.reconnect.busy = true
	db.spawn("reconnect", func() {
		defer func() { db.reconnect.busy = false; db.reconnect.wake() }()
		if _, err := db.list.Join([]string{n.at.String()}); err != nil || db.down {
			return
		}
		if db.sendNodeEvent(eventJoin) != nil || db.down {
			return
		}
		db.syncWith([]string{n.name}, true, func(peer string) []string { return db.common(peer) })
	})
}
