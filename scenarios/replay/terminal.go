package replay

import (
	"fmt"
	"strings"

	"dnetsim/userland"
)

// kept is how much of what a terminal has shown is there for who looks later, in
// bytes.
const kept = 256 << 10

// terminal is a terminal and whoever looks at it.
type terminal struct {
	place   string
	tty     *userland.TTY // nil of a program without one, which has
	in      *inbox
	errs    func([]byte)
	process *userland.Process
	shown   []byte
	ended   bool
	status  int
	hear    func([]byte)
	over    func()
}

// open carries an "open" out.
func (w *World) open(in Input) error {
	host, container, inside := strings.Cut(in.Place, "/")
	if _, ok := w.lab.Machine(host); !ok {
		return fmt.Errorf("there is no machine %q: there are %s", host, strings.Join(w.machines(), ", "))
	}
	line := ""
	if inside {
		line = "exec docker exec -it " + quoted(container) + " sh"
	}
	p, tty, err := w.lab.Login(host, line)
	if err != nil {
		return err
	}
	t := &terminal{place: in.Place, tty: tty}
	if in.Rows > 0 && in.Cols > 0 {
		tty.Resize(userland.Winsize{Rows: in.Rows, Cols: in.Cols})
	}
	tty.OnOutput(t.show)
	if in.Data != Plain {
		tty.OnPaste(func(on bool) { t.show([]byte(bracketPaste(on))) })
	}
	w.add(t, p)
	return nil
}

// add takes a terminal, or a program without one, in, until its process ends.
func (w *World) add(t *terminal, p *userland.Process) {
	w.terminals = append(w.terminals, t)
	p.OnExit(func(status int) {
		t.ended, t.status = true, status
		if t.over != nil {
			t.over()
		}
	})
}

// Plain is the Data of an "open" for who is no real terminal: he is not asked to put
// pasted text in brackets.
const Plain = "plain"

// bracketPaste asks a terminal to put pasted text in brackets, or no more.
func bracketPaste(on bool) string {
	if on {
		return "\x1b[?2004h"
	}
	return "\x1b[?2004l"
}

func (t *terminal) show(b []byte) {
	if t.shown = append(t.shown, b...); len(t.shown) > 2*kept {
		t.shown = append([]byte(nil), t.shown[len(t.shown)-kept:]...)
	}
	if t.hear != nil {
		t.hear(b)
	}
}

func (w *World) machines() (names []string) {
	for _, m := range w.lab.Machines() {
		names = append(names, m.Name)
	}
	return names
}

// Terminals is how many terminals have been opened; they have the numbers from 1.
func (w *World) Terminals() int { return len(w.terminals) }

// Place is where a terminal is.
func (w *World) Place(number int) string { return w.terminals[number-1].place }

// Ended reports whether the shell at a terminal has ended.
func (w *World) Ended(number int) bool { return w.terminals[number-1].ended }

// Status is the exit status of a terminal's shell that has ended.
func (w *World) Status(number int) int { return w.terminals[number-1].status }

// Shown is what a terminal has shown so far, at least the last 256 KiB of it.
func (w *World) Shown(number int) []byte { return w.terminals[number-1].shown }

// OnOutput sets who hears what a terminal shows from now on; nil is nobody.
func (w *World) OnOutput(number int, fn func([]byte)) { w.terminals[number-1].hear = fn }

// OnEnd sets who hears that the shell at a terminal has ended.
func (w *World) OnEnd(number int, fn func()) { w.terminals[number-1].over = fn }

// commandAt is the machine and the line of a command at a place.
func commandAt(place, line string) (host, command string) {
	host, container, inside := strings.Cut(place, "/")
	if !inside {
		return place, line
	}
	return host, "docker exec " + quoted(container) + " sh -c " + quoted(line)
}

// quoted is a word for a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
