package stack

import (
	"slices"
	"strconv"
)

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

// RouteProto is who made a route or a rule, with the kernel's numbers
// (linux/rtnetlink.h, iproute2's rt_protos). The zero value is not given: boot
// for a route, "unspec" for a rule.
type RouteProto uint8

// The makers that the kernel and this package know.
const (
	ProtoRedirect RouteProto = 1
	ProtoKernel   RouteProto = 2
	ProtoBoot     RouteProto = 3
	ProtoStatic   RouteProto = 4
	ProtoRA       RouteProto = 9
)

var routeProtoNames = [...]string{
	1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt", 11: "zebra", 12: "bird",
	13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp", 18: "keepalived", 42: "babel",
	186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
}

// String is the maker's name or number as ip(8) prints it, "" if it was not
// given.
func (p RouteProto) String() string {
	switch {
	case p == 0:
		return ""
	case int(p) < len(routeProtoNames) && routeProtoNames[p] != "":
		return routeProtoNames[p]
	}
	return strconv.Itoa(int(p))
}

// ParseRouteProto reads a name or a number from 0 to 255.
func ParseRouteProto(text string) (RouteProto, bool) {
	if text == "unspec" {
		return 0, true
	}
	for p, name := range routeProtoNames {
		if name != "" && name == text {
			return RouteProto(p), true
		}
	}
	n, err := strconv.ParseUint(text, 0, 8)
	return RouteProto(n), err == nil
}

// TableID is the number of a routing table (linux/rtnetlink.h). The zero value
// is not given.
type TableID uint32

// The tables that have names.
const (
	TableDefault TableID = 253
	TableMain    TableID = 254
	TableLocal   TableID = 255
)

// String is the table's name or number as ip(8) prints it without
// /etc/iproute2/rt_tables, "" if it was not given.
func (t TableID) String() string {
	switch t {
	case 0:
		return ""
	case TableDefault:
		return "default"
	case TableMain:
		return "main"
	case TableLocal:
		return "local"
	}
	return strconv.FormatUint(uint64(t), 10)
}

// orMain is the table that counts for a route.
func (t TableID) orMain() TableID {
	if t == 0 {
		return TableMain
	}
	return t
}

// Scope is how far an address or a route is valid: one more than the kernel's
// number (linux/rtnetlink.h), so that the zero value says that nobody gave one.
type Scope uint16

// The scopes that have names.
const (
	ScopeGlobal  Scope = 1
	ScopeSite    Scope = 201
	ScopeLink    Scope = 254
	ScopeHost    Scope = 255
	ScopeNowhere Scope = 256
)

// String is the scope's name or number as ip(8) prints it, "" if nobody gave one.
func (s Scope) String() string {
	switch s {
	case 0:
		return ""
	case ScopeGlobal:
		return "global"
	case ScopeSite:
		return "site"
	case ScopeLink:
		return "link"
	case ScopeHost:
		return "host"
	case ScopeNowhere:
		return "nowhere"
	}
	return strconv.Itoa(int(s) - 1)
}

// ParseScope reads a name or a number from 0 to 255.
func ParseScope(text string) (Scope, bool) {
	for _, s := range [...]Scope{ScopeGlobal, ScopeSite, ScopeLink, ScopeHost, ScopeNowhere} {
		if s.String() == text {
			return s, true
		}
	}
	n, err := strconv.ParseUint(text, 0, 8)
	return Scope(n + 1), err == nil
}
