package dnetsim

import (
	"go/ast"
	"strings"
	"testing"
)

// unused are exported functions and methods that nobody outside their package
// names, each with its reason.
var unused = map[string]string{}

// faces are the methods that the standard library and third parties ask for by
// interfaces that no file here spells out.
const faces = " As Close Error FlushError Is Less Len Lstat MarshalJSON MarshalYAML Open Read ReadDir Seed SetDeadline Stat String Swap UnmarshalJSON UnmarshalYAML Unwrap Write "

// A name is taken for used if any other package says it, of whatever it is: the
// test is quick, and misses a dead function whose name is a common one.
func TestWhatIsExportedIsUsedSomewhereElse(t *testing.T) {
	said := map[string]map[string]bool{} // name → the packages that say it
	asked := map[string]bool{}           // the methods of interfaces
	for _, s := range sources(t) {
		dir := s.dir
		if s.outside() {
			dir += "_test"
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if said[n.Sel.Name] == nil {
					said[n.Sel.Name] = map[string]bool{}
				}
				said[n.Sel.Name][dir] = true
			case *ast.InterfaceType:
				for _, m := range n.Methods.List {
					for _, name := range m.Names {
						asked[name.Name] = true
					}
				}
			}
			return true
		})
	}
	found := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || s.dir == "." || s.room == "dnetsimtest" || s.room == "cmd" {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			what := s.dir + "." + name
			if f.Recv != nil {
				what = s.dir + "." + receiver(f) + "." + name
				if !ast.IsExported(receiver(f)) || asked[name] || strings.Contains(faces, " "+name+" ") {
					continue
				}
			}
			by := len(said[name])
			if said[name][s.dir] {
				by--
			}
			if by > 0 {
				continue
			}
			found[what] = true
			if unused[what] == "" {
				t.Errorf("%s: nobody outside the package names %s: remove it, or let it begin with a small letter", s.fset.Position(f.Pos()), what)
			}
		}
	}
	for what := range unused {
		if !found[what] {
			t.Errorf("unused: %s is used, or is not there: take it off the list", what)
		}
	}
}
