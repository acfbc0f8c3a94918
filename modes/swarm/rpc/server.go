package rpc

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/sim"
	"dnetsim/stack"
)

// handshakeTime is how long a client may take for the handshake.
const handshakeTime = 120 * time.Second

// Handler answers a call: with one message, or, after it has sent a stream, with
// nil. It runs as a process of its own, which is interrupted when the caller is gone.
type Handler func(*Request) (any, error)

// Request is one call as who answers it sees it.
type Request struct {
	Method string
	Body   json.RawMessage
	Peer   *object.Certificate // nil: it has none
	From   netip.AddrPort
	// Forwarded says that another manager passes the call on.
	Forwarded bool
	s         *Stream
}

// Decode reads what the caller sent.
func (r *Request) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return Errorf(InvalidArgument, "%v", err)
	}
	return nil
}

// Send sends one message of a stream.
func (r *Request) Send(v any) { r.s.c.send(r.s.id, msgMessage, packet{Body: body(v)}) }

// Gone reports whether nobody waits for the answer any more.
func (r *Request) Gone() bool { return r.s.end != nil }

// Counters count what a server has seen.
type Counters struct{ Connections, Calls, Malformed uint64 }

// Config says what a server needs.
type Config struct {
	Loop *sim.Loop
	Net  Sockets
	Rand *sim.Rand
	// Cert is the server's own certificate at that moment, Verify refuses a
	// client's; a client without one is not asked about.
	Cert   func() *object.Certificate
	Verify func(*object.Certificate) error
	Log    func(level, msg string, pairs ...string)
}

// Server answers calls on a port.
type Server struct {
	Config
	methods map[string]Handler
	tcp     *stack.TCPListener
	conns   []*Conn
	greets  []*stack.TCPConn
	count   Counters
	closed  bool
}

// NewServer is one that does not listen yet.
func NewServer(c Config) *Server { return &Server{Config: c, methods: map[string]Handler{}} }

// Handle sets who answers a method.
func (v *Server) Handle(method string, h Handler) { v.methods[method] = h }

// Counters are what the server has seen so far.
func (v *Server) Counters() Counters { return v.count }

// Listen begins to answer. An error is the kernel's.
func (v *Server) Listen(at netip.AddrPort) error {
	l, err := v.Net.ListenTCP(at)
	if err != nil {
		return err
	}
	v.tcp = l
	v.Loop.Go("swarm listen", func(*sim.Proc) {
		for !v.closed {
			c, err := l.Accept()
			if errors.Is(err, sim.ErrInterrupted) {
				continue
			}
			if err != nil {
				return
			}
			v.count.Connections++
			v.greets = append(v.greets, c)
			v.Loop.Go("swarm serve", func(*sim.Proc) { v.serve(c) })
		}
	})
	return nil
}

// Close ends every connection and the listening.
func (v *Server) Close() {
	if v.closed {
		return
	}
	v.closed = true
	if v.tcp != nil {
		v.tcp.Close()
	}
	for _, c := range slices.Clone(v.conns) {
		c.Close()
	}
	for _, c := range v.greets {
		c.Close()
	}
	v.greets = nil
}

// Disconnect closes the connections of a node.
func (v *Server) Disconnect(node string) {
	for _, c := range slices.Clone(v.conns) {
		if c.Peer != nil && c.Peer.NodeID == node {
			c.Close()
		}
	}
}

func (v *Server) forget(c *Conn) {
	v.conns = slices.DeleteFunc(v.conns, func(x *Conn) bool { return x == c })
}

// serve answers one connection until its end.
func (v *Server) serve(tcp *stack.TCPConn) {
	from := tcp.RemoteAddr()
	tcp.SetReadTimeout(handshakeTime)
	w, peer, err := welcome(tcp, v.Rand, v.Cert())
	v.greets = slices.DeleteFunc(v.greets, func(x *stack.TCPConn) bool { return x == tcp })
	if err == nil && peer != nil && v.Verify != nil {
		err = v.Verify(peer)
	}
	if err != nil || v.closed {
		if errors.Is(err, errMalformed) {
			v.count.Malformed++
		}
		if err != nil && !v.closed {
			v.Log("warning", "grpc: Server.Serve failed to complete security handshake from \""+from.String()+"\": "+textOf(err))
		}
		tcp.Close()
		return
	}
	tcp.SetReadTimeout(0)
	c := &Conn{loop: v.Loop, tcp: tcp, w: w, server: v, Peer: peer, streams: map[uint32]*Stream{}}
	v.conns = append(v.conns, c)
	err = c.read()
	if errors.Is(err, errMalformed) {
		v.count.Malformed++
		v.Log("warning", "a connection sent what is no message", "from", from.String())
	}
	c.fail(err)
}

// begin answers a call in a process of its own.
func (v *Server) begin(c *Conn, id uint32, p packet) {
	v.count.Calls++
	s := &Stream{c: c, id: id}
	c.streams[id] = s
	s.proc = v.Loop.Go("swarm "+p.Method, func(*sim.Proc) {
		end := packet{Code: OK}
		h := v.methods[p.Method]
		var out any
		var err error
		if h == nil {
			err = Errorf(Unimplemented, "unknown service %s", p.Method)
		} else {
			r := &Request{Method: p.Method, Body: p.Body, Peer: c.Peer, From: c.RemoteAddr(), s: s}
			if p.For != nil && c.Peer != nil && c.Peer.Role == object.RoleManager {
				r.Peer, r.From, r.Forwarded = p.For, p.From, true
			}
			out, err = h(r)
		}
		if s.end != nil {
			return
		}
		if err != nil {
			st := statusOf(err)
			end.Code, end.Desc = st.Code, st.Desc
		} else {
			end.Body = body(out)
		}
		c.send(id, msgEnd, end)
		s.proc = nil
		s.finish(OK, "")
	})
}

// Local is a connection to the server within its own node, as its socket in the file
// system is: who calls needs no handshake and has the server's certificate.
func (v *Server) Local() *Conn {
	a := &Conn{loop: v.Loop, streams: map[uint32]*Stream{}, Peer: v.Cert()}
	b := &Conn{loop: v.Loop, streams: map[uint32]*Stream{}, Peer: v.Cert(), server: v}
	a.other, b.other = b, a
	v.conns = append(v.conns, b)
	return a
}
