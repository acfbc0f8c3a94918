package stack

import (
	"testing"
	"time"
)

// What is bound to a loopback address cannot send to another machine: EINVAL,
// unless route_localnet of the interface allows it (__mkroute_output).
func TestALoopbackAddressDoesNotLeave(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	try := func() (got [3]error) {
		l.do(t, func() {
			if c, err := l.a.ListenUDP(ap("127.0.0.1:0")); err == nil {
				got[0] = c.WriteTo([]byte("x"), ap("10.0.0.12:9"))
				c.Close()
			}
			_, got[1] = l.a.DialTCP(ap("127.0.0.1:0"), ap("10.0.0.12:9"), time.Second)
			_, got[2] = l.a.RouteGet(ip("10.0.0.12"), ip("127.0.0.1"))
		})
		return got
	}
	if got := try(); got != [3]error{ErrInvalid, ErrInvalid, ErrInvalid} {
		t.Errorf("a datagram, a connection, a route: %v, want EINVAL each", got)
	}
	must0(t, l.a.SetSysctl("net.ipv4.conf.eth0.route_localnet", "1"))
	if got := try(); got[0] != nil || got[2] != nil {
		t.Errorf("with route_localnet: %v", got)
	}
}

// All of a network that lo has is local and is in no other table: who chooses a free network
// by the main table does not see it (fib_add_ifaddr).
func TestANetworkOfTheLoopbackDeviceIsLocal(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	must0(t, l.a.Interface("lo").AddAddr(pfx("172.18.3.4/24"), AddrOptions{}))
	if !l.a.IsLocal(ip("172.18.3.99")) || l.a.IsLocal(ip("172.18.4.1")) {
		t.Error("172.18.3.0/24 is to be local, and nothing else")
	}
	for _, r := range l.a.Routes(TableMain) {
		if r.Dst == pfx("172.18.3.0/24") {
			t.Errorf("table main has %v", r.Dst)
		}
	}
}
