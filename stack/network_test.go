package stack

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// routed gives the second host a way into the first one's containers.
func routed(t testing.TB, boxes int, opts Options) *lab {
	l := newLab(t, boxes, opts)
	must0(t, l.a.SetSysctl("net.ipv4.ip_forward", "1"))
	must0(t, l.b.AddRoute(Route{Dst: pfx("172.17.0.0/16"), Via: ip("10.0.0.11")}))
	for _, b := range l.boxes {
		if b.Routes(TableMain)[0].Via != ip("172.17.0.1") {
			t.Fatalf("routes %+v", b.Routes(TableMain))
		}
	}
	return l
}

func TestLinkLocalAddressesAppearWithTheCarrier(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	l.loop.RunFor(3 * time.Second)
	show := func(ns *Namespace, dev string) string {
		var s []string
		for _, a := range ns.Interface(dev).Addrs() {
			s = append(s, a.Prefix.String()+" "+a.Scope.String())
		}
		return strings.Join(s, ", ")
	}
	for _, x := range []struct{ got, want string }{
		{show(l.a, "eth0"), "10.0.0.11/24 global, fe80::20c:29ff:feab:11/64 link"},
		{show(l.a, "docker0"), "172.17.0.1/16 global, fe80::42:1ff:fe02:304/64 link"},
		{show(l.a, "lo"), "127.0.0.1/8 host, ::1/128 host"},
		{show(l.boxes[0], "eth0"), "172.17.0.2/16 global"},
		{show(l.boxes[0], "lo"), "127.0.0.1/8 host"},
	} {
		if x.got != x.want {
			t.Errorf("got %s, want %s", x.got, x.want)
		}
	}
	l.do(t, func() {
		r, err := ping(l.a, ip("fe80::20c:29ff:feab:12").WithZone("eth0"), time.Second)
		if err != nil || r.TTL != 64 {
			t.Errorf("ping6: %+v %v", r, err)
		}
	})
}

func TestBridgeWithoutPortsHasNoCarrier(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	br := l.a.Interface("docker0")
	if br.Carrier() || br.Flags() != 4099 || br.OperState() != "DOWN" {
		t.Fatalf("flags %d, state %s", br.Flags(), br.OperState())
	}
	if f := l.a.Interface("eth0").Flags() & 0xffff; f != 4163 {
		t.Fatalf("eth0 flags %d", f)
	}
	var s []string
	want := "10.0.0.0/24 eth0 link 10.0.0.11 false|172.17.0.0/16 docker0 link 172.17.0.1 true"
	for _, r := range l.a.Routes(TableMain) {
		if r.Dst.Addr().Is4() {
			s = append(s, fmt.Sprintf("%v %s %s %v %v", r.Dst, r.Dev, r.Scope, r.Src, r.LinkDown))
		}
	}
	if got := strings.Join(s, "|"); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	l.do(t, func() {
		if _, err := ping(l.a, ip("172.17.0.99"), 5*time.Second); err != ErrHostUnreachable {
			t.Fatalf("got %v", err)
		}
	})
	if br.Counters().TxDropped != 3 {
		t.Fatalf("counters %+v", br.Counters())
	}
}

func TestPeerOfAVethThatIsDownHasNoCarrier(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	in, out := l.boxes[0].Interface("eth0"), l.a.Interface("vbox1")
	if in.Index() != 4 || out.Index() != 5 || in.PeerIndex() != 5 || out.PeerNamespace() != l.boxes[0] {
		t.Fatalf("indexes %d %d, peer %d", in.Index(), out.Index(), in.PeerIndex())
	}
	must0(t, in.SetUp(false))
	if out.Carrier() || l.a.Interface("docker0").Carrier() || out.OperState() != "LOWERLAYERDOWN" {
		t.Fatalf("carrier stays: %s", out.OperState())
	}
	must0(t, in.SetUp(true))
	if !l.a.Interface("docker0").Carrier() {
		t.Fatal("docker0 has no carrier")
	}
	must0(t, out.Delete())
	if l.boxes[0].Interface("eth0") != nil || len(l.a.Interface("docker0").Ports()) != 0 {
		t.Fatal("the peer is still there")
	}
}

