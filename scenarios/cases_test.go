package scenarios

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

// failing are the worlds of testdata/cases that a real 20.10.24 and dnetsim see
// differently. What is mended leaves the list, and nothing comes in.
var failing = []string{}

// Small worlds of what public reports show, whose expectations were seen on a
// real engine 20.10.24 or are the maintainers' answers: each one passes, or is in
// the list of those that do not pass yet.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	known := map[string]bool{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		known[name] = true
		t.Run(name, func(t *testing.T) { runCase(t, f, slices.Contains(failing, name)) })
	}
	for _, name := range failing {
		if !known[name] {
			t.Errorf("the list of failing cases names %s, which is no file", name)
		}
	}
}

func runCase(t *testing.T, file string, fails bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(file, text)
	if err != nil {
		if !fails {
			t.Error(err)
		}
		return
	}
	r := Run(s, Options{Docker: cli.Program})
	switch failed := r.Err != nil || r.Failed(); {
	case r.Err != nil && !fails:
		t.Error(r.Err)
	case failed && !fails:
		t.Error(r.Report())
	case !failed && fails:
		t.Error("passes now: take it out of the list of failing cases")
	}
}
