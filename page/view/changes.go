package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Seen is what somebody saw last of a node's tables, by title.
type Seen map[string][]Row

// Compare marks in a node's tables what has changed since the last time, and keeps them
// for the next. The first time nothing has.
func (s Seen) Compare(tables []Table) {
	for i := range tables {
		t := &tables[i]
		number(t.Rows)
		before, known := s[t.Title]
		s[t.Title] = slices.Clone(t.Rows)
		if !known {
			continue
		}
		t.compare(before)
	}
}

// Count is how many rows have changed since the last time, which it leaves as it was; of
// tables that were never compared none have.
func (s Seen) Count(tables []Table) (n int) {
	if len(s) == 0 {
		s.Compare(tables)
		return 0
	}
	for i := range tables {
		before, known := s[tables[i].Title]
		if !known {
			n += len(tables[i].Rows)
			continue
		}
		t := tables[i]
		t.Rows = slices.Clone(t.Rows)
		number(t.Rows)
		t.compare(before)
		for _, r := range t.Rows {
			if r.Changed != "no" {
				n++
			}
		}
	}
	return n
}

// number tells rows apart that are rows of the same.
func number(rows []Row) {
	count := map[string]int{}
	for i := range rows {
		k := rows[i].key
		if n := count[k]; n > 0 {
			rows[i].key = fmt.Sprintf("%s\x00%d", k, n)
		}
		count[k]++
	}
}

func (t *Table) compare(before []Row) {
	old := map[string]Row{}
	for _, r := range before {
		old[r.key] = r
	}
	now := map[string]bool{}
	for i := range t.Rows {
		r := &t.Rows[i]
		now[r.key] = true
		was, ok := old[r.key]
		switch {
		case !ok:
			r.Changed = "new"
		case r.count > was.count:
			r.Changed, r.Delta = "changed", fmt.Sprintf("+%d", r.count-was.count)
		case r.body != was.body || r.count < was.count:
			r.Changed = "changed"
		}
	}
	// What is gone stands where it was: behind the row that it came after.
	at := 0
	for _, r := range before {
		if now[r.key] {
			at = 1 + slices.IndexFunc(t.Rows, func(x Row) bool { return x.key == r.key })
			continue
		}
		r.Changed, r.Delta = "gone", ""
		t.Rows = slices.Insert(t.Rows, at, r)
		at++
	}
	if len(t.Rows) > 0 {
		t.Empty = ""
	}
}

// ruleCounters takes the counters of a rule apart: "  12  1008 ACCEPT …".
func (r *Row) ruleCounters(chain string) {
	f := strings.Fields(r.Text)
	if len(f) < 3 {
		r.key = chain + " " + r.Text
		return
	}
	n, err := strconv.ParseUint(f[0], 10, 64)
	if err != nil {
		r.key = chain + " " + r.Text
		return
	}
	r.count = n
	r.key = chain + " " + strings.Join(f[2:], " ")
}

// statement takes the counter of a rule of nftables apart: "counter packets 5 bytes
// 420".
func (r *Row) statement(context string) {
	before, rest, ok := strings.Cut(r.Text, "counter packets ")
	f := strings.Fields(rest)
	if !ok || len(f) < 3 {
		r.key = context + " " + r.Text
		return
	}
	r.count, _ = strconv.ParseUint(f[0], 10, 64)
	r.key = context + " " + before + strings.Join(f[3:], " ")
}

// chainCounters takes those of a chain's policy apart: "Chain INPUT (policy ACCEPT 5
// packets, 420 bytes)".
func (r *Row) chainCounters(chain string) {
	r.key = "Chain " + chain
	_, rest, ok := strings.Cut(r.Text, "(policy ")
	f := strings.Fields(rest)
	if !ok || len(f) < 2 {
		r.body = rest
		return
	}
	r.body = f[0]
	r.count, _ = strconv.ParseUint(f[1], 10, 64)
}

// flow is a tracked connection: its tuple is what it is, the seconds left are a clock,
// and the words between them may change.
func (r *Row) flow() {
	var key, body []string
	for i, f := range strings.Fields(r.Text) {
		switch {
		case i < 2 || strings.Contains(f, "=") && !strings.HasPrefix(f, "mark=") && !strings.HasPrefix(f, "use="):
			key = append(key, f)
		case i > 2:
			body = append(body, f)
		}
	}
	r.key, r.body = strings.Join(key, " "), strings.Join(body, " ")
}

// neighbour is an address on an interface; how it is known may change.
func (r *Row) neighbour() {
	f := strings.Fields(r.Text)
	if len(f) < 3 {
		return
	}
	r.key = strings.Join(f[:3], " ")
	for i := 3; i < len(f); i++ {
		switch f[i] {
		case "ref", "used", "probes":
			i++
		default:
			r.body += f[i] + " "
		}
	}
}

// Changed reports whether Compare has marked anything in tables.
func Changed(tables []Table) bool {
	return slices.ContainsFunc(tables, func(t Table) bool {
		return slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Changed != "no" })
	})
}
