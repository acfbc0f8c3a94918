package traffic

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// run is iputils' main_loop: it ends when as many answers and errors came as
// requests are wanted, after the linger time, at the deadline or at ^C.
func (g *iputilsPing) run() int {
	p, t := g.p, &g.tally
	p.Catch(userland.SIGINT, userland.SIGQUIT)
	defer p.Default(userland.SIGINT, userland.SIGQUIT)
	g.header()
	start := p.Loop().Now()
	next, exit := start, time.Duration(-1)
	if g.deadline > 0 {
		exit = start + g.deadline
	}
	for {
		if g.count > 0 && t.received+t.errors >= g.count {
			break
		}
		if g.deadline > 0 && t.errors > 0 {
			break
		}
		now := p.Loop().Now()
		if exit >= 0 && now >= exit {
			break
		}
		more := g.count == 0 || t.sent < g.count || g.deadline > 0
		if more && now >= next {
			if !g.send() {
				return 2
			}
			next = now + g.pace()
			continue
		}
		wake := next
		if !more {
			if exit < 0 {
				exit = now + g.lingerTime()
			}
			wake = exit
		} else if exit >= 0 {
			wake = min(wake, exit)
		}
		pkt, err := g.conn.Recv(max(wake-now, 1))
		switch {
		case userland.TimedOut(err):
			continue
		case userland.Interrupted(err):
			if s := p.Pending(); s == userland.SIGQUIT {
				g.snapshot()
				continue
			}
		case err == nil:
			switch answered := g.receive(pkt); {
			case answered && g.adaptive:
				next = p.Loop().Now()
			case answered && g.interval == 0 && t.received+t.errors >= t.sent: // nothing is in flight
				next = min(next, p.Loop().Now()+floodRound)
			}
			continue
		}
		break
	}
	return g.finish(start)
}

func (g *iputilsPing) header() {
	p := g.p
	if g.to.Is6() {
		p.Printf("PING %s(%s) ", g.host, g.name(g.to))
	} else {
		p.Printf("PING %s (%s) ", g.host, g.to)
	}
	if g.device != "" || g.strict {
		p.Printf("from %s %s: ", g.source, g.device)
	}
	if g.to.Is6() {
		p.Printf("%d data bytes\n", g.size)
		return
	}
	p.Printf("%d(%d) bytes of data.\n", g.size, g.size+28)
}

// floodRound is what a round of system calls costs ping -f, which is all that it
// waits for between an answer and the next request.
const floodRound = 100 * time.Microsecond

// pace is the time until the next request. A flood sends at each answer, and a
// hundred times a second where none comes.
func (g *iputilsPing) pace() time.Duration {
	if g.interval == 0 {
		return 10 * time.Millisecond
	}
	return g.interval
}

// lingerTime is how long to wait after the last request.
func (g *iputilsPing) lingerTime() time.Duration {
	if g.tally.received == 0 {
		return g.linger
	}
	return max(2*time.Duration(g.tally.most)*time.Microsecond, g.interval)
}

// send sends the next request; false means that ping cannot go on.
func (g *iputilsPing) send() bool {
	t := &g.tally
	seq := uint16(t.sent + 1)
	data := make([]byte, g.size)
	for i := range data {
		data[i] = byte(i)
	}
	now := g.p.Loop().Now()
	err := g.conn.Send(g.to, echoRequest(g.to.Is6(), g.id, seq, data))
	t.sending(seq, now)
	switch {
	case err == nil:
		if g.flood && !g.quiet {
			g.p.Printf(".")
		}
	case err == stack.ErrMsgSize:
		t.errors++
		g.tooLong()
	case userland.Interrupted(err):
	case err == stack.ErrNetUnreachable || err == stack.ErrHostUnreachable || !g.quiet:
		g.p.Errorf("%s: sendmsg: %s\n", g.p.Name(), userland.Reason(err))
	}
	return true
}

// tooLong reports a request that the stack would not send whole.
func (g *iputilsPing) tooLong() {
	if g.quiet {
		return
	}
	if g.form == pingCentOS6 {
		g.p.Printf("From %s icmp_seq=%d Frag needed and DF set (mtu = %d)\n", g.source, g.tally.sent, g.mtu())
		return
	}
	g.p.Errorf("%s: local error: message too long, mtu=%d\n", g.p.Name(), g.mtu())
}

// receive looks at one ICMP message; it reports whether it was an answer.
func (g *iputilsPing) receive(pkt stack.ICMPPacket) bool {
	m, ok := parseICMP(pkt)
	if !ok || m.id != g.id {
		return false
	}
	if q := m.quoted; q != nil {
		if (q.proto == protoICMP || q.proto == protoICMPv6) && (q.icmpType == icmpEcho || q.icmpType == icmp6Echo) {
			g.quotedAnswer(pkt, m)
		}
		return false
	}
	if m.typ != icmpEchoReply && m.typ != icmp6EchoReply || g.to.Is6() != (m.typ == icmp6EchoReply) {
		return false
	}
	rtt, dup, ok := g.tally.answer(m.seq, pkt.At)
	if !ok {
		return false
	}
	if g.quiet {
		return true
	}
	if g.flood {
		g.p.Printf("\b \b")
		return true
	}
	g.stamp()
	g.p.Printf("%d bytes from %s: icmp_seq=%d ttl=%d", len(pkt.Data), g.name(pkt.From), m.seq, pkt.TTL)
	if g.size >= 16 {
		g.p.Printf(" time=%s ms", pingTime(rtt))
	}
	if dup {
		g.p.Printf(" (DUP!)")
	}
	g.p.Printf("\n")
	return true
}

