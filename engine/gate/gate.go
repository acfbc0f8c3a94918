package gate

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// Gate is where goroutines come to the namespaces of a loop.
type Gate struct {
	loop *sim.Loop
	over chan struct{}
	once sync.Once

	mu      sync.Mutex
	members map[member]bool     // what is open
	turns   map[*Conn]time.Time // since when it is whose turn, see Turn
	calls   map[*call]bool      // what goroutines wait in, see Wanted
}

// member is what ends with its gate.
type member interface{ shut() }

// New returns a gate to the namespaces of a loop.
func New(l *sim.Loop) *Gate {
	return &Gate{loop: l, over: make(chan struct{}), members: map[member]bool{}, turns: map[*Conn]time.Time{}, calls: map[*call]bool{}}
}

// Close ends all calls with net.ErrClosed, now and later. The loop need not run.
func (g *Gate) Close() {
	g.once.Do(func() { close(g.over) })
	g.mu.Lock()
	var open []member
	for m := range g.members {
		open = append(open, m)
	}
	g.mu.Unlock()
	for _, m := range open {
		m.shut()
	}
}

// Do runs fn as a process of the loop and waits for its end. When ctx ends first,
// the process is killed and the context's error returned: fn may have come to its
// end all the same.
func (g *Gate) Do(ctx context.Context, name string, fn func()) error {
	done := make(chan struct{})
	var p *sim.Proc
	var over func()
	g.loop.Inject(func() {
		// Time may pass for it from now on, and not before its process is there; nobody
		// wants that any more when it ends, until the caller has come back.
		over = g.wait(always)
		p = g.loop.Go(name, func(*sim.Proc) {
			defer close(done)
			defer over()
			fn()
		})
	})
	select {
	case <-done:
		return nil
	case <-g.over:
		return net.ErrClosed
	case <-ctx.Done():
		g.loop.Inject(func() {
			p.Kill()
			over()
		})
		return ctx.Err()
	}
}

// Dial connects from a namespace. local may be the zero value; timeout is of
// virtual time, none if it is zero. The error is a *net.OpError: what the kernel
// says is a syscall.Errno in it.
func (g *Gate) Dial(ctx context.Context, from stack.Opener, local, remote netip.AddrPort, timeout time.Duration) (*Conn, error) {
	var c *Conn
	var err error
	dial := func() {
		var tcp *stack.TCPConn
		if tcp, err = from.DialTCP(local, remote, timeout); err == nil {
			c = g.conn(tcp)
			c.start()
		}
	}
	if e := g.Do(ctx, "gate dial "+remote.String(), dial); e != nil {
		g.loop.Inject(func() {
			if c != nil {
				c.Abort()
			}
		})
		return nil, failed("dial", nil, net.TCPAddrFromAddrPort(remote), e)
	}
	if err != nil {
		return nil, failed("dial", nil, net.TCPAddrFromAddrPort(remote), err)
	}
	return c, nil
}

// Listen listens in a namespace; an address without a port draws one.
func (g *Gate) Listen(at stack.Opener, local netip.AddrPort) (*Listener, error) {
	l := &Listener{g: g}
	l.more.L = &l.mu
	var err error
	if e := g.Do(context.Background(), "gate listen "+local.String(), func() { l.tcp, err = at.ListenTCP(local) }); e != nil {
		err = e
	}
	if err != nil {
		return nil, failed("listen", net.TCPAddrFromAddrPort(local), nil, err)
	}
	l.addr = net.TCPAddrFromAddrPort(l.tcp.Addr())
	g.enter(l)
	g.loop.Inject(l.start)
	return l, nil
}
