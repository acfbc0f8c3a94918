package programs

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"dnetsim/userland/shell"
)

// span is a range of a list such as 2-4, 3- or -5; hi 0 means no end.
type span struct{ lo, hi int }

func (c *invocation) spans(list string) []span {
	var out []span
	for _, part := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		lo, hi, isRange := strings.Cut(part, "-")
		a, err1 := strconv.Atoi(lo)
		b, err2 := strconv.Atoi(hi)
		switch {
		case !isRange && err1 == nil:
			b = a
		case isRange && lo == "" && err2 == nil:
			a = 1
		case isRange && hi == "" && err1 == nil:
			b = 0
		case err1 != nil || err2 != nil:
			c.misuse(1, "invalid field value '%s'", part)
		}
		if a < 1 {
			c.misuse(1, "fields are numbered from 1")
		}
		out = append(out, span{a, b})
	}
	return out
}

func within(spans []span, n int) bool {
	for _, s := range spans {
		if n >= s.lo && (s.hi == 0 || n <= s.hi) {
			return true
		}
	}
	return false
}

func cut(c *invocation) int {
	o := c.parse("f:c:b:d:sn|fields=f,characters=c,bytes=b,delimiter=d,only-delimited=s,complement,output-delimiter:")
	list, chars := o.value("f", ""), false
	if list == "" {
		list, chars = o.value("c", o.value("b", "")), true
	}
	if list == "" {
		if c.gnu {
			c.misuse(1, "you must specify a list of bytes, characters, or fields")
		}
		c.misuse(1, "expected a list of bytes, characters, or fields")
	}
	spans := c.spans(list)
	keep := func(n int) bool { return within(spans, n) != o.has("complement") }
	delim := o.value("d", "\t")
	if delim == "" {
		delim = "\x00"
	}
	glue := o.value("output-delimiter", delim)
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		lines(r, func(l string, _ bool) bool {
			if chars {
				out := []rune{}
				for i, ch := range []rune(l) {
					if keep(i + 1) {
						out = append(out, ch)
					}
				}
				fmt.Fprintln(c.Stdout, string(out))
				return true
			}
			if !strings.Contains(l, delim) {
				if !o.has("s") {
					fmt.Fprintln(c.Stdout, l)
				}
				return true
			}
			var out []string
			for i, f := range strings.Split(l, delim) {
				if keep(i + 1) {
					out = append(out, f)
				}
			}
			fmt.Fprintln(c.Stdout, strings.Join(out, glue))
			return true
		})
		return 0
	})
}

// charSet expands a set of tr: ranges, classes and escapes.
func charSet(set string) []byte {
	set, _ = shell.Unescape(set, false)
	var out []byte
	for i := 0; i < len(set); i++ {
		if strings.HasPrefix(set[i:], "[:") {
			if k := strings.Index(set[i:], ":]"); k > 0 {
				out = append(out, class(set[i+2:i+k])...)
				i += k + 1
				continue
			}
		}
		if i+2 < len(set) && set[i+1] == '-' && set[i+2] >= set[i] {
			for ch := int(set[i]); ch <= int(set[i+2]); ch++ {
				out = append(out, byte(ch))
			}
			i += 2
			continue
		}
		out = append(out, set[i])
	}
	return out
}

func class(name string) (out []byte) {
	for ch := range 256 {
		b := byte(ch)
		lower, upper, digit := b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', isDigit(b)
		space := b == ' ' || b >= 9 && b <= 13
		graph := b > ' ' && b < 127
		ok := false
		switch name {
		case "alpha":
			ok = lower || upper
		case "digit":
			ok = digit
		case "alnum":
			ok = lower || upper || digit
		case "lower":
			ok = lower
		case "upper":
			ok = upper
		case "space":
			ok = space
		case "blank":
			ok = b == ' ' || b == '\t'
		case "punct":
			ok = graph && !lower && !upper && !digit
		case "cntrl":
			ok = b < 32 || b == 127
		case "print":
			ok = graph || b == ' '
		case "graph":
			ok = graph
		case "xdigit":
			ok = digit || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
		}
		if ok {
			out = append(out, b)
		}
	}
	return out
}

