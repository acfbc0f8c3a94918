package stack

import "slices"

// RouteType is what a route does with a packet, with the kernel's numbers
// (linux/rtnetlink.h). The zero value is not given: unicast.
type RouteType uint8

// The types of routes. RouteNAT is no longer one that the kernel does.
const (
	RouteUnicast     RouteType = 1
	RouteLocal       RouteType = 2
	RouteBroadcast   RouteType = 3
	RouteAnycast     RouteType = 4
	RouteMulticast   RouteType = 5
	RouteBlackhole   RouteType = 6
	RouteUnreachable RouteType = 7
	RouteProhibit    RouteType = 8
	RouteThrow       RouteType = 9
	RouteNAT         RouteType = 10
)

var routeTypeNames = []string{"", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable",
	"prohibit", "throw", "nat"}

// String is the type in the words of ip-route(8), "" if it was not given.
func (t RouteType) String() string { return routeTypeNames[t] }

// ParseRouteType reads a type.
func ParseRouteType(text string) (RouteType, bool) {
	at := slices.Index(routeTypeNames, text)
	return RouteType(max(at, 0)), at > 0
}

// orUnicast is the type that counts.
func (t RouteType) orUnicast() RouteType {
	if t == 0 {
		return RouteUnicast
	}
	return t
}
