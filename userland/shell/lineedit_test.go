package shell_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// screen is as much of a terminal as the line editor uses.
type screen struct {
	cols     int
	rows     [][]rune
	row, col int
	seq      string // an escape sequence that has begun
	part     []byte // of a character
	bells    int
}

func (s *screen) write(b []byte) {
	s.part = append(s.part, b...)
	for len(s.part) > 0 && utf8.FullRune(s.part) {
		r, n := utf8.DecodeRune(s.part)
		s.part = s.part[n:]
		s.put(r)
	}
}

func (s *screen) put(r rune) {
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, nil)
	}
	switch {
	case s.seq != "":
		s.seq += string(r)
		if r != '[' && r >= '@' && r <= '~' {
			s.control()
			s.seq = ""
		}
	case r == 27:
		s.seq = "\x1b"
	case r == '\r':
		s.col = 0
	case r == '\n':
		s.row++
	case r == '\b':
		s.col = max(min(s.col, s.cols-1)-1, 0)
	case r == 7:
		s.bells++
	default:
		w := 1
		if r >= 0x3000 && r != utf8.RuneError {
			w = 2
		}
		if s.col+w > s.cols {
			s.row, s.col = s.row+1, 0
			s.put(r)
			return
		}
		line := s.rows[s.row]
		for len(line) < s.col+w {
			line = append(line, ' ')
		}
		line[s.col] = r
		if w == 2 {
			line[s.col+1] = 0
		}
		s.rows[s.row] = line
		s.col += w
	}
}

func (s *screen) control() {
	n := 0
	for _, r := range s.seq {
		if r >= '0' && r <= '9' {
			n = n*10 + int(r-'0')
		}
	}
	line := s.rows[s.row]
	switch s.seq[len(s.seq)-1] {
	case 'A':
		s.row = max(s.row-max(n, 1), 0)
	case 'B':
		s.row += max(n, 1)
	case 'C':
		s.col = min(s.col+max(n, 1), s.cols-1)
	case 'D':
		s.col = max(min(s.col, s.cols-1)-max(n, 1), 0)
	case 'H':
		s.row, s.col = 0, 0
	case 'K':
		s.rows[s.row] = line[:min(len(line), s.col)]
	case 'J':
		if n == 2 {
			s.rows = nil
			break
		}
		s.rows[s.row] = line[:min(len(line), s.col)]
		s.rows = s.rows[:s.row+1]
	}
}

// text is what one reads on the screen, with ‸ where the cursor stands.
func (s *screen) text() string {
	var out []string
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, nil)
	}
	for i, line := range s.rows {
		l := ""
		for k, r := range line {
			if i == s.row && k == s.col {
				l += "‸"
			}
			if r != 0 {
				l += string(r)
			}
		}
		if i == s.row && s.col >= len(line) {
			l += strings.Repeat(" ", s.col-len(line)) + "‸"
		}
		l = strings.TrimRight(l, " ")
		out = append(out, l)
	}
	return strings.Join(out, "\n")
}

// desk is a person at a terminal with a shell.
type desk struct {
	l   *sim.Loop
	m   *userland.Machine
	tty *userland.TTY
	p   *userland.Process
	scr *screen
}

func sitDown(style shell.Style, cols int) *desk {
	l := sim.NewLoop(1)
	set := programs.Host()
	if style == shell.Ash {
		set = programs.Busybox()
	}
	d := &desk{l: l, m: newMachine(l, set)}
	d.m.FS().MkdirAll("/root/data", 0o755)
	d.m.FS().WriteFile("/root/data/one", nil, 0o644)
	d.m.FS().WriteFile("/root/data/other two", nil, 0o644)
	d.login(style, cols)
	return d
}

func (d *desk) login(style shell.Style, cols int) {
	d.tty, d.scr = userland.NewTTY(d.l), &screen{cols: cols}
	d.tty.Resize(userland.Winsize{Rows: 24, Cols: cols})
	d.tty.OnOutput(d.scr.write)
	d.p = d.m.Start(userland.ProcSpec{
		Program: shell.Sh(style), Args: []string{"-sh"}, Dir: "/root", TTY: d.tty, NewGroup: true,
		Env: []string{"PS1=$ ", "HOME=/root", "PATH=/bin:/sbin"},
	})
	d.l.RunFor(time.Second)
}

