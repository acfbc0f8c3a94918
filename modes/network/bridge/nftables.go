package bridge

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
)

// ruleTables is the firewall as 29 programs it with nftables: a table
// docker-bridges of each family, whose base chains lead by maps from the names of
// bridges to chains of each network. It has no DOCKER-USER, whose part chains of
// the administrator's own tables have, and does not switch forwarding on.
type ruleTables struct {
	d      *Driver
	tables [2]*ruleTable // of IPv4 and IPv6; nil where the family is switched off
	// old takes the rules away that a dockerd with the other backend has left, each
	// when its network, container or port comes back. Nil if there are none.
	old *forwardChains
}

const bridgesTable = "docker-bridges"

// The maps to the chains of networks, and what both ways of translation share.
const (
	mapForwardIn      = "filter-forward-in-jumps"
	mapForwardOut     = "filter-forward-out-jumps"
	mapPostroutingIn  = "nat-postrouting-in-jumps"
	mapPostroutingOut = "nat-postrouting-out-jumps"
	chainNAT          = "nat-prerouting-and-output"
	chainRaw          = "raw-PREROUTING"
)

// The groups of a chain's rules, in their order.
const (
	first = iota
	groupMark
	groupLinks
	groupICC
	groupPorts
	groupLast
)

func (c *ruleTables) start(bool) {
	c.clean()
	for v, on := range []bool{c.d.cfg.IPTables, c.d.cfg.IP6Tables} {
		c.tables[v] = nil
		if !on {
			continue
		}
		t := &ruleTable{d: c.d, family: []string{"ip", "ip6"}[v], fresh: true, chains: map[string]*ruleChain{}, maps: map[string]*jumps{}}
		for _, name := range []string{mapForwardIn, mapForwardOut, mapPostroutingIn, mapPostroutingOut} {
			t.maps[name] = &jumps{to: map[string]string{}}
		}
		t.base("filter-FORWARD", "type filter hook forward priority 0; policy accept;", "oifname vmap @"+mapForwardIn, "iifname vmap @"+mapForwardOut)
		t.base("nat-POSTROUTING", "type nat hook postrouting priority 100; policy accept;", "iifname vmap @"+mapPostroutingOut, "oifname vmap @"+mapPostroutingIn)
		t.base("nat-PREROUTING", "type nat hook prerouting priority -100; policy accept;", "fib daddr type local counter jump "+chainNAT)
		skip := ""
		if c.d.cfg.Proxy {
			skip = []string{"ip daddr != 127.0.0.1/8 ", "ip6 daddr != ::1 "}[v]
		}
		t.base("nat-OUTPUT", "type nat hook output priority -100; policy accept;", skip+"fib daddr type local counter jump "+chainNAT)
		t.base(chainRaw, "type filter hook prerouting priority -300; policy accept;")
		t.base(chainNAT, "")
		if err := t.apply(); err != nil {
			c.d.host.Log("warning", err.Error())
		}
		c.tables[v] = t
	}
}

// clean takes the chains away that a dockerd with the other backend has left
// (iptabler.NewCleaner). The rules of its networks in built-in chains go when the
// networks come back.
func (c *ruleTables) clean() {
	c.old = nil
	for v, on := range []bool{c.d.cfg.IPTables, c.d.cfg.IP6Tables} {
		f := c.d.firewall(v == 1)
		if on {
			f.r.Exec("-t", "filter", "-n", "-L") // it looks, and iptables loads the table
		}
		if !on || !f.r.HasChain("filter", chainForward) || !f.r.Has("filter", "FORWARD", "-j", chainForward) {
			continue
		}
		c.old = &forwardChains{c.d}
		c.d.host.Log("info", "Cleaning iptables", "ipv", []string{"IPv4", "IPv6"}[v])
		f.r.Remove("filter", "FORWARD", "-j", chainForward)
		f.removeChains()
		if head, _ := f.r.Run([]string{"-S", "FORWARD"}); strings.HasPrefix(head, "-P FORWARD DROP") {
			c.d.host.Log("warning", "Network traffic for published ports may be dropped, iptables chain FORWARD has policy DROP.", "ipv", []string{"IPv4", "IPv6"}[v])
		}
	}
}

// dropTables takes away what a dockerd with this backend has left, for one with
// the other.
func (d *Driver) dropTables() {
	for v, on := range []bool{d.cfg.IPTables, d.cfg.IP6Tables} {
		if !on {
			continue
		}
		what := []string{"IPv4", "IPv6"}[v]
		if err := nft(d, "delete table "+[]string{"ip", "ip6"}[v]+" "+bridgesTable); err != nil {
			d.host.Log("info", "Deleting nftables "+what+" rules", "error", err.Error())
			continue
		}
		d.host.Log("info", "Deleted nftables "+what+" rules")
	}
}

