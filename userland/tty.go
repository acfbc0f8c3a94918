package userland

import (
	"io"
	"unicode/utf8"

	"dnetsim/sim"
)

// Winsize is a terminal's size in characters.
type Winsize struct{ Rows, Cols int }

// TTY is a terminal: a line discipline between a person (the master side) and
// the processes that have it as their controlling terminal. Reading and writing
// the TTY itself is the processes' side.
//
// The master side never blocks and may be used from events: Input types, OnOutput
// takes what is shown.
type TTY struct {
	// Name is what tty(1) and ps print, "pts/0" if nobody says otherwise.
	Name string

	loop       *sim.Loop
	raw        bool
	editing    bool
	echo       bool
	size       Winsize
	line       []byte   // what is typed and not yet ended
	ready      [][]byte // lines, or pieces in raw mode; an empty one is ^D
	typed      sim.Cond
	out        []byte
	shown      sim.Cond
	onOutput   func([]byte)
	paste      func(on bool)
	foreground int
	// broken is the process group that the last ^C or ^Z reached.
	broken  int
	session *Machine
	hungUp  bool
}

// NewTTY returns a terminal of 24 lines of 80 characters in canonical mode.
func NewTTY(loop *sim.Loop) *TTY {
	return &TTY{Name: "pts/0", loop: loop, echo: true, size: Winsize{24, 80}}
}

// Size is the window's size.
func (t *TTY) Size() Winsize { return t.size }

// Resize changes the window's size and sends SIGWINCH to the foreground.
func (t *TTY) Resize(w Winsize) {
	if w == t.size {
		return
	}
	t.size = w
	t.signal(SIGWINCH)
}

// SetRaw switches between raw mode (bytes pass as they are, no echo, no
// signals, no output processing) and canonical mode; it returns what was set.
func (t *TTY) SetRaw(raw bool) (was bool) {
	was, t.raw = t.raw, raw
	if raw && len(t.line) > 0 {
		t.ready, t.line = append(t.ready, t.line), nil
		t.typed.Broadcast()
	}
	return was
}

// Raw reports whether the terminal is in raw mode.
func (t *TTY) Raw() bool { return t.raw }

// SetEditing switches between canonical mode and that of a program which edits
// lines itself: keys pass as they are typed, without echo or signals, while
// output is processed as ever. What is typed ahead passes over both ways.
func (t *TTY) SetEditing(on bool) {
	if on == t.editing || t.raw {
		return
	}
	t.editing = on
	ahead := t.line
	ready := t.ready
	t.line, t.ready = nil, nil
	if on {
		var keys []byte
		for _, l := range ready {
			if len(l) == 0 {
				l = []byte{4}
			}
			keys = append(keys, l...)
		}
		if keys = append(keys, ahead...); len(keys) > 0 {
			t.ready = [][]byte{keys}
		}
		return
	}
	for _, keys := range ready {
		for _, c := range keys {
			switch c {
			case '\r', '\n':
				t.ready, t.line = append(t.ready, append(t.line, '\n')), nil
			case 4:
				t.ready, t.line = append(t.ready, t.line), nil
			default:
				t.line = append(t.line, c)
			}
		}
	}
}

// OnPaste sets what is told whether pasted text is to come in brackets, ESC [200~ and
// ESC [201~: a real terminal has to be asked for that.
func (t *TTY) OnPaste(fn func(on bool)) { t.paste = fn }

// BracketPaste asks for the brackets, or no more.
func (t *TTY) BracketPaste(on bool) {
	if t.paste != nil {
		t.paste(on)
	}
}

// Echo reports whether canonical mode echoes.
func (t *TTY) Echo() bool { return t.echo }

// SetEcho switches the echo of canonical mode.
func (t *TTY) SetEcho(on bool) { t.echo = on }

// SetForeground makes a process group of machine m the one that ^C reaches.
func (t *TTY) SetForeground(m *Machine, pgid int) { t.session, t.foreground = m, pgid }

// Broken is the process group that ^C, ^\ or ^Z was last typed at since
// ForgetBroken; 0 if none was.
func (t *TTY) Broken() int { return t.broken }

// ForgetBroken makes Broken 0.
func (t *TTY) ForgetBroken() { t.broken = 0 }

// OnOutput delivers what processes write to fn instead of keeping it; what was
// kept is delivered at once.
func (t *TTY) OnOutput(fn func([]byte)) {
	t.onOutput = fn
	if fn != nil && len(t.out) > 0 {
		b := t.out
		t.out = nil
		fn(b)
		t.shown.Broadcast()
	}
}

