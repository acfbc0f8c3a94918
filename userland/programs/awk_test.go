package programs_test

import (
	"testing"

	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// Where mawk, whose answers testdata/gnu.txt has, leaves POSIX, awk does as
// POSIX and gawk: a command's records are counted, a concatenation names a
// command, and a newline in a paragraph separates fields besides FS.
func TestAwkReadsAsPOSIXSays(t *testing.T) {
	for line, want := range map[string]string{
		`awk 'BEGIN { "echo a" | getline; "echo b" | getline x; print NR, $0, x }'`:                     "2 a b\n",
		`awk 'BEGIN { "echo " "joined" | getline j; print j }'`:                                         "joined\n",
		`printf 'a b\nc:d\n\n\ne\n' | awk 'BEGIN { RS = ""; FS = ":" } { print NF, $1 "|" $2 "|" $3 }'`: "3 a b|c|d\n1 e||\n",
	} {
		if out, status := run(t, programs.Host(), shell.Bash, line); out != want || status != 0 {
			t.Errorf("%s\ngot  %d %q\nwant 0 %q", line, status, out, want)
		}
	}
}
