package netconf

import (
	"fmt"
	"net/netip"
	"sort"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/stack/socket"
	"dnetsim/userland"
)

// ssTool is one run of iproute2's ss.
type ssTool struct {
	p                               *userland.Process
	ns                              *stack.Namespace
	tcp, udp, raw, unix             bool
	listen, all, numeric, processes bool
	noHeader, summary, extended     bool
	info, oneline, options, memory  bool
	family                          int
	states                          map[socket.State]bool // nil: by -a and -l
	filter                          ssFilter
	stateShown                      bool
}

// ssProgram is ss.
func ssProgram(p *userland.Process) int {
	t := &ssTool{p: p, ns: p.NS(), stateShown: true}
	err := t.read(&words{list: p.Args[1:]})
	if err == nil {
		t.show()
	}
	return finish(p, err)
}

var ssLong = map[string]byte{
	"help": 'h', "version": 'V', "numeric": 'n', "resolve": 'r', "all": 'a', "listening": 'l', "options": 'o',
	"extended": 'e', "memory": 'm', "processes": 'p', "info": 'i', "summary": 's', "ipv4": '4', "ipv6": '6',
	"packet": '0', "tcp": 't', "udp": 'u', "raw": 'w', "unix": 'x', "no-header": 'H', "oneline": 'O', "sctp": 'S',
	"dccp": 'd', "threads": 'T', "kill": 'K', "mptcp": 'M',
}

func (t *ssTool) read(w *words) error {
	for w.more() && strings.HasPrefix(w.peek(), "-") {
		arg := w.next()
		letters := arg[1:]
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			name, value, has := strings.Cut(name, "=")
			switch name {
			case "family", "query", "socket", "net":
				if !has {
					value = w.next()
				}
				if err := t.valued(map[string]byte{"family": 'f', "query": 'A', "socket": 'A', "net": 'N'}[name], value); err != nil {
					return err
				}
				continue
			}
			c, ok := ssLong[name]
			if !ok {
				return &failure{255, "ss: unrecognized option '" + arg + "'\n" + usage("ss")}
			}
			letters = string(c)
		}
		for k := 0; k < len(letters); k++ {
			c := letters[k]
			if strings.IndexByte("fADFN", c) >= 0 {
				value := letters[k+1:]
				if value == "" {
					value = w.next()
				}
				if err := t.valued(c, value); err != nil {
					return err
				}
				break
			}
			if err := t.letter(c); err != nil {
				return err
			}
		}
	}
	return t.readFilter(w)
}

func (t *ssTool) valued(c byte, value string) error {
	switch c {
	case 'f':
		switch value {
		case "inet":
			t.family = 4
		case "inet6":
			t.family = 6
		case "unix":
			t.unix = true
		case "link", "netlink", "vsock", "tipc", "xdp":
		default:
			return exitWith(1, "ss: \"%s\" is invalid family", value)
		}
	case 'A':
		for _, q := range strings.Split(value, ",") {
			switch q {
			case "tcp":
				t.tcp = true
			case "udp":
				t.udp = true
			case "raw":
				t.raw = true
			case "inet", "all":
				t.tcp, t.udp, t.raw = true, true, true
			case "unix", "netlink", "packet":
				t.unix = true
			default:
				return exitWith(255, "ss: \"%s\" is illegal socket table id\n%s", q, usage("ss"))
			}
		}
	case 'N':
		ns, ok := findNetns(t.p, value)
		if !ok {
			return exitWith(1, `Cannot open network namespace "%s": No such file or directory`, value)
		}
		t.ns = ns
	}
	return nil
}

func (t *ssTool) letter(c byte) error {
	switch c {
	case 'n':
		t.numeric = true
	case 'a':
		t.all = true
	case 'l':
		t.listen = true
	case 'p':
		t.processes = true
	case 'e':
		t.extended = true
	case 'i':
		t.info = true
	case 'm':
		t.memory = true
	case 'o':
		t.options = true
	case 's':
		t.summary = true
	case 't':
		t.tcp = true
	case 'u':
		t.udp = true
	case 'w':
		t.raw = true
	case 'x', '0', 'S', 'd', 'M':
		t.unix = true
	case '4':
		t.family = 4
	case '6':
		t.family = 6
	case 'H':
		t.noHeader = true
	case 'O':
		t.oneline = true
	case 'r', 'T', 'b', 'E', 'K':
	case 'Z', 'z':
		return exitWith(1, "ss: SELinux is not enabled.")
	case 'V':
		emit(t.p, "ss utility, "+iproute2Version+"\n")
		return &failure{0, ""}
	case 'h':
		emit(t.p, usage("ss"))
		return &failure{0, ""}
	default:
		return &failure{255, fmt.Sprintf("ss: invalid option -- '%c'\n%s", c, usage("ss"))}
	}
	return nil
}

// sockets are those that the options and the filter select, by protocol as the
// kernel's tables come: UDP before TCP, IPv4 before IPv6, listening before
// connected ones.
func (t *ssTool) sockets() []stack.SocketInfo {
	any := t.tcp || t.udp || t.raw || t.unix
	on := map[string]bool{"raw": t.raw || !any, "udp": t.udp || !any, "tcp": t.tcp || !any}
	var out []stack.SocketInfo
	for _, proto := range []string{"raw", "udp", "tcp"} {
		var part []stack.SocketInfo
		for _, s := range t.ns.Sockets() {
			if s.Proto == proto && on[proto] && t.selects(s) {
				part = append(part, s)
			}
		}
		sort.SliceStable(part, func(i, k int) bool {
			a, b := part[i], part[k]
			if a.V6 != b.V6 {
				return !a.V6
			}
			return a.State == socket.Listen && b.State != socket.Listen
		})
		out = append(out, part...)
	}
	return out
}

