package modes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/userland"
	"dnetsim/userland/consul"
)

// lan is the captures' topology with a consul that runs on the router and two
// engines that use it.
type lan struct {
	*world
	vxlan  map[string]int // datagrams to port 4789 on each host's eth0
	gossip int            // packets on port 7946 that left a host
}

func clusterJSON(advertise string) string {
	return fmt.Sprintf(`{"cluster-store": "consul://10.0.0.2:8500", "cluster-advertise": %q}`, advertise)
}

// newLAN starts consul, then the engines with their daemon.json.
func newLAN(t *testing.T, jsonA, jsonB string) *lan {
	t.Helper()
	w := &lan{world: newWorld(t, ""), vxlan: map[string]int{}}
	w.consul()
	w.wait(2 * time.Second)
	w.configure(w.a, jsonA)
	w.configure(w.b, jsonB)
	for _, h := range []*Host{w.a, w.b} {
		w.do(func() {
			if err := h.Daemon.Restart(); err != nil {
				t.Errorf("daemon of %s: %v", h.Name, err)
			}
		})
	}
	for _, h := range []*Host{w.a, w.b} {
		h.NS().Interface("eth0").Observe(func(_ link.Direction, f *link.Frame) {
			if strings.Contains(print.Packet(f.Bytes(), print.Options{}), ".4789:") {
				w.vxlan[h.Name]++
			}
		})
	}
	return w
}

func (w *lan) consul() *userland.Process {
	return w.router.Start(userland.ProcSpec{
		Args:    []string{"consul", "agent", "-server", "-bootstrap", "-client", "0.0.0.0", "-data-dir", "/data"},
		Program: consul.Programs()["consul"],
	})
}

func (w *lan) configure(h *Host, json string) {
	h.FS().MkdirAll("/etc/docker", 0o755)
	h.FS().WriteFile("/etc/docker/daemon.json", []byte(json), 0o644)
}

func (w *lan) wait(d time.Duration) {
	w.do(func() { w.loop.Current().Sleep(d) })
}

// overlay makes the walkthrough's network on the first host.
func (w *lan) overlay() *network.Network {
	w.t.Helper()
	var n *network.Network
	w.do(func() {
		var err error
		n, _, err = w.a.Daemon.Networks.Create(network.Create{
			Name: "overlay", Driver: "overlay", CheckDuplicate: true,
			IPAM: &network.IPAM{Options: map[string]string{}, Config: []network.IPAMConfig{{Subnet: "172.16.0.0/24", Gateway: "172.16.0.254"}}},
		})
		if err != nil {
			w.t.Errorf("network create: %v", err)
		}
	})
	return n
}

func onOverlay(name string) container.Create {
	return named(name, container.HostConfig{NetworkMode: "overlay"})
}

// pair is bbox1 on the first host and bbox2 on the second.
func (w *lan) pair() (c1, c2 *Container) {
	w.t.Helper()
	w.wait(4 * time.Second)
	w.overlay()
	c1, c2 = w.run(w.a, onOverlay("bbox1")), w.run(w.b, onOverlay("bbox2"))
	w.wait(3 * time.Second)
	return c1, c2
}

