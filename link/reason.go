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
	reasonCount
)

var reasonNames = [reasonCount]string{
	"", "wire-down", "no-carrier", "no-receiver", "blocked", "mtu-exceeded", "loss",
	"queue-full", "hairpin-off", "isolated", "no-port", "port-down", "mac-filter",
	"invalid-source", "link-local", "bridge-filter", "malformed", "cannot-segment",
}

// String is the stable name, "mtu-exceeded".
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return reasonNames[r]
}
