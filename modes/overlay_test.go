package modes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/consul"
)

// lan is the captures' topology with a consul that runs on the router and two
// engines that use it.
type lan struct {
	*world
	vxlan map[string]int // datagrams to port 4789 on each host's eth0
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
			if strings.Contains(link.Describe(f.Bytes(), link.DescribeOptions{}), ".4789:") {
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
func (w *lan) overlay() *Network {
	w.t.Helper()
	var n *Network
	w.do(func() {
		var err error
		n, _, err = w.a.Daemon.NetworkCreate(CreateNetwork{
			Name: "overlay", Driver: "overlay", CheckDuplicate: true,
			IPAM: &IPAM{Options: map[string]string{}, Config: []IPAMConfig{{Subnet: "172.16.0.0/24", Gateway: "172.16.0.254"}}},
		})
		if err != nil {
			w.t.Errorf("network create: %v", err)
		}
	})
	return n
}

func onOverlay(name string) CreateContainer { return named(name, HostConfig{NetworkMode: "overlay"}) }

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
	for _, l := range h.Daemon.Log() {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

func (w *lan) logs() {
	for _, h := range []*Host{w.a, w.b} {
		w.t.Logf("%s:\n%s", h.Name, logOf(h))
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

var _ = sim.Epoch
