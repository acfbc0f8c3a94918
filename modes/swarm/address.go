package swarm

import (
	"errors"
	"net"
	"net/netip"
	"strconv"

	"dnetsim/modes/swarm/rpc"
	"dnetsim/stack"
)

// The refusals of addresses, as moby has them.
var (
	errMustSpecifyListen = errors.New("must specify a listening address because the address to advertise is not recognized as a system address, and a system's IP address to use could not be uniquely identified")
	errBadListen         = errors.New("listen address must be an IP address or network interface (with optional port number)")
	errBadAdvertise      = errors.New("advertise address must be a non-zero IP address or network interface (with optional port number)")
	errBadDataPath       = errors.New("data path address must be a non-zero IP address or network interface (without a port number)")
	errBadDefault        = errors.New("default advertise address must be a non-zero IP address or network interface (without a port number)")
	errNoIP              = errors.New("could not find the system's IP address")
)

// split separates an address from its port; without one it has the swarm's own.
func split(addr string) (host string, port uint16, err error) {
	if h, p, err := net.SplitHostPort(addr); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		return h, uint16(n), err
	}
	return addr, rpc.Port, nil
}

// onInterface is the address of an interface, if there is such an interface.
func (n *Node) onInterface(name string) (a netip.Addr, found bool, err error) {
	i := n.NS().Interface(name)
	if i == nil {
		return a, false, nil
	}
	var v4, v6 netip.Addr
	for _, x := range i.Addrs() {
		ip := x.Prefix.Addr()
		switch {
		case ip.Is4() && v4.IsValid():
			return a, true, errors.New("interface " + name + " has more than one IPv4 address (" + v4.String() + " and " + ip.String() + ")")
		case ip.Is4():
			v4 = ip
		case ip.IsLinkLocalUnicast():
		case v6.IsValid():
			return a, true, errors.New("interface " + name + " has more than one IPv6 address (" + v6.String() + " and " + ip.String() + ")")
		default:
			v6 = ip
		}
	}
	switch {
	case v4.IsValid():
		return v4, true, nil
	case v6.IsValid():
		return v6, true, nil
	}
	return a, true, errors.New("interface " + name + " has no usable IPv4 or IPv6 address")
}

// listenAddr resolves --listen-addr.
func (n *Node) listenAddr(text string) (netip.AddrPort, error) {
	host, port, err := split(text)
	if err != nil {
		return netip.AddrPort{}, errBadListen
	}
	a, found, err := n.onInterface(host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if !found {
		if a, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, errBadListen
		}
	}
	return netip.AddrPortFrom(a, port), nil
}

// advertiseAddr resolves --advertise-addr, or finds the one address that it can be.
func (n *Node) advertiseAddr(text string, listen netip.AddrPort) (netip.AddrPort, error) {
	if text != "" {
		host, port, err := split(text)
		if err != nil {
			return netip.AddrPort{}, errBadAdvertise
		}
		if text == host {
			port = listen.Port()
		}
		a, err := n.named(host, errBadAdvertise)
		return netip.AddrPortFrom(a, port), err
	}
	if def := n.DefaultAdvertise(); def != "" {
		a, err := n.named(def, errBadDefault)
		return netip.AddrPortFrom(a, listen.Port()), err
	}
	if !listen.Addr().IsUnspecified() {
		return listen, nil
	}
	a, err := n.systemAddr()
	return netip.AddrPortFrom(a, listen.Port()), err
}

func (n *Node) named(host string, bad error) (netip.Addr, error) {
	a, found, err := n.onInterface(host)
	if found || err != nil {
		return a, err
	}
	if a, err = netip.ParseAddr(host); err != nil || a.IsUnspecified() {
		return netip.Addr{}, bad
	}
	return a, nil
}

// dataPathAddr resolves --data-path-addr; "" is none.
func (n *Node) dataPathAddr(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	return n.named(text, errBadDataPath)
}

// systemAddr is the host's one address that is no loopback's and no engine's.
func (n *Node) systemAddr() (netip.Addr, error) {
	var v4, v6 netip.Addr
	var on4, on6 string
	for _, i := range n.NS().Interfaces() {
		if i.Kind() == stack.KindLoopback || n.Managed(i.Name()) {
			continue
		}
		for _, x := range i.Addrs() {
			ip := x.Prefix.Addr()
			switch {
			case ip.Is4() && v4.IsValid():
				return v4, several(v4, ip, on4, i.Name())
			case ip.Is4():
				v4, on4 = ip, i.Name()
			case ip.IsLinkLocalUnicast():
			case v6.IsValid() && !v4.IsValid():
				return v6, several(v6, ip, on6, i.Name())
			default:
				v6, on6 = ip, i.Name()
			}
		}
	}
	switch {
	case v4.IsValid():
		return v4, nil
	case v6.IsValid():
		return v6, nil
	}
	return v4, errNoIP
}

func several(a, b netip.Addr, onA, onB string) error {
	if onA == onB {
		return errors.New("could not choose an IP address to advertise since this system has multiple addresses on interface " +
			onA + " (" + a.String() + " and " + b.String() + ") - specify one with --advertise-addr")
	}
	return errors.New("could not choose an IP address to advertise since this system has multiple addresses on different interfaces (" +
		a.String() + " on " + onA + " and " + b.String() + " on " + onB + ") - specify one with --advertise-addr")
}

// localAddr is the host's own address for an address to advertise: itself, or the only
// one that there is.
func (n *Node) localAddr(advertise, listen netip.Addr) (netip.Addr, error) {
	if !listen.IsUnspecified() {
		return listen, nil
	}
	for _, i := range n.NS().Interfaces() {
		for _, x := range i.Addrs() {
			if x.Prefix.Addr() == advertise {
				return advertise, nil
			}
		}
	}
	a, err := n.systemAddr()
	if err != nil {
		return a, errMustSpecifyListen
	}
	return a, nil
}

// toward is the host's own address on the way to another host.
func (n *Node) toward(to netip.Addr) netip.Addr {
	r, err := n.NS().RouteGet(to, netip.Addr{})
	if err != nil {
		return netip.Addr{}
	}
	return r.Src
}
