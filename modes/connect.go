package modes

import (
	"maps"
	"slices"
	"sort"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/modes/network/driver"
)

// connectAll gives a container that is about to start its sandbox and its
// endpoints: the network it was created for first, then the others.
func (nw *Networks) connectAll(c *Container) error {
	if container.IsJoinMode(c.HostConfig.NetworkMode) {
		return nw.joinStack(c)
	}
	if err := nw.connectOwn(c); err != nil {
		if prefix := nw.d.profile.SetUpNetworking; prefix != "" && err != calls.ErrGone {
			return wrapf(err, "%s", prefix)
		}
		return err
	}
	return nil
}

// connectOwn is connectAll for a container with a sandbox of its own.
func (nw *Networks) connectOwn(c *Container) error {
	s := &c.NetworkSettings
	if !nw.cleanLeftover(c) {
		nw.d.Journal.Write("error", "failed to cleanup up stale network sandbox for container "+c.ID, "error", c.run.leftover.NotCleaned())
	}
	c.run.sandbox = nw.d.net.NewSandbox(&c.Container)
	s.SandboxID, s.SandboxKey = c.run.sandbox.ID, c.run.sandbox.Key
	if c.Config.NetworkDisabled || nw.d.config.Bridge == "none" && s.Networks["bridge"] != nil && len(s.Networks) == 1 {
		nw.plainNamespace(c)
		return c.writeFiles()
	}
	c.run.sandbox.DisableIPv6()
	if err := c.writeFiles(); err != nil {
		return err
	}
	nw.d.net.Global.Refresh()
	if nw.d.profile.PlugAtOnce {
		if err := c.run.sandbox.Populate(); err != nil {
			return err
		}
	}
	for _, name := range nw.connectOrder(c) {
		es := s.Networks[name]
		es.Clear()
		if err := nw.connectTo(c, name, es, true); err != nil {
			if !c.run.sandbox.Entered() {
				s.SandboxID, s.SandboxKey = "", ""
			}
			return err
		}
	}
	if nw.d.profile.PlugAtOnce {
		return nil
	}
	if err := c.run.sandbox.Populate(); err != nil && err != calls.ErrGone { // runc's prestart hook does it
		return errf(ErrSystem, "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "+
			"error during container init: error running hook #0: error running hook: exit status 1, stdout: , stderr: %v: unknown", err)
	}
	return nil
}

// plainNamespace is what runc makes when the daemon has no network for the
// container: nothing but lo, with IPv6.
func (nw *Networks) plainNamespace(c *Container) {
	s := &c.NetworkSettings
	s.SandboxID, s.SandboxKey = "", ""
	c.run.sandbox.EnableIPv6()
	nw.d.net.DiscardSandbox(c.run.sandbox)
	for _, es := range s.Networks {
		es.Clear()
	}
}

func (nw *Networks) connectOrder(c *Container) []string {
	mode := c.HostConfig.NetworkMode
	if container.IsDefaultMode(mode) || nw.d.profile.PlugAtOnce {
		mode = "bridge"
	}
	names := slices.Sorted(maps.Keys(c.NetworkSettings.Networks))
	sort.SliceStable(names, func(i, k int) bool {
		a, b := nw.isMode(names[i], mode), nw.isMode(names[k], mode)
		return a && !b
	})
	return names
}

func (nw *Networks) isMode(name, mode string) bool {
	if name == mode {
		return true
	}
	n, err := nw.d.net.Find(mode)
	return err == nil && n.Name == name
}

// connectTo makes the container's endpoint in a network and joins it.
func (nw *Networks) connectTo(c *Container, ref string, es *container.EndpointSettings, starting bool) error {
	n, err := nw.d.net.Agent.Attach(networkRef(ref, es, starting), &c.Container, es)
	if err != nil {
		if here, no := nw.d.net.Find(ref); starting && no == nil { // a start that fails gives back every network that it finds
			nw.d.net.Agent.Detach(here, &c.Container)
		}
		return err
	}
	if err := nw.enter(c, n, es, starting); err != nil {
		nw.d.net.Agent.Detach(n, &c.Container)
		return err
	}
	c.showPorts()
	nw.d.net.Event(n, "connect", "container", c.ID)
	return nil
}

