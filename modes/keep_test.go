package modes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/journal"
)

// What a daemon remembers of the past is bounded: lines of its journal and
// execs that have ended.
func TestADaemonForgetsThePast(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	for i := range 3 * journal.KeptLines {
		d.Journal.Write("info", fmt.Sprint("line ", i))
	}
	log := d.Journal.Lines()
	if n := len(log); n > journal.KeptLines || n < journal.KeptLines/2 {
		t.Errorf("the journal has %d lines", n)
	}
	for i, l := range log {
		if l.N != d.Journal.Written()-len(log)+1+i {
			t.Fatalf("line %d of the journal has the number %d of %d", i, l.N, d.Journal.Written())
		}
	}
	if last := log[len(log)-1].Text; !strings.Contains(last, fmt.Sprint("line ", 3*journal.KeptLines-1)) {
		t.Errorf("the last line is %s", last)
	}
}

// dockerd forgets an exec that has ended when it looks for the second time; until
// then its exit code can be asked for.
func TestExecsThatHaveEndedAreForgotten(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	w.run(w.a, named("c1", container.HostConfig{}))
	for range 3 {
		w.do(func() {
			e, err := d.Execs.Create("c1", ExecConfig{Cmd: []string{"false"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Execs.Start(e.ID, true, false); err != nil {
				t.Error(err)
			}
		})
	}
	w.loop.RunFor(execSweep)
	if len(d.Execs.all) != 3 {
		t.Errorf("%d execs after five minutes, want 3", len(d.Execs.all))
	}
	w.loop.RunFor(execSweep + time.Second)
	if len(d.Execs.all) != 0 || d.Execs.sweeping {
		t.Errorf("%d execs after ten minutes", len(d.Execs.all))
	}
}

// A host forgets the networks that another host has removed, and what their
// gossip told, once the store has twice said that they are gone.
func TestAHostForgetsNetworksThatOthersRemoved(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.wait(4 * time.Second)
	for range 5 {
		n := w.overlay()
		for _, h := range []*Host{w.b, w.a} {
			c := w.run(h, onOverlay("c1"))
			w.do(func() {
				if err := h.Daemon.Containers.Remove(c.ID, RemoveOptions{Force: true}); err != nil {
					t.Error(err)
				}
			})
		}
		w.wait(time.Second)
		w.do(func() {
			if err := w.a.Daemon.Networks.Remove(n.ID); err != nil {
				t.Error(err)
			}
		})
	}
	for range 2 {
		w.wait(time.Second)
		w.do(func() { w.b.Daemon.net.Global.Refresh() })
	}
	d := w.b.Daemon
	if nets, peers := d.net.Global.Cluster.Driver.Known(); len(d.net.Global.Globals) != 0 || nets != 0 || peers != 0 {
		t.Errorf("the other host knows %d networks, its driver %d, its peers %d", len(d.net.Global.Globals), nets, peers)
	}
	d = w.a.Daemon
	if nets, _ := d.net.Global.Cluster.Driver.Known(); len(d.net.Global.Globals) != 0 || nets != 0 {
		t.Errorf("this host knows %d networks", len(d.net.Global.Globals))
	}
}
