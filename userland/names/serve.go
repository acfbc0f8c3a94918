package names

import (
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"

	"github.com/miekg/dns"
)

// Serve answers queries on a UDP socket until it is closed or the process is
// interrupted, and returns why it ended. Queries that are forwarded or delayed
// run beside the others, as threads of p.
func Serve(p *userland.Process, conn *stack.UDPConn, h Handler) error {
	buf := make([]byte, 65535)
	for {
		n, from, at, err := conn.ReadMsg(buf, 0)
		if err == stack.ErrConnRefused { // an earlier answer met a closed port
			continue
		}
		if err != nil {
			return err
		}
		q := &dns.Msg{}
		if q.Unpack(buf[:n]) != nil || q.Response || len(q.Question) != 1 {
			continue
		}
		wire := append([]byte(nil), buf[:n]...)
		answerQuery(p, h, q, wire, queryOf(q, from, false), func(reply []byte) {
			conn.WriteFrom(fitUDP(reply, q), at, from) // from the address that was asked
		})
	}
}

// ServeTCP accepts connections until the listener is closed and answers the
// queries on them.
func ServeTCP(p *userland.Process, l *stack.TCPListener, h Handler) error {
	return userland.Accept(p, l, func(conn *stack.TCPConn) {
		conn.SetReadTimeout(2 * time.Minute)
		for {
			wire, err := readLengthPrefixed(conn)
			q := &dns.Msg{}
			if err != nil || q.Unpack(wire) != nil || len(q.Question) != 1 {
				return
			}
			answerQuery(p, h, q, wire, queryOf(q, conn.RemoteAddr(), true), func(reply []byte) {
				writeLengthPrefixed(conn, reply)
			})
		}
	})
}

func queryOf(m *dns.Msg, from netip.AddrPort, tcp bool) Query {
	q := m.Question[0]
	return Query{Name: strings.TrimSuffix(q.Name, "."), Type: dns.TypeToString[q.Qtype], From: from, TCP: tcp}
}

// answerQuery asks the handler and sends what it decides, now or from a thread.
func answerQuery(p *userland.Process, h Handler, q *dns.Msg, wire []byte, query Query, send func([]byte)) {
	a := h.Answer(query)
	if a.Silent {
		return
	}
	if len(a.Forward) == 0 && a.Delay <= 0 {
		send(a.pack(q))
		return
	}
	work := func() {
		if a.Delay > 0 {
			p.Loop().Current().Sleep(a.Delay)
		}
		if len(a.Forward) == 0 {
			send(a.pack(q))
			return
		}
		switch reply := a.forward(p, q, wire, query.TCP); {
		case reply != nil:
			send(reply)
		case a.Relay == FirstReply:
			a.Rcode, a.Records = ServFail, nil
			send(a.pack(q))
		}
	}
	if query.TCP {
		work()
		return
	}
	p.Go(work)
}

// pack builds the reply to q.
func (a Answer) pack(q *dns.Msg) []byte {
	m := &dns.Msg{Compress: a.Compress}
	m.Id, m.Response, m.Opcode = q.Id, true, q.Opcode
	m.RecursionDesired, m.RecursionAvailable = q.RecursionDesired, a.RecursionAvailable
	m.Authoritative = a.Authoritative
	m.Rcode = int(a.Rcode)
	m.Question = q.Question
	for _, r := range a.Records {
		if rr, err := r.rr(); err == nil {
			m.Answer = append(m.Answer, rr)
		}
	}
	if a.EDNS && q.IsEdns0() != nil {
		m.SetEdns0(1232, false)
	}
	wire, err := m.Pack()
	if err != nil {
		m.Answer, m.Rcode = nil, dns.RcodeServerFailure
		wire, _ = m.Pack()
	}
	return wire
}

// forward relays the query under an identifier and a port of its own. It
// returns nil when the client gets no server's reply.
func (a Answer) forward(p *userland.Process, q *dns.Msg, wire []byte, tcp bool) []byte {
	timeout := a.ForwardTimeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	var last []byte
	for _, server := range a.Forward {
		ns := server.From
		if ns == nil {
			ns = p.NS()
		}
		reply, err := relay(p, ns, server.At, wire, timeout, tcp)
		if _, unasked := err.(notAsked); unasked {
			continue
		}
		if last = reply; err != nil {
			continue
		}
		reply[0], reply[1] = byte(q.Id>>8), byte(q.Id)
		if a.Relay == FirstReply || useful(reply) {
			break
		}
	}
	return last
}

// useful reports whether a packed reply ends a search.
func useful(reply []byte) bool {
	authoritative, code := reply[2]&4 != 0, Rcode(reply[3]&15)
	return code == Success || code == NXDomain && authoritative
}

// notAsked is that a server could not be sent the question at all.
type notAsked struct{ error }

// relay sends one packed query with a fresh identifier and returns the packed
// reply.
func relay(p *userland.Process, ns *stack.Namespace, server netip.AddrPort, wire []byte, timeout time.Duration, tcp bool) ([]byte, error) {
	id := p.Loop().Stream("traffic/dnsforward/" + p.Machine.Name).Uint32()
	wire = append([]byte{byte(id >> 8), byte(id)}, wire[2:]...)
	if tcp {
		return relayTCP(p.In(ns), server, wire, timeout)
	}
	conn, err := userland.DialUDP(p.In(ns), server)
	if err != nil {
		return nil, notAsked{err}
	}
	defer conn.Close()
	if err := conn.WriteTo(wire, server); err != nil {
		return nil, notAsked{err}
	}
	buf := make([]byte, 65535)
	end := p.Loop().Now() + timeout
	for {
		left := end - p.Loop().Now()
		if left <= 0 {
			return nil, stack.ErrTimeout
		}
		n, _, err := conn.ReadFrom(buf, left)
		if err != nil {
			return nil, err
		}
		if n >= 12 && buf[0] == wire[0] && buf[1] == wire[1] {
			return append([]byte(nil), buf[:n]...), nil
		}
	}
}

func relayTCP(ns stack.Opener, server netip.AddrPort, wire []byte, timeout time.Duration) ([]byte, error) {
	conn, err := ns.DialTCP(netip.AddrPort{}, server, timeout)
	if err != nil {
		return nil, notAsked{err}
	}
	defer conn.Close()
	conn.SetReadTimeout(timeout)
	if err := writeLengthPrefixed(conn, wire); err != nil {
		return nil, err
	}
	reply, err := readLengthPrefixed(conn)
	if err == nil && len(reply) < 12 {
		err = stack.ErrConnReset
	}
	return reply, err
}

// fitUDP truncates a reply that is larger than the client takes: 512 bytes, or
// what its OPT record says.
func fitUDP(wire []byte, q *dns.Msg) []byte {
	limit := 512
	if opt := q.IsEdns0(); opt != nil {
		limit = max(limit, int(opt.UDPSize()))
	}
	if len(wire) <= limit {
		return wire
	}
	m := &dns.Msg{}
	if m.Unpack(wire) != nil {
		return wire[:limit]
	}
	m.Truncate(limit)
	short, err := m.Pack()
	if err != nil {
		return wire[:limit]
	}
	return short
}
