package view

import (
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// end is a scenario of the library at its end.
func end(t *testing.T, name string) *replay.World {
	t.Helper()
	s, err := scenarios.FromLibrary(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := replay.Open(replay.Options{Scenario: s, Docker: cli.Program, Moment: scenarios.End})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func (t *Topo) node(id string) *Node {
	k := slices.IndexFunc(t.Nodes, func(n Node) bool { return n.ID == id })
	if k < 0 {
		return &Node{}
	}
	return &t.Nodes[k]
}

func (t *Topo) link(id string) *Link {
	k := slices.IndexFunc(t.Links, func(l Link) bool { return l.ID == id })
	if k < 0 {
		return &Link{}
	}
	return &t.Links[k]
}

func (t *Topo) iface(id string) *Iface {
	k := slices.IndexFunc(t.Ifaces, func(i Iface) bool { return i.ID == id })
	if k < 0 {
		return &Iface{}
	}
	return &t.Ifaces[k]
}

// sound reports what in a topology points nowhere.
func (t *Topo) sound(test *testing.T) {
	test.Helper()
	seen := map[string]bool{}
	for _, n := range t.Nodes {
		if seen[n.ID] {
			test.Errorf("node %s twice", n.ID)
		}
		seen[n.ID] = true
		if n.Parent != "" && t.node(n.Parent).ID == "" {
			test.Errorf("node %s is within %s, which is not there", n.ID, n.Parent)
		}
	}
	for _, i := range t.Ifaces {
		if t.node(i.Node).ID == "" {
			test.Errorf("interface %s is of %s, which is not there", i.ID, i.Node)
		}
		for _, to := range []string{i.Peer, i.Master} {
			if to != "" && t.iface(to).ID == "" {
				test.Errorf("interface %s leads to %s, which is not there", i.ID, to)
			}
		}
	}
	for _, l := range t.Links {
		for _, end := range []string{l.A, l.B} {
			if t.iface(end).ID == "" && t.node(end).Kind != "lan" {
				test.Errorf("link %s leads to %s, which is not there", l.ID, end)
			}
		}
	}
	for _, p := range t.Published {
		if t.node(p.To).Kind != "container" {
			test.Errorf("%+v leads to nobody", p)
		}
	}
}

func TestTheTopologyOfLocalModes(t *testing.T) {
	topo := Topology(end(t, "local-modes").Lab())
	topo.sound(t)
	kinds := map[string][]string{}
	for _, n := range topo.Nodes {
		kinds[n.Kind] = append(kinds[n.Kind], n.Name)
	}
	if len(kinds["host"]) == 0 || len(kinds["container"]) < 4 || !slices.Contains(kinds["bridge"], "docker0") || len(kinds["lan"]) == 0 {
		t.Errorf("nodes: %v", kinds)
	}
	veths := 0
	for _, l := range topo.Links {
		if l.Kind == "veth" {
			veths++
			a, b := topo.iface(l.A), topo.iface(l.B)
			if a.Peer != b.ID || b.Peer != a.ID || a.Master == "" && b.Master == "" {
				t.Errorf("the veth %+v has no bridge at either end", l)
			}
		}
	}
	if veths == 0 {
		t.Error("no veth")
	}
}

func TestTheTopologyOfAnOverlayThatFails(t *testing.T) {
	w := end(t, "overlay-ping")
	topo := Topology(w.Lab())
	topo.sound(t)
	var tunnel *Link
	for i := range topo.Links {
		if topo.Links[i].Kind == "tunnel" {
			tunnel = &topo.Links[i]
		}
	}
	if tunnel == nil || tunnel.State != "down" || !strings.Contains(tunnel.Note, "neither") {
		t.Errorf("the tunnel: %+v", tunnel)
	}
	k := slices.IndexFunc(topo.Networks, func(n Network) bool { return n.Driver == "overlay" })
	if k < 0 || topo.Networks[k].VNI != 256 || !slices.Equal(topo.Networks[k].Hosts, []string{"bdc01", "bdc02"}) || len(topo.Networks[k].Peers) != 2 || topo.Networks[k].Peers[1].Known {
		t.Errorf("networks: %+v", topo.Networks)
	}
	if p := topo.Published[0]; p.Host != "bdc01" || p.Port != "8500" || p.To != "bdc01/consul" || p.ToPort != "8500" {
		t.Errorf("published: %+v", topo.Published)
	}
	cable := topo.link("bdc01:eth0")
	if cable.A != "bdc01/eth0" || topo.node(cable.B).Kind != "lan" || cable.State != "up" || cable.Delay != 200 || cable.Note != "" {
		t.Errorf("the cable: %+v", cable)
	}
	// Nothing of it has changed the world.
	before := w.Lab().Loop.Fired()
	for _, n := range topo.Nodes {
		Tables(w.Lab(), n.ID) //nolint:errcheck // a LAN has none
	}
	if w.Lab().Loop.Fired() != before || Topology(w.Lab()).Traffic() != topo.Traffic() {
		t.Error("looking has changed the world")
	}
}

func TestTheTopologyOfMacvlanAndOfFaults(t *testing.T) {
	w := end(t, "macvlan")
	topo := Topology(w.Lab())
	topo.sound(t)
	children := 0
	for _, l := range topo.Links {
		if l.Kind == "child" {
			children++
			if topo.iface(l.A).Kind != "macvlan" || !strings.Contains(l.Note, "macvlan bridge") {
				t.Errorf("%+v", l)
			}
		}
	}
	if children == 0 {
		t.Error("no child device")
	}
	host := w.Lab().First()
	for _, x := range []struct{ fault, state, note string }{
		{"loss: 10%", "lossy", "10% lost"}, {"block: [udp/4789]", "blocked", "blocks udp/4789"}, {"down: true", "down", ""},
	} {
		if err := w.Lab().Trouble(scenarios.StepRepair, "cable: "+host); err != nil {
			t.Fatal(err)
		}
		if err := w.Lab().Trouble(scenarios.StepFault, "cable: "+host+", "+x.fault); err != nil {
			t.Fatalf("%s: %v", x.fault, err)
		}
		if l := Topology(w.Lab()).link(host + ":eth0"); l.State != x.state || !strings.Contains(l.Note, x.note) {
			t.Errorf("with %s the cable is %+v", x.fault, l)
		}
	}
	swarm := end(t, "swarm-ping")
	if _, text, err := swarm.Line(swarm.Lab().First(), "docker service create -d --name web -p 8080:80 nginx; sleep 20; docker service ps web"); err != nil {
		t.Fatal(text, err)
	}
	topo = Topology(swarm.Lab())
	topo.sound(t)
	on := map[string]string{}
	for _, p := range topo.Published {
		if p.Port == "8080" && p.ToPort == "80" && topo.node(p.To).Service == "web" {
			on[p.Host] = p.To
		}
	}
	if len(on) != len(swarm.Lab().Scenario.Hosts) {
		t.Errorf("the service's port is published on %v: %+v", on, topo.Published)
	}
	for _, name := range []string{"ipvlan-host-isolation", "walkthrough-29"} {
		Topology(end(t, name).Lab()).sound(t)
	}
}
