package campaign

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// inventory is what a world has that could be left over, one line each, by
// host.
type inventory struct {
	lines map[string][]string
	heap  uint64 // bytes
}

// heapSlack is how much more may be reachable after a world's life than before:
// logs, events, files, packets' pools. A leak for each container or frame is
// more.
const heapSlack = 6 << 20

func takeInventory(l *look) *inventory {
	inv := &inventory{lines: map[string][]string{}, heap: heap()}
	for _, h := range l.hosts {
		inv.lines[h.decl.Name] = h.inventory()
	}
	return inv
}

// widowed reports whether the host's engine took the store of its cluster down
// with itself. Docker 20.10 then keeps the sandboxes whose networks it cannot
// find until it starts with a store that answers, which here it never does.
func (h *hostLook) widowed() bool {
	return h.memory.alone && h.decl.Name == storeHost && h.option("cluster-store")
}

func ofSandbox(line string) bool {
	return strings.HasPrefix(line, "interface veth") || strings.HasPrefix(line, "interface docker_gwbridge") ||
		strings.HasPrefix(line, "network ") || strings.HasPrefix(line, "pool ") || strings.Contains(line, "docker_gwbridge")
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (h *hostLook) inventory() []string {
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	for _, i := range h.machine.NS().Interfaces() {
		add("interface %s, a %s", i.Name(), i.Kind())
	}
	for chain, rules := range rulesOf(h) {
		for _, r := range rules {
			if !optional(r) {
				add("rule %s %s", chain, r)
			}
		}
	}
	for _, p := range h.machine.AllProcesses() {
		add("process %s", strings.Join(p.Args, " "))
	}
	for _, s := range h.machine.NS().Sockets() {
		if !gossip(s.Local.Port()) && !gossip(s.Remote.Port()) {
			add("socket %s %s %s %s of %s", s.Proto, s.Local, s.Remote, s.State, s.Owner)
		}
	}
	for _, f := range h.machine.NS().Conntrack() {
		if f.State != "ESTABLISHED" && !gossip(f.Orig.DstPort) && !gossip(f.Reply.SrcPort) {
			add("flow %s", f) // an established one lives for five days, as in Linux
		}
	}
	for i := range h.books.Networks {
		n := &h.books.Networks[i]
		add("network %s, endpoints %d", n.Name, len(n.Endpoints))
	}
	for _, p := range h.books.Pools {
		add("pool %s", p.Key)
	}
	for _, p := range h.books.Ports {
		add("port %s %s %d", p.IP, p.Proto, p.Port)
	}
	for _, c := range h.books.Containers {
		add("container %s", c.Name)
	}
	return out
}

// gossip reports whether a port is of what the engines of a cluster talk about
// among themselves: they never stop, and go on asking for the store.
func gossip(port uint16) bool { return port == 7946 || port == 8500 || port == 4789 }

// compare says what is there now and was not before, and the other way round.
func (inv *inventory) compare(now *inventory, l *look) []string {
	var out []string
	for _, h := range l.hosts {
		name := h.decl.Name
		was, is := slices.Clone(inv.lines[name]), slices.Clone(now.lines[name])
		for _, line := range is {
			if i := slices.Index(was, line); i >= 0 {
				was = slices.Delete(was, i, i+1)
				continue
			}
			if !h.widowed() || !ofSandbox(line) {
				out = append(out, name+": left: "+line)
			}
		}
		for _, line := range was {
			if !h.widowed() || !ofSandbox(line) {
				out = append(out, name+": missing: "+line)
			}
		}
	}
	slices.Sort(out)
	if now.heap > inv.heap+heapSlack {
		out = append(out, fmt.Sprintf("%d kB are reachable, %d kB before", now.heap>>10, inv.heap>>10))
	}
	return out
}
