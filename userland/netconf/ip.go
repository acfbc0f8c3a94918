package netconf

import (
	"net/netip"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// ipTool is one run of iproute2's ip.
type ipTool struct {
	p      *userland.Process
	ns     *stack.Namespace
	out    strings.Builder
	family int // 0: any, 4, 6, or familyLink

	names     *tableNames                // of routing tables, once they were asked for
	addrFlags func(stack.Address) string // an IPv6 address's, as this ip prints them

	stats, details                             int
	brief, oneline, json, pretty, human, all   bool
	force, numeric, timestamp, colour, resolve bool
}

// familyLink is the family of `ip -0`.
const familyLink = 17

const iproute2Version = "iproute2-6.1.0"

// ipObject is a first word of ip after the options. It is not simulated without
// run.
type ipObject struct {
	name string
	run  func(t *ipTool, w *words) error
}

// ipObjects are in the order in which abbreviations are tried.
func ipObjects() []ipObject {
	return []ipObject{
		{"address", (*ipTool).address}, {"addrlabel", nil}, {"maddress", (*ipTool).maddress},
		{"route", (*ipTool).route}, {"rule", (*ipTool).rule}, {"neighbor", (*ipTool).neighbour},
		{"neighbour", (*ipTool).neighbour}, {"ntable", nil}, {"ntbl", nil}, {"link", (*ipTool).link},
		{"l2tp", nil}, {"tunnel", nil}, {"tunl", nil}, {"tuntap", nil}, {"tap", nil},
		{"token", nil}, {"tcpmetrics", nil}, {"tcp_metrics", nil},
		{"xfrm", xfrm}, {"mroute", nil}, {"mrule", nil}, {"netns", (*ipTool).netns},
		{"monitor", monitor}, {"netconf", nil}, {"vrf", nil}, {"nexthop", nil},
		{"help", func(*ipTool, *words) error { return exitUsage(255, "ip") }},
	}
}

// ipProgram is iproute2's ip.
func ipProgram(p *userland.Process) int {
	t := &ipTool{p: p, ns: p.NS(), addrFlags: flagsText}
	w := &words{list: p.Args[1:]}
	err := t.options(w)
	if err == nil && t.ns == nil {
		err = exitWith(1, "Cannot open netlink socket: Address family not supported by protocol")
	}
	if err == nil {
		err = t.dispatch(w)
	}
	emit(p, t.out.String())
	return finish(p, err)
}

func (t *ipTool) dispatch(w *words) error {
	if !w.more() {
		return exitUsage(255, "ip")
	}
	name := w.next()
	for _, o := range ipObjects() {
		if !abbreviates(name, o.name) {
			continue
		}
		if o.run == nil {
			return notSimulated("ip %s", o.name)
		}
		return o.run(t, w)
	}
	return exitWith(1, `Object "%s" is unknown, try "ip help".`, name)
}

// options reads the words before the object. `-V` ends the program.
func (t *ipTool) options(w *words) error {
	for strings.HasPrefix(w.peek(), "-") {
		arg := w.next()
		if arg == "--" {
			return nil
		}
		opt := arg
		if strings.HasPrefix(opt, "--") {
			opt = opt[1:]
		}
		if err := t.option(opt, arg, w); err != nil {
			return err
		}
	}
	return nil
}

func (t *ipTool) option(opt, arg string, w *words) error {
	switch {
	case abbreviates(opt, "-loops"), abbreviates(opt, "-rcvbuf") && len(opt) > 2:
		w.next()
	case abbreviates(opt, "-family") && opt != "-force":
		return t.setFamily(w.next())
	case opt == "-4":
		t.family = 4
	case opt == "-6":
		t.family = 6
	case opt == "-0":
		t.family = familyLink
	case opt == "-h", abbreviates(opt, "-human", "-human-readable") && len(opt) > 2:
		t.human = true
	case abbreviates(opt, "-stats", "-statistics"):
		t.stats++
	case abbreviates(opt, "-details"):
		t.details++
	case abbreviates(opt, "-resolve"):
		t.resolve = true
	case abbreviates(opt, "-oneline"):
		t.oneline = true
	case abbreviates(opt, "-timestamp", "-tshort"):
		t.timestamp = true
	case abbreviates(opt, "-Version"):
		return t.version()
	case abbreviates(opt, "-force"):
		t.force = true
	case abbreviates(opt, "-batch"):
		return t.batch(w.next())
	case abbreviates(opt, "-brief"):
		t.brief = true
	case abbreviates(opt, "-json"):
		t.json = true
	case abbreviates(opt, "-pretty"):
		t.pretty = true
	case abbreviates(opt, "-color"), strings.HasPrefix(opt, "-c="), strings.HasPrefix(opt, "-color="):
		t.colour = true
	case abbreviates(opt, "-help"):
		return exitUsage(255, "ip")
	case abbreviates(opt, "-netns"):
		return t.enter(w.next())
	case abbreviates(opt, "-Numeric"):
		t.numeric = true
	case abbreviates(opt, "-all"):
		t.all = true
	case opt == "-iec":
		t.human = true
	default:
		return exitWith(255, `Option "%s" is unknown, try "ip -help".`, arg)
	}
	return nil
}

func (t *ipTool) setFamily(name string) error {
	switch name {
	case "inet":
		t.family = 4
	case "inet6":
		t.family = 6
	case "link":
		t.family = familyLink
	case "mpls", "bridge":
		t.family = familyLink
	default:
		return wrongArgument(name, "invalid protocol family")
	}
	return nil
}

func (t *ipTool) version() error {
	t.out.WriteString("ip utility, " + iproute2Version + ", libbpf 1.1.2\n")
	return &failure{0, ""}
}

// batch runs the lines of a file, or of standard input for "-".
func (t *ipTool) batch(name string) error {
	data, err := readInput(t.p, name)
	if err != nil {
		return exitWith(1, `Cannot open file "%s" for reading: %s`, name, err)
	}
	status := 0
	for i, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := t.dispatch(&words{list: fields}); err != nil {
			emit(t.p, t.out.String())
			t.out.Reset()
			finish(t.p, err)
			t.p.Errorf("Command failed %s:%d\n", name, i+1)
			status = 1
			if !t.force {
				break
			}
		}
	}
	return &failure{status, ""}
}