func nft(d *Driver, script string) error { return d.host.Nft(script) }

// userChain has nothing to do: whoever wants rules before those of Docker makes a
// base chain with a lower priority.
func (*ruleTables) userChain() {}

func (c *ruleTables) forwarding(b *network) error {
	if !c.d.cfg.IPForward {
		return nil
	}
	return forwards(c.d, b)
}

// each does something to the tables of the families that a network has.
func (c *ruleTables) each(b *network, do func(t *ruleTable, v int)) error {
	for v, t := range c.tables {
		if t == nil || !b.subnet[v].IsValid() {
			continue
		}
		do(t, v)
		if err := t.apply(); err != nil {
			return errdefs.System("adding rules for bridge %s: %v", b.name, err)
		}
	}
	return nil
}

func (c *ruleTables) network(b *network) error {
	if c.old != nil && !b.internal {
		for v, f := range c.old.families() {
			if p := b.subnet[v]; p.IsValid() && f.on {
				c.old.rules(f, b, v, p, false)
			}
		}
	}
	return c.each(b, func(t *ruleTable, v int) {
		for _, x := range chainsOf(b.name) {
			t.base(x.chain, "")
			t.maps[x.by].add(b.name, "jump "+x.chain)
		}
		c.networkRules(t, b, v)
	})
}

func (c *ruleTables) dropNetwork(b *network) {
	err := c.each(b, func(t *ruleTable, v int) {
		for _, x := range chainsOf(b.name) {
			t.maps[x.by].remove(b.name)
			t.drop(x.chain)
		}
	})
	if err != nil {
		c.d.host.Log("warning", "Failed to remove network rules for network", "error", err.Error())
	}
}

func inChain(bridge string) string    { return "filter-forward-in__" + bridge }
func outChain(bridge string) string   { return "filter-forward-out__" + bridge }
func natInChain(bridge string) string { return "nat-postrouting-in__" + bridge }

type networkChain struct{ chain, by string }

// chainsOf are a network's chains, and the maps that lead there.
func chainsOf(bridge string) []networkChain {
	return []networkChain{
		{inChain(bridge), mapForwardIn}, {outChain(bridge), mapForwardOut},
		{natInChain(bridge), mapPostroutingIn}, {"nat-postrouting-out__" + bridge, mapPostroutingOut},
	}
}

func (c *ruleTables) networkRules(t *ruleTable, b *network, v int) {
	in, out, natIn := inChain(b.name), outChain(b.name), natInChain(b.name)
	t.rule(true, in, first, "ct state established,related counter accept")
	t.rule(true, out, first, "ct state established,related counter accept")
	icc := "accept"
	if !b.icc {
		icc = "drop"
	}
	if b.internal {
		t.rule(true, in, first, "iifname != "+b.name+` counter drop comment "INTERNAL NETWORK INGRESS"`)
		t.rule(true, out, first, "oifname != "+b.name+` counter drop comment "INTERNAL NETWORK EGRESS"`)
		t.rule(true, in, groupICC, "counter "+icc+" comment ICC")
		return
	}
	if mark, mask := c.d.cfg.mark(); mark != "" {
		if mask != "" {
			mark = "and " + mask + " == " + mark
		}
		t.rule(true, in, groupMark, "meta mark "+mark+` counter accept comment "ALLOW FW MARK"`)
	}
	t.rule(true, in, groupICC, "iifname == "+b.name+" counter "+icc+" comment ICC")
	t.rule(true, out, first, "counter accept comment OUTGOING")
	last := `counter drop comment "UNPUBLISHED PORT DROP"`
	if b.mode[v] == unprotected {
		last = `counter accept comment "UNPROTECTED"`
	}
	t.rule(true, in, groupLast, last)
	if b.mode[v] == routed {
		t.rule(true, in, first, []string{"ip protocol icmp", "meta l4proto ipv6-icmp"}[v]+" counter accept comment ICMP")
	}
	source, comment := "masquerade", "MASQUERADE"
	if a := b.hostIP[v]; a.IsValid() {
		source, comment = "snat to "+a.String(), "SNAT"
	}
	if b.masq && b.mode[v] != routed {
		t.rule(true, "nat-postrouting-out__"+b.name, first, fmt.Sprintf("oifname != %s %s saddr %s counter %s comment %s", b.name, t.family, b.subnet[v].Masked(), source, comment))
	}
	if !c.d.cfg.Proxy {
		t.rule(true, natIn, first, "fib saddr type local counter "+source+` comment "`+comment+` FROM HOST"`)
	}
}

