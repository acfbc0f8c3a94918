package netconf

import "dnetsim/userland"

// Busybox is the applets of busybox 1.35.0 as Debian builds it.
func Busybox() map[string]userland.Program {
	return map[string]userland.Program{
		"arp":      busyboxARP,
		"brctl":    busyboxBrctl,
		"ifconfig": busyboxIfconfig,
		"ip":       busyboxIP,
		"ipneigh":  busyboxIPNeigh,
		"netstat":  busyboxNetstat,
		"nsenter":  busyboxNsenter,
		"route":    busyboxRoute,
		"sysctl":   busyboxSysctl,
	}
}

// Debian is what a Debian 12 image with net-tools and iproute2 has; CentOS 7's
// net-tools print the same forms.
func Debian() map[string]userland.Program {
	return map[string]userland.Program{
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
	}
}

// Host is [Debian] with what a host that runs Docker has besides.
func Host() map[string]userland.Program {
	set := Debian()
	set["brctl"] = brctlProgram
	set["conntrack"] = conntrackProgram
	set["ethtool"] = ethtoolProgram
	for name, program := range iptablesPrograms() {
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
	for name, program := range iptablesPrograms() {
		set[name] = program
	}
	return set
}
