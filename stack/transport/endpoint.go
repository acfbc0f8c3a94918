package transport

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"dnetsim/sim"
	"dnetsim/stack/errno"
	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/waiter"
)

// endpoint is a netstack socket with the way to wait for it in virtual time.
type endpoint struct {
	socket.Owner
	t      *Layer
	id     uint64
	ep     tcpip.Endpoint
	wq     *waiter.Queue
	entry  waiter.Entry
	cond   sim.Cond
	from   bytes.Reader      // of the call that is under way
	into   tcpip.SliceWriter // of the call that is under way
	news   bool              // in transport.woken
	closed bool
	v6     bool
}

// open makes the netstack socket of e; v6 chooses AF_INET6, which is
// dual-stack.
func (t *Layer) open(e *endpoint, proto tcpip.TransportProtocolNumber, v6 bool) error {
	if t.closed {
		return errno.NetDown
	}
	np := header.IPv4ProtocolNumber
	if v6 {
		np = header.IPv6ProtocolNumber
	}
	wq := &waiter.Queue{}
	var ep tcpip.Endpoint
	var err tcpip.Error
	s := t.stack()
	t.enter(func() { ep, err = s.NewEndpoint(proto, np, wq) })
	if err != nil {
		return errnoOf(err)
	}
	e.adopt(t, ep, wq, v6)
	return nil
}

// adopt starts listening to an endpoint's events. The callback runs with
// netstack's locks held: it only leaves a note.
func (e *endpoint) adopt(t *Layer, ep tcpip.Endpoint, wq *waiter.Queue, v6 bool) {
	t.nextID++
	e.t, e.ep, e.wq, e.id, e.v6 = t, ep, wq, t.nextID, v6
	e.entry = waiter.NewFunctionEntry(waiter.EventIn|waiter.EventOut|waiter.EventErr|waiter.EventHUp|waiter.EventRdHUp, func(waiter.EventMask) {
		if !e.news {
			e.news = true
			t.woken = append(t.woken, e)
		}
	})
	wq.EventRegister(&e.entry)
}

// wait blocks the running process until the endpoint has news. A limit of zero
// or less is none.
func (e *endpoint) wait(limit time.Duration) error {
	if limit <= 0 {
		return e.cond.Wait(e.t.loop)
	}
	return e.cond.WaitFor(e.t.loop, limit)
}

// call runs fn, which uses the endpoint, settled; after Close it does nothing
// and returns errno.Closed.
func (e *endpoint) call(fn func() tcpip.Error) error {
	if e.closed || e.t.closed {
		return errno.Closed
	}
	var err tcpip.Error
	e.t.enter(func() { err = fn() })
	return blocked(err)
}

// wouldBlock is netstack's wish that the caller wait.
type wouldBlock struct{ error }

var errWouldBlock error = wouldBlock{errno.Timeout}

// write gives netstack bytes to send, and says how many it has taken.
func (e *endpoint) write(b []byte, o tcpip.WriteOptions) (n int, err error) {
	err = e.call(func() tcpip.Error {
		e.from.Reset(b)
		k, err := e.ep.Write(&e.from, o)
		e.from.Reset(nil)
		n = int(k)
		return err
	})
	return n, err
}

// read reads what has arrived into b.
func (e *endpoint) read(b []byte, o tcpip.ReadOptions) (r tcpip.ReadResult, err tcpip.Error) {
	e.into = b
	r, err = e.ep.Read(&e.into, o)
	e.into = nil
	return r, err
}

func blocked(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrWouldBlock, *tcpip.ErrConnectStarted, *tcpip.ErrAlreadyConnecting:
		return errWouldBlock
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
	if a.IsValid() && !a.IsUnspecified() && !e.t.net.MayBind(a) {
		return errno.AddrNotAvail
	}
	return e.call(func() tcpip.Error { return e.ep.Bind(e.full(local)) })
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
	e.t.enter(func() { f, _ = e.ep.GetLocalAddress() })
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
	if !e.t.closed {
		e.t.enter(how)
	}
	e.cond.Broadcast()
}

// Orphans are the TCP connections that nobody holds any more but that are not
// over.
func (t *Layer) Orphans() []socket.Info {
	t.pruneOrphans()
	var out []socket.Info
	for _, c := range t.orphans {
		out = append(out, c.Info())
	}
	return out
}

// pruneOrphans forgets closed connections that have ended.
func (t *Layer) pruneOrphans() {
	t.orphans = slices.DeleteFunc(t.orphans, func(c *TCPConn) bool {
		if !c.over() {
			return false
		}
		c.wq.EventUnregister(&c.entry)
		return true
	})
}
