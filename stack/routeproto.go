package stack

import "strconv"

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
