package netconf

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// newOverlay is bdc01 with the namespace of an overlay network, made as Docker
// makes it and with the addresses of a capture.
func newOverlay(t *testing.T) *bench {
	t.Helper()
	loop := sim.NewLoop(1)
	host := stack.New(loop, "bdc01", stack.Options{Host: true})
	wire := link.NewWire(loop, "lan")
	eth0, err := host.AddPhysical("eth0", mustMAC(t, "00:0c:29:ab:00:11"), wire.A())
	check(t, err)
	check(t, eth0.AddAddr(netip.MustParsePrefix("10.0.0.11/24"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, eth0.SetUp(true))
	for host.Interface("d2") == nil { // indexes as in the capture
		_, err := host.AddDummy("d"+string(rune('0'+len(host.Interfaces())-2)), link.MAC{})
		check(t, err)
	}
	ns := stack.New(loop, "bdc01/1-687336e3bb", stack.Options{})
	br, err := ns.AddBridge("br0", link.MAC{})
	check(t, err)
	check(t, br.SetMTU(1450))
	check(t, br.AddAddr(netip.MustParsePrefix("172.16.0.254/24"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, br.SetUp(true))
	vxlan, err := host.AddVXLAN("vx-000100-68733", mustMAC(t, "5a:3a:a2:06:fa:07"),
		stack.VXLANOptions{VNI: 256, Learning: true, Proxy: true, L2Miss: true, L3Miss: true})
	check(t, err)
	check(t, vxlan.MoveTo(ns, "vxlan0"))
	box := stack.New(loop, "bdc01/bbox1", stack.Options{})
	veth, inner, err := stack.NewVeth(host, "veth0", mustMAC(t, "da:ab:d2:65:63:85"), host, "veth1", mustMAC(t, "02:42:ac:10:00:01"))
	check(t, err)
	check(t, veth.MoveTo(ns, "veth0"))
	check(t, inner.MoveTo(box, "eth0"))
	for _, i := range []*stack.Interface{vxlan, veth, inner} {
		check(t, i.SetMTU(1450))
	}
	for _, i := range []*stack.Interface{vxlan, veth} {
		check(t, i.SetMaster(br))
		check(t, i.SetUp(true))
	}
	check(t, inner.AddAddr(netip.MustParsePrefix("172.16.0.1/24"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, inner.SetUp(true))
	b := &bench{t: t, loop: loop}
	b.host = userland.NewMachine(loop, "bdc01", host)
	b.host.Install(Host())
	b.host.Netns = func(ref string) (*stack.Namespace, bool) {
		return ns, ref == "/var/run/docker/netns/1-687336e3bb"
	}
	b.loop.RunFor(5 * time.Second)
	return b
}

const inOverlay = "nsenter --net=/var/run/docker/netns/1-687336e3bb "

func TestOverlayNamespaceShowsAsCaptured(t *testing.T) {
	b := newOverlay(t)
	for _, line := range []string{
		"bridge fdb add 02:42:ac:10:00:02 dev vxlan0 dst 10.0.0.12",
		"bridge fdb add 02:42:ac:10:00:01 dev vxlan0 dst 10.0.0.11",
		"ip neigh replace 172.16.0.2 lladdr 02:42:ac:10:00:02 dev vxlan0 nud permanent",
		"ip neigh add 172.16.0.1 lladdr 02:42:ac:10:00:01 dev vxlan0",
	} {
		b.expect(b.host, inOverlay+line, 0, "")
	}
	b.expect(b.host, inOverlay+"ip addr", 0, `
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000|
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00|
    inet 127.0.0.1/8 scope host lo|
       valid_lft forever preferred_lft forever|
2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP group default |
    link/ether 5a:3a:a2:06:fa:07 brd ff:ff:ff:ff:ff:ff|
    inet 172.16.0.254/24 brd 172.16.0.255 scope global br0|
       valid_lft forever preferred_lft forever|
6: vxlan0@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue master br0 state UNKNOWN group default |
    link/ether 5a:3a:a2:06:fa:07 brd ff:ff:ff:ff:ff:ff link-netnsid 0|
8: veth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue master br0 state UP group default |
    link/ether da:ab:d2:65:63:85 brd ff:ff:ff:ff:ff:ff link-netnsid 1|
`)
	b.expect(b.host, inOverlay+"bridge -d link", 0, `
6: vxlan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 master br0 state forwarding priority 32 cost 100 |
    hairpin off guard off root_block off fastleave off learning on flood on mcast_flood on bcast_flood on mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated off locked off |
8: veth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 master br0 state forwarding priority 32 cost 2 |
    hairpin off guard off root_block off fastleave off learning on flood on mcast_flood on bcast_flood on mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated off locked off |
`)
	b.expect(b.host, inOverlay+"bridge fdb show", 0, `
33:33:00:00:00:01 dev br0 self permanent|
01:00:5e:00:00:6a dev br0 self permanent|
33:33:00:00:00:6a dev br0 self permanent|
01:00:5e:00:00:01 dev br0 self permanent|
5a:3a:a2:06:fa:07 dev vxlan0 master br0 permanent|
02:42:ac:10:00:01 dev vxlan0 dst 10.0.0.11 link-netnsid 0 self permanent|
02:42:ac:10:00:02 dev vxlan0 dst 10.0.0.12 link-netnsid 0 self permanent|
da:ab:d2:65:63:85 dev veth0 master br0 permanent|
33:33:00:00:00:01 dev veth0 self permanent|
01:00:5e:00:00:01 dev veth0 self permanent|
`)
	b.expect(b.host, inOverlay+"ip neigh show", 0, `
172.16.0.2 dev vxlan0 lladdr 02:42:ac:10:00:02 PERMANENT |
172.16.0.1 dev vxlan0 lladdr 02:42:ac:10:00:01 PERMANENT |
`)
	b.expect(b.host, inOverlay+"ip -s link show type vxlan", 0, `
6: vxlan0@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue master br0 state UNKNOWN mode DEFAULT group default |
    link/ether 5a:3a:a2:06:fa:07 brd ff:ff:ff:ff:ff:ff link-netnsid 0|
    RX:  bytes packets errors dropped  missed   mcast           |
             0       0      0       0       0       0 |
    TX:  bytes packets errors dropped carrier collsns           |
             0       0      0       0       0       0 |
`) // the capture has one drop: the report of br0's group, which bridges here do not send
	b.expect(b.host, inOverlay+"ip route", 0, "172.16.0.0/24 dev br0 proto kernel scope link src 172.16.0.254 \n")
	b.loop.RunFor(16 * time.Second)
	b.expect(b.host, inOverlay+"ip -d link show vxlan0", 0, `
6: vxlan0@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue master br0 state UNKNOWN mode DEFAULT group default |
    link/ether 5a:3a:a2:06:fa:07 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 1  allmulti 1 minmtu 68 maxmtu 65535 |
    vxlan id 256 srcport 0 0 dstport 4789 proxy l2miss l3miss ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx |
    bridge_slave state forwarding priority 32 cost 100 hairpin off guard off root_block off fastleave off learning on flood on port_id 0x8001 port_no 0x1 designated_port 32769 designated_cost 0 designated_bridge 8000.5a:3a:a2:6:fa:7 designated_root 8000.5a:3a:a2:6:fa:7 hold_timer    0.00 message_age_timer    0.00 forward_delay_timer    0.00 topology_change_ack 0 config_pending 0 proxy_arp off proxy_arp_wifi off mcast_router 1 mcast_fast_leave off mcast_flood on bcast_flood on mcast_to_unicast off neigh_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated off locked off addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 65536 tso_max_segs 65535 gro_max_size 65536 |
`)
	veth, _ := b.run(b.host, inOverlay+"ip -d link show veth0")
	if want := "link-netnsid 1 promiscuity 1  allmulti 1 minmtu 68 maxmtu 65535 \n    veth \n    bridge_slave state forwarding priority 32 cost 2 "; !strings.Contains(veth, want) {
		t.Errorf("veth0:\n%swant %q", veth, want)
	}
}

// What the tools of a 6.18 kernel's host answered.
func TestTunnelTableIsEditedAsTheKernelDoes(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip link add vx0 type vxlan id 42 dstport 4789 proxy l2miss l3miss", 0, "")
	for _, c := range []struct {
		line   string
		status int
		want   string
	}{
		{"add 02:00:00:00:00:01 dev vx0 dst 10.0.0.7", 0, ""},
		{"add 02:00:00:00:00:01 dev vx0 dst 10.0.0.8", 255, "RTNETLINK answers: File exists\n"},
		{"append 02:00:00:00:00:01 dev vx0 dst 10.0.0.8", 0, ""},
		{"append 00:00:00:00:00:00 dev vx0 dst 10.0.0.8", 0, ""},
		{"append 00:00:00:00:00:00 dev vx0 dst 10.0.0.9", 0, ""},
		{"append 00:00:00:00:00:00 dev vx0 dst 10.0.0.9", 0, ""},
		{"replace 00:00:00:00:00:00 dev vx0 dst 10.0.0.9", 255, "Error: Cannot replace non-unicast fdb entries.\n"},
		{"replace 02:00:00:00:00:01 dev vx0 dst 10.0.0.8 vni 77 port 8472 dynamic", 0, ""},
		{"add 02:00:00:00:00:02 dev vx0 dst 10.0.0.8 static", 0, ""},
		{"add 02:00:00:00:00:03 dev vx0", 255, "RTNETLINK answers: Invalid argument\n"},
		{"add 02:00:00:00:00:03 dev vx0 dst foo", 1, "Error: any valid address is expected rather than \"foo\".\n"},
		{"add 02:00:00:00:00:03 dev vx0 dst 10.0.0.3 master", 255, "RTNETLINK answers: Operation not supported\n"},
		{"add 02:00:00:00:00:03 dev nosuch dst 10.0.0.3", 255, "Cannot find device \"nosuch\"\n"},
		{"del 02:00:00:00:00:09 dev vx0", 255, "RTNETLINK answers: No such file or directory\n"},
		{"show dev vx0", 0, "02:00:00:00:00:02 dst 10.0.0.8 self static\n00:00:00:00:00:00 dst 10.0.0.8 self permanent\n" +
			"00:00:00:00:00:00 dst 10.0.0.9 self permanent\n02:00:00:00:00:01 dst 10.0.0.8 port 8472 vni 77 self \n"},
		{"get 02:00:00:00:00:01 dev vx0", 254, "Error: Device is not a bridge port.\n"},
		{"get 02:00:00:00:00:01 dev vx0 self", 0, "02:00:00:00:00:01 dev vx0 dst 10.0.0.8 port 8472 vni 77 self \n"},
		{"del 02:00:00:00:00:02 dev vx0 dst 10.0.0.77", 0, ""},
		{"del 02:00:00:00:00:02 dev vx0", 0, ""},
		{"del 00:00:00:00:00:00 dev vx0 dst 10.0.0.8", 0, ""},
		{"show dev vx0", 0, "00:00:00:00:00:00 dst 10.0.0.9 self permanent\n02:00:00:00:00:01 dst 10.0.0.8 port 8472 vni 77 self \n"},
	} {
		b.expect(b.host, "bridge fdb "+c.line, c.status, c.want)
	}
	b.expect(b.host, "bridge -j fdb show dev vx0", 0, `[{"mac":"00:00:00:00:00:00","dst":"10.0.0.9","flags":["self"],"state":"permanent"},`+
		`{"mac":"02:00:00:00:00:01","dst":"10.0.0.8","port":8472,"vni":77,"flags":["self"],"state":""}]`+"\n")
	if n := b.host.NS().Interface("vx0").VXLAN().FDB(); len(n) != 2 {
		t.Errorf("%+v", n)
	}
}

func TestStackedLinksAreMadeAndRefusedAsIproute2Does(t *testing.T) {
	b := newHost(t)
	const defaultPort = "vxlan: destination port not specified\nWill use Linux kernel default (non-standard value)\n" +
		"Use 'dstport 4789' to get the IANA assigned value\nUse 'dstport 0' to get default and quiet this message\n"
	for _, c := range []struct {
		line   string
		status int
		want   string
	}{
		{"vx0 type vxlan id 42 dstport 4789", 0, ""},
		{"vx1 type vxlan id 43 dev eth0 remote 10.0.0.12 local 10.0.0.11 dstport 4789 nolearning ttl 5 ageing 100 noudpcsum", 0, ""},
		{"vx2 type vxlan", 2, "Error: Required attributes not provided to perform the operation.\n"},
		{"vx2 type vxlan dstport 4789", 1, "vxlan: missing virtual network identifier\n"},
		{"vx2 type vxlan id 99999999", 255, "Error: argument \"99999999\" is wrong: invalid id\n"},
		{"vx2 type vxlan id foo", 255, "Error: argument \"foo\" is wrong: invalid id\n"},
		{"vx2 type vxlan id 42 dstport 4789", 2, "Error: A VXLAN device with the specified VNI already exists.\n"},
		{"vx0 type vxlan id 44 dstport 4789", 2, "RTNETLINK answers: File exists\n"},
		{"vx2 type vxlan id 44", 0, defaultPort},
		{"vx3 type vxlan id 46 group 10.0.0.9 dstport 4789", 255, "Error: argument \"10.0.0.9\" is wrong: invalid group address\n"},
		{"vx3 type vxlan id 46 dstport 70000", 255, "Error: argument \"70000\" is wrong: dst port\n"},
		{"vx3 type vxlan id 46 bogus", 1, "vxlan: unknown command \"bogus\"?\n" + usage("ip-link-vxlan")},
		{"vx3 type vxlan id 46 dev nosuch", 255, "Cannot find device \"nosuch\"\n"},
		{"mv0 link eth0 type macvlan mode bridge", 0, ""},
		{"mv1 type macvlan mode bridge", 2, "RTNETLINK answers: Invalid argument\n"},
		{"mv1 link eth0 type macvlan mode foo", 1, "Error: argument of \"mode\" must be \"private\", \"vepa\", \"bridge\", \"passthru\" or \"source\", not \"foo\"\n"},
		{"mv1 link eth0 type macvlan", 0, ""},
		{"mv2 link eth0 type macvlan mode passthru", 2, "RTNETLINK answers: Invalid argument\n"},
		{"mv2 link eth0 type macvlan bogus", 1, "macvlan: unknown option \"bogus\"?\n" + usage("ip-link-macvlan")},
		{"iv0 link eth0 type ipvlan", 2, "RTNETLINK answers: Device or resource busy\n"},
		{"iv0 link eth0 type ipvlan mode foo", 1, "Error: argument of \"mode\" must be either \"l2\", \"l3\" or \"l3s\"\n"},
		{"link eth0 name eth0.10 type vlan id 10", 0, ""},
		{"link eth0 name eth0.11 type vlan id foo", 255, "Error: argument \"foo\" is wrong: id is invalid\n"},
		{"link nosuch name x type vlan id 11", 1, "Cannot find device \"nosuch\"\n"},
		{"link eth0.10 name iv0 type ipvlan mode l2", 0, ""},
	} {
		b.expect(b.host, "ip link add "+c.line, c.status, c.want)
	}
	const tail = "addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 \n"
	for dev, want := range map[string]string{
		"vx1":     "    vxlan id 43 remote 10.0.0.12 local 10.0.0.11 dev eth0 srcport 0 0 dstport 4789 nolearning ttl 5 ageing 100 noudpcsum noudp6zerocsumtx noudp6zerocsumrx " + tail,
		"mv0":     "    macvlan mode bridge bcqueuelen 1000 usedbcqueuelen 1000 " + tail,
		"mv1":     "    macvlan mode vepa bcqueuelen 1000 usedbcqueuelen 1000 " + tail,
		"eth0.10": "    vlan protocol 802.1Q id 10 <REORDER_HDR> " + tail,
		"iv0":     "    ipvlan  mode l2 bridge " + tail,
		"eth0":    "ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68",
	} {
		if got, _ := b.run(b.host, "ip -d link show "+dev); !strings.Contains(got, want) {
			t.Errorf("%s:\n%swant %q", dev, got, want)
		}
	}
	b.expect(b.host, "bridge fdb show dev vx1", 0, "00:00:00:00:00:00 dst 10.0.0.12 via eth0 self permanent\n")
	b.expect(b.host, "ip link set mv0 up", 0, "")
	if got, _ := b.run(b.host, "ip -d link show eth0"); !strings.Contains(got, "promiscuity 1  allmulti 0") {
		t.Errorf("under an active macvlan:\n%s", got)
	}
	if got, _ := b.run(b.host, "bridge fdb show dev eth0"); !strings.HasPrefix(got, b.host.NS().Interface("mv0").MAC().String()+" self permanent\n") {
		t.Errorf("under an active macvlan:\n%s", got)
	}
	if m := b.host.NS().Interface("vx1").MTU(); m != 1450 {
		t.Errorf("a tunnel over eth0 has an MTU of %d", m)
	}
}
