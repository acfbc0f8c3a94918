package netfilter

import (
	"strconv"
	"strings"
)

// parser reads one command line of iptables, as getopt_long and the
// extensions do.
type parser struct {
	rules *Rules
	args  []string
	pos   int
	not   bool // a "!" was read
	cmd   command
	rule  *Rule
	added []*Rule // to a chain, by the command
	srcs  []addrTest
	dsts  []addrTest
	exts  []*extension // matches in order
	jump  *extension
	// implicit says that the match of -p has been loaded.
	implicit bool
	// refuse is set for what iptables accepts and the kernel does not.
	refuse bool
}

// parseRule reads the rule part of a command line ("-p tcp --dport 80 -j DROP").
// A jump to anything that is not a known target is taken for a chain. Addresses
// that stand for several rules are refused.
func parseRule(r *Rules, args []string) (*Rule, error) {
	ps := r.newParser(append([]string{"-A", "chain"}, args...))
	if err := ps.parse(); err != nil {
		return nil, err
	}
	list, err := ps.build(nil)
	if err != nil {
		return nil, err
	}
	if ps.cmd.op != 'A' || len(list) != 1 {
		return nil, usagef("not exactly one rule")
	}
	return list[0], nil
}

func (r *Rules) newParser(args []string) *parser {
	return &parser{rules: r, args: args, rule: &Rule{}, cmd: command{table: "filter"}}
}

func (ps *parser) parse() error {
	for ps.pos < len(ps.args) {
		arg := ps.args[ps.pos]
		ps.pos++
		var err error
		switch {
		case strings.HasPrefix(arg, "--") && len(arg) > 2:
			err = ps.long(arg[2:])
		case len(arg) > 1 && arg[0] == '-' && arg != "--":
			err = ps.shorts(arg[1:])
		case arg == "!":
			if ps.not {
				return usagef("multiple consecutive ! not allowed")
			}
			ps.not = true
			continue
		default:
			return usagef("Bad argument `%s'", arg)
		}
		if err != nil {
			return err
		}
		ps.not = false
	}
	if ps.not {
		return usagef("nothing appropriate following !")
	}
	if ps.cmd.op == 0 {
		return usagef("no command specified")
	}
	return nil
}

// next is the argument that an option requires.
func (ps *parser) next(opt string) (string, error) {
	if ps.pos >= len(ps.args) {
		return "", usagef("option \"%s\" requires an argument", opt)
	}
	ps.pos++
	return ps.args[ps.pos-1], nil
}

// optional is the next argument unless it is an option.
func (ps *parser) optional() string {
	if ps.pos < len(ps.args) && !strings.HasPrefix(ps.args[ps.pos], "-") && !strings.HasPrefix(ps.args[ps.pos], "!") {
		ps.pos++
		return ps.args[ps.pos-1]
	}
	return ""
}

func (ps *parser) shorts(cluster string) error {
	for i := 0; i < len(cluster); i++ {
		c := cluster[i]
		rest := cluster[i+1:]
		switch {
		case strings.IndexByte(shortWithArg, c) >= 0:
			if rest == "" {
				var err error
				if rest, err = ps.next("-" + string(c)); err != nil {
					return err
				}
			}
			return ps.short(c, rest)
		case strings.IndexByte(shortOptional, c) >= 0:
			if rest == "" {
				rest = ps.optional()
			}
			return ps.short(c, rest)
		case strings.IndexByte(shortWithoutArg, c) >= 0:
			if err := ps.short(c, ""); err != nil {
				return err
			}
		default:
			return usagef("unknown option \"-%c\"", c)
		}
	}
	return nil
}

// long handles "--name" and "--name=value".
func (ps *parser) long(text string) error {
	name, value, hasValue := strings.Cut(text, "=")
	short, ext, full, ok := ps.resolve(name)
	if !ok && !ps.implicit && ps.rule.proto.set && !ps.rule.proto.not {
		ps.implicit = true
		if m := newMatch(ps, protoMatch(ps.rule.proto.num)); m != nil && !ps.loaded(m.name) {
			ps.exts = append(ps.exts, m)
			short, ext, full, ok = ps.resolve(name)
		}
	}
	if !ok {
		return usagef("unknown option \"--%s\"", name)
	}
	arg := func() error {
		if hasValue {
			hasValue = false
			return nil
		}
		var err error
		value, err = ps.next("--" + full)
		return err
	}
	if ext != nil {
		n, _ := ext.option(full)
		var second string
		if n > 0 {
			if err := arg(); err != nil {
				return err
			}
		}
		if n > 1 {
			if ps.pos >= len(ps.args) {
				return usagef("--%s requires two args.", full)
			}
			ps.pos++
			second = ps.args[ps.pos-1]
		}
		ps.cmd.hasSpec = true
		return ext.set(full, value, second, ps.not)
	}
	switch {
	case strings.IndexByte(shortWithArg, short) >= 0:
		if err := arg(); err != nil {
			return err
		}
	case strings.IndexByte(shortOptional, short) >= 0 && !hasValue:
		value = ps.optional()
	}
	return ps.short(short, value)
}

