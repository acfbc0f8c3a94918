package gate

import (
	"net"
	"sync"

	"dnetsim/sim"
	"dnetsim/stack"
)

// Listener is a listening socket of the simulation whose connections goroutines
// take. It implements net.Listener.
type Listener struct {
	g     *Gate
	tcp   *stack.TCPListener
	addr  net.Addr
	taker *sim.Proc
	mu    sync.Mutex
	more  sync.Cond
	queue []*Conn
	err   error
}

// start begins to accept, on the loop.
func (l *Listener) start() {
	l.taker = l.g.loop.Go("gate accept", func(*sim.Proc) {
		for {
			tcp, err := l.tcp.Accept()
			l.mu.Lock()
			if err != nil {
				l.err = failed("accept", l.addr, nil, err)
				l.more.Broadcast()
				l.mu.Unlock()
				return
			}
			c := l.g.conn(tcp)
			c.start()
			l.queue = append(l.queue, c)
			l.more.Signal()
			l.mu.Unlock()
		}
	})
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		defer l.g.wait(never)()
	}
	for len(l.queue) == 0 && l.err == nil {
		l.more.Wait()
	}
	if len(l.queue) == 0 {
		return nil, l.err
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

// Close implements net.Listener: connections that nobody has taken are reset.
func (l *Listener) Close() error {
	l.shut()
	l.g.leave(l)
	l.g.loop.Inject(func() {
		l.tcp.Close()
		if l.taker != nil {
			l.taker.Kill()
		}
	})
	return nil
}

// shut ends the goroutines' calls.
func (l *Listener) shut() {
	l.mu.Lock()
	left := l.queue
	l.queue, l.err = nil, failed("accept", l.addr, nil, net.ErrClosed)
	l.more.Broadcast()
	l.mu.Unlock()
	for _, c := range left {
		c.Abort()
	}
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.addr }
