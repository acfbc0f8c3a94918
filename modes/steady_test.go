package modes

import (
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
)

// What was removed can be collected, whichever of several goes first: no list
// keeps the place where it was.
func TestWhatIsRemovedIsForgotten(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		w := newWorld(t, "")
		w.network(w.a, network.Create{Name: "net1"})
		w.run(w.a, named("stays", container.HostConfig{NetworkMode: "net1"}))
		gone := map[string]weak.Pointer[Container]{}
		for i := range 3 {
			name := fmt.Sprintf("c%d", i)
			gone[name] = weak.Make(w.run(w.a, named(name, container.HostConfig{NetworkMode: "net1"})))
		}
		w.do(func() {
			for _, i := range order {
				if err := w.a.Daemon.Containers.Remove(fmt.Sprintf("c%d", i), RemoveOptions{Force: true}); err != nil {
					t.Error(err)
				}
			}
			w.loop.Current().Sleep(10 * time.Minute) // flows and sockets end
		})
		goruntime.GC()
		goruntime.GC()
		for name, c := range gone {
			if c.Value() != nil {
				t.Errorf("removed in order %v: %s is kept", order, name)
			}
		}
		goruntime.KeepAlive(w)
	}
}

// A sandbox that outlives its dockerd has nobody who watches its misses: that
// was a thread of the process.
func TestRestartsLeaveNoWatcher(t *testing.T) {
	live := func(advertise string) string {
		return strings.TrimSuffix(clusterJSON(advertise), "}") + `, "live-restore": true}`
	}
	w := newLAN(t, live("10.0.0.11:2376"), live("10.0.0.12:2376"))
	c1, _ := w.pair()
	restart := func() int {
		w.do(func() {
			w.b.Daemon.Stop()
			w.b.Daemon.Start()
		})
		w.wait(30 * time.Second)
		return w.loop.Procs()
	}
	w.gets(c1, "172.16.0.2")
	before := restart()
	for range 3 {
		// The container's death takes the sandbox along, its start makes another.
		none := time.Duration(0)
		w.do(func() {
			w.b.Daemon.Containers.Stop("bbox2", &none)
			if err := w.b.Daemon.Containers.Start("bbox2"); err != nil {
				t.Error(err)
			}
		})
		if now := restart(); now != before {
			t.Errorf("%d processes, %d after the first restart", now, before)
		}
	}
}
