package traffic

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/userland"
)

// held are the machine's sockets with a holder: "tcp LISTEN nc/7/3" is program,
// number and descriptor.
func held(m *userland.Machine) string {
	var out []string
	for _, s := range m.NS().Sockets() {
		if s.Owner != "" {
			out = append(out, fmt.Sprintf("%s %s %s/%d/%d", s.Proto, s.State, s.Owner, s.PID, s.FD))
		}
	}
	return strings.Join(out, ", ")
}

// A process's sockets have the lowest descriptors that are free, whoever opens
// or accepts them, and none outlives it.
func TestProcessOwnsItsSockets(t *testing.T) {
	l := newLab(t)
	any4 := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.IPv4Unspecified(), port) }
	at := netip.MustParseAddrPort("172.17.0.4:7")
	var seen []string
	l.tools.Install(map[string]userland.Program{"sleep": func(p *userland.Process) int { p.Sleep(time.Hour); return 0 }})
	p := l.tools.Start(userland.ProcSpec{Args: []string{"/bin/server"}, Program: func(p *userland.Process) int {
		listener, err := p.ListenTCP(any4(7))
		l.must(err)
		u, err := p.ListenUDP(any4(53))
		l.must(err)
		_, err = p.OpenICMP(false)
		l.must(err)
		seen = append(seen, held(l.tools))
		u.Close()
		l.bbox1.Start(userland.ProcSpec{Args: []string{"client"}, Program: func(c *userland.Process) int {
			_, err := c.DialTCP(netip.AddrPort{}, at, 0)
			l.must(err)
			c.Sleep(time.Hour)
			return 0
		}})
		_, err = listener.Accept()
		l.must(err)
		seen = append(seen, held(l.tools))
		p.Go(func() { p.DialTCP(netip.AddrPort{}, netip.MustParseAddrPort("172.17.0.99:1"), 0) })
		p.Sleep(0)
		seen = append(seen, held(l.tools))
		p.Exec("sleep") // another program, the same process
		return 1
	}})
	l.loop.RunFor(time.Second)
	seen = append(seen, held(l.tools))
	me := func(name string, fd int) string { return fmt.Sprintf("%s/%d/%d", name, p.PID, fd) }
	base := func(name string) string {
		return "tcp LISTEN " + me(name, 3) + ", raw UNCONN " + me(name, 5) + ", tcp ESTAB " + me(name, 4)
	}
	want := []string{
		"tcp LISTEN " + me("server", 3) + ", udp UNCONN " + me("server", 4) + ", raw UNCONN " + me("server", 5),
		base("server"),
		base("server") + ", tcp SYN-SENT " + me("server", 6),
		base("sleep") + ", tcp SYN-SENT " + me("sleep", 6),
	}
	for i := range want {
		if i >= len(seen) || seen[i] != want[i] {
			t.Errorf("%d\ngot  %s\nwant %s", i, seen[min(i, len(seen)-1)], want[i])
		}
	}
	p.Signal(userland.SIGKILL)
	l.loop.RunFor(time.Second)
	if n := l.tools.NS().Sockets(); held(l.tools) != "" || len(n) > 1 { // one may wait for the peer's FIN
		t.Errorf("left after the end: %+v", n)
	}
}

// What a program leaves to the process that it starts in the background is that
// one's.
func TestDaemonInheritsItsListener(t *testing.T) {
	for line, m := range map[string]func(*lab) *userland.Machine{
		"httpd":        func(l *lab) *userland.Machine { return l.bbox1 },
		"iperf3 -s -D": func(l *lab) *userland.Machine { return l.tools },
	} {
		l := newLab(t)
		at := m(l)
		first, _ := l.spawn(at, line, "")
		l.loop.RunFor(time.Second)
		name, _, _ := strings.Cut(line, " ")
		if want := fmt.Sprintf("tcp LISTEN %s/%d/3", name, first.PID+1); held(at) != want {
			t.Errorf("%s: %q, want %q", line, held(at), want)
		}
	}
}
