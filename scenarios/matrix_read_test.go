package scenarios

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const symptoms = "testdata/symptoms.txt"

// measured are the cells of a row that are looked for, in the table's order.
var measured = []string{"nodes", "endpoints", "serf", "ARP", "neigh", "FDB", "TX", "RX", "vxlan0", "56", "1400", "TCP"}

// symptomRow is one row of the table: what is to be found of a scenario, one
// way or both.
type symptomRow struct {
	line     int
	scenario string
	way      string        // "both", or what a way's String says
	when     string        // "", or how long after the last measurement: "+30s"
	wait     time.Duration // the same
	cells    []string      // as measured names them
	until    string        // "before STEP", "after STEP" or "end"
}

// readSymptoms reads the table: rows by their scenario. A row that names none
// belongs to the one above, and is measured where that one is.
func readSymptoms(t *testing.T) map[string][]*symptomRow {
	t.Helper()
	text, err := os.ReadFile(symptoms)
	if err != nil {
		t.Fatal(err)
	}
	heads := slices.Concat([]string{"scenario", "row", "way", "when"}, measured, []string{"measured"})
	rows := map[string][]*symptomRow{}
	var last *symptomRow
	begun := false
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.SplitN(line, "|", len(heads))
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if !begun {
			if begun = slices.Equal(f, heads); !begun {
				t.Fatalf("%s:%d: the columns are %q", symptoms, n+1, heads)
			}
			continue
		}
		if len(f) != len(heads) {
			t.Fatalf("%s:%d: %d cells, not %d", symptoms, n+1, len(f), len(heads))
		}
		r := &symptomRow{line: n + 1, scenario: f[0], way: f[2], when: f[3], cells: f[4 : 4+len(measured)], until: f[len(f)-1]}
		if r.scenario == "" {
			r.scenario, r.until = last.scenario, last.until
		}
		if r.when != "" {
			if r.wait, err = time.ParseDuration(r.when); err != nil {
				t.Fatalf("%s:%d: %v", symptoms, r.line, err)
			}
		}
		if r.way != "both" && !slices.ContainsFunc(ways, func(w way) bool { return w.String() == r.way }) {
			t.Fatalf("%s:%d: which way is %q?", symptoms, r.line, r.way)
		}
		rows[r.scenario] = append(rows[r.scenario], r)
		last = r
	}
	for name, rs := range rows {
		if missing := missingWay(rs); missing != "" {
			t.Fatalf("%s:%d: %s has no row for %s", symptoms, rs[0].line, name, missing)
		}
	}
	return rows
}

// missingWay is a way that a time of a scenario's rows does not have.
func missingWay(rows []*symptomRow) string {
	for _, r := range rows {
		for _, w := range ways {
			if !slices.ContainsFunc(rows, func(o *symptomRow) bool {
				return o.when == r.when && (o.way == "both" || o.way == w.String())
			}) {
				return strings.TrimSpace(w.String() + " " + r.when)
			}
		}
	}
	return ""
}
