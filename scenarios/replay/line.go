package replay

import (
	"fmt"
	"io"

	"dnetsim/scenarios"
	"dnetsim/sim"
	"dnetsim/userland"
)

// inbox is the standard input of a program without a terminal: what comes from outside is
// kept until the program reads it.
type inbox struct {
	loop *sim.Loop
	kept []byte
	over bool
	news sim.Cond
}

// Read implements io.Reader for the program's process.
func (i *inbox) Read(b []byte) (int, error) {
	for len(i.kept) == 0 {
		if i.over {
			return 0, io.EOF
		}
		if err := i.news.Wait(i.loop); err != nil {
			return 0, err
		}
	}
	n := copy(b, i.kept)
	i.kept = i.kept[n:]
	return n, nil
}

func (i *inbox) add(b string) {
	i.kept = append(i.kept, b...)
	i.news.Broadcast()
}

func (i *inbox) end() {
	i.over = true
	i.news.Broadcast()
}

// hearing is what a program writes on one of its outputs.
type hearing func([]byte)

// Write implements io.Writer.
func (h hearing) Write(b []byte) (int, error) {
	h(b)
	return len(b), nil
}

// run carries a "run" out.
func (w *World) run(in Input) error {
	m, ok := w.lab.Machine(in.Place)
	if !ok {
		return fmt.Errorf("there is no machine %q", in.Place)
	}
	t := &terminal{place: in.Place, in: &inbox{loop: w.lab.Loop}}
	t.process = scenarios.Begin(m, in.Data, t.in, hearing(t.show), hearing(func(b []byte) {
		if t.errs != nil {
			t.errs(b)
		}
	}))
	w.add(t, t.process)
	return nil
}

// input carries out what comes to a program without a terminal.
func (t *terminal) input(in Input) error {
	switch in.Kind {
	case TypeKeys:
		t.in.add(in.Data)
	case EndInput:
		t.in.end()
	case Hangup:
		t.in.end()
		for _, p := range t.process.Machine.Processes() {
			if p.PGID == t.process.PGID {
				p.Signal(userland.SIGHUP)
			}
		}
	}
	return nil
}

// OnErrors sets who hears what a program without a terminal writes to its standard error
// from now on.
func (w *World) OnErrors(number int, fn func([]byte)) { w.terminals[number-1].errs = fn }
