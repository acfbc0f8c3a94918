package modes

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

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

// socketPath is where dockerd's own Unix socket is: /var/run is a link to /run.
const socketPath = "/run/docker.sock"

// apiListener is one of the daemon's addresses.
type apiListener struct {
	url string // as configured
	at  netip.AddrPort
	tcp *stack.TCPListener
}

// ServeAPI sets what answers connections to the daemon. It runs as a process of
// the loop and closes the connection.
func (d *Daemon) ServeAPI(serve func(APIConn)) { d.serveAPI = serve }

// Reachable reports whether the daemon answers at the socket that docker asks:
// it runs, and hosts of daemon.json, if there, has it.
func (d *Daemon) Reachable() bool {
	return alive(d) && slices.ContainsFunc(d.config.sockets(), func(at string) bool {
		return strings.TrimPrefix(at, "/var") == socketPath
	})
}

// sockets are the paths of the Unix sockets that hosts names.
func (c *daemonConfig) sockets() []string {
	if len(c.Hosts) == 0 {
		return []string{"/var" + socketPath}
	}
	var out []string
	for _, h := range c.Hosts {
		at, ok := strings.CutPrefix(h, "unix://")
		switch {
		case h == "fd://" || ok && at == "":
			out = append(out, "/var"+socketPath)
		case ok:
			out = append(out, at)
		}
	}
	return out
}

// openListeners opens the TCP ports of hosts, before anything else of a start.
// Without TLS a real 20.10 says what that means, and waits 1 s, and 15 s more if
// the address is no loopback one and nobody wrote "tls": false (moby#41285).
func (d *Daemon) openListeners() error {
	for _, host := range d.config.Hosts {
		at, isTCP, err := parseAPIHost(host)
		if err != nil {
			return err
		}
		if !isTCP {
			continue
		}
		if !d.config.verifiesTLS() {
			d.warnOfPlainTCP(host, at.Addr())
		}
		// Go's listener on the IPv4 wildcard is one of both families.
		bind := at
		if at.Addr().IsUnspecified() {
			bind = netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())
		}
		l, err := d.face.Opener(d.ns()).ListenTCP(bind)
		if err != nil {
			return errf(ErrSystem, "failed to load listeners: listen tcp %s: bind: %s", at, lower(err))
		}
		d.listeners = append(d.listeners, &apiListener{url: host, at: bind, tcp: l})
	}
	openSockets(d)
	if d.starting != nil {
		d.starting.listens = true
	}
	return nil
}

func (d *Daemon) warnOfPlainTCP(host string, at netip.Addr) {
	warn := func(text string) { d.log("warning", text, "host", host) }
	warn("Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to your network.")
	warn("Binding to an IP address, even on localhost, can also give access to scripts run in a browser. Be safe out there!")
	d.spend(time.Second)
	if at.IsLoopback() || d.config.TLS != nil || d.config.TLSVerify != nil {
		return
	}
	warn("Binding to an IP address without --tlsverify is deprecated. Startup is intentionally being slowed down to show this message")
	warn("Please consider generating tls certificates with client validation to prevent exposing unauthenticated root access to your network")
	warn("You can override this by explicitly specifying '--tls=false' or '--tlsverify=false'")
	warn("Support for listening on TCP without authentication or explicit intent to run without authentication will be removed in the next release")
	d.spend(15 * time.Second)
}

func (c *daemonConfig) verifiesTLS() bool { return c.TLSVerify != nil && *c.TLSVerify }

// speaksTLS reports whether TCP clients have to begin with a TLS handshake.
func (c *daemonConfig) speaksTLS() bool { return c.verifiesTLS() || c.TLS != nil && *c.TLS }

// parseAPIHost reads an entry of hosts. The port is 2375 if there is none.
func parseAPIHost(host string) (at netip.AddrPort, isTCP bool, err error) {
	bad := errf(ErrInvalid, "Invalid bind address format: %s", host)
	proto, rest, ok := strings.Cut(host, "://")
	if !ok {
		proto, rest = "tcp", host
	}
	switch proto {
	case "unix", "fd":
		return at, false, nil
	case "tcp":
	default:
		return at, false, bad
	}
	name, port, err := net.SplitHostPort(rest)
	if err != nil {
		name, port = rest, "2375"
	}
	if name == "localhost" {
		name = "127.0.0.1"
	}
	if name == "" {
		name = "0.0.0.0"
	}
	a, err := netip.ParseAddr(name)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 {
		return at, false, bad
	}
	return netip.AddrPortFrom(a, uint16(n)), true, nil
}

// reservePorts keeps published ports away from the daemon's own.
func (d *Daemon) reservePorts() {
	for _, l := range d.listeners {
		at := l.at.Addr()
		if at == netip.IPv6Unspecified() {
			at = netip.IPv4Unspecified()
		}
		d.bridges.Ports().Request(at.String(), "tcp", int(l.at.Port()), int(l.at.Port()))
	}
}

// alive reports whether dockerd has its sockets: it runs, or is about to. What
// asks while it starts waits ([Daemon.AwaitStart]).
func alive(d *Daemon) bool { return d.running || d.starting != nil && d.starting.listens }

// answer begins to take connections of TCP; they waited in the kernel's queue
// before.
func (d *Daemon) answer() {
	for _, l := range d.listeners {
		d.log("info", "API listen on "+l.at.String())
		d.loop.Go("dockerd "+l.url, func(*sim.Proc) {
			for {
				conn, err := l.tcp.Accept()
				if err != nil {
					return
				}
				d.serveConn("dockerd "+conn.RemoteAddr().String(), conn, d.config.speaksTLS())
			}
		})
	}
	for _, at := range d.config.sockets() {
		d.log("info", "API listen on "+at)
	}
}

// openSockets opens the Unix sockets of hosts.
func openSockets(d *Daemon) {
	for _, at := range d.config.sockets() {
		d.host.FS().Socket(at, 0o660)
		d.host.FS().ListenUnix(at, func(conn *userland.UnixConn) error {
			if !alive(d) || !slices.Contains(d.config.sockets(), at) {
				return userland.ECONNREFUSED // a killed dockerd has left the file
			}
			d.serveConn("dockerd "+at, conn, false)
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
func (d *Daemon) serveConn(name string, conn APIConn, tls bool) {
	c := &openConn{conn: conn}
	d.conns = append(d.conns, c)
	c.proc = d.loop.Go(name, func(*sim.Proc) {
		defer func() {
			conn.Close()
			d.conns = slices.DeleteFunc(d.conns, func(o *openConn) bool { return o == c })
		}()
		switch {
		case tls:
			refusePlain(conn)
		case d.serveAPI != nil:
			d.serveAPI(conn)
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

// closeListeners closes what openListeners opened, and every connection.
func (d *Daemon) closeListeners() {
	for _, l := range d.listeners {
		l.tcp.Close()
	}
	d.listeners = nil
	conns := d.conns
	d.conns = nil
	for _, c := range conns {
		if c.proc != d.loop.Current() {
			c.conn.Close()
			if !d.tracked(c.proc) { // a call ends by itself, and then its connection
				c.proc.Kill()
			}
		}
	}
}
