package scenarios_test

import (
	"strings"
	"testing"

	"dnetsim/docs/codes"
	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
)

// unshown are codes that no scenario ends with, with one in which their pages'
// commands run: what dnetsim check finds before an engine refuses it, and what
// nobody knows.
var unshown = map[explain.Code]string{"POOL-OVERLAP": "pool-overlap", "UNKNOWN": "link-down"}

// TestEveryCodeHasAPage: what it means, the mechanism, how to confirm it, the
// cure, what it is mistaken for, and a scenario of the library, in which the
// page's commands run. That the scenario shows the code is
// TestEveryCauseIsExplained's.
func TestEveryCodeHasAPage(t *testing.T) {
	shown := map[string]bool{}
	for _, x := range explained {
		shown[x.codes+" "+x.scenario] = true
	}
	for _, code := range explain.Codes() {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			page, ok := codes.Page(string(code))
			if !ok {
				t.Fatalf("no docs/codes/%s.md", code)
			}
			for _, part := range []string{"# " + string(code), "## How it comes about", "## How to confirm it", "## The cure", "## What it is mistaken for", "## See it"} {
				if !strings.Contains(page, part+"\n") {
					t.Errorf("no line %q", part)
				}
			}
			name, at := unshown[code], ""
			if name == "" {
				words := codes.Scenario(page)
				name, words, _ = strings.Cut(words, " ")
				if _, at, ok = strings.Cut(words, "--at '"); ok {
					at, _, _ = strings.Cut(at, "'")
				}
				if !shown[string(code)+" "+name] {
					t.Errorf("TestEveryCauseIsExplained does not show %s by %s", code, name)
				}
			}
			runCommands(t, name, at, codes.Commands(page))
		})
	}
}

// runCommands types a page's commands where its scenario fails: each is one that
// is there and that is used rightly.
func runCommands(t *testing.T, name, at string, commands []codes.Command) {
	t.Helper()
	if len(commands) == 0 {
		t.Error("no command")
	}
	s := libraryScenario(t, name)
	m, err := scenarios.ParseMoment(s, at)
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, c := range commands {
		exit, out, err := w.Type(c.Machine, c.Line)
		lower := strings.ToLower(out)
		wrong := strings.Contains(lower, "usage") || strings.Contains(lower, "not simulated") || strings.Contains(lower, "unknown option") ||
			strings.Contains(lower, "unrecognized") || strings.Contains(lower, "no such file") || strings.Contains(lower, "no such object")
		if err != nil || exit == 126 || exit == 127 || wrong {
			t.Errorf("%s$ %s: exit status %d, %v: %s", c.Machine, c.Line, exit, err, out)
		}
	}
}
