package shell

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// TestEnv is what the expressions of test(1) look at.
type TestEnv struct {
	Stat  func(name string) (userland.Info, error)
	Lstat func(name string) (userland.Info, error)
	// IsTTY tells about a descriptor; Set about a shell variable, Opt about a
	// shell option. Each may be nil.
	IsTTY func(fd int) bool
	Set   func(name string) bool
	Opt   func(name string) bool
}

// TestArgs evaluates the arguments of test(1), without a closing bracket. An
// error is a misuse: status 2.
func TestArgs(env TestEnv, args []string) (bool, error) {
	t := &testParser{env: env, args: args}
	switch len(args) {
	case 0:
		return false, nil
	case 1:
		return args[0] != "", nil
	case 2:
		if args[0] == "!" {
			return args[1] == "", nil
		}
		return t.unary(args[0], args[1])
	case 3:
		if binaryTests[args[1]] {
			return t.binary(args[0], args[1], args[2])
		}
		if args[0] == "(" && args[2] == ")" {
			return args[1] != "", nil
		}
	case 4:
		if args[0] == "!" {
			ok, err := TestArgs(env, args[1:])
			return !ok, err
		}
	}
	ok, err := t.or()
	if err == nil && t.i < len(args) {
		err = fmt.Errorf("%s: unexpected operator", args[t.i])
	}
	return ok, err
}

var binaryTests = map[string]bool{
	"=": true, "==": true, "!=": true, "-eq": true, "-ne": true, "-lt": true, "-le": true,
	"-gt": true, "-ge": true, "-nt": true, "-ot": true, "-ef": true, "<": true, ">": true,
	"-a": true, "-o": true,
}

type testParser struct {
	env   TestEnv
	args  []string
	i     int
	depth int
}

func (t *testParser) peek() string {
	if t.i < len(t.args) {
		return t.args[t.i]
	}
	return ""
}

func (t *testParser) or() (bool, error) {
	a, err := t.and()
	for err == nil && t.peek() == "-o" {
		t.i++
		var b bool
		b, err = t.and()
		a = a || b
	}
	return a, err
}

func (t *testParser) and() (bool, error) {
	a, err := t.not()
	for err == nil && t.peek() == "-a" {
		t.i++
		var b bool
		b, err = t.not()
		a = a && b
	}
	return a, err
}

func (t *testParser) not() (bool, error) {
	if t.i >= len(t.args) {
		return false, fmt.Errorf("argument expected")
	}
	if t.depth++; t.depth > 1000 {
		return false, fmt.Errorf("too many arguments")
	}
	defer func() { t.depth-- }()
	if t.peek() == "!" && t.i+1 < len(t.args) {
		t.i++
		ok, err := t.not()
		return !ok, err
	}
	left := len(t.args) - t.i
	if left >= 3 && binaryTests[t.args[t.i+1]] && t.args[t.i+1] != "-a" && t.args[t.i+1] != "-o" {
		a := t.args[t.i : t.i+3]
		t.i += 3
		return t.binary(a[0], a[1], a[2])
	}
	if t.peek() == "(" {
		t.i++
		ok, err := t.or()
		if err == nil && t.peek() != ")" {
			err = fmt.Errorf("closing paren expected")
		}
		t.i++
		return ok, err
	}
	if left >= 2 && len(t.peek()) == 2 && t.peek()[0] == '-' && strings.IndexByte("bcdefghknoprstuvwxzLOGNSR", t.peek()[1]) >= 0 {
		a := t.args[t.i : t.i+2]
		t.i += 2
		return t.unary(a[0], a[1])
	}
	t.i++
	return t.args[t.i-1] != "", nil
}

func (t *testParser) unary(op, arg string) (bool, error) {
	if op == "-n" {
		return arg != "", nil
	}
	if op == "-z" {
		return arg == "", nil
	}
	if len(op) != 2 || op[0] != '-' {
		return false, fmt.Errorf("%s: unary operator expected", op)
	}
	switch op[1] {
	case 't':
		fd, err := strconv.Atoi(arg)
		return err == nil && t.env.IsTTY != nil && t.env.IsTTY(fd), nil
	case 'v':
		return t.env.Set != nil && t.env.Set(arg), nil
	case 'o':
		return t.env.Opt != nil && t.env.Opt(arg), nil
	case 'L', 'h':
		i, err := t.env.Lstat(arg)
		return err == nil && i.Kind == userland.Link, nil
	}
	i, err := t.env.Stat(arg)
	if err != nil {
		if strings.IndexByte("bcdefgkprsuwxOGNS", op[1]) < 0 {
			return false, fmt.Errorf("%s: unary operator expected", op)
		}
		return false, nil
	}
	switch op[1] {
	case 'e', 'O', 'G', 'r', 'w':
		return true, nil
	case 'f':
		return i.Kind == userland.Regular, nil
	case 'd':
		return i.IsDir(), nil
	case 'c':
		return i.Kind == userland.CharDevice, nil
	case 'p':
		return i.Kind == userland.Fifo, nil
	case 'S':
		return i.Kind == userland.Socket, nil
	case 's':
		return i.Size > 0, nil
	case 'x':
		return i.Mode&0o111 != 0, nil
	case 'u':
		return i.Mode&0o4000 != 0, nil
	case 'g':
		return i.Mode&0o2000 != 0, nil
	case 'k':
		return i.Mode&0o1000 != 0, nil
	case 'b', 'N':
		return false, nil
	}
	return false, fmt.Errorf("%s: unary operator expected", op)
}

