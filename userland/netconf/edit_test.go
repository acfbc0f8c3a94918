package netconf

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

func TestAddressComesAndGoesAgain(t *testing.T) {
	b := newHost(t)
	before, _ := b.run(b.host, "ip addr")
	routes, _ := b.run(b.host, "ip route show table all")
	b.expect(b.host, "ip addr add 192.168.7.1/24 brd + dev eth0", 0, "")
	b.expect(b.host, "ip -4 -o addr show to 192.168.0.0/16", 0,
		"2: eth0    inet 192.168.7.1/24 brd 192.168.7.255 scope global eth0\\       valid_lft forever preferred_lft forever\n")
	b.expect(b.host, "ip route show dev eth0 proto kernel", 0, "10.0.0.0/24 scope link src 10.0.0.11 \n192.168.7.0/24 scope link src 192.168.7.1 \n")
	b.expect(b.host, "ip addr add 192.168.7.1/24 dev eth0", 2, "Error: ipv4: Address already assigned.\n")
	b.expect(b.host, "ip addr del 192.168.7.1/24 dev eth0", 0, "")
	b.expect(b.host, "ip addr", 0, before)
	b.expect(b.host, "ip route show table all", 0, routes)
	b.expect(b.host, "ip addr del 192.168.7.1/24 dev eth0", 2, "Error: ipv4: Address not found.\n")
}

func TestIPComplainsInIproute2sWords(t *testing.T) {
	b := newHost(t)
	for _, c := range []struct {
		line   string
		status int
		want   string
	}{
		{"ip addr show dev nosuch", 1, "Device \"nosuch\" does not exist.\n"},
		{"ip link show nosuch", 1, "Device \"nosuch\" does not exist.\n"},
		{"ip link set nosuch up", 1, "Cannot find device \"nosuch\"\n"},
		{"ip link del nosuch", 1, "Cannot find device \"nosuch\"\n"},
		{"ip addr add 1.2.3.4/24 dev nosuch", 1, "Cannot find device \"nosuch\"\n"},
		{"ip addr add 1.2.3.4/24", 1, "Not enough information: \"dev\" argument is required.\n"},
		{"ip addr add 1.2.3.4/33 dev eth0", 1, "Error: any valid prefix is expected rather than \"1.2.3.4/33\".\n"},
		{"ip addr foo", 255, "Command \"foo\" is unknown, try \"ip address help\".\n"},
		{"ip foo", 1, "Object \"foo\" is unknown, try \"ip help\".\n"},
		{"ip -x", 255, "Option \"-x\" is unknown, try \"ip -help\".\n"},
		{"ip link set eth0 mtu 10", 2, "Error: mtu less than device minimum.\n"},
		{"ip link set eth0 mtu abc", 255, "Error: argument \"abc\" is wrong: Invalid \"mtu\" value\n\n"},
		{"ip link set eth0 foo", 255, "Error: either \"dev\" is duplicate, or \"foo\" is a garbage.\n"},
		{"ip link set eth0 name wan0", 2, "RTNETLINK answers: Device or resource busy\n"},
		{"ip link set eth0 address 02:00", 1, "Invalid address length 2 - must be 6 bytes\n"},
		{"ip link set eth0 master nosuch", 255, "Error: argument \"nosuch\" is wrong: Device does not exist\n\n"},
		{"ip link set eth0 netns nosuch", 255, "Error: argument \"nosuch\" is wrong: Invalid \"netns\" value\n\n"},
		{"ip link set eth0 netns 999999", 2, "RTNETLINK answers: No such process\n"},
		{"ip link del lo", 2, "RTNETLINK answers: Operation not supported\n"},
		{"ip link add x1 type nosuch", 2, "Error: Unknown device type.\n"},
		{"ip link add x1", 1, "Not enough information: \"type\" argument is required\n"},
		{"ip link add docker0 type bridge", 2, "RTNETLINK answers: File exists\n"},
		{"ip route add 10.2.0.0/16 via 11.9.0.3", 2, "Error: Nexthop has invalid gateway.\n"},
		{"ip route add 10.2.0.0/16", 2, "RTNETLINK answers: No such device\n"},
		{"ip route add 10.2.0.1/16 dev eth0", 2, "Error: Invalid prefix for given prefix length.\n"},
		{"ip route add default via 10.0.0.3", 2, "RTNETLINK answers: File exists\n"},
		{"ip route del 10.99.0.0/16", 2, "RTNETLINK answers: No such process\n"},
		{"ip route show table 55", 2, "Error: ipv4: FIB table does not exist.\nDump terminated\n"},
		{"ip route change 10.98.0.0/16 via 10.0.0.9", 2, "RTNETLINK answers: No such file or directory\n"},
		{"ip neigh add 10.0.0.4 dev eth0", 2, "Error: No link layer address given.\n"},
		{"ip neigh del 10.0.0.9 dev eth0", 2, "RTNETLINK answers: No such file or directory\n"},
		{"ip neigh flush", 1, "Flush requires arguments.\n"},
		{"ip netns exec bar ip link", 255, "Cannot open network namespace \"bar\": No such file or directory\n"},
		{"ip help", 255, usage("ip")},
		{"bridge fdb del 02:00:00:00:00:06 dev eth0", 255, "RTNETLINK answers: No such file or directory\n"},
		{"brctl addbr docker0", 1, "device docker0 already exists; can't create bridge with the same name\n"},
		{"brctl delbr docker0", 1, "bridge docker0 is still up; can't delete it\n"},
		{"brctl addif nosuch eth0", 1, "bridge nosuch does not exist!\n"},
		{"ifconfig nosuch", 1, "nosuch: error fetching interface information: Device not found\n"},
		{"ifconfig nosuch up", 255, "nosuch: ERROR while getting interface flags: No such device\n"},
		{"ifconfig eth0 mtu 10", 1, "SIOCSIFMTU: Invalid argument\n"},
		{"route add default gw 10.0.0.3", 7, "SIOCADDRT: File exists\n"},
		{"route add -net 10.88.0.0/16 gw 11.9.0.2", 7, "SIOCADDRT: Network is unreachable\n"},
		{"route del -net 10.77.0.0/16", 7, "SIOCDELRT: No such process\n"},
		{"ethtool -k nosuch", 1, ethtoolNoDevice},
		{"nsenter --net=/nosuch ip a", 1, "nsenter: cannot open /nosuch: No such file or directory\n"},
		{"nsenter -t 99999 -n ip a", 1, "nsenter: cannot open /proc/99999/ns/net: No such file or directory\n"},
	} {
		b.expect(b.host, c.line, c.status, c.want)
	}
}

