package network

import (
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/profile"
	"dnetsim/stack"
	"dnetsim/stack/ipvs"
	"dnetsim/stack/netfilter"
)

// firstMark is the first mark that a service's packets get in a node's own sandboxes.
const firstMark = 256

// balanced is a service as a node's own sandbox in a network balances it.
type balanced struct {
	mark    uint32
	virtual netip.Addr
	ports   []container.ServicePort
}

// rebalance makes the node's own sandbox in a network spread the services' connections over
// the tasks that there are: each service has a mark, which its packets get by its address
// (and, from outside, by its published ports), and the mark's tasks in IPVS.
func (a *Agent) rebalance(n *Network) {
	s := n.Core.swarm
	if s == nil || s.balancer == nil || n.Internal && n.Ingress {
		return
	}
	want := map[string]balanced{}
	dests := map[string][]ipvs.Dest{}
	for _, id := range slices.Sorted(maps.Keys(s.records)) {
		r := s.records[id]
		if !r.virtual.IsValid() || !r.virtual.Is4() {
			continue
		}
		want[r.serviceID] = balanced{virtual: r.virtual, ports: r.ports}
		dests[r.serviceID] = append(dests[r.serviceID], ipvs.Dest{At: netip.AddrPortFrom(r.at, 0), Weight: 1})
	}
	lb := balancing{a: a, n: n, sb: s.balancer}
	for _, id := range slices.Sorted(maps.Keys(s.services)) {
		if w, ok := want[id]; !ok || w.virtual != s.services[id].virtual || !slices.Equal(w.ports, s.services[id].ports) {
			lb.change(s.services[id], false)
			delete(s.services, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		w, known := s.services[id]
		if !known {
			if w = want[id]; a.mark < firstMark {
				a.mark = firstMark
			}
			w.mark = a.mark
			a.mark++
			if s.services == nil {
				s.services = map[string]balanced{}
			}
			s.services[id] = w
			lb.change(w, true)
		}
		if s.balancer.NS.Without().IPVS {
			continue
		}
		slices.SortFunc(dests[id], func(x, y ipvs.Dest) int { return x.At.Compare(y.At) })
		s.balancer.NS.IPVS().ByMark(w.mark).Dests = dests[id]
	}
}

// unbalance takes all services out of the node's own sandbox.
func (a *Agent) unbalance(n *Network) {
	s := n.Core.swarm
	lb := balancing{a: a, n: n, sb: s.balancer}
	for _, id := range slices.Sorted(maps.Keys(s.services)) {
		lb.change(s.services[id], false)
	}
	s.services = nil
}

// balancing is the work on one network's sandbox.
type balancing struct {
	a  *Agent
	n  *Network
	sb *Sandbox
}

// own is the sandbox's endpoint in the network.
func (b *balancing) own() *Endpoint {
	for _, ep := range b.sb.endpoints {
		if ep.net == b.n {
			return ep
		}
	}
	return nil
}

// change puts a service into the sandbox, or takes it out.
func (b *balancing) change(s balanced, want bool) {
	ep := b.own()
	if ep == nil || ep.Inside == nil {
		return
	}
	if b.sb.NS.Without().IPVS {
		b.impossible(s, ep, want)
		return
	}
	at := netip.PrefixFrom(s.virtual, 32)
	how := "-A"
	if want {
		ep.Inside.AddAddr(at, stack.AddrOptions{})
	} else {
		how = "-D"
		ep.Inside.DelAddr(at)
		b.sb.NS.IPVS().Remove(s.mark)
	}
	f := b.sb.NS.Netfilter(false)
	mark := strconv.Itoa(int(s.mark))
	for _, p := range s.ports {
		f.Exec("-t", "mangle", how, "PREROUTING", "-p", protocol(p), "--dport", strconv.Itoa(p.Published), "-j", "MARK", "--set-mark", mark)
	}
	f.Exec("-t", "mangle", how, "INPUT", "-d", at.String(), "-j", "MARK", "--set-mark", mark)
	snat := []string{"POSTROUTING", "-d", ep.Addr.Masked().String(), "-m", "ipvs", "--ipvs", "-j", "SNAT", "--to-source", ep.Addr.Addr().String()}
	if want && !has(f, "nat", snat) {
		f.Exec(append([]string{"-t", "nat", "-A"}, snat...)...)
	}
	if b.n.Ingress {
		b.publish(s, want)
	}
}

// impossible is a change on a kernel without IPVS. The engine finds that out once and
// makes nothing, neither the address nor the rules around; later it cannot take away
// what is not there.
func (b *balancing) impossible(s balanced, ep *Endpoint, want bool) {
	log := b.a.ctl.Journal.Write
	if !b.a.noIPVS {
		b.a.noIPVS = true
		log("warning", fmt.Sprintf("Running modprobe ip_vs failed with message: `modprobe: WARNING: Module ip_vs not found in directory /lib/modules/%s`, error: exit status 1", b.a.ctl.machine().KernelVersion))
		log("error", "Could not get ipvs family information from the kernel. It is possible that ipvs is not enabled in your kernel. Native loadbalancing will not work until this is fixed.")
	}
	if want {
		return
	}
	short := func(s string) string { return s[:min(7, len(s))] }
	rule := fmt.Sprintf("-t mangle -D INPUT -d %s/32 -j MARK --set-mark %d", s.virtual, s.mark)
	for _, p := range s.ports {
		rule = fmt.Sprintf("-t mangle -D PREROUTING -p %s --dport %d -j MARK --set-mark %d", protocol(p), p.Published, s.mark)
		break
	}
	log("error", fmt.Sprintf("Failed to delete firewall mark rule in sbox %s (%s): set up rule failed, [%s]:  (iptables failed: iptables --wait %s: iptables: No chain/target/match by that name.\n (exit status 1))",
		short(b.sb.ID), short(b.sb.C.ID), rule, rule))
	log("error", fmt.Sprintf("Failed to remove IP alias %s from network %s LB endpoint interface %s: cannot assign requested address", s.virtual, b.n.ID, ep.Inside.Name()))
}

func has(f *netfilter.Rules, table string, rule []string) bool {
	return f.Exec(append([]string{"-t", table, "-C"}, rule...)...) == nil
}

func protocol(p container.ServicePort) string {
	return [...]string{"tcp", "udp", "sctp"}[min(max(p.Protocol, 0), 2)]
}

// ingressChain has the rules by which a node's published services are reached.
const ingressChain = "DOCKER-INGRESS"

// publish sends what comes to the host for a service's ports into the ingress sandbox.
func (b *balancing) publish(s balanced, want bool) {
	gw := b.sb.gatewayEndpoint()
	if gw == nil || len(s.ports) == 0 {
		return
	}
	f := b.a.ctl.ns().Netfilter(false)
	how := "-D"
	if want {
		how = "-I"
		b.chains(f)
	}
	for _, p := range s.ports {
		port, proto := strconv.Itoa(p.Published), protocol(p)
		f.Exec("-t", "nat", how, ingressChain, "-p", proto, "--dport", port, "-j", "DNAT", "--to-destination", fmt.Sprintf("%s:%d", gw.Addr.Addr(), p.Published))
		f.Exec("-t", "filter", how, ingressChain, "-p", proto, "--sport", port, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT")
		f.Exec("-t", "filter", how, ingressChain, "-p", proto, "--dport", port, "-j", "ACCEPT")
		b.hold(p, want)
	}
}

// hold keeps a published port of the host away from others, as dockerd's own listener does.
func (b *balancing) hold(p container.ServicePort, want bool) {
	port := nat.Port{Number: uint16(p.Published), Proto: protocol(p)}
	if l := b.a.held[port]; l != nil && !want {
		l.Close()
		delete(b.a.held, port)
		b.a.mesh.Broadcast()
	}
	if !want {
		return
	}
	ctl := b.a.ctl
	open, at := ctl.Face.Opener(ctl.ns()), netip.AddrPortFrom(netip.IPv6Unspecified(), port.Number)
	var l io.Closer
	var err error
	switch port.Proto {
	case "tcp":
		l, err = open.ListenTCP(at)
	case "udp":
		l, err = open.ListenUDP(at)
	default:
		return // SCTP, which hosts here have not
	}
	if err != nil {
		ctl.Journal.Write("warning", fmt.Sprintf("failed to create proxy for port %d: listen %s :%[1]d: bind: address already in use", p.Published, port.Proto))
		return
	}
	if b.a.held == nil {
		b.a.held = map[nat.Port]io.Closer{}
	}
	b.a.held[port] = l
	b.a.mesh.Broadcast()
}

// Mesh are the ports of the host that a swarm's services have published on every node, in
// their order.
func (a *Agent) Mesh() []nat.Port { return nat.Sorted(a.held) }

// AwaitMesh blocks the running process until they change.
func (a *Agent) AwaitMesh() error { return a.mesh.Wait(a.ctl.Loop) }

// chains makes the chains that publish needs, once.
func (b *balancing) chains(f *netfilter.Rules) {
	local := []string{"-m", "addrtype", "--dst-type", "LOCAL", "-j", ingressChain}
	for _, table := range []string{"nat", "filter"} {
		if f.Exec("-t", table, "-n", "-L", ingressChain) != nil {
			f.Exec("-t", table, "-N", ingressChain)
			f.Exec("-t", table, "-A", ingressChain, "-j", "RETURN")
		}
	}
	for _, from := range []string{"PREROUTING", "OUTPUT"} {
		if rule := append([]string{from}, local...); !has(f, "nat", rule) {
			f.Exec(append([]string{"-t", "nat", "-I"}, rule...)...)
		}
	}
	if out := []string{"POSTROUTING", "-m", "addrtype", "--src-type", "LOCAL", "-o", GatewayNetwork, "-j", "MASQUERADE"}; !has(f, "nat", out) {
		f.Exec(append([]string{"-t", "nat", "-I"}, out...)...)
	}
	from := "FORWARD"
	if b.a.ctl.Face.Profile.Firewall == profile.ForwardChains {
		from = "DOCKER-FORWARD"
	}
	if jump := []string{from, "-j", ingressChain}; !has(f, "filter", jump) {
		f.Exec("-t", "filter", "-I", from, "-j", ingressChain)
		b.a.ctl.Bridges.UserChain() // which stays first
	}
	b.a.ctl.ns().SetSysctl("net.ipv4.conf."+GatewayNetwork+".route_localnet", "1")
}

// redirect has a task's container take what comes for its service's published ports at the
// ports that it listens on, and nothing else from the ingress network.
func (sb *Sandbox) redirect(ep *Endpoint) {
	s := sb.C.Service
	if s == nil || !ep.net.Ingress || len(s.Ports) == 0 || !ep.Addr.IsValid() {
		return
	}
	f := sb.NS.Netfilter(false)
	at := netip.PrefixFrom(ep.Addr.Addr(), 32).String()
	for _, p := range s.Ports {
		proto, port, target := protocol(p), strconv.Itoa(p.Published), strconv.Itoa(p.Target)
		f.Exec("-t", "nat", "-A", "PREROUTING", "-d", at, "-p", proto, "--dport", port, "-j", "REDIRECT", "--to-ports", target)
		f.Exec("-t", "filter", "-A", "INPUT", "-d", at, "-p", proto, "--dport", target, "-m", "conntrack", "--ctstate", "NEW,ESTABLISHED", "-j", "ACCEPT")
		f.Exec("-t", "filter", "-A", "OUTPUT", "-s", at, "-p", proto, "--sport", target, "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
	}
	for _, proto := range []string{"sctp", "udp", "tcp", "icmp"} {
		f.Exec("-t", "filter", "-A", "INPUT", "-d", at, "-p", proto, "-j", "DROP")
		f.Exec("-t", "filter", "-A", "OUTPUT", "-s", at, "-p", proto, "-j", "DROP")
	}
}
