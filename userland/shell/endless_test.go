package shell_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// sh runs a line in a shell of its own and returns its status and output.
func sh(t *testing.T, style shell.Style, line, stdin string, limit time.Duration) (int, string, error) {
	t.Helper()
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	var out bytes.Buffer
	args := []string{"sh", "-c", line}
	if line == "" {
		args = args[:1]
	}
	p := m.Start(userland.ProcSpec{Program: shell.Sh(style), Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out})
	err := l.Run(p.Done, limit)
	m.KillAll()
	l.Settle()
	return p.Status(), out.String(), err
}

// What the parser makes of other shells' forms is a syntax error, and what
// nests without bound is told so, however it nests and whoever reads it.
func TestOddAndDeepTextsAreSyntaxErrors(t *testing.T) {
	many := func(s string) string { return strings.Repeat(s, 12_000) }
	for i, text := range []string{
		"()a", "() a", "()()a", "function () { :; }", "a() ()b", "( ()a )", "f() { ()a\n}",
		many("( "), many("{ "), many("if "), many("while "), many("until "), many("! "), many("a()"), many("$(("),
		many("`"), many("\"$("), many("for i in a; do "), many("case x in a) "), many("time "), many("coproc "),
		many("<("), many("${a:-"), many("$(("), "echo $((" + many("-") + "1))", "echo $((" + many("!") + "1))",
		"echo $((" + many("1?") + "1))", "echo $((" + many("a=") + "1))", "echo $((" + many("1+") + "1))", "echo $((" + many("a[") + "1))",
		"[[ " + many("! ") + "a ]]", "[[ " + many("( ") + "a ]]", many("a && ") + "b", many("a | ") + "b", many("')'") + many("("),
		"echo $((" + many("1**") + "1))", many("function f "), "a=" + many("("), many("{a,"), "let " + many("("), many("<<a "),
	} {
		for _, how := range []string{"-c", "<", "eval"}[i%3:][:1] {
			line, stdin := text, ""
			switch how {
			case "<":
				line, stdin = "", text+"\n"
			case "eval":
				line = "eval '" + strings.ReplaceAll(text, "'", `'\''`) + "'"
			}
			status, out, err := sh(t, shell.HostSh, line, stdin, 24*time.Hour)
			if err != nil || status == 0 && len(text) > 100 {
				t.Errorf("%s %.20q: status %d, %v: %.200s", how, text, status, err, out)
			}
		}
	}
}

// A chain of exec is one process and has no depth, whoever replaces whom, and
// it keeps the descriptors that it was given.
func TestExecNestsNothing(t *testing.T) {
	for _, step := range []string{"exec sh /tmp/a", "exec env X=1 sh /tmp/a", "exec nice sh /tmp/a", "sh -c 'exec sh /tmp/a'"} {
		script := "n=$((${n:-0} + 1)); export n; test $n = 5000 && { echo $n; echo three >&3; exit 7; }\n" + step + "\n"
		line := "cat > /tmp/a; sh /tmp/a 3>/tmp/three; echo $? $(cat /tmp/three)"
		if strings.HasPrefix(step, "sh") {
			script = strings.Replace(script, "5000", "200", 1)
		}
		_, out, err := sh(t, shell.Ash, line, script, time.Hour)
		want := "5000\n7 three\n"
		if strings.HasPrefix(step, "sh") {
			want = "200\n7 three\n"
		}
		if err != nil || out != want {
			t.Errorf("%s: %v, %q", step, err, out)
		}
	}
}

// Of a script on standard input a command takes the lines that it needs and no
// more, so that what it starts can read the next one.
func TestStandardInputIsReadALineAtATime(t *testing.T) {
	commands := []string{
		"cat <<A; cat <<B\n1\nA\n2\nB", "if true\nthen\n:\nfi", "{ :\n:; }", "f()\n{\n:\n}", "echo \"a\nb\"",
		"cat <<E | cat\naaa\nE", "cat <<-'E'\n\tx $(\n\tE", "case x in\nx) echo cx;;\nesac", "x=$(echo a\necho b)", "true &&\necho and", "true |\ncat",
		"for i in 1 2\ndo :\ndone | cat", "echo # (", "# {", "", "echo;", ": &", "echo `echo a\necho b`", "echo $((1 +\n2))", "while read x\ndo :\ndone <<E\n1\nE",
		"a() (\n:\n)", "[[ a = a &&\n b = b ]]", "echo ${x:-a\nb}", "x=(1\n2)", "(cat <<E\n1\nE\n)", "x=$(cat <<E\n1\nE\n)", "! true", "( ( :\n) )",
	}
	var in strings.Builder
	for _, c := range commands {
		in.WriteString(c + "\nread line; echo \"<$line>\" >&2\nvalue of " + strings.Split(c, "\n")[0] + "\n")
	}
	_, out, err := sh(t, shell.HostSh, "", in.String(), time.Hour)
	for _, c := range commands {
		first := strings.TrimSpace(strings.ReplaceAll("value of "+strings.Split(c, "\n")[0], "\\", ""))
		if !strings.Contains(out, "<"+first+">") {
			t.Errorf("after %q the next line was not there to be read: %v", c, err)
		}
	}
	// Long ones are read in time that grows as they do.
	for _, c := range []string{"cat > /dev/null <<E\n" + strings.Repeat("line $x\n", 30_000) + "E\n", "f() {\n" + strings.Repeat(": a b\n", 30_000) + "}\n", "x='" + strings.Repeat("line\n", 30_000) + "'\n"} {
		if status, out, err := sh(t, shell.HostSh, "", c+"echo after\n", time.Hour); status != 0 || out != "after\n" || err != nil {
			t.Errorf("%.20q: status %d, %v, %.200q", c, status, err, out)
		}
	}
}
