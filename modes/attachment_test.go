package modes

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/stack/netfilter"
)

// manager stands for a swarm's manager: it knows the networks and gives out their
// addresses, at once and without a packet.
type manager struct {
	networks []*network.Create
	ids      []string
	next     map[string]int                     // last address given out, by network id
	places   map[*Host]map[string]netip.Prefix  // each node's own, by network id
	tasks    map[string]map[string]netip.Prefix // containers' by network id
}

func newManager() *manager {
	return &manager{next: map[string]int{}, places: map[*Host]map[string]netip.Prefix{}, tasks: map[string]map[string]netip.Prefix{}}
}

// add makes a network of the cluster's, with a subnet 172.16.N.0/24.
func (m *manager) add(r network.Create) string {
	i := len(m.ids)
	id := fmt.Sprintf("%025d", 7000+i)
	r.Scope = "swarm"
	r.IPAM = &network.IPAM{Config: []network.IPAMConfig{{
		Subnet: fmt.Sprintf("172.16.%d.0/24", i), Gateway: fmt.Sprintf("172.16.%d.254", i),
	}}}
	if r.Options == nil {
		r.Options = map[string]string{}
	}
	if r.Driver == "overlay" {
		r.Options["com.docker.network.driver.overlay.vxlanid_list"] = fmt.Sprint(4096 + i)
	}
	m.networks, m.ids = append(m.networks, &r), append(m.ids, id)
	m.tasks[id] = map[string]netip.Prefix{}
	return id
}

func (m *manager) find(ref string) int {
	for i, id := range m.ids {
		if id == ref || m.networks[i].Name == ref {
			return i
		}
	}
	return -1
}

func (m *manager) address(i int) netip.Prefix {
	id := m.ids[i]
	m.next[id]++
	return netip.MustParsePrefix(fmt.Sprintf("172.16.%d.%d/24", i, m.next[id]))
}

// node is one host's part in the swarm.
type node struct {
	m       *manager
	h       *Host
	address netip.Addr
	data    netip.Addr
	remotes []netip.Addr
}

func (n *node) IsManager() bool               { return len(n.remotes) == 0 }
func (n *node) IsAgent() bool                 { return true }
func (n *node) LocalAddress() netip.Addr      { return n.address }
func (n *node) ListenAddress() netip.Addr     { return netip.IPv4Unspecified() }
func (n *node) AdvertiseAddress() netip.Addr  { return n.address }
func (n *node) DataPathAddress() netip.Addr   { return n.data }
func (n *node) DataPathPort() uint16          { return 0 }
func (n *node) RemoteAddresses() []netip.Addr { return n.remotes }
func (n *node) agent() *network.Agent         { return &n.h.Daemon.net.Agent }
func (n *node) used(id string) (containers int) {
	for key := range n.m.tasks[id] {
		if c, _ := n.h.Daemon.Containers.Get(key); c != nil {
			containers++
		}
	}
	return containers
}

// place gives the node its own address in a network.
func (n *node) place(i int) netip.Prefix {
	all := n.m.places[n.h]
	if all == nil {
		all = map[string]netip.Prefix{}
		n.m.places[n.h] = all
	}
	if !all[n.m.ids[i]].IsValid() {
		all[n.m.ids[i]] = n.m.address(i)
	}
	n.agent().ResetAttachments(all)
	return all[n.m.ids[i]]
}

func (n *node) AttachNetwork(ref, container string, want []netip.Addr) (network.Attachment, error) {
	i := n.m.find(ref)
	if i < 0 {
		return network.Attachment{}, errf(ErrNotFound, "network %s not found", ref)
	}
	id := n.m.ids[i]
	at := n.m.address(i)
	if len(want) > 0 {
		at = netip.PrefixFrom(want[0], 24)
	}
	n.m.tasks[id][container] = at
	n.place(i)
	if _, err := n.agent().CreateManaged(id, *n.m.networks[i]); err != nil {
		return network.Attachment{}, err
	}
	return network.Attachment{Network: id, Addresses: []netip.Prefix{at}}, nil
}

func (n *node) DetachNetwork(ref, container string) error {
	i := n.m.find(ref)
	if i < 0 || !n.m.tasks[n.m.ids[i]][container].IsValid() {
		return errf(ErrNotFound, "could not find network attachment for container %s to network %s", container, ref)
	}
	id := n.m.ids[i]
	delete(n.m.tasks[id], container)
	if n.used(id) == 0 {
		return n.agent().RemoveManaged(id)
	}
	return nil
}

