package scenarios

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"dnetsim/engine"
	"dnetsim/explain"
	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/modes/image"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// Lab is a scenario's hosts, routers and cables, running on one loop.
type Lab struct {
	Loop     *sim.Loop
	Scenario *Scenario
	// Copy makes the world once more as it was when what came in before a time had
	// come in, for cures to be tried in. Nil: nobody can.
	Copy func(before time.Duration) (explain.World, error)

	docker   Docker
	machines map[string]*userland.Machine // hosts, routers, sites of the internet
	hosts    map[string]*modes.Host
	servers  map[string]*engine.Server
	spaces   []*stack.Namespace // in the order of the file, for the digest
	cables   map[string]*link.Wire
	sockets  map[string]socket // by the cable's name
	lans     map[string]*segment
	ways     []Router // all of them, the implied one too
	shells   map[string]*shell.Shell
	outside  map[string]*stack.Namespace // by the LAN's name, see Outside
	given    map[netip.Addr]bool         // by FreeAddress
	registry *image.Registry
	clock    time.Duration // what all clocks are ahead of the run's
	vain     explain.Flow  // the last flow that a program tried in vain
	ran      []func(p *userland.Process, status int)
	broken   bool        // by a panic
	printed  int         // bytes that steps have printed
	unheed   func() bool // ends what heed began, or nil
}

// segment is a LAN: the switch and what is plugged in.
type segment struct {
	lan LAN
	sw  *link.Bridge
}

// socket is where a cable is plugged in: the switch's port, and the address that
// the interface at the other end has by birth.
type socket struct {
	port *link.Port
	mac  link.MAC
}

// settle is how long the machines have been on before their engines start: long
// enough for IPv6 to find that nobody else has their addresses (RFC 4862).
const settle = 3 * time.Second

// Build makes the machines of a scenario and starts their engines. Nothing of
// the scenario's setup has run yet; virtual time stands at the moment when the
// engines are up.
func Build(s *Scenario, seed uint64, docker Docker) (*Lab, error) {
	return build(s, sim.NewLoop(seed), docker, 0)
}

// Docker makes the docker program of a host from its engine: engine/cli has
// docker's own command line. It is a parameter because that one does not build
// for a browser, and the scenarios do. Nil means that hosts have no docker
// command; their engines run all the same.
type Docker func(*engine.Server) userland.Program

// newLab is a lab without machines.
func newLab(s *Scenario, loop *sim.Loop, docker Docker) *Lab {
	return &Lab{
		Loop: loop, Scenario: s, docker: docker,
		machines: map[string]*userland.Machine{}, hosts: map[string]*modes.Host{}, servers: map[string]*engine.Server{},
		cables: map[string]*link.Wire{}, sockets: map[string]socket{}, lans: map[string]*segment{}, shells: map[string]*shell.Shell{},
		outside: map[string]*stack.Namespace{}, given: map[netip.Addr]bool{},
	}
}

