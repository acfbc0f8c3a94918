package scenarios

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"dnetsim/link"
	"dnetsim/modes/config"
	"dnetsim/modes/profile"
	"dnetsim/stack"

	"go.yaml.in/yaml/v3"
)

// Engines are the profiles that a scenario may ask for.
var Engines = profile.Names

// ReadAll reads and checks the scenarios of a file: one for each YAML document.
// The error is [Problems]: every mistake with its line, and then no scenario.
func ReadAll(file string, source []byte) ([]*Scenario, error) {
	r := &reader{problems: problems{file: file}, source: source}
	var out []*Scenario
	for i, root := range r.documents(source) {
		s := &Scenario{File: file, Source: source, Seed: 1, Engine: Engines[0], Limit: DefaultLimit, document: i}
		part := &reader{problems: problems{file: file}, source: source}
		rootTable.read(part, root, "", s)
		part.check(root, s)
		r.list = append(r.list, part.list...)
		out = append(out, s)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return out, nil
}

// Read is ReadAll of a file that has one scenario.
func Read(file string, source []byte) (*Scenario, error) {
	all, err := ReadAll(file, source)
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		return nil, Problems{{File: file, Line: 1, Column: 1, What: fmt.Sprintf("the file has %d scenarios", len(all)), Instead: "keep one of the parts between the lines ---"}}
	}
	return all[0], nil
}

// limit reads the longest time that a run may take.
func (r *reader) limit(p pair, s *Scenario) {
	if s.Limit = r.duration(p); s.Limit == 0 {
		r.add(at(p.value), "write the longest time that a run may take, such as 10m", "limit cannot be 0")
	}
}

func (r *reader) engine(p pair) string {
	v := r.text(p)
	for _, e := range Engines {
		if v == e {
			return v
		}
	}
	r.add(at(p.value), `write "`+strings.Join(Engines, `" or "`)+`"`, "no engine profile %q", v)
	return Engines[0]
}

// lacks reads what a host's kernel was built without.
func (r *reader) lacks(p pair, h *hostReading) {
	all := stack.Optional()
	for _, text := range r.texts(p) {
		k, ok := all[text]
		switch {
		case ok:
			h.Lacks = append(h.Lacks, k)
		case text == "ipvs":
			h.Without.IPVS = true
		case text == "esp":
			h.Without.ESP = true
		case text == "iptables":
			h.Without.IPTables = true
		default:
			r.add(at(p.value), "write "+strings.Join(slices.Sorted(maps.Keys(all)), ", ")+", esp, iptables or ipvs", "no kernel can be built without %q", text)
		}
	}
}

func (r *reader) lan(name string, n *yaml.Node) LAN {
	l := LAN{Name: name, at: at(n), Cable: link.Impairment{Rate: ordinaryRate}}
	lanTable.read(r, n, "", &l)
	return l
}

func (r *reader) address(p pair) netip.Addr {
	a, err := netip.ParseAddr(p.value.Value)
	if err != nil || p.value.Kind != yaml.ScalarNode {
		r.add(at(p.value), "write an address such as 10.0.0.2", "%s is no address: %s", p.key, kindName(p.value))
		return netip.Addr{}
	}
	if why := unusable(a); why != "" {
		r.add(at(p.value), "write an address such as 10.0.0.2", "%s %s is %s", p.key, a, why)
		return netip.Addr{}
	}
	return a
}

func (r *reader) subnet(p pair) netip.Prefix {
	s, err := netip.ParsePrefix(p.value.Value)
	if err != nil {
		r.add(at(p.value), "write a CIDR such as 10.0.0.0/24", "%s is no CIDR: %s", p.key, kindName(p.value))
		return s
	}
	if s != s.Masked() {
		r.add(at(p.value), fmt.Sprintf("write %s", s.Masked()), "%s has host bits set: %s", p.key, s)
	}
	if why := unusable(s.Addr()); why != "" && !s.Addr().IsUnspecified() {
		r.add(at(p.value), "write a CIDR such as 10.0.0.0/24", "%s %s is %s", p.key, s, why)
	}
	return s
}

// prefix reads an address with or without a length; without, it is filled in
// from the LAN when the file is checked.
func (r *reader) prefix(p pair) netip.Prefix {
	if strings.Contains(p.value.Value, "/") {
		s, err := netip.ParsePrefix(p.value.Value)
		if err != nil {
			r.add(at(p.value), "write an address such as 10.0.0.11 or 10.0.0.11/24", "%s is no address: %s", p.key, kindName(p.value))
			return netip.Prefix{}
		}
		if why := unusable(s.Addr()); why != "" {
			r.add(at(p.value), "write an address such as 10.0.0.11 or 10.0.0.11/24", "%s %s is %s", p.key, s.Addr(), why)
			return netip.Prefix{}
		}
		return s
	}
	a := r.address(p)
	if !a.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, a.BitLen())
}

