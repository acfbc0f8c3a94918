package modes

import (
	"errors"
	"strings"
	"testing"

	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/stack"
	"dnetsim/stack/netfilter"
)

// macvlan1 is the walkthrough's network, with what the test changes.
func macvlan1(name string, options map[string]string) network.Create {
	if options == nil {
		options = map[string]string{"parent": "eth0"}
	}
	return network.Create{Name: name, Driver: "macvlan", IPAM: subnet("100.0.0.0/24", "100.0.0.254"), Options: options}
}

func (w *world) mustNetwork(h *Host, r network.Create) *network.Network {
	w.t.Helper()
	n, err := w.network(h, r)
	if err != nil {
		w.t.Fatalf("network %s: %v", r.Name, err)
	}
	return n
}

// at is a container with an address in a network ("" the lowest free one).
func at(name, network, address string) container.Create {
	r := named(name, container.HostConfig{NetworkMode: network})
	if address != "" {
		r.Endpoints = map[string]*container.EndpointSettings{network: {IPAMConfig: &container.EndpointIPAM{IPv4Address: address}}}
	}
	return r
}

func (w *world) wantPing(c *Container, to string, want bool) {
	w.t.Helper()
	if got := w.pings(c, to); got != want {
		w.t.Errorf("%s pings %s: %v, want %v", c.Name, to, got, want)
	}
}

func TestMacvlanOnTwoHosts(t *testing.T) {
	w := newWorld(t, "")
	w.mustNetwork(w.a, macvlan1("macvlan_1", nil))
	w.mustNetwork(w.b, macvlan1("macvlan_1", nil))
	c1 := w.run(w.a, at("bbox1", "macvlan_1", "100.0.0.1"))
	c2 := w.run(w.b, at("bbox2", "macvlan_1", "100.0.0.2"))
	near := w.run(w.a, at("near", "macvlan_1", ""))
	if got := near.NetworkSettings.Networks["macvlan_1"].IPAddress; got != "100.0.0.2" {
		t.Errorf("the lowest free address of bdc01 is %s, want 100.0.0.2: IPAM is per host", got)
	}
	w.do(func() { w.a.Daemon.Containers.Remove("near", RemoveOptions{Force: true}) })
	es := c1.NetworkSettings.Networks["macvlan_1"]
	if es.MacAddress != "02:42:64:00:00:01" || es.Gateway != "100.0.0.254" || es.IPPrefixLen != 24 {
		t.Errorf("settings %+v", es)
	}
	eth0 := c1.run.sandbox.NS.Interface("eth0")
	if eth0.Kind() != stack.KindMacvlan || eth0.PeerIndex() != w.a.NS().Interface("eth0").Index() || eth0.TxQueueLen() != 0 {
		t.Errorf("eth0 is a %s over %d with queue %d", eth0.Kind(), eth0.PeerIndex(), eth0.TxQueueLen())
	}
	if mode, _ := eth0.MacvlanMode(); mode != link.MacvlanBridge {
		t.Errorf("mode %s", mode)
	}
	w.wantPing(c1, "100.0.0.2", true)
	w.wantPing(c2, "100.0.0.1", true)
	w.wantPing(c1, "100.0.0.254", false)
	w.wantPing(c1, "220.181.38.150", false)
	w.wantPing(c1, "10.0.0.11", false)
	w.wantPing(c1, "bbox1", true)
	w.wantPing(c1, "bbox2", false)
	for name, e := range w.a.mustNet(t, "macvlan_1").Containers() {
		if name != c1.ID || e.IPv4Address != "100.0.0.1/24" || e.MacAddress != "02:42:64:00:00:01" {
			t.Errorf("inspect shows %s %+v", name, e)
		}
	}
}

