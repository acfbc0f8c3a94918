package programs

import (
	"fmt"
	"io"
	"math"
	"strings"

	"dnetsim/userland"
)

func truncate(c *invocation) int {
	o := c.parse("s:c|size=s")
	text := o.value("s", "")
	sign := byte(0)
	if text != "" && strings.IndexByte("+-<>/%", text[0]) >= 0 {
		sign, text = text[0], text[1:]
	}
	n, ok := parseSize(text)
	if !ok || n == 0 && (sign == '/' || sign == '%') {
		c.misuse(1, "invalid number '%s'", o.value("s", ""))
	}
	status := 0
	for _, f := range o.args {
		old, err := c.ReadFile(f)
		if err == userland.ENOENT && o.has("c") {
			continue
		}
		size := resized(int64(len(old)), sign, n)
		if size > maxTruncate {
			err = userland.ENOSPC
		} else {
			fresh := make([]byte, size)
			copy(fresh, old)
			err = c.WriteFile(f, fresh)
		}
		switch {
		case err != nil && c.gnu:
			status = c.fail("failed to truncate '%s' at %d bytes: %s", f, size, err)
		case err != nil:
			status = c.fail("%s: truncate: %s", f, err)
		}
	}
	return status
}

// maxTruncate bounds what truncate makes: files have no holes here.
const maxTruncate = 64 << 20

// resized is what a size becomes by truncate -s with a sign.
func resized(old int64, sign byte, n int64) int64 {
	switch sign {
	case '+':
		return old + min(n, math.MaxInt64-old)
	case '-':
		return max(0, old-n)
	case '<':
		return min(old, n)
	case '>':
		return max(old, n)
	case '/':
		return old / n * n
	case '%':
		if old%n == 0 {
			return old
		}
		return old + min(n-old%n, math.MaxInt64-old)
	}
	return n
}

// dd copies blocks; its report goes to standard error.
func dd(c *invocation) int {
	opt := map[string]string{"bs": "512", "count": "-1"}
	for _, a := range c.Args[1:] {
		k, v, ok := strings.Cut(a, "=")
		if !ok {
			return c.fail("unrecognized operand '%s'", a)
		}
		opt[k] = v
	}
	size := func(text string) int64 {
		n, ok := parseSize(text)
		if text == "-1" {
			return -1
		}
		if !ok {
			c.misuse(1, "invalid number '%s'", text)
		}
		return n
	}
	bs, count := size(opt["bs"]), size(opt["count"])
	if bs <= 0 || bs > 16<<20 {
		return c.fail("memory exhausted by input buffer of size %d bytes", bs)
	}
	var in io.Reader = c.Stdin
	var out io.Writer = c.Stdout
	if f := opt["if"]; f != "" {
		r, err := c.Open(f)
		if err != nil {
			return c.fail("failed to open '%s': %s", f, err)
		}
		defer r.Close()
		in = r
	}
	if f := opt["of"]; f != "" {
		w, err := c.OpenFile(f, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
		if err != nil {
			return c.fail("failed to open '%s': %s", f, err)
		}
		defer w.Close()
		out = w
	}
	buf := make([]byte, bs)
	full, part, total := 0, 0, 0
	start := c.Loop().Now()
	for count < 0 || int64(full+part) < count {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			if _, werr := out.Write(buf[:n]); werr != nil {
				c.fail("error writing '%s': %s", opt["of"], werr)
				break
			}
			total += n
			if int64(n) == bs {
				full++
			} else {
				part++
			}
		}
		if err != nil {
			break
		}
		c.Tick()
	}
	c.Errorf("%d+%d records in\n%d+%d records out\n", full, part, full, part)
	c.Errorf("%d bytes (%s) copied, %f seconds\n", total, human(int64(total))+"B", (c.Loop().Now() - start).Seconds())
	return 0
}

func cmp(c *invocation) int {
	o := c.parse("s|quiet=s,silent=s")
	c.needs(o, 2)
	var side [2]string
	for k := range 2 {
		r, err := c.input(o.args[k])
		if err != nil {
			c.fail("%s: %s", o.args[k], err)
			return 2
		}
		side[k] = string(c.slurp(r))
	}
	a, b := side[0], side[1]
	line := 1
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if !o.has("s") {
				c.Printf("%s %s differ: byte %d, line %d\n", o.args[0], o.args[1], i+1, line)
			}
			return 1
		}
		if a[i] == '\n' {
			line++
		}
	}
	if len(a) != len(b) {
		if !o.has("s") {
			short := o.args[0]
			if len(b) < len(a) {
				short = o.args[1]
			}
			c.Errorf("cmp: EOF on %s\n", short)
		}
		return 1
	}
	return 0
}

// diff prints the normal form of differences, by the longest common
// subsequence.
func diff(c *invocation) int {
	o := c.parse("quwBbirNa|brief=q,unified=u")
	c.needs(o, 2)
	var side [2][]string
	for k := range 2 {
		r, err := c.input(o.args[k])
		if err != nil {
			c.fail("%s: %s", o.args[k], err)
			return 2
		}
		side[k] = textLines(c.slurp(r))
	}
	a, b := side[0], side[1]
	if len(a) > 4000 || len(b) > 4000 {
		return c.fail("files are too long")
	}
	lcs := make([][]int, len(a)+1)
	for i := range lcs {
		lcs[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			if a[i] == b[k] {
				lcs[i][k] = lcs[i+1][k+1] + 1
			} else {
				lcs[i][k] = max(lcs[i+1][k], lcs[i][k+1])
			}
		}
	}
	if lcs[0][0] == len(a) && len(a) == len(b) {
		return 0
	}
	if o.has("q") {
		c.Printf("Files %s and %s differ\n", o.args[0], o.args[1])
		return 1
	}
	if o.has("u") {
		c.Printf("--- %s\n+++ %s\n@@ -1,%d +1,%d @@\n", o.args[0], o.args[1], len(a), len(b))
	}
	for i, k := 0, 0; i < len(a) || k < len(b); {
		if i < len(a) && k < len(b) && a[i] == b[k] {
			if o.has("u") {
				c.Printf(" %s\n", a[i])
			}
			i, k = i+1, k+1
			continue
		}
		i0, k0 := i, k
		for i < len(a) && (k >= len(b) || lcs[i+1][k] >= lcs[i][k+1]) && !(k < len(b) && a[i] == b[k]) {
			i++
		}
		for k < len(b) && !(i < len(a) && a[i] == b[k]) && (i >= len(a) || lcs[i][k+1] >= lcs[i+1][k]) {
			k++
		}
		if i == i0 && k == k0 {
			i++
		}
		c.hunk(a, b, i0, i, k0, k, o.has("u"))
	}
	return 1
}

func (c *invocation) hunk(a, b []string, i0, i, k0, k int, unified bool) {
	minus, plus := "< ", "> "
	if unified {
		minus, plus = "-", "+"
	} else {
		rng := func(from, to int) string {
			if to-from <= 1 {
				return fmt.Sprint(max(to, from))
			}
			return fmt.Sprintf("%d,%d", from+1, to)
		}
		verb := "c"
		switch {
		case i == i0:
			verb = "a"
		case k == k0:
			verb = "d"
		}
		c.Printf("%s%s%s\n", rng(i0, i), verb, rng(k0, k))
	}
	for _, l := range a[i0:i] {
		c.Printf("%s%s\n", minus, l)
	}
	if i > i0 && k > k0 && !unified {
		c.Printf("---\n")
	}
	for _, l := range b[k0:k] {
		c.Printf("%s%s\n", plus, l)
	}
}
