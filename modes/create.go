package modes

import (
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/image"
	"dnetsim/modes/nat"
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

func isHostMode(mode string) bool    { return mode == "host" }
func isDefaultMode(mode string) bool { return mode == "" || mode == "default" || mode == "bridge" }
func isJoinMode(mode string) bool {
	return mode == "container" || strings.HasPrefix(mode, "container:")
}

// joined is the container that a mode container:X names.
func joined(mode string) string {
	_, ref, _ := strings.Cut(mode, ":")
	return ref
}

// verifyModes refuses settings that the network mode excludes.
func verifyModes(c *Config, h *HostConfig) error {
	join, host := isJoinMode(h.NetworkMode), isHostMode(h.NetworkMode)
	conflict := func(what string) error { return errf(ErrInvalid, "conflicting options: %s", what) }
	switch {
	case join && joined(h.NetworkMode) == "":
		return errf(ErrInvalid, "Invalid network mode: invalid container format container:<name|id>")
	case join && c.Hostname != "":
		return conflict("hostname and the network mode")
	case join && len(h.Links) > 0:
		return conflict("container type network can't be used with links. This would result in undefined behavior")
	case join && len(h.DNS) > 0:
		return conflict("dns and the network mode")
	case join && len(h.ExtraHosts) > 0:
		return conflict("custom host-to-IP mapping and the network mode")
	case (join || host) && c.MacAddress != "":
		return conflict("mac-address and the network mode")
	case join && (len(h.PortBindings) > 0 || h.PublishAllPorts):
		return conflict("port publishing and the container type network mode")
	case join && len(c.ExposedPorts) > 0:
		return conflict("port exposing and the container type network mode")
	case h.UTSMode == "host" && c.Hostname != "":
		return conflict("hostname and the UTS mode")
	case host && len(h.Links) > 0:
		return conflict("host type networking can't be used with links. This would result in undefined behavior")
	}
	return nil
}

func verifyRestart(h *HostConfig) error {
	p := h.RestartPolicy
	switch p.Name {
	case "always", "unless-stopped", "no":
		if p.MaximumRetryCount != 0 {
			return errf(ErrInvalid, "maximum retry count cannot be used with restart policy '%s'", p.Name)
		}
	case "on-failure":
		if p.MaximumRetryCount < 0 {
			return errf(ErrInvalid, "maximum retry count cannot be negative")
		}
	case "":
	default:
		return errf(ErrInvalid, "invalid restart policy '%s'", p.Name)
	}
	if h.AutoRemove && p.Name != "" && p.Name != "no" {
		return errf(ErrInvalid, "can't create 'AutoRemove' container with restart policy")
	}
	return nil
}

func verifyPorts(h *HostConfig) error {
	for _, port := range nat.Sorted(h.PortBindings) {
		if port.Number == 0 {
			return errf(ErrInvalid, "invalid port specification: %q", port)
		}
		for _, b := range h.PortBindings[port] {
			if _, _, err := nat.ParseRange(b.HostPort); err != nil {
				return errf(ErrInvalid, "invalid port specification: %q", b.HostPort)
			}
		}
	}
	return nil
}

func verifyEndpoints(eps map[string]*EndpointSettings) error {
	if len(eps) > 1 {
		return errf(ErrInvalid, "Container cannot be connected to network endpoints: %s", strings.Join(slices.Sorted(maps.Keys(eps)), ", "))
	}
	for name, es := range eps {
		if es == nil {
			return errf(ErrInvalid, "no EndpointSettings for %s", name)
		}
		if es.IPAMConfig == nil {
			continue
		}
		if a := es.IPAMConfig.IPv4Address; a != "" && !validIP(a, false) {
			return errf(ErrInvalid, "invalid IPv4 address: %s", a)
		}
		if a := es.IPAMConfig.IPv6Address; a != "" && !validIP(a, true) {
			return errf(ErrInvalid, "invalid IPv6 address: %s", a)
		}
	}
	return nil
}

// Create makes a container, which takes nothing of the network yet.
func (cs *Containers) Create(r CreateContainer) (c *Container, warnings []string, err error) {
	if err := cs.d.available(); err != nil {
		return nil, nil, err
	}
	h := &r.HostConfig
	if h.NetworkMode == "" {
		h.NetworkMode = "default"
	}
	for _, check := range []error{verifyModes(&r.Config, h), verifyCapabilities(h), verifyRestart(h), verifyPorts(h), r.Config.Healthcheck.Verify(), verifyEndpoints(r.Endpoints)} {
		if check != nil {
			return nil, nil, check
		}
	}
	if v, _ := cs.d.ns().Sysctl("net.ipv4.ip_forward"); v != "1" && !isHostMode(h.NetworkMode) && h.NetworkMode != "none" {
		warnings = append(warnings, "IPv4 forwarding is disabled. Networking will not work.")
	}
	if isHostMode(h.NetworkMode) && len(h.PortBindings) > 0 {
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
	if cs.d.mergeImage(&merged, img); len(merged.Cmd)+len(merged.Entrypoint) == 0 {
		return nil, nil, errf(ErrInvalid, "No command specified")
	}
	end, err := cs.d.calls.begin()
	if err != nil {
		return nil, nil, err
	}
	defer end()
	if err := cs.d.calls.pass(cs.d.profile.cost.create); err != nil {
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
	cs.d.containerEvent(c, "create")
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
			return nil, err
		}
		for _, m := range from.Mounts {
			m.ReadOnly = m.ReadOnly || mode == "ro"
			if !slices.ContainsFunc(list, func(x Mount) bool { return x.Destination == m.Destination }) {
				list = append(list, m)
			}
		}
	}
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.Destination] {
			return nil, errf(ErrInvalid, "Duplicate mount point: %s", m.Destination)
		}
		seen[m.Destination] = true
	}
	return d.Volumes.Attach(c.ID, c.run.fs, list)
}

