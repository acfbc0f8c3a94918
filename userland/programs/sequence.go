package programs

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"dnetsim/userland/shell"
)

func tac(c *invocation) int {
	o := c.parse("")
	return c.inputs(o.args, func(_ string, r io.Reader) int {
		ls := textLines(c.slurp(r))
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
	delims, _ := shell.Unescape(o.value("d", "\t"), false)
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
		cols = append(cols, textLines(c.slurp(r)))
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
