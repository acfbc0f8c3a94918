package userland

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// Program is what a process runs: straight-line code that may block in virtual
// time. Its result is the exit status, 0 to 255.
type Program func(p *Process) int

// ProcSpec says how to start a process. Program and Args are needed, the rest
// has defaults.
type ProcSpec struct {
	Program Program
	Args    []string // Args[0] is the program's name
	Env     []string // "K=V"; nil means the machine's
	Dir     string   // "" means "/"
	// Stdin nil is empty, Stdout and Stderr nil discard. With TTY set, those
	// that are nil are the terminal.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	TTY            *TTY
	// Parent is the process that starts this one, or nil.
	Parent *Process
	// FDs are the descriptors above 2 that a shell has given it.
	FDs map[int]*Stream
	// NS is the network namespace if it is not the machine's (or the parent's).
	NS *stack.Namespace
	// NewGroup puts the process into a process group of its own.
	NewGroup bool
	// Threads is how many PIDs after its own the program that became this one had
	// for its threads.
	Threads int
	// User is the user that id and ps print; "" is the parent's, or root.
	User string
	// Caps are the capabilities of a process of a container, which its children
	// inherit; root on a host has all.
	Caps Capability
	// Groups are names or numbers of groups that it is in beside its user's.
	Groups []string
	Umask  *uint32 // instead of its parent's, or 0022, if it is not nil
	// OnExit is called on the loop when the process has ended.
	OnExit func(status int)
	// Deathsig is the signal that it gets when its parent ends (PR_SET_PDEATHSIG), 0: none.
	Deathsig Signal
}

// Process is a running program. Its exported fields are the program's to read;
// Stdin, Stdout, Stderr are what it reads and writes.
type Process struct {
	Machine        *Machine
	PID, PPID      int
	PGID           int
	Args           []string
	Dir            string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// TTY is the controlling terminal, nil if none. IsTTY tells whether a
	// stream is a terminal.
	TTY *TTY
	// Started is the machine's wall clock at the start. What ps prints is
	// reckoned from [Process.Age], as Linux does it.
	Started time.Time
	User    string
	Identity
	Umask uint32 // for files that the process makes

	init bool // a host's first process, which no signal ends (kill(2))

	env      []string
	ns       *stack.Namespace
	program  Program
	deathsig Signal // what it gets when its parent ends
	proc     *sim.Proc
	threads  []*sim.Proc
	hostPID  int
	parent   *Process
	sighand
	done    bool
	stopped bool // by a signal, until SIGCONT
	status  int
	by      Signal
	exited  sim.Cond
	onExit  []func(int)
	files   map[int]*Stream // descriptors above 2, for a shell's children
	held    map[int]*Stream // what it took along when it became another program
	sockets descriptors
	comm    string
	began   time.Duration // of the loop
	caps    Capability
}

// ResidentSize is the memory of every process, in bytes.
const ResidentSize = 1280 << 10

// exiting unwinds a process that calls Exit.
type exiting struct{ status int }

// Start starts a process. The program begins as an event of this instant.
func (m *Machine) Start(spec ProcSpec) *Process {
	p := &Process{
		Machine: m, Args: spec.Args, Dir: spec.Dir, Stdin: spec.Stdin, Stdout: spec.Stdout,
		Stderr: spec.Stderr, TTY: spec.TTY, Started: m.Wall(), User: spec.User,
		began: m.loop.Now(), caps: spec.Caps,
		program: spec.Program, ns: spec.NS, parent: spec.Parent, Umask: umaskOf(spec), deathsig: spec.Deathsig,
	}
	p.sockets.p = p
	for fd, st := range spec.FDs {
		if fd > 2 {
			if p.files == nil {
				p.files = map[int]*Stream{}
			}
			p.files[fd] = st
		}
	}
	p.inherit(spec)
	m.enrol(p, spec.NewGroup)
	m.skipPIDs(spec.Threads)
	if spec.OnExit != nil {
		p.onExit = append(p.onExit, spec.OnExit)
	}
	name := "?"
	if len(p.Args) > 0 {
		name = p.Args[0]
	}
	p.comm = path.Base(name)
	p.proc = m.loop.Go(fmt.Sprintf("%s[%d] %s", m.Name, p.PID, name), p.main)
	p.proc.SetLocal(p)
	if m.over { // somebody who is about to end heard of another's end, and starts it anew
		p.Signal(SIGKILL)
	}
	return p
}

// inherit fills what the specification leaves open.
// identify makes the process a user's: "" keeps who it is, root without a parent.
func identify(p *Process, user string, groups []string) {
	if user == "" && len(groups) > 0 && p.User == "" {
		user = "0"
	}
	if user == "" {
		if p.User == "" {
			p.User = "root"
		}
		return
	}
	id, name, err := p.Machine.fs.Identify(user)
	if err != nil {
		return // a name that the files do not know: shown as it is, with root's numbers
	}
	p.Identity, p.User = id, name
	p.Groups = append(p.Groups, groupsOf(p.Machine.fs, groups)...)
}

