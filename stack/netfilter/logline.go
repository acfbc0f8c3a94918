package netfilter

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// traceFlags are those that a line of TRACE has: what LOG has to be asked for
// (NF_LOG_DEFAULT_MASK).
const traceFlags = logTCPSequence | logTCPOptions | logIPOptions | logUID

// The kernel's NF_LOG_* flags.
const (
	logTCPSequence = 1 << iota
	logTCPOptions
	logIPOptions
	logUID
	_
	logMACDecode
)

// trace tells the kernel's log that a traced packet has met a rule of a chain, or
// its end, as ip_tables.c does: a rule without a match whose target is a verdict
// counts as an end, too.
func (r *Rules) trace(c *code, i int, p *packet) {
	what := "rule"
	if i == len(c.ops) || c.ops[i].rule.ends() {
		what = "return"
		if c.name == hookNames[p.hook] {
			what = "policy"
		}
	}
	p.steps += logSteps
	if r.opts.OnLog == nil {
		return
	}
	t := &logTarget{prefix: fmt.Sprintf("TRACE: %s:%s:%s:%d ", c.table, c.name, what, i+1), level: 4, flags: traceFlags}
	r.opts.OnLog(LogEntry{Prefix: t.prefix, Level: t.level, Line: t.line(p)})
}

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
	if p.in != "" {
		t.mac(&w, p)
	}
	t.packet(&w, p)
	if p.nf.Mark != 0 {
		fmt.Fprintf(&w, "MARK=0x%x ", p.nf.Mark)
	}
	return w.String()
}

// mac is the link layer's header of a packet that came in: its bytes, or their
// names with --log-macdecode.
func (t *logTarget) mac(w *strings.Builder, p *packet) {
	kind := []byte{0x08, 0x00}
	if p.v6 {
		kind = []byte{0x86, 0xdd}
	}
	if t.flags&logMACDecode != 0 && p.nf.HasMAC {
		fmt.Fprintf(w, "MACSRC=%s MACDST=%s MACPROTO=%x ", colons(p.nf.SrcMAC[:]), colons(p.nf.DstMAC[:]), kind)
		return
	}
	w.WriteString("MAC=")
	if p.nf.HasMAC || p.in == "lo" {
		w.WriteString(colons(p.nf.DstMAC[:]) + ":" + colons(p.nf.SrcMAC[:]) + ":" + colons(kind))
	}
	w.WriteString(" ")
}

func colons(b []byte) string {
	var w strings.Builder
	for i, x := range b {
		if i > 0 {
			w.WriteByte(':')
		}
		fmt.Fprintf(&w, "%02x", x)
	}
	return w.String()
}

// packet is the part from the network layer on (dump_ipv4_packet, dump_ipv6_packet).
func (t *logTarget) packet(w *strings.Builder, p *packet) {
	src, dst := p.src.addr(p.v6), p.dst.addr(p.v6)
	if p.v6 {
		fmt.Fprintf(w, "SRC=%s DST=%s LEN=%d TC=0 HOPLIMIT=%d FLOWLBL=0 ", src.StringExpanded(), dst.StringExpanded(), p.length, p.ttl)
	} else {
		tos := p.ip[1]
		fmt.Fprintf(w, "SRC=%s DST=%s LEN=%d TOS=0x%02X PREC=0x%02X TTL=%d ID=%d ", src, dst, p.length, tos&0x1e, tos&0xe0, p.ttl, p.id)
		if p.ip[6]&0x40 != 0 {
			w.WriteString("DF ")
		}
		if p.moreFrags {
			w.WriteString("MF ")
		}
		if p.fragOff != 0 {
			fmt.Fprintf(w, "FRAG:%d ", p.fragOff)
		}
		if head := int(p.ip[0]&15) * 4; t.flags&logIPOptions != 0 && head > 20 && head <= len(p.ip) {
			fmt.Fprintf(w, "OPT (%X) ", p.ip[20:head])
		}
	}
	t.transport(w, p)
	if t.flags&logUID != 0 && p.in == "" && !p.inner {
		w.WriteString("UID=0 GID=0 ")
	}
}

