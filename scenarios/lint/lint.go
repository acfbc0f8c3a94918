// Package lint finds what will fail in a scenario before it runs. It looks at what
// the file says and runs nothing. Start reading at [Find].
package lint

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/explain"
	"dnetsim/scenarios"
)

// Finding is something in a scenario that will fail, found before it runs, under
// the code that explain would give it.
type Finding struct {
	File         string
	Line, Column int
	Code         explain.Code
	Text         string
}

// String is the finding as errors are printed.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, f.Code, f.Text)
}

// Find looks for what will fail: in the hosts' configuration, and in the lines
// that make networks and publish ports. Lines that are expected to fail are
// left out. Nothing is run.
func Find(s *scenarios.Scenario) []Finding {
	l := &linter{s: s, ports: map[string]string{}}
	for i := range s.Hosts {
		l.host(&s.Hosts[i])
	}
	l.cluster()
	for _, steps := range [][]scenarios.Step{s.Setup, s.Steps} {
		for i := range steps {
			l.step(&steps[i])
		}
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return l.found
}

type linter struct {
	s     *scenarios.Scenario
	found []Finding
	nets  []lintNet
	ports map[string]string // "HOST tcp/80" to the container that has it
	// ingress is the subnet that the swarm's routing mesh takes, if there is a swarm.
	ingress netip.Prefix
}

// lintNet is a network that a line makes.
type lintNet struct {
	host, name, driver string
	subnet             netip.Prefix
}

// daemonKeys are the keys of daemon.json that can be seen to be wrong.
type daemonKeys struct {
	Store     string `json:"cluster-store"`
	Advertise string `json:"cluster-advertise"`
	BIP       string `json:"bip"`
	Firewall  string `json:"firewall-backend"`
	Forward   *bool  `json:"ip-forward"`
	MTU       int    `json:"mtu"`
	Pools     []struct {
		Base string `json:"base"`
	} `json:"default-address-pools"`
}

func keys(h *scenarios.Host) (k daemonKeys) {
	json.Unmarshal(h.Daemon, &k) //nolint:errcheck // the reader has said what is no JSON
	return k
}

func (l *linter) find(at scenarios.Place, code explain.Code, format string, args ...any) {
	l.found = append(l.found, Finding{l.s.File, at.Line, at.Column, code, fmt.Sprintf(format, args...)})
}

func (l *linter) host(h *scenarios.Host) {
	k := keys(h)
	pools := []string{k.BIP}
	for _, p := range k.Pools {
		pools = append(pools, p.Base)
	}
	for _, text := range pools {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			continue
		}
		for _, lan := range l.s.LANs {
			if lan.Subnet.Overlaps(p.Masked()) {
				l.find(h.Place(), "BRIDGE-SUBNET-SHADOWS", "%s: daemon.json gives %s to Docker's bridges, and the LAN %s is %s: write a pool that no LAN has", h.Name, p, lan.Name, lan.Subnet)
			}
		}
	}
	if k.Firewall == "nftables" && (k.Forward == nil || *k.Forward) && !forwards(h) {
		l.find(h.Place(), "FORWARDING-OFF", "%s: with nftables the engine does not switch forwarding on and starts on a host that forwards only: write files: {/etc/sysctl.d/99-docker.conf: \"net.ipv4.ip_forward = 1\\n\"}, or type sysctl and systemctl start docker in a step", h.Name)
	}
	if h.Gateway.IsValid() && !l.has(h.Gateway) {
		l.find(h.Place(), "NO-ROUTE", "%s: nobody has the gateway %s: write a router's address", h.Name, h.Gateway)
	}
}

// forwards reports whether a host's own files switch forwarding on when it boots.
func forwards(h *scenarios.Host) bool {
	for path, text := range h.Files {
		if path != "/etc/sysctl.conf" && !(strings.HasPrefix(path, "/etc/sysctl.d/") && strings.HasSuffix(path, ".conf")) {
			continue
		}
		for line := range strings.Lines(text) {
			key, value, _ := strings.Cut(line, "=")
			if strings.TrimLeft(strings.TrimSpace(key), "-") == "net.ipv4.ip_forward" && strings.TrimSpace(value) == "1" {
				return true
			}
		}
	}
	return false
}

// has reports whether a machine or a LAN's way out has an address.
func (l *linter) has(ip netip.Addr) bool {
	for _, lan := range l.s.LANs {
		if lan.Gateway == ip {
			return true
		}
	}
	for _, r := range l.s.Routers {
		for _, p := range r.Ports {
			if p.Address.Addr() == ip {
				return true
			}
		}
	}
	return l.owner(ip) != nil
}

// owner is the host that has an address.
func (l *linter) owner(ip netip.Addr) *scenarios.Host {
	for i := range l.s.Hosts {
		for _, p := range l.s.Hosts[i].Ports {
			if p.Address.Addr() == ip {
				return &l.s.Hosts[i]
			}
		}
	}
	return nil
}

