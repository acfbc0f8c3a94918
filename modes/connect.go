package modes

import (
	"maps"
	"slices"
	"sort"

	"dnetsim/modes/calls"
	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
)

// connectAll gives a container that is about to start its sandbox and its
// endpoints: the network it was created for first, then the others.
func (d *Daemon) connectAll(c *Container) error {
	if container.IsJoinMode(c.HostConfig.NetworkMode) {
		return d.joinStack(c)
	}
	s := &c.NetworkSettings
	if !d.cleanLeftover(c) {
		d.Journal.Write("error", "failed to cleanup up stale network sandbox for container "+c.ID, "error", notCleaned(c.run.leftover))
	}
	c.run.sandbox = d.newSandbox(c)
	s.SandboxID, s.SandboxKey = c.run.sandbox.id, c.run.sandbox.key
	if c.Config.NetworkDisabled || d.config.Bridge == "none" && s.Networks["bridge"] != nil && len(s.Networks) == 1 {
		d.plainNamespace(c)
		return d.writeFiles(c)
	}
	if !c.run.sandbox.shared {
		c.run.sandbox.ns.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
	}
	if err := d.writeFiles(c); err != nil {
		return err
	}
	d.refreshGlobal()
	for _, name := range d.connectOrder(c) {
		es := s.Networks[name]
		es.Clear()
		if err := d.connectTo(c, name, es, true); err != nil {
			return err
		}
	}
	if err := c.run.sandbox.populate(); err != nil && err != calls.ErrGone { // runc's prestart hook does it
		return errf(ErrSystem, "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "+
			"error during container init: error running hook #0: error running hook: exit status 1, stdout: , stderr: %v: unknown", err)
	}
	return nil
}

// plainNamespace is what runc makes when the daemon has no network for the
// container: nothing but lo, with IPv6.
func (d *Daemon) plainNamespace(c *Container) {
	s := &c.NetworkSettings
	s.SandboxID, s.SandboxKey = "", ""
	for _, dev := range []string{"all", "default", "lo"} {
		c.run.sandbox.ns.SetSysctl("net.ipv6.conf."+dev+".disable_ipv6", "0")
	}
	d.dropSandbox(c.run.sandbox)
	for _, es := range s.Networks {
		es.Clear()
	}
}

func (d *Daemon) connectOrder(c *Container) []string {
	mode := c.HostConfig.NetworkMode
	if container.IsDefaultMode(mode) {
		mode = "bridge"
	}
	names := slices.Sorted(maps.Keys(c.NetworkSettings.Networks))
	sort.SliceStable(names, func(i, k int) bool {
		a, b := d.isMode(names[i], mode), d.isMode(names[k], mode)
		return a && !b
	})
	return names
}

func (d *Daemon) isMode(name, mode string) bool {
	if name == mode {
		return true
	}
	n, err := d.findNetwork(mode)
	return err == nil && n.Name == name
}

// connectTo makes the container's endpoint in a network and joins it.
func (d *Daemon) connectTo(c *Container, ref string, es *container.EndpointSettings, starting bool) error {
	n, err := d.findNetwork(networkRef(ref, es, starting))
	if err != nil {
		return err
	}
	if err := d.checkEndpoint(c, n, es); err != nil {
		return err
	}
	if !starting {
		if err := d.checkTogether(c, n); err != nil {
			return err
		}
	}
	// What was asked for stays in the container's settings even if it cannot be
	// had, and the next start asks for it again: so 20.10 (errors/140).
	if _, ok := c.NetworkSettings.Networks[n.Name]; !ok {
		c.NetworkSettings.Networks[n.Name] = es
	}
	ep, err := d.createEndpoint(n, c, es)
	if err != nil {
		return err
	}
	c.NetworkSettings.Networks[n.Name] = es
	ep.settings(es)
	sb := c.run.sandbox
	if starting && n.Name == "bridge" {
		err = c.linkEndpoints(ep)
	}
	if err == nil {
		err = sb.join(ep)
	}
	if err != nil {
		sb.leave(ep)
		d.deleteEndpoint(ep)
		es.JoinFailed(starting)
		return err
	}
	d.showPorts(c)
	d.networkEvent(n, "connect", "container", c.ID)
	return nil
}

// networkRef is how a start finds its network again: by the id of the one it
// had, if that was resolved before.
func networkRef(name string, es *container.EndpointSettings, starting bool) string {
	if starting && es.NetworkID != "" && !predefined(name) {
		return es.NetworkID
	}
	return name
}

// showPorts makes inspect show what is published now.
func (d *Daemon) showPorts(c *Container) {
	c.NetworkSettings.Ports = map[nat.Port][]nat.PortBinding{}
	if c.run.sandbox == nil {
		return
	}
	for _, ep := range c.run.sandbox.endpoints {
		if m := ep.portMap(); len(m) > 0 {
			c.NetworkSettings.Ports = m
			return
		}
	}
}

// checkEndpoint refuses addresses and aliases where they are not supported, and
// adds the aliases that every container has in a network of the user's.
func (d *Daemon) checkEndpoint(c *Container, n *Network, es *container.EndpointSettings) error {
	chosen := es.IPAMConfig != nil && (es.IPAMConfig.IPv4Address != "" || es.IPAMConfig.IPv6Address != "" || len(es.IPAMConfig.LinkLocalIPs) > 0)
	if predefined(n.Name) {
		if chosen {
			return errPredefinedIP
		}
		if len(es.Aliases) > 0 {
			return errPredefinedAls
		}
		return nil
	}
	for _, a := range []string{c.ShortID(), c.Config.Hostname} {
		if a == c.Config.Hostname && a == c.Name {
			continue
		}
		if !slices.Contains(es.Aliases, a) {
			es.Aliases = append(es.Aliases, a)
		}
	}
	if !chosen {
		return nil
	}
	for f, a := range []string{es.IPAMConfig.IPv4Address, es.IPAMConfig.IPv6Address} {
		if a == "" {
			continue
		}
		found := false
		for _, cfg := range n.core.asked[f] {
			found = found || cfg.Subnet != ""
		}
		if !found {
			return errNoSubnetIP
		}
	}
	return nil
}

