package traffic

import (
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/userland"
)

func TestBusyboxPingPrintsAsBusybox(t *testing.T) {
	l := newLab(t)
	l.check(l.bbox1, "ping -c 2 172.17.0.3", "", 0, `PING 172.17.0.3 (172.17.0.3): 56 data bytes
64 bytes from 172.17.0.3: seq=0 ttl=64 time=<n> ms
64 bytes from 172.17.0.3: seq=1 ttl=64 time=<n> ms

--- 172.17.0.3 ping statistics ---
2 packets transmitted, 2 packets received, 0% packet loss
round-trip min/avg/max = <n>/<n>/<n> ms
`)
	l.check(l.bbox1, "ping -c 1 www.baidu.com", "", 0, `PING www.baidu.com (220.181.38.150): 56 data bytes
64 bytes from 220.181.38.150: seq=0 ttl=63 time=<n> ms

--- www.baidu.com ping statistics ---
1 packets transmitted, 1 packets received, 0% packet loss
round-trip min/avg/max = <n>/<n>/<n> ms
`)
	l.check(l.bbox1, "ping -c 4 bbox2", "", 1, "ping: bad address 'bbox2'\n")
}

func TestBusyboxPingIsSilentAboutUnreachableHosts(t *testing.T) {
	l := newLab(t)
	start := l.loop.Now()
	l.check(l.bbox1, "ping -c 4 172.17.0.99", "", 1, `PING 172.17.0.99 (172.17.0.99): 56 data bytes

--- 172.17.0.99 ping statistics ---
4 packets transmitted, 0 packets received, 100% packet loss
`)
	if took := l.loop.Now() - start; took != 13*time.Second {
		t.Errorf("took %v, want 3 s of sending and 10 s of waiting", took)
	}
	l.must(l.bbox1.NS().Interface("eth0").SetUp(false))
	l.check(l.bbox1, "ping -c 4 172.17.0.3", "", 1,
		"PING 172.17.0.3 (172.17.0.3): 56 data bytes\nping: sendto: Network is unreachable\n")
}

func TestIputilsPingPrintsAsIputils(t *testing.T) {
	l := newLab(t)
	l.check(l.tools, "ping -c 2 www.baidu.com", "", 0, `PING www.a.shifen.com (220.181.38.150) 56(84) bytes of data.
64 bytes from www.a.shifen.com (220.181.38.150): icmp_seq=1 ttl=63 time=<n> ms
64 bytes from www.a.shifen.com (220.181.38.150): icmp_seq=2 ttl=63 time=<n> ms

--- www.a.shifen.com ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time <n>ms
rtt min/avg/max/mdev = <n>/<n>/<n>/<n> ms
`)
	l.check(l.tools, "ping -c 4 bbox2", "", 2, "ping: bbox2: Name or service not known\n")
	l.check(l.tools, "ping -c 1 -M do -s 1473 172.17.0.2", "", 1, `PING 172.17.0.2 (172.17.0.2) 1473(1501) bytes of data.
ping: local error: message too long, mtu=1500

--- 172.17.0.2 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms

`)
	l.check(l.tools, "ping -c 1 -t 1 220.181.38.150", "", 1, `PING 220.181.38.150 (220.181.38.150) 56(84) bytes of data.
From 172.17.0.1 icmp_seq=1 Time to live exceeded

--- 220.181.38.150 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms

`)
	l.must(l.tools.NS().Interface("eth0").SetUp(false))
	l.check(l.tools, "ping -c 4 172.17.0.3", "", 2, "ping: connect: Network is unreachable\n")
}