func tr(c *invocation) int {
	o := c.parse("+dscCt|delete=d,squeeze-repeats=s,complement=c")
	if len(o.args) == 0 || len(o.args) == 1 && !o.has("d", "s") {
		if c.gnu {
			c.misuse(1, "missing operand")
		}
		c.misuse(1, "missing operand")
	}
	from := charSet(o.args[0])
	if o.has("c", "C") {
		var has [256]bool
		for _, b := range from {
			has[b] = true
		}
		from = from[:0:0]
		for ch := range 256 {
			if !has[ch] {
				from = append(from, byte(ch))
			}
		}
	}
	var to []byte
	if len(o.args) > 1 {
		to = charSet(o.args[1])
	}
	var table [256]int
	for i := range table {
		table[i] = i
	}
	for i, b := range from {
		switch {
		case o.has("d"):
			table[b] = -1
		case len(to) > 0:
			table[b] = int(to[min(i, len(to)-1)])
		}
	}
	var squeeze [256]bool
	if o.has("s") {
		set := to
		if len(o.args) == 1 || len(to) == 0 {
			set = from
		}
		for _, b := range set {
			squeeze[b] = true
		}
	}
	buf := make([]byte, 4096)
	last := -1
	for {
		n, err := c.Stdin.Read(buf)
		out := make([]byte, 0, n)
		for _, b := range buf[:n] {
			v := table[b]
			if v < 0 || v == last && squeeze[v] {
				continue
			}
			out = append(out, byte(v))
			last = v
		}
		if len(out) > 0 {
			if _, werr := c.Stdout.Write(out); werr != nil {
				return 1
			}
		}
		if err != nil {
			return 0
		}
	}
}

// column is util-linux's: a list in columns that fill the width, or with -t a table of
// the words of each line.
func column(c *invocation) int {
	o := c.parse("txenLs:o:c:|table=t,fillrows=x,separator=s,output-separator=o,output-width=c,keep-empty-lines=L,table-noheadings=n")
	var rows []string
	status := c.inputs(o.args, func(_ string, r io.Reader) int {
		lines(r, func(line string, _ bool) bool {
			if strings.TrimSpace(line) != "" {
				rows = append(rows, line)
			}
			return true
		})
		return 0
	})
	if o.has("t") {
		c.table(rows, o.value("s", ""), o.value("o", "  "))
		return status
	}
	width := 80
	if c.TTY != nil {
		width = c.TTY.Size().Cols
	}
	if n, err := strconv.Atoi(o.value("c", "")); err == nil {
		width = n
	}
	widest := 0
	for _, r := range rows {
		widest = max(widest, len([]rune(r)))
	}
	step := (widest + 8) &^ 7 // columns begin at tab stops
	across := max(1, width/max(step, 1))
	down := (len(rows) + across - 1) / across
	for y := range down {
		at := 0
		for x := range across {
			i := x*down + y
			if o.has("x") {
				i = y*across + x
			}
			if i >= len(rows) {
				break
			}
			for ; at < x*step; at = (at + 8) &^ 7 {
				c.Printf("\t")
			}
			c.Printf("%s", rows[i])
			at += len([]rune(rows[i]))
		}
		c.Printf("\n")
	}
	return status
}

// table prints lines with their words one below the other.
func (c *invocation) table(rows []string, separators, between string) {
	cells, widths := make([][]string, len(rows)), []int{}
	for i, r := range rows {
		if cells[i] = strings.Fields(r); separators != "" {
			cells[i] = splitAny(r, separators)
		}
		for k, w := range cells[i] {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			widths[k] = max(widths[k], len([]rune(w)))
		}
	}
	for _, row := range cells {
		for k, w := range row {
			if k > 0 {
				c.Printf("%s", between)
			}
			c.Printf("%s", w)
			if k < len(widths)-1 { // the last column has no blanks behind
				c.Printf("%s", strings.Repeat(" ", widths[k]-len([]rune(w))))
			}
		}
		c.Printf("\n")
	}
}

// splitAny cuts at each of the separators' characters.
func splitAny(text, separators string) (out []string) {
	for {
		i := strings.IndexAny(text, separators)
		if i < 0 {
			return append(out, text)
		}
		out, text = append(out, text[:i]), text[i+1:]
	}
}
