package getopt_test

import (
	"fmt"
	"strings"
	"testing"

	"dnetsim/userland/getopt"
)

// A command line is read as getopt_long(3) does, with its words for what is wrong.
func TestParse(t *testing.T) {
	long := map[string]string{"lines": "n:", "color": "color::", "quiet": "q", "trace": "!", "buffer": "~"}
	for _, x := range []struct{ line, want string }{
		{"-qn3 file", "q n=3 | file"},
		{"-n 3 -q -- -q", "q n=3 | -q"},
		{"--lines 3 --lines=4 a", "n=3,4 | a"},
		{"--color=auto --quiet a", "q color=auto | a"},
		{"--color a", "color= | a"},
		{"-n", "option requires an argument -- 'n'"},
		{"--lines", "option '--lines' requires an argument"},
		{"--quiet=no", "option '--quiet' doesn't allow an argument"},
		{"-z", "invalid option -- 'z'"},
		{"--zero", "unrecognized option '--zero'"},
		{"-x", "dnetsim does not simulate -x"},
		{"--trace", "dnetsim does not simulate --trace"},
	} {
		o, err := getopt.Parse(strings.Fields(x.line), "qn:x!", long)
		got := fmt.Sprint(err)
		if err == nil {
			got = shown(o)
		}
		if got != x.want {
			t.Errorf("%s: got %q, want %q", x.line, got, x.want)
		}
	}
}

func shown(o *getopt.Options) string {
	var words []string
	if o.Has("q") {
		words = append(words, "q")
	}
	for _, name := range []string{"n", "color"} {
		if o.Has(name) {
			words = append(words, name+"="+strings.Join(o.All(name), ","))
		}
	}
	return strings.Join(append(words, "| "+strings.Join(o.Rest, " ")), " ")
}
