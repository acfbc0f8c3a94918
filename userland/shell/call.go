package shell

import (
	"io"
	"strings"
	"time"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// call runs a simple command: assignments, then a function, a builtin or a
// program.
func (s *Shell) call(c *syntax.CallExpr) {
	tail := s.tail
	s.tail = false
	subst := -1
	outer := s.substOut
	s.substOut = &subst
	args, ok := s.fields(s.unaliased(c.Args))
	s.substOut = outer
	if !ok {
		return
	}
	if len(args) == 0 {
		s.assignments(c, &subst)
		return
	}
	if s.opts.xtrace {
		s.trace(c, args)
	}
	undo, ok := s.prefixed(c.Assigns, args[0])
	if !ok {
		return
	}
	s.tail = tail
	s.dispatch(args)
	s.tail = false
	undo()
}

// assignments is a command without a word: its status is that of the last
// command substitution.
func (s *Shell) assignments(c *syntax.CallExpr, subst *int) {
	outer := s.substOut
	s.substOut = subst
	defer func() { s.substOut = outer }()
	for _, a := range c.Assigns {
		if s.opts.xtrace && a.Value != nil {
			if v, ok := s.literal(a.Value); ok {
				io.WriteString(s.errOut(), s.get("PS4")+a.Name.Value+"="+traceWord(v)+"\n")
			}
		}
		if !s.assign(a) {
			if s.status == 0 {
				s.status = 1
			}
			return
		}
	}
	s.status = max(*subst, 0)
}

// prefixed does the assignments before a command: they last for it only, unless
// it is a special builtin of a POSIX shell.
func (s *Shell) prefixed(as []*syntax.Assign, name string) (undo func(), ok bool) {
	if len(as) == 0 {
		return func() {}, true
	}
	saved := map[string]expand.Variable{}
	for _, a := range as {
		n := a.Name.Value
		if _, done := saved[n]; !done {
			saved[n] = s.vars[n]
		}
		if !s.assign(a) {
			return nil, false
		}
		v := s.vars[n]
		v.Exported = true
		s.vars[n] = v
	}
	if specialBuiltins[name] && s.style != Bash && s.funcs[name] == nil {
		return func() {
			for n, old := range saved {
				v := s.vars[n]
				v.Exported = old.Exported
				s.vars[n] = v
			}
		}, true
	}
	return func() {
		for n, v := range saved {
			if v.Declared() {
				s.vars[n] = v
			} else {
				delete(s.vars, n)
			}
		}
	}, true
}

var specialBuiltins = map[string]bool{
	":": true, ".": true, "break": true, "continue": true, "eval": true, "exec": true, "exit": true,
	"export": true, "readonly": true, "return": true, "set": true, "shift": true, "times": true,
	"trap": true, "unset": true,
}

// unaliased replaces a first word that is an alias by the alias's words.
func (s *Shell) unaliased(words []*syntax.Word) []*syntax.Word {
	seen := map[string]bool{}
	for len(words) > 0 && len(s.aliases) > 0 {
		name := words[0].Lit()
		text, ok := s.aliases[name]
		if !ok || seen[name] {
			break
		}
		seen[name] = true
		f, err := s.parse(text)
		if err != nil || len(f.Stmts) != 1 {
			break
		}
		call, ok := f.Stmts[0].Cmd.(*syntax.CallExpr)
		if !ok {
			break
		}
		words = append(append([]*syntax.Word(nil), call.Args...), words[1:]...)
	}
	return words
}

// trace is set -x.
func (s *Shell) trace(c *syntax.CallExpr, args []string) {
	var b strings.Builder
	b.WriteString(s.get("PS4"))
	for _, a := range c.Assigns {
		v, _ := s.literal(a.Value)
		b.WriteString(a.Name.Value + "=" + traceWord(v) + " ")
	}
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(traceWord(a))
	}
	io.WriteString(s.errOut(), b.String()+"\n")
}

