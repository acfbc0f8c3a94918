package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A form is how the table is laid out.
type form int

const (
	plain form = iota
	markdown
)

var heads = []string{"what", "figure", "anchor of the same run", "ratio", "goal", "met"}

// table is the table of a result. Rows that were not measured say so, or stand
// below it.
func (r *result) table(f form) string {
	lines, left := [][]string{heads}, []string{}
	for _, x := range rows {
		if _, _, ok := r.median(x.figure); f == plain && !ok {
			left = append(left, x.what)
			continue
		}
		lines = append(lines, r.row(x))
	}
	var b strings.Builder
	if f == plain {
		b.WriteString(aligned(lines))
		b.WriteString("\nmedian of each row's measurements ± half the distance from the lowest to the highest; \"?\": the goal is within that\n" + r.machine() + "\n")
		switch n := len(left); {
		case n > 8:
			fmt.Fprintf(&b, "not measured: %d other rows\n", n)
		case n > 0:
			b.WriteString("not measured: " + strings.Join(left, "; ") + "\n")
		}
		return b.String()
	}
	b.WriteString(r.machine() + "\n\n")
	for i, cells := range lines {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
		}
	}
	return b.String()
}

// machine is a sentence on what was measured, where and when.
func (r *result) machine() string {
	return fmt.Sprintf("%s, %s, %s, %s; commit %s, %s; load before %s, after %s.", r.said("cpu:"), r.said("Cores:"), r.said("Memory:"), r.said("Go:"),
		r.said("Commit:"), r.said("Date:"), r.said("Load:"), r.said("Load-after:"))
}

func (r *result) row(x row) []string {
	fig, spread, ok := r.median(x.figure)
	if !ok {
		return []string{x.what, "not measured", x.is, "", x.wants(), ""}
	}
	figure := x.in.of(fig) + fmt.Sprintf(" ± %.0f %%", spread*100)
	met := true
	if n, _, ok := r.median(metric{x.figure.bench, "allocs/op"}); x.allocs && ok {
		figure += ", " + allocations(n)
		met = x.maxAllocs < 0 || n <= x.maxAllocs
	}
	if n, _, ok := r.median(x.extra); ok {
		figure += ", " + x.extraIn.of(n)
	}
	anchor, ratio, share := x.is, "", math.NaN()
	noise := spread
	if a, aspread, ok := r.median(x.anchor); ok {
		if x.ofRatio {
			noise += aspread
		}
		share = fig / a
		if x.speedup {
			share = a / fig
		}
		ratio = strconv.FormatFloat(share, 'f', 2, 64) + " x"
		anchor = x.in.of(a) + fmt.Sprintf(" ± %.0f %%: %s", aspread*100, x.is)
	} else if x.anchor != (metric{}) {
		anchor = "not measured: " + x.is
	}
	return []string{x.what, figure, anchor, ratio, x.wants(), x.met(fig, share, noise, met)}
}

// met says whether a row's goal is met, and "?" where it is within the noise.
func (x *row) met(fig, share, noise float64, other bool) string {
	v := fig / x.in.per
	if x.ofRatio {
		v = share
	}
	switch {
	case x.goal == 0:
		return ""
	case math.IsNaN(v), x.within == 0 && noise > 0.1 && math.Abs(v-x.goal) < v*noise:
		return "?"
	case x.within > 0:
		if math.Abs(v-x.goal) <= x.within {
			return "yes"
		}
		return "no"
	case other && (x.atMost && v <= x.goal || !x.atMost && v >= x.goal):
		return "yes"
	}
	return "no"
}

// wants is the goal in words.
func (x *row) wants() string {
	if x.goal == 0 {
		return ""
	}
	s := strconv.FormatFloat(x.goal, 'f', -1, 64) + " x"
	if !x.ofRatio {
		s = strings.TrimSuffix(s, " x") + " " + x.in.unit
	}
	if x.allocs && x.maxAllocs >= 0 {
		s += ", " + allocations(x.maxAllocs)
	}
	if x.within > 0 {
		s += fmt.Sprintf(" ± %.0f %%", x.within*100)
	}
	return s
}

func allocations(n float64) string {
	if n == 1 {
		return "1 allocation"
	}
	return count.of(n) + " allocations"
}

// of is a value as the row prints it.
func (s shown) of(v float64) string {
	text := strconv.FormatFloat(v/s.per, 'f', s.digits, 64)
	if s.unit == "" {
		return thousands(text)
	}
	return thousands(text) + " " + s.unit
}

// thousands puts commas into the digits before the point.
func thousands(s string) string {
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		return whole + "." + rest
	}
	return whole
}

func aligned(lines [][]string) string {
	width := make([]int, len(heads))
	for _, cells := range lines {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, cells := range lines {
		line := ""
		for i, c := range cells {
			line += c + strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// The README's table stands between these lines.
const (
	begins = "<!-- the table of docs/bench/latest.txt: go run ./bench -from bench.txt -readme -->\n"
	ends   = "<!-- end of the table -->\n"
)

// replaced is the README with its table made of a result.
func replaced(page string, r *result) (string, error) {
	before, rest, ok := strings.Cut(page, begins)
	_, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		return "", errors.New("README.md has no table to replace: it stands between\n" + begins + ends)
	}
	return before + begins + r.table(markdown) + ends + after, nil
}
