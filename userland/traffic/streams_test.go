package traffic

import (
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

func TestNcCarriesBothWays(t *testing.T) {
	l := newLab(t)
	p, got := l.spawn(l.bbox1, "nc -l -p 9000", "from the server\n")
	l.loop.RunFor(time.Second)
	l.check(l.bbox2, "nc 172.17.0.2 9000", "from the client\n", 0, "from the server\n")
	l.wait(p)
	compare(t, "nc -l", got.String(), "from the client\n")
	l.check(l.bbox2, "nc -w 3 172.17.0.2 81", "", 1, "nc: can't connect to remote host (172.17.0.2): Connection refused\n")
	l.check(l.bbox2, "nc -w 2 172.17.0.99 81", "", 1, "nc: timed out\n")
}

func TestOpenBSDNcScans(t *testing.T) {
	l := newLab(t)
	l.spawn(l.bbox1, "httpd -f", "")
	l.loop.RunFor(time.Second)
	l.check(l.tools, "nc -zv 172.17.0.2 80", "", 0, "Connection to 172.17.0.2 80 port [tcp/http] succeeded!\n")
	l.check(l.tools, "nc -zv 172.17.0.2 81", "", 1, "nc: connect to 172.17.0.2 port 81 (tcp) failed: Connection refused\n")
	p, got := l.spawn(l.tools, "nc -lu 5000", "")
	l.loop.RunFor(time.Second)
	q, _ := l.spawn(l.bbox2, "nc -u -w 1 172.17.0.4 5000", "a datagram\n")
	l.loop.RunFor(3 * time.Second)
	compare(t, "nc -lu", got.String(), "a datagram\n")
	p.Signal(userland.SIGTERM)
	q.Signal(userland.SIGTERM)
}

func TestTcpdumpShowsThePing(t *testing.T) {
	l := newLab(t)
	l.run(l.bbox1, "ping -c 1 172.17.0.1", "")
	d, out := l.spawn(l.host, "tcpdump -nnt -i docker0 icmp", "")
	l.loop.RunFor(time.Second)
	l.run(l.bbox1, "ping -c 1 172.17.0.1", "")
	d.Signal(userland.SIGINT)
	l.wait(d)
	compare(t, "tcpdump", out.String(), `tcpdump: verbose output suppressed, use -v[v]... for full protocol decode
listening on docker0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
IP 172.17.0.2 > 172.17.0.1: ICMP echo request, id <n>, seq 0, length 64
IP 172.17.0.1 > 172.17.0.2: ICMP echo reply, id <n>, seq 0, length 64

2 packets captured
2 packets received by filter
0 packets dropped by kernel
`)
}

func TestTcpdumpWritesWhatItCanRead(t *testing.T) {
	l := newLab(t)
	d, out := l.spawn(l.host, "tcpdump -i eth0 -c 2 -w /tmp/x.pcap icmp", "")
	l.loop.RunFor(time.Second)
	l.run(l.bbox1, "ping -c 3 10.0.0.2", "")
	l.wait(d)
	compare(t, "tcpdump -w", out.String(), `tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
2 packets captured
2 packets received by filter
0 packets dropped by kernel
`)
	l.check(l.host, "tcpdump -nne -r /tmp/x.pcap", "", 0, `reading from file /tmp/x.pcap, link-type EN10MB (Ethernet), snapshot length 262144
08:00:<n> 00:0c:29:ab:00:11 > 00:50:56:e0:00:02, ethertype IPv4 (0x0800), length 98: 172.17.0.2 > 10.0.0.2: ICMP echo request, id <n>, seq 0, length 64
08:00:<n> 00:50:56:e0:00:02 > 00:0c:29:ab:00:11, ethertype IPv4 (0x0800), length 98: 10.0.0.2 > 172.17.0.2: ICMP echo reply, id <n>, seq 0, length 64
`)
	l.check(l.host, "tcpdump -i eth9", "", 1, "tcpdump: eth9: No such device exists\n(No such device exists)\n")
}

// The cooked form names interface and packet type, at once and from a file; the
// head of a foreign or compressed file is none.
func TestTcpdumpOfAnyInterface(t *testing.T) {
	l := newLab(t)
	l.run(l.bbox1, "ping -c 1 172.17.0.1", "") // who is at which address
	d, out := l.spawn(l.host, "tcpdump -nnt -i any -c 4 icmp", "")
	w, _ := l.spawn(l.host, "tcpdump -i any -c 4 -w /tmp/any.pcap icmp", "")
	l.loop.RunFor(time.Second)
	l.run(l.bbox1, "ping -c 1 172.17.0.1", "")
	l.wait(d)
	l.wait(w)
	want := `vethbbox1 P   IP 172.17.0.2 > 172.17.0.1: ICMP echo request, id <n>, seq 0, length 64
docker0 In  IP 172.17.0.2 > 172.17.0.1: ICMP echo request, id <n>, seq 0, length 64
docker0 Out IP 172.17.0.1 > 172.17.0.2: ICMP echo reply, id <n>, seq 0, length 64
vethbbox1 Out IP 172.17.0.1 > 172.17.0.2: ICMP echo reply, id <n>, seq 0, length 64
`
	compare(t, "tcpdump -i any", out.String(), `tcpdump: data link type LINUX_SLL2
tcpdump: verbose output suppressed, use -v[v]... for full protocol decode
listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes
`+want+`4 packets captured
4 packets received by filter
0 packets dropped by kernel
`)
	l.check(l.host, "tcpdump -nnt -r /tmp/any.pcap icmp", "", 0,
		"reading from file /tmp/any.pcap, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144\n"+want)
	l.check(l.host, "tcpdump -r /tmp/no.pcap", "", 1, "tcpdump: /tmp/no.pcap: No such file or directory\n")
	for _, head := range []string{"", "x", "\x1f\x8b\x08\x00", strings.Repeat("x", 30)} {
		l.file(l.host, "/tmp/no.pcap", head)
		l.check(l.host, "tcpdump -r /tmp/no.pcap", "", 1, "tcpdump: unknown file format\n")
	}
}

// A packet socket that is bound to no interface sees those that come later too.
func TestTcpdumpOfAnyInterfaceSeesNewOnes(t *testing.T) {
	l := newLab(t)
	d, out := l.spawn(l.host, "tcpdump -nnt -i any -c 2 icmp and host 172.17.0.9", "")
	l.loop.RunFor(time.Second)
	late := l.machine("late", l.container(l.host.NS().Interface("docker0"), "late", 9), Busybox())
	l.run(late, "ping -c 1 172.17.0.1", "")
	l.wait(d)
	if !strings.Contains(out.String(), "vethlate P   IP 172.17.0.9 > 172.17.0.1: ICMP echo request") {
		t.Error(out.String())
	}
}

// nc -l -s listens on one address only.
func TestOpenBSDNcListensOnItsSource(t *testing.T) {
	l := newLab(t)
	p, got := l.spawn(l.tools, "nc -l -s 127.0.0.1 -p 7001", "")
	l.loop.RunFor(time.Second)
	l.check(l.bbox2, "nc -w 3 172.17.0.4 7001", "", 1, "nc: can't connect to remote host (172.17.0.4): Connection refused\n")
	l.run(l.tools, "nc -N 127.0.0.1 7001", "here\n")
	l.wait(p)
	compare(t, "nc -l -s", got.String(), "here\n")
}

func TestIperf3MovesBytesBothWays(t *testing.T) {
	l := newLab(t)
	_, server := l.spawn(l.host, "iperf3 -s", "")
	l.loop.RunFor(time.Second)
	got, status := l.run(l.tools, "iperf3 -c 172.17.0.1 -n 4M", "")
	if status != 0 || !strings.Contains(got, "4.00 MBytes") || !strings.HasSuffix(got, "  receiver\n\niperf Done.\n") {
		t.Errorf("status %d\n%s\nserver:\n%s", status, got, server)
	}
	got, status = l.run(l.tools, "iperf3 -c 172.17.0.1 -u -t 2 -R", "")
	if status != 0 || !strings.Contains(got, "1.05 Mbits/sec") || !strings.Contains(got, "(0%)  receiver") {
		t.Errorf("status %d\n%s\nserver:\n%s", status, got, server)
	}
	l.check(l.tools, "iperf3 -c 172.17.0.2", "", 1, "iperf3: error - unable to connect to server - server may have stopped running or use a different port, firewall issue, etc.: Connection refused\n")
}

// The kernel closes what a killed process had open: the other end reads the end
// of the stream, and a new connection is refused.
func TestKilledProgramsConnectionsEnd(t *testing.T) {
	l := newLab(t)
	server, _ := l.spawn(l.bbox1, "httpd -f", "")
	l.loop.RunFor(time.Second)
	at := netip.MustParseAddrPort("172.17.0.2:80")
	open, again := error(nil), error(nil)
	client := l.loop.Go("client", func(p *sim.Proc) {
		c, err := l.tools.NS().DialTCP(netip.AddrPort{}, at, time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		_, open = c.Read(make([]byte, 10))
		_, again = l.tools.NS().DialTCP(netip.AddrPort{}, at, time.Second)
	})
	l.loop.RunFor(time.Second)
	if client.Done() {
		t.Fatal("the connection is over before the server was killed")
	}
	server.Signal(userland.SIGKILL)
	l.loop.RunFor(time.Second)
	if !client.Done() || open != io.EOF || again != stack.ErrConnRefused {
		t.Errorf("done %v; read %v, want %v; then %v, want %v", client.Done(), open, io.EOF, again, stack.ErrConnRefused)
	}
}
