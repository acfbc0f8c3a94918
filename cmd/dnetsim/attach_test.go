package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// ~ at the start of a line is dnetsim's, as with ssh.
func TestEscapesAreFoundAtTheStartOfALine(t *testing.T) {
	for _, c := range []struct {
		typed, want string
		left, helps int
	}{
		{"ls ~/x\r", "ls ~/x\r", 0, 0}, {"~.", "", 1, 0}, {"ls\r~.", "ls\r", 1, 0}, {"a~.", "a~.", 0, 0}, {"~?~.", "", 1, 1}, {"~~x", "~x", 0, 0}, {"~x", "~x", 0, 0}, {"sleep 9\x03~.", "sleep 9\x03", 1, 0},
	} {
		left, helps, out := 0, 0, ""
		e := escape{leave: func() { left++ }, help: func() { helps++ }}
		for _, k := range []byte(c.typed) {
			out += string(e.keys([]byte{k}))
		}
		if out != c.want || left != c.left || helps != c.helps {
			t.Errorf("%q: %q, left %d, helped %d", c.typed, out, left, helps)
		}
	}
}

// Another terminal on a lab that is open: the same machines, a terminal of its own.
func TestAnotherTerminalOnALab(t *testing.T) {
	run := t.TempDir()
	env := func(k string) string { return map[string]string{"XDG_RUNTIME_DIR": run}[k] }
	s, err := scenarios.Read("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	lab, err := scenarios.Open(s, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	owner := &terminal{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: env}
	door, err := openDoor(owner, replay.Adopt(replay.Options{Scenario: s}, lab))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(run, "dnetsim", "small.sock")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || door.name != "small" {
		t.Errorf("the socket: %v, %v", info, err)
	}
	over := make(chan struct{})
	done := false
	go func() {
		lab.Loop.Live(newPace(lab.Loop.Now(), 1), func() bool { return done })
		close(over)
	}()
	var out bytes.Buffer
	second := &terminal{in: strings.NewReader("echo $((6*7)); hostname\nexit\n"), out: &out, err: io.Discard, env: env}
	if err := attach(t.Context(), second, "", said{}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "42\nbdc01\n") {
		t.Errorf("the second terminal shows %q", out.String())
	}
	if err := attach(t.Context(), second, "other", said{}); err == nil || !strings.Contains(err.Error(), "one of small") {
		t.Errorf("a lab that is none: %v", err)
	}
	lab.Loop.Inject(func() { done = true })
	<-over
	door.close()
	lab.Close()
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		t.Error("the socket outlives its lab")
	}
	if err := attach(t.Context(), second, "", said{}); err == nil || !strings.Contains(err.Error(), "no lab is open") {
		t.Errorf("no lab: %v", err)
	}
}

func TestAShellOpensWhereTheStepsHaveGot(t *testing.T) {
	text := "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts: {h1: {address: 10.0.0.11}}\nsetup:\n  - h1$ echo set > /root/f\nsteps:\n  - h1$ echo one >> /root/f\n  - wait: 30s\n  - h1$ echo two >> /root/f\n"
	for at, want := range map[string]string{"setup": "set\n", "1": "set\none\n", "20s": "set\none\n", "end": "set\none\ntwo\n", "echo two": "set\none\n"} {
		code, out, errs := call(t, text, nil, "shell", "-", "--at", at, "-c", "cat /root/f")
		if code != exitOK || out != want {
			t.Errorf("--at %s: status %d\n%s%s", at, code, out, errs)
		}
	}
	if code, _, errs := call(t, text, nil, "shell", "-", "--at", "nowhere", "-c", "true"); code != exitUsage {
		t.Errorf("--at nowhere: status %d\n%s", code, errs)
	}
	broken := strings.Replace(text, "setup:\n", "setup:\n  - h1$ echo early > /root/f\n  - h1$ false\n", 1)
	code, out, errs := call(t, broken, nil, "shell", "-", "-c", "cat /root/f")
	if code != exitFailed || out != "early\n" || !strings.Contains(errs, "the scenario's setup fails:\n<stdin>:5:5: h1$ false: exit status 1, want 0") {
		t.Errorf("a setup that fails: status %d\n%s%s", code, out, errs)
	}
}

