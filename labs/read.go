package labs

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"dnetsim/explain"
	"dnetsim/scenarios"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a lab's file, in bytes.
const maxFile = 1 << 20

// Read reads and checks a lab's file, with the values of nobody in particular. The
// error is [scenarios.Problems]: every mistake with its place.
func Read(file string, text []byte) (*Lab, error) { return readFor(file, text, "") }

// readFor reads a lab with a learner's values.
func readFor(file string, text []byte, learner string) (*Lab, error) {
	r := &reader{file: file, source: text}
	name := strings.TrimSuffix(strings.TrimSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".yaml"), ".yml")
	l := &Lab{Name: name, File: file, Source: text, Minutes: 15, Level: 1}
	if len(text) > maxFile {
		r.addAt(place{1, 1}, "a lab has at most 1 MB", "the file has more")
		return nil, r.err()
	}
	if l.parameters = r.declared(); r.err() != nil {
		return nil, r.err()
	}
	l.values = draw(l.parameters, name, learner)
	r.source = r.fill(text, l.values)
	if root := r.root(r.source); root != nil {
		r.lab(root, l)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return l, nil
}

var topKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[a-z-]+:`) })

// declared reads the parameters of a file that is not YAML before they are filled in:
// the lines from parameters: to the next key.
func (r *reader) declared() []parameter {
	at := regexp.MustCompile(`(?m)^parameters:`).FindIndex(r.source)
	if at == nil {
		return nil
	}
	part := r.source[at[0]:]
	first := len("parameters:")
	if next := topKey().FindIndex(part[first:]); next != nil {
		part = part[:first+next[0]]
	}
	blank := bytes.Repeat([]byte("\n"), bytes.Count(r.source[:at[0]], []byte("\n")))
	root := r.root(append(blank, part...))
	if root == nil {
		return nil
	}
	return r.parameters(root.Content[1])
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`) })

// root parses the text and returns its mapping, or nil after a problem.
func (r *reader) root(text []byte) *yaml.Node {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		r.addAt(place{1, 1}, "begin with `title:`, `scenario:` and `tasks:`", "the file is empty")
		return nil
	case err != nil:
		at, what := place{1, 1}, err.Error()
		if m := yamlLine().FindStringSubmatch(what); m != nil {
			what = m[2]
			if n, e := strconv.Atoi(m[1]); e == nil {
				at.line = n
			}
		}
		r.addAt(at, "write YAML; a text with `: ` in it stands in quotes or after |", "not YAML: %s", what)
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		r.add(root, "begin with `title:`, `scenario:` and `tasks:`", "a lab is a mapping")
		return nil
	}
	if !small(root, 0, &[]int{100_000}[0]) {
		r.add(root, "write it out, without aliases of aliases", "the file is too deep or too large")
		return nil
	}
	return root
}

// small bounds what aliases may multiply.
func small(n *yaml.Node, depth int, budget *int) bool {
	if *budget--; *budget < 0 || depth > 32 {
		return false
	}
	if n.Kind == yaml.AliasNode {
		return small(n.Alias, depth+1, budget)
	}
	for _, c := range n.Content {
		if !small(c, depth+1, budget) {
			return false
		}
	}
	return true
}

