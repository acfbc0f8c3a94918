package jq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"

	"dnetsim/userland"

	"github.com/itchyny/gojq"
)

// Exit statuses.
const (
	exitUsage   = 2 // wrong options, files and JSON
	exitCompile = 3
	exitFailed  = 5
)

func run(p *userland.Process) int {
	s := &settings{named: map[string]any{}, print: printer{order: newOrder(), indent: "  ", colour: userland.IsTTY(p.Stdout)}}
	if status, done := s.options(p); done {
		return status
	}
	if !s.haveFilter {
		if !userland.IsTTY(p.Stdin) || !userland.IsTTY(p.Stdout) {
			s.filter = "."
		} else {
			p.Errorf("%s", usage)
			return exitUsage
		}
	}
	in := &input{p: p, s: s}
	code, err := s.compile(p, in)
	if err != nil {
		p.Errorf("jq: error: %v\njq: 1 compile error\n", err)
		return exitCompile
	}
	return s.all(p, code, in)
}

// prelude takes the real machine's clock and time zone out of the language: a machine's
// clock is its own, in UTC.
var prelude = "def localtime: gmtime; def strflocaltime(f): strftime(f); def now: $__dnetsim_now; ."

func (s *settings) compile(p *userland.Process, in *input) (*gojq.Code, error) {
	q, err := gojq.Parse(s.filter)
	if err != nil {
		return nil, syntaxError(err, s.filter)
	}
	s.print.order.literals = [][]string{{"positional", "named"}} // of $ARGS
	s.literals(reflect.ValueOf(q))
	own, err := gojq.Parse(prelude)
	if err != nil {
		return nil, err
	}
	q.FuncDefs = append(own.FuncDefs, q.FuncDefs...)
	s.names = append(s.names, "$__dnetsim_now", "$__prog_args", "$ARGS")
	now := float64(p.Wall().UnixMicro()) / 1e6
	s.values = append(s.values, now, s.positional, map[string]any{"positional": append([]any{}, s.positional...), "named": s.named})
	say := func(tag string) func(any, []any) any {
		return func(v any, _ []any) any {
			flat := printer{order: s.print.order}
			if tag != "" {
				p.Errorf("[%q,%s]\n", tag, flat.text(v))
			} else {
				p.Errorf("%s", flat.text(v))
			}
			return v
		}
	}
	code, err := gojq.Compile(q, gojq.WithVariables(s.names), gojq.WithInputIter(in), gojq.WithEnvironLoader(func() []string { return p.Environ() }),
		gojq.WithFunction("debug", 0, 0, say("DEBUG:")), gojq.WithFunction("stderr", 0, 0, say("")),
		gojq.WithFunction("input_filename", 0, 0, func(any, []any) any {
			if in.file == "" {
				return nil
			}
			return in.file
		}))
	if err != nil {
		return nil, fmt.Errorf("%s at <top-level>, line 1:\n%s", strings.Replace(strings.TrimPrefix(err.Error(), "function not defined: "), "variable not defined: ", "", 1)+" is not defined", s.filter)
	}
	return code, nil
}

func syntaxError(err error, filter string) error {
	what := err.Error()
	var e *gojq.ParseError
	if errors.As(err, &e) {
		what = fmt.Sprintf("syntax error, unexpected %s", e.Token)
		if e.Token == "" {
			what = "syntax error, unexpected $end"
		}
	}
	return fmt.Errorf("%s (Unix shell quoting issues?) at <top-level>, line 1:\n%s", what, filter)
}

// literals notes the keys of the filter's objects in their order.
func (s *settings) literals(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if o, ok := v.Interface().(*gojq.Object); ok {
			var keys []string
			for _, kv := range o.KeyVals {
				k := strings.TrimPrefix(kv.Key, "$")
				if kv.KeyString != nil {
					k = kv.KeyString.Str
				}
				keys = append(keys, k)
			}
			s.print.order.literals = append(s.print.order.literals, keys)
		}
		s.literals(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			s.literals(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.literals(v.Index(i))
		}
	}
}

// all runs the filter on each input.
func (s *settings) all(p *userland.Process, code *gojq.Code, in *input) int {
	for _, list := range s.print.order.literals[1:] {
		for _, k := range list {
			s.print.order.met(k)
		}
	}
	status, last := 0, any(nil)
	some := false
	one := func(v any) (ends bool) {
		results := code.RunWithContext(&turn{Context: context.Background(), p: p}, v, s.values...)
		for {
			r, ok := results.Next()
			if !ok {
				return false
			}
			if err, is := r.(error); is {
				if ends, st := s.failed(p, err, in); ends {
					status = st
					return true
				}
				status = exitFailed
				return false
			}
			some, last = true, r
			if s.output(p, r) != nil {
				status = exitUsage
				return true
			}
		}
	}
	switch {
	case s.null:
		one(nil)
	default:
		for ended := false; !ended; {
			v, ok := in.Next()
			if !ok {
				break
			}
			if err, is := v.(error); is {
				p.Errorf("%v\n", inputError(err))
				return exitUsage
			}
			ended = one(v)
		}
	}
	if in.missing {
		status = exitUsage
	}
	switch {
	case status != 0 || !s.status:
		return status
	case !some:
		return 4
	case last == nil || last == false:
		return 1
	}
	return 0
}

func inputError(err error) string {
	if text := err.Error(); strings.HasPrefix(text, "parse error") {
		return text
	}
	return "jq: error: " + err.Error()
}

func (s *settings) output(p *userland.Process, v any) error {
	text, raw := v.(string)
	if !raw || !s.raw {
		text = s.print.text(v)
	}
	if !s.join {
		text += "\n"
	}
	p.Toil(len(text))
	_, err := io.WriteString(p.Stdout, text)
	return err
}

var notIterable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^cannot iterate over: (\w+)(?: \((.*)\))?$`) })

// failed tells of a filter's error; ends says that jq ends with the status.
func (s *settings) failed(p *userland.Process, err error, in *input) (ends bool, status int) {
	var halt *gojq.HaltError
	if errors.As(err, &halt) {
		if v := halt.Value(); v != nil {
			if text, ok := v.(string); ok {
				p.Errorf("%s", text)
			} else {
				p.Errorf("%s\n", (&printer{order: s.print.order}).text(v))
			}
		}
		return true, halt.ExitCode()
	}
	text := err.Error()
	var own interface{ Value() any }
	if errors.As(err, &own) {
		switch v := own.Value().(type) {
		case string:
			text = v
		case nil:
			text = "null (null) not a string"
		default:
			text = (&printer{order: s.print.order}).text(v) + " (not a string)"
		}
	}
	if m := notIterable().FindStringSubmatch(text); m != nil {
		if m[2] == "" {
			m[2] = m[1]
		}
		text = fmt.Sprintf("Cannot iterate over %s (%s)", m[1], m[2])
	}
	at := "unknown"
	if in.read > 0 {
		at = "<stdin>:" + fmt.Sprint(in.lines)
		if in.file != "" {
			at = in.file + ":" + fmt.Sprint(in.lines)
		}
	}
	p.Errorf("jq: error (at %s): %s\n", at, text)
	return false, 0
}

// turn is the context of a filter. gojq looks at Done before each of its steps, so that
// steps are counted there and others get their turn.
type turn struct {
	context.Context
	p     *userland.Process
	steps int
}

// stepsPerTick is how many of gojq's steps weigh as much as a shell's command.
const stepsPerTick = 20

func (t *turn) Done() <-chan struct{} {
	if t.steps++; t.steps%stepsPerTick == 0 {
		t.p.Tick()
	}
	return nil
}
