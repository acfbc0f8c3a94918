package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"dnetsim/engine/cli"
	"dnetsim/sim"
)

// notOfTheMatrix are the library's scenarios with a cluster store or a swarm that show no
// cause of a dead overlay and nothing that is blamed for one, or what another
// scenario's cause leaves behind.
var notOfTheMatrix = []string{"walkthrough", "walkthrough-29", "nftables-29", "gossip-apart", "store-wiped-new-container"}

// ofTheMatrix reports whether a scenario is about an overlay at all.
func ofTheMatrix(name string, text []byte) bool {
	return (strings.Contains(string(text), "cluster-store") || strings.Contains(string(text), "swarm init")) && !slices.Contains(notOfTheMatrix, name)
}

// TestSymptomMatrix measures what testdata/symptoms.txt says of every cause in
// the library, and of everything blamed but innocent. It builds the lab, types
// the file's lines up to where the row says, and then looks for itself, with
// packets and tables: what the file expects of its steps is not asked.
func TestSymptomMatrix(t *testing.T) {
	rows := readSymptoms(t)
	for _, src := range Library() {
		name := strings.TrimSuffix(src.File, ".yaml")
		mine := rows[name]
		delete(rows, name)
		if !ofTheMatrix(name, src.Text) {
			continue
		}
		if len(mine) == 0 {
			t.Errorf("%s: no row in %s", name, symptoms)
			continue
		}
		s, err := Read(src.File, src.Text)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			measureRows(t, s, mine)
		})
	}
	for name := range rows {
		t.Errorf("%s: rows in %s, and no such scenario in the library", name, symptoms)
	}
}

// measureRows brings a scenario to where its rows want it, measures once for
// each time that they name, and compares.
func measureRows(t *testing.T, s *Scenario, rows []*symptomRow) {
	lab := openUntil(t, s, rows[0].until)
	defer lab.Close()
	got := newMatrix(t, lab)
	for i, r := range rows {
		if i == 0 || r.when != rows[i-1].when {
			lab.Loop.RunFor(r.wait)
			got.measure()
		}
		for k, w := range ways {
			if r.way != "both" && r.way != w.String() {
				continue
			}
			if have := got.cells[k]; !slices.Equal(have, r.cells) {
				t.Errorf("%s:%d: %s %s %s:\n%s", symptoms, r.line, s.Name, w, r.when, cellTable(r.cells, have))
			}
		}
	}
}

// openUntil builds a scenario's lab and types its lines, up to the point that
// the text names: "before STEP" (the beginning of a step as results name it),
// "after STEP", or "end". Failing expectations are the business of TestLibrary.
func openUntil(t *testing.T, s *Scenario, until string) *Lab {
	t.Helper()
	steps := len(s.Steps)
	if until != "end" {
		word, text, _ := strings.Cut(until, " ")
		i := slices.IndexFunc(s.Steps, func(st Step) bool { return strings.HasPrefix(st.String(), text) })
		if i < 0 || word != "before" && word != "after" {
			t.Fatalf("no step of %s is %q", s.Name, until)
		}
		if steps = i; word == "after" {
			steps++
		}
	}
	lab, err := build(s, sim.NewLoop(s.Seed), cli.Program, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{lab: lab, result: &Result{}, transcript: &transcript{}}
	r.steps(s.Setup, true)
	r.steps(s.Steps[:steps], false)
	if r.hung || r.result.Err != nil {
		lab.Close()
		t.Fatal(r.result.Report(), r.result.Err)
	}
	return lab
}

// cellTable prints what was found under what the table has, and marks what
// differs.
func cellTable(want, got []string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	line := func(title string, cells []string) { fmt.Fprintf(w, "%s\t| %s\n", title, strings.Join(cells, "\t| ")) }
	marks := make([]string, len(want))
	for i := range want {
		if i >= len(got) || want[i] != got[i] {
			marks[i] = strings.Repeat("^", 3)
		}
	}
	line("", measured)
	line("want", want)
	line("got", got)
	line("", marks)
	w.Flush()
	return b.String()
}
