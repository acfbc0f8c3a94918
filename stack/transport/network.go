package transport

import (
	"net/netip"

	"dnetsim/link/trail"
)

// Network is what TCP and UDP need of the network layer around them. Routes,
// rules, neighbours and interfaces are its own affair.
type Network interface {
	// NewPacket makes an IP packet of n bytes, to be filled and sent.
	NewPacket(n int, v6 bool) Packet
	// Route is the source that a packet to dst gets; src is what the socket is
	// bound to and may be invalid. Without a way it returns what connect and
	// sendto return.
	Route(src, dst netip.Addr) (netip.Addr, error)
	// RouteConnect is Route for a socket that is being connected.
	RouteConnect(src, dst netip.Addr) (netip.Addr, error)
	// IsLocal reports whether a packet to an address is for this namespace.
	IsLocal(netip.Addr) bool
	// MayBind reports whether a socket may have an address.
	MayBind(netip.Addr) bool
	// Addrs are the local addresses, and Settings the settings of now.
	Addrs() []netip.Prefix
	Settings() Settings
}

// Packet is an IP packet of the network layer's. Exactly one of its methods but
// Bytes ends its stay here.
type Packet interface {
	// Bytes is the packet from the IP header on.
	Bytes() []byte
	// Send sends one that NewPacket made. It returns the errors that the kernel
	// returns to the sender at once.
	Send(Offload) error
	// Arrived says of one that came in that its protocol has it.
	Arrived()
	// Drop says why nobody wants it.
	Drop(trail.Reason)
}

// Offload is what TCP and UDP leave to be done for a packet.
type Offload struct {
	Segment int  // of what size its segments are to be; 0: it is one
	Partial bool // the checksum field has the sum of the pseudo header only
	Summed  bool // the checksum is the sender's work: do not take it for good
	Unbound bool // its sender left the source to the route
}

// Settings are the sysctls that netstack has too.
type Settings struct {
	TTL, HopLimit     int    // of what is sent, by IPv4 and IPv6
	PortLow, PortHigh uint16 // the ports that are drawn; 0: netstack's own
	SynRetries        int    // 0: netstack's own
	Backlog           int    // how many connections may wait at most for a listener to accept them
}
