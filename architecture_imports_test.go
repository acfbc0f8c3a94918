package dnetsim

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// homes says where a third-party module may be imported, test files included.
// A key is an import path prefix; the longest one that matches counts.
var homes = map[string][]string{
	"gvisor.dev/gvisor":                      {"stack/transport"},
	"github.com/songgao/water":               {"stack/tap"},
	"github.com/gopacket/gopacket":           {"link", "link/reread"}, // in tests: the files that we write, read by somebody else
	"mvdan.cc/sh":                            {"userland/shell"},
	"github.com/miekg/dns":                   {"userland/names", "userland/traffic"},
	"github.com/yuin/goldmark":               {"labs"},       // Markdown: no dependencies, MIT, the reference of Hugo
	"go.etcd.io/bbolt":                       {"labs/store"}, // one file that survives a kill: etcd's own, MIT
	"github.com/compose-spec/compose-go":     {"scenarios/compose"},
	"github.com/santhosh-tekuri/jsonschema":  {"scenarios"}, // in tests
	"github.com/docker/go-connections/nat":   {"engine"},
	"github.com/moby/moby/api":               {"engine"},
	"github.com/opencontainers/image-spec":   {"engine"},
	"github.com/opencontainers/go-digest":    {"engine"},
	"github.com/moby/docker-image-spec":      {"engine"},
	"github.com/moby/term":                   {"engine"},
	"github.com/docker/docker/api/types":     {"engine"},
	"github.com/moby/moby/client":            {"engine/cli"},
	"github.com/docker/cli":                  {"engine/cli"},
	"github.com/containerd/errdefs":          {"engine/cli"},
	"github.com/distribution/reference":      {"engine/cli"},
	"go.yaml.in/yaml/v3":                     {"scenarios", "labs", "engine/cli"}, // in engine/cli for what docker's types print
	"github.com/moby/patternmatcher":         {"engine/cli"},                      // docker's own reading of .dockerignore, which it links anyway
	"github.com/sirupsen/logrus":             {"engine/cli", "scenarios/compose"},
	"github.com/spf13/pflag":                 {"engine/cli"},
	"github.com/spf13/cobra":                 {"cmd", "engine/cli"},
	"github.com/itchyny/gojq":                {"userland/jq"},
	"github.com/chromedp":                    {"page"}, // in tests: a real browser
	"golang.org/x/term":                      {"cmd"},
	"github.com/modelcontextprotocol/go-sdk": {"cmd"},
	"github.com/coder/websocket":             {"page"},
}

