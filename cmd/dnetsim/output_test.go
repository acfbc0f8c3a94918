package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// full is a stream that takes so many bytes and no more.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.left {
		return f.left, errors.New("no space left on device")
	}
	f.left -= len(b)
	return len(b), nil
}

// What cannot be printed is not lost in silence, whatever it is.
func TestOutputThatIsLostIsSaid(t *testing.T) {
	for _, args := range [][]string{
		{"run", "-"}, {"run", "-", "--digest"}, {"run", "-", "--jobs", "2"}, {"shell", "-", "-c", "echo x"}, {"list"}, {"show", "local-modes"}, {"schema"}, {"version"}, {"--help"},
	} {
		var errs bytes.Buffer
		term := &terminal{in: strings.NewReader(small), out: &full{1}, err: &errs, env: func(string) string { return "" }}
		code := execute(context.Background(), term, args)
		if code != exitBroken || !strings.HasSuffix(errs.String(), "dnetsim: writing standard output: no space left on device\n") {
			t.Errorf("%v: status %d, want 3\n%s", args, code, errs.String())
		}
	}
	var out bytes.Buffer
	term := &terminal{in: strings.NewReader(small), out: &out, err: &full{3}, env: func(string) string { return "" }}
	if code := execute(context.Background(), term, []string{"run", "-", "--trace"}); code != exitBroken {
		t.Errorf("a trace that is lost: status %d, want 3", code)
	}
}

// Files that cannot be written are found before anything runs, and what can be
// is left as it was until there is something to write.
func TestFilesThatCannotBeWrittenAreFoundFirst(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "small.yaml")
	for name, text := range map[string]string{"small.yaml": small, "kept.json": "before"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	none := filepath.Join(dir, "none", "x")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"run", file, "--junit", dir}, "dnetsim: --junit: open " + dir + ": is a directory: nothing ran"},
		{[]string{"run", file, "--json", none}, "--json: open " + none + ": no such file or directory"},
		{[]string{"run", file, "--json", none, "--junit", dir}, "nothing ran"},
		{[]string{"run", file, "--json", "x", "--junit", "x"}, "both write x"},
		{[]string{"run", file, "--pcap", file}, "--pcap: mkdir " + file + ": not a directory"},
		{[]string{"run", file, "--pcap", none + ".pcapng"}, "--pcap: open "},
		{[]string{"shell", file, "--pcap", file, "-c", "echo one"}, "--pcap: mkdir "},
		{[]string{"run", "local-modes", "--update"}, "--update: local-modes.yaml is compiled in or a stream"},
		{[]string{"run", "-", "--update"}, "--update: <stdin> is compiled in or a stream"},
		{[]string{"run", file, "--json", filepath.Join(dir, "kept.json"), "--junit", none}, "--junit: open"},
		{[]string{"run", file, "--seed", "-5"}, "a seed is a whole number from 0 to 18446744073709551615"},
		{[]string{"run", file, "--seed", "one"}, "a seed is a whole number"},
		{[]string{"run", file, "--seed", "18446744073709551616"}, "a seed is a whole number"},
		{[]string{"shell", file, "--seed", "1.5", "-c", "echo one"}, "a seed is a whole number"},
		{[]string{"verify", file, "--seed", "-1"}, "a seed is a whole number"},
	} {
		code, out, errs := call(t, small, nil, c.args...)
		if code != exitUsage || !strings.Contains(errs, c.says) || strings.Contains(out, "one") {
			t.Errorf("%v: status %d, want 2 and %q\n%s%s", c.args, code, c.says, errs, out)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "kept.json")); string(b) != "before" {
		t.Errorf("a file was changed by a run that did not happen: %q", b)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
}

func TestASeedHasAll64Bits(t *testing.T) {
	passes := strings.Replace(small, "{stdout: one}", "{exit: 0}", 1)
	digests := map[string]bool{}
	for _, seed := range []string{"18446744073709551615", "9223372036854775807", "0", "0xffffffffffffffff"} {
		code, out, errs := call(t, passes, nil, "run", "-", "--digest", "--seed", seed)
		if code != exitOK {
			t.Errorf("--seed %s: status %d\n%s", seed, code, errs)
		}
		digests[out] = true
	}
	if len(digests) != 3 {
		t.Errorf("%d digests of three seeds", len(digests))
	}
}

const hostile = `name: "x\e]0;own\a\u009b31m\u202e"
description: "\e[2J"
lan: {subnet: 10.0.0.0/24}
hosts: {h1: {address: 10.0.0.11, hostname: "h\e[31m"}}
steps:
  - run: h1$ printf '\033]0;pwned\007\033]52;c;cHduZWQ=\007\233x\r'
    expect: {stdout: "y\e[0m"}
`

// Neither a scenario's own text nor what its programs print reaches the
// terminal of whoever runs it; a report has it as text.
func TestNothingOfAScenarioReachesTheTerminal(t *testing.T) {
	bad := func(s string) bool {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		return strings.ContainsAny(s, "\x1b\x07\u009b\u009d\u202e\x7f\r") || strings.Contains(s, "\x9b")
	}
	for _, c := range []struct {
		stdin string
		args  []string
		code  int
	}{
		{hostile, []string{"run", "-"}, exitFailed},
		{hostile, []string{"run", "-", "--digest"}, exitFailed},
		{hostile, []string{"run", "-", "--trace", "--quiet"}, exitFailed},
		{hostile, []string{"run", "--jobs", "2", "-", "local-modes"}, exitFailed},
		{strings.Replace(hostile, "hosts:", `"ho\e[31msts":`, 1), []string{"run", "-"}, exitUsage},
		{strings.Replace(hostile, "h1$", `\e[31m$`, 1), []string{"run", "-"}, exitUsage},
		{"\x1b[31m: [", []string{"run", "-"}, exitUsage},
		{hostile, []string{"run", "no\x1b[31msuch.yaml"}, exitUsage},
		{hostile, []string{"run", "-", "--frob\x1b[31m"}, exitUsage},
		{hostile, []string{"shell", "-", "--host", "\x1b[31m", "-c", "true"}, exitUsage},
		{strings.Replace(hostile, "steps:", "setup:", 1), []string{"shell", "-", "-c", "true"}, exitFailed},
	} {
		code, out, errs := call(t, c.stdin, nil, c.args...)
		if code != c.code || bad(out) || bad(errs) {
			t.Errorf("%q: status %d, want %d\n%q\n%q", c.args, code, c.code, out, errs)
		}
	}
	_, out, _ := call(t, hostile, nil, "run", "-")
	if !strings.Contains(out, `\x1b]0;pwned\x07`) || !strings.Contains(out, `[root@h\x1b[31m ~]#`) {
		t.Errorf("the transcript does not show what was printed: %q", out)
	}
	// A line typed by a person, or by a script of theirs, gets the bytes.
	if _, out, _ := call(t, strings.Replace(hostile, "{stdout", "{exit: any, stdout", 1), nil, "shell", "-", "-c", `printf '\033[1mx'`); out != "\x1b[1mx" {
		t.Errorf("shell -c prints %q", out)
	}
}
