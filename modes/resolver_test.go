package modes

import (
	"fmt"
	"strings"
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/modes/resolvconf"
	"dnetsim/userland/names"
)

// asks puts a question to the name server of a container and returns its answer in
// one line.
func asks(c *Container, kind, name string) string {
	a := c.run.sandbox.Resolver.Answer(names.Query{Name: name, Type: kind})
	switch {
	case a.Silent:
		return "silence"
	case len(a.Forward) > 0:
		return "forwarded"
	}
	var out []string
	for _, r := range a.Records {
		out = append(out, r.Value)
	}
	return strings.Join(out, " ")
}

// The name server's branches, libnetwork's resolver.go one by one.
func TestTheNameServerAnswers(t *testing.T) {
	w := newWorld(t, "")
	w.network(w.a, network.Create{Name: "app"})
	w.network(w.a, network.Create{Name: "six", EnableIPv6: true, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "2001:db8:6::/64"}}}})
	r := named("", container.HostConfig{NetworkMode: "app"})
	r.Name, r.Endpoints = "", map[string]*container.EndpointSettings{"app": {Aliases: []string{"one"}}}
	made := w.run(w.a, r)
	w.run(w.a, named("Web.Site", container.HostConfig{NetworkMode: "app"}))
	w.run(w.a, named("both", container.HostConfig{NetworkMode: "six"}))
	cli := w.run(w.a, named("cli", container.HostConfig{NetworkMode: "app"}))
	w.do(func() {
		same(t, w.a.Daemon.Networks.Connect("six", "cli", &container.EndpointSettings{Links: []string{"both:ALIAS"}}), "")
	})
	sixth := made.NetworkSettings.Networks["app"].IPAddress
	for _, c := range []struct{ kind, name, want string }{
		{"A", "one", sixth}, {"A", "ONE.app", sixth}, {"A", made.ShortID(), sixth}, {"A", "one.six", "forwarded"},
		{"A", made.Name, "forwarded"}, // Docker made it up
		{"PTR", names.ReverseName(resolvconf.Addrs([]string{sixth})[0]), "one.app"},
		{"A", "web.site", "172.18.0.3"}, {"A", "web.site.app", "172.18.0.3"}, {"A", "site", "forwarded"},
		{"AAAA", "one", ""}, // the network has no IPv6, and nobody else is asked
		{"AAAA", "both", "2001:db8:6::2"}, {"A", "both", "172.19.0.2"},
		{"PTR", "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "both.six"},
		{"A", "ALIAS", "172.19.0.2"}, {"A", "alias", "forwarded"}, // a link's alias has its case
		{"MX", "one", ""}, {"MX", "example.net", "forwarded"},
		{"PTR", "9.0.18.172.in-addr.arpa", "forwarded"}, {"PTR", "example.net", "silence"},
		{"TXT", "one", "forwarded"}, {"A", "nosuch", "forwarded"},
	} {
		if got := asks(cli, c.kind, c.name); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.name, got, c.want)
		}
	}
	w.do(func() { same(t, w.a.Daemon.Containers.Rename(made.Name, "fresh"), "") })
	for _, name := range []string{"fresh", "one"} {
		if got := asks(cli, "A", name); got != sixth {
			t.Errorf("after docker rename %s is %q", name, got)
		}
	}
	if got := asks(cli, "PTR", names.ReverseName(resolvconf.Addrs([]string{sixth})[0])); got != "fresh.app" {
		t.Errorf("after docker rename the address is %s", got)
	}
}

