package modes

import (
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/logs"
	"dnetsim/modes/streams"
)

func TestStopSendsTermThenKill(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	deaf := w.run(w.a, named("deaf", container.HostConfig{}))
	r := named("polite", container.HostConfig{})
	r.Config.Cmd = []string{"patient"}
	polite := w.run(w.a, r)
	for _, c := range []struct {
		c    *Container
		code int
		took time.Duration
	}{{deaf, 137, 10 * time.Second}, {polite, 0, 0}} {
		start := w.loop.Now()
		w.do(func() {
			if err := d.Containers.Stop(c.c.Name, nil); err != nil {
				t.Error(err)
			}
		})
		took := (w.loop.Now() - start).Truncate(time.Second)
		if c.c.State.ExitCode != c.code || took != c.took || c.c.State.Status != container.Exited {
			t.Errorf("%s: %s, exit %d after %v", c.c.Name, c.c.State.Status, c.c.State.ExitCode, took)
		}
	}
	w.do(func() {
		if err := d.Containers.Stop("deaf", nil); KindOf(err) != ErrNotModified {
			t.Errorf("second stop: %v", err)
		}
	})
}

func TestAttachedOutputAndExitCodeOfAShortRun(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	var out string
	var code int
	w.do(func() {
		c, _, err := d.Containers.Create(container.Create{Name: "short", Config: container.Config{Image: "busybox", Cmd: []string{"echo", "hello", "you"}}, HostConfig: container.HostConfig{AutoRemove: true}})
		if err != nil {
			t.Error(err)
			return
		}
		a, _ := d.Containers.Attach(c.ID, streams.Options{Stdout: true, Stderr: true, Stream: true})
		wait, _ := d.Containers.Wait(c.ID, "removed")
		if err := d.Containers.Start(c.ID); err != nil {
			t.Error(err)
		}
		for {
			k, err := a.Next()
			if err != nil {
				break
			}
			out += string(k.Data)
		}
		res, _ := wait.Result()
		code = res.ExitCode
	})
	if out != "hello you\n" || code != 0 {
		t.Fatalf("exit %d: %q", code, out)
	}
	if _, err := d.Containers.Get("short"); KindOf(err) != ErrNotFound {
		t.Fatalf("still there: %v", err)
	}
}

func TestRestartPolicyAndItsPause(t *testing.T) {
	w := newWorld(t, "")
	r := named("again", container.HostConfig{RestartPolicy: container.RestartPolicy{Name: "on-failure", MaximumRetryCount: 3}})
	r.Config.Cmd = []string{"false"}
	c := w.run(w.a, r)
	w.loop.RunFor(time.Minute)
	if c.RestartCount != 3 || c.State.Status != container.Exited || c.State.ExitCode != 1 {
		t.Fatalf("%d restarts, %s, exit %d", c.RestartCount, c.State.Status, c.State.ExitCode)
	}
}

func TestAddressesFollowTheOrderOfStarts(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	zero := time.Duration(0)
	n1 := w.run(w.a, named("n1", container.HostConfig{}))
	n2 := w.run(w.a, named("n2", container.HostConfig{}))
	w.do(func() {
		d.Containers.Stop("n1", &zero)
		d.Containers.Stop("n2", &zero)
	})
	if es := n1.NetworkSettings.Networks["bridge"]; es.IPAddress != "" || es.NetworkID == "" || es.EndpointID != "" {
		t.Fatalf("stopped: %+v", es)
	}
	w.do(func() {
		d.Containers.Start("n2")
		d.Containers.Start("n1")
	})
	a, b := n1.NetworkSettings.Networks["bridge"].IPAddress, n2.NetworkSettings.Networks["bridge"].IPAddress
	if a != "172.17.0.3" || b != "172.17.0.2" {
		t.Fatalf("n1 has %s, n2 has %s", a, b)
	}
}

func TestLogsKeepLinesAndStreams(t *testing.T) {
	w := newWorld(t, "")
	r := named("talk", container.HostConfig{})
	r.Config = container.Config{Image: "busybox", Cmd: []string{"echo", "one"}}
	w.run(w.a, r)
	w.loop.RunFor(time.Second)
	var got []string
	w.do(func() {
		l, err := w.a.Daemon.Containers.Logs("talk", logs.Options{Stdout: true, Stderr: true, Tail: -1, Follow: true})
		if err != nil {
			t.Error(err)
			return
		}
		for {
			e, err := l.Next()
			if err != nil {
				break
			}
			got = append(got, string(e.Line))
		}
	})
	if len(got) != 1 || got[0] != "one\n" {
		t.Fatalf("got %q", got)
	}
}

// The pause before a restart is reckoned from how long the container ran, not
// from its stamps: a clock that jumps does not make a short run a stable one.
func TestAClockThatJumpsDoesNotChangeTheRestartPause(t *testing.T) {
	restarts := func(cmd string) (int, time.Duration) {
		w := newWorld(t, "")
		r := named("again", container.HostConfig{RestartPolicy: container.RestartPolicy{Name: "always"}, CapAdd: []string{"SYS_TIME"}})
		r.Config.Cmd = []string{cmd}
		c := w.run(w.a, r)
		w.loop.RunFor(20 * time.Second)
		return c.RestartCount, w.a.Wall().Sub(w.b.Wall())
	}
	still, _ := restarts("false")
	jumped, ahead := restarts("jump")
	if jumped != still || ahead < 2*time.Hour {
		t.Errorf("%d restarts in 20 s while the clock jumps (%v ahead), %d while it does not", jumped, ahead, still)
	}
}

func TestPowerBringsTheBatterysClockBack(t *testing.T) {
	w := newWorld(t, "")
	w.a.SetHardwareClock(3 * time.Minute)
	w.a.SetWall(w.a.Wall().Add(time.Hour))
	w.a.Crash()
	w.loop.RunFor(time.Minute)
	w.do(func() { w.a.PowerOn() })
	if ahead := w.a.Wall().Sub(w.loop.Wall()); ahead != 3*time.Minute {
		t.Errorf("the clock is %v ahead after the power came back, want 3m", ahead)
	}
}
