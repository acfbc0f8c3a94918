package programs

import (
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland/shell"
)

// exec runs a statement; the result is nil when control goes on behind it.
func (r *awkRun) exec(n *awkNode) *awkJump {
	r.Tick()
	if n == nil {
		return nil
	}
	switch n.op {
	case "block":
		for _, k := range n.kids {
			if j := r.exec(k); j != nil {
				return j
			}
		}
	case "expr":
		r.eval(n.kids[0])
	case "if":
		if r.eval(n.kids[0]).truth() {
			return r.exec(n.kids[1])
		}
		if len(n.kids) > 2 {
			return r.exec(n.kids[2])
		}
	case "while", "do", "for":
		return r.loop(n)
	case "forin":
		a := r.array(n.kids[0].text)
		keys := make([]string, 0, len(a))
		for k := range a {
			keys = append(keys, k)
		}
		sort.Slice(keys, func(i, k int) bool { return awkKeyLess(keys[i], keys[k]) })
		for _, k := range keys {
			if _, ok := a[k]; !ok {
				continue
			}
			r.set(n.text, awkIn(k))
			if j := r.exec(n.kids[1]); j != nil && j.kind != "continue" {
				if j.kind == "break" {
					return nil
				}
				return j
			}
		}
	case "print", "printf":
		r.print(n)
	case "delete":
		if k := n.kids[0]; k.op == "index" {
			delete(r.array(k.text), r.key(k))
		} else {
			clear(r.array(k.text))
		}
	case "exit", "return":
		j := &awkJump{kind: n.op}
		if len(n.kids) > 0 {
			j.value = r.eval(n.kids[0])
			if n.op == "exit" {
				j.value = awkNum(j.value.num())
			}
		}
		return j
	default:
		return &awkJump{kind: n.op}
	}
	return nil
}

// awkKeyLess orders an array's keys: numbers first by value, then text, since
// a run must not depend on the order of a map.
func awkKeyLess(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil && x != y:
		return x < y
	case (errX == nil) != (errY == nil):
		return errX == nil
	}
	return a < b
}

func (r *awkRun) loop(n *awkNode) *awkJump {
	cond, body, post := n.kids[0], (*awkNode)(nil), (*awkNode)(nil)
	switch n.op {
	case "while":
		body = n.kids[1]
	case "do":
		body, cond = n.kids[0], n.kids[1]
	case "for":
		if j := r.exec(n.kids[0]); j != nil {
			return j
		}
		cond, post, body = n.kids[1], n.kids[2], n.kids[3]
	}
	for first := true; ; first = false {
		if !(n.op == "do" && first) && cond != nil && !r.eval(cond).truth() {
			return nil
		}
		if j := r.exec(body); j != nil && j.kind != "continue" {
			if j.kind == "break" {
				return nil
			}
			return j
		}
		r.exec(post)
	}
}

func (r *awkRun) print(n *awkNode) {
	args := n.kids[0].kids
	if len(args) == 1 && args[0].op == "list" {
		args = args[0].kids
	}
	var text string
	switch {
	case n.op == "printf":
		text = r.format(args)
	case len(args) == 0:
		text = r.record + r.text(r.get("ORS"))
	default:
		parts := make([]string, len(args))
		for i, a := range args {
			parts[i] = r.eval(a).str(r.get("OFMT").s)
		}
		text = strings.Join(parts, r.text(r.get("OFS"))) + r.text(r.get("ORS"))
	}
	w := io.Writer(r.Stdout)
	if n.text != "" {
		switch name := r.str(n.kids[1]); name {
		case "/dev/stdout":
		case "/dev/stderr":
			w = r.Stderr
		default:
			w = r.output(n.text, name)
		}
	}
	io.WriteString(w, text)
}