func (cs *Containers) checkName(name string) error {
	if name == "" {
		return nil
	}
	if !validName.MatchString(name) {
		return errf(ErrInvalid, "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	name = strings.TrimPrefix(name, "/")
	if old := cs.byName(name); old != nil {
		return errf(ErrConflict, "Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.", "/"+name, old.ID)
	}
	return nil
}

func (cs *Containers) byName(name string) *Container {
	for _, c := range cs.all {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// newContainer puts a container together from the request and its image.
func (cs *Containers) newContainer(r CreateContainer, img *image.Image) *Container {
	name := strings.TrimPrefix(r.Name, "/")
	if name == "" {
		name = cs.d.ids.name(func(n string) bool { return cs.byName(n) != nil })
	}
	c := &Container{
		ID: cs.d.ids.id("container", name), Name: name, Created: cs.d.Wall(), Image: img.ID,
		Config: r.Config, HostConfig: r.HostConfig, Opaque: r.Opaque,
		State: State{Status: Created}, Mounts: []Mount{},
	}
	c.LayerID = cs.d.ids.stream("layer", name).Hex(32)
	c.run = newRuntime(cs.d, c, img)
	c.run.anonymous = r.Name == ""
	cs.d.mergeImage(&c.Config, img)
	argv := append(append([]string(nil), c.Config.Entrypoint...), c.Config.Cmd...)
	c.Path, c.Args = argv[0], argv[1:]
	if c.Config.Hostname == "" {
		c.Config.Hostname = c.ShortID()
		if isHostMode(c.HostConfig.NetworkMode) {
			c.Config.Hostname = cs.d.host.Hostname()
		}
	}
	if isJoinMode(c.HostConfig.NetworkMode) {
		if base, err := cs.find(joined(c.HostConfig.NetworkMode)); err == nil {
			c.HostConfig.NetworkMode = "container:" + base.ID
		}
	}
	cs.d.initialNetworks(c, r.Endpoints)
	return c
}

// mergeImage fills what the request leaves to the image.
func (d *Daemon) mergeImage(c *Config, img *image.Image) {
	if len(img.ExposedPorts) > 0 {
		all := map[Port]bool{}
		for p := range c.ExposedPorts {
			all[p] = true
		}
		for p := range img.ExposedPorts {
			all[p] = true
		}
		c.ExposedPorts = all
	}
	c.Env = image.MergeEnv(img.Env, c.Env)
	if len(c.Entrypoint) == 0 {
		if len(c.Cmd) == 0 {
			c.Cmd = img.Cmd
		}
		c.Entrypoint = img.Entrypoint
	}
	if len(c.Entrypoint) == 1 && c.Entrypoint[0] == "" {
		c.Entrypoint = nil
	}
	if c.WorkingDir == "" {
		c.WorkingDir = img.WorkingDir
	}
	if c.StopSignal == "" {
		c.StopSignal = img.StopSignal
	}
	if len(img.Labels) > 0 {
		all := map[string]string{}
		for k, v := range img.Labels {
			all[k] = v
		}
		for k, v := range c.Labels {
			all[k] = v
		}
		c.Labels = all
	}
}

// initialNetworks is the set of networks that the container will join.
func (d *Daemon) initialNetworks(c *Container, eps map[string]*EndpointSettings) {
	s := &c.NetworkSettings
	s.Ports = map[Port][]PortBinding{}
	s.Networks = map[string]*EndpointSettings{}
	mode := c.HostConfig.NetworkMode
	if c.Config.NetworkDisabled || isJoinMode(mode) {
		return
	}
	name := mode
	if isDefaultMode(mode) {
		name = "bridge"
	}
	if !predefined(name) {
		if n, err := d.findNetwork(name); err == nil {
			name = n.Name
		}
	}
	for asked, es := range eps {
		own := *es
		own.wantMAC = own.MacAddress
		key := asked
		if asked == "default" {
			// A 20.10 client never sends settings for the default network; what
			// newer ones send there was ignored, not refused.
			own.IPAMConfig, own.Aliases = nil, nil
			key = name
		} else if n, err := d.findNetwork(asked); err == nil {
			key = n.Name
		}
		own.DriverOpts = nilIfEmpty(own.DriverOpts)
		s.Networks[key] = &own
	}
	if len(s.Networks) == 0 {
		s.Networks[name] = &EndpointSettings{}
	}
}

func nilIfEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}
