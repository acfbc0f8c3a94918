package trail

// Reason is why a packet was dropped, and for a few deliveries who took it. One
// closed set for links, the network layer and netfilter; the names are stable:
// traces, captures and explanations quote them.
type Reason uint8

// The reasons.
const (
	None                  Reason = iota
	WireDown                     // the cable is cut or faulted down
	EndDown                      // the interface at one end is down
	NoReceiver                   // nothing is attached at the far side
	Blocked                      // a cable's block list names the protocol or port
	MTU                          // larger than the cable, the port or the tunnel lets through
	Loss                         // lost by chance
	QueueFull                    // the queue before a rate-limited cable is full
	Hairpin                      // it would leave by the port it came in by
	Isolated                     // both ports are isolated
	NoPort                       // the bridge has no other port to send it to
	PortDown                     // the bridge port is down
	MACFilter                    // the switch port does not know the address
	InvalidSource                // a group or zero source address
	LinkLocal                    // 01:80:c2:00:00:0X is not forwarded
	Filter                       // the bridge's hook said no
	Malformed                    // too short to be a frame
	CannotSegment                // a GSO frame that cannot be cut
	L2Miss                       // a tunnel's table has no entry for the address
	L3Miss                       // a tunnel that answers ARP knows no such neighbour
	NoAnswer                     // it knows the neighbour and may not answer for it
	NoRemote                     // the tunnel's entry has no address of a far end
	NoRoute                      // no route to the destination, or to the tunnel's far end
	TunnelLoop                   // the way to the far end is the tunnel itself
	UnknownVNI                   // no tunnel here has that network identifier
	OwnAddress                   // a tunnel hears its own address from outside
	EntryExists                  // a permanent entry has the sender behind another far end
	Underlay                     // the underlay's netfilter refused the encapsulated packet
	OtherMode                    // the mode of the child device does not let it pass
	DeadLoop                     // it leads through too many devices within one another
	InterfaceDown                // the interface is administratively down
	OtherHost                    // its link address is not ours
	UnknownProtocol              // an EtherType that nobody here takes
	NoProtocol                   // an IP protocol that nobody here takes
	IPv6Disabled                 // net.ipv6.conf.*.disable_ipv6
	BadIPHeader                  // length, version or checksum of the IP header
	Checksum                     // the transport checksum is wrong
	ForwardingDisabled           // not for us, and net.ipv4.ip_forward is 0
	TTLExceeded                  // the TTL ran out here
	TooBig                       // larger than the way's MTU and not to be fragmented
	BlackholeRoute               // a route of type blackhole
	MartianSource                // a source that cannot be (rp_filter, loopback, our own)
	MartianDestination           // a destination that cannot be
	RPFilter                     // a source whose answers would go another way (rp_filter)
	NotAMember                   // a multicast group that nobody here has joined
	LinkLocalNotForwarded        // link-local addresses stay on their link
	ReassemblyTimeout            // a fragment whose others did not come
	EchoIgnored                  // net.ipv4.icmp_echo_ignore_all
	BroadcastIgnored             // net.ipv4.icmp_echo_ignore_broadcasts
	IPvlanNoIP                   // an ipvlan device in mode l3 carries IP only
	NeighbourQueueFull           // too many wait for the neighbour's address
	HostUnreachable              // the neighbour did not answer
	NeighbourDeleted             // the neighbour's entry was removed while it waited
	Netfilter                    // a rule of iptables or nftables said no
	NamespaceClosed              // the namespace is gone
	Swallowed                    // a dummy interface swallows what it sends
	Nonsense                     // netstack wrote something that is no TCP, UDP or ICMP
	ARPProxy                     // a tunnel answers the question itself
	NoState                      // IPsec has no state for the packet, or another key

	reasonCount // how many there are
)

// Reasons is how many there are: every Reason is below it.
const Reasons = int(reasonCount)

var reasonNames = [...]string{
	None:                  "",
	WireDown:              "wire-down",
	EndDown:               "no-carrier",
	NoReceiver:            "no-receiver",
	Blocked:               "blocked",
	MTU:                   "mtu-exceeded",
	Loss:                  "loss",
	QueueFull:             "queue-full",
	Hairpin:               "hairpin-off",
	Isolated:              "isolated",
	NoPort:                "no-port",
	PortDown:              "port-down",
	MACFilter:             "mac-filter",
	InvalidSource:         "invalid-source",
	LinkLocal:             "link-local",
	Filter:                "bridge-filter",
	Malformed:             "malformed",
	CannotSegment:         "cannot-segment",
	L2Miss:                "l2-miss",
	L3Miss:                "l3-miss",
	NoAnswer:              "proxy-no-answer",
	NoRemote:              "no-remote",
	NoRoute:               "no-route",
	TunnelLoop:            "tunnel-loop",
	UnknownVNI:            "unknown-vni",
	OwnAddress:            "own-address",
	EntryExists:           "entry-exists",
	Underlay:              "underlay-refused",
	OtherMode:             "mode",
	DeadLoop:              "dead-loop",
	InterfaceDown:         "interface-down",
	OtherHost:             "other-host",
	UnknownProtocol:       "unknown-protocol",
	NoProtocol:            "no-protocol",
	IPv6Disabled:          "ipv6-disabled",
	BadIPHeader:           "bad-ip-header",
	Checksum:              "checksum",
	ForwardingDisabled:    "forwarding-disabled",
	TTLExceeded:           "ttl-exceeded",
	TooBig:                "too-big",
	BlackholeRoute:        "blackhole-route",
	MartianSource:         "martian-source",
	MartianDestination:    "martian-destination",
	RPFilter:              "rp-filter",
	NotAMember:            "not-a-member",
	LinkLocalNotForwarded: "link-local-not-forwarded",
	ReassemblyTimeout:     "reassembly-timeout",
	EchoIgnored:           "icmp-echo-ignored",
	BroadcastIgnored:      "icmp-broadcast-ignored",
	IPvlanNoIP:            "ipvlan-no-ip",
	NeighbourQueueFull:    "neighbour-queue-full",
	HostUnreachable:       "host-unreachable",
	NeighbourDeleted:      "neighbour-deleted",
	Netfilter:             "netfilter",
	NamespaceClosed:       "namespace-closed",
	Swallowed:             "dummy",
	Nonsense:              "bad-packet",
	ARPProxy:              "arp-proxy",
	NoState:               "no-state",
}

// String is the stable name, "mtu-exceeded".
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return reasonNames[r]
}
