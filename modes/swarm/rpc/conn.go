package rpc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
	"dnetsim/stack"
)

// Sockets opens a node's sockets: a namespace, or a process in one.
type Sockets interface {
	DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*stack.TCPConn, error)
	ListenTCP(local netip.AddrPort) (*stack.TCPListener, error)
}

// The types of messages on a connection.
const (
	msgRequest = 1 + iota
	msgMessage // one of a stream, either way
	msgEnd     // of a stream or a call, with its status
	msgCancel
)

// frameHead is the length of what precedes a message: its length, its stream and
// its type, as an HTTP/2 frame has them.
const frameHead = 9

// maxStreams is how many calls one connection carries at a time, as HTTP/2 servers
// commonly allow.
const maxStreams = 1000

// Conn is a connection between two nodes, on which one of them calls the other.
type Conn struct {
	loop   *sim.Loop
	tcp    *stack.TCPConn // nil within one node
	other  *Conn          // the other end within one node
	w      *wire
	server *Server // nil at the end that calls
	// Peer is the certificate of the other end, nil if it has none.
	Peer *object.Certificate

	next    uint32
	streams map[uint32]*Stream
	queue   [][]byte
	writing bool     // there is a process for it
	more    sim.Cond // it waits for more
	err     error
	in, out packet // that are being read and written
	text    []byte // the one that was written last, as it travels
}

// Options are of who dials.
type Options struct {
	Loop *sim.Loop
	Net  Sockets
	Rand *sim.Rand
	Cert *object.Certificate // nil: none yet
	// Verify refuses a server's certificate.
	Verify func(*object.Certificate) error
}

// Dial connects to a manager. It blocks the running process, until the deadline at
// most. Its errors are statuses.
func Dial(to netip.AddrPort, o Options, end Deadline) (*Conn, error) {
	left := end.left(o.Loop)
	if left == 0 {
		return nil, notReady()
	}
	tcp, err := o.Net.DialTCP(netip.AddrPort{}, to, max(left, 0))
	if err != nil {
		return nil, dialStatus(to, err)
	}
	done := false
	defer func() {
		if !done {
			tcp.Close()
		}
	}()
	if left = end.left(o.Loop); left >= 0 {
		tcp.SetReadTimeout(max(left, time.Nanosecond))
	}
	w, peer, err := greet(tcp, o.Rand, o.Cert)
	if err != nil {
		if errors.Is(err, stack.ErrTimeout) {
			return nil, notReady()
		}
		return nil, Errorf(Unavailable, "connection error: desc = \"transport: authentication handshake failed: %s\"", textOf(err))
	}
	if o.Verify != nil {
		if err := o.Verify(peer); err != nil {
			return nil, Errorf(Unavailable, "connection error: desc = \"transport: authentication handshake failed: %v\"", err)
		}
	}
	tcp.SetReadTimeout(0)
	done = true
	c := &Conn{loop: o.Loop, tcp: tcp, w: w, Peer: peer, streams: map[uint32]*Stream{}}
	o.Loop.Go("swarm "+to.String(), func(*sim.Proc) { c.fail(c.read()) })
	return c, nil
}

func notReady() *Status {
	return Errorf(DeadlineExceeded, "context deadline exceeded while waiting for connections to become ready")
}

func textOf(err error) string {
	if err == io.EOF {
		return "EOF"
	}
	return strings.ToLower(err.Error())
}

// dialStatus is a failure to connect.
func dialStatus(to netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, sim.ErrInterrupted):
		return err
	case errors.Is(err, stack.ErrConnTimedOut), errors.Is(err, stack.ErrTimeout):
		return notReady()
	}
	return Errorf(Unavailable, "connection error: desc = \"transport: Error while dialing: dial tcp %v: connect: %s\"", to, textOf(err))
}

// Alive reports whether the connection can still carry calls.
func (c *Conn) Alive() bool { return c.err == nil }

