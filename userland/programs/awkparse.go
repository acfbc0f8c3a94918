package programs

import "fmt"

// awkNode is an expression or a statement: op says which, kids are its parts.
type awkNode struct {
	op   string
	text string
	kids []*awkNode
}

type awkRule struct {
	begin, end bool
	from, to   *awkNode // the pattern, or the range
	active     bool
	body       *awkNode // nil prints the record
}

type awkFunc struct {
	params []string
	body   *awkNode
}

type awkParser struct {
	toks  []awkToken
	rules []*awkRule
	funcs map[string]*awkFunc
	depth int
	noGT  bool // in print's list, where > redirects
}

type awkSyntaxError struct{ text string }

func (p *awkParser) peek() awkToken { return p.toks[0] }

func (p *awkParser) is(text string) bool {
	return p.toks[0].kind == 'o' && p.toks[0].text == text
}

func (p *awkParser) take() awkToken {
	t := p.toks[0]
	if len(p.toks) > 1 {
		p.toks = p.toks[1:]
	}
	return t
}

func (p *awkParser) accept(text string) bool {
	if p.is(text) {
		p.take()
		return true
	}
	return false
}

func (p *awkParser) expect(text string) {
	if !p.accept(text) {
		panic(awkSyntaxError{fmt.Sprintf("syntax error at or near %s", p.near())})
	}
}

func (p *awkParser) near() string {
	if p.peek().kind == 0 {
		return "end of program"
	}
	return p.peek().text
}

func (p *awkParser) newlines() {
	for p.peek().kind == '\n' || p.is(";") {
		p.take()
	}
}

func (p *awkParser) skipNL() {
	for p.peek().kind == '\n' {
		p.take()
	}
}

// enter guards against programs that nest without end.
func (p *awkParser) enter() func() {
	if p.depth++; p.depth > 500 {
		panic(awkSyntaxError{"program nests too deeply"})
	}
	return func() { p.depth-- }
}

func (p *awkParser) program() {
	for p.newlines(); p.peek().kind != 0; p.newlines() {
		if p.accept("function") {
			name := p.take().text
			f := &awkFunc{}
			p.expect("(")
			for !p.is(")") {
				f.params = append(f.params, p.take().text)
				if !p.accept(",") {
					break
				}
				p.skipNL()
			}
			p.expect(")")
			p.skipNL()
			f.body = p.block()
			p.funcs[name] = f
			continue
		}
		r := &awkRule{}
		switch {
		case p.accept("BEGIN"):
			r.begin = true
		case p.accept("END"):
			r.end = true
		case !p.is("{"):
			r.from = p.expr()
			if p.accept(",") {
				p.skipNL()
				r.to = p.expr()
			}
		}
		if p.is("{") {
			r.body = p.block()
		} else if r.begin || r.end {
			p.expect("{")
		}
		p.rules = append(p.rules, r)
	}
}

func (p *awkParser) block() *awkNode {
	defer p.enter()()
	p.expect("{")
	n := &awkNode{op: "block"}
	for p.newlines(); !p.is("}"); p.newlines() {
		if p.peek().kind == 0 {
			p.expect("}")
		}
		n.kids = append(n.kids, p.statement())
	}
	p.expect("}")
	return n
}

// body is the statement after a head: a block, one statement, or nothing.
func (p *awkParser) body() *awkNode {
	p.skipNL()
	if p.accept(";") {
		return &awkNode{op: "block"}
	}
	return p.statement()
}

func (p *awkParser) statement() *awkNode {
	defer p.enter()()
	switch {
	case p.is("{"):
		return p.block()
	case p.accept("if"):
		p.expect("(")
		n := &awkNode{op: "if", kids: []*awkNode{p.expr()}}
		p.expect(")")
		n.kids = append(n.kids, p.body())
		save := p.toks
		p.newlines()
		if p.accept("else") {
			n.kids = append(n.kids, p.body())
		} else {
			p.toks = save
		}
		return n
	case p.accept("while"):
		p.expect("(")
		n := &awkNode{op: "while", kids: []*awkNode{p.expr()}}
		p.expect(")")
		n.kids = append(n.kids, p.body())
		return n
	case p.accept("do"):
		b := p.body()
		p.newlines()
		p.expect("while")
		p.expect("(")
		n := &awkNode{op: "do", kids: []*awkNode{b, p.expr()}}
		p.expect(")")
		return n
	case p.accept("for"):
		return p.forLoop()
	}
	n := p.simple()
	if p.peek().kind != '\n' && !p.is(";") && !p.is("}") && p.peek().kind != 0 {
		p.expect(";")
	}
	return n
}

