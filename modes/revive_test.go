package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/stack/netfilter"
)

// A network's tunnel number may have been drawn on another host than the one
// where the network is removed: it is given back all the same.
func TestOverlayRemovedElsewhereGivesItsTunnelNumberBack(t *testing.T) {
	w := newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376"))
	w.wait(4 * time.Second)
	life := func() {
		w.overlay()
		w.run(w.b, onOverlay("bbox2"))
		w.do(func() {
			if err := w.b.Daemon.Containers.Remove("bbox2", RemoveOptions{Force: true}); err != nil {
				t.Error(err)
			}
			if err := w.a.Daemon.Networks.Remove("overlay"); err != nil {
				t.Error(err)
			}
		})
	}
	life()
	before := w.holdings()
	life()
	if after := w.holdings(); after != before {
		t.Errorf("after the second life\n%s\nafter the first\n%s", after, before)
	}
}

// DOCKER-USER is asked first, also when an engine without a default bridge comes
// back and sets the isolation of its other networks up anew.
func TestUserChainIsFirstAfterARestart(t *testing.T) {
	w := newWorld(t, `{"bridge": "none"}`)
	w.do(func() {
		if _, _, err := w.a.Daemon.Networks.Create(network.Create{Name: "n", Driver: "bridge"}); err != nil {
			t.Error(err)
		}
		if err := w.a.Daemon.Restart(); err != nil {
			t.Error(err)
		}
	})
	rules := w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})
	if user, isolation := strings.Index(rules, "-A FORWARD -j DOCKER-USER"), strings.Index(rules, "-A FORWARD -j DOCKER-ISOLATION-STAGE-1"); user < 0 || user > isolation {
		t.Errorf("the rules are\n%s", rules)
	}
}

// A container between two runs is not one that lives: after a loss of power, and
// after its engine was killed, the engine sets its network up and starts it.
func TestContainerBetweenTwoRunsComesBackWithItsEngine(t *testing.T) {
	for name, end := range map[string]func(*world){
		"crash": func(w *world) { w.a.Crash() },
		"kill":  func(w *world) { w.a.Daemon.proc.Signal(9); w.loop.Current().Sleep(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			r := named("c1", container.HostConfig{RestartPolicy: container.RestartPolicy{Name: "always"}})
			r.Config.Cmd = []string{"sleep", "1"}
			c := w.run(w.a, r)
			for c.State.Status != container.Restarting {
				w.do(func() { w.loop.Current().Sleep(10 * time.Millisecond) })
			}
			w.do(func() {
				end(w)
				w.a.PowerOn()
				if err := w.a.Daemon.Start(); err != nil {
					t.Error(err)
				}
			})
			w.do(func() { w.loop.Current().Sleep(5 * time.Second) })
			if c.State.StartedAt.IsZero() || c.RestartCount == 0 && c.State.Status != container.Running {
				t.Errorf("the container is %+v", c.State)
			}
			if c.State.FinishedAt.Before(w.a.Wall().Add(-4 * time.Second)) {
				t.Errorf("the container has not run since: %+v", c.State)
			}
			if rules := w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}); !strings.Contains(rules, "-A FORWARD -j DOCKER-USER") {
				t.Errorf("the rules are\n%s", rules)
			}
		})
	}
}
