package transport

import (
	"io"
	"net/netip"
	"reflect"
	"time"

	"dnetsim/sim"
	"dnetsim/stack/errno"
	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// TCPConn is a TCP connection. Its calls block the running process in virtual
// time, and return sim.ErrInterrupted when that process is interrupted.
type TCPConn struct {
	endpoint
	readTimeout time.Duration
	localAP     netip.AddrPort
	remoteAP    netip.AddrPort
	writeDone   bool
}

// DialTCP connects to remote for a holder, or nil. local may be the zero value: the route chooses
// the address, netstack the port. It returns errno.NetUnreachable at once if there
// is no route, and errno.ConnTimedOut after timeout (zero or less: when TCP gives
// up), errno.ConnRefused, or errno.HostUnreachable.
func (t *Layer) DialTCP(h socket.Holder, local, remote netip.AddrPort, timeout time.Duration) (*TCPConn, error) {
	c, err := t.dial(h, local, remote)
	if err != nil {
		return nil, err
	}
	connected := false
	defer func() { // also when the process is killed while it waits
		if !connected {
			c.Abort()
		}
	}()
	if err := c.connect(timeout); err != nil {
		return nil, err
	}
	connected = true
	return c, nil
}

// dial makes a bound socket that has not connected yet.
func (t *Layer) dial(h socket.Holder, local, remote netip.AddrPort) (*TCPConn, error) {
	to := remote.Addr().Unmap()
	if to.IsUnspecified() { // Linux takes it for the loopback
		to = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	chosen, err := t.net.RouteConnect(local.Addr(), to)
	if err != nil {
		return nil, err
	}
	c := &TCPConn{}
	if err := t.open(&c.endpoint, tcp.ProtocolNumber, to.Is6()); err != nil {
		return nil, err
	}
	t.sockets.Add(c, h)
	src := local.Addr()
	if !src.IsValid() || src.IsUnspecified() {
		src = chosen
	}
	if err := c.bind(netip.AddrPortFrom(src, local.Port())); err != nil {
		c.Abort()
		return nil, err
	}
	c.remoteAP = netip.AddrPortFrom(to, remote.Port())
	return c, nil
}

func (c *TCPConn) connect(timeout time.Duration) error {
	err := c.call(func() tcpip.Error { return c.ep.Connect(c.full(c.remoteAP)) })
	end := c.t.loop.Now() + timeout
	for isBlocked(err) {
		left := end - c.t.loop.Now()
		if timeout > 0 && left <= 0 {
			return errno.ConnTimedOut
		}
		if timeout <= 0 {
			left = 0
		}
		if werr := c.wait(left); werr == sim.ErrTimeout {
			return errno.ConnTimedOut
		} else if werr != nil {
			return werr
		}
		err = c.connectResult()
	}
	if err == nil {
		c.localAP = c.local()
	}
	return err
}

// connectResult asks how a connection attempt went.
func (c *TCPConn) connectResult() error {
	if c.closed {
		return errno.ConnReset
	}
	var last tcpip.Error
	var state tcp.EndpointState
	c.t.enter(func() {
		state = tcp.EndpointState(c.ep.State())
		if state != tcp.StateSynSent && state != tcp.StateConnecting {
			last = c.ep.SocketOptions().GetLastError()
		}
	})
	switch {
	case last != nil:
		return errnoOf(last)
	case state == tcp.StateSynSent || state == tcp.StateConnecting || state == tcp.StateSynRecv:
		return errWouldBlock
	case state == tcp.StateError || state == tcp.StateClose:
		return errno.ConnTimedOut
	}
	return nil
}

// Read reads what has arrived, blocking until there is something. It returns
// io.EOF after the peer's FIN, errno.ConnReset after a reset, errno.Timeout after the
// read timeout.
func (c *TCPConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	end := c.t.loop.Now() + c.readTimeout
	for {
		n := 0
		err := c.call(func() tcpip.Error {
			r, err := c.read(b, tcpip.ReadOptions{})
			n = r.Count
			if err == nil {
				c.ep.ModerateRecvBuf(n)
			}
			if _, ok := err.(*tcpip.ErrClosedForReceive); ok {
				n = -1
				return nil
			}
			return err
		})
		switch {
		case n < 0:
			return 0, io.EOF
		case err == nil:
			return n, nil
		case !isBlocked(err):
			return 0, err
		}
		left := time.Duration(0)
		if c.readTimeout > 0 {
			if left = end - c.t.loop.Now(); left <= 0 {
				return 0, errno.Timeout
			}
		}
		if err := c.wait(left); err == sim.ErrTimeout {
			return 0, errno.Timeout
		} else if err != nil {
			return 0, err
		}
	}
}

// Write sends b, blocking while the send buffer is full. It returns errno.Pipe
// after CloseWrite, errno.ConnReset after a reset.
func (c *TCPConn) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		n, err := c.write(b[sent:], tcpip.WriteOptions{})
		sent += n
		if err == nil {
			continue
		}
		if !isBlocked(err) {
			return sent, err
		}
		if sent == len(b) {
			break
		}
		if err := c.wait(0); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// CloseWrite sends a FIN; reading goes on.
func (c *TCPConn) CloseWrite() error {
	if c.writeDone {
		return nil
	}
	c.writeDone = true
	return c.call(func() tcpip.Error { return c.ep.Shutdown(tcpip.ShutdownWrite) })
}

// Close ends the connection; what was written is still sent. Closing twice is
// harmless.
func (c *TCPConn) Close() error {
	if c.closed {
		return nil
	}
	if !c.localAP.IsValid() { // still connecting: the kernel forgets it at once
		c.Abort()
		return nil
	}
	c.closed = true
	if c.t.closed {
		return nil
	}
	c.t.enter(func() { c.ep.Close() })
	c.cond.Broadcast()
	c.t.sockets.Remove(c)
	if c.over() {
		c.wq.EventUnregister(&c.entry)
	} else { // its end will be news, see wake
		c.t.orphans = append(c.t.orphans, c)
	}
	return nil
}

// over reports whether TCP is done with the connection.
func (c *TCPConn) over() bool { return tcpState(tcp.EndpointState(c.ep.State())) == socket.Closed }

// Abort ends the connection with a reset.
func (c *TCPConn) Abort() {
	c.finish(func() { c.ep.Abort() })
	c.t.sockets.Remove(c)
}

func (c *TCPConn) Abandon() { c.Abort() }

// LocalAddr is the connection's own address and port.
func (c *TCPConn) LocalAddr() netip.AddrPort { return c.localAP }

// RemoteAddr is the peer's.
func (c *TCPConn) RemoteAddr() netip.AddrPort { return c.remoteAP }

// SetReadTimeout limits how long a Read blocks; zero or less is no limit.
func (c *TCPConn) SetReadTimeout(d time.Duration) { c.readTimeout = d }

func (c *TCPConn) Info() socket.Info {
	i := socket.Info{Proto: "tcp", V6: c.v6, Remote: c.remoteAP}
	i.Local = c.local()
	c.t.enter(func() {
		i.State = tcpState(tcp.EndpointState(c.ep.State()))
		i.RecvQ, _ = c.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		i.SendQ = c.unsent()
	})
	return c.Fill(i)
}

// unsent is the number of bytes that were written and are not acknowledged, as
// ss has it. netstack keeps the number and has no option that tells it.
func (c *TCPConn) unsent() int {
	ep := reflect.ValueOf(c.ep)
	if ep.Kind() != reflect.Pointer || ep.Elem().Kind() != reflect.Struct {
		return 0
	}
	queue := ep.Elem().FieldByName("sndQueueInfo")
	if queue.Kind() != reflect.Struct {
		return 0
	}
	used := queue.FieldByName("SndBufUsed")
	if !used.CanInt() {
		return 0
	}
	return max(0, int(used.Int())) // below 0 once a FIN is on its way
}

// tcpState is netstack's state in ours.
func tcpState(s tcp.EndpointState) socket.State {
	switch s {
	case tcp.StateListen:
		return socket.Listen
	case tcp.StateSynSent, tcp.StateConnecting:
		return socket.SynSent
	case tcp.StateSynRecv:
		return socket.SynReceived
	case tcp.StateEstablished:
		return socket.Established
	case tcp.StateFinWait1:
		return socket.FinWait1
	case tcp.StateFinWait2:
		return socket.FinWait2
	case tcp.StateCloseWait:
		return socket.CloseWait
	case tcp.StateLastAck:
		return socket.LastAck
	case tcp.StateClosing:
		return socket.Closing
	case tcp.StateTimeWait:
		return socket.TimeWait
	}
	return socket.Closed
}
