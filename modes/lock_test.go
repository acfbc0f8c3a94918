package modes

import (
	"maps"
	"slices"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/sim"
)

// Calls for one container at once wait for each other: whatever comes together,
// the container runs once afterwards, and its books are right.
func TestCallsForOneContainerWaitForEachOther(t *testing.T) {
	now := time.Duration(0)
	ways := map[string]func(*Daemon) error{
		"start":      func(d *Daemon) error { return d.Containers.Start("web") },
		"restart":    func(d *Daemon) error { return d.Containers.Restart("web", &now) },
		"stop":       func(d *Daemon) error { return d.Containers.Stop("web", &now) },
		"connect":    func(d *Daemon) error { return d.Networks.Connect("n", "web", nil) },
		"disconnect": func(d *Daemon) error { return d.Networks.Disconnect("n", "web", false) },
		"remove":     func(d *Daemon) error { return d.Containers.Remove("web", RemoveOptions{Force: true}) },
		"rename":     func(d *Daemon) error { return d.Containers.Rename("web", "other") },
	}
	for _, running := range []bool{true, false} {
		for _, a := range slices.Sorted(maps.Keys(ways)) {
			for _, b := range slices.Sorted(maps.Keys(ways)) {
				w := newWorld(t, "")
				w.do(func() {
					w.a.Daemon.Networks.Create(network.Create{Name: "n", Driver: "bridge"})
				})
				r := named("web", container.HostConfig{NetworkMode: "n"})
				r.Config.Image, r.Config.Cmd = "busybox", []string{"sleep", "1000"}
				c := w.run(w.a, r)
				if !running {
					w.do(func() { w.a.Daemon.Containers.Stop("web", &now) })
				}
				w.do(func() {
					one := w.loop.Go("one", func(*sim.Proc) { ways[a](w.a.Daemon) })
					w.loop.Current().Sleep(10 * time.Millisecond)
					two := w.loop.Go("two", func(*sim.Proc) { ways[b](w.a.Daemon) })
					one.Join()
					two.Join()
					w.loop.Current().Sleep(time.Second)
				})
				books := w.a.Daemon.Holdings()
				if !books.Settled {
					t.Errorf("running %v, %s and %s: the container is neither up nor down: %+v", running, a, b, c.State)
				}
				for _, n := range books.Networks {
					for _, e := range n.Endpoints {
						if c.run.sandbox == nil {
							t.Errorf("running %v, %s and %s: %s has an endpoint of %s, which does not run", running, a, b, n.Name, e.Container.Name)
						}
					}
				}
				w.close()
			}
		}
	}
}