func TestAContainerAsksTheClusterForItsPlace(t *testing.T) {
	w := newWorld(t, "")
	m := newManager()
	id := m.add(network.Create{Name: "net", Driver: "bridge", Attachable: true})
	n := &node{m: m, h: w.a, address: netip.MustParseAddr("10.0.0.11")}
	w.do(func() { n.agent().Init(n) })
	defer w.do(func() { n.agent().Stop() })
	if _, err := w.a.Daemon.net.Find("net"); err == nil {
		t.Fatal("the network is here before anybody uses it")
	}
	c := w.run(w.a, container.Create{Name: "c1", HostConfig: container.HostConfig{NetworkMode: "net"}, Config: container.Config{Tty: true}})
	es := c.NetworkSettings.Networks["net"]
	if es == nil || es.IPAddress != "172.16.0.1" || es.IPAMConfig == nil || es.IPAMConfig.IPv4Address != "172.16.0.1" || es.NetworkID != id {
		t.Fatalf("settings %+v", es)
	}
	n2, err := w.a.Daemon.net.Find("net")
	if err != nil || n2.Scope != "swarm" || n2.ID != id || !n2.Dynamic() {
		t.Fatalf("network %+v, %v", n2, err)
	}
	w.do(func() { w.a.Daemon.Containers.Stop("c1", nil) })
	if len(m.tasks[id]) > 0 || es.IPAMConfig != nil {
		t.Errorf("after the stop: tasks %v, asks for %+v", m.tasks[id], es.IPAMConfig)
	}
	if _, err := w.a.Daemon.net.Find("net"); err == nil {
		t.Error("the network stays when nobody uses it")
	}
	w.do(func() { err = w.a.Daemon.Containers.Start("c1") })
	if es := c.NetworkSettings.Networks["net"]; err != nil || es.IPAddress != "172.16.0.3" { // .2 is the node's own
		t.Errorf("again: %v, %+v", err, es)
	}
}

// swarmOf makes three hosts nodes of one swarm, by hand: the first one is where the others
// join.
func swarmOf(t *testing.T) (*world, *manager, []*node) {
	w := newWorld(t, "")
	c := w.host("bdc03", "10.0.0.13/24", 0x13, "")
	m := newManager()
	var all []*node
	for i, h := range []*Host{w.a, w.b, c} {
		n := &node{m: m, h: h, address: netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)})}
		all = append(all, n)
	}
	w.do(func() {
		if err := c.Daemon.Start(); err != nil {
			t.Error(err)
		}
	})
	ingress := m.add(network.Create{Name: "ingress", Driver: "overlay", Ingress: true})
	for i, n := range all {
		if i > 0 {
			n.remotes = []netip.Addr{all[0].address}
		}
		w.do(func() {
			n.agent().Init(n)
			n.agent().SetKeys([]network.Key{
				{Subsystem: network.SubsystemGossip, Secret: []byte("0123456789abcdef"), LamportTime: 1},
				{Subsystem: network.SubsystemIPSec, Secret: []byte("fedcba9876543210"), LamportTime: 1},
				{Subsystem: network.SubsystemIPSec, Secret: []byte("another key here"), LamportTime: 2},
			})
			n.agent().Start()
			if err := n.agent().SetupIngress(ingress, *m.networks[0], n.place(0)); err != nil {
				t.Errorf("ingress of %s: %v", n.h.Name, err)
			}
		})
	}
	return w, m, all
}

// onOverlay runs a container in a network.
func (w *world) onOverlay(n *node, name, net string) *Container {
	w.t.Helper()
	return w.run(n.h, container.Create{Name: name, HostConfig: container.HostConfig{NetworkMode: net}, Config: container.Config{Tty: true}})
}

