package netconf

import (
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// nsenter is util-linux' nsenter. Of the namespaces it changes the network one;
// the others are taken and left as they are.
func nsenter(p *userland.Process) int { return runNsenter(p, false) }

// busyboxNsenter is busybox's nsenter.
func busyboxNsenter(p *userland.Process) int { return runNsenter(p, true) }

// nsenterRequest is what the command line asks for.
type nsenterRequest struct {
	pid     string
	net     bool
	file    string // of the network namespace
	command []string
}

var nsenterLong = map[string]string{
	"all": "a", "target": "t", "mount": "m", "uts": "u", "ipc": "i", "net": "n", "pid": "p", "cgroup": "C", "user": "U",
	"time": "T", "setuid": "S", "setgid": "G", "root": "r", "wd": "w", "wdns": "W", "no-fork": "F", "help": "h",
	"version": "V", "preserve-credentials": "", "follow-context": "Z",
}

func readNsenter(args []string) (r nsenterRequest, bad string) {
	w := &words{list: args}
	for strings.HasPrefix(w.peek(), "-") && w.peek() != "-" {
		arg := w.next()
		if arg == "--" {
			break
		}
		letters, value := arg[1:], ""
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			name, value, _ = strings.Cut(name, "=")
			if letters, ok = nsenterLong[name]; !ok {
				return r, "unrecognized option '" + arg + "'"
			}
		}
		for k := 0; k < len(letters); k++ {
			rest := letters[k+1:]
			switch c := letters[k]; c {
			case 'h', 'V':
				return r, string(c)
			case 't', 'S', 'G':
				if value == "" {
					value = rest
				}
				if value == "" {
					value = w.next()
				}
				if c == 't' {
					r.pid = value
				}
				k = len(letters)
			case 'n', 'm', 'u', 'i', 'p', 'C', 'U', 'T', 'r', 'w':
				if rest != "" && (strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "=")) {
					value, k = strings.TrimPrefix(rest, "="), len(letters)
				}
				if c == 'n' {
					r.net, r.file = true, value
				}
			case 'a':
				r.net = true
			case 'F', 'Z', 'W':
			default:
				return r, "invalid option -- '" + string(c) + "'"
			}
		}
	}
	r.command = w.rest()
	return r, ""
}

func runNsenter(p *userland.Process, busybox bool) int {
	r, bad := readNsenter(p.Args[1:])
	switch {
	case bad == "h" && busybox, bad == "V" && busybox:
		return busyboxHelp(p, "nsenter", 0)
	case bad == "h":
		emit(p, usage("nsenter"))
		return 0
	case bad == "V":
		emit(p, "nsenter from util-linux 2.38.1\n")
		return 0
	case bad != "" && busybox:
		p.Errorf("nsenter: %s\n", bad)
		return busyboxHelp(p, "nsenter", 1)
	case bad != "":
		return fail(p, 1, "nsenter: "+bad+"\nTry 'nsenter --help' for more information.")
	}
	ns := p.NS()
	if r.net {
		var status int
		if ns, status = nsenterTarget(p, r, busybox); status != 0 {
			return status
		}
	}
	if len(r.command) == 0 {
		r.command = []string{"sh"}
	}
	status, err := runIn(p, ns, r.command)
	if err == nil {
		return status
	}
	if busybox {
		return fail(p, 127, "nsenter: can't execute '"+r.command[0]+"': No such file or directory")
	}
	return fail(p, 127, "nsenter: failed to execute "+r.command[0]+": No such file or directory")
}

// nsenterTarget finds the namespace; status is not zero if there is none.
func nsenterTarget(p *userland.Process, r nsenterRequest, busybox bool) (ns *stack.Namespace, status int) {
	ref := r.file
	switch {
	case ref == "" && r.pid == "" && busybox:
		return nil, busyboxHelp(p, "nsenter", 1)
	case ref == "" && r.pid == "":
		return nil, fail(p, 1, "nsenter: neither filename nor target pid supplied for ns/net")
	case ref == "":
		ref = "/proc/" + r.pid + "/ns/net"
	}
	ns, ok := findNetns(p, ref)
	switch {
	case ok:
		return ns, 0
	case busybox:
		return nil, fail(p, 1, "nsenter: can't open '"+ref+"': No such file or directory")
	}
	return nil, fail(p, 1, "nsenter: cannot open "+ref+": No such file or directory")
}
