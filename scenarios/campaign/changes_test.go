package campaign

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
)

// Healthy worlds: each case changes one thing. In routedLANs a router masquerades
// to the internet and stands between the hosts: much is told apart only there.
const (
	routedLANs = `name: routed
lans:
  a: {subnet: 10.0.0.0/24, gateway: 10.0.0.1}
  b: {subnet: 10.0.1.0/24, gateway: 10.0.1.1}
internet:
  www.example.org: {address: 93.184.216.34}
hosts:
  h0: {address: 10.0.0.11, lan: a, images: [busybox]}
  h1: {address: 10.0.1.11, lan: b, images: [busybox]}
steps:
`
	twoHosts = `name: w
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
internet:
  www.baidu.com: {address: 220.181.38.150}
hosts:
  a: {address: 10.0.0.11, images: [busybox, nginx]}
  b: {address: 10.0.0.12, images: [busybox, nginx]}
steps:
`
	clusterOfTwo = `name: w
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
hosts:
  a: {address: 10.0.0.11, images: [busybox, progrium/consul], daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
  b: {address: 10.0.0.12, images: [busybox], daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.12:2376"}}
setup:
  - a$ docker run -d -p 8500:8500 -h consul --name consul progrium/consul -server -bootstrap
  - wait: 40s
steps:
  - a$ docker network create -d overlay --subnet 10.9.0.0/24 ov
  - a$ docker run -itd --name c1 --network ov busybox
  - b$ docker run -itd --name c2 --network ov busybox
  - wait: 5s
`
)

// lossyLAN is twoHosts on a LAN that is declared to lose frames.
var lossyLAN = strings.Replace(twoHosts, "gateway: 10.0.0.2}", "gateway: 10.0.0.2, loss: 40%}", 1)

// advertising is the cluster with other addresses under which its engines are
// known.
func advertising(a, b string) string {
	return strings.NewReplacer(`"10.0.0.11:2376"`, strconv.Quote(a), `"10.0.0.12:2376"`, strconv.Quote(b)).Replace(clusterOfTwo)
}

// clusterAfter is the cluster with lines that were typed before there was one.
func clusterAfter(lines ...string) string {
	return strings.Replace(clusterOfTwo, "setup:\n", "setup:\n  - "+strings.Join(lines, "\n  - ")+"\n", 1)
}

// withHost is two hosts and a third.
func withHost(host string) string {
	return strings.Replace(twoHosts, "  b: {", "  "+host+"\n  b: {", 1)
}

