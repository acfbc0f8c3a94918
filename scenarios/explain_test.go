package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
)

// explained is what explain must find in the library: the flow in question, the
// moment, and the codes of the causes.
var explained = []struct {
	scenario, at, from, to, port string
	large                        bool
	codes                        string
}{
	{scenario: "overlay-ping", from: "bdc01/c1", to: "c2", codes: "OVERLAY-ADVERTISE-SHARED"},
	{scenario: "overlay-ping", from: "bdc02/c2", to: "172.16.0.1", codes: "OVERLAY-ADVERTISE-SHARED"},
	{scenario: "advertise-copied", at: "bdc02$ cat > /etc/docker/daemon.json", from: "c1", to: "172.16.0.2", codes: "OVERLAY-ADVERTISE-SHARED"},
	{scenario: "advertise-not-local", at: "bdc02$ systemctl stop docker", from: "c1", to: "172.16.0.2", codes: "OVERLAY-ADVERTISE-NOT-LOCAL"},
	{scenario: "advertise-missing", at: "bdc02$ cat > /etc/docker/daemon.json", from: "c1", to: "172.16.0.2", codes: "OVERLAY-ADVERTISE-MISSING"},
	{scenario: "advertise-docker0", at: "bdc02$ cat > /etc/docker/daemon.json", from: "c1", to: "172.16.0.2", codes: "OVERLAY-ADVERTISE-UNREACHABLE"},
	{scenario: "hostname-duplicate", at: "bdc02$ hostname bdc02", from: "c1", to: "172.16.0.2", codes: "OVERLAY-HOSTNAME-DUPLICATE"},
	{scenario: "gossip-tcp-blocked", at: "repair: bdc02", from: "c1", to: "172.16.0.2", codes: "OVERLAY-GOSSIP-TCP-BLOCKED"},
	{scenario: "gossip-udp-blocked", at: "bdc01$ docker exec c1 ping", from: "c1", to: "172.16.0.2", codes: "OVERLAY-GOSSIP-UDP-BLOCKED"},
	{scenario: "vxlan-blocked-both", at: "bdc01$ iptables -D INPUT", from: "c1", to: "172.16.0.2", codes: "OVERLAY-VXLAN-BLOCKED-HOST"},
	{scenario: "vxlan-blocked-one-host", at: "bdc01$ iptables -D INPUT", from: "c1", to: "172.16.0.2", codes: "OVERLAY-VXLAN-BLOCKED-HOST"},
	{scenario: "vxlan-blocked-one-host", at: "bdc01$ iptables -D INPUT", from: "c2", to: "172.16.0.1", codes: "OVERLAY-VXLAN-BLOCKED-HOST"},
	{scenario: "vxlan-blocked-in-the-fabric", at: "repair: bdc02", from: "c1", to: "172.16.0.2", codes: "OVERLAY-VXLAN-BLOCKED-FABRIC"},
	{scenario: "checksum-offload", at: "bdc01$ ethtool -K eth0 tx-checksum-ip-generic off", from: "c1", to: "172.16.0.2", port: "80/tcp", codes: "OVERLAY-CHECKSUM-OFFLOAD"},
	{scenario: "underlay-nat", at: "bdc02$ iptables -t nat -D POSTROUTING", from: "c1", to: "172.16.0.2", codes: "OVERLAY-SOURCE-MISMATCH"},
	{scenario: "underlay-nat", at: "bdc02$ iptables -t nat -D POSTROUTING", from: "c2", to: "172.16.0.1", codes: "OVERLAY-SOURCE-MISMATCH"},
	{scenario: "underlay-mtu", at: "repair: bdc02", from: "c1", to: "172.16.0.2", large: true, codes: "MTU-BLACKHOLE"},
	{scenario: "stale-fdb", at: "bdc01$ nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep ^1-) bridge fdb replace 02:42:ac:10:00:02 dev vxlan0 dst 10.0.0.12", from: "c1", to: "172.16.0.2", codes: "OVERLAY-FDB-STALE"},
	{scenario: "vni-mismatch", at: "bdc01$ curl -s -X PUT", from: "c1", to: "172.16.0.2", codes: "OVERLAY-VNI-MISMATCH"},
	{scenario: "gwbridge-swallows-the-underlay", from: "c1", to: "172.16.0.1", codes: "OVERLAY-UNDERLAY-SHADOWED"},
	{scenario: "gwbridge-swallows-the-underlay", from: "c2", to: "172.16.0.2", codes: "OVERLAY-UNDERLAY-SHADOWED"},
	{scenario: "rp-filter", at: "bdc01$ sysctl -w net.ipv4.conf.all.rp_filter=0", from: "c1", to: "172.16.0.2", codes: "OVERLAY-RPFILTER"},
	{scenario: "store-split", from: "c1", to: "c2", codes: "OVERLAY-STORE-SPLIT"},
	{scenario: "container-on-wrong-network", at: "bdc02$ docker network connect", from: "c1", to: "c2", codes: "DNS-OTHER-NETWORK"},
	{scenario: "host-down", at: "bdc01$ nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep ^1-) bridge fdb show", from: "c1", to: "172.16.0.2", codes: "HOST-DOWN"},
}

// TestEveryCauseIsExplained: explain names the cause of each scenario of the
// library, by its code, with a cure that cures.
func TestEveryCauseIsExplained(t *testing.T) {
	for _, x := range explained {
		t.Run(x.scenario+"/"+x.from, func(t *testing.T) {
			t.Parallel()
			r := explainLibrary(t, x.scenario, x.at, x.from, x.to, x.port, x.large)
			var codes []string
			for _, c := range r.Causes {
				if !slices.Contains(codes, string(c.Code)) {
					codes = append(codes, string(c.Code))
				}
				if c.Cure == nil {
					t.Errorf("%s has no cure", c.Code)
				}
			}
			if got := strings.Join(codes, " "); got != x.codes {
				var b strings.Builder
				r.Write(&b, explain.Style{})
				t.Errorf("%s: got %s, want %s\n%s", x.scenario, got, x.codes, b.String())
			}
			if last := r.Causes[len(r.Causes)-1]; last.Proof == nil || last.Proof.Verdict != explain.Delivered {
				t.Errorf("%s: the cure is not proven", x.scenario)
			}
		})
	}
}

func explainLibrary(t *testing.T, name, at, from, to, port string, large bool) *explain.Report {
	t.Helper()
	s := libraryScenario(t, name)
	m, err := scenarios.ParseMoment(s, at)
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	proto, number, err := explain.ParsePort(port)
	if err != nil {
		t.Fatal(err)
	}
	r, err := explain.Explain(w, explain.Flow{From: from, To: to, Proto: proto, Port: number, Large: large})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func libraryScenario(t *testing.T, name string) *scenarios.Scenario {
	t.Helper()
	found, err := scenarios.Find(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Read(found[0].File, found[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
