package scenarios

import (
	"strings"
	"testing"
)

func TestVisibleShowsWhatATerminalWouldObey(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain\ttext\n", "plain\ttext\n"},
		{"\x1b]0;pwned\x07", `\x1b]0;pwned\x07`},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"C1 \u009b31m and \u009d0;x\u009c", `C1 \u009b31m and \u009d0;x\u009c`},
		{"bytes \x9b31m \xff", `bytes \x9b31m \xff`},
		{"del\x7f back\x08 nul\x00", `del\x7f back\x08 nul\x00`},
		{"over\rwritten", `over\x0dwritten`},
		{"line\r\nline\r", "line\r\nline\\x0d"},
		{"\u202egnp.exe \u2066x\u2069 \u200fy", `\u202egnp.exe \u2066x\u2069 \u200fy`},
		{"größe ✓ 日本", "größe ✓ 日本"},
		{"", ""},
	} {
		if got := Visible(c.text); got != c.want {
			t.Errorf("Visible(%q) = %q, want %q", c.text, got, c.want)
		}
		// However it comes in pieces.
		for size := 1; size < 5; size++ {
			var b strings.Builder
			w := VisibleWriter(&b)
			for rest := c.text; rest != ""; {
				n := min(size, len(rest))
				w.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if want := strings.TrimSuffix(c.want, `\x0d`); !strings.HasSuffix(c.text, "\r") && b.String() != c.want || !strings.HasPrefix(b.String(), want) && !strings.HasSuffix(c.text, "\xff") {
				t.Errorf("%q in pieces of %d: %q, want %q", c.text, size, b.String(), c.want)
			}
		}
	}
}
