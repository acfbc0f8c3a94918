package nginx

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

func openEvents(r *reader, d *directive, _ *scope) error {
	if r.conf.events {
		return d.fail("\"events\" directive is duplicate")
	}
	r.conf.events = true
	return r.block(&scope{kind: inEvents}, true)
}

// defaultConnections is nginx's worker_connections where the file says nothing.
const defaultConnections = 512

func setConnections(r *reader, d *directive, _ *scope) error {
	n, err := strconv.Atoi(d.args[0])
	if err != nil || n < 0 {
		return d.fail("invalid number %q", d.args[0])
	}
	r.conf.limit = n
	return nil
}

func openHTTP(r *reader, d *directive, _ *scope) error {
	if r.conf.http != nil {
		return d.fail("\"http\" directive is duplicate")
	}
	r.conf.http = &settings{}
	return r.block(&scope{kind: inHTTP, settings: r.conf.http}, true)
}

func openServer(r *reader, d *directive, _ *scope) error {
	s := &server{d: d}
	r.conf.servers = append(r.conf.servers, s)
	return r.block(&scope{kind: inServer, settings: &s.settings, server: s, ops: &s.ops}, true)
}

func openTypes(r *reader, _ *directive, _ *scope) error {
	if r.conf.types == nil {
		r.conf.types = map[string]string{}
	}
	return r.block(&scope{kind: inTypes}, true)
}

func openUpstream(r *reader, d *directive, _ *scope) error {
	if r.conf.upstream(d.args[0]) != nil {
		return d.fail("duplicate upstream %q", d.args[0])
	}
	u := &upstream{name: d.args[0]}
	r.conf.upstreams = append(r.conf.upstreams, u)
	if err := r.block(&scope{kind: inUpstream, upstream: u}, true); err != nil {
		return err
	}
	if len(u.peers) == 0 {
		return r.fail("no servers are inside upstream")
	}
	return nil
}

// locationModifiers are the words before a location's pattern.
var locationModifiers = []string{"=", "^~", "~*", "~"}

func openLocation(r *reader, d *directive, s *scope) error {
	l := &location{pattern: d.args[0]}
	switch {
	case len(d.args) == 2:
		l.modifier, l.pattern = d.args[0], d.args[1]
		if !contains(locationModifiers, l.modifier) {
			return d.fail("invalid location modifier %q", l.modifier)
		}
	default:
		for _, m := range append([]string{"@"}, locationModifiers...) {
			if rest, ok := strings.CutPrefix(l.pattern, m); ok {
				l.modifier, l.pattern = m, rest
				break
			}
		}
	}
	var err error
	switch l.modifier {
	case "~":
		l.re, err = regexp.Compile(l.pattern)
	case "~*":
		l.re, err = regexp.Compile("(?i)" + l.pattern)
	}
	if err != nil {
		return d.fail("pcre2_compile() failed: %v in %q", err, l.pattern)
	}
	siblings := &s.server.locations
	if s.location != nil {
		siblings = &s.location.nested
	}
	for _, o := range *siblings {
		same := o.pattern == l.pattern && (o.modifier == l.modifier || plain(o) && plain(l))
		if same && l.re == nil {
			return d.fail("duplicate location %q", l.pattern)
		}
	}
	*siblings = append(*siblings, l)
	return r.block(&scope{kind: inLocation, settings: &l.settings, server: s.server, location: l, ops: &l.ops}, true)
}

// plain reports whether a location is a prefix, with or without ^~.
func plain(l *location) bool { return l.modifier == "" || l.modifier == "^~" }

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// setListen reads "80", "*:80", "10.0.0.1:80", "[::]:80", "10.0.0.1" and what may
// follow.
func setListen(r *reader, d *directive, s *scope) error {
	at, ok := listenAddress(d.args[0])
	if !ok {
		host, _, _ := strings.Cut(d.args[0], ":")
		if strings.HasPrefix(d.args[0], "unix:") {
			return d.fail("listen on a Unix socket is not simulated")
		}
		if _, err := strconv.Atoi(host); err == nil || strings.HasSuffix(d.args[0], ":") {
			return d.fail("invalid port in %q of the \"listen\" directive", d.args[0])
		}
		return d.fail("host not found in %q of the \"listen\" directive", d.args[0])
	}
	l := listen{at: at, d: d}
	for _, a := range d.args[1:] {
		key, _, _ := strings.Cut(a, "=")
		switch key {
		case "default_server", "default":
			l.main = true
		case "reuseport", "deferred", "bind", "backlog", "ipv6only", "so_keepalive", "fastopen", "rcvbuf", "sndbuf", "setfib":
		case "ssl", "http2", "quic", "proxy_protocol":
			return d.fail("the parameter %q is not simulated", a)
		default:
			return d.fail("invalid parameter %q", a)
		}
	}
	for _, o := range s.server.listen {
		if o.at == at {
			return d.fail("a duplicate listen %s", d.args[0])
		}
	}
	for _, other := range r.conf.servers {
		for _, o := range other.listen {
			if l.main && o.main && o.at == at {
				return d.fail("a duplicate default server for %s", at)
			}
		}
	}
	s.server.listen = append(s.server.listen, l)
	return nil
}

func listenAddress(text string) (netip.AddrPort, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n)), n > 0 && n < 1<<16
	}
	if rest, ok := strings.CutPrefix(text, "*:"); ok {
		text = "0.0.0.0:" + rest
	}
	if rest, ok := strings.CutPrefix(text, "localhost"); ok {
		text = "127.0.0.1" + rest
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at, at.Port() > 0
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return netip.AddrPortFrom(a, 80), err == nil
}

func setServerName(_ *reader, d *directive, s *scope) error {
	for _, n := range d.args {
		if text, ok := strings.CutPrefix(n, "~"); ok {
			re, err := regexp.Compile("(?i)" + text)
			if err != nil {
				return d.fail("pcre2_compile() failed: %v in %q", err, text)
			}
			s.server.regexps = append(s.server.regexps, re)
		}
		s.server.names = append(s.server.names, n)
	}
	return nil
}
