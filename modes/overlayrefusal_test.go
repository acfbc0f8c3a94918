package modes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/config"
	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/network/overlay"
	"dnetsim/stack/netfilter"
)

// taken is everything that a network may take of the hosts: interfaces, rules,
// namespaces, networks, and addresses of local pools.
func (w *world) taken() string {
	var b strings.Builder
	for _, h := range []*Host{w.a, w.b} {
		for _, i := range h.NS().Interfaces() {
			fmt.Fprintln(&b, h.Name, i.Name())
		}
		b.WriteString(rulesOf(h.NS().Netfilter(false).Save(netfilter.SaveOptions{})))
		fmt.Fprintln(&b, len(h.Daemon.net.Boxes.Namespaces()), len(h.Daemon.net.Sandboxes))
		nets := map[string]int{}
		for _, n := range h.Daemon.net.Networks {
			nets[n.Name] += 1 + len(n.Core.Endpoints)
		}
		fmt.Fprintln(&b, nets)
		for _, p := range h.Daemon.net.Ipam.Holdings() {
			fmt.Fprintln(&b, p.Key, p.Refs, p.Used)
		}
	}
	return b.String()
}

// holdings is what is taken of the hosts, and all keys of the store but those
// of discovery.
func (w *lan) holdings() string {
	var b strings.Builder
	b.WriteString(w.taken())
	w.do(func() {
		ps, err := w.a.Daemon.net.Global.Cluster.Store.KV.List("docker/network")
		if err != nil {
			w.t.Error(err)
		}
		for _, p := range ps {
			// Folders that were only looked at stay, as libkv leaves them.
			if len(p.Value) > 0 {
				fmt.Fprintf(&b, "%s %s\n", p.Key, p.Value)
			}
		}
	})
	return b.String()
}

// What is refused is refused in the engine's words, and leaves nothing.
func TestOverlayRefusalsLeaveNothing(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.pair()
	// The first use of docker_gwbridge is over; what is refused below must not
	// change anything any more.
	before := w.holdings()
	net := func(name, subnet, gateway string, opts map[string]string) network.Create {
		r := network.Create{Name: name, Driver: "overlay", CheckDuplicate: true, Options: opts, IPAM: &network.IPAM{Options: map[string]string{}}}
		if subnet != "" {
			r.IPAM.Config = []network.IPAMConfig{{Subnet: subnet, Gateway: gateway}}
		}
		return r
	}
	for _, x := range []struct {
		r    network.Create
		want string
	}{
		{net("overlay", "", "", nil), "network with name overlay already exists"},
		{net("overlay2", "172.16.0.0/16", "", nil), "Pool overlaps with other one on this address space"},
		{net("o3", "172.30.0.0/24", "172.31.0.1", nil), "requested address is out of range"},
		{net("o4", "172.30.0.0/24", "", map[string]string{driver.OptMTU: "x"}), "failed to parse x: strconv.Atoi: parsing \"x\": invalid syntax"},
		{net("o5", "172.30.0.0/24", "", map[string]string{driver.OptMTU: "-1"}), "invalid MTU value: -1"},
		{net("o6", "172.30.0.0/24", "", map[string]string{overlay.OptVxlanIDs: "abc"}), `invalid vxlan id value "abc" passed`},
	} {
		w.do(func() {
			_, _, err := w.b.Daemon.Networks.Create(x.r)
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("create %s: %v, want %s", x.r.Name, err, x.want)
			}
		})
	}
	if after := w.holdings(); after != before {
		t.Errorf("refused networks left something:\n%s", difference(before, after))
	}

	// These are refused only when the first container joins.
	for _, x := range []struct {
		r    network.Create
		want string
	}{
		{net("small", "172.30.1.0/24", "", map[string]string{driver.OptMTU: "100"}),
			`network sandbox join failed: subnet sandbox join failed for "172.30.1.0/24": error creating vxlan interface: invalid argument`},
		{net("taken", "172.30.2.0/24", "", map[string]string{overlay.OptVxlanIDs: "256"}),
			`network sandbox join failed: subnet sandbox join failed for "172.30.2.0/24": error creating vxlan interface: file exists`},
		{net("secret", "172.30.3.0/24", "", map[string]string{overlay.OptEncrypted: ""}), "cannot join secure network: encryption keys not present"},
	} {
		w.do(func() {
			if _, _, err := w.b.Daemon.Networks.Create(x.r); err != nil {
				t.Errorf("create %s: %v", x.r.Name, err)
			}
		})
		with := w.holdings()
		name := "c-" + x.r.Name
		_, err := w.tryRun(w.b, named(name, container.HostConfig{NetworkMode: x.r.Name}))
		if err == nil || err.Error() != x.want {
			t.Errorf("join %s: %v, want %s", x.r.Name, err, x.want)
		}
		// The tunnel's identifier belongs to the network from the first try on.
		got := w.holdings()
		if a, b := withoutVNIs(got), withoutVNIs(with); a != b {
			t.Errorf("join of %s left something:\n%s", x.r.Name, difference(b, a))
		}
		w.do(func() {
			w.b.Daemon.Containers.Remove(name, RemoveOptions{})
			if err := w.b.Daemon.Networks.Remove(x.r.Name); err != nil {
				t.Errorf("rm %s: %v", x.r.Name, err)
			}
		})
	}
	for _, x := range [][2]string{{"bbox1", "endpoint with name bbox1 already exists in network overlay"}} {
		if _, err := w.tryRun(w.b, onOverlay(x[0])); err == nil || err.Error() != x[1] {
			t.Errorf("run %s: %v", x[0], err)
		}
		w.do(func() { w.b.Daemon.Containers.Remove(x[0], RemoveOptions{}) })
	}
	dup := onOverlay("dup")
	dup.Endpoints = map[string]*container.EndpointSettings{"overlay": {IPAMConfig: &container.EndpointIPAM{IPv4Address: "172.16.0.1"}}}
	if _, err := w.tryRun(w.b, dup); err == nil || err.Error() != "Address already in use" {
		t.Errorf("an address of another host's container: %v", err)
	}
	w.do(func() {
		w.b.Daemon.Containers.Remove("dup", RemoveOptions{})
		if err := w.b.Daemon.Networks.Remove("overlay"); err == nil || !strings.HasSuffix(err.Error(), "has active endpoints") {
			t.Errorf("rm in use: %v", err)
		}
	})
	if after := w.holdings(); withoutVNIs(after) != withoutVNIs(before) {
		t.Errorf("left in the end:\n%s", difference(before, after))
	}
	w.show()
}

