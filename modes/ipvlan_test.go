package modes

import (
	"net/netip"
	"strings"
	"testing"

	"dnetsim/modes/network"
	"dnetsim/stack"
)

func ipvlan1(mode string) network.Create {
	r := macvlan1("iv", map[string]string{"parent": "eth0", "ipvlan_mode": mode})
	r.Driver = "ipvlan"
	return r
}

// Children share the parent's MAC, and Docker shows none.
func TestIPvlanL2OnTwoHosts(t *testing.T) {
	w := newWorld(t, "")
	w.mustNetwork(w.a, ipvlan1(""))
	w.mustNetwork(w.b, ipvlan1("l2"))
	c1 := w.run(w.a, at("c1", "iv", "100.0.0.1"))
	w.run(w.a, at("c2", "iv", "100.0.0.2"))
	w.run(w.b, at("c3", "iv", "100.0.0.3"))
	eth0 := c1.run.sandbox.NS.Interface("eth0")
	if eth0.Kind() != stack.KindIPvlan || eth0.MAC() != w.a.NS().Interface("eth0").MAC() {
		t.Errorf("eth0 is a %s with %s", eth0.Kind(), eth0.MAC())
	}
	es := c1.NetworkSettings.Networks["iv"]
	if es.MacAddress != "" || es.Gateway != "100.0.0.254" {
		t.Errorf("settings %+v", es)
	}
	if e := w.a.mustNet(t, "iv").Containers()[c1.ID]; e.MacAddress != "" || e.IPv4Address != "100.0.0.1/24" {
		t.Errorf("inspect shows %+v", e)
	}
	w.wantPing(c1, "100.0.0.2", true)
	w.wantPing(c1, "100.0.0.3", true)
	w.wantPing(c1, "100.0.0.254", false)
	w.wantPing(c1, "10.0.0.11", false)
}

// In mode l3 there is no gateway: everything leaves by the device, and the
// parent's host routes it.
func TestIPvlanL3(t *testing.T) {
	w := newWorld(t, "")
	w.mustNetwork(w.a, ipvlan1("l3"))
	c1 := w.run(w.a, at("c1", "iv", "100.0.0.1"))
	c2 := w.run(w.a, at("c2", "iv", "100.0.0.2"))
	if es := c1.NetworkSettings.Networks["iv"]; es.Gateway != "" {
		t.Errorf("gateway %s", es.Gateway)
	}
	rt, err := c1.run.sandbox.NS.RouteGet(netip.MustParseAddr("220.181.38.150"), netip.Addr{})
	if err != nil || rt.Via.IsValid() || rt.Dev != "eth0" {
		t.Errorf("route %+v, %v; want default dev eth0", rt, err)
	}
	w.wantPing(c1, "100.0.0.2", true)
	w.wantPing(c1, "10.0.0.12", false) // nobody knows the way back
	w.do(func() {
		w.b.NS().AddRoute(stack.Route{Dst: prefix("100.0.0.0/24"), Via: netip.MustParseAddr("10.0.0.11"), Dev: "eth0"})
	})
	w.wantPing(c2, "10.0.0.12", true)
}

func TestIPvlanRefusesAMACAndAMacvlanSibling(t *testing.T) {
	w := newWorld(t, "")
	w.mustNetwork(w.a, ipvlan1(""))
	r := at("c1", "iv", "")
	r.Config.MacAddress = "02:42:64:00:00:99"
	_, err := w.tryRun(w.a, r)
	if err == nil || err.Error() != "failed to create endpoint c1 on network iv: ipvlan interfaces do not support custom mac address assignment" {
		t.Errorf("custom MAC: %v", err)
	}
	w.run(w.a, at("c2", "iv", ""))
	m := macvlan1("mv", nil)
	m.IPAM = subnet("100.0.1.0/24", "")
	w.mustNetwork(w.a, m) // the drivers do not know of each other's networks
	_, err = w.tryRun(w.a, at("c3", "mv", ""))
	if err == nil || err.Error() != "failed to create the macvlan port: device or resource busy" {
		t.Errorf("macvlan beside ipvlan: %v", err)
	}
	if !strings.Contains(w.a.links(), "eth0") {
		t.Error("eth0 is gone")
	}
}
