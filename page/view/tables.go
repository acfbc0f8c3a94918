package view

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/scenarios"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/netfilter"
	"dnetsim/userland"
	"dnetsim/userland/consul"
	"dnetsim/userland/netconf"
	"dnetsim/userland/nft"
)

// Table is what a command prints of one of a node's tables.
type Table struct {
	Title   string `json:"title"`
	Kind    string `json:"kind"`    // addresses, routes, rules, neighbours, fdb, iptables, nftables, conntrack, dns, store, gossip, sockets, ipvs
	Command string `json:"command"` // what prints it there
	Head    string `json:"head"`
	Rows    []Row  `json:"rows"`
	Empty   string `json:"empty,omitempty"` // why there are no rows
}

// Row is one line. Changed is said by [Seen.Compare].
type Row struct {
	Text    string `json:"text"`
	Changed string `json:"changed"` // no, new, changed, gone
	Delta   string `json:"delta,omitempty"`

	key   string // what it is a row of
	body  string // what may change; counters and clocks left out
	count uint64
}

// tabler makes the tables of one namespace.
type tabler struct {
	lab      *scenarios.Lab
	loop     *sim.Loop // of the programs that print; it is not the world's
	bench    *userland.Machine
	ns       *stack.Namespace
	programs map[string]userland.Program
	prefix   string                      // of commands: how somebody on the host gets there
	own      map[string]userland.Program // what a container has itself
	tables   []Table
}

// Tables are those of a machine, a container, a bridge or a namespace, by its id in the
// topology.
//
// The programs that print them run on a machine of their own, with a loop of its own,
// and only look into the world's namespace: in the world no time passes, and no process
// starts.
func Tables(l *scenarios.Lab, node string) ([]Table, error) {
	t := &tabler{lab: l, loop: sim.NewLoop(0), programs: netconf.Host(), tables: []Table{}}
	maps.Copy(t.programs, nft.Programs())
	t.bench = userland.NewMachine(t.loop, "bench", nil)
	defer t.loop.Close()
	t.loop.RunFor(l.Loop.Now()) // ages are counted to the same moment
	if k := slices.IndexFunc(l.Machines(), func(m *userland.Machine) bool { return m.Name == node }); k >= 0 {
		m := l.Machines()[k]
		t.ns = m.NS()
		t.machine(m)
		if h, ok := l.Host(node); ok {
			t.cluster(h)
		}
		return t.tables, nil
	}
	host, rest, _ := strings.Cut(node, "/")
	h, ok := l.Host(host)
	if !ok {
		return nil, fmt.Errorf("%q has no tables: hosts, containers, bridges and namespaces have", node)
	}
	for _, c := range h.Daemon.Holdings().Containers {
		if c.Name == rest {
			return t.container(h, c)
		}
	}
	for _, ns := range spaces(h) {
		if ns.Name() == node {
			t.ns, t.prefix = ns, "nsenter --net=/var/run/docker/netns/"+lastPart(node)+" "
			if h.NamedNetns[rest] == ns {
				t.prefix = "ip netns exec " + rest + " "
			}
			t.all()
			return t.tables, nil
		}
		if i := bridge(ns, node); i != nil {
			t.ns = ns
			if ns != h.NS() {
				t.prefix = "nsenter --net=/var/run/docker/netns/" + lastPart(ns.Name()) + " "
			}
			t.add("Forwarding table", "fdb", t.prefix+"bridge fdb show br "+i.Name(), t.print("bridge", "fdb", "show", "br", i.Name()))
			t.add("Address", "addresses", t.prefix+"ip addr show "+i.Name(), t.print("ip", "addr", "show", i.Name()))
			return t.tables, nil
		}
	}
	return nil, fmt.Errorf("there is no %q", node)
}

// spaces are all namespaces on a host, its own first.
func spaces(h *modes.Host) []*stack.Namespace {
	out := append([]*stack.Namespace{h.NS()}, h.Namespaces()...)
	for _, name := range sortedKeys(h.NamedNetns) {
		out = append(out, h.NamedNetns[name])
	}
	return out
}

// bridge is the bridge of a namespace that has an id in the topology.
func bridge(ns *stack.Namespace, id string) *stack.Interface {
	for _, i := range ns.Interfaces() {
		if i.Kind() == stack.KindBridge && ifaceID(i) == id {
			return i
		}
	}
	return nil
}

