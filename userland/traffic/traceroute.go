package traffic

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// tracer is one run of a traceroute: probes with growing TTL, one at a time,
// and the ICMP messages that answer them.
type tracer struct {
	p         *userland.Process
	busybox   bool
	host      string
	to        netip.Addr
	icmp      bool
	numeric   bool
	first     int
	hops      int
	queries   int
	wait      time.Duration
	port      uint16
	size      int
	source    netip.Addr
	device    string
	listener  *stack.ICMPConn
	udp       *stack.UDPConn
	local     uint16 // our UDP port
	id        uint16 // our ICMP identifier
	sent      int
	reached   bool
	lastShown netip.Addr
}

// traceAnswer is what came back for one probe.
type traceAnswer struct {
	from netip.Addr
	rtt  time.Duration
	mark string // "!H" and the like
	end  bool   // the target itself, or nobody beyond
}

// tracerouteBusybox is busybox 1.35's; tracerouteLinux Debian 12's (2.1.2).
func tracerouteBusybox(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "46F!Il!nr!d~v!x!f:m:q:s:t:!w:z:!p:i:", nil)
	if err != nil || len(o.Rest) == 0 {
		if err != nil {
			p.Errorf("traceroute: %v\n", err)
		}
		p.Errorf("BusyBox v1.35.0 multi-call binary.\n\nUsage: traceroute [-46FIlnrv] [-f 1ST_TTL] [-m MAXTTL] [-q PROBES] [-p PORT]\n\t[-t TOS] [-w WAIT_SEC] [-s SRC_IP] [-i IFACE]\n\t[-z PAUSE_MSEC] HOST [BYTES]\n\nTrace the route to HOST\n")
		return 1
	}
	t := &tracer{p: p, busybox: true, size: 38, icmp: o.Has("I"), wait: 5 * time.Second}
	if v, ok := o.Value("i"); ok {
		t.device = v
	}
	return t.start(o)
}

func tracerouteLinux(p *userland.Process) int {
	long := map[string]string{
		"icmp": "I", "max-hops": "m:", "queries": "q:", "wait": "w:",
		"first": "f:", "interface": "i:", "source": "s:", "port": "p:", "udp": "!",
	}
	o, err := parseOptions(p, p.Args[1:], "46d~F!IT!U!nr!A!V!D!e!f:g:!i:m:N:!p:t:!l:!q:s:w:z:!M:!O:!P:!", long)
	if err != nil {
		p.Errorf("Bad option `-%s' (argc 1)\n", "?")
		return 2
	}
	if len(o.Rest) == 0 {
		p.Errorf("Specify \"host\" missing argument.\n")
		return 2
	}
	t := &tracer{p: p, size: 60, icmp: o.Has("I"), wait: 5 * time.Second}
	if v, ok := o.Value("i"); ok {
		t.device = v
	}
	return t.start(o)
}

func (t *tracer) start(o *options) int {
	t.numeric, t.first, t.hops, t.queries, t.port = o.Has("n"), 1, 30, 3, 33434
	for _, n := range []struct {
		letter    string
		into      *int
		low, high int
	}{{"f", &t.first, 1, 255}, {"m", &t.hops, 1, 255}, {"q", &t.queries, 1, 10}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = number(v, n.low, n.high); !ok {
				t.p.Errorf("traceroute: invalid number '%s'\n", v)
				return 1
			}
		}
	}
	if v, ok := o.Value("p"); ok {
		if n, ok := number(v, 1, 65535); ok {
			t.port = uint16(n)
		}
	}
	if v, ok := o.Value("w"); ok {
		if d, ok := seconds(v); ok && d > 0 {
			t.wait = d
		}
	}
	if v, ok := o.Value("s"); ok {
		t.source, _ = names.ParseAddr(v)
	}
	t.host = o.Rest[0]
	family := 0
	if o.Has("6") || path.Base(t.p.Args[0]) == "traceroute6" {
		family = 6
	} else if o.Has("4") {
		family = 4
	}
	addrs, _, err := names.Resolve(t.p, t.host, names.ResolveOptions{Family: family})
	if err != nil {
		if t.busybox {
			t.p.Errorf("traceroute: bad address '%s'\n", t.host)
			return 1
		}
		t.p.Errorf("%s: %s\nCannot handle \"host\" cmdline arg `%s' on position 1 (argc %d)\n", t.host, userland.Reason(err), t.host, len(t.p.Args)-1)
		return 2
	}
	t.to = preferIPv4(addrs)
	if len(o.Rest) > 1 {
		if n, ok := number(o.Rest[1], 1, 65000); ok {
			t.size = n
			if t.busybox {
				t.size -= 8
			}
		}
	}
	return t.run()
}

// open makes the sockets.
func (t *tracer) open() error {
	var err error
	if t.listener, err = t.p.OpenICMP(t.to.Is6()); err != nil {
		return err
	}
	t.id = uint16(t.p.PID)
	if t.source.IsValid() {
		if err := t.listener.SetSource(t.source); err != nil {
			return err
		}
	}
	if t.device != "" {
		if err := t.listener.BindDevice(t.device); err != nil {
			return err
		}
	}
	if t.icmp {
		return nil
	}
	src := userland.Unspecified(t.to)
	if t.source.IsValid() {
		src = t.source
	}
	if t.udp, err = t.p.ListenUDP(netip.AddrPortFrom(src, 0)); err != nil {
		return err
	}
	t.local = t.udp.LocalAddr().Port()
	return nil
}

func (t *tracer) close() {
	if t.listener != nil {
		t.listener.Close()
	}
	if t.udp != nil {
		t.udp.Close()
	}
}

