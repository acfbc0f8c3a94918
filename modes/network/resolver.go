package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/stack"
	"dnetsim/stack/nftables"
	"dnetsim/userland/names"
)

// ResolverAddr is where containers on networks of the user's ask for names.
var ResolverAddr = netip.AddrFrom4([4]byte{127, 0, 0, 11})

// maxForward is how many of the host's name servers the resolver asks.
const maxForward = 3

// nameTTL is the time to live of the resolver's own answers, in seconds.
const nameTTL = 600

// newestFirst is how much later than the other the resolver answers one of A and
// AAAA. Programs ask for both at once, and dockerd, whose scheduler runs the newest
// goroutine first, answers the second question before the first (captures of
// nslookup); but A ends at the first endpoint that knows the name, where AAAA asks
// every one: in a sandbox of several, A is first.
const newestFirst = 50 * time.Microsecond

// forwardTimeout is how long each of the host's name servers gets.
const forwardTimeout = 4 * time.Second

// resolver is the embedded name server of one sandbox: it listens in the
// container's namespace on random ports of 127.0.0.11, to which the
// namespace's own firewall sends port 53, and belongs to dockerd.
type resolver struct {
	sb  *Sandbox
	udp *stack.UDPConn
	tcp *stack.TCPListener
}

// startResolver starts the sandbox's name server unless it runs.
func (sb *Sandbox) startResolver() error {
	if sb.Resolver != nil || sb.resolved {
		return nil
	}
	sb.resolved = true
	if err := sb.useResolver(); err != nil {
		sb.ctl.Journal.Write("error", fmt.Sprintf("Updating resolv.conf failed for container %s, %q", sb.C.ID, err.Error()))
		return nil
	}
	r := &resolver{sb: sb}
	if err := r.open(); err != nil {
		return err
	}
	sb.Resolver = r
	r.redirect()
	r.serve()
	return nil
}

func (r *resolver) open() (err error) {
	any := netip.AddrPortFrom(ResolverAddr, 0)
	at := r.sb.ctl.Face.Opener(r.sb.NS)
	if r.udp, err = at.ListenUDP(any); err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to set up the resolver: listen udp %s: bind: %s", any, errdefs.Lower(err))
	}
	if r.tcp, err = at.ListenTCP(any); err != nil {
		r.udp.Close()
		return errdefs.New(errdefs.KindSystem, "failed to set up the resolver: listen tcp %s: bind: %s", any, errdefs.Lower(err))
	}
	return nil
}

// reopen lets a new dockerd answer: on other ports than the old one, as
// libnetwork's SetupFunc and setupIPTable do it.
func (r *resolver) reopen() {
	if r.open() != nil {
		return
	}
	if !r.sb.ctl.byNFTables() {
		f := r.sb.NS.Netfilter(false)
		f.Exec("-t", "nat", "-F", "DOCKER_OUTPUT")
		f.Exec("-t", "nat", "-F", "DOCKER_POSTROUTING")
	}
	r.redirect()
	r.serve()
}

// serve answers from dockerd's process.
func (r *resolver) serve() {
	p := r.sb.ctl.Face.Dockerd()
	if p == nil || p.Done() {
		return
	}
	p.Go(func() { names.Serve(p, r.udp, r) })
	p.Go(func() { names.ServeTCP(p, r.tcp, r) })
}

func (sb *Sandbox) stopResolver() {
	if sb.Resolver == nil {
		return
	}
	sb.Resolver.udp.Close()
	sb.Resolver.tcp.Close()
	sb.Resolver = nil
}

// redirect programs the container's own nat table.
func (r *resolver) redirect() {
	if r.sb.ctl.byNFTables() {
		r.redirectByNFTables()
		return
	}
	f := r.sb.NS.Netfilter(false)
	if !r.sb.ctl.Face.Profile.PlugAtOnce {
		f.Exec("-t", "filter", "-n", "-L") // the re-executed dockerd probes for the lock
	}
	ip := ResolverAddr.String()
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

// redirectByNFTables makes the container's table docker-dns anew.
func (r *resolver) redirectByNFTables() {
	const at = "ip docker-dns"
	dnat, snat := "type nat hook output priority -100; policy accept;\n", "type nat hook postrouting priority 100; policy accept;\n"
	script := fmt.Sprintf("table %s {\nchain dns-dnat {\n%s}\nchain dns-snat {\n%s}\n}\nflush table %s\ntable %s {\nchain dns-dnat {\n%s", at, dnat, snat, at, at, dnat)
	for _, l := range []struct {
		proto string
		at    netip.AddrPort
	}{{"udp", r.udp.LocalAddr()}, {"tcp", r.tcp.Addr()}} {
		script += fmt.Sprintf("ip daddr %s %s dport 53 counter dnat to %s\n", ResolverAddr, l.proto, l.at)
		snat += fmt.Sprintf("ip saddr %s %s sport %d counter snat to :53\n", ResolverAddr, l.proto, l.at.Port())
	}
	script += "}\nchain dns-snat {\n" + snat + "}\n}\n"
	if _, bad := r.sb.NS.Nftables().Run(script, nftables.Options{File: "/dev/stdin"}); bad != nil {
		r.sb.ctl.Journal.Write("error", "setting up the resolver: running nft: "+bad.Text)
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
			if (q.Type == "A") == (len(r.sb.endpoints) < 2) {
				a.Delay = newestFirst
			}
			return a
		}
		if r.sb.NdotsSet && !strings.Contains(q.Name, ".") {
			return a // the client is to try its search domains
		}
	case "MX":
		// A name that is known, and no answer, is an implicit MX (RFC 5321, 5.1).
		for _, v6 := range []bool{false, true} {
			if found, _ := r.lookup(q.Name, v6); len(found) > 0 {
				return a
			}
		}
	case "PTR":
		if !strings.HasSuffix(q.Name, ".in-addr.arpa") && !strings.HasSuffix(q.Name, ".ip6.arpa") {
			return names.Answer{Silent: true} // to libnetwork no question at all
		}
		if name, ok := r.reverse(q.Name); ok {
			a.Records = []names.Record{{Name: q.Name, Type: "PTR", TTL: nameTTL, Value: name}}
			return a
		}
	}
	ask := r.sb.upstreams()
	a.Forward = ask[:min(maxForward, len(ask))]
	if len(ask) == 0 && r.sb.ctl.Face.Profile.DescribedDNS {
		a.Rcode = names.ServFail
		return a
	}
	a.Silent = len(a.Forward) == 0
	a.Relay, a.ForwardTimeout = names.FirstUseful, forwardTimeout
	return a
}

