package seat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"dnetsim/scenarios/replay"
)

// screen is a terminal as the seat sees it.
type screen struct {
	pending []byte // shown by the world and not told yet
	ended   bool
	typed   []byte // of the line that is being typed
}

// mostKeys is how much may be typed at once, in bytes.
const mostKeys = 64 << 10

// screen begins to listen to a terminal.
func (s *Seat) screen(n int) *screen {
	for len(s.screens) < n {
		s.screens = append(s.screens, &screen{})
	}
	x := s.screens[n-1]
	s.world.OnOutput(n, func(b []byte) { x.pending = append(x.pending, b...) })
	return x
}

// input carries an input out: it is at the time that the world has come to.
func (s *Seat) input(in replay.Input) error {
	if s.logged += weight(in); s.logged > s.config.Limits.Log {
		return fmt.Errorf("more than %d MB have been typed: start the lab again", s.config.Limits.Log>>20)
	}
	if err := s.world.Do(in); err != nil {
		if s.world.Err() != nil {
			s.fails(s.world.Err())
		}
		return err
	}
	in.At = s.world.Now()
	s.noted(in)
	s.desk.unkept = true
	if s.state != Running && s.goal == nil { // what the keys do at this very instant is seen
		if err := s.world.Run(s.world.Now(), func() bool { return false }); err != nil {
			s.fails(err)
		}
	}
	s.teller.flush()
	return nil
}

func (s *Seat) open(place string, rows, cols int) (int, error) {
	n := 0
	for k := 1; k <= s.world.Terminals(); k++ {
		if !s.world.Ended(k) {
			n++
		}
	}
	if n >= s.config.Limits.Terminals {
		return 0, fmt.Errorf("%d terminals are open: close one first", n)
	}
	if err := s.input(replay.Input{Kind: replay.OpenTerminal, Place: place, Rows: bound(rows, 24), Cols: bound(cols, 80)}); err != nil {
		return 0, err
	}
	n = s.world.Terminals()
	x := s.screen(n)
	x.pending = append([]byte(nil), s.world.Shown(n)...)
	s.teller.terms()
	s.teller.flush()
	return n, nil
}

// bound is a size of a window that makes sense.
func bound(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return min(n, 1000)
}

func (s *Seat) known(n int) error {
	if n < 1 || n > s.world.Terminals() {
		return fmt.Errorf("there is no terminal %d", n)
	}
	return nil
}

func (s *Seat) keys(v *viewer, r Request) {
	err := s.known(r.Term)
	switch {
	case err != nil:
	case len(r.Data) > mostKeys:
		err = fmt.Errorf("more than %d bytes at once: nothing of it was typed", mostKeys)
	case r.Data == "" || s.world.Ended(r.Term):
		return
	default:
		err = s.input(replay.Input{Kind: replay.TypeKeys, Terminal: r.Term, Data: r.Data})
	}
	if err != nil {
		s.answer(v, r, nil, err)
	}
}

func (s *Seat) size(r Request) {
	if s.known(r.Term) == nil && !s.world.Ended(r.Term) {
		s.input(replay.Input{Kind: replay.Resize, Terminal: r.Term, Rows: bound(r.Rows, 24), Cols: bound(r.Cols, 80)})
	}
}

func (s *Seat) hangup(n int) {
	if s.known(n) == nil && !s.world.Ended(n) {
		s.input(replay.Input{Kind: replay.Hangup, Terminal: n})
	}
}

// ahead is how long a terminal at which a line was typed for somebody takes the next
// one, though the first may still run: the lines of a cure come one after the other.
const ahead = 30 * time.Second

// typeLine types a line at a place: where the line before was typed, in a terminal that
// waits there for one, or in a new one.
func (s *Seat) typeLine(place, line string) (int, error) {
	line = strings.ReplaceAll(line, "\n", "\r")
	if len(line) > mostKeys || strings.ContainsAny(line, "\x03\x04\x1a\x1b") {
		return 0, fmt.Errorf("that is no line that can be typed")
	}
	n := 0
	for k := 1; k <= s.world.Terminals(); k++ {
		if s.world.Place(k) == place && !s.world.Ended(k) && waits(s.world.Shown(k)) {
			n = k
		}
	}
	if k := s.typed.term; k > 0 && k <= s.world.Terminals() && s.world.Place(k) == place && !s.world.Ended(k) && time.Since(s.typed.at) < ahead {
		n = k
	}
	if n == 0 {
		var err error
		if n, err = s.open(place, 0, 0); err != nil {
			return 0, err
		}
	}
	s.typed.term, s.typed.at = n, time.Now()
	return n, s.input(replay.Input{Kind: replay.TypeKeys, Terminal: n, Data: line + "\r"})
}

// waits reports whether a terminal shows a prompt with nothing behind it.
func waits(shown []byte) bool {
	tail := shown[max(0, len(shown)-64):]
	return strings.HasSuffix(string(tail), "# ") || strings.HasSuffix(string(tail), "$ ")
}

// noted keeps the lines that are typed, for the time bar and for who looks on.
func (s *Seat) noted(in replay.Input) {
	if in.Kind != replay.TypeKeys || in.Terminal < 1 {
		return
	}
	for len(s.screens) < in.Terminal {
		s.screens = append(s.screens, &screen{})
	}
	x := s.screens[in.Terminal-1]
	for _, c := range []byte(in.Data) {
		switch {
		case c == '\r' || c == '\n':
			if text := strings.TrimSpace(string(x.typed)); text != "" && utf8.ValidString(text) {
				if len(s.lines) >= 500 {
					s.lines = s.lines[1:]
				}
				s.lines = append(s.lines, mark{in.At.Microseconds(), text, "command"})
				s.publish()
			}
			x.typed = nil
		case c == 127 || c == 8:
			_, n := utf8.DecodeLastRune(x.typed)
			x.typed = x.typed[:len(x.typed)-n]
		case c == 3 || c == 21:
			x.typed = nil
		case c >= ' ' && len(x.typed) < 400:
			x.typed = append(x.typed, c)
		}
	}
}

// whole is the part of bytes that ends with a whole character, and the rest.
func whole(b []byte) (now, rest []byte) {
	for n := 1; n <= min(3, len(b)); n++ {
		c := b[len(b)-n]
		if c < 0x80 {
			break
		}
		if c >= 0xc0 {
			if !utf8.FullRune(b[len(b)-n:]) {
				return b[:len(b)-n], b[len(b)-n:]
			}
			break
		}
	}
	return b, nil
}
