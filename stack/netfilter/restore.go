package netfilter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RestoreOptions are those of iptables-restore.
type RestoreOptions struct {
	NoFlush  bool   // -n: keep what the tables hold
	Test     bool   // -t: read and check, change nothing
	Counters bool   // -c: set the counters that the text gives
	Table    string // -T: only this table
}

// Restore loads the output of iptables-save. Each table takes effect at its
// COMMIT; an error in a later line leaves the tables before it changed.
func (r *Rules) Restore(text string, o RestoreOptions) *ExitError {
	rs := &restore{r: r, o: o, prog: r.program() + "-restore"}
	lines := strings.Split(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i, line := range lines {
		rs.line = i + 1
		if err := rs.read(strings.TrimRight(line, "\r")); err != nil {
			return err
		}
	}
	if rs.work != nil {
		return &ExitError{1, fmt.Sprintf("%s: COMMIT expected at line %d\n", rs.prog, rs.line+1)}
	}
	return nil
}

type restore struct {
	r    *Rules
	o    RestoreOptions
	prog string
	line int
	work *table // nil outside a table
	skip bool   // the table is not the one asked for
}

func (rs *restore) failed() *ExitError {
	return &ExitError{1, fmt.Sprintf("%s: line %d failed\n", rs.prog, rs.line)}
}

func (rs *restore) problem(code int, format string, a ...any) *ExitError {
	text := fmt.Sprintf("%s %s: %s\n", rs.prog, Version(rs.r), fmt.Sprintf(format, a...))
	return &ExitError{code, text}
}

func (rs *restore) read(line string) *ExitError {
	switch {
	case line == "" || line[0] == '#':
		return nil
	case line == "COMMIT" && rs.work != nil:
		return rs.commit()
	case line[0] == '*' && rs.work == nil:
		return rs.begin(line[1:])
	case rs.work == nil:
		return rs.failed()
	case rs.skip:
		return nil
	case line[0] == ':':
		return rs.chain(strings.Fields(line[1:]))
	}
	return rs.rule(line)
}

func (rs *restore) begin(rest string) *ExitError {
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return rs.problem(2, "line %d table name invalid\n", rs.line)
	}
	name := fields[0]
	rs.skip = rs.o.Table != "" && rs.o.Table != name
	if rs.skip {
		rs.work = newTable("filter")
		return nil
	}
	if !slices.Contains(tableNames[:], name) {
		return rs.problem(3, "%s: unable to initialize table '%s'\n\nError occurred at line: %d\nTry `%s -h' or '%s --help' for more information.",
			rs.prog, name, rs.line, rs.prog, rs.prog)
	}
	t := rs.r.table(name)
	rs.work = t.clone("")
	if rs.o.NoFlush {
		return nil
	}
	kept := rs.work.chains[:0]
	for _, c := range rs.work.chains {
		if c.builtin {
			c.rules = nil
			kept = append(kept, c)
		}
	}
	rs.work.chains = kept
	return nil
}

func (rs *restore) chain(f []string) *ExitError {
	if len(f) == 0 {
		return rs.problem(2, "line %d chain name invalid\n", rs.line)
	}
	name := f[0]
	if len(name) > 28 {
		return rs.r.usage(usagef("Invalid chain name `%s' (28 chars max)", name), rs.line, rs.prog)
	}
	if !plainName(name) {
		return rs.failed()
	}
	if len(f) < 2 {
		return rs.r.usage(usagef("line %d policy invalid\n", rs.line), rs.line, rs.prog)
	}
	c := rs.work.chain(name)
	switch {
	case c != nil && c.builtin:
		rs.work.use(c)
	case c != nil:
		c.rules = nil
	case standardTarget(name) || newTarget(rs.r.newParser(nil), name) != nil:
		return rs.failed()
	default:
		c = rs.work.addChain(name)
	}
	if f[1] == "-" {
		return nil
	}
	to, ok := parsePolicy(f[1])
	if !c.builtin || !ok {
		return rs.problem(1, "Can't set policy `%s' on `%s' line %d: Bad policy name\n", f[1], name, rs.line)
	}
	c.policy = to
	c.counter = &counter{}
	if !rs.o.Counters {
		return nil
	}
	if len(f) < 3 {
		return rs.r.usage(usagef("invalid policy counters for chain '%s'\n", name), rs.line, rs.prog)
	}
	p, b, ok := parseCounters(f[2])
	if !ok {
		return rs.r.usage(usagef("invalid policy counters for chain '%s'\n", name), rs.line, rs.prog)
	}
	c.counter.set(p, b)
	return nil
}

