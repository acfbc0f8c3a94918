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

// netstatTool is one run of netstat, in net-tools' or busybox's form.
type netstatTool struct {
	p                               *userland.Process
	busybox, old                    bool
	tcp, udp, raw, unix             bool
	listen, all, numeric, programs  bool
	route, interfaces, stats, group bool
	wide, timers                    bool
	extend                          int
	family                          int
}

// netToolsNetstat is netstat of net-tools 2.10.
func netToolsNetstat(p *userland.Process) int { return runNetstat(&netstatTool{p: p}) }

// oldNetstat is netstat of net-tools 1.60: each line of a socket ends in a
// space.
func oldNetstat(p *userland.Process) int { return runNetstat(&netstatTool{p: p, old: true}) }

// busyboxNetstat is busybox's netstat, built without -p.
func busyboxNetstat(p *userland.Process) int {
	for _, a := range p.Args[1:] {
		if a == "--help" {
			return busyboxHelp(p, "netstat", 0)
		}
	}
	return runNetstat(&netstatTool{p: p, busybox: true})
}

var netstatLong = map[string]string{
	"route": "r", "interfaces": "i", "groups": "g", "statistics": "s", "verbose": "v", "wide": "W", "numeric": "n",
	"numeric-hosts": "n", "numeric-ports": "n", "numeric-users": "", "symbolic": "N", "extend": "e", "programs": "p",
	"program": "p", "timers": "o", "continuous": "c", "listening": "l", "all": "a", "fib": "F", "cache": "C",
	"tcp": "t", "udp": "u", "raw": "w", "unix": "x", "inet": "4", "inet6": "6", "version": "V", "help": "h",
}

func runNetstat(t *netstatTool) int {
	for _, arg := range t.p.Args[1:] {
		if !strings.HasPrefix(arg, "-") || len(arg) < 2 {
			continue
		}
		letters := arg[1:]
		if strings.HasPrefix(arg, "--") {
			l, ok := netstatLong[arg[2:]]
			if !ok || t.busybox {
				return t.badOption("unrecognized option '" + arg + "'")
			}
			letters = l
		}
		for _, c := range letters {
			if status := t.letter(c); status >= 0 {
				return status
			}
		}
	}
	t.show()
	return 0
}

func (t *netstatTool) badOption(what string) int {
	t.p.Errorf("netstat: %s\n", what)
	if t.busybox {
		return busyboxHelp(t.p, "netstat", 1)
	}
	return fail(t.p, 3, strings.TrimSuffix(usage("netstat"), "\n"))
}

// letter is one option; the result is below zero to go on.
func (t *netstatTool) letter(c rune) int {
	if t.busybox && !strings.ContainsRune("laentuwxrW", c) {
		return t.badOption(fmt.Sprintf("invalid option -- '%c'", c))
	}
	switch c {
	case 't':
		t.tcp = true
	case 'u':
		t.udp = true
	case 'w':
		t.raw = true
	case 'x':
		t.unix = true
	case 'l':
		t.listen = true
	case 'a':
		t.all = true
	case 'n':
		t.numeric = true
	case 'p':
		t.programs = true
	case 'r':
		t.route = true
	case 'i':
		t.interfaces = true
	case 's':
		t.stats = true
	case 'g':
		t.group = true
	case 'e':
		t.extend++
	case 'W':
		t.wide = true
	case 'o':
		t.timers = true
	case '4':
		t.family = 4
	case '6':
		t.family = 6
	case 'v', 'N', 'c', 'F', 'C', 'U', 'S', 'M', 'Z':
	case 'V':
		emit(t.p, "net-tools 2.10\nFred Baumgarten, Alan Cox, Bernd Eckenfels, Phil Blundell, Tuan Hoang, Brian Micek and others\n")
		return 0
	case 'h', '?':
		return fail(t.p, 0, strings.TrimSuffix(usage("netstat"), "\n"))
	default:
		return t.badOption(fmt.Sprintf("invalid option -- '%c'", c))
	}
	return -1
}

func (t *netstatTool) show() {
	switch {
	case t.route:
		r := &routeTool{p: t.p, busybox: t.busybox, numeric: t.numeric, six: t.family == 6, extend: 1}
		emit(t.p, r.table())
	case t.interfaces:
		t.showInterfaces()
	case t.stats:
		emit(t.p, netstatStatistics(t.p.NS(), t.tcp, t.udp, t.raw))
	case t.group:
		t.showGroups()
	default:
		t.showSockets()
	}
}

func (t *netstatTool) showInterfaces() {
	var b strings.Builder
	b.WriteString("Kernel Interface table\n")
	views := ifViews(t.p.NS(), t.all)
	if t.extend > 0 {
		for _, v := range views {
			b.WriteString(newForm{}.interfaceText(v))
		}
		emit(t.p, b.String())
		return
	}
	b.WriteString("Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n")
	for _, v := range views {
		b.WriteString(ifTableRow(v))
	}
	emit(t.p, b.String())
}

func (t *netstatTool) showGroups() {
	var b strings.Builder
	b.WriteString("IPv6/IPv4 Group Memberships\nInterface       RefCnt Group\n--------------- ------ ---------------------\n")
	for _, i := range t.p.NS().Interfaces() {
		if !i.Up() {
			continue
		}
		fmt.Fprintf(&b, "%-15s %-6d %s\n", i.Name(), 1, "224.0.0.1")
	}
	for _, i := range t.p.NS().Interfaces() {
		for _, a := range i.Addrs() {
			if a.Prefix.Addr().Is6() && a.Scope == stack.ScopeLink {
				fmt.Fprintf(&b, "%-15s %-6d %s\n%-15s %-6d ff02::1\n", i.Name(), 1, solicited(a.Prefix.Addr()), i.Name(), 1)
			}
		}
	}
	emit(t.p, b.String())
}

