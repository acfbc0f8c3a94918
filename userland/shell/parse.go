package shell

import (
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (s *Shell) lang() syntax.LangVariant { return syntax.LangBash }

func (s *Shell) parser() *syntax.Parser { return syntax.NewParser(syntax.Variant(s.lang())) }

// What a text that is parsed weighs against a command, beside its length in
// parseUnits.
const (
	parseWork = 40
	parseUnit = 64
)

// runText parses and runs a text. If it does not parse, what stands before the
// error has run, as in a shell that reads line by line.
func (s *Shell) runText(text string, line int) {
	if len(text) > maxScript {
		s.warn("script too long")
		s.status, s.flow = 2, exitingShell
		return
	}
	s.p.Work(parseWork + len(text)/parseUnit)
	stmts, err := s.statements(text)
	if err == nil {
		s.runStmts(stmts, true)
		return
	}
	var pe syntax.ParseError
	if errors.As(err, &pe) {
		before := stmts[:0:0]
		for _, st := range stmts {
			if st.Pos().Line() < pe.Pos.Line() {
				before = append(before, st)
			}
		}
		s.runStmts(before, false)
		if s.flow != onward {
			return
		}
		s.line = int(pe.Pos.Line())
	}
	s.syntaxError(err)
}

// maxScript bounds what is parsed at once.
const maxScript = 4 << 20

// parse reads a text that must be right as a whole.
func (s *Shell) parse(text string) (*syntax.File, error) {
	stmts, err := s.statements(text)
	if err != nil {
		return nil, err
	}
	return &syntax.File{Stmts: stmts}, nil
}

// statements is the one way to the parser: its panics are errors, its depth and
// that of what it makes are bounded, and a tree that it should not have made is
// a syntax error. With an error come the statements before it.
func (s *Shell) statements(text string) (stmts []*syntax.Stmt, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errSyntax
		}
	}()
	if nested(text) > maxNesting {
		return nil, errDeep
	}
	for st, err := range s.parser().StmtsSeq(guarded{strings.NewReader(text)}) {
		if err != nil {
			return stmts, err
		}
		if err := sound(st); err != nil {
			return stmts, err
		}
		literalDocuments(st, text)
		stmts = append(stmts, st)
	}
	return stmts, nil
}

var (
	errDeep   = errors.New("nested too deeply")
	errSyntax = errors.New("syntax error")
)

const (
	// maxNesting bounds how deep brackets may nest, and maxTree how deep the
	// parser's tree may be: a sum of a thousand terms is a thousand deep.
	maxNesting = 2000
	maxTree    = 10_000
	// maxFrames bounds the parser's recursion, and parserReads how much it gets at
	// a time, and so how much deeper it may be when it is next looked at.
	maxFrames   = 10_000
	parserReads = 1 << 10
)

// guarded is a parser's input that ends where the parser has recursed too deep:
// whatever the language nests, a level costs it at least a byte.
type guarded struct{ r io.Reader }

func (g guarded) Read(b []byte) (int, error) {
	if runtime.Callers(maxFrames, make([]uintptr, 1)) > 0 {
		return 0, errDeep
	}
	return g.r.Read(b[:min(len(b), parserReads)])
}

// nested is how deep a text's brackets nest at most.
func nested(text string) int {
	deepest, n := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{', '`':
			n++
		case ')', '}':
			n = max(0, n-1)
		}
		deepest = max(deepest, n)
	}
	return deepest
}

// sound looks for what the evaluator does not expect in the parser's trees:
// names of other shells' forms that are missing, words that are none, and trees
// that a recursion should not enter.
func sound(st *syntax.Stmt) (err error) {
	depth := 0
	syntax.Walk(st, func(n syntax.Node) bool {
		if n == nil {
			depth--
			return true
		}
		if depth++; depth > maxTree {
			err = errDeep
		}
		if err == nil && !expected(n) {
			err = errSyntax
		}
		if err != nil {
			depth--
		}
		return err == nil
	})
	return err
}

func expected(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.FuncDecl:
		return n.Name != nil && n.Body != nil
	case *syntax.Assign:
		return n.Name != nil || n.Naked && n.Value != nil
	case *syntax.Word:
		return len(n.Parts) > 0
	case *syntax.Redirect:
		return n.Word != nil
	case *syntax.ForClause:
		return n.Loop != nil
	case *syntax.WordIter:
		return n.Name != nil
	case *syntax.ParamExp:
		return n.Param != nil
	case *syntax.BinaryCmd:
		return n.X != nil && n.Y != nil
	case *syntax.UnaryTest:
		return n.Op == syntax.TsNot || isWord(n.X)
	case *syntax.BinaryTest:
		return n.Op == syntax.AndTest || n.Op == syntax.OrTest || isWord(n.X) && isWord(n.Y)
	}
	return true
}

func isWord(x syntax.TestExpr) bool {
	w, is := x.(*syntax.Word)
	return is && w != nil
}

// quietly runs fn and drops what a library panics with.
func (s *Shell) quietly(fn func()) {
	defer func() {
		if r := recover(); r != nil && !ours(r) {
			return
		} else if r != nil {
			panic(r)
		}
	}()
	fn()
}

// ours reports whether a panic belongs to the control flow of processes rather
// than to a bug in a library.
func ours(r any) bool {
	switch r.(type) {
	case error, string:
		return false
	}
	return true
}

// Incomplete reports whether text needs further lines: an open quote,
// here-document, brace or compound command, a trailing && or backslash.
func (s *Shell) Incomplete(text string) bool {
	_, more := missing(s, text)
	return more
}

// missing reports whether a text wants more lines, and which one ends the
// here-document that it is in, if that is what it wants.
func missing(s *Shell, text string) (stop string, more bool) {
	if strings.HasSuffix(text, "\\\n") {
		return "", true
	}
	_, err := s.parse(text)
	if err == nil {
		return "", false
	}
	if stop, open := openHereDocument(err); open {
		return stop, true
	}
	return "", syntax.IsIncomplete(err)
}

// openHereDocument is the delimiter that a here-document still waits for. The
// parser does not count one with a quoted delimiter among what is incomplete.
func openHereDocument(err error) (delimiter string, open bool) {
	var e syntax.ParseError
	if !errors.As(err, &e) {
		return "", false
	}
	quoted, open := strings.CutPrefix(e.Text, "unclosed here-document ")
	if !open {
		return "", false
	}
	if delimiter, err = strconv.Unquote(quoted); err != nil {
		return quoted, true
	}
	return delimiter, true
}