func (t *tabler) machine(m *userland.Machine) {
	t.all()
	t.names(m.FS())
}

func (t *tabler) container(h *modes.Host, c *modes.Container) ([]Table, error) {
	if !c.State.Running() || c.Space() == nil {
		t.tables = append(t.tables, Table{Title: "Addresses", Kind: "addresses", Command: "ip addr", Rows: []Row{}, Empty: c.Name + " does not run: " + string(c.State.Status)})
		return t.tables, nil
	}
	t.ns = c.Space()
	t.prefix = fmt.Sprintf("nsenter -t %d -n ", c.State.Pid)
	if m := c.Machine(); m != nil {
		t.own = m.Programs
		if ip, ok := m.Programs["ip"]; ok { // as it prints there
			t.programs["ip"] = ip
		}
	}
	t.all()
	if m := c.Machine(); m != nil {
		t.names(m.FS())
		t.known(h, c)
		if keys := consul.Keys(m.FS()); keys != nil {
			t.add("Store keys", "store", "curl -s http://127.0.0.1:8500/v1/kv/?keys", strings.Join(keys, "\n"))
		}
	}
	return t.tables, nil
}

// command is what somebody types who wants to see it: there, if the program is there,
// else on the host.
func (t *tabler) command(line string) string {
	program, _, _ := strings.Cut(line, " ")
	if t.own[program] != nil {
		return line
	}
	return t.prefix + line
}

// all adds what every namespace has.
func (t *tabler) all() {
	t.add("Addresses", "addresses", t.command("ip addr"), t.print("ip", "addr"))
	t.add("Routes", "routes", t.command("ip route"), t.print("ip", "route"))
	if six := t.print("ip", "-6", "route"); six != "" {
		t.add("IPv6 routes", "routes", t.command("ip -6 route"), six)
	}
	if len(t.ns.Rules(false)) > 3 {
		t.add("Policy rules", "rules", t.command("ip rule"), t.print("ip", "rule"))
	}
	t.add("Neighbours", "neighbours", t.command("ip neigh"), t.print("ip", "neigh"))
	if slices.ContainsFunc(t.ns.Interfaces(), func(i *stack.Interface) bool {
		return i.Kind() == stack.KindBridge || i.Kind() == stack.KindVXLAN
	}) {
		t.add("Forwarding tables", "fdb", t.command("bridge fdb"), t.print("bridge", "fdb"))
	}
	t.rules(false)
	t.rules(true)
	if stack.HasNftables(t.ns) && len(t.ns.Nftables().Tables()) > 0 {
		t.add("nftables", "nftables", t.command("nft list ruleset"), t.print("nft", "list", "ruleset"))
	}
	if flows := t.ns.Conntrack(); len(flows) > 0 || stack.Filters(t.ns, false) {
		var b strings.Builder
		for _, f := range flows {
			fmt.Fprintf(&b, "%s\n", f)
		}
		t.add("Connection tracking", "conntrack", t.command("conntrack -L"), b.String())
	}
	t.add("Listening sockets", "sockets", t.command("ss -lntu"), t.print("ss", "-lntu"))
	if t.ns.HasIPVS() {
		t.add("Virtual services", "ipvs", t.command("ipvsadm -Ln"), t.print("ipvsadm", "-Ln"))
	}
}

// rules adds the tables of iptables that are there; listing others would make them.
func (t *tabler) rules(v6 bool) {
	if !stack.Filters(t.ns, v6) {
		return
	}
	program := "iptables"
	if v6 {
		program = "ip6tables"
	}
	r := t.ns.Netfilter(v6)
	there := r.Tables()
	for _, name := range []string{"filter", "nat", "mangle", "raw"} {
		if !slices.Contains(there, name) {
			continue
		}
		text, err := r.List(name, "", netfilter.ListOptions{Verbose: true, Numeric: true, Exact: true, LineNumbers: false})
		if err == nil {
			t.add(program+" "+name, "iptables", t.command(program+" -t "+name+" -nvxL"), text)
		}
	}
}

// names adds whom a machine asks for names.
func (t *tabler) names(fs *userland.FS) {
	text, err := fs.ReadFile("/etc/resolv.conf")
	if err != nil {
		return
	}
	t.add("Name servers", "dns", "cat /etc/resolv.conf", string(text))
	if hosts, err := fs.ReadFile("/etc/hosts"); err == nil {
		t.add("Names it knows", "dns", "cat /etc/hosts", string(hosts))
	}
}

