package traffic

import (
	"math"
	"net/netip"
	"path"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// busyboxPing is one run of busybox's ping.
type busyboxPing struct {
	p        *userland.Process
	conn     *stack.ICMPConn
	host     string
	to       netip.Addr
	id       uint16
	count    int           // 0: without end
	interval time.Duration // between requests
	linger   time.Duration // -W: wait after the last request when nothing came
	deadline time.Duration // -w: virtual time, 0: none
	size     int
	quiet    bool
	from     string // -I, as printed

	sent, received, repeats int
	sentAt                  map[uint16]time.Duration
	seen                    map[uint16]bool
	least, most, sum        int64 // round trips in microseconds
}

const busyboxPingUsage = `BusyBox v1.35.0 multi-call binary.

Usage: ping [OPTIONS] HOST

Send ICMP ECHO_REQUESTs to HOST

	-4,-6		Force IP or IPv6 name resolution
	-c CNT		Send only CNT pings
	-s SIZE		Send SIZE data bytes in packets (default 56)
	-i SECS		Interval
	-A		Ping as soon as reply is received
	-t TTL		Set TTL
	-I IFACE/IP	Source interface or IP address
	-W SEC		Seconds to wait for the first response (default 10)
			(after all -c CNT packets are sent)
	-w SEC		Seconds until ping exits (default:infinite)
			(can exit earlier with -c CNT)
	-q		Quiet, only display output at start/finish
	-p HEXBYTE	Payload pattern
`

// pingBusybox is the ping and ping6 of busybox 1.35.
func pingBusybox(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "46c:s:i:At:I:W:w:qp:!v~", nil)
	if err != nil {
		p.Errorf("%s: %v\n%s", p.Name(), err, busyboxPingUsage)
		return 1
	}
	if len(o.Rest) != 1 {
		p.Errorf("%s", busyboxPingUsage)
		return 1
	}
	b := &busyboxPing{
		p: p, host: o.Rest[0], size: 56, interval: time.Second, linger: 10 * time.Second,
		quiet: o.Has("q"), sentAt: map[uint16]time.Duration{}, seen: map[uint16]bool{}, least: -1,
		id: uint16(p.PID),
	}
	if !b.numbers(o) {
		return 1
	}
	if !b.resolve(o) {
		return 1
	}
	if !b.open(o) {
		return 1
	}
	defer b.conn.Close()
	return b.run()
}

func (b *busyboxPing) numbers(o *options) bool {
	bad := func(v string) bool {
		b.p.Errorf("%s: invalid number '%s'\n", b.p.Name(), v)
		return false
	}
	for _, n := range []struct {
		letter string
		into   *int
		high   int
	}{{"c", &b.count, math.MaxInt32}, {"s", &b.size, 65507}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = number(v, 0, n.high); !ok {
				return bad(v)
			}
		}
	}
	for _, n := range []struct {
		letter string
		into   *time.Duration
	}{{"i", &b.interval}, {"W", &b.linger}, {"w", &b.deadline}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = seconds(v); !ok {
				return bad(v)
			}
		}
	}
	return true
}

// resolve finds the address.
func (b *busyboxPing) resolve(o *options) bool {
	family := 0
	if o.Has("6") || path.Base(b.p.Args[0]) == "ping6" {
		family = 6
	}
	if o.Has("4") {
		family = 4
	}
	addrs, _, err := names.Resolve(b.p, b.host, names.ResolveOptions{Family: family})
	if userland.Interrupted(err) {
		return false
	}
	if err != nil {
		b.p.Errorf("%s: bad address '%s'\n", b.p.Name(), b.host)
		return false
	}
	b.to = busyboxChoice(b.p, addrs)
	return true
}

// busyboxChoice is busybox's choice among several addresses: the first one, as getaddrinfo
// sorts them, in Debian's, which is that of the image busybox here; Alpine's was built
// with FEATURE_PREFER_IPV4_ADDRESS.
func busyboxChoice(p *userland.Process, addrs []netip.Addr) netip.Addr {
	if _, err := p.Machine.FS().Stat("/etc/alpine-release"); err == nil {
		return preferIPv4(addrs)
	}
	return addrs[0]
}

// preferIPv4 is the choice of programs that take IPv6 only where there is nothing else.
func preferIPv4(addrs []netip.Addr) netip.Addr {
	for _, a := range addrs {
		if a.Is4() {
			return a
		}
	}
	return addrs[0]
}

func (b *busyboxPing) open(o *options) bool {
	conn, err := b.p.OpenICMP(b.to.Is6())
	if err != nil {
		b.p.Errorf("%s: can't create raw socket: %s\n", b.p.Name(), userland.Reason(err))
		return false
	}
	b.conn = conn
	if v, ok := o.Value("t"); ok {
		ttl, ok := number(v, 1, 255)
		if !ok {
			b.p.Errorf("%s: invalid number '%s'\n", b.p.Name(), v)
			conn.Close()
			return false
		}
		conn.SetTTL(ttl)
	}
	if v, ok := o.Value("I"); ok {
		return b.bind(v)
	}
	return true
}

