package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// expected is the first line of an attack's file: the exit status of `dnetsim
// run`, and words that are printed somewhere.
var expected = regexp.MustCompile(`^# exit ([0-9]): ?(.*)\n`)

// Every file that once brought dnetsim down ends as its first line says.
func TestAttacksEndWithASentence(t *testing.T) {
	files, err := filepath.Glob("testdata/attacks/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no attacks: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := expected.FindStringSubmatch(string(text))
			if m == nil {
				t.Fatalf("%s does not begin with `# exit N: words`", file)
			}
			want, _ := strconv.Atoi(m[1])
			code, out, errs := call(t, "", nil, "run", file)
			if code != want || !strings.Contains(out+errs, m[2]) {
				t.Errorf("exit %d, want %d and %q\n%.2000s\n%.2000s", code, want, m[2], errs, out)
			}
		})
	}
}
