package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link/trail"
	"dnetsim/stack/netfilter"
)

// Netfilter is the iptables rules of the namespace, made when first asked for;
// a namespace that nobody asks about pays nothing for them.
func (ns *Namespace) Netfilter(v6 bool) *netfilter.Rules {
	k := 0
	if v6 {
		k = 1
	}
	if ns.rules[k] == nil {
		ns.rules[k] = netfilter.New(ns.netfilterOptions(v6))
		ns.outAddr = [2]func(string) ([16]byte, bool){ns.masqueradeAddr, ns.masqueradeAddr6}
	}
	return ns.rules[k]
}

// hook passes a packet through one netfilter hook. It reports whether the
// packet goes on; if not, it has been dropped and freed.
func (ns *Namespace) hook(h netfilter.Hook, p *packet, in, out *Interface) bool {
	r := ns.rules[0]
	if p.nf.V6 {
		r = ns.rules[1]
	}
	if r == nil {
		return true
	}
	p.nf.In, p.nf.Out = "", ""
	if in != nil {
		p.nf.In = in.name
	}
	if out != nil {
		p.nf.Out = out.name
	}
	p.nf.OutAddr = ns.outAddr[0]
	if p.nf.V6 {
		p.nf.OutAddr = ns.outAddr[1]
	}
	v := r.Traverse(h, &p.nf)
	at := in
	if at == nil {
		at = out
	}
	if v.Action == netfilter.Accept {
		p.rewritten = p.rewritten || v.DNAT
		if v.Rewritten && ns.trail.On() {
			p.frame().TellRule(ns.trail, ns.at(at), trail.Rewrite, v.NATRule())
		}
		return true
	}
	if v.Action == netfilter.Reject {
		ns.reject(p, v.RejectWith)
	}
	ns.refuse(at, trail.Netfilter, v.Rule, p)
	return false
}

// masqueradeAddr is the address that MASQUERADE gives to packets that leave by
// an interface: its first of global scope.
func (ns *Namespace) masqueradeAddr(dev string) (addr [16]byte, ok bool) {
	i := ns.byName[dev]
	if i == nil {
		return addr, false
	}
	for _, a := range i.addrs {
		if ip := a.Prefix.Addr(); ip.Is4() && !a.Secondary && a.Scope != ScopeLink {
			return ip.As16(), true
		}
	}
	return addr, false
}

// masqueradeAddr6 is the same for IPv6.
func (ns *Namespace) masqueradeAddr6(dev string) (addr [16]byte, ok bool) {
	i := ns.byName[dev]
	if i == nil {
		return addr, false
	}
	for _, a := range i.addrs {
		if ip := a.Prefix.Addr(); ip.Is6() && a.Scope != ScopeLink {
			return ip.As16(), true
		}
	}
	return addr, false
}

// reject answers a packet as the REJECT target asks.
func (ns *Namespace) reject(p *packet, with netfilter.RejectKind) {
	switch with {
	case netfilter.RejectTCPReset:
		ns.sendReset(p)
	case netfilter.RejectNet, netfilter.Reject6NoRoute:
		ns.sendUnreachable(p, unreachableNet)
	case netfilter.RejectHost, netfilter.Reject6Address:
		ns.sendUnreachable(p, unreachableHost)
	case netfilter.RejectProtocol:
		ns.sendUnreachable(p, unreachableProtocol)
	case netfilter.RejectNetProhibited:
		ns.sendUnreachable(p, unreachable{9, 1})
	case netfilter.RejectHostProhibited, netfilter.Reject6AdminProhibited:
		ns.sendUnreachable(p, unreachable{10, 1})
	case netfilter.RejectAdminProhibited:
		ns.sendUnreachable(p, unreachableAdmin)
	default:
		ns.sendUnreachable(p, unreachablePort)
	}
}

// sendReset answers a TCP segment with a reset (nf_send_reset).
func (ns *Namespace) sendReset(p *packet) {
	b := p.payload()
	if p.proto() != protoTCP || len(b) < 20 || b[13]&0x04 != 0 || p.laterFragment() {
		return
	}
	t := make([]byte, 20)
	copy(t[0:2], b[2:4])
	copy(t[2:4], b[0:2])
	t[12], t[13] = 5<<4, 0x04
	if b[13]&0x10 != 0 {
		copy(t[4:8], b[8:12])
	} else {
		n := uint32(len(b) - int(b[12]>>4)*4)
		n += uint32(b[13]&1) + uint32(b[13]>>1&1)
		binary.BigEndian.PutUint32(t[8:], binary.BigEndian.Uint32(b[4:])+n)
		t[13] |= 0x10
	}
	var q *packet
	if p.nf.V6 {
		q = ns.buildIPv6(p.dst(), p.src(), protoTCP, ns.defaultTTL(true), t)
	} else {
		q = ns.buildIPv4(p.dst(), p.src(), protoTCP, ns.defaultTTL(false), true, t)
	}
	s := q.payload()
	binary.BigEndian.PutUint16(s[16:], ^sum(uint32(q.pseudoSum(protoTCP, 20)), s))
	ns.output(q)
}

// addrType classifies an address for -m addrtype.
func (ns *Namespace) addrType(a netip.Addr) string {
	switch {
	case a.IsUnspecified():
		return "UNSPEC"
	case ns.IsLocal(a):
		return "LOCAL"
	case a.IsMulticast():
		return "MULTICAST"
	case a == broadcast4:
		return "BROADCAST"
	}
	for _, i := range ns.ifaces {
		if i.isBroadcast(a) {
			return "BROADCAST"
		}
	}
	if r := ns.family(a.Is6()).main.lookup(&flow{dst: a}); r != nil {
		switch r.Type {
		case RouteBlackhole:
			return "BLACKHOLE"
		case RouteUnreachable:
			return "UNREACHABLE"
		case RouteProhibit:
			return "PROHIBIT"
		}
	}
	return "UNICAST"
}
