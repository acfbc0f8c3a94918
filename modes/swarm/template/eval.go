package template

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
)

// state is a text that is being expanded. text/template itself is not linked: it finds
// methods by name, for which the linker keeps those of all types.
type state struct {
	trees     map[string]*parse.Tree
	tree      *parse.Tree
	functions map[string]func([]any) (any, error)
	out       strings.Builder
	vars      []variable
	work      int
	depth     int
}

type variable struct {
	name  string
	value any
}

var (
	errTooLong  = errors.New("dnetsim does not expand this: it goes on without end")
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

// expand is a text with its actions done. Errors have the words of text/template.
func expand(about *record, text string, more map[string]func([]any) (any, error)) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	s := &state{functions: map[string]func([]any) (any, error){}, vars: []variable{{"$", about}}}
	names := map[string]any{}
	for _, set := range []map[string]func([]any) (any, error){functions, more} {
		for name, fn := range set {
			s.functions[name], names[name] = fn, true
		}
	}
	var err error
	if s.trees, err = parse.Parse("expansion", text, "", "", names); err != nil {
		return text, err
	}
	if s.tree = s.trees["expansion"]; s.tree == nil {
		return "", nil
	}
	if err := s.walk(about, s.tree.Root); err != nil {
		return text, err
	}
	return s.out.String(), nil
}

// fail says where in the text an error is.
func (s *state) fail(n parse.Node, err error) error {
	at, context := s.tree.ErrorContext(n)
	return fmt.Errorf("template: %s: executing %q at <%s>: %w", at, s.tree.Name, context, err)
}

// spend counts what has been done, and the bytes that it has made.
func (s *state) spend(n parse.Node, bytes int) error {
	if s.work += 1 + bytes/16; s.work > mostWork || bytes > mostBytes {
		return s.fail(n, errTooLong)
	}
	return nil
}

func (s *state) walk(dot any, n parse.Node) error {
	if err := s.spend(n, 0); err != nil {
		return err
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, x := range n.Nodes {
			if err := s.walk(dot, x); err != nil {
				return err
			}
		}
		return nil
	case *parse.TextNode:
		return s.write(n, string(n.Text))
	case *parse.ActionNode:
		v, err := s.pipeline(dot, n.Pipe)
		if err != nil || len(n.Pipe.Decl) > 0 {
			return err
		}
		if v == nil {
			v = "<no value>"
		}
		return s.write(n, fmt.Sprint(v))
	case *parse.IfNode:
		return s.branch(dot, &n.BranchNode, false)
	case *parse.WithNode:
		return s.branch(dot, &n.BranchNode, true)
	case *parse.RangeNode:
		return s.each(dot, n)
	case *parse.TemplateNode:
		return s.call(dot, n)
	case *parse.BreakNode:
		return errBreak
	case *parse.ContinueNode:
		return errContinue
	}
	return nil // a comment
}

func (s *state) write(n parse.Node, text string) error {
	if err := s.spend(n, len(text)); err != nil {
		return err
	}
	s.out.WriteString(text)
	return nil
}

// branch is if, and with, which has what was asked for its dot.
func (s *state) branch(dot any, n *parse.BranchNode, with bool) error {
	defer func(kept int) { s.vars = s.vars[:kept] }(len(s.vars))
	v, err := s.pipeline(dot, n.Pipe)
	switch {
	case err != nil:
		return err
	case !truth(v):
		return s.walk(dot, n.ElseList)
	case with:
		dot = v
	}
	return s.walk(dot, n.List)
}

func (s *state) each(dot any, n *parse.RangeNode) error {
	defer func(kept int) { s.vars = s.vars[:kept] }(len(s.vars))
	decl := n.Pipe.Decl
	v, err := s.pipeline(dot, &parse.PipeNode{NodeType: n.Pipe.NodeType, Pos: n.Pipe.Pos, Cmds: n.Pipe.Cmds})
	if err != nil {
		return err
	}
	round := func(key, value any) error {
		defer func(kept int) { s.vars = s.vars[:kept] }(len(s.vars))
		switch len(decl) {
		case 1:
			s.vars = append(s.vars, variable{decl[0].Ident[0], value})
		case 2:
			s.vars = append(s.vars, variable{decl[0].Ident[0], key}, variable{decl[1].Ident[0], value})
		}
		if err := s.walk(value, n.List); err != errContinue {
			return err
		}
		return nil
	}
	switch v := v.(type) {
	case map[string]string:
		for _, k := range sortedKeys(v) {
			if err := round(k, v[k]); err != nil {
				return over(err)
			}
		}
		if len(v) > 0 {
			return nil
		}
	case int:
		for i := range v {
			if err := round(i, i); err != nil {
				return over(err)
			}
		}
		if v > 0 {
			return nil
		}
	case nil:
	default:
		return s.fail(n.Pipe, fmt.Errorf("range can't iterate over %v", v))
	}
	return s.walk(dot, n.ElseList)
}

