package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// module is the prefix of pkg: lines.
const module = "dnetsim/"

// A result is what a run measured: the lines that are stored, and their values.
type result struct {
	lines  []string
	values map[metric][]float64
	pkg    string // of the lines that were added last
}

// read reads a stored result. Lines that are no benchmark's are kept and mean
// nothing, as for benchstat.
func read(text string) *result {
	r := &result{}
	for line := range strings.Lines(text) {
		r.add(strings.TrimRight(line, "\n"))
	}
	return r
}

// String is the stored form.
func (r *result) String() string { return strings.Join(r.lines, "\n") + "\n" }

// add adds a line of a benchmark's output.
func (r *result) add(line string) {
	r.lines = append(r.lines, line)
	if p, ok := strings.CutPrefix(line, "pkg: "); ok {
		r.pkg = strings.TrimPrefix(p, module)
		return
	}
	words := strings.Fields(line)
	if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
		return
	}
	name := r.pkg + "." + withoutProcs(strings.TrimPrefix(words[0], "Benchmark"))
	if r.values == nil {
		r.values = map[metric][]float64{}
	}
	for i := 2; i+1 < len(words); i += 2 {
		v, err := strconv.ParseFloat(words[i], 64)
		if err != nil {
			return
		}
		k := metric{name, words[i+1]}
		r.values[k] = append(r.values[k], v)
	}
}

// withoutProcs is a benchmark's name without the -2 that stands for GOMAXPROCS.
func withoutProcs(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if _, err := strconv.Atoi(name[i+1:]); err != nil {
		return name
	}
	return name[:i]
}

// in begins lines of a package.
func (r *result) in(pkg string) {
	if r.pkg != pkg {
		r.add("pkg: " + module + pkg)
	}
}

// put adds one measurement of a whole: nanoseconds, bytes and the like, by unit.
func (r *result) put(name string, pairs ...any) {
	r.in("bench")
	line := "Benchmark" + name + " 1"
	for i := 0; i+1 < len(pairs); i += 2 {
		line += fmt.Sprintf(" %v %v", pairs[i], pairs[i+1])
	}
	r.add(line)
}

// median is the middle of what was measured; spread is half the distance from
// the lowest to the highest, as a part of it. ok is false if nothing was.
func (r *result) median(m metric) (mid, spread float64, ok bool) {
	v := slices.Sorted(slices.Values(r.values[m]))
	if len(v) == 0 {
		return 0, 0, false
	}
	mid = (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	if mid != 0 {
		spread = (v[len(v)-1] - v[0]) / 2 / mid
	}
	return mid, spread, true
}

// said is the rest of the stored line that begins with a word, such as "Commit:".
func (r *result) said(word string) string {
	for _, line := range r.lines {
		if rest, ok := strings.CutPrefix(line, word); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
