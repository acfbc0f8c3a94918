package network

import "net/netip"

// Provider is a swarm as the network controller of one of its nodes sees it: whom to
// gossip with, under which addresses, and whom to ask for a place in a network of
// the cluster's (libnetwork's cluster.Provider). Its methods are called on the loop;
// the two that ask a manager let virtual time pass.
type Provider interface {
	// IsManager and IsAgent report what the node is at this moment: of no swarm, it is
	// neither.
	IsManager() bool
	IsAgent() bool

	// LocalAddress is the host's own address that it reaches the managers from,
	// ListenAddress what its control plane listens on (0.0.0.0 unless asked for),
	// AdvertiseAddress how other nodes know it.
	LocalAddress() netip.Addr
	ListenAddress() netip.Addr
	AdvertiseAddress() netip.Addr
	// DataPathAddress is where tunnels of other nodes end here; invalid: at the
	// advertised one. DataPathPort is the tunnels' UDP port; 0: VXLAN's own.
	DataPathAddress() netip.Addr
	DataPathPort() uint16
	// RemoteAddresses are the managers' but for this node's own.
	RemoteAddresses() []netip.Addr

	// AttachNetwork asks a manager for a place in a network for a container, with these
	// addresses if there are any, and returns when the network is on this node
	// ([Agent.CreateManaged]). One that the container has already is no new one.
	AttachNetwork(network, container string, want []netip.Addr) (Attachment, error)
	// DetachNetwork gives the place back.
	DetachNetwork(network, container string) error
}

// Attachment is a container's place in a network of the cluster's.
type Attachment struct {
	Network   string         // its id
	Addresses []netip.Prefix // one of each family at most, with the subnet's length
}

// The parts of a node that have keys.
const (
	SubsystemGossip = "networking:gossip"
	SubsystemIPSec  = "networking:ipsec"
)

// Key is one of the keys that a manager gives out for the control plane and for
// encrypted networks: 16 bytes, of which the newest of a subsystem is the primary.
type Key struct {
	Subsystem   string
	Secret      []byte
	LamportTime uint64
}
