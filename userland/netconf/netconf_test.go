package netconf

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// bench is a host as the captures have it, and a container on its docker0.
type bench struct {
	t         *testing.T
	loop      *sim.Loop
	host, box *userland.Machine
}

func mustMAC(t *testing.T, text string) link.MAC {
	t.Helper()
	mac, err := link.ParseMAC(text)
	if err != nil {
		t.Fatal(err)
	}
	return mac
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newHost is bdc01 before any container: eth0 on a cable, docker0 without a
// port.
func newHost(t *testing.T) *bench {
	t.Helper()
	loop := sim.NewLoop(1)
	ns := stack.New(loop, "bdc01", stack.Options{Host: true})
	wire := link.NewWire(loop, "lan")
	eth0, err := ns.AddPhysical("eth0", mustMAC(t, "00:0c:29:ab:00:11"), wire.A())
	check(t, err)
	check(t, eth0.AddAddr(netip.MustParsePrefix("10.0.0.11/24"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, eth0.SetUp(true))
	check(t, ns.AddRoute(stack.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("10.0.0.2"), Dev: "eth0"}))
	docker0, err := ns.AddBridge("docker0", mustMAC(t, "02:42:6e:0e:41:7a"))
	check(t, err)
	check(t, docker0.AddAddr(netip.MustParsePrefix("172.17.0.1/16"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, docker0.SetUp(true))
	m := userland.NewMachine(loop, "bdc01", ns)
	m.Install(Host())
	loop.RunFor(5 * time.Second)
	return &bench{t: t, loop: loop, host: m}
}

// newBox adds a container with 172.17.0.2 to the host.
func newBox(t *testing.T, set map[string]userland.Program) *bench {
	t.Helper()
	b := newHost(t)
	ns := stack.New(b.loop, "bbox1", stack.Options{})
	outer, inner, err := stack.NewVeth(b.host.NS(), "vethb321fbf", mustMAC(t, "42:87:e7:fa:fe:e2"), b.host.NS(), "veth0f00", mustMAC(t, "02:42:ac:11:00:02"))
	check(t, err)
	check(t, outer.SetMaster(b.host.NS().Interface("docker0")))
	check(t, inner.MoveTo(ns, "eth0"))
	check(t, outer.SetUp(true))
	check(t, inner.AddAddr(netip.MustParsePrefix("172.17.0.2/16"), stack.AddrOptions{AutoBroadcast: true}))
	check(t, inner.SetUp(true))
	check(t, ns.AddRoute(stack.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("172.17.0.1"), Dev: "eth0"}))
	b.box = userland.NewMachine(b.loop, "bbox1", ns)
	b.box.Install(set)
	b.loop.RunFor(5 * time.Second)
	return b
}

// run runs a command line and returns both streams and the status.
func (b *bench) run(m *userland.Machine, line string) (string, int) {
	b.t.Helper()
	var out strings.Builder
	args := strings.Fields(line)
	program := m.Programs[args[0]]
	if program == nil {
		b.t.Fatalf("%s: no such program", args[0])
	}
	p := m.Start(userland.ProcSpec{Program: program, Args: args, Stdout: &out, Stderr: &out})
	if err := b.loop.Run(p.Done, 0); err != nil {
		b.t.Fatalf("%s: %v", line, err)
	}
	return out.String(), p.Status()
}

// expect compares a command's output and status. In a wanted text that begins
// with a newline, a vertical bar at the end of a line stands for its end, so
// that spaces there can be seen.
func (b *bench) expect(m *userland.Machine, line string, status int, want string) {
	b.t.Helper()
	got, s := b.run(m, line)
	if strings.HasPrefix(want, "\n") {
		want = strings.ReplaceAll(want[1:], "|\n", "\n")
	}
	if got != want || s != status {
		b.t.Errorf("%s: status %d, want %d\n--- got\n%s--- want\n%s", line, s, status, visible(got), visible(want))
	}
}

func visible(text string) string { return strings.ReplaceAll(text, "\n", "|\n") }
