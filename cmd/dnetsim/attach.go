package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"dnetsim/scenarios/replay"

	"golang.org/x/term"
)

// A lab's socket carries terminals: the one who attaches sends lines of JSON, a
// hello and then keys and sizes, and gets what is shown as it is.

// said is one line of who attaches.
type said struct {
	Host     string
	Keys     []byte
	Terminal bool // it is a real one
	Rows     int
	Cols     int
	Run      bool   // in the hello: no terminal, but a shell that runs Line, or what is typed
	Line     string // is answered with lines of JSON, see [ran]
	End      bool   // nothing more is typed
}

// ran is one line of the answer to who has something run without a terminal.
type ran struct {
	Out, Errors []byte
	Status      *int   // it has ended
	Refused     string // it has not begun
}

// runtimeDir is where the user's labs have their sockets; nobody else may look
// into it.
func runtimeDir(t *terminal) (string, error) {
	dir := t.env("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("dnetsim-%d", os.Getuid()))
	} else {
		dir = filepath.Join(dir, "dnetsim")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: others may look into it: chmod 700 %s", dir, dir)
	}
	return dir, nil
}

// doorway is a lab's socket while the lab is open.
type doorway struct {
	name  string
	ln    net.Listener
	world *replay.World
	t     *terminal
}

// openDoor makes a lab's socket, under the scenario's name or that with a number.
func openDoor(t *terminal, w *replay.World) (*doorway, error) {
	dir, err := runtimeDir(t)
	if err != nil {
		return nil, err
	}
	base := strings.Trim(strings.Map(fileRune, filepath.Base(w.Lab().Scenario.Name)), "_.")
	if len(base) > 40 || base == "" {
		base = (base + "lab")[:min(len(base)+3, 40)]
	}
	for n := 1; n < 100; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		path := filepath.Join(dir, name+".sock")
		ln, err := net.Listen("unix", path)
		if err != nil && !alive(path) { // of a lab that was killed
			os.Remove(path)
			ln, err = net.Listen("unix", path)
		}
		if err != nil {
			continue
		}
		if err := os.Chmod(path, 0o600); err != nil {
			ln.Close()
			return nil, err
		}
		d := &doorway{name: name, ln: ln, world: w, t: t}
		go d.serve()
		return d, nil
	}
	return nil, fmt.Errorf("%s: no name is free for the lab's socket", dir)
}