// solicited is the solicited-node multicast group of an address (RFC 4291).
func solicited(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0xff, 0x02, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

// netstatStates are the states in netstat's words.
var netstatStates = map[socket.State]string{
	socket.Listen: "LISTEN", socket.Established: "ESTABLISHED", socket.SynSent: "SYN_SENT", socket.SynReceived: "SYN_RECV",
	socket.FinWait1: "FIN_WAIT1", socket.FinWait2: "FIN_WAIT2", socket.TimeWait: "TIME_WAIT", socket.CloseWait: "CLOSE_WAIT",
	socket.LastAck: "LAST_ACK", socket.Closing: "CLOSING", socket.Unconnected: "",
}

// sockets are the sockets of one protocol that the options select, as /proc
// lists them: listening before connected ones, IPv4 before IPv6.
func (t *netstatTool) sockets(proto string) []stack.SocketInfo {
	var out []stack.SocketInfo
	for _, s := range t.p.NS().Sockets() {
		open := s.State == socket.Listen || s.State == socket.Unconnected
		switch {
		case s.Proto != proto, t.family == 4 && s.V6, t.family == 6 && !s.V6:
		case t.all, t.listen == open:
			out = append(out, s)
		}
	}
	sort.SliceStable(out, func(i, k int) bool {
		a, b := out[i], out[k]
		if a.V6 != b.V6 {
			return !a.V6
		}
		return a.State == socket.Listen && b.State != socket.Listen
	})
	return out
}

func (t *netstatTool) showSockets() {
	any := t.tcp || t.udp || t.raw || t.unix
	var b strings.Builder
	which := "w/o servers"
	switch {
	case t.all:
		which = "servers and established"
	case t.listen:
		which = "only servers"
	}
	if !any || t.tcp || t.udp || t.raw {
		fmt.Fprintf(&b, "Active Internet connections (%s)\n", which)
		b.WriteString("Proto Recv-Q Send-Q Local Address           Foreign Address         State      ")
		if t.busybox || t.old {
			b.WriteString(" ")
		}
		if t.extend > 0 && !t.busybox {
			b.WriteString(" User       Inode     ")
		}
		if t.programs {
			b.WriteString(" PID/Program name    ")
		}
		b.WriteString("\n")
		for _, proto := range []string{"tcp", "udp", "raw"} {
			on := map[string]bool{"tcp": t.tcp, "udp": t.udp, "raw": t.raw}[proto]
			if any && !on {
				continue
			}
			for _, s := range t.sockets(proto) {
				b.WriteString(t.socketLine(s))
			}
		}
	}
	if !any || t.unix {
		fmt.Fprintf(&b, "Active UNIX domain sockets (%s)\n", which)
		gap := "  "
		if t.busybox {
			gap = ""
		}
		fmt.Fprintf(&b, "Proto RefCnt Flags       Type       State         I-Node %sPath\n", gap)
	}
	emit(t.p, b.String())
}

func (t *netstatTool) socketLine(s stack.SocketInfo) string {
	proto := s.Proto
	if s.V6 && !t.busybox {
		proto += "6"
	}
	state := netstatStates[s.State]
	if s.Proto == "udp" && s.Remote.IsValid() && s.Remote.Port() != 0 {
		state = "ESTABLISHED"
	}
	if s.Proto == "raw" {
		state = "7"
	}
	recv, send := s.RecvQ, s.SendQ
	if s.State == socket.Listen {
		recv, send = 0, 0
	}
	line := fmt.Sprintf("%-4s  %6d %6d %-23s %-23s %-11s", proto, recv, send,
		t.endpoint(s, s.Local, false), t.endpoint(s, s.Remote, true), state)
	if t.busybox || t.old {
		line += " "
	}
	if t.extend > 0 && !t.busybox {
		line += fmt.Sprintf(" %-10s %-9d ", "root", 0)
	}
	if t.programs {
		owner := "-"
		if s.PID > 0 && s.State != socket.TimeWait {
			owner = strconv.Itoa(s.PID) + "/" + s.Owner
		}
		line += fmt.Sprintf(" %-20s", owner)
	}
	return line + "\n"
}

// endpoint is an address with its port, the address cut so that the port fits
// into 22 columns. net-tools shows an IPv4 peer of an IPv6 socket as IPv4,
// busybox as it is.
func (t *netstatTool) endpoint(s stack.SocketInfo, a netip.AddrPort, remote bool) string {
	addr := a.Addr()
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
		if s.V6 {
			addr = netip.IPv6Unspecified()
		}
	}
	if s.V6 && addr.Is4() && addr.IsUnspecified() {
		addr = netip.IPv6Unspecified()
	}
	text := addr.Unmap().String()
	if s.V6 && t.busybox && (addr.Is4() || addr.Is4In6()) {
		text = "::ffff:" + addr.Unmap().String()
	}
	if !t.numeric && !addr.IsUnspecified() {
		if name, ok := hostName(t.p, addr.Unmap()); ok {
			text = name
		}
	}
	port := "*"
	if a.Port() != 0 {
		port = strconv.Itoa(int(a.Port()))
		if !t.numeric {
			port = serviceName(t.p, a.Port(), s.Proto)
		}
	}
	if addr.IsUnspecified() && !t.numeric && !s.V6 {
		if remote || t.busybox {
			text = "0.0.0.0"
		}
	}
	if room := 22 - len(port); len(text) > room && !t.wide {
		text = text[:room]
	}
	return text + ":" + port
}
