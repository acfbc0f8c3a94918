package scenarios

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// matrix measures the cells of both ways of a lab.
type matrix struct {
	t     *testing.T
	lab   *Lab
	swarm bool // not a cluster store
	cells [2][]string
	flows [2]*flow
}

const (
	// overlayNS is how the library's files get into the overlay's namespace.
	overlayNS = "nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep ^1-) "
	// nothing is the cell of what cannot be looked at: there is no container, or
	// no packet was sent that could arrive.
	nothing = "–"
)

func newMatrix(t *testing.T, lab *Lab) *matrix {
	m := &matrix{t: t, lab: lab}
	out, _ := m.line("bdc01", "docker info 2>/dev/null | grep Swarm:")
	m.swarm = !strings.HasSuffix(out, "inactive")
	for i := range ways {
		host := fmt.Sprintf("bdc0%d", i+1)
		m.line(host, fmt.Sprintf("docker exec c%d sh -c 'head -c 20000 /dev/zero > /tmp/file; httpd -p 8080 -h /tmp'", i+1))
	}
	return m
}

// line types a line on a host and gives what it prints and whether it
// succeeded.
func (m *matrix) line(host, line string) (string, bool) {
	m.t.Helper()
	exit, out, err := m.lab.Output(host, line)
	if err != nil {
		m.t.Fatalf("%s$ %s: %v", host, line, err)
	}
	return strings.TrimSpace(out), exit == 0
}

// measure fills in the cells of both ways. What is quick to look at comes
// before what waits for a timeout, on both hosts.
func (m *matrix) measure() {
	for i, w := range ways {
		m.flows[i] = m.flow(w)
		nodes, endpoints := m.store(m.flows[i])
		m.cells[i] = []string{nodes, endpoints, m.serf(m.flows[i])}
	}
	var pings [2][2]string
	for i, f := range m.flows {
		m.forget(f)
		pings[i][0] = m.ping(f, 0)
		m.cells[i] = append(m.cells[i], m.arp(f), m.neighbour(f), m.fdb(f))
	}
	for i, f := range m.flows {
		pings[i][1] = m.ping(f, 1)
		m.cells[i] = append(m.cells[i], f.leaves(), f.reaches(f.arrived), f.reaches(f.grown), pings[i][0], pings[i][1])
	}
	for i, f := range m.flows {
		m.cells[i] = append(m.cells[i], m.transfer(f))
	}
}

func (m *matrix) flow(w way) *flow {
	f := &flow{
		host: fmt.Sprintf("bdc0%d", w.from), peer: fmt.Sprintf("bdc0%d", w.to),
		container: fmt.Sprintf("c%d", w.from), other: fmt.Sprintf("c%d", w.to),
	}
	f.peerAddr = m.underlay(f.peer)
	f.address = m.overlayAddress(f.host, f.container, w.from)
	f.target = m.overlayAddress(f.peer, f.other, w.to)
	a := f.target.As4()
	f.targetMAC = link.MAC{2, 0x42, a[0], a[1], a[2], a[3]}.String()
	_, up := m.line(f.host, "docker ps")
	f.dark = !up
	state, _ := m.line(f.host, "docker inspect -f '{{.State.Running}}' "+f.container)
	f.missing = state != "true"
	return f
}

// underlay is a host's first address: its VTEP, in a healthy cluster.
func (m *matrix) underlay(host string) netip.Addr {
	for _, h := range m.lab.Scenario.Hosts {
		if h.Name == host {
			return h.Ports[0].Address.Addr()
		}
	}
	return netip.Addr{}
}

// overlayAddress is the address of a container on the overlay; if it has none,
// the one that people try.
func (m *matrix) overlayAddress(host, container string, n int) netip.Addr {
	out, _ := m.line(host, "docker inspect -f '{{.NetworkSettings.Networks.overlay.IPAddress}}' "+container)
	if a, err := netip.ParseAddr(out); err == nil {
		return a
	}
	if m.swarm { // each host has an address of its own in the network, after its first container's
		n = 2*n - 1
	}
	return netip.AddrFrom4([4]byte{172, 16, 0, byte(n)})
}

// ping sends one echo request of a size, and watches where it gets to.
func (m *matrix) ping(f *flow, size int) string {
	before := m.decapsulated()
	stop := trail.Of(m.lab.Loop).Listen(func(e *trail.Event) {
		if f.request(e.Frame) {
			host := e.Place.Machine
			switch {
			case !e.Place.IsInterface() || !m.card(host, e.Place.Interface):
			case e.Verb == trail.Send && host == f.host:
				f.sent[size].add(m.hostOf(outer(e.Frame)))
			case e.Verb == trail.Receive:
				f.arrived[size].add(host)
			}
		}
	})
	defer stop()
	if f.missing {
		return nothing
	}
	_, ok := m.line(f.host, fmt.Sprintf("docker exec %s ping -W 2 -c 1 -s %s %s", f.container, pingSizes[size], f.target))
	for host, n := range m.decapsulated() {
		if host != f.host && n > before[host] {
			f.grown[size].add(host)
		}
	}
	return f.mark(ok)
}

// transfer fetches a file of some frames from the other container.
func (m *matrix) transfer(f *flow) string {
	if f.missing {
		return nothing
	}
	out, _ := m.line(f.host, fmt.Sprintf("docker exec %s wget -q -T 2 -O - http://%s:8080/file | wc -c", f.container, f.target))
	return f.mark(out == "20000")
}

// card reports whether a host has a network card of that name.
func (m *matrix) card(host, iface string) bool {
	return slices.ContainsFunc(m.lab.Scenario.Hosts, func(h Host) bool {
		return h.Name == host && slices.ContainsFunc(h.Ports, func(p Port) bool { return p.Name == iface })
	})
}
