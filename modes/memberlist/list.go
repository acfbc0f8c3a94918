// Package memberlist is the lower layer of a gossip cluster: which nodes there
// are, how their failure is noticed, and how messages spread among them, over
// real TCP and UDP sockets of a simulated host.
//
// It follows hashicorp's memberlist of the years of Docker 17 to 20, with its LAN
// defaults, its bytes on the wire and the words of its log. What is spread, and
// what members tell each other beside it, is its user's: package serf's, or
// whoever else implements [Delegate]. Nothing runs beside the loop: what waits for
// a socket is a process, the rest are timers.
//
// Start reading at [New], then node.go (alive, suspect, dead), probe.go, gossip.go
// and stream.go.
package memberlist

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

// The timings of a cluster on a LAN (memberlist's DefaultLANConfig).
const (
	probeInterval  = time.Second
	probeTimeout   = 500 * time.Millisecond
	indirectChecks = 3
	// GossipInterval is the grid on which messages are spread.
	GossipInterval    = 200 * time.Millisecond
	gossipNodes       = 3
	gossipToTheDead   = 30 * time.Second
	pushPullInterval  = 30 * time.Second
	pushPullScaleFrom = 32 // members up to which the interval is not stretched
	retransmitMult    = 4
	suspicionMult     = 4
	suspicionMaxMult  = 6
	awarenessMax      = 8
	tcpTimeout        = 10 * time.Second
)

// Config says who a node is, and who uses the list.
type Config struct {
	Name     string     // unique in the cluster
	BindAddr netip.Addr // must be an address of the namespace, or none in particular
	// Advertise is what peers are told; invalid: the address that is bound.
	Advertise netip.Addr
	Port      uint16 // TCP and UDP
	Rand      *sim.Rand

	// Log receives each line with its level: "DEBUG", "INFO", "WARN", "ERR".
	// DEBUG lines are made only if Debug is set.
	Log   func(level, line string)
	Debug bool
	// Later: lines are worded as in the version that Docker 29 has.
	Later bool

	// Keys encrypt everything, if there are any; see [List.SetKeys].
	Keys [][]byte

	// Meta is told to every node with this one's address; Versions are the least,
	// the most and the current one of the user's messages.
	Meta     []byte
	Versions [3]byte

	Delegate Delegate
	Events   EventDelegate
	Conflict ConflictDelegate // nil: nobody cares
	Ping     PingDelegate     // nil: acks are empty
}

// Delegate is what spreads its messages by the list. Nothing of it may block.
type Delegate interface {
	// NotifyMsg takes in a message of another node.
	NotifyMsg(msg []byte)
	// Broadcasts takes messages for one more datagram, of together at most limit
	// bytes, each with overhead. Pending reports whether there would be any.
	Broadcasts(overhead, limit int) [][]byte
	Pending() bool
	// LocalState is the user's part of a push/pull, which MergeRemoteState takes in
	// at the other end; join says that it is the first one.
	LocalState(join bool) []byte
	MergeRemoteState(state []byte, join bool)
}

// EventDelegate is told which nodes there are.
type EventDelegate interface {
	NotifyJoin(Node)
	NotifyUpdate(Node)
	NotifyLeave(Node) // it has failed, or has left
}

// ConflictDelegate is told that somebody else claims a node's name.
type ConflictDelegate interface {
	NotifyConflict(known Node, other netip.AddrPort)
}

// PingDelegate puts something into every answer to a ping.
type PingDelegate interface {
	AckPayload() []byte
	NotifyPing(name string, rtt time.Duration, payload []byte)
}

// Node is a node as the list's user sees it.
type Node struct {
	Name string
	Addr netip.AddrPort
}

// Counters count what a list has put on the wire.
type Counters struct {
	Datagrams, DatagramBytes uint64 // UDP sent
	Streams                  uint64 // TCP connections made
}

// Sockets opens a list's sockets: a namespace, or a process in one.
type Sockets interface {
	DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*stack.TCPConn, error)
	ListenTCP(local netip.AddrPort) (*stack.TCPListener, error)
	ListenUDP(local netip.AddrPort) (*stack.UDPConn, error)
}

