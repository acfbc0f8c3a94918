package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/modes"
)

// portTaken blames the port of the host that a container asks for and another one
// has, so that it does not start.
func (q *inquiry) portTaken(n *Node) bool {
	for port, bindings := range n.Container.HostConfig.PortBindings {
		for _, b := range bindings {
			wanted, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err != nil || wanted == 0 {
				continue
			}
			if other := q.publisher(n, port, uint16(wanted)); other != nil {
				q.blameTaken(n, other.Name+" has", q.show(n.On(), "docker port "+other.Container.Name, "who has the port"), port, uint16(wanted))
				return true
			}
			if who, shows := q.holder(n, port, uint16(wanted)); who != "" {
				q.blameTaken(n, who, shows, port, uint16(wanted))
				return true
			}
		}
	}
	return false
}

// publisher is another container of a node's host that has a port of the host.
func (q *inquiry) publisher(n *Node, port modes.Port, wanted uint16) *Node {
	for _, net := range q.networks() {
		if net.host.Name != n.On() {
			continue
		}
		for _, e := range net.Endpoints {
			for _, b := range e.Bound {
				if e.Container != nil && e.Container.ID != n.Container.ID && b.HostPort == int(wanted) && b.Port.Proto == port.Proto {
					return q.byName[n.On()+"/"+e.Container.Name]
				}
			}
		}
	}
	return nil
}

// holder is what has a port of a container's host that no container publishes: the
// routing mesh of a swarm, or a program.
func (q *inquiry) holder(n *Node, port modes.Port, wanted uint16) (who string, shows Evidence) {
	host := q.byName[n.On()]
	if host == nil || n.Container.State.Status != "created" || !listens(host, protocolOf(port), wanted) {
		return "", Evidence{}
	}
	const mesh = "DOCKER-INGRESS"
	for _, r := range rulesOf(host.Space, "nat", mesh) {
		if strings.Contains(r, fmt.Sprintf("-p %s ", port.Proto)) && strings.Contains(r, fmt.Sprintf("--dport %d ", wanted)) {
			return "a service of the swarm publishes on every node (the engine itself listens there)",
				q.show(n.On(), fmt.Sprintf("iptables -t nat -S %s | grep -e '--dport %d '", mesh, wanted), "the routing mesh has the port")
		}
	}
	return "a program of the host has", q.show(n.On(), fmt.Sprintf("ss -lntup | grep -e ':%d '", wanted), "who listens there")
}

func (q *inquiry) blameTaken(n *Node, who string, shows Evidence, port modes.Port, wanted uint16) {
	host := q.byName[n.On()]
	free := wanted + 1
	for ; free != 0; free++ {
		if q.publisher(n, port, free) == nil && !listens(host, protocolOf(port), free) {
			break
		}
	}
	was, now := publication("", fmt.Sprint(wanted), port), publication("", fmt.Sprint(free), port)
	f := q.flow
	switch at := q.facing(host, netip.Addr{}); {
	case q.from.On() != n.On() && q.flow.Port == port.Number && len(at) > 0: // another host has no other way in
		f.To, f.Port = at[0].String(), free
	case f.To != n.Container.Name:
		f.To = n.Name
	}
	q.blame(Cause{
		Code:     "PORT-TAKEN",
		Sentence: fmt.Sprintf("%s does not run (%s): it asks for port %d of %s, which %s.", n.Name, n.Container.State.Status, wanted, n.On(), who),
		Evidence: []Evidence{
			q.show(n.On(), "docker inspect -f '{{.State.Error}}' "+n.Container.Name, "why it did not start"),
			shows,
		},
		cures: []Cure{{Says: fmt.Sprintf("publish another port of the host, %d say", free), Instead: &f, Steps: workshop{q}.remake(n, func(o *options) {
			for i, w := range o.words {
				if w[0] == "-p" && strings.HasSuffix(w[1], was) {
					o.words[i][1] = strings.TrimSuffix(w[1], was) + now
				}
			}
		})}},
	})
}

func protocolOf(p modes.Port) Protocol {
	if p.Proto == "udp" {
		return UDP
	}
	return TCP
}