func (t *logTarget) transport(w *strings.Builder, p *packet) {
	th := p.transport
	switch {
	case p.fragOff != 0:
		w.WriteString("PROTO=" + map[uint8]string{1: "ICMP", 6: "TCP", 17: "UDP"}[p.proto] + " ")
	case p.proto == 6 && p.hasPorts:
		t.tcp(w, p)
	case p.proto == 6 && len(th) < 20:
		fmt.Fprintf(w, "PROTO=TCP INCOMPLETE [%d bytes] ", len(th))
	case p.proto == 17 && p.hasPorts && len(th) >= 8:
		fmt.Fprintf(w, "PROTO=UDP SPT=%d DPT=%d LEN=%d ", p.sport, p.dport, binary.BigEndian.Uint16(th[4:]))
	case p.hasICMP:
		t.icmp(w, p)
	default:
		fmt.Fprintf(w, "PROTO=%d ", p.proto)
	}
}

func (t *logTarget) tcp(w *strings.Builder, p *packet) {
	th := p.transport
	fmt.Fprintf(w, "PROTO=TCP SPT=%d DPT=%d ", p.sport, p.dport)
	if t.flags&logTCPSequence != 0 {
		fmt.Fprintf(w, "SEQ=%d ACK=%d ", binary.BigEndian.Uint32(th[4:]), binary.BigEndian.Uint32(th[8:]))
	}
	fmt.Fprintf(w, "WINDOW=%d RES=0x%02x ", binary.BigEndian.Uint16(th[14:]), th[12]&15<<2)
	for _, f := range []struct {
		bit  uint8
		name string
	}{{128, "CWR"}, {64, "ECE"}, {32, "URG"}, {16, "ACK"}, {8, "PSH"}, {4, "RST"}, {2, "SYN"}, {1, "FIN"}} {
		if p.tcpFlags&f.bit != 0 {
			w.WriteString(f.name + " ")
		}
	}
	fmt.Fprintf(w, "URGP=%d ", binary.BigEndian.Uint16(th[18:]))
	if head := int(th[12]>>4) * 4; t.flags&logTCPOptions != 0 && head > 20 && head <= len(th) {
		fmt.Fprintf(w, "OPT (%X) ", th[20:head])
	}
}

// icmp is an ICMP message; what an error quotes stands in brackets.
func (t *logTarget) icmp(w *strings.Builder, p *packet) {
	th := p.transport
	name := "ICMP"
	if p.v6 {
		name = "ICMPv6"
	}
	fmt.Fprintf(w, "PROTO=%s TYPE=%d CODE=%d ", name, p.icmpType, p.icmpCode)
	if echo := p.icmpType == 8 || p.icmpType == 0 || p.icmpType == 128 || p.icmpType == 129; echo && len(th) >= 8 {
		fmt.Fprintf(w, "ID=%d SEQ=%d ", p.icmpID, uint16(th[6])<<8|uint16(th[7]))
	}
	if p.v6 || p.inner || len(th) < 28 {
		return
	}
	switch p.icmpType {
	case 5:
		fmt.Fprintf(w, "GATEWAY=%d.%d.%d.%d ", th[4], th[5], th[6], th[7])
	case 3, 4, 11:
	default:
		return
	}
	quoted := &packet{inner: true}
	if quoted.read(&Packet{Data: th[8:]}) {
		quoted.length = int(binary.BigEndian.Uint16(th[10:]))
		w.WriteString("[")
		t.packet(w, quoted)
		w.WriteString("] ")
	}
	if p.icmpType == 3 && p.icmpCode == 4 {
		fmt.Fprintf(w, "MTU=%d ", binary.BigEndian.Uint16(th[6:]))
	}
}
