package dnetsim

import (
	"go/ast"
	"path"
	"strconv"
	"strings"
	"testing"
)

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
	"engine/cli":  "docker's command line is real goroutines; session.go ties them to the loop",
	"engine":      "the API server's goroutines; the dispatcher ties them to the loop",
	"stack/tap":   "real frames come from goroutines, which inject them",
	"scenarios":   "reads the files named on the command line",
	"labs/store":  "is a file, and says when it was written",
	"labs":        "reads files and folders of labs",
	"dnetsimtest": "reads the files that a test names",
	"page":        "worlds follow the wall clock, and people come over the network",
	"bench":       "starts what it measures, on the real clock",
	"cmd":         "the edge to the real machine",
}

// edge reports whether the rules about clocks and goroutines do not hold here.
func edge(dir string) bool {
	for e := range edges {
		if within(dir, e) {
			return true
		}
	}
	return false
}

func TestNothingBelowEngineTouchesTheRealMachine(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.dir == "." || edge(s.dir) {
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

// append(x[:i:i], x[i+1:]...) copies, except when nothing follows: then it is x
// without its end, whose array goes on holding what was removed.
func TestRemovalFromAListForgets(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 || !call.Ellipsis.IsValid() {
				return true
			}
			fn, _ := call.Fun.(*ast.Ident)
			head, isSlice := call.Args[0].(*ast.SliceExpr)
			if _, more := call.Args[1].(*ast.SliceExpr); fn != nil && fn.Name == "append" && isSlice && head.Slice3 && more {
				t.Errorf("%s: the last one is kept: write slices.Concat(x[:i], x[i+1:]), or slices.Delete where nobody ranges over x", s.fset.Position(n.Pos()))
			}
			return true
		})
	}
}
