package memberlist

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"time"

	"dnetsim/modes/msgpack"
	"dnetsim/sim"
	"dnetsim/stack"
)

// dial opens a connection for the running process; its errors read as the
// standard library's.
func (l *List) dial(to netip.AddrPort, limit time.Duration) (*stack.TCPConn, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("dial tcp %v: i/o timeout", to)
	}
	c, err := l.net.DialTCP(netip.AddrPort{}, to, limit)
	switch err {
	case nil:
		l.count.Streams++
		l.conns = append(l.conns, c)
		return c, nil
	case stack.ErrConnTimedOut, stack.ErrTimeout:
		return nil, fmt.Errorf("dial tcp %v: i/o timeout", to)
	case sim.ErrInterrupted:
		return nil, fmt.Errorf("dial tcp %v: operation was canceled", to)
	}
	return nil, fmt.Errorf("dial tcp %v: connect: %s", to, reason(err))
}

func (l *List) hangUp(c *stack.TCPConn) {
	c.Close()
	l.conns = slices.DeleteFunc(l.conns, func(x *stack.TCPConn) bool { return x == c })
}

func (l *List) writeStream(c *stack.TCPConn, msg []byte) error {
	if _, err := c.Write(l.ring.sealStream(l.sq.squeeze(msg))); err != nil {
		return fmt.Errorf("write tcp %v->%v: write: %s", c.LocalAddr(), c.RemoteAddr(), reason(err))
	}
	return nil
}

// streamRead is how much is read of a connection at a time.
const streamRead = 8192

// room is a buffer for one connection; who has read it puts it back among the rooms.
func (l *List) room() []byte {
	n := len(l.rooms)
	if n == 0 {
		return make([]byte, 0, streamRead)
	}
	b := l.rooms[n-1]
	l.rooms = l.rooms[:n-1]
	return b
}