func TestRouteRoundTrip(t *testing.T) {
	b := newHost(t)
	before, _ := b.run(b.host, "ip route")
	b.expect(b.host, "ip route add 10.3.0.0/16 via 10.0.0.3 metric 50", 0, "")
	b.expect(b.host, "route add -net 10.4.0.0 netmask 255.255.0.0 gw 10.0.0.4", 0, "")
	b.expect(b.host, "ip route add blackhole 10.5.0.0/16", 0, "")
	b.expect(b.host, "ip route", 0, `
default via 10.0.0.2 dev eth0 |
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 |
10.3.0.0/16 via 10.0.0.3 dev eth0 metric 50 |
10.4.0.0/16 via 10.0.0.4 dev eth0 |
blackhole 10.5.0.0/16 |
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown |
`)
	b.expect(b.host, "ip route replace 10.4.0.0/16 via 10.0.0.5", 0, "")
	b.expect(b.host, "ip route show match 10.4.1.1", 0, "default via 10.0.0.2 dev eth0 \n10.4.0.0/16 via 10.0.0.5 dev eth0 \n")
	b.expect(b.host, "ip route del 10.3.0.0/16", 0, "")
	b.expect(b.host, "route del -net 10.4.0.0/16", 0, "")
	b.expect(b.host, "ip route del blackhole 10.5.0.0/16", 0, "")
	b.expect(b.host, "ip route", 0, before)
}

func TestIfconfigForms(t *testing.T) {
	b := newBox(t, CentOS6())
	c := b.host.NS().Interface("eth0").Counters()
	b.expect(b.host, "ifconfig eth0", 0, fmt.Sprintf(`
eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500|
        inet 10.0.0.11  netmask 255.255.255.0  broadcast 10.0.0.255|
        inet6 fe80::20c:29ff:feab:11  prefixlen 64  scopeid 0x20<link>|
        ether 00:0c:29:ab:00:11  txqueuelen 1000  (Ethernet)|
        RX packets %d  bytes %d (%s)|
        RX errors 0  dropped 0  overruns 0  frame 0|
        TX packets %d  bytes %d (%s)|
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0|
|
`, c.RxPackets, c.RxBytes, humanBytes(c.RxBytes), c.TxPackets, c.TxBytes, humanBytes(c.TxBytes)))
	c = b.box.NS().Interface("eth0").Counters()
	b.expect(b.box, "ifconfig", 0, fmt.Sprintf(`
eth0      Link encap:Ethernet  HWaddr 02:42:AC:11:00:02  |
          inet addr:172.17.0.2  Bcast:172.17.255.255  Mask:255.255.0.0|
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1|
          RX packets:%d errors:0 dropped:0 overruns:0 frame:0|
          TX packets:%d errors:0 dropped:0 overruns:0 carrier:0|
          collisions:0 txqueuelen:0 |
          RX bytes:%d (%s)  TX bytes:%d (%s)|
|
lo        Link encap:Local Loopback  |
          inet addr:127.0.0.1  Mask:255.0.0.0|
          UP LOOPBACK RUNNING  MTU:65536  Metric:1|
          RX packets:0 errors:0 dropped:0 overruns:0 frame:0|
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0|
          collisions:0 txqueuelen:1000 |
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)|
|
`, c.RxPackets, c.TxPackets, c.RxBytes, humanBytes(c.RxBytes), c.TxBytes, humanBytes(c.TxBytes)))
}

