package userland

import (
	"net/netip"
	"sort"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// UTS is the hostname and domain that one or several machines share, as a UTS
// namespace does: a container in host mode has its host's.
type UTS struct {
	Hostname string
	Domain   string
}

// Machine is what a program believes to be its computer: a host, a router or
// one container. Make it with [NewMachine].
type Machine struct {
	// Name identifies the machine in traces and random streams; it is not the
	// hostname.
	Name string
	// UTS may be shared between machines; it is never nil.
	UTS *UTS
	// Env is the environment of processes whose ProcSpec gives none: "K=V".
	Env []string
	// Programs are the programs that exist here, by base name. Use Install to
	// add some together with their files; the map is shared between the
	// containers of one image and must not be changed after that.
	Programs map[string]Program
	// Services are the units that systemctl knows.
	Services map[string]Service
	// Netns finds a network namespace by name, path or PID for ip netns and
	// nsenter. Nil finds none.
	Netns func(ref string) (*stack.Namespace, bool)
	// Remote finds the machine that ssh would reach at a host name or address, and
	// the addresses to try in turn. Nil finds none.
	Remote func(host string) (m *Machine, at []netip.Addr, ok bool)
	// Resolve finds the addresses of a name for a program that has no resolver of its
	// own, bash's /dev/tcp. Nil finds none.
	Resolve func(p *Process, name string) ([]netip.Addr, error)
	// Ended hears of every process that has ended on this machine or in a
	// container of it, with its exit status. Nil hears nothing.
	Ended func(p *Process, status int)
	// KernelVersion and Machine type as uname prints them.
	KernelVersion string
	Arch          string
	// OSVersion is uname -v.
	OSVersion string
	// Container is true for a machine whose first process is a container's
	// PID 1: it does not die of signals that it does not catch, and its end
	// ends every other process.
	Container bool
	// Parent is the host that a container runs on, or nil. Processes also take
	// a PID from it, which docker top shows.
	Parent *Machine
	// Shell is what ssh and scripts without a #! line start; nil if there is none.
	Shell Program
	// NamedNetns are the namespaces that `ip netns add` made, by name.
	NamedNetns map[string]*stack.Namespace

	loop     *sim.Loop
	ns       *stack.Namespace
	fs       *FS
	procs    []*Process
	children []*Machine
	adopted  bool // it is among its host's children
	nextPID  int
	initArgs []string // of the first process, see StartInit
	initNext int
	booted   time.Duration
	ahead    time.Duration // of the run's wall clock; on a container its host's counts
	battery  time.Duration // what the clock is ahead after a reboot
	over     bool          // a container's first process has ended, and others are about to: nothing starts
	paused   bool
	unpaused sim.Cond
	computed time.Duration // until when its processor has work
	effort   effort
	printk   kernelLog
}

// NewMachine returns a machine with an empty file system skeleton (see [NewFS])
// and no programs. The name is also its first hostname. ns may be nil for a
// machine without a network.
func NewMachine(loop *sim.Loop, name string, ns *stack.Namespace) *Machine {
	return NewMachineOn(loop, name, ns, NewFS(loop))
}

// NewMachineOn is NewMachine with files that there are already, usually a [FS.Clone] of
// an image's: /proc, /sys and /dev are mounted in them, and their times are of the
// machine's clock from then on.
func NewMachineOn(loop *sim.Loop, name string, ns *stack.Namespace, files *FS) *Machine {
	m := &Machine{
		Name: name, UTS: &UTS{Hostname: name}, loop: loop, ns: ns,
		Programs: map[string]Program{}, Services: map[string]Service{}, NamedNetns: map[string]*stack.Namespace{},
		KernelVersion: "5.10.0-28-amd64", Arch: "x86_64",
		OSVersion: "#1 SMP Debian 5.10.209-2 (2024-01-31)",
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		},
		nextPID: 1, booted: loop.Now(),
	}
	m.fs = files
	files.SetClock(m)
	m.mountKernel()
	if ns != nil {
		ns.LogTo(m.kmsg)
	}
	return m
}

// Loop is the loop the machine runs on.
func (m *Machine) Loop() *sim.Loop { return m.loop }

// Hostname is the machine's host name, without its domain.
func (m *Machine) Hostname() string { return m.UTS.Hostname }

