package scenarios

import "dnetsim/sim"

// guard runs fn and makes an error of a panic, which is a bug of ours: it ends
// this run and nothing else.
func guard(loop *sim.Loop, fn func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = sim.Caught(loop, r)
		}
	}()
	fn()
	return nil
}

// Guard runs fn, which lets the lab's loop go on, and makes an error of a
// panic; the lab can only be closed then.
func (l *Lab) Guard(fn func()) error {
	err := guard(l.Loop, fn)
	l.broken = l.broken || err != nil
	return err
}

// Close ends the run and gives back what it holds. What a run that broke cannot
// give back is lost with it.
func (l *Lab) Close() {
	if l.broken {
		guard(l.Loop, l.close)
		return
	}
	l.close()
}
