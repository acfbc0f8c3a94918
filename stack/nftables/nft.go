package nftables

import "strings"

// Options are nft's for what it prints.
type Options struct {
	Handles   bool // -a
	Stateless bool // -s: without the counters' values
	Terse     bool // -t: sets without their elements
	JSON      bool // -j, of listings
	Check     bool // -c: whether it could be done, without doing it
	// File is what errors say where the script came from, "" for a command line.
	File string
}

// Run carries out a script as one change, and returns what nft prints; nothing is
// changed if any of it cannot be done.
func (rs *Ruleset) Run(script string, o Options) (string, *Error) {
	p := &parser{printer: printer{rs: rs, print: printing{o.Handles, o.Stateless, o.Terse, o.JSON}}, declared: map[string]*set{}}
	p.defs = map[string][]token{}
	rs.charge(len(script) / workBytes)
	toks, err := lex(strings.TrimSuffix(script, "\n"))
	var todo []func() error
	if err == nil {
		p.toks = toks
		todo, err = p.script()
	}
	all := func() error {
		for _, do := range todo {
			if err := do(); err != nil {
				return err
			}
		}
		if o.Check {
			return undo{}
		}
		return nil
	}
	switch {
	case err != nil:
	case p.changes:
		err = placed(rs.change(all), p.first, p.last)
	default:
		err = all()
	}
	if err == (undo{}) {
		err = nil
	}
	if err != nil {
		return "", failed(err, o.File, script)
	}
	if o.JSON && p.lists {
		return document(p.items), nil
	}
	return p.out.String(), nil
}

// workBytes of a script, and workObjects rules and elements that a change copies, are as
// much work as an event of the loop.
const (
	workBytes   = 64
	workObjects = 64
)

func (rs *Ruleset) charge(units int) {
	if rs.face.Options.Charge != nil && units > 0 {
		rs.face.Options.Charge(units)
	}
}

// undo undoes a change that was only tried.
type undo struct{}

func (undo) Error() string { return "only tried" }
