package traffic

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

const openbsdNcUsage = `usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
	  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
	  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
	  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
	  [destination] [port]
`

// openbsdNc is one run of Debian's netcat-openbsd.
type openbsdNc struct {
	p                              *userland.Process
	verbose, zero, udp, keep, half bool
	family                         int
	timeout, quit                  time.Duration // quit -1: wait for the peer
	source                         netip.Addr
	sourcePort                     uint16
	rest                           []string
}

// ncOpenBSD is the nc and netcat of Debian 12.
func ncOpenBSD(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "46C!D~d!F!h!klNn~r!S!t!U!uvZ!zI:~i:!M:!m:!O:~P:!p:q:s:T:!V:!W:!w:X:x:!", nil)
	if err != nil {
		p.Errorf("nc: %v\n%s", err, openbsdNcUsage)
		return 1
	}
	n := &openbsdNc{
		p: p, verbose: o.Has("v"), zero: o.Has("z"), udp: o.Has("u"), keep: o.Has("k"), half: o.Has("N"),
		quit: -1, rest: o.Rest,
	}
	switch {
	case o.Has("4"):
		n.family = 4
	case o.Has("6"):
		n.family = 6
	}
	if v, ok := o.Value("w"); ok {
		if n.timeout, ok = seconds(v); !ok {
			p.Errorf("nc: timeout invalid: %s\n", v)
			return 1
		}
	}
	if v, ok := o.Value("q"); ok {
		if n.quit, ok = seconds(v); !ok {
			n.quit = -1
		}
		n.half = n.half || n.quit >= 0
	}
	if v, ok := o.Value("s"); ok {
		if n.source, ok = names.ParseAddr(v); !ok {
			p.Errorf("nc: getaddrinfo for %s: Name or service not known\n", v)
			return 1
		}
	}
	if v, ok := o.Value("p"); ok {
		port, ok := servicePort(v)
		if !ok {
			p.Errorf("nc: port number invalid: %s\n", v)
			return 1
		}
		n.sourcePort = port
	}
	if o.Has("l") {
		return n.listen()
	}
	if len(n.rest) != 2 {
		p.Errorf("%s", openbsdNcUsage)
		return 1
	}
	return n.connect()
}

func (n *openbsdNc) proto() string {
	if n.udp {
		return "udp"
	}
	return "tcp"
}

// listen serves one peer, with -k one after the other.
func (n *openbsdNc) listen() int {
	p := n.p
	port, addr := n.sourcePort, netip.IPv4Unspecified()
	if n.family == 6 {
		addr = netip.IPv6Unspecified()
	}
	if len(n.rest) > 0 {
		last := n.rest[len(n.rest)-1]
		v, ok := servicePort(last)
		if !ok {
			p.Errorf("nc: port number invalid: %s\n", last)
			return 1
		}
		port = v
	}
	if n.source.IsValid() {
		addr = n.source
	}
	if len(n.rest) > 1 {
		addrs, _, err := names.Resolve(p, n.rest[0], names.ResolveOptions{Family: n.family})
		if err != nil {
			p.Errorf("nc: getaddrinfo: %s\n", userland.Reason(err))
			return 1
		}
		addr = addrs[0]
	}
	if port == 0 {
		p.Errorf("%s", openbsdNcUsage)
		return 1
	}
	at := netip.AddrPortFrom(addr, port)
	if n.udp {
		return n.listenUDP(at)
	}
	l, err := p.ListenTCP(at)
	if err != nil {
		p.Errorf("nc: %s\n", userland.Reason(err))
		return 1
	}
	defer l.Close()
	if n.verbose {
		p.Errorf("Listening on %s %d\n", addr, port)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		if n.verbose {
			from := conn.RemoteAddr()
			p.Errorf("Connection received on %s %d\n", n.peerName(from.Addr()), from.Port())
		}
		if !n.keep {
			l.Close()
		}
		n.relay(conn)
		conn.Close()
		if !n.keep {
			return 0
		}
	}
}

func (n *openbsdNc) peerName(a netip.Addr) string {
	if name := names.ReverseLookup(n.p, a); name != "" {
		return name
	}
	return a.String()
}

