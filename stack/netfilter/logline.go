package netfilter

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// line is what the kernel's nf_log writes for a packet.
func (t *logTarget) line(p *packet) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%sIN=%s OUT=%s ", t.prefix, p.in, p.out)
	if p.nf.PhysIn != "" {
		w.WriteString("PHYSIN=" + p.nf.PhysIn + " ")
	}
	if p.nf.PhysOut != "" {
		w.WriteString("PHYSOUT=" + p.nf.PhysOut + " ")
	}
	src, dst := p.src.addr(p.v6), p.dst.addr(p.v6)
	if p.v6 {
		fmt.Fprintf(&w, "SRC=%s DST=%s LEN=%d TC=0 HOPLIMIT=%d FLOWLBL=0 ", src.StringExpanded(), dst.StringExpanded(), p.length, p.ttl)
	} else {
		tos := p.ip[1]
		fmt.Fprintf(&w, "SRC=%s DST=%s LEN=%d TOS=0x%02X PREC=0x%02X TTL=%d ID=%d ", src, dst, p.length, tos&0x1e, tos&0xe0, p.ttl, p.id)
		if p.ip[6]&0x40 != 0 {
			w.WriteString("DF ")
		}
		if p.moreFrags {
			w.WriteString("MF ")
		}
	}
	t.transport(&w, p)
	if p.nf.Mark != 0 {
		fmt.Fprintf(&w, "MARK=0x%x ", p.nf.Mark)
	}
	return w.String()
}

func (t *logTarget) transport(w *strings.Builder, p *packet) {
	th := p.transport
	switch {
	case p.proto == 6 && p.hasPorts:
		fmt.Fprintf(w, "PROTO=TCP SPT=%d DPT=%d ", p.sport, p.dport)
		if t.flags&1 != 0 {
			fmt.Fprintf(w, "SEQ=%d ACK=%d ", binary.BigEndian.Uint32(th[4:]), binary.BigEndian.Uint32(th[8:]))
		}
		fmt.Fprintf(w, "WINDOW=%d RES=0x00 ", binary.BigEndian.Uint16(th[14:]))
		for _, f := range []struct {
			bit  uint8
			name string
		}{{32, "URG"}, {16, "ACK"}, {8, "PSH"}, {4, "RST"}, {2, "SYN"}, {1, "FIN"}} {
			if p.tcpFlags&f.bit != 0 {
				w.WriteString(f.name + " ")
			}
		}
		w.WriteString("URGP=0 ")
	case p.proto == 17 && p.hasPorts && len(th) >= 8:
		fmt.Fprintf(w, "PROTO=UDP SPT=%d DPT=%d LEN=%d ", p.sport, p.dport, binary.BigEndian.Uint16(th[4:]))
	case p.hasICMP:
		name := "ICMP"
		if p.v6 {
			name = "ICMPv6"
		}
		fmt.Fprintf(w, "PROTO=%s TYPE=%d CODE=%d ", name, p.icmpType, p.icmpCode)
		if echo := p.icmpType == 8 || p.icmpType == 0 || p.icmpType == 128 || p.icmpType == 129; echo && len(th) >= 8 {
			fmt.Fprintf(w, "ID=%d SEQ=%d ", p.icmpID, uint16(th[6])<<8|uint16(th[7]))
		}
	default:
		fmt.Fprintf(w, "PROTO=%d ", p.proto)
	}
}
