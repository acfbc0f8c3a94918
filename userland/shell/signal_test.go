package shell_test

import (
	"strings"
	"testing"
	"time"

	"dnetsim/userland/shell"
)

// A line that is typed at a terminal ends with ^C, whatever it consists of, and
// the terminal takes the next one.
func TestInterruptEndsTheWholeLine(t *testing.T) {
	for _, style := range []shell.Style{shell.HostSh, shell.Ash} {
		for i, line := range []string{
			"sleep 1000", "sleep 5; echo no", "sleep 5 && echo no || echo no", "while true; do sleep 1; done", "until false; do sleep 1; done; echo no",
			"for i in 1 2 3; do sleep 5; echo no; done", "while :; do :; done", "while true; do true; done; echo no", "while :; do date; done; echo no", "yes", "yes | cat", "cat /dev/zero > /dev/null; echo no",
			"f() { while :; do sleep 1; done; echo no; }; f; echo no", "if sleep 9; then echo no; else echo no; fi", "(while :; do sleep 1; done); echo no", "sleep 9 | sleep 9; echo no",
			"eval 'sleep 9; echo no'; echo no", "{ sleep 9; echo no; }; echo no", "while sleep 1; do :; done; echo no", "read x; echo no", "sleep 100 & wait; echo no", "cat; echo no", "x=$(sleep 9); echo no",
		} {
			if style == shell.Ash && i%3 != 0 {
				continue // one shell below two faces
			}
			d := sitDown(style, 80)
			d.tty.Input([]byte(line + "\r"))
			d.l.RunFor(20 * time.Millisecond)
			d.tty.Input([]byte("\x03"))
			d.l.RunFor(20 * time.Millisecond)
			d.scr = &screen{cols: 80}
			d.tty.OnOutput(d.scr.write)
			if got := d.typed("echo back\r"); !strings.Contains(got, "\nback\n$ ‸") || strings.Contains(got, "\nno") {
				t.Errorf("style %v, %s:\n%s", style, line, got)
			}
			d.m.KillAll()
			d.l.Close()
		}
	}
}

// After ^C the prompt is on a line of its own, also where the program of a loop had
// just ended; a program that hears of it and ends has the line to itself.
func TestThePromptIsOnALineOfItsOwnAfterInterrupt(t *testing.T) {
	for line, want := range map[string]string{
		"while :; do date; done": "\n\n$ ‸", "while true; do ls /; done": "\n\n$ ‸", "sleep 9": "^C\n$ ‸", "while :; do sleep 1; done": "^C\n$ ‸",
		"sh -c 'trap \"echo x; exit\" INT; sleep 9 & wait'": "^Cx\n$ ‸",
	} {
		d := sitDown(shell.HostSh, 80)
		d.tty.Input([]byte(line + "\r"))
		d.l.RunFor(20 * time.Millisecond)
		d.scr = &screen{cols: 80}
		d.tty.OnOutput(d.scr.write)
		d.tty.Input([]byte("\x03"))
		d.l.RunFor(20 * time.Millisecond)
		if got := d.scr.text(); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got\n%s", line, got)
		}
		d.m.KillAll()
		d.l.Close()
	}
}

func TestATrapOfInterruptIsTheShellsOwn(t *testing.T) {
	d := sitDown(shell.HostSh, 80)
	if got := d.typed("trap 'echo bye' INT; sleep 5\r", "\x03"); !strings.Contains(got, "^C\nbye\n$") {
		t.Errorf("a trap:\n%s", got)
	}
	if got := d.typed("trap - INT; sleep 5; echo no\r", "\x03", "echo back\r"); strings.Contains(got, "\nno\n") || !strings.HasSuffix(got, "\nback\n$ ‸") {
		t.Errorf("the trap taken back:\n%s", got)
	}
}

func TestJobsStopAndGoOn(t *testing.T) {
	for _, style := range []shell.Style{shell.HostSh, shell.Ash} {
		d := sitDown(style, 80)
		got := d.typed("sleep 100\r", "\x1a", "jobs\r")
		if strings.Count(got, "[1]+  Stopped                 sleep 100\n") != 2 {
			t.Errorf("^Z:\n%s", got)
		}
		if got := d.typed("bg\r", "jobs\r"); !strings.Contains(got, "[1]+ sleep 100 &\n") || !strings.Contains(got, "[1]+  Running                 sleep 100") {
			t.Errorf("bg:\n%s", got)
		}
		if got := d.typed("fg\r", "\x1a", "fg %1\r", "\x03", "jobs\r", "fg\r"); !strings.Contains(got, "no such job") {
			t.Errorf("fg:\n%s", got)
		}
		got = d.typed("clear\r", "sleep 3; echo after\r", "\x1a", "fg\r", "", "", "", "jobs\r", "echo end\r")
		if !strings.HasSuffix(got, "$ jobs\n$ echo end\nend\n$ ‸") || strings.Count(got, "\nafter") != 1 {
			t.Errorf("a list:\n%s", got)
		}
		if got := d.typed("clear\r", "while :; do sleep 1; done\r", "\x1a", "kill %1\r", "jobs\r", "echo end\r"); !strings.HasSuffix(got, "\nend\n$ ‸") {
			t.Errorf("a loop:\n%s", got)
		}
	}
}

// A here-document's delimiter may be quoted in every form, also where its lines
// are typed one by one.
func TestHereDocumentsWithQuotedDelimiters(t *testing.T) {
	for _, op := range []string{"<<'EOF'", `<<"EOF"`, `<<\EOF`, "<< 'EOF'", "<<'E OF'", "<<EOF"} {
		stop := "EOF"
		if strings.Contains(op, " OF") {
			stop = "E OF"
		}
		d := sitDown(shell.HostSh, 80)
		got := d.typed("cat > f "+op+"\r", "{\"icc\": `false`}\r", "\r", "  $HOME\r", " "+stop+"\r", stop+"\r", "clear; cat f\r")
		want := "{\"icc\": `false`}\n\n  $HOME\n " + stop + "\n$ ‸"
		if op == "<<EOF" {
			want = "\n\n  /root\n EOF\n$ ‸"
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%s:\n%s", op, got)
		}
	}
	d := sitDown(shell.HostSh, 80)
	if got := d.typed("cat <<-'EOF'; cat <<'B'\r", "a $x\r", "EOF\r", "b\r", "B\r", "echo back\r"); !strings.HasSuffix(got, "> B\na $x\nb\n$ echo back\nback\n$ ‸") {
		t.Errorf("two of them:\n%s", got)
	}
}
