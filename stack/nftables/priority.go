package nftables

import (
	"slices"
	"strconv"

	"dnetsim/stack/netfilter"
)

// priority reads "filter", "dstnat + 5" or "-100" for a chain at a hook.
func (p *parser) priority(h netfilter.Hook) (int, error) {
	t := p.next()
	sign := 1
	switch {
	case t.text == "-" && t.kind == 'o':
		sign, t = -1, p.next()
	case t.kind == 's':
		i := slices.IndexFunc(priorities, func(x priority) bool { return x.name == t.text })
		if i < 0 || !priorities[i].fits(h) {
			return 0, wrong(t, t, "'%s' is invalid priority in this context.", t.text)
		}
		n := priorities[i].value
		for _, s := range []struct {
			sign string
			by   int
		}{{"+", 1}, {"-", -1}} {
			if p.accept(s.sign) {
				x, err := p.number()
				return n + s.by*int(x), err
			}
		}
		return n, nil
	}
	n, err := strconv.Atoi(t.text)
	if err != nil || t.kind != 'n' {
		return 0, unexpected(t)
	}
	return sign * n, nil
}

// priority is a number with a name.
type priority struct {
	name  string
	value int
	hook  netfilter.Hook // where it has it
	only  bool           // and nowhere else
}

var priorities = []priority{
	{"raw", -300, 0, false}, {"mangle", -150, 0, false}, {"dstnat", -100, netfilter.Prerouting, true},
	{"filter", 0, 0, false}, {"security", 50, 0, false}, {"srcnat", 100, netfilter.Postrouting, true},
}

func (x priority) fits(h netfilter.Hook) bool { return !x.only || x.hook == h }

// priorityName is how a priority is printed: by the name that is at most ten away.
func priorityName(n int, h netfilter.Hook) string {
	for _, x := range priorities {
		off := n - x.value
		if off < -10 || off > 10 {
			continue
		}
		switch {
		case !x.fits(h):
			return strconv.Itoa(n)
		case off > 0:
			return x.name + " + " + strconv.Itoa(off)
		case off < 0:
			return x.name + " - " + strconv.Itoa(-off)
		}
		return x.name
	}
	return strconv.Itoa(n)
}
