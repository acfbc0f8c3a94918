package traffic

import (
	"strings"
)

// optionError is a wrong command line, in getopt's words without the program's
// name.
type optionError string

func (e optionError) Error() string { return string(e) }

// options is a parsed command line.
type options struct {
	given []givenOption
	rest  []string
}

type givenOption struct{ name, value string }

// longOption is a long option: the name under which it is kept (usually its
// short letter) and whether it takes a value.
type longOption struct {
	as    string
	value bool
}

// parseOptions reads args (without the program's name) as getopt_long does:
// letters of short take a value when a colon follows. A short that begins with
// "+" ends the options at the first operand; otherwise operands may come
// anywhere. "--" ends the options.
func parseOptions(args []string, short string, long map[string]longOption) (*options, error) {
	o := &options{}
	inOrder := strings.HasPrefix(short, "+")
	short = strings.TrimPrefix(short, "+")
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			o.rest = append(o.rest, args...)
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
			o.rest = append(append(o.rest, a), args...)
			return o, nil
		default:
			o.rest = append(o.rest, a)
		}
	}
	return o, nil
}

// letters takes one cluster of short options and reports how many of the
// following arguments it used.
func (o *options) letters(cluster string, args []string, short string) (int, error) {
	for i := 0; i < len(cluster); i++ {
		c := cluster[i]
		at := strings.IndexByte(short, c)
		if at < 0 || c == ':' {
			return 0, optionError("invalid option -- '" + string(c) + "'")
		}
		if at+1 >= len(short) || short[at+1] != ':' {
			o.add(string(c), "")
			continue
		}
		if i+1 < len(cluster) {
			o.add(string(c), cluster[i+1:])
			return 0, nil
		}
		if len(args) == 0 {
			return 0, optionError("option requires an argument -- '" + string(c) + "'")
		}
		o.add(string(c), args[0])
		return 1, nil
	}
	return 0, nil
}

func (o *options) longOption(text string, args []string, long map[string]longOption) (int, error) {
	name, value, has := strings.Cut(text, "=")
	opt, ok := long[name]
	if !ok {
		return 0, optionError("unrecognized option '--" + name + "'")
	}
	switch {
	case !opt.value && has:
		return 0, optionError("option '--" + name + "' doesn't allow an argument")
	case !opt.value || has:
		o.add(opt.as, value)
		return 0, nil
	case len(args) == 0:
		return 0, optionError("option '--" + name + "' requires an argument")
	}
	o.add(opt.as, args[0])
	return 1, nil
}

func (o *options) add(name, value string) { o.given = append(o.given, givenOption{name, value}) }

// has reports whether any of the options was given.
func (o *options) has(names ...string) bool {
	for _, n := range names {
		if o.count(n) > 0 {
			return true
		}
	}
	return false
}

// count is how often an option was given.
func (o *options) count(name string) int {
	n := 0
	for _, g := range o.given {
		if g.name == name {
			n++
		}
	}
	return n
}

// value is the last value of an option.
func (o *options) value(name string) (string, bool) {
	for i := len(o.given) - 1; i >= 0; i-- {
		if o.given[i].name == name {
			return o.given[i].value, true
		}
	}
	return "", false
}

// all are the values of an option in the order given.
func (o *options) all(name string) []string {
	var vs []string
	for _, g := range o.given {
		if g.name == name {
			vs = append(vs, g.value)
		}
	}
	return vs
}
