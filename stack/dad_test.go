package stack

import (
	"net/netip"
	"testing"
	"time"
)

// An IPv6 address is tentative until the link works and nobody has answered for
// it, which takes one second and a random part of another.
func TestAnIPv6AddressIsUsedWhenNobodyElseHasIt(t *testing.T) {
	const settled, tentative, failed = "settled", "tentative", "dadfailed"
	p := pfx("fd00::9/64")
	give := func(ns func(*lab) *Namespace, dev string, o AddrOptions) func(*testing.T, *lab) {
		return func(t *testing.T, l *lab) { must0(t, ns(l).Interface(dev).AddAddr(p, o)) }
	}
	a, b := func(l *lab) *Namespace { return l.a }, func(l *lab) *Namespace { return l.b }
	sysctl := func(leaf, value string) func(*testing.T, *lab) {
		return func(t *testing.T, l *lab) { must0(t, l.a.SetSysctl("net.ipv6.conf.eth0."+leaf, value)) }
	}
	for _, c := range []struct {
		name  string
		boxes int
		dev   string
		first []func(*testing.T, *lab)
		opts  AddrOptions
		after map[time.Duration]string
	}{
		{name: "on a link", dev: "eth0", after: map[time.Duration]string{0: tentative, 990 * time.Millisecond: tentative, 2100 * time.Millisecond: settled}},
		{name: "nodad", dev: "eth0", opts: AddrOptions{NoDAD: true}, after: map[time.Duration]string{0: settled}},
		{name: "no carrier", dev: "docker0", after: map[time.Duration]string{time.Minute: tentative}},
		{name: "a bridge with a port", boxes: 1, dev: "docker0", after: map[time.Duration]string{2100 * time.Millisecond: settled}},
		{name: "accept_dad 0", dev: "eth0", first: []func(*testing.T, *lab){sysctl("accept_dad", "0")}, after: map[time.Duration]string{0: settled}},
		{name: "dad_transmits 0", dev: "eth0", first: []func(*testing.T, *lab){sysctl("dad_transmits", "0")}, after: map[time.Duration]string{1100 * time.Millisecond: settled}},
		{name: "dad_transmits 3", dev: "eth0", first: []func(*testing.T, *lab){sysctl("dad_transmits", "3")},
			after: map[time.Duration]string{2900 * time.Millisecond: tentative, 4200 * time.Millisecond: settled}},
		{name: "somebody has it", dev: "eth0", first: []func(*testing.T, *lab){give(b, "eth0", AddrOptions{NoDAD: true})},
			after: map[time.Duration]string{0: tentative, time.Minute: failed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for at, want := range c.after { // each in a world of its own
				l := newLab(t, c.boxes, Options{})
				l.loop.RunFor(3 * time.Second)
				for _, f := range c.first {
					f(t, l)
				}
				give(a, c.dev, c.opts)(t, l)
				l.loop.RunFor(at)
				got := settled
				switch x := l.a.Interface(c.dev).ipAddrs.find(p.Addr()); {
				case x.DADFailed:
					got = failed
				case x.Tentative:
					got = tentative
				}
				if got != want {
					t.Errorf("after %s it is %s, want %s", at, got, want)
				}
				if local := l.a.IsLocal(p.Addr()); local != (want == settled) {
					t.Errorf("after %s: answers %v", at, local)
				}
				l.close()
			}
		})
	}
}

// Of two that ask for an address at a time, who asks first makes the other fail.
func TestTwoThatAskForAnAddressDoNotBothGetIt(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	l.loop.RunFor(3 * time.Second)
	p, failed := pfx("fd00::9/64"), 0
	for _, ns := range []*Namespace{l.a, l.b} {
		must0(t, ns.Interface("eth0").AddAddr(p, AddrOptions{}))
	}
	l.loop.RunFor(3 * time.Second)
	for _, ns := range []*Namespace{l.a, l.b} {
		if x := ns.Interface("eth0").ipAddrs.find(p.Addr()); x.DADFailed {
			failed++
		}
	}
	if failed != 1 || l.a.IsLocal(p.Addr()) == l.b.IsLocal(p.Addr()) {
		t.Errorf("%d failed, a answers: %v, b answers: %v", failed, l.a.IsLocal(p.Addr()), l.b.IsLocal(p.Addr()))
	}
}

// A link-local address is tentative too, and made again when the interface comes
// up again; what waits for a carrier is asked for when it comes.
func TestLinkLocalAddressesAreAskedForWhenTheLinkComesUp(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	br := l.a.Interface("docker0")
	must0(t, br.AddAddr(pfx("fe80::1/64"), AddrOptions{}))
	own := netip.PrefixFrom(eui64(br.mac), 64)
	state := func(p netip.Prefix) string {
		a := br.ipAddrs.find(p.Addr())
		switch {
		case a == nil:
			return "none"
		case a.Tentative:
			return "tentative"
		}
		return "settled"
	}
	for _, c := range []struct {
		what     string
		do       func()
		one, mac string
	}{
		{"no carrier", func() {}, "tentative", "none"},
		{"a container", func() { l.boxes = append(l.boxes, addBox(t, l.a, br, 0, Options{})) }, "settled", "tentative"},
		{"2.1 s later", func() { l.loop.RunFor(2100 * time.Millisecond) }, "settled", "settled"},
		{"the container gone", func() { l.a.Interface("vbox1").Delete(); l.loop.RunFor(time.Second) }, "settled", "settled"},
		{"down", func() { must0(t, br.SetUp(false)) }, "none", "none"},
		{"up", func() { must0(t, br.SetUp(true)) }, "none", "none"},
		{"another", func() { l.boxes = append(l.boxes, addBox(t, l.a, br, 1, Options{})) }, "none", "tentative"},
	} {
		c.do()
		if one, mac := state(pfx("fe80::1/64")), state(own); one != c.one || mac != c.mac {
			t.Errorf("%s: fe80::1 is %s and %s is %s, want %s and %s", c.what, one, own, mac, c.one, c.mac)
		}
	}
}