func (b *busyboxPing) bind(v string) bool {
	a, isAddr := names.ParseAddr(v)
	err := error(nil)
	if isAddr {
		b.from = a.String()
		err = b.conn.SetSource(a)
	} else {
		err = b.conn.BindDevice(v)
	}
	if err == nil {
		return true
	}
	b.conn.Close()
	if isAddr {
		b.p.Errorf("%s: bind: %s\n", b.p.Name(), userland.Reason(err))
	} else {
		b.p.Errorf("%s: can't bind to interface %s: %s\n", b.p.Name(), v, userland.Reason(err))
	}
	return false
}

// run sends and receives until the count, the deadline or ^C.
func (b *busyboxPing) run() int {
	p := b.p
	p.Catch(userland.SIGINT)
	defer p.Default(userland.SIGINT)
	p.Printf("PING %s (%s)", b.host, b.to)
	if b.from != "" {
		p.Printf(" from %s", b.from)
	}
	p.Printf(": %d data bytes\n", b.size)
	if !userland.NetRaw.HeldBy(p) {
		p.Errorf("%s: permission denied (are you root?)\n", p.Name())
		return 1
	}
	if b.deadline > 0 {
		b.deadline += p.Loop().Now()
	}
	next, lingering := p.Loop().Now(), false
	for {
		now := p.Loop().Now()
		if now >= next {
			if lingering || (b.deadline > 0 && now >= b.deadline) {
				break
			}
			if err := b.send(); userland.Interrupted(err) {
				break
			} else if err != nil {
				p.Errorf("%s: sendto: %s\n", p.Name(), userland.Reason(err))
				return 1
			}
			next, lingering = b.next(now)
		}
		pkt, err := b.conn.Recv(max(next-p.Loop().Now(), 1))
		if userland.TimedOut(err) {
			continue
		}
		if err != nil {
			break
		}
		b.reply(pkt)
		if b.count > 0 && b.received >= b.count {
			break
		}
	}
	return b.statistics()
}

// next is when something happens if no reply comes: the next request, or the
// end.
func (b *busyboxPing) next(now time.Duration) (at time.Duration, lingering bool) {
	switch {
	case b.count == 0 || b.sent < b.count:
		at = now + b.interval
	case b.received > 0:
		at, lingering = now+max(time.Duration(b.most/(512*1024))*time.Second, time.Second), true
	default:
		at, lingering = now+b.linger, true
	}
	if b.deadline > 0 && at > b.deadline {
		at = b.deadline
	}
	return at, lingering
}

func (b *busyboxPing) send() error {
	seq := uint16(b.sent)
	data := make([]byte, b.size)
	b.sent++
	delete(b.seen, seq)
	b.sentAt[seq] = b.p.Loop().Now()
	return b.conn.Send(b.to, echoRequest(b.to.Is6(), b.id, seq, data))
}

// reply prints an answer to one of our requests. Busybox takes only messages
// with its own identifier, which an ICMP error does not carry in its header: so
// errors pass in silence.
func (b *busyboxPing) reply(pkt stack.ICMPPacket) {
	m, ok := parseICMP(pkt)
	if !ok || m.id != b.id || (m.typ != icmpEchoReply && m.typ != icmp6EchoReply) {
		return
	}
	if b.to.Is6() != (m.typ == icmp6EchoReply) {
		return
	}
	sent, ok := b.sentAt[m.seq]
	if !ok {
		return
	}
	rtt := micros(pkt.At - sent)
	dup := b.seen[m.seq]
	b.seen[m.seq] = true
	b.countReply(rtt, dup)
	if b.quiet {
		return
	}
	b.p.Printf("%d bytes from %s: seq=%d ttl=%d", len(pkt.Data), pkt.From, m.seq, pkt.TTL)
	if b.size >= 4 {
		b.p.Printf(" time=%d.%03d ms", rtt/1000, rtt%1000)
	}
	if dup {
		b.p.Printf(" (DUP!)")
	}
	b.p.Printf("\n")
}

// countReply counts one reply.
func (b *busyboxPing) countReply(rtt int64, dup bool) {
	if dup {
		b.repeats++
	} else {
		b.received++
	}
	b.sum += rtt
	b.most = max(b.most, rtt)
	if b.least < 0 || rtt < b.least {
		b.least = rtt
	}
}

func (b *busyboxPing) statistics() int {
	p := b.p
	p.Printf("\n--- %s ping statistics ---\n%d packets transmitted, %d packets received, ",
		b.host, b.sent, b.received)
	if b.repeats > 0 {
		p.Printf("%d duplicates, ", b.repeats)
	}
	loss := 0
	if b.sent > 0 {
		loss = (b.sent - b.received) * 100 / b.sent
	}
	p.Printf("%d%% packet loss\n", loss)
	if b.least >= 0 && b.size >= 4 {
		avg := b.sum / int64(b.received+b.repeats)
		p.Printf("round-trip min/avg/max = %d.%03d/%d.%03d/%d.%03d ms\n",
			b.least/1000, b.least%1000, avg/1000, avg%1000, b.most/1000, b.most%1000)
	}
	if b.received == 0 || (b.deadline > 0 && b.received < b.count) {
		return 1
	}
	return 0
}
