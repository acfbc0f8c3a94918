package modes

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
	"dnetsim/stack/netfilter"
)

func (w *world) network(h *Host, r network.Create) (n *network.Network, err error) {
	w.t.Helper()
	r.CheckDuplicate = true
	w.do(func() { n, _, err = h.Daemon.Networks.Create(r) })
	return n, err
}

func subnet(cidr, gateway string) *network.IPAM {
	return &network.IPAM{Options: map[string]string{}, Config: []network.IPAMConfig{{Subnet: cidr, Gateway: gateway}}}
}

func TestRulesOfUserDefinedBridgesAreTheCapturedOnes(t *testing.T) {
	w := newWorld(t, "")
	n1, _ := w.network(w.a, network.Create{Name: "net1"})
	n2, _ := w.network(w.a, network.Create{Name: "net2", IPAM: subnet("172.28.5.0/24", "172.28.5.254")})
	want := rulesOf(captured(t, "bridge/user-defined/04-iptables-save.txt"))
	want = strings.NewReplacer("br-057c0f9be82f", "br-"+n2.ShortID(), "br-a5e058b14c97", "br-"+n1.ShortID()).Replace(want)
	got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}))
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNamesOfAUserDefinedNetwork(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "net1"})
	w.network(w.a, network.Create{Name: "net2", IPAM: subnet("172.28.5.0/24", "172.28.5.254")})
	ca := w.run(w.a, named("ca", container.HostConfig{NetworkMode: "net1"}))
	r := named("cb", container.HostConfig{NetworkMode: "net1"})
	r.Endpoints = map[string]*container.EndpointSettings{"net1": {Aliases: []string{"db", "shared"}}}
	cb := w.run(w.a, r)
	r = named("cd", container.HostConfig{NetworkMode: "net2"})
	r.Endpoints = map[string]*container.EndpointSettings{"net2": {IPAMConfig: &container.EndpointIPAM{IPv4Address: "172.28.5.77"}}}
	cd := w.run(w.a, r)
	for _, name := range []string{"cb", "db", cb.ShortID(), "cb.net1", "www.baidu.com"} {
		if !w.pings(ca, name) {
			t.Errorf("%s does not answer", name)
		}
	}
	for _, name := range []string{"cd", "nosuch", "172.28.5.77"} {
		if w.pings(ca, name) {
			t.Errorf("%s answers", name)
		}
	}
	if got, _ := w.exec(ca, "cat", "/etc/resolv.conf"); got != "nameserver 127.0.0.11\noptions ndots:0\n" {
		t.Errorf("resolv.conf:\n%s", got)
	}
	es := cb.NetworkSettings.Networks["net1"]
	if strings.Join(es.Aliases, " ") != "db shared "+cb.ShortID() {
		t.Errorf("aliases %q", es.Aliases)
	}
	w.do(func() {
		if err := w.a.Daemon.Networks.Connect("net2", "ca", nil); err != nil {
			t.Error(err)
		}
	})
	if !w.pings(ca, "cd") {
		t.Error("cd does not answer after connect")
	}
	if a := ca.NetworkSettings.Networks["net2"].IPAddress; a != "172.28.5.1" {
		t.Errorf("ca has %s in net2", a)
	}
	_ = cd
}

func TestInternalNetworkHasNoWayOut(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "int1", Internal: true})
	i1 := w.run(w.a, named("i1", container.HostConfig{NetworkMode: "int1"}))
	w.run(w.a, named("i2", container.HostConfig{NetworkMode: "int1"}))
	for to, want := range map[string]bool{"i2": true, "10.0.0.11": true, "220.181.38.150": false, "www.baidu.com": false} {
		if got := w.pings(i1, to); got != want {
			t.Errorf("ping %s answered: %v", to, got)
		}
	}
}

func TestDefaultRouteGoesToTheFirstNetworkByName(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "aaa"})
	w.network(w.a, network.Create{Name: "zzz"})
	o1 := w.run(w.a, named("o1", container.HostConfig{NetworkMode: "zzz"}))
	gateway := func() string {
		for _, r := range o1.run.sandbox.NS.Routes(stack.TableMain) {
			if r.Dst.Bits() == 0 {
				return r.Via.String() + " " + r.Dev
			}
		}
		return "none"
	}
	if got := gateway(); got != "172.19.0.1 eth0" {
		t.Fatalf("alone: %s", got)
	}
	zero := time.Duration(0)
	d := w.a.Daemon
	w.do(func() { d.Networks.Connect("aaa", "o1", nil) })
	if got := gateway(); got != "172.18.0.1 eth1" {
		t.Fatalf("after connect: %s", got)
	}
	w.do(func() { d.Containers.Restart("o1", &zero) })
	if got := gateway(); got != "172.18.0.1 eth0" {
		t.Fatalf("after restart: %s", got)
	}
	w.do(func() { d.Networks.Disconnect("aaa", "o1", false) })
	if got := gateway(); got != "172.19.0.1 eth1" {
		t.Fatalf("after disconnect: %s", got)
	}
}

