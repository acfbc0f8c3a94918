package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// Where a release chooses a container's way out for IPv4 and for IPv6 each, this is
// how: the first endpoint in the order of their ways that has a gateway.

// ways is an endpoint's gateways, one for each address family.
func (ep *Endpoint) ways() (v4, v6 bool) { return ep.Gateway.IsValid(), ep.Gateway6.IsValid() }

// before orders the endpoints of a sandbox by priority; of equal ones
// docker_gwbridge comes last, then internal networks, and then whoever has fewer
// ways.
func (ep *Endpoint) before(o *Endpoint) int {
	count := func(ep *Endpoint) (n int) {
		v4, v6 := ep.ways()
		return number(v4) + number(v6)
	}
	return cmp.Or(
		cmp.Compare(o.priority, ep.priority), cmp.Compare(number(ep.gatewayName != ""), number(o.gatewayName != "")),
		cmp.Compare(number(ep.net.Internal), number(o.net.Internal)), cmp.Compare(count(o), count(ep)),
		cmp.Compare(ep.net.Name, o.net.Name),
	)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// out are the endpoints that are the way out for IPv4 and IPv6, nil where there is
// none.
func (sb *Sandbox) out() (all [2]*Endpoint) {
	for _, ep := range sb.endpoints {
		v4, v6 := ep.ways()
		if v4 && all[0] == nil {
			all[0] = ep
		}
		if v6 && all[1] == nil {
			all[1] = ep
		}
	}
	return all
}

// updateWays gives the container the default routes of its ways out.
func (sb *Sandbox) updateWays() {
	want := sb.out()
	for v, ep := range want {
		if ep != nil && ep.Inside != nil && ep.ifName == "" {
			want[v] = nil // not plugged in yet
		}
	}
	if want == sb.routesBy {
		return
	}
	for v, gw := range sb.routes {
		if gw.IsValid() {
			sb.NS.DelRoute(defaultRoute(gw))
		}
		sb.routes[v] = netip.Addr{}
	}
	sb.routesBy = want
	for v, ep := range want {
		if ep != nil {
			sb.routes[v] = ep.gatewayFor(v)
			sb.NS.AddRoute(defaultRoute(sb.routes[v]))
		}
	}
}

// movePorts publishes the container's ports on its ways out, and takes them from
// what is no way out any more.
func (sb *Sandbox) movePorts() error {
	all, err := sb.C.Publications()
	if err != nil {
		return sb.external(nil, err)
	}
	out := sb.out()
	wants := func(ep *Endpoint) [2]bool {
		return [2]bool{out[0] == ep, out[1] == ep || out[1] == nil && out[0] == ep}
	}
	for _, ep := range sb.endpoints {
		if want := wants(ep); want != ep.WayOut && ep.External {
			sb.ctl.driver(ep.net).RevokeExternal(&ep.Endpoint)
		}
	}
	for _, ep := range sb.endpoints {
		want := wants(ep)
		if ep.External && want == ep.WayOut || ep.net.Internal {
			continue
		}
		ep.WayOut = want
		if err := sb.publish(ep, all); err != nil {
			return err
		}
	}
	return nil
}

func (sb *Sandbox) publish(ep *Endpoint, all []nat.Request) error {
	return sb.external(ep, sb.ctl.driver(ep.net).ProgramExternal(&ep.Endpoint, all))
}

// external words what went wrong when ports were published.
func (sb *Sandbox) external(ep *Endpoint, err error) error {
	if err == nil || ep == nil {
		return err
	}
	return errdefs.Wrap(err, "driver failed programming external connectivity on endpoint %s (%s): ", sb.C.Name, ep.ID)
}

// setSysctls gives an endpoint's interface the settings that were asked for.
func (sb *Sandbox) setSysctls(ep *Endpoint) error {
	for _, one := range strings.Split(ep.sysctls, ",") {
		if ep.sysctls == "" {
			return nil
		}
		k, v, ok := strings.Cut(one, "=")
		if !ok {
			return fmt.Errorf("expected sysctl '%s' to have format name=value", one)
		}
		parts := strings.Split(k, ".")
		if len(parts) != 5 {
			return fmt.Errorf("expected sysctl '%s' to have format net.X.Y.IFNAME.Z", one)
		}
		parts[3] = ep.ifName
		file := "/proc/sys/" + strings.Join(parts, "/")
		switch err := sb.NS.SetSysctl(strings.Join(parts, "."), v); err {
		case nil:
		case stack.ErrNoEntry:
			return fmt.Errorf("%s is not a sysctl file", file)
		default:
			return fmt.Errorf("unable to write to '%s': write %s: invalid argument", file, file)
		}
	}
	return nil
}

// interfaceName is what an endpoint's interface is called in the container: as it
// asks, or the prefix with the lowest number that no other one has.
func (sb *Sandbox) interfaceName(ep *Endpoint) string {
	if ep.wantName != "" {
		return ep.wantName
	}
	prefix := ep.net.Options[driver.OptIfPrefix]
	if prefix == "" {
		prefix = "eth"
	}
	for n := 0; ; n++ {
		name, free := fmt.Sprint(prefix, n), true
		for _, o := range sb.endpoints {
			free = free && (o == ep || o.Inside == nil || o.ifName != name)
		}
		if free {
			return name
		}
	}
}

// gatewayFor is the endpoint's gateway of a family, 0 for IPv4.
func (ep *Endpoint) gatewayFor(v int) netip.Addr { return [2]netip.Addr{ep.Gateway, ep.Gateway6}[v] }

// namespaceOf is the namespace of a container's sandbox, nil if it has none of its
// own.
func namespaceOf(ctl *Controller, c *container.Container) *stack.Namespace {
	for _, sb := range ctl.Sandboxes {
		if sb.C == c && !sb.HostStack && sb.users > 0 {
			return sb.NS
		}
	}
	return nil
}

// hasAddr reports whether the endpoint must have an IPv4 address: where a network may
// be IPv6's alone, only if it was given one.
func (ep *Endpoint) hasAddr() bool {
	return ep.Addr.IsValid() || ep.sb == nil || !ep.sb.ctl.Face.Profile.StrictSettings
}

// tellWays logs which endpoints are the container's ways out now that one has joined.
func (sb *Sandbox) tellWays(ep *Endpoint, before [2]*Endpoint) {
	id := func(ep *Endpoint) string {
		if ep == nil {
			return ""
		}
		return ep.ID[:12]
	}
	after := sb.out()
	sb.ctl.Journal.Write("info", fmt.Sprintf("sbJoin: gwep4 '%s'->'%s', gwep6 '%s'->'%s'", id(before[0]), id(after[0]), id(before[1]), id(after[1])),
		"eid", ep.ID[:12], "ep", ep.name(), "net", ep.net.Name, "nid", ep.net.ShortID())
}
