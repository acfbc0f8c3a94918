package sim

import (
	"errors"
	"fmt"
	"time"
)

// ErrInterrupted is returned by a blocking call of a process that was
// interrupted with [Proc.Interrupt].
var ErrInterrupted = errors.New("interrupted system call")

// ErrTimeout is returned by a blocking call whose time ran out.
var ErrTimeout = errors.New("timed out")

// killed unwinds a process that was killed; it never leaves this package.
type killed struct{}

// Proc is a process: straight-line code that may block on virtual time or on a
// [Cond]. A coroutine runs it from its first event on.
type Proc struct {
	loop        *Loop
	name        string
	fn          func(*Proc)
	on          *coroutine // nil before it has started and after its end
	done        bool
	started     bool
	dying       bool
	interrupted bool
	halted      bool // by Halt
	missed      bool // a wake-up came while it was halted
	// epoch counts parks: a wake-up that belongs to an earlier park is stale.
	epoch  uint64
	parked bool
	// alarm ends a park that has a limit. Every resumption stops it, so that
	// nothing holds on to a process that slept for days and was killed.
	alarm alarmClock
	exit  Cond
	local any
	// The list of the loop's processes that have not finished.
	prev, next *Proc
}

// Go starts fn as a process. It begins as an event of this instant, not within
// the call. The name is for people who read traces.
func (l *Loop) Go(name string, fn func(p *Proc)) *Proc {
	p := &Proc{loop: l, name: name, fn: fn}
	l.enlist(p)
	p.parked = true
	p.wakeAfter(0)
	return p
}

// live is the process's life, on its coroutine.
func (p *Proc) live() {
	defer p.finish()
	p.fn(p)
}

// finish runs on the process's own coroutine when its function is over, by
// return or by [Proc.Kill].
func (p *Proc) finish() {
	r := recover()
	p.done = true
	p.loop.delist(p)
	p.exit.Broadcast()
	if r == nil {
		return
	}
	if _, ok := r.(killed); ok {
		return
	}
	caught := Caught(p.loop, r)
	p.loop.current = nil // whoever clears up is no process
	panic(caught)
}

func (l *Loop) enlist(p *Proc) {
	l.procs++
	if p.prev = l.last; p.prev != nil {
		p.prev.next = p
	} else {
		l.first = p
	}
	l.last = p
}

func (l *Loop) delist(p *Proc) {
	l.procs--
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		l.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		l.last = p.prev
	}
	p.prev, p.next = nil, nil
}

// Close kills every process, so that nothing holds on to the loop and what
// lives on it. Processes that their deferred functions start are killed as well.
func (l *Loop) Close() {
	defer func() {
		if l.idle != nil {
			l.idle.dismiss()
		}
	}()
	for range 100 {
		if l.first == nil {
			return
		}
		for p := l.first; p != nil; p = p.next {
			p.Kill()
		}
		l.Settle()
	}
}

// Current is the process that is running now, or nil when the loop itself
// (a plain event, or the code that drives the loop) is.
func (l *Loop) Current() *Proc { return l.current }

// Procs is the number of processes that have not finished.
func (l *Loop) Procs() int { return l.procs }

// must returns the running process; a blocking call anywhere else is our bug.
func (l *Loop) must() *Proc {
	if l.current == nil {
		panic("sim: blocking call outside a process")
	}
	return l.current
}

// Loop is the loop that the process runs on.
func (p *Proc) Loop() *Loop { return p.loop }

// Name is the name given to [Loop.Go].
func (p *Proc) Name() string { return p.name }

// Done reports whether the process has finished.
func (p *Proc) Done() bool { return p.done }

// SetLocal attaches a value to the process, for the room above that needs to
// find its own notion of a process again; Local returns it.
func (p *Proc) SetLocal(v any) { p.local = v }

// Local is the value last given to SetLocal, or nil.
func (p *Proc) Local() any { return p.local }

// Kill ends the process: its blocking call never returns, deferred functions
// run. Killing a finished process does nothing. A process that kills itself
// does not return from Kill.
func (p *Proc) Kill() {
	if p.done {
		return
	}
	p.dying = true
	if p.loop.current == p {
		panic(killed{})
	}
	if p.parked {
		p.wakeAfter(0)
	}
}

// Interrupt makes the process's blocking call return [ErrInterrupted]; if it is
// not blocked, the next one does.
func (p *Proc) Interrupt() {
	if p.done {
		return
	}
	p.interrupted = true
	if p.parked && p.started {
		p.wakeAfter(0)
	}
}

