package stack

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// Duplicate address detection (RFC 4862, 5.4, as net/ipv6/addrconf.c does it): an
// IPv6 address is tentative until nobody has answered the probes for it. On a link
// without carrier nobody can be asked, and it stays so.

// solicitDelay is the most that a first probe is put off by, at random, so that
// hosts that came up together do not ask together (rtr_solicit_delay).
const solicitDelay = time.Second

// ready asks for the addresses that had to wait for a working link, and makes the
// link-local one, once for each time that the interface comes up
// (addrconf_notify).
func (nd *discovery) ready() {
	i := nd.i
	if nd.configured || i.kind == KindLoopback || i.mtu < 1280 || i.conf.disabledIPv6() {
		return
	}
	nd.configured = true
	for _, a := range slices.Clone(i.ipAddrs.list) {
		switch {
		case !a.Tentative:
		case i.kind == KindBridge:
			// The kernel asks here, too, for one or two seconds: as long as people
			// take from docker run to their next command, which takes no virtual time.
			a.Tentative = false
			a.settle()
		default:
			nd.detect(a)
		}
	}
	if own := eui64(i.mac); i.ipAddrs.find(own) == nil {
		i.ipAddrs.insert(&ifAddr{dev: i, Address: Address{Prefix: netip.PrefixFrom(own, 64), Scope: ScopeLink}}, false)
	}
}

// unready forgets the interface's IPv6 addresses (addrconf_ifdown).
func (nd *discovery) unready() {
	nd.configured = false
	nd.i.flushAddrs(true)
}

// detect begins the detection for an address that has just been given, or for one
// that had to wait (addrconf_dad_begin).
func (nd *discovery) detect(a *ifAddr) {
	i := nd.i
	switch {
	case a.NoDAD, i.kind == KindLoopback, i.Flags()&FlagNoARP != 0, i.conf.max(true, "accept_dad") <= 0:
		a.Tentative = false
		a.settle()
	case nd.configured:
		a.probes = i.ns.sys.number(confKey(true, i.name, "dad_transmits"))
		a.dad = i.ns.loop.NewTimer(a.probe)
		a.dad.Reset(i.ns.wheel(time.Duration(i.ns.loop.Stream("dad/" + i.place.String()).Int64N(int64(solicitDelay)))))
	}
}

// probe asks once, or ends the detection when nobody has answered
// (addrconf_dad_work).
func (a *ifAddr) probe() {
	nd := &a.dev.ndp
	if a.probes == 0 {
		a.dad, a.Tentative = nil, false
		a.settle()
		return
	}
	a.probes--
	retrans, _ := a.dev.ns.neigh.param(true, a.dev.name, "retrans_time_ms")
	a.dad.Reset(a.dev.ns.wheel(max(time.Duration(retrans)*time.Millisecond, 10*time.Millisecond)))
	a.nonce = a.dev.ns.loop.Stream("dad/"+a.dev.place.String()).Uint64() >> 16
	nd.ask(a.Prefix.Addr(), a.nonce)
}

// taken ends the detection because somebody else has the address, or asks for it
// (addrconf_dad_failure).
func (a *ifAddr) taken() {
	a.stopDAD()
	a.DADFailed = true
}

func (a *ifAddr) stopDAD() {
	if a.dad != nil {
		a.dad.Stop()
		a.dad = nil
	}
}

// ask sends a probe: a solicitation from nobody (RFC 4862, 5.4.2) with a nonce,
// by which a host knows its own that came back (RFC 7527).
func (nd *discovery) ask(target netip.Addr, nonce uint64) {
	t := target.As16()
	m := make([]byte, 32)
	m[0] = icmp6Solicit
	copy(m[8:], t[:])
	binary.BigEndian.PutUint64(m[24:], uint64(optNonce)<<56|1<<48|nonce)
	group := solicitedNode(target)
	nd.i.path.transmitIP(nd.i.ns.icmp.build6(netip.IPv6Unspecified(), group, 255, m), groupMAC(group))
}

// optNonce is the type of the nonce option (RFC 3971, 5.3.2).
const optNonce = 14

// nonceOption is the nonce of a solicitation, 0 without one.
func nonceOption(b []byte) uint64 {
	for len(b) >= 8 && b[1] > 0 && len(b) >= int(b[1])*8 {
		if b[0] == optNonce {
			return binary.BigEndian.Uint64(b) & (1<<48 - 1)
		}
		b = b[int(b[1])*8:]
	}
	return 0
}
