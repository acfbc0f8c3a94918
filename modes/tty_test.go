package modes

import (
	"strings"
	"testing"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/streams"
	"dnetsim/userland/programs"
)

func TestAShellOnATerminalIsAttachedAndLeft(t *testing.T) {
	if programs.Busybox()["sh"] == nil {
		t.Fatal("no shell in the image")
	}
	w := newWorld(t, "")
	c := w.run(w.a, named("bbox1", container.HostConfig{}))
	d := w.a.Daemon
	var out string
	w.do(func() {
		a, err := d.Containers.Attach("bbox1", streams.Options{Stdin: true, Stdout: true, Stderr: true, Stream: true})
		if err != nil {
			t.Error(err)
			return
		}
		a.Stdin.Write([]byte("hostname\n"))
		d.calls.Spend(time.Second)
		a.Stdin.Write([]byte("exit 4\n"))
		for {
			k, err := a.Next()
			if err != nil {
				break
			}
			out += string(k.Data)
		}
	})
	if !strings.Contains(out, c.ShortID()+"\r\n") || c.State.ExitCode != 4 || c.State.Status != container.Exited {
		t.Fatalf("%s, exit %d: %q", c.State.Status, c.State.ExitCode, out)
	}
}

func TestStandardInputEndsWithItsClient(t *testing.T) {
	if programs.Busybox()["sh"] == nil {
		t.Fatal("no shell in the image")
	}
	w := newWorld(t, "")
	d := w.a.Daemon
	var out string
	w.do(func() {
		c, _, err := d.Containers.Create(container.Create{Config: container.Config{Image: "busybox", Cmd: []string{"sh"}, OpenStdin: true, StdinOnce: true}})
		if err != nil {
			t.Error(err)
			return
		}
		a, _ := d.Containers.Attach(c.ID, streams.Options{Stdin: true, Stdout: true, Stderr: true, Stream: true})
		if err := d.Containers.Start(c.ID); err != nil {
			t.Error(err)
			return
		}
		a.Stdin.Write([]byte("echo one\necho two >&2\n"))
		a.Stdin.Close()
		for {
			k, err := a.Next()
			if err != nil {
				break
			}
			out += string('0'+rune(k.Stream)) + string(k.Data)
		}
	})
	if out != "1one\n2two\n" {
		t.Fatalf("got %q", out)
	}
}

func TestASizeAskedForBeforeAnExecStartsIsItsTerminals(t *testing.T) {
	w := newWorld(t, "")
	w.run(w.a, named("bbox1", container.HostConfig{}))
	d := w.a.Daemon
	var out string
	w.do(func() {
		e, err := d.Execs.Create("bbox1", ExecConfig{Tty: true, AttachStdout: true, Cmd: []string{"stty", "size"}})
		if err != nil {
			t.Error(err)
			return
		}
		if err := d.Execs.Resize(e.ID, 50, 132); err != nil {
			t.Error(err)
		}
		a, err := d.Execs.Start(e.ID, false, true)
		if err != nil {
			t.Error(err)
			return
		}
		for {
			k, err := a.Next()
			if err != nil {
				break
			}
			out += string(k.Data)
		}
	})
	if out != "50 132\r\n" {
		t.Fatalf("stty size says %q, want 50 132", out)
	}
}
