package netfilter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dnetsim/link"
)

// extension is a match or target while its options are being read.
type extension struct {
	name string
	// opts are the long options; "=" at the end means an argument, "==" two.
	opts  []string
	set   func(opt, arg, arg2 string, not bool) error
	done  func() error // checks what must be present; may be nil
	match match
	jump  target
}

func (x *extension) option(name string) (args int, ok bool) {
	for _, o := range x.opts {
		if base := strings.TrimRight(o, "="); base == name {
			return len(o) - len(base), true
		}
	}
	return 0, false
}

// usageError is a wrong command line; the program adds its name and the hint.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, a ...any) error { return usageError(fmt.Sprintf(format, a...)) }

// protoMatch names the match that "-p PROTO" brings with it.
func protoMatch(proto uint8) string {
	switch proto {
	case 1:
		return "icmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 58:
		return "icmp6"
	}
	return ""
}

// newMatch begins "-m name"; nil if there is no such match.
func newMatch(ps *parser, name string) *extension {
	v6 := ps.rules.opts.V6
	switch name {
	case "tcp":
		return tcpExtension()
	case "udp":
		m := &udpMatch{}
		return &extension{name: name, match: m, opts: []string{"sport=", "source-port=", "dport=", "destination-port="},
			set: func(opt, arg, _ string, not bool) (err error) {
				if opt[0] == 's' {
					m.src, err = parsePortRange(arg, not)
					return err
				}
				m.dst, err = parsePortRange(arg, not)
				return err
			}}
	case "icmp", "icmp6":
		if (name == "icmp6") != v6 {
			return nil
		}
		return icmpExtension(name, v6)
	case "conntrack":
		m := &conntrackMatch{}
		x := &extension{name: name, match: m,
			set: func(opt, arg, _ string, not bool) error { return m.set(ps, opt, arg, not) },
			done: func() error {
				for _, p := range m.parts {
					if p != nil {
						return nil
					}
				}
				return usagef("conntrack: At least one option is required")
			}}
		for _, o := range ctOptions {
			x.opts = append(x.opts, o+"=")
		}
		return x
	case "state":
		m := &stateMatch{}
		return &extension{name: name, match: m, opts: []string{"state="},
			set: func(_, arg, _ string, not bool) (err error) {
				m.not = not
				m.states, err = parseCtState(arg, "state")
				return err
			},
			done: func() error { return required(m.states != 0, "state", "state") }}
	case "multiport":
		return multiportExtension(ps)
	case "addrtype":
		return addrtypeExtension()
	case "comment":
		m := &commentMatch{}
		seen := false
		return &extension{name: name, match: m, opts: []string{"comment="},
			set: func(_, arg, _ string, _ bool) error {
				m.text, seen = arg, true
				if len(arg) > 255 {
					return usagef("comment: value for \"--comment\" must be shorter than 256 characters")
				}
				if strings.ContainsAny(arg, "\n\x00") {
					return usagef("comment: newlines not allowed in comment")
				}
				return nil
			},
			done: func() error { return required(seen, "comment", "comment") }}
	case "mark":
		m := &markMatch{}
		seen := false
		return &extension{name: name, match: m, opts: []string{"mark="},
			set: func(opt, arg, _ string, not bool) (err error) {
				m.not, seen = not, true
				m.value, m.mask, err = parseMark(opt, arg)
				return err
			},
			done: func() error { return required(seen, "mark", "mark") }}
	case "mac":
		m := &macMatch{}
		return &extension{name: name, match: m, opts: []string{"mac-source="},
			set: func(_, arg, _ string, not bool) error {
				mac, err := link.ParseMAC(strings.ToLower(arg))
				if err != nil {
					return usagef("mac: Bad value for \"--mac-source\" option: \"%s\"", arg)
				}
				m.not, m.mac, m.raw = not, mac.String(), mac
				return nil
			},
			done: func() error { return required(m.mac != "", "mac", "mac-source") }}
	case "length":
		return lengthExtension()
	case "pkttype":
		m := &pkttypeMatch{}
		return &extension{name: name, match: m, opts: []string{"pkt-type="},
			set: func(_, arg, _ string, not bool) error {
				m.not, m.kind = not, strings.ToLower(arg)
				if m.kind == "bcast" || m.kind == "mcast" || m.kind == "host" {
					m.kind = map[string]string{"bcast": "broadcast", "mcast": "multicast", "host": "unicast"}[m.kind]
				}
				if !slices.Contains([]string{"unicast", "broadcast", "multicast"}, m.kind) {
					return usagef("Bad packet type '%s'", arg)
				}
				return nil
			},
			done: func() error { return required(m.kind != "", "pkttype", "pkt-type") }}
	case "physdev":
		return physdevExtension()
	case "limit":
		m := &limitMatch{n: 3, unit: "hour", burst: 5, state: &limitState{}}
		return &extension{name: name, match: m, opts: []string{"limit=", "limit-burst="},
			set: func(opt, arg, _ string, not bool) error {
				if not {
					return usagef("limit: option \"--%s\" cannot be inverted.", opt)
				}
				if opt == "limit" {
					return m.parseRate(arg)
				}
				n, err := strconv.ParseUint(arg, 0, 32)
				if err != nil || n > 10000 {
					return usagef("limit: bad value for option \"--limit-burst\", or out of range (0-10000).")
				}
				m.burst = n
				return nil
			}}
	case "statistic":
		return statisticExtension()
	}
	return tunnelMatch(name)
}

