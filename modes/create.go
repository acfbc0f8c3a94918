package modes

import (
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/ident"
	"dnetsim/modes/image"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
)

// The refusals of network modes that exclude each other.
var (
	errSharedNetwork = errf(ErrInvalid, "container sharing network namespace with another container or host cannot be connected to any other network")
	errHostNetwork   = errf(ErrInvalid, "container cannot be disconnected from host network or connected to host network")
	errNoNetwork     = errf(ErrInvalid, "container cannot be connected to multiple networks with one of the networks in private (none) mode")
	errPredefinedIP  = errf(ErrInvalid, "user specified IP address is supported on user defined networks only")
	errNoSubnetIP    = errf(ErrInvalid, "user specified IP address is supported only when connecting to networks with user configured subnets")
	errPredefinedAls = errf(ErrInvalid, "network-scoped alias is supported only for containers in user defined networks")
)

// Create makes a container, which takes nothing of the network yet.
func (cs *Containers) Create(r container.Create) (c *Container, warnings []string, err error) {
	if err := cs.d.available(); err != nil {
		return nil, nil, err
	}
	h := &r.HostConfig
	if h.NetworkMode == "" {
		h.NetworkMode = "default"
	}
	for _, check := range []error{container.VerifyConfig(&r.Config), container.VerifyModes(&r.Config, h, cs.d.profile.StrictSettings), container.VerifyCapabilities(h), container.VerifyRestart(h), container.VerifyPorts(h), container.VerifyLog(h, cs.d.profile.LogDrivers), container.VerifySecurity(h), r.Config.Healthcheck.Verify()} {
		if check != nil {
			return nil, nil, check
		}
	}
	if r.Service == nil {
		if err := container.VerifyEndpoints(r.Endpoints, cs.d.profile.StrictSettings); err != nil {
			return nil, nil, err
		}
	}
	if cs.d.profile.LongHostname && len(r.Config.Hostname) > 64 {
		return nil, nil, errf(ErrInvalid, "hostname %q is too long (maximum 64 bytes)", r.Config.Hostname)
	}
	if cs.d.profile.StrictSettings {
		if err := cs.d.Networks.verifyAll(r.Endpoints); err != nil {
			return nil, nil, err
		}
	}
	if w := cs.d.profile.LinkWarning; w != "" && len(h.Links) > 0 && container.IsDefaultMode(h.NetworkMode) {
		warnings = append(warnings, w)
	}
	if v, _ := cs.d.ns().Sysctl("net.ipv4.ip_forward"); v != "1" && !container.IsHostMode(h.NetworkMode) && h.NetworkMode != "none" {
		warnings = append(warnings, "IPv4 forwarding is disabled. Networking will not work.")
	}
	if container.IsHostMode(h.NetworkMode) && len(h.PortBindings) > 0 {
		warnings = append(warnings, "Published ports are discarded when using host network mode")
	}
	img, err := cs.d.Images.store.Find(r.Config.Image)
	if err != nil {
		return nil, nil, err
	}
	if err := cs.checkName(r.Name); err != nil {
		return nil, nil, err
	}
	merged := r.Config
	if merged.MergeImage(img); len(merged.Cmd)+len(merged.Entrypoint) == 0 {
		return nil, nil, errf(ErrInvalid, "No command specified")
	}
	end, err := cs.d.calls.Begin()
	if err != nil {
		return nil, nil, err
	}
	defer end()
	if err := cs.d.calls.Pass(cs.d.profile.Cost.Create); err != nil {
		return nil, nil, err
	}
	if err := cs.checkName(r.Name); err != nil { // somebody may have been faster
		return nil, nil, err
	}
	c = cs.newContainer(r, img)
	if err := c.registerLinks(); err != nil {
		return nil, nil, err
	}
	if c.Mounts, err = c.mount(); err != nil {
		cs.d.Volumes.Release(c.ID, true)
		return nil, nil, err
	}
	cs.all = append(cs.all, c)
	cs.know(c)
	c.event("create")
	return c, warnings, nil
}