func (t *tracer) run() int {
	defer t.close()
	if (t.busybox || t.icmp) && !userland.NetRaw.HeldBy(t.p) {
		if t.busybox {
			t.p.Errorf("traceroute: socket(AF_INET,3,1): Operation not permitted\n")
			return 1
		}
		t.p.Errorf("You do not have enough privileges to use this traceroute method.\nsocket: Operation not permitted\n")
		return 1
	}
	if err := t.open(); err != nil {
		t.p.Errorf("traceroute: %s\n", userland.Reason(err))
		return 1
	}
	packet := t.size
	if t.busybox {
		packet += 8
	}
	t.p.Printf("traceroute to %s (%s), %d hops max, %d byte packets\n", t.host, t.to, t.hops, packet)
	for ttl := t.first; ttl <= t.hops && !t.reached; ttl++ {
		t.p.Printf("%2d ", ttl)
		t.lastShown = netip.Addr{}
		for q := range t.queries {
			a, err := t.probe(ttl)
			if userland.Interrupted(err) {
				t.p.Printf("\n")
				return 130
			}
			if err != nil {
				if t.busybox {
					t.p.Errorf("traceroute: sendto: %s\n", userland.Reason(err))
				} else {
					t.p.Errorf("send: %s\n", userland.Reason(err))
				}
				t.p.Printf("\n")
				return 1
			}
			t.show(a, q)
		}
		t.p.Printf("\n")
	}
	return 0
}

// show prints the answer to one probe.
func (t *tracer) show(a traceAnswer, query int) {
	if !a.from.IsValid() {
		if t.busybox {
			t.p.Printf("  *")
		} else {
			t.p.Printf(" *")
		}
		return
	}
	if a.from != t.lastShown {
		if query > 0 && t.busybox {
			t.p.Printf(" ")
		}
		t.p.Printf(" %s", t.name(a.from))
		t.lastShown = a.from
	}
	us := micros(a.rtt)
	t.p.Printf("  %d.%03d ms", us/1000, us%1000)
	if a.mark != "" {
		t.p.Printf(" %s", a.mark)
	}
	t.reached = t.reached || a.end
}

func (t *tracer) name(a netip.Addr) string {
	if t.numeric {
		return a.String()
	}
	name := names.ReverseLookup(t.p, a)
	if name == "" {
		name = a.String()
	}
	return fmt.Sprintf("%s (%s)", name, a)
}

// probe sends one probe and waits for what it brings.
func (t *tracer) probe(ttl int) (traceAnswer, error) {
	t.sent++
	seq := uint16(t.sent)
	start := t.p.Loop().Now()
	if err := t.send(ttl, seq); err != nil && err != stack.ErrConnRefused && err != stack.ErrHostUnreachable {
		return traceAnswer{}, err
	}
	for {
		left := start + t.wait - t.p.Loop().Now()
		if left <= 0 {
			return traceAnswer{}, nil
		}
		pkt, err := t.listener.Recv(left)
		if userland.TimedOut(err) {
			return traceAnswer{}, nil
		}
		if err != nil {
			return traceAnswer{}, err
		}
		m, ok := parseICMP(pkt)
		if !ok || !t.ours(m, seq) {
			continue
		}
		a := traceAnswer{from: pkt.From, rtt: pkt.At - start}
		a.mark, a.end = t.judge(m, pkt.From)
		return a, nil
	}
}

func (t *tracer) send(ttl int, seq uint16) error {
	payload := max(t.size-28, 0)
	if t.busybox {
		payload = max(t.size-20, 0)
	}
	if t.icmp {
		t.listener.SetTTL(ttl)
		return t.listener.Send(t.to, echoRequest(t.to.Is6(), t.id, seq, make([]byte, payload)))
	}
	t.udp.SetTTL(ttl)
	data := make([]byte, payload)
	if len(data) >= 2 {
		binary.BigEndian.PutUint16(data, seq)
	}
	return t.udp.WriteTo(data, netip.AddrPortFrom(t.to, t.port+seq-1))
}

// ours reports whether a message answers the probe.
func (t *tracer) ours(m icmpMessage, seq uint16) bool {
	q := m.quoted
	switch {
	case q == nil:
		return t.icmp && m.id == t.id && m.seq == seq && (m.typ == icmpEchoReply || m.typ == icmp6EchoReply)
	case t.icmp:
		return (q.proto == protoICMP || q.proto == protoICMPv6) && m.id == t.id && m.seq == seq
	}
	return q.proto == protoUDP && q.sport == t.local && q.dport == t.port+seq-1
}

// judge is the mark that an error gets, and whether the trace ends with it.
func (t *tracer) judge(m icmpMessage, from netip.Addr) (mark string, end bool) {
	if m.quoted == nil {
		return "", true
	}
	if t.to.Is6() {
		return judge6(m)
	}
	if m.typ != icmpUnreachable {
		return "", false
	}
	switch m.code {
	case 0, 6, 11:
		return "!N", true
	case 1, 7, 12:
		return "!H", true
	case 2:
		return "!P", true
	case 3:
		return "", true
	case 4:
		return fmt.Sprintf("!F-%d", m.info), true
	case 9, 10, 13:
		return "!X", true
	}
	return fmt.Sprintf("!<%d>", m.code), true
}

func judge6(m icmpMessage) (mark string, end bool) {
	if m.typ != icmp6Unreachable {
		return "", false
	}
	switch m.code {
	case 0:
		return "!N", true
	case 1:
		return "!X", true
	case 3:
		return "!H", true
	case 4:
		return "", true
	}
	return fmt.Sprintf("!<%d>", m.code), true
}