// home is the entry of homes that a package belongs to, empty if it has none.
func home(p string) (best string) {
	for prefix := range homes {
		if within(p, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	return best
}

func TestThirdPartyPackagesStayInTheirHomes(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, p := range s.imports() {
			first, _, _ := strings.Cut(p, "/")
			if !strings.Contains(first, ".") {
				continue
			}
			of := home(p)
			if of == "" {
				t.Errorf("%s imports %s, which has no home: add one to homes with a look at its upkeep, licence and weight", s.path, p)
				continue
			}
			at := false
			for _, h := range homes[of] {
				if within(s.dir, h) {
					at, used[of+" "+h] = true, true
				}
			}
			if !at {
				t.Errorf("%s imports %s, whose home is %s", s.path, p, strings.Join(homes[of], " and "))
			}
		}
	}
	for of, at := range homes {
		for _, h := range at {
			if !used[of+" "+h] && !slices.Contains(toCome, h) {
				t.Errorf("homes: nothing in %s imports %s", h, of)
			}
		}
	}
}

// bans are what packages must not depend on, however far away: each has its
// reason. A ban holds for the folders in, but for those in except; "." is the whole module.
var bans = []struct {
	in, except []string
	wasm       bool // for js/wasm only
	what       []string
	but        []string // of what, itself and no more
	why        string
}{
	{in: []string{"sim"}, what: []string{"net", "os/exec", "golang.org", "github.com", "gvisor.dev", "dnetsim"},
		why: "virtual time knows nothing but the standard library, and no networking word"},
	{in: []string{"link", "stack/netfilter"}, what: []string{"gvisor.dev", "net/http", "os/exec"},
		why: "frames and rules are ours: who shows, reads or filters them needs no TCP stack"},
	{in: []string{"stack", "modes/serf"}, what: []string{"net/http", "os/exec"},
		why: "a namespace and the gossip in it are packets: nothing there serves or starts anything"},
	{in: []string{"userland"}, except: []string{"userland/traffic", "userland/consul", "userland/web", "userland/nginx", "userland/packages"}, what: []string{"net/http"},
		why: "a machine without web programs carries no HTTP, nor the TLS behind it"},
	{in: []string{"."}, except: []string{"cmd", "dnetsimtest", "engine/cli", "scenarios/compose"}, what: []string{"github.com/docker/cli", "github.com/moby/moby/client", "github.com/spf13", "github.com/sirupsen", "go.opentelemetry.io"},
		why: "docker's command line is two thirds of the binary and runs on goroutines: it is a leaf, and cmd is who hangs it on"},
	{in: []string{"."}, except: []string{"bench/tab", "cmd", "dnetsimtest", "engine/cli", "scenarios", "labs", "page"}, what: []string{"go.yaml.in"},
		why: "files are what scenarios and labs read"},
	{in: []string{"."}, except: []string{"dnetsimtest"}, what: []string{"testing"}, why: "tests stay out of the binary"},
	{in: []string{"."}, what: []string{"google.golang.org", "github.com/golang/protobuf", "github.com/prometheus", "go.etcd.io/raft"},
		why: "gRPC, protobuf and Prometheus were a seventh of the binary, for a few lines of docker's command line: engine/cli/absent has those"},
	{in: []string{"."}, what: []string{"runtime/cgo", "plugin", "net/http/pprof", "net/http/httptest"},
		why: "one static binary, without tests and doors in it"},
	{in: []string{"."}, except: []string{"cmd", "dnetsimtest", "engine/cli"}, what: []string{"os/signal", "expvar", "text/template", "html/template"}, but: []string{"text/template/parse"},
		why: "signals and templates (which keep the linker from dropping methods) are the command line's"},
	{in: []string{"."}, except: []string{"cmd", "dnetsimtest", "engine/cli", "labs/store", "page"}, wasm: true, what: []string{"golang.org/x/sys/unix", "golang.org/x/sys/windows"},
		why: "a page in the browser has no kernel under it"},
}

func TestNothingHeavyComesInFromFar(t *testing.T) {
	for _, target := range []string{"linux/amd64", "js/wasm"} {
		needs := dependencies(t, target)
		for _, b := range bans {
			if b.wasm && target != "js/wasm" {
				continue
			}
			for dir := range needs {
				dir, ours := strings.CutPrefix(dir, "dnetsim/")
				if !ours || !under(dir, b.in) || under(dir, b.except) {
					continue
				}
				for _, what := range b.what {
					if way := chain(needs, "dnetsim/"+dir, what, b.but); way != nil {
						t.Errorf("%s: %s: %s", target, strings.Join(way, " → "), b.why)
					}
				}
			}
		}
	}
}

func under(dir string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return f == "." || within(dir, f) })
}

// dependencies are the imports of every package that the module needs on a
// target, tests left out.
func dependencies(t *testing.T, target string) map[string][]string {
	t.Helper()
	goos, arch, _ := strings.Cut(target, "/")
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+arch, "CGO_ENABLED=0")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list for %s: %v\n%s", target, err, errs.String())
	}
	needs := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		needs[words[0]] = words[1:]
	}
	return needs
}

// chain is the shortest chain of imports from a package to one of a prefix but those, nil
// if there is none.
func chain(needs map[string][]string, from, to string, but []string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at != from && within(at, to) && !slices.Contains(but, at) {
			var way []string
			for ; at != ""; at = before[at] {
				way = append(way, at)
			}
			slices.Reverse(way)
			return way
		}
		for _, next := range needs[at] {
			if _, seen := before[next]; !seen {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// Imports stand in three groups, each after an empty line: the standard
// library's, dnetsim's, third parties'. gofmt sorts within them.
func TestImportsStandInThreeGroups(t *testing.T) {
	for _, s := range sources(t) {
		last, line := 0, 0
		for _, imp := range s.file.Imports {
			p, at := strings.Trim(imp.Path.Value, `"`), s.fset.Position(imp.Pos())
			group := 1
			if first, _, _ := strings.Cut(p, "/"); first == "dnetsim" {
				group = 2
			} else if strings.Contains(first, ".") {
				group = 3
			}
			apart := at.Line > line+1 && line > 0
			switch {
			case group < last:
				t.Errorf("%s: %s comes after a later group: the standard library's first, then dnetsim's, then third parties'", at, p)
			case group > last && last > 0 && !apart:
				t.Errorf("%s: an empty line is missing before %s, the first of its group", at, p)
			case group == last && apart && imp.Doc == nil:
				t.Errorf("%s: %s is of the group before the empty line", at, p)
			}
			last, line = group, at.Line
		}
	}
}
