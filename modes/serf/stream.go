package serf

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// dial opens a connection for the running process; its errors read as the
// standard library's.
func (a *Agent) dial(to netip.AddrPort, limit time.Duration) (*stack.TCPConn, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("dial tcp %v: i/o timeout", to)
	}
	c, err := a.net.DialTCP(netip.AddrPort{}, to, limit)
	switch err {
	case nil:
		a.count.Streams++
		a.conns = append(a.conns, c)
		return c, nil
	case stack.ErrConnTimedOut, stack.ErrTimeout:
		return nil, fmt.Errorf("dial tcp %v: i/o timeout", to)
	case sim.ErrInterrupted:
		return nil, fmt.Errorf("dial tcp %v: operation was canceled", to)
	}
	return nil, fmt.Errorf("dial tcp %v: connect: %s", to, reason(err))
}

func (a *Agent) hangUp(c *stack.TCPConn) {
	c.Close()
	a.conns = slices.DeleteFunc(a.conns, func(x *stack.TCPConn) bool { return x == c })
}

func (a *Agent) writeStream(c *stack.TCPConn, msg []byte) error {
	if _, err := c.Write(a.sq.squeeze(msg)); err != nil {
		return fmt.Errorf("write tcp %v->%v: write: %s", c.LocalAddr(), c.RemoteAddr(), reason(err))
	}
	return nil
}

