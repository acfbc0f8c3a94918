package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/stack"
)

// workshop writes down the steps of cures.
type workshop struct{ *inquiry }

// remake removes a container and runs it again, with something changed: what
// is only said at docker run cannot be changed later.
func (q workshop) remake(n *Node, change func(*options)) []CureStep {
	c := n.Container
	o := said(n)
	networks := sortedNetworks(n)
	names := sortedKeys(c.NetworkSettings.Networks)
	mode := c.HostConfig.NetworkMode
	change(o)
	steps := []CureStep{
		{Machine: n.On(), Line: "docker rm -f " + c.Name},
		{Machine: n.On(), Line: runLine(n, o)},
	}
	for i, e := range networks {
		if names[i] == mode || names[i] == "bridge" && (mode == "default" || mode == "bridge") || names[i] == "none" || names[i] == "host" {
			continue
		}
		line := "docker network connect "
		if e.IPAMConfig != nil && e.IPAMConfig.IPv4Address != "" {
			line += "--ip " + e.IPAMConfig.IPv4Address + " "
		}
		steps = append(steps, CureStep{Machine: n.On(), Line: line + names[i] + " " + c.Name})
	}
	return steps
}

// free is a subnet that nothing in the world touches.
func (q *inquiry) free() netip.Prefix {
	for i := range 200 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(200 - i), 0}), 24)
		if !q.touched(p) {
			return p
		}
	}
	return netip.Prefix{}
}

func (q *inquiry) touched(p netip.Prefix) bool {
	for _, n := range q.networks() {
		for _, c := range n.IPAM.Config {
			if s, err := netip.ParsePrefix(c.Subnet); err == nil && s.Overlaps(p) {
				return true
			}
		}
	}
	for _, ns := range q.space {
		for _, i := range ns.Interfaces() {
			for _, a := range i.Addrs() {
				if a.Prefix.Overlaps(p) {
					return true
				}
			}
		}
		for _, r := range ns.Routes(stack.TableMain) {
			if r.Dst.Bits() > 0 && r.Dst.Overlaps(p) {
				return true
			}
		}
	}
	return q.j.Target.IsValid() && p.Contains(q.j.Target)
}

// remakeNetwork takes a network down and makes it again with other options;
// its containers are taken off and connected again, where they get new addresses.
func (q workshop) remakeNetwork(n *network, create string) []CureStep {
	host := n.host.Name
	var steps []CureStep
	var members []string
	for _, e := range n.Endpoints {
		if e.Container != nil {
			members = append(members, e.Container.Name)
			steps = append(steps, CureStep{Machine: host, Line: "docker network disconnect -f " + n.Name + " " + e.Container.Name})
		}
	}
	steps = append(steps, CureStep{Machine: host, Line: "docker network rm " + n.Name}, CureStep{Machine: host, Line: create})
	for _, m := range members {
		steps = append(steps, CureStep{Machine: host, Line: "docker network connect " + n.Name + " " + m})
	}
	return steps
}

// createLine is the docker network create of a network, with a subnet or
// without, and options as they were but for those in drop.
func createLine(n *network, subnet netip.Prefix, drop ...string) string {
	line := "docker network create -d " + n.Driver
	if subnet.IsValid() {
		line += " --subnet " + subnet.String()
	}
	for _, k := range sortedKeys(n.Options) {
		if !slices.Contains(drop, k) {
			line += " -o " + k + "=" + word(n.Options[k])
		}
	}
	if n.Internal && !slices.Contains(drop, "internal") {
		line += " --internal"
	}
	return line + " " + n.Name
}

// configure writes daemon.json with one key changed and restarts the engine.
// Containers end with it; those that ran are started again.
func (q workshop) configure(host *Node, changes map[string]any) []CureStep {
	text, err := changed(host, changes)
	if err != nil {
		return nil
	}
	steps := []CureStep{{Machine: host.Name, Line: "cat > /etc/docker/daemon.json <<'EOF'\n" + text + "\nEOF"}}
	return append(steps, q.restart(host)...)
}