func logOf(h *Host) string {
	var b strings.Builder
	for _, l := range h.Daemon.Journal.Lines() {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

func (w *lan) logs() {
	for _, h := range []*Host{w.a, w.b} {
		all := logOf(h)
		w.t.Logf("%s:\n%s", h.Name, all[max(0, strings.LastIndex(all, "API listen")):])
	}
}

// A healthy pair of hosts: containers reach each other by address and by name,
// over VXLAN.
func TestContainersOnTwoHostsReachEachOther(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	c1, c2 := w.pair()
	for _, p := range []struct {
		c  *Container
		to string
	}{{c1, "172.16.0.2"}, {c2, "172.16.0.1"}, {c1, "bbox2"}, {c2, "bbox1"}, {c1, "172.16.0.254"}, {c1, "www.baidu.com"}} {
		if out, _ := w.exec(p.c, "ping", "-c", "2", p.to); !strings.Contains(out, "2 packets received") {
			t.Errorf("%s pings %s:\n%s", p.c.Name, p.to, out)
		}
	}
	if w.vxlan["bdc01"] == 0 || w.vxlan["bdc02"] == 0 {
		t.Errorf("VXLAN packets: %v", w.vxlan)
	}
	if t.Failed() {
		w.logs()
	}
}

// loses reports that a ping run got no answer at all.
func (w *lan) loses(c *Container, to string) {
	w.t.Helper()
	if out, _ := w.exec(c, "ping", "-c", "3", to); !strings.Contains(out, "PING "+to+" (") || !strings.Contains(out, "3 packets transmitted, 0 packets received, 100% packet loss") {
		w.t.Errorf("%s pings %s:\n%s", c.Name, to, out)
	}
}

func (w *lan) gets(c *Container, to string) {
	w.t.Helper()
	if out, _ := w.exec(c, "ping", "-c", "2", to); !strings.Contains(out, "2 packets received") {
		w.t.Errorf("%s pings %s:\n%s", c.Name, to, out)
	}
}

// says counts the lines of a host's log with a text.
func (w *lan) says(h *Host, text string, want int) {
	w.t.Helper()
	if n := strings.Count(logOf(h), text); n != want {
		w.t.Errorf("%s's log has %d times, not %d: %s", h.Name, n, want, text)
	}
}

func (w *lan) show() {
	w.t.Helper()
	if w.t.Failed() {
		w.logs()
	}
}

// unresolved is the daemon's complaint about an address that nobody answers for.
func unresolved(ip string) string {
	return `msg="could not resolve peer \"` + ip + `\": timed out resolving peer by querying the cluster"`
}

// The document's fault: both hosts advertise the first one's address. All looks
// healthy, and no packet leaves.
func TestHostsThatAdvertiseOneAddressDoNotMeet(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.11:2376"))
	c1, c2 := w.pair()
	w.loses(c1, "172.16.0.2")
	w.loses(c2, "172.16.0.1")
	w.loses(c1, "bbox2")
	w.loses(c2, "bbox1")
	w.gets(c1, "www.baidu.com")
	w.gets(c2, "172.16.0.254")
	if len(w.vxlan) != 0 {
		t.Errorf("VXLAN packets: %v", w.vxlan)
	}
	w.says(w.b, `level=warning msg="Multi-Host overlay networking requires cluster-advertise(10.0.0.11) to be configured with a local ip-address that is reachable within the cluster"`, 1)
	w.says(w.b, `level=error msg="initializing serf instance failed: failed to create cluster node: Failed to create memberlist: Could not set up network transport: failed to obtain an address: Failed to start TCP listener on \"10.0.0.11\" port 7946: listen tcp 10.0.0.11:7946: bind: cannot assign requested address"`, 1)
	w.says(w.b, "could not resolve", 0)
	w.says(w.a, "[INFO] serf: EventMemberJoin: bdc01 10.0.0.11", 1)
	w.says(w.a, unresolved("172.16.0.2"), 6)
	for _, h := range []*Host{w.a, w.b} {
		var n *network.Network
		w.do(func() { n, _ = h.Daemon.Networks.Get("overlay") })
		if n == nil || len(n.Containers()) != 2 {
			t.Fatalf("%s: network inspect shows %v", h.Name, n.Containers())
		}
	}
	w.show()
}

// Only the second host's address is corrected and its engine restarted: its
// container, started again, has its address back, and the first host sends it
// what it needs to know.
func TestCorrectedAddressHealsLive(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.11:2376"))
	c1, c2 := w.pair()
	w.loses(c1, "172.16.0.2")
	w.configure(w.b, clusterJSON("10.0.0.12:2376"))
	w.do(func() {
		if err := w.b.Daemon.Restart(); err != nil {
			t.Error(err)
		}
		w.loop.Current().Sleep(3 * time.Second)
		if err := w.b.Daemon.Containers.Start("bbox2"); err != nil {
			t.Error(err)
		}
		w.loop.Current().Sleep(2 * time.Second)
	})
	w.gets(c1, "172.16.0.2")
	w.gets(c2, "172.16.0.1")
	w.gets(c1, "bbox2")
	w.gets(c2, "bbox1")
	w.show()
}

// block drops what comes in for a port.
func (w *lan) block(h *Host, proto, port string) {
	h.NS().Netfilter(false).Exec("-A", "INPUT", "-p", proto, "--dport", port, "-j", "DROP")
}

// Without 7946 from the start nobody learns of anybody.
func TestBlockedGossip(t *testing.T) {
	w := newLAN(t, "{}", "{}")
	for _, h := range []*Host{w.a, w.b} {
		w.block(h, "tcp", "7946")
		w.block(h, "udp", "7946")
		w.configure(h, clusterJSON(map[string]string{"bdc01": "10.0.0.11:2376", "bdc02": "10.0.0.12:2376"}[h.Name]))
		w.do(func() { h.Daemon.Restart() })
	}
	c1, c2 := w.pair()
	w.wait(8 * time.Second)
	w.loses(c1, "172.16.0.2")
	w.loses(c2, "bbox1")
	if len(w.vxlan) != 0 {
		t.Errorf("VXLAN packets: %v", w.vxlan)
	}
	w.says(w.a, `joining serf neighbor 10.0.0.12 failed: Failed to join the cluster at neigh IP 10.0.0.12: 1 error occurred:\n\t* Failed to join 10.0.0.12: dial tcp 10.0.0.12:7946: i/o timeout\n\n`, 1)
	w.says(w.b, `failed: Failed to join the cluster at neigh IP 10.0.0.11: 1 error occurred:\n\t* Failed to join 10.0.0.11: dial tcp 10.0.0.11:7946: i/o timeout\n\n`, 1)
	w.says(w.a, unresolved("172.16.0.2"), 3)
	w.show()
}

// With 4789 blocked everybody knows everybody, and requests arrive in vain.
func TestBlockedTunnel(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.block(w.a, "udp", "4789")
	w.block(w.b, "udp", "4789")
	c1, c2 := w.pair()
	w.loses(c1, "172.16.0.2")
	w.loses(c2, "bbox1")
	if w.vxlan["bdc01"] != 6 || w.vxlan["bdc02"] != 6 {
		t.Errorf("VXLAN packets: %v", w.vxlan)
	}
	w.says(w.a, "could not resolve", 0)
	w.show()
}

// Two hosts of one name fight over it, and both lose.
func TestDuplicateHostname(t *testing.T) {
	w := newLAN(t, "{}", "{}")
	w.b.SetHostname("bdc01")
	for _, h := range []*Host{w.a, w.b} {
		w.configure(h, clusterJSON(map[string]string{"bdc01": "10.0.0.11:2376", "bdc02": "10.0.0.12:2376"}[h.Name]))
		w.do(func() { h.Daemon.Restart() })
	}
	c1, c2 := w.pair()
	w.loses(c1, "172.16.0.2")
	w.loses(c2, "bbox1")
	for _, h := range []*Host{w.a, w.b} {
		w.says(h, "Names must be unique! (Resolution enabled: true)", 1)
		w.says(h, "[WARN] serf: minority in name conflict resolution, quitting [0 / 0]", 1)
		w.says(h, "[WARN] serf: Shutdown without a Leave", 1)
		w.says(h, "could not resolve", 0)
	}
	w.show()
}

// Killing dockerd leaves containers and tunnels alone; the next dockerd finds them,
// and keeps them if it is told to.
func TestKilledEngineLeavesTheTunnelsAlone(t *testing.T) {
	live := strings.TrimSuffix(clusterJSON("10.0.0.12:2376"), "}") + `, "live-restore": true}`
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), live)
	c1, c2 := w.pair()
	w.gets(c1, "172.16.0.2")
	w.do(func() { w.b.Daemon.proc.Signal(userland.SIGKILL) })
	w.wait(time.Second)
	w.gets(c1, "172.16.0.2")
	w.do(func() {
		if err := w.b.Daemon.Start(); err != nil {
			t.Error(err)
		}
	})
	w.wait(3 * time.Second)
	w.gets(c1, "172.16.0.2")
	w.gets(c2, "bbox1")
	w.show()
}

