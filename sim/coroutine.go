package sim

import (
	"iter"
	"runtime"
)

// coroutine runs processes, one after the other: a goroutine's stack grows by being
// copied, and most processes are short and call as deep as the one before. It is an
// iter.Pull, so that a hand-over costs no scheduler and no goroutine can run beside
// the loop.
type coroutine struct {
	p      *Proc // nil between two
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
}

// work is the coroutine's own code. It returns when it is stopped between two
// processes; a panic or a runtime.Goexit of one ends it as well.
func (c *coroutine) work(yield func(struct{}) bool) {
	c.yield = yield
	for {
		c.p.live()
		c.p = nil
		if !yield(struct{}{}) {
			return
		}
	}
}

// idlers are the coroutines of a loop that wait for a process. They know nothing of
// the loop, so that who forgets one without closing it forgets them as well.
type idlers struct{ list []*coroutine }

// keptIdlers is how many wait at most; what a burst of processes needed more ends.
const keptIdlers = 64

// take returns a coroutine for p.
func (l *Loop) take(p *Proc) *coroutine {
	if l.idle == nil {
		l.idle = &idlers{}
		runtime.AddCleanup(l, (*idlers).dismiss, l.idle)
	}
	if n := len(l.idle.list); n > 0 {
		c := l.idle.list[n-1]
		l.idle.list = l.idle.list[:n-1]
		c.p = p
		return c
	}
	c := &coroutine{p: p}
	c.resume, c.stop = iter.Pull(c.work)
	return c
}

// keep lets a coroutine whose process is over wait for the next one.
func (i *idlers) keep(c *coroutine) {
	if len(i.list) < keptIdlers {
		i.list = append(i.list, c)
		return
	}
	c.stop()
}

// dismiss ends those that wait.
func (i *idlers) dismiss() {
	for _, c := range i.list {
		c.stop()
	}
	i.list = nil
}