// List is one node's view of the cluster.
type List struct {
	cfg      Config
	loop     *sim.Loop
	net      Sockets
	rng      *sim.Rand
	udp      *stack.UDPConn
	tcp      *stack.TCPListener
	self     netip.AddrPort // as peers know it
	selfAddr []byte
	ring     keyring
	born     time.Duration
	down     bool
	sq       *squeezer
	count    Counters
	conns    []*stack.TCPConn
	rooms    [][]byte // buffers for connections, between two
	plain    []byte   // the datagram that is being read, decrypted
	sealed   []byte   // the one that is being sent, encrypted
	msg      []byte   // the ping or answer that is being sent

	nodes       []*node
	byName      map[string]*node
	suspicions  map[string]*suspicion
	incarnation uint32
	left        bool // Leave was called
	leaveHeard  bool // our own leave has been sent often enough
	leaving     sim.Cond
	health      int

	seq        uint32
	probeIndex int
	probing    *probe
	probeDue   bool
	waiting    map[uint32]*waiting

	gossip Queue
	tick   *sim.Timer // gossip; runs only while there is something to say
	timers []*sim.Timer
}

// New is a list that does nothing yet.
func New(loop *sim.Loop, net Sockets, cfg Config) *List {
	l := &List{
		cfg: cfg, loop: loop, net: net, rng: cfg.Rand, born: loop.Now(),
		self: netip.AddrPortFrom(cfg.BindAddr.Unmap(), cfg.Port), ring: newKeyring(cfg.Keys, cfg.Rand),
		byName: make(map[string]*node), suspicions: make(map[string]*suspicion),
		waiting: make(map[uint32]*waiting), sq: squeezerOf(loop),
	}
	if cfg.Advertise.IsValid() {
		l.self = netip.AddrPortFrom(cfg.Advertise.Unmap(), cfg.Port)
	}
	l.selfAddr = l.self.Addr().AsSlice()
	return l
}

// Start opens the sockets of a list that is alone in its cluster. The node's own
// joining is told before it returns.
func (l *List) Start() error {
	if err := l.open(); err != nil {
		return fmt.Errorf("Could not set up network transport: failed to obtain an address: %w", err)
	}
	l.loop.Go("serf udp "+l.cfg.Name, l.receive)
	l.loop.Go("serf tcp "+l.cfg.Name, l.accept)
	l.incarnation++
	v := l.cfg.Versions
	l.alive(&aliveMsg{
		incarnation: l.incarnation, node: l.cfg.Name, addr: l.self.Addr().AsSlice(), port: l.cfg.Port,
		meta: l.cfg.Meta, vsn: []byte{1, 5, 2, v[0], v[1], v[2]},
	}, true)
	l.tick = l.loop.NewTimer(l.gossipTick)
	l.startProbes()
	l.startPushPull()
	l.Wake()
	return nil
}

func (l *List) open() error {
	var err error
	named := netip.AddrPortFrom(l.cfg.BindAddr.Unmap(), l.cfg.Port)
	at := named
	if at.Addr().IsUnspecified() { // both families, as Go's net listens
		at = netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())
	}
	if l.tcp, err = l.net.ListenTCP(at); err != nil {
		return fmt.Errorf("Failed to start TCP listener on %q port %d: listen tcp %v: bind: %s", named.Addr(), named.Port(), named, reason(err))
	}
	if l.udp, err = l.net.ListenUDP(at); err != nil {
		l.tcp.Close()
		return fmt.Errorf("Failed to start UDP listener on %q port %d: listen udp %v: bind: %s", named.Addr(), named.Port(), named, reason(err))
	}
	return nil
}

// reason is an error's text in the form of Go's standard library.
func reason(err error) string { return strings.ToLower(err.Error()) }

// Addr is where the node listens.
func (l *List) Addr() netip.AddrPort { return l.self }

// Down reports whether the list has shut down.
func (l *List) Down() bool { return l.down }

// Counters are what the list has sent so far.
func (l *List) Counters() Counters { return l.count }

