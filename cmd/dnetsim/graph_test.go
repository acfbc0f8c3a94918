package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const twoNetworks = `services:
  web: {image: nginx, networks: [front, back], ports: ["8080:80"]}
  db: {image: busybox, command: sleep 100000, networks: [back]}
  cli: {image: busybox, command: sleep 100000, networks: [front], labels: {tier: edge}}
networks: {front: {}, back: {}}
`

// composeFile is a Compose file of a project "shop".
func composeFile(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	file := filepath.Join(dir, "compose.yaml")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(twoNetworks), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAComposeFileRunsAsAScenario(t *testing.T) {
	file := composeFile(t)
	code, out, errs := call(t, "", nil, "run", file)
	if code != exitOK || !strings.Contains(out, "docker start shop-web-1") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	if strings.Count(errs, "ignored, without a network meaning: labels: cli") != 1 {
		t.Errorf("said\n%s", errs)
	}
	code, out, errs = call(t, "", nil, "import", file)
	if code != exitOK || !strings.HasPrefix(out, "# ignored: labels: cli\nname: shop\n") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	if code, _, errs := call(t, out, nil, "run", "-"); code != exitOK {
		t.Errorf("what import prints: %d\n%s", code, errs)
	}
}

func TestGraphShowsNetworksPortsAndWhoReachesWhom(t *testing.T) {
	file := composeFile(t)
	for form, parts := range map[string][]string{
		"": {
			"shop_back (bridge, 172.18.0.0/16)", "172.18.0.2      shop-db-1", "0.0.0.0:8080 → shop-web-1 80/tcp",
			"docker/shop-cli-1\n", "  does not reach docker/shop-db-1: ping\n", "  reaches docker/shop-web-1: ping, 80/tcp\n",
		},
		"--mermaid": {"flowchart LR\n", `(["shop_back<br/>bridge 172.18.0.0/16"])`, `-.-> |"ping, 80/tcp"|`},
		"--dot":     {"digraph networks {", `label="shop_front\nbridge 172.19.0.0/16"`, `label="ping, 80/tcp"`},
		"--svg":     {"<svg ", ">shop_back</text>", "docker/shop-cli-1 ⇸ docker/shop-db-1: ping"},
	} {
		args := []string{"graph", file}
		if form != "" {
			args = append(args, form)
		}
		code, out, errs := call(t, "", nil, args...)
		if code != exitOK {
			t.Errorf("%s: %d %s", form, code, errs)
		}
		for _, p := range parts {
			if !strings.Contains(out, p) {
				t.Errorf("%s: %q is missing in\n%s", form, p, out)
			}
		}
		if form == "--svg" {
			for d := xml.NewDecoder(strings.NewReader(out)); ; {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