func alive(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func (d *doorway) close() { d.ln.Close() }

func (d *doorway) serve() {
	for {
		c, err := d.ln.Accept()
		if err != nil {
			return
		}
		go d.terminal(c)
	}
}

// terminal is one that has attached.
func (d *doorway) terminal(c net.Conn) {
	lines := json.NewDecoder(bufio.NewReader(c))
	var hello said
	if lines.Decode(&hello) != nil {
		c.Close()
		return
	}
	out := newOutbox(c)
	w, loop, number := d.world, d.world.Lab().Loop, 0
	loop.Inject(func() {
		host := hello.Host
		if host == "" {
			host = w.Lab().First()
		}
		if hello.Run {
			number = runFor(w, host, hello.Line, out)
			return
		}
		open := replay.Input{Kind: replay.OpenTerminal, Place: host, Rows: hello.Rows, Cols: hello.Cols}
		if !hello.Terminal {
			open.Data = replay.Plain
		}
		if err := w.Take(open); err != nil {
			out.write([]byte("dnetsim: " + err.Error() + "\r\n"))
			out.close()
			return
		}
		number = w.Terminals()
		w.OnOutput(number, out.write)
		w.OnEnd(number, out.close)
	})
	for {
		var s said
		err := lines.Decode(&s)
		loop.Inject(func() {
			if number > 0 {
				w.Take(s.input(number, err))
			}
		})
		if err != nil {
			return
		}
	}
}

// runFor begins what somebody has run without a terminal, and answers its number.
func runFor(w *replay.World, host, line string, out *outbox) int {
	say := func(r ran) {
		b, _ := json.Marshal(r) // of texts and numbers
		out.write(append(b, '\n'))
	}
	if err := w.Take(replay.Input{Kind: replay.RunLine, Place: host, Data: line}); err != nil {
		say(ran{Refused: err.Error()})
		out.close()
		return 0
	}
	number := w.Terminals()
	w.OnOutput(number, func(b []byte) { say(ran{Out: b}) })
	w.OnErrors(number, func(b []byte) { say(ran{Errors: b}) })
	w.OnEnd(number, func() {
		code := w.Status(number)
		say(ran{Status: &code})
		out.close()
	})
	return number
}

// input is what has been said at a terminal, or that who said it has gone.
func (s *said) input(number int, gone error) replay.Input {
	in := replay.Input{Kind: replay.TypeKeys, Terminal: number, Data: string(s.Keys)}
	switch {
	case gone != nil:
		in = replay.Input{Kind: replay.Hangup, Terminal: number}
	case s.End:
		in = replay.Input{Kind: replay.EndInput, Terminal: number}
	case s.Rows > 0 && s.Cols > 0:
		in = replay.Input{Kind: replay.Resize, Terminal: number, Rows: s.Rows, Cols: s.Cols}
	}
	return in
}

// outbox brings what a terminal shows to its connection without making the loop
// wait. One who does not read is let go.
type outbox struct {
	mu     sync.Mutex
	wake   *sync.Cond
	kept   []byte
	closed bool
	c      io.WriteCloser
	over   chan struct{} // closed when all is out, or nobody takes it
}

const outboxBytes = 8 << 20

func newOutbox(c io.WriteCloser) *outbox {
	o := &outbox{c: c, over: make(chan struct{})}
	o.wake = sync.NewCond(&o.mu)
	go o.run()
	return o
}

func (o *outbox) write(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept = append(o.kept, b...); len(o.kept) > outboxBytes {
		o.closed, o.kept = true, nil
	}
	o.wake.Signal()
}

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake.Signal()
}

func (o *outbox) run() {
	defer close(o.over)
	defer o.c.Close()
	for {
		o.mu.Lock()
		for len(o.kept) == 0 && !o.closed {
			o.wake.Wait()
		}
		b := o.kept
		o.kept = nil
		o.mu.Unlock()
		if len(b) == 0 {
			return
		}
		if _, err := o.c.Write(b); err != nil {
			o.close()
			return
		}
	}
}

// Write implements io.Writer for who wants to know whether it is taken.
func (o *outbox) Write(b []byte) (int, error) {
	o.write(b)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, errNotRead
	}
	return len(b), nil
}

// errNotRead is the result of writing to somebody who has gone or does not read.
var errNotRead = errors.New("whoever reads it has gone, or does not read")

// Close lets what is kept go out.
func (o *outbox) Close() error {
	o.close()
	return nil
}

// labNames are the names of the user's labs that are open.
func labNames(dir string) (names []string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.sock"))
	for _, p := range paths {
		if alive(p) {
			names = append(names, strings.TrimSuffix(filepath.Base(p), ".sock"))
		}
	}
	sort.Strings(names)
	return names
}

// openLabs are the sockets of the user's labs that are open, by name: those of
// shells, and those that are up.
func openLabs(t *terminal) (map[string]string, error) {
	dir, err := runtimeDir(t)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for name, folder := range running(t.env) {
		found[name] = filepath.Join(folder, terminalName)
	}
	for _, name := range labNames(dir) {
		found[name] = filepath.Join(dir, name+".sock")
	}
	return found, nil
}

