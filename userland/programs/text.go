package programs

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"dnetsim/userland"
)

var textTable = map[string]applet{
	"cat": cat, "head": head, "tail": tail, "wc": wc, "sort": sortLines, "uniq": uniq, "cut": cut,
	"tr": tr, "tee": tee, "tac": tac, "rev": rev, "nl": nl, "paste": paste, "seq": seq, "yes": yes,
	"fold": fold, "comm": comm, "more": cat, "less": cat, "strings": stringsOf,
}

func cat(c *invocation) int {
	o := c.parse("nbvetAETsu|number=n,show-all=A")
	n := 0
	return c.inputs(o.args, func(name string, r io.Reader) int {
		if !o.has("n", "b", "e", "A", "E", "v", "T", "s") {
			_, err := io.Copy(c.Stdout, struct{ io.Reader }{r})
			return copyStatus(c, name, err)
		}
		blank := false
		lines(r, func(l string, unended bool) bool {
			if o.has("s") && l == "" && blank {
				return true
			}
			blank = l == ""
			if o.has("A", "T") {
				l = strings.ReplaceAll(l, "\t", "^I")
			}
			if o.has("A", "E", "e") {
				l += "$"
			}
			if o.has("n") || o.has("b") && l != "" {
				n++
				l = fmt.Sprintf("%6d\t%s", n, l)
			}
			if !unended {
				l += "\n"
			}
			io.WriteString(c.Stdout, l)
			return true
		})
		return 0
	})
}

func copyStatus(c *invocation, name string, err error) int {
	switch err {
	case nil:
		return 0
	case errInterrupted:
		return 130
	}
	if name == "-" {
		return c.fail("%s: %s", "-", err)
	}
	if err == userland.EPIPE || err == userland.ENOSPC || err == userland.EIO {
		return c.fail("write error: %s", err)
	}
	return c.fail("%s: %s", name, err)
}

// count reads -n N, -c N and the old -N form.
func (c *invocation) count(def string) (o options, n int, bytes, from, minus bool) {
	args := c.Args[1:]
	for i, a := range args {
		if i > 0 && (args[i-1] == "-n" || args[i-1] == "-c" || args[i-1] == "-s") {
			continue
		}
		if len(a) > 1 && (a[0] == '-' || a[0] == '+' && c.name() == "tail") && strings.Trim(a[1:], "0123456789") == "" {
			v := a[1:]
			if a[0] == '+' {
				v = a
			}
			c.Args = append(append([]string{c.Args[0]}, args[:i]...), append([]string{"-n", v}, args[i+1:]...)...)
			break
		}
		if a == "--" {
			break
		}
	}
	o = c.parse("n:c:fqvFs:|lines=n,bytes=c,follow=f::,quiet=q,silent=q,verbose=v,retry")
	text := o.value("n", def)
	if o.has("c") {
		text, bytes = o.value("c", def), true
	}
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		text, from = rest, true
	}
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		text, minus = rest, true
	}
	size, ok := parseSize(text)
	if !ok {
		what := "lines"
		if bytes {
			what = "bytes"
		}
		if c.gnu {
			c.misuse(1, "invalid number of %s: '%s'", what, text)
		}
		c.misuse(1, "invalid number '%s'", text)
	}
	return o, int(size), bytes, from, minus
}

func (c *invocation) header(o options, name string, first *bool) {
	if o.has("v") || len(o.args) > 1 && !o.has("q") {
		if !*first {
			io.WriteString(c.Stdout, "\n")
		}
		if name == "-" {
			name = "standard input"
		}
		fmt.Fprintf(c.Stdout, "==> %s <==\n", name)
	}
	*first = false
}

func head(c *invocation) int {
	o, n, bytes, _, minus := c.count("10")
	first := true
	return c.inputs(o.args, func(name string, r io.Reader) int {
		c.header(o, name, &first)
		if minus {
			all := c.slurp(r)
			if bytes {
				c.Stdout.Write(all[:max(0, len(all)-n)])
				return 0
			}
			ls := strings.SplitAfter(string(all), "\n")
			if ls[len(ls)-1] == "" {
				ls = ls[:len(ls)-1]
			}
			io.WriteString(c.Stdout, strings.Join(ls[:max(0, len(ls)-n)], ""))
			return 0
		}
		if bytes {
			_, err := io.CopyN(c.Stdout, r, int64(n))
			if err == io.EOF {
				err = nil
			}
			return copyStatus(c, name, err)
		}
		k := 0
		if n == 0 {
			return 0
		}
		lines(r, func(l string, unended bool) bool {
			if !unended {
				l += "\n"
			}
			io.WriteString(c.Stdout, l)
			k++
			return k < n
		})
		return 0
	})
}

func tail(c *invocation) int {
	o, n, bytes, from, _ := c.count("10")
	first := true
	var followed []*userland.File
	status := c.inputs(o.args, func(name string, r io.Reader) int {
		c.header(o, name, &first)
		c.tail(r, n, bytes, from)
		return 0
	})
	if !o.has("f", "F") || len(o.args) == 0 {
		return status
	}
	for _, name := range o.args {
		if f, err := c.Open(name); err == nil {
			f.Seek(0, io.SeekEnd)
			followed = append(followed, f)
		}
	}
	for len(followed) > 0 {
		if c.Sleep(time.Second) != nil {
			return 130
		}
		for _, f := range followed {
			if size := f.Size(); size > 0 {
				if pos, _ := f.Seek(0, io.SeekCurrent); pos > size {
					f.Seek(0, io.SeekStart)
				}
			}
			io.Copy(c.Stdout, struct{ io.Reader }{f})
		}
	}
	return status
}

