package bridge

import (
	"net/netip"

	"dnetsim/modes/network/driver"
)

// backend programs the host's firewall for the driver: which rules there are is
// the engine's release's, or the administrator's choice.
type backend interface {
	// start makes the chains that are no network's, at the start of dockerd, and
	// sees to forwarding where that is done then; not anew is for a dockerd that
	// finds its containers running.
	start(anew bool)
	// userChain makes sure that the administrator's chain is asked first.
	userChain()
	// forwarding sees to it that the host forwards for a network that is made.
	forwarding(b *network) error
	network(b *network) error
	dropNetwork(b *network)
	endpoint(b *network, ep *driver.Endpoint, want bool) error
	// port is the way to a published port.
	port(x binding, want bool) error
	// link is the way from a container to an exposed port of one that it is linked
	// with, and from that port back.
	link(b *network, parent, child netip.Addr, proto string, port uint16, want bool) error
}

// stages is iptables as 20.10 programs it, with the chains DOCKER-ISOLATION-STAGE-1
// and -2 (firewall.go).
type stages struct{ d *Driver }

func (s stages) start(anew bool) {
	for _, v6 := range []bool{false, true} {
		s.d.firewall(v6).setupChains(!s.d.cfg.Proxy)
	}
	if anew && s.d.cfg.IPForward {
		s.d.enableForwarding()
	}
}

// userChain is for IPv4 only.
func (s stages) userChain() { s.d.firewall(false).userChain() }

func (s stages) forwarding(b *network) error {
	if ns := s.d.host.NS(); b.gw6.IsValid() && s.d.cfg.IPForward {
		ns.SetSysctl("net.ipv6.conf.default.forwarding", "1")
		ns.SetSysctl("net.ipv6.conf.all.forwarding", "1")
	}
	return nil
}

func (stages) endpoint(*network, *driver.Endpoint, bool) error { return nil }