func required(ok bool, ext, opt string) error {
	if ok {
		return nil
	}
	return usagef("%s: option \"--%s\" must be specified", ext, opt)
}

func tcpExtension() *extension {
	m := &tcpMatch{}
	return &extension{name: "tcp", match: m,
		opts: []string{"sport=", "source-port=", "dport=", "destination-port=", "syn", "tcp-flags==", "tcp-option="},
		set: func(opt, arg, arg2 string, not bool) (err error) {
			switch opt {
			case "sport", "source-port":
				m.src, err = parsePortRange(arg, not)
			case "dport", "destination-port":
				m.dst, err = parsePortRange(arg, not)
			case "syn":
				m.flagsSet, m.flagsNot, m.mask, m.cmp = true, not, 0x17, 0x02
			case "tcp-flags":
				m.flagsSet, m.flagsNot = true, not
				if m.mask, err = parseTCPFlags(arg); err == nil {
					m.cmp, err = parseTCPFlags(arg2)
				}
			case "tcp-option":
				var n uint64
				n, err = strconv.ParseUint(arg, 0, 8)
				if err != nil || n == 0 {
					return usagef("Bad TCP option `%s'", arg)
				}
				m.option, m.optionNot = int(n), not
			}
			return err
		}}
}

func icmpExtension(name string, v6 bool) *extension {
	m := &icmpMatch{v6: v6, kind: 255, code: -1}
	opt := "icmp-type"
	if v6 {
		opt = "icmpv6-type"
	}
	return &extension{name: name, match: m, opts: []string{opt + "="},
		set: func(_, arg, _ string, not bool) error {
			m.not, m.set = not, true
			return m.parse(arg)
		},
		done: func() error { return required(m.set || !v6, name, opt) }}
}

func multiportExtension(ps *parser) *extension {
	m := &multiportMatch{}
	return &extension{name: "multiport", match: m,
		opts: []string{"sports=", "source-ports=", "dports=", "destination-ports=", "ports="},
		set: func(opt, arg, _ string, not bool) error {
			if m.opt != "" {
				return usagef("multiport: only one of --source-ports, --destination-ports and --ports can be used")
			}
			opt = map[byte]string{'s': "sports", 'd': "dports", 'p': "ports"}[opt[0]]
			x, err := parseMultiport(opt, arg, not)
			if err != nil {
				return err
			}
			*m = *x
			return nil
		},
		done: func() error {
			if m.opt == "" {
				return usagef("multiport expection error")
			}
			p := ps.rule.proto
			if !p.set || p.not || !slices.Contains([]uint8{6, 17, 136, 132, 33}, p.num) {
				return usagef("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'")
			}
			return nil
		}}
}

