package shell_test

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

// result is what a piece of script did.
type result struct {
	out    string // standard output and error as they came
	status int
	at     time.Duration
	err    error
}

// newMachine is a host without a network and with every program of its set.
func newMachine(l *sim.Loop, set map[string]userland.Program) *userland.Machine {
	m := userland.NewMachine(l, "bdc01", nil)
	m.Install(set)
	return m
}

// run gives a text to sh -c on a fresh machine.
func run(t *testing.T, style shell.Style, text string) result {
	t.Helper()
	l := sim.NewLoop(1)
	set := programs.Host()
	if style == shell.Ash {
		set = programs.Busybox()
	}
	m := newMachine(l, set)
	name := "sh"
	if style == shell.Bash {
		name = "bash"
	}
	return runOn(m, shell.Sh(style), name, "-c", text)
}

func runOn(m *userland.Machine, prog userland.Program, args ...string) result {
	var out bytes.Buffer
	l := m.Loop()
	p := m.Start(userland.ProcSpec{Program: prog, Args: args, Stdout: &out, Stderr: &out})
	err := l.Run(p.Done, time.Hour)
	return result{out.String(), p.Status(), l.Now(), err}
}

// TestShellDoesWhatBashDoes holds snippets with what bash printed for them.
func TestShellDoesWhatBashDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/shell.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(data), "=== \n")[1:] {
		text, rest, _ := strings.Cut(part, "\n--- ")
		code, want, _ := strings.Cut(rest, "\n")
		status, _ := strconv.Atoi(code)
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			r := run(t, shell.Bash, text)
			if r.out != want || r.status != status || r.err != nil {
				t.Errorf("%s\ngot  %d %q %v\nwant %d %q", text, r.status, r.out, r.err, status, want)
			}
		})
	}
}