// restart restarts an engine and starts the containers again that ran: first
// those that others depend on, which publish a port.
func (q workshop) restart(host *Node) []CureStep {
	steps := []CureStep{{Machine: host.Name, Line: "systemctl restart docker"}}
	first, then := "", ""
	store := false
	for _, n := range q.nodes {
		if !n.isContainer() || n.On() != host.Name || !n.running() || n.Container.HostConfig.RestartPolicy.Name == "always" ||
			n.Container.HostConfig.RestartPolicy.Name == "unless-stopped" {
			continue
		}
		if q.servesStore(n) {
			store = true
			first += " " + n.Container.Name
		} else {
			then += " " + n.Container.Name
		}
	}
	if first != "" {
		steps = append(steps, CureStep{Machine: host.Name, Line: "docker start" + first}, CureStep{Wait: storeUp})
	}
	if then != "" {
		steps = append(steps, CureStep{Machine: host.Name, Line: "docker start" + then})
	}
	if store || q.clustered() {
		steps = append(steps, CureStep{Wait: gossipMeets})
	}
	return steps
}

// servesStore reports whether a container is the cluster's store: it publishes
// the port that a cluster-store names.
func (q *inquiry) servesStore(n *Node) bool {
	for _, e := range q.engines() {
		at, ok := storeAddress(e)
		if !ok {
			continue
		}
		for port, bindings := range n.Container.HostConfig.PortBindings {
			for _, b := range bindings {
				if port.Proto == "tcp" && b.HostPort == fmt.Sprint(at.Port()) && q.localTo(n.On(), at.Addr()) {
					return true
				}
			}
		}
	}
	return false
}

func (q *inquiry) localTo(machine string, ip netip.Addr) bool {
	n := q.byName[machine]
	return n != nil && n.Space != nil && n.Space.IsLocal(ip)
}

func (q *inquiry) clustered() bool {
	for _, e := range q.engines() {
		if e.Host.Cluster().Store != "" || inSwarm(e) {
			return true
		}
	}
	return false
}

// addressesOf are the IPv4 addresses of a namespace, loopback left out.
func addressesOf(ns *stack.Namespace) []netip.Addr {
	var out []netip.Addr
	for _, i := range ns.Interfaces() {
		for _, x := range i.Addrs() {
			if ip := x.Prefix.Addr(); ip.Is4() && !ip.IsLoopback() {
				out = append(out, ip)
			}
		}
	}
	return out
}