// lookup finds a name among the networks of the sandbox: "name" in any of them,
// "name.network" in that one. known without addresses means that the name has
// none of this family.
func (r *resolver) lookup(name string, v6 bool) (found []netip.Addr, known bool) {
	host, network := name, ""
	for i := len(name); ; {
		// An alias of --link stands for a container in this sandbox's eyes only, and is
		// asked for first.
		for _, alias := range []bool{true, false} {
			if found, known = r.resolve(host, network, alias, v6); known {
				return found, true
			}
		}
		if i = strings.LastIndexByte(name[:i], '.'); i < 0 {
			return nil, false
		}
		host, network = name[:i], name[i+1:]
	}
}

// resolve is a step of lookup, in one network or, if that is "", in each.
func (r *resolver) resolve(host, network string, alias, v6 bool) (found []netip.Addr, known bool) {
	for _, ep := range r.sb.endpoints {
		if network != "" && ep.net.Name != network || !ep.net.Core.userDefined() {
			continue
		}
		name := host
		i := slices.IndexFunc(r.sb.links(ep.net), func(l [2]string) bool { return l[1] == host })
		switch {
		case alias != (i >= 0):
			continue
		case alias:
			name = r.sb.links(ep.net)[i][0]
		}
		addrs, is := ep.net.resolve(name, v6)
		if len(addrs) > 0 {
			return addrs, true
		}
		known = known || is
	}
	return nil, known
}

// resolve finds a name's addresses of one family. known without any means that the
// network has no such family, and nobody else need be asked.
func (n *Network) resolve(name string, v6 bool) (found []netip.Addr, known bool) {
	add := func(a4, a6 netip.Addr) {
		known = known || a4.IsValid() && (!v6 || !n.EnableIPv6)
		for _, a := range []netip.Addr{a4, a6} {
			if a.IsValid() && a.Is6() == v6 && !slices.Contains(found, a) {
				found = append(found, a)
			}
		}
	}
	for _, ep := range n.Core.Endpoints {
		if ep.sb != nil && ep.gatewayName == "" && ep.answersTo(name) {
			add(ep.Addr.Addr(), ep.Addr6.Addr())
		}
	}
	if s := n.Core.swarm; s != nil {
		for _, at := range s.addresses(name) {
			add(at, netip.Addr{})
		}
	}
	if g := n.Core.global; g != nil {
		for _, s := range g.remote {
			if s.answersTo(name) {
				add(s.addr(), netip.Addr{})
			}
		}
	}
	return found, known
}

// answersTo reports whether a name of its network is the endpoint's. One that Docker
// made up is none, until docker rename gives another.
func (ep *Endpoint) answersTo(name string) bool {
	if ep.dnsNames != nil {
		return isAlias(ep.dnsNames, name)
	}
	return !ep.c.Anonymous && strings.EqualFold(ep.c.Name, name) || isAlias(ep.aliases, name)
}

func isAlias(aliases []string, name string) bool {
	return slices.ContainsFunc(aliases, func(a string) bool { return strings.EqualFold(a, name) })
}

// reverseName is what an endpoint's addresses are the names of: without a name of
// its own the first alias.
func reverseName(name string, anonymous bool, aliases []string) string {
	switch {
	case !anonymous:
		return name
	case len(aliases) > 0:
		return aliases[0]
	}
	return ""
}

// links are the pairs of container name and alias that --link gave.
func (sb *Sandbox) links(n *Network) [][2]string {
	c := sb.C
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
		out = append(out, [2]string{sb.ctl.NameOf(name), alias})
	}
	return out
}

// shuffle changes the order of several addresses from answer to answer.
func (r *resolver) shuffle(all []netip.Addr) []netip.Addr {
	if len(all) > 1 {
		r.sb.ctl.IDs.Stream("dns", r.sb.C.Name).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	}
	return all
}

// reverse finds the container behind a name in in-addr.arpa or ip6.arpa.
func (r *resolver) reverse(name string) (string, bool) {
	is := func(a netip.Addr) bool { return a.IsValid() && names.ReverseName(a) == name }
	for _, ep := range r.sb.endpoints {
		for _, o := range ep.net.Core.Endpoints {
			if o.sb != nil && o.gatewayName == "" && (is(o.Addr.Addr()) || is(o.Addr6.Addr())) {
				if n := reverseName(o.c.Name, o.c.Anonymous, o.aliases); n != "" {
					return n + "." + ep.net.Name, true
				}
			}
		}
		if s := ep.net.Core.swarm; s != nil {
			if n := s.nameOf(is); n != "" {
				return n + "." + ep.net.Name, true
			}
		}
		if g := ep.net.Core.global; g != nil {
			for _, s := range g.remote {
				if n := reverseName(s.Name, s.Anonymous, s.MyAliases); n != "" && is(s.addr()) {
					return n + "." + ep.net.Name, true
				}
			}
		}
	}
	return "", false
}