// readStream reads one message; parse is called again with more until it no
// longer finds the message short. What it keeps must be its own.
func (l *List) readStream(c *stack.TCPConn, end time.Duration, parse func(typ byte, d *msgpack.Decoder) error) error {
	b := l.room()
	defer func() {
		if cap(b) <= 8*streamRead {
			l.rooms = append(l.rooms, b[:0])
		}
	}()
	for {
		left := end - l.loop.Now()
		if left <= 0 {
			return fmt.Errorf("read tcp %v->%v: i/o timeout", c.LocalAddr(), c.RemoteAddr())
		}
		c.SetReadTimeout(left)
		b = slices.Grow(b, streamRead)
		n, err := c.Read(b[len(b) : len(b)+streamRead])
		if b = b[:len(b)+n]; n > 0 {
			if err := l.ring.unsealStream(b, l.sq, parse); err != msgpack.ErrShort {
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

func parseStream(b []byte, sq *squeezer, parse func(typ byte, d *msgpack.Decoder) error) error {
	if b[0] != typeCompress {
		return parse(b[0], &msgpack.Decoder{B: b[1:]})
	}
	m, err := sq.inflate(&msgpack.Decoder{B: b[1:]})
	if err != nil {
		return err
	}
	if err := parse(m[0], &msgpack.Decoder{B: m[1:]}); err != msgpack.ErrShort {
		return err
	}
	return io.ErrUnexpectedEOF
}

// accept is the process that takes connections.
func (l *List) accept(*sim.Proc) {
	for !l.down {
		c, err := l.tcp.Accept()
		if err == sim.ErrInterrupted {
			continue
		}
		if err != nil {
			if l.down || err == stack.ErrClosed {
				return
			}
			l.logf("ERR", "Error accepting TCP connection: accept tcp %v: accept4: %s", l.self, reason(err))
			continue
		}
		l.conns = append(l.conns, c)
		l.loop.Go("serf stream "+l.cfg.Name, func(*sim.Proc) {
			defer l.hangUp(c)
			l.serve(c)
		})
	}
}

// serve answers one connection.
func (l *List) serve(c *stack.TCPConn) {
	from := c.RemoteAddr()
	l.logf("DEBUG", "Stream connection from=%v", from)
	var typ byte
	var ping pingMsg
	var state pushPull
	var user []byte
	err := l.readStream(c, l.loop.Now()+tcpTimeout, func(t byte, d *msgpack.Decoder) error {
		typ, ping, state, user = t, pingMsg{}, pushPull{}, nil
		switch t {
		case typePing:
			return ping.decode(d)
		case typePushPull:
			return state.decode(d)
		case typeUser:
			n := 0
			d.Fields(func(k []byte) bool {
				known := string(k) == "UserMsgLen"
				if known {
					n = int(d.Uint())
				}
				return known
			})
			user = slices.Clone(d.Take(n))
			return d.Err
		}
		return nil
	})
	if l.down {
		return
	}
	if err != nil {
		if err != io.EOF {
			l.logf("ERR", "failed to receive: %s from=%v", err, from)
			l.writeStream(c, encodeErr(err.Error()))
		}
		return
	}
	switch typ {
	case typePing:
		if ping.node != "" && ping.node != l.cfg.Name {
			l.logf("WARN", "Got ping for unexpected node %s from=%v", ping.node, from)
			return
		}
		ack := ackMsg{seq: ping.seq}
		if err := l.writeStream(c, ack.encode()); err != nil {
			l.logf("ERR", "Failed to send ack: %s from=%v", err, from)
		}
	case typePushPull:
		if err := l.writeStream(c, l.localState(state.join)); err != nil {
			l.logf("ERR", "Failed to push local state: %s from=%v", err, from)
			return
		}
		if !l.down {
			l.merge(&state)
		}
	case typeUser:
		l.user(user)
	default:
		l.logf("ERR", "Received invalid msgType (%d) from=%v", typ, from)
	}
}

// localState is all we know, as one push/pull message.
func (l *List) localState(join bool) []byte {
	pp := pushPull{join: join, user: l.cfg.Delegate.LocalState(join)}
	for _, n := range l.nodes {
		pp.nodes = append(pp.nodes, n.message())
	}
	return pp.encode()
}

// merge takes in what a peer knows. Its dead are only suspects to us.
func (l *List) merge(pp *pushPull) {
	for i := range pp.nodes {
		m := &pp.nodes[i]
		switch m.state {
		case stateAlive:
			l.alive(m, false)
		case stateLeft:
			l.dead(&accusation{m.incarnation, m.node, m.node})
		default:
			l.suspect(&accusation{m.incarnation, m.node, l.cfg.Name})
		}
	}
	if pp.user != nil {
		l.cfg.Delegate.MergeRemoteState(pp.user, pp.join)
	}
}

// exchange swaps states with a peer.
func (l *List) exchange(to netip.AddrPort, name string, join bool) error {
	c, err := l.dial(to, tcpTimeout)
	if err != nil {
		return err
	}
	defer l.hangUp(c)
	l.logf("DEBUG", "Initiating push/pull sync with: %s %v", name, to)
	if l.down {
		return errors.New("shutdown")
	}
	if err := l.writeStream(c, l.localState(join)); err != nil {
		return err
	}
	var pp pushPull
	remote := ""
	err = l.readStream(c, l.loop.Now()+tcpTimeout, func(typ byte, d *msgpack.Decoder) error {
		switch typ {
		case typePushPull:
			pp = pushPull{}
			return pp.decode(d)
		case typeErr:
			remote = decodeErr(d)
			return d.Err
		}
		return fmt.Errorf("received invalid msgType (%d), expected pushPullMsg (%d) from=%v", typ, typePushPull, to)
	})
	switch {
	case err != nil:
		return err
	case remote != "":
		return errors.New("remote error: " + remote)
	case l.down:
		return errors.New("shutdown")
	}
	l.merge(&pp)
	return nil
}

// SendReliable sends one message of the user over a connection of its own. It blocks
// the running process.
func (l *List) SendReliable(to netip.AddrPort, msg []byte) error {
	c, err := l.dial(to, tcpTimeout)
	if err != nil {
		return err
	}
	defer l.hangUp(c)
	n := len(msg)
	return l.writeStream(c, append(msgpack.Append(make([]byte, 0, 32+n), typeUser, []msgpack.Field{{"UserMsgLen", &n}}), msg...))
}

// pingStream is the ping over TCP. That nobody answers the connection is no
// error.
func (l *List) pingStream(to netip.AddrPort, p pingMsg, end time.Duration) (bool, error) {
	c, err := l.dial(to, end-l.loop.Now())
	if err != nil {
		return false, nil
	}
	defer l.hangUp(c)
	if err := l.writeStream(c, p.encode(typePing)); err != nil {
		return false, err
	}
	var ack ackMsg
	err = l.readStream(c, end, func(typ byte, d *msgpack.Decoder) error {
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
func (l *List) startPushPull() {
	var t *sim.Timer
	next := func() {
		d := pushPullInterval
		if n := len(l.nodes); n > pushPullScaleFrom {
			d *= time.Duration(math.Ceil(math.Log2(float64(n))-math.Log2(pushPullScaleFrom)) + 1)
		}
		t.Reset(d)
	}
	begun := false
	t = l.Timer(func() {
		if !begun { // the stagger is over
			begun = true
			next()
			return
		}
		peers := l.some(1, func(n *node) bool { return n.name != l.cfg.Name && n.state == stateAlive })
		if len(peers) == 0 {
			next()
			return
		}
		name, to := peers[0].name, peers[0].addr
		l.loop.Go("serf push/pull "+l.cfg.Name, func(*sim.Proc) {
			if err := l.exchange(to, name, false); err != nil {
				l.logf("ERR", "Push/Pull with %s failed: %s", name, err)
			}
			if !l.down {
				next()
			}
		})
	})
	t.Reset(time.Duration(l.rng.Int64N(int64(pushPullInterval))))
}