// endpoint keeps everybody but the bridge itself, trusted interfaces and the host
// away from a container's own addresses.
func (c *ruleTables) endpoint(b *network, ep *driver.Endpoint, want bool) error {
	addrs := [2]netip.Prefix{ep.Addr, ep.Addr6}
	if want && c.old != nil {
		c.old.endpoint(b, ep, false)
	}
	return c.each(b, func(t *ruleTable, v int) {
		if !addrs[v].IsValid() || b.internal || b.mode[v] == unprotected || b.mode[v] == routed || c.d.cfg.DirectRouting {
			return
		}
		t.rule(want, chainRaw, groupPorts, fmt.Sprintf(`%s daddr %s iifname != {%s,%s} counter drop comment "DROP DIRECT ACCESS"`,
			t.family, addrs[v].Addr(), b.name, strings.Join(b.trusted, ", ")))
	})
}

func (c *ruleTables) port(x binding, want bool) error {
	v := 0
	if x.to.Is6() {
		v = 1
	}
	t := c.tables[v]
	if t == nil || x.internal {
		return nil
	}
	if want && c.old != nil {
		c.old.port(x, false)
	}
	port, host := strconv.Itoa(int(x.Port.Number)), strconv.Itoa(x.HostPort)
	// Several ports of the host may lead to one of the container: the rule is one, and
	// goes with the first of them.
	open := slices.ContainsFunc(c.d.networks, func(b *network) bool { return b.name == x.bridge && b.mode[v] == unprotected })
	if !open { // a port of the host's other family leads there, too
		t.once(want, inChain(x.bridge), groupPorts, fmt.Sprintf("%s daddr %s %s dport %s counter accept", t.family, x.to, x.Port.Proto, port))
	}
	if x.HostPort != 0 && x.HostIP.Is6() == x.to.Is6() { // only the proxy joins the families
		var dnat string
		if c.d.cfg.Proxy {
			dnat = "iifname != " + x.bridge + " "
		}
		if v == 1 {
			dnat += "ip6 saddr != fe80::/10 "
		}
		if !x.HostIP.IsUnspecified() {
			dnat += fmt.Sprintf("%s daddr %s ", t.family, x.HostIP)
		}
		t.rule(want, chainNAT, first, dnat+fmt.Sprintf("%s dport %s counter dnat to %s comment DNAT", x.Port.Proto, host, net.JoinHostPort(x.to.String(), port)))
		if !c.d.cfg.Proxy {
			t.once(want, natInChain(x.bridge), first, fmt.Sprintf(`%s saddr %s %s daddr %s %s dport %s counter masquerade comment "MASQ TO OWN PORT"`,
				t.family, x.to, t.family, x.to, x.Port.Proto, port))
		}
	}
	if v == 0 && x.HostPort != 0 && x.HostIP.Is4() && x.HostIP.IsLoopback() {
		t.rule(want, chainRaw, groupPorts, fmt.Sprintf(`iifname != lo ip daddr %s %s dport %s counter drop comment "DROP REMOTE LOOPBACK"`, x.HostIP, x.Port.Proto, host))
	}
	if err := t.apply(); err != nil {
		return errdefs.System("adding rules for bridge %s: %v", x.bridge, err)
	}
	return nil
}

// link opens an exposed port of a linked container, both ways.
func (c *ruleTables) link(b *network, parent, child netip.Addr, proto string, port uint16, want bool) error {
	t := c.tables[0]
	if t == nil {
		return nil
	}
	t.rule(want, inChain(b.name), groupLinks, fmt.Sprintf("ip saddr %s ip daddr %s %s dport %d counter accept", parent, child, proto, port))
	t.rule(want, inChain(b.name), groupLinks, fmt.Sprintf("ip saddr %s %s sport %d ip daddr %s counter accept", child, proto, port, parent))
	if err := t.apply(); err != nil {
		return errdefs.System("adding rules for bridge %s: %v", b.name, err)
	}
	return nil
}

// ruleTable is one table as dockerd keeps it: what it writes is never read back. A
// chain that changes is emptied and filled again, which takes its counters.
type ruleTable struct {
	d       *Driver
	family  string
	fresh   bool
	chains  map[string]*ruleChain
	maps    map[string]*jumps
	dropped []string // chains
}

type ruleChain struct {
	head    string // of a base chain
	groups  [groupLast + 1][]string
	changed bool
}

// jumps is a map from bridges to chains.
type jumps struct {
	to          map[string]string
	added, gone []string
}

func (j *jumps) add(key, to string) {
	j.to[key] = to
	j.added = append(j.added, key)
}

func (j *jumps) remove(key string) {
	if _, ok := j.to[key]; !ok {
		return
	}
	delete(j.to, key)
	if i := slices.Index(j.added, key); i >= 0 {
		j.added = slices.Delete(j.added, i, i+1)
		return
	}
	j.gone = append(j.gone, key)
}