func (t *ssTool) selects(s stack.SocketInfo) bool {
	open := s.State == socket.Listen || s.State == socket.Unconnected
	switch {
	case t.family == 4 && s.V6, t.family == 6 && !s.V6:
		return false
	case t.states != nil:
		if !t.states[s.State] {
			return false
		}
	case t.all:
	case t.listen != open, !t.listen && s.State == socket.TimeWait:
		return false
	}
	return t.filter == nil || t.filter(t, s)
}

// endpoint is an address and a port as ss prints them.
func (t *ssTool) endpoint(s stack.SocketInfo, a netip.AddrPort) (addr, port string) {
	ip := a.Addr()
	port = "*"
	if a.Port() != 0 {
		port = strconv.Itoa(int(a.Port()))
		if !t.numeric {
			port = serviceName(t.p, a.Port(), s.Proto)
		}
	}
	if s.Proto == "raw" && port == "*" && s.Icmp && a == s.Local {
		port = map[bool]string{true: "icmp", false: "ipv6-icmp"}[!s.V6]
		if t.numeric {
			port = map[bool]string{true: "1", false: "58"}[!s.V6]
		}
	}
	switch {
	case !s.V6 && (!ip.IsValid() || ip.IsUnspecified()):
		return "0.0.0.0", port
	case !s.V6:
		return ip.String(), port
	case !ip.IsValid() || ip.IsUnspecified():
		if t.dualStack(s) {
			return "*", port
		}
		return "[::]", port
	}
	if ip.Is4() {
		ip = netip.AddrFrom16(ip.As16())
	}
	return "[" + ip.String() + "]", port
}

// dualStack reports whether an unbound IPv6 socket takes IPv4 as well: ss then
// prints "*". One that shares its port with an IPv4 socket is IPv6 only, too.
func (t *ssTool) dualStack(s stack.SocketInfo) bool {
	if s.V6Only {
		return false
	}
	for _, o := range t.ns.Sockets() {
		if !o.V6 && o.Proto == s.Proto && o.State == s.State && o.Local.Port() == s.Local.Port() {
			return false
		}
	}
	return true
}

func (t *ssTool) show() {
	if t.summary {
		t.showSummary()
		return
	}
	list := t.sockets()
	g := &ssGrid{}
	g.columns(t.netid(), t.stateShown)
	if !t.noHeader {
		g.header()
	}
	for _, s := range list {
		row := []string{s.Proto, s.State.String(), strconv.Itoa(s.RecvQ), strconv.Itoa(s.SendQ), "", "", "", "", ""}
		if s.Proto == "raw" && s.Icmp && s.Remote.IsValid() {
			row[1] = "ESTAB"
		}
		row[4], row[5] = t.endpoint(s, s.Local)
		row[6], row[7] = t.endpoint(s, s.Remote)
		if t.processes && s.PID > 0 && s.State != socket.TimeWait {
			row[8] = fmt.Sprintf(" users:((\"%s\",pid=%d,fd=%d))", s.Owner, s.PID, s.FD)
		}
		g.add(row)
	}
	emit(t.p, g.render(screenWidth(t.p)))
}

// netid reports whether the first column is shown: not for a single protocol.
func (t *ssTool) netid() bool {
	n := 0
	for _, on := range []bool{t.tcp, t.udp, t.raw} {
		if on {
			n++
		}
	}
	return n != 1
}

func (t *ssTool) showSummary() {
	count := map[string]int{}
	four := map[string]int{}
	state := map[socket.State]int{}
	for _, s := range t.ns.Sockets() {
		if s.Proto == "tcp" {
			state[s.State]++
			if s.State == socket.TimeWait {
				continue
			}
		}
		count[s.Proto]++
		if !s.V6 {
			four[s.Proto]++
		}
	}
	total := count["tcp"] + count["udp"] + count["raw"]
	var b strings.Builder
	fmt.Fprintf(&b, "Total: %d\n", total)
	fmt.Fprintf(&b, "TCP:   %d (estab %d, closed %d, orphaned 0, timewait %d)\n\n", count["tcp"]+state[socket.TimeWait],
		state[socket.Established], state[socket.TimeWait], state[socket.TimeWait])
	b.WriteString("Transport Total     IP        IPv6\n")
	inet := [2]int{}
	for _, proto := range []string{"raw", "udp", "tcp"} {
		inet[0] += count[proto]
		inet[1] += four[proto]
		fmt.Fprintf(&b, "%s\t  %-9d %-9d %-9d\n", strings.ToUpper(proto), count[proto], four[proto], count[proto]-four[proto])
	}
	fmt.Fprintf(&b, "INET\t  %-9d %-9d %-9d\n", inet[0], inet[1], inet[0]-inet[1])
	fmt.Fprintf(&b, "FRAG\t  %-9d %-9d %-9d\n\n", 0, 0, 0)
	emit(t.p, b.String())
}
