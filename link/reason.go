package link

// Reason is why a frame was dropped. Its names are stable: traces, captures and
// explanations quote them.
type Reason uint8

// The reasons of this room.
const (
	ReasonNone          Reason = iota
	ReasonWireDown             // the cable is cut or faulted down
	ReasonEndDown              // the interface at one end is down
	ReasonNoReceiver           // nothing is attached at the far side
	ReasonBlocked              // a cable's block list names the protocol or port
	ReasonMTU                  // larger than the cable or the port lets through
	ReasonLoss                 // lost by chance
	ReasonQueueFull            // the queue before a rate-limited cable is full
	ReasonHairpin              // it would leave by the port it came in by
	ReasonIsolated             // both ports are isolated
	ReasonNoPort               // the bridge has no other port to send it to
	ReasonPortDown             // the bridge port is down
	ReasonMACFilter            // the switch port does not know the address
	ReasonInvalidSource        // a group or zero source address
	ReasonLinkLocal            // 01:80:c2:00:00:0X is not forwarded
	ReasonFilter               // the bridge's netfilter hook said no
	ReasonMalformed            // too short to be a frame
	ReasonCannotSegment        // a GSO frame that cannot be cut
	ReasonL2Miss               // a tunnel's table has no entry for the address
	ReasonL3Miss               // a tunnel that answers ARP knows no such neighbour
	ReasonNoAnswer             // it knows the neighbour and may not answer for it
	ReasonNoRemote             // the tunnel's entry has no address of a far end
	ReasonNoRoute              // the underlay has no way to the far end
	ReasonTunnelLoop           // the way to the far end is the tunnel itself
	ReasonUnknownVNI           // no tunnel here has that network identifier
	ReasonOwnAddress           // a tunnel hears its own address from outside
	ReasonEntryExists          // a permanent entry has the sender behind another far end
	ReasonUnderlay             // the underlay's netfilter refused the encapsulated packet
	ReasonOtherMode            // the mode of the child device does not let it pass
	ReasonDeadLoop             // it leads through too many devices within one another
	reasonCount
)

var reasonNames = [reasonCount]string{
	"", "wire-down", "no-carrier", "no-receiver", "blocked", "mtu-exceeded", "loss",
	"queue-full", "hairpin-off", "isolated", "no-port", "port-down", "mac-filter",
	"invalid-source", "link-local", "bridge-filter", "malformed", "cannot-segment",
	"l2-miss", "l3-miss", "proxy-no-answer", "no-remote", "no-route", "tunnel-loop",
	"unknown-vni", "own-address", "entry-exists", "underlay-refused", "mode", "dead-loop",
}

// String is the stable name, "mtu-exceeded".
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return reasonNames[r]
}