func (t *testParser) binary(a, op, b string) (bool, error) {
	switch op {
	case "=", "==":
		return a == b, nil
	case "!=":
		return a != b, nil
	case "<":
		return a < b, nil
	case ">":
		return a > b, nil
	case "-a":
		return a != "" && b != "", nil
	case "-o":
		return a != "" || b != "", nil
	case "-nt", "-ot", "-ef":
		x, xerr := t.env.Stat(a)
		y, yerr := t.env.Stat(b)
		switch op {
		case "-nt":
			return xerr == nil && (yerr != nil || x.ModTime.After(y.ModTime)), nil
		case "-ot":
			return yerr == nil && (xerr != nil || x.ModTime.Before(y.ModTime)), nil
		}
		return xerr == nil && yerr == nil && x.Inode == y.Inode, nil
	}
	x, err := testInt(a)
	if err != nil {
		return false, err
	}
	y, err := testInt(b)
	if err != nil {
		return false, err
	}
	return compareInts(x, op, y), nil
}

func testInt(a string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(a), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: integer expression expected", a)
	}
	return n, nil
}

func compareInts(x int64, op string, y int64) bool {
	switch op {
	case "-eq":
		return x == y
	case "-ne":
		return x != y
	case "-lt":
		return x < y
	case "-le":
		return x <= y
	case "-gt":
		return x > y
	}
	return x >= y
}

// TestEnvOf is the environment of a test(1) that is a program of its own.
func TestEnvOf(p *userland.Process) TestEnv {
	return TestEnv{Stat: p.Stat, Lstat: p.Lstat, IsTTY: func(fd int) bool {
		switch fd {
		case 0:
			return userland.IsTTY(p.Stdin)
		case 1:
			return userland.IsTTY(p.Stdout)
		case 2:
			return userland.IsTTY(p.Stderr)
		}
		return false
	}}
}

func (s *Shell) testEnv() TestEnv {
	return TestEnv{
		Stat: s.p.Stat, Lstat: s.p.Lstat,
		IsTTY: func(fd int) bool {
			st := s.fds[fd]
			return st != nil && (userland.IsTTY(st.R) || userland.IsTTY(st.W))
		},
		Set: func(name string) bool { return s.vars[name].IsSet() },
		Opt: func(name string) bool {
			for _, o := range shellOptions {
				if o.name == name {
					return *o.of(&s.opts)
				}
			}
			return false
		},
	}
}

// testClause evaluates [[ … ]] and returns its status.
func (s *Shell) testClause(x syntax.TestExpr) int {
	ok, err := s.testExpr(x)
	if err != nil {
		s.warn(err.Error())
		return 2
	}
	if s.flow != onward {
		return s.status
	}
	return oneIf(!ok)
}

func (s *Shell) testExpr(x syntax.TestExpr) (bool, error) {
	switch x := x.(type) {
	case *syntax.Word:
		v, _ := s.literal(x)
		return v != "", nil
	case *syntax.ParenTest:
		return s.testExpr(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			ok, err := s.testExpr(x.X)
			return !ok, err
		}
		v, _ := s.literal(x.X.(*syntax.Word))
		return (&testParser{env: s.testEnv()}).unary(x.Op.String(), v)
	case *syntax.BinaryTest:
		return s.binaryTest(x)
	}
	return false, fmt.Errorf("conditional expression not understood")
}

func (s *Shell) binaryTest(x *syntax.BinaryTest) (bool, error) {
	switch x.Op {
	case syntax.AndTest:
		ok, err := s.testExpr(x.X)
		if !ok || err != nil {
			return ok, err
		}
		return s.testExpr(x.Y)
	case syntax.OrTest:
		ok, err := s.testExpr(x.X)
		if ok || err != nil {
			return ok, err
		}
		return s.testExpr(x.Y)
	}
	a, _ := s.literal(x.X.(*syntax.Word))
	yw := x.Y.(*syntax.Word)
	switch x.Op {
	case syntax.TsMatchShort, syntax.TsMatch, syntax.TsNoMatch:
		pat, _ := s.pattern(yw)
		return matches(pat, a) == (x.Op != syntax.TsNoMatch), nil
	case syntax.TsReMatch:
		b, _ := s.pattern(yw)
		return s.regexMatch(b, a)
	case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
		n, ok := s.arithWord(a)
		b, _ := s.literal(yw)
		m, ok2 := s.arithWord(b)
		if !ok || !ok2 {
			return false, fmt.Errorf("%s: syntax error in expression", a)
		}
		return compareInts(n, x.Op.String(), m), nil
	}
	b, _ := s.literal(yw)
	return (&testParser{env: s.testEnv()}).binary(a, x.Op.String(), b)
}

// arithWord evaluates an operand of -eq inside [[ ]].
func (s *Shell) arithWord(text string) (int64, bool) {
	if strings.TrimSpace(text) == "" {
		return 0, true
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return n, true
	}
	f, err := s.parse("((" + text + "))")
	if err != nil || len(f.Stmts) != 1 {
		return 0, false
	}
	c, ok := f.Stmts[0].Cmd.(*syntax.ArithmCmd)
	if !ok {
		return 0, false
	}
	n, ok := s.arithm(c.X)
	return int64(n), ok
}

// regexMatch is =~, which sets BASH_REMATCH in bash.
func (s *Shell) regexMatch(expr, text string) (bool, error) {
	rx, err := regexp.CompilePOSIX(expr)
	if err != nil {
		rx, err = regexp.Compile(expr)
	}
	if err != nil {
		return false, fmt.Errorf("invalid regular expression `%s'", expr)
	}
	m := rx.FindStringSubmatch(text)
	if m != nil && s.style != Ash {
		environ{s}.Set("BASH_REMATCH", expand.Variable{Set: true, Kind: expand.Indexed, List: m})
	}
	return m != nil, nil
}