func parseCounters(s string) (packets, bytes uint64, ok bool) {
	if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
		return 0, 0, false
	}
	p, b, found := strings.Cut(s[1:len(s)-1], ":")
	packets, err := strconv.ParseUint(p, 10, 64)
	bytes, err2 := strconv.ParseUint(b, 10, 64)
	return packets, bytes, found && err == nil && err2 == nil
}

func (rs *restore) rule(line string) *ExitError {
	var packets, bytes uint64
	counted := false
	if line[0] == '[' {
		end := strings.IndexByte(line, ']')
		if end < 0 {
			return rs.r.usage(usagef("Bad line %d: need ]\n", rs.line), rs.line, rs.prog)
		}
		var ok bool
		if packets, bytes, ok = parseCounters(line[:end+1]); !ok {
			return rs.r.usage(usagef("Bad line %d: need :\n", rs.line), rs.line, rs.prog)
		}
		counted = rs.o.Counters
		line = line[end+1:]
	}
	args, bare, err := splitLine(line)
	for i, a := range args {
		if err == nil && bare[i] && isTableOption(a) {
			err = usagef("The -t option cannot be used in %s.\n", rs.prog)
		}
	}
	if err != nil {
		return rs.r.usage(err, rs.line, rs.prog)
	}
	ps := rs.r.newParser(args)
	ps.cmd.table = rs.work.name
	if err := ps.parse(); err != nil {
		return rs.r.usage(err, rs.line, rs.prog)
	}
	if counted {
		ps.cmd.packets, ps.cmd.bytes, ps.cmd.counted = packets, bytes, true
	}
	if strings.IndexByte("ADCIRNXEPFZ", ps.cmd.op) < 0 {
		return nil
	}
	if err := rs.r.apply(rs.work, ps); err != nil {
		return rs.refused(err)
	}
	return nil
}

// refused turns a failure of iptables into one of iptables-restore.
func (rs *restore) refused(e *ExitError) *ExitError {
	if e.Code != 2 {
		return rs.failed()
	}
	_, msg, _ := strings.Cut(e.Text, Version(rs.r)+": ")
	msg, _, _ = strings.Cut(msg, "\nTry `")
	return rs.r.usage(usagef("%s", msg), rs.line, rs.prog)
}

func isTableOption(s string) bool {
	return s == "--table" || s == "-t" || strings.HasPrefix(s, "-t") && !strings.HasPrefix(s, "--") && len(s) > 2
}

func (rs *restore) commit() *ExitError {
	t := rs.work
	rs.work = nil
	if rs.skip {
		rs.skip = false
		return nil
	}
	if rs.r.validate(t) != nil {
		return rs.failed()
	}
	if !rs.o.Test {
		rs.r.commit(t)
	}
	return nil
}

// splitLine cuts a line into words: double quotes hold words together, and
// inside them a backslash takes the next character as it is. bare tells which
// words have no quotes.
func splitLine(line string) (args []string, bare []bool, err error) {
	marked := false
	var word []byte
	in, quoted, escaped := false, false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case escaped:
			word, escaped = append(word, c), false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted, in, marked = !quoted, true, true
		case !quoted && (c == ' ' || c == '\t'):
			if in {
				args, bare = append(args, string(word)), append(bare, !marked)
			}
			word, in, marked = word[:0], false, false
		default:
			word, in = append(word, c), true
		}
	}
	if quoted {
		return nil, nil, usagef("Line ends inside a quoted word")
	}
	if in {
		args, bare = append(args, string(word)), append(bare, !marked)
	}
	return args, bare, nil
}
