package modes

import (
	"strings"
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/profile"
	"dnetsim/stack/netfilter"
)

func TestTheRulesOfTwoContainersAreTheCapturedOnes(t *testing.T) {
	w := newWorld(t, "")
	w.run(w.a, named("bbox1", container.HostConfig{}))
	w.run(w.a, named("bbox2", container.HostConfig{}))
	want := rulesOf(captured(t, "bridge/default/01-two-containers/bdc01/iptables-save.txt"))
	got := rulesOf(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}))
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestContainersHaveTheAddressesOfTheCapture(t *testing.T) {
	w := newWorld(t, "")
	c1 := w.run(w.a, named("bbox1", container.HostConfig{}))
	c2 := w.run(w.a, named("bbox2", container.HostConfig{}))
	es := c1.NetworkSettings.Networks["bridge"]
	if es.IPAddress != "172.17.0.2" || es.MacAddress != "02:42:ac:11:00:02" || es.Gateway != "172.17.0.1" || es.IPPrefixLen != 16 {
		t.Fatalf("bbox1 has %+v", es)
	}
	if got := c2.NetworkSettings.Networks["bridge"].IPAddress; got != "172.17.0.3" {
		t.Fatalf("bbox2 has %s", got)
	}
	eth0 := c1.run.sandbox.NS.Interface("eth0")
	if eth0.Index() != 4 || eth0.PeerIndex() != 5 {
		t.Fatalf("eth0 is number %d, its peer %d, want 4 and 5", eth0.Index(), eth0.PeerIndex())
	}
	if name := eth0.Peer().Name(); !strings.HasPrefix(name, "veth") || len(name) != 11 {
		t.Fatalf("host end is called %s", name)
	}
}

func TestPingsGoWhereTheyDoOnTheDefaultBridge(t *testing.T) {
	w := newWorld(t, "")
	c1 := w.run(w.a, named("bbox1", container.HostConfig{}))
	w.run(w.a, named("bbox2", container.HostConfig{}))
	for _, to := range []string{"172.17.0.3", "172.17.0.1", "10.0.0.11", "10.0.0.12", "10.0.0.2", "220.181.38.150", "www.baidu.com"} {
		if !w.pings(c1, to) {
			t.Errorf("no answer from %s", to)
		}
	}
	w.run(w.b, named("x1", container.HostConfig{}))
	w.run(w.b, named("x2", container.HostConfig{}))
	w.run(w.b, named("x3", container.HostConfig{}))
	for _, to := range []string{"172.17.0.4", "bbox2"} {
		if w.pings(c1, to) {
			t.Errorf("%s answers", to)
		}
	}
}

func TestFilesOfAContainer(t *testing.T) {
	w := newWorld(t, "")
	r := named("bbox3", container.HostConfig{DNS: []string{"10.0.0.2"}, DNSSearch: []string{"example.org"}, ExtraHosts: []string{"db:10.9.8.7"}})
	r.Config.Hostname, r.Config.Domainname = "web3", "example.org"
	c := w.run(w.a, r)
	for file, want := range map[string]string{
		"/etc/hostname":    "web3\n",
		"/etc/hosts":       profile.Of("").Hosts + "10.9.8.7\tdb\n172.17.0.2\tweb3.example.org web3\n",
		"/etc/resolv.conf": "search example.org\nnameserver 10.0.0.2\n",
	} {
		if got, _ := w.exec(c, "cat", file); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", file, got, want)
		}
	}
	if got, _ := w.exec(c, "env"); got != "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOSTNAME=web3\nHOME=/root\n" {
		t.Errorf("environment:\n%s", got)
	}
}
