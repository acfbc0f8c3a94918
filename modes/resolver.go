package modes

import (
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland/names"
)

// resolverAddr is where containers on networks of the user's ask for names.
var resolverAddr = netip.AddrFrom4([4]byte{127, 0, 0, 11})

// maxForward is how many of the host's name servers the resolver asks.
const maxForward = 3

// nameTTL is the time to live of the resolver's own answers, in seconds.
const nameTTL = 600

// newestFirst is how much later than AAAA the resolver answers A. Programs ask
// for both at once, and dockerd, whose scheduler runs the newest goroutine
// first, answers the second question before the first (captures of nslookup).
const newestFirst = 50 * time.Microsecond

// forwardTimeout is how long each of the host's name servers gets.
const forwardTimeout = 4 * time.Second

// resolver is the embedded name server of one sandbox: it listens in the
// container's namespace on random ports of 127.0.0.11, to which the
// namespace's own firewall sends port 53, and belongs to dockerd.
type resolver struct {
	sb  *sandbox
	udp *stack.UDPConn
	tcp *stack.TCPListener
}

// startResolver starts the sandbox's name server unless it runs.
func (sb *sandbox) startResolver() error {
	if sb.resolver != nil {
		return nil
	}
	r := &resolver{sb: sb}
	if err := r.open(); err != nil {
		return err
	}
	sb.resolver = r
	r.redirect()
	r.serve()
	sb.useResolver()
	return nil
}

func (r *resolver) open() (err error) {
	any := netip.AddrPortFrom(resolverAddr, 0)
	at := r.sb.d.face.Opener(r.sb.ns)
	if r.udp, err = at.ListenUDP(any); err != nil {
		return errf(ErrSystem, "failed to set up the resolver: listen udp %s: bind: %s", any, lower(err))
	}
	if r.tcp, err = at.ListenTCP(any); err != nil {
		r.udp.Close()
		return errf(ErrSystem, "failed to set up the resolver: listen tcp %s: bind: %s", any, lower(err))
	}
	return nil
}

// reopen lets a new dockerd answer: on other ports than the old one, as
// libnetwork's SetupFunc and setupIPTable do it.
func (r *resolver) reopen() {
	if r.open() != nil {
		return
	}
	f := r.sb.ns.Netfilter(false)
	f.Exec("-t", "nat", "-F", "DOCKER_OUTPUT")
	f.Exec("-t", "nat", "-F", "DOCKER_POSTROUTING")
	r.redirect()
	r.serve()
}

// serve answers from dockerd's process.
func (r *resolver) serve() {
	p := r.sb.d.proc
	if p == nil || p.Done() {
		return
	}
	p.Go(func() { names.Serve(p, r.udp, r) })
	p.Go(func() { names.ServeTCP(p, r.tcp, r) })
}

func (sb *sandbox) stopResolver() {
	if sb.resolver == nil {
		return
	}
	sb.resolver.udp.Close()
	sb.resolver.tcp.Close()
	sb.resolver = nil
}

// redirect programs the container's own nat table.
func (r *resolver) redirect() {
	f := r.sb.ns.Netfilter(false)
	f.Exec("-t", "filter", "-n", "-L") // the re-executed dockerd probes for the lock
	ip := resolverAddr.String()
	for _, c := range [][2]string{{"OUTPUT", "DOCKER_OUTPUT"}, {"POSTROUTING", "DOCKER_POSTROUTING"}} {
		f.EnsureChain("nat", c[1])
		f.EnsureFirst("nat", c[0], "-d", ip, "-j", c[1])
	}
	for _, l := range []struct {
		proto string
		at    netip.AddrPort
	}{{"udp", r.udp.LocalAddr()}, {"tcp", r.tcp.Addr()}} {
		_, port, _ := strings.Cut(l.at.String(), ":")
		f.Exec("-t", "nat", "-I", "DOCKER_OUTPUT", "-d", ip, "-p", l.proto, "--dport", "53", "-j", "DNAT", "--to-destination", l.at.String())
		f.Exec("-t", "nat", "-I", "DOCKER_POSTROUTING", "-s", ip, "-p", l.proto, "--sport", port, "-j", "SNAT", "--to-source", ":53")
	}
}