// checkTogether refuses a network that excludes those the container has.
func (d *Daemon) checkTogether(c *Container, n *Network) error {
	if container.IsJoinMode(c.HostConfig.NetworkMode) {
		return errSharedNetwork
	}
	if !container.IsHostMode(c.HostConfig.NetworkMode) && d.stack(n) == driver.HostStack {
		return errHostNetwork
	}
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		o := c.entryOf(name)
		if o == nil || o.Name == n.Name {
			continue
		}
		switch {
		case d.stack(o) == driver.HostStack || d.stack(n) == driver.HostStack:
			return errSharedNetwork
		case d.stack(o) == driver.LoopbackOnly || d.stack(n) == driver.LoopbackOnly:
			return errNoNetwork
		}
	}
	return nil
}

// NetworkConnect connects a container, running or not, to a network.
func (d *Daemon) NetworkConnect(network, ref string, e *container.EndpointSettings) error {
	if err := d.available(); err != nil {
		return err
	}
	end, err := d.calls.Begin()
	if err != nil {
		return err
	}
	defer end()
	c, err := d.Containers.find(ref)
	if err != nil {
		return err
	}
	es := &container.EndpointSettings{}
	if e != nil {
		own := *e
		own.Aliases = append([]string(nil), e.Aliases...)
		own.WantMAC = own.MacAddress
		es = &own
	}
	if err := container.CheckConnectIPs(es); err != nil {
		return err
	}
	d.refreshGlobal()
	n, err := d.findNetwork(network)
	if err != nil {
		return err
	}
	free, err := d.lock(c)
	if err != nil {
		return err
	}
	defer free()
	if c.run.removing {
		return errf(ErrConflict, "Container %s is marked for removal and cannot be connected or disconnected to the network", c.ID)
	}
	if c.run.pid1 != nil {
		if err := d.calls.Pass(d.profile.cost.connect); err != nil {
			return err
		}
	}
	if c.run.pid1 != nil {
		return d.connectTo(c, n.Name, es, false)
	}
	if err := d.checkEndpoint(c, n, es); err != nil {
		return err
	}
	if err := d.checkTogether(c, n); err != nil {
		return err
	}
	if c.entryOf(n.Name) != n {
		es.NetworkID = n.ID
		c.NetworkSettings.Networks[n.Name] = es
	}
	return nil
}

// entryOf is the network that a container's settings have under a name, which may
// be the name of another one by now; nil if there is none.
func (c *Container) entryOf(name string) *Network {
	es, ok := c.NetworkSettings.Networks[name]
	if !ok {
		return nil
	}
	n, err := c.run.daemon.findNetwork(networkRef(name, es, true))
	if err != nil {
		return nil
	}
	return n
}

// NetworkDisconnect takes a container out of a network.
func (d *Daemon) NetworkDisconnect(network, ref string, force bool) error {
	if err := d.available(); err != nil {
		return err
	}
	end, err := d.calls.Begin()
	if err != nil {
		return err
	}
	defer end()
	d.refreshGlobal()
	n, nerr := d.findNetwork(network)
	if nerr != nil && !force {
		return nerr
	}
	c, err := d.Containers.find(ref)
	if err != nil {
		if !force {
			return err
		}
		if nerr != nil {
			return nerr
		}
		return d.forgetEndpoint(n, ref)
	}
	free, err := d.lock(c)
	if err != nil {
		return err
	}
	defer free()
	if c.run.pid1 == nil || nerr != nil {
		name := network
		if n != nil {
			name = n.Name
		}
		if _, ok := c.NetworkSettings.Networks[name]; !ok {
			return errf(ErrSystem, "container %s is not connected to the network %s", c.ID, name)
		}
		delete(c.NetworkSettings.Networks, name)
	} else {
		if container.IsHostMode(c.HostConfig.NetworkMode) && d.stack(n) == driver.HostStack {
			return errHostNetwork
		}
		if err := d.disconnect(c, n); err != nil {
			return err
		}
		d.networkEvent(n, "disconnect", "container", c.ID)
	}
	if n != nil {
		d.networkEvent(n, "disconnect", "container", c.ID)
	}
	return nil
}

func (d *Daemon) disconnect(c *Container, n *Network) error {
	find := func() *endpoint {
		if sb := c.run.sandbox; sb != nil && c.run.base == nil {
			for _, ep := range sb.endpoints {
				if ep.net == n {
					return ep
				}
			}
		}
		return nil
	}
	if find() != nil {
		if err := d.calls.Pass(d.profile.cost.disconnect); err != nil {
			return err
		}
	}
	ep := find()
	if ep == nil {
		return errf(ErrSystem, "container %s is not connected to network %s", c.ID, n.Name)
	}
	sb := c.run.sandbox
	sb.leave(ep)
	d.deleteEndpoint(ep)
	err := sb.checkGateway()
	d.showPorts(c)
	delete(c.NetworkSettings.Networks, n.Name)
	return err
}
