package pcapfilter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/link"
)

// qualifier is what stands before an identifier: "tcp src port".
type qualifier struct {
	proto string // ether, ip, ip6, arp, rarp, tcp, udp, …
	dir   string // src, dst, "src or dst" (empty), "src and dst"
	kind  string // host, net, port, portrange, proto
}

// primitive reads one primitive: qualifiers and an identifier, or a keyword
// that needs none.
func (p *parser) primitive() (predicate, error) {
	q, any := p.qualifiers()
	tok := p.peek()
	if p.endOfPrimitive() {
		if any && q.dir == "" && q.kind == "" {
			return p.protocolOnly(q)
		}
		return nil, errSyntax
	}
	if m, ok, err := p.keyword(tok, q, any); ok || err != nil {
		return m, err
	}
	if !any {
		if p.last == (qualifier{}) {
			q.kind = "host"
		} else {
			q = p.last
		}
	}
	if q.kind == "" {
		q.kind = "host"
	}
	p.at++
	p.last = q
	return p.identifier(q, tok)
}

// endOfPrimitive reports whether what comes next cannot be an identifier.
func (p *parser) endOfPrimitive() bool {
	switch p.peek() {
	case "", "and", "or", "&&", "||", ")", "not", "!":
		return true
	}
	return false
}

func (p *parser) qualifiers() (q qualifier, any bool) {
	for {
		tok := p.peek()
		switch tok {
		case "ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "igmp", "esp", "ah", "sctp", "link":
			if q.proto != "" || q.dir != "" {
				return q, any
			}
			if tok == "link" {
				tok = "ether"
			}
			q.proto = tok
		case "src", "dst":
			if q.dir != "" {
				return q, any
			}
			q.dir = tok
			if p.at+2 < len(p.toks) && (p.toks[p.at+2] == "src" || p.toks[p.at+2] == "dst") && p.toks[p.at+2] != tok {
				switch p.toks[p.at+1] {
				case "or":
					q.dir = "either"
					p.at += 2
				case "and":
					q.dir = "both"
					p.at += 2
				}
			}
		case "host", "net", "port", "portrange", "proto":
			if q.kind != "" {
				return q, any
			}
			q.kind = tok
		default:
			return q, any
		}
		any = true
		p.at++
		if q.kind != "" {
			return q, any
		}
	}
}

// protocolOnly is a protocol as a primitive of its own: "icmp".
func (p *parser) protocolOnly(q qualifier) (predicate, error) {
	switch q.proto {
	case "ether":
		return nil, errSyntax
	case "ip":
		return isType(link.TypeIPv4), nil
	case "ip6":
		return isType(link.TypeIPv6), nil
	case "arp":
		return isType(link.TypeARP), nil
	case "rarp":
		return isType(0x8035), nil
	case "icmp":
		return func(k *packet) bool { return k.h.IP && !k.h.V6 && k.h.Proto == link.ProtoICMP }, nil
	case "igmp":
		return func(k *packet) bool { return k.h.IP && !k.h.V6 && k.h.Proto == link.ProtoIGMP }, nil
	case "icmp6":
		return func(k *packet) bool { return k.h.V6 && k.h.Proto == link.ProtoICMPv6 }, nil
	case "ah":
		return isProto(51), nil
	}
	n, ok := link.ProtocolNumber(q.proto)
	if !ok {
		return nil, errSyntax
	}
	return isProto(n), nil
}

func isType(t uint16) predicate { return func(k *packet) bool { return k.h.EtherType == t } }

func isProto(n uint8) predicate { return func(k *packet) bool { return k.h.IP && k.h.Proto == n } }

