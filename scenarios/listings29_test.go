package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Moby documents the rules of its bridge networks case by case
// (integration/network/bridge/iptablesdoc of v2.0.0-beta.24). testdata has of each
// case what is typed and the rules of each table; the same commands here must come
// to the same rules, in the same order.
func TestRulesAreThoseThatMobyDocuments(t *testing.T) {
	eachListing(t, "listings", func(t *testing.T, name, text string) {
		head, _, _ := strings.Cut(text, "*")
		tables := strings.Split(strings.TrimPrefix(text, head), "*")[1:]
		typed, done := listingsHost(t, name, head)
		defer done()
		for _, table := range tables {
			kind, want, _ := strings.Cut(table, "\n")
			got := typed("iptables -S -t " + kind)
			if want, got = strings.TrimSpace(want), strings.TrimSpace(got); want != got {
				t.Errorf("%s: - Moby, + dnetsim\n%s", kind, textDiff(want, got))
			}
		}
	})
}

// eachListing lets a test look at each listing of a folder.
func eachListing(t *testing.T, folder string, look func(t *testing.T, name, text string)) {
	t.Helper()
	paths, err := filepath.Glob(groundTruth29 + "/" + folder + "/*.txt")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d %s: %v", len(paths), folder, err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			look(t, name, string(text))
		})
	}
}

// listingsHost is a host on which a listing's commands have been typed, with
// options of the engine; typed types one more and gives what it printed.
func listingsHost(t *testing.T, name, head string, options ...string) (typed func(line string) string, done func()) {
	t.Helper()
	if strings.HasSuffix(name, "-noproxy") {
		options = append(options, `"userland-proxy": false`)
	}
	// A host that forwards already, so that the policies stay as they are.
	lab := openText(t, `
engine: "29"
lan: {subnet: 192.168.124.0/24}
hosts:
  h1:
    address: 192.168.124.2
    files: {/etc/sysctl.d/99-docker.conf: "net.ipv4.ip_forward = 1\n"}
    daemon: {`+strings.Join(options, ", ")+`}
`)
	typed = func(line string) string {
		t.Helper()
		exit, out, err := lab.Output("h1", line)
		if err != nil || exit != 0 {
			t.Fatalf("%s: exit %d, %v\n%s", line, exit, err, out)
		}
		return out
	}
	for line := range strings.Lines(head) {
		typed(strings.TrimSpace(strings.TrimPrefix(line, "$ ")))
	}
	return typed, func() { lab.Close() }
}

// The same of nftables (integration/network/bridge/nftablesdoc). Moby's machine has
// a newer nft, which calls -100 at the hook output dstnat.
func TestTablesAreThoseThatMobyDocuments(t *testing.T) {
	eachListing(t, "listings-nftables", func(t *testing.T, name, text string) {
		head, want, _ := strings.Cut(text, "*\n")
		typed, done := listingsHost(t, name, head, `"firewall-backend": "nftables"`)
		defer done()
		got := strings.ReplaceAll(typed("nft -s list table ip docker-bridges"), "hook output priority -100;", "hook output priority dstnat;")
		if want != got {
			t.Errorf("- Moby, + dnetsim\n%s", textDiff(want, got))
		}
	})
}

// An engine that is told another backend takes away what it wrote with the one before;
// its own tables come back with a restart.
func TestABackendLeavesNothingToTheOther(t *testing.T) {
	t.Parallel()
	lab := openText(t, engine29+`
lan: {subnet: 10.0.0.0/24}
hosts:
  h1: {address: 10.0.0.2}
  h2: {address: 10.0.0.3}
`)
	defer lab.Close()
	typed := func(host, line string) string {
		t.Helper()
		_, out, err := lab.Output(host, line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return out
	}
	answers := func(when string) {
		t.Helper()
		if got := typed("h2", "curl -s -m 2 -o /dev/null -w '%{http_code}' http://10.0.0.2:8080/"); got != "200" {
			t.Errorf("%s: the published port answers %q", when, got)
		}
	}
	typed("h1", "docker network create -o com.docker.network.bridge.name=br1 one; docker run -d --restart always --name web --network one -p 8080:80 nginx")
	answers("with iptables")
	typed("h1", `echo '{"firewall-backend": "nftables"}' > /etc/docker/daemon.json; systemctl restart docker; sleep 5`)
	for line := range strings.Lines(typed("h1", "iptables-save; ip6tables-save")) {
		if strings.HasPrefix(line, "-A") && !strings.Contains(line, "DOCKER-USER") {
			t.Errorf("left of iptables: %s", line)
		}
	}
	// The policy that the engine gave FORWARD stays, and what the tables of nftables let
	// pass ends there: its log says so.
	if got := typed("h1", "iptables -S FORWARD | head -n 1; journalctl -u docker | grep -c 'iptables chain FORWARD has policy DROP'"); got != "-P FORWARD DROP\n1\n" {
		t.Errorf("FORWARD, and the log's lines: %q", got)
	}
	typed("h1", "iptables -P FORWARD ACCEPT")
	answers("with nftables")
	typed("h1", "nft flush ruleset; systemctl restart docker; sleep 5")
	answers("after a flush and a restart")
	typed("h1", `rm /etc/docker/daemon.json; systemctl restart docker; sleep 5`)
	if got := typed("h1", "nft list ruleset"); strings.Contains(got, "docker-bridges") {
		t.Errorf("left of nftables:\n%s", got)
	}
	answers("with iptables again")
}

// With either backend a packet of the mark that the engine is told reaches a container
// at a port that is not published.
func TestAMarkOpensBridges(t *testing.T) {
	for _, backend := range []string{"iptables", "nftables"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			lab := openText(t, engine29+`
lan: {subnet: 10.0.0.0/24}
hosts:
  h1:
    address: 10.0.0.2
    files: {/etc/sysctl.d/99-docker.conf: "net.ipv4.ip_forward = 1\n"}
    daemon: {firewall-backend: `+backend+`, allow-direct-routing: true, bridge-accept-fwmark: "0x10/0xf0"}
  h2: {address: 10.0.0.3, docker: false}
`)
			defer lab.Close()
			typed := func(host, line string) string {
				t.Helper()
				_, out, err := lab.Output(host, line)
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				return out
			}
			typed("h1", "docker run -itd --name c1 busybox; nft add table ip mine; nft 'add chain ip mine pre { type filter hook prerouting priority mangle; }'")
			typed("h2", "ip route add 172.17.0.0/16 via 10.0.0.2")
			const ping = "ping -c 1 -W 1 172.17.0.2 >/dev/null; echo $?"
			if got := typed("h2", ping); got != "1\n" {
				t.Errorf("without a mark: %q", got)
			}
			typed("h1", "nft add rule ip mine pre ip saddr 10.0.0.3 counter meta mark set 0x13")
			if got := typed("h2", ping); got != "0\n" {
				t.Errorf("with a mark: %q", got)
			}
			list, want := "iptables -S DOCKER-FORWARD | head -n 2 | tail -n 1", "-A DOCKER-FORWARD -m mark --mark 0x10/0xf0 -j ACCEPT\n"
			if backend == "nftables" {
				list, want = "nft list chain ip docker-bridges filter-forward-in__docker0 | grep MARK", "\t\tmeta mark & 0x000000f0 == 0x00000010 counter packets 1 bytes 84 accept comment \"ALLOW FW MARK\"\n"
			}
			if got := typed("h1", list); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
