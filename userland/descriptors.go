package userland

import (
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/stack/socket"
)

// firstFD is the lowest descriptor that is none of the three standard streams.
const firstFD = 3

// descriptors is a process's table of sockets. A socket gets the lowest number
// that is free (POSIX.1-2017, 2.14); those that a shell's redirections took are
// not. Files that programs open have no number.
type descriptors struct {
	p    *Process
	open []socket.Socket // by descriptor, from firstFD on
	free int             // no index below it is free
}

// Hold gives a socket its descriptor.
func (t *descriptors) Hold(s socket.Socket) int {
	i := t.free
	for i < len(t.open) && t.open[i] != nil || t.p.files[firstFD+i] != nil {
		i++
	}
	for len(t.open) <= i {
		t.open = append(t.open, nil)
	}
	t.open[i], t.free = s, i+1
	return firstFD + i
}

// Release makes a descriptor free again.
func (t *descriptors) Release(fd int) {
	i := fd - firstFD
	t.open[i], t.free = nil, min(t.free, i)
	for n := len(t.open); n > 0 && t.open[n-1] == nil; n-- {
		t.open = t.open[:n-1]
	}
}

// Who is the process's name and number.
func (t *descriptors) Who() (string, int) { return t.p.comm, t.p.PID }

// close closes what the process has left open, as the kernel does (do_exit):
// connections are finished, or reset where data was left unread.
func (t *descriptors) close() {
	open := t.open
	for i := range open {
		if s := open[i]; s != nil {
			s.Close()
		}
	}
}

// In opens sockets of the process's in any namespace. A process that has ended
// opens them for nobody.
func (p *Process) In(ns *stack.Namespace) stack.Opener {
	if p.done {
		return ns.For(nil)
	}
	return ns.For(&p.sockets)
}

// Adopt makes a socket that another process has opened this one's, as a child's
// that was left to it.
func (p *Process) Adopt(s socket.Socket) {
	if !p.done {
		socket.Give(s, &p.sockets)
	}
}

// DialTCP connects to remote from the process's namespace, see
// [stack.Opener.DialTCP].
func (p *Process) DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*stack.TCPConn, error) {
	return p.In(p.NS()).DialTCP(local, remote, timeout)
}

// ListenTCP listens in the process's namespace. The connections that it accepts
// are the process's, too.
func (p *Process) ListenTCP(local netip.AddrPort) (*stack.TCPListener, error) {
	if !mayBind(p, local.Port()) {
		return nil, EACCES
	}
	return p.In(p.NS()).ListenTCP(local)
}

// ListenUDP makes a UDP socket in the process's namespace.
func (p *Process) ListenUDP(local netip.AddrPort) (*stack.UDPConn, error) {
	if !mayBind(p, local.Port()) {
		return nil, EACCES
	}
	return p.In(p.NS()).ListenUDP(local)
}

// mayBind reports whether a process may take a port: those below
// net.ipv4.ip_unprivileged_port_start are for CAP_NET_BIND_SERVICE.
func mayBind(p *Process, port uint16) bool {
	if port == 0 || NetBind.HeldBy(p) {
		return true
	}
	first, _ := p.NS().Sysctl("net.ipv4.ip_unprivileged_port_start")
	return int(port) >= number(first)
}

// MayPing reports whether a process may open a socket for ICMP echoes: a raw one, or
// one for datagrams, which net.ipv4.ping_group_range opens to groups.
func MayPing(p *Process) bool {
	if NetRaw.HeldBy(p) {
		return true
	}
	groups, _ := p.NS().Sysctl("net.ipv4.ping_group_range")
	first, last, _ := strings.Cut(groups, "\t")
	return p.GID >= number(first) && p.GID <= number(last)
}

// OpenICMP opens a raw socket in the process's namespace.
func (p *Process) OpenICMP(v6 bool) (*stack.ICMPConn, error) { return p.In(p.NS()).OpenICMP(v6) }

// Accept gives every connection that comes to l a thread of p's and closes it
// when each is done with it; it returns why no more come.
func Accept(p *Process, l *stack.TCPListener, each func(conn *stack.TCPConn)) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		p.Go(func() {
			defer conn.Close()
			each(conn)
		})
	}
}

// DialUDP returns a connected socket with a port of the stack's choice, so that
// ICMP errors come back as ErrConnRefused.
func DialUDP(ns stack.Opener, to netip.AddrPort) (*stack.UDPConn, error) {
	conn, err := ns.ListenUDP(netip.AddrPortFrom(Unspecified(to.Addr()), 0))
	if err != nil {
		return nil, err
	}
	if err := conn.Connect(to); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Unspecified is the unspecified address of a's family.
func Unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
