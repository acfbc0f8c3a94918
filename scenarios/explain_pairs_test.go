package scenarios_test

import (
	"flag"
	"fmt"
	"slices"
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
}

const healthyDaemon = `{cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.12:2376"}`

func advertise(address string) string {
	if address == "" {
		return `{cluster-store: "consul://10.0.0.11:8500"}`
	}
	return `{cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "` + address + `:2376"}`
}

// overlayChanges are one change for each cause that a line makes.
var overlayChanges = []change{
	{code: "OVERLAY-ADVERTISE-SHARED", about: "advertise", daemon: advertise("10.0.0.11")},
	{code: "OVERLAY-ADVERTISE-NOT-LOCAL", about: "advertise", daemon: advertise("10.0.0.99")},
	{code: "OVERLAY-ADVERTISE-MISSING", about: "advertise", daemon: advertise("")},
	{code: "OVERLAY-ADVERTISE-UNREACHABLE", about: "advertise", daemon: advertise("172.17.0.1")},
	{code: "OVERLAY-HOSTNAME-DUPLICATE", about: "hostname", hostname: "bdc01"},
	{code: "OVERLAY-GOSSIP-TCP-BLOCKED", about: "7946", before: []string{
		"bdc02$ iptables -A INPUT -p tcp --dport 7946 -j DROP", "bdc02$ iptables -A OUTPUT -p tcp --dport 7946 -j DROP"}},
	{code: "OVERLAY-VXLAN-BLOCKED-HOST", about: "4789", after: []string{"bdc02$ iptables -A INPUT -p udp --dport 4789 -j DROP"}},
	{code: "OVERLAY-VXLAN-BLOCKED-FABRIC", about: "cable", after: []string{"fault: {cable: bdc02, block: [udp/4789]}"}},
	{code: "OVERLAY-SOURCE-MISMATCH", about: "nat", after: []string{"bdc02$ ip addr add 10.0.0.112/24 dev eth0", "bdc02$ iptables -t nat -A POSTROUTING -p udp --dport 4789 -j SNAT --to-source 10.0.0.112"}},
	{code: "OVERLAY-UNDERLAY-SHADOWED", about: "route", after: []string{"bdc01$ docker network create --subnet 10.0.0.0/28 shadow"}},
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
			s += "  - " + l + "\n"
		}
		return s
	}
	return `
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2, delay: 200us}
internet:
  www.baidu.com: {address: 220.181.38.150}
hosts:
  bdc01: {address: 10.0.0.11, images: [busybox, progrium/consul], daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
  bdc02: {address: 10.0.0.12, hostname: ` + hostname + `, daemon: ` + daemon + `}
setup:
` + list(before) + `  - bdc01$ docker run -d -p 8500:8500 -h consul --name consul progrium/consul -server -bootstrap
  - wait: 40s
  - bdc01$ docker network create -d overlay --subnet 172.16.0.0/24 --gateway 172.16.0.254 overlay
  - bdc01$ docker run -itd --name c1 --network overlay busybox
  - bdc02$ docker run -itd --name c2 --network overlay busybox
  - wait: 5s
steps:
` + list(append(after, "wait: 1s"))
}

// TestPairsOfOverlayCauses: two causes that stand together are both named, and
// their cures together cure; each one alone is named alone.
func TestPairsOfOverlayCauses(t *testing.T) {
	k := 0
	for i, x := range overlayChanges {
		t.Run(string(x.code), func(t *testing.T) { explainsPair(t, x, change{}) })
		for _, y := range overlayChanges[i+1:] {
			if k++; x.about == y.about || !*allPairs && k%3 != 0 {
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
	r, err := explain.Explain(w, explain.Flow{From: "c1", To: "bdc02/c2"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.Causes {
		got = append(got, string(c.Code))
	}
	var want []string
	for _, c := range []change{x, y} {
		if c.code != "" {
			want = append(want, string(c.code))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	last := r.Causes[len(r.Causes)-1]
	if !slices.Equal(got, want) || last.Proof == nil || last.Proof.Verdict != explain.Delivered {
		t.Errorf("got %s, want %s\n%s", got, want, text(r))
	}
}
