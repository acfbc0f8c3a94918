package driver

import (
	"fmt"
	"time"

	"dnetsim/link"
	"dnetsim/modes/profile"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/nftables"
	"dnetsim/userland"
)

// OptMTU is the option of the MTU, which several drivers have.
const OptMTU = "com.docker.network.driver.mtu"

// OptIfPrefix is what the names of interfaces begin with in containers; "eth" by default.
const OptIfPrefix = "com.docker.network.container_iface_prefix"

// OptIfName is an endpoint's option: the whole name of its interface.
const OptIfName = "com.docker.network.endpoint.ifname"

// OptSysctls is an endpoint's option: settings of its interface, which is called IFNAME.
const OptSysctls = "com.docker.network.endpoint.sysctls"

// Host is what a driver asks of the engine that runs it.
type Host struct {
	*userland.Machine
	// Profile is the engine's release.
	Profile *profile.Profile
	// Dockerd is the engine's own process, nil while there is none.
	Dockerd func() *userland.Process
	Stream  func(kind, name string) *sim.Rand
	Log     func(level, msg string, pairs ...string)

	spaces spaces
}

// Opener opens sockets of dockerd's in a namespace.
func (h *Host) Opener(ns *stack.Namespace) stack.Opener {
	if p := h.Dockerd(); p != nil {
		return p.In(ns)
	}
	return ns.For(nil)
}

// Spend lets virtual time pass, if a process makes the call.
func (h *Host) Spend(t time.Duration) {
	if p := h.Loop().Current(); p != nil && t > 0 {
		p.Sleep(t)
	}
}

// RandomMAC is the MAC of a bridge: 02:42 and four random bytes, or as the release
// has it six, locally administered.
func (h *Host) RandomMAC(name string) link.MAC {
	if h.Profile.RandomMACs {
		return h.localMAC("mac", name)
	}
	m := link.MAC{0x02, 0x42}
	h.Stream("mac", name).Read(m[2:])
	return m
}

// VethName draws the name of one end of a pair, which no interface has.
func (h *Host) VethName(of string) string {
	for {
		n := "veth" + h.Stream("veth", of).Hex(4)[:7]
		if h.NS().Interface(n) == nil {
			return n
		}
	}
}

// VethMAC draws the address that the kernel gives an interface at birth:
// random, locally administered.
func (h *Host) VethMAC(of string) link.MAC { return h.localMAC("veth", of) }

func (h *Host) localMAC(kind, of string) link.MAC {
	var m link.MAC
	h.Stream(kind, of).Read(m[:])
	m[0] = m[0]&^1 | 2
	return m
}

// EndpointMAC is the MAC of an endpoint that asks for none: of its IPv4 address, or
// as the release has it random.
func (h *Host) EndpointMAC(ep *Endpoint) link.MAC {
	if h.Profile.RandomMACs {
		return h.localMAC("mac", ep.Label)
	}
	return MACOf(ep.Addr.Addr())
}

// CloseSoon closes a namespace when its processes are gone: those that are being
// killed now wake up after this event, and close their sockets in it.
func (h *Host) CloseSoon(ns *stack.Namespace) {
	l := h.Loop()
	l.After(0, func() { l.After(0, ns.Close) })
}

// Nft runs the program nft on the host with a script on its standard input. Its error is
// what the engine says of a program that fails.
func (h *Host) Nft(script string) error {
	if _, bad := h.NS().Nftables().Run(script, nftables.Options{File: "/dev/stdin"}); bad != nil {
		return fmt.Errorf("running nft: %s exit status 1", bad.Text)
	}
	return nil
}
