// Package networkdb is the gossip of a swarm's nodes about their networks: which node is
// in which network, and for each network tables of what nodes have told of it, such as
// where a container's address is. What they mean is the business of whoever asks.
//
// It follows libnetwork's package of the same name, on memberlist: events with Lamport
// times travel in datagrams, those of a table only among the nodes of its network; whole
// tables are swapped over connections when a node joins a network, and from time to time.
// An entry belongs to the node that made it, and goes with it.
//
// Start reading at [DB], then node.go, join.go, table.go and sync.go.
package networkdb

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/modes/memberlist"
	"dnetsim/sim"
)

// The timings, libnetwork's.
const (
	reapPeriod       = 5 * time.Second
	retryInterval    = time.Second
	syncInterval     = 30 * time.Second
	syncTimeout      = 30 * time.Second
	rejoinInterval   = time.Minute
	rejoinDuration   = 10 * time.Second
	leaveTimeout     = time.Second
	broadcastTimeout = 5 * time.Second
	reapEntries      = 30 * time.Minute
	reapNetworks     = reapEntries + 5*reapPeriod
	reapNode         = 24 * time.Hour
	nodeReapPeriod   = 2 * time.Hour
	statsPeriod      = 5 * time.Minute
	healthPeriod     = time.Minute
	gossipInterval   = memberlist.GossipInterval
)

// Port is where nodes gossip, TCP and UDP.
const Port = 7946

// gossipNodes is to how many nodes of a network a datagram about its tables goes.
const gossipNodes = 3

// maxQueue is how many events may wait before what came by a bulk sync is no longer
// told on.
const maxQueue = 500

// Config is one node's.
type Config struct {
	NodeID   string // unique in the cluster: 12 hexadecimal digits
	Hostname string
	// Bind is what the node listens on, Advertise what it tells the others.
	Bind, Advertise netip.Addr
	Keys            [][]byte // 16 bytes each; the first encrypts
	PacketBuffer    int      // bytes of a datagram at most
	Rand            *sim.Rand
	Later           bool // log as Docker 29 does
	Log             func(level, text string, pairs ...string)
	// Notify is told of every change of an entry that another node has made. It must not
	// block.
	Notify func(Event)
}

// Op is what has happened to an entry.
type Op int

// The operations.
const (
	Create Op = eventCreate
	Update Op = eventUpdate
	Delete Op = eventDelete
)

// Event is a change of an entry of a table.
type Event struct {
	Op                  Op
	Network, Table, Key string
	Value               []byte // of a deleted one its last
}

// Peer is a node of a network.
type Peer struct {
	Name string // its id
	IP   string // "unknown" if the gossip does not know it
}

// clock is a Lamport clock.
type clock uint64

func (c *clock) tick() uint64     { *c++; return uint64(*c) }
func (c *clock) witness(t uint64) { *c = max(*c, clock(t)) }

// DB is one node's view.
type DB struct {
	cfg  Config
	loop *sim.Loop
	list *memberlist.List
	down bool

	networkClock, tableClock clock
	nodes                    nodes
	// members are the networks of each node that is known to be in one, by node and
	// network; inNetwork are the nodes of each network, in the order of their coming.
	members   map[string]map[string]*membership
	inNetwork map[string][]string
	tables    tables // by network
	texts     texts  // of what others have told

	networkEvents, nodeEvents memberlist.Queue
	acks                      map[string]*ack
	bootstrap                 []string
	ticks                     []*ticker
	gossip, reap, reconnect   *ticker
	stats                     time.Duration // when they were printed last
}

// ack is somebody who waits for a node's answer to a bulk sync.
type ack struct {
	done sim.Cond
	came bool
}

// New opens the sockets of a node that is alone.
func New(loop *sim.Loop, net memberlist.Sockets, cfg Config) (*DB, error) {
	db := &DB{
		cfg: cfg, loop: loop, nodes: nodes{}, members: map[string]map[string]*membership{},
		inNetwork: map[string][]string{}, tables: tables{}, acks: map[string]*ack{}, stats: loop.Now(),
	}
	cfg.Log("info", "New memberlist node - Node:"+cfg.Hostname+" will use memberlist nodeID:"+cfg.NodeID+" with config:&"+cfg.describe())
	db.list = memberlist.New(loop, net, memberlist.Config{
		Name: cfg.NodeID, BindAddr: cfg.Bind, Advertise: cfg.Advertise, Port: Port, Rand: cfg.Rand, Keys: cfg.Keys,
		Log: db.line, Later: cfg.Later, Delegate: db, Events: db,
	})
	if err := db.list.Start(); err != nil {
		return nil, fmt.Errorf("failed to create memberlist: %w", err)
	}
	db.startTicks()
	return db, nil
}

// line writes a line of memberlist's into the log.
func (db *DB) line(level, text string) {
	to := map[string]string{"INFO": "info", "WARN": "warning", "ERR": "warning"}[level]
	if to != "" {
		db.cfg.Log(to, text[len(level)+3:])
	}
}

// describe is the configuration as Go prints it.
func (c *Config) describe() string {
	s := fmt.Sprintf("{NodeID:%s Hostname:%s BindAddr:%s AdvertiseAddr:%s BindPort:0 Keys:%v PacketBufferSize:%d reapEntryInterval:%d reapNetworkInterval:%d",
		c.NodeID, c.Hostname, c.Bind, c.Advertise, c.Keys, c.PacketBuffer, reapEntries, reapNetworks)
	s += fmt.Sprintf(" rejoinClusterDuration:%d rejoinClusterInterval:%d", rejoinDuration, rejoinInterval)
	if c.Later {
		s += " transport:<nil> tableEventObserver:<nil> rngSeed:<nil>"
	}
	return s + fmt.Sprintf(" StatsPrintPeriod:%s HealthPrintPeriod:%s}", "5m0s", "1m0s")
}

// SetKeys changes the keys; the first one encrypts.
func (db *DB) SetKeys(keys [][]byte) { db.list.SetKeys(keys) }

// Close ends everything without a word to anybody.
func (db *DB) Close() {
	if db.down {
		return
	}
	db.down = true
	for _, t := range db.ticks {
		t.timer.Stop()
	}
	for _, a := range db.acks {
		a.done.Broadcast()
	}
	db.list.Shutdown()
}

// Peers are the nodes of a network as this one knows them.
func (db *DB) Peers(network string) []Peer {
	var out []Peer
	for _, name := range db.inNetwork[network] {
		ip := "unknown"
		if n := db.nodes[name]; n != nil && n.state == active {
			ip = n.at.Addr().String()
		}
		out = append(out, Peer{name, ip})
	}
	return out
}