func TestThreeNodesOfASwarmReachEachOther(t *testing.T) {
	w, m, nodes := swarmOf(t)
	m.add(network.Create{Name: "overlay", Driver: "overlay", Attachable: true})
	var all []*Container
	for i, n := range nodes {
		all = append(all, w.onOverlay(n, fmt.Sprint("bbox", i+1), "overlay"))
	}
	w.do(func() { w.loop.Current().Sleep(2e9) })
	for i, c := range all {
		for k, o := range all {
			if at := o.NetworkSettings.Networks["overlay"].IPAddress; !w.pings(c, at) {
				t.Errorf("bbox%d does not reach %s", i+1, at)
			}
			if !w.pings(c, fmt.Sprint("bbox", k+1)) {
				t.Errorf("bbox%d does not reach bbox%d by name", i+1, k+1)
			}
		}
	}
	for _, n := range nodes {
		nw, err := n.h.Daemon.net.Find("overlay")
		if err != nil {
			t.Fatal(err)
		}
		if peers := nw.Peers(); len(peers) != 3 {
			t.Errorf("%s: peers %v", n.h.Name, peers)
		}
		if s := nw.Services()[""]; len(s.Tasks) != 3 || s.Tasks[0].HostIP == "" {
			t.Errorf("%s: %+v", n.h.Name, s)
		}
		if got := nw.Containers()["lb-overlay"]; got.Name != "overlay-endpoint" {
			t.Errorf("%s: containers %+v", n.h.Name, nw.Containers())
		}
	}
	w.do(func() {
		if err := nodes[1].h.Daemon.Containers.Rename("bbox2", "box"); err != nil {
			t.Error(err)
		}
		w.loop.Current().Sleep(1e9)
	})
	if !w.pings(all[0], "box") || w.pings(all[0], "bbox2") {
		t.Error("the other nodes do not hear of a new name")
	}
	w.do(func() { nodes[2].h.Daemon.Containers.Stop("bbox3", nil) })
	w.do(func() { w.loop.Current().Sleep(2e9) })
	if _, err := nodes[2].h.Daemon.net.Find("overlay"); err == nil {
		t.Error("the network stays where nobody uses it")
	}
	w.do(func() { // the gossip goes before the containers do
		nodes[1].agent().Stop()
		nodes[1].h.Daemon.Containers.Stop("box", nil)
	})
	for _, l := range nodes[1].h.Daemon.Journal.Lines() {
		if strings.Contains(l.Text, "cannot delete entry") {
			t.Error(l.Text)
		}
	}
	if out, _ := w.exec(all[0], "ping", "-c", "1", "-W", "1", "bbox3"); out != "ping: bad address 'bbox3'\n" && out != "ping: bad address 'bbox3'\r\n" {
		t.Errorf("bbox3 is still known: %s", out)
	}
}

func TestAnEncryptedNetworkTravelsInESP(t *testing.T) {
	w, m, nodes := swarmOf(t)
	m.add(network.Create{Name: "enc", Driver: "overlay", Attachable: true, Options: map[string]string{"encrypted": ""}})
	a, b := w.onOverlay(nodes[0], "e1", "enc"), w.onOverlay(nodes[1], "e2", "enc")
	w.do(func() { w.loop.Current().Sleep(2e9) })
	var wire []string
	w.a.NS().Interface("eth0").Observe(func(_ link.Direction, f *link.Frame) {
		wire = append(wire, print.Packet(f.Bytes(), print.Options{}))
	})
	if !w.pings(a, "e2") || !w.pings(b, "e1") {
		t.Error("no answer")
	}
	seen := strings.Join(wire, "\n")
	if !strings.Contains(seen, "10.0.0.11 > 10.0.0.12: ESP(spi=0x") || !strings.Contains(seen, "length 140") || strings.Contains(seen, "VXLAN") {
		t.Errorf("on the wire:\n%s", seen)
	}
	if mtu := a.Space().Interface("eth0").MTU(); mtu != 1424 {
		t.Errorf("the MTU is %d", mtu)
	}
	x := w.a.NS().XFRM()
	if len(x.States()) != 3 || len(x.Policies()) != 1 { // both keys in, one out
		t.Errorf("states %+v, policies %+v", x.States(), x.Policies())
	}
	if err := w.b.NS().Netfilter(false).Exec("-I", "INPUT", "-p", "esp", "-j", "DROP"); err != nil {
		t.Fatal(err)
	}
	if w.pings(a, b.NetworkSettings.Networks["enc"].IPAddress) {
		t.Error("ESP is dropped, and a ping answered")
	}
	w.do(func() { w.a.Daemon.Containers.Stop("e1", nil) })
	if len(x.States()) != 0 || len(x.Policies()) != 0 {
		t.Errorf("left: states %+v, policies %+v", x.States(), x.Policies())
	}
	// 20.10 leaves the rules behind, and finds them when it needs them again.
	for range 2 {
		w.do(func() { w.a.Daemon.Containers.Stop("e1", nil) })
		for table, n := range map[string]int{"filter": 2, "mangle": 1} {
			if got, _ := w.a.NS().Netfilter(false).List(table, "", netfilter.ListOptions{Numeric: true}); strings.Count(got, "4789") != n {
				t.Errorf("rules in %s:\n%s", table, got)
			}
		}
		w.do(func() {
			if err := w.a.Daemon.Containers.Start("e1"); err != nil {
				t.Error(err)
			}
		})
	}
}
