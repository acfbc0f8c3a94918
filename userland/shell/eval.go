package shell

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// runStmts runs a list. last tells that nothing follows it, so that its last
// command may take the place of a forked shell.
func (s *Shell) runStmts(stmts []*syntax.Stmt, last bool) {
	tail := s.tail && last
	for i, st := range stmts {
		s.tail = tail && i == len(stmts)-1
		s.stmt(st)
		if s.flow != onward {
			return
		}
	}
	s.tail = tail
}

// stmt runs one command with its redirections, and looks at traps after it.
func (s *Shell) stmt(st *syntax.Stmt) {
	s.p.Tick()
	if s.opts.noexec || st.Cmd == nil && len(st.Redirs) == 0 {
		return
	}
	s.line = int(st.Pos().Line())
	if st.Background || st.Coprocess {
		s.background(st)
		return
	}
	if st.Negated {
		s.tested++
		s.tail = false
	}
	s.redirected(st)
	if st.Negated {
		s.tested--
		if s.flow == onward {
			s.status = oneIf(s.status == 0)
		}
	}
	s.runTraps()
	if leaf(st.Cmd) && !st.Negated {
		s.checkErrexit()
	}
}

// leaf reports whether set -e looks at the command's own status: lists and
// compound commands have had theirs looked at inside.
func leaf(c syntax.Command) bool {
	switch c := c.(type) {
	case *syntax.BinaryCmd:
		return c.Op == syntax.Pipe || c.Op == syntax.PipeAll
	case *syntax.CallExpr, *syntax.Subshell, *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause, *syntax.DeclClause, nil:
		return true
	}
	return false
}

