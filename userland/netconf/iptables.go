package netconf

import (
	"strings"

	"dnetsim/stack/netfilter"
	"dnetsim/userland"
)

// iptablesPrograms are iptables 1.8.9's programs: command lines over the rules
// of the namespace, which know the words and forms themselves.
func iptablesPrograms() map[string]userland.Program {
	set := map[string]userland.Program{}
	for _, v6 := range []bool{false, true} {
		name := "iptables"
		if v6 {
			name = "ip6tables"
		}
		for _, variant := range []string{"", "-legacy", "-nft"} {
			either := func(run func(*userland.Process, bool) int) userland.Program {
				return func(p *userland.Process) int {
					if nft := p.NS().Without().IPTables; nft && variant == "-legacy" || !nft && variant == "-nft" {
						return otherVariant(p, name+variant)
					}
					return run(p, v6)
				}
			}
			set[name+variant] = either(iptablesRun)
			set[name+variant+"-save"] = either(iptablesSave)
			set[name+variant+"-restore"] = either(iptablesRestore)
		}
	}
	return guarded(set, nil)
}

// otherVariant is iptables' variant that this host has no use for. A kernel without iptables
// has no tables for the legacy one; what the other one would put beside the legacy rules is
// not simulated.
func otherVariant(p *userland.Process, name string) int {
	switch {
	case strings.HasSuffix(name, "-nft"):
		return fail(p, 1, "dnetsim: "+name+": this host's iptables is the legacy one, and rules of both are not simulated")
	case strings.HasSuffix(p.Args[0], "-save"):
		return 0
	}
	short := strings.TrimSuffix(name, "-legacy")
	p.Errorf("%s v1.8.9 (legacy): can't initialize %s table `filter': Table does not exist (do you need to insmod?)\nPerhaps %s or your kernel needs to be upgraded.\n", short, short, short)
	return 3
}

func iptablesRun(p *userland.Process, v6 bool) int {
	out, bad := p.NS().Netfilter(v6).Run(p.Args[1:])
	emit(p, out)
	return iptablesEnd(p, bad)
}

func iptablesEnd(p *userland.Process, bad *netfilter.ExitError) int {
	if bad == nil {
		return 0
	}
	p.Errorf("%s", bad.Text)
	return bad.Code
}

// saveName is the name under which the program calls itself in its messages.
func saveName(v6 bool, what string) string {
	if v6 {
		return "ip6tables-" + what
	}
	return "iptables-" + what
}

func iptablesSave(p *userland.Process, v6 bool) int {
	var o netfilter.SaveOptions
	w := &words{list: p.Args[1:]}
	for w.more() {
		switch arg := w.next(); arg {
		case "-t", "--table":
			o.Tables = append(o.Tables, w.next())
		case "-c", "--counters":
			o.Counters = true
		case "-V", "--version":
			emit(p, saveName(v6, "save")+" "+netfilter.Version(p.NS().Netfilter(v6))+"\n")
			return 0
		case "-M", "--modprobe", "-f", "--file":
			w.next()
		default:
			return fail(p, 1, "Unknown arguments found on commandline")
		}
	}
	for _, t := range o.Tables {
		if !knownTable(t) {
			return fail(p, 1, saveName(v6, "save")+": Cannot initialize: Table does not exist (do you need to insmod?)")
		}
	}
	emit(p, p.NS().Netfilter(v6).Save(o))
	return 0
}

func knownTable(name string) bool {
	switch name {
	case "filter", "nat", "mangle", "raw", "security":
		return true
	}
	return false
}

func iptablesRestore(p *userland.Process, v6 bool) int {
	var o netfilter.RestoreOptions
	file := "-"
	w := &words{list: p.Args[1:]}
	for w.more() {
		arg := w.next()
		switch arg {
		case "-n", "--noflush":
			o.NoFlush = true
		case "-t", "--test":
			o.Test = true
		case "-c", "--counters":
			o.Counters = true
		case "-T", "--table":
			o.Table = w.next()
		case "-V", "--version":
			emit(p, saveName(v6, "restore")+" "+netfilter.Version(p.NS().Netfilter(v6))+"\n")
			return 0
		case "-v", "--verbose", "-h", "--help", "-w", "--wait":
		case "-W", "--wait-interval", "-M", "--modprobe":
			w.next()
		default:
			if !strings.HasPrefix(arg, "-") {
				file = arg
			}
		}
	}
	data, err := readInput(p, file)
	if err != nil {
		return fail(p, 1, "Can't open "+file+": "+err.Error())
	}
	return iptablesEnd(p, p.NS().Netfilter(v6).Restore(string(data), o))
}
