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