// enter switches to the namespace of `-n NAME`.
func (t *ipTool) enter(name string) error {
	ns, ok := findNetns(t.p, name)
	if !ok {
		return exitWith(255, `Cannot open network namespace "%s": No such file or directory`, name)
	}
	t.ns = ns
	return nil
}

// want reports whether addresses of a's family are asked for.
func (t *ipTool) want(a netip.Addr) bool {
	switch t.family {
	case 0:
		return true
	case 4:
		return a.Is4()
	case 6:
		return a.Is6()
	}
	return false
}

// sl separates the lines of one entry: a backslash with -o.
func (t *ipTool) sl() string {
	if t.oneline {
		return `\`
	}
	return "\n"
}

// rtnetlink is the failure for an error that the kernel answered.
func rtnetlink(err error) error {
	return exitWith(2, "RTNETLINK answers: %s", err)
}

// kernelSays is the failure for an error that the kernel explained in words.
func kernelSays(format string, args ...any) error { return exitWith(2, "Error: "+format, args...) }

func wrongArgument(value, why string) error {
	return exitWith(255, "Error: argument \"%s\" is wrong: %s", value, why)
}

func garbage(key, value string) error {
	return exitWith(255, `Error: either "%s" is duplicate, or "%s" is a garbage.`, key, value)
}

func missing(what string) error {
	return exitWith(255, `Command line is not complete. Try option "help"%s`, what)
}

func noDevice(name string) error { return exitWith(1, `Cannot find device "%s"`, name) }

func wrongPrefix(text, family string) error {
	return exitWith(1, `Error: %s prefix is expected rather than "%s".`, family, text)
}

// unknownCommand is what ip says of a second word that it does not know.
func unknownCommand(tool, object, word string) error {
	return exitWith(255, `Command "%s" is unknown, try "%s %s help".`, word, tool, object)
}

// value takes the value of an option; none is a failure.
func (w *words) value() (string, error) {
	if !w.more() {
		return "", missing("")
	}
	return w.next(), nil
}

// device takes the name of an interface of ns.
func (w *words) device(ns *stack.Namespace) (*stack.Interface, error) {
	name, err := w.value()
	if err != nil {
		return nil, err
	}
	i := ns.Interface(name)
	if i == nil {
		return nil, noDevice(name)
	}
	return i, nil
}
