package programs

import (
	"bufio"
	"fmt"
	"io"
	"sort"
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
	o = c.parse("n:c:fqvFs:|lines=n,bytes=c,follow=f,quiet=q,silent=q,verbose=v,retry")
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
	mult := 1
	switch {
	case strings.HasSuffix(text, "k"), strings.HasSuffix(text, "K"):
		mult = 1 << 10
	case strings.HasSuffix(text, "M"), strings.HasSuffix(text, "m"):
		mult = 1 << 20
	}
	n, err := strconv.Atoi(strings.TrimRight(text, "kKmM"))
	if err != nil || n < 0 || n > 1<<40 {
		what := "lines"
		if bytes {
			what = "bytes"
		}
		if c.gnu {
			c.misuse(1, "invalid number of %s: '%s'", what, text)
		}
		c.misuse(1, "invalid number '%s'", text)
	}
	return o, n * mult, bytes, from, minus
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
			all := slurp(r)
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
		all := slurp(r)
		c.Stdout.Write(tailOf(all, n, bytes, from))
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

func tailOf(all []byte, n int, bytes, from bool) []byte {
	if bytes {
		if from {
			return all[min(len(all), max(n-1, 0)):]
		}
		return all[max(0, len(all)-n):]
	}
	if from {
		for range max(n-1, 0) {
			i := strings.IndexByte(string(all), '\n')
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
		var n [5]int
		all := slurp(r)
		n[0] = strings.Count(string(all), "\n")
		n[1] = len(strings.Fields(string(all)))
		n[2] = utf8.RuneCount(all)
		n[3] = len(all)
		for _, l := range textLines(all) {
			n[4] = max(n[4], utf8.RuneCountInString(l))
		}
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

func sortLines(c *invocation) int {
	o := c.parse("rnufk:t:hVbdisco:M|reverse=r,numeric-sort=n,unique=u,key=k,field-separator=t,version-sort=V,ignore-case=f,output=o,human-numeric-sort=h")
	var all []string
	status := c.inputs(o.args, func(_ string, r io.Reader) int {
		all = append(all, textLines(slurp(r))...)
		return 0
	})
	if status != 0 && c.gnu {
		return 2
	}
	keys := o.values["k"]
	less := func(a, b string) int {
		for _, k := range keys {
			if d := compareKey(a, b, k, o); d != 0 {
				return d
			}
		}
		if len(keys) == 0 {
			if d := compareText(a, b, o.has("n"), o.has("f"), o.has("V"), o.has("h")); d != 0 {
				if o.has("r") {
					return -d
				}
				return d
			}
		}
		if o.has("s", "u") {
			return 0
		}
		d := strings.Compare(a, b)
		if o.has("r") {
			return -d
		}
		return d
	}
	if o.has("c") {
		for i := 1; i < len(all); i++ {
			if less(all[i-1], all[i]) > 0 {
				return c.fail("-:%d: disorder: %s", i+1, all[i])
			}
		}
		return 0
	}
	sort.SliceStable(all, func(i, k int) bool { return less(all[i], all[k]) < 0 })
	var b strings.Builder
	for i, l := range all {
		if o.has("u") && i > 0 && less(all[i-1], l) == 0 {
			continue
		}
		b.WriteString(l + "\n")
	}
	if file := o.value("o", ""); file != "" {
		if err := c.WriteFile(file, []byte(b.String())); err != nil {
			return c.cannotOpen(file, err)
		}
		return status
	}
	io.WriteString(c.Stdout, b.String())
	return status
}

// compareKey compares by a key such as 2,2nr.
func compareKey(a, b, key string, o options) int {
	from, to, _ := strings.Cut(key, ",")
	flags := strings.TrimLeft(from, "0123456789.") + strings.TrimLeft(to, "0123456789.")
	first, _ := strconv.Atoi(strings.TrimRight(strings.Split(from, ".")[0], "nrfbdhV"))
	last, _ := strconv.Atoi(strings.TrimRight(strings.Split(to, ".")[0], "nrfbdhV"))
	pick := func(l string) string {
		var f []string
		sep := o.value("t", "")
		if sep != "" {
			f = strings.Split(l, sep)
		} else {
			f, sep = strings.Fields(l), " "
		}
		if first < 1 || first > len(f) {
			return ""
		}
		end := len(f)
		if last >= first {
			end = min(end, last)
		}
		return strings.Join(f[first-1:end], sep)
	}
	has := func(f string) bool { return strings.Contains(flags, f) || flags == "" && o.has(f) }
	d := compareText(pick(a), pick(b), has("n"), has("f"), has("V"), has("h"))
	if has("r") {
		return -d
	}
	return d
}

func compareText(a, b string, numeric, fold, version, human bool) int {
	switch {
	case version:
		return compareVersions(a, b)
	case numeric, human:
		x, y := leadingNumber(a, human), leadingNumber(b, human)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case fold:
		return strings.Compare(strings.ToUpper(a), strings.ToUpper(b))
	}
	return strings.Compare(a, b)
}

func leadingNumber(s string, human bool) float64 {
	s = strings.TrimLeft(s, " \t")
	k := 0
	for k < len(s) && (s[k] >= '0' && s[k] <= '9' || s[k] == '.' || k == 0 && s[k] == '-') {
		k++
	}
	x, _ := strconv.ParseFloat(s[:k], 64)
	if human && k < len(s) {
		for i, u := range "KMGTP" {
			if s[k] == byte(u) || s[k] == byte(u)+32 {
				for range i + 1 {
					x *= 1024
				}
			}
		}
	}
	return x
}

func compareVersions(a, b string) int {
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			i, k := digitRun(a), digitRun(b)
			x, _ := strconv.Atoi(a[:i])
			y, _ := strconv.Atoi(b[:k])
			if x != y {
				return x - y
			}
			a, b = a[i:], b[k:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digitRun(s string) int {
	k := 0
	for k < len(s) && isDigit(s[k]) {
		k++
	}
	return k
}

func uniq(c *invocation) int {
	o := c.parse("cdui|count=c,repeated=d,unique=u,ignore-case=i")
	var in []string
	if len(o.args) > 0 {
		in = o.args[:1]
	}
	prev, n := "", 0
	flush := func() {
		if n == 0 || o.has("d") && n < 2 || o.has("u") && n > 1 {
			return
		}
		if o.has("c") {
			fmt.Fprintf(c.Stdout, "%7d %s\n", n, prev)
			return
		}
		fmt.Fprintln(c.Stdout, prev)
	}
	status := c.inputs(in, func(_ string, r io.Reader) int {
		lines(r, func(l string, _ bool) bool {
			if n > 0 && (l == prev || o.has("i") && strings.EqualFold(l, prev)) {
				n++
				return true
			}
			flush()
			prev, n = l, 1
			return true
		})
		return 0
	})
	flush()
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

func tac(c *invocation) int {
	o := c.parse("")
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		ls := textLines(slurp(r))
		for i := len(ls) - 1; i >= 0; i-- {
			fmt.Fprintln(c.Stdout, ls[i])
		}
		return 0
	})
}

func rev(c *invocation) int {
	o := c.parse("")
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		lines(r, func(l string, _ bool) bool {
			rs := []rune(l)
			for i, k := 0, len(rs)-1; i < k; i, k = i+1, k-1 {
				rs[i], rs[k] = rs[k], rs[i]
			}
			fmt.Fprintln(c.Stdout, string(rs))
			return true
		})
		return 0
	})
}

func nl(c *invocation) int {
	o := c.parse("b:w:s:v:|body-numbering=b")
	n := 0
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		lines(r, func(l string, _ bool) bool {
			if l == "" && o.value("b", "t") != "a" {
				fmt.Fprintln(c.Stdout, "       ")
				return true
			}
			n++
			fmt.Fprintf(c.Stdout, "%6d%s%s\n", n, o.value("s", "\t"), l)
			return true
		})
		return 0
	})
}

func paste(c *invocation) int {
	o := c.parse("d:s|delimiters=d,serial=s")
	delims, _ := userland.Unescape(o.value("d", "\t"), false)
	at := func(i int) string {
		if delims == "" {
			return ""
		}
		return delims[i%len(delims) : i%len(delims)+1]
	}
	var cols [][]string
	stdin := false
	status := c.inputs(o.args, func(name string, r io.Reader) int {
		stdin = stdin || name == "-"
		cols = append(cols, textLines(slurp(r)))
		return 0
	})
	if o.has("s") {
		for _, col := range cols {
			for i, l := range col {
				if i > 0 {
					io.WriteString(c.Stdout, at(i-1))
				}
				io.WriteString(c.Stdout, l)
			}
			fmt.Fprintln(c.Stdout)
		}
		return status
	}
	if dashes := len(o.args); dashes > 1 && strings.Trim(strings.Join(o.args, ""), "-") == "" && len(cols) > 0 {
		all := cols[0]
		cols = make([][]string, dashes)
		for i, l := range all {
			cols[i%dashes] = append(cols[i%dashes], l)
		}
	}
	rows := 0
	for _, col := range cols {
		rows = max(rows, len(col))
	}
	for i := range rows {
		for k, col := range cols {
			if k > 0 {
				io.WriteString(c.Stdout, at(k-1))
			}
			if i < len(col) {
				io.WriteString(c.Stdout, col[i])
			}
		}
		fmt.Fprintln(c.Stdout)
	}
	return status
}

func seq(c *invocation) int {
	args := c.Args[1:]
	sep, wide := "\n", false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && !isDigit(args[0][1]) && args[0][1] != '.' {
		switch {
		case args[0] == "-w":
			wide = true
		case args[0] == "-s" && len(args) > 1:
			sep, args = args[1], args[1:]
		case strings.HasPrefix(args[0], "-s") && len(args[0]) > 2:
			sep = args[0][2:]
		default:
			c.misuse(1, "invalid option -- '%s'", args[0][1:])
		}
		args = args[1:]
	}
	if len(args) == 0 || len(args) > 3 {
		c.misuse(1, "missing operand")
	}
	var x [3]float64
	decimals := 0
	for i, a := range args {
		v, err := strconv.ParseFloat(a, 64)
		if err != nil {
			if c.gnu {
				c.misuse(1, "invalid floating point argument: '%s'", a)
			}
			c.misuse(1, "invalid number '%s'", a)
		}
		x[i] = v
		if _, frac, ok := strings.Cut(a, "."); ok {
			decimals = max(decimals, len(frac))
		}
	}
	first, step, last := 1.0, 1.0, x[0]
	switch len(args) {
	case 2:
		first, last = x[0], x[1]
	case 3:
		first, step, last = x[0], x[1], x[2]
	}
	if step == 0 {
		c.misuse(1, "invalid Zero increment value: '0'")
	}
	width := 0
	if wide {
		width = max(len(strconv.FormatFloat(first, 'f', decimals, 64)), len(strconv.FormatFloat(last, 'f', decimals, 64)))
	}
	w := bufio.NewWriter(c.Stdout)
	n := 0
	for i := 0; ; i++ {
		v := first + float64(i)*step
		if step > 0 && v > last+1e-9 || step < 0 && v < last-1e-9 {
			break
		}
		if n++; n > 1 {
			if _, err := w.WriteString(sep); err != nil {
				return 1
			}
		}
		fmt.Fprintf(w, "%0*s", width, strconv.FormatFloat(v, 'f', decimals, 64))
		c.Tick()
	}
	if n > 0 {
		w.WriteString("\n")
	}
	w.Flush()
	return 0
}

func yes(c *invocation) int {
	text := "y"
	if len(c.Args) > 1 {
		text = strings.Join(c.Args[1:], " ")
	}
	block := strings.Repeat(text+"\n", max(1, 1024/(len(text)+1)))
	for {
		if _, err := io.WriteString(c.Stdout, block); err != nil {
			return 1
		}
		c.Tick()
	}
}

func fold(c *invocation) int {
	o := c.parse("w:sb")
	n, _ := strconv.Atoi(o.value("w", "80"))
	n = max(n, 1)
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		lines(r, func(l string, _ bool) bool {
			for len(l) > n {
				fmt.Fprintln(c.Stdout, l[:n])
				l = l[n:]
			}
			fmt.Fprintln(c.Stdout, l)
			return true
		})
		return 0
	})
}

func comm(c *invocation) int {
	o := c.parse("123")
	if len(o.args) != 2 {
		c.misuse(1, "missing operand")
	}
	var cols [][]string
	if st := c.inputs(o.args, func(_ string, r io.Reader) int { cols = append(cols, textLines(slurp(r))); return 0 }); st != 0 {
		return st
	}
	show := func(col, line string) {
		if o.has(col) {
			return
		}
		indent := ""
		if col > "1" && !o.has("1") {
			indent += "\t"
		}
		if col > "2" && !o.has("2") {
			indent += "\t"
		}
		fmt.Fprintln(c.Stdout, indent+line)
	}
	a, b := cols[0], cols[1]
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			show("1", a[0])
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			show("2", b[0])
			b = b[1:]
		default:
			show("3", a[0])
			a, b = a[1:], b[1:]
		}
	}
	return 0
}

func stringsOf(c *invocation) int {
	o := c.parse("n:a")
	n, _ := strconv.Atoi(o.value("n", "4"))
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		for _, w := range strings.FieldsFunc(string(slurp(r)), func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
			if len(w) >= n {
				fmt.Fprintln(c.Stdout, w)
			}
		}
		return 0
	})
}