func (p *Process) inherit(spec ProcSpec) {
	p.env = append([]string(nil), spec.Env...)
	if spec.Env == nil {
		p.env = append(p.env, p.Machine.Env...)
	}
	if p.Dir == "" {
		p.Dir = "/"
	}
	if up := spec.Parent; up != nil {
		p.PPID, p.PGID = up.PID, up.PGID
		if p.ns == nil && up.Machine == p.Machine {
			p.ns = up.ns
		}
		if up.Machine == p.Machine {
			p.caps |= up.caps
		}
		if p.User == "" {
			p.User, p.Identity = up.User, up.Identity
		}
		p.sighand.inherit(&up.sighand)
	}
	identify(p, spec.User, spec.Groups)
	if p.TTY != nil {
		if p.Stdin == nil {
			p.Stdin = p.TTY
		}
		if p.Stdout == nil {
			p.Stdout = p.TTY
		}
		if p.Stderr == nil {
			p.Stderr = p.TTY
		}
	}
	if p.Stdin == nil {
		p.Stdin = strings.NewReader("")
	}
	if p.Stdout == nil {
		p.Stdout = discard{p}
	}
	if p.Stderr == nil {
		p.Stderr = discard{p}
	}
}

// discard is a stream that nobody reads.
type discard struct{ p *Process }

func (d discard) Write(b []byte) (int, error) {
	checkpoint(d.p.Loop())
	return len(b), nil
}

// enrol gives p its numbers and puts it into the process tables.
func (m *Machine) enrol(p *Process, newGroup bool) {
	p.PID = m.nextPID
	m.nextPID++
	p.hostPID = p.PID
	if m.Parent != nil {
		p.hostPID = m.Parent.nextPID
		m.Parent.nextPID++
		m.Parent.adopt(m)
	}
	if newGroup || p.PGID == 0 {
		p.PGID = p.PID
	}
	m.procs = append(m.procs, p)
}

// skipPIDs passes over the PIDs of threads.
func (m *Machine) skipPIDs(n int) {
	m.nextPID += n
	if m.Parent != nil {
		m.Parent.nextPID += n
	}
}

func (m *Machine) adopt(c *Machine) {
	if !c.adopted {
		c.adopted = true
		m.children = append(m.children, c)
	}
}

func (m *Machine) orphan(c *Machine) {
	for i, x := range m.children {
		if x == c {
			c.adopted = false
			m.children = slices.Concat(m.children[:i], m.children[i+1:])
			return
		}
	}
}

// main is the body of the process's coroutine.
func (p *Process) main(*sim.Proc) {
	status := 0
	defer func() {
		r := recover()
		if e, ok := r.(exiting); ok {
			r, status = nil, e.status
		}
		if p.by != 0 {
			status = 128 + int(p.by)
		}
		p.end(status & 0xff)
		if r != nil {
			panic(r)
		}
	}()
	status = p.run(p.program)
}

// becoming unwinds a program that another one takes the place of.
type becoming struct{ program Program }

// run runs a program, and what it becomes: a chain of exec has no depth.
func (p *Process) run(prog Program) (status int) {
	for prog != nil {
		status, prog = p.runOne(prog)
	}
	return status
}

func (p *Process) runOne(prog Program) (status int, next Program) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case becoming:
			next = r.program
		default:
			panic(r)
		}
	}()
	return prog(p), nil
}

// Become makes the process run another program, with the descriptors that the
// caller has taken for it (nil: those that it has). It does not return.
func (p *Process) Become(prog Program, args []string, fds map[int]*Stream) {
	p.Work(SpawnWork)
	p.Args, p.comm = args, path.Base(args[0])
	if fds != nil {
		p.hold(fds)
	}
	panic(becoming{prog})
}

// hold makes a table the process's own: it is let go of when the process ends.
func (p *Process) hold(fds map[int]*Stream) {
	old := p.held
	p.Stdin, p.Stdout, p.Stderr = fds[0].Reader(), fds[1].Writer(), fds[2].Writer()
	p.files, p.held = fds, fds
	DropFDs(old)
}

// RunAs runs another program in the process's place, under its name and with the
// descriptors that the caller has taken for it, and returns its status.
func (p *Process) RunAs(prog Program, args []string, fds map[int]*Stream) int {
	p.Args, p.comm = args, path.Base(args[0])
	p.hold(fds)
	return p.run(prog)
}

