package stack

import (
	"net/netip"
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/waiter"

	"dnetsim/sim"
)

// socket is what every kind of socket has in common for the namespace's list.
type socket interface {
	info() SocketInfo
	heldBy(program string, pid int, holder any) bool
	hold(*sim.Loop)
	Close() error
	abandon() // the namespace is closing
}

// owner is who holds a socket, for ss -p and netstat -p.
type owner struct {
	program string
	pid, fd int
	loop    *sim.Loop
	holder  any // what the process that said so is to the room above
}

func (o *owner) hold(l *sim.Loop) { o.loop = l }

// SetOwner names the program that holds the socket, and remembers the running
// process as the one with that number, see [Namespace.CloseHeld].
func (o *owner) SetOwner(program string, pid int) {
	o.program, o.pid = program, pid
	if o.loop != nil && o.loop.Current() != nil {
		o.holder = o.loop.Current().Local()
	}
}

func (o *owner) heldBy(program string, pid int, holder any) bool {
	return o.pid == pid && o.program == program && o.holder == holder
}

// CloseHeld closes the sockets of a process that has ended, as the kernel does
// with its descriptors (do_exit): connections are finished, or reset where data
// was left unread. A process is its program, its number and what it is to the
// loop ([sim.Proc.Local]); two machines in one namespace may have the same
// numbers.
func (ns *Namespace) CloseHeld(program string, pid int, holder any) {
	if ns.closed {
		return
	}
	for _, s := range slices.Clone(ns.sockets) {
		if s.heldBy(program, pid, holder) {
			s.Close()
		}
	}
}

// SetFD sets the descriptor number that ss -p prints.
func (o *owner) SetFD(fd int) { o.fd = fd }

// endpoint is a netstack socket with the way to wait for it in virtual time.
type endpoint struct {
	owner
	ns     *Namespace
	id     uint64
	ep     tcpip.Endpoint
	wq     *waiter.Queue
	entry  waiter.Entry
	cond   sim.Cond
	news   bool // in transport.woken
	closed bool
	v6     bool
}

// open makes the netstack socket of e; v6 chooses AF_INET6, which is
// dual-stack.
func (ns *Namespace) open(e *endpoint, proto tcpip.TransportProtocolNumber, v6 bool) error {
	if ns.closed {
		return ErrNetDown
	}
	np := header.IPv4ProtocolNumber
	if v6 {
		np = header.IPv6ProtocolNumber
	}
	wq := &waiter.Queue{}
	var ep tcpip.Endpoint
	var err tcpip.Error
	s := ns.transport.stack()
	ns.enter(func() { ep, err = s.NewEndpoint(proto, np, wq) })
	if err != nil {
		return errnoOf(err)
	}
	e.adopt(ns, ep, wq, v6)
	return nil
}

// adopt starts listening to an endpoint's events. The callback runs with
// netstack's locks held, perhaps on a worker: it only leaves a note.
func (e *endpoint) adopt(ns *Namespace, ep tcpip.Endpoint, wq *waiter.Queue, v6 bool) {
	t := ns.transport
	t.nextID++
	e.ns, e.ep, e.wq, e.id, e.v6 = ns, ep, wq, t.nextID, v6
	e.entry = waiter.NewFunctionEntry(waiter.EventIn|waiter.EventOut|waiter.EventErr|waiter.EventHUp|waiter.EventRdHUp, func(waiter.EventMask) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !e.news {
			e.news = true
			t.woken = append(t.woken, e)
		}
	})
	wq.EventRegister(&e.entry)
}

// register puts a socket into the namespace's list.
func (ns *Namespace) register(s socket) {
	s.hold(ns.loop)
	ns.sockets = append(ns.sockets, s)
}

func (ns *Namespace) unregister(s socket) {
	ns.sockets = slices.DeleteFunc(ns.sockets, func(x socket) bool { return x == s })
}

// wait blocks the running process until the endpoint has news. A limit of zero
// or less is none.
func (e *endpoint) wait(limit time.Duration) error {
	if limit <= 0 {
		return e.cond.Wait(e.ns.loop)
	}
	return e.cond.WaitFor(e.ns.loop, limit)
}

