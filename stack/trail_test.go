package stack

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/link/print"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// trailSeeds is how many worlds of random traffic the trail is held against;
// make trail has more.
var trailSeeds = flag.Int("trail.seeds", 200, "worlds of random traffic for the trail's test")

// ledger is a slow and obvious reader of the trail: it keeps every event and
// says at the end whether every packet had exactly one end.
type ledger struct {
	lives map[trail.ID]*life
	order []trail.ID
	wrong []string
}

type life struct {
	story             []string
	ends              int
	carriers, pieces  []trail.ID // encapsulations around it, what it was cut into
	carried, restored int        // times that it went into another, and came out
}

func (l *ledger) of(id trail.ID) *life {
	x := l.lives[id]
	if x == nil {
		x = &life{}
		l.lives[id] = x
		l.order = append(l.order, id)
	}
	return x
}

func (l *ledger) event(e *trail.Event) {
	x := l.of(e.Packet)
	x.story = append(x.story, fmt.Sprintf("%.6f %s %s (%s) %s", e.At.Seconds(), e.Place, e.Verb, e.Why(), print.Packet(e.Frame, print.Options{})))
	switch {
	case e.Packet == 0:
		l.wrong = append(l.wrong, "an event of no packet: "+x.story[len(x.story)-1])
	case len(e.Frame) < link.HeaderLen && e.Verb != trail.Drop:
		l.wrong = append(l.wrong, "an event without a frame: "+x.story[len(x.story)-1])
	case e.Verb == trail.Drop && e.Reason == trail.None:
		l.wrong = append(l.wrong, "a drop without a reason: "+x.story[len(x.story)-1])
	case x.ends > 0:
		l.wrong = append(l.wrong, "a life after the end:\n  "+strings.Join(x.story, "\n  "))
	}
	switch e.Verb {
	case trail.Encapsulate:
		p := l.of(e.Parent)
		p.carriers = append(p.carriers, e.Packet)
		p.carried++
	case trail.Segment:
		p := l.of(e.Parent)
		p.pieces = append(p.pieces, e.Packet)
		if len(p.pieces) == 1 {
			p.carried++
		}
	case trail.Decapsulate, trail.Join:
		x.restored++
	}
	if e.Ends() {
		x.ends++
	}
}

// close reports what is wrong: a packet without an end that is not inside
// another, or in pieces, and what is told twice.
func (l *ledger) close() []string {
	for _, id := range l.order {
		x := l.lives[id]
		inside := x.carried > x.restored // its story goes on, or ended, in another's
		if x.ends == 0 && !inside || x.ends > 1 {
			l.wrong = append(l.wrong, fmt.Sprintf("packet %d has %d ends:\n  %s", id, x.ends, strings.Join(x.story, "\n  ")))
		}
	}
	return l.wrong
}

// traffic is a world of random traffic: two hosts on a LAN, an overlay and a
// bridge with rules on each, macvlans, cables that lose, copy and spoil.
type traffic struct {
	*overlayLab
	t     testing.TB
	rng   *rand.Rand
	boxes []*Namespace
}

func newTraffic(t testing.TB, seed uint64) *traffic {
	l := &traffic{overlayLab: newOverlayLab(t), t: t, rng: rand.New(rand.NewPCG(seed, 1))}
	for h, host := range l.hosts {
		must0(t, host.SetSysctl("net.ipv4.ip_forward", "1"))
		br, err := host.AddBridge("docker0", MAC{2, 0x42, 1, 1, 1, byte(h)})
		must0(t, err)
		must0(t, br.AddAddr(pfx("172.17.0.1/16"), AddrOptions{AutoBroadcast: true}))
		must0(t, br.SetUp(true))
		for i := range 3 {
			l.boxes = append(l.boxes, addBox(t, host, br, i, Options{NoOffload: l.rng.IntN(4) == 0}))
		}
		iptables(t, host, "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE")
		iptables(t, host, "-t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80")
		must0(t, host.AddRoute(Route{Dst: pfx("203.0.113.0/24"), Type: RouteBlackhole}))
		l.boxes = append(l.boxes, l.side[h].box)
	}
	if l.rng.IntN(2) == 0 {
		l.boxes = append(l.boxes, l.macvlan(t, 0, "bridge", "m1", "10.0.0.101/24"), l.macvlan(t, 0, "vepa", "m2", "10.0.0.102/24"))
	}
	l.boxes = append(l.boxes, l.hosts...)
	for _, b := range l.boxes {
		b.ListenTCP(ap("0.0.0.0:80"))
	}
	return l
}

var trafficTargets = []string{
	"172.17.0.1", "172.17.0.2", "172.17.0.3", "172.17.0.9", "172.17.255.255", "172.16.0.1", "172.16.0.2", "172.16.0.7", "172.16.0.254",
	"10.0.0.11", "10.0.0.12", "10.0.0.101", "10.0.0.102", "10.0.0.77", "10.0.0.255", "203.0.113.1", "8.8.8.8", "224.0.0.1", "127.0.0.1",
}

func (l *traffic) box() *Namespace { return l.boxes[l.rng.IntN(len(l.boxes))] }

func (l *traffic) target() netip.Addr {
	return ip(trafficTargets[l.rng.IntN(len(trafficTargets))])
}

