package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dnetsim/engine"
	"dnetsim/engine/cli"
	"dnetsim/userland"
)

// planted is a docker command with a bug: `docker bug` panics on its process,
// `docker late` in an event of the loop, everything else is docker's.
func planted(srv *engine.Server) userland.Program {
	docker := cli.Program(srv)
	return func(p *userland.Process) int {
		switch p.Args[len(p.Args)-1] {
		case "bug":
			var none []int
			none[len(p.Args)]++
		case "late":
			p.Loop().After(0, func() { panic("lost\nits way") })
			p.Sleep(1)
		}
		return docker(p)
	}
}

const buggy = `name: NAME
lan: {subnet: 10.0.0.0/24}
hosts: {h1: {address: 10.0.0.11}}
steps:
  - h1$ echo before
  - wait: 2s
  - h1$ docker WHAT
  - h1$ echo after
`

// A panic is our own bug: one sentence that says where, exit status 3, and the
// stack trace only for those who ask.
func TestABugIsOneSentenceAndEndsOneRun(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a-bug", "b-late", "c-ps"} {
		file := filepath.Join(dir, name+".yaml")
		_, what, _ := strings.Cut(name, "-")
		text := strings.NewReplacer("NAME", name, "WHAT", what).Replace(buggy)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for _, c := range []struct {
		what  string
		args  []string
		stdin string
		debug string
		bugs  int
		out   string
	}{
		{"one after the other", append([]string{"run"}, files...), "", "", 2, "after\n"},
		{"two at a time", append([]string{"run", "--jobs", "2"}, files...), "", "", 2, "after\n"},
		{"repeated", []string{"run", "--repeat", "2", files[0]}, "", "", 1, "before\n"},
		{"a folder", []string{"run", dir}, "", "", 2, "after\n"},
		{"shell -c", []string{"shell", files[0], "-c", "docker bug"}, "", "", 1, ""},
		{"shell with a script", []string{"shell", files[0]}, "echo one\ndocker late\necho two\n", "", 1, "one\n"},
		{"DNETSIM_DEBUG=0", []string{"run", files[0]}, "", "0", 1, "before\n"},
		{"DNETSIM_DEBUG=1", []string{"run", files[1]}, "", "1", 1, "before\n"},
	} {
		var out, errs bytes.Buffer
		term := &terminal{in: strings.NewReader(c.stdin), out: &out, err: &errs, docker: planted,
			env: func(k string) string { return map[string]string{"DNETSIM_DEBUG": c.debug}[k] }}
		code := execute(context.Background(), term, c.args)
		told := errs.String()
		if i := strings.LastIndex(told, "1 passed, 2 broken: a-bug, b-late\n"); i >= 0 {
			told = told[:i]
		}
		if code != exitBroken || strings.Count(told, "a bug of dnetsim ended this run: panic at ") != c.bugs || !strings.Contains(out.String(), c.out) {
			t.Errorf("%s: status %d, want 3 and %d sentences\n%s%s", c.what, code, c.bugs, told, out.String())
		}
		if trace := strings.Contains(told, "goroutine "); trace != (c.debug == "1") || !trace && strings.Count(told, "\n") != c.bugs {
			t.Errorf("%s: a stack trace %v\n%s", c.what, trace, told)
		}
	}
}

func TestABugSaysWhereItWas(t *testing.T) {
	var out, errs bytes.Buffer
	text := strings.NewReplacer("NAME", "x", "WHAT", "bug").Replace(buggy)
	term := &terminal{in: strings.NewReader(text), out: &out, err: &errs, docker: planted, env: func(string) string { return "" }}
	execute(context.Background(), term, []string{"run", "-"})
	want := `x: a bug of dnetsim ended this run: panic at 5.25s of virtual time: process "h1[704] docker", runtime error: index out of range [2] with length 0: ` +
		"please report it with the scenario (DNETSIM_DEBUG=1 prints the stack trace, again with: dnetsim run - --seed 1)\n"
	if got := errs.String(); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}
