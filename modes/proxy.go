package modes

import (
	"io"
	"net/netip"
	"strconv"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// startProxy occupies a published port on the host. With the userland proxy a
// docker-proxy process listens and copies; without it dockerd only keeps the
// port from others.
func (d *Daemon) startProxy(b binding) (stop func(), err error) {
	at := netip.AddrPortFrom(b.hostIP, uint16(b.hostPort))
	if b.port.Proto == "udp" {
		return d.startUDPProxy(b, at)
	}
	if b.port.Proto != "tcp" {
		return func() {}, nil
	}
	l, err := listenTCP(d.ns(), at)
	if err != nil {
		return nil, proxyError("tcp", at, err)
	}
	if l == nil {
		p := d.proxyProcess(b, idle)
		return func() { p.Signal(userland.SIGKILL) }, nil
	}
	if !d.config.Proxy {
		l.SetOwner("dockerd", d.pid)
		return func() { l.Close() }, nil
	}
	p := d.proxyProcess(b, func(p *userland.Process) { serveTCPProxy(p, l, netip.AddrPortFrom(b.to, b.port.Number)) })
	l.SetOwner("docker-proxy", p.PID)
	return func() { l.Close(); p.Signal(userland.SIGKILL) }, nil
}

// onlyV6 opens sockets with IPV6_V6ONLY, as docker-proxy does for "::": beside
// the one of 0.0.0.0 with the same port.
type onlyV6 interface {
	ListenTCPv6Only(netip.AddrPort) (*stack.TCPListener, error)
	ListenUDPv6Only(netip.AddrPort) (*stack.UDPConn, error)
}

// listenTCP listens for one family. Where the stack cannot open a socket for
// IPv6 alone there is none for "::": its proxy exists and hears nothing.
func listenTCP(ns *stack.Namespace, at netip.AddrPort) (*stack.TCPListener, error) {
	if at.Addr() != netip.IPv6Unspecified() {
		return ns.ListenTCP(at)
	}
	if v6, ok := any(ns).(onlyV6); ok {
		return v6.ListenTCPv6Only(at)
	}
	return nil, nil
}

func listenUDP(ns *stack.Namespace, at netip.AddrPort) (*stack.UDPConn, error) {
	if at.Addr() != netip.IPv6Unspecified() {
		return ns.ListenUDP(at)
	}
	if v6, ok := any(ns).(onlyV6); ok {
		return v6.ListenUDPv6Only(at)
	}
	return nil, nil
}

// idle is a docker-proxy without a socket.
func idle(p *userland.Process) {
	for p.Sleep(time.Hour) == nil {
	}
}

func proxyError(proto string, at netip.AddrPort, err error) error {
	family := "4"
	if at.Addr().Is6() {
		family = "6"
	}
	return errf(ErrSystem, "Error starting userland proxy: listen %s%s %s: bind: %s", proto, family, at, lower(err))
}

// proxyProcess starts a docker-proxy with the arguments that dockerd gives it.
func (d *Daemon) proxyProcess(b binding, serve func(*userland.Process)) *userland.Process {
	return d.host.Machine.Start(userland.ProcSpec{
		Args: []string{
			"/usr/sbin/docker-proxy", "-proto", b.port.Proto, "-host-ip", b.hostIP.String(),
			"-host-port", strconv.Itoa(b.hostPort), "-container-ip", b.to.String(),
			"-container-port", strconv.Itoa(int(b.port.Number)),
		},
		Program:  func(p *userland.Process) int { serve(p); return 0 },
		Parent:   d.proc,
		NS:       d.ns(),
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
		c.SetOwner("docker-proxy", p.PID)
		p.Go(func() { proxyConn(p, c, to) })
	}
}

// proxyConn joins a client with the container, each direction closing by
// itself.
func proxyConn(p *userland.Process, client *stack.TCPConn, to netip.AddrPort) {
	defer client.Close()
	server, err := p.NS().DialTCP(netip.AddrPort{}, to, 0)
	if err != nil {
		return
	}
	defer server.Close()
	server.SetOwner("docker-proxy", p.PID)
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

func (d *Daemon) startUDPProxy(b binding, at netip.AddrPort) (func(), error) {
	conn, err := listenUDP(d.ns(), at)
	if err != nil {
		return nil, proxyError("udp", at, err)
	}
	if conn == nil {
		p := d.proxyProcess(b, idle)
		return func() { p.Signal(userland.SIGKILL) }, nil
	}
	if !d.config.Proxy {
		conn.SetOwner("dockerd", d.pid)
		return func() { conn.Close() }, nil
	}
	to := netip.AddrPortFrom(b.to, b.port.Number)
	p := d.proxyProcess(b, func(p *userland.Process) { serveUDPProxy(p, conn, to) })
	conn.SetOwner("docker-proxy", p.PID)
	return func() { conn.Close(); p.Signal(userland.SIGKILL) }, nil
}

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
			if flow, err = p.NS().ListenUDP(netip.AddrPortFrom(any4, 0)); err != nil {
				continue
			}
			if flow.Connect(to) != nil {
				flow.Close()
				continue
			}
			flow.SetOwner("docker-proxy", p.PID)
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
