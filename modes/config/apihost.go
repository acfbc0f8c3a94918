package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
)

// SocketPath is where dockerd's own Unix socket is: /var/run is a link to /run.
const SocketPath = "/run/docker.sock"

// Sockets are the paths of the Unix sockets that hosts names.
func (c *Config) Sockets() []string {
	if len(c.Hosts) == 0 {
		return []string{"/var" + SocketPath}
	}
	var out []string
	for _, h := range c.Hosts {
		at, ok := strings.CutPrefix(h, "unix://")
		switch {
		case h == "fd://" || ok && at == "":
			out = append(out, "/var"+SocketPath)
		case ok:
			out = append(out, at)
		}
	}
	return out
}

// VerifiesTLS reports whether TCP clients have to have a certificate.
func (c *Config) VerifiesTLS() bool { return c.TLSVerify != nil && *c.TLSVerify }

// SpeaksTLS reports whether TCP clients have to begin with a TLS handshake.
func (c *Config) SpeaksTLS() bool { return c.VerifiesTLS() || c.TLS != nil && *c.TLS }

// ParseAPIHost reads an entry of hosts. The port is 2375 if there is none.
func ParseAPIHost(host string) (at netip.AddrPort, isTCP bool, err error) {
	bad := errdefs.New(errdefs.KindInvalid, "Invalid bind address format: %s", host)
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
