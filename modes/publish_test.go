package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/stack/netfilter"
	"dnetsim/stack/socket"
)

func web(name string, bindings ...nat.PortBinding) container.Create {
	r := named(name, container.HostConfig{PortBindings: map[nat.Port][]nat.PortBinding{{Number: 80, Proto: "tcp"}: bindings}})
	r.Config.Image, r.Config.Tty = "nginx", false
	r.Config.ExposedPorts = map[nat.Port]bool{{Number: 80, Proto: "tcp"}: true}
	r.Config.Entrypoint = []string{"nginx", "-g", "daemon off;"}
	return r
}

func TestAPublishedPortAnswersOtherHostsTheHostAndItself(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, web("web1", nat.PortBinding{HostPort: "8080"}))
	for _, from := range []struct {
		m   *Host
		url string
	}{{w.b, "http://10.0.0.11:8080/"}, {w.a, "http://10.0.0.11:8080/"}, {w.a, "http://127.0.0.1:8080/"}, {w.a, "http://172.17.0.2/"}} {
		out, code := w.onHost(from.m.Machine, "wget", "-q", "-T", "3", "-t", "1", "-O", "-", from.url)
		if code != 0 || !strings.Contains(out, "Welcome to nginx") {
			t.Errorf("%s from %s: exit %d\n%s", from.url, from.m.Name, code, out)
		}
	}
	got := c.NetworkSettings.Ports[nat.Port{Number: 80, Proto: "tcp"}]
	if len(got) != 2 || got[0] != (nat.PortBinding{HostIP: "0.0.0.0", HostPort: "8080"}) || got[1] != (nat.PortBinding{HostIP: "::", HostPort: "8080"}) {
		t.Errorf("ports %v", got)
	}
	zero := time.Duration(0)
	w.do(func() { w.a.Daemon.Containers.Stop("web1", &zero) })
	if rules := w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}); strings.Contains(rules, "8080") {
		t.Errorf("rules left:\n%s", rules)
	}
	if n := listening(w.a); n != 0 {
		t.Errorf("%d listening sockets left", n)
	}
	for _, p := range w.a.Processes() {
		if p.Name() == "docker-proxy" {
			t.Errorf("%v is left", p.Args)
		}
	}
}

func TestPortRefusalsLeaveNothing(t *testing.T) {
	w := newWorld(t, "")
	w.run(w.a, web("p1", nat.PortBinding{HostPort: "8080"}))
	rules := w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})
	sockets, interfaces := listening(w.a), len(w.a.NS().Interfaces())
	for _, c := range []struct {
		b    nat.PortBinding
		want string
	}{
		{nat.PortBinding{HostIP: "", HostPort: "8080"}, "Bind for 0.0.0.0:8080 failed: port is already allocated"},
		{nat.PortBinding{HostIP: "127.0.0.1", HostPort: "8080"}, "Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use"},
		{nat.PortBinding{HostIP: "192.0.2.77", HostPort: "8081"}, "Error starting userland proxy: listen tcp4 192.0.2.77:8081: bind: cannot assign requested address"},
	} {
		c2, err := w.tryRun(w.a, web("p2", c.b))
		if err == nil || !strings.HasPrefix(err.Error(), "driver failed programming external connectivity on endpoint p2 (") || !strings.HasSuffix(err.Error(), "): "+c.want) {
			t.Errorf("got  %v\nwant … %s", err, c.want)
		}
		if c2.State.Status != container.Created {
			t.Errorf("state is %s", c2.State.Status)
		}
		w.do(func() { w.a.Daemon.Containers.Remove("p2", RemoveOptions{}) })
	}
	if got := w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}); rulesOf(got) != rulesOf(rules) {
		t.Errorf("rules changed from\n%s\nto\n%s", rules, got)
	}
	if s, i := listening(w.a), len(w.a.NS().Interfaces()); s != sockets || i != interfaces {
		t.Errorf("%d sockets, %d interfaces; before %d, %d", s, i, sockets, interfaces)
	}
}

