package network

import (
	"time"

	"dnetsim/link"
)

// How often a new address is told to the neighbours, and how long is between.
const (
	advertisements = 3
	advertiseEvery = time.Second
)

// advertise tells the neighbours of an endpoint's address, so that nobody sends to
// whoever had it before: a broadcast question for it (RFC 5227, 3), at once and in the
// next seconds, as long as the interface has address and MAC.
func (sb *Sandbox) advertise(ep *Endpoint) {
	inside, mac, addr := ep.Inside, ep.Inside.MAC(), ep.Addr
	if !addr.IsValid() || mac == (link.MAC{}) {
		return
	}
	left := advertisements
	var tell func()
	tell = func() {
		if ep.Inside != inside || ep.sb != sb || inside.MAC() != mac || inside.AnnounceARP(addr.Addr()) != nil {
			return
		}
		if left--; left > 0 {
			sb.ctl.Loop.After(advertiseEvery, tell)
		}
	}
	tell()
}