func (t *ruleTable) base(name, head string, rules ...string) {
	c := &ruleChain{head: head, changed: true}
	c.groups[first] = rules
	t.chains[name] = c
}

func (t *ruleTable) drop(chain string) {
	if t.chains[chain] != nil {
		delete(t.chains, chain)
		t.dropped = append(t.dropped, chain)
	}
}

// rule adds a rule to a chain, or takes it out.
func (t *ruleTable) rule(want bool, chain string, group int, text string) {
	c := t.chains[chain]
	if c == nil {
		return
	}
	i := slices.Index(c.groups[group], text)
	switch {
	case want:
		c.groups[group] = append(c.groups[group], text)
	case i < 0:
		return
	default:
		c.groups[group] = slices.Delete(c.groups[group], i, i+1)
	}
	c.changed = true
}

// once is rule for one that a chain has once at most.
func (t *ruleTable) once(want bool, chain string, group int, text string) {
	if c := t.chains[chain]; c != nil && slices.Contains(c.groups[group], text) != want {
		t.rule(want, chain, group, text)
	}
}

func (c *ruleChain) write(w *strings.Builder, name string) {
	fmt.Fprintf(w, "chain %s {\n%s\n", name, c.head)
	for _, g := range c.groups {
		for _, r := range g {
			w.WriteString(r + "\n")
		}
	}
	w.WriteString("}\n")
}

// apply writes what has changed. If that cannot be, as when somebody has taken part
// of the table away, the whole table is made anew.
func (t *ruleTable) apply() error {
	err := nft(t.d, t.update())
	if err != nil {
		t.d.host.Log("warning", "nftables: reloading table", "family", t.family, "table", bridgesTable)
		err = nft(t.d, t.reload())
	}
	t.fresh, t.dropped = false, nil
	for _, c := range t.chains {
		c.changed = false
	}
	for _, m := range t.maps {
		m.added, m.gone = nil, nil
	}
	return err
}

// update is the script of what has changed. Chains are there before they are emptied,
// and elements before chains are gone.
func (t *ruleTable) update() string {
	var w strings.Builder
	at := t.family + " " + bridgesTable
	names, changed := slices.Sorted(maps.Keys(t.maps)), []string{}
	fmt.Fprintf(&w, "table %s {\n", at)
	for _, name := range names {
		fmt.Fprintf(&w, "map %s {\ntype ifname : verdict\n}\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(t.chains)) {
		if c := t.chains[name]; c.changed {
			changed = append(changed, name)
			fmt.Fprintf(&w, "chain %s {\n%s\n}\n", name, c.head)
		}
	}
	w.WriteString("}\n")
	if t.fresh {
		fmt.Fprintf(&w, "flush table %s\n", at)
		for _, name := range names {
			fmt.Fprintf(&w, "flush map %s %s\n", at, name)
		}
	}
	for _, name := range changed {
		fmt.Fprintf(&w, "flush chain %s %s\n", at, name)
	}
	for _, name := range names {
		if m := t.maps[name]; len(m.gone) > 0 {
			fmt.Fprintf(&w, "delete element %s %s { %s }\n", at, name, strings.Join(m.gone, ", "))
		}
	}
	for _, name := range t.dropped {
		fmt.Fprintf(&w, "delete chain %s %s\n", at, name)
	}
	fmt.Fprintf(&w, "table %s {\n", at)
	for _, name := range changed {
		t.chains[name].write(&w, name)
	}
	w.WriteString("}\n")
	for _, name := range names {
		if m := t.maps[name]; len(m.added) > 0 {
			fmt.Fprintf(&w, "add element %s %s { %s }\n", at, name, m.elements(m.added))
		}
	}
	return w.String()
}

// reload is the script of the whole table.
func (t *ruleTable) reload() string {
	var w strings.Builder
	at := t.family + " " + bridgesTable
	fmt.Fprintf(&w, "table %s {}\ndelete table %s\ntable %s {\n", at, at, at)
	for _, name := range slices.Sorted(maps.Keys(t.maps)) {
		m := t.maps[name]
		fmt.Fprintf(&w, "map %s {\ntype ifname : verdict\n", name)
		if len(m.to) > 0 {
			fmt.Fprintf(&w, "elements = { %s }\n", m.elements(slices.Sorted(maps.Keys(m.to))))
		}
		w.WriteString("}\n")
	}
	for _, name := range slices.Sorted(maps.Keys(t.chains)) {
		t.chains[name].write(&w, name)
	}
	w.WriteString("}\n")
	return w.String()
}

func (j *jumps) elements(keys []string) string {
	var out []string
	for _, k := range slices.Sorted(slices.Values(keys)) {
		out = append(out, k+" : "+j.to[k])
	}
	return strings.Join(out, ", ")
}