// Halt keeps the process where it is blocked, whatever wakes it, until Resume. A
// process halts others, not itself; one that is killed ends all the same.
func (p *Proc) Halt() { p.halted = true }

// Resume lets a halted process go on. What would have woken it meanwhile wakes it
// now.
func (p *Proc) Resume() {
	p.halted = false
	if p.missed && p.parked && !p.done {
		p.missed = false
		p.wakeAfter(0)
	}
}

// Sleep blocks the process for d. It returns [ErrInterrupted] if it was cut
// short.
func (p *Proc) Sleep(d time.Duration) error {
	p.check("Sleep")
	if p.interrupted {
		p.interrupted = false
		return ErrInterrupted
	}
	end := p.loop.in(d)
	for p.loop.now < end || d <= 0 {
		p.parked = true
		p.alarm.set(p, end-p.loop.now)
		p.park()
		if p.interrupted {
			p.interrupted = false
			return ErrInterrupted
		}
		if d <= 0 {
			break
		}
	}
	return nil
}

// Pause is Sleep for a process that is made to wait: an interruption that came
// before is kept for the next blocking call, one that comes meanwhile ends it.
func (p *Proc) Pause(d time.Duration) {
	was := p.interrupted
	p.interrupted = false
	if p.Sleep(d) != nil || was {
		p.interrupted = true
	}
}

// Yield lets everything else that is due at this instant happen first.
func (p *Proc) Yield() { p.Sleep(0) }

// Join blocks the running process until p has finished.
func (p *Proc) Join() error {
	for !p.done {
		if err := p.exit.Wait(p.loop); err != nil {
			return err
		}
	}
	return nil
}

func (p *Proc) check(what string) {
	if p.loop.current != p {
		panic(fmt.Sprintf("sim: %s on process %s from outside it", what, p.name))
	}
}

// alarmClock is the timer of a process: it resumes it.
type alarmClock struct {
	slot    uint32 // of the loop's, if it runs
	running bool
}

// ring is a process as the queue has its alarm.
type ring Proc

// Fire resumes the process.
func (r *ring) Fire() {
	r.alarm.running = false
	(*Proc)(r).run()
}

func (a *alarmClock) set(p *Proc, d time.Duration) {
	a.stop(p)
	a.slot, a.running = p.loop.push(d, (*ring)(p)), true
}

func (a *alarmClock) stop(p *Proc) {
	if a.running {
		a.running = false
		p.loop.cancel(a.slot)
	}
}

// wake is the event that hands over to a parked process before its alarm. The
// loop keeps them for the next.
type wake struct {
	p     *Proc
	epoch uint64
}

// keptWakes is how many the loop keeps at most.
const keptWakes = 1 << 10

// Fire resumes the process unless it has been resumed since.
func (w *wake) Fire() {
	p, epoch := w.p, w.epoch
	w.p = nil
	if l := p.loop; len(l.wakes) < keptWakes {
		l.wakes = append(l.wakes, w)
	}
	if p.done || !p.parked || epoch != p.epoch {
		return
	}
	p.run()
}

func (p *Proc) wakeAfter(d time.Duration) {
	l := p.loop
	var w *wake
	if n := len(l.wakes); n > 0 {
		w = l.wakes[n-1]
		l.wakes = l.wakes[:n-1]
	} else {
		w = &wake{}
	}
	w.p, w.epoch = p, p.epoch
	l.Schedule(d, w)
}

// run hands over to the process until it parks or finishes.
func (p *Proc) run() {
	if p.done {
		return
	}
	if p.halted && !p.dying {
		p.missed = true
		return
	}
	prev := p.loop.current
	p.loop.current = p
	p.alarm.stop(p)
	p.parked = false
	p.epoch++
	if p.dying && !p.started {
		p.done = true
		p.loop.delist(p)
		p.exit.Broadcast()
	} else {
		if !p.started {
			p.started = true
			p.on = p.loop.take(p)
		}
		p.on.resume()
	}
	if p.done { // who keeps it keeps nothing of what it worked with
		if p.on != nil {
			p.loop.idle.keep(p.on)
		}
		p.fn, p.on, p.local = nil, nil, nil
	}
	p.loop.current = prev
}

// park gives control back to the loop until a wake-up of this park.
func (p *Proc) park() {
	p.parked = true
	if !p.on.yield(struct{}{}) {
		panic(killed{})
	}
	if p.dying {
		p.dying = false
		panic(killed{})
	}
}
