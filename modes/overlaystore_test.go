package modes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/userland"
	"dnetsim/userland/consul"
)

// ownStore is the document's daemon.json: the store is a container on the first
// host.
func ownStore(advertise string) string {
	return fmt.Sprintf(`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": %q}`, advertise)
}

func consulContainer(policy string) container.Create {
	return container.Create{
		Name: "consul", Config: container.Config{Image: "progrium/consul", Hostname: "consul", Cmd: []string{"-server", "-bootstrap"}},
		HostConfig: container.HostConfig{
			PortBindings:  map[nat.Port][]nat.PortBinding{{Number: 8500, Proto: "tcp"}: {{HostPort: "8500"}}},
			RestartPolicy: container.RestartPolicy{Name: policy},
		},
	}
}

// The document's order: consul, then daemon.json and a restart, which stops
// consul; its author must have started it again.
func TestStoreInAContainerStopsWithItsHostsEngine(t *testing.T) {
	w := newLAN(t, "{}", "{}")
	w.do(func() {
		if err := w.a.Daemon.Images.Pull("progrium/consul", nil); err != nil {
			t.Error(err)
		}
	})
	c := w.run(w.a, consulContainer(""))
	w.wait(3 * time.Second)
	w.configure(w.a, ownStore("10.0.0.11:2376"))
	w.configure(w.b, ownStore("10.0.0.12:2376"))
	w.do(func() { w.a.Daemon.Restart() })
	w.do(func() { w.b.Daemon.Restart() })
	if c.State.Running() {
		t.Error("consul runs after the restart of its engine")
	}
	w.do(func() {
		_, _, err := w.a.Daemon.Networks.Create(network.Create{Name: "early", Driver: "overlay", IPAM: &network.IPAM{Options: map[string]string{}}})
		if err == nil || !strings.Contains(err.Error(), "error getting pools config from store: could not get pools config from store: Get \"http://10.0.0.11:8500/v1/kv/docker/network/v1.0/ipam/default/config/GlobalDefault/?consistent=\": dial tcp 10.0.0.11:8500: connect: connection refused") {
			t.Errorf("create without a store: %v", err)
		}
		if err := w.a.Daemon.Containers.Start("consul"); err != nil {
			t.Error(err)
		}
	})
	w.wait(25 * time.Second)
	c1, c2 := w.pair()
	w.gets(c1, "bbox2")
	w.gets(c2, "bbox1")
	w.show()
}

// With a restart policy the store comes back with its engine. A container that
// starts then is earlier than the gossip, which waits for the next heartbeat:
// nobody tells this host of the others' containers, and nobody here asks, until
// the container is started again.
func TestStoreWithPolicyComesBackWithItsEngine(t *testing.T) {
	w := newLAN(t, "{}", "{}")
	w.do(func() { w.a.Daemon.Images.Pull("progrium/consul", nil) })
	w.run(w.a, consulContainer("always"))
	w.configure(w.a, ownStore("10.0.0.11:2376"))
	w.configure(w.b, ownStore("10.0.0.12:2376"))
	w.do(func() { w.a.Daemon.Restart() })
	w.do(func() { w.b.Daemon.Restart() })
	w.wait(25 * time.Second)
	w.overlay()
	r := onOverlay("bbox1")
	r.HostConfig.RestartPolicy.Name = "always"
	c1, c2 := w.run(w.a, r), w.run(w.b, onOverlay("bbox2"))
	w.wait(3 * time.Second)
	w.gets(c1, "bbox2")
	w.do(func() { w.a.Daemon.Restart() })
	w.wait(30 * time.Second)
	if !c1.State.Running() {
		t.Fatalf("bbox1 after the restart: %+v", c1.State)
	}
	w.loses(c1, "bbox2")
	w.do(func() {
		zero := time.Duration(0)
		if err := w.a.Daemon.Containers.Restart("bbox1", &zero); err != nil {
			t.Error(err)
		}
	})
	w.wait(2 * time.Second)
	w.gets(c1, "bbox2")
	w.gets(c2, "bbox1")
	w.show()
}

