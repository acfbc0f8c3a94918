package modes

import (
	"strings"
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/events"
	"dnetsim/modes/filters"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/profile"
	"dnetsim/stack"
)

func TestLinksGiveHostsAndEnvironment(t *testing.T) {
	w := newWorld(t, "")
	w.run(w.a, named("bbox1", container.HostConfig{}))
	r := named("svc", container.HostConfig{})
	r.Config.ExposedPorts = map[nat.Port]bool{{Number: 80, Proto: "tcp"}: true}
	r.Config.Env = []string{"FOO=bar"}
	svc := w.run(w.a, r)
	c := w.run(w.a, named("user", container.HostConfig{Links: []string{"svc:db"}}))
	if got, _ := w.exec(c, "cat", "/etc/hosts"); got != profile.Of("").Hosts+"172.17.0.3\tdb "+svc.ShortID()+" svc\n172.17.0.4\t"+c.ShortID()+"\n" {
		t.Errorf("hosts:\n%s", got)
	}
	got, _ := w.exec(c, "env")
	for _, want := range []string{
		"DB_ENV_FOO=bar", "DB_NAME=/user/db", "DB_PORT=tcp://172.17.0.3:80", "DB_PORT_80_TCP=tcp://172.17.0.3:80",
		"DB_PORT_80_TCP_ADDR=172.17.0.3", "DB_PORT_80_TCP_PORT=80", "DB_PORT_80_TCP_PROTO=tcp",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if !w.pings(c, "db") || !w.pings(c, "svc") {
		t.Error("the link does not answer")
	}
}

func TestIPv6NetworksGiveBothFamilies(t *testing.T) {
	w := newWorld(t, "")
	if err := w.restartWith(`{"ipv6":true,"fixed-cidr-v6":"2001:db8:1::/64"}`); err != nil {
		t.Fatal(err)
	}
	x1 := w.run(w.a, named("x1", container.HostConfig{}))
	es := x1.NetworkSettings.Networks["bridge"]
	if es.GlobalIPv6Address != "2001:db8:1::242:ac11:2" || es.IPv6Gateway != "2001:db8:1::1" || es.GlobalIPv6PrefixLen != 64 {
		t.Errorf("%+v", es)
	}
	n, err := w.network(w.a, network.Create{Name: "v6", EnableIPv6: true, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "2001:db8:5::/64"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if c := n.IPAM.Config; len(c) != 2 || c[0].Gateway != "172.18.0.1" || c[1].Subnet != "2001:db8:5::/64" || c[1].Gateway != "" {
		t.Errorf("IPAM %+v", c)
	}
	v1 := w.run(w.a, named("v1", container.HostConfig{NetworkMode: "v6"}))
	if a := v1.NetworkSettings.Networks["v6"].GlobalIPv6Address; a != "2001:db8:5::2" {
		t.Errorf("v1 has %s", a)
	}
	w.run(w.a, named("v2", container.HostConfig{NetworkMode: "v6"}))
	if out, _ := w.exec(v1, "ping", "-6", "-c", "1", "v2"); !strings.Contains(out, "1 packets received") {
		t.Errorf("v2: %s", out)
	}
}

func TestWithoutABridgeContainersHaveLoopbackOnly(t *testing.T) {
	w := newWorld(t, "")
	if err := w.restartWith(`{"bridge":"none"}`); err != nil {
		t.Fatal(err)
	}
	all, _ := w.a.Daemon.Networks.List(nil)
	if len(all) != 2 || w.a.NS().Interface("docker0") != nil {
		t.Fatalf("%d networks", len(all))
	}
	c := w.run(w.a, named("x1", container.HostConfig{}))
	if es := c.NetworkSettings.Networks["bridge"]; es.NetworkID != "" {
		t.Errorf("%+v", es)
	}
	ns := c.run.sandbox.NS
	if len(ns.Interfaces()) != 1 || len(ns.Interface("lo").Addrs()) != 2 {
		t.Errorf("lo has %v", ns.Interface("lo").Addrs())
	}
}

func TestPoolsCanBeChosen(t *testing.T) {
	w := newWorld(t, "")
	if err := w.restartWith(`{"default-address-pools":[{"base":"10.200.0.0/22","size":24}]}`); err != nil {
		t.Fatal(err)
	}
	n, _ := w.a.Daemon.Networks.Get("bridge")
	if c := n.IPAM.Config[0]; c.Subnet != "10.200.0.0/24" || c.Gateway != "" {
		t.Errorf("bridge has %+v", c)
	}
	for _, want := range []string{"10.200.1.0/24", "10.200.2.0/24", "10.200.3.0/24", ""} {
		n, err := w.network(w.a, network.Create{Name: "p" + want[max(len(want)-4, 0):] + want})
		if want == "" {
			if err == nil {
				t.Errorf("a fifth pool: %+v", n.IPAM)
			}
			continue
		}
		if err != nil || n.IPAM.Config[0].Subnet != want {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

func TestAPoolThatTheHostRoutesIsPassedOver(t *testing.T) {
	w := newWorld(t, "")
	w.a.NS().Interface("eth0").AddAddr(prefix("172.18.3.4/24"), stack.AddrOptions{})
	n, err := w.network(w.a, network.Create{Name: "p1"})
	if err != nil || n.IPAM.Config[0].Subnet != "172.19.0.0/16" {
		t.Fatalf("%v %v", n, err)
	}
}

func TestANetworkGoneWhileItsContainerIsStopped(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	n, _ := w.network(w.a, network.Create{Name: "r1"})
	w.run(w.a, named("r1c", container.HostConfig{NetworkMode: "r1"}))
	w.do(func() {
		if err := d.Networks.Remove("r1"); err == nil || err.Error() != "error while removing network: network r1 id "+n.ID+" has active endpoints" {
			t.Errorf("rm of a used network: %v", err)
		}
		d.Containers.Kill("r1c", "")
		if err := d.Networks.Remove("r1"); err != nil {
			t.Error(err)
		}
		if err := d.Containers.Start("r1c"); err == nil || err.Error() != "network "+n.ID+" not found" {
			t.Errorf("start: %v", err)
		}
	})
	if w.a.NS().Interface("br-"+n.ShortID()) != nil {
		t.Error("the bridge is left")
	}
}

func TestExecOfAMissingProgramSaysSoOnTheStream(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, named("c1", container.HostConfig{}))
	out, code := w.exec(c, "nosuchcmd")
	if code != 126 || out != "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuchcmd\": executable file not found in $PATH: unknown\r\n" {
		t.Fatalf("exit %d: %q", code, out)
	}
}

func TestEventsOfANetwork(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	s := d.Events.Open(events.Options{Filters: filters.Args{"type": {"network"}}})
	w.network(w.a, network.Create{Name: "evnet"})
	w.run(w.a, named("ev1", container.HostConfig{NetworkMode: "evnet"}))
	var got []string
	w.do(func() {
		d.Networks.Disconnect("evnet", "ev1", false)
		d.Networks.Connect("evnet", "ev1", nil)
		d.Containers.Remove("ev1", RemoveOptions{Force: true})
		d.Networks.Remove("evnet")
		s.Close()
		for {
			e, err := s.Next()
			if err != nil {
				break
			}
			got = append(got, e.Action)
		}
	})
	if all := strings.Join(got, " "); all != "create connect disconnect disconnect connect disconnect destroy" {
		t.Fatalf("got %s", all)
	}
}

func TestANetworkOnDocker0MakesTheDefaultOneStale(t *testing.T) {
	w := newWorld(t, "")
	old, _ := w.a.Daemon.Networks.Get("bridge")
	if _, err := w.network(w.a, network.Create{Name: "onbr0", Options: map[string]string{bridge.OptName: "docker0"}}); err != nil {
		t.Fatal(err)
	}
	w.do(func() {
		if err := w.a.Daemon.Networks.Remove("onbr0"); err != nil {
			t.Error(err)
		}
	})
	if a := w.a.NS().Interface("docker0").Addrs(); a[0].Prefix.String() != "172.18.0.1/16" {
		t.Errorf("docker0 has %v", a)
	}
	_, err := w.tryRun(w.a, named("lost", container.HostConfig{}))
	if want := "failed to create endpoint lost on network bridge: network " + old.ID + " does not exist"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