// end takes the process out of the tables and tells who waits.
func (p *Process) end(status int) {
	if p.done {
		return
	}
	p.done, p.status = true, status
	m := p.Machine
	if hear := m.kernel().Ended; hear != nil {
		hear(p, status)
	}
	for i, x := range m.procs {
		if x == p {
			m.procs = slices.Concat(m.procs[:i], m.procs[i+1:])
			break
		}
	}
	for _, x := range m.procs {
		if x.parent == p {
			if x.PPID, x.parent = 1, nil; x.deathsig != 0 {
				x.Signal(x.deathsig)
			}
		}
	}
	for _, t := range p.threads { // they end, and leave the list, as later events
		if t != m.loop.Current() {
			t.Kill()
		}
	}
	p.sockets.close()
	if p.PID == 1 && m.Container {
		m.over = true // until the last one is gone
		m.KillAll()
	}
	if len(m.procs) == 0 {
		m.over = false
		if m.Parent != nil {
			m.Parent.orphan(m)
		}
	}
	p.exited.Broadcast()
	onExit := p.onExit
	p.bury()
	for _, fn := range onExit {
		fn(status)
	}
	DropFDs(p.held)
	// Whoever still knows the process, its children for one, keeps nothing alive.
	p.program, p.parent, p.files, p.held, p.onExit = nil, nil, nil, nil, nil
}

// bury lets go of what a process that has ended worked with. Who keeps it keeps
// its name, its numbers and its status only: a shell its background jobs, the
// daemon its execs.
func (p *Process) bury() {
	p.program, p.onExit, p.files, p.caught, p.pending, p.parent = nil, nil, nil, nil, nil, nil
}

// NS is the network namespace that the process is in.
func (p *Process) NS() *stack.Namespace {
	if p.ns != nil {
		return p.ns
	}
	return p.Machine.ns
}

// PIDOn is the process's number as machine m sees it: its host's tables have
// another number for it than its container's.
func (p *Process) PIDOn(m *Machine) int {
	if p.Machine == m {
		return p.PID
	}
	return p.hostPID
}

// Wait blocks the calling process until p has ended and returns its status. If
// the caller is interrupted it returns -1 while p still runs.
func (p *Process) Wait() int {
	for !p.done {
		if err := p.exited.Wait(p.Loop()); err != nil && !p.done {
			return -1
		}
	}
	return p.status
}

// OnExit calls fn on the loop when the process ends, at once if it has.
func (p *Process) OnExit(fn func(status int)) {
	if p.done {
		fn(p.status)
		return
	}
	p.onExit = append(p.onExit, fn)
}

// Exit ends the calling process with a status and does not return.
func (p *Process) Exit(status int) {
	panic(exiting{status})
}

// Sleep blocks the process for d of virtual time; it returns
// [sim.ErrInterrupted] when a caught signal cut it short.
func (p *Process) Sleep(d time.Duration) error {
	p.Machine.checkpoint()
	err := p.Loop().Current().Sleep(d)
	p.Machine.checkpoint()
	return err
}

// Go runs fn as a second thread of the process, for programs that copy two
// ways. It ends with the process.
func (p *Process) Go(fn func()) {
	t := p.Loop().Go(p.proc.Name()+"+", func(t *sim.Proc) {
		defer p.joined(t)
		fn()
	})
	t.SetLocal(p)
	p.threads = append(p.threads, t)
}

// joined forgets a thread that is over, and with it all that it worked for.
func (p *Process) joined(t *sim.Proc) {
	if i := slices.Index(p.threads, t); i >= 0 {
		p.threads = slices.Delete(p.threads, i, i+1)
	}
}

// checkpoint blocks the running process while its machine is paused.
func (m *Machine) checkpoint() {
	for m.paused {
		m.unpaused.Wait(m.loop)
	}
}

// current is the process of this package that is running on the loop, or nil.
func current(l *sim.Loop) *Process {
	c := l.Current()
	if c == nil {
		return nil
	}
	p, _ := c.Local().(*Process)
	return p
}

// Spawn starts a child of p with p's streams, directory and environment, found
// through PATH as the shell does. It returns ErrNotFound if there is no such
// program.
func (p *Process) Spawn(args ...string) (*Process, error) {
	prog, args, err := p.Find(args)
	if err != nil {
		return nil, err
	}
	return p.Machine.Start(ProcSpec{
		Program: prog, Args: args, Env: p.Environ(), Dir: p.Dir, Stdin: p.Stdin, Stdout: p.Stdout,
		Stderr: p.Stderr, TTY: p.TTY, Parent: p, NS: p.ns,
	}), nil
}

// Exec runs another program in place of this one (nice, env, ip netns exec,
// nsenter with its own ns). It returns only if there is no such program.
func (p *Process) Exec(args ...string) error {
	prog, args, err := p.Find(args)
	if err != nil {
		return err
	}
	p.Become(prog, args, nil)
	return nil
}

// SetNS moves the process, and the children it starts, into a namespace.
func (p *Process) SetNS(ns *stack.Namespace) { p.ns = ns }
