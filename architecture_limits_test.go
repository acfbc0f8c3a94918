package dnetsim

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// The limits: a function fits two screens, a file can be read in one sitting, a
// package is a handful of nouns, a type one.
const (
	functionLines = 80
	fileLines     = 500 // tests included
	packageFiles  = 40  // tests left out
	typeMethods   = 60
)

// excess is what is over a limit today, with its size and why. A number here
// only gets smaller, and what has come under its limit leaves.
var excess = map[string]struct {
	size int
	why  string
}{
	"package stack":                            {52, "the kinds of interfaces are to leave, and the neighbours"},
	"package userland/netconf":                 {53, "a file for each program or form of it; flat, and each easy to find"},
	"type userland/shell.Shell":                {150, "the evaluator's state is one: a method for each kind of command, expansion and word"},
	"type userland.Process":                    {65, "what a program may ask of the machine, its sockets and files among it"},
	"type userland/netconf.ipTool":             {100, "ip has that many commands, one method for each"},
	"function stack/netfilter.newMatch":        {127, "one switch: a case for each match extension"},
	"function modes/memberlist.List.command":   {91, "one switch: a case for each message"},
	"function userland/shell.getopts":          {85, "POSIX's state machine"},
	"function userland/programs.editor.script": {100, "one switch: a case for each command of sed"},
	"function userland/programs.awkRun.eval":   {87, "one switch: a case for each node of a tree"},
	"function userland/programs.awkRun.call":   {92, "one switch: a case for each built-in function"},
	"function userland/programs.awkTokens":     {83, "one switch: a case for each kind of token"},
}

func TestNothingOutgrowsItsLimit(t *testing.T) {
	sizes := map[string]int{}
	limits := map[string]int{}
	count := func(what string, size, limit int) {
		sizes[what] += size
		limits[what] = limit
	}
	for _, s := range sources(t) {
		count("file "+s.path, s.fset.File(s.file.Pos()).LineCount(), fileLines)
		if s.test {
			continue
		}
		count("package "+s.dir, 1, packageFiles)
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				of := receiver(f)
				count("type "+s.dir+"."+of, 1, typeMethods)
				name = of + "." + name
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			count("function "+s.dir+"."+name, lines, functionLines)
		}
	}
	for what, size := range sizes {
		x, known := excess[what]
		switch {
		case known && size > x.size:
			t.Errorf("%s has grown to %d, from %d: the limit is %d", what, size, x.size, limits[what])
		case known && size <= limits[what]:
			t.Errorf("excess: %s is within its limit: take it off the list", what)
		case !known && size > limits[what]:
			t.Errorf("%s: %d, the limit is %d", what, size, limits[what])
		}
	}
	for what := range excess {
		if _, ok := sizes[what]; !ok {
			t.Errorf("excess: there is no %s", what)
		}
	}
}

// receiver is the name of the type that a method is of.
func receiver(f *ast.FuncDecl) string {
	name := dotted(f.Recv.List[0].Type)
	if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
		name = dotted(star.X)
	}
	return strings.TrimPrefix(fmt.Sprint(name), "*")
}