// changes are one typed change each, in worlds that the library does not have.
var changes = []struct {
	name, world    string
	from, to, port string
	large          bool
	code           explain.Code
	steps          []string
}{
	{"policy-drop-forward", twoHosts, "a/c1", "www.baidu.com", "", false, "RULES-FLUSHED", []string{"a$ docker run -d --name c1 busybox sleep 1000", "a$ iptables -P FORWARD DROP", "a$ iptables -F FORWARD"}},
	{"user-drop", twoHosts, "b", "10.0.0.11", "8080/tcp", false, "FIREWALL-FORWARD", []string{"a$ docker run -d --name web -p 8080:80 nginx", "a$ iptables -I DOCKER-USER -s 10.0.0.12 -j DROP"}},
	{"input-reject", twoHosts, "b", "10.0.0.11", "80/tcp", false, "FIREWALL-INPUT", []string{"a$ docker run -d --name web --network host nginx", "a$ iptables -A INPUT -p tcp --dport 80 -j REJECT"}},
	{"input-policy", twoHosts, "b", "10.0.0.11", "", false, "FIREWALL-INPUT", []string{"a$ iptables -P INPUT DROP"}},
	{"output-drop", twoHosts, "a", "10.0.0.12", "", false, "FIREWALL-OUTPUT", []string{"a$ iptables -A OUTPUT -d 10.0.0.12 -j DROP"}},
	{"loopback-publish", twoHosts, "b", "10.0.0.11", "8080/tcp", false, "PORT-WRONG-ADDRESS", []string{"a$ docker run -d --name web -p 127.0.0.1:8080:80 nginx"}},
	{"port-not-published", twoHosts, "b", "10.0.0.11", "80/tcp", false, "PORT-NOT-PUBLISHED", []string{"a$ docker run -d --name web nginx"}},
	{"published-wrong", twoHosts, "b", "10.0.0.11", "8080/tcp", false, "PORT-WRONG", []string{"a$ docker run -d --name web -p 8080:8080 nginx"}},
	{"inside-published", twoHosts, "a/cc", "web", "8080/tcp", false, "PORT-PUBLISHED-USED-INSIDE", []string{"a$ docker network create nn", "a$ docker run -d --name web --network nn -p 8080:80 nginx", "a$ docker run -d --name cc --network nn busybox sleep 1000"}},
	{"route-del", twoHosts, "a", "220.181.38.150", "", false, "NO-ROUTE", []string{"a$ ip route del default"}},
	{"blackhole", twoHosts, "a", "220.181.38.150", "", false, "NO-ROUTE", []string{"a$ ip route add blackhole 220.181.38.0/24"}},
	{"c-route-del", twoHosts, "a/cc", "220.181.38.150", "", false, "NO-ROUTE", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ nsenter -t $(docker inspect -f {{.State.Pid}} cc) -n ip route del default"}},
	{"c-link-down", twoHosts, "a/cc", "10.0.0.12", "", false, "LINK-DOWN", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ nsenter -t $(docker inspect -f {{.State.Pid}} cc) -n ip link set eth0 down"}},
	{"docker0-down", twoHosts, "a/cc", "10.0.0.12", "", false, "LINK-DOWN", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ ip link set docker0 down"}},
	{"unplugged", twoHosts, "a/cc", "10.0.0.12", "", false, "LINK-DOWN", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ for v in $(ls /sys/class/net | grep veth); do ip link set $v nomaster; done"}},
	{"docker0-addr", twoHosts, "a/cc", "10.0.0.12", "", false, "NO-ROUTE", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ ip addr flush dev docker0"}},
	{"c-iptables", twoHosts, "a", "172.17.0.2", "", false, "FIREWALL-INPUT", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ nsenter -t $(docker inspect -f {{.State.Pid}} cc) -n iptables -A INPUT -p icmp -j DROP"}},
	{"echo-ignore", twoHosts, "a", "10.0.0.12", "", false, "FIREWALL-INPUT", []string{"b$ sysctl -w net.ipv4.icmp_echo_ignore_all=1"}},
	{"bad-neigh", twoHosts, "a", "10.0.0.12", "", false, "NEIGHBOUR-WRONG", []string{"a$ ip neigh replace 10.0.0.12 lladdr 00:11:22:33:44:55 dev eth0 nud permanent"}},
	{"wrong-hosts", twoHosts, "a/cc", "www.baidu.com", "", false, "ADDRESS-UNUSED", []string{"a$ docker run -d --name cc --add-host www.baidu.com:10.0.0.99 busybox sleep 1000"}},
	{"wrong-gw", twoHosts, "a", "220.181.38.150", "", false, "NO-ROUTE", []string{"a$ ip route replace default via 10.0.0.77"}},
	{"raw-drop", twoHosts, "a/cc", "10.0.0.12", "", false, "FIREWALL-FORWARD", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ iptables -t raw -A PREROUTING -i docker0 -j DROP"}},
	{"mangle-drop", twoHosts, "a/cc", "10.0.0.12", "", false, "FIREWALL-FORWARD", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ iptables -t mangle -A FORWARD -j DROP"}},
	{"dnat", twoHosts, "a", "10.0.0.12", "", false, "FIREWALL-NAT", []string{"a$ iptables -t nat -A OUTPUT -d 10.0.0.12 -j DNAT --to-destination 10.0.0.99"}},
	{"redirected", twoHosts, "b", "10.0.0.11", "80/tcp", false, "FIREWALL-NAT", []string{"a$ docker run -d --name web -p 80:80 nginx", "a$ docker run -d --name cc busybox sleep 1000", "a$ iptables -t nat -I PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 9999"}},
	{"stopped", twoHosts, "b", "10.0.0.11", "80/tcp", false, "CONTAINER-NOT-RUNNING", []string{"a$ docker run -d --name web -p 80:80 nginx", "a$ docker stop web"}},
	{"dockerd-stopped", twoHosts, "b", "10.0.0.11", "80/tcp", false, "CONTAINER-NOT-RUNNING", []string{"a$ docker run -d --name web -p 80:80 nginx", "a$ systemctl stop docker"}},
	{"host-netmask", twoHosts, "a", "10.0.0.12", "", false, "NO-ROUTE", []string{"a$ ip addr del 10.0.0.11/24 dev eth0", "a$ ip addr add 10.0.0.11/32 dev eth0"}},
	{"dns-wrong", twoHosts, "a/cc", "www.baidu.com", "", false, "DNS-SERVER-UNREACHABLE", []string{"a$ docker run -d --name cc --dns 10.0.0.99 busybox sleep 1000"}},
	{"lan-shadow", twoHosts, "a", "10.0.0.12", "", false, "BRIDGE-SUBNET-SHADOWS", []string{"a$ docker network create --subnet 10.0.0.0/26 nn || true", "a$ docker run -d --name cc --network nn busybox sleep 1000"}},
	{"inet-shadow", twoHosts, "a/cc", "www.baidu.com", "", false, "BRIDGE-SUBNET-SHADOWS", []string{"a$ docker network create --subnet 220.181.0.0/16 nn", "a$ docker run -d --name cc busybox sleep 1000"}},
	{"ipv6", twoHosts, "a/cc", "10.0.0.12", "", false, "FORWARDING-OFF", []string{"a$ docker run -d --name cc busybox sleep 1000", "a$ sysctl -w net.ipv4.conf.docker0.forwarding=0"}},
	{"disconnect", twoHosts, "a/cc", "dd", "", false, "NO-NETWORK", []string{"a$ docker network create nn", "a$ docker run -d --name cc --network nn busybox sleep 1000", "a$ docker run -d --name dd --network nn busybox sleep 1000", "a$ docker network disconnect nn dd"}},
	{"localhost", twoHosts, "a/app", "localhost", "5432/tcp", false, "LOCALHOST-IS-SELF", []string{"a$ docker run -d --name db -p 5432:80 nginx", "a$ docker run -d --name app busybox sleep 1000"}},
	{"ov-4789-out", clusterOfTwo, "a/c1", "c2", "", false, "OVERLAY-VXLAN-BLOCKED-HOST", []string{"a$ iptables -A OUTPUT -p udp --dport 4789 -j DROP"}},
	{"ov-4789-in", clusterOfTwo, "a/c1", "c2", "", false, "OVERLAY-VXLAN-BLOCKED-HOST", []string{"b$ iptables -A INPUT -p udp --dport 4789 -j DROP"}},
	{"ov-vni", clusterOfTwo, "a/c1", "c2", "", false, "LINK-DOWN", []string{"b$ NS=$(ls /var/run/docker/netns | grep ^1-); nsenter --net=/var/run/docker/netns/$NS ip link set vxlan0 down"}},
	{"ov-fdb", clusterOfTwo, "a/c1", "c2", "", false, "OVERLAY-FDB-STALE", []string{"a$ NS=$(ls /var/run/docker/netns | grep ^1-); nsenter --net=/var/run/docker/netns/$NS bridge fdb del 02:42:0a:09:00:03 dev vxlan0 dst 10.0.0.12 self"}},
	{"ov-fdb-wrong", clusterOfTwo, "a/c1", "c2", "", false, "OVERLAY-FDB-STALE", []string{"a$ NS=$(ls /var/run/docker/netns | grep ^1-); nsenter --net=/var/run/docker/netns/$NS bridge fdb replace 02:42:0a:09:00:03 dev vxlan0 dst 10.0.0.99 self permanent"}},
	{"ov-brdown", clusterOfTwo, "a/c1", "c2", "", false, "LINK-DOWN", []string{"a$ NS=$(ls /var/run/docker/netns | grep ^1-); nsenter --net=/var/run/docker/netns/$NS ip link set br0 down"}},
	{"ov-hostdown", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "HOST-DOWN", []string{"{fault: {host: b, crash: true}}"}},
	{"ov-hostif", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "LINK-DOWN", []string{"b$ ip link set eth0 down"}},
	{"ov-mtu", clusterOfTwo, "a/c1", "c2", "", true, "MTU-BLACKHOLE", []string{"{fault: {cable: b, mtu: 1450}}"}},
	{"ov-route", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "NO-ROUTE", []string{"a$ ip route add blackhole 10.0.0.12/32"}},
	{"ov-c2net", clusterOfTwo, "a/c1", "c2", "", false, "NO-NETWORK", []string{"b$ docker network disconnect ov c2"}},
	{"ov-inet", clusterOfTwo, "a/c1", "10.0.0.12", "", false, "RULES-FLUSHED", []string{"a$ iptables -t nat -F"}},
	{"ov-gwdown", clusterOfTwo, "a/c1", "10.0.0.12", "", false, "LINK-DOWN", []string{"a$ ip link set docker_gwbridge down"}},
	{"adv-docker0-both", advertising("172.17.0.1:2376", "172.17.0.1:2376"), "a/c1", "10.9.0.3", "", false, "OVERLAY-ADVERTISE-UNREACHABLE", []string{}},
	{"adv-lo", advertising("10.0.0.11:2376", "127.0.0.1:2376"), "a/c1", "10.9.0.3", "", false, "OVERLAY-ADVERTISE-UNREACHABLE", []string{}},
	{"adv-notlocal", advertising("10.0.0.11:2376", "10.0.0.99:2376"), "a/c1", "10.9.0.3", "", false, "OVERLAY-ADVERTISE-NOT-LOCAL", []string{}},
	{"adv-shared-a", advertising("10.0.0.12:2376", "10.0.0.12:2376"), "a/c1", "10.9.0.3", "", false, "OVERLAY-ADVERTISE-SHARED", []string{}},
	{"hostname-dup", strings.Replace(clusterOfTwo, "  b: {", "  b: {hostname: a, ", 1), "a/c1", "10.9.0.3", "", false, "OVERLAY-HOSTNAME-DUPLICATE", []string{}},
	{"gossip-tcp", clusterAfter("b$ iptables -A INPUT -p tcp --dport 7946 -j DROP", "a$ iptables -A INPUT -p tcp --dport 7946 -j DROP"), "a/c1", "10.9.0.3", "", false, "OVERLAY-GOSSIP-TCP-BLOCKED", []string{}},
	{"fabric-4789", clusterOfTwo, "a/c1", "c2", "", false, "OVERLAY-VXLAN-BLOCKED-FABRIC", []string{"{fault: {cable: b, block: udp/4789}}"}},
	{"fabric-4789a", clusterOfTwo, "b/c2", "10.9.0.2", "", false, "OVERLAY-VXLAN-BLOCKED-FABRIC", []string{"{fault: {cable: a, block: [udp/4789]}}"}},
	{"forward-4789-policy", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "OVERLAY-VXLAN-BLOCKED-HOST", []string{"b$ iptables -P INPUT DROP"}},
	{"store-stop-later", clusterOfTwo, "a/c1", "b/c3", "", false, "OVERLAY-STORE-UNREACHABLE", []string{"a$ docker stop -t 1 consul", "b$ docker rm -f c2", "b$ docker run -itd --name c3 --network ov busybox || true"}},
	{"snat-tunnel", clusterOfTwo, "a/c1", "c2", "", false, "OVERLAY-SOURCE-MISMATCH", []string{"a$ ip addr add 10.0.0.111/24 dev eth0", "a$ iptables -t nat -A POSTROUTING -p udp --dport 4789 -j SNAT --to-source 10.0.0.111"}},
	{"shadow-bridge", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "OVERLAY-UNDERLAY-SHADOWED", []string{"a$ docker network create --subnet 10.0.0.0/28 sh || true"}},
	{"kill-c2", clusterOfTwo, "a/c1", "c2", "", false, "CONTAINER-NOT-RUNNING", []string{"b$ docker kill c2"}},
	{"kill-c2-ip", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "CONTAINER-NOT-RUNNING", []string{"b$ docker kill c2"}},
	{"b-dockerd-stop", clusterOfTwo, "a/c1", "10.9.0.3", "", false, "CONTAINER-NOT-RUNNING", []string{"b$ systemctl stop docker"}},
	{"two-nets-ip", clusterOfTwo, "a/c1", "10.10.0.2", "", false, "DNS-OTHER-NETWORK", []string{"a$ docker network create -d overlay --subnet 10.10.0.0/24 ov2", "b$ docker run -itd --name c3 --network ov2 busybox"}},
	{"bridge-to-overlay", clusterOfTwo, "a/c1", "b/c3", "", false, "DNS-OTHER-NETWORK", []string{"b$ docker run -itd --name c3 busybox"}},
	{"overlay-port", clusterOfTwo, "a/c1", "c2", "80/tcp", false, "PORT-LISTENS-LOOPBACK", []string{"b$ docker exec -d c2 httpd -p 127.0.0.1:80 -f"}},
	{"overlay-nolisten", clusterOfTwo, "a/c1", "c2", "80/tcp", false, "PORT-NOT-LISTENING", []string{}},
	{"mtu-c", clusterOfTwo, "a/c1", "c2", "", true, "MTU-BLACKHOLE", []string{"a$ nsenter -t $(docker inspect -f {{.State.Pid}} c1) -n ip link set eth0 mtu 1500"}},
	{"mtu-br", twoHosts, "a/cc", "www.baidu.com", "", true, "MTU-BLACKHOLE", []string{"a$ docker run -d --name cc busybox sleep 1000", "{fault: {cable: a, mtu: 1400}}"}},
	{"mtu-host", twoHosts, "a", "10.0.0.12", "", true, "MTU-BLACKHOLE", []string{"{fault: {cable: a, mtu: 1400}}"}},
	{"lossy", twoHosts, "a", "10.0.0.12", "", false, "LINK-LOSSY", []string{"{fault: {cable: a, loss: 60%}}"}},
	{"lossy by its file", lossyLAN, "a", "10.0.0.12", "", false, "LINK-LOSSY", nil},
	{"who asks has no power", twoHosts, "a", "10.0.0.12", "", false, "HOST-DOWN", []string{"{fault: {host: a, crash: true}}"}},
	{"an engine that is stopped", twoHosts, "a/cc", "10.0.0.12", "", false, "NO-NETWORK", []string{`a$ echo '{"live-restore": true}' > /etc/docker/daemon.json; systemctl restart docker`, "a$ docker run -d --name cc --network none busybox sleep 1000", "a$ systemctl stop docker"}},
	{"a shim that is there already", twoHosts, "a", "10.0.0.50", "", false, "MACVLAN-HOST-ISOLATION", []string{"a$ docker network create -d macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.2 -o parent=eth0 mv", "a$ docker run -d --name cc --network mv --ip 10.0.0.50 busybox sleep 1000", "a$ ip link add shim0 type dummy"}},
	{"host-off", twoHosts, "a", "10.0.0.12", "", false, "HOST-DOWN", []string{"{fault: {host: b, crash: true}}"}},
	{"cable-down", twoHosts, "a", "10.0.0.12", "", false, "LINK-DOWN", []string{"{fault: {cable: b, down: true}}"}},
	{"iface-down", twoHosts, "a", "10.0.0.12", "", false, "LINK-DOWN", []string{"b$ ip link set eth0 down"}},
	{"dns-default", twoHosts, "a/cc", "web", "", false, "DNS-DEFAULT-BRIDGE", []string{"a$ docker run -d --name web nginx", "a$ docker run -d --name cc busybox sleep 1000"}},
	{"dns-typo", twoHosts, "a/cc", "wbe", "", false, "DNS-NO-SUCH-NAME", []string{"a$ docker network create nn", "a$ docker run -d --name web --network nn nginx", "a$ docker run -d --name cc --network nn busybox sleep 1000"}},
	{"dns-other", twoHosts, "a/cc", "web", "", false, "DNS-OTHER-NETWORK", []string{"a$ docker network create nn", "a$ docker network create mm", "a$ docker run -d --name web --network nn nginx", "a$ docker run -d --name cc --network mm busybox sleep 1000"}},
	{"isolated-ip", twoHosts, "a/cc", "172.18.0.2", "", false, "BRIDGE-ISOLATED", []string{"a$ docker network create nn", "a$ docker network create mm", "a$ docker run -d --name web --network nn nginx", "a$ docker run -d --name cc --network mm busybox sleep 1000"}},
	{"default-user-ip", twoHosts, "a/cc", "172.18.0.2", "80/tcp", false, "BRIDGE-ISOLATED", []string{"a$ docker network create nn", "a$ docker run -d --name web --network nn nginx", "a$ docker run -d --name cc busybox sleep 1000"}},
	{"internal-out", twoHosts, "a/cc", "220.181.38.150", "", false, "BRIDGE-INTERNAL", []string{"a$ docker network create --internal nn", "a$ docker run -d --name cc --network nn busybox sleep 1000"}},
	{"internal-name", twoHosts, "a/cc", "www.baidu.com", "", false, "BRIDGE-INTERNAL", []string{"a$ docker network create --internal nn", "a$ docker run -d --name cc --network nn busybox sleep 1000"}},
	{"icc", withHost(`x: {address: 10.0.0.13, images: [busybox], daemon: {icc: false}}`), "x/c1", "172.17.0.3", "", false, "BRIDGE-ICC-OFF", []string{"x$ docker run -d --name c1 busybox sleep 1000", "x$ docker run -d --name c2 busybox sleep 1000"}},
	{"icc-net", twoHosts, "a/c1", "c2", "", false, "BRIDGE-ICC-OFF", []string{"a$ docker network create -o com.docker.network.bridge.enable_icc=false nn", "a$ docker run -d --name c1 --network nn busybox sleep 1000", "a$ docker run -d --name c2 --network nn busybox sleep 1000"}},
	{"nomasq", twoHosts, "a/cc", "220.181.38.150", "", false, "MASQUERADE-MISSING", []string{"a$ docker network create -o com.docker.network.bridge.enable_ip_masquerade=false nn", "a$ docker run -d --name cc --network nn busybox sleep 1000"}},
	{"iptables-false", withHost(`x: {address: 10.0.0.13, images: [busybox], daemon: {iptables: false}}`), "x/cc", "220.181.38.150", "", false, "MASQUERADE-MISSING", []string{"x$ docker run -d --name cc busybox sleep 1000"}},
	{"none", twoHosts, "a/cc", "10.0.0.12", "", false, "NO-NETWORK", []string{"a$ docker run -d --name cc --network none busybox sleep 1000"}},
	{"hostgw", twoHosts, "a/cc", "host.docker.internal", "", false, "HOST-NAME-UNSET", []string{"a$ docker run -d --name cc busybox sleep 1000"}},
	{"macvlan-host", twoHosts, "a", "10.0.0.50", "", false, "MACVLAN-HOST-ISOLATION", []string{"a$ docker network create -d macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.2 -o parent=eth0 mv", "a$ docker run -d --name cc --network mv --ip 10.0.0.50 busybox sleep 1000"}},
	{"ipvlan-host", twoHosts, "a/cc", "10.0.0.11", "", false, "MACVLAN-HOST-ISOLATION", []string{"a$ docker network create -d ipvlan --subnet 10.0.0.0/24 --gateway 10.0.0.2 -o parent=eth0 mv", "a$ docker run -d --name cc --network mv --ip 10.0.0.50 busybox sleep 1000"}},
	{"service-not-ready", twoHosts, "b", "10.0.0.11", "80/tcp", false, "SERVICE-NOT-READY", []string{"a$ docker run -d --name web -p 80:80 busybox sh -c 'sleep 30; httpd -f'"}},
	{"rp", twoHosts, "a", "10.0.0.12", "", false, "NO-ROUTE", []string{"b$ ip link add dum0 type dummy", "b$ ip link set dum0 up", "b$ ip route add 10.0.0.11/32 dev dum0", "b$ sysctl -w net.ipv4.conf.all.rp_filter=1"}},
	{"bad-return", twoHosts, "a", "10.0.0.12", "", false, "NO-ROUTE", []string{"b$ ip link add dum0 type dummy", "b$ ip link set dum0 up", "b$ ip route add 10.0.0.11/32 dev dum0"}},
	{"bad-return2", twoHosts, "a", "10.0.0.12", "", false, "NO-ROUTE", []string{"b$ ip route add 10.0.0.11/32 via 10.0.0.77"}},
	{"ip-rule", twoHosts, "a", "10.0.0.12", "", false, "NO-ROUTE", []string{"a$ ip rule add to 10.0.0.12 blackhole"}},
	{"a host asks for a container of another LAN's host", routedLANs, "h0", "h1/c1", "", false, "BRIDGE-CROSS-HOST", []string{"h1$ docker run -d --name c1 busybox sleep 1000"}},
	{"and it has networks of its own that cover the address", routedLANs, "h0", "h1/c2", "", false, "BRIDGE-CROSS-HOST", []string{"h0$ docker run -d --name c0 busybox sleep 1000", "h0$ docker rm -f c0", "h1$ docker run -d --name c1 busybox sleep 1000", "h1$ docker run -d --name c2 --network container:c1 busybox sleep 1000"}},
	{"the router hides that the host did not masquerade", routedLANs, "h0/c0", "93.184.216.34", "", false, "MASQUERADE-MISSING", []string{"h0$ docker run -d --name c0 busybox sleep 1000", "h0$ iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"}},
	{"and the name server's answer does not come back either", routedLANs, "h0/c0", "www.example.org", "", false, "MASQUERADE-MISSING", []string{"h0$ docker run -d --name c0 busybox sleep 1000", "h0$ iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"}},
	{"an engine that makes no default bridge", routedLANs, "h0/c0", "10.0.0.1", "", false, "NO-NETWORK", []string{"h0$ echo '{\"bridge\": \"none\"}' > /etc/docker/daemon.json", "h0$ systemctl restart docker", "h0$ docker run -d --name c0 --network none busybox sleep 1000"}},
	{"a child in passthru mode takes the host's interface", routedLANs, "h0", "10.0.0.1", "", false, "MACVLAN-HOST-ISOLATION", []string{"h0$ docker network create -d macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.1 -o macvlan_mode=passthru -o parent=eth0 m", "h0$ docker run -d --name c0 --network m --ip 10.0.0.50 busybox sleep 1000", "h0$ ip neigh flush all"}},
	{"a macvlan network whose gateway is nobody's, asked from beyond the router", routedLANs, "h1", "h0/c0", "", false, "MACVLAN-GATEWAY-ABSENT", []string{"h0$ docker network create -d macvlan --subnet 100.64.0.0/24 --gateway 100.64.0.254 -o parent=eth0 m", "h0$ docker run -d --name c0 --network m busybox sleep 1000"}},
	{"an ipvlan network in mode l3 that no router was told of", routedLANs, "h1", "h0/c0", "", false, "NO-ROUTE", []string{"h0$ docker network create -d ipvlan --subnet 100.64.0.0/24 -o ipvlan_mode=l3 -o parent=eth0 m", "h0$ docker run -d --name c0 --network m busybox sleep 1000"}},
}

// TestOneChangeIsTheCause: what a person typed is named, by its code, with a cure
// that was tried and cures.
func TestOneChangeIsTheCause(t *testing.T) {
	for _, x := range changes {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			r := explainChange(t, x.world, x.steps, explain.Flow{From: x.from, To: x.to, Large: x.large}, x.port)
			c := slices.CompactFunc(slices.Clone(r.Causes), func(a, b explain.Cause) bool { return a.Code == b.Code }) // both cables of a bad LAN are named
			if last := r.Causes[len(r.Causes)-1]; len(c) != 1 || c[0].Code != x.code || last.Proof == nil || last.Proof.Verdict != explain.Delivered {
				var b strings.Builder
				r.Write(&b, explain.Style{})
				t.Errorf("want %s, cured\n%s", x.code, b.String())
			}
		})
	}
}

func explainChange(t *testing.T, world string, steps []string, f explain.Flow, port string) *explain.Report {
	t.Helper()
	var text strings.Builder
	text.WriteString(world)
	for _, s := range steps {
		if !strings.HasPrefix(s, "{") {
			s = "|-\n    " + s
		}
		text.WriteString("  - " + s + "\n")
	}
	s, err := scenarios.Read("change.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, scenarios.Moment{Step: len(s.Steps)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if f.Proto, f.Port, err = explain.ParsePort(port); err != nil {
		t.Fatal(err)
	}
	r, err := explain.Explain(w, f)
	if err != nil {
		t.Fatal(err)
	}
	if r.Works() {
		t.Fatal("the flow works")
	}
	return r
}
