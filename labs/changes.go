package labs

import (
	"slices"
	"strings"
)

// reads are programs that only look, or send a few packets: no task's checks can hold
// after them that did not before.
var reads = strings.Fields(`arping awk cal cat clear curl cut date df dig diff dmesg du echo egrep env explain false fgrep
	file find free getent grep head help history host hostnamectl id jq journalctl last ldd less ls lsof md5sum more
	nc ncat nslookup netstat ping ping6 pgrep printf ps pwd resolvectl seq sh -sh bash -bash ash -ash sleep sort ss ssh stat strace
	tail tcpdump tee telnet test time top tr traceroute tracepath tree true uname uniq uptime watch wc wget which who whoami xargs`)

// dockerReads are docker's commands that only look. "docker exec" is here because
// what it runs is heard of by itself.
var dockerReads = strings.Fields(`attach diff events exec export history images info inspect logs ls port ps search stats top version wait`)

var dockerGroups = strings.Fields(`builder config container context image manifest network node plugin secret service stack swarm system volume`)

// verbs change something with programs that otherwise look.
var verbs = strings.Fields(`a ad add append ap c ch change chg d de del delete down f flush fl r replace rep restart s set start stop up
	add-br addbr delbr addif delif -A -D -I -R -F -P -N -X -Z -E -w -i -c -s`)

// changes reports whether a program's line may have changed the world's state. What
// is not known may.
func changes(line string) bool {
	all := strings.Fields(line)
	if script, ok := scripted(all); ok {
		return strings.Contains(script, ">") || slices.ContainsFunc(strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(";&|\n", r) }), changes)
	}
	if len(all) == 0 || slices.Contains(reads, all[0]) {
		return false
	}
	args := slices.DeleteFunc(slices.Clone(all[1:]), func(a string) bool { return strings.HasPrefix(a, "--") })
	switch all[0] {
	case "docker":
		plain := slices.DeleteFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") })
		if len(plain) == 0 || slices.Contains(dockerReads, plain[0]) {
			return false
		}
		return !(slices.Contains(dockerGroups, plain[0]) && (len(plain) == 1 || slices.Contains(dockerReads, plain[1]) || plain[1] == "df"))
	case "ip", "bridge":
		plain := slices.DeleteFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") })
		return len(plain) > 1 && slices.ContainsFunc(plain[1:], func(a string) bool { return slices.Contains(verbs, a) })
	case "arp", "iptables", "ip6tables", "brctl", "conntrack", "sysctl", "tc", "ethtool", "ipvsadm":
		return slices.ContainsFunc(args, func(a string) bool { return slices.Contains(verbs, a) || strings.Contains(a, "=") })
	case "nft": // the command may be one word in quotes, or in a file
		words := strings.Fields(strings.Join(slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") && a != "-f" }), " "))
		return len(words) > 0 && words[0] != "list"
	case "iptables-save", "ip6tables-save":
		return false
	case "ifconfig":
		return len(args) > 1
	case "route":
		return slices.Contains(args, "add") || slices.Contains(args, "del")
	case "hostname":
		return len(args) > 0 && !strings.HasPrefix(args[0], "-")
	case "systemctl", "service":
		return !slices.Contains(args, "status")
	case "sed":
		return slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-i") })
	}
	return true
}

// scripted is the script that a shell or another machine gets with the line, whose
// programs nobody hears of one by one.
func scripted(all []string) (string, bool) {
	switch {
	case len(all) > 2 && all[1] == "-c" && slices.Contains([]string{"sh", "ash", "bash"}, all[0]):
		return strings.Join(all[2:], " "), true
	case len(all) > 2 && all[0] == "ssh":
		rest := all[1:]
		for len(rest) > 1 && strings.HasPrefix(rest[0], "-") {
			if slices.Contains([]string{"-l", "-p", "-i", "-o"}, rest[0]) {
				rest = rest[1:]
			}
			rest = rest[1:]
		}
		return strings.Join(rest[1:], " "), len(rest) > 1
	}
	return "", false
}