func (h *Host) mustNet(t *testing.T, name string) *network.Network {
	t.Helper()
	n, err := h.Daemon.Networks.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Everything that is refused leaves interfaces and pools as they were.
func TestMacvlanRefusals(t *testing.T) {
	w := newWorld(t, "")
	first := w.mustNetwork(w.a, macvlan1("macvlan_1", nil))
	before := w.a.links()
	pools := len(w.a.Daemon.net.Ipam.Holdings())
	other := subnet("100.0.1.0/24", "100.0.1.254")
	for _, tc := range []struct {
		driver  string
		options map[string]string
		ipam    *network.IPAM
		want    string
	}{
		{"macvlan", map[string]string{"parent": "eth0"}, other, "network dm-" + first.ShortID() + " is already using parent interface eth0"},
		{"macvlan", map[string]string{"parent": "nosuch0"}, other, "invalid subinterface vlan name nosuch0, example formatting is eth0.10"},
		{"macvlan", map[string]string{"parent": "eth0.10.1"}, other, "required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received eth0.10.1"},
		{"macvlan", map[string]string{"parent": "eth0.ten"}, other, "unable to parse a valid vlan id from: ten (ex. eth0.10 for vlan 10)"},
		{"macvlan", map[string]string{"parent": "eth7.10"}, other, "-o parent interface does was not found on the host: eth7"},
		{"ipvlan", map[string]string{"parent": "eth7.10"}, other, "-o parent interface was not found on the host: eth7"},
		{"macvlan", map[string]string{"parent": "eth0.4095"}, other, "vlan id must be between 1-4094, received: 4095"},
		{"macvlan", map[string]string{"parent": "eth0.0"}, other, "vlan id must be between 1-4094, received: 0"},
		{"macvlan", map[string]string{"parent": "lo"}, other, "loopback interface is not a valid macvlan parent link"},
		{"ipvlan", map[string]string{"parent": "lo"}, other, "loopback interface is not a valid ipvlan parent link"},
		{"macvlan", map[string]string{"parent": "eth0.10", "macvlan_mode": "hub"}, other, "requested macvlan mode 'hub' is not valid, 'bridge' mode is the macvlan driver default"},
		{"ipvlan", map[string]string{"parent": "eth0.10", "ipvlan_mode": "l4"}, other, "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default"},
		{"macvlan", map[string]string{"parent": "eth0.10"}, subnet("100.0.0.0/25", ""), "Pool overlaps with other one on this address space"},
		{"macvlan", map[string]string{"parent": "eth0.10"}, &network.IPAM{Driver: "null"}, "ipv4 pool is empty"},
	} {
		_, err := w.network(w.a, network.Create{Name: "x", Driver: tc.driver, IPAM: tc.ipam, Options: tc.options})
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s %v: %v\nwant %s", tc.driver, tc.options, err, tc.want)
		}
	}
	if got := w.a.links(); got != before {
		t.Errorf("interfaces %s, before %s", got, before)
	}
	if got := len(w.a.Daemon.net.Ipam.Holdings()); got != pools {
		t.Errorf("%d pools, before %d", got, pools)
	}
	c := w.run(w.a, at("cc", "macvlan_1", ""))
	var e *Error
	err := w.a.Daemon.Networks.Remove("macvlan_1")
	if want := "error while removing network: network macvlan_1 id " + first.ID + " has active endpoints"; !errors.As(err, &e) || e.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	w.do(func() { w.a.Daemon.Containers.Remove(c.ID, RemoveOptions{Force: true}) })
	if got := w.a.links(); got != before {
		t.Errorf("interfaces %s after the container, before %s", got, before)
	}
}

// links are the names of the host's interfaces.
func (h *Host) links() string {
	var names []string
	for _, i := range h.NS().Interfaces() {
		names = append(names, i.Name())
	}
	return strings.Join(names, " ")
}