// What a container's resolv.conf has, and whom its name server asks, by what the
// host's has: libnetwork's sandbox_dns_unix.go.
func TestResolvConfOfAContainer(t *testing.T) {
	const google, google6 = "\nnameserver 8.8.8.8\nnameserver 8.8.4.4", "\nnameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844"
	for _, c := range []struct {
		host      string
		h         container.HostConfig
		want      string
		upstreams string // "=": asked from the host
	}{
		{"nameserver 127.0.0.1\n", container.HostConfig{}, google, ""},
		{"nameserver 127.0.0.1\nnameserver fd00::53\n", container.HostConfig{}, google, ""},
		{"nameserver 127.0.0.1\nnameserver fd00::53\n", container.HostConfig{NetworkMode: "six"}, "nameserver 127.0.0.11\nnameserver fd00::53\noptions ndots:0\n", "=127.0.0.1"},
		{"nameserver ::1\n", container.HostConfig{NetworkMode: "six"}, "nameserver 127.0.0.11" + google6 + "\noptions ndots:0\n", "8.8.8.8 8.8.4.4"},
		{"search a\nsearch b c\ndomain d\noptions x\noptions rotate\nnameserver 10.0.0.2 # the router\n", container.HostConfig{NetworkMode: "app"},
			"search b c\nnameserver 127.0.0.11\noptions rotate ndots:0\n", "10.0.0.2"},
		{"nameserver 127.0.0.53\n", container.HostConfig{}, "nameserver 10.0.0.3\n", ""}, // systemd-resolved: the real server
		{"nameserver 127.0.0.53\n", container.HostConfig{NetworkMode: "app"}, "nameserver 127.0.0.11\noptions ndots:0\n", "=127.0.0.53"},
		{"nameserver 127.0.0.53\n", container.HostConfig{NetworkMode: "host"}, "nameserver 127.0.0.53\n", ""},
		{"nameserver 10.0.0.2\n", container.HostConfig{NetworkMode: "app", DNS: []string{"127.0.0.1", "10.9.9.9"}}, "nameserver 127.0.0.11\noptions ndots:0\n", "127.0.0.1 10.9.9.9"},
		{"nameserver 10.0.0.2\n", container.HostConfig{NetworkMode: "app", DNSOptions: []string{"ndots:2"}}, "nameserver 127.0.0.11\noptions ndots:2\n", "10.0.0.2"},
		{"nameserver 10.0.0.2\n", container.HostConfig{NetworkMode: "app", DNSOptions: []string{"ndots:x"}}, "nameserver 10.0.0.2\noptions ndots:x\n", "no server"},
		{"nameserver 10.0.0.2\nsearch a\n", container.HostConfig{DNSSearch: []string{"."}}, "nameserver 10.0.0.2\n", ""},
	} {
		t.Run(fmt.Sprint(c.host, c.h.NetworkMode), func(t *testing.T) {
			w := newWorld(t, "")
			w.network(w.a, network.Create{Name: "app"})
			w.network(w.a, network.Create{Name: "six", EnableIPv6: true, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "2001:db8:6::/64"}}}})
			w.a.FS().MkdirAll("/run/systemd/resolve", 0o755)
			w.a.FS().WriteFile("/run/systemd/resolve/resolv.conf", []byte("nameserver 10.0.0.3\n"), 0o644)
			w.a.FS().WriteFile("/etc/resolv.conf", []byte(c.host), 0o644)
			ctr := w.run(w.a, named("box", c.h))
			got, _ := w.a.FS().ReadFile(ctr.File("resolv.conf"))
			if strings.TrimSpace(string(got)) != strings.TrimSpace(c.want) {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if c.h.NetworkMode != "app" && c.h.NetworkMode != "six" {
				return
			}
			if (ctr.run.sandbox.Resolver == nil) != (c.upstreams == "no server") {
				t.Error("the name server runs, or does not")
			}
			var asked []string
			for _, u := range ctr.run.sandbox.Upstreams {
				from := ""
				if u.From == w.a.NS() {
					from = "="
				}
				asked = append(asked, from+u.At.Addr().String())
			}
			if s := strings.Join(asked, " "); s != c.upstreams && c.upstreams != "no server" {
				t.Errorf("it asks %s, want %s", s, c.upstreams)
			}
			if ctr.run.sandbox.NdotsSet {
				if got := asks(ctr, "A", "nosuch"); got != "" {
					t.Errorf("a name without a dot: %s, want nothing", got)
				}
				if got := asks(ctr, "A", "nosuch.a"); got != "forwarded" {
					t.Errorf("a name with a dot: %s", got)
				}
			}
		})
	}
}
