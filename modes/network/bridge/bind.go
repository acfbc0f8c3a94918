package bridge

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/stack/errno"
)

// A release that binds first takes each port of the host itself, with a socket that
// docker-proxy inherits, before any rule leads there; and a port that several of the
// host's addresses lead to is one for all of them.

// request is a way to a port of the container that is to be bound.
type request struct {
	nat.Request
	at, to netip.Addr
	mode   gatewayMode
}

// ranged says that the host's port is not one that was asked for by its number.
func (r request) ranged() bool { return r.Lo == 0 || r.Lo != r.Hi }

// along says that two requests share the port of the host.
func (r request) along(o request) bool {
	return r.Port == o.Port && r.Lo == o.Lo && r.Hi == o.Hi && (r.mode == routed) == (o.mode == routed)
}

// before is the order in which requests are bound: exact ports first.
func (r request) before(o request) int {
	number := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(number(r.mode == routed), number(o.mode == routed)), cmp.Compare(number(r.ranged()), number(o.ranged())),
		cmp.Compare(r.Port.Number, o.Port.Number), cmp.Compare(protocol(r.Port.Proto), protocol(o.Port.Proto)),
		cmp.Compare(r.Lo, o.Lo), cmp.Compare(r.Hi, o.Hi), r.at.Compare(o.at), r.to.Compare(o.to),
	)
}

// protocol is the number of a protocol in an IP header.
func protocol(name string) int { return map[string]int{"tcp": 6, "udp": 17, "sctp": 132}[name] }

// requests are the ways that are to be bound for an endpoint: of each family those
// that it is the container's way out for, and always those that are only routed.
func (b *network) requests(ep *driver.Endpoint, all []nat.Request) (out []request) {
	for _, r := range all {
		host, _ := netip.ParseAddr(r.HostIP)
		for v := range 2 {
			if !ep.WayOut[v] && b.mode[v] != routed {
				continue
			}
			to := [2]netip.Prefix{ep.Addr, ep.Addr6}[v].Addr()
			if v == 1 && !to.IsValid() && ep.WayOut[0] && b.d.cfg.Proxy {
				to = ep.Addr.Addr() // by the proxy
			}
			if !to.IsValid() || host.IsValid() && host.Is6() != (v == 1) {
				continue
			}
			at := host
			if !at.IsValid() {
				at = b.bindIP
				if v == 1 && at == netip.IPv4Unspecified() {
					at = netip.IPv6Unspecified()
				}
				if at.Is6() != (v == 1) {
					continue
				}
			}
			if b.mode[v] == routed {
				at = [2]netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}[v]
			}
			out = append(out, request{r, at, to, b.mode[v]})
		}
	}
	slices.SortStableFunc(out, request.before)
	return out
}

// publish binds all of an endpoint's ports, or none.
func (b *network) publish(ep *driver.Endpoint, all []nat.Request) error {
	list := b.requests(ep, all)
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[0].along(list[n]) {
			n++
		}
		var group []binding
		for _, r := range list[:n] {
			group = append(group, binding{
				Binding: driver.Binding{Port: r.Port, HostIP: r.at}, bridge: b.name, to: r.to, internal: b.internal, mode: r.mode,
			})
		}
		if err := b.bindGroup(ep, list[0], group); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// bindGroup takes a port for all addresses of a group, opens the way to it and
// starts the proxies.
func (b *network) bindGroup(ep *driver.Endpoint, r request, group []binding) error {
	d := b.d
	held := make([]socket, len(group))
	if r.mode != routed {
		var err error
		if held, err = d.hold(r, group); err != nil {
			return err
		}
	}
	for i := range group {
		if err := d.rules.port(group[i], true); err != nil {
			for k := range group {
				if k <= i {
					d.rules.port(group[k], false)
				}
				d.letGo(group[k], held[k])
			}
			return err
		}
	}
	for i, x := range group {
		if held[i] != nil {
			x.stop = d.serve(x, held[i])
		}
		d.bound[ep.ID] = append(d.bound[ep.ID], x)
		ep.Bound = append(ep.Bound, x.Binding)
	}
	return nil
}

func (d *Driver) letGo(x binding, s socket) {
	if s != nil {
		s.Close()
		d.ports.Release(x.HostIP.String(), x.Port.Proto, x.HostPort)
	}
}

// hold takes one port for all addresses of a group, again if somebody else has the
// one that fell, and nobody had asked for it by number.
func (d *Driver) hold(r request, group []binding) (held []socket, err error) {
	for attempt := range bindAttempts {
		var port int
		addrs := make([]string, len(group))
		for i := range group {
			addrs[i] = group[i].HostIP.String()
		}
		if port, err = d.ports.RequestAll(addrs, r.Port.Proto, r.Lo, r.Hi); err != nil {
			if !r.ranged() {
				d.host.Log("warning", "Failed to allocate port", "error", err.Error())
			}
			return nil, err
		}
		held = nil
		for i := range group {
			group[i].HostPort = port
			at := netip.AddrPortFrom(group[i].HostIP, uint16(port))
			if r.Port.Proto == "sctp" { // no kernel here knows it
				err = errdefs.System("failed to create socket for %s/sctp: %s", at, errdefs.Lower(errno.ProtoNotSupported))
				break
			}
			s, e := d.listen(r.Port.Proto, at)
			if e != nil {
				err = errdefs.System("failed to bind host port %s/%s: %s", at, r.Port.Proto, errdefs.Lower(e))
				break
			}
			held = append(held, s)
		}
		if len(held) == len(group) {
			return held, nil
		}
		for _, s := range held {
			s.Close()
		}
		for _, a := range addrs {
			d.ports.Release(a, r.Port.Proto, port)
		}
		if !r.ranged() {
			d.host.Log("warning", "Failed to allocate port", "error", err.Error())
			break
		}
		d.host.Log("warning", "Failed to allocate port", "attempt", strconv.Itoa(attempt+1), "error", err.Error())
	}
	return nil, err
}
