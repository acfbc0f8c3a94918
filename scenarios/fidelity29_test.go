package scenarios

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The judge of the engine of today: testdata/ground-truth-29 holds what Docker
// Engine 29 printed on the same two hosts. It works as the judge of 20.10
// (fidelity_test.go), with which it shares everything but the captures.

const groundTruth29 = "testdata/ground-truth-29"

// folders29 are the sets of captures that are replayed so far.
var folders29 = []string{
	"meta", "host-before-docker", "bridge", "host", "none", "container", "errors", "daemon-options", "macvlan",
}

// sequences29 are replayed each on its own hosts.
var sequences29 = []string{
	"10-default-bridge", "11-publish", "12-user-defined", "13-host-container-none", "14-errors", "15-daemon-options",
	"16-daemon-options-29", "16-publish-29", "17-firewall", "18-nftables", "20-macvlan", "21-user-defined-29",
}

const engine29 = "engine: \"29\"\n"

// disagreements29 are the captures that do not agree yet, by their path: a file
// has them below each cause. The list only gets shorter.
func disagreements29(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(groundTruth29 + "/disagreements.txt")
	if err != nil {
		t.Fatal(err)
	}
	out, cause := map[string]string{}, ""
	for l := range strings.Lines(string(text)) {
		switch l = strings.TrimRight(l, "\n"); {
		case l == "" || strings.HasPrefix(l, "#"):
		case !strings.HasPrefix(l, "\t"):
			cause = l
		default:
			out[strings.TrimSpace(l)] = cause
		}
	}
	return out
}

func captures29(t *testing.T) map[string]capture {
	t.Helper()
	out := map[string]capture{}
	for _, f := range folders29 {
		err := filepath.WalkDir(filepath.Join(groundTruth29, f), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(groundTruth29, p)
			rel = filepath.ToSlash(rel)
			out[rel] = readCaptureIn(t, groundTruth29, rel)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestGroundTruth29(t *testing.T) {
	want := captures29(t)
	got := map[string]capture{}
	var mu sync.Mutex
	add := func(some map[string]capture) {
		mu.Lock()
		defer mu.Unlock()
		maps.Copy(got, some)
	}
	t.Run("replay", func(t *testing.T) {
		for _, name := range sequences29 {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				some := map[string]capture{}
				lab := openText(t, engine29+fmt.Sprintf(theTwoHosts, "", ""))
				replayOn(t, lab, append(stateBefore[name], sequenceIn(t, groundTruth29, name)...), some)
				add(some)
			})
		}
	})
	before := openText(t, engine29+fmt.Sprintf(theTwoHosts, ", docker: false", ", docker: false"))
	defer before.Close()
	for path, c := range want {
		if strings.HasPrefix(path, "host-before-docker/") {
			exit, out, err := before.Output(c.host, c.command)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			got[path] = capture{path, c.host, c.command, exit, out}
		}
	}
	judgeCaptures(t, want, got, disagreements29(t))
}