// cluster adds what a host's engine knows of others.
func (t *tabler) cluster(h *modes.Host) {
	t.swarm(h)
	v := h.Cluster()
	if v.Store == "" && len(v.Members) == 0 && len(v.Peers) == 0 {
		return
	}
	var b strings.Builder
	for _, m := range v.Members {
		fmt.Fprintf(&b, "%-22s %s:%d  %s\n", m.Name, m.Addr, m.Port, m.Status)
	}
	if v.Store != "" {
		x := t.add("Gossip members", "gossip", "", b.String())
		if !v.Gossip {
			x.Empty = "the gossip does not run: its address could not be bound"
		}
	}
	b.Reset()
	for _, p := range v.Peers {
		where := p.VTEP.String()
		if p.Local {
			where = "here"
		}
		fmt.Fprintf(&b, "%s  %-15s %s  at %s\n", p.Network[:min(12, len(p.Network))], p.Addr, p.MAC, where)
	}
	t.add("Overlay peers", "gossip", "", b.String())
}

// swarm adds the nodes that a manager knows.
func (t *tabler) swarm(h *modes.Host) {
	v := h.Swarm()
	if !v.Manager {
		return
	}
	var b strings.Builder
	for _, n := range v.Nodes {
		role := n.Spec.Role
		if m := n.ManagerStatus; m != nil {
			role = "manager, " + m.Reachability
			if m.Leader {
				role = "leader"
			}
		}
		fmt.Fprintf(&b, "%-12s %-16s %-8s %-8s %s\n", n.Description.Hostname, n.Status.Addr, n.Status.State, n.Spec.Availability, role)
	}
	t.add("Swarm nodes", "gossip", "docker node ls", b.String())
}

// known adds the names under which the engine's name server knows the endpoints of a
// container's networks on its host.
func (t *tabler) known(h *modes.Host, c *modes.Container) {
	mine := map[string]bool{}
	for name, e := range c.NetworkSettings.Networks {
		if name != "bridge" && name != "host" && name != "none" {
			mine[e.NetworkID] = true
		}
	}
	var b strings.Builder
	for _, n := range h.Daemon.Holdings().Networks {
		if !mine[n.ID] {
			continue
		}
		for _, e := range n.Endpoints {
			if e.Container == nil {
				continue
			}
			names := []string{e.Container.Name}
			if es := e.Container.NetworkSettings.Networks[n.Name]; es != nil {
				names = append(names, es.Aliases...)
			}
			for _, key := range sortedKeys(e.Addresses) {
				fmt.Fprintf(&b, "%-16s %s  in %s\n", e.Addresses[key], strings.Join(names, " "), n.Name)
			}
		}
	}
	if b.Len() > 0 {
		t.add("Names on its networks, here", "dns", "", b.String())
	}
}

// print is what a program prints about the namespace.
func (t *tabler) print(args ...string) string {
	var out bytes.Buffer
	p := t.bench.Start(userland.ProcSpec{Program: t.programs[args[0]], Args: args, Stdout: &out, Stderr: &out, NS: t.ns, NewGroup: true})
	if err := t.loop.Run(p.Done, 0); err != nil {
		return ""
	}
	return out.String()
}

// add makes a table of a text.
func (t *tabler) add(title, kind, command, text string) *Table {
	x := Table{Title: title, Kind: kind, Command: command, Rows: []Row{}}
	context := ""
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		line = strings.TrimRight(line, "\r\n")
		r := Row{Text: line, Changed: "no", key: line}
		switch kind {
		case "iptables":
			if rest, ok := strings.CutPrefix(line, "Chain "); ok {
				context, _, _ = strings.Cut(rest, " ")
				r.chainCounters(context)
			} else {
				r.ruleCounters(context)
			}
		case "nftables":
			if f := strings.Fields(line); len(f) > 2 && (f[0] == "table" || f[0] == "chain") {
				context = line
			}
			r.statement(context)
		case "sockets":
			if x.Head == "" {
				x.Head = line
				continue
			}
		case "conntrack":
			r.flow()
		case "neighbours":
			r.neighbour()
		}
		x.Rows = append(x.Rows, r)
	}
	if len(x.Rows) == 0 {
		x.Empty = "nothing"
	}
	t.tables = append(t.tables, x)
	return &t.tables[len(t.tables)-1]
}