// SetHostname changes it for every machine that shares the UTS.
func (m *Machine) SetHostname(name string) { m.UTS.Hostname = name }

// NS is the machine's network namespace. Programs use [Process.NS], which
// nsenter and ip netns exec can change.
func (m *Machine) NS() *stack.Namespace { return m.ns }

// FS is the machine's files.
func (m *Machine) FS() *FS { return m.fs }

// Install adds programs and lays down their files, see [FS.InstallPrograms].
func (m *Machine) Install(sets ...map[string]Program) {
	all := make(map[string]Program, len(m.Programs))
	for n, p := range m.Programs {
		all[n] = p
	}
	for _, set := range sets {
		names := make([]string, 0, len(set))
		for n, p := range set {
			all[n] = p
			names = append(names, n)
		}
		sort.Strings(names)
		m.fs.InstallPrograms(names)
	}
	m.Programs = all
}

// Uptime is the virtual time since the machine was made or last rebooted.
func (m *Machine) Uptime() time.Duration { return m.loop.Now() - m.booted }

// SetFirstPID makes the next process take this PID: a host whose kernel threads
// and services are not modelled starts somewhere above them.
func (m *Machine) SetFirstPID(pid int) { m.nextPID = pid }

// StartInit starts the first process of a host, which does nothing and waits,
// now and at every later boot. What starts after it has PIDs from next on: kernel
// threads and services that are not modelled have those between.
func (m *Machine) StartInit(next int, args ...string) {
	m.initArgs, m.initNext = args, next
	m.startInit()
}

func (m *Machine) startInit() {
	if len(m.initArgs) == 0 {
		return
	}
	if p, ok := m.Process(1); ok && p.init {
		return
	}
	next := max(m.nextPID, m.initNext)
	m.nextPID = 1
	p := m.Start(ProcSpec{Args: m.initArgs, NewGroup: true, Program: func(*Process) int {
		var never sim.Cond
		for {
			never.Wait(m.loop)
		}
	}})
	p.init = true
	m.nextPID = next
}

// Processes are the processes of this machine, by PID.
func (m *Machine) Processes() []*Process {
	return append([]*Process(nil), m.procs...)
}

// AllProcesses are the processes of this machine and of the containers that run
// on it, by their PID here ([Process.PIDOn]).
func (m *Machine) AllProcesses() []*Process {
	all := m.Processes()
	for _, c := range m.children {
		all = append(all, c.AllProcesses()...)
	}
	sort.SliceStable(all, func(i, k int) bool { return all[i].PIDOn(m) < all[k].PIDOn(m) })
	return all
}

// maxProcs bounds the processes of a machine, as a limit on PIDs does.
const maxProcs = 1024

// maxPopulation bounds those of a host and its containers together.
const maxPopulation = 16384

// Roomy reports whether one more process fits: into the machine, and into the
// one that it is a container of.
func (m *Machine) Roomy() bool {
	top := m
	for top.Parent != nil {
		top = top.Parent
	}
	n := len(top.procs)
	for _, c := range top.children {
		n += len(c.procs)
	}
	return len(m.procs) < maxProcs && n < maxPopulation
}

// Process finds a process by PID; a host finds those of its containers too.
func (m *Machine) Process(pid int) (*Process, bool) {
	for _, p := range m.AllProcesses() {
		if p.PIDOn(m) == pid {
			return p, true
		}
	}
	return nil, false
}

// KillAll ends every process of the machine with SIGKILL, PID 1 last.
func (m *Machine) KillAll() {
	ps := m.Processes()
	for i := len(ps) - 1; i >= 0; i-- {
		ps[i].init = false
		ps[i].Signal(SIGKILL)
	}
}

// Pause freezes the machine's processes at their next blocking call on a pipe,
// a terminal, a file or time, as docker pause does; Unpause lets them go on.
func (m *Machine) Pause() { m.paused = true }

// Unpause undoes Pause.
func (m *Machine) Unpause() {
	m.paused = false
	m.unpaused.Broadcast()
}

// Reboot kills everything and boots.
func (m *Machine) Reboot() {
	m.KillAll()
	m.Boot()
}

// Boot starts the uptime anew and takes the wall clock from the battery's.
func (m *Machine) Boot() {
	m.booted, m.ahead = m.loop.Now(), m.battery
	m.printk.cleared = m.printk.count // the journal stays
	m.startInit()
}