func traceWord(w string) string {
	if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`|&;<>()*?[]#~!{}") {
		return quoteWord(w)
	}
	return w
}

// quoteWord quotes a word so that the shell reads it back.
func quoteWord(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" }

// dispatch runs a command by its expanded words.
func (s *Shell) dispatch(args []string) {
	if f, ok := s.funcs[args[0]]; ok {
		s.callFunction(f, args)
		return
	}
	if fn, ok := s.builtin(args[0]); ok {
		s.status = fn(s, args) & 0xff
		return
	}
	s.external(args)
}

// builtin finds a builtin of the shell's style.
func (s *Shell) builtin(name string) (builtin, bool) {
	if s.style == Ash && notInAsh[name] {
		return nil, false
	}
	fn := builtinNamed(name)
	return fn, fn != nil
}

var notInAsh = map[string]bool{"declare": true, "typeset": true, "shopt": true, "enable": true, "pushd": true, "popd": true, "dirs": true, "disown": true}

// maxCalls bounds nested function calls.
const maxCalls = 1000

func (s *Shell) callFunction(body *syntax.Stmt, args []string) {
	if len(s.frames) >= maxCalls {
		s.warn(args[0] + ": maximum function nesting level exceeded (1000)")
		s.status, s.flow = 2, exitingShell
		return
	}
	params, loops := s.params, s.loops
	s.params, s.loops = args[1:], 0
	s.frames = append(s.frames, map[string]expand.Variable{})
	s.tail = false
	s.stmt(body)
	s.restore()
	s.params, s.loops = params, loops
	if s.flow == returning {
		s.flow = onward
	}
}

// external runs a program and waits for it, or turns into it where the shell is
// a process that has nothing else to do.
func (s *Shell) external(args []string) {
	s.p.SetEnviron(s.environment())
	prog, full, err := s.p.Find(args)
	if err != nil {
		s.notFound(args[0], err)
		return
	}
	if s.tail && len(s.traps) == 0 {
		s.become(prog, full)
		return
	}
	q, err := s.start(prog, full, userland.HoldFDs(s.fds), s.jobControl())
	if err != nil {
		s.warn(err.Error())
		s.status = 2
		return
	}
	s.status = s.foreground(q)
}

// become runs a program in the shell's own process. The shell of a step, which
// outlives the process, waits for its end; any other is gone.
func (s *Shell) become(prog userland.Program, args []string) {
	p := s.p
	p.SetEnviron(s.environment())
	p.Dir = s.dir
	p.DefaultCaught()
	if s.ends {
		p.Become(prog, args, userland.HoldFDs(s.fds))
	}
	status := p.RunAs(prog, args, userland.HoldFDs(s.fds))
	s.status, s.flow = status&0xff, exitingShell
}

func (s *Shell) notFound(name string, err error) {
	s.status = 127
	text := err.Error()
	switch {
	case err == userland.ErrNotFound && s.style == Bash:
		text = "command not found"
	case err == userland.ENOENT && s.style != Bash:
		text = "not found"
	case err == userland.EACCES, err == userland.ENOEXEC:
		s.status = 126
		if i, serr := s.p.Stat(name); serr == nil && i.IsDir() && s.style == Bash {
			text = userland.EISDIR.Error()
		}
	}
	s.warn(name + ": " + text)
}

// jobControl reports whether jobs get process groups of their own.
func (s *Shell) jobControl() bool { return s.interactive && s.p.TTY != nil }

const errFork userland.Errno = "Resource temporarily unavailable"

// forkTries is how often a shell tries to start a process again where there are
// too many, as bash does: after 1, 2, 4 and 8 seconds.
const forkTries = 4

// mayFork waits for room in the table of processes, and reports whether there is.
func (s *Shell) mayFork() bool {
	if s.style != Ash {
		for wait := range forkTries {
			if s.m.Roomy() {
				return true
			}
			s.warn("fork: retry: " + errFork.Error())
			s.p.Sleep(time.Second << wait)
		}
	}
	return s.m.Roomy()
}

// forkError is what a shell says that could not fork.
func (s *Shell) forkError() userland.Errno {
	if s.style == Ash {
		return "can't fork: " + errFork
	}
	return "fork: " + errFork
}

// start starts a process that holds fds and lets go of them when it ends.
func (s *Shell) start(prog userland.Program, args []string, fds map[int]*userland.Stream, group bool) (*userland.Process, error) {
	s.p.Work(userland.SpawnWork)
	if !s.mayFork() {
		userland.DropFDs(fds)
		return nil, s.forkError()
	}
	q := s.m.Start(userland.ProcSpec{
		Program: prog, Args: args, Env: s.environment(), Dir: s.dir, TTY: s.p.TTY, Parent: s.p,
		Stdin: fds[0].Reader(), Stdout: fds[1].Writer(), Stderr: fds[2].Writer(), FDs: fds,
		NewGroup: group,
		OnExit:   func(int) { userland.DropFDs(fds) },
	})
	if s.jobControl() { // what the shell ignores for itself its jobs do not
		for _, sig := range []userland.Signal{userland.SIGQUIT, userland.SIGTSTP, userland.SIGTTIN, userland.SIGTTOU} {
			if _, trapped := s.traps[sig.String()]; !trapped {
				q.Default(sig)
			}
		}
	}
	return q, nil
}

// spawn starts a list in a subshell of its own process.
func (s *Shell) spawn(stmts []*syntax.Stmt, fds map[int]*userland.Stream, group bool) (*userland.Process, error) {
	var q *userland.Process
	// The copy is made now: what the parent does next must not be seen.
	c := s.fork(s.p, fds)
	body := func(q *userland.Process) int {
		c.p, c.tail, c.ends, c.trapping = q, true, true, false
		q.Dir = c.dir
		c.runStmts(stmts, true)
		c.finish()
		return c.status
	}
	q, err := s.start(body, s.p.Args, fds, group)
	if err == nil {
		q.SetName(s.p.Name())
	}
	return q, err
}

// finish runs the EXIT trap once.
func (s *Shell) finish() {
	action, ok := s.traps["EXIT"]
	if !ok || action == "" {
		return
	}
	delete(s.traps, "EXIT")
	status := s.status
	s.flow = onward
	s.runText(action, 0)
	if s.flow != exitingShell {
		s.status = status
	}
	s.flow = exitingShell
}

// subshell is ( … ): a process of its own.
func (s *Shell) subshell(stmts []*syntax.Stmt) {
	q, err := s.spawn(stmts, userland.HoldFDs(s.fds), s.jobControl())
	if err != nil {
		s.warn(err.Error())
		s.status = 2
		return
	}
	s.status = s.foreground(q)
}