func build(s *Scenario, loop *sim.Loop, docker Docker, clock time.Duration) (*Lab, error) {
	l := newLab(s, loop, docker)
	l.clock = clock
	for _, lan := range s.LANs {
		l.lans[lan.Name] = &segment{lan, link.NewBridge(l.Loop, lan.Name)}
	}
	if err := l.buildRouters(); err != nil {
		l.Close()
		return nil, err
	}
	for i := range s.Hosts {
		if err := l.buildHost(&s.Hosts[i]); err != nil {
			l.Close()
			return nil, fmt.Errorf("host %s: %w", s.Hosts[i].Name, err)
		}
	}
	l.Loop.RunFor(settle)
	if err := l.startEngines(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) close() {
	if l.unheed != nil {
		l.unheed()
	}
	for _, name := range l.names() {
		if m := l.machines[name]; m != nil {
			m.KillAll()
		}
	}
	l.Loop.Settle()
	for _, h := range l.Scenario.Hosts {
		if host := l.hosts[h.Name]; host != nil {
			host.Close()
		}
	}
	for _, ns := range l.spaces {
		ns.Close()
	}
	for _, ns := range l.outside {
		ns.Close()
	}
	l.Loop.Close()
}

func (l *Lab) names() []string {
	out := make([]string, 0, len(l.machines))
	for n := range l.machines {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Machine is a host or a router by its name in the file.
func (l *Lab) Machine(name string) (*userland.Machine, bool) {
	m, ok := l.machines[name]
	return m, ok
}

// Host is a host by its name in the file.
func (l *Lab) Host(name string) (*modes.Host, bool) {
	h, ok := l.hosts[name]
	return h, ok
}

// Engine is the API of a host's engine by the host's name in the file; a host
// without an engine has none.
func (l *Lab) Engine(host string) (*engine.Server, bool) {
	s, ok := l.servers[host]
	return s, ok
}

// Cables are the cables between machines and switches, by name.
func (l *Lab) Cables() []*link.Wire {
	names := make([]string, 0, len(l.cables))
	for n := range l.cables {
		names = append(names, n)
	}
	sort.Strings(names)
	out := make([]*link.Wire, 0, len(names))
	for _, n := range names {
		out = append(out, l.cables[n])
	}
	return out
}

// LANs are the switches of the lab: the file's in its order, then the internet's
// segment.
func LANs(l *Lab) (names []string) {
	for _, lan := range l.Scenario.LANs {
		names = append(names, lan.Name)
	}
	return append(names, internetName)
}

// LANOf is the LAN that a cable leads to, "" if there is no such cable.
func LANOf(l *Lab, cable string) string {
	for _, name := range LANs(l) {
		if seg := l.lans[name]; seg != nil && slices.ContainsFunc(seg.sw.Ports(), func(p *link.Port) bool { return p.Name() == cable }) {
			return name
		}
	}
	return ""
}

// cable lays a cable to a LAN's switch; end A is free.
func (l *Lab) cable(name string, seg *segment, c link.Impairment) (*link.Wire, *link.Port) {
	w := link.NewWire(l.Loop, name)
	l.cables[name] = w
	port := seg.sw.AddPort(name)
	port.Connect(w.B())
	w.A().Impair(c)
	w.B().Impair(c)
	return w, port
}

// plug connects a machine's interface to a LAN's switch by a cable.
func (l *Lab) plug(owner string, ns *stack.Namespace, p Port) (*stack.Interface, error) {
	seg := l.lans[p.LAN]
	name := owner + ":" + p.Name
	w, port := l.cable(name, seg, seg.lan.Cable)
	w.Cut = true
	mac := p.MAC
	if mac == (link.MAC{}) {
		mac = hardwareMAC(p.Address.Addr())
	}
	l.sockets[name] = socket{port, mac}
	iface, err := ns.AddPhysical(p.Name, mac, w.A())
	if err != nil {
		return nil, err
	}
	iface.SetTunnelChecksumFault(p.Flawed)
	if err := iface.SetUp(true); err != nil {
		return nil, err
	}
	return iface, iface.AddAddr(p.Address, stack.AddrOptions{AutoBroadcast: true})
}

// hardwareMAC is the MAC of an interface whose file names none: a virtual
// machine's (00:0c:29), with the end of its address, so that it is the same in
// every run and easy to recognise.
func hardwareMAC(a netip.Addr) link.MAC {
	b := a.As16()
	return link.MAC{0x00, 0x0c, 0x29, b[13], b[14], b[15]}
}

func (l *Lab) buildHost(h *Host) error {
	ns := stack.New(l.Loop, h.Name, stack.Options{Host: true, Lacks: h.Lacks, Without: h.Without})
	l.spaces = append(l.spaces, ns)
	for _, p := range h.Ports {
		if _, err := l.plug(h.Name, ns, p); err != nil {
			return err
		}
	}
	gateway := h.Gateway
	if !gateway.IsValid() && len(h.Ports) > 0 {
		gateway = l.lans[h.Ports[0].LAN].lan.Gateway
	}
	if gateway.IsValid() && !h.has(gateway) {
		r := stack.Route{Dst: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: gateway}
		if gateway.Is6() {
			r.Dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		if err := ns.AddRoute(r); err != nil {
			return err
		}
	}
	m := l.appliance(h.Name, ns)
	m.SetHostname(h.Hostname)
	m.SetHardwareClock(l.clock + h.Clock)
	if err := l.files(m, h); err != nil {
		return err
	}
	if !h.Docker {
		return nil
	}
	registry, present, err := l.images(h)
	if err != nil {
		return err
	}
	host := modes.NewHost(l.Loop, modes.HostSpec{
		Name: h.Name, Machine: m, Images: present, Registry: registry, DaemonJSON: string(h.Daemon), Engine: h.Engine,
	})
	l.hosts[h.Name] = host
	srv := engine.NewServer(l.Loop, host.Daemon)
	l.servers[h.Name] = srv
	if l.docker != nil {
		m.Install(map[string]userland.Program{"docker": l.docker(srv)})
	}
	return nil
}

func (h *Host) has(a netip.Addr) bool {
	for _, p := range h.Ports {
		if p.Address.Addr() == a {
			return true
		}
	}
	return false
}

// hostsFile has the names of the hosts, on each of them and on the routers.
func hostsFile(s *Scenario) []byte {
	b := []byte("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
	for _, o := range s.Hosts {
		if len(o.Ports) > 0 {
			b = fmt.Appendf(b, "%s\t%s\n", o.Ports[0].Address.Addr(), o.Name)
		}
	}
	return b
}

// files lays down what a distribution's installer would have.
func (l *Lab) files(m *userland.Machine, h *Host) error {
	fs := m.FS()
	fs.WriteFile("/etc/hosts", hostsFile(l.Scenario), 0o644)
	fs.WriteFile("/etc/os-release", []byte("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"+
		"VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n"), 0o644)
	fs.WriteFile("/etc/hostname", []byte(h.Hostname+"\n"), 0o644)
	fs.WriteFile("/etc/machine-id", []byte(l.Loop.Stream("machine-id/"+h.Name).Hex(16)+"\n"), 0o444)
	if len(h.Ports) > 0 {
		if gw := l.lans[h.Ports[0].LAN].lan.Gateway; gw.IsValid() {
			fs.WriteFile("/etc/resolv.conf", []byte("nameserver "+gw.String()+"\n"), 0o644)
		}
	}
	for p, err := range h.lay(m) {
		if err != nil {
			return fmt.Errorf("files: %s: %w", p, err)
		}
	}
	return nil
}

// lay writes the host's own files, one after the other by name.
func (h *Host) lay(m *userland.Machine) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, p := range slices.Sorted(maps.Keys(h.Files)) {
			err := m.FS().MkdirAll(p[:max(1, strings.LastIndex(p, "/"))], 0o755)
			if err == nil {
				err = m.FS().WriteFile(p, []byte(h.Files[p]), 0o644)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// remote is the machine that ssh on a host reaches under a name or an address, and
// its addresses: those on a LAN of the host first.
func (l *Lab) remote(from, name string) (*userland.Machine, []netip.Addr, bool) {
	ports := map[string][]Port{}
	var at netip.Addr
	found := ""
	add := func(machine, hostname string, list []Port) {
		ports[machine] = list
		for _, p := range list {
			if a := p.Address.Addr(); a.IsValid() && a.String() == name && !at.IsValid() {
				found, at = machine, a
			}
		}
		if machine == name || hostname == name && found == "" {
			found = machine
		}
	}
	for _, h := range l.Scenario.Hosts {
		add(h.Name, h.Hostname, h.Ports)
	}
	for _, r := range l.Scenario.Routers {
		add(r.Name, r.Name, r.Ports)
	}
	m, ok := l.machines[found]
	if at.IsValid() {
		return m, []netip.Addr{at}, ok
	}
	var near, far []netip.Addr
	for _, p := range ports[found] {
		switch a := p.Address.Addr(); {
		case !a.IsValid():
		case slices.ContainsFunc(ports[from], func(x Port) bool { return x.LAN == p.LAN }):
			near = append(near, a)
		default:
			far = append(far, a)
		}
	}
	return m, append(near, far...), ok
}

// startEngines boots the engines one after the other, as the machines of a lab
// are switched on.
func (l *Lab) startEngines() error {
	for _, h := range l.Scenario.Hosts {
		if !h.Docker {
			continue
		}
		var err error
		p := l.Loop.Go("boot "+h.Name, func(*sim.Proc) {
			l.hosts[h.Name].ApplySettings()
			err = l.hosts[h.Name].Daemon.Start()
		})
		if e := l.Loop.Run(p.Done, l.Scenario.Limit); e != nil {
			return fmt.Errorf("host %s: the engine does not come up: %w", h.Name, e)
		}
		if err != nil && h.Daemon == nil {
			return fmt.Errorf("host %s: %w", h.Name, err)
		}
	}
	return nil
}

// images is the registry, with the scenario's own images, and the names of
// those that a host has from the start: its own list, and the scenario's.
func (l *Lab) images(h *Host) (*image.Registry, []string, error) {
	if l.registry == nil {
		r := image.DefaultRegistry(l.Loop)
		r.Plain = !l.Scenario.StrictImages
		for _, im := range l.Scenario.Images {
			spec := image.Spec{Name: im.Name, Like: im.Like, Cmd: im.Cmd, Env: im.Env, Response: im.Response}
			for _, text := range im.Listen {
				p, err := modes.ParsePort(text)
				if err != nil {
					return nil, nil, err
				}
				spec.Listen = append(spec.Listen, p)
			}
			if err := r.Add(spec); err != nil {
				return nil, nil, err
			}
		}
		l.registry = r
	}
	present := h.Images
	if present == nil {
		present = image.Present()
	}
	for _, im := range l.Scenario.Images {
		present = append(present[:len(present):len(present)], im.Name)
	}
	return l.registry, present, nil
}