// publisherStopped: the port of a machine is one that a container publishes when
// it runs.
func (q services) publisherStopped(host *Node) bool {
	for _, n := range q.nodes {
		if !n.isContainer() || n.On() != host.Name || n.running() || !publishes(n, q.flow) {
			continue
		}
		if !host.Host.Daemon.Running() {
			q.blame(Cause{
				Code:     "CONTAINER-NOT-RUNNING",
				Sentence: fmt.Sprintf("Port %d of %s is published by %s, and neither that nor the engine of %s runs.", q.flow.Port, host.Name, n.Name, host.Name),
				Evidence: []Evidence{q.show(host.Name, "systemctl is-active docker", "the engine")},
				cures:    []Cure{{Steps: []CureStep{{Machine: host.Name, Line: "systemctl start docker"}, {Machine: host.Name, Line: "docker start " + n.Container.Name}, {Wait: startUp / 12}}}},
			})
			return true
		}
		absence(q).stopped(n)
		return q.blamed()
	}
	return false
}

// publishes reports whether a container asks for a flow's port of its host.
func publishes(n *Node, f Flow) bool {
	for inner, bindings := range n.Container.HostConfig.PortBindings {
		if inner.Proto == f.Proto.String() && slices.ContainsFunc(bindings, func(b modes.PortBinding) bool { return b.HostPort == fmt.Sprint(f.Port) }) {
			return true
		}
	}
	return false
}

// balancer: the flow is for a service of a swarm, at its own address or at a port that it
// publishes, and the kernel that is to spread its connections cannot.
func (q swarms) balancer() {
	if q.blamed() || q.j.Verdict == Delivered || !q.j.Target.IsValid() {
		return
	}
	host := q.byName[q.from.On()]
	published := q.to != nil && !q.to.isContainer() && q.to.Host != nil
	if published {
		host = q.to
	}
	if host == nil || host.Host == nil || !host.Space.Without().IPVS {
		return
	}
	for _, e := range q.engines() {
		for _, s := range e.Host.Swarm().Services {
			var off, on []string
			hit := false
			for _, p := range s.Endpoint.Ports {
				if p.PublishMode == "host" {
					continue
				}
				hit = hit || published && uint32(q.flow.Port) == p.PublishedPort && q.flow.Proto.String() == p.Protocol
				off = append(off, fmt.Sprintf("--publish-rm %d/%s", p.TargetPort, p.Protocol))
				on = append(on, fmt.Sprintf("--publish-add mode=host,published=%d,target=%d,protocol=%s ", p.PublishedPort, p.TargetPort, p.Protocol))
			}
			for _, v := range s.Endpoint.VirtualIPs {
				at, err := netip.ParsePrefix(v.Addr)
				hit = hit || err == nil && at.Addr() == q.j.Target
			}
			if hit {
				q.noIPVS(host, e, s.Spec.Name, strings.Join(off, " "), strings.Join(on, ""))
				return
			}
		}
	}
}

func (q swarms) noIPVS(host, manager *Node, service, off, on string) {
	var steps []CureStep
	if off != "" {
		steps = append(steps, CureStep{Machine: manager.Name, Line: "docker service update -q " + off + " " + service})
	}
	steps = append(steps, CureStep{Machine: manager.Name, Line: "docker service update -q --endpoint-mode dnsrr " + on + service}, CureStep{Wait: gossipMeets})
	q.blame(Cause{
		Code: "SWARM-KERNEL-LACKS",
		Sentence: fmt.Sprintf("The kernel of %s was built without IPVS, by which a swarm spreads the connections to a service: the service %s has an address that nobody answers for, and the ports that it publishes lead nowhere on that host. Its tasks run, and their own addresses work.",
			host.Name, service),
		Evidence: []Evidence{
			q.show(host.Name, "journalctl -u docker | grep -o 'Could not get ipvs.*' | tail -n 1", "what its engine said once"),
			q.show(host.Name, "modprobe ip_vs", "the kernel has no such module"),
			q.show(manager.Name, "docker service inspect -f '{{json .Endpoint.VirtualIPs}}' "+service, "the service's own addresses"),
		},
		cures: []Cure{{
			Says:  "a kernel with ip_vs (CONFIG_IP_VS) is the cure that keeps all as it is; without one the service gives up its own address: its name resolves to the tasks', and ports are those of the nodes that a task is on",
			Steps: steps,
		}},
	})
}