func addrtypeExtension() *extension {
	m := &addrtypeMatch{}
	return &extension{name: "addrtype", match: m,
		opts: []string{"src-type=", "dst-type=", "limit-iface-in", "limit-iface-out"},
		set: func(opt, arg, _ string, not bool) (err error) {
			switch opt {
			case "src-type":
				m.srcNot = not
				m.src, err = parseAddrTypes(arg)
			case "dst-type":
				m.dstNot = not
				m.dst, err = parseAddrTypes(arg)
			case "limit-iface-in":
				m.ifaceIn = true
			default:
				m.ifaceOut = true
			}
			return err
		},
		done: func() error {
			if m.src == 0 && m.dst == 0 {
				return usagef("addrtype: you must specify --src-type or --dst-type")
			}
			return nil
		}}
}

func lengthExtension() *extension {
	m := &lengthMatch{lo: -1}
	return &extension{name: "length", match: m, opts: []string{"length="},
		set: func(_, arg, _ string, not bool) error {
			lo, hi, isRange := strings.Cut(arg, ":")
			if !isRange {
				hi = lo
			}
			if lo == "" {
				lo = "0"
			}
			if hi == "" {
				hi = "65535"
			}
			a, err := strconv.ParseUint(lo, 0, 16)
			b, err2 := strconv.ParseUint(hi, 0, 16)
			if err != nil || err2 != nil || a > b {
				return usagef("length: bad value for option \"--length\", or out of range (0-65535).")
			}
			m.not, m.lo, m.hi = not, int(a), int(b)
			return nil
		},
		done: func() error { return required(m.lo >= 0, "length", "length") }}
}

func physdevExtension() *extension {
	m := &physdevMatch{}
	return &extension{name: "physdev", match: m,
		opts: []string{"physdev-in=", "physdev-out=", "physdev-is-in", "physdev-is-out", "physdev-is-bridged"},
		set: func(opt, arg, _ string, not bool) error {
			want := 1
			if not {
				want = -1
			}
			switch opt {
			case "physdev-in":
				m.in = ifaceTest{arg, not}
			case "physdev-out":
				m.out = ifaceTest{arg, not}
			case "physdev-is-in":
				m.isIn = want
			case "physdev-is-out":
				m.isOut = want
			default:
				m.isBridged = want
			}
			return nil
		},
		done: func() error {
			if *m == (physdevMatch{}) {
				return usagef("PHYSDEV: no physdev option specified")
			}
			return nil
		}}
}

func statisticExtension() *extension {
	m := &statisticMatch{state: &nthState{}}
	seen := false
	return &extension{name: "statistic", match: m, opts: []string{"mode=", "probability=", "every=", "packet="},
		set: func(opt, arg, _ string, not bool) error {
			switch opt {
			case "mode":
				if arg != "random" && arg != "nth" {
					return usagef("Bad mode \"%s\"", arg)
				}
				m.mode = arg
			case "probability":
				f, err := strconv.ParseFloat(arg, 64)
				if err != nil || !(f >= 0 && f <= 1) {
					return usagef("statistic: bad value for option \"--probability\", or out of range (0.00-1.00).")
				}
				m.prob, m.not, seen = uint32(f*(1<<31)+0.5), not, true
			default:
				n, err := strconv.ParseUint(arg, 0, 31)
				if err != nil || opt == "every" && n == 0 {
					return usagef("statistic: bad value for option \"--%s\", or out of range.", opt)
				}
				if opt == "every" {
					m.every, m.not = uint32(n), not
				} else {
					m.packet = uint32(n)
				}
			}
			return nil
		},
		done: func() error {
			if m.mode == "" {
				return required(false, "statistic", "mode")
			}
			if m.mode == "random" && !seen {
				return usagef("--probability must be specified when using random mode")
			}
			if m.mode == "nth" && m.every == 0 {
				return usagef("--every must be specified when using nth mode")
			}
			if m.mode == "nth" && m.packet >= m.every {
				return usagef("the --packet p must be 0 <= p <= n-1")
			}
			return nil
		}}
}
