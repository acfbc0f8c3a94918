package bridge

import (
	"io"
	"net/netip"
	"strconv"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// socket is one that keeps a port of the host.
type socket interface{ Close() error }

// none keeps a port of a protocol that has no sockets here.
type none struct{}

func (none) Close() error { return nil }

// startProxy occupies a published port on the host. With the userland proxy a
// docker-proxy process listens and copies; without it dockerd only keeps the
// port from others.
func (d *Driver) startProxy(b binding) (stop func(), err error) {
	at := netip.AddrPortFrom(b.HostIP, uint16(b.HostPort))
	s, err := d.listen(b.Port.Proto, at)
	if err != nil {
		return nil, proxyError(b.Port.Proto, at, err)
	}
	return d.serve(b, s), nil
}

// listen opens the socket of a published port.
func (d *Driver) listen(proto string, at netip.AddrPort) (socket, error) {
	o := d.host.Opener(d.host.NS())
	switch proto {
	case "tcp":
		l, err := listenTCP(o, at, d.v6Only(at.Addr()))
		if err != nil {
			return nil, err
		}
		return l, nil
	case "udp":
		c, err := listenUDP(o, at, d.v6Only(at.Addr()))
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return none{}, nil
}

// serve starts docker-proxy on a socket that listens, if there is to be one; stop
// ends both.
func (d *Driver) serve(b binding, s socket) (stop func()) {
	stop = func() { s.Close() }
	if !d.cfg.Proxy {
		return stop
	}
	to := netip.AddrPortFrom(b.to, b.Port.Number)
	var p *userland.Process
	switch s := s.(type) {
	case *stack.TCPListener:
		p = d.proxyProcess(b, func(p *userland.Process) { serveTCPProxy(p, s, to) })
		p.Adopt(s)
	case *stack.UDPConn:
		p = d.proxyProcess(b, func(p *userland.Process) { serveUDPProxy(p, s, to) })
		p.Adopt(s)
	default:
		return stop
	}
	return func() { s.Close(); p.Signal(userland.SIGKILL) }
}

// v6Only reports whether the socket of an address is for its family only: docker-proxy's
// for "::", beside the one of 0.0.0.0 with the same port; the engine's own for any of IPv6.
func (d *Driver) v6Only(at netip.Addr) bool {
	return at == netip.IPv6Unspecified() || at.Is6() && d.host.Profile.BindFirst
}

func listenTCP(o stack.Opener, at netip.AddrPort, v6Only bool) (*stack.TCPListener, error) {
	if v6Only {
		return o.ListenTCPv6Only(at)
	}
	return o.ListenTCP(at)
}

func listenUDP(o stack.Opener, at netip.AddrPort, v6Only bool) (*stack.UDPConn, error) {
	if v6Only {
		return o.ListenUDPv6Only(at)
	}
	return o.ListenUDP(at)
}

func proxyError(proto string, at netip.AddrPort, err error) error {
	family := "4"
	if at.Addr().Is6() {
		family = "6"
	}
	return errdefs.System("Error starting userland proxy: listen %s%s %s: bind: %s", proto, family, at, errdefs.Lower(err))
}

// proxyProcess starts a docker-proxy with the arguments that dockerd gives it.
func (d *Driver) proxyProcess(b binding, serve func(*userland.Process)) *userland.Process {
	return d.host.Start(userland.ProcSpec{
		Args: append([]string{
			d.host.Profile.Binaries + "/docker-proxy", "-proto", b.Port.Proto, "-host-ip", b.HostIP.String(),
			"-host-port", strconv.Itoa(b.HostPort), "-container-ip", b.to.String(),
			"-container-port", strconv.Itoa(int(b.Port.Number)),
		}, d.host.Profile.ProxyArgs...),
		Program:  func(p *userland.Process) int { serve(p); return 0 },
		Parent:   d.host.Dockerd(),
		Deathsig: userland.SIGTERM,
		NS:       d.host.NS(),
		NewGroup: true,
	})
}

func serveTCPProxy(p *userland.Process, l *stack.TCPListener, to netip.AddrPort) {
	for {
		c, err := l.Accept()
		if err == sim.ErrInterrupted {
			continue
		}
		if err != nil {
			return
		}
		p.Go(func() { proxyConn(p, c, to) })
	}
}

// proxyConn joins a client with the container, each direction closing by
// itself.
func proxyConn(p *userland.Process, client *stack.TCPConn, to netip.AddrPort) {
	defer client.Close()
	server, err := p.DialTCP(netip.AddrPort{}, to, 0)
	if err != nil {
		return
	}
	defer server.Close()
	var done sim.Cond
	over := false
	p.Go(func() {
		io.Copy(server, client)
		server.CloseWrite()
		over = true
		done.Broadcast()
	})
	io.Copy(client, server)
	client.CloseWrite()
	for !over {
		if done.Wait(p.Loop()) != nil {
			return
		}
	}
}

// udpFlowTimeout is how long docker-proxy keeps a silent UDP flow.
const udpFlowTimeout = 90 * time.Second

// serveUDPProxy keeps one socket to the container per client.
func serveUDPProxy(p *userland.Process, conn *stack.UDPConn, to netip.AddrPort) {
	flows := map[netip.AddrPort]*stack.UDPConn{}
	buf := make([]byte, 65507)
	for {
		n, from, err := conn.ReadFrom(buf, 0)
		if err == stack.ErrConnRefused || err == sim.ErrInterrupted {
			continue
		}
		if err != nil {
			return
		}
		flow := flows[from]
		if flow == nil {
			any4 := netip.IPv4Unspecified()
			if to.Addr().Is6() {
				any4 = netip.IPv6Unspecified()
			}
			if flow, err = p.ListenUDP(netip.AddrPortFrom(any4, 0)); err != nil {
				continue
			}
			if flow.Connect(to) != nil {
				flow.Close()
				continue
			}
			flows[from] = flow
			p.Go(func() {
				answerUDP(conn, flow, from)
				flow.Close()
				delete(flows, from)
			})
		}
		flow.WriteTo(buf[:n], to)
	}
}

func answerUDP(conn, flow *stack.UDPConn, client netip.AddrPort) {
	buf := make([]byte, 65507)
	for {
		n, _, err := flow.ReadFrom(buf, udpFlowTimeout)
		if err == stack.ErrConnRefused {
			continue
		}
		if err != nil {
			return
		}
		conn.WriteTo(buf[:n], client)
	}
}
