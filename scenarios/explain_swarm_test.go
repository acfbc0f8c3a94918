package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"dnetsim/scenarios"
)

// swarmWorld is a swarm of two hosts with one thing typed otherwise.
type swarmWorld struct {
	name               string
	init, join, create string // more options of these commands
	after              string // a line for both hosts at the end
	fault, card, port  string
	codes              string
}

var swarmWorlds = []swarmWorld{
	{name: "loopback", join: "--advertise-addr 127.0.0.1", codes: "SWARM-ADVERTISE-WRONG"},
	{name: "the wrong interface of two", join: "--advertise-addr docker0", codes: "SWARM-ADVERTISE-WRONG"},
	{name: "a manager's address", init: "--advertise-addr 10.0.0.99", codes: "SWARM-ADVERTISE-WRONG"},
	{name: "another data path port", init: "--data-path-port 5789", after: "iptables -I INPUT -p udp --dport 5789 -j DROP", codes: "OVERLAY-VXLAN-BLOCKED-HOST"},
	{name: "fabric", fault: `{cable: "bdc02:eth0", block: udp/4789}`, codes: "OVERLAY-VXLAN-BLOCKED-FABRIC"},
	{name: "ESP in the fabric", create: "--opt encrypted", fault: `{cable: "bdc02:eth0", block: 50}`, codes: "SWARM-ESP-BLOCKED"},
	{name: "checksums", card: ", wrong-tunnel-checksums: true", after: "ethtool -K eth0 tx-checksum-ip-generic on", port: "80/tcp", codes: "OVERLAY-CHECKSUM-OFFLOAD"},
	{name: "no power", fault: "{host: bdc02, crash: true}", codes: "HOST-DOWN"},
}

// TestASwarmsCausesAreExplained: worlds that the library does not have, with either
// engine.
func TestASwarmsCausesAreExplained(t *testing.T) {
	for _, engine := range scenarios.Engines {
		for _, x := range swarmWorlds {
			t.Run(engine+"/"+x.name, func(t *testing.T) {
				t.Parallel()
				s, err := scenarios.Read("test.yaml", []byte(x.text(engine)))
				if err != nil {
					t.Fatal(err)
				}
				r := explainAt(t, s, "", "bdc01/c1", "c2", x.port, false)
				seen := map[string]bool{}
				for _, c := range r.Causes {
					seen[string(c.Code)] = true
				}
				last := r.Causes[len(r.Causes)-1]
				if len(seen) != 1 || !seen[x.codes] || last.Proof == nil {
					t.Errorf("want %s, cured\n%s", x.codes, text(r))
				}
			})
		}
	}
}

// On a LAN that has the subnet of ingress a published service fails for the LAN's
// own machines, and works for them when ingress has another.
func TestTheRoutingMeshDoesNotAnswerItsOwnSubnet(t *testing.T) {
	for _, engine := range scenarios.Engines {
		s, err := scenarios.Read("mesh.yaml", []byte(`
engine: "`+engine+`"
lan: {subnet: 10.0.0.0/24}
hosts:
  bdc01: {address: 10.0.0.11}
  bdc02: {address: 10.0.0.12}
  bdc03: {address: 10.0.0.13}
steps:
  - bdc01$ docker swarm init
  - bdc02$ docker swarm join --token $(ssh bdc01 docker swarm join-token -q worker) 10.0.0.11:2377
  - wait: 3s
  - bdc01$ docker service create -q --name web --replicas 2 -p 8080:80 nginx
  - wait: 5s
  - bdc03$ for i in $(seq 600); do curl -s -m 5 http://10.0.0.11:8080/ & sleep 0.1; done &
`))
		if err != nil {
			t.Fatal(err)
		}
		r := explainAt(t, s, "", "bdc02", "10.0.0.11", "8080/tcp", false)
		if len(r.Causes) != 1 || r.Causes[0].Code != "SWARM-POOL-OVERLAP" || r.Causes[0].Proof == nil {
			t.Errorf("want SWARM-POOL-OVERLAP, cured\n%s", text(r))
		}
		if said := text(r); !strings.Contains(said, "who has 10.0.0.12?") || strings.Contains(said, "who has 10.0.0.13?") {
			t.Errorf("others ask for bdc03 meanwhile\n%s", said)
		}
	}
}

