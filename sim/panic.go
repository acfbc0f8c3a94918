package sim

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// Panic is a bug of this program that ended a run: what panicked, where in the
// simulation, and the goroutine's stack for whoever mends it. Its text is one
// line and has no stack in it.
type Panic struct {
	Process string        // the process that panicked; "" if it was an event of the loop
	At      time.Duration // virtual time
	Value   any           // what was given to panic
	Stack   []byte        // as debug.Stack prints it
}

// Caught is the panic of what recover returned, to be called by the deferred
// function that recovered: the stack is taken there. A panic that was caught
// nearer to its cause stays as it is. loop may be nil.
func Caught(loop *Loop, r any) *Panic {
	if p, ok := r.(*Panic); ok {
		return p
	}
	p := &Panic{Value: r, Stack: debug.Stack()}
	if loop == nil {
		return p
	}
	p.At = loop.now
	if loop.current != nil {
		p.Process = loop.current.name
	}
	return p
}

// Error says what happened and where, in one line.
func (p *Panic) Error() string {
	where := ""
	if p.Process != "" {
		where = fmt.Sprintf("process %q, ", p.Process)
	}
	return fmt.Sprintf("panic at %v of virtual time: %s%s", p.At, where, strings.Join(strings.Fields(fmt.Sprint(p.Value)), " "))
}