// mount gives the container its volumes, and those of the containers that it
// names.
func (c *Container) mount() ([]Mount, error) {
	d := c.run.daemon
	list := slices.Clone(c.HostConfig.Mounts)
	for _, text := range c.HostConfig.VolumesFrom {
		ref, mode, _ := strings.Cut(text, ":")
		if mode != "" && mode != "ro" && mode != "rw" {
			return nil, errf(ErrInvalid, "invalid mode: %s", mode)
		}
		from, err := d.Containers.find(ref)
		if err != nil {
			return nil, errf(ErrInvalid, "%v", err) // 404 would mean the image
		}
		for _, m := range from.Mounts {
			if m.Option {
				continue
			}
			m.ReadOnly = m.ReadOnly || mode == "ro"
			if !slices.ContainsFunc(list, func(x Mount) bool { return x.Destination == m.Destination }) {
				list = append(list, m)
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(c.run.image.Volumes)) {
		if !slices.ContainsFunc(list, func(x Mount) bool { return x.Destination == at }) {
			list = append(list, Mount{Type: "volume", Destination: at})
		}
	}
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.Destination] {
			return nil, errf(ErrInvalid, "Duplicate mount point: %s", m.Destination)
		}
		seen[m.Destination] = true
		if m.MustExist && !d.host.FS().Exists(m.Source) {
			return nil, errf(ErrInvalid, "invalid mount config for type %q: bind source path does not exist: %s", m.Type, m.Source)
		}
	}
	return d.Volumes.Attach(c.ID, c.run.fs, list)
}

func (cs *Containers) checkName(name string) error {
	if name == "" {
		return nil
	}
	if !ident.ValidName.MatchString(name) {
		return errf(ErrInvalid, "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	name = strings.TrimPrefix(name, "/")
	if old := cs.byName(name); old != nil {
		return errf(ErrConflict, "Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.", "/"+name, old.ID)
	}
	return nil
}

func (cs *Containers) byName(name string) *Container {
	if c := cs.exactly(name); c != nil && c.Name == name {
		return c
	}
	return nil
}

// newContainer puts a container together from the request and its image.
func (cs *Containers) newContainer(r container.Create, img *image.Image) *Container {
	name := strings.TrimPrefix(r.Name, "/")
	if name == "" {
		name = cs.d.ids.Name(func(n string) bool { return cs.byName(n) != nil })
	}
	c := &Container{Container: container.Container{
		ID: cs.d.ids.ID("container", name), Name: name, Created: cs.d.Wall(), Image: img.ID,
		Config: r.Config, HostConfig: r.HostConfig, Opaque: r.Opaque, Managed: r.Service != nil, Service: r.Service,
		State: container.State{Status: container.Created}, Mounts: []Mount{},
	}}
	c.run = newRuntime(cs.d, c, img)
	c.run.layers = cs.d.layersOf(c, img)
	c.mountFiles(c.run.fs)
	c.mountCgroups(c.run.fs)
	c.Anonymous = r.Name == ""
	c.Config.MergeImage(img)
	argv := append(append([]string(nil), c.Config.Entrypoint...), c.Config.Cmd...)
	c.Path, c.Args = argv[0], argv[1:]
	if c.Config.Hostname == "" {
		c.Config.Hostname = c.ShortID()
		if container.IsHostMode(c.HostConfig.NetworkMode) {
			c.Config.Hostname = cs.d.host.Hostname()
		}
	}
	if container.IsJoinMode(c.HostConfig.NetworkMode) {
		if base, err := cs.find(container.Joined(c.HostConfig.NetworkMode)); err == nil {
			c.HostConfig.NetworkMode = "container:" + base.ID
		}
	}
	cs.d.Networks.initialNetworks(c, r.Endpoints)
	return c
}

// initialNetworks is the set of networks that the container will join.
func (nw *Networks) initialNetworks(c *Container, eps map[string]*container.EndpointSettings) {
	s := &c.NetworkSettings
	s.Ports = map[nat.Port][]nat.PortBinding{}
	s.Networks = map[string]*container.EndpointSettings{}
	mode := c.HostConfig.NetworkMode
	if c.Config.NetworkDisabled || container.IsJoinMode(mode) {
		return
	}
	name := mode
	if container.IsDefaultMode(mode) {
		name = "bridge"
	}
	if !network.Predefined(name) {
		if n, err := nw.d.net.Find(name); err == nil {
			name = n.Name
		}
	}
	for asked, es := range eps {
		own := *es
		own.WantMAC = own.MacAddress
		key := asked
		if asked == "default" && !nw.d.profile.StrictSettings {
			// A 20.10 client never sends settings for the default network; what
			// newer ones send there was ignored, not refused.
			own.IPAMConfig, own.Aliases = nil, nil
			key = name
		} else if n, err := nw.d.net.Find(asked); err == nil {
			key = n.Name
		}
		own.DriverOpts = nilIfEmpty(own.DriverOpts)
		s.Networks[key] = &own
	}
	if len(s.Networks) == 0 {
		s.Networks[name] = &container.EndpointSettings{}
	}
}

func nilIfEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// RandomName draws a name for what nobody has given one, whether it is taken or not.
func (d *Daemon) RandomName() string {
	return d.ids.Name(func(string) bool { return false })
}
