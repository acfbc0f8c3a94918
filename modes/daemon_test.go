package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/stack"
	"dnetsim/stack/netfilter"
	"dnetsim/userland"
)

// restartWith stops the first host's engine, forgets docker0 and the rules as
// the captures' script did, and starts it with another daemon.json.
func (w *world) restartWith(json string) error {
	var err error
	w.do(func() {
		d := w.a.Daemon
		d.Stop()
		if br := w.a.NS().Interface("docker0"); br != nil {
			br.Delete()
		}
		r := w.a.NS().Netfilter(false)
		for _, t := range []string{"filter", "nat"} {
			r.Exec("-t", t, "-F")
			r.Exec("-t", t, "-X")
		}
		r.SetPolicy("filter", "FORWARD", "ACCEPT")
		w.a.FS().MkdirAll("/etc/docker", 0o755)
		w.a.FS().WriteFile("/etc/docker/daemon.json", []byte(json), 0o644)
		err = d.Start()
	})
	return err
}

func TestRulesOfDaemonOptionsAreTheCapturedOnes(t *testing.T) {
	for folder, json := range map[string]string{
		"bip":              `{"bip":"192.168.100.1/24","mtu":1400,"fixed-cidr":"192.168.100.128/25","dns":["10.0.0.2"],"dns-search":["lab.local"]}`,
		"icc-false":        `{"icc":false}`,
		"ip-masq-false":    `{"ip-masq":false}`,
		"ip-forward-false": `{"ip-forward":false}`,
		"bip-overlap":      `{"bip":"10.0.0.1/24"}`,
		"ipv6":             `{"ipv6":true,"fixed-cidr-v6":"2001:db8:1::/64"}`,
	} {
		t.Run(folder, func(t *testing.T) {
			w := newWorld(t, "")
			if err := w.restartWith(json); err != nil {
				t.Fatal(err)
			}
			want := rulesOf(captured(t, "daemon-options/"+folder+"/iptables-save.txt"))
			if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestDaemonOptionsReachContainers(t *testing.T) {
	w := newWorld(t, "")
	if err := w.restartWith(`{"bip":"192.168.100.1/24","mtu":1400,"fixed-cidr":"192.168.100.128/25","dns":["10.0.0.2"],"dns-search":["lab.local"]}`); err != nil {
		t.Fatal(err)
	}
	c := w.run(w.a, named("x1", container.HostConfig{}))
	if a := c.NetworkSettings.Networks["bridge"].IPAddress; a != "192.168.100.128" {
		t.Errorf("address %s", a)
	}
	if got, _ := w.exec(c, "cat", "/etc/resolv.conf"); got != "search lab.local\nnameserver 10.0.0.2\n" {
		t.Errorf("resolv.conf:\n%s", got)
	}
	n, _ := w.a.Daemon.Networks.Get("bridge")
	if cfg := n.IPAM.Config[0]; cfg.IPRange != "192.168.100.128/25" || cfg.Gateway != "192.168.100.1" {
		t.Errorf("IPAM %+v", cfg)
	}
}

func TestTheDaemonRefusesBadConfigurationInItsOwnWords(t *testing.T) {
	const file = "unable to configure the Docker daemon with file /etc/docker/daemon.json: "
	for json, want := range map[string]string{
		`{"bip":`:                    file + "unexpected EOF",
		`{"nosuch":1}`:               file + "the following directives don't match any configuration option: nosuch",
		`{"bip":"192.168.100.0/24"}`: `failed to start daemon: Error initializing network controller: Error creating default "bridge" network: failed to allocate gateway (192.168.100.0): Address already in use`,
		`{"ipv6":true}`:              "failed to start daemon: Error initializing network controller: IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6",
	} {
		w := newWorld(t, "")
		if err := w.restartWith(json); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if json == `{"ipv6":true}` {
			want := rulesOf(captured(t, "daemon-options/ipv6-nosubnet/iptables-save.txt"))
			if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		}
		if w.a.Services["docker"].Status() != "failed" {
			t.Errorf("the unit is %s", w.a.Services["docker"].Status())
		}
		log := w.a.Daemon.Journal.Lines()
		if last := log[len(log)-1].Text; last != want {
			t.Errorf("the journal ends with %s", last)
		}
	}
}

func TestARestartKeepsNetworksAndFollowsPolicies(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	w.network(w.a, network.Create{Name: "net1"})
	plain := w.run(w.a, named("plain", container.HostConfig{NetworkMode: "net1"}))
	always := w.run(w.a, named("always", container.HostConfig{NetworkMode: "net1", RestartPolicy: container.RestartPolicy{Name: "always"}}))
	before, _ := d.Networks.Get("bridge")
	w.do(func() {
		if err := d.Restart(); err != nil {
			t.Error(err)
		}
	})
	after, _ := d.Networks.Get("bridge")
	if before.ID == after.ID || after.IPAM.Config[0].Gateway != "172.17.0.1" {
		t.Errorf("bridge is %s, was %s; %+v", after.ShortID(), before.ShortID(), after.IPAM)
	}
	if plain.State.Status != container.Exited || always.State.Status != container.Running {
		t.Fatalf("plain is %s, always is %s", plain.State.Status, always.State.Status)
	}
	if a := always.NetworkSettings.Networks["net1"].IPAddress; a != "172.18.0.2" {
		t.Errorf("always has %s", a)
	}
	if !w.pings(always, "220.181.38.150") {
		t.Error("no way out after the restart")
	}
}

func TestLiveRestoreKeepsContainersRunning(t *testing.T) {
	w := newWorld(t, `{"live-restore":true}`)
	d := w.a.Daemon
	c := w.run(w.a, web("lr1", nat.PortBinding{HostPort: "8080"}))
	w.do(func() { d.Stop() })
	if out, _ := w.onHost(w.a.Machine, "ping", "-c", "1", "172.17.0.2"); !strings.Contains(out, "1 received") {
		t.Errorf("while the engine is stopped: %s", out)
	}
	proxies := func() (n int) {
		for _, p := range w.a.Machine.Processes() {
			if strings.HasSuffix(p.Args[0], "docker-proxy") {
				n++
			}
		}
		return n
	}
	if n := proxies(); n != 0 { // PR_SET_PDEATHSIG
		t.Errorf("%d docker-proxies outlive their dockerd", n)
	}
	if _, err := d.Containers.Get("lr1"); KindOf(err) != ErrUnavailable {
		t.Errorf("a stopped engine says %v", err)
	}
	w.do(func() {
		if err := d.Start(); err != nil {
			t.Error(err)
		}
	})
	if c.State.Status != container.Running || len(c.NetworkSettings.Ports) != 1 {
		t.Errorf("%s, ports %v", c.State.Status, c.NetworkSettings.Ports)
	}
	if n := proxies(); n != 2 {
		t.Errorf("%d docker-proxies after the restart, want one for each family", n)
	}
	if out, status := w.onHost(w.a.Machine, "curl", "-s", "127.0.0.1:8080"); status != 0 {
		t.Errorf("the published port does not answer after the restart: %d %s", status, out)
	}
}

// dockerd's sockets close with it, in the containers too; a new one opens them
// again, and names are found as before.
func TestDockerdsSocketsEndWithIt(t *testing.T) {
	w := newWorld(t, `{"live-restore":true,"userland-proxy":false}`)
	d := w.a.Daemon
	w.network(w.a, network.Create{Name: "net1"})
	cb := w.run(w.a, named("cb", container.HostConfig{NetworkMode: "net1"}))
	r := web("ca", nat.PortBinding{HostPort: "8080"})
	r.HostConfig.NetworkMode = "net1"
	ca := w.run(w.a, r)
	held := func() (n int) {
		for _, ns := range []*stack.Namespace{w.a.NS(), ca.run.sandbox.NS} {
			for _, s := range ns.Sockets() {
				if s.Owner == "dockerd" {
					n++
				}
			}
		}
		return n
	}
	// The port's socket, the resolver's two.
	if n := held(); n != 3 || !w.pings(cb, "ca") {
		t.Errorf("dockerd holds %d sockets", n)
	}
	w.do(func() { d.proc.Signal(userland.SIGKILL) })
	w.loop.RunFor(time.Second)
	if n := held(); n != 0 {
		t.Errorf("a killed dockerd holds %d sockets", n)
	}
	w.do(func() {
		if err := d.Start(); err != nil {
			t.Error(err)
		}
	})
	if n := held(); n != 3 || !w.pings(cb, "ca") {
		t.Errorf("a new dockerd holds %d sockets", n)
	}
}

func TestTheSameSeedGivesTheSameIdentifiers(t *testing.T) {
	var first string
	for range 2 {
		w := newWorld(t, "")
		n, _ := w.network(w.a, network.Create{Name: "net1"})
		c := w.run(w.a, container.Create{Config: container.Config{Image: "busybox"}, HostConfig: container.HostConfig{NetworkMode: "net1"}})
		w.loop.RunFor(time.Second)
		all := n.ID + c.ID + c.Name + w.a.NS().Interface("docker0").MAC().String() + w.loop.Now().String()
		if first == "" {
			first = all
		}
		if all != first {
			t.Fatalf("%s\n%s", first, all)
		}
	}
}
