package stack

import (
	"fmt"
	"net/netip"
	"testing"

	"dnetsim/link"
)

// Flows go by both next hops of a route, each flow always by the same, in
// proportion to the weights; a hop whose interface is down gets none, and the
// route stays until the last is gone.
func TestSeveralNextHopsShareTheFlows(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	must0(t, l.a.AddRoute(Route{Dst: pfx("172.20.0.0/16"), Hops: []NextHop{{Via: ip("10.0.0.12"), Weight: 3}, {Via: ip("172.17.0.2")}}}))
	shared := func() string {
		n := map[string]int{}
		for k := range 200 {
			dst := netip.AddrFrom4([4]byte{172, 20, 1, byte(k)})
			r, err := l.a.RouteGet(dst, netip.Addr{})
			if again, _ := l.a.RouteGet(dst, netip.Addr{}); again.Via != r.Via {
				t.Errorf("%s goes two ways", dst)
			}
			if err != nil {
				return err.Error()
			}
			n[r.Dev]++
		}
		if n["eth0"] > 120 && n["docker0"] > 25 {
			return "both"
		}
		return fmt.Sprint(n)
	}
	for _, c := range []struct {
		what string
		do   func() error
		want string
	}{
		{"both up", func() error { return nil }, "both"},
		{"docker0 down", func() error { return l.a.Interface("docker0").SetUp(false) }, "map[eth0:200]"},
		{"up again", func() error { return l.a.Interface("docker0").SetUp(true) }, "both"},
		{"no address on eth0", func() error { return l.a.Interface("eth0").DelAddr(pfx("10.0.0.11/24")) }, "map[docker0:200]"},
		{"and docker0 down", func() error { return l.a.Interface("docker0").SetUp(false) }, ErrNetUnreachable.Error()},
	} {
		must0(t, c.do())
		if got := shared(); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	for _, r := range l.a.Routes(TableMain) {
		if r.Dst.Addr().Is4() {
			t.Errorf("the route to %s is left", r.Dst)
		}
	}
}

// An interface that goes away takes a route with it that has a way by it.
func TestADeletedInterfaceTakesRoutesByItAlong(t *testing.T) {
	l := newLab(t, 1, Options{})
	defer l.close()
	both := Route{Dst: pfx("172.20.0.0/16"), Hops: []NextHop{{Via: ip("10.0.0.12")}, {Via: ip("172.17.0.2")}}}
	must0(t, l.a.AddRoute(both))
	if err := l.a.DelRoute(Route{Dst: both.Dst, Hops: both.Hops[:1]}); err != ErrNoProcess {
		t.Errorf("a route with other hops is deleted: %v", err)
	}
	must0(t, l.a.Interface("docker0").Delete())
	for _, r := range l.a.Routes(TableMain) {
		if len(r.Hops) > 0 {
			t.Errorf("%v is left", r)
		}
	}
}

// A VXLAN device with a multicast group needs no list of peers: what it knows no
// far end for goes to the group, with a TTL of 1, and it learns who answers.
func TestVXLANFloodsToItsGroup(t *testing.T) {
	l := newOnLAN(t, 3)
	ttl := ""
	l.lan.Ports()[0].Observe(func(_ link.Direction, f *link.Frame) {
		if d := f.Payload(); f.EtherType() == link.TypeIPv4 && d[16] == 239 {
			ttl = fmt.Sprintf("%s ttl %d", f.Dst(), d[8])
		}
	})
	for h, ns := range l.hosts {
		vx, err := ns.AddVXLAN("vx0", MAC{}, VXLANOptions{VNI: 100, Learning: true, Remote: ip("239.1.1.1"), Device: ns.Interface("eth0")})
		must0(t, err)
		must0(t, vx.AddAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, 0, byte(h + 1)}), 24), AddrOptions{}))
		must0(t, vx.SetUp(true))
	}
	expectPing(t, l.hosts[0], "10.77.0.2", true)
	expectPing(t, l.hosts[2], "10.77.0.2", true)
	if want := "01:00:5e:01:01:01 ttl 1"; ttl != want {
		t.Errorf("to the group goes %q, want %q", ttl, want)
	}
	if got := Groups(l.hosts[0].Interface("eth0")); len(got) != 1 || got[0] != ip("239.1.1.1") {
		t.Errorf("eth0's groups: %v", got)
	}
	must0(t, l.hosts[0].Interface("vx0").SetUp(false))
	if got := Groups(l.hosts[0].Interface("eth0")); len(got) != 0 {
		t.Errorf("eth0's groups without the tunnel: %v", got)
	}
}
