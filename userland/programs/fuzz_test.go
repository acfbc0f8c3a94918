package programs_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
)

// fuzzed runs one program with arguments and a standard input, and kills it
// after a minute of virtual time.
func fuzzed(t *testing.T, set map[string]userland.Program, stdin string, args ...string) (out string, status int) {
	t.Helper()
	l := sim.NewLoop(1)
	l.SetBudget(0.0003)
	m := userland.NewMachine(l, "m", nil)
	m.Programs = set
	m.FS().WriteFile("/f", []byte("one\ntwo 2\n"), 0o644)
	var b bytes.Buffer
	p := m.Start(userland.ProcSpec{Program: set[args[0]], Args: args, Stdin: strings.NewReader(stdin), Stdout: &limited{&b}, Stderr: &limited{&b}})
	l.Run(p.Done, time.Minute)
	m.KillAll()
	l.RunFor(0)
	return b.String(), p.Status()
}

// limited is a pipe whose reader goes after a megabyte, as head does.
type limited struct{ b *bytes.Buffer }

func (w *limited) Write(b []byte) (int, error) {
	if w.b.Len() > 1<<20 {
		return 0, userland.EPIPE
	}
	return w.b.Write(b)
}

// FuzzAwk runs any text as an awk program: it ends or is killed, whatever its
// loops do, and a program that is refused prints nothing else than why.
func FuzzAwk(f *testing.F) {
	for _, s := range []string{
		`{ $3 = $1 $2; NF = 7; print $(NF-1), length }`,                                              // fields grow and shrink
		`BEGIN { while (("cat /f" | getline x) > 0) n++; close("cat /f"); print n > "/dev/stderr" }`, // commands in and out
		`function f(a, b) { return a ? f(a-1, b a) : b } BEGIN { printf "%5.2f|%-9s|%c|%x\n", f(40, ""), 1e9, 256, -1 }`,
		`BEGIN { a["x",1]; for (k in a) delete a[k]; split("a1b2", q, /[0-9]/); print substr("hello", 0, -1), index("ab", "") }`, // edges of substr and split
		`/a/,/b/ { gsub(/x*/, "[&]"); sub("(", "\\\\&") } !/c/ { next } END { print NR / 0 }`,                                    // empty matches, a bad pattern, a division
		`BEGIN { for (;;) i++ }`, `BEGIN { for (;;) s = s "x" }`, `BEGIN { while (1) print }`, // no end: time, memory, output
		`BEGIN { printf "%*d %s" }`, `BEGIN { $100000000 = 1 }`, `BEGIN { print substr("x", 1, 1e300), int("nan"), -"inf" }`, // numbers that are none
		`BEGIN { print 1,2 > $1 } {`, `BEGIN{print(((((1)))))`, `{ getline < "-" ; getline x < FILENAME }`, // unfinished
	} {
		f.Add(s, "a b c\nx=1,y=2\n\n")
	}
	f.Fuzz(func(t *testing.T, program, stdin string) {
		for _, set := range []map[string]userland.Program{programs.Host(), programs.Busybox()} {
			fuzzed(t, set, stdin, "awk", program)
		}
	})
}

// FuzzSed runs any text as a sed script. A script that only adds what prints the
// line once more, -n '…;p' excepted, must leave what it never touches: with the
// address 0~0 of no line a script is the identity.
func FuzzSed(f *testing.F) {
	for _, s := range []string{
		`s/\(a\)\(b\)*/\2\1&\n/2gI`, `s,x,\,,w /o`, `s/a\|b//;ta;b;:a`, // groups that match nothing, other delimiters, a label
		`1!G;h;$!d`, `N;P;D`, `$!N;/^\(.*\)\n\1$/!P;D`, // hold and pattern space
		`:a;ba`, `:a;s/^/x/;ta`, `:a;H;G;h;ba`, // no end: time and memory
		`y/abc/ab/`, `s/[/]/x/`, `/a/,/b/{//d}`, `5,2p;0,/x/d;2,+3!p;1~0p;$!{n;q5}`, // addresses of GNU's
		"a\\\ntext\\\nmore\ni x\nc\\", `r /f`, `w /dev/stdout`, `{`, `}`, `s/a/`, `y/a/`, `=;l;l 1`, `e ls`, // unfinished and forbidden
	} {
		f.Add(s, "abc\nab\n\nb b\nlast")
	}
	f.Fuzz(func(t *testing.T, script, stdin string) {
		for _, set := range []map[string]userland.Program{programs.Host(), programs.Busybox()} {
			fuzzed(t, set, stdin, "sed", script)
			fuzzed(t, set, stdin, "sed", "-n", "-E", "-s", script)
		}
		if out, _ := fuzzed(t, programs.Host(), stdin, "sed", "-n", "p"); out != stdin {
			t.Errorf("sed -n p of %q prints %q", stdin, out)
		}
	})
}