func over(err error) error {
	if err == errBreak {
		return nil
	}
	return err
}

func (s *state) call(dot any, n *parse.TemplateNode) error {
	t := s.trees[n.Name]
	if t == nil {
		return s.fail(n, fmt.Errorf("template %q not defined", n.Name))
	}
	if s.depth++; s.depth > mostDepth {
		return s.fail(n, errTooLong)
	}
	var v any
	if n.Pipe != nil {
		var err error
		if v, err = s.pipeline(dot, n.Pipe); err != nil {
			return err
		}
	}
	vars, tree := s.vars, s.tree
	s.vars, s.tree = []variable{{"$", v}}, t
	err := s.walk(v, t.Root)
	s.vars, s.tree = vars, tree
	s.depth--
	return err
}

// pipeline is the value of commands, each with that of the one before as its last
// argument, and the variables that it declares or sets.
func (s *state) pipeline(dot any, p *parse.PipeNode) (v any, err error) {
	for i, cmd := range p.Cmds {
		if v, err = s.command(dot, cmd, v, i > 0); err != nil {
			return nil, err
		}
	}
	for _, d := range p.Decl {
		if !p.IsAssign {
			s.vars = append(s.vars, variable{d.Ident[0], v})
			continue
		}
		for i := len(s.vars) - 1; i >= 0; i-- {
			if s.vars[i].name == d.Ident[0] {
				s.vars[i].value = v
				break
			}
		}
	}
	return v, nil
}

func (s *state) command(dot any, c *parse.CommandNode, last any, piped bool) (any, error) {
	head, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok {
		if len(c.Args) > 1 || piped {
			return nil, s.fail(c, fmt.Errorf("can't give argument to non-function %s", c.Args[0]))
		}
		return s.value(dot, c.Args[0])
	}
	var args []any
	for _, a := range c.Args[1:] {
		v, err := s.value(dot, a)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	if piped {
		args = append(args, last)
	}
	size := 0
	for _, a := range args {
		if t, ok := a.(string); ok {
			size += len(t)
		}
	}
	if err := s.spend(c, size); err != nil {
		return nil, err
	}
	v, err := s.functions[head.Ident](args)
	if err != nil {
		return nil, s.fail(c, fmt.Errorf("error calling %s: %w", head.Ident, err))
	}
	return v, nil
}

func (s *state) value(dot any, n parse.Node) (any, error) {
	if err := s.spend(n, 0); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.NilNode:
		return nil, s.fail(n, errors.New("nil is not a command"))
	case *parse.BoolNode:
		return n.True, nil
	case *parse.StringNode:
		return n.Text, nil
	case *parse.NumberNode:
		if !n.IsInt {
			return nil, s.fail(n, fmt.Errorf("dnetsim does not expand the number %s", n.Text))
		}
		return int(n.Int64), nil
	case *parse.FieldNode:
		return s.fields(n, dot, n.Ident)
	case *parse.ChainNode:
		v, err := s.value(dot, n.Node)
		if err != nil {
			return nil, err
		}
		return s.fields(n, v, n.Field)
	case *parse.VariableNode:
		for i := len(s.vars) - 1; i >= 0; i-- {
			if s.vars[i].name == n.Ident[0] {
				return s.fields(n, s.vars[i].value, n.Ident[1:])
			}
		}
		return nil, s.fail(n, fmt.Errorf("undefined variable: %s", n.Ident[0]))
	case *parse.PipeNode:
		return s.pipeline(dot, n)
	case *parse.IdentifierNode: // a function without arguments
		return s.command(dot, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{n}}, nil, false)
	}
	return nil, s.fail(n, fmt.Errorf("can't handle %s", n))
}

func (s *state) fields(n parse.Node, v any, names []string) (any, error) {
	for _, name := range names {
		var err error
		if v, err = field(v, name); err != nil {
			return nil, s.fail(n, err)
		}
	}
	return v, nil
}
