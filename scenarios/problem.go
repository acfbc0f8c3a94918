package scenarios

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake in a scenario file.
type Problem struct {
	File         string
	Line, Column int
	What         string // what is wrong
	Instead      string // what to write instead, or ""
}

// Error is the form FILE:LINE:COLUMN: what is wrong: what to write instead.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	b.WriteString(p.What)
	if p.Instead != "" {
		b.WriteString(": ")
		b.WriteString(p.Instead)
	}
	return b.String()
}

// Problems is every mistake that was found, in the order of the file.
type Problems []Problem

// Error is one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// problems collects mistakes while a file is read.
type problems struct {
	file string
	list Problems
}

func (ps *problems) add(at place, instead, format string, args ...any) {
	ps.list = append(ps.list, Problem{ps.file, at.line, at.column, fmt.Sprintf(format, args...), instead})
}

// err is nil, or every problem in the order of the file.
func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	sort.SliceStable(ps.list, func(i, j int) bool {
		a, b := ps.list[i], ps.list[j]
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
	return ps.list
}

// nearest is the word of known that is most like word, or "" if none is near.
func nearest(word string, known []string) string {
	best, distance := "", 3
	if len(word) <= 3 {
		distance = 2
	}
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next := min(row[j]+1, row[j-1]+1, diagonal+cost)
			diagonal, row[j] = row[j], next
		}
	}
	return row[len(b)]
}

// did is the suggestion for an unknown key.
func did(word string, known []string) string {
	if n := nearest(word, known); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return "one of " + strings.Join(known, ", ")
}