func (ps *parser) loaded(match string) bool {
	for _, x := range ps.exts {
		if x.name == match {
			return true
		}
	}
	return false
}

// resolve finds a long option by its name or an unambiguous beginning. Options
// of the extension loaded last win, as their table is merged first.
func (ps *parser) resolve(name string) (short byte, ext *extension, full string, ok bool) {
	exts := append([]*extension(nil), ps.exts...)
	if ps.jump != nil {
		exts = append(exts, ps.jump)
	}
	for i := len(exts) - 1; i >= 0; i-- {
		if _, found := exts[i].option(name); found {
			return 0, exts[i], name, true
		}
	}
	for _, o := range longOptions {
		if o.name == name {
			return o.short, nil, o.name, true
		}
	}
	hits := 0
	for i := len(exts) - 1; i >= 0; i-- {
		for _, o := range exts[i].opts {
			if o = strings.TrimRight(o, "="); strings.HasPrefix(o, name) && o != full {
				hits, ext, full, ok = hits+1, exts[i], o, true
			}
		}
	}
	for _, o := range longOptions {
		if strings.HasPrefix(o.name, name) && !(hits == 1 && ext == nil && short == o.short) {
			hits, short, ext, full, ok = hits+1, o.short, nil, o.name, true
		}
	}
	if hits != 1 {
		return 0, nil, "", false
	}
	return short, ext, full, ok
}

// short carries out one option of iptables itself.
func (ps *parser) short(c byte, arg string) error {
	switch c {
	case 'A', 'D', 'C', 'I', 'R', 'L', 'S', 'F', 'Z', 'N', 'X', 'E', 'P':
		return ps.command(c, arg)
	}
	if ps.not && strings.IndexByte("sdpiofm", c) < 0 {
		return usagef("unexpected ! flag before --%s", longName(c))
	}
	switch c {
	case 't':
		ps.cmd.table = arg
		return nil
	case 'v':
		ps.cmd.verbose++
		return nil
	case 'n':
		ps.cmd.numeric = true
		return nil
	case 'x':
		ps.cmd.exact = true
		return nil
	case '0':
		ps.cmd.lines = true
		return nil
	case 'w', 'W', 'M', 'b':
		return nil
	case '4', '6':
		return nil
	case 'V', 'h':
		ps.cmd.op = c
		return nil
	case 'c':
		return ps.counters(arg)
	}
	ps.cmd.hasSpec = true
	return ps.ruleOption(c, arg)
}

func longName(c byte) string {
	for _, o := range longOptions {
		if o.short == c {
			return o.name
		}
	}
	return string(c)
}

func (ps *parser) counters(arg string) error {
	p, b, both := strings.Cut(arg, ",")
	if !both {
		if b = ps.optional(); b == "" {
			return usagef("-c requires packet and byte counter")
		}
	}
	var err, err2 error
	ps.cmd.packets, err = strconv.ParseUint(p, 10, 64)
	if err != nil {
		return usagef("-c packet counter not numeric")
	}
	ps.cmd.bytes, err2 = strconv.ParseUint(b, 10, 64)
	if err2 != nil {
		return usagef("-c byte counter not numeric")
	}
	ps.cmd.counted = true
	return nil
}

