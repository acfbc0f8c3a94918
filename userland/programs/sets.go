package programs

import (
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// words are the programs that every set has.
func tables() []map[string]applet {
	return []map[string]applet{
		textTable, fileTable, systemTable, processTable, runnerTable, digestTable,
		{"grep": grep, "egrep": egrep, "fgrep": fgrep, "sed": sed, "awk": awk, "cut": cut, "tr": tr},
	}
}

// Busybox is the set of a busybox image: its applets that are no network
// programs.
func Busybox() map[string]userland.Program {
	set := in(false, tables()...)
	for _, n := range []string{"sudo", "xxd", "getent", "setpriv", "vim", "nano", "stdbuf", "pkill_", "lsmod", "modprobe"} {
		delete(set, n)
	}
	set["sh"] = shell.Sh(shell.Ash)
	set["ash"] = set["sh"]
	set["busybox"] = busybox
	return set
}

// Host is the set of a host: Debian 12's tools, with ssh and systemd's.
func Host() map[string]userland.Program {
	set := in(true, append(tables(), serviceTable, map[string]applet{"nsenter": nsenter, "ssh": ssh, "scp": scp, "column": column, "gawk": awk, "mawk": awk})...)
	delete(set, "usleep")
	set["sh"] = shell.Sh(shell.HostSh)
	set["dash"] = set["sh"]
	set["bash"] = shell.Sh(shell.Bash)
	return set
}

// CentOS6 is the set of the centos:6.9 image.
func CentOS6() map[string]userland.Program {
	set := in(true, append(tables(), map[string]applet{"gawk": awk})...)
	for _, n := range []string{"sudo", "xxd", "vim", "nano", "stdbuf"} {
		delete(set, n)
	}
	set["sh"] = shell.Sh(shell.Bash)
	set["bash"] = set["sh"]
	return set
}

// busybox runs an applet by name: busybox NAME [ARG]....
func busybox(p *userland.Process) int {
	if len(p.Args) < 2 || p.Args[1] == "--list" || p.Args[1] == "--help" {
		if len(p.Args) < 2 || p.Args[1] == "--help" {
			p.Printf("BusyBox v1.35.0 multi-call binary.\n\nUsage: busybox [function [arguments]...]\n   or: busybox --list\n\nCurrently defined functions:\n")
		}
		for _, n := range installed(p.Machine) {
			p.Printf("%s\n", n)
		}
		return 0
	}
	prog, ok := p.Machine.Programs[p.Args[1]]
	if !ok {
		p.Errorf("%s: applet not found\n", p.Args[1])
		return 127
	}
	p.Args = p.Args[1:]
	return prog(p)
}
