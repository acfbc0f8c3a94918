package scenarios

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/modes/image"

	"go.yaml.in/yaml/v3"
)

// check finds what single values cannot show: names and addresses that do not
// fit together.
func (r *reader) check(root *yaml.Node, s *Scenario) {
	if s.Name == "" {
		s.Name = strings.TrimSuffix(strings.TrimSuffix(s.File, ".yaml"), ".yml")
		if s.document > 0 {
			s.Name += fmt.Sprintf("#%d", s.document+1)
		}
	}
	if len(s.Hosts) == 0 {
		r.add(at(root), "add `hosts:` with at least one", "the scenario has no hosts")
	}
	lans := r.checkLANs(s)
	taken := map[string]map[netip.Addr]string{}
	claim := func(owner string, p *Port) {
		r.checkPort(owner, p, lans, taken)
	}
	for i := range s.Routers {
		if rt := &s.Routers[i]; rt.natAt != (place{}) && !s.leadsOut(rt) {
			r.add(rt.natAt, "give a lan its gateway: with an address of the router, or leave nat out", "router %s leads to no internet: it has the gateway of no lan", rt.Name)
		}
		for k := range s.Routers[i].Ports {
			claim(s.Routers[i].Name, &s.Routers[i].Ports[k])
		}
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if len(h.Ports) == 0 && len(s.LANs) > 0 {
			r.add(h.at, "add address: or interfaces:", "host %s has no address", h.Name)
		}
		for k := range h.Ports {
			claim(h.Name, &h.Ports[k])
		}
		if h.Engine == "" {
			h.Engine, h.follows = s.Engine, true
		}
		r.checkDaemon(h)
	}
	for i := range s.LANs {
		r.checkGateway(s, &s.LANs[i])
	}
	r.checkNames(s)
	r.checkInternet(s)
	r.checkFiles(s)
	r.checkImages(s)
	for _, steps := range [][]Step{s.Setup, s.Steps} {
		for i := range steps {
			r.checkStep(s, &steps[i])
		}
	}
}

func (r *reader) checkLANs(s *Scenario) map[string]*LAN {
	lans := map[string]*LAN{}
	for i := range s.LANs {
		l := &s.LANs[i]
		if lans[l.Name] != nil {
			r.add(l.at, "give it another name", "two lans are called %q", l.Name)
		}
		lans[l.Name] = l
		if !l.Subnet.IsValid() {
			if len(r.list) == 0 {
				r.add(l.at, "add subnet: 10.0.0.0/24", "lan %s has no subnet", l.Name)
			}
			continue
		}
		if why := edge(l.Subnet, l.Gateway); why != "" {
			r.add(l.at, fmt.Sprintf("choose another one in %s", l.Subnet), "gateway %s is the %s address of the subnet %s", l.Gateway, why, l.Subnet)
		}
		if l.Gateway.IsValid() && !l.Subnet.Contains(l.Gateway) {
			r.add(l.at, fmt.Sprintf("choose one in %s", l.Subnet), "gateway %s is outside the subnet %s", l.Gateway, l.Subnet)
		}
	}
	return lans
}

func (r *reader) checkPort(owner string, p *Port, lans map[string]*LAN, taken map[string]map[netip.Addr]string) {
	if p.LAN == "" && len(lans) == 1 {
		for name := range lans {
			p.LAN = name
		}
	}
	l := lans[p.LAN]
	switch {
	case l == nil && p.LAN == "" && len(lans) == 0:
		r.add(p.at, "add `lan: {subnet: 10.0.0.0/24}`", "%s has an address but there is no lan", owner)
		return
	case l == nil && p.LAN == "":
		r.add(p.at, "add lan: with its name", "%s does not say which lan its %s is on", owner, p.Name)
		return
	case l == nil:
		r.add(p.at, did(p.LAN, slices.Sorted(maps.Keys(lans))), "there is no lan %q", p.LAN)
		return
	}
	a := p.Address.Addr()
	if !a.IsValid() || !l.Subnet.IsValid() {
		return
	}
	if !l.Subnet.Contains(a) {
		r.add(p.at, fmt.Sprintf("choose one in %s", l.Subnet), "address %s of %s is outside the subnet %s", a, owner, l.Subnet)
		return
	}
	if p.Address.IsSingleIP() {
		p.Address = netip.PrefixFrom(a, l.Subnet.Bits())
	}
	for _, whole := range []netip.Prefix{l.Subnet, p.Address.Masked()} {
		if why := edge(whole, a); why != "" {
			r.add(p.at, fmt.Sprintf("choose another one in %s", l.Subnet), "address %s of %s is the %s address of %s", a, owner, why, whole)
			return
		}
	}
	if taken[p.LAN] == nil {
		taken[p.LAN] = map[netip.Addr]string{}
	}
	if other := taken[p.LAN][a]; other != "" {
		r.add(p.at, "choose a free address", "%s and %s both have address %s", other, owner, a)
		return
	}
	taken[p.LAN][a] = owner
}