// A missing sub-interface is made and goes away with its network; one that was
// there stays.
func TestMacvlanOnAVLAN(t *testing.T) {
	w := newWorld(t, "")
	before := w.a.links()
	for _, h := range []*Host{w.a, w.b} {
		w.mustNetwork(h, macvlan1("m10", map[string]string{"parent": "eth0.10"}))
		r := macvlan1("m20", map[string]string{"parent": "eth0.20"})
		r.IPAM = subnet("100.0.1.0/24", "")
		w.mustNetwork(h, r)
		i := h.NS().Interface("eth0.10")
		if id, ok := i.VLANID(); !ok || id != 10 || !i.Up() {
			t.Fatalf("eth0.10: id %d, up %v", id, i.Up())
		}
	}
	if a := w.a.mustNet(t, "m20").IPAM.Config[0].Gateway; a != "" {
		t.Errorf("a gateway nobody asked for is shown: %s", a)
	}
	c1 := w.run(w.a, at("c1", "m10", "100.0.0.1"))
	w.run(w.b, at("c2", "m10", "100.0.0.2"))
	w.run(w.b, at("c3", "m20", "100.0.1.3"))
	c4 := w.run(w.a, at("c4", "m20", ""))
	es := c4.NetworkSettings.Networks["m20"]
	if es.Gateway != "100.0.1.1" || es.IPAddress != "100.0.1.2" {
		t.Errorf("without --gateway: %s, gateway %s; want 100.0.1.2 and .1", es.IPAddress, es.Gateway)
	}
	tags := map[uint16]bool{}
	stop := w.a.NS().Interface("eth0").Observe(func(_ link.Direction, f *link.Frame) {
		if id, ok := f.VLANID(); ok {
			tags[id] = true
		}
	})
	w.wantPing(c1, "100.0.0.2", true)
	w.wantPing(c1, "100.0.1.3", false)
	stop()
	if !tags[10] || tags[20] {
		t.Errorf("tags on the wire: %v, want 10 only", tags)
	}
	// The daemon's networks, and a sub-interface that was lost meanwhile, come back.
	w.do(func() {
		w.a.Daemon.Stop()
		w.a.NS().Interface("eth0.10").Delete()
		if err := w.a.Daemon.Start(); err != nil {
			t.Error(err)
		}
		if err := w.a.Daemon.Containers.Start("c1"); err != nil {
			t.Error(err)
		}
	})
	w.wantPing(c1, "100.0.0.2", true)
	w.do(func() {
		w.a.Daemon.Containers.Remove("c1", RemoveOptions{Force: true})
		w.a.Daemon.Containers.Remove("c4", RemoveOptions{Force: true})
		for _, n := range []string{"m10", "m20"} {
			if err := w.a.Daemon.Networks.Remove(n); err != nil {
				t.Error(err)
			}
		}
	})
	if got := w.a.links(); got != before {
		t.Errorf("interfaces %s, want %s", got, before)
	}
	mine, err := w.a.NS().AddVLAN("eth0.30", w.a.NS().Interface("eth0"), 30)
	if err != nil {
		t.Fatal(err)
	}
	w.mustNetwork(w.a, macvlan1("m30", map[string]string{"parent": "eth0.30"}))
	w.do(func() { w.a.Daemon.Networks.Remove("m30") })
	if w.a.NS().Interface("eth0.30") != mine {
		t.Error("the network took a sub-interface along that it had not made")
	}
}

// Without a parent there is a dummy one: containers of the host talk, nobody
// else. With --internal and a parent there is no default route.
func TestMacvlanWithoutParentAndInternal(t *testing.T) {
	w := newWorld(t, "")
	before := w.a.links()
	n := w.mustNetwork(w.a, macvlan1("alone", map[string]string{}))
	r := macvlan1("inside", nil)
	r.IPAM, r.Internal = subnet("100.0.3.0/24", "100.0.3.254"), true
	w.mustNetwork(w.a, r)
	dummy := w.a.NS().Interface("dm-" + n.ShortID())
	if dummy == nil || dummy.Kind() != stack.KindDummy || !dummy.Up() {
		t.Fatalf("interfaces %s", w.a.links())
	}
	c1 := w.run(w.a, at("c1", "alone", ""))
	w.run(w.a, at("c2", "alone", ""))
	w.wantPing(c1, "100.0.0.2", true)
	w.wantPing(c1, "10.0.0.11", false)
	c3 := w.run(w.a, at("c3", "inside", ""))
	if es := c3.NetworkSettings.Networks["inside"]; es.Gateway != "" {
		t.Errorf("gateway %s of an internal network", es.Gateway)
	}
	if out, _ := w.exec(c3, "ping", "-c", "1", "10.0.0.11"); !strings.Contains(out, "Network is unreachable") {
		t.Errorf("internal:\n%s", out)
	}
	w.do(func() {
		for _, c := range []string{"c1", "c2", "c3"} {
			w.a.Daemon.Containers.Remove(c, RemoveOptions{Force: true})
		}
		w.a.Daemon.Networks.Remove("alone")
		w.a.Daemon.Networks.Remove("inside")
	})
	if got := w.a.links(); got != before {
		t.Errorf("interfaces %s, want %s", got, before)
	}
}

func TestMacvlanPassthruTakesOneContainer(t *testing.T) {
	w := newWorld(t, "")
	eth0 := w.a.NS().Interface("eth0")
	own := eth0.MAC()
	w.mustNetwork(w.a, macvlan1("mm", map[string]string{"parent": "eth0", "macvlan_mode": "passthru"}))
	w.run(w.a, at("mm1", "mm", "100.0.0.21"))
	if eth0.MAC() != (link.MAC{2, 0x42, 100, 0, 0, 21}) {
		t.Errorf("eth0 has %s, want the container's address", eth0.MAC())
	}
	_, err := w.tryRun(w.a, at("mm2", "mm", "100.0.0.22"))
	if err == nil || err.Error() != "failed to create the macvlan port: invalid argument" {
		t.Errorf("second container: %v", err)
	}
	if c, _ := w.a.Daemon.Containers.Get("mm2"); c == nil || c.State.Status != container.Created {
		t.Errorf("mm2 is %+v", c)
	}
	w.do(func() { w.a.Daemon.Containers.Remove("mm1", RemoveOptions{Force: true}) })
	if eth0.MAC() != own {
		t.Errorf("eth0 keeps %s, want %s back", eth0.MAC(), own)
	}
	// The address of the refused one is free again.
	w.run(w.a, at("mm3", "mm", "100.0.0.22"))
}