// Hangup is the master going away: readers get io.EOF, the foreground SIGHUP.
func (t *TTY) Hangup() {
	if t.hungUp {
		return
	}
	t.hungUp = true
	t.signal(SIGHUP)
	t.typed.Broadcast()
	t.shown.Broadcast()
}

// signal reaches the foreground process group of the terminal.
func (t *TTY) signal(s Signal) {
	if t.session == nil {
		return
	}
	for _, p := range t.session.Processes() {
		if p.PGID == t.foreground && p.TTY == t {
			p.Signal(s)
		}
	}
}

// Input is what the person types. It never blocks.
func (t *TTY) Input(b []byte) {
	if t.raw || t.editing {
		if len(b) > 0 {
			t.ready = append(t.ready, append([]byte(nil), b...))
			t.typed.Broadcast()
		}
		return
	}
	for _, c := range b {
		t.key(c)
	}
}

// key is one byte in canonical mode.
func (t *TTY) key(c byte) {
	switch c {
	case 3, 28, 26: // ^C ^\ ^Z
		t.line = nil
		t.display([]byte{'^', c + '@'})
		t.broken = t.foreground
		t.signal(map[byte]Signal{3: SIGINT, 28: SIGQUIT, 26: SIGTSTP}[c])
	case 4: // ^D ends the line without a newline
		t.ready, t.line = append(t.ready, t.line), nil
		t.typed.Broadcast()
	case 8, 127:
		if len(t.line) > 0 {
			_, n := utf8.DecodeLastRune(t.line)
			t.line = t.line[:len(t.line)-n]
			t.display([]byte("\b \b"))
		}
	case 21: // ^U
		for range utf8.RuneCount(t.line) {
			t.display([]byte("\b \b"))
		}
		t.line = nil
	case '\r', '\n':
		t.display([]byte{'\n'})
		t.ready, t.line = append(t.ready, append(t.line, '\n')), nil
		t.typed.Broadcast()
	default:
		t.line = append(t.line, c)
		t.display([]byte{c})
	}
}

func (t *TTY) display(b []byte) {
	if t.echo {
		t.emit(b)
	}
}

// Read is a process reading from its terminal: a line in canonical mode, what
// there is in raw mode. ^D at the start of a line is io.EOF.
func (t *TTY) Read(b []byte) (int, error) {
	checkpoint(t.loop)
	for len(t.ready) == 0 {
		if t.hungUp {
			return 0, io.EOF
		}
		if err := t.typed.Wait(t.loop); err != nil {
			return 0, err
		}
	}
	first := t.ready[0]
	n := copy(b, first)
	if n < len(first) {
		t.ready[0] = first[n:]
		return n, nil
	}
	t.ready = t.ready[1:]
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Pending reports whether a Read would return at once.
func (t *TTY) Pending() bool { return len(t.ready) > 0 || t.hungUp }

// Write is a process writing to its terminal. It blocks when nobody reads the
// master side and 64 KiB are kept.
func (t *TTY) Write(b []byte) (int, error) {
	inside := t.loop.Current() != nil
	if inside {
		checkpoint(t.loop)
	}
	if p := current(t.loop); p != nil {
		p.Work(screenWork + len(b)/64)
	}
	for inside && t.onOutput == nil && len(t.out) >= pipeSize && !t.hungUp {
		if err := t.shown.Wait(t.loop); err != nil {
			return 0, err
		}
	}
	if t.hungUp {
		return 0, EIO
	}
	t.emit(b)
	return len(b), nil
}

// emit shows bytes on the master side, with \n as \r\n unless in raw mode.
func (t *TTY) emit(b []byte) {
	if !t.raw {
		var crlf []byte
		for _, c := range b {
			if c == '\n' {
				crlf = append(crlf, '\r')
			}
			crlf = append(crlf, c)
		}
		b = crlf
	}
	if t.onOutput != nil {
		t.onOutput(b)
		return
	}
	t.out = append(t.out, b...)
	t.shown.Broadcast()
}

// IsTTY reports whether a stream of a process is a terminal, as isatty does.
func IsTTY(stream any) bool {
	switch s := stream.(type) {
	case *TTY:
		return true
	case *File:
		_, ok := s.stream.(*TTY)
		return ok
	}
	return false
}
