package scenarios

import (
	"fmt"
	"regexp"
	"strings"
)

// Pattern is the text that an output must have. A line is compared exactly,
// except that a line of three dots stands for any number of lines, a line that
// begins with ~ is a regular expression for a whole line, and <any> inside a
// line stands for any text within it.
type Pattern struct {
	Text  string
	lines []linePattern
	at    place
}

type linePattern struct {
	text string
	gap  bool
	re   *regexp.Regexp
}

// NewPattern reads a pattern. It fails on a regular expression that does not
// parse, and names its line within the text, from 1.
func NewPattern(text string) (*Pattern, error) {
	p := &Pattern{Text: text}
	for i, l := range splitLines(text) {
		lp := linePattern{text: l}
		switch {
		case strings.TrimSpace(l) == "...":
			lp.gap = true
		case strings.HasPrefix(l, "~"):
			re, err := regexp.Compile("^(?:" + strings.TrimPrefix(l[1:], " ") + ")$")
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			lp.re = re
		case strings.Contains(l, "<any>"):
			parts := strings.Split(l, "<any>")
			for k := range parts {
				parts[k] = regexp.QuoteMeta(parts[k])
			}
			lp.re = regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
		}
		p.lines = append(p.lines, lp)
	}
	return p, nil
}

// splitLines cuts text into lines without their newlines; one newline at the
// end closes the last line and does not open another.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// Match reports whether got has the pattern's form. Spaces at the end of a
// line and the last newline do not count.
func (p *Pattern) Match(got string) bool {
	lines := splitLines(got)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return matchLines(p.lines, lines)
}

// matchLines is the usual greedy glob match over lines: on a mismatch it goes
// back to the last gap and lets it swallow one line more.
func matchLines(want []linePattern, got []string) bool {
	w, g, gap, mark := 0, 0, -1, 0
	for g < len(got) {
		switch {
		case w < len(want) && want[w].gap:
			gap, mark = w, g
			w++
		case w < len(want) && want[w].matches(got[g]):
			w, g = w+1, g+1
		case gap >= 0:
			mark++
			w, g = gap+1, mark
		default:
			return false
		}
	}
	for w < len(want) && want[w].gap {
		w++
	}
	return w == len(want)
}

func (l linePattern) matches(got string) bool {
	if l.re != nil {
		return l.re.MatchString(got)
	}
	return strings.TrimRight(l.text, " \t\r") == got
}

// Diff explains a mismatch: the pattern's lines that found no line (-) and the
// lines that no pattern wanted (+), with the common ones around them.
func (p *Pattern) Diff(got string) string {
	gotLines := splitLines(got)
	type cell struct{ n int }
	n, m := len(p.lines), len(gotLines)
	lcs := make([][]cell, n+1)
	for i := range lcs {
		lcs[i] = make([]cell, m+1)
	}
	same := func(i, j int) bool {
		return !p.lines[i].gap && p.lines[i].matches(strings.TrimRight(gotLines[j], " \t\r"))
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if same(i, j) {
				lcs[i][j].n = lcs[i+1][j+1].n + 1
				continue
			}
			lcs[i][j].n = max(lcs[i+1][j].n, lcs[i][j+1].n)
		}
	}
	var b strings.Builder
	i, j := 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && same(i, j):
			fmt.Fprintf(&b, "  %s\n", gotLines[j])
			i, j = i+1, j+1
		case i < n && (j == m || lcs[i+1][j].n >= lcs[i][j+1].n):
			if p.lines[i].gap {
				fmt.Fprintf(&b, "  ...\n")
			} else {
				fmt.Fprintf(&b, "- %s\n", p.lines[i].text)
			}
			i++
		default:
			fmt.Fprintf(&b, "+ %s\n", gotLines[j])
			j++
		}
	}
	return b.String()
}
