package cli

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"dnetsim/engine"
	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/netconf"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
	"dnetsim/userland/traffic"
)

// lab is one host with a running daemon and a shell on it.
type lab struct {
	t     testing.TB
	loop  *sim.Loop
	host  *modes.Host
	shell *shell.Shell
}

func newLab(t testing.TB, seed uint64) *lab { return newUnluckyLab(t, seed, luck{}) }

// newUnluckyLab is newLab whose docker commands have that luck.
func newUnluckyLab(t testing.TB, seed uint64, unlucky luck) *lab {
	return newLabOf(t, seed, unlucky, "")
}

// newLabOf is newUnluckyLab with an engine of that release.
func newLabOf(t testing.TB, seed uint64, unlucky luck, release string) *lab {
	l := sim.NewLoop(seed)
	ns := stack.New(l, "bdc01", stack.Options{Host: true})
	w := link.NewWire(l, "lan")
	eth, err := ns.AddPhysical("eth0", stack.MAC{0, 0x0c, 0x29, 0xab, 0, 0x11}, w.A())
	if err != nil {
		t.Fatal(err)
	}
	eth.SetUp(true)
	if err := eth.AddAddr(netip.MustParsePrefix("10.0.0.11/24"), stack.AddrOptions{}); err != nil {
		t.Fatal(err)
	}
	h := modes.NewHost(l, modes.HostSpec{
		Name: "bdc01", NS: ns, Engine: release,
		Programs: []map[string]userland.Program{programs.Host(), netconf.Host(), traffic.Host()},
	})
	h.Install(map[string]userland.Program{"docker": program(engine.NewServer(l, h.Daemon), unlucky)})
	b := &lab{t: t, loop: l, host: h, shell: shell.New(h.Machine, shell.Options{Style: shell.Bash})}
	l.Go("start", func(*sim.Proc) {
		if err := h.Daemon.Start(); err != nil {
			t.Error(err)
		}
	})
	l.RunFor(3 * time.Second)
	return b
}

// stamped writes what a process prints, each piece with its instant.
type stamped struct {
	l   *sim.Loop
	out *bytes.Buffer
	at  bool
}

func (w stamped) Write(b []byte) (int, error) {
	if w.at {
		fmt.Fprintf(w.out, "[%v] ", w.l.Now())
	}
	return w.out.Write(b)
}

// run runs a line in the host's shell and returns what it printed.
func (b *lab) run(line string) string { return b.runAt(line, false) }

func (b *lab) runAt(line string, at bool) string {
	b.t.Helper()
	var out bytes.Buffer
	done, w := false, stamped{b.loop, &out, at}
	b.host.Start(userland.ProcSpec{
		Args: []string{"bash"}, Stdout: w, Stderr: w,
		Program: func(p *userland.Process) int { return b.shell.Run(p, line) },
		OnExit:  func(int) { done = true },
	})
	if err := b.loop.Run(func() bool { return done }, b.loop.Now()+time.Hour); err != nil {
		b.t.Errorf("%s: %v", line, err)
	}
	return out.String()
}
