package scenarios

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"dnetsim/explain"
	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/userland"
)

// Moment is a point of a run: the start of what follows its setup, a step, a
// time, or the end.
type Moment struct {
	Step int           // so many of the steps have run; -1: all of them
	Time time.Duration // the run has got to that virtual time; 0: not asked
}

// End is the moment when all steps have run.
var End = Moment{Step: -1}

// world is a run for package explain.
type world struct {
	scenario *Scenario
	options  Options
	moment   Moment
	run      *running
	lab      *Lab
	live     bool          // somebody types in it: copies are the lab's
	asked    time.Duration // when the question came, of a live one
	typed    []personLine  // since the moment, by a person
}

// Standing is a world in which somebody types: its copies have what was typed,
// too.
type Standing interface {
	explain.World
	// Enter is Type for a person.
	Enter(machine, line string) (exit int, output string, err error)
}

// personLine is a line that a person typed in a world.
type personLine struct{ machine, line string }

// Stand runs a scenario up to a moment and returns the world as it is then, for
// package explain, and what failed on the way. The world must be closed.
func Stand(s *Scenario, o Options, m Moment) (Standing, *Result, error) {
	w := &world{scenario: s, options: o, moment: m}
	w.run = begin(s, o)
	w.run.play(s.Setup, true)
	w.steps()
	r := w.run.result
	if r.Err != nil || w.run.lab == nil {
		err := r.Err
		if w.run.lab != nil {
			w.Close()
		}
		return nil, r, err
	}
	w.lab = w.run.lab
	return w, r, nil
}

// steps runs those before the moment.
func (w *world) steps() {
	steps := w.scenario.Steps
	if w.moment.Step >= 0 {
		steps = steps[:min(w.moment.Step, len(steps))]
	}
	if w.moment.Time > 0 {
		w.until(steps)
		return
	}
	w.run.play(steps, false)
}

// until runs steps as long as they begin before the moment's time, and then
// lets time pass up to it.
func (w *world) until(steps []Step) {
	for i := range steps {
		now := w.run.loop.Now()
		if now >= w.moment.Time || steps[i].At > w.moment.Time || steps[i].Kind == StepWait && now+steps[i].Wait > w.moment.Time {
			break
		}
		w.run.play(steps[i:i+1], false)
	}
	if left := w.moment.Time - w.run.loop.Now(); left > 0 && w.run.lab != nil && w.run.result.Err == nil {
		w.run.result.Err = w.run.lab.Guard(func() { w.run.loop.RunFor(left) })
	}
}

func (w *world) Loop() *sim.Loop { return w.lab.Loop }

func (w *world) Machines() []*userland.Machine { return w.lab.Machines() }

func (w *world) Host(name string) (*modes.Host, bool) { return w.lab.Host(name) }

func (w *world) Cables() []*link.Wire { return w.lab.Cables() }

func (w *world) Type(machine, line string) (exit int, output string, err error) {
	return w.lab.Output(machine, line)
}

func (w *world) Repair(what string) error { return w.lab.Repair(what) }

// Repair puts a cable back as it was declared ("MACHINE:INTERFACE"), or gives a host
// ("MACHINE") its power back.
func (l *Lab) Repair(what string) error {
	st := Step{Kind: StepRepair, Fault: Fault{Way: "both"}}
	if strings.Contains(what, ":") {
		st.Fault.Cable = what
	} else {
		st.Fault.Host = what
	}
	return l.fault(&st)
}

// Fork runs the scenario once more, up to the same moment.
func (w *world) Fork() (explain.World, error) {
	if w.live && w.lab.Copy != nil {
		return w.lab.Copy(w.asked)
	}
	if w.live {
		return nil, explain.ErrNoFork
	}
	o := w.options
	o.Transcript, o.Capture, o.Trace, o.Progress = nil, nil, nil, nil
	f, _, err := Stand(w.scenario, o, w.moment)
	if err != nil {
		return nil, fmt.Errorf("the copy of the run: %w", err)
	}
	f.(*world).lab.furnish() // a cure may be one of a lab's own commands
	for _, e := range w.typed {
		if _, _, err := f.Enter(e.machine, e.line); err != nil {
			f.Close()
			return nil, fmt.Errorf("the copy of the run: %w", err)
		}
	}
	return f, nil
}