// Published ports are accepted and have no effect but a line in the log.
func TestMacvlanPublishesNothing(t *testing.T) {
	w := newWorld(t, "")
	w.mustNetwork(w.a, macvlan1("macvlan_1", nil))
	rules := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}))
	r := at("mp", "macvlan_1", "100.0.0.80")
	r.HostConfig.PortBindings = map[nat.Port][]nat.PortBinding{{Number: 80, Proto: "tcp"}: {{HostPort: "8080"}}}
	r.Config.ExposedPorts = map[nat.Port]bool{{Number: 80, Proto: "tcp"}: true}
	c := w.run(w.a, r)
	if len(c.NetworkSettings.Ports) != 0 {
		t.Errorf("ports %v", c.NetworkSettings.Ports)
	}
	if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != rules {
		t.Errorf("publishing changed the firewall:\n%s", got)
	}
	log := logText(w.a)
	for _, want := range []string{"macvlan driver does not support port mappings", "macvlan driver does not support port exposures"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// Both containers start; who is heard follows from ARP.
func TestMacvlanSameAddressOnTwoHosts(t *testing.T) {
	w := newWorld(t, "")
	w.mustNetwork(w.a, macvlan1("macvlan_1", nil))
	w.mustNetwork(w.b, macvlan1("macvlan_1", nil))
	w.run(w.a, at("dup1", "macvlan_1", "100.0.0.50"))
	w.run(w.b, at("dup2", "macvlan_1", "100.0.0.50"))
	c := w.run(w.a, at("cc", "macvlan_1", "100.0.0.1"))
	w.wantPing(c, "100.0.0.50", true)
}

func TestMacvlanRangeAndAux(t *testing.T) {
	w := newWorld(t, "")
	r := macvlan1("macvlan_1", nil)
	r.IPAM.Config[0].IPRange = "100.0.0.64/27"
	r.IPAM.Config[0].AuxAddresses = map[string]string{"printer": "100.0.0.64"}
	n := w.mustNetwork(w.a, r)
	c := w.run(w.a, at("cc", "macvlan_1", ""))
	if got := c.NetworkSettings.Networks["macvlan_1"].IPAddress; got != "100.0.0.65" {
		t.Errorf("first address %s, want 100.0.0.65", got)
	}
	if got := n.IPAM.Config[0]; got.IPRange != "100.0.0.64/27" || got.AuxAddresses["printer"] != "100.0.0.64" || got.Gateway != "100.0.0.254" {
		t.Errorf("inspect shows %+v", got)
	}
	_, err := w.tryRun(w.a, at("dd", "macvlan_1", "100.0.0.64"))
	if err == nil || err.Error() != "Address already in use" {
		t.Errorf("the auxiliary address: %v", err)
	}
}

// A sub-interface that cannot be made when the daemon starts: the network is
// listed, nothing joins it, and it can be removed.
func TestMacvlanWhoseParentIsLost(t *testing.T) {
	w := newWorld(t, "")
	n := w.mustNetwork(w.a, macvlan1("m10", map[string]string{"parent": "eth0.10"}))
	c := w.run(w.a, at("c1", "m10", ""))
	w.do(func() {
		w.a.Daemon.Stop()
		w.a.NS().Interface("eth0.10").Delete()
		w.a.NS().Interface("eth0").SetUp(false)
		if err := w.a.Daemon.Start(); err != nil {
			t.Fatal(err)
		}
		err := w.a.Daemon.Containers.Start(c.ID)
		if want := `failed to create endpoint c1 on network m10: network id "` + n.ID + `" not found`; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		if err := w.a.Daemon.Networks.Remove("m10"); err != nil {
			t.Error(err)
		}
	})
	if !strings.Contains(logText(w.a), "Could not create macvlan network for id "+n.ID+" from persistent state") {
		t.Error("the log does not say so")
	}
	if w.a.NS().Interface("eth0.10") != nil {
		t.Error("half a sub-interface is left")
	}
}

// logText is everything that the daemon logged.
func logText(h *Host) string {
	text := ""
	for _, l := range h.Daemon.Journal.Lines() {
		text += l.Text + "\n"
	}
	return text
}
