package names

import (
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// Server is a name server such as dnsmasq on a router: it answers from its
// zone, forwards the rest, and refuses when it has nowhere to forward to. Run
// is its program.
type Server struct {
	// Listen is the address to bind, the zero value means all.
	Listen netip.Addr
	Zone   *Zone
	// Upstream are the servers that get the questions the zone cannot answer.
	Upstream []netip.AddrPort
	// Delay is how long the server thinks before each answer.
	Delay time.Duration
}

// Answer implements [Handler].
func (s *Server) Answer(q Query) Answer {
	a := Answer{RecursionAvailable: true, EDNS: true, Compress: true, Delay: s.Delay}
	var exists bool
	if s.Zone != nil {
		a.Records, exists = s.Zone.Lookup(q.Name, q.Type)
	}
	switch {
	case exists:
		a.Authoritative = true
	case s.Zone != nil && s.Zone.owns(q.Name):
		// Not authoritative: the name is local because no server is to be asked
		// (dnsmasq --server=/#/), not because somebody knows it.
		a.Rcode = NXDomain
	case len(s.Upstream) > 0:
		for _, at := range s.Upstream {
			a.Forward = append(a.Forward, Upstream{At: at})
		}
	default:
		a.Rcode = Refused
	}
	return a
}

// Run is the server as a program: UDP and TCP port 53 until it is killed.
func (s *Server) Run(p *userland.Process) int {
	at := netip.AddrPortFrom(s.Listen, 53)
	if !s.Listen.IsValid() {
		at = netip.AddrPortFrom(netip.IPv6Unspecified(), 53)
	}
	conn, err := p.ListenUDP(at)
	if err != nil {
		p.Errorf("\n%s: failed to create listening socket for port 53: %s\n", p.Name(), userland.Reason(err))
		return 2
	}
	defer conn.Close()
	listener, err := p.ListenTCP(at)
	if err != nil {
		p.Errorf("\n%s: failed to create listening socket for port 53: %s\n", p.Name(), userland.Reason(err))
		return 2
	}
	defer listener.Close()
	return s.serve(p, conn, listener)
}

func (s *Server) serve(p *userland.Process, conn *stack.UDPConn, listener *stack.TCPListener) int {
	p.Go(func() { ServeTCP(p, listener, s) })
	Serve(p, conn, s)
	return 0
}
