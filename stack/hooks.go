package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link/trail"
	"dnetsim/stack/ipvs"
	"dnetsim/stack/netfilter"
	"dnetsim/stack/nftables"
)

// Netfilter is the iptables rules of the namespace, made when first asked for;
// a namespace that nobody asks about pays nothing for them.
func (ns *Namespace) Netfilter(v6 bool) *netfilter.Rules {
	k := 0
	if v6 {
		k = 1
	}
	if ns.filter.rules[k] == nil {
		ns.filter.rules[k] = netfilter.New(ns.filter.options(v6))
		ns.filter.outAddr = [2]func(string) ([16]byte, bool){ns.filter.masqueradeAddr, ns.filter.masqueradeAddr6}
	}
	return ns.filter.rules[k]
}

// Filters reports whether a namespace has rules of iptables, or ever had: asking for
// them with [Namespace.Netfilter] makes them.
func Filters(ns *Namespace, v6 bool) bool {
	if v6 {
		return ns.filter.rules[1] != nil
	}
	return ns.filter.rules[0] != nil
}

// Nftables is what nft has put into the namespace, made when first asked for. Its base chains
// meet packets among the tables of [Namespace.Netfilter].
func (ns *Namespace) Nftables() *nftables.Ruleset {
	if ns.filter.nft == nil {
		ns.filter.nft = nftables.New(nftables.Face{
			Options: ns.filter.options(false),
			Rules:   ns.Netfilter,
			Index: func(name string) int {
				if i := ns.devs.byName[name]; i != nil {
					return i.Index()
				}
				return 0
			},
			Name: func(index int) string {
				for _, i := range ns.devs.list {
					if i.Index() == index {
						return i.name
					}
				}
				return ""
			},
		})
	}
	return ns.filter.nft
}

// HasNftables reports whether somebody has asked for it.
func HasNftables(ns *Namespace) bool { return ns.filter.nft != nil }

// IPVS is the load balancer of the namespace, made when first asked for. It balances IPv4.
func (ns *Namespace) IPVS() *ipvs.Table {
	if ns.filter.balancer == nil {
		ns.filter.balancer = &ipvs.Table{}
		ns.Netfilter(false).SetBalancer(ns.filter.balancer.Choose)
	}
	return ns.filter.balancer
}

// HasIPVS reports whether somebody has asked for it.
func (ns *Namespace) HasIPVS() bool { return ns.filter.balancer != nil }

// filtering is where packets meet the rules of iptables and nftables.
type filtering struct {
	balancer *ipvs.Table       // nil until somebody asks
	nft      *nftables.Ruleset // nil until somebody asks
	ns       *Namespace
	rules    [2]*netfilter.Rules                  // IPv4, IPv6; nil until somebody asks
	outAddr  [2]func(dev string) ([16]byte, bool) // for MASQUERADE, by family
	log      func(level int, text string)         // the kernel's log; nil has none
	asked    asked
}

// LogTo gives the lines of LOG and TRACE rules to a kernel's log. Only a host's
// first namespace has one (nf_log_all_netns is 0), and keeps the first.
func (ns *Namespace) LogTo(log func(level int, text string)) {
	if ns.opts.Host && ns.filter.log == nil {
		ns.filter.log = log
	}
}

