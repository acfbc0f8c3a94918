package traffic

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// iperf2 is iperf 2.1.8 over TCP: the client with -c, the server with -s.
func iperf2(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "sc:p:t:P:i:!l:!w:!D!N~f:!e!", nil)
	if err != nil || o.Has("s") == o.Has("c") {
		p.Errorf("Usage: iperf [-s|-c host] [options]\nTry `iperf --help' for more information.\n")
		return 1
	}
	port := 5001
	if v, ok := o.Value("p"); ok {
		if port, ok = number(v, 1, 65535); !ok {
			p.Errorf("iperf: invalid port '%s'\n", v)
			return 1
		}
	}
	if o.Has("s") {
		return iperf2Server(p, uint16(port))
	}
	secs, flows := 10, 1
	if v, ok := o.Value("t"); ok {
		secs, _ = number(v, 1, 86400)
	}
	if v, ok := o.Value("P"); ok {
		flows, _ = number(v, 1, 128)
	}
	host, _ := o.Value("c")
	return iperf2Client(p, host, uint16(port), time.Duration(max(secs, 1))*time.Second, max(flows, 1))
}

const iperf2Rule = "------------------------------------------------------------\n"

func iperf2Client(p *userland.Process, host string, port uint16, length time.Duration, flows int) int {
	addrs, _, err := names.Resolve(p, host, names.ResolveOptions{})
	if err != nil {
		p.Errorf("error: %s\n", userland.Reason(err))
		return 1
	}
	to := netip.AddrPortFrom(preferIPv4(addrs), port)
	var streams []*iperfStream
	defer func() {
		for _, s := range streams {
			s.close()
		}
	}()
	for i := range flows {
		conn, err := p.DialTCP(netip.AddrPort{}, to, 0)
		if err != nil {
			p.Errorf("tcp connect failed: %s\n", userland.Reason(err))
			return 1
		}
		streams = append(streams, &iperfStream{id: i + 1, tcp: conn})
	}
	p.Printf("%sClient connecting to %s, TCP port %d\nTCP window size: 85.0 KByte (default)\n%s", iperf2Rule, host, port, iperf2Rule)
	stop := false
	for _, s := range streams {
		iperf2Connected(p, s)
		p.Go(func() { s.push(p, iperfParams{Len: 128 * 1024}, func() bool { return stop }) })
	}
	p.Printf("[ ID] Interval       Transfer     Bandwidth\n")
	start := p.Loop().Now()
	p.Catch(userland.SIGINT)
	p.Sleep(length)
	stop = true
	took := p.Loop().Now() - start
	var sum int64
	for _, s := range streams {
		sum += s.bytes
		iperf2Line(p, fmt.Sprintf("%3d", s.id), s.bytes, took)
	}
	if flows > 1 {
		iperf2Line(p, "SUM", sum, took)
	}
	return 0
}

func iperf2Connected(p *userland.Process, s *iperfStream) {
	l, r := s.tcp.LocalAddr(), s.tcp.RemoteAddr()
	p.Printf("[%3d] local %s port %d connected with %s port %d\n", s.id, l.Addr().Unmap(), l.Port(), r.Addr().Unmap(), r.Port())
}

func iperf2Line(p *userland.Process, id string, n int64, took time.Duration) {
	secs := max(took.Seconds(), 1e-9)
	p.Printf("[%s] %.4f-%.4f sec  %ss  %ss/sec\n", id, 0.0, took.Seconds(),
		iperfUnit(float64(n), 1024, "Byte"), iperfUnit(float64(n)*8/secs, 1000, "bit"))
}

func iperf2Server(p *userland.Process, port uint16) int {
	l, err := p.ListenTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), port))
	if err != nil {
		p.Errorf("tcp bind failed: %s\n", userland.Reason(err))
		return 1
	}
	defer l.Close()
	p.Printf("%sServer listening on TCP port %d\nTCP window size:  128 KByte (default)\n%s", iperf2Rule, port, iperf2Rule)
	for id := 1; ; id++ {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		p.Go(func() { iperf2Receive(p, conn, id) })
	}
}

func iperf2Receive(p *userland.Process, conn *stack.TCPConn, id int) {
	defer conn.Close()
	s := &iperfStream{id: id, tcp: conn}
	iperf2Connected(p, s)
	start := p.Loop().Now()
	s.pull(p)
	p.Printf("[ ID] Interval       Transfer     Bandwidth\n")
	iperf2Line(p, fmt.Sprintf("%3d", id), s.bytes, p.Loop().Now()-start)
}