// attach opens another terminal on a lab that a shell has open or that is up: the
// named one, the one in the folder of that name, or the only one. A line, and lines that
// no terminal types, are run without one.
func attach(ctx context.Context, t *terminal, name string, hello said) error {
	found, err := openLabs(t)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim: %w", err)}
	}
	if at := filepath.Join(name, terminalName); name != "" && alive(at) {
		found = map[string]string{name: at}
	}
	open := slices.Sorted(maps.Keys(found))
	switch {
	case name == "" && len(open) == 1:
		name = open[0]
	case len(open) == 0:
		return status{exitUsage, errors.New("dnetsim: no lab is open: dnetsim shell SCENARIO opens one, and so does dnetsim up SCENARIO")}
	case name == "":
		return status{exitUsage, fmt.Errorf("dnetsim: several labs are open: dnetsim shell --attach NAME, one of %s", strings.Join(open, ", "))}
	}
	at := found[name]
	if at == "" {
		at = found[plainName(name)]
	}
	c, err := net.Dial("unix", at)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim: no lab %s is open: one of %s", name, strings.Join(open, ", "))}
	}
	defer c.Close()
	if hello.Run = hello.Run || !isTerminal(t.in); hello.Run {
		return t.runThere(ctx, c, hello)
	}
	return t.joinTerminal(c, hello)
}

// runThere has something run in a lab that is open, with this command's own input and
// outputs, and ends with its status.
func (t *terminal) runThere(ctx context.Context, c net.Conn, hello said) error {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	lines := json.NewEncoder(c)
	lines.Encode(hello)
	go func() {
		b := make([]byte, 32<<10)
		for {
			n, err := t.in.Read(b)
			if n > 0 {
				lines.Encode(said{Keys: b[:n]})
			}
			if err != nil {
				lines.Encode(said{End: true})
				return
			}
		}
	}()
	for answers := json.NewDecoder(c); ; {
		var r ran
		err := answers.Decode(&r)
		switch {
		case err != nil && ctx.Err() != nil:
			return status{exitBroken, errors.New("interrupted")}
		case err != nil:
			return status{exitBroken, errors.New("dnetsim: the lab has ended")}
		case r.Refused != "":
			return status{exitUsage, fmt.Errorf("dnetsim: %s", r.Refused)}
		case r.Status != nil && *r.Status != 0:
			return status{code: *r.Status}
		case r.Status != nil:
			return nil
		}
		if _, err := t.out.Write(r.Out); err != nil {
			return status{code: exitBroken} // which is told at the end
		}
		t.err.Write(r.Errors)
	}
}

// joinTerminal joins the real terminal to a lab's.
func (t *terminal) joinTerminal(c net.Conn, hello said) error {
	lines := json.NewEncoder(c)
	hello.Rows, hello.Cols = 24, 80
	var mu sync.Mutex
	say := func(s said) {
		mu.Lock()
		defer mu.Unlock()
		lines.Encode(s)
	}
	if in, ok := t.in.(*os.File); ok && isTerminal(in) {
		was, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return status{exitBroken, err}
		}
		restore := func() {
			io.WriteString(t.out, noBracketPaste)
			term.Restore(int(in.Fd()), was)
		}
		t.cooked.Store(&restore)
		defer restore()
		size := func() (s said) {
			if cols, rows, err := term.GetSize(int(in.Fd())); err == nil {
				s = said{Rows: rows, Cols: cols}
			}
			return s
		}
		if s := size(); s.Rows > 0 {
			hello.Rows, hello.Cols, hello.Terminal = s.Rows, s.Cols, true
		}
		over := make(chan struct{})
		defer close(over)
		go followSize(int(in.Fd()), over, func() { say(size()) })
	}
	say(hello)
	go func() {
		e := escape{leave: func() { io.WriteString(t.out, "\r\n"); c.Close() }, help: func() { io.WriteString(t.out, escapes) }}
		b := make([]byte, 1024)
		for {
			n, err := t.in.Read(b)
			if keys := e.keys(b[:n]); len(keys) > 0 {
				say(said{Keys: keys})
			}
			if err != nil {
				say(said{Keys: []byte{4}}) // the end of the input
				return
			}
		}
	}()
	io.Copy(t.out, c)
	return nil
}
