package dnetsim

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// state are the package variables that are neither constants, tables nor
// errors: each has its reason.
var state = map[string]string{
	"engine/cli.once":                "docker/cli keeps its configuration in package variables: they are set once for the process",
	"engine/cli.constructors":        "go:linkname: docker/cli's registered top-level commands, read only",
	"engine/cli.names":               "the names of docker's commands, the same for every session, learned from the first tree",
	"engine/cli.templates":           "taken from docker's root command, whose set-up writes a variable of cobra's, once",
	"engine/cli.pluginDirs":          "go:linkname: docker/cli's directories of plugins, emptied once",
	"engine/cli.flagCompletions":     "go:linkname: cobra's map of every flag that ever was, from which a session takes its own",
	"engine/cli.flagCompletionMutex": "go:linkname: cobra's guard of that map",
	"stack/transport.silence":        "netstack's log is the process's: it is turned off once",
}

// makers are the functions of others whose results nobody can change: a package
// variable may be made by them, by a conversion, or by a function of its own package that
// gives a plain value.
var makers = map[string]bool{
	"errors.New": true, "fmt.Errorf": true, "regexp.MustCompile": true, "strings.Fields": true, "strings.NewReplacer": true,
	"netip.MustParsePrefix": true, "netip.MustParseAddr": true, "netip.AddrFrom4": true, "netip.AddrFrom16": true, "netip.PrefixFrom": true,
	"time.Date": true, "time.Unix": true,
	"sync.OnceValue": true, // a table that is read when it is asked for
}

func TestNoFuncInit(t *testing.T) {
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

// A package variable is a constant, a table or an error: it is made of literals
// where it is declared, and nobody writes to it.
func TestOnlyConstantsTablesAndErrorsAtPackageLevel(t *testing.T) {
	faults := stateful(sources(t))
	for name, why := range faults {
		if state[name] == "" {
			t.Errorf("variable %s %s: keep it in a value that somebody owns", name, why)
		}
	}
	for name := range state {
		if faults[name] == "" {
			t.Errorf("state: %s is no exception (any more)", name)
		}
	}
}

// The test above sees state of every kind, and lets tables be.
func TestStateIsSeen(t *testing.T) {
	fset := token.NewFileSet()
	var list []source
	for dir, text := range map[string]string{
		"a": `package a
			import ("errors"; "sync")
			const size = 3
			var (
				Table = map[string]int{"one": 1}
				list = []string{"x"}
				ErrGone = errors.New("gone")
				names = [...]string{1: "b"}
				n = size + 1
				_ sync.Locker = (*sync.Mutex)(nil)

				empty map[string]int
				cache = map[string]int{}
				made = make([]int, 3)
				word = plain()
				loaded = load()
				pointer = &struct{ n int }{}
				guard = sync.Mutex{}
				counted = 1
				assigned = "x"
				changed = []int{1}
				taken = struct{ n int }{1}
				scalar = 1
				row = struct{ n int }{1}
				Foreign = map[string]int{"one": 1}
			)
			func plain() string { return "x" }
			func load() map[string]int { return nil }
			func f() (out []string) {
				counted++
				assigned, _ = "y", 2
				changed[0] = 2
				p, q, r := &taken.n, &scalar, &row
				list := []string{"local"}
				list[0] = "mine"
				for n := range 3 { n++; *p = n }
				return append(out, list...)
			}`,
		"b": `package b
			import "dnetsim/a"
			func g() { delete(a.Foreign, "one"); _ = a.Table["one"] }`,
	} {
		file, err := parser.ParseFile(fset, dir+".go", text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, source{path: dir + "/x.go", dir: dir, room: dir, file: file, fset: fset})
	}
	var got []string
	for name := range stateful(list) {
		got = append(got, strings.TrimPrefix(name, "a."))
	}
	slices.Sort(got)
	if want := "Foreign assigned cache changed counted empty guard loaded made pointer scalar taken"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// stateful says of every package variable that is neither constant, table nor
// error why.
func stateful(list []source) map[string]string {
	vars, plain := packageVariables(list), plainFunctions(list)
	faults := map[string]string{}
	for name, v := range vars {
		if why := mutable(v, plain); why != "" {
			faults[name] = why
		}
	}
	for _, s := range list {
		if !s.test {
			findWrites(s, vars, faults)
		}
	}
	return faults
}

// variable is a package variable. Its name in maps is "folder.name".
type variable struct {
	of    source
	spec  *ast.ValueSpec
	typ   ast.Expr // as declared, nil if left out
	value ast.Expr // nil if there is none
	embed bool     // filled by go:embed
}

func packageVariables(list []source) map[string]variable {
	vars := map[string]variable{}
	for _, s := range list {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				spec := spec.(*ast.ValueSpec)
				for i, name := range spec.Names {
					v := variable{of: s, spec: spec, typ: spec.Type, embed: embeds(g.Doc) || embeds(spec.Doc)}
					if i < len(spec.Values) {
						v.value = spec.Values[i]
					}
					if name.Name != "_" {
						vars[s.dir+"."+name.Name] = v
					}
				}
			}
		}
	}
	return vars
}

