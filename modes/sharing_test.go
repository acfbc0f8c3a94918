package modes

import (
	"strings"
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/profile"
)

func TestHostModeIsTheHostsStackAndName(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, named("h1", container.HostConfig{NetworkMode: "host"}))
	if c.run.machine.NS() != w.a.NS() || c.Config.Hostname != "bdc01" {
		t.Fatalf("namespace %v, hostname %s", c.run.machine.NS().Name(), c.Config.Hostname)
	}
	if !w.pings(c, "10.0.0.12") {
		t.Error("10.0.0.12 does not answer")
	}
	s := c.NetworkSettings
	if s.SandboxKey != "/var/run/docker/netns/default" || s.Networks["host"].EndpointID == "" || s.Networks["host"].IPAddress != "" {
		t.Fatalf("settings %+v %+v", s, s.Networks["host"])
	}
	w.do(func() {
		if err := w.a.Daemon.Containers.Remove("h1", RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	if w.a.NS().Interface("eth0") == nil {
		t.Fatal("the host lost its interface")
	}
}

func TestNoneModeHasOnlyLoopback(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, named("n1", container.HostConfig{NetworkMode: "none"}))
	if all := c.run.sandbox.NS.Interfaces(); len(all) != 1 || all[0].Name() != "lo" || len(all[0].Addrs()) != 1 {
		t.Fatalf("interfaces %v", all)
	}
	if out, code := w.exec(c, "ping", "-c", "2", "172.17.0.1"); code != 1 || !strings.Contains(out, "Network is unreachable") {
		t.Fatalf("exit %d: %s", code, out)
	}
	if got, _ := w.exec(c, "cat", "/etc/hosts"); got != profile.Of("").Hosts {
		t.Fatalf("hosts:\n%s", got)
	}
}

func TestContainerModeSharesTheStackUntilTheBaseRestarts(t *testing.T) {
	w := newWorld(t, "")
	base := w.run(w.a, named("base", container.HostConfig{}))
	join := w.run(w.a, named("join1", container.HostConfig{NetworkMode: "container:base"}))
	if join.HostConfig.NetworkMode != "container:"+base.ID || join.run.machine.NS() != base.run.machine.NS() {
		t.Fatalf("mode %s", join.HostConfig.NetworkMode)
	}
	if got, _ := w.exec(join, "cat", "/etc/hosts"); !strings.HasSuffix(got, "172.17.0.2\t"+base.ShortID()+"\n") {
		t.Fatalf("hosts:\n%s", got)
	}
	if !w.pings(join, "172.17.0.1") {
		t.Error("the gateway does not answer")
	}
	d := w.a.Daemon
	w.do(func() {
		if err := d.Containers.Restart("base", nil); err != nil {
			t.Error(err)
		}
	})
	if out, _ := w.exec(join, "ping", "-c", "1", "172.17.0.1"); !strings.Contains(out, "Network is unreachable") {
		t.Errorf("in the dead namespace: %s", out)
	}
	w.do(func() { d.Containers.Restart("join1", nil) })
	if !w.pings(join, "172.17.0.1") {
		t.Error("after its own restart the gateway does not answer")
	}
}

func TestRefusalsOfNetworkModes(t *testing.T) {
	w := newWorld(t, "")
	w.run(w.a, named("base", container.HostConfig{}))
	web := map[nat.Port][]nat.PortBinding{{Number: 80, Proto: "tcp"}: {{HostPort: "8090"}}}
	join := container.HostConfig{NetworkMode: "container:base"}
	with := func(f func(r *container.Create)) container.Create {
		r := named("j13", join)
		f(&r)
		return r
	}
	for _, c := range []struct {
		r    container.Create
		want string
	}{
		{with(func(r *container.Create) { r.HostConfig.PortBindings = web }), "conflicting options: port publishing and the container type network mode"},
		{with(func(r *container.Create) { r.Config.Hostname = "foo" }), "conflicting options: hostname and the network mode"},
		{with(func(r *container.Create) {
			r.Config.ExposedPorts = map[nat.Port]bool{{Number: 99, Proto: "tcp"}: true}
		}), "conflicting options: port exposing and the container type network mode"},
		{with(func(r *container.Create) { r.HostConfig.DNS = []string{"1.1.1.1"} }), "conflicting options: dns and the network mode"},
		{with(func(r *container.Create) { r.HostConfig.NetworkMode = "container:" }), "Invalid network mode: invalid container format container:<name|id>"},
		{with(func(r *container.Create) { r.HostConfig.NetworkMode = "container:nosuch" }), "No such container: nosuch"},
		{with(func(r *container.Create) { r.Name, r.HostConfig.NetworkMode = "j15", "container:j15" }), "cannot join own network"},
		{with(func(r *container.Create) { r.Name = "a" }), "Invalid container name (a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"},
		{with(func(r *container.Create) { r.Name, r.HostConfig.NetworkMode = "r1", "nosuch" }), "network nosuch not found"},
		{with(func(r *container.Create) {
			r.Name, r.HostConfig.NetworkMode, r.Config.Cmd = "r26", "", []string{"nosuchcmd"}
		}),
			`failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nosuchcmd": executable file not found in $PATH: unknown`},
	} {
		if _, err := w.tryRun(w.a, c.r); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestConnectRules(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	x1 := w.run(w.a, named("x1", container.HostConfig{}))
	w.run(w.a, named("x2", container.HostConfig{NetworkMode: "host"}))
	w.run(w.a, named("x3", container.HostConfig{NetworkMode: "none"}))
	for _, c := range []struct {
		what func() error
		want string
	}{
		{func() error { return d.Networks.Connect("host", "x1", nil) }, errHostNetwork.Msg},
		{func() error { return d.Networks.Disconnect("host", "x1", false) }, "container " + x1.ID + " is not connected to network host"},
		{func() error { return d.Networks.Connect("bridge", "x2", nil) }, errSharedNetwork.Msg},
		{func() error { return d.Networks.Disconnect("host", "x2", false) }, errHostNetwork.Msg},
		{func() error { return d.Networks.Connect("bridge", "x3", nil) }, errNoNetwork.Msg},
		{func() error { return d.Networks.Connect("none", "x1", nil) }, errNoNetwork.Msg},
		{func() error { return d.Networks.Connect("bridge", "x1", nil) }, "endpoint with name x1 already exists in network bridge"},
		{func() error { return d.Networks.Connect("bridge", "nosuch", nil) }, "No such container: nosuch"},
		{func() error { return d.Networks.Connect("nosuch", "x1", nil) }, "network nosuch not found"},
	} {
		w.do(func() {
			if err := c.what(); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	w.do(func() {
		if err := d.Networks.Disconnect("none", "x3", false); err != nil {
			t.Error(err)
		}
		if err := d.Networks.Connect("bridge", "x3", nil); err != nil {
			t.Error(err)
		}
	})
	x3, _ := d.Containers.Get("x3")
	if !w.pings(x3, "172.17.0.1") {
		t.Error("x3 has no way out of none")
	}
}