// remarks say what stops, and what is lost, while a cure is typed on machines that
// are in use, and what makes it last where the cure itself does not say so.
func (c *Cure) remarks() []string {
	var out, restarted, stopped, removed, cut, left []string
	note := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, s := range c.Steps {
		if _, rest, ok := strings.Cut(s.Line, "$(ssh "); ok {
			host, command, _ := strings.Cut(rest, " ")
			command, _, _ = strings.Cut(command, ")")
			note(&out, fmt.Sprintf("$(ssh %s …) stands for what %s prints on %s: without ssh, type that there and put it in its place", host, command, host))
		}
		if strings.HasPrefix(s.Line, "conntrack ") {
			note(&out, "conntrack is in the package conntrack (Debian, Ubuntu) or conntrack-tools; connections whose entries are forgotten may have to be opened again")
		}
		if strings.HasPrefix(s.Line, "cat > /etc/docker/daemon.json ") {
			note(&out, "daemon.json is shown whole: what else is in it stays as it is")
		}
		w := strings.Fields(s.Line)
		switch {
		case s.Line == "systemctl restart docker", s.Line == "systemctl stop docker":
			note(&restarted, s.Machine)
		case strings.HasPrefix(s.Line, "docker rm -f "):
			note(&removed, w[len(w)-1])
		case strings.HasPrefix(s.Line, "docker network disconnect "):
			if w[len(w)-2] != "none" { // which has nothing to lose
				note(&cut, w[len(w)-1])
			}
		case strings.HasPrefix(s.Line, "docker swarm leave"):
			note(&left, s.Machine)
		case strings.HasPrefix(s.Line, "docker stop "):
			note(&stopped, w[len(w)-1])
		case strings.HasPrefix(s.Line, "docker restart "):
			out = append(out, "the restart of "+w[len(w)-1]+" ends what it is doing")
		}
	}
	if len(restarted) > 0 {
		out = append(out, "restarting the engine stops every container of "+list(restarted)+" unless daemon.json has live-restore; those with --restart always or unless-stopped come back by themselves")
	}
	if len(removed) > 0 {
		out = append(out, "docker rm -f loses what "+list(removed)+" wrote outside volumes; made anew, a container may get another address; if Compose made it, change its file and type docker compose up -d in place of docker rm and docker run")
	}
	if len(cut) > 0 {
		out = append(out, "connections of "+list(cut)+" on that network break, and a container may get another address there")
	}
	if len(stopped) > 0 {
		out = append(out, list(stopped)+" is down until it is started again")
	}
	if out == nil && slices.ContainsFunc(c.Steps, func(s CureStep) bool { return s.gentle() && !strings.Contains(s.Line, " start ") }) && !slices.ContainsFunc(c.Steps, func(s CureStep) bool { return s.Wait == 0 && !s.gentle() }) {
		out = append(out, "no container and no engine stops for it")
	}
	if len(left) > 0 {
		out = append(out, "docker swarm leave ends what services run on "+list(left))
	}
	if strings.Contains(c.Says, "as well") {
		return out
	}
	for _, s := range c.Steps {
		if w := strings.Fields(s.Line); strings.HasPrefix(s.Line, "docker network connect ") && !slices.Contains(append(removed, cut...), w[len(w)-1]) {
			note(&out, "docker network connect holds as long as the container: whoever makes it again says so again (docker run --network, networks: in Compose)")
		}
		note(&out, s.lasts())
	}
	return out
}

// What makes a line of a cure last.
const (
	lastsNet       = "what ip changes holds until the next start: write it as well into the machine's network configuration (netplan, NetworkManager, /etc/network/interfaces)"
	lastsSysctl    = "what sysctl changes holds until the next start: write it as well into a file of /etc/sysctl.d"
	lastsGone      = "it goes now; take it out as well where it is set at the start, or it is back then"
	lastsContainer = "it holds until the container stops"
)

// lasts says what makes a line last that changes a kernel's state alone; "" of
// others.
func (s CureStep) lasts() string {
	line, inside := s.Line, false
	if rest, ok := strings.CutPrefix(line, "nsenter -t "); ok {
		_, line, inside = strings.Cut(rest, " -n ")
	}
	w := strings.Fields(line)
	switch {
	case len(w) < 3:
		return ""
	case inside && slices.Contains([]string{"ip", "sysctl", "iptables"}, w[0]):
		return lastsContainer
	case w[0] == "sysctl":
		return lastsSysctl
	case w[0] == "ip" && w[2] == "del":
		return lastsGone
	case w[0] == "ip":
		return lastsNet
	case w[0] == "iptables" && slices.Contains(w, "-D"):
		return stays
	case w[0] == "iptables":
		return letIn
	}
	return ""
}

// list is "a, b and c".
func list(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// gentle reports whether a line stops nothing that works.
func (s CureStep) gentle() bool {
	for _, p := range []string{"iptables ", "ip6tables ", "sysctl ", "ip addr add ", "ip route ", "ip neigh ", "ip link add ", "docker start ", "docker network connect ", "docker network disconnect none ", "docker network create ", "systemctl start docker"} {
		if strings.HasPrefix(s.Line, p) {
			return true
		}
	}
	return strings.HasPrefix(s.Line, "ip link set ") && strings.HasSuffix(s.Line, " up")
}
