package labs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dnetsim/explain"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"

	"go.yaml.in/yaml/v3"
)

// check is something that must hold: of state (a line's output), of behaviour (a
// flow), or that a program was run.
type check struct {
	step scenarios.Step // a line with what is expected of it, or a flow
	// A program that somebody has run, if line is not nil.
	line  *regexp.Regexp
	where string // "" is anywhere
	says  Text   // what it is about, for the learner; nil keeps it to itself
	keep  bool   // it may hold from the start, and must still
	// within is how long it may take after a command until it holds.
	within time.Duration
	at     *yaml.Node
}

// checks reads a list of checks.
func (r *reader) checks(v *yaml.Node) (out []check) {
	for _, n := range r.items(v) {
		out = append(out, r.check(n))
	}
	return out
}

func (r *reader) check(n *yaml.Node) check {
	c := check{at: n, within: time.Second}
	if n.Kind == yaml.ScalarNode {
		c.one(r.steps(n))
		return c
	}
	var step []*yaml.Node
	kinds := 0
	flow := func(v *yaml.Node, more ...*yaml.Node) {
		kinds++
		step = []*yaml.Node{scalar(v, "check"), mappingOf(v, append([]*yaml.Node{scalar(v, "reach"), v}, more...)...)}
	}
	r.mapping(n, "a check", map[string]func(k, v *yaml.Node){
		"run":         func(k, v *yaml.Node) { kinds++; step = append(step, k, v) },
		"expect":      func(k, v *yaml.Node) { step = append(step, k, v) },
		"reach":       func(_, v *yaml.Node) { flow(v) },
		"unreachable": func(_, v *yaml.Node) { flow(v, scalar(v, "never"), boolean(v)) },
		"explain": func(_, v *yaml.Node) {
			rest, code := take(v, "code")
			if code == nil {
				r.add(v, "add code:, or write unreachable:", "nothing says for which cause the flow fails")
				return
			}
			flow(rest, scalar(code, "code"), code)
		},
		"typed": func(_, v *yaml.Node) { kinds++; r.typed(&c, v) },
		"says":  func(_, v *yaml.Node) { c.says = r.text(v) }, "keep": func(_, v *yaml.Node) { c.keep = r.yes(v) },
		"within": func(_, v *yaml.Node) { c.within = r.duration(v) },
	})
	if kinds != 1 {
		r.add(n, "write one of run, reach, unreachable, explain, typed", "a check looks at one thing")
		return c
	}
	if c.line == nil && len(step) > 0 {
		c.one(r.steps(mappingOf(n, step...)))
	}
	return c
}

func (c *check) one(steps []scenarios.Step) {
	if len(steps) == 1 {
		c.step = steps[0]
	}
}

func boolean(at *yaml.Node) *yaml.Node {
	n := scalar(at, "true")
	n.Tag = "!!bool"
	return n
}

// take is a mapping without a key, and that key's value, nil if it has none.
func take(n *yaml.Node, key string) (rest, value *yaml.Node) {
	rest = mappingOf(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			value = follow(n.Content[i+1])
			continue
		}
		rest.Content = append(rest.Content, n.Content[i], n.Content[i+1])
	}
	return rest, value
}

// typed reads what somebody must have run: a pattern of the words, perhaps where.
func (r *reader) typed(c *check, v *yaml.Node) {
	pattern := func(v *yaml.Node) {
		var err error
		if c.line, err = regexp.Compile("^(?:" + r.word(v) + ")"); err != nil {
			r.add(v, "write a regular expression for the beginning of a line", "%v", err)
			c.line = regexp.MustCompile("^$")
		}
	}
	if v.Kind == yaml.ScalarNode {
		pattern(v)
		return
	}
	r.mapping(v, "typed", map[string]func(k, v *yaml.Node){
		"line": func(_, v *yaml.Node) { pattern(v) }, "at": func(_, v *yaml.Node) { c.where = r.word(v) },
	})
	if c.line == nil {
		r.add(v, "add line:", "typed does not say what")
		c.line = regexp.MustCompile("^$")
	}
}

// program is one that somebody at a terminal has run.
type program struct {
	at          time.Duration
	place, line string
	status      int
	changes     bool // it may have changed something
}

// run reports whether a check's program has been run.
func (c *check) run(all []program) bool {
	return slices.ContainsFunc(all, func(p program) bool {
		return (c.where == "" || c.where == p.place) && c.line.MatchString(p.line)
	})
}

