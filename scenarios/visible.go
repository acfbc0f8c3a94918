package scenarios

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Visible is a text in a form that does nothing to a terminal: control
// characters (ESC, BEL, DEL, C1, a carriage return that ends no line), bytes that
// are no UTF-8, and characters that turn the direction of writing are shown as Go
// writes them, \x1b or \u202e. Newlines, tabs and CR LF stay.
func Visible(text string) string {
	var v visible
	return string(v.add(nil, []byte(text), true))
}

// VisibleWriter passes on what is written to it as [Visible] shows it. It keeps
// back the beginning of a character that is not whole.
func VisibleWriter(w io.Writer) io.Writer { return &visibleWriter{w: w} }

type visibleWriter struct {
	w io.Writer
	v visible
}

// Write implements io.Writer.
func (w *visibleWriter) Write(b []byte) (int, error) {
	if _, err := w.w.Write(w.v.add(nil, b, false)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// visible holds what was not shown yet: a part of a character, or a CR.
type visible struct{ rest []byte }

// add appends b as it is shown; at the end of a text nothing is kept back.
func (v *visible) add(out, b []byte, end bool) []byte {
	if plain(b) && len(v.rest) == 0 {
		return append(out, b...)
	}
	b = append(v.rest, b...)
	v.rest = nil
	for len(b) > 0 {
		if !end && (!utf8.FullRune(b) || len(b) == 1 && b[0] == '\r') {
			v.rest = append([]byte(nil), b...)
			break
		}
		c, n := utf8.DecodeRune(b)
		switch {
		case c == '\r' && len(b) > 1 && b[1] == '\n':
			out, n = append(out, "\r\n"...), 2
		case c == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, b[0])
		case c < 0x20 && c != '\n' && c != '\t' || c == 0x7f:
			out = fmt.Appendf(out, `\x%02x`, c)
		case c >= 0x80 && c < 0xa0 || turns(c):
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

// plain reports whether there is nothing to show otherwise.
func plain(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// turns reports whether a character changes the order in which others are shown
// (Unicode's Bidi_Control), or the line.
func turns(c rune) bool {
	return strings.ContainsRune("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029", c)
}
