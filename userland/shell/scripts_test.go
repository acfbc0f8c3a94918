package shell_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

func TestMessagesAreInTheStyleOfTheShell(t *testing.T) {
	for _, c := range []struct {
		style  shell.Style
		text   string
		want   string
		status int
	}{
		{shell.Ash, "foo", "sh: foo: not found\n", 127},
		{shell.HostSh, "foo", "sh: foo: not found\n", 127},
		{shell.Bash, "foo", "bash: line 1: foo: command not found\n", 127},
		{shell.Ash, "/nope", "sh: /nope: not found\n", 127},
		{shell.Bash, "/nope", "bash: line 1: /nope: No such file or directory\n", 127},
		{shell.Ash, "/etc/passwd", "sh: /etc/passwd: Permission denied\n", 126},
		{shell.Ash, "cat < /nope", "sh: can't open /nope: no such file\n", 1},
		{shell.Bash, "cat < /nope", "bash: line 1: /nope: No such file or directory\n", 1},
		{shell.Ash, "echo x > /nope/y", "sh: can't create /nope/y: nonexistent directory\n", 1},
		{shell.Ash, "cd /nope", "sh: cd: line 1: can't cd to /nope: No such file or directory\n", 1},
		{shell.Bash, "cd /nope", "bash: line 1: cd: /nope: No such file or directory\n", 1},
		{shell.Ash, "cat /nope", "cat: can't open '/nope': No such file or directory\n", 1},
		{shell.Ash, "ls /nope", "ls: /nope: No such file or directory\n", 1},
		{shell.Ash, "echo {a,b}", "{a,b}\n", 0},
		{shell.Ash, "declare x", "sh: declare: not found\n", 127},
		{shell.Ash, "set -u; echo $nope", "sh: nope: parameter not set\n", 2},
		{shell.Bash, "set -u; echo $nope", "bash: line 1: nope: unbound variable\n", 127},
		{shell.Ash, `echo "abc`, "sh: syntax error: unterminated quoted string\n", 2},
		{shell.Ash, "busybox nope", "nope: applet not found\n", 127},
		{shell.Bash, "cd /; pushd /tmp; pushd /etc; pushd; pushd +1; popd; popd +1; popd; popd", "/tmp /\n/etc /tmp /\n/tmp /etc /\n/etc / /tmp\n/ /tmp\n/\nbash: line 1: popd: directory stack empty\nbash: line 1: popd: directory stack empty\n", 1},
		{shell.Bash, "cd; pushd /nope; pushd /tmp; dirs -v; dirs -p; dirs -c; dirs; pushd", "bash: line 1: pushd: /nope: No such file or directory\n/tmp ~\n 0  /tmp\n 1  ~\n/tmp\n~\n/tmp\nbash: line 1: pushd: no other directory\n", 1},
		{shell.Bash, "sleep 9 & disown; jobs; disown", "bash: line 1: disown: current: no such job\n", 1},
		{shell.Ash, "pushd /tmp", "sh: pushd: not found\n", 127},
		{shell.Ash, "kill 4711", "sh: kill: line 1: can't kill pid 4711: No such process\n", 1},
	} {
		r := run(t, c.style, c.text)
		if r.out != c.want || r.status != c.status {
			t.Errorf("%s\ngot  %d %q\nwant %d %q", c.text, r.status, r.out, c.status, c.want)
		}
	}
}