// call runs fn, which uses the endpoint, settled; after Close it does nothing
// and returns ErrClosed.
func (e *endpoint) call(fn func() tcpip.Error) error {
	if e.closed || e.ns.closed {
		return ErrClosed
	}
	var err tcpip.Error
	e.ns.enter(func() { err = fn() })
	return blocked(err)
}

// calm is call for reading and writing, which leave the workers alone.
func (e *endpoint) calm(fn func() tcpip.Error) error {
	if e.closed || e.ns.closed {
		return ErrClosed
	}
	var err tcpip.Error
	e.ns.enterCalm(func() { err = fn() })
	return blocked(err)
}

// wouldBlock is netstack's wish that the caller wait.
type wouldBlock struct{ error }

func blocked(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrWouldBlock:
		return wouldBlock{ErrTimeout}
	case *tcpip.ErrConnectStarted, *tcpip.ErrAlreadyConnecting:
		return wouldBlock{ErrTimeout}
	}
	return errnoOf(err)
}

func isBlocked(err error) bool {
	_, ok := err.(wouldBlock)
	return ok
}

// bind binds the endpoint after checking that the address is ours.
func (e *endpoint) bind(local netip.AddrPort) error {
	a := local.Addr()
	if a.IsValid() && !a.IsUnspecified() && !e.ns.IsLocal(a) && !a.IsMulticast() && a != broadcast4 && !e.ns.anyBroadcast(a) &&
		e.ns.number("net.ipv4.ip_nonlocal_bind") == 0 {
		return ErrAddrNotAvail
	}
	return e.call(func() tcpip.Error { return e.ep.Bind(e.full(local)) })
}

func (ns *Namespace) anyBroadcast(a netip.Addr) bool {
	return slices.ContainsFunc(ns.ifaces, func(i *Interface) bool { return i.isBroadcast(a) })
}

// full is an address and port in netstack's form for this endpoint's family.
func (e *endpoint) full(a netip.AddrPort) tcpip.FullAddress {
	f := tcpip.FullAddress{Port: a.Port()}
	ip := a.Addr()
	if !ip.IsValid() || ip.IsUnspecified() {
		return f
	}
	if e.v6 && ip.Is4() {
		ip = netip.AddrFrom16(ip.As16())
	}
	f.Addr = address(ip.WithZone(""))
	return f
}

// local is the endpoint's own address; unspecified ones have the family of the
// socket.
func (e *endpoint) local() netip.AddrPort {
	var f tcpip.FullAddress
	e.ns.enterCalm(func() { f, _ = e.ep.GetLocalAddress() })
	return e.addrPort(f)
}

func (e *endpoint) addrPort(f tcpip.FullAddress) netip.AddrPort {
	ip := netipAddr(f.Addr)
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
		if e.v6 {
			ip = netip.IPv6Unspecified()
		}
	}
	return netip.AddrPortFrom(ip.Unmap(), f.Port)
}

// finish closes the endpoint for good.
func (e *endpoint) finish(how func()) {
	if e.closed {
		return
	}
	e.closed = true
	e.wq.EventUnregister(&e.entry)
	if !e.ns.closed {
		e.ns.enter(how)
	}
	e.cond.Broadcast()
}

// Sockets returns the namespace's sockets in the order in which they were made,
// then the TCP connections that nobody holds any more but that are not over.
func (ns *Namespace) Sockets() []SocketInfo {
	var out []SocketInfo
	for _, s := range ns.sockets {
		out = append(out, s.info())
	}
	ns.pruneOrphans()
	for _, c := range ns.orphans {
		i := c.info()
		i.Owner, i.PID, i.FD = "", 0, 0
		out = append(out, i)
	}
	return out
}

// pruneOrphans forgets closed connections that have ended.
func (ns *Namespace) pruneOrphans() {
	ns.orphans = slices.DeleteFunc(ns.orphans, func(c *TCPConn) bool {
		if !c.over() {
			return false
		}
		c.wq.EventUnregister(&c.entry)
		return true
	})
}