// keyword is a primitive that is a word of its own, after q's protocol.
func (p *parser) keyword(tok string, q qualifier, qualified bool) (m predicate, ok bool, err error) {
	switch tok {
	case "broadcast":
		p.at++
		if q.proto == "ip" {
			return func(k *packet) bool {
				return k.h.IP && !k.h.V6 && bytes.Equal(k.b[k.h.L3+16:k.h.L3+20], []byte{255, 255, 255, 255})
			}, true, nil
		}
		return func(k *packet) bool { return link.MACAt(k.b, 0).IsBroadcast() }, true, nil
	case "multicast":
		p.at++
		switch q.proto {
		case "ip":
			return func(k *packet) bool { return k.h.IP && !k.h.V6 && k.b[k.h.L3+16] >= 224 }, true, nil
		case "ip6":
			return func(k *packet) bool { return k.h.V6 && k.b[k.h.L3+24] == 0xff }, true, nil
		}
		return func(k *packet) bool { return link.MACAt(k.b, 0).IsMulticast() }, true, nil
	}
	if qualified {
		return nil, false, nil
	}
	switch tok {
	case "less", "greater":
		p.at++
		n, err := p.numberArg()
		if tok == "less" {
			return func(k *packet) bool { return len(k.b) <= n }, true, err
		}
		return func(k *packet) bool { return len(k.b) >= n }, true, err
	case "vlan":
		p.at++
		if n, ok := number(p.peek()); ok {
			p.at++
			return func(k *packet) bool { return hasTag(k) && vlanID(k) == n }, true, nil
		}
		return hasTag, true, nil
	}
	return nil, false, nil
}

func hasTag(k *packet) bool {
	return len(k.b) >= 18 && binary.BigEndian.Uint16(k.b[12:]) == link.TypeVLAN
}

func vlanID(k *packet) uint32 { return uint32(binary.BigEndian.Uint16(k.b[14:]) & 0xfff) }

// identifier compiles qualifiers with what they qualify.
func (p *parser) identifier(q qualifier, id string) (predicate, error) {
	switch q.kind {
	case "proto":
		return protoFilter(q, id)
	case "port", "portrange":
		return portFilter(q, id)
	case "net":
		return p.netFilter(q, id)
	}
	if q.proto == "ether" || strings.Count(id, ":") == 5 && q.proto == "" && !strings.Contains(id, "::") {
		mac, err := link.ParseMAC(id)
		if err != nil {
			return nil, fmt.Errorf("unknown ether host '%s'", id)
		}
		return etherHost(q.dir, mac), nil
	}
	addr, err := netip.ParseAddr(id)
	if err != nil {
		if pre, ok := shortNet(id); ok && strings.Contains(id, ".") {
			return addressFilter(q, pre), nil
		}
		return nil, unknownHost(id)
	}
	return addressFilter(q, netip.PrefixFrom(addr, addr.BitLen())), nil
}

func etherHost(dir string, m link.MAC) predicate {
	return func(k *packet) bool {
		return choose(dir, link.MACAt(k.b, 6) == m, link.MACAt(k.b, 0) == m)
	}
}

// choose combines what is known of the source and of the destination.
func choose(dir string, src, dst bool) bool {
	switch dir {
	case "src":
		return src
	case "dst":
		return dst
	case "both":
		return src && dst
	}
	return src || dst
}

func protoFilter(q qualifier, id string) (predicate, error) {
	if q.proto == "ether" {
		names := map[string]uint16{"ip": link.TypeIPv4, "ip6": link.TypeIPv6, "arp": link.TypeARP, "rarp": 0x8035}
		if t, ok := names[id]; ok {
			return isType(t), nil
		}
		n, ok := number(id)
		if !ok {
			return nil, fmt.Errorf("unknown ether proto '%s'", id)
		}
		return isType(uint16(n)), nil
	}
	n, ok := link.ProtocolNumber(id)
	if !ok {
		return nil, fmt.Errorf("unknown protocol: %s", id)
	}
	switch q.proto {
	case "ip":
		return func(k *packet) bool { return k.h.IP && !k.h.V6 && k.h.Proto == n }, nil
	case "ip6":
		return func(k *packet) bool { return k.h.V6 && k.h.Proto == n }, nil
	}
	return isProto(n), nil
}