// The driver takes every stale neighbour of the sandbox for a miss. A container
// that has asked for the gateway is one, its own host answers the look-up, and
// the container becomes a peer behind its own host (ground-truth/overlay-kv,
// bdc01-bridge-fdb of correct and of same-advertise).
func TestContainerThatAskedForTheGatewayIsAPeerOfItsOwnHost(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	c1, c2 := w.pair()
	mac := link.MAC{2, 0x42, 172, 16, 0, 1}
	tunnel := func() *link.VXLAN { return w.a.Daemon.net.Boxes.Namespaces()[0].Interface("vxlan0").VXLAN() }
	if tunnel().HasFDB(mac) {
		t.Error("bbox1 is behind vxlan0 of its own host before anybody asked for it")
	}
	w.gets(c1, "172.16.0.254")
	w.wait(2 * time.Second)
	if !tunnel().HasFDB(mac) {
		t.Error("bbox1 is not behind vxlan0 of its own host")
	}
	w.says(w.a, "peerDbAdd transient condition - Key:172.16.0.1 02:42:ac:10:00:01 cardinality:2", 1)
	w.gets(c1, "172.16.0.2")
	w.gets(c2, "172.16.0.1")
}

// An engine that is stopped ends its containers, which takes PID 1 that catches
// no signal ten seconds, and the others hear that they left before it is gone.
// Started again while the store still has its registration, it is in the gossip
// before its own bridge is there (ground-truth/overlay-kv/correct/12-…).
func TestEngineThatStopsTellsTheOthersFirst(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	c1, _ := w.pair()
	w.gets(c1, "172.16.0.2")
	mac := link.MAC{2, 0x42, 172, 16, 0, 2}
	tunnel := w.a.Daemon.net.Boxes.Namespaces()[0].Interface("vxlan0").VXLAN()
	if !tunnel.HasFDB(mac) {
		t.Fatal("bdc01 does not know where bbox2 is")
	}
	start := w.loop.Now()
	w.do(func() { w.b.Daemon.Stop() })
	if d := w.loop.Now() - start; d < 10*time.Second || d > 11*time.Second {
		t.Errorf("stopping took %v, want ten seconds for bbox2", d)
	}
	w.says(w.b, "Container failed to exit within 10s of signal 15 - using the force", 1)
	w.wait(2 * time.Second)
	if tunnel.HasFDB(mac) {
		t.Error("bdc01 still sends to bbox2")
	}
	before := len(logOf(w.b))
	w.do(func() { w.b.Daemon.Start() })
	w.wait(2 * time.Second)
	again := logOf(w.b)[before:]
	join, bridge := strings.Index(again, "EventMemberJoin: bdc01"), strings.Index(again, "Default bridge")
	if join < 0 || join > bridge || !strings.Contains(again, "IP address 172.17.0.0/16.") {
		t.Errorf("the second start:\n%s", again)
	}
	w.show()
}