// command notes what to do; one command a line, but -Z may stand beside -L.
func (ps *parser) command(c byte, arg string) error {
	if ps.not {
		return usagef("unexpected '!' flag before --%s", longName(c))
	}
	cmd := &ps.cmd
	if c == 'Z' && cmd.op == 'L' {
		cmd.zero = true
		return nil
	}
	if c == 'L' && cmd.op == 'Z' {
		cmd.zero, cmd.op = true, 0
	}
	if cmd.op != 0 {
		return usagef("Cannot use -%c with -%c", c, cmd.op)
	}
	cmd.op = c
	if arg != "" || strings.IndexByte("LSFZX", c) < 0 {
		cmd.chain = arg
	}
	switch c {
	case 'D', 'R', 'I', 'L', 'S', 'Z':
		if c == 'L' || c == 'S' || c == 'Z' {
			if arg == "" {
				break
			}
		}
		save := ps.pos
		if s := ps.optional(); s != "" {
			n, err := strconv.ParseUint(s, 10, 31)
			if err != nil || n == 0 {
				if c == 'D' || c == 'I' {
					if err == nil {
						return usagef("Invalid rule number `%s'", s)
					}
					ps.pos = save
					break
				}
				return usagef("Invalid rule number `%s'", s)
			}
			cmd.number = int(n)
		}
		if c == 'R' && cmd.number == 0 {
			return usagef("-R requires a rule number")
		}
	case 'E', 'P':
		cmd.arg = ps.optional()
		if c == 'E' && cmd.arg != "" && !plainName(cmd.arg) {
			return usagef("Invalid chain name `%s'", cmd.arg)
		}
		if cmd.arg == "" {
			if c == 'E' {
				return usagef("-E requires old-chain-name and new-chain-name")
			}
			return usagef("-P requires a chain and a policy")
		}
	case 'N':
		if arg == "" {
			return usagef("Invalid chain name `'")
		}
		if arg[0] == '-' || arg[0] == '!' {
			return usagef("chain name not allowed to start with `%c'\n", arg[0])
		}
	}
	return ps.chainName()
}

func (ps *parser) chainName() error {
	if len(ps.cmd.chain) > 28 {
		return usagef("chain name `%s' too long (must be under 29 chars)", ps.cmd.chain)
	}
	if ps.cmd.chain != "" && !plainName(ps.cmd.chain) {
		return usagef("Invalid chain name `%s'", ps.cmd.chain)
	}
	return nil
}

// plainName reports whether a name of a chain or interface stands for itself in
// the text of iptables-save, which never quotes names.
func plainName(s string) bool {
	if s == "" || len(s) > 28 || s[0] == '-' || s[0] == '!' || s[0] == '[' {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}

// ruleOption is -s -d -p -i -o -f -m -j -g.
func (ps *parser) ruleOption(c byte, arg string) (err error) {
	r := ps.rule
	switch c {
	case 's':
		if ps.srcs != nil {
			return usagef("multiple -s flags not allowed")
		}
		ps.srcs, err = ps.addresses(arg, ps.not)
	case 'd':
		if ps.dsts != nil {
			return usagef("multiple -d flags not allowed")
		}
		ps.dsts, err = ps.addresses(arg, ps.not)
	case 'p':
		if r.proto.set {
			return usagef("multiple -p flags not allowed")
		}
		n, ok := protoNumber(arg)
		if !ok {
			return usagef("unknown protocol \"%s\" specified", arg)
		}
		if n == 0 && ps.not {
			return usagef("rule would never match protocol")
		}
		r.proto = protoTest{set: n != 0, not: ps.not, num: n}
	case 'i', 'o':
		if len(arg) > 15 || !plainName(arg) {
			return usagef("interface name `%s' must be shorter than IFNAMSIZ (15)", arg)
		}
		t := &r.in
		if c == 'o' {
			t = &r.out
		}
		if t.name != "" {
			return usagef("multiple -%c flags not allowed", c)
		}
		*t = ifaceTest{arg, ps.not}
	case 'f':
		r.fragment = 1
		if ps.not {
			r.fragment = -1
		}
	case 'm':
		if ps.not {
			return usagef("unexpected ! flag before --match")
		}
		x := newMatch(ps, arg)
		if x == nil {
			return usagef("Couldn't load match `%s':No such file or directory\n", arg)
		}
		ps.exts = append(ps.exts, x)
	case 'j', 'g':
		if arg == "" {
			return usagef("Invalid target name (too short)")
		}
		if !plainName(arg) {
			return usagef("Invalid target name \"%s\" (28 chars max)", arg)
		}
		if r.jump != "" {
			return usagef("multiple -j flags not allowed")
		}
		r.jump, r.isGoto = arg, c == 'g'
		if c == 'j' {
			ps.jump = newTarget(ps, arg)
		}
		if arg == "NOTRACK" || arg == "CT" {
			return usagef("%s: connections cannot be exempted from tracking here", arg)
		}
	}
	return err
}

// onlySyn reports whether a -m tcp of the rule accepts SYN packets only.
func (ps *parser) onlySyn() bool {
	for _, x := range ps.exts {
		if m, ok := x.match.(*tcpMatch); ok && m.flagsSet && !m.flagsNot && m.cmp&2 != 0 && m.mask&2 != 0 {
			return true
		}
	}
	return false
}