// checkGateway finds a LAN's gateway that is the address of a host that leads
// nowhere else.
func (r *reader) checkGateway(s *Scenario, l *LAN) {
	for _, h := range s.Hosts {
		if len(h.Ports) == 1 && l.Gateway.IsValid() && h.Ports[0].Address.Addr() == l.Gateway {
			r.add(h.Ports[0].at, "give one of them another address; a router of your own is declared in routers:", "gateway %s of lan %s is the address of host %s", l.Gateway, l.Name, h.Name)
		}
	}
}

// checkImages finds images that are nowhere: what an image of the scenario is like
// must be known, and with strict-images also what hosts have.
func (r *reader) checkImages(s *Scenario) {
	known := image.Names()
	for _, im := range s.Images {
		if !hasImage(known, im.Like) {
			r.add(im.at, did(im.Like, known), "image %s is like %q, which is nowhere", im.Name, im.Like)
		}
		name, _, _ := strings.Cut(im.Name, ":")
		known = append(known, name)
	}
	for _, h := range s.Hosts {
		for _, ref := range h.Images {
			if s.StrictImages && !hasImage(known, ref) {
				r.add(h.imagesAt, did(ref, known)+"; or declare it in images:", "there is no image %q", ref)
			}
		}
	}
}

// hasImage reports whether a reference's repository is known.
func hasImage(known []string, ref string) bool {
	name, _, _ := strings.Cut(ref, "@")
	if slash := strings.LastIndexByte(name, '/'); strings.LastIndexByte(name, ':') > slash {
		name = name[:strings.LastIndexByte(name, ':')]
	}
	return slices.Contains(known, strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/"))
}

// ImplicitRouter is the machine that holds the gateways nobody declared.
const ImplicitRouter = "router"

func (r *reader) checkNames(s *Scenario) {
	seen := map[string]string{}
	name := func(n, what string, p place) {
		if other := seen[n]; other != "" {
			r.add(p, "give it another name", "%s %s has the name of a %s", what, n, other)
			return
		}
		seen[n] = what
	}
	for _, rt := range s.Routers {
		name(rt.Name, "router", rt.at)
	}
	for _, h := range s.Hosts {
		name(h.Name, "host", h.at)
	}
}

func (r *reader) checkInternet(s *Scenario) {
	seen := map[netip.Addr]string{}
	for _, site := range s.Internet {
		if !site.Address.IsValid() {
			if len(r.list) == 0 {
				r.add(site.at, "add address:", "site %s has no address", site.Name)
			}
			continue
		}
		if other := seen[site.Address]; other != "" {
			r.add(site.at, "choose another address", "%s and %s both have address %s", other, site.Name, site.Address)
		}
		seen[site.Address] = site.Name
		for _, l := range s.LANs {
			if l.Subnet.IsValid() && l.Subnet.Contains(site.Address) {
				r.add(site.at, "choose a public address", "address %s of %s is inside lan %s", site.Address, site.Name, l.Name)
			}
		}
	}
	if len(s.Internet) > 0 && len(s.LANs) > 0 {
		for _, l := range s.LANs {
			if l.Gateway.IsValid() {
				return
			}
		}
		r.add(s.Internet[0].at, "add gateway: to the lan", "no lan has a gateway, so nobody can reach the internet")
	}
}

// machines are the names that a prompt may have.
func (s *Scenario) machines() []string {
	var out []string
	for _, h := range s.Hosts {
		out = append(out, h.Name)
	}
	for _, rt := range s.Routers {
		out = append(out, rt.Name)
	}
	if s.implicitRouter() {
		out = append(out, ImplicitRouter)
	}
	return out
}

// implicitRouter reports whether some LAN's gateway belongs to no declared
// machine.
func (s *Scenario) implicitRouter() bool {
	for _, l := range s.LANs {
		if l.Gateway.IsValid() && !s.owned(l.Gateway) {
			return true
		}
	}
	return false
}

// owned reports whether a declared host or router has the address.
func (s *Scenario) owned(a netip.Addr) bool {
	for _, rt := range s.Routers {
		for _, p := range rt.Ports {
			if p.Address.Addr() == a {
				return true
			}
		}
	}
	for _, h := range s.Hosts {
		for _, p := range h.Ports {
			if p.Address.Addr() == a {
				return true
			}
		}
	}
	return false
}

func (r *reader) checkStep(s *Scenario, st *Step) {
	known := s.machines()
	has := func(name string) bool {
		for _, k := range known {
			if k == name {
				return true
			}
		}
		return false
	}
	if len(known) == 0 { // which is told once
		return
	}
	switch st.Kind {
	case StepRun:
		if st.Host != "" && !has(st.Host) {
			r.add(st.at, did(st.Host, known), "there is no host %q", st.Host)
		}
	case StepFault, StepRepair:
		if st.Fault.Host != "" {
			r.checkPower(s, st)
			return
		}
		host, _, _ := strings.Cut(st.Fault.Cable, ":")
		if host != "" && !has(host) {
			r.add(st.at, did(host, known), "there is no host %q to have a cable", host)
		}
	}
}

func (r *reader) checkPower(s *Scenario, st *Step) {
	var names []string
	for _, h := range s.Hosts {
		if h.Docker {
			names = append(names, h.Name)
		}
		if h.Docker && h.Name == st.Fault.Host {
			return
		}
	}
	r.add(st.at, did(st.Fault.Host, names), "there is no host %q with an engine", st.Fault.Host)
}