func TestFragmentsArePutTogether(t *testing.T) {
	l := routed(t, 1, Options{})
	defer l.close()
	var seen []int
	l.b.Interface("eth0").Observe(func(d link.Direction, f *link.Frame) {
		if d == link.Out && f.EtherType() == link.TypeIPv4 {
			seen = append(seen, f.Len()-link.HeaderLen)
		}
	})
	l.do(t, func() {
		c, _ := l.b.OpenICMP(false)
		defer c.Close()
		m := make([]byte, 4008)
		m[0] = icmpEcho
		s := ^sum(0, m)
		m[2], m[3] = byte(s>>8), byte(s)
		must0(t, c.Send(ip("172.17.0.2"), m))
		p, err := c.Recv(time.Second)
		if err != nil || len(p.Data) != 4008 || p.Data[0] != icmpEchoReply {
			t.Fatalf("%d bytes, %v", len(p.Data), err)
		}
		c.SetPMTU(PMTUDo)
		if err := c.Send(ip("172.17.0.2"), m); err != ErrMsgSize {
			t.Fatalf("with DF: %v", err)
		}
	})
	if want := []int{1500, 1500, 1068}; !slices.Equal(seen, want) {
		t.Fatalf("fragments %v, want %v", seen, want)
	}
}

func TestSmallerMTUOnTheWayIsLearned(t *testing.T) {
	l := routed(t, 1, Options{})
	defer l.close()
	must0(t, l.a.Interface("docker0").SetMTU(1400))
	l.do(t, func() {
		c, _ := l.b.OpenICMP(false)
		defer c.Close()
		c.SetPMTU(PMTUDo)
		m := make([]byte, 1480)
		m[0] = icmpEcho
		s := ^sum(0, m)
		m[2], m[3] = byte(s>>8), byte(s)
		must0(t, c.Send(ip("172.17.0.2"), m))
		p, err := c.Recv(time.Second)
		if err != nil || p.From != ip("10.0.0.11") || p.Data[0] != 3 || p.Data[1] != 4 || int(p.Data[6])<<8|int(p.Data[7]) != 1400 {
			t.Fatalf("%+v %v", p, err)
		}
		if err := c.Send(ip("172.17.0.2"), m); err != ErrMsgSize {
			t.Fatalf("the second time: %v", err)
		}
		r, err := l.b.RouteGet(ip("172.17.0.2"), netip.Addr{})
		if err != nil || r.MTU != 1400 || r.Via != ip("10.0.0.11") || r.Src != ip("10.0.0.12") {
			t.Fatalf("route %+v %v", r, err)
		}
	})
	l.transfer(t, l.b, l.boxes[0], ap("172.17.0.2:80"), 1<<20)
}

func TestTCPFindsThePathMTU(t *testing.T) {
	l := routed(t, 1, Options{})
	defer l.close()
	l.boxes[0].Interface("eth0").SetMTU(9000) // offers an MSS that the way does not carry
	l.a.Interface("docker0").SetMTU(1300)
	l.transfer(t, l.b, l.boxes[0], ap("172.17.0.2:80"), 1<<20)
}

func TestTTLExceededAndSysctls(t *testing.T) {
	l := routed(t, 1, Options{})
	defer l.close()
	l.do(t, func() {
		c, _ := l.b.OpenICMP(false)
		c.SetTTL(1)
		m := []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}
		must0(t, c.Send(ip("172.17.0.2"), m))
		p, err := c.Recv(time.Second)
		if err != nil || p.From != ip("10.0.0.11") || p.Data[0] != 11 {
			t.Fatalf("%+v %v", p, err)
		}
		c.Close()
		must0(t, l.boxes[0].SetSysctl("net.ipv4.ip_default_ttl", "128"))
		r, err := ping(l.b, ip("172.17.0.2"), time.Second)
		if err != nil || r.TTL != 127 {
			t.Fatalf("TTL %d %v", r.TTL, err)
		}
		must0(t, l.boxes[0].SetSysctl("net.ipv4.icmp_echo_ignore_all", "1"))
		if _, err := ping(l.b, ip("172.17.0.2"), time.Second); err != ErrTimeout {
			t.Fatalf("ignored echo: %v", err)
		}
	})
	if v, ok := l.a.Sysctl("net.ipv4.conf.docker0.forwarding"); v != "1" || !ok {
		t.Fatalf("forwarding of docker0 is %s", v)
	}
	if v, _ := l.boxes[0].Sysctl("net.ipv4.conf.eth0.forwarding"); v != "0" {
		t.Fatalf("forwarding in the container is %s", v)
	}
	if err := l.a.SetSysctl("net.ipv4.no_such_thing", "1"); err != ErrNoEntry {
		t.Fatalf("unknown key: %v", err)
	}
	if n := len(l.boxes[0].Sysctls()); n != 708 {
		t.Fatalf("%d keys in a container, the capture has 708", n)
	}
}