func TestNetworkRefusals(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.network(w.a, network.Create{Name: "dup"}); err != nil {
		t.Fatal(err)
	}
	before := len(w.a.NS().Interfaces())
	pools := len(w.a.Daemon.net.Ipam.Holdings())
	for _, c := range []struct {
		r    network.Create
		want string
	}{
		{network.Create{Name: "none"}, "operation is not permitted on predefined none network"},
		{network.Create{Name: "h2", Driver: "host"}, `only one instance of "host" network is allowed`},
		{network.Create{Name: "x", Driver: "nosuch"}, `plugin "nosuch" not found`},
		{network.Create{Name: "dup"}, "network with name dup already exists"},
		{network.Create{Name: "x", IPAM: subnet("172.17.8.0/24", "")}, "Pool overlaps with other one on this address space"},
		{network.Create{Name: "x", IPAM: subnet("300.1.1.0/24", "")}, "Invalid subnet 300.1.1.0/24 : invalid CIDR address: 300.1.1.0/24"},
		{network.Create{Name: "x", IPAM: subnet("192.168.50.0/24", "192.168.50.0")}, "failed to allocate gateway (192.168.50.0): Address already in use"},
		{network.Create{Name: "x", IPAM: subnet("192.168.50.0/32", "")}, "failed to allocate gateway (): No available addresses on this pool"},
		{network.Create{Name: "x", IPAM: subnet("192.168.50.0/31", "")}, "failed to allocate gateway (): No available addresses on this pool"},
		{network.Create{Name: "x", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "192.168.50.0/24"}, {Subnet: "192.168.51.0/24"}}}}, "bridge driver doesn't support multiple subnets"},
		{network.Create{Name: "x", EnableIPv6: true}, "could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network"},
		{network.Create{Name: "x", Options: map[string]string{bridge.OptName: "eth0"}}, "existing interface eth0 is not a bridge"},
		{network.Create{Name: "x", Scope: "swarm"}, "cannot create a swarm scoped network when swarm is not active"},
		{network.Create{Name: "x", Ingress: true}, "Ingress network can only be global scope network"},
		{network.Create{Name: "x", ConfigFrom: "nosuch"}, `configuration network "nosuch" does not exist`},
		{network.Create{Name: "x", IPAM: &network.IPAM{Driver: "nosuch"}}, `plugin "nosuch" not found`},
	} {
		if _, err := w.network(w.a, c.r); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	if n := len(w.a.NS().Interfaces()); n != before {
		t.Errorf("%d interfaces, %d before", n, before)
	}
	if n := len(w.a.Daemon.net.Ipam.Holdings()); n != pools {
		t.Errorf("%d pools, %d before", n, pools)
	}
	w.do(func() {
		for ref, want := range map[string]string{
			"bridge": "bridge is a pre-defined network and cannot be removed", "nosuch": "network nosuch not found",
		} {
			if err := w.a.Daemon.Networks.Remove(ref); err == nil || err.Error() != want {
				t.Errorf("rm %s: %v", ref, err)
			}
		}
	})
}

func TestAddressRefusals(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "n1"})
	n2, _ := w.network(w.a, network.Create{Name: "n2", IPAM: subnet("192.168.90.0/24", "")})
	at := func(name, net, ip string) container.Create {
		r := named(name, container.HostConfig{NetworkMode: net})
		r.Endpoints = map[string]*container.EndpointSettings{net: {IPAMConfig: &container.EndpointIPAM{IPv4Address: ip}}}
		return r
	}
	w.run(w.a, at("c2", "n2", "192.168.90.10"))
	held := w.a.Daemon.net.Ipam.InUse(n2.Core.V4[0].Key)
	interfaces := len(w.a.NS().Interfaces())
	for i, c := range []struct{ net, ip, want string }{
		{"bridge", "172.17.0.50", "user specified IP address is supported on user defined networks only"},
		{"n1", "172.18.0.50", "user specified IP address is supported only when connecting to networks with user configured subnets"},
		{"n2", "192.168.90.10", "Address already in use"},
		{"n2", "192.168.90.1", "Address already in use"},
		{"n2", "192.168.90.255", "Address already in use"},
		{"n2", "10.1.1.1", "Invalid address 10.1.1.1: It does not belong to any of this network's subnets"},
		{"n2", "abc", "invalid IPv4 address: abc"},
		{"host", "10.0.0.50", "user specified IP address is supported on user defined networks only"},
		{"none", "10.0.0.50", "user specified IP address is supported on user defined networks only"},
	} {
		name := "r" + string(rune('0'+i))
		if _, err := w.tryRun(w.a, at(name, c.net, c.ip)); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	if n := w.a.Daemon.net.Ipam.InUse(n2.Core.V4[0].Key); n != held {
		t.Errorf("%d addresses taken, %d before", n, held)
	}
	if n := len(w.a.NS().Interfaces()); n != interfaces {
		t.Errorf("%d interfaces, %d before", n, interfaces)
	}
}

