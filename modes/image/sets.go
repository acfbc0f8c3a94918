package image

import (
	"maps"
	"slices"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/accounts"
	"dnetsim/userland/jq"
	"dnetsim/userland/netconf"
	"dnetsim/userland/nft"
	"dnetsim/userland/packages"
	"dnetsim/userland/programs"
	"dnetsim/userland/traffic"
)

type programSet = func() map[string]userland.Program

// The programs of the images. Debian's has the network tools, as images that people
// make of it for such work have: what is asked of a "debian" in reports of the field
// needs them. Its slim tags and Ubuntu are as the real ones.
var (
	busyboxSets = []programSet{programs.Busybox, netconf.Busybox, traffic.Busybox, accounts.Busybox}
	alpineSets  = append(slices.Clone(busyboxSets), only(traffic.Debian, "getent"))
	centos6Sets = []programSet{programs.CentOS6, netconf.CentOS6, traffic.CentOS6, accounts.Shadow}
	debianSets  = []programSet{programs.Host, netconf.Debian, traffic.Debian, accounts.Shadow}
	slimSets    = []programSet{without(programs.Host, hostOnly+processTools), only(netconf.Debian, "nsenter"), only(traffic.Debian, "getent"), accounts.Shadow}
	ubuntuSets  = []programSet{without(programs.Host, hostOnly), only(netconf.Debian, "nsenter sysctl"), only(traffic.Debian, "getent"), accounts.Shadow}
	// serverSets are those of nginx and httpd: Debian's, without what comes with procps.
	serverSets  = []programSet{without(programs.Host, hostOnly+processTools), netconf.Debian, traffic.Debian, accounts.Shadow}
	centos7Sets = []programSet{
		without(programs.Host, "dash vim nano ssh scp sudo xxd killall mawk"), only(netconf.Debian, "nsenter sysctl ip ss bridge tc"),
		only(traffic.Debian, "getent ping ping6 arping tracepath curl"), accounts.Shadow,
	}
)

// hostOnly are the programs of a host that a plain image lacks, processTools those
// of procps.
const (
	hostOnly     = " vi vim nano less ssh scp column sudo xxd killall gawk systemctl journalctl service lsmod modprobe "
	processTools = " ps top free pgrep pkill uptime w watch kill "
)

// only and without cut a set, by names between blanks.
func only(set programSet, names string) programSet {
	return cut(set, func(name string) bool { return strings.Contains(" "+names+" ", " "+name+" ") })
}

func without(set programSet, names string) programSet {
	return cut(set, func(name string) bool { return !strings.Contains(" "+names+" ", " "+name+" ") })
}

func cut(set programSet, keep func(name string) bool) programSet {
	return func() map[string]userland.Program {
		all := set()
		maps.DeleteFunc(all, func(name string, _ userland.Program) bool { return !keep(name) })
		return all
	}
}

// managed are a family's package managers, and the programs that their packages may
// bring: those have no file before.
func managed(f packages.Family) map[string]userland.Program {
	all := map[string]userland.Program{}
	for _, set := range []programSet{programs.Host, netconf.Host, nft.Programs, traffic.Debian, jq.Programs} {
		maps.Copy(all, set())
	}
	out := packages.Programs(f)
	for _, name := range packages.Every() {
		if p := all[name]; p != nil {
			out[packages.Prefix+name] = p
		}
	}
	return out
}

// joined is all of several maps, the later ones' values before the earlier ones'.
func joined[V any](parts ...map[string]V) map[string]V {
	out := map[string]V{}
	for _, m := range parts {
		maps.Copy(out, m)
	}
	return out
}
