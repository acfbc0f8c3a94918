package modes

import (
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/stack"
)

// Of the host's routes only those of link scope keep a pool from being taken: for a
// network that names no subnet, and for docker0.
func TestWhichRoutesKeepAPool(t *testing.T) {
	w := newWorld(t, "")
	d, ns := w.a.Daemon, w.a.NS()
	subnet := func() (got string) {
		w.do(func() {
			n, _, err := d.Networks.Create(network.Create{Name: "n"})
			if err != nil {
				got = err.Error()
				return
			}
			got = n.IPAM.Config[0].Subnet
			same(t, d.Networks.Remove("n"), "")
		})
		return got
	}
	const none = "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
	for _, c := range []struct {
		route stack.Route
		want  string
	}{
		{stack.Route{Dst: prefix("172.16.0.0/12"), Via: prefix("10.0.0.2/32").Addr()}, "172.18.0.0/16"},
		{stack.Route{Dst: prefix("172.16.0.0/12"), Dev: "eth0"}, "192.168.0.0/20"},
		{stack.Route{Dst: prefix("0.0.0.0/1"), Via: prefix("10.0.0.2/32").Addr()}, "192.168.16.0/20"},
		{stack.Route{Dst: prefix("128.0.0.0/1"), Dev: "eth0"}, none},
	} {
		if err := ns.AddRoute(c.route); err != nil {
			t.Fatal(err)
		}
		if got := subnet(); got != c.want {
			t.Errorf("with %v a network gets %s, want %s", c.route.Dst, got, c.want)
		}
		if c.want != none {
			ns.DelRoute(c.route)
		}
	}
	w.do(func() {
		same(t, d.Stop(), "")
		ns.Interface("docker0").Delete()
		same(t, d.Start(), "failed to start daemon: Error initializing network controller: list bridge addresses failed: "+
			"PredefinedLocalScopeDefaultNetworks List: [172.17.0.0/16 172.18.0.0/16 172.19.0.0/16 172.20.0.0/16 172.21.0.0/16 172.22.0.0/16 172.23.0.0/16 "+
			"172.24.0.0/16 172.25.0.0/16 172.26.0.0/16 172.27.0.0/16 172.28.0.0/16 172.29.0.0/16 172.30.0.0/16 172.31.0.0/16 "+
			"192.168.0.0/20 192.168.16.0/20 192.168.32.0/20 192.168.48.0/20 192.168.64.0/20 192.168.80.0/20 192.168.96.0/20 192.168.112.0/20 "+
			"192.168.128.0/20 192.168.144.0/20 192.168.160.0/20 192.168.176.0/20 192.168.192.0/20 192.168.208.0/20 192.168.224.0/20 192.168.240.0/20]: no available network")
	})
}

// A container's entry for a network that was removed is nobody's: connecting it to
// the network that has the name now overwrites it.
func TestAStoppedContainerIsConnectedToANetworkMadeAgain(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	w.network(w.a, network.Create{Name: "app"})
	c := w.run(w.a, named("svc", container.HostConfig{NetworkMode: "app"}))
	w.do(func() {
		same(t, d.Containers.Kill("svc", ""), "")
		same(t, d.Networks.Remove("app"), "")
		n, _, err := d.Networks.Create(network.Create{Name: "app"})
		same(t, err, "")
		same(t, d.Networks.Connect("app", "svc", nil), "")
		same(t, d.Containers.Start("svc"), "")
		if got := c.NetworkSettings.Networks["app"].NetworkID; got != n.ID {
			t.Errorf("it is in %s, want %s", got, n.ID)
		}
		same(t, d.Networks.Connect("app", "svc", nil), "endpoint with name svc already exists in network app")
	})
}

func TestCreateWarnsWhereNothingIsForwarded(t *testing.T) {
	w := newWorld(t, "")
	w.a.NS().SetSysctl("net.ipv4.ip_forward", "0")
	w.network(w.a, network.Create{Name: "app"})
	w.run(w.a, named("base", container.HostConfig{}))
	for mode, warns := range map[string]bool{"": true, "bridge": true, "app": true, "container:base": true, "host": false, "none": false} {
		w.do(func() {
			r := named("", container.HostConfig{NetworkMode: mode})
			_, warnings, err := w.a.Daemon.Containers.Create(r)
			same(t, err, "")
			if warned := len(warnings) == 1 && warnings[0] == "IPv4 forwarding is disabled. Networking will not work."; warned != warns {
				t.Errorf("mode %q: %q", mode, warnings)
			}
		})
	}
}