func TestHumanBytesAsNetToolsRoundsThem(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0.0 B", 1002: "1002.0 B", 1042: "1.0 KiB", 3452: "3.3 KiB", 3071241: "2.9 MiB", 15434287: "14.7 MiB", 400815567: "382.2 MiB",
	} {
		if got := humanBytes(n); got != want {
			t.Errorf("humanBytes(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestIfconfigSets(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip link add d0 type dummy", 0, "")
	b.expect(b.host, "ifconfig d0 10.9.0.1 netmask 255.255.255.128", 0, "")
	b.expect(b.host, "ip -4 -o addr show d0", 0, "4: d0    inet 10.9.0.1/25 brd 10.9.0.127 scope global d0\\       valid_lft forever preferred_lft forever\n")
	b.expect(b.host, "ifconfig d0:1 10.10.0.1/16", 0, "")
	got, _ := b.run(b.host, "ifconfig d0:1")
	if !strings.HasPrefix(got, "d0:1: flags=") || !strings.Contains(got, "inet 10.10.0.1  netmask 255.255.0.0  broadcast 10.10.255.255\n") || strings.Contains(got, "RX") {
		t.Errorf("ifconfig d0:1:\n%s", got)
	}
	b.expect(b.host, "ifconfig d0:1 down", 0, "")
	b.expect(b.host, "ifconfig d0 0.0.0.0", 0, "")
	b.expect(b.host, "ip -4 addr show d0", 0, "")
	b.expect(b.host, "ifconfig d0 mtu 1400 hw ether 02:00:00:00:00:77", 0, "")
	b.expect(b.host, "ip -br link show d0", 0, "d0               UNKNOWN        02:00:00:00:00:77 <BROADCAST,NOARP,UP,LOWER_UP> \n")
}

func TestNamedNamespaces(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip netns add foo", 0, "")
	b.expect(b.host, "ip netns add foo", 1, "Cannot create namespace file \"/run/netns/foo\": File exists\n")
	b.expect(b.host, "ip netns list", 0, "foo\n")
	down := "1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN mode DEFAULT group default qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
	b.expect(b.host, "ip netns exec foo ip link", 0, down)
	b.expect(b.host, "ip -n foo link", 0, down)
	b.expect(b.host, "nsenter --net=/run/netns/foo ip link", 0, down)
	b.expect(b.host, "ip link add va type veth peer name vb", 0, "")
	b.expect(b.host, "ip link set vb netns foo", 0, "")
	got, _ := b.run(b.host, "ip link show va")
	if !strings.Contains(got, ": va@if4: ") || !strings.Contains(got, " link-netns foo\n") {
		t.Errorf("ip link show va:\n%s", got)
	}
	b.expect(b.host, "ip netns list", 0, "foo (id: 0)\n")
	b.expect(b.host, "ip netns exec foo nosuch", 1, "exec of \"nosuch\" failed: No such file or directory\n")
	b.expect(b.host, "ip netns del foo", 0, "")
	b.expect(b.host, "ip netns del foo", 1, "Cannot remove namespace file \"/run/netns/foo\": No such file or directory\n")
}

func TestSocketsInColumns(t *testing.T) {
	b := newHost(t)
	ns := b.host.NS()
	var a *stack.TCPListener
	var err error
	d := b.host.Start(userland.ProcSpec{Args: []string{"dockerd"}, Program: func(p *userland.Process) int {
		a, err = p.ListenTCP(netip.MustParseAddrPort("10.0.0.11:7946"))
		p.Sleep(time.Hour)
		return 0
	}})
	b.loop.RunFor(0)
	check(t, err)
	_, err = ns.ListenUDP(netip.MustParseAddrPort("0.0.0.0:4789"))
	check(t, err)
	_, err = ns.ListenTCP(netip.MustParseAddrPort("[::]:80"))
	check(t, err)
	backlog := a.Info().SendQ
	got, _ := b.run(b.host, "ss -lntup")
	users := fmt.Sprintf(`users:(("dockerd",pid=%d,fd=3))`, d.PID)
	blank := strings.Repeat(" ", len(users)+1)
	want := "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess" + blank[7:] + "\n" +
		"udp   UNCONN 0      0            0.0.0.0:4789      0.0.0.0:*   " + blank + "\n" +
		fmt.Sprintf("tcp   LISTEN 0      %-6d     10.0.0.11:7946      0.0.0.0:*    %s\n", backlog, users) +
		fmt.Sprintf("tcp   LISTEN 0      %-6d             *:80              *:*   %s\n", backlog, blank)
	if got != want {
		t.Errorf("ss -lntup\n--- got\n%s--- want\n%s", visible(got), visible(want))
	}
	b.expect(b.host, "netstat -lntu", 0, `
Active Internet connections (only servers)|
Proto Recv-Q Send-Q Local Address           Foreign Address         State      |
tcp        0      0 10.0.0.11:7946          0.0.0.0:*               LISTEN     |
tcp6       0      0 :::80                   :::*                    LISTEN     |
udp        0      0 0.0.0.0:4789            0.0.0.0:*                          |
`)
	b.expect(b.host, "ss -H -tln sport = :80", 0, fmt.Sprintf("LISTEN 0      %-6d *:80 *:*\n", backlog))
	b.host.Programs = Busybox()
	b.expect(b.host, "netstat -lnt", 0, `
Active Internet connections (only servers)|
Proto Recv-Q Send-Q Local Address           Foreign Address         State       |
tcp        0      0 10.0.0.11:7946          0.0.0.0:*               LISTEN      |
tcp        0      0 :::80                   :::*                    LISTEN      |
`)
}

func TestSysctl(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "sysctl net.ipv4.ip_forward", 0, "net.ipv4.ip_forward = 0\n")
	b.expect(b.host, "sysctl -w net.ipv4.ip_forward=1", 0, "net.ipv4.ip_forward = 1\n")
	b.expect(b.host, "sysctl -n net/ipv4/ip_forward", 0, "1\n")
	b.expect(b.host, "sysctl -qw net.ipv4.ip_forward=0", 0, "")
	b.expect(b.host, "sysctl -w vm.max_map_count=65530", 0, "vm.max_map_count = 65530\n")
	b.expect(b.host, "sysctl -w vm.max_map_count=262144", 0, "dnetsim does not simulate the sysctl vm.max_map_count: it has no effect\nvm.max_map_count = 262144\n")
	b.expect(b.host, "sysctl vm.max_map_count", 0, "vm.max_map_count = 262144\n")
	b.expect(b.host, "sysctl -w net.ipv4.tcp_sack=x", 1, "sysctl: setting key \"net.ipv4.tcp_sack\": Invalid argument\n")
	b.expect(b.host, "sysctl net.foo.bar", 1, "sysctl: cannot stat /proc/sys/net/foo/bar: No such file or directory\n")
	b.expect(b.host, "sysctl -a -r ^net.ipv4.ip_forward$", 0, "net.ipv4.ip_forward = 0\n")
	b.expect(b.host, "sysctl -r x", 1, "sysctl: no variables specified\nTry `sysctl --help' for more information.\n")
	check(t, b.host.FS().WriteFile("/tmp/s.conf", []byte("# c\nnet.ipv4.ip_forward = 1\nbad\n"), 0o644))
	b.expect(b.host, "sysctl -p /tmp/s.conf", 0, "net.ipv4.ip_forward = 1\nsysctl: /tmp/s.conf(3): invalid syntax, continuing...\n")
	b.host.Programs = Busybox()
	b.expect(b.host, "sysctl net.foo.bar", 1, "sysctl: error: 'net.foo/bar' is an unknown key\n")
	b.expect(b.host, "sysctl net.ipv4.ip_forward", 0, "net.ipv4.ip_forward = 1\n")
}