func (r *reader) mac(p pair) link.MAC {
	m, err := link.ParseMAC(p.value.Value)
	switch {
	case err != nil:
		r.add(at(p.value), "write a MAC such as 00:0c:29:ab:00:11", "%s is no MAC: %s", p.key, kindName(p.value))
	case m.IsMulticast() || m == link.MAC{}:
		r.add(at(p.value), "write a MAC such as 00:0c:29:ab:00:11", "%s %s is no interface's: it is a group's, or zero", p.key, m)
	}
	return m
}

func (r *reader) site(q pair) Site {
	s := Site{Name: q.key, TTL: 64, at: q.keyAt}
	r.name(q, "a site", siteName())
	siteTable.read(r, q.value, "", &s)
	return s
}

var (
	machineName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`) })
	siteName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$`) })
	portName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$`) })
)

func (r *reader) name(q pair, what string, form *regexp.Regexp) {
	if !form.MatchString(q.key) {
		r.add(q.keyAt, "use letters, digits and hyphens", "%s cannot be called %q", what, q.key)
	}
}

func (r *reader) port(q pair) Port {
	port := Port{Name: q.key, at: q.keyAt}
	r.name(q, "an interface", portName())
	portTable.read(r, q.value, "", &port)
	return port
}

func (r *reader) ports(p pair) []Port {
	var out []Port
	for _, q := range r.pairs(p.value, "interfaces") {
		out = append(out, r.port(q))
	}
	return out
}

func (r *reader) router(q pair) Router {
	rt := Router{Name: q.key, NAT: true, at: q.keyAt}
	r.name(q, "a router", machineName())
	routerTable.read(r, q.value, "", &rt)
	return rt
}

func (r *reader) nat(p pair, t *Router) {
	if t.NAT = r.flag(p); t.NAT {
		t.natAt = at(p.value)
	}
}

func (r *reader) routes(p pair) []StaticRoute {
	if p.value.Kind != yaml.SequenceNode {
		r.add(at(p.value), "write a list of {to: CIDR, via: ADDRESS}", "routes must be a list, not %s", kindName(p.value))
		return nil
	}
	var out []StaticRoute
	for _, c := range p.value.Content {
		sr := StaticRoute{at: at(c)}
		routeTable.read(r, c, "", &sr)
		out = append(out, sr)
	}
	return out
}

func (r *reader) host(q pair) Host {
	h := hostReading{Host: Host{Name: q.key, Hostname: q.key, Docker: true, at: q.keyAt}, single: Port{Name: "eth0", at: q.keyAt}}
	r.name(q, "a host", machineName())
	hostTable.read(r, q.value, "host "+q.key, &h)
	if h.given && h.Ports != nil {
		r.add(q.keyAt, "put the address into interfaces", "host %s has both an address of its own and interfaces", q.key)
	}
	if h.given && h.Ports == nil {
		h.Ports = []Port{h.single}
	}
	return h.Host
}

// daemon reads daemon.json: as a mapping, or as it is typed, right or wrong.
func (r *reader) daemon(p pair, h *hostReading) {
	if p.value.Kind == yaml.ScalarNode {
		h.Daemon = []byte(p.value.Value)
		return
	}
	h.Daemon = []byte(r.json(p.value, "") + "\n")
	known := config.Keys()
	for _, q := range r.pairs(p.value, "daemon") {
		if !slices.Contains(known, q.key) {
			instead := "dockerd knows no such key and would not start; as a text, daemon: '{…}' may be wrong"
			if n := nearest(q.key, known); n != "" {
				instead = fmt.Sprintf("did you mean %q? dockerd would not start", n)
			}
			r.add(q.keyAt, instead, "unknown key %q in daemon", q.key)
			return
		}
	}
	if err := config.Check(h.Daemon, nil); err != nil {
		r.add(at(p.value), daemonInstead, "dockerd would not start: %v", err)
		return
	}
	h.daemonAt = at(p.value)
}

const daemonInstead = "write what dockerd takes, or the whole file as a text if it is to be wrong"

// checkDaemon refuses a daemon.json that the host's own engine does not start with.
func (r *reader) checkDaemon(h *Host) {
	if h.daemonAt == (place{}) {
		return
	}
	if err := config.Check(h.Daemon, profile.Of(h.Engine)); err != nil {
		r.add(h.daemonAt, daemonInstead, "dockerd of engine %s would not start: %v", h.Engine, err)
	}
}

func (r *reader) files(p pair, h *hostReading) {
	h.Files, h.filesAt = map[string]string{}, map[string]place{}
	for _, f := range r.pairs(p.value, "files") {
		if !strings.HasPrefix(f.key, "/") {
			r.add(f.keyAt, "write a path from the root, such as /etc/motd", "%q is no absolute path", f.key)
		}
		h.Files[f.key] = r.text(f)
		h.filesAt[f.key] = f.keyAt
	}
}

func (r *reader) image(q pair) Image {
	im := Image{Name: q.key, Like: "busybox", at: q.keyAt}
	imageTable.read(r, q.value, "", &im)
	return im
}
