package programs

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// awkValue is a string that may also be a number: one read from the input
// compares as a number if it looks like one.
type awkValue struct {
	s      string
	n      float64
	number bool // n is the value
	input  bool // s came from outside
}

func awkNum(n float64) awkValue { return awkValue{n: n, number: true} }
func awkStr(s string) awkValue  { return awkValue{s: s} }
func awkIn(s string) awkValue   { return awkValue{s: s, input: true} }
func awkBool(b bool) awkValue {
	if b {
		return awkNum(1)
	}
	return awkNum(0)
}

func (v awkValue) num() float64 {
	if v.number {
		return v.n
	}
	t := strings.TrimLeft(v.s, " \t\n")
	x, _ := strconv.ParseFloat(t[:numberPrefix(t)], 64)
	return x
}

// numeric reports whether the value compares as a number.
func (v awkValue) numeric() bool {
	if v.number {
		return true
	}
	t := strings.TrimSpace(v.s)
	return v.input && (t != "" && numberPrefix(t) == len(t))
}

func (v awkValue) str(format string) string {
	if !v.number {
		return v.s
	}
	if v.n == math.Trunc(v.n) && math.Abs(v.n) < 1e16 {
		return strconv.FormatInt(int64(v.n), 10)
	}
	text, _, _ := shell.PrintfText([]string{format, strconv.FormatFloat(v.n, 'g', -1, 64)})
	return text
}

func (v awkValue) truth() bool {
	if v.numeric() {
		return v.num() != 0
	}
	return v.s != ""
}

// awkRun is one run of awk.
type awkRun struct {
	*invocation
	rules    []*awkRule
	funcs    map[string]*awkFunc
	vars     map[string]awkValue
	arrays   map[string]map[string]awkValue
	locals   []map[string]*awkLocal
	record   string
	fields   []string
	split    bool
	in       *awkSource // the file of the command line that is read, nil between two
	argument int        // index in ARGV of the one after it
	read     bool       // there was a file
	status   int
	sources  map[string]*awkSource // of getline, by "<" or "|" and name
	rx       map[string]*regexp.Regexp
	outs     map[string]io.WriteCloser
	pipes    map[string]*userland.Process
	depth    int
}

type awkLocal struct {
	v awkValue
	a map[string]awkValue
}

// awkJump is how control leaves a statement.
type awkJump struct {
	kind  string
	value awkValue
}

type awkFatal struct{ text string }

func awk(c *invocation) (status int) {
	o := c.parse("+F:v:f:|field-separator=F,assign=v,file=f")
	r := &awkRun{
		invocation: c, vars: map[string]awkValue{}, arrays: map[string]map[string]awkValue{},
		rx: map[string]*regexp.Regexp{}, outs: map[string]io.WriteCloser{}, pipes: map[string]*userland.Process{}, sources: map[string]*awkSource{}, argument: 1,
	}
	var src string
	args := o.args
	for _, f := range o.values["f"] {
		data, err := c.ReadFile(f)
		if err != nil {
			c.cannotOpen(f, err)
			return 2
		}
		src += string(data) + "\n"
	}
	if src == "" {
		if len(args) == 0 {
			c.Errorf("Usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]\n")
			return 2
		}
		src, args = args[0], args[1:]
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case awkSyntaxError:
			c.fail("%s", e.text)
			status = 2
		case awkFatal:
			c.fail("%s", e.text)
			status = 2
		case error:
			c.fail("%s", "internal error")
			status = 2
		default:
			panic(e)
		}
	}()
	toks, bad := awkTokens(src)
	if toks == nil {
		c.fail("syntax error at or near %.20s", bad)
		return 2
	}
	p := &awkParser{toks: toks, funcs: map[string]*awkFunc{}}
	p.program()
	r.rules, r.funcs = p.rules, p.funcs
	for k, v := range map[string]string{"FS": " ", "OFS": " ", "ORS": "\n", "RS": "\n", "SUBSEP": "\x1c", "OFMT": "%.6g", "CONVFMT": "%.6g", "FILENAME": ""} {
		r.vars[k] = awkStr(v)
	}
	r.vars["NR"], r.vars["FNR"] = awkNum(0), awkNum(0)
	if fs := o.value("F", ""); fs != "" {
		if fs == "t" {
			fs = "\t"
		}
		fs, _ = shell.Unescape(fs, false)
		r.vars["FS"] = awkStr(fs)
	}
	for _, a := range o.values["v"] {
		r.assignment(a)
	}
	env := map[string]awkValue{}
	for _, kv := range c.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = awkIn(v)
	}
	r.arrays["ENVIRON"] = env
	r.arrays["ARGV"] = map[string]awkValue{"0": awkStr("awk")}
	for i, a := range args {
		r.arrays["ARGV"][strconv.Itoa(i+1)] = awkIn(a)
	}
	r.vars["ARGC"] = awkNum(float64(len(args) + 1))
	return r.run()
}

func (r *awkRun) assignment(a string) {
	k, v, ok := strings.Cut(a, "=")
	if !ok {
		panic(awkFatal{"invalid assignment " + a})
	}
	v, _ = shell.Unescape(v, false)
	r.vars[k] = awkIn(v)
}

