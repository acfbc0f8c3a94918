package shell

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// builtin is a command that runs within the shell.
type builtin func(s *Shell, args []string) int

// builtinNamed finds a builtin of any style, nil if there is none.
func builtinNamed(name string) builtin {
	switch name {
	case ":", "true", "hash", "shopt":
		return succeed
	case "false":
		return fail
	case ".", "source":
		return source_
	case "eval":
		return eval
	case "exec":
		return exec
	case "history":
		return history_
	case "exit", "logout":
		return exit
	case "return":
		return return_
	case "break":
		return break_
	case "continue":
		return continue_
	case "shift":
		return shift
	case "cd":
		return cd
	case "pwd":
		return pwd
	case "echo":
		return echo
	case "printf":
		return printf
	case "test", "[":
		return test
	case "export":
		return export
	case "readonly":
		return readonly
	case "unset":
		return unset
	case "set":
		return set
	case "local", "declare", "typeset":
		return local
	case "read":
		return read
	case "trap":
		return trap
	case "wait":
		return wait
	case "jobs":
		return jobs
	case "kill":
		return kill
	case "umask":
		return umask
	case "fg":
		return fg
	case "bg":
		return bg
	case "type":
		return type_
	case "command":
		return command
	case "getopts":
		return getopts
	case "alias":
		return alias
	case "unalias":
		return unalias
	case "times":
		return times
	case "ulimit":
		return ulimit
	case "let":
		return let
	}
	return bashBuiltin(name)
}

// bashBuiltin finds those that bash alone has.
func bashBuiltin(name string) builtin {
	switch name {
	case "pushd":
		return pushd
	case "popd":
		return popd
	case "dirs":
		return dirs
	case "disown":
		return disown
	}
	return nil
}

func succeed(*Shell, []string) int { return 0 }
func fail(*Shell, []string) int    { return 1 }

// source_ is . FILE.
func source_(s *Shell, args []string) int {
	if len(args) < 2 {
		if s.style == Bash {
			s.complain(args[0], "filename argument required")
		}
		return 2
	}
	name := args[1]
	if !strings.Contains(name, "/") {
		for _, dir := range strings.Split(s.get("PATH"), ":") {
			if i, err := s.p.Stat(dir + "/" + name); err == nil && !i.IsDir() {
				name = dir + "/" + name
				break
			}
		}
	}
	data, err := s.p.ReadFile(name)
	if err != nil {
		if s.style == Bash {
			s.warn(args[1] + ": " + err.Error())
		} else {
			s.openError(args[1], userland.O_RDONLY, err)
			if !s.interactive {
				s.flow = exitingShell
				return 2
			}
		}
		return 1
	}
	params := s.params
	if len(args) > 2 {
		s.params = args[2:]
	}
	s.sourced++
	s.nest(func() { s.status = 0; s.runText(string(data), 0) })
	s.sourced--
	if len(args) > 2 {
		s.params = params
	}
	if s.flow == returning {
		s.flow = onward
	}
	return s.status
}

// nest runs fn as a command that is not the last one and counts its depth.
func (s *Shell) nest(fn func()) {
	if s.depth > maxDepth {
		s.warn("maximum recursion depth exceeded")
		s.status, s.flow = 2, exitingShell
		return
	}
	tail := s.tail
	s.tail = false
	s.depth += 20
	fn()
	s.depth -= 20
	s.tail = tail
}

func eval(s *Shell, args []string) int {
	line := s.line
	s.nest(func() { s.status = 0; s.runText(strings.Join(args[1:], " "), 0) })
	s.line = line
	return s.status
}

func exec(s *Shell, args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	s.p.SetEnviron(s.environment())
	prog, full, err := s.p.Find(args)
	if err != nil {
		s.notFound(args[0], err)
		if !s.interactive {
			s.flow = exitingShell
		}
		return s.status
	}
	s.traps = map[string]string{}
	s.become(prog, full)
	return s.status
}

func exit(s *Shell, args []string) int {
	status := s.status
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			if s.style == Bash {
				s.complain("exit", args[1]+": numeric argument required")
			} else {
				s.complain("exit", "Illegal number: "+args[1])
			}
			n = 2
		}
		status = n
	}
	if s.interactive && s.style != Ash && userland.IsTTY(s.p.Stdin) {
		s.farewell()
	}
	s.flow = exitingShell
	return status
}

func return_(s *Shell, args []string) int {
	status := s.status
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			s.complain("return", args[1]+": numeric argument required")
			n = 2
		}
		status = n
	}
	if len(s.frames) == 0 && s.sourced == 0 {
		if s.style == Bash {
			s.complain("return", "can only `return' from a function or sourced script")
			return 1
		}
		s.flow = exitingShell
		return status
	}
	s.flow = returning
	return status
}

// loopCount reads the argument of break and continue.
func (s *Shell) loopCount(args []string, f flow) int {
	n := 1
	if len(args) > 1 {
		k, err := strconv.Atoi(args[1])
		if err != nil || k < 1 {
			s.complain(args[0], args[1]+": numeric argument required")
			return 1
		}
		n = k
	}
	if s.loops > 0 {
		s.flow, s.flowN = f, min(n, s.loops)
	}
	return 0
}

func break_(s *Shell, args []string) int    { return s.loopCount(args, breaking) }
func continue_(s *Shell, args []string) int { return s.loopCount(args, continuing) }

