package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"testing/quick"
)

const updateHead = "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts: {h1: {address: 10.0.0.11}}\n"

// outcome is what a line did.
type outcome struct {
	exit           int
	stdout, stderr string
}

// played are the results that a file's scenarios would have if their lines did
// this, in turn; what is not given succeeds and prints nothing.
func played(t *testing.T, text string, did ...outcome) []*Result {
	t.Helper()
	all, err := ReadAll("u.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var out []*Result
	for _, s := range all {
		r := &Result{Name: s.Name, File: s.File, document: s.document}
		for _, list := range []struct {
			steps []Step
			setup bool
		}{{s.Setup, true}, {s.Steps, false}} {
			for i := range list.steps {
				st := StepResult{Step: &list.steps[i], Setup: list.setup}
				if st.Step.Kind == StepRun && len(did) > 0 {
					st.Exit, st.Stdout, st.Stderr = did[0].exit, did[0].stdout, did[0].stderr
					did = did[1:]
				}
				if st.Step.Kind == StepRun {
					st.judge()
				}
				r.Steps = append(r.Steps, st)
			}
		}
		out = append(out, r)
	}
	return out
}

func failures(results []*Result) string {
	var b strings.Builder
	for _, r := range results {
		b.WriteString(r.Report())
	}
	return b.String()
}

// forms are all the ways in which a step may stand in a file; % is its output
// before the update.
var forms = []string{
	"steps:\n  - h1$ x\n",
	"steps:\n  - h1$ x   # why\n  - h1$ y\n",
	"steps:\n  - \"h1$ x: y\"\n\n  - h1$ y\n",
	"steps:\n  - |\n    h1$ cat <<EOF\n    a\n\n    b\n    EOF\n\n  - h1$ y\n",
	"steps:\n  - |2\n    h1$ cat\n     b\n  - h1$ y\n",
	"steps:\n  - h1$ x\n    and more\n  - h1$ y",
	"steps:\n  - run: h1$ x\n",
	"steps:\n- run: h1$ x\n- h1$ y\n",
	"steps:\n  - run: |\n      h1$ x <<EOF\n      y\n      EOF\n    at: 30s\n\n  - h1$ y\n",
	"steps:\n  - {run: h1$ x}\n  - h1$ y\n",
	"steps:\n  - {run: 'h1$ it''s: x', at: 30s, expect: {stdout: \"% }\"}}  # why\n  - h1$ y\n",
	"steps:\n  - {run: \"h1$ x \\\" {\",   # first\n     expect: {exit: 3}}\n",
	"steps: [h1$ x, h1$ y]\n",
	"steps: [{run: h1$ x, expect: {stdout: %}}, 'h1$ y']\n",
	"steps:\n  - run: h1$ x\n    expect: {stdout: %}   # why\n  - h1$ y\n",
	"steps:\n  - run: h1$ x\n    expect: {exit: any, stdout: %,\n      stderr: ...}\n\n  - h1$ y\n",
	"steps:\n  - run: h1$ x\n    expect:\n      stdout: %\n  - h1$ y\n",
	"steps:\n  - run: h1$ x\n    expect:\n      # what it says\n      stdout: | # all\n        %\n        more\n\n        still\n      # what it does not\n      exit: 0 # good\n    # the other\n  - h1$ y\n",
	"steps:\n  - expect:\n      stderr: \"%\\\n        and\"\n      stdout: 'a\n\n        b'\n    run: h1$ x\n  - h1$ y\n",
	"steps:\n  - run: h1$ x\n    expect:\n      stdout: |+\n        %\n\n\n  - h1$ y\n",
	"steps:\n  - run: h1$ x\n    expect:\n  - h1$ y\n",
	"steps:\n  - run: h1$ x\n    expect: &ok {stdout: %}\n  - run: h1$ y\n    expect: *ok\n",
	"steps:\n  - run: h1$ x\n    expect: &ok\n      stdout: %\n  - run: h1$ y\n    expect:\n      <<: *ok\n      exit: 0\n",
	"steps:\n  - run: h1$ x\n    expect:\n      stdout: |\n        ...\n        %\n        ~ [0-9]+ packets\n        time <any>\n        ...\n",
	"setup:\n  - h1$ x\nsteps:\n  - h1$ y\n---\n" + updateHead + "steps:\n  - run: h1$ x\n    expect: {stdout: %}",
}

// checkUpdate holds what --update promises: a file that loads, says the same,
// passes, and is not rewritten again.
func checkUpdate(t *testing.T, form string, did ...outcome) string {
	t.Helper()
	text := updateHead + strings.ReplaceAll(form, "%", "before")
	results := played(t, text, did...)
	failed := failures(results) != ""
	up := Update("u.yaml", []byte(text), results)
	if up.Left > 0 || failed && up.Rewritten == 0 || !failed && string(up.Text) != text {
		t.Errorf("%d rewritten, %d left: %+v\n%s", up.Rewritten, up.Left, did, text)
	}
	again := played(t, string(up.Text), did...)
	if f := failures(again); f != "" {
		t.Errorf("after the update of\n%s%s\n%s", text, up.Text, f)
	}
	if twice := Update("u.yaml", up.Text, again); string(twice.Text) != string(up.Text) {
		t.Errorf("a second update changes\n%s\nto\n%s", up.Text, twice.Text)
	}
	if strings.Count(string(up.Text), "#") < strings.Count(text, "#") {
		t.Errorf("a comment is lost:\n%s\n%s", text, up.Text)
	}
	return string(up.Text)
}

var oddOutputs = []string{
	"", "\n", "\n\n\n", "a", "a\n", "a\n\n", "\n\na\n", "  a\n", "\ta\n", "a\n\tb\n", "a  \n", "a\r\nb\r\n", "\x1b[1mb\n", "a\x01b\n", "\xff\n", "a\xffb\xfe",
	"x\u0085y\n", "\u2028y\n", "\ufeffa\n", "~tilde\n", "~\n", "...\n", " ...\n", "<any>\n", "a <any> b\n", "~ <any>\n...\n", "# no comment\n", "a # b\n", "a: b\n", "- a\n",
	"---\n", "'\"\\\n", "{a: b}\n", "%\n", "&a *b !c\n", "null\n", "1\n", "\x7f\n", "\u202ex\n", "\ufffe\n", "\U0010ffff\n", "12 packets\ntime 3\n", "\\x41\n", "a\\\n",
}

func TestUpdatePassesWithOddOutputs(t *testing.T) {
	for _, form := range forms {
		for _, out := range oddOutputs {
			checkUpdate(t, form, outcome{0, out, ""})
			checkUpdate(t, form, outcome{1, out, out}, outcome{2, "", out}, outcome{3, out, "b"})
		}
	}
}

func TestUpdatePassesWithAnyOutput(t *testing.T) {
	any := func(form uint8, exit uint8, stdout, stderr []byte, other string) bool {
		checkUpdate(t, forms[int(form)%len(forms)], outcome{int(exit), string(stdout), string(stderr)}, outcome{0, other, string(stdout)}, outcome{1, other, ""})
		return !t.Failed()
	}
	if err := quick.Check(any, &quick.Config{MaxCount: 400}); err != nil {
		t.Error(err)
	}
}

func FuzzUpdate(f *testing.F) {
	for i, out := range oddOutputs {
		f.Add(i, i%4, []byte(out))
	}
	f.Fuzz(func(t *testing.T, form, exit int, out []byte) {
		checkUpdate(t, forms[uint(form)%uint(len(forms))], outcome{int(uint8(exit)), string(out), ""}, outcome{0, string(out), string(out)})
	})
}

// What a person wrote and still holds stays: gaps, expressions, comments.
func TestUpdateKeepsWhatHolds(t *testing.T) {
	for _, c := range []struct{ form, want string }{
		{"steps:\n  - run: h1$ x\n    expect: # all of it\n      stdout: | # head\n        HTTP/1.1 200 OK\n        ...\n        ~ Date: .*\n        ETag: <any>\n        Content-Length: 616\n        ...\n      exit: 0\n",
			"steps:\n  - run: h1$ x\n    expect: # all of it\n      stdout: | # head\n        HTTP/1.1 200 OK\n        ...\n        ~ Date: .*\n        ETag: <any>\n        Content-Length: 615\n        ...\n      exit: 0\n"},
		{"steps:\n  - run: h1$ x\n    expect: {exit: 0, stdout: \"...\"} # why\n", "steps:\n  - run: h1$ x\n    expect: {exit: 0, stdout: \"...\"} # why\n"},
		{"steps:\n  - {run: h1$ x, expect: {stdout: gone}} # why\n", "steps:\n  - run: h1$ x\n    expect: # why\n      stdout: |\n        HTTP/1.1 200 OK\n        Server: x\n        Date: now\n        ETag: 1\n        Content-Length: 615\n        Last: x\n"},
		{"steps:\n  - run: h1$ x\n    expect: {stdout: \"...\\ngone\\n...\\n\"}\n", "steps:\n  - run: h1$ x\n    expect:\n      stdout: |\n        HTTP/1.1 200 OK\n        Server: x\n        Date: now\n        ETag: 1\n        Content-Length: 615\n        Last: x\n"},
	} {
		got := checkUpdate(t, c.form, outcome{0, "HTTP/1.1 200 OK\nServer: x\nDate: now\nETag: 1\nContent-Length: 615\nLast: x\n", ""})
		if got != updateHead+c.want {
			t.Errorf("got\n%s\nwant\n%s", got, updateHead+c.want)
		}
	}
}

// What cannot be rewritten is left, and what can be is rewritten all the same.
func TestUpdateLeavesWhatItCannotWrite(t *testing.T) {
	text := updateHead + "setup: &lines\n  - &one {run: h1$ x, expect: {stdout: a}}\n  - *one\nsteps:\n  - run: h1$ y\n    expect: {stdout: a}\n"
	results := played(t, text, outcome{0, "b", ""}, outcome{0, "c", ""}, outcome{0, "d", ""})
	up := Update("u.yaml", []byte(text), results)
	if up.Rewritten != 1 || up.Left != 2 || !strings.Contains(string(up.Text), "&one {run: h1$ x, expect: {stdout: a}}\n  - *one\n") {
		t.Errorf("%d rewritten, %d left\n%s", up.Rewritten, up.Left, up.Text)
	}
	if n := strings.Count(failures(results), "u.yaml:"); n != 2 {
		t.Errorf("%d failures are reported:\n%s", n, failures(results))
	}
}

func TestUpdateKeepsTheLineEnds(t *testing.T) {
	text := strings.ReplaceAll(updateHead+"steps:\n  - run: h1$ x\n    expect:\n      stdout: a\n  - h1$ y\n", "\n", "\r\n")
	up := Update("u.yaml", []byte(text), played(t, text, outcome{0, "b\nc\n", ""}))
	want := strings.ReplaceAll(text, "stdout: a\r\n", "stdout: |\r\n        b\r\n        c\r\n")
	if string(up.Text) != want {
		t.Errorf("got %q\nwant %q", up.Text, want)
	}
	if fmt.Sprint(up.Rewritten) != "1" {
		t.Errorf("%d rewritten", up.Rewritten)
	}
}