// format is printf's text: of a format and its values, each in the form in which
// the shell's printf reads it. The format is used once, whatever their number.
func (r *awkRun) format(list []*awkNode) string {
	if len(list) == 0 {
		return ""
	}
	vals := make([]awkValue, len(list))
	for i, n := range list {
		vals[i] = r.eval(n)
	}
	f := r.text(vals[0])
	args := []string{f}
	for i, verb := range conversions(f) {
		v := awkValue{input: true}
		if i+1 < len(vals) {
			v = vals[i+1]
		}
		args = append(args, r.formatted(v, verb))
	}
	text, _, _ := shell.PrintfText(args)
	return text
}

// conversions are a format's: its letters, and 'd' for a *.
func conversions(f string) (want []byte) {
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			continue
		}
		i++
		for i < len(f) && strings.IndexByte("-+ #0123456789.*", f[i]) >= 0 {
			if f[i] == '*' {
				want = append(want, 'd')
			}
			i++
		}
		if i < len(f) && f[i] != '%' {
			want = append(want, f[i])
		}
	}
	return want
}

// formatted is one value for a conversion: whole numbers have no fraction, and
// %c of a number is the character of that code.
func (r *awkRun) formatted(v awkValue, verb byte) string {
	switch verb {
	case 'd', 'i', 'o', 'x', 'X', 'u':
		return strconv.FormatInt(int64(v.num()), 10)
	case 'e', 'f', 'g', 'E', 'G', 'F':
		return strconv.FormatFloat(v.num(), 'g', -1, 64)
	case 'c':
		if v.numeric() {
			return string([]byte{byte(int64(v.num()))})
		}
	}
	if v.number && v.n == math.Trunc(v.n) && math.Abs(v.n) < 1e18 {
		return strconv.FormatInt(int64(v.n), 10)
	}
	return r.text(v)
}

func (r *awkRun) str(n *awkNode) string { return r.text(r.eval(n)) }

func (r *awkRun) get(name string) awkValue {
	if len(r.locals) > 0 {
		if l, ok := r.locals[len(r.locals)-1][name]; ok {
			return l.v
		}
	}
	if name == "NF" {
		r.splitRecord()
		return awkNum(float64(len(r.fields)))
	}
	v, ok := r.vars[name]
	if !ok {
		return awkValue{input: true}
	}
	return v
}

func (r *awkRun) set(name string, v awkValue) {
	if len(r.locals) > 0 {
		if l, ok := r.locals[len(r.locals)-1][name]; ok {
			l.v = v
			return
		}
	}
	if name == "NF" {
		r.splitRecord()
		n := int(v.num())
		if n < 0 || n > 1<<20 {
			panic(awkFatal{"NF set to impossible value"})
		}
		for len(r.fields) < n {
			r.fields = append(r.fields, "")
		}
		r.fields = r.fields[:n]
		r.join()
		return
	}
	r.vars[name] = v
}

func (r *awkRun) array(name string) map[string]awkValue {
	if len(r.locals) > 0 {
		if l, ok := r.locals[len(r.locals)-1][name]; ok {
			if l.a == nil {
				l.a = map[string]awkValue{}
			}
			return l.a
		}
	}
	a, ok := r.arrays[name]
	if !ok {
		a = map[string]awkValue{}
		r.arrays[name] = a
	}
	return a
}

func (r *awkRun) key(n *awkNode) string {
	parts := make([]string, len(n.kids))
	for i, k := range n.kids {
		parts[i] = r.str(k)
	}
	return strings.Join(parts, r.get("SUBSEP").s)
}

func (r *awkRun) field(i int) awkValue {
	if i < 0 {
		panic(awkFatal{"attempt to access field " + strconv.Itoa(i)})
	}
	if i == 0 {
		return awkIn(r.record)
	}
	r.splitRecord()
	if i > len(r.fields) {
		return awkIn("")
	}
	return awkIn(r.fields[i-1])
}

// store assigns to a variable, a field or an element.
func (r *awkRun) store(n *awkNode, v awkValue) {
	switch n.op {
	case "var":
		r.set(n.text, v)
	case "index":
		r.array(n.text)[r.key(n)] = v
	case "field":
		i := int(r.eval(n.kids[0]).num())
		if i == 0 {
			r.setRecord(r.text(v))
			return
		}
		if i < 0 || i > 1<<16 {
			panic(awkFatal{"attempt to access field " + strconv.Itoa(i)})
		}
		r.splitRecord()
		for len(r.fields) < i {
			r.fields = append(r.fields, "")
		}
		r.fields[i-1] = r.text(v)
		r.join()
	}
}