func TestALabsOwnCommands(t *testing.T) {
	two := strings.Replace(small, "hosts:\n", "hosts:\n  h2: {address: 10.0.0.12}\n", 1)
	for _, c := range []struct {
		line, says string
		code       int
	}{
		{"fault cable: h2, down: true; ping -c 1 -W 1 10.0.0.2 >/dev/null || echo cut; repair cable: h2; sleep 3; ping -c 1 10.0.0.2 | grep -c '1 received'", "cut\n1\n", 0},
		{"dnetsim fault cable: h2, loss: 100%; ping -c 1 -W 1 10.0.0.2 >/dev/null || echo cut", "cut\n", 0},
		{"fault cable: h9, down: true", "no host \"h9\"", 2}, {"fault nonsense", "fault: unknown key \"nonsense\"", 2}, {"fault cable: h2, dwon: true", "did you mean \"down\"?", 2},
		{"fault host: bdc01, crash: true; sleep 1; ping -c 1 -W 1 10.0.0.11 >/dev/null || echo dark", "dark\n", 0},
		{"help", "Hosts, with ssh NAME", 0}, {"dnetsim", "dnetsim help", 2},
	} {
		code, out, errs := call(t, two, nil, "shell", "-", "-c", c.line)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%s: status %d\n%s%s", c.line, code, out, errs)
		}
	}
}

// A lab that is up is found by its name wherever its folder is, and two of the same
// name are two.
func TestALabInAnyFolderIsFoundByItsName(t *testing.T) {
	run := t.TempDir()
	ask := func(in string, args ...string) (int, string) {
		var out words
		code := execute(t.Context(), &terminal{in: strings.NewReader(in), out: &out, err: &out, env: func(k string) string {
			return map[string]string{"XDG_RUNTIME_DIR": run}[k]
		}}, args)
		return code, out.String()
	}
	os.Mkdir(filepath.Join(run, "dnetsim"), 0o700)
	os.Symlink(filepath.Join(run, "killed"), filepath.Join(run, "dnetsim", "up.up")) // what a lab that was killed leaves
	first := bringIn(t, run, upScenario, shortDir(t))
	second := bringIn(t, run, strings.Replace(upScenario, "h2: {address: 10.0.0.12}", "other: {address: 10.0.0.12}", 1), shortDir(t))
	if said := "the lab's name is up-2"; !strings.Contains(second.err.String(), said) || strings.Contains(first.err.String(), "the lab's name") {
		t.Errorf("want %q of the second alone:\n%s%s", said, first.err, second.err)
	}
	for _, c := range []struct {
		in   string
		args []string
		code int
		says string
	}{
		{"hostname; exit\n", []string{"shell", "--attach", "up", "--host", "h2"}, exitOK, "h2\n"},
		{"hostname; exit\n", []string{"shell", "--attach", "up-2", "--host", "other"}, exitOK, "other\n"},
		{"", []string{"explain", "--attach", "up", "--from", "h1/web", "--to", "10.0.0.12"}, exitOK, "h1/web"},
		{"", []string{"shell", "--attach"}, exitUsage, "one of up, up-2"},
		{"", []string{"explain", "--attach", "--from", "h1/web", "--to", "10.0.0.12"}, exitUsage, "name one of up, up-2"},
		{"", []string{"explain", "--attach", "nosuch"}, exitUsage, "no lab is up by the name nosuch, nor in a folder nosuch: one of up, up-2"},
		{"", []string{"down", "up-2"}, exitOK, "is down"},
		{"", []string{"shell", "--attach", "up-2"}, exitUsage, "no lab up-2 is open: one of up"},
	} {
		if code, out := ask(c.in, c.args...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%v: status %d\n%s", c.args, code, out)
		}
	}
	second.end()
	first.end()
	if left, _ := os.ReadDir(filepath.Join(run, "dnetsim")); len(left) > 0 {
		t.Errorf("the labs leave %v", left)
	}
}

func TestCommandLinesThatMeanSomethingElse(t *testing.T) {
	for _, c := range []struct {
		in   string
		args []string
		code int
		says string
	}{
		{"", []string{"--version"}, exitOK, "dnetsim devel"},
		{"", []string{"schema", "foo"}, exitUsage, "dnetsim schema takes no argument: what is \"foo\" to be?"},
		{small, []string{"shell", "-", "-c", "true", "-c", "echo two"}, exitUsage, "there is one already: write both in one, with ; between"},
		{small, []string{"shell", "-", "-c", "echo one; echo two"}, exitOK, "one\ntwo\n"},
		{"steps: [h1$ true]\n", []string{"run", "-"}, exitUsage, "<stdin>:1:1: the scenario has no hosts: add `hosts:` with at least one\n"},
	} {
		code, out, errs := call(t, c.in, nil, c.args...)
		if code != c.code || !strings.Contains(out+errs, c.says) || strings.Contains(errs, "one of \n") {
			t.Errorf("%v: status %d\n%s%s", c.args, code, out, errs)
		}
	}
}
