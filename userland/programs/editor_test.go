package programs_test

import (
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
)

// edit types keys at an editor on a terminal, and returns the file and what was shown.
func edit(t *testing.T, program, text string, keys ...string) (file, shown string, ended bool) {
	t.Helper()
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "m", nil)
	m.Install(programs.Host())
	tty := userland.NewTTY(l)
	var out strings.Builder
	tty.OnOutput(func(b []byte) { out.Write(b) })
	m.Start(userland.ProcSpec{Args: []string{"write"}, Program: func(p *userland.Process) int {
		p.WriteFile("/tmp/f", []byte(text))
		return 0
	}})
	l.RunFor(time.Second)
	p := m.Start(userland.ProcSpec{Program: programs.Host()[program], Args: []string{program, "/tmp/f"}, TTY: tty, NewGroup: true})
	tty.SetForeground(m, p.PGID)
	l.RunFor(time.Second)
	for _, k := range keys {
		tty.Input([]byte(k))
		l.RunFor(time.Second)
	}
	m.Start(userland.ProcSpec{Args: []string{"read"}, Program: func(p *userland.Process) int {
		b, _ := p.ReadFile("/tmp/f")
		file = string(b)
		return 0
	}})
	l.RunFor(time.Second)
	return file, out.String(), p.Done()
}

func TestEditorsEdit(t *testing.T) {
	const esc, up, right = "\x1b", "\x1b[A", "\x1b[C"
	for _, c := range []struct {
		program string
		keys    []string
		file    string
		shown   string
	}{
		{"vi", []string{"iX", esc, ":wq\r"}, "Xone\ntwo\nthree\n", "-- INSERT --"},
		{"vi", []string{"A!", esc, "j0aY", esc, ":x\r"}, "one!\ntYwo\nthree\n", `"/tmp/f" 3L`},
		{"vi", []string{"ofour\rfive", esc, "ZZ"}, "one\nfour\nfive\ntwo\nthree\n", ""},
		{"vi", []string{"Gdd", "ggp", ":x\r"}, "one\nthree\ntwo\n", ""},
		{"vi", []string{"yyjp", "x", ":wq\r"}, "one\ntwo\nne\nthree\n", ""},
		{"vim", []string{"dd", "u", ":w\r", ":q\r"}, "one\ntwo\nthree\n", "written"},
		{"vi", []string{"/hre\r", "x", ":wq\r"}, "one\ntwo\ntree\n", ""},
		{"vi", []string{"x", ":q\r", ":q!\r"}, "one\ntwo\nthree\n", "E37: No write since last change"},
		{"vi", []string{right + "i-", esc, "j$Oz", esc, ":wq\r"}, "o-ne\nz\ntwo\nthree\n", ""},
		{"vi", []string{"i\x7fab\x7f", esc, ":nosuch\r", ":wq\r"}, "aone\ntwo\nthree\n", "E492: Not an editor command: nosuch"},
		{"nano", []string{"a" + right + "b\r", "\x0f\r", "\x18"}, "aob\nne\ntwo\nthree\n", "[ Wrote 4 lines ]"},
		{"nano", []string{"\x0b", "\x17hr\r", up, "Z", "\x18", "y", "\r"}, "tZwo\nthree\n", "Save modified buffer?"},
		{"nano", []string{"x", "\x18", "n"}, "one\ntwo\nthree\n", "GNU nano"},
	} {
		file, shown, ended := edit(t, c.program, "one\ntwo\nthree\n", c.keys...)
		if file != c.file || !strings.Contains(shown, c.shown) || !ended {
			t.Errorf("%s %q: ended %v, file %q, want %q; shown %q", c.program, c.keys, ended, file, c.file, shown)
		}
	}
}
