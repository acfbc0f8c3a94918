package serf

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// The timings of a cluster on a LAN, and of the layer above.
const (
	probeInterval     = time.Second
	probeTimeout      = 500 * time.Millisecond
	indirectChecks    = 3
	gossipInterval    = 200 * time.Millisecond
	gossipNodes       = 3
	gossipToTheDead   = 30 * time.Second
	pushPullInterval  = 30 * time.Second
	pushPullScaleFrom = 32 // members up to which the interval is not stretched
	retransmitMult    = 4
	suspicionMult     = 4
	suspicionMaxMult  = 6
	awarenessMax      = 8
	tcpTimeout        = 10 * time.Second

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

// Counters count what an agent has put on the wire.
type Counters struct {
	Datagrams, DatagramBytes uint64 // UDP sent
	Streams                  uint64 // TCP connections made
}

// Sockets opens an agent's sockets: a namespace, or a process in one.
type Sockets interface {
	DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*stack.TCPConn, error)
	ListenTCP(local netip.AddrPort) (*stack.TCPListener, error)
	ListenUDP(local netip.AddrPort) (*stack.UDPConn, error)
}

// Agent is one member of a cluster.
type Agent struct {
	cfg    Config
	loop   *sim.Loop
	net    Sockets
	rng    *sim.Rand
	udp    *stack.UDPConn
	tcp    *stack.TCPListener
	self   netip.AddrPort
	born   time.Duration
	status status
	down   bool
	sq     squeezer
	count  Counters

	// membership
	nodes       []*node
	byName      map[string]*node
	suspicions  map[string]*suspicion
	incarnation uint32
	seq         uint32
	left        bool // Leave was called
	health      int
	probeIndex  int
	probing     *probe
	probeDue    bool
	waiting     map[uint32]*waiting
	gossip      queue
	tick        *sim.Timer // gossip; runs only while there is something to say
	timers      []*sim.Timer
	conns       []*stack.TCPConn

	// cluster
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
	intentQueue     queue
	eventQueue      queue
	queryQueue      queue
	coalescer       coalescer
	coord           vivaldi
	ended           sim.Cond
	leaveHeard      bool // our own leave has been sent often enough
	leaving         sim.Cond
}

// New opens the sockets and starts an agent that is alone in its cluster. The
// error is the whole sentence of the original, as in `Failed to create
// memberlist: Could not set up network transport: failed to obtain an address:
// Failed to start TCP listener on "10.0.0.11" port 7946: listen tcp
// 10.0.0.11:7946: bind: cannot assign requested address`.
func New(loop *sim.Loop, net Sockets, cfg Config) (*Agent, error) {
	if cfg.Port == 0 {
		cfg.Port = 7946
	}
	if cfg.Stream == "" {
		cfg.Stream = "serf/" + cfg.NodeName + "/" + cfg.BindAddr.String()
	}
	a := &Agent{
		cfg: cfg, loop: loop, net: net, rng: loop.Stream(cfg.Stream), born: loop.Now(),
		self:   netip.AddrPortFrom(cfg.BindAddr.Unmap(), cfg.Port),
		byName: make(map[string]*node), suspicions: make(map[string]*suspicion),
		waiting: make(map[uint32]*waiting),
		members: make(map[string]*member), intents: make(map[string]recentIntent),
		events: make([]*eventsAt, bufferedEvents), queries: make([]queriesAt, bufferedEvents),
		running: make(map[uint64]*Response),
		clock:   1, eventClock: 1, queryClock: 1,
	}
	a.coord.init(a.rng)
	a.coalescer.init(a)
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("Failed to create memberlist: Could not set up network transport: failed to obtain an address: %w", err)
	}
	loop.Go("serf udp "+cfg.NodeName, a.receive)
	loop.Go("serf tcp "+cfg.NodeName, a.accept)
	a.incarnation++
	a.alive(&aliveMsg{
		incarnation: a.incarnation, node: cfg.NodeName, addr: a.self.Addr().AsSlice(), port: cfg.Port,
		meta: []byte{0xff, 0x80}, vsn: []byte{1, 5, 2, 2, 5, 4},
	}, true)
	a.tick = loop.NewTimer(a.gossipTick)
	a.startProbes()
	a.startPushPull()
	a.every(reapInterval, a.reap)
	a.startReconnect()
	a.wakeGossip()
	return a, nil
}

func (a *Agent) open() error {
	var err error
	if a.tcp, err = a.net.ListenTCP(a.self); err != nil {
		return fmt.Errorf("Failed to start TCP listener on %q port %d: listen tcp %v: bind: %s", a.self.Addr(), a.self.Port(), a.self, reason(err))
	}
	if a.udp, err = a.net.ListenUDP(a.self); err != nil {
		a.tcp.Close()
		return fmt.Errorf("Failed to start UDP listener on %q port %d: listen udp %v: bind: %s", a.self.Addr(), a.self.Port(), a.self, reason(err))
	}
	return nil
}