// hook passes a packet through one netfilter hook. It reports whether the
// packet goes on; if not, it has been dropped and freed.
func (fw *filtering) hook(h netfilter.Hook, p *packet, in, out *Interface) bool {
	r := fw.rules[0]
	if p.nf.V6 {
		r = fw.rules[1]
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
	p.nf.OutAddr = fw.outAddr[0]
	if p.nf.V6 {
		p.nf.OutAddr = fw.outAddr[1]
	}
	v := r.Traverse(h, &p.nf)
	at := in
	if at == nil || h == netfilter.Postrouting {
		at = out
	}
	if v.Action == netfilter.Accept {
		p.rewritten, p.balanced = p.rewritten || v.DNAT, v.Balanced
		if v.Rewritten && fw.ns.trail.On() {
			p.frame().TellRule(fw.ns.trail, fw.ns.ends.at(at), trail.Rewrite, v.NATRule())
		}
		return true
	}
	if v.Action == netfilter.Reject {
		fw.reject(p, v.RejectWith)
	}
	fw.ns.ends.refuse(at, trail.Netfilter, v.Rule, p)
	return false
}

// masqueradeAddr is the address that MASQUERADE gives to packets that leave by
// an interface: its first of global scope.
func (fw *filtering) masqueradeAddr(dev string) (addr [16]byte, ok bool) {
	i := fw.ns.devs.byName[dev]
	if i == nil {
		return addr, false
	}
	for _, a := range i.ipAddrs.list {
		if ip := a.Prefix.Addr(); ip.Is4() && !a.Secondary && a.Scope != ScopeLink {
			return ip.As16(), true
		}
	}
	return addr, false
}

// masqueradeAddr6 is the same for IPv6.
func (fw *filtering) masqueradeAddr6(dev string) (addr [16]byte, ok bool) {
	i := fw.ns.devs.byName[dev]
	if i == nil {
		return addr, false
	}
	for _, a := range i.ipAddrs.list {
		if ip := a.Prefix.Addr(); ip.Is6() && a.Scope != ScopeLink && !a.Tentative {
			return ip.As16(), true
		}
	}
	return addr, false
}

// reject answers a packet as the REJECT target asks.
func (fw *filtering) reject(p *packet, with netfilter.RejectKind) {
	switch with {
	case netfilter.RejectTCPReset:
		fw.sendReset(p)
	case netfilter.RejectNet, netfilter.Reject6NoRoute:
		fw.ns.icmp.sendUnreachable(p, unreachableNet)
	case netfilter.RejectHost, netfilter.Reject6Address:
		fw.ns.icmp.sendUnreachable(p, unreachableHost)
	case netfilter.RejectProtocol:
		fw.ns.icmp.sendUnreachable(p, unreachableProtocol)
	case netfilter.RejectNetProhibited:
		fw.ns.icmp.sendUnreachable(p, unreachable{9, 1})
	case netfilter.RejectHostProhibited, netfilter.Reject6AdminProhibited:
		fw.ns.icmp.sendUnreachable(p, unreachable{10, 1})
	case netfilter.RejectAdminProhibited:
		fw.ns.icmp.sendUnreachable(p, unreachableAdmin)
	default:
		fw.ns.icmp.sendUnreachable(p, unreachablePort)
	}
}

// sendReset answers a TCP segment with a reset (nf_send_reset).
func (fw *filtering) sendReset(p *packet) {
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
		q = fw.ns.tx.buildIPv6(p.dst(), p.src(), protoTCP, fw.ns.tx.defaultTTL(true), t)
	} else {
		q = fw.ns.tx.buildIPv4(p.dst(), p.src(), protoTCP, fw.ns.tx.defaultTTL(false), true, t)
	}
	s := q.payload()
	binary.BigEndian.PutUint16(s[16:], ^sum(uint32(q.pseudoSum(protoTCP, 20)), s))
	fw.ns.tx.output(q)
}

// kind classifies an address for -m addrtype.
func (at *addrTable) kind(a netip.Addr) netfilter.AddrType {
	switch {
	case a.IsUnspecified():
		return netfilter.Unspec
	case at.ns.IsLocal(a):
		return netfilter.Local
	case a.IsMulticast():
		return netfilter.Multicast
	case a == broadcast4:
		return netfilter.Broadcast
	}
	for _, i := range at.ns.devs.list {
		if i.ipAddrs.isBroadcast(a) {
			return netfilter.Broadcast
		}
	}
	if r := at.ns.routes.family(a.Is6()).main.lookup(&flow{dst: a}); r != nil {
		switch r.Type {
		case RouteBlackhole:
			return netfilter.Blackhole
		case RouteUnreachable:
			return netfilter.Unreachable
		case RouteProhibit:
			return netfilter.Prohibit
		}
	}
	return netfilter.Unicast
}
