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
	paths, err := filepath.Glob(groundTruth29 + "/listings/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no listing: %v", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			head, _, _ := strings.Cut(string(text), "*")
			tables := strings.Split(strings.TrimPrefix(string(text), head), "*")[1:]
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
	paths, err := filepath.Glob(groundTruth29 + "/listings-nftables/*.txt")
	if err != nil || len(paths) != 8 {
		t.Fatalf("%d listings: %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			head, want, _ := strings.Cut(string(text), "*\n")
			typed, done := listingsHost(t, name, head, `"firewall-backend": "nftables"`)
			defer done()
			got := strings.ReplaceAll(typed("nft -s list table ip docker-bridges"), "hook output priority -100;", "hook output priority dstnat;")
			if want != got {
				t.Errorf("- Moby, + dnetsim\n%s", textDiff(want, got))
			}
		})
	}
}
