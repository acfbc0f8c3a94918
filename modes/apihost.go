package modes

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// socketPath is where dockerd's own Unix socket is: /var/run is a link to /run.
const socketPath = "/run/docker.sock"

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
