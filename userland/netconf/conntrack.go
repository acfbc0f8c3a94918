package netconf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/stack/netfilter"
	"dnetsim/userland"
)

const conntrackVersion = "conntrack v1.4.7 (conntrack-tools): "

// conntrackTool is one run of conntrack.
type conntrackTool struct {
	p        *userland.Process
	command  string
	proto    int // -1: any
	src, dst netip.Prefix
	rsrc     netip.Prefix
	rdst     netip.Prefix
	sport    int
	dport    int
	state    string
	status   string
	six      bool
}

// conntrackProgram is conntrack of conntrack-tools.
func conntrackProgram(p *userland.Process) int {
	t := &conntrackTool{p: p, proto: -1, sport: -1, dport: -1}
	if err := t.read(&words{list: p.Args[1:]}); err != nil {
		return finish(p, err)
	}
	switch t.command {
	case "L":
		list := t.flows()
		for _, f := range list {
			p.Printf("%s\n", f)
		}
		p.Errorf(conntrackVersion+"%d flow entries have been shown.\n", len(list))
	case "C":
		p.Printf("%d\n", len(p.NS().Conntrack()))
	case "S":
		for cpu := range 2 {
			p.Printf("cpu=%-4d\tfound=0 invalid=0 insert=0 insert_failed=0 drop=0 early_drop=0 error=0 search_restart=0 clash_resolve=0 chaintoolong=0 \n", cpu)
		}
	case "F":
		p.NS().Netfilter(false).DeleteFlows(nil)
		p.NS().Netfilter(true).DeleteFlows(nil)
		p.Errorf(conntrackVersion + "connection tracking table has been emptied.\n")
	case "D":
		return t.delete()
	default:
		emit(p, usage("conntrack"))
	}
	return 0
}

func (t *conntrackTool) bad(format string, args ...any) error {
	return exitWith(2, "%s%s\nTry `conntrack -h' or 'conntrack --help' for more information.",
		conntrackVersion, fmt.Sprintf(format, args...))
}

var conntrackLong = map[string]string{
	"--dump": "-L", "--list": "-L", "--count": "-C", "--stats": "-S", "--flush": "-F", "--delete": "-D", "--get": "-G",
	"--protonum": "-p", "--proto": "-p", "--src": "-s", "--orig-src": "-s", "--dst": "-d", "--orig-dst": "-d",
	"--reply-src": "-r", "--reply-dst": "-q", "--family": "-f", "--output": "-o", "--help": "-h", "--version": "-V",
	"--status": "-u", "--zone": "-w",
}

func (t *conntrackTool) read(w *words) (err error) {
	for w.more() && err == nil {
		arg := w.next()
		if short, ok := conntrackLong[arg]; ok {
			arg = short
		}
		switch arg {
		case "-L", "-C", "-S", "-F", "-D", "-G":
			t.command = arg[1:]
			if word := w.peek(); word == "conntrack" || word == "expect" {
				w.next()
			}
		case "-p":
			err = t.protocol(w.next())
		case "-s":
			t.src, err = t.prefix(w.next())
		case "-d":
			t.dst, err = t.prefix(w.next())
		case "-r":
			t.rsrc, err = t.prefix(w.next())
		case "-q":
			t.rdst, err = t.prefix(w.next())
		case "--sport", "--orig-port-src":
			t.sport, err = strconv.Atoi(w.next())
		case "--dport", "--orig-port-dst":
			t.dport, err = strconv.Atoi(w.next())
		case "--state":
			t.state = w.next()
		case "-u":
			t.status = w.next()
		case "-f":
			t.six = w.next() == "ipv6"
		case "-o", "-w", "-m", "-b", "-e", "-t":
			w.next()
		case "-n", "-g", "-j":
			if !strings.HasPrefix(w.peek(), "-") {
				w.next()
			}
		case "-V":
			emit(t.p, "conntrack v1.4.7 (conntrack-tools)\n")
			return &failure{0, ""}
		case "-h":
			t.command = ""
			return nil
		case "-z":
			if t.command == "" {
				err = t.bad("Illegal option `--zero' with this command")
			}
		default:
			if strings.HasPrefix(arg, "-") {
				err = exitWith(2, "conntrack: invalid option -- '%s'\n%sUnknown argument\nTry `conntrack -h' or 'conntrack --help' for more information.",
					strings.TrimLeft(arg, "-"), conntrackVersion)
			}
		}
	}
	return err
}

