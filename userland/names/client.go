package names

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"

	"github.com/miekg/dns"
)

// Reply is a reply and how many bytes it had.
type Reply struct {
	*dns.Msg
	Size int
}

// NewQuery is a recursive query with an identifier of the machine's own stream.
func NewQuery(p *userland.Process, name string, qtype uint16) *dns.Msg {
	m := &dns.Msg{}
	m.Id = uint16(p.Loop().Stream("traffic/dns/" + p.Machine.Name).Uint32())
	m.RecursionDesired = true
	m.Question = []dns.Question{{Name: dns.Fqdn(name), Qtype: qtype, Qclass: dns.ClassINET}}
	return m
}

// ask sends the questions about one name to the servers in turn, attempts times
// over, and returns one reply for each type. A server that refuses, fails or
// stays silent makes it go on with the next one; when all did the error is
// [ErrTryAgain].
func (c *Config) ask(p *userland.Process, name string, types []uint16) ([]*Reply, error) {
	if _, ok := dns.IsDomainName(name); !ok {
		return nil, ErrNoName
	}
	for range c.attempts {
		for _, server := range c.Servers {
			queries := make([]*dns.Msg, len(types))
			for i, t := range types {
				queries[i] = NewQuery(p, name, t)
			}
			replies, err := Exchange(p, server, queries, c.timeout)
			if userland.Interrupted(err) {
				return nil, err
			}
			if err != nil || !usable(replies) {
				continue
			}
			return replies, nil
		}
	}
	return nil, ErrTryAgain
}

// usable reports whether the server answered the question rather than declined.
func usable(replies []*Reply) bool {
	for _, m := range replies {
		switch m.Rcode {
		case dns.RcodeServerFailure, dns.RcodeNotImplemented, dns.RcodeRefused:
			return false
		}
	}
	return true
}

// Exchange sends the queries from one UDP socket and waits for their replies,
// repeating a truncated one over TCP. The timeout is for all of them.
func Exchange(p *userland.Process, server netip.AddrPort, queries []*dns.Msg, timeout time.Duration) ([]*Reply, error) {
	conn, err := userland.DialUDP(p.In(p.NS()), server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for _, q := range queries {
		wire, err := q.Pack()
		if err != nil {
			return nil, err
		}
		if err := conn.WriteTo(wire, server); err != nil {
			return nil, err
		}
	}
	replies := make([]*Reply, len(queries))
	end := p.Loop().Now() + timeout
	for open := len(queries); open > 0; {
		m, err := ReceiveReply(p, conn, end)
		if err != nil {
			return nil, err
		}
		for i, q := range queries {
			if replies[i] == nil && Answers(m, q) {
				replies[i] = m
				open--
				break
			}
		}
	}
	for i, m := range replies {
		if !m.Truncated {
			continue
		}
		if replies[i], err = ExchangeTCP(p, server, queries[i], timeout); err != nil {
			return nil, err
		}
	}
	return replies, nil
}

// ReceiveReply waits until the virtual time end for anything that parses.
func ReceiveReply(p *userland.Process, conn *stack.UDPConn, end time.Duration) (*Reply, error) {
	buf := make([]byte, 65535)
	for {
		left := end - p.Loop().Now()
		if left <= 0 {
			return nil, stack.ErrTimeout
		}
		n, _, err := conn.ReadFrom(buf, left)
		if err != nil {
			return nil, err
		}
		m := &Reply{Msg: &dns.Msg{}, Size: n}
		if m.Unpack(buf[:n]) == nil && m.Response {
			return m, nil
		}
	}
}

// Answers reports whether m is the reply to q.
func Answers(m *Reply, q *dns.Msg) bool {
	return m.Id == q.Id && (len(m.Question) == 0 || m.Question[0].Qtype == q.Question[0].Qtype)
}

// QuestionName is the name that m answers: its question's, or asked from a
// server that leaves the question out.
func QuestionName(m *dns.Msg, asked string) string {
	if len(m.Question) > 0 {
		return m.Question[0].Name
	}
	return asked
}

// ExchangeTCP is exchange for one query over TCP.
func ExchangeTCP(p *userland.Process, server netip.AddrPort, q *dns.Msg, timeout time.Duration) (*Reply, error) {
	conn, err := p.DialTCP(netip.AddrPort{}, server, timeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetReadTimeout(timeout)
	wire, err := q.Pack()
	if err != nil {
		return nil, err
	}
	if err := writeLengthPrefixed(conn, wire); err != nil {
		return nil, err
	}
	wire, err = readLengthPrefixed(conn)
	if err != nil {
		return nil, err
	}
	m := &Reply{Msg: &dns.Msg{}, Size: len(wire)}
	if err := m.Unpack(wire); err != nil {
		return nil, err
	}
	if m.Id != q.Id {
		return nil, errors.New("reply to another query")
	}
	return m, nil
}

// writeLengthPrefixed and readLengthPrefixed are DNS over TCP, RFC 1035 §4.2.2.
func writeLengthPrefixed(w io.Writer, wire []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...))
	return err
}

func readLengthPrefixed(r io.Reader) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	wire := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(r, wire)
	return wire, err
}
