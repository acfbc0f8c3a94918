package scenarios

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"dnetsim/link"

	"gopkg.in/yaml.v3"
)

// The keys of each mapping, for reading, for suggestions and for the schema.
var (
	rootKeys   = []string{"name", "description", "seed", "engine", "limit", "lan", "lans", "routers", "internet", "hosts", "images", "setup", "steps"}
	cableKeys  = []string{"delay", "jitter", "loss", "rate", "queue", "duplicate", "reorder", "corrupt", "mtu", "down", "block"}
	lanKeys    = append([]string{"subnet", "gateway"}, cableKeys...)
	siteKeys   = []string{"address", "cname", "delay", "ttl"}
	hostKeys   = []string{"address", "lan", "mac", "hostname", "gateway", "interfaces", "engine", "daemon", "docker", "images", "files", "clock"}
	portKeys   = []string{"lan", "address", "mac", "wrong-tunnel-checksums"}
	routerKeys = []string{"interfaces", "nat", "routes"}
	routeKeys  = []string{"to", "via"}
	imageKeys  = []string{"like", "cmd", "env", "listen", "response"}
	stepKeys   = []string{"run", "expect", "wait", "at", "fault", "repair"}
	expectKeys = []string{"exit", "stdout", "stderr"}
	faultKeys  = append([]string{"cable", "host", "crash", "way", macFilterKey}, cableKeys...)
)

const macFilterKey = "mac-filter"

// Engines are the profiles that a scenario may ask for.
var Engines = []string{"20.10"}

// Read reads and checks a scenario. The error is [Problems]: every mistake
// with its line, and then no scenario.
func Read(file string, source []byte) (*Scenario, error) {
	r := &reader{problems: problems{file: file}, source: source}
	root := r.document(source)
	if root == nil {
		return nil, r.err()
	}
	s := &Scenario{File: file, Source: source, Seed: 1, Engine: Engines[0], Limit: DefaultLimit}
	r.scenario(root, s)
	r.check(root, s)
	if err := r.err(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *reader) scenario(root *yaml.Node, s *Scenario) {
	r.fields(root, "the scenario", rootKeys, func(p pair) {
		switch p.key {
		case "name":
			s.Name = r.text(p)
		case "description":
			s.Description = strings.TrimSpace(r.text(p))
		case "seed":
			s.Seed = r.seed(p)
		case "engine":
			s.Engine = r.engine(p)
		case "limit":
			if s.Limit = r.duration(p); s.Limit == 0 {
				r.add(at(p.value), "write the longest time that a run may take, such as 10m", "limit cannot be 0")
			}
		case "lan":
			s.LANs = append(s.LANs, r.lan("lan", p.value))
		case "lans":
			for _, q := range r.pairs(p.value, "lans") {
				s.LANs = append(s.LANs, r.lan(q.key, q.value))
			}
		case "routers":
			for _, q := range r.pairs(p.value, "routers") {
				s.Routers = append(s.Routers, r.router(q))
			}
		case "internet":
			for _, q := range r.pairs(p.value, "internet") {
				s.Internet = append(s.Internet, r.site(q))
			}
		case "hosts":
			for _, q := range r.pairs(p.value, "hosts") {
				s.Hosts = append(s.Hosts, r.host(q))
			}
		case "images":
			for _, q := range r.pairs(p.value, "images") {
				s.Images = append(s.Images, r.image(q))
			}
		case "setup":
			s.Setup = r.steps(p)
		case "steps":
			s.Steps = r.steps(p)
		}
	})
}

func (r *reader) engine(p pair) string {
	v := r.text(p)
	for _, e := range Engines {
		if v == e {
			return v
		}
	}
	r.add(at(p.value), fmt.Sprintf("write %q", Engines[0]), "no engine profile %q", v)
	return Engines[0]
}

func (r *reader) lan(name string, n *yaml.Node) LAN {
	l := LAN{Name: name, at: at(n)}
	r.fields(n, "a lan", lanKeys, func(p pair) {
		switch p.key {
		case "subnet":
			l.Subnet = r.subnet(p)
		case "gateway":
			l.Gateway = r.address(p)
		default:
			r.cable(p, &l.Cable)
		}
	})
	return l
}

// cable reads one property of a cable.
func (r *reader) cable(p pair, c *link.Impairment) {
	switch p.key {
	case "delay":
		c.Delay = r.duration(p)
	case "jitter":
		c.Jitter = r.duration(p)
	case "loss":
		c.Loss = r.share(p)
	case "duplicate":
		c.Duplicate = r.share(p)
	case "reorder":
		c.Reorder = r.share(p)
	case "corrupt":
		c.Corrupt = r.share(p)
	case "rate":
		c.Rate = r.rate(p)
	case "queue":
		c.Queue = int(r.number(p, 1, 1_000_000))
	case "mtu":
		c.MTU = int(r.number(p, 68, 65535))
	case "down":
		c.Down = r.flag(p)
	case "block":
		c.Block = r.blocks(p)
	}
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
	r.name(q, "a site", siteName)
	r.fields(q.value, "a site of the internet", siteKeys, func(p pair) {
		switch p.key {
		case "address":
			s.Address = r.address(p)
		case "cname":
			s.CNAME = r.text(p)
		case "delay":
			s.Delay = r.duration(p)
		case "ttl":
			s.TTL = int(r.number(p, 1, 254))
		}
	})
	return s
}

var (
	machineName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	siteName    = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$`)
	portName    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$`)
)

