package programs_test

import (
	"testing"

	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

func TestColumn(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`printf 'a bb c\nddd e f\n' | column -t`, "a    bb  c\nddd  e   f\n"},
		{`printf 'root:x:0\ndaemon:x:1\n' | column -t -s :`, "root    x  0\ndaemon  x  1\n"},
		{`printf 'a:b\n' | column -t -s : -o ' | '`, "a | b\n"},
		{`seq 5 | column -c 24`, "1\t3\t5\n2\t4\n"},
		{`seq 5 | column -x -c 24`, "1\t2\t3\n4\t5\n"},
		{`printf '\n\n' | column -t`, ""},
	} {
		if out, status := run(t, programs.Host(), shell.Bash, c.text); out != c.want || status != 0 {
			t.Errorf("%s\ngot  %d %q\nwant %q", c.text, status, out, c.want)
		}
	}
}
