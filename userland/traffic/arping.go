package traffic

import (
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

// arper is one run of an arping: requests over a packet socket, and the replies
// that pass the interface.
type arper struct {
	p        *userland.Process
	busybox  bool
	to, src  netip.Addr
	iface    *stack.Interface
	count    int
	deadline time.Duration
	quiet    bool
	once     bool // -f: quit on the first reply
	dad      bool // -D
	gratis   bool // -U and -A: announce
	replies  []arpReply
	arrived  sim.Cond

	sent, broadcasts, received int
	peer                       link.MAC // broadcast until somebody answered
	lastSent                   time.Duration
}

type arpReply struct {
	mac link.MAC
	at  time.Duration
	bc  bool
}

// arpingBusybox and arpingIputils differ in few words.
func arpingBusybox(p *userland.Process) int { return runArping(p, true) }

func arpingIputils(p *userland.Process) int { return runArping(p, false) }

func runArping(p *userland.Process, busybox bool) int {
	o, err := parseOptions(p, p.Args[1:], "DUAqfb!V!c:w:i:!I:s:", nil)
	if err != nil || len(o.Rest) != 1 {
		if err != nil {
			p.Errorf("arping: %v\n", err)
		}
		p.Errorf("Usage: arping [-fqbDUA] [-c CNT] [-w TIMEOUT] [-I IFACE] [-s SRC_IP] DST_IP\n")
		return 2
	}
	if !userland.NetRaw.HeldBy(p) {
		if busybox {
			p.Errorf("arping: socket(AF_PACKET,2,0): Operation not permitted\n")
		} else {
			p.Errorf("arping: socket: Operation not permitted\n")
		}
		return 2
	}
	a := &arper{
		p: p, busybox: busybox, quiet: o.Has("q"), once: o.Has("f"), dad: o.Has("D"), gratis: o.Has("U", "A"),
		peer: link.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	if v, ok := o.Value("c"); ok {
		if a.count, ok = number(v, 1, 1<<31-1); !ok {
			p.Errorf("arping: invalid argument: '%s'\n", v)
			return 2
		}
	}
	if v, ok := o.Value("w"); ok {
		if a.deadline, ok = seconds(v); !ok {
			p.Errorf("arping: invalid argument: '%s'\n", v)
			return 2
		}
	}
	if status := a.target(o); status != 0 {
		return status
	}
	return a.run()
}

func (a *arper) target(o *options) int {
	addrs, _, err := names.Resolve(a.p, o.Rest[0], names.ResolveOptions{Family: 4})
	if err != nil {
		if a.busybox {
			a.p.Errorf("arping: bad address '%s'\n", o.Rest[0])
		} else {
			a.p.Errorf("arping: %s: %s\n", o.Rest[0], userland.Reason(err))
		}
		return 2
	}
	a.to = addrs[0]
	name, given := o.Value("I")
	if !given {
		r, err := a.p.NS().RouteGet(a.to, netip.Addr{})
		if err != nil || r.Dev == "lo" {
			a.p.Errorf("arping: Suitable device could not be determined. Please, use option -I.\n")
			return 2
		}
		name = r.Dev
	}
	a.iface = a.p.NS().Interface(name)
	switch {
	case a.iface == nil && a.busybox:
		a.p.Errorf("arping: ioctl 0x8933 failed: No such device\n")
		return 2
	case a.iface == nil:
		a.p.Errorf("arping: Device %s not available.\n", name)
		return 2
	case !a.iface.Up():
		a.p.Errorf("arping: Interface \"%s\" is down\n", name)
		return 2
	case a.iface.Flags()&(stack.FlagNoARP|stack.FlagLoopback) != 0:
		a.p.Errorf("arping: Interface \"%s\" is not ARPable\n", name)
		return 2
	}
	return a.source(o)
}

func (a *arper) source(o *options) int {
	if v, ok := o.Value("s"); ok {
		if a.src, ok = names.ParseAddr(v); !ok {
			a.p.Errorf("arping: invalid source %s\n", v)
			return 2
		}
		return 0
	}
	switch {
	case a.dad:
		a.src = netip.IPv4Unspecified()
	case a.gratis:
		a.src = a.to
	default:
		for _, x := range a.iface.Addrs() {
			if x.Prefix.Addr().Is4() && (!a.src.IsValid() || x.Prefix.Contains(a.to)) {
				a.src = x.Prefix.Addr()
			}
		}
		if !a.src.IsValid() {
			a.src = netip.IPv4Unspecified()
		}
	}
	return 0
}

func (a *arper) run() int {
	p := a.p
	p.Catch(userland.SIGINT)
	defer p.Default(userland.SIGINT)
	stop := a.iface.Observe(a.see)
	defer stop()
	if !a.quiet {
		p.Printf("ARPING %s from %s %s\n", a.to, a.src, a.iface.Name())
	}
	loop := p.Loop()
	end := time.Duration(-1)
	if a.deadline > 0 {
		end = loop.Now() + a.deadline
	}
	next := loop.Now()
	for {
		now := loop.Now()
		if end >= 0 && now >= end {
			break
		}
		if now >= next {
			if a.count > 0 && a.sent >= a.count {
				break
			}
			if !a.send() {
				p.Errorf("arping: sendto: %s\n", userland.Reason(stack.ErrNotSupported))
				return 2
			}
			next = now + time.Second
		}
		wake := next
		if end >= 0 {
			wake = min(wake, end)
		}
		err := a.arrived.WaitFor(loop, wake-now)
		if userland.Interrupted(err) {
			break
		}
		if a.take() {
			break
		}
	}
	return a.finish()
}

// take prints the replies that came, and reports whether that is enough.
func (a *arper) take() bool {
	for len(a.replies) > 0 {
		r := a.replies[0]
		a.replies = a.replies[1:]
		a.received++
		if !a.dad {
			a.peer = r.mac
		}
		if !a.quiet {
			kind := "Unicast"
			if r.bc {
				kind = "Broadcast"
			}
			us := micros(r.at - a.lastSent)
			if a.busybox {
				a.p.Printf("%s reply from %s [%s] %d.%03dms\n", kind, a.to, lowerMAC(r.mac), us/1000, us%1000)
			} else {
				a.p.Printf("%s reply from %s [%s]  %d.%03dms\n", kind, a.to, upperMAC(r.mac), us/1000, us%1000)
			}
		}
		if a.once || a.dad || !a.busybox && a.count > 0 && a.received >= a.count {
			return true
		}
	}
	return false
}

func (a *arper) finish() int {
	if !a.quiet {
		probes := "probes"
		if a.busybox {
			probes = "probe(s)"
		}
		a.p.Printf("Sent %d %s (%d broadcast(s))\nReceived %d response(s)", a.sent, probes, a.broadcasts, a.received)
		if a.busybox {
			a.p.Printf(" (0 request(s), 0 broadcast(s))")
		}
		a.p.Printf("\n")
	}
	if a.dad {
		return boolStatus(a.received > 0)
	}
	return boolStatus(a.received == 0 && !a.gratis)
}

func boolStatus(failed bool) int {
	if failed {
		return 1
	}
	return 0
}
