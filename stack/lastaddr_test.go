package stack

import "testing"

// The routes by an interface, static ones too, and its neighbours go with its
// last IPv4 address, and only with that (fib_disable_ip).
func TestTheLastIPv4AddressTakesTheRoutesAlong(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	eth0 := l.a.Interface("eth0")
	must0(t, eth0.AddAddr(pfx("fd00::1/64"), AddrOptions{}))
	must0(t, eth0.AddAddr(pfx("10.1.0.1/24"), AddrOptions{}))
	must0(t, l.a.AddRoute(Route{Dst: pfx("0.0.0.0/0"), Via: ip("10.0.0.2")}))
	must0(t, l.a.AddRoute(Route{Dst: pfx("10.9.0.0/16"), Via: ip("10.0.0.12"), Table: 100}))
	by := func() (v4, v6 int) {
		for _, r := range l.a.Routes(0) {
			switch {
			case r.Dev != "eth0":
			case r.Dst.Addr().Is4():
				v4++
			default:
				v6++
			}
		}
		return v4, v6
	}
	must0(t, eth0.DelAddr(pfx("10.0.0.11/24")))
	if len(l.a.Routes(100)) != 1 {
		t.Errorf("with another address left, the static route is gone")
	}
	must0(t, eth0.DelAddr(pfx("10.1.0.1/24")))
	if v4, v6 := by(); v4 != 0 || v6 == 0 {
		t.Errorf("%d IPv4 and %d IPv6 routes are left, want 0 and some", v4, v6)
	}
}
