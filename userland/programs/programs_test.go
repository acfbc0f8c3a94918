package programs_test

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// run gives a line to a shell on a machine with a set of programs.
func run(t *testing.T, set map[string]userland.Program, style shell.Style, text string) (out string, status int) {
	t.Helper()
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "m", nil)
	m.Install(set)
	var b bytes.Buffer
	p := m.Start(userland.ProcSpec{Program: shell.Sh(style), Args: []string{"sh", "-c", text}, Stdout: &b, Stderr: &b})
	if err := l.Run(p.Done, time.Hour); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return b.String(), p.Status()
}

// TestProgramsDoWhatGNUDoes holds pipelines with what Debian's programs
// printed for them.
func TestProgramsDoWhatGNUDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/gnu.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(data), "=== \n")[1:] {
		text, rest, _ := strings.Cut(part, "\n--- ")
		code, want, _ := strings.Cut(rest, "\n")
		wantStatus, _ := strconv.Atoi(code)
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			out, status := run(t, programs.Host(), shell.Bash, text)
			if out != want || status != wantStatus {
				t.Errorf("%s\ngot  %d %q\nwant %d %q", text, status, out, wantStatus, want)
			}
		})
	}
}

// top goes on for as long as it may, whatever it writes to; procps' wants a
// terminal to begin with.
func TestTopGoesOnWithoutATerminal(t *testing.T) {
	out, _ := run(t, programs.Busybox(), shell.Ash, "top & sleep 12; kill %1")
	if pages := strings.Count(out, "\x1b[H\x1b[JMem: "); pages != 3 {
		t.Errorf("busybox' top showed %d pages in 12 seconds, want 3:\n%q", pages, out)
	}
	if out, status := run(t, programs.Host(), shell.Bash, "top </dev/null"); out != "top: failed tty get\n" || status != 1 {
		t.Errorf("procps' top: %d %q", status, out)
	}
	if out, status := run(t, programs.Host(), shell.Bash, "top -b -n 2 -d 1 | grep -c ^Mem:"); out != "2\n" || status != 0 {
		t.Errorf("procps' top -b -n 2: %d %q", status, out)
	}
}

// What tar packs it unpacks again, in all spellings of its command line.
func TestTarPacksAndUnpacks(t *testing.T) {
	for _, c := range []struct {
		line, want string
		status     int
	}{
		{"mkdir -p /t/d; cd /t; echo one > a; echo two > d/b; ln -s a d/l; tar czf x.tgz a d; tar tzf x.tgz", "a\nd/\nd/b\nd/l\n", 0},
		{"mkdir -p /t /o; cd /t; echo one > a; tar -cf - a | tar xvf - -C /o; cat /o/a", "a\none\n", 0},
		{"mkdir -p /t/d; cd /t; echo one > a; echo two > d/b; tar -c -f x.tar -C /t a d; rm -r a d; tar --extract --file=x.tar d; ls", "d\nx.tar\n", 0},
		{"echo one > /a; cd /tmp; tar cf x.tar /a 2>/dev/null; tar tvf x.tar | cut -c1-30", "-rw-r--r-- root/root         4\n", 0},
		{"tar xf /nosuch.tar", "tar: /nosuch.tar: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n", 2},
		{"cd /tmp; tar cf x.tar nosuch", "tar: nosuch: Cannot stat: No such file or directory\ntar: Exiting with failure status due to previous errors\n", 2},
		{"printf 'a\\nb\\n' | grep --line-buffered b", "b\n", 0},
	} {
		if out, status := run(t, programs.Host(), shell.Bash, c.line); out != c.want || status != c.status {
			t.Errorf("%s: status %d\n%s\nwant %d\n%s", c.line, status, out, c.status, c.want)
		}
	}
}