func (s *Shell) checkErrexit() {
	if s.opts.errexit && s.status != 0 && s.tested == 0 && s.flow == onward {
		s.flow = exitingShell
	}
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// redirected applies a statement's redirections around its command.
func (s *Shell) redirected(st *syntax.Stmt) {
	if len(st.Redirs) == 0 {
		s.command(st.Cmd)
		return
	}
	if call, is := st.Cmd.(*syntax.CallExpr); is && isExec(call) {
		s.status = oneIf(!s.redirect(st.Redirs))
		return
	}
	outer := s.fds
	s.fds = userland.HoldFDs(outer)
	// Deferred, so that a process that is killed lets go of its pipes.
	defer func() {
		userland.DropFDs(s.fds)
		s.fds = outer
	}()
	if !s.redirect(st.Redirs) {
		if s.flow == onward {
			s.status = 1
		}
		return
	}
	if st.Cmd == nil {
		s.status = 0
		return
	}
	s.command(st.Cmd)
}

func isExec(c *syntax.CallExpr) bool {
	return len(c.Args) == 1 && c.Args[0].Lit() == "exec"
}

// command runs a command of any kind.
func (s *Shell) command(c syntax.Command) {
	if s.depth > maxDepth {
		s.warn("maximum recursion depth exceeded")
		s.status, s.flow = 2, exitingShell
		return
	}
	if _, simple := c.(*syntax.CallExpr); !simple {
		defer func(t bool) { s.tail = t }(s.tail)
		s.depth++
		defer func() { s.depth-- }()
	}
	switch c := c.(type) {
	case nil:
	case *syntax.CallExpr:
		s.call(c)
	case *syntax.BinaryCmd:
		s.binary(c)
	case *syntax.Block:
		s.runStmts(c.Stmts, true)
	case *syntax.Subshell:
		s.subshell(c.Stmts)
	case *syntax.IfClause:
		s.ifClause(c)
	case *syntax.WhileClause:
		s.whileClause(c)
	case *syntax.ForClause:
		s.forClause(c)
	case *syntax.CaseClause:
		s.caseClause(c)
	case *syntax.FuncDecl:
		s.funcs[c.Name.Value] = c.Body
		s.status = 0
	case *syntax.ArithmCmd:
		n, ok := s.arithm(c.X)
		if s.status = oneIf(n == 0); !ok {
			s.status = 1
		}
	case *syntax.LetClause:
		for _, x := range c.Exprs {
			n, ok := s.arithm(x)
			if s.status = oneIf(n == 0); !ok {
				s.status = 1
			}
		}
	case *syntax.TestClause:
		s.status = s.testClause(c.X)
	case *syntax.DeclClause:
		s.declare(c)
	case *syntax.TimeClause:
		s.timeClause(c)
	default:
		s.warn(fmt.Sprintf("syntax error: unsupported command %T", c))
		s.status = 2
	}
}

// maxDepth bounds nested commands, functions and evals together.
const maxDepth = 5000

func (s *Shell) binary(c *syntax.BinaryCmd) {
	switch c.Op {
	case syntax.Pipe, syntax.PipeAll:
		s.pipeline(c)
		return
	}
	tail := s.tail
	s.tail = false
	s.tested++
	s.stmt(c.X)
	s.tested--
	if s.flow != onward || (s.status == 0) != (c.Op == syntax.AndStmt) {
		return
	}
	s.tail = tail
	s.stmt(c.Y)
}

// condition runs a list whose status is only looked at.
func (s *Shell) condition(stmts []*syntax.Stmt) bool {
	tail := s.tail
	s.tail = false
	s.tested++
	s.runStmts(stmts, false)
	s.tested--
	s.tail = tail
	return s.status == 0
}

func (s *Shell) ifClause(c *syntax.IfClause) {
	for ; c != nil; c = c.Else {
		if len(c.Cond) == 0 { // else
			s.runStmts(c.Then, true)
			return
		}
		yes := s.condition(c.Cond)
		if s.flow != onward {
			return
		}
		if yes {
			s.runStmts(c.Then, true)
			return
		}
	}
	s.status = 0
}

// body runs a loop's body once and reports whether the loop goes on.
func (s *Shell) body(stmts []*syntax.Stmt) bool {
	s.tail = false
	s.p.Tick()
	s.loops++
	s.runStmts(stmts, false)
	s.loops--
	switch s.flow {
	case onward:
		return true
	case breaking, continuing:
		if s.flowN--; s.flowN > 0 && s.loops > 0 {
			return false
		}
		again := s.flow == continuing
		s.flow, s.flowN = onward, 0
		return again
	}
	return false
}

func (s *Shell) whileClause(c *syntax.WhileClause) {
	status := 0
	s.tail = false
	for {
		s.loops++
		yes := s.condition(c.Cond)
		s.loops--
		if s.flow == breaking || s.flow == continuing {
			if s.flowN--; s.flowN > 0 && s.loops > 0 {
				return
			}
			again := s.flow == continuing
			s.flow, s.flowN = onward, 0
			if again {
				continue
			}
			break
		}
		if s.flow != onward {
			return
		}
		if yes == c.Until {
			break
		}
		on := s.body(c.Do)
		status = s.status
		if !on {
			if s.flow == exitingShell || s.flow == returning {
				return
			}
			break
		}
	}
	s.status = status
}

func (s *Shell) forClause(c *syntax.ForClause) {
	s.tail = false
	switch loop := c.Loop.(type) {
	case *syntax.WordIter:
		if c.Select {
			s.warn("syntax error: select is not supported")
			s.status = 2
			return
		}
		items := s.params
		if loop.InPos.IsValid() {
			var ok bool
			if items, ok = s.fields(loop.Items); !ok {
				return
			}
		}
		s.status = 0
		for _, it := range items {
			if !s.set(loop.Name.Value, it) || !s.body(c.Do) {
				return
			}
		}
	case *syntax.CStyleLoop:
		s.cLoop(loop, c.Do)
	}
}

func (s *Shell) cLoop(loop *syntax.CStyleLoop, do []*syntax.Stmt) {
	if loop.Init != nil {
		if _, ok := s.arithm(loop.Init); !ok {
			return
		}
	}
	s.status = 0
	for {
		if loop.Cond != nil {
			n, ok := s.arithm(loop.Cond)
			if !ok || n == 0 {
				return
			}
		}
		if !s.body(do) {
			return
		}
		if loop.Post != nil {
			if _, ok := s.arithm(loop.Post); !ok {
				return
			}
		}
	}
}

func (s *Shell) caseClause(c *syntax.CaseClause) {
	word, ok := s.literal(c.Word)
	if !ok {
		return
	}
	s.status = 0
	through := false
	for _, item := range c.Items {
		hit := through
		for _, w := range item.Patterns {
			if hit {
				break
			}
			pat, ok := s.pattern(w)
			if !ok {
				return
			}
			hit = matches(pat, word)
		}
		if !hit {
			continue
		}
		s.runStmts(item.Stmts, item.Op == syntax.Break)
		if s.flow != onward {
			return
		}
		switch item.Op {
		case syntax.Fallthrough:
			through = true
		case syntax.Resume:
			through = false
		default:
			return
		}
	}
}

// matches reports whether a shell pattern matches all of a text.
func matches(pat, text string) bool {
	if !pattern.HasMeta(pat, 0) && !strings.Contains(pat, `\`) {
		return pat == text
	}
	expr, err := pattern.Regexp(pat, pattern.EntireString|pattern.ExtendedOperators)
	if err != nil {
		return pat == text
	}
	rx, err := regexp.Compile(expr)
	if err != nil {
		return pat == text
	}
	return rx.MatchString(text)
}

// Glob reports whether a shell pattern matches all of a name.
func Glob(pat, name string) bool { return matches(pat, name) }

// timeClause runs a command and tells how long it took. Programs take no CPU
// time here.
func (s *Shell) timeClause(c *syntax.TimeClause) {
	s.tail = false
	start := s.loop.Now()
	if c.Stmt != nil {
		s.stmt(c.Stmt)
	}
	fmt.Fprint(s.errOut(), timeReport(s.loop.Now()-start, s.style, c.PosixFormat))
}

func timeReport(d time.Duration, style Style, posix bool) string {
	sec := d.Seconds()
	if posix {
		return fmt.Sprintf("real %.2f\nuser 0.00\nsys 0.00\n", sec)
	}
	m := int(sec) / 60
	sec -= float64(m * 60)
	if style == Ash {
		return fmt.Sprintf("real\t%dm %.2fs\nuser\t0m 0.00s\nsys\t0m 0.00s\n", m, sec)
	}
	return fmt.Sprintf("\nreal\t%dm%.3fs\nuser\t0m0.000s\nsys\t0m0.000s\n", m, sec)
}

// arithm evaluates an arithmetic expression; its errors are printed.
func (s *Shell) arithm(x syntax.ArithmExpr) (int, bool) {
	var n int
	ok := s.guard(func(cfg *expand.Config) (err error) {
		n, err = expand.Arithm(cfg, x)
		return err
	})
	return n, ok
}
