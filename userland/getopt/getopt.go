// Package getopt reads command lines as getopt_long(3) does. A program's table
// says of each option whether dnetsim does what it asks for: one that is marked
// with "!" is refused, so that none is swallowed.
package getopt

import "strings"

// NotSimulated is a right option that dnetsim does nothing for, with its dashes.
type NotSimulated string

func (e NotSimulated) Error() string { return "dnetsim does not simulate " + string(e) }

// Error is a wrong command line, in getopt's words without the program's
// name.
type Error string

func (e Error) Error() string { return string(e) }

// Options is a parsed command line.
type Options struct {
	given []givenOption
	Rest  []string // the operands
}

type givenOption struct{ name, value string }

// Parse reads args (without the program's name) as getopt_long does: letters of
// short take a value when a colon follows. A "!" after that marks what is not
// simulated, which is an error of type [NotSimulated], a "~" what has nothing to
// do in a simulation (buffers, debugging). A long option is kept under the name
// that long has for it, usually its short letter, with a colon at the end if it
// takes a value, two if it may after an equals sign; "!" and "~" instead of a name
// are the marks. A short that begins
// with "+" ends the options at the first operand; otherwise operands may come
// anywhere. "--" ends the options.
func Parse(args []string, short string, long map[string]string) (*Options, error) {
	o := &Options{}
	inOrder := strings.HasPrefix(short, "+")
	short = strings.TrimPrefix(short, "+")
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			o.Rest = append(o.Rest, args...)
			return o, nil
		case strings.HasPrefix(a, "--") && long != nil:
			used, err := o.longOption(a[2:], args, long)
			if err != nil {
				return nil, err
			}
			args = args[used:]
		case len(a) > 1 && a[0] == '-':
			used, err := o.letters(a[1:], args, short)
			if err != nil {
				return nil, err
			}
			args = args[used:]
		case inOrder:
			o.Rest = append(append(o.Rest, a), args...)
			return o, nil
		default:
			o.Rest = append(o.Rest, a)
		}
	}
	return o, nil
}

// letters takes one cluster of short options and reports how many of the
// following arguments it used.
func (o *Options) letters(cluster string, args []string, short string) (int, error) {
	for i := 0; i < len(cluster); i++ {
		c := cluster[i]
		takes, mark, ok := lookUp(short, c)
		switch {
		case !ok:
			return 0, Error("invalid option -- '" + string(c) + "'")
		case mark == '!':
			return 0, NotSimulated("-" + string(c))
		case !takes:
			o.add(string(c), "")
			continue
		}
		if i+1 < len(cluster) {
			o.add(string(c), cluster[i+1:])
			return 0, nil
		}
		if len(args) == 0 {
			return 0, Error("option requires an argument -- '" + string(c) + "'")
		}
		o.add(string(c), args[0])
		return 1, nil
	}
	return 0, nil
}

// lookUp finds a letter in a program's: whether it takes a value, and its mark.
func lookUp(short string, c byte) (takes bool, mark byte, ok bool) {
	at := strings.IndexByte(short, c)
	if at < 0 || strings.IndexByte(":!~", c) >= 0 {
		return false, 0, false
	}
	rest := short[at+1:]
	if strings.HasPrefix(rest, ":") {
		takes, rest = true, rest[1:]
	}
	if rest != "" && (rest[0] == '!' || rest[0] == '~') {
		mark = rest[0]
	}
	return takes, mark, true
}

func (o *Options) longOption(text string, args []string, long map[string]string) (int, error) {
	name, value, has := strings.Cut(text, "=")
	as, ok := long[name]
	as, may := strings.CutSuffix(as, "::")
	as, takes := strings.CutSuffix(as, ":")
	if !ok {
		return 0, Error("unrecognized option '--" + name + "'")
	}
	switch {
	case as == "!":
		return 0, NotSimulated("--" + name)
	case !takes && !may && has:
		return 0, Error("option '--" + name + "' doesn't allow an argument")
	case !takes || has:
		o.add(as, value)
		return 0, nil
	case len(args) == 0:
		return 0, Error("option '--" + name + "' requires an argument")
	}
	o.add(as, args[0])
	return 1, nil
}

func (o *Options) add(name, value string) { o.given = append(o.given, givenOption{name, value}) }

// Has reports whether any of the options was given.
func (o *Options) Has(names ...string) bool {
	for _, n := range names {
		if o.Count(n) > 0 {
			return true
		}
	}
	return false
}

// Count is how often an option was given.
func (o *Options) Count(name string) int {
	n := 0
	for _, g := range o.given {
		if g.name == name {
			n++
		}
	}
	return n
}

// Value is the last value of an option.
func (o *Options) Value(name string) (string, bool) {
	for i := len(o.given) - 1; i >= 0; i-- {
		if o.given[i].name == name {
			return o.given[i].value, true
		}
	}
	return "", false
}

// All are the values of an option in the order given.
func (o *Options) All(name string) []string {
	var vs []string
	for _, g := range o.given {
		if g.name == name {
			vs = append(vs, g.value)
		}
	}
	return vs
}
