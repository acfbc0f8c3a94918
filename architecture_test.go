package dnetsim

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// rooms from left to right: a package may import its own room and those after
// it in this list.
var rooms = []string{"cmd", "scenarios", "explain", "engine", "modes", "userland", "stack", "link", "sim"}

// homes says where a third-party module may be imported, test files included.
// A key is an import path prefix; the longest one that matches counts.
var homes = map[string][]string{
	"gvisor.dev/gvisor":                     {"stack/transport"},
	"github.com/songgao/water":              {"stack/tap"},
	"github.com/gopacket/gopacket":          {"link"},
	"mvdan.cc/sh":                           {"userland"},
	"github.com/miekg/dns":                  {"userland"},
	"gopkg.in/yaml.v3":                      {"scenarios"},
	"github.com/santhosh-tekuri/jsonschema": {"scenarios"}, // in tests
	"github.com/moby/moby/api":              {"engine"},
	"github.com/moby/moby/client":           {"engine/cli"},
	"github.com/docker/cli":                 {"engine/cli"},
	"github.com/containerd/errdefs":         {"engine/cli"},
	"github.com/sirupsen/logrus":            {"engine/cli"},
	"github.com/moby/term":                  {"engine/cli"},
	"github.com/spf13/pflag":                {"engine/cli"},
	"github.com/spf13/cobra":                {"cmd", "engine/cli"},
	"golang.org/x/term":                     {"cmd"},
	"go.opentelemetry.io/otel":              {"engine/cli"},
	"github.com/docker/go-connections/nat":  {"engine/cli"},
}

// banned calls: nothing below engine may ask the wall clock, draw from a
// global source, or start something that runs beside the loop.
var banned = map[string][]string{
	"time":         {"Now", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Since", "Until"},
	"math/rand":    {"Int", "Intn", "Int63", "Int31n", "Uint32", "Float64", "Perm", "Shuffle", "Seed", "Read"},
	"math/rand/v2": {"Int", "IntN", "N", "Uint64", "Uint32", "Int64", "Float64", "Perm", "Shuffle"},
	"crypto/rand":  {"Read", "Reader", "Int"},
	"os":           {"Getenv", "LookupEnv", "Environ", "Open", "OpenFile", "ReadFile", "WriteFile", "Create", "Stdout", "Stdin", "Stderr", "Exit", "Getpid", "Hostname", "ReadDir", "Stat", "StartProcess"},
	"net":          {"Dial", "Listen", "DialTimeout", "LookupHost", "LookupIP", "ListenPacket", "Interfaces"},
	"os/exec":      {"Command", "CommandContext", "LookPath"},
}

// edges may do what the rules ban: each has its reason.
var edges = map[string]string{
	"engine/cli": "docker's command line is real goroutines; session.go ties them to the loop",
	"engine":     "the API server's goroutines; the dispatcher ties them to the loop",
	"scenarios":  "reads the files named on the command line",
	"cmd":        "the edge to the real machine",
}

type source struct {
	path string // slash-separated, from the module's root
	room string
	file *ast.File
	fset *token.FileSet
	test bool
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "tmpdeps") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		slash := filepath.ToSlash(p)
		room, _, _ := strings.Cut(slash, "/")
		out = append(out, source{slash, room, f, fset, strings.HasSuffix(name, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rank(room string) int {
	for i, r := range rooms {
		if r == room {
			return i
		}
	}
	return -1
}

func TestImportsPointToTheRightOnly(t *testing.T) {
	for _, s := range sources(t) {
		from := rank(s.room)
		if from < 0 {
			if strings.Contains(s.path, "/") {
				t.Errorf("%s: %q is no room: the rooms are %s", s.path, s.room, strings.Join(rooms, ", "))
			}
			continue
		}
		for _, imp := range s.file.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			rest, ours := strings.CutPrefix(p, "dnetsim/")
			if !ours {
				continue
			}
			room, _, _ := strings.Cut(rest, "/")
			if rank(room) < from {
				t.Errorf("%s imports %s, which is to its left", s.path, p)
			}
		}
	}
}

func TestThirdPartyPackagesStayInTheirHomes(t *testing.T) {
	for _, s := range sources(t) {
		dir := path.Dir(s.path)
		for _, imp := range s.file.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			first, _, _ := strings.Cut(p, "/")
			if !strings.Contains(first, ".") {
				continue
			}
			best := ""
			for prefix := range homes {
				if (p == prefix || strings.HasPrefix(p, prefix+"/")) && len(prefix) > len(best) {
					best = prefix
				}
			}
			if best == "" {
				t.Errorf("%s imports %s, which has no home: add one to homes with a look at its upkeep, licence and weight", s.path, p)
				continue
			}
			at := false
			for _, h := range homes[best] {
				at = at || dir == h || strings.HasPrefix(dir, h+"/")
			}
			if !at {
				t.Errorf("%s imports %s, whose home is %s", s.path, p, strings.Join(homes[best], " and "))
			}
		}
	}
}

// edge reports whether the rules about clocks and goroutines do not hold here.
func edge(dir string) bool {
	for e := range edges {
		if dir == e || strings.HasPrefix(dir, e+"/") {
			return true
		}
	}
	return false
}

func TestNothingBelowEngineTouchesTheRealMachine(t *testing.T) {
	for _, s := range sources(t) {
		dir := path.Dir(s.path)
		if s.test || dir == "." || edge(dir) {
			continue
		}
		names := map[string]string{}
		for _, imp := range s.file.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			name := path.Base(p)
			if p == "math/rand/v2" {
				name = "rand"
			}
			if imp.Name != nil {
				name = imp.Name.Name
			}
			names[name] = p
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a go statement below engine", s.fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				id, ok := n.X.(*ast.Ident)
				if !ok || id.Obj != nil {
					return true
				}
				for _, call := range banned[names[id.Name]] {
					if n.Sel.Name == call {
						t.Errorf("%s: %s.%s is banned below engine", s.fset.Position(n.Pos()), names[id.Name], call)
					}
				}
			}
			return true
		})
	}
}

