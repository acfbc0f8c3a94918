package netconf

import "testing"

func TestHostShowsItsLinksAsIproute2Does(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip addr", 0, `
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000|
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00|
    inet 127.0.0.1/8 scope host lo|
       valid_lft forever preferred_lft forever|
    inet6 ::1/128 scope host |
       valid_lft forever preferred_lft forever|
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000|
    link/ether 00:0c:29:ab:00:11 brd ff:ff:ff:ff:ff:ff|
    inet 10.0.0.11/24 brd 10.0.0.255 scope global eth0|
       valid_lft forever preferred_lft forever|
    inet6 fe80::20c:29ff:feab:11/64 scope link |
       valid_lft forever preferred_lft forever|
3: docker0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group default |
    link/ether 02:42:6e:0e:41:7a brd ff:ff:ff:ff:ff:ff|
    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0|
       valid_lft forever preferred_lft forever|
`)
	b.expect(b.host, "ip route", 0, `
default via 10.0.0.2 dev eth0 |
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 |
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown |
`)
	b.expect(b.host, "ip -br addr", 0, `
lo               UNKNOWN        127.0.0.1/8 ::1/128 |
eth0             UP             10.0.0.11/24 fe80::20c:29ff:feab:11/64 |
docker0          DOWN           172.17.0.1/16 |
`)
	b.expect(b.host, "ip -br link", 0, `
lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> |
eth0             UP             00:0c:29:ab:00:11 <BROADCAST,MULTICAST,UP,LOWER_UP> |
docker0          DOWN           02:42:6e:0e:41:7a <NO-CARRIER,BROADCAST,MULTICAST,UP> |
`)
	b.expect(b.host, "ip -o -4 addr show dev eth0", 0,
		"2: eth0    inet 10.0.0.11/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n")
	b.expect(b.host, "ip neigh", 0, "")
	b.expect(b.host, "route -n", 0, `
Kernel IP routing table|
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface|
0.0.0.0         10.0.0.2        0.0.0.0         UG    0      0        0 eth0|
10.0.0.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0|
172.17.0.0      0.0.0.0         255.255.0.0     U     0      0        0 docker0|
`)
	b.expect(b.host, "brctl show", 0, "bridge name\tbridge id\t\tSTP enabled\tinterfaces\ndocker0\t\t8000.02426e0e417a\tno\t\t\n")
	b.expect(b.host, "bridge fdb", 0, `
33:33:00:00:00:01 dev eth0 self permanent|
01:00:5e:00:00:01 dev eth0 self permanent|
33:33:ff:ab:00:11 dev eth0 self permanent|
33:33:00:00:00:01 dev docker0 self permanent|
01:00:5e:00:00:6a dev docker0 self permanent|
33:33:00:00:00:6a dev docker0 self permanent|
01:00:5e:00:00:01 dev docker0 self permanent|
02:42:6e:0e:41:7a dev docker0 master docker0 permanent|
`)
	b.expect(b.host, "ss -lntup", 0, "Netid State Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n")
}

func TestLocalTableComesFromTheAddresses(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip route show table local", 0, `
local 10.0.0.11 dev eth0 proto kernel scope host src 10.0.0.11 |
broadcast 10.0.0.255 dev eth0 proto kernel scope link src 10.0.0.11 |
local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1 |
local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1 |
broadcast 127.255.255.255 dev lo proto kernel scope link src 127.0.0.1 |
local 172.17.0.1 dev docker0 proto kernel scope host src 172.17.0.1 |
broadcast 172.17.255.255 dev docker0 proto kernel scope link src 172.17.0.1 linkdown |
`)
}

func TestRouteGetSaysHowAPacketWouldGo(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip route get 8.8.8.8", 0, "8.8.8.8 via 10.0.0.2 dev eth0 src 10.0.0.11 uid 0 \n    cache \n")
	b.expect(b.host, "ip route get 10.0.0.77", 0, "10.0.0.77 dev eth0 src 10.0.0.11 uid 0 \n    cache \n")
	b.expect(b.host, "ip route get 10.0.0.11", 0, "local 10.0.0.11 dev lo src 10.0.0.11 uid 0 \n    cache <local> \n")
	b.expect(b.host, "ip route get foo", 1, "Error: any valid prefix is expected rather than \"foo\".\n")
	b.expect(b.host, "ip route del default", 0, "")
	b.expect(b.host, "ip route get 8.8.8.8", 2, "RTNETLINK answers: Network is unreachable\n")
}

func TestHostSeesTheContainersPort(t *testing.T) {
	b := newBox(t, Busybox())
	b.expect(b.host, "ip link show vethb321fbf", 0, `
5: vethb321fbf@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master docker0 state UP mode DEFAULT group default |
    link/ether 42:87:e7:fa:fe:e2 brd ff:ff:ff:ff:ff:ff link-netnsid 0|
`)
	b.expect(b.host, "bridge -d link", 0, `
5: vethb321fbf@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master docker0 state forwarding priority 32 cost 2 |
    hairpin off guard off root_block off fastleave off learning on flood on mcast_flood on bcast_flood on mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated off locked off |
`)
	b.expect(b.host, "brctl show", 0, "bridge name\tbridge id\t\tSTP enabled\tinterfaces\ndocker0\t\t8000.02426e0e417a\tno\t\tvethb321fbf\n")
	b.expect(b.host, "ip route", 0, `
default via 10.0.0.2 dev eth0 |
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 |
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 |
`)
	b.expect(b.host, "bridge fdb show brport vethb321fbf", 0, `
42:87:e7:fa:fe:e2 master docker0 permanent|
33:33:00:00:00:01 self permanent|
01:00:5e:00:00:01 self permanent|
33:33:ff:fa:fe:e2 self permanent|
`)
}

func TestBusyboxPrintsItsOwnForms(t *testing.T) {
	b := newBox(t, Busybox())
	b.expect(b.box, "ip addr", 0, `
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000|
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00|
    inet 127.0.0.1/8 scope host lo|
       valid_lft forever preferred_lft forever|
4: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue |
    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff|
    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0|
       valid_lft forever preferred_lft forever|
`)
	b.expect(b.box, "ip route", 0, `
default via 172.17.0.1 dev eth0 |
172.17.0.0/16 dev eth0 scope link  src 172.17.0.2 |
`)
	b.expect(b.box, "route -n", 0, `
Kernel IP routing table|
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface|
0.0.0.0         172.17.0.1      0.0.0.0         UG    0      0        0 eth0|
172.17.0.0      0.0.0.0         255.255.0.0     U     0      0        0 eth0|
`)
	b.expect(b.box, "netstat -lntu", 0, `
Active Internet connections (only servers)|
Proto Recv-Q Send-Q Local Address           Foreign Address         State       |
`)
	b.expect(b.box, "arp -n", 0, "")
	b.expect(b.box, "ip -br addr", 1, usage("busybox-ip"))
	b.expect(b.box, "ip addr foo", 1, "ip: invalid argument 'foo' to 'ip'\n")
	b.expect(b.box, "ip link show nosuch", 2, "ip: can't find device 'nosuch'\n")
	b.expect(b.box, "ip addr show nosuch", 1, "ip: can't find device 'nosuch'\n")
	b.expect(b.box, "ifconfig nosuch", 1, "ifconfig: nosuch: error fetching interface information: Device not found\n")
	b.expect(b.box, "ifconfig eth0 foo", 1, "ifconfig: bad address 'foo'\n")
	b.expect(b.box, "route add default gw 172.17.0.9", 1, "route: SIOCADDRT: File exists\n")
	b.expect(b.box, "netstat -i", 1, "netstat: invalid option -- 'i'\n"+usage("busybox-netstat"))
}

func TestARPFormsAgreeOnTheSameTable(t *testing.T) {
	b := newHost(t)
	b.expect(b.host, "ip neigh add 10.0.0.12 lladdr 00:0c:29:ab:00:12 dev eth0", 0, "")
	b.expect(b.host, "ip neigh", 0, "10.0.0.12 dev eth0 lladdr 00:0c:29:ab:00:12 PERMANENT \n")
	b.expect(b.host, "arp -n", 0, `
Address                  HWtype  HWaddress           Flags Mask            Iface|
10.0.0.12                ether   00:0c:29:ab:00:12   CM                    eth0|
`)
	b.expect(b.host, "arp -an", 0, "? (10.0.0.12) at 00:0c:29:ab:00:12 [ether] PERM on eth0\n")
	b.expect(b.host, "ip neigh add 10.0.0.12 lladdr 00:0c:29:ab:00:12 dev eth0", 2, "RTNETLINK answers: File exists\n")
	b.expect(b.host, "arp -d 10.0.0.12", 0, "")
	b.expect(b.host, "arp -d 10.0.0.12", 255, "No ARP entry for 10.0.0.12\n")
	b.expect(b.host, "arp -s 10.0.0.13 00:0c:29:ab:00:13", 0, "")
	b.host.Programs = Busybox()
	b.expect(b.host, "arp -n", 0, "? (10.0.0.13) at 00:0c:29:ab:00:13 [ether] PERM on eth0\n")
}
