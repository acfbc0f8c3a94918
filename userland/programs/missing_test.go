package programs_test

import (
	"testing"

	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// A last line without a newline is printed without one, unless something comes
// after it.
func TestSedKeepsAMissingNewline(t *testing.T) {
	for line, want := range map[string]string{
		"printf 'a\\nb' | sed -n p":            "a\nb",
		"printf 'a\\nb' | sed p":               "a\na\nb\nb",
		"printf 'a\\nb' | sed N":               "a\nb",
		"printf 'a\\nb' | sed -n 's/b/c/p'":    "c",
		"printf 'a' | sed 'a x'":               "a\nx\n",
		"printf 'a' | sed =":                   "1\na",
		"printf 'a' | sed -n 'p;='":            "a\n1\n",
		"printf 'a\\nb' | sed -n '$!{p;p}'":    "a\na\n",
		"printf 'x\\n' | grep -c '[\\377]'":    "0\n",
		"printf '\\377\\n' | grep -cF '\\377'": "0\n",
	} {
		if got, _ := run(t, programs.Host(), shell.Bash, line); got != want {
			t.Errorf("%s prints %q, want %q", line, got, want)
		}
	}
}
