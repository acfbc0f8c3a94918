package netfilter

import "time"

// tcpState is the state of a TCP connection as nf_conntrack_proto_tcp.c has it.
type tcpState uint8

const (
	tcpNone tcpState = iota
	tcpSynSent
	tcpSynRecv
	tcpEstablished
	tcpFinWait
	tcpCloseWait
	tcpLastAck
	tcpTimeWait
	tcpClose
	tcpSynSent2
	tcpInvalid
	tcpIgnore
)

var tcpStateNames = [...]string{"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
	"TIME_WAIT", "CLOSE", "SYN_SENT2"}

func (s tcpState) String() string {
	if int(s) < len(tcpStateNames) {
		return tcpStateNames[s]
	}
	return "NONE"
}

// tcpTimeouts are Linux's defaults, by state.
var tcpTimeouts = [...]time.Duration{
	tcpNone: 2 * time.Minute, tcpSynSent: 2 * time.Minute, tcpSynRecv: time.Minute, tcpEstablished: 432000 * time.Second,
	tcpFinWait: 2 * time.Minute, tcpCloseWait: time.Minute, tcpLastAck: 30 * time.Second, tcpTimeWait: 2 * time.Minute,
	tcpClose: 10 * time.Second, tcpSynSent2: 2 * time.Minute, tcpIgnore: 0,
}

// tcpSettings are the sysctls that set them.
var tcpSettings = [...]string{
	tcpSynSent: "net.netfilter.nf_conntrack_tcp_timeout_syn_sent", tcpSynRecv: "net.netfilter.nf_conntrack_tcp_timeout_syn_recv",
	tcpEstablished: "net.netfilter.nf_conntrack_tcp_timeout_established", tcpFinWait: "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
	tcpCloseWait: "net.netfilter.nf_conntrack_tcp_timeout_close_wait", tcpLastAck: "net.netfilter.nf_conntrack_tcp_timeout_last_ack",
	tcpTimeWait: "net.netfilter.nf_conntrack_tcp_timeout_time_wait", tcpClose: "net.netfilter.nf_conntrack_tcp_timeout_close",
	tcpSynSent2: "net.netfilter.nf_conntrack_tcp_timeout_syn_sent",
	tcpInvalid:  "", tcpIgnore: "",
}

const (
	no, ss, sr, es, fw = tcpNone, tcpSynSent, tcpSynRecv, tcpEstablished, tcpFinWait
	cw, la, tw, cl, s2 = tcpCloseWait, tcpLastAck, tcpTimeWait, tcpClose, tcpSynSent2
	iv, ig             = tcpInvalid, tcpIgnore
)

// tcpMoves is the kernel's table tcp_conntracks: direction, kind of segment
// (SYN, SYN+ACK, FIN, ACK, RST, none), old state.
var tcpMoves = [2][6][10]tcpState{
	{
		{ss, ss, ig, ig, ig, ig, ig, ss, ss, s2},
		{iv, iv, sr, iv, iv, iv, iv, iv, iv, sr},
		{iv, iv, fw, fw, la, la, la, tw, cl, iv},
		{es, iv, es, es, cw, cw, tw, tw, cl, iv},
		{iv, cl, cl, cl, cl, cl, cl, cl, cl, cl},
		{iv, iv, iv, iv, iv, iv, iv, iv, iv, iv},
	},
	{
		{iv, s2, iv, iv, iv, iv, iv, ss, iv, s2},
		{iv, sr, ig, ig, ig, ig, ig, ig, ig, sr},
		{iv, iv, fw, fw, la, la, la, tw, cl, iv},
		{iv, ig, sr, es, cw, cw, tw, tw, cl, ig},
		{iv, cl, cl, cl, cl, cl, cl, cl, cl, cl},
		{iv, iv, iv, iv, iv, iv, iv, iv, iv, iv},
	},
}

func tcpKind(flags uint8) int {
	switch {
	case flags&4 != 0:
		return 4
	case flags&2 != 0 && flags&16 != 0:
		return 1
	case flags&2 != 0:
		return 0
	case flags&1 != 0:
		return 2
	case flags&16 != 0:
		return 3
	}
	return 5
}

// step takes a segment into account and returns the state whose timeout it sets,
// tcpIgnore to leave the timer alone; ok is false for a segment that does not fit.
// reply is 1 in the reply direction.
func (c *conn) step(flags uint8, reply int) (timer tcpState, ok bool) {
	next := tcpMoves[reply][tcpKind(flags)][c.tcp]
	if next == tcpInvalid || next == tcpIgnore {
		return next, next == tcpIgnore
	}
	if next == tcpEstablished && c.replied && (c.tcp == tcpSynRecv || c.tcp == tcpEstablished) {
		c.assured = true
	}
	c.tcp = next
	if flags&4 != 0 && !c.replied {
		return tcpClose, true
	}
	return next, true
}