func (w *world) Enter(machine, line string) (exit int, output string, err error) {
	w.typed = append(w.typed, personLine{machine, line})
	return w.Type(machine, line)
}

func (w *world) Close() {
	w.run.close()
	w.run.lab.Close()
}

// Machines are the machines in the order of the file: hosts, routers, sites.
func (l *Lab) Machines() []*userland.Machine {
	var out []*userland.Machine
	seen := map[string]bool{}
	add := func(name string) {
		if m := l.machines[name]; m != nil && !seen[name] {
			seen[name] = true
			out = append(out, m)
		}
	}
	for _, h := range l.Scenario.Hosts {
		add(h.Name)
	}
	for _, r := range l.Scenario.Routers {
		add(r.Name)
	}
	for _, name := range l.names() {
		add(name)
	}
	return out
}

// LastFailed is the flow of the last step that reached for somebody in vain, and how
// many steps had been done then, if there is one.
func (r *Result) LastFailed() (f explain.Flow, done int, ok bool) {
	for i := len(r.Steps) - 1; i >= 0; i-- {
		st := &r.Steps[i]
		if st.Step.Kind != StepRun || st.Exit == 0 && st.Failure == "" {
			continue
		}
		if f, ok := explain.Asked(st.Step.place(), st.Step.Line); ok {
			return f, i + 1, true
		}
	}
	return explain.Flow{}, 0, false
}

// place is where a step's line is typed, "HOST" or "HOST/CONTAINER".
func (st *Step) place() string {
	if st.Container != "" {
		return st.Host + "/" + st.Container
	}
	return st.Host
}

// FirstFailure is the first step that did not do what it must, as a report
// names it, or "".
func (r *Result) FirstFailure() string {
	for i := range r.Steps {
		if st := &r.Steps[i]; st.Failure != "" {
			return fmt.Sprintf("line %d: %s: %s", st.Step.at.line, st.Step, firstLine(st.Failure))
		}
	}
	return ""
}

// ParseMoment reads what --at says of a scenario: "end", "setup", a number of
// steps, a virtual time such as 12s, or a part of a step's line, before which the
// run stops.
func ParseMoment(s *Scenario, text string) (Moment, error) {
	switch text {
	case "", "end":
		return End, nil
	case "setup", "start":
		return Moment{}, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		if n > len(s.Steps) {
			return Moment{}, fmt.Errorf("--at %d: the scenario has %d steps", n, len(s.Steps))
		}
		return Moment{Step: n}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return Moment{Step: -1, Time: d}, nil
	}
	for i := range s.Steps {
		if strings.Contains(s.Steps[i].place()+"$ "+s.Steps[i].Line, text) || strings.Contains(s.Steps[i].String(), text) {
			return Moment{Step: i}, nil
		}
	}
	return Moment{}, fmt.Errorf("--at %q: write end, setup, a number of steps, a time such as 12s, or a part of the step's line before which to stop", text)
}

// Why adds to the failure of the first step that reached for somebody in vain
// what explain has to say of it: the code, the sentence, and the command that
// tells more. It runs the scenario once more, up to that step.
func Why(s *Scenario, o Options, r *Result) {
	for i := range r.Steps {
		st := &r.Steps[i]
		if st.Failure == "" {
			continue
		}
		f, ok := explain.Asked(st.Step.place(), st.Step.Line)
		if !ok || st.Setup || st.Step.Kind != StepRun {
			continue
		}
		step := i - len(s.Setup)
		o.Transcript, o.Capture, o.Trace, o.Progress, o.Digest = nil, nil, nil, nil, false
		w, _, err := Stand(s, o, Moment{Step: step})
		if err != nil {
			return
		}
		defer w.Close()
		cell, err := explain.Briefly(w, f)
		if err != nil || cell.Code == "" || cell.Code == "UNKNOWN" {
			return
		}
		st.Failure += fmt.Sprintf("\n    why: %s: %s\n    more: dnetsim explain %s %s --at %d", cell.Code, cell.Says, r.File, f.Command(), step)
		return
	}
}