// plainFunctions are the functions that give one value which is no pointer, map,
// slice or channel by its declaration.
func plainFunctions(list []source) map[string]bool {
	plain := map[string]bool{}
	for _, s := range list {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Type.Results.NumFields() != 1 {
				continue
			}
			switch f.Type.Results.List[0].Type.(type) {
			case *ast.StarExpr, *ast.MapType, *ast.ArrayType, *ast.ChanType:
			default:
				plain[s.dir+"."+f.Name.Name] = true
			}
		}
	}
	return plain
}

func embeds(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// mutable says why a variable cannot be a table by how it is declared.
func mutable(v variable, plain map[string]bool) string {
	switch {
	case v.embed:
		return ""
	case v.value == nil:
		return "begins empty"
	}
	return mutableValue(v, plain)
}

func mutableValue(v variable, plain map[string]bool) string {
	switch e := v.value.(type) {
	case *ast.CompositeLit:
		if name := dotted(e.Type); strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "atomic.") {
			return "is a " + name
		}
		switch e.Type.(type) {
		case *ast.MapType, *ast.ArrayType:
			if len(e.Elts) == 0 {
				return "begins empty"
			}
		}
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return "is a pointer"
		}
	case *ast.CallExpr:
		switch fun := ast.Unparen(e.Fun).(type) {
		case *ast.ArrayType: // a conversion
			return ""
		default:
			name := dotted(fun)
			known := plain[v.of.dir+"."+name]
			if of, fn, ok := strings.Cut(name, "."); ok {
				known = makers[name] || plain[v.of.ours()[of]+"."+fn]
			}
			if !known && name != "append" && !strings.HasPrefix(name, "err") {
				return "is made by " + name + ", which is none of makers"
			}
		}
	}
	return ""
}

// dotted is an identifier with its package, as it is written.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return dotted(e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return dotted(e.X)
	case *ast.IndexListExpr:
		return dotted(e.X)
	}
	return "an expression"
}

// ours are the folders of those packages of the module that a file imports, by
// the name that it has for them.
func (s source) ours() map[string]string {
	ours := map[string]string{}
	for _, imp := range s.file.Imports {
		dir, ok := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), "dnetsim/")
		if !ok {
			continue
		}
		name := dir[strings.LastIndexByte(dir, '/')+1:]
		if imp.Name != nil {
			name = imp.Name.Name
		}
		ours[name] = dir
	}
	return ours
}

// isTable reports whether a variable is a composite literal: a pointer to the
// whole of it is how a table of tables is read.
func isTable(name string, vars map[string]variable) bool {
	_, is := vars[name].value.(*ast.CompositeLit)
	return is
}

// findWrites adds the variables that a file assigns, changes an element of, or
// takes the address of.
func findWrites(s source, vars map[string]variable, faults map[string]string) {
	ours := s.ours()
	wrote := func(e ast.Expr, how string) {
		if name := root(e, s.dir, ours, vars); name != "" {
			faults[name] = how + " at " + s.fset.Position(e.Pos()).String()
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					wrote(e, "is assigned")
				}
			}
		case *ast.IncDecStmt:
			wrote(n.X, "is counted")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				wrote(n.Key, "is assigned")
				if n.Value != nil {
					wrote(n.Value, "is assigned")
				}
			}
		case *ast.UnaryExpr:
			if _, whole := n.X.(*ast.Ident); n.Op == token.AND && !(whole && isTable(root(n.X, s.dir, ours, vars), vars)) {
				wrote(n.X, "has its address taken")
			}
		case *ast.CallExpr:
			if len(n.Args) == 0 {
				break
			}
			switch dotted(n.Fun) {
			case "delete", "clear", "copy", "maps.Copy", "slices.Sort", "slices.SortFunc", "slices.Reverse", "sort.Strings", "sort.Slice":
				wrote(n.Args[0], "is changed")
			}
		}
		return true
	})
}

// root is the package variable that an expression is of, or of an element or field of.
func root(e ast.Expr, dir string, ours map[string]string, vars map[string]variable) string {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && id.Obj == nil && ours[id.Name] != "" {
				name := ours[id.Name] + "." + x.Sel.Name
				if _, ok := vars[name]; ok {
					return name
				}
				return ""
			}
			e = x.X
		case *ast.Ident:
			v, ok := vars[dir+"."+x.Name]
			if !ok || x.Obj != nil && x.Obj.Decl != v.spec {
				return "" // another's, or a local one of the same name
			}
			return dir + "." + x.Name
		default:
			return ""
		}
	}
}