// quotedAnswer tells an error from advice: a redirected request was forwarded,
// and its reply is still to come.
func (g *iputilsPing) quotedAnswer(pkt stack.ICMPPacket, m icmpMessage) {
	advice := !g.to.Is6() && (m.typ == icmpRedirect || m.typ == icmpSourceQuench)
	switch {
	case !advice:
		g.failure(pkt, m)
	case g.quiet || g.flood:
	default:
		text := icmpText(m.typ, m.code, m.info)
		if m.typ == icmpRedirect {
			text += fmt.Sprintf("(New nexthop: %s)", g.name(m.gateway()))
		}
		g.stamp()
		g.p.Printf("From %s: icmp_seq=%d %s\n", g.name(pkt.From), m.seq, text)
	}
}

// failure reports an ICMP error about one of our requests.
func (g *iputilsPing) failure(pkt stack.ICMPPacket, m icmpMessage) {
	g.tally.acknowledge(m.seq)
	g.tally.errors++
	if g.quiet {
		return
	}
	if g.flood {
		g.p.Printf("\bE")
		return
	}
	text := ""
	if g.to.Is6() {
		text = icmp6Text(m.typ, m.code, m.info)
	} else {
		text = icmpText(m.typ, m.code, m.info)
	}
	g.stamp()
	g.p.Printf("From %s icmp_seq=%d %s\n", g.name(pkt.From), m.seq, text)
}

func (g *iputilsPing) stamp() {
	if g.stamps {
		now := g.p.Wall()
		g.p.Printf("[%d.%06d] ", now.Unix(), now.Nanosecond()/1000)
	}
}

// name is iputils' pr_addr: the address with the name that reverse lookup gives
// it, asked anew for every line. Versions of before 2015 print an address that
// has no name as it is; later ones print what getnameinfo gives, which is the
// address again.
func (g *iputilsPing) name(a netip.Addr) string {
	if g.numeric {
		return a.String()
	}
	name, err := names.LookupAddr(g.p, a)
	switch {
	case name == "" && err == nil && g.form != pingCentOS6:
		name = a.String()
	case name == "":
		return a.String()
	}
	return fmt.Sprintf("%s (%s)", name, a)
}

// snapshot is the line that ^\ prints.
func (g *iputilsPing) snapshot() {
	t := &g.tally
	loss := 0
	if t.sent > 0 {
		loss = (t.sent - t.received) * 100 / t.sent
	}
	g.p.Errorf("\r%d/%d packets, %d%% loss", t.received, t.sent, loss)
	if t.received > 0 {
		avg, _ := t.averages()
		g.p.Errorf(", min/avg/ewma/max = %s/%s/%s/%s ms", millis(t.least), millis(avg), millis(avg), millis(t.most))
	}
	g.p.Errorf("\n")
}

func (g *iputilsPing) finish(start time.Duration) int {
	p, t := g.p, &g.tally
	p.Printf("\n--- %s ping statistics ---\n%d packets transmitted, %d received", g.host, t.sent, t.received)
	if t.repeats > 0 {
		p.Printf(", +%d duplicates", t.repeats)
	}
	if t.errors > 0 {
		p.Printf(", +%d errors", t.errors)
	}
	if t.sent > 0 {
		loss := float32(t.sent-t.received) * 100 / float32(t.sent)
		if g.form == pingCentOS6 {
			p.Printf(", %d%% packet loss", int(loss))
		} else {
			p.Printf(", %s%% packet loss", sixDigits(loss))
		}
		p.Printf(", time %dms", (t.lastSent-start)/time.Millisecond)
	}
	p.Printf("\n")
	comma := ""
	if t.received > 0 && g.size >= 16 {
		avg, mdev := t.averages()
		p.Printf("rtt min/avg/max/mdev = %s/%s/%s/%s ms", millis(t.least), millis(avg), millis(t.most), millis(mdev))
		comma = ", "
	}
	if t.pipe > 1 {
		if g.form == pingCentOS6 {
			comma = ", "
		}
		p.Printf("%spipe %d", comma, t.pipe)
		comma = ", "
	}
	if t.received > 0 && g.interval == 0 && t.sent > 1 {
		avg, _ := t.averages()
		p.Printf("%sipg/ewma %s/%s ms", comma, millis(micros(t.lastSent-start)/int64(t.sent-1)), millis(avg))
	}
	p.Printf("\n")
	if t.received == 0 || (g.deadline > 0 && t.received < g.count) {
		return 1
	}
	return 0
}
