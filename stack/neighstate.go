package stack

// NeighbourState is a neighbour's state. The zero value is an entry that has
// just been made (NUD_NONE).
type NeighbourState uint8

// The neighbour states.
const (
	NeighNone NeighbourState = iota
	NeighIncomplete
	NeighReachable
	NeighStale
	NeighDelay
	NeighProbe
	NeighFailed
	NeighNoARP
	NeighPermanent
)

// String is the state in the words of ip-neighbour(8).
func (s NeighbourState) String() string { return neighStateNames[s] }

var neighStateNames = [...]string{
	NeighNone: "NONE", NeighIncomplete: "INCOMPLETE", NeighReachable: "REACHABLE", NeighStale: "STALE", NeighDelay: "DELAY",
	NeighProbe: "PROBE", NeighFailed: "FAILED", NeighNoARP: "NOARP", NeighPermanent: "PERMANENT",
}
