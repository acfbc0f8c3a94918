package scenarios

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// exactly is the pattern's line that a line of an output matches and no other
// does. It is the line itself, unless that would mean something else in a
// pattern or cannot stand in a file.
func exactly(line string) string {
	line = strings.TrimRight(line, " \t\r")
	if strings.TrimSpace(line) != "..." && !strings.HasPrefix(line, "~") && !strings.Contains(line, "<any>") && writtenAsIs(line) {
		return line
	}
	var b strings.Builder
	b.WriteString("~ ")
	for len(line) > 0 {
		c, n := utf8.DecodeRuneInString(line)
		switch {
		case c == utf8.RuneError && n == 1:
			b.WriteString(`\x{FFFD}`) // how a regular expression sees a byte that is no UTF-8
		case !asIs(c):
			fmt.Fprintf(&b, `\x{%X}`, c)
		default:
			b.WriteString(regexp.QuoteMeta(line[:n]))
		}
		line = line[n:]
	}
	return b.String()
}

// writtenAsIs reports whether a text without newlines can stand in a YAML file
// outside quotes.
func writtenAsIs(line string) bool {
	return utf8.ValidString(line) && strings.IndexFunc(line, func(c rune) bool { return !asIs(c) }) < 0
}

// asIs reports whether YAML has a character outside quotes within a line, and
// an editor shows it: no control, line separator, mark of byte order or
// non-character.
func asIs(c rune) bool {
	switch {
	case c == '\t':
		return true
	case c < 0x20, c >= 0x7f && c < 0xa0, c == 0x2028, c == 0x2029, c == 0xfeff, c&0xfffe == 0xfffe:
		return false
	}
	return !turns(c)
}

// block is a key with a pattern in the form that a person would write. The
// comment, if there is one, stands behind the key. next is the line of the file
// that follows: blank lines after the text would count as its own.
func block(pad, key, pattern, comment, next string) []string {
	if comment != "" {
		comment = " " + comment
	}
	lines := splitLines(pattern)
	if strings.Trim(pattern, "\n") == "" || !writtenAsIs(strings.Join(lines, "")) {
		return []string{pad + key + ": " + quoted(pattern) + comment}
	}
	head := "|"
	if strings.ContainsAny(pattern[:1], " \t\n") {
		head += "2" // what the lines are indented by, as the first does not show it
	}
	if last := len(lines) - 1; lines[last] == "" {
		if strings.TrimSpace(next) == "" {
			lines[last] = "~" // an empty line that no blank line of the file joins
		} else {
			head += "+"
		}
	}
	out := []string{pad + key + ": " + head + comment}
	for _, l := range lines {
		if l != "" {
			l = pad + "  " + l
		}
		out = append(out, l)
	}
	return out
}

// quoted is a text in double quotes: JSON's are YAML's.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a text has a form
	}
	text = strings.TrimSuffix(b.String(), "\n")
	b.Reset()
	for _, c := range text {
		switch {
		case asIs(c):
			b.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, c)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}

// scalar is a key with a text, without quotes if that says the same.
func scalar(pad, key, text string) []string {
	plain := key + ": " + text
	var back yaml.Node
	if writtenAsIs(text) && yaml.Unmarshal([]byte(plain), &back) == nil && len(back.Content) == 1 {
		if m := back.Content[0]; m.Kind == yaml.MappingNode && len(m.Content) == 2 && m.Content[1].Value == text && m.Content[1].Tag == "!!str" && m.Content[1].Kind == yaml.ScalarNode && m.Content[1].Style == 0 {
			return []string{pad + plain}
		}
	}
	lines := splitLines(text)
	if len(lines) > 1 && !strings.ContainsAny(text[:1], " \t\n") && lines[len(lines)-1] != "" && writtenAsIs(strings.Join(lines, "")) {
		out := []string{pad + key + ": |-"}
		if strings.HasSuffix(text, "\n") {
			out[0] = pad + key + ": |"
		}
		for _, l := range lines {
			if l != "" {
				l = pad + "  " + l
			}
			out = append(out, l)
		}
		return out
	}
	return []string{pad + key + ": " + quoted(text)}
}

// rewritten is the pattern that an output matches: the lines of the old one that
// still hold, gaps and expressions among them, and the output's own where one did not.
func rewritten(p *Pattern, got string) string {
	lines := outputLines(got)
	var out []string
	held, gap := false, -1
	for _, x := range align(p.lines, lines) {
		switch {
		case x.want >= 0 && p.lines[x.want].gap:
			if x.want != gap && (len(out) == 0 || out[len(out)-1] != "...") {
				out = append(out, "...")
			}
			gap = x.want
		case x.fits:
			held = true
			out = append(out, p.lines[x.want].text)
		case x.got >= 0:
			held = true
			out = append(out, exactly(lines[x.got]))
		}
	}
	if !held { // what is left would hold for anything
		out = nil
		for _, l := range lines {
			out = append(out, exactly(l))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "\n") + "\n"
}
