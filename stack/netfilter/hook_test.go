package netfilter

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// host is a namespace in miniature: rules, a clock, and the address of eth0.
type host struct {
	*Rules
	now time.Time
}

func newHost(t *testing.T, text string) *host {
	h := &host{now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
	h.Rules = New(Options{Now: func() time.Time { return h.now }, AddrType: func(a netip.Addr) AddrType {
		if a.String() == "10.0.0.11" || a.IsLoopback() {
			return Local
		}
		return Unicast
	}})
	if err := h.Restore(text, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	return h
}

const docker = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`

// build makes an IPv4 packet with good checksums.
func build(src, dst string, proto byte, body []byte) []byte {
	d := make([]byte, 20+len(body))
	d[0], d[8], d[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(d[2:], uint16(len(d)))
	s, e := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	copy(d[12:], s[:])
	copy(d[16:], e[:])
	copy(d[20:], body)
	binary.BigEndian.PutUint16(d[10:], ^sumOf(0, d[:20]))
	if at := map[byte]int{1: 2, 6: 16, 17: 6}[proto]; at > 0 {
		binary.BigEndian.PutUint16(d[20+at:], 0)
		binary.BigEndian.PutUint16(d[20+at:], ^sumOf(pseudo(d), d[20:]))
	}
	return d
}

func pseudo(d []byte) uint32 {
	if d[9] == 1 {
		return 0
	}
	return uint32(sumOf(0, d[12:20])) + uint32(d[9]) + uint32(len(d)-20)
}

func sumOf(s uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return fold(s)
}

func tcp(sport, dport uint16, flags byte) []byte {
	b := make([]byte, 25)
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	b[12], b[13] = 0x50, flags
	copy(b[20:], "hello")
	return b
}

func udp(sport, dport uint16) []byte {
	b := make([]byte, 12)
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	b[5] = 12
	return b
}

func echo(kind byte, id uint16) []byte {
	return []byte{kind, 0, 0, 0, byte(id >> 8), byte(id), 0, 1, 'x', 'y'}
}

func outAddr(dev string) (b [16]byte, ok bool) {
	return netip.MustParseAddr("10.0.0.11").As16(), dev == "eth0"
}

// pass takes bytes through hooks and returns the packet as text, or the verdict.
func (h *host) pass(t *testing.T, d []byte, in, out string, hooks ...Hook) string {
	t.Helper()
	p := &Packet{Data: d, OutAddr: outAddr}
	for _, k := range hooks {
		p.In, p.Out = in, out
		switch k {
		case Prerouting, Input:
			p.Out = ""
		case Output, Postrouting:
			p.In = ""
		}
		if v := h.Traverse(k, p); v.Action != Accept {
			return strings.TrimSpace([]string{"", "drop", "reject"}[v.Action] + " " + v.Rule.String() + " " + v.RejectWith.String())
		}
	}
	return show(t, d)
}

func show(t *testing.T, d []byte) string {
	t.Helper()
	if sumOf(0, d[:20]) != 0xffff {
		t.Errorf("bad IP checksum in % x", d)
	}
	if got := sumOf(pseudo(d), d[20:]); got != 0xffff {
		t.Errorf("bad checksum of protocol %d in % x", d[9], d)
	}
	var h headers
	h.read(d, false)
	s := h.src.addr(false).String() + "." + itoa(h.sport) + " > " + h.dst.addr(false).String() + "." + itoa(h.dport)
	if h.hasICMP {
		s = h.src.addr(false).String() + " > " + h.dst.addr(false).String() + " type " + itoa(uint16(h.icmpType)) + " id " + itoa(h.icmpID)
	}
	return s
}

func itoa(n uint16) string { return portName(n, false, true) }

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var forwarded = []Hook{Prerouting, Forward, Postrouting}

func TestMasqueradeAndBack(t *testing.T) {
	h := newHost(t, docker)
	want(t, h.pass(t, build("172.17.0.2", "8.8.8.8", 17, udp(5000, 53)), "docker0", "eth0", forwarded...), "10.0.0.11.5000 > 8.8.8.8.53")
	want(t, h.pass(t, build("172.17.0.3", "8.8.8.8", 17, udp(5000, 53)), "docker0", "eth0", forwarded...), "10.0.0.11.5001 > 8.8.8.8.53")
	want(t, h.pass(t, build("8.8.8.8", "10.0.0.11", 17, udp(53, 5000)), "eth0", "docker0", forwarded...), "8.8.8.8.53 > 172.17.0.2.5000")
	want(t, h.pass(t, build("8.8.8.8", "10.0.0.11", 17, udp(53, 5001)), "eth0", "docker0", forwarded...), "8.8.8.8.53 > 172.17.0.3.5000")
	want(t, h.pass(t, build("172.17.0.2", "8.8.8.8", 1, echo(8, 7)), "docker0", "eth0", forwarded...), "10.0.0.11 > 8.8.8.8 type 8 id 7")
	want(t, h.pass(t, build("172.17.0.3", "8.8.8.8", 1, echo(8, 7)), "docker0", "eth0", forwarded...), "10.0.0.11 > 8.8.8.8 type 8 id 8")
	want(t, h.pass(t, build("8.8.8.8", "10.0.0.11", 1, echo(0, 8)), "eth0", "docker0", forwarded...), "8.8.8.8 > 172.17.0.3 type 0 id 7")
	out := must(t, h.Rules, "-t nat -S POSTROUTING -v")
	if !strings.Contains(out, "-c 4 124 -j MASQUERADE") {
		t.Errorf("only first packets count in nat: %s", out)
	}
}

func TestPublishedPort(t *testing.T) {
	h := newHost(t, docker)
	want(t, h.pass(t, build("10.0.0.12", "10.0.0.11", 6, tcp(4000, 8080, 2)), "eth0", "docker0", forwarded...), "10.0.0.12.4000 > 172.17.0.2.80")
	want(t, h.pass(t, build("172.17.0.2", "10.0.0.12", 6, tcp(80, 4000, 0x12)), "docker0", "eth0", forwarded...), "10.0.0.11.8080 > 10.0.0.12.4000")
	want(t, h.pass(t, build("10.0.0.12", "10.0.0.11", 6, tcp(4000, 8080, 0x10)), "eth0", "docker0", forwarded...), "10.0.0.12.4000 > 172.17.0.2.80")
	want(t, h.Flows()[0].String(), "tcp      6 432000 ESTABLISHED src=10.0.0.12 dst=10.0.0.11 sport=4000 dport=8080 src=172.17.0.2 dst=10.0.0.12 sport=80 dport=4000 [ASSURED] mark=0 use=1")
	// From this machine itself, through OUTPUT.
	want(t, h.pass(t, build("10.0.0.11", "10.0.0.11", 6, tcp(4001, 8080, 2)), "", "lo", Output), "10.0.0.11.4001 > 172.17.0.2.80")
}

func TestForwardPolicyDropsWhatIsNew(t *testing.T) {
	h := newHost(t, docker)
	want(t, h.pass(t, build("10.0.0.12", "172.17.0.2", 1, echo(8, 1)), "eth0", "docker0", forwarded...), "drop filter/FORWARD: policy DROP")
	if n := len(h.Flows()); n != 0 {
		t.Errorf("%d flows of a dropped packet", n)
	}
	want(t, strings.SplitN(must(t, h.Rules, "-L FORWARD -v -n"), "\n", 2)[0], "Chain FORWARD (policy DROP 1 packets, 30 bytes)")
	// An answer to nothing is INVALID, so ESTABLISHED does not let it in.
	want(t, h.pass(t, build("10.0.0.12", "172.17.0.2", 1, echo(0, 1)), "eth0", "docker0", forwarded...), "drop filter/FORWARD: policy DROP")
}

func TestErrorsAreRelatedAndTranslated(t *testing.T) {
	h := newHost(t, docker)
	sent := build("172.17.0.2", "8.8.8.8", 17, udp(5000, 53))
	h.pass(t, sent, "docker0", "eth0", forwarded...)
	body := append([]byte{11, 0, 0, 0, 0, 0, 0, 0}, sent...)
	fault := build("10.0.0.1", "10.0.0.11", 1, body)
	want(t, h.pass(t, fault, "eth0", "docker0", forwarded...), "10.0.0.1 > 172.17.0.2 type 11 id 0")
	want(t, show(t, fault[28:]), "172.17.0.2.5000 > 8.8.8.8.53")
	other := build("10.0.0.1", "10.0.0.11", 1, append([]byte{11, 0, 0, 0, 0, 0, 0, 0}, build("10.0.0.11", "9.9.9.9", 17, udp(1, 2))...))
	want(t, h.pass(t, other, "eth0", "docker0", forwarded...), "drop filter/FORWARD: policy DROP")
}

func TestAnswerToRejectedPacketIsTranslated(t *testing.T) {
	h := newHost(t, docker)
	must(t, h.Rules, "-I FORWARD -p tcp -j REJECT --reject-with tcp-reset")
	want(t, h.pass(t, build("10.0.0.12", "10.0.0.11", 6, tcp(4000, 8080, 2)), "eth0", "docker0", forwarded...),
		"reject filter/FORWARD: -p tcp -j REJECT --reject-with tcp-reset tcp-reset")
	want(t, h.pass(t, build("172.17.0.2", "10.0.0.12", 6, tcp(80, 4000, 0x14)), "", "eth0", Output, Postrouting), "10.0.0.11.8080 > 10.0.0.12.4000")
}

// The embedded DNS server of a user-defined network: redirected in OUTPUT, back
// over lo.
func TestEmbeddedDNSOverLoopback(t *testing.T) {
	h := newHost(t, capture(t, "embedded-dns.txt"))
	want(t, h.pass(t, build("127.0.0.1", "127.0.0.11", 17, udp(3000, 53)), "", "lo", Output, Postrouting), "127.0.0.1.3000 > 127.0.0.11.48112")
	want(t, h.pass(t, build("127.0.0.1", "127.0.0.11", 17, udp(3000, 48112)), "lo", "", Prerouting, Input), "127.0.0.1.3000 > 127.0.0.11.48112")
	want(t, h.pass(t, build("127.0.0.11", "127.0.0.1", 17, udp(48112, 3000)), "", "lo", Output, Postrouting), "127.0.0.11.53 > 127.0.0.1.3000")
	want(t, h.pass(t, build("127.0.0.11", "127.0.0.1", 17, udp(53, 3000)), "lo", "", Prerouting, Input), "127.0.0.11.53 > 127.0.0.1.3000")
	if f := h.Flows(); len(f) != 1 || !f[0].Replied || f[0].Orig.Packets != 1 {
		t.Errorf("flows %v", f)
	}
}

func TestFlowsAgeAsInLinux(t *testing.T) {
	h := newHost(t, docker)
	h.pass(t, build("172.17.0.5", "10.0.0.2", 17, udp(33703, 53)), "docker0", "eth0", forwarded...)
	h.pass(t, build("10.0.0.2", "10.0.0.11", 17, udp(53, 33703)), "eth0", "docker0", forwarded...)
	h.now = h.now.Add(23 * time.Second)
	line := strings.SplitN(capture(t, "conntrack.txt"), "\n", 3)[1]
	want(t, h.Flows()[0].String(), line)
	h.now = h.now.Add(8 * time.Second)
	if n := len(h.Flows()); n != 0 {
		t.Errorf("%d flows after 31 s", n)
	}
}

func TestLaterFragmentsFollowTheFirst(t *testing.T) {
	h := newHost(t, docker)
	first := build("172.17.0.2", "8.8.8.8", 1, echo(8, 7))
	later := build("172.17.0.2", "8.8.8.8", 1, echo(8, 7))
	for i, d := range [][]byte{first, later} {
		d[4], d[5] = 9, 9
		d[6], d[7] = 0x20, 0
		if i == 1 {
			d[6], d[7] = 0, 185
		}
		d[10], d[11] = 0, 0
		binary.BigEndian.PutUint16(d[10:], ^sumOf(0, d[:20]))
		got := h.pass(t, d, "docker0", "eth0", forwarded...)
		if !strings.HasPrefix(got, "10.0.0.11") {
			t.Errorf("fragment %d: %s", i, got)
		}
	}
}

func TestGotoReturnAndCounters(t *testing.T) {
	h := newHost(t, `*filter
:INPUT DROP [0:0]
:A - [0:0]
:B - [0:0]
-A INPUT -i eth+ -g A
-A INPUT -j ACCEPT
-A A -p udp -j RETURN
-A A -j B
-A A -p icmp -j ACCEPT
-A B -j RETURN
COMMIT
`)
	want(t, h.pass(t, build("1.1.1.1", "10.0.0.11", 17, udp(1, 2)), "eth0", "", Input), "drop filter/INPUT: policy DROP")
	want(t, h.pass(t, build("1.1.1.1", "10.0.0.11", 1, echo(8, 2)), "eth0", "", Input), "1.1.1.1 > 10.0.0.11 type 8 id 2")
	want(t, h.pass(t, build("1.1.1.1", "10.0.0.11", 17, udp(1, 2)), "wlan0", "", Input), "1.1.1.1.1 > 10.0.0.11.2")
	want(t, must(t, h.Rules, "-S A -v"), "-N A\n-A A -p udp -c 1 32 -j RETURN\n-A A -c 1 30 -j B\n-A A -p icmp -c 1 30 -j ACCEPT\n")
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	h := newHost(t, docker)
	d := build("172.17.0.2", "8.8.8.8", 17, udp(5000, 53))
	p := &Packet{OutAddr: outAddr}
	buf := make([]byte, len(d))
	if n := testing.AllocsPerRun(100, func() {
		copy(buf, d)
		*p = Packet{Data: buf, OutAddr: p.OutAddr, In: "docker0"}
		h.Traverse(Prerouting, p)
		p.Out = "eth0"
		h.Traverse(Forward, p)
		p.In = ""
		h.Traverse(Postrouting, p)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func TestMSSIsClamped(t *testing.T) {
	h := newHost(t, "*mangle\n-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400\nCOMMIT\n")
	for _, pad := range []int{0, 1} {
		b := tcp(1, 2, 2)[:20]
		b = append(b, []byte{1, 2, 4, 0x05, 0xb4, 1, 1, 1}[1-pad:]...)
		for len(b) < 28 {
			b = append(b, 1)
		}
		b[12] = 0x70
		d := build("1.1.1.1", "2.2.2.2", 6, b)
		want(t, h.pass(t, d, "a", "b", forwarded...), "1.1.1.1.1 > 2.2.2.2.2")
		at := mssOption(d[20:])
		if got := binary.BigEndian.Uint16(d[20+at:]); got != 1400 {
			t.Errorf("mss %d", got)
		}
	}
}
