package stack

import (
	"net/netip"
	"time"
)

// Flags are the interface flags of netdevice(7), with the kernel's values.
type Flags uint32

// The flag bits.
const (
	FlagUp        Flags = 0x1
	FlagBroadcast Flags = 0x2
	FlagLoopback  Flags = 0x8
	FlagPointopnt Flags = 0x10
	FlagRunning   Flags = 0x40
	FlagNoARP     Flags = 0x80
	FlagPromisc   Flags = 0x100
	FlagAllMulti  Flags = 0x200
	FlagMulticast Flags = 0x1000
	FlagLowerUp   Flags = 0x10000
)

// Counters are the packet counters of an interface. Bytes include the Ethernet
// header, as the kernel counts them.
type Counters struct {
	RxPackets, RxBytes, RxErrors, RxDropped uint64
	TxPackets, TxBytes, TxErrors, TxDropped uint64
	Multicast, Collisions, TxCarrier        uint64
}

// Address is one address of an interface.
type Address struct {
	Prefix    netip.Prefix // the address with its prefix length
	Broadcast netip.Addr   // invalid if there is none
	Scope     Scope
	Label     string // IPv4: the interface's name or an alias ("eth0:1")
	Secondary bool   // a second address of the same IPv4 subnet
	NoDAD     bool   // IPv6: it is used without asking whether somebody has it
	Tentative bool   // IPv6: it is not used yet, or not at all
	DADFailed bool   // IPv6: because somebody else has it
}

// AddrOptions are the options of [Interface.AddAddr]. The zero value asks for
// what `ip addr add` does by default: no broadcast address.
type AddrOptions struct {
	Broadcast     netip.Addr // invalid: none
	AutoBroadcast bool       // "broadcast +": the last address of the prefix
	Scope         Scope      // zero: global, or host for loopback addresses, or link for link-local ones
	Label         string     // empty: the interface's name
	NoPrefixRoute bool       // do not add the connected route
	NoDAD         bool       // IPv6: use it at once
}

// Route is one entry of a routing table, in the words of ip-route(8).
type Route struct {
	Dst      netip.Prefix
	Via      netip.Addr // invalid: directly connected
	Dev      string     // may be empty for unreachable, blackhole and prohibit
	Src      netip.Addr // preferred source; invalid: none
	Proto    RouteProto // zero: boot
	Scope    Scope      // zero: derived
	Metric   int
	Type     RouteType // zero: unicast
	Table    TableID   // zero: main
	MTU      int       // 0: the interface's
	OnLink   bool
	LinkDown bool // reported, not set: the interface has no carrier
	// Expires is how long what was learned of a destination is kept, a path's MTU
	// or a redirected next hop; reported by RouteGet and RouteCache only.
	Expires    time.Duration
	Redirected bool // likewise: Via is what a router told us
	// Hops are the next hops of a route that has several, in the order in which
	// they were given. Via, Dev and OnLink then report those of the first.
	Hops []NextHop
}

// NextHop is one of a route's several next hops. Flows are shared out among
// those that live, by their weights.
type NextHop struct {
	Via            netip.Addr // invalid: directly connected
	Dev            string     // empty: follows from Via
	Weight         int        // 1 to 256; zero: 1
	OnLink         bool
	Dead, LinkDown bool // reported, not set: its interface is down, or has no carrier
}

// Neighbour is one entry of the neighbour (ARP, NDP) table.
type Neighbour struct {
	Addr   netip.Addr
	Dev    string
	MAC    MAC
	HasMAC bool // FAILED and INCOMPLETE entries have none
	State  NeighbourState
	Router bool
	Since  time.Duration // virtual time of the last change of state
}

// ICMPPacket is one ICMP message as a raw socket receives it.
type ICMPPacket struct {
	From, To netip.Addr
	TTL      int
	Data     []byte        // the ICMP message, from its type field
	At       time.Duration // virtual time of arrival
	Dev      string        // interface it came in on
}
