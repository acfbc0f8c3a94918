package traffic

import (
	"net/netip"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// telnetGNU is Debian's telnet, without option negotiation.
func telnetGNU(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "4~6!8~E~F!K~L~a~c~d~f!r!x!l:~n:!b:!e:~", nil)
	if err != nil || len(o.Rest) == 0 {
		p.Errorf("usage: telnet [-4] [-6] [-8] [-E] [-L] [-a] [-d] [-e char] [-l user]\n\t[-n tracefile] [ -b addr ] [-r] [host-name [port]]\n")
		return 1
	}
	host, port, ok := telnetTarget(o.Rest)
	if !ok {
		p.Errorf("telnet: bad port number: %s\n", o.Rest[1])
		return 1
	}
	addrs, _, err := names.Resolve(p, host, names.ResolveOptions{})
	if err != nil {
		p.Errorf("telnet: could not resolve %s/%s: %s\n", host, telnetService(o.Rest), userland.Reason(err))
		return 1
	}
	var conn *stack.TCPConn
	for i, a := range addrs {
		p.Printf("Trying %s...\n", a)
		if conn, err = p.DialTCP(netip.AddrPort{}, netip.AddrPortFrom(a, port), 0); err == nil {
			break
		}
		if i+1 < len(addrs) {
			p.Errorf("telnet: connect to address %s: %s\n", a, userland.Reason(err))
		}
	}
	if err != nil {
		p.Errorf("telnet: Unable to connect to remote host: %s\n", userland.Reason(err))
		return 1
	}
	defer conn.Close()
	p.Printf("Connected to %s.\nEscape character is '^]'.\n", host)
	r := &ncRelay{p: p, in: p.Stdin, linger: -1}
	if r.run(conn) == nil {
		p.Errorf("Connection closed by foreign host.\n")
	}
	return 1
}

// telnetBusybox is busybox's telnet.
func telnetBusybox(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "a~l:~", nil)
	if err != nil || len(o.Rest) == 0 {
		p.Errorf("BusyBox v1.35.0 multi-call binary.\n\nUsage: telnet [-a] [-l USER] HOST [PORT]\n\nConnect to telnet server\n")
		return 1
	}
	host, port, ok := telnetTarget(o.Rest)
	if !ok {
		p.Errorf("telnet: bad port '%s'\n", o.Rest[1])
		return 1
	}
	addrs, _, err := names.Resolve(p, host, names.ResolveOptions{})
	if err != nil {
		p.Errorf("telnet: bad address '%s'\n", host)
		return 1
	}
	a := busyboxChoice(p, addrs)
	conn, err := p.DialTCP(netip.AddrPort{}, netip.AddrPortFrom(a, port), 0)
	if err != nil {
		p.Errorf("telnet: can't connect to remote host (%s): %s\n", a, userland.Reason(err))
		return 1
	}
	defer conn.Close()
	p.Printf("Connected to %s\n", host)
	r := &ncRelay{p: p, in: p.Stdin, linger: -1}
	if r.run(conn) == nil {
		p.Errorf("Connection closed by foreign host\n")
	}
	return 1
}

func telnetTarget(rest []string) (host string, port uint16, ok bool) {
	if len(rest) < 2 {
		return rest[0], 23, true
	}
	port, ok = servicePort(rest[1])
	return rest[0], port, ok
}

func telnetService(rest []string) string {
	if len(rest) < 2 {
		return "telnet"
	}
	return rest[1]
}