// cluster looks at the hosts that share a store.
func (l *linter) cluster() {
	var first *scenarios.Host
	advertised, called := map[string]*scenarios.Host{}, map[string]*scenarios.Host{}
	for i := range l.s.Hosts {
		h := &l.s.Hosts[i]
		k := keys(h)
		if k.Store == "" {
			continue
		}
		if first != nil && keys(first).Store != k.Store {
			l.find(h.Place(), "OVERLAY-STORE-SPLIT", "%s keeps its cluster at %s, %s at %s: write the same cluster-store", h.Name, k.Store, first.Name, keys(first).Store)
		}
		if first == nil {
			first = h
		}
		if o := called[h.Hostname]; o != nil {
			l.find(h.Place(), "OVERLAY-HOSTNAME-DUPLICATE", "%s and %s are both called %s: give each a hostname of its own", o.Name, h.Name, h.Hostname)
		}
		called[h.Hostname] = h
		l.advertise(h, k.Advertise, advertised)
	}
}

func (l *linter) advertise(h *scenarios.Host, text string, seen map[string]*scenarios.Host) {
	if text == "" {
		l.find(h.Place(), "OVERLAY-ADVERTISE-MISSING", "%s has a cluster-store and no cluster-advertise: write the host's own address, such as %s", h.Name, l.own(h))
		return
	}
	addr, _, _ := strings.Cut(text, ":")
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		if addr == "docker0" || addr == "lo" {
			l.find(h.Place(), "OVERLAY-ADVERTISE-UNREACHABLE", "%s advertises its %s, which other hosts do not reach: write %s", h.Name, addr, l.own(h))
		}
		return
	}
	if ip.IsLoopback() || ip.String() == "172.17.0.1" {
		l.find(h.Place(), "OVERLAY-ADVERTISE-UNREACHABLE", "%s advertises %s, which other hosts do not reach: write %s", h.Name, addr, l.own(h))
		return
	}
	if o := seen[addr]; o != nil {
		l.find(h.Place(), "OVERLAY-ADVERTISE-SHARED", "%s advertises %s, as %s does: write its own address, %s", h.Name, addr, o.Name, l.own(h))
		return
	}
	seen[addr] = h
	if l.owner(ip) != h {
		l.find(h.Place(), "OVERLAY-ADVERTISE-NOT-LOCAL", "%s advertises %s, which is none of its addresses: write %s", h.Name, addr, l.own(h))
	}
}

func (l *linter) own(h *scenarios.Host) string {
	for _, p := range h.Ports {
		return p.Address.Addr().String() + ":2376"
	}
	return "its address"
}

// step looks at a docker line.
func (l *linter) step(st *scenarios.Step) {
	if st.Kind != scenarios.StepRun || st.Container != "" || st.Expect.ExitAny || st.Expect.Exit != 0 {
		return
	}
	w := strings.Fields(strings.NewReplacer("'", "", `"`, "").Replace(st.Line))
	switch {
	case len(w) > 2 && w[0] == "docker" && w[1] == "swarm" && w[2] == "init":
		l.swarm(w[3:])
	case len(w) > 3 && w[0] == "docker" && w[1] == "service" && (w[2] == "create" || w[2] == "update"):
		l.mesh(st, w[3:])
	case len(w) > 3 && w[0] == "docker" && w[1] == "network" && w[2] == "create":
		if slices.Contains(w, "--ingress") {
			l.ingress = netip.Prefix{} // what it is now is said, and looked at as any network's
		}
		l.network(st, w[3:])
	case len(w) > 2 && w[0] == "docker" && (w[1] == "run" || w[1] == "create"):
		l.publish(st, w[2:])
	case len(w) > 2 && w[0] == "docker" && (w[1] == "rm" || w[1] == "stop" || w[1] == "kill"):
		l.free(st.Host, w[2:])
	case len(w) > 3 && w[0] == "docker" && w[1] == "network" && w[2] == "rm":
		l.nets = slices.DeleteFunc(l.nets, func(n lintNet) bool { return slices.Contains(w[3:], n.name) })
	}
}

// swarm notes what its ingress network takes: the first subnet of its first pool.
func (l *linter) swarm(w []string) {
	l.ingress = netip.MustParsePrefix("10.0.0.0/24")
	size := 24
	if n, err := strconv.Atoi(one(w, "--default-addr-pool-mask-length")); err == nil {
		size = n
	}
	if pool, err := netip.ParsePrefix(one(w, "--default-addr-pool")); err == nil {
		l.ingress = netip.PrefixFrom(pool.Addr(), max(size, pool.Bits())).Masked()
	}
}

// mesh: a port that the LAN asks for and gets no answer from.
func (l *linter) mesh(st *scenarios.Step, w []string) {
	for _, p := range option(w, "-p", "--publish", "--publish-add") {
		if strings.Contains(p, "mode=host") {
			continue
		}
		for _, lan := range l.s.LANs {
			if l.ingress.IsValid() && lan.Subnet.Overlaps(l.ingress) {
				l.find(st.Place(), "SWARM-POOL-OVERLAP", "the swarm's network ingress takes %s, and the LAN %s is %s: who asks from there gets no answer from %s; write docker swarm init --default-addr-pool with a pool that no LAN has", l.ingress, lan.Name, lan.Subnet, p)
				return
			}
		}
	}
}

