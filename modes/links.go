package modes

import (
	"fmt"
	"sort"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
)

// containerLink is a --link of the default network.
type containerLink struct {
	alias string
	child *Container
}

// registerLinks resolves --link on the default network.
func (c *Container) registerLinks() error {
	d := c.run.daemon
	c.run.links = nil
	if !container.IsDefaultMode(c.HostConfig.NetworkMode) {
		return nil
	}
	for _, l := range c.HostConfig.Links {
		name, alias, ok := strings.Cut(l, ":")
		if !ok {
			alias = name
		}
		alias = alias[strings.LastIndexByte(alias, '/')+1:]
		name = strings.TrimPrefix(name, "/")
		child, err := linkTarget(d, name)
		if err != nil {
			return errf(ErrInvalid, "could not get container for %s: %v", name, err) // 404 would mean the image (moby#39823)
		}
		if container.IsHostMode(child.HostConfig.NetworkMode) {
			return errf(ErrInvalid, "conflicting options: host type networking can't be used with links. This would result in undefined behavior")
		}
		c.run.links = append(c.run.links, containerLink{alias: alias, child: child})
	}
	sort.SliceStable(c.run.links, func(i, k int) bool { return c.run.links[i].alias < c.run.links[k].alias })
	return nil
}

// linkTarget is the container whose stack a name stands for.
func linkTarget(d *Daemon, name string) (*Container, error) {
	c, err := d.Containers.find(name)
	for err == nil && container.IsJoinMode(c.HostConfig.NetworkMode) {
		c, err = d.Containers.find(container.Joined(c.HostConfig.NetworkMode))
	}
	return c, err
}

// reloadLinks resolves all links again, as a new dockerd does: one whose container
// has been removed is gone.
func reloadLinks(d *Daemon) {
	for _, c := range d.Containers.all {
		if err := c.registerLinks(); err != nil {
			d.Journal.Write("error", "failed to register link for container "+c.ID, "error", err.Error())
		}
	}
}

// links are the container's, of which each must be to one that runs.
func (c *Container) links() ([]containerLink, error) {
	if c.NetworkSettings.Networks["bridge"] == nil {
		return nil, nil
	}
	for _, l := range c.run.links {
		if !l.child.State.Running() {
			return nil, errf(ErrSystem, "Cannot link to a non running container: /%s AS /%s/%s", l.child.Name, c.Name, l.alias)
		}
		if l.child.NetworkSettings.Networks["bridge"] == nil {
			return nil, errf(ErrSystem, "container %s not attached to default bridge network", l.child.ID)
		}
	}
	return c.run.links, nil
}

// linkEndpoints tells the driver of the links from and to a container that has an
// endpoint in the default network, and the containers that link to it of its
// address. dockerd's buildSandboxOptions, with what it gets wrong: the endpoint
// that stands for those who link to it is the last one that it links to itself.
func (c *Container) linkEndpoints(ep *network.Endpoint) error {
	last := ""
	for _, l := range c.run.links {
		es := l.child.NetworkSettings.Networks["bridge"]
		if es == nil {
			return errf(ErrSystem, "Cannot link to /%s, as it does not belong to the default network", l.child.Name)
		}
		if last = es.EndpointID; last != "" {
			ep.Children = append(ep.Children, last)
		}
	}
	for _, parent := range c.run.daemon.Containers.all {
		for _, l := range parent.run.links {
			if l.child != c {
				continue
			}
			if parent.run.sandbox != nil && parent.run.base == nil {
				parent.moveHost(l.alias, ep.Addr.Addr().String())
			}
			if last != "" {
				ep.Parents = append(ep.Parents, last)
			}
		}
	}
	return nil
}

// linkEnv is the environment that --link gives on the default network.
func (c *Container) linkEnv() []string {
	var env []string
	if !c.run.daemon.profile.LinkVariables {
		return nil
	}
	for _, l := range c.run.links {
		es := l.child.NetworkSettings.Networks["bridge"]
		if !l.child.State.Running() || es == nil {
			continue
		}
		env = append(env, l.env("/"+c.Name, es.IPAddress)...)
	}
	return env
}

func (l containerLink) env(parent, ip string) []string {
	up := strings.ReplaceAll(strings.ToUpper(l.alias), "-", "_")
	var env []string
	ports := nat.Sorted(l.child.Config.ExposedPorts)
	sort.SliceStable(ports, func(i, k int) bool { return ports[i].Proto == "tcp" && ports[k].Proto != "tcp" })
	for i, p := range ports {
		url := fmt.Sprintf("%s://%s:%d", p.Proto, ip, p.Number)
		if i == 0 {
			env = append(env, up+"_PORT="+url)
		}
		key := fmt.Sprintf("%s_PORT_%d_%s", up, p.Number, strings.ToUpper(p.Proto))
		env = append(env, key+"="+url, key+"_ADDR="+ip, fmt.Sprintf("%s_PORT=%d", key, p.Number), key+"_PROTO="+p.Proto)
	}
	env = append(env, up+"_NAME="+parent+"/"+l.alias)
	for _, kv := range l.child.Config.Env {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "HOME" || k == "PATH" {
			continue
		}
		env = append(env, up+"_ENV_"+k+"="+v)
	}
	return env
}

// Links are the container's, as inspect shows them: "/CHILD:/PARENT/ALIAS", with the names
// that both have now.
func (c *Container) Links() (out []string) {
	if c.run == nil { // a description alone
		return nil
	}
	for _, l := range c.run.links {
		out = append(out, "/"+l.child.Name+":/"+c.Name+"/"+l.alias)
	}
	return out
}

// NamesOf are the names of a container: its own, and those that it has for containers which
// link to it.
func (cs *Containers) NamesOf(c *Container) []string {
	names := []string{"/" + c.Name}
	for _, parent := range cs.all {
		for _, l := range parent.run.links {
			if l.child == c {
				names = append(names, "/"+parent.Name+"/"+l.alias)
			}
		}
	}
	sort.Strings(names)
	return names
}
