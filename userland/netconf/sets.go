package netconf

import (
	"slices"
	"strings"

	"dnetsim/userland"
)

// Busybox is the applets of busybox 1.35.0 as Debian builds it.
func Busybox() map[string]userland.Program {
	return guarded(map[string]userland.Program{
		"arp":      busyboxARP,
		"brctl":    busyboxBrctl,
		"ifconfig": busyboxIfconfig,
		"ip":       busyboxIP,
		"ipneigh":  busyboxIPNeigh,
		"netstat":  busyboxNetstat,
		"nsenter":  busyboxNsenter,
		"route":    busyboxRoute,
		"sysctl":   busyboxSysctl,
	}, busyboxPrivileges)
}

// Debian is what a Debian 12 image with net-tools and iproute2 has; CentOS 7's
// net-tools print the same forms.
func Debian() map[string]userland.Program {
	return guarded(map[string]userland.Program{
		"arp":      netToolsARP,
		"bridge":   bridgeProgram,
		"ifconfig": netToolsIfconfig,
		"ip":       ipProgram,
		"netstat":  netToolsNetstat,
		"nsenter":  nsenter,
		"route":    netToolsRoute,
		"ss":       ssProgram,
		"sysctl":   procpsSysctl,
		"tc":       tcProgram,
	}, debianPrivileges)
}

// Host is [Debian] with what a host that runs Docker has besides.
func Host() map[string]userland.Program {
	set := Debian()
	set["brctl"] = brctlProgram
	set["conntrack"] = conntrackProgram
	set["ipvsadm"] = ipvsadmProgram
	set["ethtool"] = ethtoolProgram
	for name, program := range guarded(iptablesPrograms(), nil) {
		set[name] = program
	}
	return set
}

// CentOS6 is what a CentOS 6 image has: net-tools 1.60 with its "Link encap"
// form of ifconfig, iproute2 and the iptables tools.
func CentOS6() map[string]userland.Program {
	set := Debian()
	delete(set, "bridge")
	set["ifconfig"] = oldIfconfig
	set["netstat"] = oldNetstat
	set["ethtool"] = ethtoolProgram
	for name, program := range guarded(iptablesPrograms(), nil) {
		set[name] = program
	}
	return set
}

// privilege is what a program says to somebody without CAP_NET_ADMIN, as in an
// ordinary container, who wants to change something with it.
type privilege struct {
	changes func(args []string) bool
	text    func(args []string) string
	exit    int
}

func says(text string) func([]string) string { return func([]string) string { return text + "\n" } }

const notPermitted = "RTNETLINK answers: Operation not permitted"

// privileges are those programs, by the set that they are in.
var (
	debianPrivileges = map[string]privilege{
		"ip": {ipChanges, says(notPermitted), 2}, "tc": {changesSecond, says(notPermitted), 2}, "bridge": {changesSecond, says(notPermitted), 255},
		"ifconfig": {setsInterface, says("SIOCSIFADDR: Operation not permitted\nSIOCSIFFLAGS: Operation not permitted"), 255},
		"route":    {addsOrDeletes, says("SIOCADDRT: Operation not permitted"), 7},
		"arp":      {setsNeighbour, says("SIOCSARP: Operation not permitted"), 255},
	}
	busyboxPrivileges = map[string]privilege{
		"ip":       {ipChanges, busyboxIPDenied, 2},
		"ifconfig": {setsInterface, says("ifconfig: SIOCSIFADDR: Operation not permitted"), 1},
		"route":    {addsOrDeletes, says("route: SIOCADDRT: Operation not permitted"), 1},
		"arp":      {setsNeighbour, says("arp: SIOCSARP: Operation not permitted"), 1},
		"brctl":    {func(args []string) bool { return len(args) > 1 && args[0] != "show" }, says("brctl: bridge: Operation not permitted"), 1},
	}
)

// guarded are programs that ask for CAP_NET_ADMIN before they change anything.
func guarded(set map[string]userland.Program, by map[string]privilege) map[string]userland.Program {
	for name, program := range set {
		guard, ok := by[name]
		if strings.HasPrefix(name, "iptables") || strings.HasPrefix(name, "ip6tables") {
			guard, ok = tablesPrivilege(name), true
		}
		if !ok {
			continue
		}
		set[name] = func(p *userland.Process) int {
			if args := p.Args[1:]; !userland.NetAdmin.HeldBy(p) && guard.changes(args) {
				p.Errorf("%s", guard.text(args))
				return guard.exit
			}
			return program(p)
		}
	}
	return set
}

// tablesPrivilege is that of the iptables programs, which may not even list.
func tablesPrivilege(name string) privilege {
	program, _, _ := strings.Cut(name, "-")
	return privilege{
		func(args []string) bool {
			return !slices.ContainsFunc(args, func(a string) bool { return a == "-V" || a == "--version" || a == "-h" || a == "--help" })
		},
		func(args []string) string {
			table := "filter"
			if i := slices.Index(args, "-t"); i >= 0 && i+1 < len(args) {
				table = args[i+1]
			}
			return program + " v1.8.9 (legacy): can't initialize " + program + " table `" + table +
				"': Permission denied (you must be root)\nPerhaps " + program + " or your kernel needs to be upgraded.\n"
		}, 3,
	}
}

// objectAndVerb are the object and the verb of an ip, tc or bridge command line.
func objectAndVerb(args []string) (object, verb string) {
	var rest []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-n" || abbreviates(a, "-netns", "-family", "-batch") && len(a) > 2:
			i++
		case !strings.HasPrefix(a, "-"):
			rest = append(rest, a)
		}
	}
	return word(rest, 0), word(rest, 1)
}

func word(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

var changingVerbs = []string{"add", "append", "prepend", "change", "chg", "replace", "delete", "flush"}

func ipChanges(args []string) bool {
	object, verb := objectAndVerb(args)
	return abbreviates(verb, changingVerbs...) || abbreviates(object, "link") && abbreviates(verb, "set")
}

func changesSecond(args []string) bool {
	_, verb := objectAndVerb(args)
	return abbreviates(verb, changingVerbs...)
}

// setsInterface: ifconfig with more than a name.
func setsInterface(args []string) bool {
	n := 0
	for _, a := range args {
		if !strings.HasPrefix(a, "-") || n > 0 {
			n++
		}
	}
	return n > 1
}

func addsOrDeletes(args []string) bool {
	return slices.Contains(args, "add") || slices.Contains(args, "del")
}

func setsNeighbour(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "-s" || a == "-d" || a == "--set" || a == "--delete" })
}

// busyboxIPDenied: link's settings are ioctls, the rest is netlink's.
func busyboxIPDenied(args []string) string {
	object, verb := objectAndVerb(args)
	call := ""
	if abbreviates(object, "link") && abbreviates(verb, "set", "change") {
		call = "SIOCSIFFLAGS"
		for _, a := range args {
			switch a {
			case "mtu":
				call = "SIOCSIFMTU"
			case "name":
				call = "SIOCSIFNAME"
			case "address":
				call = "SIOCSIFHWADDR"
			case "txqueuelen", "qlen":
				call = "SIOCSIFTXQLEN"
			}
		}
	}
	if call == "" {
		return "ip: " + notPermitted + "\n"
	}
	return "ip: " + call + ": Operation not permitted\n"
}