func TestPipelineStreamsInVirtualTime(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	var log []string
	out := writerFunc(func(b []byte) { log = append(log, fmt.Sprintf("%s@%v", strings.TrimSpace(string(b)), l.Now())) })
	p := m.Start(userland.ProcSpec{
		Program: shell.Sh(shell.Ash), Stdout: out,
		Args: []string{"sh", "-c", "for i in 1 2 3; do echo tick $i; sleep 1; done | grep tick"},
	})
	if err := l.Run(p.Done, time.Hour); err != nil {
		t.Fatal(err)
	}
	want := "tick 1@0s|tick 2@1s|tick 3@2s"
	if got := strings.Join(log, "|"); got != want || p.Status() != 0 {
		t.Errorf("got  %s status %d\nwant %s", got, p.Status(), want)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestWriterWithoutReaderDiesOfSIGPIPE(t *testing.T) {
	r := run(t, shell.Bash, "set -o pipefail; yes | head -1; echo $?")
	if want := "y\n141\n"; r.out != want {
		t.Errorf("got %q, want %q", r.out, want)
	}
}

func TestProcessesAreGoneAfterARun(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	r := runOn(m, shell.Sh(shell.Ash), "sh", "-c", "yes | head -1; (sleep 1 | cat); x=$(echo a | cat); sleep 0.1 & wait")
	l.RunFor(time.Second)
	if n := len(m.Processes()); n != 0 || l.Procs() != 0 || r.err != nil {
		t.Errorf("%d processes, %d coroutines left, %v", n, l.Procs(), r.err)
	}
}

func TestHostileLoopsMeetTheLimit(t *testing.T) {
	for _, text := range []string{
		"while true; do :; done",
		"while :; do true | true; done",
		"yes > /dev/null",
		"cat /dev/zero > /dev/null",
		"cat /dev/zero | cat > /dev/null",
		"awk 'BEGIN { while (1) ; }'",
		"sed ':a;ba' /etc/passwd",
		"until false; do echo x; done",
	} {
		t.Run(text, func(t *testing.T) {
			l := sim.NewLoop(1)
			m := newMachine(l, programs.Host())
			p := m.Start(userland.ProcSpec{Program: shell.Sh(shell.HostSh), Args: []string{"sh", "-c", text}})
			if err := l.Run(p.Done, time.Minute); err != sim.ErrLimit {
				t.Errorf("%v at %v", err, l.Now())
			}
		})
	}
}

func TestHostileScriptsEnd(t *testing.T) {
	for _, text := range []string{
		":() { :|:& }; :",
		"f() { f; }; f",
		"f() { x=$(f); }; f",
		"x=a; while :; do x=$x$x; done",
		"x=$(yes)",
		"eval() { eval; }; e='eval \"$e\"'; eval \"$e\"",
		strings.Repeat("(", 3000),
		strings.Repeat("$(", 1900) + strings.Repeat(")", 1900),
	} {
		r := run(t, shell.HostSh, text)
		if r.err != nil {
			t.Errorf("%.40s: %v", text, r.err)
		}
	}
}

func TestNothingSeesTheRealMachine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"cat /etc/hostname", "cat: /etc/hostname: No such file or directory\n"},
		{"ls /", "bin\ndev\netc\nhome\nlib\nproc\nroot\nrun\nsbin\nsys\ntmp\nusr\nvar\n"},
		{"echo /*", "/bin /dev /etc /home /lib /proc /root /run /sbin /sys /tmp /usr /var\n"},
		{"[ -e /etc/debian_version ] || echo none", "none\n"},
		{"echo /etc/*", "/etc/group /etc/passwd\n"},
		{"echo hi > /tmp/dnetsim-isolation; cat /tmp/dnetsim-isolation", "hi\n"},
		{"cat < /etc/shadow", "bash: line 1: /etc/shadow: No such file or directory\n"},
		{"echo ~games", "~games\n"},
		{"echo ~root", "/root\n"},
		{"cd /usr/share || pwd", "bash: line 1: cd: /usr/share: No such file or directory\n/\n"},
		{"hostname", "bdc01\n"},
		{"echo $PWD $HOME", "/ /root\n"},
		{". /etc/profile", "bash: line 1: /etc/profile: No such file or directory\n"},
	} {
		if r := run(t, shell.Bash, c.text); r.out != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.text, r.out, c.want)
		}
	}
}

