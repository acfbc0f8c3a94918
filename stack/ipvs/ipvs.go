// Package ipvs is the kernel's load balancer of a namespace: virtual services, each with the
// real servers that its connections are spread over, one after the other. Packets meet it
// behind INPUT (stack/netfilter), which follows each connection and rewrites it; here is only
// who gets the next one.
package ipvs

import (
	"net/netip"
	"slices"
)

// Service is a virtual service: by a mark of iptables, or by protocol, address and port.
type Service struct {
	Mark  uint32 // 0: by the other two
	Proto uint8
	At    netip.AddrPort
	Dests []Dest
	next  int
}

// Dest is a real server; port 0 keeps the connection's, weight 0 takes no new ones.
type Dest struct {
	At     netip.AddrPort
	Weight int
}

// Table is all services of a namespace.
type Table struct{ all []*Service }

// Services are those of the table, the oldest first.
func (t *Table) Services() []*Service { return slices.Clone(t.all) }

// ByMark finds or makes the service of a mark.
func (t *Table) ByMark(mark uint32) *Service {
	for _, s := range t.all {
		if s.Mark == mark {
			return s
		}
	}
	s := &Service{Mark: mark}
	t.all = append(t.all, s)
	return s
}

// Remove removes the service of a mark.
func (t *Table) Remove(mark uint32) {
	t.all = slices.DeleteFunc(t.all, func(s *Service) bool { return s.Mark == mark })
}

// Choose is the real server for a new connection, round robin. An invalid one says that the
// service has none, known is false if there is no such service.
func (t *Table) Choose(mark uint32, proto uint8, dst netip.AddrPort) (to netip.AddrPort, known bool) {
	for _, s := range t.all {
		if s.Mark != 0 && s.Mark == mark || s.Mark == 0 && s.Proto == proto && s.At == dst {
			return s.pick(), true
		}
	}
	return to, false
}

func (s *Service) pick() netip.AddrPort {
	for range s.Dests {
		d := s.Dests[s.next%len(s.Dests)]
		s.next++
		if d.Weight > 0 {
			return d.At
		}
	}
	return netip.AddrPort{}
}