// runClock are the files that may ask the loop for the wall clock although a
// machine has one of its own: each has its reason.
var runClock = map[string]string{
	"userland/clock.go":          "the machine's clock is made of it",
	"userland/fs.go":             "files of an image, before a machine has them",
	"userland/traffic/iperf3.go": "stands for CLOCK_MONOTONIC",
}

func TestWhatAMachineShowsIsOfItsOwnClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || runClock[s.path] != "" || s.room != "userland" && s.room != "modes" && s.room != "engine" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Wall" {
				return true
			}
			of := sel.X
			if call, ok := of.(*ast.CallExpr); ok {
				of = call.Fun
			}
			name := ""
			switch of := of.(type) {
			case *ast.Ident:
				name = of.Name
			case *ast.SelectorExpr:
				name = of.Sel.Name
			}
			if strings.EqualFold(name, "loop") {
				t.Errorf("%s: the run's clock: ask the machine for its own", s.fset.Position(n.Pos()))
			}
			return true
		})
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	docs, dirs := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		dir := path.Dir(s.path)
		dirs[dir] = true
		if s.file.Doc != nil && len(s.file.Doc.Text()) > 60 {
			docs[dir] = true
		}
	}
	var missing []string
	for d := range dirs {
		if !docs[d] {
			missing = append(missing, d)
		}
	}
	sort.Strings(missing)
	for _, d := range missing {
		t.Errorf("package %s has no comment that says what it owns", d)
	}
}

func TestNoPackageIsNamedAfterNothing(t *testing.T) {
	for _, s := range sources(t) {
		switch n := s.file.Name.Name; n {
		case "util", "utils", "common", "types", "helpers", "manager":
			t.Errorf("%s: package %s: name it after the noun it owns", s.path, n)
		}
	}
}

func TestOnlyConstantsTablesAndErrorsAtPackageLevelAndNoInit(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init", s.fset.Position(f.Pos()))
			}
		}
	}
}
