package modes

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/sim"
	"dnetsim/userland"
)

// under is a call of the API and what has to be there for it.
type under struct {
	name  string
	setup func(*underTest) // with the engine at rest
	do    func(*underTest) error
}

// underTest is one network, and what calls are made of.
type underTest struct {
	*lan
	d   *Daemon
	net network.Create
}

func (u *underTest) create(name, mode string) {
	r := named(name, container.HostConfig{NetworkMode: mode, PortBindings: map[nat.Port][]nat.PortBinding{{Number: 80, Proto: "tcp"}: {{HostPort: "8080"}}}})
	if _, _, err := u.d.Containers.Create(r); err != nil {
		u.t.Errorf("create %s: %v", name, err)
	}
}

func (u *underTest) start(name string) {
	if err := u.d.Containers.Start(name); err != nil {
		u.t.Errorf("start %s: %v", name, err)
	}
}

func created(u *underTest) { u.create("c1", u.net.Name) }
func started(u *underTest) { created(u); u.start("c1") }
func beside(u *underTest)  { u.create("c1", "bridge"); u.start("c1") }
func nothing(*underTest)   {}

var underway = []under{
	{"start", created, func(u *underTest) error { return u.d.Containers.Start("c1") }},
	{"run", nothing, func(u *underTest) error {
		c, _, err := u.d.Containers.Create(named("c2", container.HostConfig{NetworkMode: u.net.Name, AutoRemove: true}))
		if err != nil {
			return err
		}
		return u.d.Containers.Start(c.ID)
	}},
	{"stop", started, func(u *underTest) error { return u.d.Containers.Stop("c1", nil) }},
	{"restart", started, func(u *underTest) error { return u.d.Containers.Restart("c1", nil) }},
	{"kill", started, func(u *underTest) error { return u.d.Containers.Kill("c1", "") }},
	{"rm -f", started, func(u *underTest) error { return u.d.Containers.Remove("c1", RemoveOptions{Force: true}) }},
	{"connect", beside, func(u *underTest) error { return u.d.Networks.Connect(u.net.Name, "c1", nil) }},
	{"disconnect", func(u *underTest) { beside(u); u.d.Networks.Connect(u.net.Name, "c1", nil) },
		func(u *underTest) error { return u.d.Networks.Disconnect(u.net.Name, "c1", false) }},
	{"network create", nothing, func(u *underTest) error {
		r := u.net
		r.Name, r.IPAM = "n2", &network.IPAM{Options: map[string]string{}, Config: []network.IPAMConfig{{Subnet: "172.30.9.0/24"}}}
		if r.Driver == "macvlan" {
			r.Options = map[string]string{"parent": "eth0.9"}
		}
		_, _, err := u.d.Networks.Create(r)
		return err
	}},
	{"network rm", nothing, func(u *underTest) error { return u.d.Networks.Remove(u.net.Name) }},
	{"prune", created, func(u *underTest) error {
		u.d.Containers.Prune(nil)
		_, err := u.d.Networks.Prune(nil)
		return err
	}},
	{"exec", started, func(u *underTest) error {
		e, err := u.d.Execs.Create("c1", ExecConfig{Cmd: []string{"sleep", "1000"}})
		if err == nil {
			_, err = u.d.Execs.Start(e.ID, true, false)
		}
		return err
	}},
	{"pull", nothing, func(u *underTest) error { return u.d.Images.Pull("redis", nil) }},
}

// ends are those of dockerd, and what brings it back.
var ends = []struct {
	name string
	do   func(u *underTest)
}{
	{"restart", func(u *underTest) { u.d.Restart() }},
	{"stop", func(u *underTest) { u.d.Stop(); u.loop.Current().Sleep(time.Second); u.d.Start() }},
	{"kill -9", func(u *underTest) {
		if p := u.d.proc; p != nil {
			p.Signal(userland.SIGKILL)
		}
		u.loop.Current().Sleep(100 * time.Millisecond)
		u.d.Start()
	}},
	{"crash", func(u *underTest) { u.a.Crash(); u.loop.Current().Sleep(time.Second); u.a.PowerOn() }},
}

