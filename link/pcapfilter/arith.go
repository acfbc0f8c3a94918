package pcapfilter

import "dnetsim/link"

// value computes a number from a packet; false when the packet has no such
// byte, which makes the comparison fail.
type value func(*packet) (uint32, bool)

// relation reads "arithmetic relop arithmetic". It reports false, with the
// position anywhere, if the tokens are not that.
func (p *parser) relation() (predicate, bool) {
	left, ok := p.arith(0)
	if !ok {
		return nil, false
	}
	op := p.next()
	switch op {
	case ">", "<", ">=", "<=", "=", "==", "!=":
	default:
		return nil, false
	}
	right, ok := p.arith(0)
	if !ok {
		return nil, false
	}
	return func(k *packet) bool {
		a, ok := left(k)
		b, ok2 := right(k)
		return ok && ok2 && compare(op, a, b)
	}, true
}

func compare(op string, a, b uint32) bool {
	switch op {
	case ">":
		return a > b
	case "<":
		return a < b
	case ">=":
		return a >= b
	case "<=":
		return a <= b
	case "!=":
		return a != b
	}
	return a == b
}

// precedence of the binary operators, loosest first, as in libpcap's grammar.
func precedence(op string) int {
	switch op {
	case "|", "&", "^":
		return 1
	case "<<", ">>":
		return 2
	case "+", "-":
		return 3
	case "*", "/", "%":
		return 4
	}
	return 0
}

func (p *parser) arith(above int) (value, bool) {
	left, ok := p.operand()
	if !ok {
		return nil, false
	}
	for {
		op := p.peek()
		prec := precedence(op)
		if prec <= above {
			return left, true
		}
		p.at++
		right, ok := p.arith(prec)
		if !ok {
			return nil, false
		}
		l := left
		left = func(k *packet) (uint32, bool) {
			a, ok := l(k)
			b, ok2 := right(k)
			if !ok || !ok2 {
				return 0, false
			}
			return operate(op, a, b)
		}
	}
}

func operate(op string, a, b uint32) (uint32, bool) {
	switch op {
	case "|":
		return a | b, true
	case "&":
		return a & b, true
	case "^":
		return a ^ b, true
	case "<<":
		return a << (b & 31), true
	case ">>":
		return a >> (b & 31), true
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	case "/":
		if b == 0 {
			return 0, false
		}
		return a / b, true
	case "%":
		if b == 0 {
			return 0, false
		}
		return a % b, true
	}
	return 0, false
}

// filterNames are the constants of pcap-filter(7).
var filterNames = map[string]uint32{
	"tcpflags": 13, "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32,
	"tcp-ece": 64, "tcp-cwr": 128, "icmptype": 0, "icmpcode": 1, "icmp-echoreply": 0, "icmp-unreach": 3,
	"icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8, "icmp-routeradvert": 9,
	"icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12, "icmp-tstamp": 13,
	"icmp-tstampreply": 14, "icmp6type": 0, "icmp6code": 1, "icmp6-echo": 128, "icmp6-echoreply": 129,
	"icmp6-destinationrunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3,
	"icmp6-routersolicit": 133, "icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135,
	"icmp6-neighboradvert": 136, "icmp6-redirect": 137,
}

func (p *parser) operand() (value, bool) {
	tok := p.next()
	switch tok {
	case "(":
		v, ok := p.arith(0)
		return v, ok && p.accept(")")
	case "len":
		return func(k *packet) (uint32, bool) { return uint32(len(k.b)), true }, true
	case "-":
		v, ok := p.operand()
		return func(k *packet) (uint32, bool) {
			n, ok := v(k)
			return -n, ok
		}, ok
	}
	if n, ok := number(tok); ok {
		return func(*packet) (uint32, bool) { return n, true }, true
	}
	if n, ok := filterNames[tok]; ok {
		return func(*packet) (uint32, bool) { return n, true }, true
	}
	start, ok := accessor(tok)
	if !ok || !p.accept("[") {
		return nil, false
	}
	return p.load(start)
}

// load reads "OFFSET]" or "OFFSET:SIZE]".
func (p *parser) load(start func(*packet) int) (value, bool) {
	offset, ok := p.arith(0)
	if !ok {
		return nil, false
	}
	size := 1
	if p.accept(":") {
		n, ok := number(p.next())
		if !ok || n != 1 && n != 2 && n != 4 {
			return nil, false
		}
		size = int(n)
	}
	if !p.accept("]") {
		return nil, false
	}
	return func(k *packet) (uint32, bool) {
		off, ok := offset(k)
		base := start(k)
		if !ok || base < 0 || int64(base)+int64(off)+int64(size) > int64(len(k.b)) {
			return 0, false
		}
		var v uint32
		for _, c := range k.b[base+int(off) : base+int(off)+size] {
			v = v<<8 | uint32(c)
		}
		return v, true
	}, true
}

// accessor is where a protocol's header begins in a packet, below zero if it
// has none. Transports are those of IPv4, as in libpcap, but for icmp6.
func accessor(proto string) (func(*packet) int, bool) {
	network := func(t uint16) func(*packet) int {
		return func(k *packet) int {
			if k.h.EtherType != t {
				return -1
			}
			return k.h.L3
		}
	}
	switch proto {
	case "ether", "link":
		return func(*packet) int { return 0 }, true
	case "ip":
		return network(link.TypeIPv4), true
	case "ip6":
		return network(link.TypeIPv6), true
	case "arp":
		return network(link.TypeARP), true
	case "rarp":
		return network(0x8035), true
	case "tcp", "udp", "icmp", "igmp", "sctp", "icmp6", "esp":
		n, _ := link.ProtocolNumber(proto)
		return func(k *packet) int {
			if !k.h.IP || k.h.Fragment || k.h.Proto != n || k.h.V6 != (n == link.ProtoICMPv6) {
				return -1
			}
			return k.h.L4
		}, true
	}
	return nil, false
}