// tail writes the end of r. Of what is long it keeps what may yet be printed.
func (c *invocation) tail(r io.Reader, n int, bytes, from bool) {
	if from {
		c.Stdout.Write(tailOf(c.slurp(r), n, bytes, from))
		return
	}
	var kept []byte
	chunk := make([]byte, 64<<10)
	for most := 1 << 20; ; {
		k, err := r.Read(chunk)
		kept = append(kept, chunk[:k]...)
		if len(kept) > most {
			kept = append([]byte(nil), tailOf(kept, n, bytes, false)...)
			most = max(most, 2*len(kept))
		}
		c.within(len(kept))
		if err != nil {
			break
		}
	}
	c.Stdout.Write(tailOf(kept, n, bytes, false))
}

func tailOf(all []byte, n int, bytes, from bool) []byte {
	if bytes {
		if from {
			return all[min(len(all), max(n-1, 0)):]
		}
		return all[max(0, len(all)-n):]
	}
	if from {
		for range max(n-1, 0) {
			i := slices.Index(all, '\n')
			if i < 0 {
				return nil
			}
			all = all[i+1:]
		}
		return all
	}
	if n == 0 {
		return nil
	}
	end := len(all)
	if end > 0 && all[end-1] == '\n' {
		end--
	}
	for i := end - 1; i >= 0; i-- {
		if all[i] == '\n' {
			if n--; n == 0 {
				return all[i+1:]
			}
		}
	}
	return all
}

// tally counts lines, words, characters, bytes and the longest line's characters.
func tally(r io.Reader) (n [5]int) {
	chunk := make([]byte, 64<<10)
	word, length := false, 0
	for {
		k, err := r.Read(chunk)
		n[3] += k
		for _, b := range chunk[:k] {
			space := b == ' ' || b >= '\t' && b <= '\r'
			if !space && !word {
				n[1]++
			}
			word = !space
			if b == '\n' {
				n[0]++
				length = -1
			}
			if utf8.RuneStart(b) {
				n[2]++
				length++
			}
			n[4] = max(n[4], length)
		}
		if err != nil {
			return n
		}
	}
}

func wc(c *invocation) int {
	o := c.parse("lwcmL|lines=l,words=w,bytes=c,chars=m,max-line-length=L")
	if !o.has("l", "w", "c", "m", "L") {
		o.set["l"], o.set["w"], o.set["c"] = true, true, true
	}
	var total [5]int
	width := 1
	var rows []struct {
		n    [5]int
		name string
	}
	status := c.inputs(o.args, func(name string, r io.Reader) int {
		n := tally(r)
		for i := range n {
			if i == 4 {
				total[4] = max(total[4], n[4])
			} else {
				total[i] += n[i]
			}
		}
		if len(o.args) == 0 {
			name = ""
		}
		rows = append(rows, struct {
			n    [5]int
			name string
		}{n, name})
		return 0
	})
	if len(rows) > 1 {
		rows = append(rows, struct {
			n    [5]int
			name string
		}{total, "total"})
	}
	shown := 0
	for i, f := range []string{"l", "w", "m", "c", "L"} {
		if o.has(f) {
			shown++
			width = max(width, len(strconv.Itoa(total[i])))
		}
	}
	switch {
	case !c.gnu && shown > 1:
		width = 9
	case !c.gnu:
		width = 1
	case shown == 1 && len(rows) == 1:
		width = 1
	case len(o.args) == 0:
		width = max(width, 7)
	default:
		width = max(width, len(strconv.Itoa(total[3])))
	}
	for _, row := range rows {
		line := ""
		for i, f := range []string{"l", "w", "m", "c", "L"} {
			if o.has(f) {
				if line != "" {
					line += " "
				}
				line += fmt.Sprintf("%*d", width, row.n[i])
			}
		}
		if row.name != "" {
			line += " " + row.name
		}
		fmt.Fprintln(c.Stdout, line)
	}
	return status
}

func tee(c *invocation) int {
	o := c.parse("ai|append=a")
	flags := userland.O_WRONLY | userland.O_CREAT | userland.O_TRUNC
	if o.has("a") {
		flags = userland.O_WRONLY | userland.O_CREAT | userland.O_APPEND
	}
	status := 0
	outs := []io.Writer{c.Stdout}
	for _, name := range o.args {
		f, err := c.OpenFile(name, flags, 0o666)
		if err != nil {
			c.cannotOpen(name, err)
			status = 1
			continue
		}
		defer f.Close()
		outs = append(outs, f)
	}
	io.Copy(io.MultiWriter(outs...), struct{ io.Reader }{c.Stdin})
	return status
}

func stringsOf(c *invocation) int {
	o := c.parse("n:a")
	n, _ := strconv.Atoi(o.value("n", "4"))
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		for _, w := range strings.FieldsFunc(string(c.slurp(r)), func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
			if len(w) >= n {
				fmt.Fprintln(c.Stdout, w)
			}
		}
		return 0
	})
}
