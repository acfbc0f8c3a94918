package modes

import "dnetsim/modes/container"

// joinStack puts a container of mode container:X into X's namespace, with X's
// hosts, hostname and resolv.conf. When X restarts it gets another namespace;
// this container keeps the old one.
func (nw *Networks) joinStack(c *Container) error {
	ref := container.Joined(c.HostConfig.NetworkMode)
	base, err := nw.d.Containers.find(ref)
	strict := nw.d.profile.StrictSettings
	if err != nil && strict {
		return wrapf(err, "joining network namespace of container: ")
	}
	if err != nil {
		return err
	}
	switch {
	case base == c:
		return errf(ErrSystem, "cannot join own network")
	case base.State.Status == container.Restarting:
		return errf(ErrConflict, "Container %s is restarting, wait until the container is running", ref)
	case base.run.pid1 == nil && strict:
		return errf(ErrConflict, "cannot join network namespace of a non running container: container %s is %s", base.Name, base.State.Status)
	case base.run.pid1 == nil:
		return errf(ErrConflict, "cannot join network of a non running container: %s", ref)
	}
	c.run.base = base
	c.run.sandbox = base.run.sandbox
	c.run.sandbox.Share()
	c.Config.Hostname, c.Config.Domainname = base.Config.Hostname, base.Config.Domainname
	return nil
}