// noESP: the tunnels of an encrypted network, on a kernel that cannot encrypt.
func (q swarms) noESP(host *Node, network string) {
	c := Cause{
		Code:     "SWARM-KERNEL-LACKS",
		Sentence: fmt.Sprintf("The network %s is encrypted, and the kernel of %s was built without ESP: there are rules and policies, and no keys, so that everything for other hosts is dropped before it leaves.", network, host.Name),
		Evidence: []Evidence{
			q.show(host.Name, "ip xfrm state | grep -c esp", "how many keys there are"), q.show(host.Name, "ip xfrm policy | head -n 3", "what is to be encrypted"),
			q.show(host.Name, "journalctl -u docker | grep -o 'Failed Adding .SA.*' | tail -n 1", "what its engine said"),
		},
	}
	for _, e := range q.engines() {
		for _, n := range e.Host.Swarm().Networks {
			if n.Spec.Name != network || n.Spec.DriverConfiguration == nil {
				continue
			}
			create := strings.ReplaceAll(strings.ReplaceAll(swarmCreate(n, netip.Prefix{}), " -o encrypted=", " -o encrypted"), " -o encrypted", "")
			before, after := q.members(func(x *Node) bool { return q.swarmNetwork(x) == network })
			steps := append(before, CureStep{Machine: e.Name, Line: "docker network rm " + network}, CureStep{Machine: e.Name, Line: create})
			c.cures = append(c.cures, Cure{
				Says:  "a kernel with esp4 (CONFIG_INET_ESP) keeps it as it is; without one the network is made without encryption, and what crosses it can be read on the way",
				Steps: append(append(steps, after...), CureStep{Wait: gossipMeets / 3}),
			})
		}
	}
	q.blame(c)
}

// mesh: the routing mesh took the packet, and its network has the subnet that the
// sender is in: what comes back stays in the overlay.
func (q swarms) mesh() {
	if q.blamed() || q.j.Forward == nil || q.j.Verdict == Delivered {
		return
	}
	var client netip.Addr
	for _, h := range q.j.Forward.Hops {
		e := h.event
		if !client.IsValid() {
			client = e.pkt.src
		}
		if e.Verb != trail.Rewrite || e.Rule == nil || e.Rule.Chain != "DOCKER-INGRESS" {
			continue
		}
		if host := q.nodeOf(e.Place.Machine); host != nil && host.Host != nil {
			q.meshCovers(host, client)
		}
		return
	}
}

// meshCovers blames the ingress network of a host's swarm if its subnet has an
// address outside.
func (q swarms) meshCovers(host *Node, client netip.Addr) {
	manager := q.manager(host)
	if host.Host.Swarm().Manager {
		manager = host
	}
	if manager == nil {
		return
	}
	for _, n := range manager.Host.Swarm().Networks {
		subnet, covers := overlapping(n, netip.PrefixFrom(client, client.BitLen()))
		if !n.Spec.Ingress || !covers {
			continue
		}
		q.blame(Cause{
			Code: "SWARM-POOL-OVERLAP",
			Sentence: fmt.Sprintf("The swarm's network ingress has the subnet %s, and %s is in it: a published service gets the packet, and the answer to that address is looked for in the overlay and not on the LAN.",
				subnet, client),
			Evidence: []Evidence{
				q.show(manager.Name, "docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' ingress", "the subnet of ingress"),
				q.show(host.Name, "nsenter --net=/var/run/docker/netns/ingress_sbox ip route get "+client.String(), "the way back, seen from the routing mesh"),
			},
			cures: []Cure{{Says: "at the next docker swarm init, --default-addr-pool takes all networks out of the LAN's way", Steps: q.remakeIngress(manager, q.free())}},
		})
		return
	}
}

// remakeIngress gives the routing mesh another subnet: no service may be published
// meanwhile.
func (q swarms) remakeIngress(manager *Node, free netip.Prefix) []CureStep {
	var off, on []CureStep
	for line := range strings.Lines(q.output(manager.Name, "docker service ls --format '{{.Name}} {{.Ports}}'")) {
		name, ports, _ := strings.Cut(strings.TrimSpace(line), " ")
		for p := range strings.SplitSeq(ports, ", ") {
			published, target, ok := strings.Cut(strings.TrimPrefix(p, "*:"), "->")
			number, proto, _ := strings.Cut(target, "/")
			if !ok {
				continue
			}
			off = append(off, CureStep{Machine: manager.Name, Line: fmt.Sprintf("docker service update -q --publish-rm %s %s", target, name)})
			on = append(on, CureStep{Machine: manager.Name, Line: fmt.Sprintf("docker service update -q --publish-add published=%s,target=%s,protocol=%s %s", published, number, proto, name)})
		}
	}
	steps := append(off, CureStep{Machine: manager.Name, Line: "echo y | docker network rm ingress"}, CureStep{Wait: gossipMeets / 15},
		CureStep{Machine: manager.Name, Line: "docker network create -d overlay --ingress --subnet " + free.String() + " ingress"}, CureStep{Wait: gossipMeets / 15})
	return append(append(steps, on...), CureStep{Wait: gossipMeets / 5})
}