// difference is the lines that only one of two texts has.
func difference(before, after string) string {
	var b strings.Builder
	for _, x := range []struct{ mark, a, b string }{{"-", before, after}, {"+", after, before}} {
		for line := range strings.Lines(x.a) {
			if !strings.Contains("\n"+x.b, "\n"+line) {
				b.WriteString(x.mark + line)
			}
		}
	}
	return b.String()
}

func withoutVNIs(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.Contains(line, "/idm/vxlan-id/") && !strings.Contains(line, "/overlay/network/") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// Without a store there are no overlays but a swarm's.
func TestOverlayWithoutStore(t *testing.T) {
	w := newWorld(t, "")
	before := w.taken()
	for _, c := range []*network.IPAM{nil, {Config: []network.IPAMConfig{{Subnet: "172.16.0.0/24", Gateway: "172.16.0.254"}}}} {
		w.do(func() {
			_, _, err := w.a.Daemon.Networks.Create(network.Create{Name: "ov", Driver: "overlay", IPAM: c})
			if err == nil || err.Error() != `This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.` {
				t.Error(err)
			}
		})
	}
	if after := w.taken(); after != before {
		t.Errorf("refused networks left something:\n%s", difference(before, after))
	}
}

// 68 is the least MTU of an interface that speaks IPv4 (RFC 791), and the
// network's is 50 less than the option says.
func TestOverlayMTUsLeastIs68(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.pair()
	before := w.holdings()
	for _, x := range [][2]string{{"117", "invalid argument"}, {"118", ""}} {
		mtu, want := x[0], x[1]
		w.do(func() {
			_, _, err := w.b.Daemon.Networks.Create(network.Create{Name: "m", Driver: "overlay", Options: map[string]string{driver.OptMTU: mtu}})
			if err != nil {
				t.Error(err)
			}
		})
		_, err := w.tryRun(w.b, named("c3", container.HostConfig{NetworkMode: "m"}))
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("mtu %s: %v", mtu, err)
		}
		w.do(func() {
			if err := w.b.Daemon.Containers.Remove("c3", RemoveOptions{Force: true}); err != nil {
				t.Error(err)
			}
			if err := w.b.Daemon.Networks.Remove("m"); err != nil {
				t.Error(err)
			}
		})
		if after := w.holdings(); after != before {
			t.Errorf("mtu %s left something, tunnel number and all:\n%s", mtu, difference(before, after))
		}
	}
}

