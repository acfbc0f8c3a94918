package shell

import (
	"fmt"
	"io"
	"path"
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"
)

// Sh is the shell as a program: sh [-exuc] [-c COMMAND | FILE] [ARG]..., which
// reads standard input if it gets neither, with prompts on a terminal.
func Sh(style Style) userland.Program {
	return func(p *userland.Process) int {
		inv, err := parseInvocation(p.Args)
		if err != "" {
			p.Errorf("%s: %s\n", p.Args[0], err)
			return 2
		}
		return inv.run(p, style)
	}
}

// invocation is a shell's command line.
type invocation struct {
	command     bool
	stdin       bool
	interactive bool
	login       bool
	plain       bool // no line editing
	norc        bool
	flags       []string
	args        []string // after the options
}

func parseInvocation(args []string) (inv invocation, err string) {
	inv.login = strings.HasPrefix(args[0], "-")
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		a := args[0]
		args = args[1:]
		switch a {
		case "--":
			inv.args = args
			return inv, ""
		case "--login":
			inv.login = true
			continue
		case "--noediting":
			inv.plain = true
			continue
		case "--norc":
			inv.norc = true
			continue
		case "--noprofile", "--posix":
			continue
		}
		if strings.HasPrefix(a, "--") {
			return inv, a + ": invalid option"
		}
		for _, c := range a[1:] {
			switch c {
			case 'c':
				inv.command = true
			case 's':
				inv.stdin = true
			case 'i':
				inv.interactive = true
			case 'l':
				inv.login = true
			case 'o':
				if len(args) > 0 {
					inv.flags = append(inv.flags, a[:1]+"o", args[0])
					args = args[1:]
				}
			default:
				inv.flags = append(inv.flags, a[:1]+string(c))
			}
		}
	}
	inv.args = args
	return inv, ""
}

func (inv invocation) run(p *userland.Process, style Style) int {
	name := p.Args[0]
	o := Options{Style: style, Name: name, Env: p.Environ(), Dir: p.Dir, Args: inv.args}
	var text string
	switch {
	case inv.command:
		if len(inv.args) == 0 {
			p.Errorf("%s: -c requires an argument\n", name)
			return 2
		}
		text, o.Args = inv.args[0], inv.args[1:]
		if len(o.Args) > 0 {
			o.Name, o.Args = o.Args[0], o.Args[1:]
		}
	case len(inv.args) > 0 && !inv.stdin:
		file := inv.args[0]
		data, status := readScript(p, style, name, file)
		if status != 0 {
			return status
		}
		text, o.Name, o.Args = data, file, inv.args[1:]
	default:
		o.Interactive = inv.interactive || userland.IsTTY(p.Stdin)
	}
	s := New(p.Machine, o)
	s.dir = p.Dir
	s.setDir(p.Dir)
	s.script = !inv.command && len(inv.args) > 0 && !inv.stdin
	s.attach(p)
	s.ends = true
	if status, _ := s.setFlags(inv.flags); status != 0 {
		return status
	}
	if inv.login {
		startUp(s, "/etc/profile")
	} else if s.interactive && style == Bash && !inv.norc {
		startUp(s, "/etc/bash.bashrc", s.get("HOME")+"/.bashrc")
	}
	if !inv.command && !s.script {
		s.edit(inv.plain)
		return s.serve()
	}
	s.tail = inv.command
	s.runText(text, 0)
	s.finish()
	return s.status
}

// startUp runs the files that a shell begins with, those that there are.
func startUp(s *Shell, files ...string) {
	for _, rc := range files {
		if data, err := s.p.ReadFile(rc); err == nil {
			s.runText(string(data), 0)
			if s.flow == returning {
				s.flow = onward
			}
		}
	}
}

func readScript(p *userland.Process, style Style, name, file string) (string, int) {
	data, err := p.ReadFile(file)
	if err == nil {
		return string(data), 0
	}
	status := 127
	if err != userland.ENOENT {
		status = 126
	}
	switch {
	case style == Bash:
		p.Errorf("%s: %s: %s\n", name, file, err)
	case err == userland.ENOENT:
		p.Errorf("%s: can't open '%s': %s\n", path.Base(name), file, err)
		status = 2
	default:
		p.Errorf("%s: can't open '%s': %s\n", path.Base(name), file, err)
	}
	return "", status
}

// serve reads commands from standard input until it ends, with prompts if the
// shell is interactive.
func (s *Shell) serve() int {
	p := s.p
	if s.interactive {
		p.Catch(userland.SIGINT, userland.SIGTERM)
		p.Ignore(userland.SIGQUIT, userland.SIGTSTP, userland.SIGTTIN, userland.SIGTTOU)
		if p.TTY != nil {
			p.TTY.SetForeground(p.Machine, p.PGID)
		}
	}
	for s.flow != exitingShell {
		text, more, err := s.readCommand()
		if err == sim.ErrInterrupted {
			s.interrupted()
			continue
		}
		if text == "" && !more {
			if s.interactive {
				s.farewell()
			}
			break
		}
		if s.opts.verbose {
			io.WriteString(s.errOut(), text)
		}
		s.running = strings.TrimSpace(text)
		s.runText(text, 0)
		if s.flow == abandoned {
			p.Sleep(0) // takes what interrupted a command that did not wait
		}
		s.runTraps()
		if s.flow != exitingShell {
			s.flow = onward
		}
	}
	s.finish()
	if s.history != nil {
		s.saveHistory()
	}
	return s.status
}

// edit gives the shell a line editor if a person types at it.
func (s *Shell) edit(plain bool) {
	t, ok := s.in().(*userland.TTY)
	if !s.interactive || plain || !ok || !userland.IsTTY(s.errOut()) {
		return
	}
	s.history = s.loadHistory()
	s.editor = &lineEditor{sh: s, hist: s.history, editScreen: editScreen{tty: t}}
}

// farewell is what the shell prints at the end of its input.
func (s *Shell) farewell() {
	if s.style == Ash {
		io.WriteString(s.errOut(), "\n")
		return
	}
	if strings.HasPrefix(s.name, "-") {
		io.WriteString(s.errOut(), "logout\n")
		return
	}
	io.WriteString(s.errOut(), "exit\n")
}

// interrupted starts a new line after ^C at the prompt.
func (s *Shell) interrupted() {
	for sig := s.p.Pending(); sig != 0; sig = s.p.Pending() {
		if a, ok := s.traps[sig.String()]; ok && a != "" {
			s.runText(a, 0)
			continue
		}
		if sig == userland.SIGINT {
			fmt.Fprintln(s.errOut())
			s.status = 130
		}
	}
}
