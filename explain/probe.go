package explain

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/errno"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// What a probe takes: three echo requests a second apart, as ping sends them,
// and as long as an unanswered neighbour takes to be given up; a connection as
// long as two retransmissions of its SYN (RFC 6298, section 2).
const (
	echoes       = 3
	echoInterval = time.Second
	echoWait     = 2 * time.Second
	connectWait  = 8 * time.Second
	greetingWait = 500 * time.Millisecond
	lossEchoes   = 40
	moreEchoes   = 17
)

// outcome is what the program that sent the probe saw.
type outcome struct {
	reached        bool
	refused        bool  // a reset, or a connection that was closed at once
	err            error // of sending, or of connecting
	sent, received int
	rtt            time.Duration // of the last answer
	id             uint16        // the identifier of echo requests, or the source port
	size           int           // of the IP packets
}

// resolve turns a name into an address as a program on the node does.
func resolve(w World, n *Node, name string) (addr netip.Addr, err error) {
	err = names.ErrNoName
	p := n.Machine.Start(userland.ProcSpec{
		Args: []string{"explain"}, NS: n.Space,
		Program: func(p *userland.Process) int {
			var all []netip.Addr
			if all, _, err = names.Resolve(p, name, names.ResolveOptions{}); err == nil && len(all) > 0 {
				addr = all[0]
			}
			return 0
		},
	})
	run(w, p.Done, time.Minute)
	if !p.Done() {
		return netip.Addr{}, names.ErrNoName
	}
	return addr, err
}

// send sends the probe of a flow from a namespace, if it can from a port, and
// waits for what comes of it.
func send(w World, from *stack.Namespace, to netip.Addr, f Flow, port uint16) (o outcome) {
	proc := w.Loop().Go("explain probe", func(p *sim.Proc) {
		switch f.Proto {
		case ICMP:
			o = ping(p, from, to, f.Large)
		case TCP:
			o = connect(p, from, netip.AddrPortFrom(to, f.Port), f.Large)
		case UDP:
			o = datagram(p, from, netip.AddrPortFrom(to, f.Port), f.Large, port)
		}
	})
	run(w, proc.Done, time.Minute)
	return o
}

// room is how many bytes fit behind an IP header on the way to an address.
func room(ns *stack.Namespace, to netip.Addr) int {
	mtu := 1500
	if r, err := ns.RouteGet(to, netip.Addr{}); err == nil {
		if i := ns.Interface(r.Dev); i != nil {
			mtu = i.MTU()
		}
	}
	if to.Is6() {
		return min(mtu, 65535) - 40
	}
	return min(mtu, 65535) - 20
}

// pinger is a ping that is under way.
type pinger struct {
	p    *sim.Proc
	conn *stack.ICMPConn
	to   netip.Addr
	o    outcome
	body int
	sent map[uint16]time.Duration
}

func ping(p *sim.Proc, ns *stack.Namespace, to netip.Addr, large bool) outcome {
	g := &pinger{p: p, to: to, body: 56, sent: map[uint16]time.Duration{}}
	if large {
		g.body = room(ns, to) - 8
	}
	conn, err := ns.OpenICMP(to.Is6())
	if err != nil {
		return outcome{err: err}
	}
	defer conn.Close()
	g.conn = conn
	g.o.id = 0xe000 | uint16(p.Loop().Now()/time.Millisecond)&0xfff
	g.o.size = g.body + 28
	g.volley(echoes, echoInterval, echoWait)
	if g.o.received > 0 && g.o.received < g.o.sent-1 || g.o.received == g.o.sent-1 && g.missedLater() {
		g.volley(lossEchoes, 100*time.Millisecond, echoWait)
	}
	if g.o.received == echoes {
		// A cable that loses some lets three pass easily.
		g.volley(moreEchoes, 50*time.Millisecond, echoWait)
	}
	g.o.reached = g.o.received > 0
	return g.o
}

// missedLater reports whether it was not the first request that was lost: that
// one may have had to wait for what the others found ready.
func (g *pinger) missedLater() bool {
	_, first := g.sent[0]
	return !first
}

