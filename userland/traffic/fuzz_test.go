package traffic

import (
	"bytes"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"

	"github.com/miekg/dns"
)

// alone is a machine with a loopback and no cable.
func alone(t testing.TB) (*userland.Machine, func()) {
	l := sim.NewLoop(1)
	ns := stack.New(l, "h", stack.Options{Host: true})
	m := userland.NewMachine(l, "h", ns)
	m.Install(Host())
	return m, func() {
		m.KillAll()
		l.RunFor(0)
		ns.Close()
		l.Close()
	}
}

// FuzzTcpdump gives tcpdump any arguments and any capture file. It says
// something or nothing, ends by itself or by a signal, with a status that it
// has, and never prints what steers a terminal.
func FuzzTcpdump(f *testing.F) {
	frame := link.NewFrame([]byte("\xff\xff\xff\xff\xff\xff\x02\x42\x00\x00\xaa\xaa\x08\x00E\x00\x00\x1c\x00\x01\x00\x00\x40\x01\x66\xc4\n\x00\x00\x0c\n\x00\x00\x0b\x08\x00\xf7\xff\x00\x00\x00\x00")).Bytes()
	file := pcapOf(f, link.LinkEthernet, frame)
	cooked := pcapOf(f, link.LinkSLL2, append([]byte("\x08\x00\x00\x00\x00\x00\x00\x02\x00\x01\x04\x06\x02\x42\x00\x00\xaa\xaa\x00\x00"), frame[14:]...))
	for _, s := range []string{
		"-r /f", "-nnvvvexX -r /f icmp and host 10.0.0.11", "-r /f -c 1 -tttt -A -#", "-r /f -w /g", "-r /f -c 0", // as it is read
		"-r /nosuch", "-r - -e", "-i nosuch", "-i lo -c -1", "-ni any -w - -U", "-D", "--version", "-Q x", "-i lo -Q inout", // places and counts
		"-r /f ether[-1] = 0xffffffffff", "-r /f tcp[99999999999:4] & 1 != 0", "-r /f ((((((((", "-r /f not not not not ip6 proto 300", "-Z", "-s 0 -B x", // filters beyond their words
	} {
		for _, b := range [][]byte{file, cooked, file[:30], []byte("\n\r\r\n\x1c\x00\x00\x00M<+\x1a"), nil} { // cut, pcapng, none
			f.Add(s, b)
		}
	}
	f.Fuzz(func(t *testing.T, args string, file []byte) {
		m, end := alone(t)
		defer end()
		m.FS().WriteFile("/f", file, 0o644)
		var out bytes.Buffer
		p := m.Start(userland.ProcSpec{
			Program: tcpdump, Args: append([]string{"tcpdump"}, strings.Fields(args)...), Stdin: bytes.NewReader(file), Stdout: &out, Stderr: &out,
		})
		m.Loop().RunFor(time.Second)
		if !p.Done() {
			p.Signal(userland.SIGINT)
			m.Loop().RunFor(time.Second)
		}
		if !p.Done() || p.Status() > 2 {
			t.Errorf("tcpdump %s: done %v, status %d\n%s", args, p.Done(), p.Status(), out.String())
		}
		if !strings.Contains(args, "w") && strings.ContainsAny(out.String(), "\x1b\x00\a\b") && !strings.ContainsAny(args, "\x1b\x00\a\b") {
			t.Errorf("tcpdump %s prints %q", args, out.String())
		}
	})
}

// pcapOf is a capture file with one packet.
func pcapOf(f *testing.F, kind link.LinkType, packet []byte) []byte {
	var b bytes.Buffer
	w, err := link.NewPcapWriter(&b, kind, 1500)
	if err == nil {
		err = w.Write(sim.Epoch, packet)
	}
	if err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

// askers are the programs that ask a name server, each about a name.
var askers = []string{"nslookup", "dig", "host", "getent", "ping"}

// FuzzDNSAnswer lets a name server answer whatever is asked with any bytes, under
// the question's identifier: who asked ends, and prints nothing that steers a
// terminal.
func FuzzDNSAnswer(f *testing.F) {
	reply := func(name string, rrs ...string) []byte {
		m := &dns.Msg{}
		m.Response = true
		m.Question = []dns.Question{{Name: "www.", Qtype: dns.TypeA, Qclass: dns.ClassINET}}
		for _, s := range rrs {
			rr, err := dns.NewRR(s)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		b, _ := m.Pack()
		return b
	}
	for who := range byte(len(askers)) {
		for _, b := range [][]byte{
			reply("www", "www. 60 IN A 10.0.0.1"), reply("www", "www. 60 IN CNAME www."), reply("www", "www. 60 IN AAAA ::1", "www. 60 IN TXT \"\\027[2J\""), // as it is, a circle, a steering text
			reply("x", "\\027. 60 IN PTR \\007.", "www. 60 IN SOA a. b. 1 2 3 4 5"), []byte("\x00\x00\x83\x80\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01"), // names of control characters, truncated
			[]byte("\x00\x00\x81\x80\x00\x00\xff\xff\x00\x00\x00\x00\xc0\x0c"), []byte("\x00\x00\x81\x83"), nil, // counts without records, a pointer to itself, half a header
		} {
			f.Add(who, b)
		}
	}
	m, _ := alone(f)
	m.FS().WriteFile("/etc/resolv.conf", []byte("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n"), 0o644)
	var answer []byte
	m.Start(userland.ProcSpec{Args: []string{"forger"}, Program: func(p *userland.Process) int {
		c, err := p.NS().ListenUDP(netip.MustParseAddrPort("127.0.0.1:53"))
		if err != nil {
			f.Error(err)
			return 1
		}
		l, err := p.NS().ListenTCP(netip.MustParseAddrPort("127.0.0.1:53"))
		if err != nil {
			f.Error(err)
			return 1
		}
		p.Go(func() {
			for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
				length := make([]byte, 2)
				if _, err := io.ReadFull(conn, length); err == nil {
					q := make([]byte, max(2, int(length[0])<<8|int(length[1])))
					io.ReadFull(conn, q)
					conn.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, forge(q, answer)...))
				}
				conn.Close()
			}
		})
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf, 0)
			if err == stack.ErrConnRefused {
				continue
			}
			if err != nil {
				return 0
			}
			c.WriteTo(forge(buf[:n], answer), from)
		}
	}})
	m.Loop().RunFor(time.Second)
	f.Fuzz(func(t *testing.T, who byte, text []byte) {
		answer = text
		args := []string{askers[int(who)%len(askers)]}
		switch args[0] {
		case "getent":
			args = append(args, "hosts")
		case "ping":
			args = append(args, "-c", "1", "-W", "1")
		}
		var out bytes.Buffer
		p := m.Start(userland.ProcSpec{Program: m.Programs[args[0]], Args: append(args, "www"), Stdout: &out, Stderr: &out})
		if err := m.Loop().Run(p.Done, m.Loop().Now()+10*time.Minute); err != nil {
			t.Fatalf("%v: %x: %v", args, text, err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x00\a\b") {
			t.Errorf("%v: %x: prints %q", args, text, out.String())
		}
	})
}

// forge is an answer under a question's identifier.
func forge(q, answer []byte) []byte {
	b := bytes.Clone(answer)
	copy(b, q[:2])
	return b
}