// LocalAddr is the connection's own address, invalid within one node.
func (c *Conn) LocalAddr() netip.AddrPort {
	if c.tcp == nil {
		return netip.AddrPort{}
	}
	return c.tcp.LocalAddr()
}

// RemoteAddr is the peer's.
func (c *Conn) RemoteAddr() netip.AddrPort {
	if c.tcp == nil {
		return netip.AddrPort{}
	}
	return c.tcp.RemoteAddr()
}

// Close ends the connection and all that it carries.
func (c *Conn) Close() { c.fail(Errorf(Unavailable, "transport is closing")) }

func (c *Conn) fail(err error) {
	if c.err != nil {
		return
	}
	if err == nil || !errors.Is(err, errMalformed) && CodeOf(err) == Unknown {
		err = Errorf(Unavailable, "transport is closing")
	}
	c.err = err
	if c.tcp != nil {
		c.tcp.Close()
	} else {
		c.loop.After(0, c.other.Close)
	}
	st := statusOf(err)
	for _, id := range sortedIDs(c.streams) {
		c.streams[id].finish(st.Code, st.Desc)
	}
	c.more.Broadcast()
	if c.server != nil {
		c.server.forget(c)
	}
}

// read takes in messages until the connection ends.
func (c *Conn) read() error {
	for {
		h, err := c.w.take(frameHead)
		if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(h))
		if n > maxMessage {
			return errMalformed
		}
		id, kind := binary.BigEndian.Uint32(h[4:]), h[8]
		b, err := c.w.take(n)
		if err != nil {
			return err
		}
		if err := c.message(id, kind, b); err != nil {
			return err
		}
	}
}

func (c *Conn) message(id uint32, kind byte, b []byte) error {
	p := &c.in
	if *p = (packet{}); len(b) > 0 && p.read(b) != nil {
		return errMalformed
	}
	s := c.streams[id]
	switch kind {
	case msgRequest:
		if c.server == nil || s != nil || id <= c.next || len(c.streams) >= maxStreams {
			return errMalformed
		}
		c.next = id
		c.server.begin(c, id, *p)
	case msgMessage:
		if s != nil {
			s.in = append(s.in, p.Body)
			s.news.Broadcast()
		}
	case msgEnd:
		if s != nil {
			if len(p.Body) > 0 {
				s.in = append(s.in, p.Body)
			}
			s.finish(p.Code, p.Desc)
		}
	case msgCancel:
		if s != nil {
			s.finish(Unknown, "context canceled")
		}
	default:
		return errMalformed
	}
	return nil
}

// send queues a message; it does not block.
func (c *Conn) send(id uint32, kind byte, p packet) {
	if c.err != nil {
		return
	}
	c.text = c.text[:0]
	if kind != msgCancel {
		c.out = p
		c.text = c.out.append(c.text)
		c.out = packet{}
	}
	if c.tcp == nil {
		b := bytes.Clone(c.text)
		c.loop.After(0, func() {
			if c.other.err == nil {
				c.other.message(id, kind, b)
			}
		})
		return
	}
	var head [frameHead]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(c.text)))
	binary.BigEndian.PutUint32(head[4:], id)
	head[8] = kind
	c.queue = append(c.queue, c.w.seal(head[:], c.text))
	if c.writing {
		c.more.Signal()
		return
	}
	c.writing = true
	c.loop.Go("swarm write", c.write)
}

// write is the process that sends what is queued, until the connection ends.
func (c *Conn) write(*sim.Proc) {
	for c.err == nil {
		if len(c.queue) == 0 {
			c.queue = nil
			c.more.Wait(c.loop)
			continue
		}
		b := c.queue[0]
		c.queue = c.queue[1:]
		if _, err := c.tcp.Write(b); err != nil {
			c.fail(err)
		}
	}
}

func body(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("swarm: a message of type %T has no JSON: %v", v, err))
	}
	return b
}
