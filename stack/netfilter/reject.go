package netfilter

import "strings"

// RejectKind is what REJECT answers a packet with, with the kernel's order
// (linux/netfilter_ipv4/ipt_REJECT.h, linux/netfilter_ipv6/ip6t_REJECT.h).
type RejectKind uint8

// The answers. Those of IPv6 come after those of IPv4; a reset is of both.
const (
	RejectNone RejectKind = iota
	RejectTCPReset
	RejectNet
	RejectHost
	RejectProtocol
	RejectPort
	RejectNetProhibited
	RejectHostProhibited
	RejectAdminProhibited
	Reject6NoRoute
	Reject6AdminProhibited
	Reject6Address
	Reject6Port
	Reject6PolicyFail
	Reject6Route
)

var rejectKindNames = [...]string{
	RejectNone: "", RejectTCPReset: "tcp-reset",
	RejectNet: "icmp-net-unreachable", RejectHost: "icmp-host-unreachable", RejectProtocol: "icmp-proto-unreachable",
	RejectPort: "icmp-port-unreachable", RejectNetProhibited: "icmp-net-prohibited",
	RejectHostProhibited: "icmp-host-prohibited", RejectAdminProhibited: "icmp-admin-prohibited",
	Reject6NoRoute: "icmp6-no-route", Reject6AdminProhibited: "icmp6-adm-prohibited", Reject6Address: "icmp6-addr-unreachable",
	Reject6Port: "icmp6-port-unreachable", Reject6PolicyFail: "icmp6-policy-fail", Reject6Route: "icmp6-reject-route",
}

// String is the kind as --reject-with takes it.
func (k RejectKind) String() string { return rejectKindNames[k] }

// rejectAlias is a second name of a kind.
type rejectAlias struct {
	kind  RejectKind
	short string
}

// The kinds of each family in the order in which iptables compares what was
// typed, with their short names.
var (
	rejectNames = []rejectAlias{
		{RejectNet, "net-unreach"}, {RejectHost, "host-unreach"}, {RejectProtocol, "proto-unreach"},
		{RejectPort, "port-unreach"}, {RejectNetProhibited, "net-prohib"}, {RejectHostProhibited, "host-prohib"},
		{RejectTCPReset, "tcp-rst"}, {RejectAdminProhibited, "admin-prohib"},
	}
	reject6Names = []rejectAlias{
		{Reject6NoRoute, "no-route"}, {Reject6AdminProhibited, "adm-prohibited"}, {Reject6Address, "addr-unreach"},
		{Reject6Port, "port-unreach"}, {RejectTCPReset, "tcp-reset"}, {Reject6PolicyFail, "policy-fail"},
		{Reject6Route, "reject-route"},
	}
)

// parseReject reads a kind or the beginning of one.
func parseReject(text string, v6 bool) (RejectKind, bool) {
	names := rejectNames
	if v6 {
		names = reject6Names
	}
	text = strings.ToLower(text)
	for _, n := range names {
		if text != "" && (strings.HasPrefix(n.kind.String(), text) || strings.HasPrefix(n.short, text)) {
			return n.kind, true
		}
	}
	return RejectNone, false
}

// rejectTarget is "-j REJECT".
type rejectTarget struct{ with RejectKind }

func (t *rejectTarget) parse(arg string, v6 bool) error {
	k, ok := parseReject(arg, v6)
	if !ok {
		return usagef("unknown reject type \"%s\"", arg)
	}
	t.with = k
	return nil
}

func (t *rejectTarget) save(w *strings.Builder) { w.WriteString(" --reject-with " + t.with.String()) }

func (t *rejectTarget) list(w *strings.Builder, _ bool) {
	w.WriteString(" reject-with " + t.with.String())
}