func (d *desk) typed(keys ...string) string {
	for _, k := range keys {
		d.tty.Input([]byte(k))
		d.l.RunFor(time.Second)
	}
	return d.scr.text()
}

const (
	up, down, left, right = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C"
	home, end, del        = "\x1b[H", "\x1bOF", "\x1b[3~"
)

func TestLineEditing(t *testing.T) {
	for _, c := range []struct {
		name string
		cols int
		keys []string
		want string
	}{
		{"insert in the middle", 40, []string{"ehello", left, left, left, left, left, "cho ", "\r"}, "$ echo hello\nhello\n$ ‸"},
		{"home, end, delete", 40, []string{"xab", home, del, "\x05", "c", "\x01", "\x06", "-", "\x02\x02", "\x04"}, "$ ‸-bc"},
		{"ends of the line", 40, []string{"a", left, left, right, right, "b", end, "c", home, "\x7f", "d"}, "$ d‸abc"},
		{"kill and yank", 40, []string{"one two three", "\x17", "\x17", "x", "\x19"}, "$ one xtwo three‸"},
		{"kill to both ends", 40, []string{"abcdef", left, left, "\x0b", "\x15", "\x19\x19"}, "$ abcdefabcdef‸"},
		{"words", 40, []string{"ab cd/ef", "\x1bb", "\x1b\x7f", "\x1b[1;5D", "X\x1bf", "Y", "\x1bd"}, "$ XabY‸"},
		{"transpose", 40, []string{"sl", "\x14"}, "$ ls‸"},
		{"utf-8", 40, []string{"h\xc3", "\xb6日本", left, "\x7f", "語"}, "$ hö語‸本"},
		{"wrap", 10, []string{"0123456789abcdefghij", home, "XY"}, "$ XY‸012345\n6789abcdef\nghij"},
		{"wrap at the edge", 10, []string{"01234567"}, "$ 01234567\n‸"},
		{"unwrap", 10, []string{"01234567", "\x7f"}, "$ 0123456‸"},
		{"wide at the edge", 9, []string{"012345日本"}, "$ 012345\n日本‸"},
		{"kill over rows", 10, []string{"0123456789abcdefghij", "\x15", "x"}, "$ x‸"},
		{"interrupt", 40, []string{"abc", left, "\x03", "echo $?\r"}, "$ abc^C\n$ echo $?\n130\n$ ‸"},
		{"clear", 40, []string{"echo a\r", "bcd", left, "\x0c"}, "$ bc‸d"},
		{"paste", 40, []string{"\x1b[200~ab\tc\x1b[201~d"}, "$ ab    cd‸"},
		{"paste of lines", 40, []string{"\x1b[200~if x\n\ty\rfi\x1b[201~"}, "$ if x\n        y\nfi‸"},
		{"change in pasted lines", 40, []string{"\x1b[200~long\nab\x1b[201~", "\x01\x0b", "z"}, "$ z‸"},
		{"unknown keys", 40, []string{"a\x1b[15~\x1b[1;2Q\x1bOPb\x00\x1dc"}, "$ abc‸"},
		{"up and down", 40, []string{"echo a\recho b\r", up, up, down, "c"}, "$ echo a\na\n$ echo b\nb\n$ echo bc‸"},
		{"back to what was typed", 40, []string{":\r", "ec", up, up, "\x0e"}, "$ :\n$ ec‸"},
		{"last argument", 40, []string{": x y\r:\r", "\x1b.", "\x1b."}, "$ : x y\n$ :\n$ y‸"},
		{"search", 60, []string{": abc\r: xbz\r", "\x12b"}, "$ : abc\n$ : xbz\n(reverse-i-search)`b': : x‸bz"},
		{"search further", 60, []string{": abc\r: xbz\r", "\x12b\x12", end, "d"}, "$ : abc\n$ : xbz\n$ : abcd‸"},
		{"search in vain", 60, []string{": a\r", "q\x12z"}, "$ : a\n(failed reverse-i-search)`z': q‸"},
		{"search given up", 60, []string{": a\r", "q\x12a\x07"}, "$ : a\n$ q‸"},
		{"several lines are one command", 40, []string{"for i in 1\rdo\r:\rdone\r", up}, "$ for i in 1\n> do\n> :\n> done\n$ for i in 1; do :; done‸"},
		{"events", 40, []string{"echo a b\r", "echo !$ '!$'\r"}, "$ echo a b\na b\n$ echo !$ '!$'\necho b '!$'\nb !$\n$ ‸"},
		{"no such event", 40, []string{"echo !nope\r"}, "$ echo !nope\n-sh: !nope: event not found\n$ ‸"},
		{"complete a command", 40, []string{"hostn\t"}, "$ hostname ‸"},
		{"complete a path", 40, []string{"ls da\to\t", "n\t"}, "$ ls data/one ‸"},
		{"complete with quotes", 60, []string{"ls data/ot\t", "'/root/data/ot\t"}, "$ ls data/other\\ two '/root/data/other two' ‸"},
		{"list", 40, []string{"ls data/\t\t\t"}, "$ ls data/o\none        other two\n$ ls data/o‸"},
		{"complete nothing", 40, []string{"ls zz\t\t"}, "$ ls zz‸"},
		{"complete a variable", 40, []string{"echo $HOM\t"}, "$ echo $HOME ‸"},
		{"cat reads the terminal's lines", 40, []string{"cat\r", "ab\x7fc\r", "\x04", "x"}, "$ cat\nac\nac\n$ x‸"},
		{"read reads the terminal's lines", 40, []string{"read v\r", "a b\r", "echo =$v=\r"}, "$ read v\na b\n$ echo =$v=\n=a b=\n$ ‸"},
		{"what is typed ahead", 40, []string{"sleep 5\recho a\rec", "ho b"}, "$ sleep 5\n"},
		{"a program is interrupted", 40, []string{"sleep 99\r", "\x03"}, "$ sleep 99\n^C\n$ ‸"},
		{"end of file", 40, []string{"\x04"}, "$ logout\n‸"},
		{"exit", 40, []string{"exit\r"}, "$ exit\nlogout\n‸"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sitDown(shell.HostSh, c.cols)
			got := d.typed(c.keys...)
			if c.name == "what is typed ahead" {
				d.l.RunFor(10 * time.Second)
				got, c.want = d.scr.text(), "$ sleep 5\nho b$ echo a\na\n$ echo b‸"
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestTheHistoryOutlivesTheShell(t *testing.T) {
	d := sitDown(shell.HostSh, 40)
	d.typed("echo a\r", "exit\r")
	d.login(shell.HostSh, 40)
	want := "$ history\n    1  echo a\n    2  exit\n    3  history\n$ echo a‸"
	if got := d.typed("history\r", up, up, up); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	d = sitDown(shell.Ash, 40)
	d.typed("echo a\r", "echo a\r")
	if got, _ := d.m.FS().ReadFile("/root/.ash_history"); string(got) != "echo a\n" {
		t.Errorf("ash wrote %q", got)
	}
}

func TestManyMatchesAreListedOnRequest(t *testing.T) {
	d := sitDown(shell.HostSh, 80)
	if got := d.typed("\t", "\t"); !strings.Contains(got, "possibilities? (y or n)‸") {
		t.Errorf("no question: %s", got)
	}
	if got := d.typed("n", ":"); !strings.HasSuffix(got, "\n$ :‸") {
		t.Errorf("after n: %s", got)
	}
}

func TestTheTerminalHangsUpWhileALineIsEdited(t *testing.T) {
	d := sitDown(shell.HostSh, 40)
	d.typed("abc")
	d.tty.Hangup()
	d.l.RunFor(time.Second)
	if !d.p.Done() {
		t.Error("the shell goes on")
	}
}