// clear removes everything of the user's, and says what refuses.
func (u *underTest) clear() {
	u.do(func() {
		for _, c := range append([]*Container(nil), u.d.Containers.all...) {
			if err := u.d.Containers.Remove(c.ID, RemoveOptions{Force: true}); err != nil {
				u.t.Errorf("rm -f %s: %v", c.Name, err)
			}
		}
		u.d.net.Global.Refresh()
		for _, n := range append([]*network.Network(nil), u.d.net.Networks...) {
			if network.Predefined(n.Name) || n.Name == network.GatewayNetwork {
				continue
			}
			if err := u.d.Networks.Remove(n.ID); err != nil {
				u.t.Errorf("network rm %s: %v", n.Name, err)
			}
		}
	})
}

// moments are when dockerd ends after a call has begun: between the steps of
// what takes time.
var moments = []time.Duration{0, time.Millisecond, 41 * time.Millisecond, 81 * time.Millisecond, 130 * time.Millisecond,
	382 * time.Millisecond, 395 * time.Millisecond, 500 * time.Millisecond, 700 * time.Millisecond}

// held is what is taken of the hosts and of the store, in the order of the words.
func (u *underTest) held() string {
	all := u.taken()
	if u.d.net.Global.Cluster != nil {
		all = u.holdings()
	}
	lines := strings.SplitAfter(all, "\n")
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// Each call of the API under which dockerd ends, at each of several moments:
// nothing panics, everything can be removed afterwards, and nothing is left.
func TestDockerdEndsUnderACall(t *testing.T) {
	subnet := &network.IPAM{Options: map[string]string{}, Config: []network.IPAMConfig{{Subnet: "172.30.0.0/24"}}}
	for _, net := range []network.Create{
		{Name: "bridge"},
		{Name: "n1", Driver: "bridge", IPAM: subnet},
		{Name: "n1", Driver: "macvlan", IPAM: subnet, Options: map[string]string{"parent": "eth0.7"}},
		{Name: "n1", Driver: "overlay", IPAM: subnet},
	} {
		for k, ev := range ends {
			t.Run(net.Driver+" "+ev.name, func(t *testing.T) {
				u := &underTest{lan: &lan{world: newWorld(t, "")}, net: net}
				rounds := 2
				if net.Driver == "overlay" {
					u.lan, rounds = newLAN(t, clusterJSON("10.0.0.11:2376"), clusterJSON("10.0.0.12:2376")), 3
				}
				defer u.close()
				u.d = u.a.Daemon
				u.wait(4 * time.Second)
				makeNet := func() {
					if net.Driver == "" {
						return
					}
					if _, _, err := u.d.Networks.Create(net); err != nil {
						t.Errorf("network create: %v", err)
					}
				}
				// The first use of docker_gwbridge, and the state after such an end.
				warm := func() {
					u.do(func() { makeNet(); started(u) })
					u.clear()
				}
				warm()
				u.do(func() { ev.do(u) })
				u.wait(6 * time.Second)
				before := u.held()
				for _, op := range underway {
					if net.Driver == "" && strings.HasPrefix(op.name, "network rm") || net.Driver == "" && strings.Contains(op.name, "connect") {
						continue
					}
					for j := range rounds { // all moments for each call, spread over the events
						at := moments[(k+4*j)%len(moments)]
						u.do(func() { makeNet(); op.setup(u) })
						over := false
						u.loop.Go("call", func(*sim.Proc) { op.do(u); over = true })
						u.loop.RunFor(at)
						u.do(func() { ev.do(u) })
						u.wait(4 * time.Second)
						what := fmt.Sprintf("%s under %s after %v", ev.name, op.name, at)
						if !over {
							t.Errorf("%s: the call has not ended", what)
						}
						u.clear()
						if op.name == "prune" { // it takes docker_gwbridge too, which gets another subnet
							warm()
							if after := u.held(); strings.Count(after, "\n") == strings.Count(before, "\n") {
								before = after
							}
						}
						if after := u.held(); after != before {
							t.Fatalf("%s left something:\n%s", what, difference(before, after))
						}
						if t.Failed() {
							t.Fatal(what)
						}
					}
				}
			})
		}
	}
}
