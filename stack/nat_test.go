package stack

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack/netfilter"
)

// docker gives the first host the rules that matter of Docker's.
func docker(t testing.TB, l *lab) *netfilter.Rules {
	must0(t, l.a.SetSysctl("net.ipv4.ip_forward", "1"))
	r := l.a.Netfilter(false)
	for _, line := range []string{
		"-P FORWARD DROP",
		"-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
		"-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
		"-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
		"-A FORWARD -i docker0 -o docker0 -j ACCEPT",
		"-t nat -A PREROUTING -p tcp --dport 8080 -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2:80",
		"-A FORWARD -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT",
	} {
		must0(t, r.Exec(strings.Fields(line)...))
	}
	return r
}

func TestMasqueradeAndPublishedPort(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	r := docker(t, l)
	l.do(t, func() {
		p, err := ping(l.boxes[0], ip("10.0.0.12"), time.Second)
		if err != nil || p.TTL != 63 {
			t.Fatalf("out through NAT: %+v %v", p, err)
		}
		if p, err := ping(l.boxes[0], ip("10.0.0.77"), 5*time.Second); err != ErrHostUnreachable || p.From != ip("10.0.0.11") {
			t.Fatalf("nobody there: %+v %v", p, err)
		}
		must0(t, l.b.AddRoute(Route{Dst: pfx("172.17.0.0/16"), Via: ip("10.0.0.11")}))
		if _, err := ping(l.b, ip("172.17.0.2"), time.Second); err != ErrTimeout {
			t.Fatalf("policy DROP: %v", err)
		}
		if _, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second); err != nil {
			t.Fatalf("across the bridge: %v", err)
		}
	})
	var from netip.AddrPort
	ln, err := l.boxes[0].ListenTCP(ap("[::]:80"))
	must0(t, err)
	l.loop.Go("server", func(*sim.Proc) {
		if c, err := ln.Accept(); err == nil {
			from = c.RemoteAddr()
			c.Write([]byte("hello"))
			c.Close()
		}
	})
	l.do(t, func() {
		c, err := l.b.DialTCP(netip.AddrPort{}, ap("10.0.0.11:8080"), 5*time.Second)
		must0(t, err)
		b := make([]byte, 10)
		n, err := c.Read(b)
		if string(b[:n]) != "hello" || err != nil {
			t.Fatalf("%q %v", b[:n], err)
		}
		c.Close()
	})
	if from.Addr() != ip("10.0.0.12") {
		t.Fatalf("the container sees %v", from)
	}
	if len(l.a.Conntrack()) == 0 {
		t.Fatal("no connection is tracked")
	}
	l.transferNAT(t)
	_ = r
}

// transferNAT is a bulk transfer through masquerading, whose checksums the cable
// makes visible.
func (l *lab) transferNAT(t *testing.T) {
	l.transfer(t, l.boxes[1], l.b, ap("10.0.0.12:81"), 1<<20)
}

func TestBridgedFramesPassTheForwardChain(t *testing.T) {
	for _, on := range []bool{true, false} {
		l := newLab(t, 2, Options{})
		r := docker(t, l)
		must0(t, r.Exec("-F", "FORWARD"))
		if !on {
			must0(t, l.a.SetSysctl("net.bridge.bridge-nf-call-iptables", "0"))
		}
		l.do(t, func() {
			_, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second)
			if on && err != ErrTimeout || !on && err != nil {
				t.Fatalf("call-iptables %v: %v", on, err)
			}
			must0(t, r.Exec("-A", "FORWARD", "-i", "docker0", "-o", "docker0", "-j", "ACCEPT"))
			if _, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second); err != nil {
				t.Fatalf("accepted: %v", err)
			}
			must0(t, r.Exec("-I", "FORWARD", "-p", "icmp", "-j", "REJECT", "--reject-with", "icmp-admin-prohibited"))
			if !on {
				return
			}
			p, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second)
			if err != ErrHostUnreachable || p.Data[1] != 13 {
				t.Fatalf("rejected: %+v %v", p, err)
			}
		})
		l.close()
	}
}

func TestLargePingThroughMasquerade(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	docker(t, l)
	l.do(t, func() {
		c, _ := l.boxes[0].OpenICMP(false)
		defer c.Close()
		m := make([]byte, 4008)
		m[0], m[5] = icmpEcho, 7
		s := ^sum(0, m)
		m[2], m[3] = byte(s>>8), byte(s)
		must0(t, c.Send(ip("10.0.0.12"), m))
		p, err := c.Recv(time.Second)
		if err != nil || len(p.Data) != 4008 {
			t.Fatalf("%d bytes, %v", len(p.Data), err)
		}
	})
}

func TestOutputRulesRefuseWithAnError(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	must0(t, l.a.Netfilter(false).Exec("-A", "OUTPUT", "-d", "10.0.0.12", "-j", "DROP"))
	l.do(t, func() {
		if _, err := ping(l.a, ip("10.0.0.12"), time.Second); err != ErrNotPermitted {
			t.Fatalf("got %v", err)
		}
		must0(t, l.a.Netfilter(false).Exec("-t", "nat", "-A", "OUTPUT", "-d", "10.9.9.9", "-j", "DNAT", "--to-destination", "127.0.0.1"))
		if _, err := ping(l.a, ip("127.0.0.1"), time.Second); err != nil {
			t.Fatalf("loopback: %v", err)
		}
	})
}

func TestUDPSenderLearnsThatNetfilterRefuses(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	must0(t, l.a.Netfilter(false).Exec("-A", "OUTPUT", "-p", "udp", "-j", "DROP"))
	c, err := l.a.ListenUDP(ap("0.0.0.0:0"))
	must0(t, err)
	if err := c.WriteTo([]byte("x"), ap("10.0.0.12:53")); err != ErrNotPermitted {
		t.Fatalf("got %v", err)
	}
}

func TestContainerReachesItsOwnPublishedPort(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	r := docker(t, l)
	must0(t, r.Exec(strings.Fields("-t nat -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp --dport 80 -j MASQUERADE")...))
	ln, err := l.boxes[0].ListenTCP(ap("[::]:80"))
	must0(t, err)
	defer ln.Close()
	l.do(t, func() {
		for _, from := range l.boxes {
			c, err := from.DialTCP(netip.AddrPort{}, ap("10.0.0.11:8080"), 5*time.Second)
			if err != nil {
				t.Fatalf("%s: %v", from.Name(), err)
			}
			c.Close()
		}
	})
}
