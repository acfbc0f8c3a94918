package gate

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/errno"
)

// waitingDatagrams is how many datagrams of one direction wait at the gate at
// most; what comes after them is lost, as in a full socket buffer.
const waitingDatagrams = 256

// Datagrams is a UDP socket of the simulation that is connected to one peer, for
// goroutines. Datagrams are lost where nobody takes them in time.
type Datagrams struct {
	g      *Gate
	udp    *stack.UDPConn
	remote net.Addr
	reader *sim.Proc

	mu    sync.Mutex
	more  sync.Cond
	queue [][]byte // to the goroutine
	away  int      // from the goroutine, and not sent yet
	lost  error    // what came back of those sent, until somebody is told
	end   error
}

// DialUDP makes a socket in a namespace that speaks with remote. Errors are as
// those of [Gate.Dial].
func (g *Gate) DialUDP(ctx context.Context, from stack.Opener, remote netip.AddrPort) (*Datagrams, error) {
	d := &Datagrams{g: g, remote: net.UDPAddrFromAddrPort(remote)}
	d.more.L = &d.mu
	var err error
	dial := func() {
		local := netip.AddrPort{}
		if remote.Addr().Is6() {
			local = netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
		}
		if d.udp, err = from.ListenUDP(local); err != nil {
			return
		}
		if err = d.udp.Connect(remote); err != nil {
			d.udp.Close()
			return
		}
		d.reader = g.loop.Go("gate datagrams", func(*sim.Proc) { d.bringIn() })
	}
	if e := g.Do(ctx, "gate dial udp "+remote.String(), dial); e != nil {
		g.loop.Inject(d.stop)
		return nil, failed("dial", nil, d.remote, e)
	}
	if err != nil {
		return nil, failed("dial", nil, d.remote, err)
	}
	g.enter(d)
	return d, nil
}

// bringIn takes what the simulation sends.
func (d *Datagrams) bringIn() {
	buf := make([]byte, 1<<16)
	for {
		n, _, err := d.udp.ReadFrom(buf, 0)
		d.mu.Lock()
		switch {
		case err == nil && len(d.queue) < waitingDatagrams:
			d.queue = append(d.queue, append([]byte(nil), buf[:n]...))
		case err == errno.Closed || err == sim.ErrInterrupted:
			d.end = failed("read", nil, d.remote, err)
		case err != nil: // of ICMP: the next may arrive
			d.lost = failed("read", nil, d.remote, err)
		}
		over := d.end != nil
		d.more.Broadcast()
		d.mu.Unlock()
		if over {
			return
		}
	}
}

// Read receives one datagram into b, cut to its length. An error that came back for
// one that was sent, such as syscall.ECONNREFUSED, is returned once, and the socket
// stays open; at its end it is net.ErrClosed.
func (d *Datagrams) Read(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 && d.end == nil && d.lost == nil {
		defer d.g.wait(reaching)()
	}
	for len(d.queue) == 0 {
		if err := d.lost; err != nil {
			d.lost = nil
			return 0, err
		}
		if d.end != nil {
			return 0, d.end
		}
		d.more.Wait()
	}
	n := copy(b, d.queue[0])
	d.queue = d.queue[1:]
	return n, nil
}

// Write sends one datagram. It never waits.
func (d *Datagrams) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end != nil {
		return 0, d.end
	}
	if d.away >= waitingDatagrams {
		return len(b), nil
	}
	d.away++
	b = append([]byte(nil), b...)
	d.g.loop.Inject(func() {
		_, err := d.udp.Write(b)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.away--
		if err != nil {
			d.lost = failed("write", nil, d.remote, err)
			d.more.Broadcast()
		}
	})
	return len(b), nil
}

// Close ends the socket.
func (d *Datagrams) Close() error {
	d.shut()
	d.g.leave(d)
	d.g.loop.Inject(d.stop)
	return nil
}

// stop ends the socket's part on the loop.
func (d *Datagrams) stop() {
	if d.reader != nil {
		d.reader.Kill()
	}
	if d.udp != nil {
		d.udp.Close()
	}
}

// shut ends the goroutine's calls.
func (d *Datagrams) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue, d.lost, d.end = nil, nil, failed("read", nil, d.remote, net.ErrClosed)
	d.more.Broadcast()
}