func TestNeighbourGoesStaleAndIsProbed(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	state := func() NeighbourState { return l.boxes[0].Neighbours()[0].State }
	l.do(t, func() { ping(l.boxes[0], ip("172.17.0.3"), time.Second) })
	if state() != NeighReachable {
		t.Fatal(state())
	}
	l.loop.RunFor(50 * time.Second)
	if state() != NeighStale {
		t.Fatal(state())
	}
	l.do(t, func() { ping(l.boxes[0], ip("172.17.0.3"), time.Second) })
	if state() != NeighDelay {
		t.Fatal(state())
	}
	l.loop.RunFor(6 * time.Second)
	if state() != NeighReachable {
		t.Fatal(state())
	}
	l.loop.RunFor(50 * time.Second)
	l.boxes[1].Interface("eth0").SetUp(false)
	l.do(t, func() { ping(l.boxes[0], ip("172.17.0.3"), time.Second) })
	l.loop.RunFor(10 * time.Second)
	if state() != NeighFailed {
		t.Fatal(state())
	}
}

func TestEveryDropHasAReasonAndAPlace(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	got := map[string]int{}
	trail.Of(l.loop).Listen(func(e *trail.Event) {
		if e.Verb == trail.Drop {
			got[e.Place.String()+" "+e.Why()]++
			if e.Why() == "" {
				t.Errorf("a drop without a reason at %s", e.Place)
			}
		}
	})
	must0(t, l.b.AddRoute(Route{Dst: pfx("172.17.0.0/16"), Via: ip("10.0.0.11")}))
	l.do(t, func() {
		ping(l.b, ip("172.17.0.2"), time.Second)
		ping(l.boxes[0], ip("172.17.0.9"), 5*time.Second)
	})
	if got["bdc01/eth0 forwarding-disabled"] != 1 || got["bdc01/box1/eth0 host-unreachable"] != 1 {
		t.Fatalf("drops %v", got)
	}
}

func TestBroadcastReachesEverySocketOnce(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	l.do(t, func() {
		var conns []*UDPConn
		for _, ns := range l.boxes {
			c, err := ns.ListenUDP(ap("0.0.0.0:67"))
			must0(t, err)
			conns = append(conns, c)
		}
		for _, to := range []string{"172.17.255.255:67", "255.255.255.255:67"} {
			must0(t, conns[0].WriteTo([]byte("who"), ap(to)))
			for i, c := range conns {
				n := 0
				for b := make([]byte, 10); ; n++ {
					if _, from, err := c.ReadFrom(b, time.Second); err != nil {
						break
					} else if from.Addr() != ip("172.17.0.2") {
						t.Errorf("%s: from %v", to, from)
					}
				}
				if n != 1 {
					t.Errorf("%s reached container %d %d times", to, i+1, n)
				}
			}
		}
		if _, err := ping(l.a, ip("172.17.255.255"), time.Second); err != ErrAccess {
			t.Errorf("broadcast ping without permission: %v", err)
		}
	})
}

// The list of settings that act names keys that there are, each of which some
// package reads.
func TestSettingsThatActAreRead(t *testing.T) {
	var source strings.Builder
	for _, dir := range []string{".", "netfilter", "../userland"} {
		files, err := filepath.Glob(dir + "/*.go")
		must0(t, err)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			must0(t, err)
			source.Write(text)
		}
	}
	text, err := os.ReadFile("defaults/acting.txt")
	must0(t, err)
	l := newLab(t, 0, Options{})
	for line := range strings.Lines(string(text)) {
		pattern := strings.TrimSpace(line)
		if strings.HasPrefix(pattern, "#") {
			continue
		}
		key := strings.Replace(pattern, "*", "default", 1)
		_, ofHost := l.a.Sysctl(key)
		if leaf := pattern[strings.LastIndexByte(pattern, '.')+1:]; !ofHost || !strings.Contains(source.String(), leaf) || !SysctlActs(key) {
			t.Errorf("%s: there %v, acts %v, and no source may read %s", pattern, ofHost, SysctlActs(key), leaf)
		}
	}
	if SysctlActs("net.ipv4.tcp_sack") || !SysctlActs("net.ipv4.conf.eth0.rp_filter") {
		t.Error("tcp_sack acts, or rp_filter of an interface does not")
	}
}