func (r *reader) name(q pair, what string, form *regexp.Regexp) {
	if !form.MatchString(q.key) {
		r.add(q.keyAt, "use letters, digits and hyphens", "%s cannot be called %q", what, q.key)
	}
}

func (r *reader) port(q pair) Port {
	port := Port{Name: q.key, at: q.keyAt}
	r.name(q, "an interface", portName)
	r.fields(q.value, "an interface", portKeys, func(p pair) {
		switch p.key {
		case "lan":
			port.LAN = r.text(p)
		case "address":
			port.Address = r.prefix(p)
		case "wrong-tunnel-checksums":
			port.Flawed = r.flag(p)
		case "mac":
			port.MAC = r.mac(p)
		}
	})
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
	rt := Router{Name: q.key, at: q.keyAt}
	r.name(q, "a router", machineName)
	r.fields(q.value, "a router", routerKeys, func(p pair) {
		switch p.key {
		case "interfaces":
			rt.Ports = r.ports(p)
		case "nat":
			rt.NAT = r.flag(p)
		case "routes":
			if p.value.Kind != yaml.SequenceNode {
				r.add(at(p.value), "write a list of {to: CIDR, via: ADDRESS}", "routes must be a list, not %s", kindName(p.value))
				return
			}
			for _, c := range p.value.Content {
				sr := StaticRoute{at: at(c)}
				r.fields(c, "a route", routeKeys, func(p pair) {
					switch p.key {
					case "to":
						sr.To = r.subnet(p)
					case "via":
						sr.Via = r.address(p)
					}
				})
				rt.Routes = append(rt.Routes, sr)
			}
		}
	})
	return rt
}

func (r *reader) host(q pair) Host {
	h := Host{Name: q.key, Hostname: q.key, Docker: true, at: q.keyAt}
	r.name(q, "a host", machineName)
	single := Port{Name: "eth0", at: q.keyAt}
	var given bool
	r.fields(q.value, fmt.Sprintf("host %s", q.key), hostKeys, func(p pair) {
		switch p.key {
		case "address":
			single.Address, single.at, given = r.prefix(p), at(p.value), true
		case "lan":
			single.LAN, given = r.text(p), true
		case "mac":
			single.MAC, given = r.mac(p), true
		case "hostname":
			h.Hostname = r.text(p)
		case "gateway":
			h.Gateway = r.address(p)
		case "interfaces":
			h.Ports = r.ports(p)
		case "engine":
			h.Engine = r.engine(p)
		case "docker":
			h.Docker = r.flag(p)
		case "daemon":
			if p.value.Kind == yaml.ScalarNode { // daemon.json as typed, right or wrong
				h.Daemon = []byte(p.value.Value)
				return
			}
			h.Daemon = []byte(r.json(p.value, "") + "\n")
		case "clock":
			h.Clock = r.lead(p)
		case "images":
			h.Images = r.texts(p)
		case "files":
			h.Files, h.filesAt = map[string]string{}, map[string]place{}
			for _, f := range r.pairs(p.value, "files") {
				if !strings.HasPrefix(f.key, "/") {
					r.add(f.keyAt, "write a path from the root, such as /etc/motd", "%q is no absolute path", f.key)
				}
				h.Files[f.key] = r.text(f)
				h.filesAt[f.key] = f.keyAt
			}
		}
	})
	if given && h.Ports != nil {
		r.add(q.keyAt, "put the address into interfaces", "host %s has both an address of its own and interfaces", q.key)
	}
	if given && h.Ports == nil {
		h.Ports = []Port{single}
	}
	return h
}

func (r *reader) image(q pair) Image {
	im := Image{Name: q.key, Like: "busybox", at: q.keyAt}
	r.fields(q.value, "an image", imageKeys, func(p pair) {
		switch p.key {
		case "like":
			im.Like = r.text(p)
		case "cmd":
			im.Cmd = r.texts(p)
		case "env":
			im.Env = r.texts(p)
		case "listen":
			im.Listen = r.texts(p)
		case "response":
			im.Response = r.text(p)
		}
	})
	return im
}
