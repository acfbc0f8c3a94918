package serf

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
)

// lab is hosts on one switch, 10.0.0.11 upwards, with an agent on each that
// wants one.
type lab struct {
	t     testing.TB
	loop  *sim.Loop
	hosts []*host
}

type host struct {
	*Agent
	lab    *lab
	name   string
	ip     netip.Addr
	ns     *stack.Namespace
	wire   *link.Wire
	log    []string
	events []string
	user   []string
	answer func(*Query)
}

func newLab(t testing.TB, n int) *lab { return seededLab(t, n, 1) }

func seededLab(t testing.TB, n int, seed uint64) *lab {
	l := &lab{t: t, loop: sim.NewLoop(seed)}
	br := link.NewBridge(l.loop, "lan")
	for i := range n {
		h := &host{lab: l, name: fmt.Sprintf("bdc%02d", i+1), ip: netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)})}
		h.ns = stack.New(l.loop, h.name, stack.Options{Host: true})
		h.wire = link.NewWire(l.loop, "wire"+h.name)
		h.wire.Cut = true
		eth, err := h.ns.AddPhysical("eth0", link.MAC{0, 0xc, 0x29, 0xab, 0, byte(0x11 + i)}, h.wire.A())
		l.must(err)
		br.AddPort(h.name).Connect(h.wire.B())
		l.must(eth.SetUp(true))
		l.must(eth.AddAddr(netip.PrefixFrom(h.ip, 24), stack.AddrOptions{AutoBroadcast: true}))
		l.hosts = append(l.hosts, h)
	}
	t.Cleanup(func() {
		for _, h := range l.hosts {
			if h.Agent != nil {
				h.Shutdown()
			}
			h.ns.Close()
		}
	})
	return l
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// start makes the host's agent under a name.
func (h *host) start(name string) {
	h.lab.t.Helper()
	a, err := New(h.lab.loop, h.ns, Config{
		NodeName: name, BindAddr: h.ip, UserCoalesce: time.Second, UserQuiescent: 50 * time.Millisecond,
		Log: func(level, line string) {
			h.log = append(h.log, fmt.Sprintf("%.3f %s", h.lab.loop.Now().Seconds(), line))
		},
		Events: func(ev Event) {
			switch ev.Type {
			case EventUser:
				h.user = append(h.user, fmt.Sprintf("%s %s", ev.Name, ev.Payload))
			case EventQuery:
				if h.answer != nil {
					h.answer(ev.Query)
				}
			default:
				h.events = append(h.events, ev.Type.String()+" "+ev.Members[0].Name)
			}
		},
	})
	h.lab.must(err)
	h.Agent = a
}

// startAll starts every agent under its host's name.
func (l *lab) startAll() {
	for _, h := range l.hosts {
		h.start(h.name)
	}
}

// do runs fn as a process until it ends.
func (l *lab) do(fn func()) {
	l.t.Helper()
	p := l.loop.Go("test", func(*sim.Proc) { fn() })
	if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
		l.t.Fatalf("the process never ended: %v", err)
	}
}

// join lets h join another host and returns the error.
func (h *host) join(to *host, ignoreOld bool) (n int, err error) {
	h.lab.t.Helper()
	h.lab.do(func() { n, err = h.Join([]string{to.ip.String()}, ignoreOld) })
	return n, err
}

// pair is two hosts whose agents know each other.
func pair(t testing.TB) (*lab, *host, *host) {
	l := newLab(t, 2)
	l.startAll()
	n, err := l.hosts[1].join(l.hosts[0], true)
	if n != 1 || err != nil {
		t.Fatalf("join: %d, %v", n, err)
	}
	l.loop.RunFor(5 * time.Second)
	return l, l.hosts[0], l.hosts[1]
}

func (h *host) iptables(args string) {
	h.lab.t.Helper()
	h.lab.must(h.ns.Netfilter(false).Exec(strings.Fields(args)...))
}

// cut takes the host off the network without its noticing; heal undoes it.
func (h *host) cut() {
	h.wire.A().Impair(link.Impairment{Loss: 1})
	h.wire.B().Impair(link.Impairment{Loss: 1})
}

func (h *host) heal() {
	h.wire.A().Impair(link.Impairment{})
	h.wire.B().Impair(link.Impairment{})
}

func (h *host) logged(words string) bool {
	return strings.Contains(strings.Join(h.log, "\n"), words)
}

func (h *host) wantLog(words ...string) {
	h.lab.t.Helper()
	for _, w := range words {
		if !h.logged(w) {
			h.lab.t.Errorf("%s did not log %q, but\n%s", h.name, w, strings.Join(h.log, "\n"))
		}
	}
}

// status is what h thinks of all members.
func (h *host) status() string {
	var out []string
	for _, m := range h.Members() {
		out = append(out, m.Name+" "+m.Status.String())
	}
	return strings.Join(out, ", ")
}

func (h *host) wantStatus(want string) {
	h.lab.t.Helper()
	if got := h.status(); got != want {
		h.lab.t.Errorf("%s sees %q, want %q; log\n%s", h.name, got, want, strings.Join(h.log, "\n"))
	}
}
