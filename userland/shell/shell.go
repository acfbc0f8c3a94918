package shell

import (
	"io"
	"maps"
	"strconv"
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Style is which shell's words and extensions are used.
type Style int

const (
	// Ash is busybox sh: prompt "/ # ", messages "sh: NAME: not found".
	Ash Style = iota
	// HostSh is sh on a host: bash's language and prompt "[root@HOST ~]# ",
	// messages "sh: NAME: not found".
	HostSh
	// Bash is bash: "bash: line 1: NAME: command not found".
	Bash
)

// Options say how a shell is started.
type Options struct {
	Style Style
	// Name is $0 and opens error messages; "" means "sh" or "bash" by style.
	Name string
	// Args are the positional parameters $1 and on.
	Args []string
	// Env nil means the machine's.
	Env []string
	// Dir "" means the directory in HOME for a host, "/" otherwise.
	Dir string
	// Interactive shells name no line in their messages, keep going after
	// errors and give each job a process group of its own on the terminal.
	Interactive bool
	// Login makes messages begin with "-bash".
	Login bool
}

// Shell keeps variables, functions, the working directory and options between
// lines. Make it with [New].
type Shell struct {
	m           *userland.Machine
	p           *userland.Process // whom the shell runs in now
	style       Style
	interactive bool
	script      bool // reads a file, whose name and lines messages tell
	loop        *sim.Loop

	name    string // $0
	params  []string
	vars    map[string]expand.Variable
	frames  []map[string]expand.Variable // what local hides, one per function call
	funcs   map[string]*syntax.Stmt
	aliases map[string]string
	dir     string
	stack   []string // the directories of pushd below dir
	opts    options
	traps   map[string]string
	fds     map[int]*userland.Stream
	jobs    []*job
	history *history    // nil unless lines are edited here
	editor  *lineEditor // nil if the terminal's own lines do

	pid      int // $$
	lastBg   int // $!
	status   int // $?
	line     int
	text     int // bytes of values that were set since they were counted
	flow     flow
	flowN    int // how many loops break leaves
	loops    int // loops around the current command
	depth    int // function calls and eval around it
	sourced  int // files read by . around it
	tested   int // conditions around it, where set -e does not apply
	tail     bool
	sub      bool // in a subshell
	forked   bool // this Shell is in a process of its own
	ends     bool // it ends with its process: exec need not come back
	trapping bool // a trap's action runs
	exited   bool
	optind   int    // position within a getopts word
	running  string // the line that is being run, for the list of jobs
	substOut *int
}

// flow is how control leaves the running command.
type flow uint8

const (
	onward flow = iota
	breaking
	continuing
	returning
	abandoned // the line was interrupted: the next one is read
	exitingShell
)

// options are what set -o switches.
type options struct {
	errexit, xtrace, nounset, pipefail, noglob, noexec, allexport, noclobber, verbose, monitor bool
}

// New returns a shell on machine m that has run nothing yet.
func New(m *userland.Machine, o Options) *Shell {
	s := &Shell{
		m: m, loop: m.Loop(), style: o.Style, interactive: o.Interactive, name: o.Name, params: o.Args,
		vars: map[string]expand.Variable{}, funcs: map[string]*syntax.Stmt{},
		aliases: map[string]string{}, traps: map[string]string{}, fds: map[int]*userland.Stream{}, dir: o.Dir,
	}
	if s.name == "" {
		s.name = "sh"
		if o.Style == Bash {
			s.name = "bash"
		}
	}
	if o.Login {
		s.name = "-" + s.name
	}
	env := o.Env
	if env == nil {
		env = m.Env
	}
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok && syntax.ValidName(k) {
			s.vars[k] = expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: v}
		}
	}
	s.setDefaults()
	if s.dir == "" {
		s.dir = "/"
		if home := s.get("HOME"); !m.Container && home != "" && m.FS().Exists(home) {
			s.dir = home
		}
	}
	s.setDir(s.dir)
	if s.style != HostSh {
		above, _ := strconv.Atoi(s.get("SHLVL"))
		s.export("SHLVL", strconv.Itoa(above+1))
	}
	return s
}

// export sets a variable that programs see.
func (s *Shell) export(name, value string) {
	s.vars[name] = expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: value}
}

func (s *Shell) setDefaults() {
	def := func(k, v string) {
		if !s.vars[k].IsSet() {
			s.vars[k] = expand.Variable{Set: true, Kind: expand.String, Str: v}
		}
	}
	def("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	def("IFS", " \t\n")
	def("OPTIND", "1")
	def("PS2", "> ")
	def("PS4", "+ ")
	switch {
	case s.style == Ash:
		def("PS1", `\w \$ `)
	default:
		def("PS1", `[\u@\h \W]\$ `)
	}
	if s.style == Bash {
		def("BASH", "/bin/bash")
		def("BASH_VERSION", "5.2.15(1)-release")
	}
}

// setDir moves the shell and its process.
func (s *Shell) setDir(dir string) {
	s.dir = dir
	s.export("PWD", dir)
	if s.p != nil {
		s.p.Dir = dir
	}
}

// Dir is the shell's working directory.
func (s *Shell) Dir() string { return s.dir }

// Name is $0.
func (s *Shell) Name() string { return s.name }

// Setenv sets and exports a shell variable.
func (s *Shell) Setenv(name, value string) {
	s.vars[name] = expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: value}
}

// Status is $?.
func (s *Shell) Status() int { return s.status }

// Exited reports whether the script has called exit, and with which status.
func (s *Shell) Exited() (status int, exited bool) { return s.status, s.exited }

// Run runs a piece of script (one line or many) within process p, whose streams
// and terminal it uses, and returns its status. A syntax error is printed and
// gives 2.
func (s *Shell) Run(p *userland.Process, text string) int {
	s.attach(p)
	s.runText(text, 0)
	if s.flow == exitingShell {
		s.exited = true
	}
	s.flow = onward
	return s.status
}

// attach makes p the process that the shell runs in.
func (s *Shell) attach(p *userland.Process) {
	if s.p == p {
		return
	}
	s.p = p
	p.Dir = s.dir
	if s.pid == 0 || !s.interactive {
		s.pid = p.PID
	}
	s.fds = p.FDs()
}

// fork is the shell's copy for a subshell in process q with descriptors fds.
func (s *Shell) fork(q *userland.Process, fds map[int]*userland.Stream) *Shell {
	c := *s
	c.p, c.fds, c.sub, c.forked, c.interactive = q, fds, true, true, false
	c.vars, c.funcs, c.aliases = maps.Clone(s.vars), maps.Clone(s.funcs), maps.Clone(s.aliases)
	c.frames = nil
	for _, f := range s.frames {
		c.frames = append(c.frames, maps.Clone(f))
	}
	c.traps = map[string]string{}
	for k, v := range s.traps {
		if v == "" {
			c.traps[k] = v
		}
	}
	c.jobs, c.tail, c.editor = nil, false, nil
	q.Dir = s.dir
	return &c
}

// out, errOut and in are the shell's standard streams now.
func (s *Shell) out() io.Writer { return s.fds[1].Writer() }

func (s *Shell) errOut() io.Writer { return s.fds[2].Writer() }

func (s *Shell) in() io.Reader { return s.fds[0].Reader() }
