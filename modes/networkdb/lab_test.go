package networkdb

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/sim"
	"dnetsim/stack"
)

// lab is hosts on one switch, 10.0.0.11 upwards, each with a node.
type lab struct {
	t     testing.TB
	loop  *sim.Loop
	lan   *link.Bridge
	hosts []*host
}

type host struct {
	*DB
	lab   *lab
	ip    netip.Addr
	ns    *stack.Namespace
	log   []string
	seen  map[string]string // key → value, as it was told
	bytes map[int]int       // lengths of datagrams that left it
}

var keys = [][]byte{[]byte("0123456789abcdef"), []byte("fedcba9876543210")}

func newLab(t testing.TB, n int) *lab {
	l := &lab{t: t, loop: sim.NewLoop(1)}
	l.lan = link.NewBridge(l.loop, "lan")
	for i := range n {
		l.add(i, netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)}))
	}
	t.Cleanup(func() {
		for _, h := range l.hosts {
			h.Close()
			h.ns.Close()
		}
	})
	return l
}

// add puts host number i on the switch; its node says that it has an address.
func (l *lab) add(i int, advertise netip.Addr) *host {
	l.t.Helper()
	l.loop.RunFor(93 * time.Millisecond) // nobody's clock ticks with another's
	h := &host{lab: l, ip: netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)}), seen: map[string]string{}, bytes: map[int]int{}}
	name := fmt.Sprintf("bdc%02d", i+1)
	h.ns = stack.New(l.loop, name, stack.Options{Host: true})
	wire := link.NewWire(l.loop, "wire"+name)
	eth, err := h.ns.AddPhysical("eth0", link.MAC{0, 0xc, 0x29, 0xab, 0, byte(0x11 + i)}, wire.A())
	l.must(err)
	l.lan.AddPort(name).Connect(wire.B())
	l.must(eth.SetUp(true))
	l.must(eth.AddAddr(netip.PrefixFrom(h.ip, 24), stack.AddrOptions{AutoBroadcast: true}))
	eth.Observe(func(_ link.Direction, f *link.Frame) {
		var size int
		text := print.Packet(f.Bytes(), print.Options{})
		if i := strings.LastIndex(text, "UDP, length "); i >= 0 && strings.Contains(text, "IP "+h.ip.String()+".7946 > ") {
			fmt.Sscan(text[i+12:], &size)
			h.bytes[size]++
		}
	})
	l.hosts = append(l.hosts, h)
	h.start(fmt.Sprintf("%012x", 0xa00+i), advertise)
	return h
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (h *host) start(id string, advertise netip.Addr) {
	h.lab.t.Helper()
	db, err := New(h.lab.loop, h.ns, Config{
		NodeID: id, Hostname: h.ns.Name(), Bind: netip.IPv4Unspecified(), Advertise: advertise, Keys: keys[:1],
		PacketBuffer: 1400, Rand: h.lab.loop.Stream(h.ns.Name() + id), Later: true,
		Log: func(level, text string, _ ...string) {
			h.log = append(h.log, fmt.Sprintf("%.3f %s %s", h.lab.loop.Now().Seconds(), level, text))
		},
		Notify: func(e Event) {
			if e.Op == Delete {
				delete(h.seen, e.Network+"/"+e.Key)
				return
			}
			h.seen[e.Network+"/"+e.Key] = string(e.Value)
		},
	})
	h.lab.must(err)
	h.DB = db
}

// do runs fn as a process until it ends.
func (l *lab) do(fn func()) {
	l.t.Helper()
	p := l.loop.Go("test", func(*sim.Proc) { fn() })
	if err := l.loop.Run(p.Done, l.loop.Now()+time.Hour); err != nil {
		l.t.Fatalf("the process never ended: %v", err)
	}
}

// together joins every host to the first one.
func (l *lab) together() {
	l.t.Helper()
	for _, h := range l.hosts[1:] {
		l.do(func() { l.must(h.Join([]string{"10.0.0.11"})) })
	}
}

func (h *host) iptables(args string) {
	h.lab.t.Helper()
	h.lab.must(h.ns.Netfilter(false).Exec(strings.Fields(args)...))
}

// others are the nodes that live as the host's one sees it, without itself.
func (h *host) others() int { return h.nodes.count(active) - 1 }

func (h *host) peers(network string) string {
	var out []string
	for _, p := range h.Peers(network) {
		out = append(out, p.IP)
	}
	return strings.Join(out, " ")
}

func (h *host) wantLog(words ...string) {
	h.lab.t.Helper()
	all := strings.Join(h.log, "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			h.lab.t.Errorf("%s did not log %q, but\n%s", h.ns.Name(), w, all)
		}
	}
}
