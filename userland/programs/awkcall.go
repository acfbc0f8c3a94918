package programs

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// call runs a function of the program's or a built-in one.
func (r *awkRun) call(n *awkNode) awkValue {
	if f, ok := r.funcs[n.text]; ok {
		return r.callOwn(f, n)
	}
	arg := func(i int) awkValue {
		if i < len(n.kids) {
			return r.eval(n.kids[i])
		}
		return awkValue{}
	}
	str := func(i int) string { return r.text(arg(i)) }
	num := func(i int) float64 { return arg(i).num() }
	switch n.text {
	case "length":
		if len(n.kids) == 0 {
			return awkNum(float64(utf8.RuneCountInString(r.record)))
		}
		if k := n.kids[0]; k.op == "var" && len(r.array(k.text)) > 0 {
			return awkNum(float64(len(r.array(k.text))))
		}
		return awkNum(float64(utf8.RuneCountInString(str(0))))
	case "substr":
		return awkStr(awkSubstr([]rune(str(0)), num(1), num(2), len(n.kids) > 2))
	case "index":
		s := str(0)
		k := strings.Index(s, str(1))
		if k < 0 {
			return awkNum(0)
		}
		return awkNum(float64(utf8.RuneCountInString(s[:k]) + 1))
	case "split":
		return r.splitCall(n, str)
	case "sub", "gsub":
		return r.subst(n, n.text == "gsub")
	case "match":
		m := r.pattern(n.kids[1]).FindStringIndex(str(0))
		start, length := 0.0, -1.0
		if m != nil {
			start, length = float64(m[0]+1), float64(m[1]-m[0])
		}
		r.vars["RSTART"], r.vars["RLENGTH"] = awkNum(start), awkNum(length)
		return awkNum(start)
	case "sprintf":
		return awkStr(r.format(n.kids))
	case "toupper":
		return awkStr(strings.ToUpper(str(0)))
	case "tolower":
		return awkStr(strings.ToLower(str(0)))
	case "int":
		return awkNum(math.Trunc(num(0)))
	case "sqrt":
		return awkNum(math.Sqrt(num(0)))
	case "exp":
		return awkNum(math.Exp(num(0)))
	case "log":
		return awkNum(math.Log(num(0)))
	case "sin":
		return awkNum(math.Sin(num(0)))
	case "cos":
		return awkNum(math.Cos(num(0)))
	case "atan2":
		return awkNum(math.Atan2(num(0), num(1)))
	case "rand":
		return awkNum(r.Loop().Stream("awk/" + r.Machine.Name).Float64())
	case "srand":
		return awkNum(0)
	case "systime":
		return awkNum(float64(r.Wall().Unix()))
	case "strftime":
		return awkStr(strftime(str(0), r.Wall()))
	case "system":
		p, err := r.Spawn("sh", "-c", str(0))
		if err != nil {
			return awkNum(127)
		}
		return awkNum(float64(p.Wait()))
	case "close", "fflush":
		if n.text == "close" {
			return awkNum(float64(r.close(str(0))))
		}
		return awkNum(0)
	}
	panic(awkFatal{"calling undefined function " + n.text})
}

func awkSubstr(s []rune, from, n float64, limited bool) string {
	start := math.Round(from)
	end := float64(len(s) + 1)
	if limited {
		end = math.Min(end, start+math.Round(n))
	}
	start = math.Max(start, 1)
	if !(start < end) {
		return ""
	}
	return string(s[int(start)-1 : int(end)-1])
}

// pattern is the right side of ~: a regular expression or a string.
func (r *awkRun) pattern(n *awkNode) interface {
	MatchString(string) bool
	FindStringIndex(string) []int
	FindAllStringIndex(string, int) [][]int
} {
	if n.op == "regex" {
		return r.regex(n.text)
	}
	return r.regex(r.str(n))
}

func (r *awkRun) splitCall(n *awkNode, str func(int) string) awkValue {
	if len(n.kids) < 2 {
		panic(awkFatal{"not enough arguments to split"})
	}
	fs := r.text(r.get("FS"))
	if len(n.kids) > 2 {
		if n.kids[2].op == "regex" {
			fs = n.kids[2].text
		} else {
			fs = str(2)
		}
	}
	parts := r.cut(str(0), fs)
	a := r.array(n.kids[1].text)
	clear(a)
	for i, p := range parts {
		a[strconv.Itoa(i+1)] = awkIn(p)
	}
	return awkNum(float64(len(parts)))
}

// subst is sub and gsub.
func (r *awkRun) subst(n *awkNode, all bool) awkValue {
	if len(n.kids) < 2 {
		panic(awkFatal{"not enough arguments to " + n.text})
	}
	target := &awkNode{op: "field", kids: []*awkNode{{op: "num", text: "0"}}}
	if len(n.kids) > 2 {
		target = n.kids[2]
	}
	src := r.str(target)
	with := r.str(n.kids[1])
	limit := 1
	if all {
		limit = -1
	}
	var b strings.Builder
	at, count := 0, 0
	for _, m := range r.pattern(n.kids[0]).FindAllStringIndex(src, limit) {
		b.WriteString(src[at:m[0]])
		for i := 0; i < len(with); i++ {
			switch {
			case with[i] == '\\' && i+1 < len(with) && (with[i+1] == '&' || with[i+1] == '\\'):
				i++
				b.WriteByte(with[i])
			case with[i] == '&':
				b.WriteString(src[m[0]:m[1]])
			default:
				b.WriteByte(with[i])
			}
		}
		at = m[1]
		count++
	}
	if count > 0 {
		b.WriteString(src[at:])
		r.store(target, awkStr(b.String()))
	}
	return awkNum(float64(count))
}

func (r *awkRun) callOwn(f *awkFunc, n *awkNode) awkValue {
	if r.depth++; r.depth > 1000 {
		panic(awkFatal{"function call nesting too deep"})
	}
	defer func() { r.depth-- }()
	frame := map[string]*awkLocal{}
	for i, p := range f.params {
		l := &awkLocal{v: awkValue{input: true}}
		if i < len(n.kids) {
			if k := n.kids[i]; k.op == "var" && r.isArray(k.text) {
				l.a = r.array(k.text)
			} else {
				l.v = r.eval(k)
			}
		}
		frame[p] = l
	}
	r.locals = append(r.locals, frame)
	j := r.exec(f.body)
	r.locals = r.locals[:len(r.locals)-1]
	if j != nil && j.kind == "return" {
		return j.value
	}
	if j != nil && j.kind == "exit" {
		panic(awkFatal{"exit within a function is not supported"})
	}
	return awkValue{input: true}
}

func (r *awkRun) isArray(name string) bool {
	if len(r.locals) > 0 {
		if l, ok := r.locals[len(r.locals)-1][name]; ok {
			return l.a != nil
		}
	}
	if _, ok := r.arrays[name]; ok {
		return true
	}
	_, scalar := r.vars[name]
	return !scalar
}
