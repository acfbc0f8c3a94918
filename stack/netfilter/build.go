package netfilter

// build makes the rules that the line stands for: one for each pair of source
// and destination. t may be nil when chains cannot be checked.
func (ps *parser) build(t *table) ([]*Rule, error) {
	r := ps.rule
	for _, x := range ps.exts {
		if x.done != nil {
			if err := x.done(); err != nil {
				return nil, err
			}
		}
		r.matches = append(r.matches, x.match)
	}
	if ps.jump != nil {
		if ps.jump.done != nil {
			if err := ps.jump.done(); err != nil {
				return nil, err
			}
		}
		r.target = ps.jump.jump
	}
	if r.jump != "" && r.target == nil && t != nil && !standardTarget(r.jump) && t.chain(r.jump) == nil {
		if r.isGoto {
			return nil, usagef("goto '%s' is not a chain\n", r.jump)
		}
		return nil, usagef("Couldn't load target `%s':No such file or directory\n", r.jump)
	}
	srcs, dsts := ps.srcs, ps.dsts
	if srcs == nil {
		srcs = []addrTest{{}}
	}
	if dsts == nil {
		dsts = []addrTest{{}}
	}
	var list []*Rule
	for _, s := range srcs {
		for _, d := range dsts {
			k := *r
			k.src, k.dst, k.counter = s, d, &counter{}
			if ps.cmd.counted {
				k.counter.set(ps.cmd.packets, ps.cmd.bytes)
			}
			list = append(list, &k)
		}
	}
	return list, nil
}

func standardTarget(name string) bool {
	return name == "ACCEPT" || name == "DROP" || name == "RETURN" || name == "QUEUE"
}
