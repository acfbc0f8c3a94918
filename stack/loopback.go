package stack

import (
	"net/netip"

	"dnetsim/link"
)

func (ia *ifAddrs) addLoopbackAddrs() {
	v4 := netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 8)
	ia.i.AddAddr(v4, AddrOptions{})
	if !ia.i.conf.disabledIPv6() {
		ia.i.AddAddr(netip.PrefixFrom(netip.IPv6Loopback(), 128), AddrOptions{})
	}
}

// loopbackDevice is lo as a driver.
type loopbackDevice struct{ device }

func (d *loopbackDevice) send(f *link.Frame) {
	d.i.ns.loop.Schedule(loopbackDelay, d.i.ns.devs.flight(d.i, f))
}
