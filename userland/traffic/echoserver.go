package traffic

import (
	"io"
	"net/netip"

	"dnetsim/stack"
	"dnetsim/userland"
)

// EchoServer sends back what it gets, over TCP and UDP (RFC 862). Run is its
// program.
type EchoServer struct {
	Port uint16 // 0 means 7
}

// Run serves until the process is killed.
func (e *EchoServer) Run(p *userland.Process) int {
	port := e.Port
	if port == 0 {
		port = 7
	}
	at := netip.AddrPortFrom(netip.IPv6Unspecified(), port)
	l, err := p.ListenTCP(at)
	if err != nil {
		p.Errorf("%s: bind: %s\n", p.Name(), userland.Reason(err))
		return 1
	}
	defer l.Close()
	u, err := p.ListenUDP(at)
	if err != nil {
		p.Errorf("%s: bind: %s\n", p.Name(), userland.Reason(err))
		return 1
	}
	defer u.Close()
	p.Go(func() {
		buf := make([]byte, 65535)
		for {
			n, from, err := u.ReadFrom(buf, 0)
			if err != nil {
				return
			}
			u.WriteTo(buf[:n], from)
		}
	})
	userland.Accept(p, l, func(conn *stack.TCPConn) {
		io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
	})
	return 1
}