// readStream reads one message; parse is called again with more until it no
// longer finds the message short.
func (a *Agent) readStream(c *stack.TCPConn, end time.Duration, parse func(typ byte, d *decoder) error) error {
	var b []byte
	chunk := make([]byte, 8192)
	for {
		left := end - a.loop.Now()
		if left <= 0 {
			return fmt.Errorf("read tcp %v->%v: i/o timeout", c.LocalAddr(), c.RemoteAddr())
		}
		c.SetReadTimeout(left)
		n, err := c.Read(chunk)
		if b = append(b, chunk[:n]...); n > 0 {
			if err := parseStream(b, parse); err != errShort {
				return err
			}
			if len(b) > maxState {
				return errors.New("remote node state is larger than limit")
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return io.EOF
		case stack.ErrTimeout:
			return fmt.Errorf("read tcp %v->%v: i/o timeout", c.LocalAddr(), c.RemoteAddr())
		case stack.ErrClosed:
			return fmt.Errorf("read tcp %v->%v: use of closed network connection", c.LocalAddr(), c.RemoteAddr())
		default:
			return fmt.Errorf("read tcp %v->%v: read: %s", c.LocalAddr(), c.RemoteAddr(), reason(err))
		}
	}
}

func parseStream(b []byte, parse func(typ byte, d *decoder) error) error {
	if b[0] != typeCompress {
		return parse(b[0], &decoder{b: b[1:]})
	}
	m, err := inflate(&decoder{b: b[1:]})
	if err != nil {
		return err
	}
	if err := parse(m[0], &decoder{b: m[1:]}); err != errShort {
		return err
	}
	return io.ErrUnexpectedEOF
}

// accept is the process that takes connections.
func (a *Agent) accept(*sim.Proc) {
	for !a.down {
		c, err := a.tcp.Accept()
		if err == sim.ErrInterrupted {
			continue
		}
		if err != nil {
			if a.down || err == stack.ErrClosed {
				return
			}
			a.logf("ERR", "memberlist: Error accepting TCP connection: accept tcp %v: accept4: %s", a.self, reason(err))
			continue
		}
		a.conns = append(a.conns, c)
		a.loop.Go("serf stream "+a.cfg.NodeName, func(*sim.Proc) {
			defer a.hangUp(c)
			a.serve(c)
		})
	}
}

// serve answers one connection.
func (a *Agent) serve(c *stack.TCPConn) {
	from := c.RemoteAddr()
	a.logf("DEBUG", "memberlist: Stream connection from=%v", from)
	var typ byte
	var ping pingMsg
	var state pushPull
	var user []byte
	err := a.readStream(c, a.loop.Now()+tcpTimeout, func(t byte, d *decoder) error {
		typ, ping, state, user = t, pingMsg{}, pushPull{}, nil
		switch t {
		case typePing:
			return ping.decode(d)
		case typePushPull:
			return state.decode(d)
		case typeUser:
			n := 0
			d.fields(func(k string) bool {
				if k == "UserMsgLen" {
					n = int(d.uint())
				}
				return k == "UserMsgLen"
			})
			user = slices.Clone(d.take(n))
			return d.err
		}
		return nil
	})
	if a.down {
		return
	}
	if err != nil {
		if err != io.EOF {
			a.logf("ERR", "memberlist: failed to receive: %s from=%v", err, from)
			a.writeStream(c, encodeErr(err.Error()))
		}
		return
	}
	switch typ {
	case typePing:
		if ping.node != "" && ping.node != a.cfg.NodeName {
			a.logf("WARN", "memberlist: Got ping for unexpected node %s from=%v", ping.node, from)
			return
		}
		ack := ackMsg{seq: ping.seq}
		if err := a.writeStream(c, ack.encode()); err != nil {
			a.logf("ERR", "memberlist: Failed to send ack: %s from=%v", err, from)
		}
	case typePushPull:
		if err := a.writeStream(c, a.localState(state.join)); err != nil {
			a.logf("ERR", "memberlist: Failed to push local state: %s from=%v", err, from)
			return
		}
		if !a.down {
			a.merge(&state)
		}
	case typeUser:
		a.userMessage(user)
	default:
		a.logf("ERR", "memberlist: Received invalid msgType (%d) from=%v", typ, from)
	}
}

// localState is all we know, as one push/pull message.
func (a *Agent) localState(join bool) []byte {
	pp := pushPull{join: join, user: a.clusterState()}
	for _, n := range a.nodes {
		pp.nodes = append(pp.nodes, n.message())
	}
	return pp.encode()
}

// merge takes in what a peer knows. Its dead are only suspects to us.
func (a *Agent) merge(pp *pushPull) {
	for i := range pp.nodes {
		m := &pp.nodes[i]
		switch m.state {
		case stateAlive:
			a.alive(m, false)
		case stateLeft:
			a.dead(&accusation{m.incarnation, m.node, m.node})
		default:
			a.suspect(&accusation{m.incarnation, m.node, a.cfg.NodeName})
		}
	}
	if pp.user != nil {
		a.mergeCluster(pp.user, pp.join)
	}
}

// exchange swaps states with a peer.
func (a *Agent) exchange(to netip.AddrPort, name string, join bool) error {
	c, err := a.dial(to, tcpTimeout)
	if err != nil {
		return err
	}
	defer a.hangUp(c)
	a.logf("DEBUG", "memberlist: Initiating push/pull sync with: %s %v", name, to)
	if a.down {
		return errors.New("shutdown")
	}
	if err := a.writeStream(c, a.localState(join)); err != nil {
		return err
	}
	var pp pushPull
	remote := ""
	err = a.readStream(c, a.loop.Now()+tcpTimeout, func(typ byte, d *decoder) error {
		switch typ {
		case typePushPull:
			pp = pushPull{}
			return pp.decode(d)
		case typeErr:
			remote = decodeErr(d)
			return d.err
		}
		return fmt.Errorf("received invalid msgType (%d), expected pushPullMsg (%d) from=%v", typ, typePushPull, to)
	})
	switch {
	case err != nil:
		return err
	case remote != "":
		return errors.New("remote error: " + remote)
	case a.down:
		return errors.New("shutdown")
	}
	a.merge(&pp)
	return nil
}

// pingStream is the ping over TCP. That nobody answers the connection is no
// error.
func (a *Agent) pingStream(to netip.AddrPort, p pingMsg, end time.Duration) (bool, error) {
	c, err := a.dial(to, end-a.loop.Now())
	if err != nil {
		return false, nil
	}
	defer a.hangUp(c)
	if err := a.writeStream(c, p.encode(typePing)); err != nil {
		return false, err
	}
	var ack ackMsg
	err = a.readStream(c, end, func(typ byte, d *decoder) error {
		if typ != typeAck {
			return fmt.Errorf("Unexpected msgType (%d) from ping from=%v", typ, to)
		}
		return ack.decode(d)
	})
	if err == nil && ack.seq != p.seq {
		err = fmt.Errorf("Sequence number from ack (%d) doesn't match ping (%d)", ack.seq, p.seq)
	}
	return err == nil, err
}

// startPushPull swaps states with one member at random, each 30 s and more
// seldom in large clusters.
func (a *Agent) startPushPull() {
	var t *sim.Timer
	next := func() {
		d := pushPullInterval
		if n := len(a.nodes); n > pushPullScaleFrom {
			d *= time.Duration(math.Ceil(math.Log2(float64(n))-math.Log2(pushPullScaleFrom)) + 1)
		}
		t.Reset(d)
	}
	begun := false
	t = a.timer(func() {
		if !begun { // the stagger is over
			begun = true
			next()
			return
		}
		peers := a.some(1, func(n *node) bool { return n.name != a.cfg.NodeName && n.state == stateAlive })
		if len(peers) == 0 {
			next()
			return
		}
		name, to := peers[0].name, peers[0].addr
		a.loop.Go("serf push/pull "+a.cfg.NodeName, func(*sim.Proc) {
			if err := a.exchange(to, name, false); err != nil {
				a.logf("ERR", "memberlist: Push/Pull with %s failed: %s", name, err)
			}
			if !a.down {
				next()
			}
		})
	})
	t.Reset(time.Duration(a.rng.Int64N(int64(pushPullInterval))))
}