func TestEphemeralPortsGoOnAfterTheLastOne(t *testing.T) {
	w := newWorld(t, "")
	zero := time.Duration(0)
	c := w.run(w.a, web("web3", nat.PortBinding{}))
	first := c.NetworkSettings.Ports[nat.Port{Number: 80, Proto: "tcp"}][0].HostPort
	w.do(func() { w.a.Daemon.Containers.Restart("web3", &zero) })
	if second := c.NetworkSettings.Ports[nat.Port{Number: 80, Proto: "tcp"}][0].HostPort; first != "32768" || second != "32769" {
		t.Fatalf("%s, then %s", first, second)
	}
	a := w.run(w.a, web("web7", nat.PortBinding{HostPort: "9100-9110"}))
	b := w.run(w.a, web("web8", nat.PortBinding{HostPort: "9100-9110"}))
	p := func(c *Container) string {
		return c.NetworkSettings.Ports[nat.Port{Number: 80, Proto: "tcp"}][0].HostPort
	}
	if p(a) != "9100" || p(b) != "9101" {
		t.Fatalf("range gave %s and %s", p(a), p(b))
	}
}

// listening is the number of sockets on a host that wait for peers.
func listening(h *Host) int {
	n := 0
	for _, s := range h.NS().Sockets() {
		if s.State == socket.Listen || s.State == socket.Unconnected {
			n++
		}
	}
	return n
}

func TestRulesOfPublishedPortsAreTheCapturedOnes(t *testing.T) {
	w := newWorld(t, "")
	port := func(c int, proto string) nat.Port { return nat.Port{Number: uint16(c), Proto: proto} }
	up := func(name string, ports map[nat.Port][]nat.PortBinding, all bool) {
		r := named(name, container.HostConfig{PortBindings: ports, PublishAllPorts: all})
		r.Config.ExposedPorts = map[nat.Port]bool{}
		for p := range ports {
			r.Config.ExposedPorts[p] = true
		}
		if all {
			r.Config.ExposedPorts = map[nat.Port]bool{port(80, "tcp"): true, port(53, "udp"): true}
		}
		w.run(w.a, r)
	}
	one := func(host, p string) map[nat.Port][]nat.PortBinding {
		return map[nat.Port][]nat.PortBinding{port(80, "tcp"): {{HostIP: host, HostPort: p}}}
	}
	up("web1", one("", "8080"), false)
	up("web2", one("127.0.0.1", "8081"), false)
	up("web3", one("", ""), false)
	up("web4", nil, true)
	up("web5", map[nat.Port][]nat.PortBinding{port(80, "tcp"): {{HostIP: "10.0.0.11", HostPort: "8082"}}, port(53, "udp"): {{HostIP: "", HostPort: "5353"}}}, false)
	up("web6", map[nat.Port][]nat.PortBinding{port(80, "tcp"): {{HostIP: "", HostPort: "9000"}}, port(81, "tcp"): {{HostIP: "", HostPort: "9001"}}, port(82, "tcp"): {{HostIP: "", HostPort: "9002"}}}, false)
	up("web7", one("", "9100-9110"), false)
	up("web8", one("", "9100-9110"), false)
	want := rulesOf(captured(t, "bridge/publish/13-iptables-save.txt"))
	if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	var proxies strings.Builder
	for _, p := range w.a.Processes() {
		if p.Name() == "docker-proxy" {
			proxies.WriteString(strings.Join(p.Args, " ") + "\n")
		}
	}
	_, wantProxies, _ := strings.Cut(captured(t, "bridge/publish/14-docker-proxy-processes.txt"), "# exit: 0\n")
	if proxies.String() != wantProxies {
		t.Fatalf("got\n%s\nwant\n%s", proxies.String(), wantProxies)
	}
}

func TestWithoutTheUserlandProxyHairpinDoesItsWork(t *testing.T) {
	w := newWorld(t, `{"userland-proxy": false}`)
	w.run(w.a, web("web1", nat.PortBinding{HostPort: "8080"}))
	w.run(w.a, web("web2", nat.PortBinding{HostIP: "127.0.0.1", HostPort: "8081"}))
	want := rulesOf(captured(t, "bridge/publish-no-userland-proxy/13-iptables-save.txt"))
	if got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{})); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	for _, url := range []string{"http://127.0.0.1:8080/", "http://10.0.0.11:8080/"} {
		if out, code := w.onHost(w.a.Machine, "wget", "-q", "-T", "3", "-t", "1", "-O", "-", url); code != 0 {
			t.Errorf("%s: exit %d %s", url, code, out)
		}
	}
}
