package store

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/consul"
)

// lab is a switch with three hosts: kv (10.0.0.10) runs the store, one and two
// (10.0.0.11, 10.0.0.12) use it.
type lab struct {
	t        testing.TB
	loop     *sim.Loop
	kv       *userland.Machine
	one, two *stack.Namespace
	cables   map[string]*link.Wire
	server   *userland.Process
}

const storeAddr = "10.0.0.10:8500"

func newLab(t testing.TB) *lab {
	loop := sim.NewLoop(1)
	l := &lab{t: t, loop: loop, cables: map[string]*link.Wire{}}
	sw := link.NewBridge(loop, "switch")
	ns := map[string]*stack.Namespace{}
	for i, name := range []string{"kv", "one", "two"} {
		w := link.NewWire(loop, name)
		port := sw.AddPort(name)
		w.B().Attach(port)
		port.Attach(receive(w.B().Send))
		n := stack.New(loop, name, stack.Options{Host: true})
		eth, err := n.AddPhysical("eth0", link.MAC{0, 0xc, 0x29, 0, 0, byte(0x10 + i)}, w.A())
		l.must(err)
		l.must(eth.SetUp(true))
		l.must(eth.AddAddr(netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/24", 10+i)), stack.AddrOptions{}))
		ns[name], l.cables[name] = n, w
	}
	l.kv = userland.NewMachine(loop, "kv", ns["kv"])
	l.kv.Install(consul.Programs())
	l.one, l.two = ns["one"], ns["two"]
	return l
}

type receive func(*link.Frame)

func (r receive) Receive(f *link.Frame) { r(f) }

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// start runs the store; it has a leader when start returns.
func (l *lab) start() {
	l.server = l.kv.Start(userland.ProcSpec{Program: l.kv.Programs["consul"],
		Args: []string{"consul", "agent", "-server", "-bootstrap", "-client=0.0.0.0", "-data-dir=/data"}})
	l.loop.RunFor(3 * time.Second)
	if l.server.Done() {
		l.t.Fatalf("consul does not start; its sockets: %v", l.kv.NS().Sockets())
	}
}

// stop ends the store, as `docker stop` does.
func (l *lab) stop() {
	l.server.Signal(userland.SIGTERM)
	l.loop.RunFor(time.Second)
}

// restart lets the old connections leave TIME-WAIT before the store comes back.
func (l *lab) restart() {
	l.stop()
	l.loop.RunFor(2 * time.Minute)
	l.start()
}

// cut pulls or puts back the cable of a host.
func (l *lab) cut(name string, down bool) { l.cables[name].A().SetDown(down) }

func (l *lab) client(ns *stack.Namespace) *Client {
	e, err := Parse("consul://" + storeAddr)
	l.must(err)
	return New(l.loop, ns, e, Options{})
}

// do runs fn as a process to its end and says how long it took.
func (l *lab) do(fn func()) time.Duration {
	l.t.Helper()
	from := l.loop.Now()
	p := l.loop.Go("test", func(*sim.Proc) { fn() })
	if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
		l.t.Fatal(err)
	}
	return l.loop.Now() - from
}

// is compares an error's text; "" is none.
func (l *lab) is(what string, err error, want string) {
	l.t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		l.t.Errorf("%s\ngot:  %s\nwant: %s", what, got, want)
	}
}

func (l *lab) kvSpec(flags ...string) userland.ProcSpec {
	return userland.ProcSpec{Program: l.kv.Programs["consul"],
		Args: append([]string{"consul", "agent", "-client=0.0.0.0", "-data-dir=/data"}, flags...)}
}

// iptables runs a command on the store's host.
func (l *lab) iptables(args string) {
	l.t.Helper()
	if _, err := l.kv.NS().Netfilter(false).Run(strings.Fields(args)); err != nil {
		l.t.Fatal(err)
	}
}
