package traffic

import (
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// pathTracer is one run of tracepath (iputils 20221126): UDP probes that must not
// be cut, as large as the path is known to carry, with growing TTL.
type pathTracer struct {
	p        *userland.Process
	to       netip.Addr
	numeric  bool
	both     bool
	mtu      int
	port     uint16
	hops     int // most
	listener *stack.ICMPConn
	udp      *stack.UDPConn
	sent     []sentProbe // to the ports from port+1 on
	hopsTo   int
	hopsFrom int
}

// sentProbe is a probe whose answer may still come, also when later ones are out.
type sentProbe struct {
	ttl int
	at  time.Duration
}

// outcome is what a probe has come to.
type outcome int

const (
	silent  outcome = iota // nobody answered
	passed                 // on to the next hop
	learned                // the path's MTU is another
	ended                  // the target, or nobody beyond
)

func tracepath(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "4~6nbh!V!m:l:p:", nil)
	if err != nil || len(o.Rest) != 1 {
		p.Errorf("tracepath: usage error: Destination address required\n")
		return 1
	}
	t := &pathTracer{p: p, numeric: o.Has("n"), both: o.Has("b"), mtu: 65535, port: 44444, hops: 30, hopsTo: -1, hopsFrom: -1}
	for _, n := range []struct {
		letter    string
		into      *int
		low, high int
	}{{"m", &t.hops, 0, 255}, {"l", &t.mtu, 28, 65535}} {
		if v, ok := o.Value(n.letter); ok {
			if *n.into, ok = number(v, n.low, n.high); !ok {
				p.Errorf("tracepath: invalid argument: '%s'\n", v)
				return 1
			}
		}
	}
	if v, ok := o.Value("p"); ok {
		n, ok := number(v, 0, 65535)
		if !ok {
			p.Errorf("tracepath: invalid argument: '%s'\n", v)
			return 1
		}
		t.port = uint16(n)
	}
	addrs, _, err := names.Resolve(p, o.Rest[0], names.ResolveOptions{Family: 4})
	if err != nil || o.Has("6") {
		if err == nil {
			p.Errorf("tracepath: dnetsim does not simulate -6\n")
			return 1
		}
		p.Errorf("tracepath: %s: %s\n", o.Rest[0], userland.Reason(err))
		return 1
	}
	t.to = preferIPv4(addrs)
	return t.run()
}

func (t *pathTracer) run() int {
	var err error
	if t.listener, err = t.p.OpenICMP(false); err == nil {
		defer t.listener.Close()
		t.udp, err = t.p.ListenUDP(netip.AddrPortFrom(userland.Unspecified(t.to), 0))
	}
	if err != nil {
		t.p.Errorf("tracepath: socket: %s\n", userland.Reason(err))
		return 1
	}
	defer t.udp.Close()
	t.listener.SetPMTU(stack.PMTUProbe)
	for ttl := 1; ttl <= t.hops; ttl++ {
		if t.hop(ttl) == ended {
			t.resume()
			return 0
		}
	}
	t.p.Printf("     Too many hops: pmtu %d\n", t.mtu)
	t.resume()
	return 0
}

func (t *pathTracer) resume() {
	t.p.Printf("     Resume: pmtu %d ", t.mtu)
	if t.hopsTo >= 0 {
		t.p.Printf("hops %d ", t.hopsTo)
	}
	if t.hopsFrom >= 0 {
		t.p.Printf("back %d ", t.hopsFrom)
	}
	t.p.Printf("\n")
}

// hop probes a TTL up to three times; what was learned on the way begins anew.
func (t *pathTracer) hop(ttl int) outcome {
	for tries := 0; tries < 3; tries++ {
		switch o := t.probe(ttl); o {
		case learned:
			tries = -1
		case silent:
		default:
			return o
		}
	}
	t.p.Printf("%2d:  no reply\n", ttl)
	return silent
}

// probe sends one datagram and waits for a second.
func (t *pathTracer) probe(ttl int) outcome {
	again := false
	if mtu, err := t.listener.MTU(t.to); err == nil && t.mtu > mtu {
		t.p.Printf("%2d?: %-32s pmtu %d\n", ttl, "[LOCALHOST]", mtu)
		t.mtu, again = mtu, true
	}
	t.sent = append(t.sent, sentProbe{ttl, t.p.Loop().Now()})
	port := t.port + uint16(len(t.sent))
	t.listener.SetTTL(ttl)
	start := t.p.Loop().Now()
	if err := t.listener.SendUDP(netip.AddrPortFrom(t.to, port), t.udp.LocalAddr().Port(), make([]byte, t.mtu-28)); err != nil {
		if err == stack.ErrNetUnreachable {
			t.p.Printf("%2d:  send failed\n", ttl)
		} else {
			t.p.Printf("%2d?: %-32s !H\n", ttl, "[LOCALHOST]")
		}
		return ended
	}
	for {
		left := start + time.Second - t.p.Loop().Now()
		if left <= 0 {
			return silent
		}
		pkt, err := t.listener.Recv(left)
		if err != nil {
			if userland.Interrupted(err) {
				t.p.Exit(130)
			}
			return silent
		}
		m, ok := parseICMP(pkt)
		if !ok || m.quoted == nil || m.quoted.proto != protoUDP || m.quoted.sport != t.udp.LocalAddr().Port() {
			continue
		}
		n := int(m.quoted.dport-t.port) - 1
		if n < 0 || n >= len(t.sent) {
			continue
		}
		o := t.show(t.sent[n].ttl, m, pkt, pkt.At-t.sent[n].at)
		if o == passed && again {
			return learned // the first probe that left this machine is repeated
		}
		return o
	}
}

// show prints an answer's line.
func (t *pathTracer) show(ttl int, m icmpMessage, pkt stack.ICMPPacket, rtt time.Duration) outcome {
	us := micros(rtt)
	t.p.Printf("%2d:  %-52s %3d.%03dms ", ttl, t.name(pkt.From), us/1000, us%1000)
	back := backHops(pkt.TTL)
	switch {
	case m.typ == icmpTimeExceeded:
		if back != ttl {
			t.p.Printf("asymm %2d ", back)
		}
		t.p.Printf("\n")
		return passed
	case m.typ == icmpUnreachable && m.code == 3:
		t.p.Printf("reached\n")
		t.hopsTo, t.hopsFrom = ttl, back
		return ended
	case m.typ == icmpUnreachable && m.code == 4:
		t.mtu = int(m.info & 0xffff)
		t.p.Printf("pmtu %d\n", t.mtu)
		return learned
	}
	marks := map[int]string{0: "!N", 1: "!H", 2: "!P", 6: "!N", 7: "!H", 9: "!A", 10: "!A", 13: "!A"}
	t.p.Printf("%s\n", marks[m.code])
	return ended
}

// backHops is how many hops an answer has come, by the TTLs that systems begin
// with.
func backHops(ttl int) int {
	switch {
	case ttl <= 64:
		return 65 - ttl
	case ttl <= 128:
		return 129 - ttl
	}
	return 256 - ttl
}

func (t *pathTracer) name(a netip.Addr) string {
	name := ""
	if !t.numeric || t.both {
		name = names.ReverseLookup(t.p, a)
	}
	switch {
	case t.numeric || name == "":
		return a.String()
	case t.both:
		return name + " (" + a.String() + ")"
	}
	return name
}
