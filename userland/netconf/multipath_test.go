package netconf

import (
	"net/netip"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

func TestARouteWithSeveralNextHops(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip route add 172.20.0.0/16 nexthop via 10.0.0.12 nexthop via 10.0.0.13 dev eth0 weight 3", 0, "")
	b.expect(b.host, "ip route show 172.20.0.0/16", 0, "172.20.0.0/16 \n\tnexthop via 10.0.0.12 dev eth0 weight 1 \n\tnexthop via 10.0.0.13 dev eth0 weight 3 \n")
	b.expect(b.host, "ip -j route show 172.20.0.0/16", 0, `[{"dst":"172.20.0.0/16","nexthops":[{"gateway":"10.0.0.12","dev":"eth0","weight":1,"flags":[]},`+
		`{"gateway":"10.0.0.13","dev":"eth0","weight":3,"flags":[]}],"flags":[]}]`+"\n")
	b.expect(b.host, "ip route add 172.20.0.0/16 via 10.0.0.12", 2, "RTNETLINK answers: File exists\n")
	b.expect(b.host, "ip route add 172.21.0.0/16 nexthop via 10.0.0.12 nexthop via 10.9.9.9", 2, "Error: Nexthop has invalid gateway.\n")
	b.expect(b.host, "ip route replace 172.20.0.0/16 proto static nexthop via 10.0.0.12 nexthop dev docker0", 0, "")
	b.expect(b.host, "ip route del 172.20.0.0/16 nexthop via 10.0.0.13", 2, "RTNETLINK answers: No such process\n")
	b.expect(b.host, "ip route del 172.20.0.0/16", 0, "")
	b.expect(b.host, "ip route show 172.20.0.0/16", 0, "")
}

// What ip knows and dnetsim does not do is an error that says so, and changes
// nothing.
func TestWhatIPDoesNotSimulateIsRefused(t *testing.T) {
	b := newHost(t)
	before, _ := b.run(b.host, "ip -d addr")
	for line, what := range map[string]string{
		"ip tunnel add g mode gre remote 10.0.0.12": "ip tunnel", "ip tuntap add t mode tap": "ip tuntap", "ip nexthop add id 1 via 10.0.0.12": "ip nexthop",
		"ip link add g type gre remote 10.0.0.12": "interfaces of type gre", "ip link add b type bond": "interfaces of type bond",
		"ip link add b type bridge vlan_filtering 1": `"vlan_filtering" other than 0`, "ip link add b index 77 type dummy": `"index" of a new link`,
		"ip link set eth0 alias up": `"alias" of a link`, "ip link set eth0 arp off": `"arp" other than on`,
		"ip route add 10.7.0.0/16 via 10.0.0.12 initcwnd 10": `"initcwnd" of a route`, "ip route add 10.7.0.0/16 via 10.0.0.12 tos 4": `"tos" of a route`,
		"ip addr add 10.7.0.1/24 peer 10.7.0.2 dev eth0":                  `"peer" of an address`,
		"ip link add v type vxlan id 1 remote fd00::1 dstport 4789":       "VXLAN over IPv6",
		"ip link add v type vxlan id 1 remote 10.0.0.12 dstport 1 df set": `"df" other than unset`,
		"ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 router":  `"router" of a neighbour`,
		"bridge link set dev eth0 cost 5":                                 `"cost" of a bridge's port`,
	} {
		out, status := b.run(b.host, line)
		if want := "dnetsim does not simulate " + what + "\n"; out != want || status != 1 {
			t.Errorf("%s: %d %q, want 1 %q", line, status, out, want)
		}
	}
	b.expect(b.host, "ip -d addr", 0, before)
	b.expect(b.host, "ip link add d0 up type dummy", 0, "")
	if !b.host.NS().Interface("d0").Up() {
		t.Error("ip link add … up does not bring it up")
	}
}

// What ICMP said of a path is shown for as long as it is believed.
func TestTheLearnedPathMTUIsShown(t *testing.T) {
	b := newBox(t, Host())
	const way = "8.8.8.8 via 172.17.0.1 dev eth0 "
	b.expect(b.box, "ip route get 8.8.8.8", 0, way+"src 172.17.0.2 uid 0 \n    cache \n")
	check(t, b.host.NS().SetSysctl("net.ipv4.ip_forward", "1"))
	check(t, b.host.NS().Interface("eth0").SetMTU(1400))
	p := b.loop.Go("ping", func(*sim.Proc) {
		c, err := b.box.NS().OpenICMP(false)
		check(t, err)
		defer c.Close()
		c.SetPMTU(stack.PMTUDo)
		check(t, c.Send(netip.MustParseAddr("8.8.8.8"), append([]byte{8, 0, 0xf7, 0xff}, make([]byte, 1476)...)))
		c.Recv(time.Second)
	})
	check(t, b.loop.Run(p.Done, 0))
	b.loop.RunFor(10 * time.Millisecond)
	b.expect(b.box, "ip route get 8.8.8.8", 0, way+"src 172.17.0.2 uid 0 \n    cache expires 599sec mtu 1400 \n")
	b.expect(b.box, "ip route show cache", 0, way+"\n    cache expires 599sec mtu 1400 \n")
	b.expect(b.box, "ip route flush cache", 0, "")
	b.expect(b.box, "ip route show cache", 0, "")
	b.expect(b.box, "ip route get 8.8.8.8", 0, way+"src 172.17.0.2 uid 0 \n    cache \n")
}
