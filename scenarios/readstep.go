package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"dnetsim/explain"
	"dnetsim/link"

	"go.yaml.in/yaml/v3"
)

// typed is a line with its prompt: HOST$ COMMAND or HOST/CONTAINER$ COMMAND.
var typed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^([^\s$/#]+)(?:/([^\s$]+))?[$#](?:\s+(.*))?$`) })

func (r *reader) steps(p pair) []Step {
	if p.value.Kind == yaml.ScalarNode && p.value.Tag == "!!null" {
		return nil
	}
	if p.value.Kind != yaml.SequenceNode {
		r.add(at(p.value), "write a list, each line beginning with `- HOST$ `", "%s must be a list, not %s", p.key, kindName(p.value))
		return nil
	}
	var out []Step
	for _, c := range p.value.Content {
		s := Step{At: -1, at: at(c), node: &stepNode{step: c, inFlow: p.value.Style&yaml.FlowStyle != 0}}
		c = follow(c)
		switch c.Kind {
		case yaml.ScalarNode:
			r.line(c, &s)
		case yaml.MappingNode:
			r.step(c, &s)
		default:
			r.add(at(c), "write `HOST$ COMMAND` or a mapping with run, wait, fault or repair", "a step cannot be %s", kindName(c))
			continue
		}
		out = append(out, s)
	}
	return out
}

// line reads what is typed, and where.
func (r *reader) line(n *yaml.Node, s *Step) {
	m := typed().FindStringSubmatch(n.Value)
	if m == nil || strings.TrimSpace(m[3]) == "" {
		r.add(at(n), "write `HOST$ COMMAND` or `HOST/CONTAINER$ COMMAND`", "no prompt in %q", firstLine(n.Value))
		return
	}
	s.Kind, s.Host, s.Container, s.Line = StepRun, m[1], m[2], strings.TrimRight(m[3], "\n")
}

func firstLine(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if more {
		return line + " …"
	}
	return line
}

// step reads a step that is a mapping.
func (r *reader) step(n *yaml.Node, s *Step) {
	if len(n.Content) > 0 && typed().MatchString(n.Content[0].Value) && n.Style&yaml.FlowStyle == 0 {
		r.colon(at(n))
		return
	}
	x := stepReading{Step: *s}
	stepTable.read(r, n, "", &x)
	*s = x.Step
	switch {
	case x.kinds == 0:
		r.add(at(n), "add run, wait, fault, repair or check", "a step that does nothing")
	case x.kinds > 1:
		r.add(at(n), "make one step of each", "a step does one thing; this one has several of run, wait, fault, repair, check")
	}
	if x.expect == nil {
		return
	}
	if s.Kind != StepRun {
		r.add(x.expect.keyAt, "move it to a step with run", "expect has nothing to look at here")
		return
	}
	s.Expect.Given = true
	expectTable.read(r, x.expect.value, "", &s.Expect)
}

// lineWithKey is a line of a list with its prompt; keyBelow one that could only
// stand below a mapping's.
var (
	lineWithKey = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\s*-\s+(?:run:\s+)?|\s*run:\s+)([^\s$/#'"|>{\[]+(?:/[^\s$]+)?[$#]\s.*)$`)
	})
	keyBelow = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s+(run|expect|at|wait|fault|repair):(\s|$)`) })
)

// colon says what to write instead of a line with a colon and a blank in it.
func (r *reader) colon(p place) {
	line := strings.Split(string(r.source), "\n")[p.line-1]
	instead := "put the line in quotes, or after |"
	if m := lineWithKey().FindStringSubmatch(strings.TrimRight(line, "\r")); m != nil {
		instead = "put the line in quotes: " + strings.TrimSpace(m[1]) + " " + quoted(m[2])
	}
	r.add(p, instead, "there is `: ` in the line, which makes a key of what stands before it")
}

// mistaken finds the two mistakes that make a file of steps no YAML: a key below
// a line, and a line with a colon and a blank in it. near is where the parser
// stopped, which may be lines later or before.
func (r *reader) mistaken(near int) bool {
	lines := strings.Split(string(r.source), "\n")
	for i := min(near+1, len(lines)); i > 0 && i > near-3; i-- {
		m := lineWithKey().FindStringSubmatch(strings.TrimRight(lines[i-1], "\r"))
		if m == nil {
			continue
		}
		column := len(m[1]) + 1
		if strings.Contains(m[2], ": ") {
			r.colon(place{i, column})
			return true
		}
		if i < len(lines) && keyBelow().MatchString(lines[i]) && !strings.Contains(m[1], "run:") {
			r.add(place{i, column}, "write - run: "+m[2], "a line cannot have `%s` below it", strings.TrimSpace(lines[i]))
			return true
		}
	}
	return false
}

// exit reads a status, or any.
func (r *reader) exit(p pair, e *Expect) {
	if p.value.Value == "any" {
		e.ExitAny = true
		return
	}
	v, err := strconv.Atoi(p.value.Value)
	if err != nil || v < 0 || v > 255 {
		r.add(at(p.value), "write a number from 0 to 255, or any", "exit cannot be %s", kindName(p.value))
	}
	e.Exit = v
}

func (r *reader) pattern(p pair) *Pattern {
	if p.value.Kind != yaml.ScalarNode {
		r.add(at(p.value), "write the text after `|`", "%s must be a text, not %s", p.key, kindName(p.value))
		return nil
	}
	text := p.value.Value
	if p.value.Tag == "!!null" {
		text = ""
	}
	pat, err := newPattern(text)
	if err != nil {
		r.add(at(p.value), "write a regular expression after ~", "%s: %v", p.key, err)
		return nil
	}
	pat.at = at(p.value)
	return pat
}

func (r *reader) fault(p pair, s *Step) {
	s.Fault.Way = "both"
	faultTable.read(r, p.value, p.key, &s.Fault)
	if s.Fault.Host != "" || s.Fault.Crash {
		r.crash(p, s)
		return
	}
	if s.Fault.Cable == "" {
		r.add(p.keyAt, "add cable: HOST or cable: HOST:INTERFACE", "%s does not say which cable", p.key)
	}
	if s.Kind == StepFault && len(s.Fault.Set) == 0 && !s.Fault.MACFilter {
		r.add(p.keyAt, fmt.Sprintf("add one of %s, %s", strings.Join(cableTable.keys(), ", "), macFilterKey), "fault does not say what happens to the cable")
	}
}

// way reads a direction.
func (r *reader) way(p pair, f *Fault) {
	f.Way = r.text(p)
	if f.Way != "both" && f.Way != "in" && f.Way != "out" {
		r.add(at(p.value), "write both, in or out (as the host sees it)", "way cannot be %q", f.Way)
	}
}

// crash checks a fault of a whole host.
func (r *reader) crash(p pair, s *Step) {
	f := &s.Fault
	switch {
	case f.Cable != "" || len(f.Set) > 0 || f.MACFilter:
		r.add(p.keyAt, "make one step of each", "%s names a host and a cable", p.key)
	case f.Host == "":
		r.add(p.keyAt, "add host: HOST", "%s does not say which host", p.key)
	case s.Kind == StepFault && !f.Crash:
		r.add(p.keyAt, "add crash: true", "fault does not say what happens to the host")
	case s.Kind == StepRepair && f.Crash:
		r.add(p.keyAt, "write repair: {host: "+f.Host+"}", "a repair is no crash")
	}
}

// blocks reads a list of protocols with or without a port, as udp/4789.
func (r *reader) blocks(p pair) []link.Block {
	var out []link.Block
	for _, text := range r.texts(p) {
		proto, port, given := strings.Cut(text, "/")
		b := link.Block{Proto: proto}
		ok := link.KnownProtocol(proto)
		if given {
			n, err := strconv.ParseUint(port, 10, 16)
			ok = ok && err == nil && n > 0 && (proto == "tcp" || proto == "udp" || proto == "sctp")
			b.Port = uint16(n)
		}
		if !ok {
			r.add(at(p.value), "write PROTOCOL or PROTOCOL/PORT, such as udp/4789 or icmp", "%s cannot be %q", p.key, text)
		}
		out = append(out, b)
	}
	return out
}

// port reads what a flow is sent to.
func (r *reader) flowPort(p pair, c *Check) {
	proto, port, err := explain.ParsePort(r.text(p))
	if err != nil {
		r.add(at(p.value), "write 80/tcp, 53/udp or icmp", "%v", err)
	}
	c.Flow.Proto, c.Flow.Port = proto, port
}

// never reads true, or for how long.
func (r *reader) never(p pair, c *Check) {
	c.Never = true
	switch {
	case p.value.Tag == "!!bool" && p.value.Value != "false":
	case p.value.Kind == yaml.ScalarNode && slices.Contains([]string{"false", "yes", "no", "on", "off"}, p.value.Value):
		r.add(at(p.value), "write true, or a time such as 5s", "never cannot be %s", kindName(p.value))
	default:
		c.For = r.duration(p)
	}
}

// flowTo reads whom a flow is for. A port has a key of its own.
func (r *reader) flowTo(p pair, c *Check) {
	c.Flow.To = r.text(p)
	host, port, cut := strings.Cut(c.Flow.To, ":")
	if _, _, err := explain.ParsePort(port); cut && err == nil {
		r.add(at(p.value), fmt.Sprintf("write to: %s, port: %s", host, port), "to cannot be %s", kindName(p.value))
	}
}

// code reads one of explain's codes.
func (r *reader) code(p pair, c *Check) {
	c.Code = explain.Code(r.text(p))
	if c.Code.Condition() == "" {
		r.add(at(p.value), "write one of the codes of `dnetsim explain --code list`", "there is no code %q", string(c.Code))
	}
}