// why is why a check does not hold in a world, or "". The world moves: it is a copy.
func (c *check) why(w *replay.World, ran []program) (string, error) {
	if c.line != nil {
		if c.run(ran) {
			return "", nil
		}
		return fmt.Sprintf("nobody has run %s", strings.TrimPrefix(c.line.String(), "^")), nil
	}
	tried, err := c.step.Try(w.Lab())
	return tried.Why, err
}

// holds reports whether all of the checks hold, one after the other.
func holds(all []check, w *replay.World, ran []program) (bool, error) {
	for i := range all {
		if why, err := all[i].why(w, ran); why != "" || err != nil {
			return false, err
		}
	}
	return true, nil
}

// needsCopy reports whether some of the checks type or send something.
func needsCopy(all []check) bool {
	return slices.ContainsFunc(all, func(c check) bool { return c.line == nil })
}

// source is where a right answer comes from: a line's output, or what explain says
// of a flow. It is never written in the file.
type source struct {
	step  *scenarios.Step
	flow  *explain.Flow
	take  string         // of explain: see takes
	find  *regexp.Regexp // what of it is the answer; nil is all
	start bool           // in the world as it was at the start
	at    *yaml.Node
}

// takes are the parts of what explain says that may be an answer.
var takes = []string{"code", "verdict", "rule", "place", "node", "reason"}

func (r *reader) answer(n *yaml.Node) *source {
	s := &source{at: n, take: "code"}
	r.mapping(n, "an answer", map[string]func(k, v *yaml.Node){
		"run": func(k, v *yaml.Node) {
			step := r.steps(mappingOf(n, k, v, scalar(v, "expect"), mappingOf(v, scalar(v, "exit"), scalar(v, "any"))))
			if len(step) == 1 {
				s.step = &step[0]
			}
		},
		"explain": func(_, v *yaml.Node) { s.flow = r.flow(v) },
		"take": func(_, v *yaml.Node) {
			if s.take = r.word(v); !slices.Contains(takes, s.take) {
				r.add(v, "write one of "+strings.Join(takes, ", "), "explain has no %q", s.take)
			}
		},
		"find": func(_, v *yaml.Node) {
			var err error
			if s.find, err = regexp.Compile("(?m)" + r.word(v)); err != nil {
				r.add(v, "write a regular expression with a group", "%v", err)
			}
		},
		"at": func(_, v *yaml.Node) {
			if s.start = r.word(v) == "start"; !s.start {
				r.add(v, "write start, or leave it out for now", "an answer is of no such time")
			}
		},
	})
	if (s.step == nil) == (s.flow == nil) && len(r.list) == 0 {
		r.add(n, "add one of run: and explain:", "an answer is computed from the world")
	}
	return s
}

// right are the texts that are right in a world, best first; none if it cannot be
// said there. The world moves: it is a copy.
func (s *source) right(w *replay.World) ([]string, error) {
	text := ""
	if s.step != nil {
		tried, err := s.step.Try(w.Lab())
		if err != nil {
			return nil, err
		}
		text = tried.Stdout
	} else {
		rep, err := explained(w, *s.flow)
		if err != nil {
			return nil, nil // the flow cannot be asked for as the world is now
		}
		text = s.of(rep)
	}
	if s.find == nil {
		if text = strings.TrimSpace(text); text == "" {
			return nil, nil
		}
		return []string{text}, nil
	}
	m := s.find.FindStringSubmatch(text)
	if len(m) > 1 {
		m = m[1:]
	}
	return slices.DeleteFunc(m, func(x string) bool { return x == "" }), nil
}

// explained is what explain has to say in a copy.
func explained(w *replay.World, f explain.Flow) (rep *explain.Report, err error) {
	if broken := w.Lab().Guard(func() { rep, err = explain.Explain(w.Standing(), f) }); broken != nil {
		return nil, broken
	}
	return rep, err
}

// of is the part of a report that is asked for.
func (s *source) of(rep *explain.Report) string {
	end := explain.End{}
	for _, p := range []*explain.Path{rep.Journey.Forward, rep.Journey.Return} {
		if p != nil && !p.End.Delivered {
			end = p.End
			break
		}
	}
	switch s.take {
	case "verdict":
		return rep.Journey.Verdict.String()
	case "rule":
		return end.Rule
	case "place":
		return end.Place
	case "node":
		return end.Node
	case "reason":
		return end.Reason
	}
	if len(rep.Causes) == 0 {
		return ""
	}
	return string(rep.Causes[0].Code)
}

// same compares an answer with a right one as a teacher would: neither case nor
// spaces nor quotes count.
func same(answer, right string) bool {
	plain := func(s string) string {
		s = strings.Join(strings.Fields(strings.ToLower(s)), " ")
		return strings.Trim(s, " .,;:'\"`。，“”‘’")
	}
	return plain(answer) == plain(right)
}
