package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs one command line over the real main function.
func call(t *testing.T, stdin string, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	term := &terminal{in: strings.NewReader(stdin), out: &o, err: &e, env: func(k string) string { return env[k] }}
	code = execute(context.Background(), term, args)
	return code, o.String(), e.String()
}

const small = `name: small
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
hosts:
  bdc01: {address: 10.0.0.11}
steps:
  - run: bdc01$ echo one; echo two
    expect: {stdout: one}
`

func TestExitStatusSaysWhatHappened(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		says        string
	}{
		{"passes", strings.Replace(small, "{stdout: one}", "{stdout: \"one\\ntwo\"}", 1), []string{"run", "-"}, exitOK, ""},
		{"an expectation fails", small, []string{"run", "-"}, exitFailed, "+ two"},
		{"not YAML", "hosts: [", []string{"run", "-"}, exitUsage, "<stdin>:1:1: not YAML"},
		{"every mistake", "nmae: x\nhosts: {a: {}}\nsteps: [b]\n", []string{"run", "-"}, exitUsage, "did you mean \"name\"?"},
		{"no such file", "", []string{"run", "/no/such/file.yaml"}, exitUsage, "no such scenario"},
		{"a folder without scenarios", "", []string{"run", empty}, exitUsage, "has no *.yaml"},
		{"unknown flag", "", []string{"run", "--frobnicate"}, exitUsage, "unknown flag"},
		{"shell gives the line's status", small, []string{"shell", "-", "-c", "exit 7"}, 7, ""},
		{"shell on a missing host", small, []string{"shell", "-", "--host", "x", "-c", "true"}, exitUsage, "there is no host"},
	} {
		code, _, errs := call(t, c.stdin, nil, c.args...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: status %d, want %d\n%s", c.name, code, c.code, errs)
		}
	}
}

func TestUpdateRewritesTheExpectationAndNothingElse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "small.yaml")
	text := strings.Replace(small, "    expect: {stdout: one}\n", "    expect:\n      stdout: |\n        one\n# the end\n", 1)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "", map[string]string{"CI": "true"}, "run", file, "--update"); code != exitUsage || !strings.Contains(errs, "refused") {
		t.Errorf("with CI set: status %d\n%s", code, errs)
	}
	call(t, "", nil, "run", file, "--update", "--quiet")
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(text, "        one\n", "        one\n        two\n", 1); string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if code, _, errs := call(t, "", nil, "run", file, "--quiet"); code != exitOK {
		t.Errorf("after the update: status %d\n%s", code, errs)
	}
}

// A line without an end stops at the scenario's limit, with its text; the limit
// is each line's, so that a long script is none.
func TestALineThatDoesNotEndIsToldSo(t *testing.T) {
	code, _, errs := call(t, "", nil, "shell", "overlay-ping-fixed", "-c", "ping 10.0.0.12 | tail -1")
	if code == exitOK || !strings.Contains(errs, "bdc01: ping 10.0.0.12 | tail -1\nstill runs after 1h0m0s") {
		t.Errorf("-c: status %d\n%s", code, errs)
	}
	code, out, errs := call(t, "sleep 3000\nsleep 3000\necho late\nping 10.0.0.12 >/dev/null\necho never\n", nil, "shell", "overlay-ping-fixed")
	if code == exitOK || out != "late\n" || !strings.Contains(errs, "ping 10.0.0.12 >/dev/null\nstill runs") {
		t.Errorf("script: status %d\n%s%s", code, out, errs)
	}
}

func TestLinesFromStandardInputRunWithoutPrompts(t *testing.T) {
	code, out, errs := call(t, "docker run -d --name c1 busybox sleep 1000\nssh bdc02 docker ps -q\ndocker exec c1 ping -c 1 172.17.0.1 | grep received\n", nil, "shell", "local-modes")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitOK || len(lines) != 2 || len(lines[0]) != 64 || lines[1] != "1 packets transmitted, 1 packets received, 0% packet loss" {
		t.Errorf("status %d\n%s%s", code, out, errs)
	}
}

// A scenario that ends cured is asked about its end; the answer says where it was not.
func TestExplainTellsWhenAFlowFailed(t *testing.T) {
	text := "lan: {subnet: 10.0.0.0/24}\nhosts: {h1: {address: 10.0.0.11}, h2: {address: 10.0.0.12}}\nsteps:\n  - fault: {cable: h2, down: true}\n  - {run: h1$ ping -c 1 -W 1 10.0.0.12, expect: {exit: 1}}\n"
	cured := text + "  - repair: {cable: h2}\n  - wait: 5s\n"
	code, out, errs := call(t, cured, nil, "explain", "-")
	if code != exitOK || !strings.Contains(out, "It failed in step 2, and later steps have mended it: --at 2 asks at that moment") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	if code, out, _ := call(t, cured, nil, "explain", "-", "--at", "2"); code != exitFailed || strings.Contains(out, "mended") {
		t.Errorf("%d %s", code, out)
	}
	if _, out, _ := call(t, cured, nil, "explain", "-", "--json"); strings.Contains(out, "mended") {
		t.Error(out)
	}
}