// enter makes the container's endpoint in a network that has a place for it.
func (nw *Networks) enter(c *Container, n *network.Network, es *container.EndpointSettings, starting bool) error {
	if err := nw.checkEndpoint(c, n, es); err != nil {
		return err
	}
	if !starting || nw.d.profile.StrictSettings {
		if err := nw.checkTogether(c, n); err != nil {
			return err
		}
	}
	// What was asked for stays in the container's settings even if it cannot be
	// had, and the next start asks for it again: so 20.10 (errors/140).
	if _, ok := c.NetworkSettings.Networks[n.Name]; !ok {
		c.NetworkSettings.Networks[n.Name] = es
	}
	ep, err := nw.d.net.CreateEndpoint(n, &c.Container, es)
	if err != nil {
		return err
	}
	c.NetworkSettings.Networks[n.Name] = es
	ep.Settings(es)
	sb := c.run.sandbox
	if starting && n.Name == "bridge" {
		err = c.linkEndpoints(ep)
	}
	if err == nil {
		err = sb.Join(ep)
	}
	if err != nil {
		sb.Leave(ep)
		nw.d.net.DeleteEndpoint(ep)
		es.JoinFailed(starting)
	}
	return err
}

// networkRef is how a start finds its network again: by the id of the one it
// had, if that was resolved before.
func networkRef(name string, es *container.EndpointSettings, starting bool) string {
	if starting && es.NetworkID != "" && !network.Predefined(name) {
		return es.NetworkID
	}
	return name
}

// showPorts makes inspect show what is published now.
func (c *Container) showPorts() {
	c.NetworkSettings.Ports = map[nat.Port][]nat.PortBinding{}
	if c.run.sandbox == nil {
		return
	}
	c.NetworkSettings.Ports = c.run.sandbox.Ports()
}

// checkEndpoint refuses addresses and aliases where they are not supported, and
// adds the aliases that every container has in a network of the user's.
func (nw *Networks) checkEndpoint(c *Container, n *network.Network, es *container.EndpointSettings) error {
	if nw.d.profile.StrictSettings {
		if !network.Predefined(n.Name) {
			es.DNSNames = dnsNames(c, es.Aliases)
		}
		return verifySettings(n.Name, n, es)
	}
	chosen := es.IPAMConfig != nil && (es.IPAMConfig.IPv4Address != "" || es.IPAMConfig.IPv6Address != "" || len(es.IPAMConfig.LinkLocalIPs) > 0)
	if network.Predefined(n.Name) {
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
		if !n.SubnetAsked(f == 1) {
			return errNoSubnetIP
		}
	}
	return nil
}

// checkTogether refuses a network that excludes those the container has.
func (nw *Networks) checkTogether(c *Container, n *network.Network) error {
	if container.IsJoinMode(c.HostConfig.NetworkMode) {
		return errSharedNetwork
	}
	if !container.IsHostMode(c.HostConfig.NetworkMode) && nw.d.net.Stack(n) == driver.HostStack {
		if nw.d.profile.StrictSettings {
			return errf(ErrInvalid, "cannot connect container to host network - container must be created in host network mode")
		}
		return errHostNetwork
	}
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		o := c.entryOf(name)
		if o == nil || o.Name == n.Name {
			continue
		}
		switch {
		case nw.d.net.Stack(o) == driver.HostStack || nw.d.net.Stack(n) == driver.HostStack:
			return errSharedNetwork
		case nw.d.net.Stack(o) == driver.LoopbackOnly || nw.d.net.Stack(n) == driver.LoopbackOnly:
			return errNoNetwork
		}
	}
	return nil
}