// lab reads the whole file. The scenario comes first: everything else names its
// places.
func (r *reader) lab(root *yaml.Node, l *Lab) {
	nodes := map[string]*yaml.Node{}
	later := func(k, v *yaml.Node) { nodes[k.Value] = v }
	r.mapping(root, "the lab", map[string]func(k, v *yaml.Node){
		"title": func(_, v *yaml.Node) { l.title = r.text(v) }, "summary": func(_, v *yaml.Node) { l.summary = r.text(v) },
		"story":   func(_, v *yaml.Node) { l.story = r.text(v) },
		"minutes": func(_, v *yaml.Node) { l.Minutes = r.number(v, 1, 600) }, "level": func(_, v *yaml.Node) { l.Level = r.number(v, 1, 100) },
		"parameters": later, "scenario": later, "setup": later, "tasks": later, "dead-ends": later, "solution": later,
	})
	for _, key := range []string{"scenario", "tasks"} {
		if nodes[key] == nil {
			r.add(root, "add `"+key+":`", "the lab has no %s", key)
		}
	}
	for _, missing := range []struct {
		key  string
		text Text
	}{{"title", l.title}, {"summary", l.summary}, {"story", l.story}} {
		if missing.text == nil {
			r.add(root, "add `"+missing.key+":`", "the lab has no %s", missing.key)
		}
	}
	if len(r.list) > 0 {
		return
	}
	if l.scenario = r.scenario(root, nodes["scenario"]); l.scenario == nil {
		return
	}
	l.scenario.Name = l.Name
	r.words = &scenarios.Words{File: r.file, Source: r.source, Scenario: l.scenario}
	if n := nodes["setup"]; n != nil {
		l.scenario.Setup = append(l.scenario.Setup, r.steps(n)...)
	}
	for i, n := range r.items(nodes["tasks"]) {
		l.tasks = append(l.tasks, r.task(n, i))
	}
	if n := nodes["dead-ends"]; n != nil {
		for _, c := range r.items(n) {
			l.deadEnds = append(l.deadEnds, r.deadEnd(c))
		}
	}
	if n := nodes["solution"]; n != nil {
		l.solution = r.moves(n)
	}
	l.langs = languages(r.texts)
	r.fit(l)
}

// scenario reads the scenario, of the library by its name or written out.
func (r *reader) scenario(root, n *yaml.Node) *scenarios.Scenario {
	if n.Kind == yaml.ScalarNode {
		s, err := scenarios.FromLibrary(n.Value)
		if err != nil {
			r.add(n, "write a name that `dnetsim list` prints, or the scenario itself", "%v", err)
			return nil
		}
		s.Steps = nil
		return s
	}
	// The lines of the scenario stay where they are, so that its reader names them
	// rightly; the others are empty.
	lines := bytes.Split(r.source, []byte("\n"))
	last := len(lines)
	for i := 0; i+1 < len(root.Content); i += 2 {
		if at := root.Content[i].Line; at > n.Line && at-1 < last {
			last = at - 1
		}
	}
	for i := range lines {
		if i+1 < n.Line || i >= last || i+1 == n.Line && n.Style&yaml.FlowStyle != 0 {
			lines[i] = nil
		}
	}
	if n.Style&yaml.FlowStyle != 0 {
		r.add(n, "write it on lines of its own below scenario:", "the scenario stands in braces")
		return nil
	}
	s, err := scenarios.Read(r.file, bytes.Join(lines, []byte("\n")))
	if !r.took(n, err) {
		return nil
	}
	if len(s.Steps) > 0 {
		r.add(n, "move them to solution:", "the scenario of a lab has no steps: the learner makes them")
	}
	return s
}

func (r *reader) task(n *yaml.Node, i int) *task {
	t := &task{points: 10, at: n}
	r.mapping(n, "a task", map[string]func(k, v *yaml.Node){
		"id": func(_, v *yaml.Node) { t.id = r.word(v) }, "title": func(_, v *yaml.Node) { t.title = r.text(v) },
		"text": func(_, v *yaml.Node) { t.text = r.text(v) }, "points": func(_, v *yaml.Node) { t.points = r.number(v, 1, 100) },
		"needs": func(_, v *yaml.Node) {
			for _, c := range r.items(v) {
				t.needs = append(t.needs, r.word(c))
			}
		},
		"check":  func(_, v *yaml.Node) { t.checks = r.checks(v) },
		"ask":    func(_, v *yaml.Node) { t.ask = r.text(v) },
		"answer": func(_, v *yaml.Node) { t.answer = r.answer(v) },
		"hints": func(_, v *yaml.Node) {
			for _, c := range r.items(v) {
				t.hints = append(t.hints, r.hint(c))
			}
		},
	})
	what := taskName(t, i)
	switch {
	case t.id == "":
		r.add(n, "add id:", "%s has no id", what)
	case t.title == nil || t.text == nil:
		r.add(n, "add title: and text:", "%s does not say what it is about", what)
	case t.answer == nil && len(t.checks) == 0:
		r.add(n, "add check: or answer:", "%s cannot be done: nothing says when it is", what)
	case (t.answer == nil) != (t.ask == nil):
		r.add(n, "have both ask: and answer:, or neither", "%s asks without an answer, or has one without asking", what)
	}
	return t
}