// The engine starts with any address that it can take apart, and not with others.
func TestClusterAdvertise(t *testing.T) {
	w := newWorld(t, "")
	for _, x := range [][2]string{
		{"10.0.0.11", "failed to start daemon: discovery advertise parsing failed: invalid --cluster-advertise configuration: 10.0.0.11: address 10.0.0.11: missing port in address"},
		{"eth9:2376", "failed to start daemon: discovery advertise parsing failed: invalid cluster advertise IP address or interface name (eth9:2376) : route ip+net: no such network interface"},
		{"bdc01:2376", "failed to start daemon: discovery advertise parsing failed: invalid cluster advertise IP address or interface name (bdc01:2376) : route ip+net: no such network interface"},
		{"2376", "failed to start daemon: discovery advertise parsing failed: invalid --cluster-advertise configuration: 2376: address 2376: missing port in address"},
		{"eth0:2376", ""}, {"10.0.0.99:2376", ""}, {"", ""},
	} {
		w.a.FS().MkdirAll("/etc/docker", 0o755)
		w.a.FS().WriteFile(config.Path, []byte(clusterJSON(x[0])), 0o644)
		w.do(func() {
			w.a.Daemon.Stop()
			err := w.a.Daemon.Start()
			if got := fmt.Sprint(err); err != nil && got != x[1] || err == nil && x[1] != "" {
				t.Errorf("advertise %q: %v", x[0], err)
			}
		})
		if x[0] == "eth0:2376" {
			if i := w.a.Daemon.Info(); i.ClusterAdvertise != "10.0.0.11:2376" || i.ClusterStore != "consul://10.0.0.2:8500" {
				t.Errorf("info: %+v", i)
			}
		}
	}
}

// A container gets its way out with its first overlay, and loses it when
// another network gives one; ports are published there.
func TestGatewayBridge(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.wait(4 * time.Second)
	w.overlay()
	r := onOverlay("web")
	r.Config.ExposedPorts = map[nat.Port]bool{{Number: 80, Proto: "tcp"}: true}
	r.HostConfig.PortBindings = map[nat.Port][]nat.PortBinding{{Number: 80, Proto: "tcp"}: {{HostPort: "8080"}}}
	c := w.run(w.a, r)
	gw, ok := w.a.Daemon.net.Named(network.GatewayNetwork)
	if !ok {
		t.Fatal("no docker_gwbridge")
	}
	e := gw.Containers()[c.ID]
	if e.Name != "gateway_"+c.NetworkSettings.SandboxID[:12] || e.IPv4Address != "172.18.0.2/16" {
		t.Errorf("endpoint: %+v", e)
	}
	rules := w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})
	for _, line := range []string{
		"-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP",
		"-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80",
	} {
		if !strings.Contains(rules, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if got := len(c.NetworkSettings.Networks); got != 1 {
		t.Errorf("%d networks in inspect", got)
	}
	names := func() string {
		var s []string
		for _, i := range c.run.sandbox.NS.Interfaces() {
			s = append(s, i.Name())
		}
		return strings.Join(s, " ")
	}
	if names() != "lo eth0 eth1" {
		t.Errorf("interfaces: %s", names())
	}
	w.do(func() {
		if err := w.a.Daemon.Networks.Connect("bridge", "web", nil); err != nil {
			t.Error(err)
		}
	})
	if names() != "lo eth0 eth2" || len(gw.Containers()) != 0 {
		t.Errorf("with a bridge network: %s, %v", names(), gw.Containers())
	}
	w.do(func() {
		if err := w.a.Daemon.Networks.Disconnect("bridge", "web", false); err != nil {
			t.Error(err)
		}
	})
	if len(gw.Containers()) != 1 {
		t.Errorf("without it again: %s, %v", names(), gw.Containers())
	}
	w.gets(c, "www.baidu.com")
	w.do(func() {
		if err := w.a.Daemon.Networks.Disconnect("overlay", "web", false); err != nil {
			t.Error(err)
		}
	})
	if names() != "lo" || len(gw.Containers()) != 0 || len(w.a.Daemon.net.Boxes.Namespaces()) != 0 {
		t.Errorf("without networks: %s, %v", names(), gw.Containers())
	}
	w.show()
}