// Answer implements [names.Handler].
func (r *resolver) Answer(q names.Query) names.Answer {
	a := names.Answer{RecursionAvailable: true}
	switch q.Type {
	case "A", "AAAA":
		found, known := r.lookup(q.Name, q.Type == "AAAA")
		if known {
			for _, addr := range r.shuffle(found) {
				a.Records = append(a.Records, names.Record{Name: q.Name, Type: q.Type, TTL: nameTTL, Value: addr.String()})
			}
			if q.Type == "A" {
				a.Delay = newestFirst
			}
			return a
		}
	case "PTR":
		if name, ok := r.reverse(q.Name); ok {
			a.Records = []names.Record{{Name: q.Name, Type: "PTR", TTL: nameTTL, Value: name}}
			return a
		}
	}
	for i, s := range r.sb.extDNS {
		if i < maxForward {
			a.Forward = append(a.Forward, netip.AddrPortFrom(s, 53))
		}
	}
	if len(a.Forward) == 0 {
		a.Rcode = names.ServFail
		return a
	}
	a.ForwardFrom = r.sb.ns
	a.ForwardTimeout = forwardTimeout
	return a
}

// lookup finds a name among the networks of the sandbox: "name" in any of them,
// "name.network" in that one. known without addresses means that the name has
// none of this family.
func (r *resolver) lookup(name string, v6 bool) (found []netip.Addr, known bool) {
	host, network := name, ""
	for i := len(name); ; {
		for _, ep := range r.sb.endpoints {
			if network != "" && ep.net.Name != network || !ep.net.core.userDefined() {
				continue
			}
			if found, known = r.inNetwork(ep, host, v6); known {
				return found, true
			}
		}
		if i = strings.LastIndexByte(name[:i], '.'); i < 0 {
			return nil, false
		}
		host, network = name[:i], name[i+1:]
	}
}

func (r *resolver) inNetwork(ep *endpoint, name string, v6 bool) (found []netip.Addr, known bool) {
	// An alias of --link stands for a container in this sandbox's eyes only.
	for _, l := range linksOf(r.sb.c, ep.net) {
		if strings.EqualFold(l[1], name) {
			name = l[0]
			break
		}
	}
	for _, o := range ep.net.core.endpoints {
		if o.sb == nil || o.gatewayName != "" || !o.answersTo(name) {
			continue
		}
		known = true
		if a := o.Addr.Addr(); !v6 && a.IsValid() {
			found = append(found, a)
		}
		if a := o.Addr6.Addr(); v6 && a.IsValid() {
			found = append(found, a)
		}
	}
	if g := ep.net.core.global; g != nil {
		for _, s := range g.remote {
			if !s.answersTo(name) {
				continue
			}
			known = true
			if a := s.addr(); !v6 && a.IsValid() {
				found = append(found, a)
			}
		}
	}
	return found, known
}

func (ep *endpoint) answersTo(name string) bool {
	if strings.EqualFold(ep.c.Name, name) {
		return true
	}
	for _, a := range ep.aliases {
		if strings.EqualFold(a, name) {
			return true
		}
	}
	return false
}

// linksOf are the pairs of container name and alias that --link gave.
func linksOf(c *Container, n *Network) [][2]string {
	list := c.HostConfig.Links
	if es := c.NetworkSettings.Networks[n.Name]; es != nil {
		list = append(list[:len(list):len(list)], es.Links...)
	}
	var out [][2]string
	for _, l := range list {
		name, alias, ok := strings.Cut(l, ":")
		if !ok {
			alias = name
		}
		if c, err := c.run.daemon.findContainer(name); err == nil {
			name = c.Name
		}
		out = append(out, [2]string{name, alias})
	}
	return out
}

// shuffle changes the order of several addresses from answer to answer.
func (r *resolver) shuffle(all []netip.Addr) []netip.Addr {
	if len(all) > 1 {
		r.sb.d.stream("dns", r.sb.c.Name).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	}
	return all
}

// reverse finds the container behind an in-addr.arpa name.
func (r *resolver) reverse(name string) (string, bool) {
	digits, ok := strings.CutSuffix(strings.ToLower(name), ".in-addr.arpa")
	if !ok {
		return "", false
	}
	f := strings.Split(digits, ".")
	if len(f) != 4 {
		return "", false
	}
	want, err := netip.ParseAddr(f[3] + "." + f[2] + "." + f[1] + "." + f[0])
	if err != nil {
		return "", false
	}
	for _, ep := range r.sb.endpoints {
		for _, o := range ep.net.core.endpoints {
			if o.sb != nil && o.gatewayName == "" && o.Addr.Addr() == want {
				return o.c.Name + "." + ep.net.Name, true
			}
		}
		if g := ep.net.core.global; g != nil {
			for _, s := range g.remote {
				if s.addr() == want {
					return s.Name + "." + ep.net.Name, true
				}
			}
		}
	}
	return "", false
}