func (r *reader) hint(n *yaml.Node) hint {
	h := hint{tell: "sentence", at: n}
	r.mapping(n, "a hint", map[string]func(k, v *yaml.Node){
		"text":    func(_, v *yaml.Node) { h.text = r.text(v) },
		"cost":    func(_, v *yaml.Node) { h.cost = r.number(v, 0, 100) },
		"when":    func(_, v *yaml.Node) { h.when = r.checks(v) },
		"explain": func(_, v *yaml.Node) { h.flow = r.flow(v) },
		"tell": func(_, v *yaml.Node) {
			if h.tell = r.word(v); !slices.Contains([]string{"sentence", "evidence", "cure"}, h.tell) {
				r.add(v, "write sentence, evidence or cure", "a hint cannot tell %q", h.tell)
			}
		},
	})
	if (h.text == nil) == (h.flow == nil) {
		r.add(n, "add one of text: and explain:", "a hint is written or computed")
	}
	return h
}

// flow reads {from, to, port, large} as a scenario's reach has it.
func (r *reader) flow(v *yaml.Node) *explain.Flow {
	reach := mappingOf(v, scalar(v, "reach"), v)
	if steps := r.steps(mappingOf(v, scalar(v, "check"), reach)); len(steps) == 1 {
		return &steps[0].Check.Flow
	}
	return &explain.Flow{}
}

func (r *reader) deadEnd(n *yaml.Node) deadEnd {
	d := deadEnd{at: n}
	r.mapping(n, "a dead end", map[string]func(k, v *yaml.Node){
		"id": func(_, v *yaml.Node) { d.id = r.word(v) }, "when": func(_, v *yaml.Node) { d.when = r.checks(v) },
		"advice": func(_, v *yaml.Node) { d.advice = r.text(v) }, "way": func(_, v *yaml.Node) { d.way = r.moves(v) },
	})
	if d.id == "" || len(d.when) == 0 || d.advice == nil || len(d.way) == 0 {
		r.add(n, "add id:, when:, advice: and way:", "a dead end says how it is seen, what to do, and which way leads into it")
	}
	return d
}

// moves reads a solution's lines: a scenario's steps and answers.
func (r *reader) moves(n *yaml.Node) (out []move) {
	for _, c := range r.items(n) {
		if c.Kind == yaml.MappingNode && len(c.Content) == 2 && c.Content[0].Value == "answer" {
			out = append(out, move{answer: r.word(follow(c.Content[1])), at: c})
			continue
		}
		for _, s := range r.steps(c) {
			if s.Kind != scenarios.StepRun && s.Kind != scenarios.StepWait {
				r.add(c, "write `HOST$ COMMAND`, wait: or answer: (a fault is a command, too)", "a learner cannot do this")
			}
			out = append(out, move{step: s, at: c})
		}
	}
	return out
}

// fit finds what single parts cannot show: names that lead nowhere.
func (r *reader) fit(l *Lab) {
	for i, t := range l.tasks {
		if first := slices.IndexFunc(l.tasks, func(x *task) bool { return x.id == t.id }); first < i {
			r.add(t.at, "give it another id", "two tasks are called %q", t.id)
		}
		for _, id := range t.needs {
			if at := slices.IndexFunc(l.tasks, func(x *task) bool { return x.id == id }); at < 0 || at >= i {
				r.add(t.at, "name one that stands before it", "task %s needs %q", t.id, id)
			}
		}
	}
	for _, m := range l.solution {
		if t := l.task(m.answer); m.answer != "" && (t == nil || t.answer == nil) {
			r.add(m.at, "name a task that asks", "nothing asks for the answer of %q", m.answer)
		}
	}
}