func TestIptablesPrograms(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "iptables --version", 0, "iptables v1.8.9 (legacy)\n")
	b.expect(b.host, "iptables -A INPUT -p udp --dport 4789 -j DROP", 0, "")
	b.expect(b.host, "iptables -S", 0, "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -p udp -m udp --dport 4789 -j DROP\n")
	b.expect(b.host, "iptables -D INPUT -p tcp -j DROP", 1, "iptables: Bad rule (does a matching rule exist in that chain?).\n")
	got, _ := b.run(b.host, "iptables-save -t filter")
	if !strings.Contains(got, "*filter\n") || !strings.HasPrefix(got, "# Generated by iptables-save v1.8.9 on ") {
		t.Errorf("iptables-save:\n%s", got)
	}
	b.expect(b.host, "conntrack -L", 0, "conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.\n")
	b.expect(b.host, "conntrack -L -p foo", 2, "conntrack v1.4.7 (conntrack-tools): `foo' unsupported protocol\nTry `conntrack -h' or 'conntrack --help' for more information.\n")
}

func TestDetailedLinks(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip -d link show lo", 0, `
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000|
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0  allmulti 0 minmtu 0 maxmtu 0 addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 |
`)
	b.expect(b.host, "ip -d link show docker0", 0, `
3: docker0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN mode DEFAULT group default |
    link/ether 02:42:6e:0e:41:7a brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 |
    bridge forward_delay 1500 hello_time 200 max_age 2000 ageing_time 30000 stp_state 0 priority 32768 vlan_filtering 0 bridge_id 8000.2:42:6e:e:41:7a designated_root 8000.2:42:6e:e:41:7a root_port 0 root_path_cost 0 topology_change 0 topology_change_detected 0 hello_timer    0.00 tcn_timer    0.00 topology_change_timer    0.00 gc_timer  295.00 group_fwd_mask 0 group_address 01:80:c2:00:00:00 mcast_snooping 1 no_linklocal_learn 0 mcast_vlan_snooping 0 mcast_router 1 mcast_query_use_ifaddr 0 mcast_querier 0 mcast_hash_elasticity 16 mcast_hash_max 4096 mcast_last_member_count 2 mcast_startup_query_count 2 mcast_last_member_interval 100 mcast_membership_interval 26000 mcast_querier_interval 25500 mcast_query_interval 12500 mcast_query_response_interval 1000 mcast_startup_query_interval 3124 mcast_stats_enabled 0 mcast_igmp_version 2 mcast_mld_version 1 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0 addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 65536 tso_max_segs 65535 gro_max_size 65536 |
`)
	b.expect(b.host, "ip -s link show lo", 0, `
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000|
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00|
    RX:  bytes packets errors dropped  missed   mcast           |
             0       0      0       0       0       0 |
    TX:  bytes packets errors dropped carrier collsns           |
             0       0      0       0       0       0 |
`)
	b.expect(b.host, "ip -s -s link show lo", 0, `
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000|
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00|
    RX:  bytes packets errors dropped  missed   mcast           |
             0       0      0       0       0       0 |
    RX errors:  length    crc   frame    fifo overrun|
                     0      0       0       0       0 |
    TX:  bytes packets errors dropped carrier collsns           |
             0       0      0       0       0       0 |
    TX errors: aborted   fifo  window heartbt transns|
                     0      0       0       0       0 |
`)
	b.expect(b.host, "ip -j route", 0, `[{"dst":"default","gateway":"10.0.0.2","dev":"eth0","flags":[]},{"dst":"10.0.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.0.0.11","flags":[]},{"dst":"172.17.0.0/16","dev":"docker0","protocol":"kernel","scope":"link","prefsrc":"172.17.0.1","flags":["linkdown"]}]`+"\n")
	b.expect(b.host, "ip -j -p neigh", 0, "[ ]\n")
	b.expect(b.host, "ip -p -j addr show lo", 0, `
[ {
        "ifindex": 1,
        "ifname": "lo",
        "flags": [ "LOOPBACK","UP","LOWER_UP" ],
        "mtu": 65536,
        "qdisc": "noqueue",
        "operstate": "UNKNOWN",
        "group": "default",
        "txqlen": 1000,
        "link_type": "loopback",
        "address": "00:00:00:00:00:00",
        "broadcast": "00:00:00:00:00:00",
        "addr_info": [ {
                "family": "inet",
                "local": "127.0.0.1",
                "prefixlen": 8,
                "scope": "host",
                "label": "lo",
                "valid_life_time": 4294967295,
                "preferred_life_time": 4294967295
            },{
                "family": "inet6",
                "local": "::1",
                "prefixlen": 128,
                "scope": "host",
                "valid_life_time": 4294967295,
                "preferred_life_time": 4294967295
            } ]
    } ]
`)
}