// Connect connects a container, running or not, to a network.
func (nw *Networks) Connect(network, ref string, e *container.EndpointSettings) error {
	end, err := nw.begin()
	if err != nil {
		return err
	}
	defer end()
	c, err := nw.d.Containers.find(ref)
	if err != nil {
		return err
	}
	es := &container.EndpointSettings{}
	if e != nil {
		own := *e
		if own.Aliases = slices.Clone(e.Aliases); len(own.Aliases) == 0 && !nw.d.profile.StrictSettings {
			own.Aliases = nil
		}
		own.WantMAC = own.MacAddress
		es = &own
	}
	if err := container.CheckConnectIPs(es); err != nil {
		return err
	}
	nw.d.net.Global.Refresh()
	n, err := nw.d.net.Find(network)
	ours := nw.d.net.Agent.Provider() != nil && errdefs.KindOf(err) == errdefs.KindNotFound
	if err != nil && !ours {
		return err
	}
	free, err := c.lock()
	if err != nil {
		return err
	}
	defer free()
	if c.run.removing {
		return errf(ErrConflict, "Container %s is marked for removal and cannot be connected or disconnected to the network", c.ID)
	}
	if c.run.pid1 != nil {
		if err := nw.d.calls.Pass(nw.d.profile.Cost.Connect); err != nil {
			return err
		}
	}
	if n != nil {
		network = n.Name
	}
	if c.run.pid1 != nil {
		return nw.connectTo(c, network, es, false)
	}
	if n == nil { // a manager may know it when the container starts
		c.NetworkSettings.Networks[network] = es
		return nil
	}
	if err := nw.checkEndpoint(c, n, es); err != nil {
		return err
	}
	if err := nw.checkTogether(c, n); err != nil {
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
func (c *Container) entryOf(name string) *network.Network {
	es, ok := c.NetworkSettings.Networks[name]
	if !ok {
		return nil
	}
	n, err := c.run.daemon.net.Find(networkRef(name, es, true))
	if err != nil {
		return nil
	}
	return n
}

// Disconnect takes a container out of a network.
func (nw *Networks) Disconnect(network, ref string, force bool) error {
	end, err := nw.begin()
	if err != nil {
		return err
	}
	defer end()
	nw.d.net.Global.Refresh()
	n, nerr := nw.d.net.Find(network)
	if nerr != nil && !force {
		return nerr
	}
	c, err := nw.d.Containers.find(ref)
	if err != nil {
		if !force {
			return err
		}
		if nerr != nil {
			return nerr
		}
		return nw.d.net.Global.ForgetEndpoint(n, ref)
	}
	free, err := c.lock()
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
		if container.IsHostMode(c.HostConfig.NetworkMode) && nw.d.net.Stack(n) == driver.HostStack {
			if nw.d.profile.StrictSettings {
				return errf(ErrInvalid, "cannot disconnect container from host network - container was created in host network mode")
			}
			return errHostNetwork
		}
		if err := nw.disconnect(c, n); err != nil {
			return err
		}
		nw.d.net.Event(n, "disconnect", "container", c.ID)
	}
	if n != nil {
		nw.d.net.Event(n, "disconnect", "container", c.ID)
	}
	return nil
}

func (nw *Networks) disconnect(c *Container, n *network.Network) error {
	find := func() *network.Endpoint {
		if sb := c.run.sandbox; sb != nil && c.run.base == nil {
			return sb.In(n)
		}
		return nil
	}
	if find() != nil {
		if err := nw.d.calls.Pass(nw.d.profile.Cost.Disconnect); err != nil {
			return err
		}
	}
	ep := find()
	if ep == nil {
		return errf(ErrSystem, "container %s is not connected to network %s", c.ID, n.Name)
	}
	sb := c.run.sandbox
	sb.Leave(ep)
	nw.d.net.DeleteEndpoint(ep)
	nw.d.net.Agent.Detach(n, &c.Container)
	err := sb.CheckGateway()
	c.showPorts()
	delete(c.NetworkSettings.Networks, n.Name)
	return err
}

// networkWait is how long a container whose network is not there waits at the
// daemon's start for the store: it may be in a container that starts now.
const networkWait = time.Minute

// await lets a container with a restart policy wait for the store.
func (nw *Networks) await(c *Container) {
	// Looking for them asks the store, and the daemon may stop meanwhile.
	if nw.misses(c) {
		nw.d.net.Global.WaitReady(networkWait)
	}
}

func (nw *Networks) misses(c *Container) bool {
	nw.d.net.Global.Refresh()
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		if _, ok := nw.d.net.Named(name); !ok {
			return true
		}
	}
	return false
}
