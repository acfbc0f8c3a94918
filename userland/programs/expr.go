package programs

import (
	"math/big"
	"strconv"
	"strings"
)

// expr evaluates expr(1)'s expressions.
func expr(c *invocation) int {
	e := &exprParser{c: c, args: c.Args[1:]}
	if len(e.args) == 0 {
		c.misuse(2, "missing operand")
	}
	v := e.level(0)
	if len(e.args) > 0 {
		c.misuse(2, "syntax error: unexpected argument '%s'", e.args[0])
	}
	c.Printf("%s\n", v)
	if v == "" || strings.Trim(v, "0") == "" {
		return 1
	}
	return 0
}

type exprParser struct {
	c     *invocation
	args  []string
	depth int
}

var exprLevels = [][]string{
	{"|"}, {"&"}, {"<", "<=", "=", "==", "!=", ">=", ">"}, {"+", "-"}, {"*", "/", "%"}, {":"},
}

func (e *exprParser) level(n int) string {
	if n == len(exprLevels) {
		return e.primary()
	}
	v := e.level(n + 1)
	for len(e.args) > 0 {
		op := ""
		for _, o := range exprLevels[n] {
			if e.args[0] == o {
				op = o
			}
		}
		if op == "" {
			return v
		}
		e.args = e.args[1:]
		v = e.apply(op, v, e.level(n+1))
	}
	return v
}

func (e *exprParser) primary() string {
	if len(e.args) == 0 {
		e.c.misuse(2, "syntax error: missing argument")
	}
	if e.depth++; e.depth > 1000 {
		e.c.misuse(2, "syntax error")
	}
	a := e.args[0]
	e.args = e.args[1:]
	switch {
	case a == "(":
		v := e.level(0)
		if len(e.args) == 0 || e.args[0] != ")" {
			e.c.misuse(2, "syntax error: expecting ')'")
		}
		e.args = e.args[1:]
		return v
	case a == "length" && len(e.args) > 0:
		return strconv.Itoa(len([]rune(e.primary())))
	case a == "match" && len(e.args) > 1:
		s := e.primary()
		return e.apply(":", s, e.primary())
	case a == "substr" && len(e.args) > 2:
		s := []rune(e.primary())
		p, _ := strconv.Atoi(e.primary())
		n, _ := strconv.Atoi(e.primary())
		if p < 1 || n < 1 || p > len(s) {
			return ""
		}
		return string(s[p-1 : min(len(s), p-1+n)])
	}
	return a
}

func (e *exprParser) apply(op, a, b string) string {
	truth := func(ok bool) string {
		if ok {
			return "1"
		}
		return "0"
	}
	null := func(v string) bool { return v == "" || v == "0" }
	switch op {
	case "|":
		if !null(a) {
			return a
		}
		return b
	case "&":
		if null(a) || null(b) {
			return "0"
		}
		return a
	case ":":
		rx, err := compile(b, false, false)
		if err != nil {
			e.c.misuse(2, "%s", err)
		}
		m := rx.FindStringSubmatchIndex(a)
		group := strings.Contains(b, `\(`)
		switch {
		case m == nil || m[0] != 0:
			if group {
				return ""
			}
			return "0"
		case group && m[2] >= 0:
			return a[m[2]:m[3]]
		}
		return strconv.Itoa(len([]rune(a[:m[1]])))
	}
	x, ok1 := new(big.Int).SetString(a, 10)
	y, ok2 := new(big.Int).SetString(b, 10)
	if i := strings.Index("< <= = == != >= >", op); i >= 0 {
		d := strings.Compare(a, b)
		if ok1 && ok2 {
			d = x.Cmp(y)
		}
		return truth(map[string]bool{"<": d < 0, "<=": d <= 0, "=": d == 0, "==": d == 0, "!=": d != 0, ">=": d >= 0, ">": d > 0}[op])
	}
	if !ok1 || !ok2 {
		e.c.misuse(2, "non-integer argument")
	}
	switch op {
	case "+":
		return x.Add(x, y).String()
	case "-":
		return x.Sub(x, y).String()
	case "*":
		return x.Mul(x, y).String()
	}
	if y.Sign() == 0 {
		e.c.misuse(2, "division by zero")
	}
	if op == "/" {
		return x.Quo(x, y).String()
	}
	return x.Rem(x, y).String()
}