// option is the value of an option in words, in either form.
func option(words []string, names ...string) []string {
	var out []string
	for i, w := range words {
		for _, n := range names {
			if w == n && i+1 < len(words) {
				out = append(out, words[i+1])
			} else if v, ok := strings.CutPrefix(w, n+"="); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

func one(words []string, names ...string) string {
	if v := option(words, names...); len(v) > 0 {
		return v[0]
	}
	return ""
}

func (l *linter) network(st *scenarios.Step, w []string) {
	n := lintNet{host: st.Host, name: w[len(w)-1], driver: one(w, "-d", "--driver")}
	if n.driver == "" {
		n.driver = "bridge"
	}
	child := n.driver == "macvlan" || n.driver == "ipvlan"
	for _, text := range option(w, "--subnet") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			continue
		}
		n.subnet = p.Masked()
		if !child {
			l.covers(st, n)
		}
		l.overlaps(st, n)
		l.nets = append(l.nets, n)
	}
	for _, text := range option(w, "--gateway") {
		if ip, err := netip.ParseAddr(text); err == nil && child && !l.has(ip) {
			l.find(st.Place(), "MACVLAN-GATEWAY-ABSENT", "nobody on the LAN has %s: with %s the gateway is a real router's address", ip, n.driver)
		}
	}
	l.mtu(st, n, w)
}

// covers: a subnet that a LAN has, too.
func (l *linter) covers(st *scenarios.Step, n lintNet) {
	for _, lan := range l.s.LANs {
		if lan.Subnet.Overlaps(n.subnet) {
			l.find(st.Place(), "BRIDGE-SUBNET-SHADOWS", "the network %s has %s, and the LAN %s is %s: its containers cannot reach that LAN; write another --subnet", n.name, n.subnet, lan.Name, lan.Subnet)
		}
	}
}

// overlaps: two pools of one address space.
func (l *linter) overlaps(st *scenarios.Step, n lintNet) {
	for _, o := range l.nets {
		same := o.host == n.host || o.driver == "overlay" && n.driver == "overlay" && l.store(o.host) == l.store(n.host)
		if same && o.subnet.IsValid() && o.subnet.Overlaps(n.subnet) && (o.driver == "overlay") == (n.driver == "overlay") {
			l.find(st.Place(), "POOL-OVERLAP", "the network %s has %s, and %s has %s already: the engine refuses it; write another --subnet", n.name, n.subnet, o.name, o.subnet)
		}
	}
}

// store is where a host keeps its cluster.
func (l *linter) store(host string) string {
	for i := range l.s.Hosts {
		if l.s.Hosts[i].Name == host {
			return keys(&l.s.Hosts[i]).Store
		}
	}
	return ""
}

// mtu: an MTU that the cables do not carry.
func (l *linter) mtu(st *scenarios.Step, n lintNet, w []string) {
	size, given := 1500, false
	for _, o := range option(w, "-o", "--opt") {
		if v, ok := strings.CutPrefix(o, "com.docker.network.driver.mtu="); ok {
			size, _ = strconv.Atoi(v)
			given = true
		}
	}
	if n.driver != "overlay" && !given {
		return
	}
	for _, lan := range l.s.LANs {
		if m := lan.Cable.MTU; m > 0 && size > m {
			l.find(st.Place(), "MTU-BLACKHOLE", "the network %s is made for packets of %d bytes on the wire, and the cables of %s carry %d: write -o com.docker.network.driver.mtu=%d", n.name, size, lan.Name, m, m)
		}
	}
}

// publish: a port that another container of the host has.
func (l *linter) publish(st *scenarios.Step, w []string) {
	name := one(w, "--name")
	for _, p := range option(w, "-p", "--publish") {
		text, proto, ok := strings.Cut(p, "/")
		if !ok {
			proto = "tcp"
		}
		parts := strings.Split(text, ":")
		if len(parts) < 2 || parts[len(parts)-2] == "" || strings.Contains(parts[len(parts)-2], "-") {
			continue
		}
		ip := "0.0.0.0"
		if len(parts) == 3 {
			ip = parts[0]
		}
		key := fmt.Sprintf("%s %s/%s", st.Host, parts[len(parts)-2], proto)
		if other, taken := l.ports[key]; taken && (strings.HasSuffix(other, " 0.0.0.0") || ip == "0.0.0.0" || strings.HasSuffix(other, " "+ip)) {
			l.find(st.Place(), "PORT-TAKEN", "port %s of %s is %s's already: publish another", parts[len(parts)-2], st.Host, strings.Fields(other)[0])
		}
		if name == "" {
			name = "another container"
		}
		l.ports[key] = strings.ReplaceAll(name, " ", "-") + " " + ip
	}
}

// free gives the ports of containers back.
func (l *linter) free(host string, names []string) {
	for key, c := range l.ports {
		if h, _, _ := strings.Cut(key, " "); h == host && slices.Contains(names, strings.Fields(c)[0]) {
			delete(l.ports, key)
		}
	}
}