// volley sends echo requests and waits for the answers to the last of them.
func (g *pinger) volley(n int, every, wait time.Duration) {
	for i := range n {
		seq := uint16(g.o.sent)
		msg := make([]byte, 8+g.body)
		msg[0] = 8
		if g.to.Is6() {
			msg[0] = 128
		}
		binary.BigEndian.PutUint16(msg[4:], g.o.id)
		binary.BigEndian.PutUint16(msg[6:], seq)
		if g.to.Is4() {
			binary.BigEndian.PutUint16(msg[2:], checksum(msg))
		}
		g.o.sent++
		if err := g.conn.Send(g.to, msg); err != nil {
			g.o.err = err
		} else {
			g.sent[seq] = g.p.Loop().Now()
		}
		pause := every
		if i == n-1 {
			pause = wait
		}
		g.listen(g.p.Loop().Now() + pause)
	}
}

// listen takes answers until a moment, or until nothing is missing any more.
func (g *pinger) listen(until time.Duration) {
	for left := until - g.p.Loop().Now(); left > 0; left = until - g.p.Loop().Now() {
		m, err := g.conn.Recv(left)
		if err != nil {
			return
		}
		d := m.Data
		if len(d) < 8 || d[0] != 0 && d[0] != 129 || binary.BigEndian.Uint16(d[4:]) != g.o.id {
			continue
		}
		seq := binary.BigEndian.Uint16(d[6:])
		if at, ok := g.sent[seq]; ok {
			delete(g.sent, seq)
			g.o.received++
			g.o.rtt = m.At - at
		}
	}
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func connect(p *sim.Proc, ns *stack.Namespace, to netip.AddrPort, large bool) (o outcome) {
	start := p.Loop().Now()
	o.sent = 1
	c, err := ns.DialTCP(netip.AddrPort{}, to, connectWait)
	if err != nil {
		o.err, o.refused = err, errors.Is(err, errno.ConnRefused)
		return o
	}
	defer c.Abort()
	o.rtt, o.id = p.Loop().Now()-start, c.LocalAddr().Port()
	o.received, o.reached = 1, true
	// A proxy that finds nobody behind it closes at once.
	c.SetReadTimeout(greetingWait)
	if _, err := c.Read(make([]byte, 256)); errors.Is(err, io.EOF) || errors.Is(err, errno.ConnReset) {
		o.reached, o.refused, o.err = false, true, err
		return o
	}
	if large {
		o.size = room(ns, to.Addr())
		o.reached = delivers(p, c)
	}
	return o
}

// delivers writes more than fits a packet, and reports whether it was
// acknowledged in time.
func delivers(p *sim.Proc, c *stack.TCPConn) bool {
	c.Write(make([]byte, 20000)) //nolint:errcheck // what was not sent is not acknowledged
	for range 20 {
		if c.Info().SendQ == 0 {
			return true
		}
		p.Sleep(echoWait / 10)
	}
	return c.Info().SendQ == 0
}

func datagram(p *sim.Proc, ns *stack.Namespace, to netip.AddrPort, large bool, port uint16) (o outcome) {
	local := netip.IPv4Unspecified()
	if to.Addr().Is6() {
		local = netip.IPv6Unspecified()
	}
	c, err := ns.ListenUDP(netip.AddrPortFrom(local, port))
	if err != nil && port != 0 { // a program has it
		c, err = ns.ListenUDP(netip.AddrPortFrom(local, 0))
	}
	if err != nil {
		return outcome{err: err}
	}
	defer c.Close()
	if err := c.Connect(to); err != nil {
		return outcome{err: err}
	}
	o.id = c.LocalAddr().Port()
	body := make([]byte, 16)
	if large {
		body = make([]byte, room(ns, to.Addr())-8)
	}
	o.size = len(body) + 28
	for range 2 {
		o.sent++
		if _, err := c.Write(body); err != nil {
			o.err = err
			break
		}
		if _, _, err := c.ReadFrom(make([]byte, 2048), echoInterval); err == nil {
			o.received++
		} else if !errors.Is(err, errno.Timeout) {
			o.err = err
			break
		}
	}
	o.refused = errors.Is(o.err, errno.ConnRefused)
	o.reached = o.received > 0
	return o
}
