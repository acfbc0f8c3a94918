package modes

import (
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/config"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// APIConn is a connection to the Engine API within the simulation: of the
// daemon's Unix socket, or of a TCP port that daemon.json's hosts name.
type APIConn interface {
	io.ReadWriteCloser
	// CloseWrite ends the direction to the client.
	CloseWrite() error
}

// apiListener is one of the daemon's addresses.
type apiListener struct {
	url string // as configured
	at  netip.AddrPort
	tcp *stack.TCPListener
}

// api is where the daemon listens, and whom it answers.
type api struct {
	d         *Daemon
	serve     func(APIConn) // answers connections, nil: nobody does
	listeners []*apiListener
	conns     []*openConn
}

// ServeAPI sets what answers connections to the daemon. It runs as a process of
// the loop and closes the connection.
func (d *Daemon) ServeAPI(serve func(APIConn)) { d.api.serve = serve }

// Reachable reports whether the daemon answers at the socket that docker asks:
// it runs, and hosts of daemon.json, if there, has it.
func (d *Daemon) Reachable() bool {
	return alive(d) && slices.ContainsFunc(d.config.Sockets(), func(at string) bool {
		return strings.TrimPrefix(at, "/var") == config.SocketPath
	})
}

// open opens the TCP ports of hosts, before anything else of a start.
// Without TLS a real 20.10 says what that means, and waits 1 s, and 15 s more if
// the address is no loopback one and nobody wrote "tls": false (moby#41285).
func (srv *api) open() error {
	for _, host := range srv.d.config.Hosts {
		at, isTCP, err := config.ParseAPIHost(host)
		if err != nil {
			return err
		}
		if !isTCP {
			continue
		}
		if !srv.d.config.VerifiesTLS() {
			srv.warnOfPlainTCP(host, at.Addr())
		}
		// Go's listener on the IPv4 wildcard is one of both families.
		bind := at
		if at.Addr().IsUnspecified() {
			bind = netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())
		}
		l, err := srv.d.face.Opener(srv.d.ns()).ListenTCP(bind)
		if err != nil {
			return errf(ErrSystem, "failed to load listeners: listen tcp %s: bind: %s", at, lower(err))
		}
		srv.listeners = append(srv.listeners, &apiListener{url: host, at: bind, tcp: l})
	}
	openSockets(srv.d)
	if srv.d.starting != nil {
		srv.d.starting.listens = true
	}
	return nil
}

func (srv *api) warnOfPlainTCP(host string, at netip.Addr) {
	warn := func(text string) { srv.d.Journal.Write("warning", text, "host", host) }
	warn("Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to your network.")
	warn("Binding to an IP address, even on localhost, can also give access to scripts run in a browser. Be safe out there!")
	srv.d.calls.Spend(time.Second)
	if at.IsLoopback() || srv.d.config.TLS != nil || srv.d.config.TLSVerify != nil {
		return
	}
	warn("Binding to an IP address without --tlsverify is deprecated. Startup is intentionally being slowed down to show this message")
	warn("Please consider generating tls certificates with client validation to prevent exposing unauthenticated root access to your network")
	warn("You can override this by explicitly specifying '--tls=false' or '--tlsverify=false'")
	warn("Support for listening on TCP without authentication or explicit intent to run without authentication will be removed in the next release")
	srv.d.calls.Spend(15 * time.Second)
}

// ports are the daemon's own, which published ones are kept away from.
func (srv *api) ports() (out []netip.AddrPort) {
	for _, l := range srv.listeners {
		at := l.at.Addr()
		if at == netip.IPv6Unspecified() {
			at = netip.IPv4Unspecified()
		}
		out = append(out, netip.AddrPortFrom(at, l.at.Port()))
	}
	return out
}

// alive reports whether dockerd has its sockets: it runs, or is about to. What
// asks while it starts waits ([Daemon.AwaitStart]).
func alive(d *Daemon) bool { return d.running || d.starting != nil && d.starting.listens }

// answer begins to take connections of TCP; they waited in the kernel's queue
// before.
func (srv *api) answer() {
	for _, l := range srv.listeners {
		srv.d.Journal.Write("info", "API listen on "+l.at.String())
		srv.d.loop.Go("dockerd "+l.url, func(*sim.Proc) {
			for {
				conn, err := l.tcp.Accept()
				if err != nil {
					return
				}
				srv.serveConn("dockerd "+conn.RemoteAddr().String(), conn, srv.d.config.SpeaksTLS())
			}
		})
	}
	for _, at := range srv.d.config.Sockets() {
		srv.d.Journal.Write("info", "API listen on "+at)
	}
}

// openSockets opens the Unix sockets of hosts.
func openSockets(d *Daemon) {
	for _, at := range d.config.Sockets() {
		d.host.FS().Socket(at, 0o660)
		d.host.FS().ListenUnix(at, func(conn *userland.UnixConn) error {
			if !alive(d) || !slices.Contains(d.config.Sockets(), at) {
				return userland.ECONNREFUSED // a killed dockerd has left the file
			}
			d.api.serveConn("dockerd "+at, conn, false)
			return nil
		})
	}
}

// openConn is a connection that is served.
type openConn struct {
	conn APIConn
	proc *sim.Proc
}

// serveConn answers a connection in a process of its own.
func (srv *api) serveConn(name string, conn APIConn, tls bool) {
	c := &openConn{conn: conn}
	srv.conns = append(srv.conns, c)
	c.proc = srv.d.loop.Go(name, func(*sim.Proc) {
		defer func() {
			conn.Close()
			srv.conns = slices.DeleteFunc(srv.conns, func(o *openConn) bool { return o == c })
		}()
		switch {
		case tls:
			refusePlain(conn)
		case srv.serve != nil:
			srv.serve(conn)
		}
	})
}

// refusePlain is what Go's TLS server tells a client that begins without a
// handshake. Handshakes are not simulated: they end with the connection.
func refusePlain(conn APIConn) {
	first := make([]byte, 4096)
	if n, _ := conn.Read(first); n > 0 && first[0] >= 'A' && first[0] <= 'Z' {
		io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
}

// close closes what openListeners opened, and every connection.
func (srv *api) close() {
	for _, l := range srv.listeners {
		l.tcp.Close()
	}
	srv.listeners = nil
	conns := srv.conns
	srv.conns = nil
	for _, c := range conns {
		if c.proc != srv.d.loop.Current() {
			c.conn.Close()
			if !srv.d.calls.Tracked(c.proc) { // a call ends by itself, and then its connection
				c.proc.Kill()
			}
		}
	}
}
