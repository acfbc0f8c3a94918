package dnetsim

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// rooms from left to right (ARCHITECTURE.md): a package may import its own room
// and those after it in this list.
var rooms = []string{"bench", "dnetsimtest", "cmd", "page", "labs", "scenarios", "explain", "docs", "engine", "modes", "userland", "stack", "link", "sim"}

// orders are the packages of each room, from left to right again; those on one
// line do not import each other. A room of one package needs no order.
var orders = map[string][][]string{
	"bench": {
		{"bench", "bench/tab"},
	},
	"page": {
		{"page"},
		{"page/seat"},
		{"page/packets", "page/view"},
	},
	"labs": {
		{"labs/store"},
		{"labs"},
	},
	"scenarios": {
		{"scenarios/campaign", "scenarios/lint", "scenarios/replay"},
		{"scenarios"},
		{"scenarios/compose"},
	},
	"engine": {
		{"engine/cli"},
		{"engine"},
		{"engine/cli/stack"},
		{"engine/gate"},
	},
	"modes": {
		{"modes/build"},
		{"modes"},
		{"modes/swarm"},
		{"modes/swarm/quorum", "modes/swarm/agent"},
		{"modes/swarm/control", "modes/swarm/dispatcher", "modes/swarm/logbroker", "modes/swarm/allocator", "modes/swarm/orchestrator"},
		{"modes/swarm/scheduler", "modes/swarm/template"},
		{"modes/swarm/ca", "modes/swarm/message", "modes/swarm/state"},
		{"modes/swarm/raft", "modes/swarm/rpc"},
		{"modes/swarm/object"},
		{"modes/network"},
		{"modes/container", "modes/streams", "modes/events", "modes/config", "modes/calls"},
		{"modes/logs", "modes/filters", "modes/ident", "modes/journal", "modes/resolvconf"},
		{"modes/network/bridge", "modes/network/child", "modes/network/overlay"},
		{"modes/network/driver"},
		{"modes/serf", "modes/networkdb", "modes/ipam", "modes/image", "modes/volume"},
		{"modes/store", "modes/health"},
		{"modes/nat", "modes/dockerfile"},
		{"modes/memberlist", "modes/errdefs"},
		{"modes/bitseq", "modes/msgpack", "modes/protobuf", "modes/profile"},
	},
	"userland": {
		{"userland/consul"},
		{"userland/nginx", "userland/packages"},
		{"userland/programs", "userland/netconf", "userland/traffic", "userland/jq", "userland/accounts", "userland/nft"},
		{"userland/web"},
		{"userland/names"},
		{"userland/getopt", "userland/shell", "userland/archive"},
		{"userland"},
	},
	"stack": {
		{"stack", "stack/tap"},
		{"stack/nftables"},
		{"stack/transport", "stack/netfilter", "stack/ipsec", "stack/ipvs"},
		{"stack/socket"},
		{"stack/errno"},
	},
	"link": {
		{"link/pcapfilter", "link/dissect"},
		{"link/print"},
		{"link"},
		{"link/reread", "link/trail"},
	},
}

// toCome are rooms and packages that the lists of these tests name already and
// that nobody has built yet. Who builds one takes it from here.
var toCome = []string{}

type source struct {
	path string // slash-separated, from the module's root
	dir  string
	room string
	file *ast.File
	fset *token.FileSet
	test bool
}

// readSources reads the whole module once.
var readSources = sync.OnceValues(func() (out []source, err error) {
	fset := token.NewFileSet()
	err = filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() && p != "." {
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
				return filepath.SkipDir // a module of its own is no room
			}
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		slash := filepath.ToSlash(p)
		room, _, _ := strings.Cut(slash, "/")
		out = append(out, source{slash, path.Dir(slash), room, f, fset, strings.HasSuffix(name, "_test.go")})
		return nil
	})
	return out, err
})

