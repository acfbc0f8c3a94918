package consul

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/traffic"
)

// lab is two hosts on a cable: consul runs on kv0 (10.0.0.11), curl on both.
type lab struct {
	t        *testing.T
	loop     *sim.Loop
	kv, peer *userland.Machine
	server   *userland.Process
	out      *bytes.Buffer
}

func newLab(t *testing.T) *lab {
	loop := sim.NewLoop(1)
	w := link.NewWire(loop, "cable")
	l := &lab{t: t, loop: loop}
	l.kv = l.host("kv0", "10.0.0.11/24", link.MAC{0, 0xc, 0x29, 0, 0, 0x11}, w.A())
	l.peer = l.host("bdc02", "10.0.0.12/24", link.MAC{0, 0xc, 0x29, 0, 0, 0x12}, w.B())
	return l
}

func (l *lab) host(name, prefix string, mac link.MAC, end *link.End) *userland.Machine {
	ns := stack.New(l.loop, name, stack.Options{Host: true})
	i, err := ns.AddPhysical("eth0", mac, end)
	l.must(err)
	l.must(i.SetUp(true))
	l.must(i.AddAddr(netip.MustParsePrefix(prefix), stack.AddrOptions{}))
	m := userland.NewMachine(l.loop, name, ns)
	m.Install(traffic.Host(), Programs())
	return m
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// serve starts consul and gives it time to elect itself.
func (l *lab) serve(args ...string) {
	l.out = &bytes.Buffer{}
	l.server = l.kv.Start(userland.ProcSpec{Program: consul, Args: append([]string{"consul", "agent"}, args...), Stdout: l.out, Stderr: l.out})
	l.loop.RunFor(3 * time.Second)
}

func (l *lab) stop() {
	l.server.Signal(userland.SIGTERM)
	l.loop.RunFor(time.Second)
}

// begin starts a command line on a machine.
func (l *lab) begin(m *userland.Machine, line, stdin string) (*userland.Process, *bytes.Buffer) {
	args := strings.Fields(line)
	out := &bytes.Buffer{}
	return m.Start(userland.ProcSpec{Program: m.Programs[args[0]], Args: args, Stdin: strings.NewReader(stdin), Stdout: out, Stderr: out}), out
}

func (l *lab) run(m *userland.Machine, line string) string {
	l.t.Helper()
	p, out := l.begin(m, line, "")
	if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
		l.t.Fatalf("%s: %v", line, err)
	}
	return out.String()
}

// check compares what curl prints for a request to the server.
func (l *lab) check(request, want string) {
	l.t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	path, body, hasBody := strings.Cut(rest, " ")
	line := "curl -s -X " + method + " http://10.0.0.11:8500" + path
	if hasBody {
		line += " -d " + body
	}
	if got := l.run(l.peer, line); got != want {
		l.t.Errorf("%s\ngot:  %s\nwant: %s", request, got, want)
	}
}

var serverFlags = []string{"-server", "-bootstrap", "-client=0.0.0.0", "-data-dir", "/data"}
