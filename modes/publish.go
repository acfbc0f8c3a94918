package modes

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"
)

// binding is one published port while it is bound.
type binding struct {
	port     Port // of the container
	hostIP   netip.Addr
	hostPort int
	to       netip.Addr // the container's address
	stop     func()     // ends the proxy that listens on the host
}

// request is one port that wants to be published: HostPort 0 to 0 is any.
type request struct {
	port   Port
	hostIP string
	lo, hi int
}

// publishRequests are the ports of a container in the order in which Docker
// binds them: larger host ports first, then larger container ports, TCP before
// UDP.
func publishRequests(c *Container) ([]request, error) {
	var all []request
	for _, port := range sortedPorts(c.Config.ExposedPorts) {
		bs := c.HostConfig.PortBindings[port]
		for _, b := range bs {
			lo, hi, err := parseRange(b.HostPort)
			if err != nil {
				return nil, errf(ErrInvalid, "Error parsing HostPort value(%s):%v", b.HostPort, err)
			}
			all = append(all, request{port, b.HostIP, lo, hi})
		}
		if len(bs) == 0 && c.HostConfig.PublishAllPorts {
			all = append(all, request{port: port})
		}
	}
	sort.SliceStable(all, func(i, k int) bool {
		a, b := all[i], all[k]
		switch {
		case a.lo != b.lo:
			return a.lo > b.lo
		case a.port.Number != b.port.Number:
			return a.port.Number > b.port.Number
		case a.port.Proto != b.port.Proto:
			return a.port.Proto < b.port.Proto
		}
		return a.hostIP < b.hostIP
	})
	return all, nil
}

// sortedPorts are the keys of a map of ports: by number, TCP before UDP.
func sortedPorts[V any](m map[Port]V) []Port {
	ports := make([]Port, 0, len(m))
	for p := range m {
		ports = append(ports, p)
	}
	sort.Slice(ports, func(i, k int) bool {
		if ports[i].Number != ports[k].Number {
			return ports[i].Number < ports[k].Number
		}
		return ports[i].Proto < ports[k].Proto
	})
	return ports
}

func parseRange(s string) (lo, hi int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	a, b, ranged := strings.Cut(s, "-")
	if !ranged {
		b = a
	}
	x, err := strconv.ParseUint(a, 10, 16)
	if err != nil {
		return 0, 0, errf(ErrInvalid, "Invalid hostPort: %s", s)
	}
	y, err := strconv.ParseUint(b, 10, 16)
	if err != nil || y < x {
		return 0, 0, errf(ErrInvalid, "Invalid hostPort: %s", s)
	}
	return int(x), int(y), nil
}

// publish binds the container's ports to the host through this endpoint. When
// one cannot be bound, none stays bound.
func (ep *endpoint) publish() error {
	all, err := publishRequests(ep.c)
	if err != nil {
		return err
	}
	ep.exposed = true
	for _, r := range all {
		for _, a := range ep.hostAddrs(r) {
			if err := ep.bind(r, a); err != nil {
				ep.unpublish()
				return err
			}
		}
	}
	return nil
}

// hostAddrs are the host's addresses on which a request is bound: those it
// names, or every IPv4 and, through the proxy, every IPv6 one.
func (ep *endpoint) hostAddrs(r request) []netip.Addr {
	b := ep.net.core.bridge
	v6ok := ep.addr6.IsValid() || b.d.config.Proxy
	if r.hostIP != "" {
		a, err := netip.ParseAddr(r.hostIP)
		if err != nil || a.Is6() && !v6ok {
			return nil
		}
		return []netip.Addr{a}
	}
	if b.bindIP.Is6() {
		if v6ok {
			return []netip.Addr{b.bindIP}
		}
		return nil
	}
	if b.bindIP.IsUnspecified() && v6ok {
		return []netip.Addr{b.bindIP, netip.IPv6Unspecified()}
	}
	return []netip.Addr{b.bindIP}
}

// bindAttempts is how often a port that nobody asked for by number is tried.
const bindAttempts = 10

func (ep *endpoint) bind(r request, hostIP netip.Addr) error {
	d := ep.net.core.bridge.d
	to := ep.addr.Addr()
	if hostIP.Is6() && ep.addr6.IsValid() {
		to = ep.addr6.Addr()
	}
	var err error
	for range bindAttempts {
		var port int
		port, err = d.ports.request(hostIP.String(), r.port.Proto, r.lo, r.hi)
		if err != nil {
			return err
		}
		b := binding{port: r.port, hostIP: hostIP, hostPort: port, to: to}
		ep.forward(b, true)
		if b.stop, err = d.startProxy(b); err == nil {
			ep.bound = append(ep.bound, b)
			return nil
		}
		ep.forward(b, false)
		d.ports.release(hostIP.String(), r.port.Proto, port)
		if r.lo != 0 {
			return err
		}
	}
	return err
}

// forward puts the rules of a published port in place, or takes them away: the
// DNAT, the way through FORWARD, and the masquerade of a container that talks
// to itself.
func (ep *endpoint) forward(b binding, want bool) {
	if b.hostIP.Is6() != b.to.Is6() {
		return // only the proxy joins the families
	}
	br := ep.net.core.bridge
	f := br.d.firewall(b.hostIP.Is6())
	any4, port := "0/0", strconv.Itoa(int(b.port.Number))
	if f.v6 {
		any4 = "::/0"
	}
	daddr := b.hostIP.String()
	if b.hostIP.IsUnspecified() {
		daddr = any4
	}
	to := netip.AddrPortFrom(b.to, b.port.Number).String()
	dnat := []string{"-p", b.port.Proto, "-d", daddr, "--dport", strconv.Itoa(b.hostPort), "-j", "DNAT", "--to-destination", to}
	if br.d.config.Proxy {
		dnat = append(dnat, "!", "-i", br.name)
	}
	f.add(want, "nat", chainDocker, dnat...)
	f.add(want, "filter", chainDocker, "!", "-i", br.name, "-o", br.name, "-p", b.port.Proto, "-d", b.to.String(), "--dport", port, "-j", "ACCEPT")
	f.add(want, "nat", "POSTROUTING", "-p", b.port.Proto, "-s", b.to.String(), "-d", b.to.String(), "--dport", port, "-j", "MASQUERADE")
}

// unpublish releases what publish bound.
func (ep *endpoint) unpublish() {
	ep.exposed = false
	if len(ep.bound) == 0 {
		return
	}
	d := ep.net.core.bridge.d
	for _, b := range ep.bound {
		if b.stop != nil {
			b.stop()
		}
		ep.forward(b, false)
		d.ports.release(b.hostIP.String(), b.port.Proto, b.hostPort)
	}
	ep.bound = nil
}

// portMap is what inspect shows: every exposed port and how it is bound.
func (ep *endpoint) portMap() map[Port][]PortBinding {
	m := map[Port][]PortBinding{}
	if !ep.exposed {
		return m
	}
	for p := range ep.c.Config.ExposedPorts {
		m[p] = nil
	}
	for _, b := range ep.bound {
		m[b.port] = append(m[b.port], PortBinding{HostIP: b.hostIP.String(), HostPort: strconv.Itoa(b.hostPort)})
	}
	return m
}