func shift(s *Shell, args []string) int {
	n := 1
	if len(args) > 1 {
		k, err := strconv.Atoi(args[1])
		if err != nil || k < 0 {
			s.complain("shift", args[1]+": numeric argument required")
			return 1
		}
		n = k
	}
	if n > len(s.params) {
		if s.style != Bash && s.style != HostSh {
			return 1
		}
		return 1
	}
	s.params = s.params[n:]
	return 0
}

func cd(s *Shell, args []string) int {
	physical, who := false, args[0]
	args = args[1:]
	for len(args) > 0 && (args[0] == "-L" || args[0] == "-P" || args[0] == "--") {
		physical = args[0] == "-P"
		args = args[1:]
	}
	to, show := s.get("HOME"), false
	if len(args) > 0 {
		to = args[0]
	}
	if to == "-" {
		if to, show = s.get("OLDPWD"), true; to == "" {
			s.complain("cd", "OLDPWD not set")
			return 1
		}
	}
	if len(args) == 0 && to == "" {
		s.complain("cd", "HOME not set")
		return 1
	}
	full := to
	if !strings.HasPrefix(full, "/") {
		full = s.dir + "/" + full
	}
	i, err := s.m.FS().Stat(full)
	if err == nil && !i.IsDir() {
		err = userland.ENOTDIR
	}
	if err == nil {
		err = userland.MayEnter(s.m.FS(), full)
	}
	if err != nil {
		if s.style == Bash {
			s.complain(who, to+": "+err.Error())
		} else {
			s.complain("cd", "can't cd to "+to+": "+err.Error())
		}
		return 1
	}
	full = path.Clean(full)
	if real, err := s.m.FS().Realpath(full); physical && err == nil {
		full = real
	}
	if _, err := s.m.FS().Stat(full); err != nil {
		full, _ = s.m.FS().Realpath(to)
	}
	s.export("OLDPWD", s.dir)
	s.setDir(full)
	if show {
		fmt.Fprintln(s.out(), full)
	}
	return 0
}

func pwd(s *Shell, args []string) int {
	dir := s.dir
	if len(args) > 1 && args[1] == "-P" {
		dir, _ = s.m.FS().Realpath(dir)
	}
	fmt.Fprintln(s.out(), dir)
	return 0
}

func echo(s *Shell, args []string) int {
	return writeStatus(s, args[0], EchoText(args[1:], s.style == Ash || s.style == Bash || s.style == HostSh))
}

func printf(s *Shell, args []string) int {
	args = args[1:]
	if len(args) > 1 && args[0] == "-v" && s.style != Ash {
		text, status, errs := PrintfText(args[2:])
		io.WriteString(s.errOut(), prefixLines(s.prefix("printf"), errs))
		s.set(args[1], text)
		return status
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		if s.style == Bash {
			s.complain("printf", "usage: printf [-v var] format [arguments]")
		} else {
			s.complain("printf", "usage: printf FORMAT [ARG]...")
		}
		return 2
	}
	text, status, errs := PrintfText(args)
	if st := writeStatus(s, "printf", text); st != 0 {
		return st
	}
	io.WriteString(s.errOut(), prefixLines(s.prefix("printf"), errs))
	return status
}

func prefixLines(prefix string, lines []string) string {
	out := ""
	for _, l := range lines {
		out += prefix + l + "\n"
	}
	return out
}

// writeStatus writes a builtin's output and says what is wrong with it.
func writeStatus(s *Shell, name, text string) int {
	if text == "" {
		return 0
	}
	if _, err := io.WriteString(s.out(), text); err != nil {
		s.complain(name, "write error: "+err.Error())
		return 1
	}
	return 0
}

func test(s *Shell, args []string) int {
	name := args[0]
	if name == "[" {
		if args[len(args)-1] != "]" {
			if s.style == Bash {
				s.complain("[", "missing `]'")
			} else {
				s.warn("[: missing ]")
			}
			return 2
		}
		args = args[:len(args)-1]
	}
	ok, err := TestArgs(s.testEnv(), args[1:])
	if err != nil {
		text := err.Error()
		if s.style == Bash {
			s.complain(name, text)
		} else {
			s.warn(text)
		}
		return 2
	}
	return oneIf(!ok)
}

func umask(s *Shell, args []string) int {
	if len(args) < 2 {
		fmt.Fprintf(s.out(), "%04o\n", s.p.Umask)
		return 0
	}
	n, err := strconv.ParseUint(args[1], 8, 32)
	if err != nil || n > 0o777 {
		s.complain("umask", args[1]+": invalid mode")
		return 1
	}
	s.p.Umask = uint32(n)
	return 0
}

func times(s *Shell, _ []string) int {
	fmt.Fprint(s.out(), "0m0.00s 0m0.00s\n0m0.00s 0m0.00s\n")
	return 0
}

func ulimit(s *Shell, args []string) int {
	if len(args) < 2 || args[len(args)-1] == "-f" {
		fmt.Fprintln(s.out(), "unlimited")
		return 0
	}
	if args[1] == "-n" {
		fmt.Fprintln(s.out(), 1024)
	} else if strings.HasPrefix(args[1], "-") && len(args) == 2 {
		fmt.Fprintln(s.out(), "unlimited")
	}
	return 0
}

func let(s *Shell, args []string) int {
	status := 1
	for _, a := range args[1:] {
		f, err := s.parse("((" + a + "))")
		if err != nil || len(f.Stmts) != 1 {
			s.complain("let", a+": syntax error in expression")
			return 1
		}
		s.command(f.Stmts[0].Cmd)
		status = s.status
	}
	return status
}