func (x swarmWorld) text(engine string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "engine: %q\nlan: {subnet: 10.0.0.0/24}\nhosts:\n", engine)
	for i := 1; i <= 2; i++ {
		fmt.Fprintf(&b, "  bdc0%d: {interfaces: {eth0: {address: 10.0.0.1%d%s}}}\n", i, i, x.card)
	}
	b.WriteString("steps:\n")
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  - %q\n", fmt.Sprintf(format, args...)) }
	if x.card != "" {
		line("bdc01$ ethtool -K eth0 tx-checksum-ip-generic off")
		line("bdc02$ ethtool -K eth0 tx-checksum-ip-generic off")
	}
	line("bdc01$ docker swarm init %s", x.init)
	line("bdc02$ docker swarm join %s --token $(ssh bdc01 docker swarm join-token -q worker) 10.0.0.11:2377", x.join)
	line("bdc01$ docker network create -d overlay --attachable --subnet 172.16.0.0/24 %s overlay", x.create)
	for i := 1; i <= 2; i++ {
		line("bdc0%d$ docker run -itd --name c%d --network overlay busybox", i, i)
	}
	b.WriteString("  - wait: 10s\n")
	if x.port != "" {
		line("bdc02$ docker exec c2 httpd -p 80 -h /etc")
	}
	if x.after != "" {
		line("bdc01$ %s", x.after)
		line("bdc02$ %s", x.after)
	}
	if x.fault != "" {
		fmt.Fprintf(&b, "  - fault: %s\n  - wait: 30s\n", x.fault)
	}
	return b.String()
}

// A node that was cut off before it heard of its swarm's new root trusts the one before, and
// is a node of the same swarm: the cause is what cuts it off.
func TestANodeThatMissedARotationIsNoSwarmOfItsOwn(t *testing.T) {
	const cut = "for p in '-p tcp --dport 2377' '-p tcp --sport 2377' '-p tcp --dport 7946' '-p udp --dport 7946'; do iptables -I INPUT $p -j DROP; iptables -I OUTPUT $p -j DROP; done"
	for _, engine := range scenarios.Engines {
		lines := fmt.Sprintf("engine: %q\nlan: {subnet: 10.0.0.0/24}\nhosts:\n  bdc01: {address: 10.0.0.11}\n  bdc02: {address: 10.0.0.12}\nsteps:\n", engine)
		for _, line := range []string{
			"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16",
			"bdc02$ docker swarm join --token $(ssh bdc01 docker swarm join-token -q worker) 10.0.0.11:2377",
			"bdc01$ docker network create -d overlay --attachable ov; docker run -itd --name c1 --network ov busybox",
			"bdc02$ docker run -itd --name c2 --network ov busybox",
			"bdc01$ docker swarm ca --rotate -d; sleep 1", // by then every node has its certificate
			"bdc02$ " + cut,
			"bdc01$ sleep 35; docker run -itd --name c3 --network ov busybox; docker info -f '{{.Swarm.Cluster.RootRotationInProgress}}' 2>/dev/null | grep false",
		} {
			lines += fmt.Sprintf("  - {run: %q}\n", line)
		}
		s, err := scenarios.Read("test.yaml", []byte(lines))
		if err != nil {
			t.Fatal(err)
		}
		r := explainAt(t, s, "", "bdc01/c3", "bdc02/c2", "", false)
		if got := text(r); strings.Contains(got, "SWARM-SPLIT") || len(r.Causes) == 0 || r.Causes[0].Code != "OVERLAY-GOSSIP-TCP-BLOCKED" {
			t.Errorf("engine %s:\n%s", engine, got)
		}
	}
}