func TestIputilsPingReportsHostUnreachableAfterThreeSeconds(t *testing.T) {
	l := newLab(t)
	start := l.loop.Now()
	got, status := l.run(l.tools, "ping -c 4 172.17.0.99", "")
	want := `PING 172.17.0.99 (172.17.0.99) 56(84) bytes of data.
From 172.17.0.4 icmp_seq=1 Destination Host Unreachable
From 172.17.0.4 icmp_seq=2 Destination Host Unreachable
From 172.17.0.4 icmp_seq=3 Destination Host Unreachable
From 172.17.0.4 icmp_seq=4 Destination Host Unreachable

--- 172.17.0.99 ping statistics ---
4 packets transmitted, 0 received, +4 errors, 100% packet loss, time <n>ms
pipe <n>
`
	compare(t, "ping", got, want)
	if took := l.loop.Now() - start; status != 1 || took < 3*time.Second || took > 8*time.Second {
		t.Errorf("status %d after %v", status, took)
	}
}

func TestControlCPrintsTheStatistics(t *testing.T) {
	l := newLab(t)
	for _, c := range []struct {
		m    *userland.Machine
		want string
	}{
		{l.bbox1, "3 packets transmitted, 3 packets received, 0% packet loss\nround-trip"},
		{l.tools, "3 packets transmitted, 3 received, 0% packet loss, time 2000ms\nrtt"},
	} {
		p, out := l.spawn(c.m, "ping 172.17.0.1", "")
		l.loop.RunFor(2500 * time.Millisecond)
		p.Signal(userland.SIGINT)
		l.wait(p)
		if !strings.Contains(out.String(), c.want) || p.Status() != 0 {
			t.Errorf("status %d, got:\n%s", p.Status(), out)
		}
	}
}

func TestPingCountsWhatACableLoses(t *testing.T) {
	l := newLab(t)
	l.wire.A().Impair(link.Impairment{Loss: 1})
	l.check(l.tools, "ping -n -q -c 3 -W 1 10.0.0.2", "", 1, `PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.

--- 10.0.0.2 ping statistics ---
3 packets transmitted, 0 received, 100% packet loss, time 2000ms

`)
}

func TestArpingFindsTheNeighbour(t *testing.T) {
	l := newLab(t)
	l.check(l.bbox1, "arping -c 2 -I eth0 172.17.0.3", "", 0, `ARPING 172.17.0.3 from 172.17.0.2 eth0
Unicast reply from 172.17.0.3 [02:42:ac:11:00:03] <n>ms
Unicast reply from 172.17.0.3 [02:42:ac:11:00:03] <n>ms
Sent 2 probe(s) (0 broadcast(s))
Received 2 response(s) (0 request(s), 0 broadcast(s))
`)
}

func TestTracerouteShowsEveryHop(t *testing.T) {
	l := newLab(t)
	l.check(l.bbox1, "traceroute -n 220.181.38.150", "", 0, `traceroute to 220.181.38.150 (220.181.38.150), 30 hops max, 46 byte packets
 1  172.17.0.1  <n> ms  <n> ms  <n> ms
 2  220.181.38.150  <n> ms  <n> ms  <n> ms
`)
	l.check(l.tools, "traceroute -I -q 1 www.baidu.com", "", 0, `traceroute to www.baidu.com (220.181.38.150), 30 hops max, 60 byte packets
 1  172.17.0.1 (172.17.0.1)  <n> ms
 2  www.a.shifen.com (220.181.38.150)  <n> ms
`)
}

// A redirected request was forwarded: iputils tells of it, counts nothing, and
// the reply comes.
func TestARedirectIsNoErrorOfPing(t *testing.T) {
	l := newLab(t)
	l.must(l.bbox1.NS().SetSysctl("net.ipv4.ip_forward", "1"))
	l.route(l.tools.NS(), "10.5.5.5/32", "172.17.0.2")
	l.route(l.bbox1.NS(), "10.5.5.5/32", "172.17.0.3")
	l.addr(l.bbox2.NS().Interface("lo"), "10.5.5.5/32")
	l.check(l.tools, "ping -c 1 10.5.5.5", "", 0, `PING 10.5.5.5 (10.5.5.5) 56(84) bytes of data.
From 172.17.0.2: icmp_seq=1 Redirect Host(New nexthop: 172.17.0.3)
64 bytes from 10.5.5.5: icmp_seq=1 ttl=64 time=<n> ms

--- 10.5.5.5 ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time 0ms
rtt min/avg/max/mdev = <n>/<n>/<n>/<n> ms
`)
}
