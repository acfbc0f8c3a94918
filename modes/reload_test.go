package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/sim"
	"dnetsim/userland"
)

// hup writes daemon.json and sends dockerd a SIGHUP. It returns what dockerd
// says to that.
func (w *world) hup(json string) string {
	from := w.a.Daemon.Journal.Written()
	w.a.FS().MkdirAll("/etc/docker", 0o755)
	w.a.FS().WriteFile("/etc/docker/daemon.json", []byte(json), 0o644)
	w.a.Daemon.proc.Signal(userland.SIGHUP)
	w.loop.RunFor(time.Second)
	var said []string
	for _, l := range w.a.Daemon.Journal.Lines() {
		if l.N > from {
			said = append(said, l.Text)
		}
	}
	return strings.Join(said, "\n")
}

// dockerd takes over from a changed file what can change while it runs, keeps
// the rest without a word, and changes nothing for a file that is wrong.
func TestReload(t *testing.T) {
	w := newWorld(t, `{"bip":"172.17.0.1/16"}`)
	d := w.a.Daemon
	c := w.run(w.a, named("c1", container.HostConfig{}))
	said := w.hup(`{"bip":"192.168.9.1/24","mtu":1400,"labels":["a=b"],"debug":true,"live-restore":true}`)
	if !strings.Contains(said, `msg="Got signal to reload configuration, reloading from: /etc/docker/daemon.json"`) || !strings.Contains(said, `msg="Reloaded configuration: {`) {
		t.Errorf("dockerd says\n%s", said)
	}
	now := func() string {
		i := d.Info()
		return strings.Join(append(i.Labels, map[bool]string{true: "debug"}[i.Debug], map[bool]string{true: "live-restore"}[i.LiveRestore], d.config.BIP, i.ClusterStore), " ")
	}
	const changed = "a=b debug live-restore 172.17.0.1/16 "
	if now() != changed || d.config.MTU != 1500 || c.State.Status != container.Running {
		t.Errorf("after the reload: %q, mtu %d, container %s", now(), d.config.MTU, c.State.Status)
	}
	for file, want := range map[string]string{
		`{"bip":`:                                "unable to configure the Docker daemon with file /etc/docker/daemon.json: unexpected EOF",
		`{"nosuch":1}`:                           "the following directives don't match any configuration option: nosuch",
		`{"cluster-advertise":"10.0.0.11:2376"}`: "Error reconfiguring the daemon: invalid cluster configuration. --cluster-advertise must be accompanied by --cluster-store configuration",
		`{}`:                                     "Reloaded configuration",
	} {
		if said := w.hup(file); !strings.Contains(said, want) || now() != changed {
			t.Errorf("%s: dockerd says\n%s\nwant %s; it has %q, want %q", file, said, want, now(), changed)
		}
	}
	w.hup(`{"cluster-store":"consul://10.0.0.12:8500","cluster-advertise":"eth0:2376"}`)
	if i := d.Info(); i.ClusterStore != "consul://10.0.0.12:8500" || i.ClusterAdvertise != "10.0.0.11:2376" || d.net.Global.Cluster == nil {
		t.Errorf("the cluster: %q %q", i.ClusterStore, i.ClusterAdvertise)
	}
	said = w.hup(`{"cluster-store":"consul://10.0.0.2:8500","cluster-advertise":"10.0.0.11:2377"}`)
	if !strings.Contains(said, "cannot accept new configuration because it modifies an existing datastore client") || d.Info().ClusterAdvertise != "10.0.0.11:2377" {
		t.Errorf("another store: %s\n%s", d.Info().ClusterAdvertise, said)
	}
}

// The engine is not up before its containers have waited for the store: what
// asks meanwhile waits.
func TestAStartWaitsForTheStore(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	c := w.run(w.a, named("es", container.HostConfig{RestartPolicy: container.RestartPolicy{Name: "always"}}))
	c.NetworkSettings.Networks["gone"] = &container.EndpointSettings{NetworkID: strings.Repeat("5", 64)}
	w.do(func() { d.Stop() })
	w.a.FS().MkdirAll("/etc/docker", 0o755)
	w.a.FS().WriteFile("/etc/docker/daemon.json", []byte(`{"cluster-store":"consul://10.0.0.12:8500","cluster-advertise":"10.0.0.11:2376"}`), 0o644)
	began := w.loop.Now()
	asked := time.Duration(0)
	w.do(func() {
		p := w.loop.Go("client", func(p *sim.Proc) {
			p.Sleep(5 * time.Second)
			if !d.Reachable() {
				t.Error("the socket is not there")
			}
			d.AwaitStart()
			asked = w.loop.Now() - began
		})
		if err := d.Start(); err != nil {
			t.Error(err)
		}
		p.Join()
	})
	if took := w.loop.Now() - began; took < networkWait || asked < networkWait {
		t.Errorf("the start took %v, a request %v; want more than %v", took, asked, networkWait)
	}
	log := ""
	for _, l := range d.Journal.Lines() {
		log += l.Text + "\n"
	}
	failed := strings.Index(log, `level=error msg="failed to start container" container=`+c.ID+` error="network 5555`)
	if done := strings.LastIndex(log, "Loading containers: done."); c.State.Status != container.Exited || failed < 0 || done < failed {
		t.Errorf("container %s; dockerd says\n%s", c.State.Status, log)
	}
}