func sources(t *testing.T) []source {
	t.Helper()
	out, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// directories are those that hold Go files.
func directories(t *testing.T) map[string]bool {
	dirs := map[string]bool{}
	for _, s := range sources(t) {
		dirs[s.dir] = true
	}
	return dirs
}

// within reports whether a package is a folder or under it.
func within(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

// imports are the import paths of a file.
func (s source) imports() (out []string) {
	for _, imp := range s.file.Imports {
		p, _ := strconv.Unquote(imp.Path.Value)
		out = append(out, p)
	}
	return out
}

// outside reports whether a file tests its package from outside: it may use
// what its room builds on the package.
func (s source) outside() bool { return strings.HasSuffix(s.file.Name.Name, "_test") }

// place is where a package stands in its room's order; -1 if it has none.
func place(dir string) int {
	room, _, _ := strings.Cut(dir, "/")
	return slices.IndexFunc(orders[room], func(line []string) bool { return slices.Contains(line, dir) })
}

func TestImportsPointToTheRightOnly(t *testing.T) {
	for _, s := range sources(t) {
		from := slices.Index(rooms, s.room)
		if from < 0 {
			if s.dir != "." {
				t.Errorf("%s: %q is no room: the rooms are %s", s.path, s.room, strings.Join(rooms, ", "))
			}
			continue
		}
		for _, p := range s.imports() {
			to, ours := strings.CutPrefix(p, "dnetsim/")
			if !ours {
				continue
			}
			room, _, _ := strings.Cut(to, "/")
			switch {
			case slices.Index(rooms, room) < from:
				t.Errorf("%s imports %s, which is to its left", s.path, p)
			case room == s.room && to != s.dir && place(to) <= place(s.dir) && !s.outside():
				t.Errorf("%s imports %s, which is to its left, or beside it, in their room: see orders", s.path, p)
			}
		}
	}
}

func TestEveryPackageOfARoomHasAPlaceInItsOrder(t *testing.T) {
	count := map[string]int{}
	for dir := range directories(t) {
		room, _, _ := strings.Cut(dir, "/")
		count[room]++
	}
	for dir := range directories(t) {
		if room, _, _ := strings.Cut(dir, "/"); count[room] > 1 && place(dir) < 0 {
			t.Errorf("package %s has no place in the order of its room: add it to orders", dir)
		}
	}
}

// Rooms, packages and exceptions that the lists name are there, and what is there is not
// said to come.
func TestTheListsOfTheseTestsAreTrue(t *testing.T) {
	dirs := directories(t)
	exists := func(folder string) bool {
		for dir := range dirs {
			if within(dir, folder) {
				return true
			}
		}
		return false
	}
	for _, folder := range toCome {
		if exists(folder) {
			t.Errorf("toCome: %s is here", folder)
		}
	}
	need := func(list, folder string) {
		if !exists(folder) && !slices.Contains(toCome, folder) {
			t.Errorf("%s: there is no %s", list, folder)
		}
	}
	for _, room := range rooms {
		need("rooms", room)
	}
	for room, lines := range orders {
		for _, line := range lines {
			for _, dir := range line {
				need("orders", dir)
				if !within(dir, room) {
					t.Errorf("orders: %s is not of room %s", dir, room)
				}
			}
		}
	}
	for dir := range edges {
		need("edges", dir)
	}
	for _, at := range homes {
		for _, dir := range at {
			need("homes", dir)
		}
	}
	for _, b := range bans {
		for _, dir := range append(b.in, b.except...) {
			if dir != "." {
				need("bans", dir)
			}
		}
	}
	for file := range runClock {
		if !slices.ContainsFunc(sources(t), func(s source) bool { return s.path == file }) {
			t.Errorf("runClock: there is no %s", file)
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	docs, dirs := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		dirs[s.dir] = true
		if s.file.Doc != nil && len(s.file.Doc.Text()) > 60 {
			docs[s.dir] = true
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
