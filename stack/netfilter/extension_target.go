package netfilter

import "strconv"

// newTarget begins "-j name"; nil if name is not an extension target.
func newTarget(ps *parser, name string) *extension {
	v6 := ps.rules.opts.V6
	switch name {
	case "REJECT":
		t := &rejectTarget{with: RejectPort}
		if v6 {
			t.with = Reject6Port
		}
		return &extension{name: name, jump: t, opts: []string{"reject-with="},
			set: func(_, arg, _ string, _ bool) error { return t.parse(arg, v6) },
			done: func() error {
				p := ps.rule.proto
				if t.with == RejectTCPReset && (!p.set || p.not || p.num != 6) {
					ps.refuse = true // the kernel's EINVAL
				}
				return nil
			}}
	case "LOG":
		return logExtension()
	case "TRACE":
		return &extension{name: name, jump: traceTarget{}, set: func(_, _, _ string, _ bool) error { return nil }}
	case "MASQUERADE", "REDIRECT", "SNAT", "DNAT":
		return natExtension(ps, name)
	case "MARK":
		return markExtension()
	case "CHECKSUM":
		seen := false
		return &extension{name: name, jump: checksumTarget{}, opts: []string{"checksum-fill"},
			set:  func(_, _, _ string, _ bool) error { seen = true; return nil },
			done: func() error { return required(seen, name, "checksum-fill") }}
	case "TCPMSS":
		return tcpmssExtension(ps)
	}
	return nil
}

func logExtension() *extension {
	t := &logTarget{level: 4}
	x := &extension{name: "LOG", jump: t, opts: []string{"log-level=", "log-prefix="}}
	for _, f := range logFlags {
		x.opts = append(x.opts, "log-"+f)
	}
	x.set = func(opt, arg, _ string, _ bool) (err error) {
		switch opt {
		case "log-level":
			t.level, err = parseLogLevel(arg)
			return err
		case "log-prefix":
			if len(arg) > 29 {
				return usagef("LOG: Maximum prefix length 29 for --log-prefix")
			}
			t.prefix = arg
			return nil
		}
		for i, f := range logFlags {
			if opt == "log-"+f {
				t.flags |= logFlagBits[i]
			}
		}
		return nil
	}
	return x
}

func natExtension(ps *parser, name string) *extension {
	t := &natTarget{kind: name}
	x := &extension{name: name, jump: t, opts: []string{"random"}}
	to := ""
	switch name {
	case "SNAT":
		to = "to-source"
		x.opts = append(x.opts, "to-source=", "random-fully", "persistent")
	case "DNAT":
		to = "to-destination"
		x.opts = append(x.opts, "to-destination=", "persistent")
	case "MASQUERADE":
		x.opts = append(x.opts, "to-ports=", "random-fully")
	case "REDIRECT":
		x.opts = append(x.opts, "to-ports=")
	}
	seen := false
	x.set = func(opt, arg, _ string, _ bool) error {
		switch opt {
		case "random":
			t.random = true
		case "random-fully":
			t.randomFully = true
		case "persistent":
			t.persistent = true
		case "to-ports":
			return t.parsePorts(arg)
		default:
			if seen {
				return usagef("%s: Multiple --%s not supported", name, opt)
			}
			seen = true
			return t.parseTo(arg, ps.rules.opts.V6)
		}
		return nil
	}
	x.done = func() error {
		if to != "" && !seen {
			return required(false, name, to)
		}
		p := ps.rule.proto
		if t.hasPort && (!p.set || p.not || p.num != 6 && p.num != 17 && p.num != 132 && p.num != 33) {
			return usagef("Need TCP, UDP, SCTP or DCCP with port specification")
		}
		return nil
	}
	return x
}

func markExtension() *extension {
	t := &markTarget{}
	seen := false
	return &extension{name: "MARK", jump: t, opts: []string{"set-mark=", "set-xmark=", "and-mark=", "or-mark=", "xor-mark="},
		set: func(opt, arg, _ string, _ bool) error {
			v, m, err := parseMark(opt, arg)
			if err != nil {
				return err
			}
			seen = true
			switch opt {
			case "set-mark":
				t.value, t.mask = v, v|m
			case "set-xmark":
				t.value, t.mask = v, m
			case "and-mark":
				t.value, t.mask = 0, ^v
			case "or-mark":
				t.value, t.mask = v, v
			default:
				t.value, t.mask = v, 0
			}
			return nil
		},
		done: func() error {
			if !seen {
				return usagef("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required")
			}
			return nil
		}}
}

func tcpmssExtension(ps *parser) *extension {
	t := &tcpmssTarget{}
	return &extension{name: "TCPMSS", jump: t, opts: []string{"set-mss=", "clamp-mss-to-pmtu"},
		set: func(opt, arg, _ string, _ bool) error {
			if opt == "clamp-mss-to-pmtu" {
				t.clamp = true
				return nil
			}
			n, err := strconv.ParseUint(arg, 0, 16)
			if err != nil || n > 65535-40 {
				return usagef("TCPMSS: bad value for option \"--set-mss\", or out of range (0-65495).")
			}
			t.mss = int(n)
			return nil
		},
		done: func() error {
			if !t.clamp && t.mss == 0 {
				return usagef("TCPMSS: At least one parameter is required")
			}
			p := ps.rule.proto
			if !p.set || p.not || p.num != 6 || !ps.onlySyn() {
				ps.refuse = true // the kernel: only works on TCP SYN packets
			}
			return nil
		}}
}
