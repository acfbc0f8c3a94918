package programs

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

func sortLines(c *invocation) int {
	o := c.parse("rnufk:t:hVbdisco:M|reverse=r,numeric-sort=n,unique=u,key=k,field-separator=t,version-sort=V,ignore-case=f,output=o,human-numeric-sort=h")
	var all []string
	status := c.inputs(o.args, func(_ string, r io.Reader) int {
		all = append(all, textLines(c.slurp(r))...)
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

func comm(c *invocation) int {
	o := c.parse("123")
	if len(o.args) != 2 {
		c.misuse(1, "missing operand")
	}
	var cols [][]string
	if st := c.inputs(o.args, func(_ string, r io.Reader) int { cols = append(cols, textLines(c.slurp(r))); return 0 }); st != 0 {
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