func (t *conntrackTool) protocol(name string) error {
	known := map[string]int{"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "sctp": 132, "gre": 47, "udplite": 136, "dccp": 33}
	number, ok := known[name]
	if !ok {
		var err error
		if number, err = strconv.Atoi(name); err != nil {
			return t.bad("`%s' unsupported protocol", name)
		}
	}
	t.proto = number
	return nil
}

func (t *conntrackTool) prefix(text string) (netip.Prefix, error) {
	p, _, ok := parsePrefix(text)
	if !ok {
		return p, t.bad("Invalid IP address")
	}
	t.six = t.six || p.Addr().Is6()
	return p, nil
}

// takes reports whether a flow is one that the options select.
func (t *conntrackTool) takes(f netfilter.Flow) bool {
	within := func(p netip.Prefix, a netip.Addr) bool { return !p.IsValid() || p.Contains(a) }
	switch {
	case f.Orig.Src.Is6() != t.six, t.proto >= 0 && int(f.Proto) != t.proto:
		return false
	case t.sport >= 0 && int(f.Orig.SrcPort) != t.sport, t.dport >= 0 && int(f.Orig.DstPort) != t.dport:
		return false
	case t.state != "" && f.State != t.state, t.status == "ASSURED" && !f.Assured:
		return false
	}
	return within(t.src, f.Orig.Src) && within(t.dst, f.Orig.Dst) && within(t.rsrc, f.Reply.Src) && within(t.rdst, f.Reply.Dst)
}

func (t *conntrackTool) flows() []netfilter.Flow {
	var out []netfilter.Flow
	for _, f := range t.p.NS().Conntrack() {
		if t.takes(f) {
			out = append(out, f)
		}
	}
	return out
}

func (t *conntrackTool) delete() int {
	list := t.flows()
	t.p.NS().Netfilter(t.six).DeleteFlows(t.takes)
	for _, f := range list {
		t.p.Printf("%s\n", f)
	}
	t.p.Errorf(conntrackVersion+"%d flow entries have been deleted.\n", len(list))
	if len(list) == 0 {
		return 1
	}
	return 0
}

// ipvsadmProgram is ipvsadm, as far as it lists.
func ipvsadmProgram(p *userland.Process) int {
	numeric := false
	for _, a := range p.Args[1:] {
		switch a {
		case "-L", "-l", "--list", "--sort":
		case "-n", "--numeric", "-Ln", "-ln", "-nL", "-nl":
			numeric = true
		default:
			p.Errorf("dnetsim does not simulate ipvsadm %s: -L and -n are what there is\n", a)
			return 2
		}
	}
	if p.NS().Without().IPVS {
		p.Errorf("Can't initialize ipvs: Protocol not available\nAre you sure that IP Virtual Server is built in the kernel or as module?\n")
		return 2
	}
	p.Printf("IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n")
	if !p.NS().HasIPVS() {
		return 0
	}
	flows := p.NS().Conntrack()
	for _, s := range p.NS().IPVS().Services() {
		if s.Mark != 0 {
			p.Printf("FWM  %d rr\n", s.Mark)
		} else {
			p.Printf("%-4s %s rr\n", strings.ToUpper(protoText(s.Proto)), s.At)
		}
		for _, d := range s.Dests {
			active, idle := 0, 0
			for _, f := range flows {
				switch {
				case f.Reply.Src != d.At.Addr() || f.Orig.Dst == f.Reply.Src:
				case f.State == "ESTABLISHED":
					active++
				default:
					idle++
				}
			}
			at := d.At.String()
			if d.At.Port() == 0 && !numeric {
				at = d.At.Addr().String() + ":0"
			}
			p.Printf("  -> %-28s Masq    %-6d %-10d %-10d\n", at, d.Weight, active, idle)
		}
	}
	return 0
}

func protoText(p uint8) string {
	if p == 17 {
		return "udp"
	}
	return "tcp"
}