// reason is an error's text in the form of Go's standard library.
func reason(err error) string { return strings.ToLower(err.Error()) }

// Name is the member's own name, Addr where it listens.
func (a *Agent) Name() string         { return a.cfg.NodeName }
func (a *Agent) Addr() netip.AddrPort { return a.self }

// Alive reports whether the agent takes part in the cluster: it has neither left
// nor shut down.
func (a *Agent) Alive() bool { return a.status == agentAlive }

// Down reports whether the agent has shut down, by Shutdown or because it lost
// a vote about its name.
func (a *Agent) Down() bool { return a.down }

// Counters are what the agent has sent so far.
func (a *Agent) Counters() Counters { return a.count }

// WaitDown blocks the running process until the agent has shut down.
func (a *Agent) WaitDown() error {
	for !a.down {
		if err := a.ended.Wait(a.loop); err != nil {
			return err
		}
	}
	return nil
}

// Shutdown closes the sockets and forgets everything scheduled; peers find out
// by probing. It does not block.
func (a *Agent) Shutdown() {
	if a.down {
		return
	}
	if a.status != agentLeft {
		a.logf("WARN", "serf: Shutdown without a Leave")
	}
	a.status = agentShutdown
	a.down = true
	a.udp.Close()
	a.tcp.Close()
	for _, c := range slices.Clone(a.conns) {
		c.Close()
	}
	a.tick.Stop()
	for _, t := range a.timers {
		t.Stop()
	}
	if a.probing != nil {
		a.probing.stop()
	}
	for _, s := range a.suspicions { // stopping has no order
		s.timer.Stop()
	}
	for _, w := range a.waiting {
		w.timer.Stop()
	}
	a.coalescer.flush()
	for _, r := range a.runningQueries() {
		r.close()
	}
	a.ended.Broadcast()
}

// every calls fn each interval from now on, until the agent shuts down.
func (a *Agent) every(d time.Duration, fn func()) {
	var t *sim.Timer
	t = a.timer(func() {
		t.Reset(d)
		fn()
	})
	t.Reset(d)
}

// timer is one that Shutdown stops.
func (a *Agent) timer(fn func()) *sim.Timer {
	t := a.loop.NewTimer(func() {
		if !a.down {
			fn()
		}
	})
	a.timers = append(a.timers, t)
	return t
}

func (a *Agent) logf(level, format string, args ...any) {
	if a.cfg.Log == nil || a.down || level == "DEBUG" && !a.cfg.Debug {
		return
	}
	a.cfg.Log(level, "["+level+"] "+fmt.Sprintf(format, args...))
}

// receive is the process that reads datagrams.
func (a *Agent) receive(*sim.Proc) {
	b := make([]byte, 65536)
	for !a.down {
		n, from, err := a.udp.ReadFrom(b, 0)
		if err == sim.ErrInterrupted || err == nil && n == 0 {
			continue
		}
		if err != nil {
			if a.down || err == stack.ErrClosed {
				return
			}
			a.logf("ERR", "memberlist: Error reading UDP packet: read udp %v: %s", a.self, reason(err))
			continue
		}
		a.packet(b[:n], from)
	}
}

// send sends one datagram; checked puts a checksum in front, which those get
// that are known to understand it.
func (a *Agent) send(to netip.AddrPort, msg []byte, checked bool) error {
	if len(msg) > 100 { // below that the envelope alone makes up for what is saved
		if c := a.sq.squeeze(msg); len(c) < len(msg) {
			msg = c
		}
	}
	if checked {
		msg = sealed(msg)
	}
	a.count.Datagrams++
	a.count.DatagramBytes += uint64(len(msg))
	if err := a.udp.WriteTo(msg, to); err != nil {
		return fmt.Errorf("write udp %v->%v: sendto: %s", a.self, to, reason(err))
	}
	return nil
}

// sendWith sends a message with as much gossip as fits.
func (a *Agent) sendWith(to netip.AddrPort, msg []byte) error {
	if extra := a.broadcasts(udpSize - len(msg) - 2); len(extra) > 0 {
		msg = compound(append([][]byte{msg}, extra...))
	}
	return a.send(to, msg, false)
}

// sendUser sends one message of the upper layer to one member.
func (a *Agent) sendUser(to netip.AddrPort, msg []byte) error {
	return a.send(to, append([]byte{typeUser}, msg...), false)
}

func addrOf(b []byte, port uint16) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), port)
}

func sameBytes(a, b []byte) bool { return bytes.Equal(a, b) }
