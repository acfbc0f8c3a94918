package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/explain"
)

// TestInnocentsAreNotBlamed: what a program has just reached, explain reaches
// too, and blames nobody: in what is blamed and innocent, in the library's
// healthy worlds, and in the worlds of public reports.
func TestInnocentsAreNotBlamed(t *testing.T) {
	try := func(name, file string, text []byte) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Read(file, text)
			if err != nil {
				t.Fatal(err)
			}
			innocent(t, s)
		})
	}
	for _, src := range Library() {
		if name := strings.TrimSuffix(src.File, ".yaml"); strings.HasPrefix(name, "innocent-") || name == "local-modes" || name == "macvlan" || name == "overlay-ping-fixed" || name == "swarm-ping" {
			try(name, src.File, src.Text)
		}
	}
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		if slices.Contains(failing, name) {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		try(name, f, text)
	}
}

// innocent asks for the last flow of a scenario that worked, at its moment.
func innocent(t *testing.T, s *Scenario) {
	r := Run(s, Options{Docker: cli.Program})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	flow, after, ok := lastReached(s, r)
	if !ok {
		return
	}
	w, _, err := Stand(s, Options{Docker: cli.Program}, Moment{Step: after})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	report, err := explain.Explain(w, flow)
	if err != nil {
		t.Fatalf("%s: %v", flow, err)
	}
	if !report.Works() {
		var b strings.Builder
		report.Write(&b, explain.Style{})
		t.Errorf("%s worked in the run, at step %d:\n%s", flow, after, b.String())
	}
}

// lookup is a line that asks for a name and no more. It ends well also when the
// name is nobody's; so does a datagram that nobody hears, and a ping that is large
// need not be as large as the interface's MTU.
var lookup = regexp.MustCompile(`\b(dig|host|nslookup|getent)\b`)

// lastReached is the flow of the last step that reached for somebody, with its
// place behind it among the steps.
func lastReached(s *Scenario, r *Result) (explain.Flow, int, bool) {
	first := len(r.Steps) - len(s.Steps)
	for i := len(r.Steps) - 1; i >= max(first, 0); i-- {
		st := &r.Steps[i]
		if st.Step.Kind != StepRun || st.Exit != 0 || st.Failure != "" {
			continue
		}
		f, ok := explain.Asked(st.Step.place(), st.Step.Line)
		if ok && f.Proto != explain.UDP && !f.Large && !lookup.MatchString(st.Step.Line) {
			return f, i - first + 1, true
		}
	}
	return explain.Flow{}, 0, false
}