// A store that stops takes the networks out of sight, not out of use.
func TestStoppedStore(t *testing.T) {
	w := newLAN(t, "{}", "{}")
	p := w.consul2()
	w.wait(2 * time.Second)
	for _, h := range []*Host{w.a, w.b} {
		w.configure(h, strings.Replace(clusterJSON(map[string]string{"bdc01": "10.0.0.11:2376", "bdc02": "10.0.0.12:2376"}[h.Name]), ":8500", ":8501", 1))
		w.do(func() { h.Daemon.Restart() })
	}
	c1, c2 := w.pair()
	w.gets(c1, "bbox2")
	id := c1.NetworkSettings.Networks["overlay"].NetworkID
	p.Signal(userland.SIGKILL)
	w.wait(3 * time.Second)
	w.gets(c1, "172.16.0.2")
	w.gets(c2, "bbox1")
	w.do(func() {
		if n, err := w.b.Daemon.Networks.Get("overlay"); err == nil {
			t.Errorf("inspect shows %v", n.Name)
		}
	})
	if _, err := w.tryRun(w.a, onOverlay("bbox5")); err == nil || err.Error() != "network overlay not found" {
		t.Errorf("run: %v", err)
	}
	w.do(func() {
		zero := time.Duration(0)
		if err := w.a.Daemon.Containers.Stop("bbox1", &zero); err != nil {
			t.Error(err)
		}
		if err := w.a.Daemon.Containers.Start("bbox1"); err == nil || err.Error() != "network "+id+" not found" {
			t.Errorf("start: %v", err)
		}
	})
	w.says(w.a, "discovery error: Unexpected watch error", 1)
	w.consul2()
	w.wait(30 * time.Second)
	w.do(func() {
		if err := w.a.Daemon.Containers.Start("bbox1"); err != nil {
			t.Errorf("start with the store back: %v", err)
		}
	})
	w.wait(3 * time.Second)
	w.gets(c1, "bbox2")
	w.gets(c2, "bbox1")
	w.show()
}

// consul2 is a second store on the router, on port 8501.
func (w *lan) consul2() *userland.Process {
	return w.router.Start(userland.ProcSpec{
		Args:    []string{"consul", "agent", "-server", "-bootstrap", "-client", "0.0.0.0", "-data-dir", "/data2", "-http-port", "8501", "-dns-port", "8601"},
		Program: consul.Programs()["consul"],
	})
}

// A host that crashes leaves its endpoints in the store: the name and the
// address stay taken, until the host is back and starts its engine.
func TestCrashLeavesEndpointsBehind(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	c1, c2 := w.pair()
	w.gets(c1, "bbox2")
	w.do(w.b.Crash)
	w.wait(30 * time.Second)
	if c2.State.Running() {
		t.Error("bbox2 outlived its host")
	}
	w.loses(c1, "bbox2")
	if _, err := w.tryRun(w.a, onOverlay("bbox2")); err == nil || err.Error() != "endpoint with name bbox2 already exists in network overlay" {
		t.Errorf("run bbox2 elsewhere: %v", err)
	}
	w.do(func() {
		w.a.Daemon.Containers.Remove("bbox2", RemoveOptions{Force: true})
		if err := w.a.Daemon.Networks.Remove("overlay"); err == nil {
			t.Error("the network was removed")
		}
		if err := w.b.PowerOn(); err != nil {
			t.Error(err)
		}
	})
	w.says(w.b, "Removing stale sandbox "+c2.NetworkSettings.SandboxID, 1)
	w.do(func() {
		n, err := w.a.Daemon.Networks.Get("overlay")
		if err != nil || len(n.Containers()) != 1 {
			t.Errorf("after the repair: %v", n.Containers())
		}
		if err := w.b.Daemon.Containers.Start("bbox2"); err != nil {
			t.Error(err)
		}
	})
	w.wait(3 * time.Second)
	w.gets(c1, "bbox2")
	w.gets(c2, "bbox1")
	w.show()
}

// A container that leaves is forgotten everywhere; one that comes with its
// address is learned anew.
func TestLeaveAndRejoin(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	c1, c2 := w.pair()
	w.gets(c1, "bbox2")
	zero := time.Duration(0)
	w.do(func() { w.b.Daemon.Containers.Stop("bbox2", &zero) })
	w.wait(2 * time.Second)
	if len(w.b.Daemon.net.Boxes.Namespaces()) != 0 {
		t.Error("the sandbox outlived its last container")
	}
	b := w.a.Daemon.net.Boxes.Namespaces()[0]
	if fdb := b.Interface("vxlan0").VXLAN().FDB(); len(fdb) != 0 {
		t.Errorf("entries that are left: %v", fdb)
	}
	if out, _ := w.exec(c1, "ping", "-c", "1", "bbox2"); !strings.Contains(out, "bad address") {
		t.Errorf("the name is still there:\n%s", out)
	}
	c3 := w.run(w.a, onOverlay("bbox3"))
	if ip := c3.NetworkSettings.Networks["overlay"].IPAddress; ip != "172.16.0.2" {
		t.Errorf("bbox3 has %s", ip)
	}
	w.do(func() {
		if err := w.b.Daemon.Containers.Start("bbox2"); err != nil {
			t.Error(err)
		}
	})
	w.wait(2 * time.Second)
	if _, err := w.b.FS().Stat("/var/run/docker/netns/2-" + c2.NetworkSettings.Networks["overlay"].NetworkID[:10]); err != nil {
		t.Errorf("the second sandbox's file: %v", err)
	}
	for _, c := range []*Container{c1, c3} {
		w.gets(c, "bbox2")
		w.gets(c2, c.Name)
	}
	w.gets(c1, "bbox3")
	w.gets(c3, "bbox1")
	w.show()
}
