package traffic

import (
	"bytes"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// lab is a small copy of the captured topology: two containers and a Debian box
// on docker0 of a host, and a router with the internet behind it.
//
//	bbox1 172.17.0.2 ─┐
//	bbox2 172.17.0.3 ─┼ docker0 172.17.0.1 [host] 10.0.0.11 ─── 10.0.0.2 [router] 220.181.38.150
//	tools 172.17.0.4 ─┘
type lab struct {
	t                                 *testing.T
	loop                              *sim.Loop
	bbox1, bbox2, tools, host, router *userland.Machine
	wire                              *link.Wire
	zone                              *names.Zone
}

func newLab(t *testing.T) *lab {
	loop := sim.NewLoop(1)
	l := &lab{t: t, loop: loop, zone: &names.Zone{Local: []string{""}}}
	hostNS := stack.New(loop, "host", stack.Options{Host: true})
	routerNS := stack.New(loop, "router", stack.Options{Host: true})
	l.wire = link.NewWire(loop, "cable")
	uplink := l.physical(hostNS, "00:0c:29:ab:00:11", l.wire.A())
	l.addr(uplink, "10.0.0.11/24")
	l.addr(l.physical(routerNS, "00:50:56:e0:00:02", l.wire.B()), "10.0.0.2/24")
	l.addr(routerNS.Interface("lo"), "220.181.38.150/32")
	docker0, err := hostNS.AddBridge("docker0", l.mac("02:42:6e:0e:41:7a"))
	l.must(err)
	l.addr(docker0, "172.17.0.1/16")
	l.must(docker0.SetUp(true))
	l.must(hostNS.SetSysctl("net.ipv4.ip_forward", "1"))
	l.route(hostNS, "0.0.0.0/0", "10.0.0.2")
	l.route(routerNS, "172.17.0.0/16", "10.0.0.11")
	l.host, l.router = l.machine("bdc01", hostNS, Host()), l.machine("router", routerNS, Host())
	l.bbox1 = l.machine("bbox1", l.container(docker0, "bbox1", 2), Busybox())
	l.bbox2 = l.machine("bbox2", l.container(docker0, "bbox2", 3), Busybox())
	l.tools = l.machine("tools", l.container(docker0, "tools", 4), Debian())
	l.zone.AddHost("www.a.shifen.com", netip.MustParseAddr("220.181.38.150"))
	l.zone.AddAlias("www.baidu.com", "www.a.shifen.com")
	l.start(l.router, (&names.Server{Zone: l.zone}).Run, "dnsmasq")
	l.loop.RunFor(5 * time.Second)
	return l
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) mac(text string) link.MAC {
	m, err := link.ParseMAC(text)
	l.must(err)
	return m
}

func (l *lab) physical(ns *stack.Namespace, mac string, end *link.End) *stack.Interface {
	i, err := ns.AddPhysical("eth0", l.mac(mac), end)
	l.must(err)
	l.must(i.SetUp(true))
	return i
}

func (l *lab) addr(i *stack.Interface, prefix string) {
	l.must(i.AddAddr(netip.MustParsePrefix(prefix), stack.AddrOptions{}))
}

func (l *lab) route(ns *stack.Namespace, dst, via string) {
	l.t.Helper()
	l.must(ns.AddRoute(stack.Route{Dst: netip.MustParsePrefix(dst), Via: netip.MustParseAddr(via)}))
}

func (l *lab) container(bridge *stack.Interface, name string, n byte) *stack.Namespace {
	ns := stack.New(l.loop, name, stack.Options{})
	mac := link.MAC{2, 0x42, 172, 17, 0, n}
	in, out, err := stack.NewVeth(ns, "eth0", mac, bridge.Namespace(), "veth"+name, link.MAC{0x7a, 1, 2, 3, 4, n})
	l.must(err)
	l.must(out.SetMaster(bridge))
	l.must(out.SetUp(true))
	l.must(in.SetUp(true))
	l.addr(in, netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 17, 0, n}), 16).String())
	l.route(ns, "0.0.0.0/0", "172.17.0.1")
	return ns
}

func (l *lab) machine(name string, ns *stack.Namespace, programs map[string]userland.Program) *userland.Machine {
	m := userland.NewMachine(l.loop, name, ns)
	m.Install(programs)
	l.file(m, "/etc/hosts", "127.0.0.1\tlocalhost\n10.9.8.7\tdb\n")
	l.file(m, "/etc/resolv.conf", "nameserver 10.0.0.2\n")
	return m
}

func (l *lab) file(m *userland.Machine, name, text string) {
	l.t.Helper()
	l.must(m.FS().WriteFile(name, []byte(text), 0o644))
}

// start runs a program in the background.
func (l *lab) start(m *userland.Machine, prog userland.Program, args ...string) (*userland.Process, *bytes.Buffer) {
	out := &bytes.Buffer{}
	p := m.Start(userland.ProcSpec{Program: prog, Args: args, Stdout: out, Stderr: out})
	l.loop.RunFor(time.Millisecond)
	return p, out
}

// spawn starts a command line, split at spaces, in the background.
func (l *lab) spawn(m *userland.Machine, line, stdin string) (*userland.Process, *bytes.Buffer) {
	l.t.Helper()
	args := strings.Fields(line)
	prog, ok := m.Programs[args[0]]
	if !ok {
		l.t.Fatalf("no program %s", args[0])
	}
	out := &bytes.Buffer{}
	p := m.Start(userland.ProcSpec{Program: prog, Args: args, Stdin: strings.NewReader(stdin), Stdout: out, Stderr: out})
	return p, out
}

// run runs a command line to its end.
func (l *lab) run(m *userland.Machine, line, stdin string) (string, int) {
	l.t.Helper()
	p, out := l.spawn(m, line, stdin)
	l.wait(p)
	return out.String(), p.Status()
}

func (l *lab) wait(p *userland.Process) {
	l.t.Helper()
	if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
		l.t.Fatalf("%v: %v", p.Args, err)
	}
}

// check compares what a command prints with the wanted text, in which "<n>"
// stands for any number.
func (l *lab) check(m *userland.Machine, line, stdin string, status int, want string) {
	l.t.Helper()
	got, s := l.run(m, line, stdin)
	compare(l.t, line, got, want)
	if s != status {
		l.t.Errorf("%s: exit status %d, want %d", line, s, status)
	}
}

func compare(t *testing.T, line, got, want string) {
	t.Helper()
	if !matches(got, want) {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", line, got, want)
	}
}

// matches reports whether got is want with a number for each "<n>".
func matches(got, want string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "<n>", `[0-9]+(\.[0-9]+)?`)
	return regexp.MustCompile("^" + pattern + "$").MatchString(got)
}
