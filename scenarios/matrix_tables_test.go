package scenarios

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// store is what the store of a host's engine lists: nodes by their hosts' name
// if the address is a host's own, and endpoints by their container's.
func (m *matrix) store(f *flow) (nodes, endpoints string) {
	text, _ := m.line(f.host, "cat /etc/docker/daemon.json")
	var conf map[string]string
	json.Unmarshal([]byte(text), &conf)
	if conf["cluster-store"] == "" {
		return m.swarmNodes(f), nothing
	}
	u, err := url.Parse(conf["cluster-store"])
	if err != nil {
		m.t.Fatal(err)
	}
	base := "http://" + u.Host + "/v1/kv/docker/"
	keys, ok := m.line(f.host, "curl -s -m 3 '"+base+"nodes/?keys'")
	if f.dark || !ok {
		return nothing, nothing
	}
	var list []string
	json.Unmarshal([]byte(keys), &list)
	for i, k := range list {
		a, _, _ := strings.Cut(strings.TrimPrefix(k, "docker/nodes/"), ":")
		list[i] = m.hostOf(a)
	}
	// The rest is asked for on the store's own host: where large packets get
	// lost, the answer would not come through.
	values, _ := m.line(m.hostOf(u.Hostname()), "curl -s '"+base+"network/v1.0/endpoint/?recurse'")
	var pairs []struct{ Value []byte }
	json.Unmarshal([]byte(values), &pairs)
	var names []string
	for _, p := range pairs {
		var e struct{ Name string }
		if json.Unmarshal(p.Value, &e) == nil && (e.Name == f.container || e.Name == f.other) {
			names = append(names, e.Name)
		}
	}
	return bothOf(list, f.host, f.peer), bothOf(names, f.container, f.other)
}

// bothOf is "both" if a list has both names, and else the list.
func bothOf(list []string, a, b string) string {
	switch {
	case len(list) == 0:
		return "none"
	case slices.Contains(list, a) && slices.Contains(list, b):
		return "both"
	}
	return strings.Join(list, " ")
}

// hostOf is the name of the host that has an address, or the address.
func (m *matrix) hostOf(address string) string {
	for _, h := range m.lab.Scenario.Hosts {
		for _, p := range h.Ports {
			if p.Address.Addr().String() == address {
				return h.Name
			}
		}
	}
	return address
}

var memberEvent = regexp.MustCompile(`EventMember(Join|Leave|Failed): (\S+) ([0-9.]+)`)

// serf is what a host's engine knows of the other in its gossip: "off" and
// "quit" have no gossip at all, "alone" has never seen the other.
func (m *matrix) serf(f *flow) string {
	if f.dark {
		return nothing
	}
	log, _ := m.line(f.host, "journalctl -u docker")
	if m.swarm {
		return m.gossip(f, log)
	}
	if _, listens := m.line(f.host, "ss -lntu | grep :7946"); !listens {
		if strings.Contains(log, "minority in name conflict resolution") {
			return "quit"
		}
		return "off"
	}
	state := "alone"
	for _, e := range memberEvent.FindAllStringSubmatch(log, -1) {
		if e[3] == f.peerAddr.String() {
			state = map[string]string{"Join": "yes", "Leave": "left", "Failed": "failed"}[e[1]]
		}
	}
	if state == "yes" && strings.Contains(log, "Was able to connect to "+f.peer+" but other probes failed") {
		state = "warns"
	}
	return state
}

// forget empties the neighbour table of the flow's container, so that what is
// found in it afterwards is of this ping.
func (m *matrix) forget(f *flow) {
	if !f.missing {
		m.line(f.host, "nsenter -t $(docker inspect -f '{{.State.Pid}}' "+f.container+") -n ip neigh flush dev eth0")
	}
}

// arp says whether the container has the other's MAC address.
func (m *matrix) arp(f *flow) string {
	if f.missing {
		return nothing
	}
	table, _ := m.line(f.host, "docker exec "+f.container+" arp -n")
	if strings.Contains(table, "("+f.target.String()+") at "+f.targetMAC+" ") {
		return "yes"
	}
	return "no"
}