func TestCloneSharesAndDoesNotLeak(t *testing.T) {
	l := sim.NewLoop(1)
	image := userland.NewFS(l)
	image.WriteFile("/etc/a", []byte("image"), 0o644)
	x, y := image.Clone(), image.Clone()
	x.WriteFile("/etc/a", []byte("x"), 0o644)
	if f, err := y.Open("/etc/a", userland.O_WRONLY|userland.O_APPEND, 0); err != nil {
		t.Fatal(err)
	} else {
		f.Write([]byte("+y"))
		f.Close()
	}
	image.Remove("/etc/a")
	for _, c := range []struct {
		name string
		fs   *userland.FS
		want string
	}{{"x", x, "x"}, {"y", y, "image+y"}, {"image", image, ""}} {
		if got, _ := c.fs.ReadFile("/etc/a"); string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestContainerInitIgnoresTERM is why docker stop of sh takes ten seconds.
func TestContainerInitIgnoresTERM(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	m.Container = true
	tty := userland.NewTTY(l)
	p := m.Start(userland.ProcSpec{Program: shell.Sh(shell.Ash), Args: []string{"sh"}, TTY: tty})
	l.RunFor(time.Second)
	p.Signal(userland.SIGTERM)
	l.RunFor(10 * time.Second)
	if p.Done() || p.PID != 1 {
		t.Fatalf("pid %d ended with %d", p.PID, p.Status())
	}
	p.Signal(userland.SIGKILL)
	l.RunFor(0)
	if !p.Done() || p.Status() != 137 {
		t.Errorf("done %v status %d", p.Done(), p.Status())
	}
}

func TestInteractiveShellOnATerminal(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	m.Container = true
	tty := userland.NewTTY(l)
	var screen bytes.Buffer
	tty.OnOutput(func(b []byte) { screen.Write(b) })
	p := m.Start(userland.ProcSpec{Program: shell.Sh(shell.Ash), Args: []string{"sh"}, TTY: tty})
	l.RunFor(time.Second)
	for _, key := range []string{"echo h\x7fhi\r", "if true\r", "then echo yes; fi\r", "sleep 100\r", "\x03", "echo $?\r", "ab\x03", "\x04"} {
		tty.Input([]byte(key))
		l.RunFor(time.Second)
	}
	want := "/ # echo h\b\x1b[Khi\r\nhi\r\n/ # if true\r\n> then echo yes; fi\r\nyes\r\n/ # sleep 100\r\n^C\r\n/ # echo $?\r\n130\r\n/ # ab^C\r\n/ # \r\n"
	if got := screen.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !p.Done() {
		t.Error("the shell did not end at ^D")
	}
}

func TestShellReadsAScriptFromStandardInput(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	var out bytes.Buffer
	p := m.Start(userland.ProcSpec{
		Program: shell.Sh(shell.Ash), Args: []string{"sh"}, Stdout: &out, Stderr: &out,
		Stdin: strings.NewReader("x=1\nread y\nline for read\nif [ $x = 1 ]\nthen echo $y\nfi\nexit 4\n"),
	})
	if err := l.Run(p.Done, time.Hour); err != nil || out.String() != "line for read\n" || p.Status() != 4 {
		t.Errorf("%v %q %d", err, out.String(), p.Status())
	}
}

func TestShellKeepsItsStateBetweenLines(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Host())
	sh := shell.New(m, shell.Options{Style: shell.HostSh})
	var out bytes.Buffer
	line := func(text string) int {
		p := m.Start(userland.ProcSpec{
			Program: func(p *userland.Process) int { return sh.Run(p, text) }, Args: []string{"-sh"}, Stdout: &out, Stderr: &out,
		})
		if err := l.Run(p.Done, time.Hour); err != nil {
			t.Fatal(err)
		}
		return p.Status()
	}
	line("x=1; cd /etc; f() { echo f $x; }")
	line("sleep 100 &")
	if st := line("f; pwd; false"); st != 1 {
		t.Errorf("status %d", st)
	}
	line("echo $?; jobs; kill %1; wait; nope")
	want := "f 1\n/etc\n1\n[1]+  Running                 sleep 100 &\nsh: nope: not found\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	if got := sh.Prompt(false); got != "[root@bdc01 etc]# " {
		t.Errorf("prompt %q", got)
	}
	for text, want := range map[string]bool{"echo 'a": true, "if x": true, "cat <<E\nx": true, "a &&": true, "a \\\n": true, "echo a": false, "echo )": false} {
		if got := sh.Incomplete(text + "\n"); got != want && text != "a \\\n" {
			t.Errorf("incomplete %q: %v", text, got)
		}
	}
	line("exit 3")
	if st, ok := sh.Exited(); !ok || st != 3 {
		t.Errorf("exited %v %d", ok, st)
	}
}

func TestExecFormOfScriptsAndShebang(t *testing.T) {
	r := run(t, shell.HostSh, `printf '#!/bin/sh\necho script $0 $1\n' > /tmp/s; chmod +x /tmp/s; /tmp/s a; cp /bin/echo /tmp/e; /tmp/e copy; cd /tmp; ./s b`)
	if want := "script /tmp/s a\ncopy\nscript ./s b\n"; r.out != want {
		t.Errorf("got %q, want %q", r.out, want)
	}
}

func TestPipeHoldsItsCapacity(t *testing.T) {
	l := sim.NewLoop(1)
	r, w := userland.NewPipe(l)
	wrote := 0
	l.Go("writer", func(*sim.Proc) {
		for range 100 {
			n, _ := w.Write(make([]byte, 1024))
			wrote += n
		}
		w.Close()
	})
	l.RunFor(time.Second)
	if wrote != 64<<10 {
		t.Errorf("a writer without a reader wrote %d bytes", wrote)
	}
	var read int64
	l.Go("reader", func(*sim.Proc) { read, _ = io.Copy(io.Discard, struct{ io.Reader }{r}) })
	l.RunFor(time.Second)
	if read != 100<<10 {
		t.Errorf("read %d bytes", read)
	}
}

// The first process of a host is there from the boot on, whatever is sent to
// it, and again after the next boot.
func TestInitOutlivesSignals(t *testing.T) {
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "h", nil)
	m.StartInit(701, "/sbin/init")
	p := m.Start(userland.ProcSpec{Args: []string{"p"}, Program: func(*userland.Process) int { return 0 }})
	if p.PID != 701 {
		t.Errorf("the first program has PID %d", p.PID)
	}
	first, _ := m.Process(1)
	for _, s := range []userland.Signal{userland.SIGTERM, userland.SIGKILL, userland.SIGHUP} {
		first.Signal(s)
	}
	l.RunFor(time.Second)
	if q, ok := m.Process(1); !ok || q != first {
		t.Error("init is gone")
	}
	m.Reboot()
	l.RunFor(time.Second)
	if q, ok := m.Process(1); !ok || q == first {
		t.Error("there is no new init after a boot")
	}
	if p := m.Start(userland.ProcSpec{Args: []string{"p"}, Program: func(*userland.Process) int { return 0 }}); p.PID <= 701 {
		t.Errorf("the next program has PID %d", p.PID)
	}
	m.KillAll()
	l.RunFor(0)
	l.Close()
}