// act does one random thing.
func (l *traffic) act() {
	from, to, n := l.box(), l.target(), l.rng.IntN(3000)
	host := l.hosts[l.rng.IntN(2)]
	switch l.rng.IntN(11) {
	case 0, 1:
		l.loop.Go("ping", func(*sim.Proc) { ping(from, to, time.Second) })
	case 2:
		l.loop.Go("datagram", func(*sim.Proc) {
			if c, err := from.ListenUDP(ap("0.0.0.0:5000")); err == nil {
				c.WriteTo(make([]byte, n), netip.AddrPortFrom(to, 5000))
				c.Close()
			}
		})
	case 3, 4:
		port := []uint16{80, 8080, 81}[l.rng.IntN(3)]
		l.loop.Go("client", func(*sim.Proc) {
			if c, err := from.DialTCP(netip.AddrPort{}, netip.AddrPortFrom(to, port), time.Second); err == nil {
				c.Write(make([]byte, 10*n))
				c.Close()
			}
		})
	case 5:
		cable := l.lan.Ports()[l.rng.IntN(2)]
		imp := link.Impairment{
			Loss: l.rng.Float64() / 4, Duplicate: l.rng.Float64() / 4, Reorder: l.rng.Float64() / 4, Corrupt: l.rng.Float64() / 8,
			Rate: int64(l.rng.IntN(2)) * 10_000_000, Queue: 1 + l.rng.IntN(10), MTU: l.rng.IntN(2) * 1400, Down: l.rng.IntN(8) == 0,
		}
		l.wires[cable.Number()-1].A().Impair(imp)
		l.wires[cable.Number()-1].B().Impair(imp)
	case 6:
		rule := []string{
			"-p icmp -j DROP", "-p tcp --dport 80 -j REJECT", "-i docker0 -o docker0 -j DROP", "-p udp -j DROP", "-p udp --dport 4789 -j DROP",
		}[l.rng.IntN(5)]
		chain := "-A FORWARD "
		if l.rng.IntN(2) == 0 && !strings.Contains(rule, "-o") {
			chain = "-A INPUT "
		}
		iptables(l.t, host, chain+rule)
	case 7:
		iptables(l.t, host, "-F")
	case 8:
		host.FlushNeighbours("")
		if i := from.Interface("eth0"); i != nil && l.rng.IntN(3) == 0 {
			i.SetUp(false)
			l.loop.After(300*time.Millisecond, func() { i.SetUp(true) })
		}
	case 9:
		from.SetSysctl("net.ipv4.icmp_echo_ignore_all", fmt.Sprint(l.rng.IntN(2)))
		host.Interface("eth0").SetMTU(1300 + l.rng.IntN(201))
	case 10:
		if l.rng.IntN(6) == 0 && len(l.boxes) > 6 {
			l.boxes[0].Close()
			l.boxes = l.boxes[1:]
		}
	}
	l.loop.RunFor(time.Duration(l.rng.IntN(200)) * time.Millisecond)
}

// run does thirty things and lets what is under way come to its end.
func (l *traffic) run() {
	for range 30 {
		l.act()
	}
	l.loop.RunFor(3 * time.Minute)
}

// end lets a world go: who waits in it would keep it.
func (l *traffic) end() {
	for _, b := range l.boxes {
		b.Close()
	}
	l.loop.Close()
}

// Every packet that is born has exactly one end, and until then one identity,
// through queues, bridges, translation, fragments and tunnels.
func TestEveryPacketHasOneEnd(t *testing.T) {
	seen := map[trail.Verb]int{}
	for seed := range uint64(*trailSeeds) {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { // whose world is let go when it ends
			l := newTraffic(t, seed)
			defer l.end()
			book := &ledger{lives: map[trail.ID]*life{}}
			trail.Of(l.loop).Listen(func(e *trail.Event) {
				seen[e.Verb]++
				book.event(e)
			})
			l.run()
			if wrong := book.close(); len(wrong) > 0 {
				t.Errorf("%d faults; the first: %s", len(wrong), wrong[0])
			}
		}) {
			return
		}
	}
	for v := trail.Send; v <= trail.Join; v++ {
		if seen[v] == 0 && *trailSeeds >= 200 {
			t.Errorf("no packet was ever told to %s: the test sees too little", v)
		}
	}
}

// Who listens sees the same world as nobody does: copies that are made for the
// sake of their identity change nothing.
func TestTheTrailChangesNothing(t *testing.T) {
	end := func(seed uint64, watched bool) string {
		l := newTraffic(t, seed)
		defer l.end()
		if watched {
			trail.Of(l.loop).Listen(func(*trail.Event) {})
		}
		l.run()
		var b strings.Builder
		for _, ns := range l.boxes {
			for _, i := range ns.Interfaces() {
				fmt.Fprintf(&b, "%s/%s %+v\n", ns.Name(), i.Name(), i.Counters())
			}
			for _, n := range ns.Neighbours() {
				fmt.Fprintf(&b, "%+v\n", n)
			}
		}
		io.WriteString(&b, fmt.Sprint(l.loop.Fired()))
		return b.String()
	}
	for seed := range uint64(40) {
		if a, b := end(seed, false), end(seed, true); a != b {
			t.Fatalf("seed %d: the world is another when somebody listens:\n%s\nand\n%s", seed, a, b)
		}
	}
}