func (n *openbsdNc) listenUDP(at netip.AddrPort) int {
	if n.verbose {
		n.p.Errorf("Bound on %s %d\n", at.Addr(), at.Port())
	}
	conn, err := ncListenUDP(n.p, at)
	if err != nil {
		n.p.Errorf("nc: %s\n", userland.Reason(err))
		return 1
	}
	defer conn.Close()
	if n.verbose {
		from := conn.conn.RemoteAddr()
		n.p.Errorf("Connection received on %s %d\n", from.Addr(), from.Port())
	}
	n.relay(conn)
	return 0
}

func (n *openbsdNc) relay(conn ncStream) {
	r := &ncRelay{p: n.p, in: n.p.Stdin, shutdown: n.half, idle: n.timeout, linger: -1}
	if n.quit >= 0 {
		r.linger = n.quit
	}
	r.run(conn)
}

// connect tries every port of the range.
func (n *openbsdNc) connect() int {
	p := n.p
	ports, ok := portRange(n.rest[1])
	if !ok {
		p.Errorf("nc: port number invalid: %s\n", n.rest[1])
		return 1
	}
	status := 1
	for _, port := range ports {
		addrs, _, err := names.Resolve(p, n.rest[0], names.ResolveOptions{Family: n.family})
		if err != nil {
			p.Errorf("nc: getaddrinfo for host \"%s\" port %d: %s\n", n.rest[0], port, userland.Reason(err))
			return 1
		}
		for _, a := range addrs {
			conn, err := n.dial(netip.AddrPortFrom(a, port))
			if userland.Interrupted(err) {
				return 130
			}
			if err != nil {
				n.failed(a, port, err)
				continue
			}
			status = 0
			n.connected(a, port)
			if !n.zero {
				n.relay(conn)
			}
			conn.Close()
			break
		}
	}
	return status
}

func (n *openbsdNc) dial(to netip.AddrPort) (ncStream, error) {
	local := netip.AddrPort{}
	if n.source.IsValid() || n.sourcePort != 0 {
		src := n.source
		if !src.IsValid() {
			src = userland.Unspecified(to.Addr())
		}
		local = netip.AddrPortFrom(src, n.sourcePort)
	}
	if !n.udp {
		return ncDialTCP(n.p, local, to, n.timeout)
	}
	conn, err := ncDialUDP(n.p, local, to)
	if err != nil || !n.verbose && !n.zero {
		return conn, err
	}
	// udptest: a datagram now and then shows whether the port is closed.
	for range 4 {
		if _, err := conn.Write([]byte("X")); err != nil {
			conn.Close()
			return nil, stack.ErrConnRefused
		}
		if n.p.Sleep(250*time.Millisecond) != nil {
			break
		}
	}
	return conn, nil
}

func (n *openbsdNc) failed(a netip.Addr, port uint16, err error) {
	switch {
	case !n.verbose:
	case n.timeout > 0 && userland.Late(err):
		n.p.Errorf("nc: connect to %s port %d (%s) timed out: Operation now in progress\n", n.target(a), port, n.proto())
	default:
		n.p.Errorf("nc: connect to %s port %d (%s) failed: %s\n", n.target(a), port, n.proto(), userland.Reason(err))
	}
}

// target is the host as given, with its address when it was a name.
func (n *openbsdNc) target(a netip.Addr) string {
	if n.rest[0] == a.String() {
		return n.rest[0]
	}
	return fmt.Sprintf("%s (%s)", n.rest[0], a)
}

func (n *openbsdNc) connected(a netip.Addr, port uint16) {
	if n.verbose {
		n.p.Errorf("Connection to %s %d port [%s/%s] succeeded!\n", n.target(a), port, n.proto(), serviceName(port))
	}
}

// portRange reads "80" or "20-25".
func portRange(text string) ([]uint16, bool) {
	from, to, isRange := strings.Cut(text, "-")
	a, ok := servicePort(from)
	if !ok {
		return nil, false
	}
	b := a
	if isRange {
		if b, ok = servicePort(to); !ok || b < a {
			return nil, false
		}
	}
	var ports []uint16
	for p := int(a); p <= int(b); p++ {
		ports = append(ports, uint16(p))
	}
	return ports, true
}
