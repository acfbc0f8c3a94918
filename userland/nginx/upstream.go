package nginx

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/names"
)

// upstream is a group of servers that requests are passed on to.
type upstream struct {
	name     string
	explicit bool
	port     uint16 // of an implicit group
	d        *directive
	balance  string // "", "least_conn", "ip_hash"
	peers    []*peer
}

// peer is one address of a group.
type peer struct {
	at           netip.AddrPort
	weight       int
	backup, down bool
	maxFails     int
	failTimeout  time.Duration
	current      int // smooth weighted round robin
	busy         int // connections
	fails        int
	failed       time.Duration // when it last did
}

// hostPort reads "web", "web:8080", "10.0.0.1" and "[fd00::1]:80".
func hostPort(text string, port uint16) (host string, at uint16, ok bool) {
	if rest, isV6 := strings.CutPrefix(text, "["); isV6 {
		host, text, ok = strings.Cut(rest, "]")
		if !ok || text == "" {
			return host, port, ok
		}
		text = "x" + text
	}
	name, p, found := strings.Cut(text, ":")
	if host == "" {
		host = name
	}
	if !found {
		return host, port, host != ""
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return host, uint16(n), err == nil && n > 0 && host != ""
}

func addPeer(r *reader, d *directive, s *scope) error {
	host, port, ok := hostPort(d.args[0], 80)
	if strings.HasPrefix(d.args[0], "unix:") {
		return d.fail("an upstream on a Unix socket is not simulated")
	}
	if !ok {
		return d.fail("invalid port in upstream %q", d.args[0])
	}
	like := peer{weight: 1, maxFails: 1, failTimeout: 10 * time.Second}
	for _, a := range d.args[1:] {
		key, value, _ := strings.Cut(a, "=")
		n, err := strconv.Atoi(value)
		t, timeOK := readTime(value)
		switch {
		case key == "weight" && err == nil && n > 0:
			like.weight = n
		case key == "max_fails" && err == nil && n >= 0:
			like.maxFails = n
		case key == "fail_timeout" && timeOK:
			like.failTimeout = t
		case a == "backup":
			like.backup = true
		case a == "down":
			like.down = true
		case key == "max_conns" || a == "resolve" || key == "slow_start":
			return d.fail("the parameter %q is not simulated", a)
		default:
			return d.fail("invalid parameter %q", a)
		}
	}
	addrs, _, err := names.Resolve(r.p, host, names.ResolveOptions{})
	if err != nil {
		return d.fail("host not found in upstream %q", d.args[0])
	}
	s.upstream.explicit = true
	s.upstream.add(addrs, port, like)
	return nil
}

func (u *upstream) add(addrs []netip.Addr, port uint16, like peer) {
	for _, a := range addrs {
		x := like
		x.at = netip.AddrPortFrom(a, port)
		u.peers = append(u.peers, &x)
	}
}

func setBalance(_ *reader, d *directive, s *scope) error {
	s.upstream.balance = d.name
	return nil
}

// resolveImplicit looks up the hosts that proxy_pass names, once, as nginx does
// when it reads its configuration.
func (c *config) resolveImplicit(p *userland.Process) error {
	for _, u := range c.upstreams {
		if u.explicit || len(u.peers) > 0 {
			continue
		}
		addrs, _, err := names.Resolve(p, u.host(), names.ResolveOptions{})
		if err != nil {
			return u.d.fail("host not found in upstream %q", u.host())
		}
		u.add(addrs, u.port, peer{weight: 1, maxFails: 1, failTimeout: 10 * time.Second})
	}
	return nil
}

func (u *upstream) host() string {
	host, _, _ := hostPort(u.name, 0)
	return host
}

// pick chooses the next server for a request that has tried some already; nil
// when there is none.
func (u *upstream) pick(tried map[*peer]bool, client netip.Addr, now time.Duration) *peer {
	for _, backup := range []bool{false, true} {
		var live []*peer
		for _, x := range u.peers {
			if x.backup == backup && !tried[x] && x.lives(len(u.peers) == 1, now) {
				live = append(live, x)
			}
		}
		if len(live) > 0 {
			return u.among(live, client)
		}
	}
	return nil
}

// lives reports whether a server may be asked: it is left alone for its
// fail_timeout after max_fails failures; a group's only server never is.
func (x *peer) lives(only bool, now time.Duration) bool {
	return !x.down && (only || x.maxFails == 0 || x.fails < x.maxFails || now-x.failed > x.failTimeout)
}

func (u *upstream) among(live []*peer, client netip.Addr) *peer {
	switch u.balance {
	case "ip_hash":
		hash := 89
		for _, b := range client.Unmap().AsSlice()[:3] {
			hash = (hash*113 + int(b)) % 6271
		}
		return live[hash%len(live)]
	case "least_conn":
		least := live[:0:0]
		for _, x := range live {
			if len(least) > 0 && x.busy*least[0].weight < least[0].busy*x.weight {
				least = least[:0]
			}
			if len(least) == 0 || x.busy*least[0].weight == least[0].busy*x.weight {
				least = append(least, x)
			}
		}
		live = least
	}
	var best *peer
	total := 0
	for _, x := range live {
		x.current += x.weight
		total += x.weight
		if best == nil || x.current > best.current {
			best = x
		}
	}
	best.current -= total
	return best
}

// resolver is the name servers that are asked while requests are served.
type resolver struct {
	servers []netip.AddrPort
	valid   time.Duration // how long an answer is kept; 0: its TTL
	next    int
	kept    map[string]keptName
}

type keptName struct {
	addrs []netip.Addr
	until time.Duration
}

// notResolved is why a name was not, in nginx's words.
type notResolved string

func (n notResolved) Error() string { return string(n) }

// lookup asks for a name's addresses.
func (r *resolver) lookup(p *userland.Process, name string) ([]netip.Addr, error) {
	now := p.Loop().Now()
	if k, ok := r.kept[name]; ok && now < k.until {
		return k.addrs, nil
	}
	server := r.servers[r.next%len(r.servers)]
	r.next++
	addrs, ttl, err := names.AddressesAt(p, server, name, 30*time.Second)
	var rcode names.RcodeError
	switch {
	case errors.As(err, &rcode):
		return nil, notResolved(rcodeText(rcode))
	case err != nil:
		return nil, notResolved("110: Operation timed out")
	case len(addrs) == 0:
		return nil, notResolved("3: Host not found")
	}
	if r.valid > 0 {
		ttl = r.valid
	}
	if r.kept == nil {
		r.kept = map[string]keptName{}
	}
	r.kept[name] = keptName{addrs, now + ttl}
	return addrs, nil
}

// rcodeText is a reply's code as nginx's resolver words it.
func rcodeText(code names.RcodeError) string {
	switch code {
	case 1:
		return "1: Format error"
	case 2:
		return "2: Server failure"
	case 3:
		return "3: Host not found"
	case 4:
		return "4: Unimplemented"
	}
	return fmt.Sprintf("%d: Operation refused", int(code))
}