func (p *awkParser) forLoop() *awkNode {
	p.expect("(")
	if len(p.toks) > 3 && p.toks[0].kind == 'i' && p.toks[1].text == "in" && p.toks[2].kind == 'i' && p.toks[3].text == ")" {
		n := &awkNode{op: "forin", text: p.take().text}
		p.take()
		n.kids = []*awkNode{{op: "var", text: p.take().text}}
		p.expect(")")
		n.kids = append(n.kids, p.body())
		return n
	}
	n := &awkNode{op: "for", kids: make([]*awkNode, 4)}
	if !p.is(";") {
		n.kids[0] = p.simple()
	}
	p.expect(";")
	if !p.is(";") {
		n.kids[1] = p.expr()
	}
	p.expect(";")
	if !p.is(")") {
		n.kids[2] = p.simple()
	}
	p.expect(")")
	n.kids[3] = p.body()
	return n
}

func (p *awkParser) ends() bool {
	return p.peek().kind == '\n' || p.peek().kind == 0 || p.is(";") || p.is("}")
}

func (p *awkParser) simple() *awkNode {
	switch {
	case p.is("print") || p.is("printf"):
		n := &awkNode{op: p.take().text}
		p.noGT = true
		args := []*awkNode{}
		if p.is("(") && p.parenEndsList() {
			p.take()
			p.noGT = false
			args = p.list(")")
			p.expect(")")
			p.noGT = true
		} else if !p.ends() && !p.is(">") && !p.is(">>") && !p.is("|") {
			args = p.list("")
		}
		p.noGT = false
		n.kids = []*awkNode{{op: "list", kids: args}}
		if p.is(">") || p.is(">>") || p.is("|") {
			n.text = p.take().text
			n.kids = append(n.kids, p.binary(4))
		}
		return n
	case p.is("next") || p.is("break") || p.is("continue"):
		return &awkNode{op: p.take().text}
	case p.is("exit") || p.is("return"):
		n := &awkNode{op: p.take().text}
		if !p.ends() {
			n.kids = []*awkNode{p.expr()}
		}
		return n
	case p.accept("delete"):
		return &awkNode{op: "delete", kids: []*awkNode{p.primary()}}
	}
	return &awkNode{op: "expr", kids: []*awkNode{p.expr()}}
}

// parenEndsList looks ahead whether the parenthesis after print encloses its
// whole list.
func (p *awkParser) parenEndsList() bool {
	depth := 0
	for i, t := range p.toks {
		if t.kind != 'o' {
			continue
		}
		switch t.text {
		case "(", "[":
			depth++
		case ")", "]":
			if depth--; depth == 0 {
				n := p.toks[i+1]
				return n.kind == '\n' || n.kind == 0 || n.kind == 'o' && (n.text == ";" || n.text == "}" || n.text == ">" || n.text == ">>" || n.text == "|")
			}
		}
	}
	return false
}

func (p *awkParser) list(end string) []*awkNode {
	var out []*awkNode
	for end == "" || !p.is(end) {
		out = append(out, p.expr())
		if !p.accept(",") {
			break
		}
		p.skipNL()
	}
	return out
}

// expr is an assignment or a conditional.
func (p *awkParser) expr() *awkNode {
	defer p.enter()()
	left := p.ternary()
	for _, op := range []string{"=", "+=", "-=", "*=", "/=", "%=", "^="} {
		if p.is(op) && (left.op == "var" || left.op == "field" || left.op == "index") {
			p.take()
			p.skipNL()
			return &awkNode{op: "assign", text: op, kids: []*awkNode{left, p.expr()}}
		}
	}
	return left
}

func (p *awkParser) ternary() *awkNode {
	c := p.binary(0)
	if !p.accept("?") {
		return c
	}
	p.skipNL()
	a := p.expr()
	p.skipNL()
	p.expect(":")
	p.skipNL()
	return &awkNode{op: "?", kids: []*awkNode{c, a, p.expr()}}
}

var awkLevels = [][]string{
	{"||"}, {"&&"}, {"in"}, {"~", "!~"}, {"<", "<=", "==", "!=", ">", ">="}, {" "}, {"+", "-"}, {"*", "/", "%"},
}

// awkComparison is the level of <, which is "command | getline"'s, too: it takes
// a concatenation at its left.
const awkComparison = 4

