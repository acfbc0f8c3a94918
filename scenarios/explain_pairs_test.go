package scenarios_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
)

var allPairs = flag.Bool("explain.pairs", false, "explain every pair of overlay causes, not one in three")

// change is one slip that breaks a healthy overlay of two hosts.
type change struct {
	code     explain.Code
	about    string   // what it changes: two changes of one thing cannot stand together
	hostname string   // of bdc02
	daemon   string   // of bdc02
	before   []string // setup steps before the store is there
	after    []string // steps when all is well
	large    bool     // only packets of the interface's MTU fail
	tcp      bool     // only TCP fails
	leaves   string   // what it may leave behind in the tables when it is cured after another
	mends    []string // what a change about these brings along when it is cured
}

const healthyDaemon = `{cluster-store: "consul://10.1.0.11:8500", cluster-advertise: "10.0.0.12:2376"}`

func advertise(address string) string {
	if address == "" {
		return `{cluster-store: "consul://10.1.0.11:8500"}`
	}
	return `{cluster-store: "consul://10.1.0.11:8500", cluster-advertise: "` + address + `:2376"}`
}

// overlayChanges are one change for each cause that a line makes.
var overlayChanges = []change{
	{code: "OVERLAY-ADVERTISE-SHARED", about: "advertise", daemon: advertise("10.0.0.11")},
	{code: "OVERLAY-ADVERTISE-NOT-LOCAL", about: "advertise", daemon: advertise("10.0.0.99")},
	{code: "OVERLAY-ADVERTISE-MISSING", about: "advertise", daemon: advertise("")},
	{code: "OVERLAY-ADVERTISE-UNREACHABLE", about: "advertise", daemon: advertise("172.17.0.1"), leaves: "OVERLAY-FDB-STALE"},
	{code: "OVERLAY-HOSTNAME-DUPLICATE", about: "hostname", hostname: "bdc01"},
	{code: "OVERLAY-GOSSIP-TCP-BLOCKED", about: "7946", before: []string{
		"bdc02$ iptables -A INPUT -p tcp --dport 7946 -j DROP", "bdc02$ iptables -A OUTPUT -p tcp --dport 7946 -j DROP"}},
	{code: "OVERLAY-VXLAN-BLOCKED-HOST", about: "4789", after: []string{"bdc02$ iptables -A INPUT -p udp --dport 4789 -j DROP"}},
	{code: "OVERLAY-VXLAN-BLOCKED-FABRIC", about: "cable", after: []string{"fault: {cable: bdc02, block: [udp/4789]}"}},
	{code: "OVERLAY-SOURCE-MISMATCH", about: "nat", after: []string{"bdc02$ ip addr add 10.0.0.112/24 dev eth0", "bdc02$ iptables -t nat -A POSTROUTING -p udp --dport 4789 -j SNAT --to-source 10.0.0.112"}},
	{code: "OVERLAY-UNDERLAY-SHADOWED", about: "route", after: []string{"bdc01$ docker network create --subnet 10.0.0.0/28 shadow"}},
	{code: "OVERLAY-GOSSIP-UDP-BLOCKED", about: "7946", before: []string{
		"bdc02$ iptables -A INPUT -p udp --dport 7946 -j DROP", "bdc02$ iptables -A OUTPUT -p udp --dport 7946 -j DROP"}},
	{code: "OVERLAY-FDB-STALE", about: "fdb", after: []string{overlayNamespace + "bridge fdb replace 02:42:ac:10:00:02 dev vxlan0 dst 10.0.0.99 self permanent"},
		mends: []string{"advertise", "hostname", "7946", "vni", "store"}}, // an engine that meets the other writes the row again
	{code: "OVERLAY-VNI-MISMATCH", about: "vni", after: []string{
		"bdc01$ key=http://10.0.0.11:8500/v1/kv/docker/network/v1.0/overlay/network/$(docker network inspect -f '{{.Id}}' overlay)/; curl -s -X PUT -d \"$(curl -s $key?raw | sed s/256/257/)\" $key",
		"bdc02$ systemctl restart docker", "bdc02$ docker start c2", "wait: 5s"}, mends: []string{"hostname"}}, // both engines start again, and read the number
	{code: "OVERLAY-RPFILTER", about: "rule", after: []string{
		"bdc01$ ip route add 10.0.0.0/24 via 10.1.0.12 dev eth1 table 100", "bdc01$ ip rule add from 10.0.0.11 lookup 100", "bdc01$ sysctl -w net.ipv4.conf.all.rp_filter=1"}},
	{code: "OVERLAY-CHECKSUM-OFFLOAD", about: "offload", after: []string{"bdc02$ ethtool -K eth0 tx-checksum-ip-generic on"}, tcp: true},
	{code: "MTU-BLACKHOLE", about: "cable", after: []string{"fault: {cable: bdc02, mtu: 1450}"}, large: true},
	{code: "OVERLAY-STORE-UNREACHABLE", about: "store", after: []string{"bdc02$ iptables -A OUTPUT -p tcp --dport 8500 -j DROP", "bdc02$ systemctl restart docker", "bdc02$ docker start c2"}},
}

