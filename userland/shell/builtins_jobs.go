package shell

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/syntax"
)

func wait(s *Shell, args []string) int {
	if len(args) == 1 {
		for len(s.jobs) > 0 {
			j := s.jobs[0]
			for _, q := range j.procs {
				if st := s.waitFor(q); st >= 0 {
					return st
				}
			}
			s.forget(j)
		}
		return 0
	}
	status := 0
	for _, a := range args[1:] {
		j := s.findJob(a)
		if j == nil {
			if strings.HasPrefix(a, "%") {
				s.complain("wait", a+": no such job")
			} else if s.style == Bash {
				s.complain("wait", "pid "+a+" is not a child of this shell")
			}
			status = 127
			continue
		}
		if !j.done() {
			if st := s.waitFor(j.procs[len(j.procs)-1]); st >= 0 {
				return st
			}
		}
		status, _ = j.last()
		s.forget(j)
	}
	return status
}

// waitFor waits for a process until a signal comes; then it returns that
// signal's status, -1 otherwise.
func (s *Shell) waitFor(q *userland.Process) int {
	for !q.Done() {
		if q.Wait() >= 0 || q.Done() {
			break
		}
		if sig := s.p.Waiting(); sig != 0 {
			s.runTraps()
			return 128 + int(sig)
		}
	}
	return -1
}

func jobs(s *Shell, args []string) int {
	pids := len(args) > 1 && args[1] == "-p"
	kept := s.jobs[:0:0]
	for i, j := range s.jobs {
		if pids {
			fmt.Fprintln(s.out(), j.pid())
		} else {
			fmt.Fprintln(s.out(), s.jobLine(i, j))
		}
		if !j.done() {
			kept = append(kept, j)
		}
	}
	if !pids {
		s.jobs = kept
	}
	return 0
}

// wanted is the job that fg or bg means: the last one if none is named.
func wanted(s *Shell, args []string) *job {
	ref := "%%"
	if len(args) > 1 {
		if ref = args[1]; !strings.HasPrefix(ref, "%") {
			ref = "%" + ref
		}
	}
	j := s.findJob(ref)
	if j == nil {
		what := "no such job"
		if len(args) > 1 {
			what = args[1] + ": no such job"
		} else if s.style == Bash {
			what = "current: no such job"
		}
		s.complain(args[0], what)
	}
	return j
}

func fg(s *Shell, args []string) int {
	j := wanted(s, args)
	if j == nil {
		return 1
	}
	fmt.Fprintln(s.out(), j.text)
	if !j.done() {
		if s.jobControl() {
			s.p.TTY.SetForeground(s.m, j.procs[0].PGID)
		}
		j.goOn()
		s.foregroundAll(j.procs)
	}
	if j.stopped() {
		return 128 + int(userland.SIGTSTP)
	}
	status, _ := j.last()
	s.forget(j)
	return status
}

func bg(s *Shell, args []string) int {
	j := wanted(s, args)
	if j == nil {
		return 1
	}
	j.goOn()
	mark := ' '
	if j == s.jobs[len(s.jobs)-1] {
		mark = '+'
	}
	fmt.Fprintf(s.out(), "[%d]%c %s &\n", j.n, mark, j.text)
	return 0
}

func kill(s *Shell, args []string) int {
	words := make([]string, 0, len(args))
	for _, a := range args {
		j := s.findJob(a)
		if !strings.HasPrefix(a, "%") || j == nil {
			words = append(words, a)
			continue
		}
		for _, pid := range j.pids {
			words = append(words, strconv.Itoa(pid))
		}
	}
	status, out, errs := Kill(s.p, words)
	io.WriteString(s.out(), out)
	io.WriteString(s.errOut(), prefixLines(s.prefix("kill"), errs))
	return status
}

// Kill is what kill(1) does within p's machine: args[0] is its name. It returns
// what it prints, and its errors without the program's name.
func Kill(p *userland.Process, args []string) (status int, out string, errs []string) {
	sig := userland.SIGTERM
	args = args[1:]
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && args[0] != "--" {
		name := args[0][1:]
		args = args[1:]
		if name == "l" || name == "L" {
			return 0, listSignals(args), nil
		}
		if (name == "s" || name == "n") && len(args) > 0 {
			name, args = args[0], args[1:]
		}
		var ok bool
		if sig, ok = userland.ParseSignal(name); !ok {
			return 1, "", []string{"bad signal name '" + name + "'"}
		}
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 1, "", []string{"you need to specify whom to kill"}
	}
	for _, a := range args {
		pid, err := strconv.Atoi(a)
		if err != nil {
			errs = append(errs, "invalid number '"+a+"'")
			status = 1
			continue
		}
		if to, ok := p.Machine.Process(pid); ok && p.UID != 0 && to.UID != p.UID {
			errs = append(errs, "can't kill pid "+a+": "+string(userland.EPERM))
			status = 1
			continue
		}
		if !p.Machine.SignalPID(p, pid, sig) {
			errs = append(errs, "can't kill pid "+a+": No such process")
			status = 1
		}
	}
	return status, "", errs
}

