package shell_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// fuzzBudget is the work that one input may do, of half a minute's.
const fuzzBudget = 1.0 / 300

// FuzzShell gives any text to ash, to bash, and to bash as a script on standard
// input: it ends, or meets the end of its time or of its work; after that
// nothing of it runs, and who runs it again sees the same.
func FuzzShell(f *testing.F) {
	for _, s := range []string{
		"echo $((1+", "let x=1/0", "echo $((1<<99)) $((-9223372036854775808/-1))", "a[1]=2; echo ${#a[*]}", "a=(1 2); echo ${a[@]:1}", // arithmetic and indices at their ends
		"cat <<E\n$x\nE", "cat <<E", "cat <<-'E' <<F\n\tE\n", "read x <<< y", "$(<x)", // documents that end late or never
		"x=${y:?z}", "echo ${!x} ${x@Q} ${x//a/b} ${x:-${y:=${z}}}", "[[ a =~ ( ]]", "case a in", "case $x in (a|b) ;; *) ;;& esac", // expansions and patterns that do not close
		"{ a; } | b &", "ls | sed s/a/b/ | awk '{print $1}'", "exec 9>&8", "exec >&-; echo x", "echo x 2>&1 >/dev/full | cat <&3", // streams that are not there
		"trap 'f' EXIT; f(){ :; }", "trap 'kill $$' TERM; kill $$", "f(){ f; }; f", ":(){ :|:& };:", "for((;;)); do break; done", "while :; do :; done", "until false; do sleep 1; done", // what does not end
		"printf %9999999d 1", "printf '%*.*s%b%q' -9 9 a '\\0777'", "echo {1..9999999}", "echo {a..z}{a..z}{a..z}", "set -- $(seq 1 99999)", "eval eval eval", "x=a; while :; do x=$x$x; done", // a little that becomes much
		"kill -9 -1", "wait; jobs; fg; bg %9", "ulimit -n 0; cd /nosuch; umask 9", "sleep 9 & kill %1; wait $!", "alias a=a; a", "exec sh -c 'exec sh'", "\x00\xff\\", // jobs, limits, bytes
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ash := shellEnd(t, shell.Ash, text, nil)
		if again := shellEnd(t, shell.Ash, text, nil); again != ash {
			t.Errorf("%q: first\n%s\nthen\n%s", text, ash, again)
		}
		shellEnd(t, shell.Bash, "", []byte(text))
		shellEnd(t, shell.Bash, text, nil)
	})
}

// shellEnd runs a text, or a script on standard input, and says what came of it.
func shellEnd(t *testing.T, style shell.Style, text string, script []byte) string {
	l := sim.NewLoop(1)
	defer l.Close()
	l.SetBudget(fuzzBudget)
	m := newMachine(l, programs.Busybox())
	var out bytes.Buffer
	spec := userland.ProcSpec{Program: shell.Sh(style), Args: []string{"sh", "-c", text}, Stdout: &out, Stderr: &out}
	if script != nil {
		spec.Args, spec.Stdin = []string{"sh"}, bytes.NewReader(script)
	}
	p := m.Start(spec)
	err := l.Run(p.Done, time.Minute)
	if err != nil && err != sim.ErrLimit && err != sim.ErrIdle && err != sim.ErrWork {
		t.Fatal(err)
	}
	if s := p.Status(); p.Done() && (s < 0 || s > 255) {
		t.Errorf("%q: status %d", text, s)
	}
	m.KillAll()
	l.SetBudget(1e6)
	l.Settle()
	if n := len(m.Processes()); n != 0 || l.Procs() != 0 {
		t.Errorf("%q: %d processes and %d coroutines are left", text, n, l.Procs())
	}
	end := "ended"
	if err != nil {
		end = err.Error()
	}
	return end + "\n" + out.String()
}

// FuzzTerminal types any keys at a shell. As long as no line is ended, what was
// drawn piece by piece is what ^L draws anew; when the terminal hangs up, the
// shell ends.
func FuzzTerminal(f *testing.F) {
	for _, s := range []string{
		"ehello" + left + left + "cho " + home + end + del, "one two\x17\x17\x19\x0b\x15\x19", "sl\x14\x14\x14", "h\xc3\xb6日本" + left + "\x7f語", // editing, killing, characters of several bytes
		"0123456789012345678901234567890123456789" + home + "XY" + del, strings.Repeat("日", 30) + left + left + "a\x15", // over the edge and back
		"\x1b[200~ab\tc\x1b[201~d", "a\x1b[15~\x1b[1;2Q\x1bOPb\x00\x1dc", "\x1b[99999999999999999999~", "\x1b\x1b\x1b[", "\xff\xc3(", // paste, unknown keys, sequences without an end, no characters
		"hostn\tx\t", "ls da\to\t\t\t", "ls '\t", "echo $HOM\t\t", "$(\t", "\t\t", "ls ~\t~root/\t", "cat data/ot\t>\t", // completion
		": a b\r: c\r" + up + up + down + "x\x1b.\x1b.\x1b<\x1b>", ":\r\x12:\x12\x12\x07", "\x12abc\x7f\x7f\x7f\x7f", // history, search
		"echo !!\r!$\r!nope\r!-9999999999\r!?\r", "for i in 1\rdo\r", "cat <<E\rx\r\x04", "cat\rab\x7f\x15c\r\x1a\x1c\x03", "trap '' 1\rexit\r", "stty -echo\rread x\ry\r", "sleep 9\r\x03\x04", // lines that go on, programs that read
		"set -o vi\r", "PS1='\\u\\h\\w\\$ \\[\\033[1m\\]'\r", "PS1=\r" + left + "x", // prompts
	} {
		f.Add([]byte(s), byte(40), false)
		f.Add([]byte(s), byte(9), true)
	}
	f.Fuzz(func(t *testing.T, keys []byte, cols byte, ash bool) {
		style := shell.Bash
		if ash {
			style = shell.Ash
		}
		d := sitDown(style, 4+int(cols%100))
		defer d.l.Close()
		d.l.SetBudget(fuzzBudget)
		one := onOneLine(keys)
		d.typed(string(one), "n~\x1b[201~") // whatever has begun ends
		before := strings.Split(d.scr.text(), "\n")
		after := strings.Split(d.typed("\x0c"), "\n")
		if len(after) > len(before) || !slices.Equal(before[len(before)-len(after):], after) {
			t.Fatalf("%q over %d columns looks like\n%s\nand drawn anew\n%s", one, d.scr.cols, strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
		d.tty.Input([]byte{3})
		d.l.RunFor(time.Second)
		d.tty.Input(keys)
		d.l.RunFor(10 * time.Second)
		d.tty.Hangup()
		if err := d.l.Run(d.p.Done, d.l.Now()+time.Minute); err != nil && err != sim.ErrWork {
			t.Fatalf("%q: the shell outlives its terminal: %v", keys, err)
		}
		d.m.KillAll()
		d.l.SetBudget(1e6)
		d.l.Settle()
		if n := len(d.m.Processes()); n != 0 {
			t.Errorf("%q: %d processes are left", keys, n)
		}
	})
}

// onOneLine are the keys that neither end a line nor show what the test's screen
// has no width for.
func onOneLine(keys []byte) []byte {
	var b []byte
	for len(keys) > 0 {
		r, n := utf8.DecodeRune(keys)
		if r < 0x7f && r != '\r' && r != '\n' && r != 3 && r != 4 && r != 22 || r == 'ö' || r >= 0x3041 && r < 0x9fff {
			b = append(b, keys[:n]...)
		}
		keys = keys[n:]
	}
	return b
}