// overlayNamespace begins a line that is typed in the overlay's namespace on bdc01.
const overlayNamespace = "bdc01$ nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep ^1-) "

// apart says that two changes cannot stand together: they change one thing, or
// the cure of one brings the other's along.
func apart(x, y change) bool {
	return x.about == y.about || slices.Contains(x.mends, y.about) || slices.Contains(y.mends, x.about)
}

// pairText is the healthy world with two changes.
func pairText(x, y change) string {
	hostname, daemon := "bdc02", healthyDaemon
	var before, after []string
	for _, c := range []change{x, y} {
		if c.hostname != "" {
			hostname = c.hostname
		}
		if c.daemon != "" {
			daemon = c.daemon
		}
		before, after = append(before, c.before...), append(after, c.after...)
	}
	list := func(lines []string) (s string) {
		for _, l := range lines {
			if strings.HasPrefix(l, "bdc") {
				l = strconv.Quote(l)
			}
			s += "  - " + l + "\n"
		}
		return s
	}
	return `
lans:
  front: {subnet: 10.0.0.0/24, gateway: 10.0.0.2, delay: 200us}
  back: {subnet: 10.1.0.0/24, delay: 200us}
internet:
  www.baidu.com: {address: 220.181.38.150}
hosts:
  bdc01:
    images: [busybox, progrium/consul]
    interfaces:
      eth0: {lan: front, address: 10.0.0.11, wrong-tunnel-checksums: true}
      eth1: {lan: back, address: 10.1.0.11}
    daemon: {cluster-store: "consul://10.1.0.11:8500", cluster-advertise: "10.0.0.11:2376"}
  bdc02:
    hostname: ` + hostname + `
    interfaces:
      eth0: {lan: front, address: 10.0.0.12, wrong-tunnel-checksums: true}
      eth1: {lan: back, address: 10.1.0.12}
    daemon: ` + daemon + `
setup:
  - bdc01$ ethtool -K eth0 tx-checksum-ip-generic off
  - bdc02$ ethtool -K eth0 tx-checksum-ip-generic off
` + list(before) + `  - bdc01$ docker run -d -p 8500:8500 -h consul --name consul progrium/consul -server -bootstrap
  - wait: 40s
  - bdc01$ docker network create -d overlay --subnet 172.16.0.0/24 --gateway 172.16.0.254 overlay
  - bdc01$ docker run -itd --name c1 --network overlay busybox
  - bdc02$ docker run -itd --name c2 --network overlay busybox httpd -f
  - wait: 5s
steps:
` + list(append(after, "wait: 1s"))
}

// flowOf asks for what both changes break: ICMP, but a service if one breaks
// only that, and large packets if one stops only those.
func flowOf(x, y change) explain.Flow {
	f := explain.Flow{From: "c1", To: "bdc02/c2", Large: x.large || y.large}
	if x.tcp || y.tcp {
		f.Proto, f.Port = explain.TCP, 80
	}
	return f
}

// TestPairsOfOverlayCauses: two causes that stand together are both named, and
// their cures together cure; each one alone is named alone.
func TestPairsOfOverlayCauses(t *testing.T) {
	k := 0
	for i, x := range overlayChanges {
		t.Run(string(x.code), func(t *testing.T) { explainsPair(t, x, change{}) })
		for _, y := range overlayChanges[i+1:] {
			if k++; apart(x, y) || !*allPairs && k%3 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s+%s", x.code, y.code), func(t *testing.T) { explainsPair(t, x, y) })
		}
	}
}

func explainsPair(t *testing.T, x, y change) {
	t.Parallel()
	world := pairText(x, y)
	s, err := scenarios.Read("pair.yaml", []byte(world))
	if err != nil {
		t.Fatal(err, world)
	}
	w, _, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, scenarios.End)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := explain.Explain(w, flowOf(x, y))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.Causes {
		if string(c.Code) != x.leaves && string(c.Code) != y.leaves {
			got = append(got, string(c.Code))
		}
	}
	var want []string
	for _, c := range []change{x, y} {
		if c.code != "" {
			want = append(want, string(c.code))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	got = slices.Compact(got) // two rules of one kind are two causes
	last := r.Causes[len(r.Causes)-1]
	if !slices.Equal(got, want) || last.Proof == nil || last.Proof.Verdict != explain.Delivered {
		t.Errorf("got %s, want %s\n%s", got, want, text(r))
	}
}
