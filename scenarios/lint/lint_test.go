package lint_test

import (
	"strings"
	"testing"

	"dnetsim/scenarios"
	"dnetsim/scenarios/lint"
)

// What will fail is found before it runs, with its line and code.
func TestLintFindsWhatWillFail(t *testing.T) {
	const head = "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts:\n"
	for _, x := range []struct{ name, text, want string }{
		{"two hosts, one advertise address", head + `  a: {address: 10.0.0.11, daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
  b: {address: 10.0.0.12, daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
`, "4 OVERLAY-ADVERTISE-SHARED"},
		{"not its own", head + `  a: {address: 10.0.0.11, daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.99:2376"}}
`, "3 OVERLAY-ADVERTISE-NOT-LOCAL"},
		{"no advertise", head + `  a: {address: 10.0.0.11, daemon: {cluster-store: "consul://10.0.0.11:8500"}}
`, "3 OVERLAY-ADVERTISE-MISSING"},
		{"one hostname", head + `  a: {address: 10.0.0.11, hostname: x, daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
  b: {address: 10.0.0.12, hostname: x, daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.12:2376"}}
`, "4 OVERLAY-HOSTNAME-DUPLICATE"},
		{"two stores", head + `  a: {address: 10.0.0.11, daemon: {cluster-store: "consul://10.0.0.11:8500", cluster-advertise: "10.0.0.11:2376"}}
  b: {address: 10.0.0.12, daemon: {cluster-store: "consul://10.0.0.12:8500", cluster-advertise: "10.0.0.12:2376"}}
`, "4 OVERLAY-STORE-SPLIT"},
		{"the LAN's subnet", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker network create --subnet 10.0.0.0/16 n\n", "5 BRIDGE-SUBNET-SHADOWS"},
		{"two pools", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker network create --subnet 10.9.0.0/16 n\n  - a$ docker network create --subnet 10.9.1.0/24 m\n", "6 POOL-OVERLAP"},
		{"a port twice", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker run -d -p 80:80 --name x nginx\n  - a$ docker run -d -p 80:8080 --name y nginx\n", "6 PORT-TAKEN"},
		{"a gateway nobody has", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker network create -d macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.254 -o parent=eth0 m\n", "5 MACVLAN-GATEWAY-ABSENT"},
		{"an MTU too large", "lan: {subnet: 10.0.0.0/24, mtu: 1400}\nhosts:\n  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker network create -d overlay o\n", "5 MTU-BLACKHOLE"},
		{"a bip on the LAN", head + "  a: {address: 10.0.0.11, daemon: {bip: 10.0.0.129/25}}\n", "3 BRIDGE-SUBNET-SHADOWS"},
		{"nftables on a host that does not forward", head + "  a: {address: 10.0.0.11, engine: \"29\", daemon: {firewall-backend: nftables}}\n", "3 FORWARDING-OFF"},
		{"nftables on one that does", head + "  a: {address: 10.0.0.11, engine: \"29\", daemon: {firewall-backend: nftables}, files: {/etc/sysctl.d/9.conf: \"net.ipv4.ip_forward = 1\"}}\n", ""},
		{"a swarm's ingress on the LAN", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker swarm init --advertise-addr 10.0.0.11\n  - a$ docker service create -d --name w -p 80:80 nginx\n  - a$ docker service create -d --name h --publish mode=host,target=80,published=81 nginx\n  - a$ docker service update --publish-add 82:80 h\n", "6 SWARM-POOL-OVERLAP, 8 SWARM-POOL-OVERLAP"},
		{"one elsewhere", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker swarm init --default-addr-pool 10.20.0.0/16\n  - a$ docker service create -d --name w -p 80:80 nginx\n", ""},
		{"pools on the LAN", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker swarm init --default-addr-pool=10.0.0.0/16\n  - a$ docker service create -d --name w -p 80:80 nginx\n", "6 SWARM-POOL-OVERLAP"},
		{"another ingress", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker swarm init\n  - a$ echo y | docker network rm ingress\n  - a$ docker network create -d overlay --ingress --subnet 10.9.0.0/24 in\n  - a$ docker service create -d --name w -p 80:80 nginx\n", ""},
		{"given back", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker run -d -p 80:80 --name x nginx\n  - a$ docker rm -f x\n  - a$ docker run -d -p 80:8080 --name y nginx\n", ""},
		{"expected to fail", head + "  a: {address: 10.0.0.11}\nsteps:\n  - a$ docker network create --subnet 10.9.0.0/16 n\n  - {run: a$ docker network create --subnet 10.9.1.0/24 m, expect: {exit: 1}}\n", ""},
	} {
		s, err := scenarios.Read("x.yaml", []byte(x.text))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		var got []string
		for _, f := range lint.Find(s) {
			got = append(got, strings.Join([]string{strings.Split(f.String(), ":")[1], string(f.Code)}, " "))
			if f.Code.Condition() == "" {
				t.Errorf("%s: no code %s", x.name, f.Code)
			}
		}
		if strings.Join(got, ", ") != x.want {
			t.Errorf("%s: got %q, want %q", x.name, got, x.want)
		}
	}
}