const explainUsage = `Usage: explain FROM TO [PORT[/tcp|/udp]] [--large] [--verbose]
       explain last      the last ping, curl, nc … that did not reach
       explain matrix    who reaches whom
FROM is a host, a container, or HOST/CONTAINER; TO is an address, a container,
or a name that FROM resolves.
`

// liveWorld is the lab's world for a question that comes now.
func liveWorld(l *Lab) *world { return &world{lab: l, live: true, asked: l.Loop.Now()} }

// explain is a program on the simulated machines: what became of a flow, and
// why, in the world as it is now. Cures are tried where the lab can be copied.
func (l *Lab) explain(p *userland.Process) int {
	style := explain.Style{Colour: p.TTY != nil}
	var words []string
	large := false
	for _, a := range p.Args[1:] {
		switch a {
		case "--large":
			large = true
		case "--verbose", "-v":
			style.Verbose = true
		case "-h", "--help":
			fmt.Fprint(p.Stdout, explainUsage)
			return 0
		default:
			words = append(words, a)
		}
	}
	w := liveWorld(l)
	if len(words) == 1 && words[0] == "matrix" {
		m, err := explain.Reach(w, large)
		if err != nil {
			fmt.Fprintln(p.Stderr, "explain:", err)
			return 2
		}
		m.Write(p.Stdout, style)
		return 0
	}
	f, err := l.asked(p, words)
	if err != nil {
		fmt.Fprintln(p.Stderr, "explain:", err)
		return 2
	}
	f.Large = f.Large || large
	r, err := explain.Explain(w, f)
	if err != nil {
		fmt.Fprintln(p.Stderr, "explain:", err)
		return 2
	}
	r.Write(p.Stdout, style)
	if !r.Works() {
		return 1
	}
	return 0
}

// Ask explains a flow in the world as it is now; cures are tried where the lab can be
// copied. It must be called by a process of the loop.
func (l *Lab) Ask(f explain.Flow) (*explain.Report, error) {
	r, err := explain.Explain(liveWorld(l), f)
	if err == nil {
		r.Scenario, r.At = l.Scenario.Name, "now"
	}
	return r, err
}

// AskAll is Ask for everybody to everybody.
func (l *Lab) AskAll(large bool) (*explain.Matrix, error) {
	m, err := explain.Reach(liveWorld(l), large)
	if err == nil {
		m.Scenario, m.At = l.Scenario.Name, "now"
	}
	return m, err
}

// LastInVain is the last flow that a program tried in vain, if one did.
func (l *Lab) LastInVain() (explain.Flow, bool) { return l.vain, l.vain.To != "" }

// asked is the flow that the program's words name.
func (l *Lab) asked(p *userland.Process, words []string) (explain.Flow, error) {
	if len(words) == 1 && words[0] == "last" {
		if l.vain.To == "" {
			return explain.Flow{}, errors.New("no program has tried to reach somebody in vain so far")
		}
		return l.vain, nil
	}
	if len(words) < 2 || len(words) > 3 {
		return explain.Flow{}, errors.New("who, and whom? " + strings.SplitN(explainUsage, "\n", 2)[0])
	}
	f := explain.Flow{From: l.here(p, words[0]), To: words[1]}
	var err error
	if len(words) == 3 {
		f.Proto, f.Port, err = explain.ParsePort(words[2])
	}
	return f, err
}

// here is a container of the machine at which somebody types, if it has one of
// that name.
func (l *Lab) here(p *userland.Process, name string) string {
	host, _, _ := strings.Cut(p.Machine.Name, "/")
	if h, ok := l.hosts[host]; ok {
		if c, err := h.Daemon.Containers.Get(name); err == nil && c.Name == name {
			return host + "/" + name
		}
	}
	return name
}

// hear tells of a program that has ended, and remembers the last that reached for
// somebody in vain.
func (l *Lab) hear(p *userland.Process, status int) {
	for _, fn := range l.ran {
		fn(p, status)
	}
	if status == 0 || len(p.Args) == 0 {
		return
	}
	line := path.Base(p.Args[0]) + " " + strings.Join(p.Args[1:], " ")
	if f, ok := explain.Asked(p.Machine.Name, line); ok {
		l.vain = f
	}
}
