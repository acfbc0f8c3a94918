package stack

import (
	"testing"
	"time"
)

// A bridge has the lowest MTU of its ports until somebody gives it one
// (br_mtu_auto_adjust).
func TestBridgeHasTheLowestMTUOfItsPorts(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	br := l.a.Interface("docker0")
	check := func(what string, want int) {
		t.Helper()
		if br.MTU() != want {
			t.Errorf("%s: MTU %d, want %d", what, br.MTU(), want)
		}
	}
	check("two ports of 1500", 1500)
	must0(t, l.a.Interface("vbox1").SetMTU(1400))
	check("one of 1400", 1400)
	must0(t, l.a.Interface("vbox1").SetMaster(nil))
	check("without it", 1500)
	must0(t, br.SetMTU(1300))
	must0(t, l.a.Interface("vbox1").SetMaster(br))
	check("given 1300", 1300)
}

// What is larger than a port's MTU does not come out of it, and nobody is told;
// with br_netfilter it leaves in fragments, if it may be cut. Smaller packets
// and GSO segments pass.
func TestBridgeDropsWhatAPortCannotTake(t *testing.T) {
	for _, c := range []struct {
		filter string // net.bridge.bridge-nf-call-iptables
		size   int    // of the packet's ICMP message
		how    PMTU
		passes bool
	}{
		{"0", 1372, PMTUDo, true},
		{"0", 1385, PMTUDo, false}, // 1405, one more than a tag
		{"0", 1480, PMTUDo, false},
		{"0", 1480, PMTUDont, false},
		{"1", 1381, PMTUDo, false}, // 1401
		{"1", 1480, PMTUDo, false},
		{"1", 1480, PMTUDont, true},
	} {
		l := newLab(t, 2, Options{})
		must0(t, l.a.SetSysctl("net.bridge.bridge-nf-call-iptables", c.filter))
		l.a.Netfilter(false)
		must0(t, l.a.Interface("docker0").SetMTU(1400))
		must0(t, l.a.Interface("vbox1").SetMTU(1400))
		got := false
		l.do(t, func() {
			in, _ := l.boxes[0].OpenICMP(false)
			defer in.Close()
			out, _ := l.boxes[1].OpenICMP(false)
			defer out.Close()
			out.SetPMTU(c.how)
			m := make([]byte, c.size)
			m[0] = icmpEcho
			s := ^sum(0, m)
			m[2], m[3] = byte(s>>8), byte(s)
			must0(t, out.Send(ip("172.17.0.2"), m))
			p, err := in.Recv(time.Second)
			got = err == nil && len(p.Data) == c.size
			if p, err := out.Recv(time.Second); err == nil && p.Data[0] == icmpUnreachable {
				t.Errorf("%+v: the sender is told", c)
			}
		})
		if got != c.passes {
			t.Errorf("%+v: came out of the port: %v", c, got)
		}
		l.close()
	}
}

// A bridge that is set down forwards nothing between its ports, and does again
// when it is set up (br_stp_disable_bridge).
func TestABridgeThatIsDownForwardsNothing(t *testing.T) {
	l := newLab(t, 2, Options{})
	defer l.close()
	br := l.a.Interface("docker0")
	answered := func() (ok bool) {
		l.do(t, func() {
			_, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second)
			ok = err == nil
		})
		return ok
	}
	if !answered() {
		t.Fatal("two boxes on a bridge do not hear each other")
	}
	must0(t, br.SetUp(false))
	if answered() {
		t.Error("a bridge that is down forwards")
	}
	must0(t, br.SetUp(true))
	if !answered() {
		t.Error("a bridge that is up again does not forward")
	}
}
