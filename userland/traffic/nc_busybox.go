package traffic

import (
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

const busyboxNcUsage = `BusyBox v1.35.0 multi-call binary.

Usage: nc [-iN] [-wN] [-l] [-p PORT] [-f FILE|IPADDR PORT] [-e PROG]

Open a pipe to IP:PORT or FILE

	-l	Listen mode, for inbound connects
		(use -ll with -e for persistent server)
	-p PORT	Local port
	-w SEC	Connect timeout
	-i SEC	Delay interval for lines sent
	-f FILE	Use file (ala /dev/ttyS0) instead of network
	-e PROG	Run PROG after connect
`

// busyboxNc is one run of busybox's nc.
type busyboxNc struct {
	p     *userland.Process
	o     *options
	wait  time.Duration
	udp   bool
	local uint16
}

// ncBusybox is the nc of busybox 1.35, with -u, -v, -z and -n of its larger
// build.
func ncBusybox(p *userland.Process) int {
	args, program := ncProgram(p.Args[1:])
	o, err := parseOptions(p, args, "lp:w:i:!f:!uvzn~k", nil)
	if err != nil {
		p.Errorf("nc: %v\n%s", err, busyboxNcUsage)
		return 1
	}
	n := &busyboxNc{p: p, o: o, udp: o.Has("u")}
	if v, ok := o.Value("w"); ok {
		if n.wait, ok = seconds(v); !ok {
			p.Errorf("nc: invalid number '%s'\n", v)
			return 1
		}
	}
	if v, ok := o.Value("p"); ok {
		port, ok := number(v, 0, 65535)
		if !ok {
			p.Errorf("nc: invalid number '%s'\n", v)
			return 1
		}
		n.local = uint16(port)
	}
	if o.Has("l") {
		return n.listen(program)
	}
	if len(o.Rest) != 2 {
		p.Errorf("%s", busyboxNcUsage)
		return 1
	}
	return n.connect(o.Rest[0], o.Rest[1], program)
}

// ncProgram splits "-e PROG ARGS…" off, which takes everything that follows.
func ncProgram(args []string) (before, program []string) {
	for i, a := range args {
		if a == "-e" && i+1 < len(args) {
			return args[:i], args[i+1:]
		}
	}
	return args, nil
}

func (n *busyboxNc) connect(host, service string, program []string) int {
	p := n.p
	port, ok := servicePort(service)
	if !ok {
		p.Errorf("nc: bad port '%s'\n", service)
		return 1
	}
	addrs, _, err := names.Resolve(p, host, names.ResolveOptions{})
	if err != nil {
		p.Errorf("nc: bad address '%s'\n", host)
		return 1
	}
	to := netip.AddrPortFrom(busyboxChoice(p, addrs), port)
	local := netip.AddrPort{}
	if n.local != 0 {
		local = netip.AddrPortFrom(userland.Unspecified(to.Addr()), n.local)
	}
	var conn ncStream
	if n.udp {
		conn, err = ncDialUDP(p, local, to)
	} else {
		conn, err = ncDialTCP(p, local, to, n.wait)
	}
	if err != nil {
		if n.wait > 0 && userland.Late(err) {
			p.Errorf("nc: timed out\n")
			return 1
		}
		p.Errorf("nc: can't connect to remote host (%s): %s\n", to.Addr(), userland.Reason(err))
		return 1
	}
	defer conn.Close()
	if n.o.Has("v") {
		p.Errorf("%s (%s) open\n", host, to)
	}
	if n.o.Has("z") {
		return 0
	}
	if program != nil {
		return ncSpawn(p, conn, program)
	}
	n.relay(conn)
	return 0
}

func (n *busyboxNc) relay(conn ncStream) {
	r := &ncRelay{p: n.p, in: n.p.Stdin, shutdown: true, linger: -1}
	if n.udp {
		r.idle = n.wait
	}
	r.run(conn)
}

// listen takes one connection, or with -ll and -lk one after the other.
func (n *busyboxNc) listen(program []string) int {
	p := n.p
	at := netip.AddrPortFrom(netip.IPv6Unspecified(), n.local)
	if n.udp {
		conn, err := ncListenUDP(p, at)
		if err != nil {
			p.Errorf("nc: %s\n", bindReason(err))
			return 1
		}
		defer conn.Close()
		if program != nil {
			return ncSpawn(p, conn, program)
		}
		n.relay(conn)
		return 0
	}
	l, err := p.ListenTCP(at)
	if err != nil {
		p.Errorf("nc: %s\n", bindReason(err))
		return 1
	}
	defer l.Close()
	l.Listen(1)
	again := n.o.Count("l") > 1 || n.o.Has("k")
	if n.local == 0 {
		p.Errorf("nc: listening on %s ...\n", l.Addr())
	}
	for {
		conn, err := l.AcceptFor(n.wait)
		if err != nil {
			if userland.TimedOut(err) {
				p.Errorf("nc: timed out\n")
			}
			return 1
		}
		switch {
		case program != nil && again:
			p.Go(func() { ncSpawn(p, conn, program); conn.Close() })
		case program != nil:
			l.Close()
			status := ncSpawn(p, conn, program)
			conn.Close()
			return status
		default:
			if !again {
				l.Close()
			}
			n.relay(conn)
			conn.Close()
		}
		if !again {
			return 0
		}
	}
}

func bindReason(err error) string { return "bind: " + userland.Reason(err) }

// ncSpawn runs a program with the connection as its input and output.
func ncSpawn(p *userland.Process, conn ncStream, program []string) int {
	prog, args, err := p.Find(program)
	if err != nil {
		p.Errorf("nc: can't execute '%s': %s\n", program[0], userland.Reason(userland.ENOENT))
		return 127
	}
	child := p.Machine.Start(userland.ProcSpec{
		Program: prog, Args: args, Env: p.Environ(), Dir: p.Dir, Parent: p, NS: p.NS(),
		Stdin: conn, Stdout: conn, Stderr: p.Stderr,
	})
	return child.Wait()
}

func ncDialTCP(p *userland.Process, local, to netip.AddrPort, timeout time.Duration) (ncStream, error) {
	conn, err := p.DialTCP(local, to, timeout)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func ncDialUDP(p *userland.Process, local, to netip.AddrPort) (ncStream, error) {
	if !local.IsValid() {
		local = netip.AddrPortFrom(userland.Unspecified(to.Addr()), 0)
	}
	conn, err := p.ListenUDP(local)
	if err != nil {
		return nil, err
	}
	if err := conn.Connect(to); err != nil {
		conn.Close()
		return nil, err
	}
	return &udpStream{conn: conn}, nil
}

// ncListenUDP waits for the first datagram and talks to its sender from then.
func ncListenUDP(p *userland.Process, at netip.AddrPort) (*udpStream, error) {
	conn, err := p.ListenUDP(at)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 65535)
	n, from, err := conn.ReadFrom(buf, 0)
	if err == nil {
		err = conn.Connect(from)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &udpStream{conn: conn, first: append([]byte{}, buf[:n]...)}, nil
}

// servicePort is a port number, or the port of a well-known service.
func servicePort(text string) (uint16, bool) {
	if n, ok := number(text, 0, 65535); ok {
		return uint16(n), true
	}
	for _, s := range wellKnown {
		if s.name == strings.ToLower(text) {
			return s.port, true
		}
	}
	return 0, false
}

// wellKnown are the services of /etc/services that people name.
var wellKnown = []struct {
	name string
	port uint16
}{
	{"echo", 7}, {"discard", 9}, {"daytime", 13}, {"ftp", 21}, {"ssh", 22}, {"telnet", 23}, {"smtp", 25},
	{"domain", 53}, {"http", 80}, {"pop3", 110}, {"ntp", 123}, {"snmp", 161}, {"https", 443}, {"mysql", 3306},
	{"postgresql", 5432}, {"http-alt", 8080}, {"docker", 2375},
}

// serviceName is the other way round, "*" if there is none, as netcat prints it.
func serviceName(port uint16) string {
	for _, s := range wellKnown {
		if s.port == port {
			return s.name
		}
	}
	return "*"
}

var _ ncStream = (*stack.TCPConn)(nil)