func (r *awkRun) run() int {
	exit := func(j *awkJump) bool {
		if j == nil || j.kind != "exit" {
			return false
		}
		if j.value.number {
			r.status = int(j.value.n) & 0xff
		}
		return true
	}
	over, reads := false, false
	for _, rule := range r.rules {
		if rule.begin && !over {
			over = exit(r.exec(rule.body))
		}
		reads = reads || !rule.begin
	}
	if reads && !over {
		for line, ok := r.nextRecord(); ok; line, ok = r.nextRecord() {
			r.setRecord(line)
			if over = exit(r.oneRecord()); over {
				break
			}
		}
	}
	for _, rule := range r.rules {
		if rule.end && exit(r.exec(rule.body)) {
			break
		}
	}
	r.closeAll()
	return r.status
}

func (r *awkRun) oneRecord() *awkJump {
	for _, rule := range r.rules {
		if rule.begin || rule.end {
			continue
		}
		hit := true
		switch {
		case rule.to != nil && rule.active:
			rule.active = !r.eval(rule.to).truth()
		case rule.to != nil:
			if hit = r.eval(rule.from).truth(); hit {
				rule.active = !r.eval(rule.to).truth()
			}
		case rule.from != nil:
			hit = r.eval(rule.from).truth()
		}
		if !hit {
			continue
		}
		if rule.body == nil {
			io.WriteString(r.Stdout, r.record+r.text(r.get("ORS")))
			continue
		}
		if j := r.exec(rule.body); j != nil {
			if j.kind == "next" {
				return nil
			}
			if j.kind == "exit" {
				return j
			}
		}
	}
	return nil
}

func (r *awkRun) setRecord(line string) { r.record, r.split, r.fields = line, false, nil }

func (r *awkRun) splitRecord() {
	if !r.split {
		fs := r.text(r.get("FS"))
		r.fields, r.split = nil, true
		if r.text(r.get("RS")) != "" || fs == " " {
			r.fields = r.cut(r.record, fs)
			return
		}
		for _, line := range strings.Split(r.record, "\n") { // which separates, too, in a paragraph
			r.fields = append(r.fields, r.cut(line, fs)...)
		}
	}
}

// cut splits a text by a field separator.
func (r *awkRun) cut(text, fs string) []string {
	switch {
	case fs == " ":
		return strings.Fields(text)
	case text == "":
		return nil
	case fs == "":
		return strings.Split(text, "")
	case len(fs) == 1 && fs != "\\":
		return strings.Split(text, fs)
	}
	return r.regex(fs).Split(text, -1)
}

func (r *awkRun) regex(text string) *regexp.Regexp {
	if rx, ok := r.rx[text]; ok {
		return rx
	}
	t, err := translate(text, true)
	if err != nil {
		panic(awkFatal{err.Error()})
	}
	rx, err := regexp.Compile(t)
	if err != nil {
		panic(awkFatal{"invalid regular expression /" + text + "/"})
	}
	rx.Longest()
	if len(r.rx) < 1000 {
		r.rx[text] = rx
	}
	return rx
}

func (r *awkRun) join() {
	r.record = strings.Join(r.fields, r.text(r.get("OFS")))
}

// closeAll closes files and waits for the commands that print pipes into.
func (r *awkRun) closeAll() {
	names := make([]string, 0, len(r.outs))
	for n := range r.outs {
		names = append(names, n)
	}
	for n := range r.sources {
		names = append(names, n[1:])
	}
	sort.Strings(names)
	for _, n := range names {
		r.close(n)
	}
}

func (r *awkRun) close(name string) (status int) {
	status = -1
	if w, ok := r.outs[name]; ok {
		w.Close()
		delete(r.outs, name)
		status = 0
	}
	if p, ok := r.pipes[name]; ok {
		status = p.Wait()
		delete(r.pipes, name)
	}
	for _, op := range []string{"<", "|"} {
		if s, ok := r.sources[op+name]; ok {
			status = s.close()
			delete(r.sources, op+name)
		}
	}
	return status
}

// text is a value as a string: numbers as CONVFMT says, if they are not whole.
func (r *awkRun) text(v awkValue) string {
	if !v.number {
		return v.s
	}
	return v.str(r.vars["CONVFMT"].s)
}

// output is where print writes: a file or a command by its name.
func (r *awkRun) output(op, name string) io.Writer {
	if w, ok := r.outs[name]; ok {
		return w
	}
	if len(r.outs) > 100 {
		panic(awkFatal{"too many open files"})
	}
	if op == "|" {
		pr, pw := userland.NewPipe(r.Loop())
		stdin := r.Stdin
		r.Stdin = pr
		p, err := r.Spawn("sh", "-c", name)
		r.Stdin = stdin
		if err != nil {
			panic(awkFatal{"can't open pipe " + name})
		}
		p.OnExit(func(int) { pr.Close() })
		r.outs[name], r.pipes[name] = pw, p
		return pw
	}
	flags := userland.O_WRONLY | userland.O_CREAT | userland.O_TRUNC
	if op == ">>" {
		flags = userland.O_WRONLY | userland.O_CREAT | userland.O_APPEND
	}
	f, err := r.OpenFile(name, flags, 0o666)
	if err != nil {
		panic(awkFatal{fmt.Sprintf("can't redirect to %s (%s)", name, err)})
	}
	r.outs[name] = f
	return f
}
