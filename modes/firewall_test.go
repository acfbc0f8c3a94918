package modes

import (
	"strings"
	"testing"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/stack/netfilter"
)

// iptables runs it on the first host.
func (w *world) iptables(args ...string) {
	w.t.Helper()
	if err := w.a.NS().Netfilter(false).Exec(args...); err != nil {
		w.t.Fatal(err)
	}
}

// A rule that cannot be put in place fails the request with the words of iptables
// and libnetwork, until a restart makes the chains again.
func TestAMissingChainFailsWhatNeedsIt(t *testing.T) {
	const target = "iptables v1.8.9 (legacy): Couldn't load target `%':No such file or directory\n\nTry `iptables -h' or 'iptables --help' for more information.\n (exit status 2)"
	const noChain = "iptables: No chain/target/match by that name.\n (exit status 1)"
	for _, c := range []struct {
		name    string
		breaks  [][]string
		network string // what network create says; "" is nothing
		publish string // what run -p says
	}{
		{
			"nat", [][]string{{"-t", "nat", "-F"}, {"-t", "nat", "-X"}},
			"Failed to Setup IP tables: Unable to enable SKIP DNAT rule:  (iptables failed: iptables --wait -t nat -I DOCKER -i br-x -j RETURN: " + noChain + ")",
			" (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 0/0 --dport 8080 -j DNAT --to-destination 172.17.0.2:80 ! -i docker0: " + noChain + ")",
		},
		{
			"filter", [][]string{{"-F"}, {"-X"}},
			"Failed to program FILTER chain: iptables failed: iptables --wait -I FORWARD -o br-x -j DOCKER: " + strings.Replace(target, "%", "DOCKER", 1),
			" (iptables failed: iptables --wait -t filter -A DOCKER ! -i docker0 -o docker0 -p tcp -d 172.17.0.2 --dport 80 -j ACCEPT: " + noChain + ")",
		},
		{
			"stage 1", [][]string{{"-D", "FORWARD", "-j", "DOCKER-ISOLATION-STAGE-1"}, {"-F", "DOCKER-ISOLATION-STAGE-1"}, {"-X", "DOCKER-ISOLATION-STAGE-1"}},
			"unable to insert jump to DOCKER-ISOLATION-STAGE-1 rule in FORWARD chain:  (iptables failed: iptables --wait -I FORWARD -j DOCKER-ISOLATION-STAGE-1: " +
				strings.Replace(target, "%", "DOCKER-ISOLATION-STAGE-1", 1) + ")",
			"",
		},
		{ // of the isolation's rules libnetwork loses the error
			"stage 2", [][]string{{"-F", "DOCKER-ISOLATION-STAGE-1"}, {"-F", "DOCKER-ISOLATION-STAGE-2"}, {"-X", "DOCKER-ISOLATION-STAGE-2"}}, "", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "")
			for _, args := range c.breaks {
				w.iptables(args...)
			}
			var err error
			create := func() {
				_, _, err = w.a.Daemon.Networks.Create(network.Create{Name: "extra", Options: map[string]string{"com.docker.network.bridge.name": "br-x"}})
			}
			w.do(create)
			same(t, err, c.network)
			if (err == nil) != (c.network == "") {
				t.Error("network create goes wrong, or not")
			}
			if _, found := w.a.Daemon.net.Named("extra"); found != (err == nil) {
				t.Errorf("the network is there: %v", found)
			}
			used := w.a.Daemon.net.Ipam.Holdings()
			ctr, err := w.tryRun(w.a, web("web", nat.PortBinding{HostPort: "8080"}))
			if c.publish == "" {
				same(t, err, "")
				return
			}
			text := ""
			if err != nil {
				_, text, _ = strings.Cut(err.Error(), "): ")
			}
			if text != c.publish {
				t.Errorf("run -p says\n%v\nwant … %s", err, c.publish)
			}
			if ctr.State.Status != container.Created || ctr.State.ExitCode != 128 || ctr.State.Error != err.Error() {
				t.Errorf("state %+v", ctr.State)
			}
			if listening(w.a) != 0 || len(w.a.Daemon.net.Ipam.Holdings()) != len(used) {
				t.Error("something is left")
			}
			if _, err := w.tryRun(w.a, named("quiet", container.HostConfig{})); err != nil {
				t.Errorf("without -p: %v", err)
			}
			w.do(func() { err = w.a.Daemon.Restart() })
			same(t, err, "")
			w.do(func() { err = w.a.Daemon.Containers.Start("web") })
			same(t, err, "")
			w.do(create)
			same(t, err, "")
		})
	}
}

// same compares an error with the words that it should have; "" is none.
func same(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is translated to an endpoint ends with it; a flow that was masqueraded has
// the host's address where the endpoint's would be, and stays.
func TestTheFlowsOfAnEndpointEndWithIt(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, web("web", nat.PortBinding{HostPort: "8080"}))
	if _, code := w.onHost(w.b.Machine, "wget", "-q", "-T", "3", "-t", "1", "-O", "-", "http://10.0.0.11:8080/"); code != 0 {
		t.Fatal("the port does not answer")
	}
	w.pings(c, "220.181.38.150")
	flows := func() (in, out int) {
		w.a.NS().Netfilter(false).DeleteFlows(func(f netfilter.Flow) bool {
			switch {
			case f.Reply.Src.String() == "172.17.0.2":
				in++
			case f.Orig.Src.String() == "172.17.0.2" && f.Reply.Dst.String() == "10.0.0.11":
				out++
			}
			return false
		})
		return in, out
	}
	if in, out := flows(); in == 0 || out == 0 {
		t.Fatalf("%d flows to it and %d from it before", in, out)
	}
	w.do(func() { w.a.Daemon.Containers.Remove("web", RemoveOptions{Force: true}) })
	if in, out := flows(); in != 0 || out == 0 {
		t.Errorf("%d flows to it and %d from it are left, want none and some", in, out)
	}
}

// com.docker.network.host_ipv4 names the address that containers are seen as.
func TestANetworkMayNameItsSourceAddress(t *testing.T) {
	w := newWorld(t, "")
	w.do(func() {
		_, _, err := w.a.Daemon.Networks.Create(network.Create{Name: "n", Options: map[string]string{
			"com.docker.network.host_ipv4": "10.0.0.11", "com.docker.network.bridge.name": "br-n"}})
		same(t, err, "")
	})
	if !w.a.NS().Netfilter(false).Has("nat", "POSTROUTING", "-s", "172.18.0.0/16", "!", "-o", "br-n", "-j", "SNAT", "--to-source", "10.0.0.11") {
		t.Error(w.a.NS().Netfilter(false).Save(netfilter.SaveOptions{}))
	}
}