func (p *awkParser) binary(level int) *awkNode {
	if level == len(awkLevels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for {
		if level == awkComparison && p.is("|") && p.toks[1].kind == 'o' && p.toks[1].text == "getline" {
			p.take()
			p.take()
			n := p.getline("|")
			n.kids[1] = left
			left = n
			continue
		}
		op := ""
		for _, o := range awkLevels[level] {
			if p.is(o) && !(o == ">" && p.noGT) || o == " " && p.joins() {
				op = o
			}
		}
		switch op {
		case "":
			return left
		case " ":
			left = &awkNode{op: "cat", kids: []*awkNode{left, p.binary(level + 1)}}
			continue
		}
		p.take()
		if op == "||" || op == "&&" {
			p.skipNL()
		}
		if op == "in" {
			left = &awkNode{op: "in", kids: []*awkNode{left, {op: "var", text: p.take().text}}}
			continue
		}
		left = &awkNode{op: op, kids: []*awkNode{left, p.binary(level + 1)}}
	}
}

// getline reads what follows the word: the variable that gets the record, or
// nothing. The second child is the source's name.
func (p *awkParser) getline(source string) *awkNode {
	n := &awkNode{op: "getline", text: source, kids: make([]*awkNode, 2)}
	if p.peek().kind == 'i' || p.is("$") {
		n.kids[0] = p.primary()
	}
	return n
}

// joins reports whether the next token begins an operand, so that it is joined
// to the one before.
func (p *awkParser) joins() bool {
	switch t := p.peek(); t.kind {
	case 'n', 's', 'i', 'f', 'r':
		return true
	case 'o':
		return t.text == "$" || t.text == "(" || t.text == "-" || t.text == "+" || t.text == "++" || t.text == "--"
	}
	return false
}

func (p *awkParser) unary() *awkNode {
	defer p.enter()()
	for _, op := range []string{"!", "-", "+"} {
		if p.accept(op) {
			return &awkNode{op: "u" + op, kids: []*awkNode{p.unary()}}
		}
	}
	base := p.postfix()
	if p.is("^") || p.is("**") {
		p.take()
		return &awkNode{op: "^", kids: []*awkNode{base, p.unary()}}
	}
	return base
}

func (p *awkParser) postfix() *awkNode {
	for _, op := range []string{"++", "--"} {
		if p.accept(op) {
			return &awkNode{op: "pre", text: op, kids: []*awkNode{p.primary()}}
		}
	}
	n := p.primary()
	if (p.is("++") || p.is("--")) && (n.op == "var" || n.op == "field" || n.op == "index") {
		return &awkNode{op: "post", text: p.take().text, kids: []*awkNode{n}}
	}
	return n
}

func (p *awkParser) primary() *awkNode {
	switch t := p.take(); {
	case t.kind == 'n':
		return &awkNode{op: "num", text: t.text}
	case t.kind == 's':
		return &awkNode{op: "str", text: t.text}
	case t.kind == 'r':
		return &awkNode{op: "regex", text: t.text}
	case t.kind == 'f':
		p.expect("(")
		noGT := p.noGT
		p.noGT = false
		n := &awkNode{op: "call", text: t.text, kids: p.list(")")}
		p.expect(")")
		p.noGT = noGT
		return n
	case t.kind == 'i' && p.is("["):
		p.take()
		noGT := p.noGT
		p.noGT = false
		n := &awkNode{op: "index", text: t.text, kids: p.list("]")}
		p.expect("]")
		p.noGT = noGT
		return n
	case t.kind == 'i' && t.text == "length":
		return &awkNode{op: "call", text: "length"}
	case t.kind == 'i':
		return &awkNode{op: "var", text: t.text}
	case t.text == "$" && t.kind == 'o':
		defer p.enter()()
		if p.is("++") || p.is("--") {
			return &awkNode{op: "field", kids: []*awkNode{p.postfix()}}
		}
		if p.accept("-") {
			return &awkNode{op: "field", kids: []*awkNode{{op: "u-", kids: []*awkNode{p.primary()}}}}
		}
		return &awkNode{op: "field", kids: []*awkNode{p.primary()}}
	case t.text == "(" && t.kind == 'o':
		defer p.enter()()
		noGT := p.noGT
		p.noGT = false
		list := p.list(")")
		p.expect(")")
		p.noGT = noGT
		if len(list) == 1 {
			return &awkNode{op: "group", kids: list}
		}
		return &awkNode{op: "list", kids: list}
	case t.text == "getline":
		n := p.getline("")
		if p.accept("<") {
			n.text, n.kids[1] = "<", p.primary()
		}
		return n
	default:
		if t.kind != 0 {
			p.toks = append([]awkToken{t}, p.toks...)
		}
		panic(awkSyntaxError{"syntax error at or near " + p.near()})
	}
}