// part is what lies between the lines of a capture that holds several outputs.
func part(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return from + text + to
}

func TestRulesOfAnInternalNetworkAreTheCapturedOnes(t *testing.T) {
	w := newWorld(t, "")
	for _, name := range []string{"p1", "p2", "p3"} {
		w.network(w.a, network.Create{Name: name})
	}
	w.do(func() { w.a.Daemon.Networks.Prune(nil) })
	n, _ := w.network(w.a, network.Create{Name: "int1", Internal: true})
	w.run(w.a, named("i1", container.HostConfig{NetworkMode: "int1"}))
	want := rulesOf(captured(t, "bridge/user-defined/20-internal.txt"))
	want = part(want, "*nat", "-A DOCKER-USER -j RETURN\nCOMMIT\n")
	want = strings.ReplaceAll(want, "br-0433cffde9c3", "br-"+n.ShortID())
	if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRulesOfANetworkWithOptionsAreTheCapturedOnes(t *testing.T) {
	w := newWorld(t, "")
	n, err := w.network(w.a, network.Create{Name: "optnet", IPAM: subnet("172.22.0.0/16", ""), Options: map[string]string{
		bridge.OptName: "mybr0", driver.OptMTU: "1400", bridge.OptICC: "false", bridge.OptMasquerade: "false", bridge.OptBindingIPv4: "127.0.0.1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := web("m1", nat.PortBinding{HostPort: "8080"})
	r.HostConfig.NetworkMode = "optnet"
	m1 := w.run(w.a, r)
	m2 := w.run(w.a, named("m2", container.HostConfig{NetworkMode: "optnet"}))
	want := part(rulesOf(captured(t, "bridge/user-defined/22-options-name-mtu-icc.txt")), "*nat", "-A DOCKER-USER -j RETURN\nCOMMIT\n")
	if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if w.pings(m2, "m1") || w.pings(m2, "220.181.38.150") {
		t.Error("icc or the outside answers")
	}
	if mtu := m1.run.sandbox.NS.Interface("eth0").MTU(); mtu != 1400 || len(n.Containers()) != 2 {
		t.Errorf("MTU %d, %d containers", mtu, len(n.Containers()))
	}
}

func TestTheResolversRulesInsideAContainer(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "net1"})
	c := w.run(w.a, named("ca", container.HostConfig{NetworkMode: "net1"}))
	ports := regexp.MustCompile(`(127\.0\.0\.11:|--sport )\d+`)
	clean := func(s string) string { return ports.ReplaceAllString(rulesOf(s), "${1}N") }
	want := clean(captured(t, "bridge/user-defined/06-ca/iptables-save-inside.txt"))
	if got := clean(c.run.sandbox.NS.Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// 20.10 keeps what a failed connect asked for, and the next start asks for it
// again (ground-truth/errors/076 and 140); an endpoint that is there stays as
// it is.
func TestFailedConnectComesBackAtTheNextStart(t *testing.T) {
	w := newWorld(t, "")
	w.do(func() {
		if _, _, err := w.a.Daemon.Networks.Create(network.Create{Name: "n2", Driver: "bridge", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "192.168.90.0/24"}}}}); err != nil {
			t.Error(err)
		}
	})
	taken := named("c2", container.HostConfig{NetworkMode: "n2"})
	w.run(w.a, taken)
	c := w.run(w.a, named("c1", container.HostConfig{}))
	none := time.Duration(0)
	w.do(func() {
		d := w.a.Daemon
		want := "Address already in use"
		if err := d.Networks.Connect("n2", "c1", &container.EndpointSettings{IPAMConfig: &container.EndpointIPAM{IPv4Address: "192.168.90.2"}}); err == nil || err.Error() != want {
			t.Errorf("connect: %v, want %s", err, want)
		}
		before := c.NetworkSettings.Networks["bridge"].IPAddress
		if err := d.Networks.Connect("bridge", "c1", nil); err == nil || c.NetworkSettings.Networks["bridge"].IPAddress != before {
			t.Errorf("second connect to bridge: %v, address %s, was %s", err, c.NetworkSettings.Networks["bridge"].IPAddress, before)
		}
		d.Containers.Stop("c1", &none)
		if err := d.Containers.Start("c1"); err == nil || err.Error() != want {
			t.Errorf("start: %v, want %s", err, want)
		}
	})
}

// libnetwork programs no address that a route of the container overlaps; of the
// attempt nothing is left but an entry in the container's settings.
func TestAnAddressThatARouteOverlapsIsRefused(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	w.network(w.a, network.Create{Name: "nw1", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.10.0.0/16"}}}})
	c := w.run(w.a, named("c1", container.HostConfig{}))
	ns := c.run.sandbox.NS
	if err := ns.AddRoute(stack.Route{Dst: prefix("10.10.5.0/24"), Dev: "eth0"}); err != nil {
		t.Fatal(err)
	}
	devices := len(w.a.NS().Interfaces())
	w.do(func() {
		err := d.Networks.Connect("nw1", "c1", nil)
		re := regexp.MustCompile(`^failed to add interface (veth[0-9a-f]+) to sandbox: error setting interface "(veth[0-9a-f]+)" IP to 10\.10\.0\.2/16: cannot program address 10\.10\.0\.2/16 in sandbox interface ` +
			`because it conflicts with existing route \{Ifindex: [0-9]+ Dst: 10\.10\.5\.0/24 Src: <nil> Gw: <nil> Flags: \[\] Table: 254 Realm: 0\}$`)
		if err == nil || !re.MatchString(err.Error()) {
			t.Errorf("connect: %v", err)
		}
	})
	es := c.NetworkSettings.Networks["nw1"]
	if es == nil || es.EndpointID == "" || es.IPAddress != "10.10.0.2" || es.Gateway != "" {
		t.Errorf("the settings have %+v", es)
	}
	if got := len(w.a.NS().Interfaces()); got != devices || len(ns.Interfaces()) != 2 {
		t.Errorf("interfaces are left: %d on the host, were %d; %d in the container", got, devices, len(ns.Interfaces()))
	}
	c2 := w.run(w.a, named("c2", container.HostConfig{NetworkMode: "nw1"}))
	if a := c2.NetworkSettings.Networks["nw1"].IPAddress; a != "10.10.0.2" {
		t.Errorf("the address is not free: the next container has %s", a)
	}
}

// An auxiliary address of a certain name is where a bridge network's containers
// send what is not for their subnet.
func TestDefaultGatewayOfABridgeNetwork(t *testing.T) {
	w := newWorld(t, "")
	via := func(c *Container) string {
		for _, r := range c.run.sandbox.NS.Routes(stack.TableMain) {
			if r.Dst.Bits() == 0 && r.Dst.Addr().Is4() {
				return r.Via.String()
			}
		}
		return "none"
	}
	own := func(when string) {
		t.Helper()
		none := time.Duration(0)
		c := w.run(w.a, named("own1", container.HostConfig{NetworkMode: "own"}))
		if got := via(c); got != "172.40.0.254" || c.NetworkSettings.Networks["own"].Gateway != got {
			t.Errorf("%s: via %s, inspect shows %s", when, got, c.NetworkSettings.Networks["own"].Gateway)
		}
		w.do(func() {
			w.a.Daemon.Containers.Stop("own1", &none)
			w.a.Daemon.Containers.Remove("own1", RemoveOptions{})
		})
	}
	w.network(w.a, network.Create{Name: "own", IPAM: &network.IPAM{Config: []network.IPAMConfig{{
		Subnet: "172.40.0.0/16", AuxAddresses: map[string]string{"DefaultGatewayIPv4": "172.40.0.254", "other": "172.40.0.3"}}}}})
	own("made")
	if err := w.restartWith(`{"bip":"172.17.0.1/16","fixed-cidr":"172.17.1.0/24","default-gateway":"172.17.0.254"}`); err != nil {
		t.Fatal(err)
	}
	own("restarted")
	if got := via(w.run(w.a, named("dflt", container.HostConfig{}))); got != "172.17.0.254" {
		t.Errorf("default-gateway: via %s", got)
	}
	n, _ := w.a.Daemon.Networks.Get("bridge")
	if cfg := n.IPAM.Config[0]; cfg.Gateway != "172.17.0.1" || cfg.AuxAddresses["DefaultGatewayIPv4"] != "172.17.0.254" {
		t.Errorf("IPAM %+v", cfg)
	}
}

// IFNAMSIZ: a bridge's name that netlink has no room for is refused when the
// options are read, and nothing is made.
func TestABridgeNameThatIsTooLong(t *testing.T) {
	w := newWorld(t, "")
	devices := len(w.a.NS().Interfaces())
	_, err := w.network(w.a, network.Create{Name: "n", Options: map[string]string{bridge.OptName: "br-sixteen-chars"}})
	if err == nil || err.Error() != "failed to check bridge interface existence: numerical result out of range" || len(w.a.NS().Interfaces()) != devices {
		t.Errorf("%v; %d interfaces, were %d", err, len(w.a.NS().Interfaces()), devices)
	}
}
