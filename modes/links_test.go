package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/stack/netfilter"
)

func linked(name string, links ...string) container.Create {
	return named(name, container.HostConfig{Links: links})
}

// dockerRules are the rules of filter's DOCKER, as iptables -S prints them.
func (w *world) dockerRules() (rules []string) {
	for line := range strings.Lines(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{Tables: []string{"filter"}})) {
		if rule, ok := strings.CutPrefix(line, "-A DOCKER "); ok {
			rules = append(rules, strings.TrimSpace(rule))
		}
	}
	return rules
}

// Where containers may not talk to each other, a link opens the exposed ports, as
// long as both its ends are there.
func TestALinkOpensExposedPorts(t *testing.T) {
	w := newWorld(t, `{"icc": false}`)
	d, now := w.a.Daemon, time.Duration(0)
	w.run(w.a, web("api"))
	site := w.run(w.a, linked("site", "api:backend"))
	both := strings.Join([]string{
		"-s 172.17.0.3/32 -d 172.17.0.2/32 -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
		"-s 172.17.0.2/32 -d 172.17.0.3/32 -i docker0 -o docker0 -p tcp -m tcp --sport 80 -j ACCEPT",
	}, "\n")
	check := func(when, want string) {
		t.Helper()
		if got := strings.Join(w.dockerRules(), "\n"); got != want {
			t.Errorf("%s DOCKER has\n%s\nwant\n%s", when, got, want)
		}
	}
	check("with both", both)
	if out, code := w.exec(site, "wget", "-q", "-T", "2", "-O", "-", "http://backend/"); code != 0 {
		t.Errorf("backend: %s", out)
	}
	if w.pings(site, "172.17.0.2") {
		t.Error("what is not exposed is open too")
	}
	w.do(func() { d.Containers.Stop("site", &now) })
	check("after the linking one's end", "")
	w.do(func() { d.Containers.Start("site") })
	check("when it is back", both)
	w.do(func() { d.Containers.Remove("api", RemoveOptions{Force: true}) })
	w.do(func() { d.Containers.Stop("site", &now) })
	check("when the linked one went first", both) // nobody knows its address any more
	w.do(func() {
		same(t, d.Containers.Start("site"), "Cannot link to a non running container: /api AS /site/backend")
		same(t, d.Restart(), "")
		same(t, d.Containers.Start("site"), "") // a new engine does not find the other end
	})
}

// The hosts file of who links follows the container that it links to, and nothing
// runs with a link that leads nowhere.
func TestTheHostsFileFollowsALink(t *testing.T) {
	w := newWorld(t, "")
	d, now := w.a.Daemon, time.Duration(0)
	api := w.run(w.a, web("api"))
	site := w.run(w.a, linked("site", "api:backend", "api"))
	w.do(func() { d.Containers.Stop("api", &now) })
	w.run(w.a, named("thief", container.HostConfig{}))
	refused := func(err error, alias string) {
		t.Helper()
		if want := "Cannot link to a non running container: /api AS /site/" + alias; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want … %s", err, want)
		}
	}
	w.do(func() {
		_, err := d.Execs.Create("site", ExecConfig{Cmd: []string{"env"}})
		refused(err, "api")
		refused(d.Containers.Restart("site", &now), "api")
		same(t, d.Containers.Start("api"), "")
		same(t, d.Containers.Start("site"), "")
		same(t, d.Containers.Stop("api", &now), "")
	})
	w.run(w.a, named("another", container.HostConfig{}))
	w.do(func() { same(t, d.Containers.Start("api"), "") })
	addr := api.NetworkSettings.Networks["bridge"].IPAddress
	got, _ := w.exec(site, "cat", "/etc/hosts")
	for _, want := range []string{
		addr + "\tapi " + api.ShortID() + "\n", addr + "\tbackend " + api.ShortID() + " api\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("hosts is\n%swant %s", got, want)
		}
	}
}

func TestLinksThatAreRefused(t *testing.T) {
	w := newWorld(t, "")
	w.do(func() {
		_, _, err := w.a.Daemon.Containers.Create(linked("site", "nosuch:db"))
		same(t, err, "could not get container for nosuch: No such container: nosuch")
		if KindOf(err) != ErrInvalid {
			t.Errorf("the class is %v", KindOf(err))
		}
	})
}
