package serf

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/modes/memberlist"
	"dnetsim/sim"
)

// The timings of serf's defaults on a LAN; those of the layer below are memberlist's.
const (
	reapInterval        = 15 * time.Second
	reconnectInterval   = 30 * time.Second
	reconnectTimeout    = 24 * time.Hour
	tombstoneTimeout    = 24 * time.Hour
	recentIntentTimeout = 5 * time.Minute
	broadcastTimeout    = 5 * time.Second
	leavePropagateDelay = time.Second
	queryTimeoutMult    = 16
	bufferedEvents      = 512
	userEventSizeLimit  = 512
	querySizeLimit      = 1024
)

// Config says who a member is and who wants to know what it sees.
type Config struct {
	NodeName string     // unique in the cluster, or the members fight over it
	BindAddr netip.Addr // must be an address of the namespace; also what peers are told
	Port     uint16     // TCP and UDP; zero is 7946
	Stream   string     // name of the random stream; empty is "serf/" and the node's name and address

	// Log receives each line, without a date, with its level: "DEBUG", "INFO",
	// "WARN", "ERR". The line starts with the level in brackets. DEBUG lines
	// are made only if Debug is set.
	Log   func(level, line string)
	Debug bool

	// Events receives what happens in the cluster. It runs on the loop, often
	// within the process that reads a socket: it must not block. The first one,
	// our own joining, comes before New returns.
	Events func(Event)

	// UserCoalesce and UserQuiescent hold back user events that may be
	// coalesced: at most the first long, and until there were none for the
	// second; of each name only the newest are then delivered. Zero delivers
	// them at once.
	UserCoalesce, UserQuiescent time.Duration
}

// status is what an agent itself is doing.
type status int

const (
	agentAlive status = iota
	agentLeaving
	agentLeft
	agentShutdown
)

// Agent is one member of a cluster.
type Agent struct {
	cfg    Config
	list   *memberlist.List
	loop   *sim.Loop
	rng    *sim.Rand
	status status

	members         map[string]*member
	failed, leftOld []*member
	intents         map[string]recentIntent
	clock           lamport
	eventClock      lamport
	queryClock      lamport
	eventMin        uint64
	ignoreOld       bool
	joining         bool
	joinFree        sim.Cond
	events          []*eventsAt
	queries         []queriesAt
	running         map[uint64]*Response
	intentQueue     memberlist.Queue
	eventQueue      memberlist.Queue
	queryQueue      memberlist.Queue
	coalescer       coalescer
	coord           vivaldi
	ended           sim.Cond
	leaving         sim.Cond
}

// New opens the sockets and starts an agent that is alone in its cluster. The
// error is the whole sentence of the original, as in `Failed to create
// memberlist: Could not set up network transport: failed to obtain an address:
// Failed to start TCP listener on "10.0.0.11" port 7946: listen tcp
// 10.0.0.11:7946: bind: cannot assign requested address`.
func New(loop *sim.Loop, net memberlist.Sockets, cfg Config) (*Agent, error) {
	if cfg.Port == 0 {
		cfg.Port = 7946
	}
	if cfg.Stream == "" {
		cfg.Stream = "serf/" + cfg.NodeName + "/" + cfg.BindAddr.String()
	}
	a := &Agent{
		cfg: cfg, loop: loop, rng: loop.Stream(cfg.Stream),
		members: make(map[string]*member), intents: make(map[string]recentIntent),
		events: make([]*eventsAt, bufferedEvents), queries: make([]queriesAt, bufferedEvents),
		running: make(map[uint64]*Response),
		clock:   1, eventClock: 1, queryClock: 1,
	}
	a.list = memberlist.New(loop, net, memberlist.Config{
		Name: cfg.NodeName, BindAddr: cfg.BindAddr, Port: cfg.Port, Rand: a.rng,
		Log: cfg.Log, Debug: cfg.Debug, Meta: []byte{0xff, 0x80}, Versions: [3]byte{2, 5, 4},
		Delegate: a, Events: a, Conflict: a, Ping: a,
	})
	a.coord.init(a.rng)
	a.coalescer.init(a)
	if err := a.list.Start(); err != nil {
		return nil, fmt.Errorf("Failed to create memberlist: %w", err)
	}
	a.list.Every(reapInterval, a.reap)
	a.startReconnect()
	return a, nil
}

// Name is the member's own name, Addr where it listens.
func (a *Agent) Name() string         { return a.cfg.NodeName }
func (a *Agent) Addr() netip.AddrPort { return a.list.Addr() }

// Down reports whether the agent has shut down, by Shutdown or because it lost
// a vote about its name.
func (a *Agent) Down() bool { return a.list.Down() }

// Counters are what the agent has sent so far.
func (a *Agent) Counters() memberlist.Counters { return a.list.Counters() }

// waitDown blocks the running process until the agent has shut down.
func (a *Agent) waitDown() error {
	for !a.list.Down() {
		if err := a.ended.Wait(a.loop); err != nil {
			return err
		}
	}
	return nil
}

// Shutdown closes the sockets and forgets everything scheduled; peers find out
// by probing. It does not block.
func (a *Agent) Shutdown() {
	if a.list.Down() {
		return
	}
	if a.status != agentLeft {
		a.logf("WARN", "serf: Shutdown without a Leave")
	}
	a.status = agentShutdown
	a.list.Shutdown()
	a.coalescer.flush()
	for _, r := range a.runningQueries() {
		r.close()
	}
	a.ended.Broadcast()
}

func (a *Agent) logf(level, format string, args ...any) {
	if a.cfg.Log == nil || a.list.Down() || level == "DEBUG" && !a.cfg.Debug {
		return
	}
	a.cfg.Log(level, "["+level+"] "+fmt.Sprintf(format, args...))
}

func addrOf(b []byte, port uint16) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), port)
}
