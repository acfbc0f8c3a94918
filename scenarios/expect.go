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

// newPattern reads a pattern. It fails on a regular expression that does not
// parse, and names its line within the text, from 1.
func newPattern(text string) (*Pattern, error) {
	p := &Pattern{Text: text}
	for i, l := range splitLines(text) {
		lp := linePattern{text: l}
		switch {
		case strings.TrimSpace(l) == "...":
			lp.gap = true
		case strings.HasPrefix(l, "~"):
			expr, spaced := strings.CutPrefix(l[1:], " ")
			if expr = "(?:" + expr + ")"; spaced { // the space sets it apart, or begins the line
				expr = " ?" + expr
			}
			re, err := regexp.Compile("^" + expr + "$")
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
	return matchLines(p.lines, outputLines(got))
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

// shownInGap is how many lines of a gap the difference shows where a line was
// missed beside it.
const shownInGap = 8

// diff explains a mismatch: the pattern's lines that found no line (-) and the
// lines that no pattern wanted (+), each beside the one that is most like it, with
// the common ones around them. What a gap swallows is shown only where the line
// before it was missed: it may be among them.
func (p *Pattern) diff(got string) string {
	lines := outputLines(got)
	var b strings.Builder
	missed, gap, swallowed := false, -1, 0
	for _, x := range align(p.lines, lines) {
		switch {
		case x.want >= 0 && p.lines[x.want].gap:
			if x.want != gap {
				fmt.Fprintf(&b, "  ...\n")
				gap, swallowed = x.want, 0
			}
			if x.got < 0 {
				b.WriteString(more(swallowed))
				break
			}
			if missed {
				swallowed++
			}
			if missed && swallowed <= shownInGap {
				fmt.Fprintf(&b, "+ %s\n", shown(lines[x.got]))
			}
			continue
		case x.fits:
			fmt.Fprintf(&b, "  %s\n", lines[x.got])
		default:
			if x.want >= 0 {
				fmt.Fprintf(&b, "- %s\n", shown(p.lines[x.want].text))
			}
			if x.got >= 0 {
				fmt.Fprintf(&b, "+ %s\n", shown(lines[x.got]))
			}
		}
		missed = x.want >= 0 && x.got < 0 && !x.fits
	}
	return b.String()
}

// more says that a gap swallowed more lines than were shown.
func more(swallowed int) string {
	if swallowed <= shownInGap {
		return ""
	}
	return fmt.Sprintf("  (and %d more lines)\n", swallowed-shownInGap)
}

// shown is a line in a difference: an empty one would be seen as nothing.
func shown(line string) string {
	if line == "" {
		return "(an empty line)"
	}
	return line
}