func listSignals(args []string) string {
	if len(args) > 0 {
		n, err := strconv.Atoi(args[0])
		if err == nil {
			return userland.Signal(n&127).String() + "\n"
		}
		s, _ := userland.ParseSignal(args[0])
		return strconv.Itoa(int(s)) + "\n"
	}
	var b strings.Builder
	for i, n := range userland.SignalNames {
		if n != "" {
			fmt.Fprintf(&b, "%2d) %s\n", i, n)
		}
	}
	return b.String()
}

func trap(s *Shell, args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 || args[0] == "-p" {
		names := make([]string, 0, len(s.traps))
		for n := range s.traps {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			if s.style == Bash && n != "EXIT" {
				fmt.Fprintf(s.out(), "trap -- %s SIG%s\n", quoteWord(s.traps[n]), n)
			} else {
				fmt.Fprintf(s.out(), "trap -- %s %s\n", quoteWord(s.traps[n]), n)
			}
		}
		return 0
	}
	action := args[0]
	names := args[1:]
	if len(names) == 0 {
		action, names = "-", args
	}
	if _, err := strconv.Atoi(action); err == nil {
		action, names = "-", args
	}
	status := 0
	for _, n := range names {
		if n == "0" || strings.EqualFold(n, "EXIT") {
			s.setTrap("EXIT", action)
			continue
		}
		if n == "ERR" || n == "DEBUG" || n == "RETURN" {
			continue
		}
		sig, ok := userland.ParseSignal(n)
		if !ok || sig == 0 {
			s.complain("trap", n+": invalid signal specification")
			status = 1
			continue
		}
		s.setTrap(sig.String(), action)
		switch {
		case action == "-":
			s.p.Default(sig)
			if s.interactive {
				s.p.Catch(userland.SIGINT, userland.SIGTERM)
			}
		case action == "":
			s.p.Ignore(sig)
		default:
			s.p.Catch(sig)
		}
	}
	return status
}

func (s *Shell) setTrap(name, action string) {
	if action == "-" {
		delete(s.traps, name)
		return
	}
	s.traps[name] = action
}

var keywords = map[string]bool{
	"if": true, "then": true, "else": true, "elif": true, "fi": true, "for": true, "in": true,
	"while": true, "until": true, "do": true, "done": true, "case": true, "esac": true, "{": true,
	"}": true, "!": true, "function": true, "[[": true, "]]": true, "time": true,
}

// describe says what a command's name means, for type and command -V.
func (s *Shell) describe(name string) (short, long string, ok bool) {
	if a, is := s.aliases[name]; is {
		return "alias " + name + "=" + quoteWord(a), name + " is an alias for " + a, true
	}
	if keywords[name] {
		return name, name + " is a shell keyword", true
	}
	if f, is := s.funcs[name]; is {
		if s.style == Bash {
			var b strings.Builder
			syntax.NewPrinter().Print(&b, f)
			return name, name + " is a function\n" + name + " () \n" + b.String(), true
		}
		return name, name + " is a function", true
	}
	if _, is := s.builtin(name); is {
		return name, name + " is a shell builtin", true
	}
	s.p.SetEnviron(s.environment())
	if file, err := s.p.LookPath(name); err == nil {
		if file == "" {
			file = "/bin/" + name
		}
		return file, name + " is " + file, true
	}
	return "", "", false
}

func type_(s *Shell, args []string) int {
	status := 0
	for _, a := range args[1:] {
		_, long, ok := s.describe(a)
		switch {
		case ok:
			fmt.Fprintln(s.out(), long)
		case s.style == Bash:
			s.complain("type", a+": not found")
			status = 1
		default:
			fmt.Fprintln(s.out(), a+": not found")
			status = 127
		}
	}
	return status
}

func command(s *Shell, args []string) int {
	args = args[1:]
	if len(args) == 0 {
		return 0
	}
	if args[0] == "-v" || args[0] == "-V" {
		status := 0
		for _, a := range args[1:] {
			short, long, ok := s.describe(a)
			switch {
			case !ok:
				status = 127
				if s.style == Bash {
					status = 1
				}
				if args[0] == "-V" {
					s.complain("command", a+": not found")
				}
			case args[0] == "-v":
				fmt.Fprintln(s.out(), short)
			default:
				fmt.Fprintln(s.out(), long)
			}
		}
		return status
	}
	if args[0] == "-p" || args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	if fn, ok := s.builtin(args[0]); ok {
		return fn(s, args)
	}
	s.external(args)
	return s.status
}
