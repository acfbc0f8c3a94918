package nginx

import (
	"regexp"
	"strconv"
	"strings"
)

// op is one instruction of the rewrite module: it changes the request, or ends
// its way with an answer.
type op interface{ run(q *request) verdict }

// verdict is what happens after an instruction.
type verdict int

const (
	goOn    verdict = iota
	stop            // no more instructions here
	again           // look for the location again
	answers         // the request has its answer
)

// run obeys instructions in their order.
func run(ops []op, q *request) verdict {
	for _, o := range ops {
		if v := o.run(q); v != goOn {
			return v
		}
	}
	return goOn
}

type returnOp struct {
	code int
	text string
}

func (o returnOp) run(q *request) verdict {
	text := q.expand(o.text)
	if o.code/100 == 3 {
		q.redirect(o.code, text)
	} else {
		q.answer(o.code, text)
	}
	return answers
}

func addReturn(r *reader, d *directive, s *scope) error {
	o := returnOp{}
	code, err := strconv.Atoi(d.args[0])
	switch {
	case err == nil && code >= 0 && code < 1000:
		o.code = code
		if len(d.args) == 2 {
			o.text = d.args[1]
		}
	case len(d.args) == 1 && (strings.HasPrefix(d.args[0], "http") || strings.HasPrefix(d.args[0], "$")):
		o = returnOp{302, d.args[0]}
	default:
		return d.fail("invalid return code %q", d.args[0])
	}
	*s.ops = append(*s.ops, o)
	return checkVariables(d, r.conf, o.text)
}

type rewriteOp struct {
	re         *regexp.Regexp
	to, ending string
}

func (o rewriteOp) run(q *request) verdict {
	m := o.re.FindStringSubmatch(q.uri)
	if m == nil {
		return goOn
	}
	q.captures = m
	to := q.expand(o.to)
	if o.ending == "redirect" || o.ending == "permanent" || strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "$scheme") {
		code := 302
		if o.ending == "permanent" {
			code = 301
		}
		if q.args != "" && !strings.HasSuffix(to, "?") {
			to += "?" + q.args
		}
		q.redirect(code, strings.TrimSuffix(to, "?"))
		return answers
	}
	uri, args, has := strings.Cut(to, "?")
	switch {
	case has && args != "" && q.args != "":
		q.args = args + "&" + q.args
	case has:
		q.args = args
	}
	q.uri, q.changed = uri, true
	switch o.ending {
	case "last":
		return again
	case "break":
		return stop
	}
	q.moved = true
	return goOn
}

func addRewrite(r *reader, d *directive, s *scope) error {
	re, err := regexp.Compile(d.args[0])
	if err != nil {
		return d.fail("pcre2_compile() failed: %v in %q", err, d.args[0])
	}
	o := rewriteOp{re: re, to: d.args[1]}
	if len(d.args) == 3 {
		o.ending = d.args[2]
		if !contains([]string{"last", "break", "redirect", "permanent"}, o.ending) {
			return d.fail("invalid parameter %q", o.ending)
		}
	}
	*s.ops = append(*s.ops, o)
	return checkVariables(d, r.conf, o.to)
}

type setOp struct{ name, value string }

func (o setOp) run(q *request) verdict { q.set[o.name] = q.expand(o.value); return goOn }

func addSet(r *reader, d *directive, s *scope) error {
	name, ok := strings.CutPrefix(d.args[0], "$")
	if !ok {
		return d.fail("invalid variable name %q", d.args[0])
	}
	r.conf.formats["$"+name] = "" // the variable exists from here on
	*s.ops = append(*s.ops, setOp{name, d.args[1]})
	return checkVariables(d, r.conf, d.args[1])
}

type breakOp struct{}

func (breakOp) run(*request) verdict { return stop }

func addBreak(_ *reader, _ *directive, s *scope) error {
	*s.ops = append(*s.ops, breakOp{})
	return nil
}

type ifOp struct {
	left, how, right string
	re               *regexp.Regexp
	then             []op
}

func (o *ifOp) run(q *request) verdict {
	if !o.holds(q) {
		return goOn
	}
	return run(o.then, q)
}

func (o *ifOp) holds(q *request) bool {
	left := q.expand(o.left)
	switch o.how {
	case "":
		return left != "" && left != "0"
	case "=":
		return left == q.expand(o.right)
	case "!=":
		return left != q.expand(o.right)
	case "-f", "!-f", "-d", "!-d", "-e", "!-e":
		i, err := q.p.Stat(q.expand(o.right))
		is := err == nil && (strings.HasSuffix(o.how, "e") || i.IsDir() == strings.HasSuffix(o.how, "d"))
		return is != strings.HasPrefix(o.how, "!")
	}
	m := o.re.FindStringSubmatch(left)
	if m != nil && !strings.HasPrefix(o.how, "!") {
		q.captures = m
	}
	return (m != nil) != strings.HasPrefix(o.how, "!")
}

// openIf reads "($a = b)" and the block behind it, in which only the rewrite
// module's directives have an effect here.
func openIf(r *reader, d *directive, s *scope) error {
	args := append([]string(nil), d.args...)
	last := len(args) - 1
	if !strings.HasPrefix(args[0], "(") || !strings.HasSuffix(args[last], ")") {
		return d.fail("invalid condition %q", strings.Join(args, " "))
	}
	args[0] = strings.TrimPrefix(args[0], "(")
	args[last] = strings.TrimSuffix(args[last], ")")
	args = trimEmpty(args)
	o := &ifOp{}
	switch len(args) {
	case 1:
		o.left = args[0]
	case 2:
		o.how, o.right = args[0], args[1]
	case 3:
		o.left, o.how, o.right = args[0], args[1], args[2]
	default:
		return d.fail("invalid condition %q", strings.Join(args, " "))
	}
	switch o.how {
	case "", "=", "!=", "-f", "!-f", "-d", "!-d", "-e", "!-e":
	case "~", "!~", "~*", "!~*":
		text := o.right
		if strings.HasSuffix(o.how, "*") {
			text = "(?i)" + text
		}
		var err error
		if o.re, err = regexp.Compile(text); err != nil {
			return d.fail("pcre2_compile() failed: %v in %q", err, o.right)
		}
	default:
		return d.fail("unexpected %q in condition", o.how)
	}
	if err := checkVariables(d, r.conf, o.left); err != nil {
		return err
	}
	*s.ops = append(*s.ops, o)
	return r.ifBlock(o, s)
}

func (r *reader) ifBlock(o *ifOp, s *scope) error {
	var own settings
	in := &location{}
	err := r.block(&scope{kind: inIf, settings: &own, server: s.server, location: in, ops: &o.then}, true)
	if err == nil && in.pass != nil {
		return r.fail("\"proxy_pass\" within \"if\" is not simulated")
	}
	return err
}

func trimEmpty(list []string) []string {
	for len(list) > 0 && list[0] == "" {
		list = list[1:]
	}
	for len(list) > 0 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}
