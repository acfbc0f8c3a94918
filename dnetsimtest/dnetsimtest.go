// Package dnetsimtest runs scenario files under go test, and opens worlds for tests
// that are written in Go. A file is a subtest; what it expects and did not get is
// printed with its line, the difference, and the command that shows it again.
package dnetsimtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dnetsim"
	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
	"dnetsim/scenarios/compose"
)

// Run runs the scenario and Compose files that the patterns match (see
// path/filepath.Match), each as a subtest with the file's name, and those of a
// file with several as subtests of it. A pattern that matches nothing is an error:
// a test that tests nothing should not pass. With -v it logs the transcripts.
func Run(t *testing.T, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		switch {
		case err != nil:
			t.Errorf("%s: %v", pattern, err)
		case len(files) == 0:
			t.Errorf("%s: no file is there", pattern)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				RunText(t, file, text)
			})
		}
	}
}

// RunText is Run of one file's text; file is its name for errors.
func RunText(t testing.TB, file string, text []byte) {
	t.Helper()
	if compose.Is(text) {
		imported, _, err := compose.Import(file, text, compose.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text = imported
	}
	all, err := scenarios.ReadAll(file, text)
	if err != nil {
		t.Fatalf("the file is wrong:\n%v", err)
	}
	for _, s := range all {
		if sub, ok := t.(*testing.T); ok && len(all) > 1 {
			sub.Run(s.Name, func(t *testing.T) { one(t, s) })
			continue
		}
		one(t, s)
	}
}

func one(t testing.TB, s *scenarios.Scenario) {
	t.Helper()
	o := scenarios.Options{Docker: cli.Program}
	r := scenarios.Run(s, o)
	if r.Err != nil {
		t.Logf("transcript:\n%s", r.Transcript)
		t.Fatal(r.Err)
	}
	if !r.Failed() {
		if testing.Verbose() {
			t.Logf("transcript:\n%s", r.Transcript)
		}
		return
	}
	scenarios.Why(s, o, r)
	t.Errorf("\n%s", strings.TrimSuffix(r.Report(), "\n"))
}

// Open is [dnetsim.Open] for a test: what is wrong ends the test, and its end
// closes the world. What brought the simulation down meanwhile fails it.
func Open(t testing.TB, text string, o *dnetsim.Options) *dnetsim.World {
	t.Helper()
	w, err := dnetsim.Open([]byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Type runs a line and returns what it printed; a status that is not zero ends the
// test, with the line's output.
func Type(t testing.TB, w *dnetsim.World, place, line string) string {
	t.Helper()
	res, err := w.Run(place, line)
	switch {
	case err != nil:
		t.Fatalf("%s$ %s\n%v", place, line, err)
	case res.Exit != 0:
		t.Fatalf("%s$ %s\n%s(exit status %d)", place, line, res.Output, res.Exit)
	}
	return res.Output
}

// Reaches fails the test, with the cause that dnetsim finds, if from does not reach
// to at port ("80/tcp"; "" is a ping), see [dnetsim.World.Explain].
func Reaches(t testing.TB, w *dnetsim.World, from, to, port string) {
	t.Helper()
	r, err := w.Explain(from, to, port)
	if err != nil {
		t.Error(err)
		return
	}
	if !r.Works() {
		t.Errorf("\n%s", told(r))
	}
}

// DoesNotReach fails the test if from reaches to.
func DoesNotReach(t testing.TB, w *dnetsim.World, from, to, port string) {
	t.Helper()
	r, err := w.Explain(from, to, port)
	if err != nil {
		t.Error(err)
		return
	}
	if r.Works() {
		t.Errorf("%s reaches %s %s, and must not:\n%s", from, to, port, told(r))
	}
}
func told(r *dnetsim.Report) string {
	var b strings.Builder
	r.Write(&b, explain.Style{})
	return b.String()
}
