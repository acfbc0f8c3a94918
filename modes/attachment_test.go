package modes

import (
	"fmt"
	"net/netip"
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
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