// FuzzGrep holds grep with two slow ways to say the same: every line is among
// those that match or those that do not, and a fixed string is found where
// strings.Contains finds it.
func FuzzGrep(f *testing.F) {
	for _, s := range []string{
		`^\(a*\)*$`, `a\{1,3\}b\{,2\}`, `[[:alpha:]_-]*\b`, `\<x\>`, `a\|^b`, // basic ones of GNU's
		`(a|b)*+c{2}{3}`, `[a`, `a{2,1}`, `(`, `)`, `*a`, `+`, `\`, `[]a]`, `[^]]`, `[a-`, `x{99999}`, // refused, or literal by their place
		`\(.\)\1`, `((((((((((((((((((((a*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*`, "\xff\xfe", ``, // back references, depth, no text
	} {
		f.Add(s, "aab\nb a\n\n[x]\naa")
	}
	f.Fuzz(func(t *testing.T, pattern, stdin string) {
		lines := strings.Count(stdin, "\n")
		if stdin != "" && !strings.HasSuffix(stdin, "\n") {
			lines++
		}
		for _, set := range []map[string]userland.Program{programs.Host(), programs.Busybox()} {
			for _, kind := range []string{"-G", "-E"} {
				if kind == "-G" && set["rpm"] == nil {
					kind = "-h" // busybox has no -G
				}
				yes, s1 := fuzzed(t, set, stdin, "grep", kind, "-c", "-e", pattern)
				no, s2 := fuzzed(t, set, stdin, "grep", kind, "-v", "-c", "-e", pattern)
				if s1 > 1 || s2 > 1 {
					continue // no pattern
				}
				var a, b int
				if _, err := fmt.Sscan(yes+no, &a, &b); err != nil || a+b != lines {
					t.Errorf("grep %s -c %q of %q: %q match, %q do not, of %d lines", kind, pattern, stdin, yes, no, lines)
				}
			}
		}
		if strings.ContainsAny(pattern, "\n\x00") || !utf8.ValidString(pattern) || strings.Contains(stdin, "\x00") {
			return // several patterns, a binary file
		}
		want := 0
		for _, l := range strings.SplitAfter(stdin, "\n") {
			if l != "" && strings.Contains(strings.TrimSuffix(l, "\n"), pattern) {
				want++
			}
		}
		if got, _ := fuzzed(t, programs.Host(), stdin, "grep", "-F", "-c", "-e", pattern); strings.TrimSpace(got) != fmt.Sprint(want) {
			t.Errorf("grep -F -c %q of %q prints %q, %d lines have it", pattern, stdin, got, want)
		}
	})
}

// FuzzText gives any arguments to the small programs that have a grammar of
// their own; they end. The first word is the program.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"find / -maxdepth 2 ( -name *f -o ! -type d ) -printf %p\\n", "find / -exec echo {} ; -delete", "find / ( ( (", "find -newer", // an expression, actions, depth
		"expr ( 1 + 2 ) * 9223372036854775807 : [0-9]*", "expr 1 / 0", "expr a : \\(", // overflow, zero, a pattern
		"printf %s%d%5.*f%b\\n x 99999999999999999999 3 1.5 \\0777", "printf %999999999d 1", "printf %n", // widths
		"date -d @99999999999999999 +%N%:z%-5d%^B", "date -d yesterday-3weeks", "date -s 25:61", "date +%", // times beyond any calendar
		"seq 1 0 2", "seq -w 1e9 -1e9 0", "seq inf", "seq 0.1 .1 1", // steps of nothing
		"cut -d, -f3-1,-2", "cut -c 0", "tr a-z A-", "tr -d [:nope:]", "tr \\777 [a*99999999999]", "sort -t, -k 99,1nr -u", "uniq -f -1", // ranges
		"head -c -99999999999999999999", "tail -n +0 -f", "tail -c 1e3", "od -A x -t x9", "xargs -n 0 -I {} echo {}", "dd bs=0 count=-1", "wc -L", // counts
		"tee", "cat -A -", "ls -laRt --color=always / /f nothere", "stat -c %A%n%% /f", "du -h /", "base64 -d", "sha256sum -c", "timeout -s 99 -k 1 1 cat", "env -i -u A=B cat", "nl -ba", "rev", "tac", "paste - - -", "comm - /f", "diff /f -", "fold -w 0", "column -t",
	} {
		f.Add(s, "one two\n3,4\n")
	}
	all := []map[string]userland.Program{programs.Host(), programs.Busybox()}
	f.Fuzz(func(t *testing.T, line, stdin string) {
		args := strings.Fields(line)
		for _, set := range all {
			if len(args) > 0 && set[args[0]] != nil {
				fuzzed(t, set, stdin, args...)
			}
		}
	})
}