// Queued is how many messages about nodes wait to be spread.
func (l *List) Queued() int { return len(l.gossip.items) }

// Shutdown closes the sockets and forgets everything scheduled; peers find out
// by probing. It does not block.
func (l *List) Shutdown() {
	if l.down {
		return
	}
	l.down = true
	l.udp.Close()
	l.tcp.Close()
	for _, c := range slices.Clone(l.conns) {
		c.Close()
	}
	l.tick.Stop()
	for _, t := range l.timers {
		t.Stop()
	}
	if l.probing != nil {
		l.probing.stop()
	}
	for _, s := range l.suspicions { // stopping has no order
		s.timer.Stop()
	}
	for _, w := range l.waiting {
		w.timer.Stop()
	}
	l.leaving.Broadcast()
}

// Every calls fn each interval from now on, until the list shuts down.
func (l *List) Every(d time.Duration, fn func()) {
	var t *sim.Timer
	t = l.Timer(func() {
		t.Reset(d)
		fn()
	})
	t.Reset(d)
}

// Timer is one that Shutdown stops.
func (l *List) Timer(fn func()) *sim.Timer {
	t := l.loop.NewTimer(func() {
		if !l.down {
			fn()
		}
	})
	l.timers = append(l.timers, t)
	return t
}

func (l *List) logf(level, format string, args ...any) {
	if l.cfg.Log == nil || l.down || level == "DEBUG" && !l.cfg.Debug {
		return
	}
	l.cfg.Log(level, "["+level+"] memberlist: "+fmt.Sprintf(format, args...))
}

// later chooses between a later version's words and the older ones.
func (l *List) later(words, old string) string {
	if l.cfg.Later {
		return words
	}
	return old
}

// receive is the process that reads datagrams.
func (l *List) receive(*sim.Proc) {
	b := make([]byte, 65536)
	for !l.down {
		n, from, err := l.udp.ReadFrom(b, 0)
		if err == sim.ErrInterrupted || err == nil && n == 0 {
			continue
		}
		if err != nil {
			if l.down || err == stack.ErrClosed {
				return
			}
			l.logf("ERR", "Error reading UDP packet: read udp %v: %s", l.self, reason(err))
			continue
		}
		l.Receive(b[:n], from)
	}
}

// send sends one datagram; checked puts a checksum in front, which those get
// that are known to understand it.
func (l *List) send(to netip.AddrPort, msg []byte, checked bool) error {
	if len(msg) > 100 { // below that the envelope alone makes up for what is saved
		if c := l.sq.squeeze(msg); len(c) < len(msg) {
			msg = c
		}
	}
	if checked {
		msg = sealed(msg)
	}
	if len(l.ring.keys) > 0 {
		l.sealed = l.ring.seal(l.sealed[:0], msg, nil)
		msg = l.sealed
	}
	l.count.Datagrams++
	l.count.DatagramBytes += uint64(len(msg))
	if err := l.udp.WriteTo(msg, to); err != nil {
		return fmt.Errorf("write udp %v->%v: sendto: %s", l.self, to, reason(err))
	}
	return nil
}

// sendWith sends a message with as much gossip as fits.
func (l *List) sendWith(to netip.AddrPort, msg []byte) error {
	if extra := l.broadcasts(udpSize - len(msg) - 2 - l.ring.overhead()); len(extra) > 0 {
		msg = compound(append([][]byte{msg}, extra...))
	}
	return l.send(to, msg, false)
}

// SendTo sends one message of the user to one node, in a datagram.
func (l *List) SendTo(to netip.AddrPort, msg []byte) error {
	return l.send(to, append([]byte{typeUser}, msg...), false)
}

// SendBestEffort is SendTo to a node of the list by its name.
func (l *List) SendBestEffort(name string, msg []byte) error {
	n := l.byName[name]
	if n == nil {
		return fmt.Errorf("no node %s", name)
	}
	return l.send(n.addr, append([]byte{typeUser}, msg...), n.vsn[1] >= 5)
}

func addrOf(b []byte, port uint16) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), port)
}

func sameBytes(a, b []byte) bool { return bytes.Equal(a, b) }