// What a container exited with stays when it cannot be started again.
func TestFailedStartKeepsTheExitCode(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.wait(4 * time.Second)
	n := w.overlay()
	c := w.run(w.a, onOverlay("bbox1"))
	none := time.Duration(0)
	w.do(func() {
		w.a.Daemon.Containers.Stop("bbox1", &none)
		if err := w.a.Daemon.Networks.Remove(n.ID); err != nil {
			t.Errorf("network rm: %v", err)
		}
		if err := w.a.Daemon.Containers.Start("bbox1"); err == nil {
			t.Error("started without its network")
		}
	})
	if c.State.ExitCode != 137 {
		t.Errorf("exit code %d, want that of the kill, 137", c.State.ExitCode)
	}
}

// What a crashed host leaves in the store can be taken out from another one, and
// the name and the address are free again.
func TestForcedDisconnectForgetsAnEndpointOfAnotherHost(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.pair()
	w.do(func() {
		w.b.Crash()
		d := w.a.Daemon
		if err := d.Networks.Disconnect("overlay", "bbox2", false); err == nil || err.Error() != "No such container: bbox2" {
			t.Errorf("without force: %v", err)
		}
		if err := d.Networks.Disconnect("overlay", "bbox2", true); err != nil {
			t.Errorf("with force: %v", err)
		}
		if err := d.Networks.Disconnect("overlay", "bbox2", true); err == nil || err.Error() != "endpoint bbox2 not found" {
			t.Errorf("again: %v", err)
		}
	})
	c := w.run(w.a, onOverlay("bbox2"))
	if a := c.NetworkSettings.Networks["overlay"].IPAddress; a != "172.16.0.2" {
		t.Errorf("the new bbox2 has %s, want the address of the old one", a)
	}
}

// An overlay may have several subnets. Their gateways are the bridges of the
// network's own namespace, which forwards between them as its host does.
func TestOverlayRoutesBetweenItsSubnets(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.wait(4 * time.Second)
	w.do(func() {
		_, _, err := w.a.Daemon.Networks.Create(network.Create{Name: "overlay", Driver: "overlay", IPAM: &network.IPAM{Config: []network.IPAMConfig{
			{Subnet: "192.168.70.0/24", Gateway: "192.168.70.254"}, {Subnet: "192.168.71.0/24", Gateway: "192.168.71.254"},
		}}})
		if err != nil {
			t.Error(err)
		}
	})
	at := func(name, addr string) container.Create {
		r := onOverlay(name)
		r.Endpoints = map[string]*container.EndpointSettings{"overlay": {IPAMConfig: &container.EndpointIPAM{IPv4Address: addr}}}
		return r
	}
	c1, c2 := w.run(w.a, at("bbox1", "192.168.70.5")), w.run(w.b, at("bbox2", "192.168.71.5"))
	w.wait(3 * time.Second)
	w.gets(c1, "192.168.71.5")
	w.gets(c2, "192.168.70.5")
	w.show()
}