// neighbour is what vxlan0 has for the other container's address.
func (m *matrix) neighbour(f *flow) string {
	return m.row(f, "ip neigh show dev vxlan0", func(w []string) string {
		switch {
		case w[0] != f.target.String() || len(w) < 4:
			return ""
		case w[2] == f.targetMAC && w[3] == "PERMANENT":
			return "right"
		}
		return strings.Join(w[1:], " ")
	})
}

// fdb is which host vxlan0 sends the other container's MAC address to.
func (m *matrix) fdb(f *flow) string {
	return m.row(f, "bridge fdb show dev vxlan0", func(w []string) string {
		switch {
		case w[0] != f.targetMAC || w[1] != "dst":
			return ""
		case w[2] == f.peerAddr.String() && w[len(w)-1] == "permanent":
			return "right"
		case w[len(w)-1] == "permanent":
			return m.hostOf(w[2])
		}
		return strings.Join(w[1:], " ")
	})
}

// row is what cell makes of the rows that a command prints in the overlay's
// namespace of the flow's host. Rows for other addresses are nobody's business
// here.
func (m *matrix) row(f *flow, command string, cell func(words []string) string) string {
	in, has := m.overlayNS(f.host)
	if !has {
		return nothing
	}
	out, _ := m.line(f.host, in+command)
	var cells []string
	for line := range strings.Lines(out) {
		if c := cell(strings.Fields(line)); c != "" {
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		return "none"
	}
	return strings.Join(cells, ", ")
}

// decapsulated is the RX counter of vxlan0 on each host that has one.
func (m *matrix) decapsulated() map[string]int {
	n := map[string]int{}
	for _, h := range m.lab.Scenario.Hosts {
		if in, has := m.overlayNS(h.Name); has {
			out, _ := m.line(h.Name, in+"ip -s link show vxlan0 | sed -n 4p")
			if f := strings.Fields(out); len(f) > 1 {
				n[h.Name], _ = strconv.Atoi(f[1])
			}
		}
	}
	return n
}

// overlayNS is what a command begins with that runs in the overlay's namespace of a
// host, or false if it has none. A swarm's hosts have one for ingress, too.
func (m *matrix) overlayNS(host string) (string, bool) {
	if !m.swarm {
		_, has := m.line(host, "ls /var/run/docker/netns 2>/dev/null | grep ^1-")
		return overlayNS, has
	}
	id, _ := m.line(host, "docker network inspect -f '{{slice .Id 0 10}}' overlay 2>/dev/null")
	_, has := m.line(host, "ls /var/run/docker/netns 2>/dev/null | grep -e ^1-"+id+"$")
	return "nsenter --net=/var/run/docker/netns/1-" + id + " ", has && id != ""
}

// swarmNodes are the nodes that are Ready for a manager of the host's swarm: itself,
// or else the other host.
func (m *matrix) swarmNodes(f *flow) string {
	if f.dark {
		return nothing
	}
	for _, host := range []string{f.host, f.peer} {
		if out, ok := m.line(host, "docker node ls --format '{{.Hostname}} {{.Status}}'"); ok {
			var ready []string
			for line := range strings.Lines(out) {
				if name, is := strings.CutSuffix(strings.TrimSpace(line), " Ready"); is {
					ready = append(ready, name)
				}
			}
			return bothOf(ready, f.host, f.peer)
		}
	}
	return "refused"
}

// gossip is what a swarm's node knows of the other by its gossip.
func (m *matrix) gossip(f *flow, log string) string {
	peers, ok := m.line(f.host, "docker network inspect -f '{{range .Peers}}{{.IP}} {{end}}' overlay")
	switch {
	case !ok || peers == "":
		return nothing // it is not in the network
	case !slices.Contains(strings.Fields(peers), f.peerAddr.String()):
		return "alone"
	case strings.Contains(log, "other probes failed") || strings.Contains(log, "UDP probes failed"):
		return "warns"
	}
	return "yes"
}