func (r *awkRun) eval(n *awkNode) awkValue {
	switch n.op {
	case "num":
		x, _ := strconv.ParseFloat(n.text, 64)
		return awkNum(x)
	case "str":
		return awkStr(n.text)
	case "regex":
		return awkBool(r.regex(n.text).MatchString(r.record))
	case "var":
		return r.get(n.text)
	case "index":
		a := r.array(n.text)
		k := r.key(n)
		v, ok := a[k]
		if !ok {
			v = awkValue{input: true}
			a[k] = v
		}
		return v
	case "field":
		return r.field(int(r.eval(n.kids[0]).num()))
	case "group":
		return r.eval(n.kids[0])
	case "call":
		return r.call(n)
	case "assign":
		v := r.eval(n.kids[1])
		if n.text != "=" {
			v = awkNum(awkArith(n.text[:1], r.eval(n.kids[0]).num(), v.num()))
		}
		r.store(n.kids[0], v)
		return v
	case "pre", "post":
		old := r.eval(n.kids[0]).num()
		now := old + 1
		if n.text == "--" {
			now = old - 1
		}
		r.store(n.kids[0], awkNum(now))
		if n.op == "pre" {
			return awkNum(now)
		}
		return awkNum(old)
	case "?":
		if r.eval(n.kids[0]).truth() {
			return r.eval(n.kids[1])
		}
		return r.eval(n.kids[2])
	case "u!":
		return awkBool(!r.eval(n.kids[0]).truth())
	case "u-":
		return awkNum(-r.eval(n.kids[0]).num())
	case "u+":
		return awkNum(r.eval(n.kids[0]).num())
	case "||":
		return awkBool(r.eval(n.kids[0]).truth() || r.eval(n.kids[1]).truth())
	case "&&":
		return awkBool(r.eval(n.kids[0]).truth() && r.eval(n.kids[1]).truth())
	case "in":
		k := r.str(n.kids[0])
		if n.kids[0].op == "list" {
			k = r.key(n.kids[0])
		}
		_, ok := r.array(n.kids[1].text)[k]
		return awkBool(ok)
	case "~", "!~":
		return awkBool(r.pattern(n.kids[1]).MatchString(r.str(n.kids[0])) == (n.op == "~"))
	case "cat":
		s := r.str(n.kids[0]) + r.str(n.kids[1])
		if len(s) > 16<<20 {
			panic(awkFatal{"out of memory"})
		}
		return awkStr(s)
	case "getline":
		return awkNum(r.getline(n))
	case "<", "<=", "==", "!=", ">", ">=":
		return awkBool(r.compare(n.op, r.eval(n.kids[0]), r.eval(n.kids[1])))
	case "list":
		return awkStr(r.key(n))
	}
	return awkNum(awkArith(n.op, r.eval(n.kids[0]).num(), r.eval(n.kids[1]).num()))
}

func awkArith(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "^":
		return math.Pow(x, y)
	}
	if y == 0 {
		panic(awkFatal{"division by zero"})
	}
	if op == "/" {
		return x / y
	}
	return math.Mod(x, y)
}

func (r *awkRun) compare(op string, a, b awkValue) bool {
	d := 0
	if a.numeric() && b.numeric() || a.number && b.input && b.s == "" || b.number && a.input && a.s == "" {
		switch x, y := a.num(), b.num(); {
		case x < y:
			d = -1
		case x > y:
			d = 1
		}
	} else {
		d = strings.Compare(r.text(a), r.text(b))
	}
	switch op {
	case "<":
		return d < 0
	case "<=":
		return d <= 0
	case "==":
		return d == 0
	case "!=":
		return d != 0
	case ">":
		return d > 0
	}
	return d >= 0
}
