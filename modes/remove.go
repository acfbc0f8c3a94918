package modes

import (
	"path"
	"slices"

	"dnetsim/modes/container"
	"dnetsim/modes/filters"
)

// Remove removes a container; one that runs only by force.
func (cs *Containers) Remove(ref string, o RemoveOptions) error {
	c, end, err := cs.begin(ref)
	if err != nil {
		return err
	}
	defer end()
	if o.Link {
		return errf(ErrInvalid, "Conflict, cannot remove the default name of the container")
	}
	if c.run.removing && !o.Force {
		return errf(ErrConflict, "removal of container %s is already in progress", ref)
	}
	if c.State.Running() && !o.Force {
		what, how := "running", "Stop the container before attempting removal or force remove"
		switch c.State.Status {
		case container.Paused:
			what, how = "paused", "Unpause and then stop the container before attempting removal or force remove"
		case container.Restarting:
			what = "restarting"
		}
		return errf(ErrConflict, "You cannot remove a %s container %s. %s", what, c.ID, how)
	}
	c.run.removing, c.run.manualStop = true, true
	if c.State.Running() {
		if c.run.pid1 == nil {
			c.cancelRestart()
		}
		c.killNow()
		c.waitStopped(-1)
		err = cs.d.calls.Pass(cs.d.profile.Cost.Stop)
	}
	if err == nil {
		err = cs.d.calls.Pass(cs.d.profile.Cost.Remove)
	}
	if err != nil {
		c.run.removing = false
		return err
	}
	cs.d.Volumes.Release(c.ID, o.Volumes)
	c.remove()
	return nil
}

// remove forgets a container that does not run.
func (c *Container) remove() {
	d := c.run.daemon
	if c.run.removed {
		return
	}
	c.cancelRestart()
	c.run.removing, c.run.removed = true, true
	d.Volumes.Release(c.ID, c.HostConfig.AutoRemove)
	if c.run.leftover != nil {
		d.Containers.strays = append(d.Containers.strays, c)
	}
	for i, x := range d.Containers.all {
		if x == c {
			d.Containers.all = slices.Concat(d.Containers.all[:i], d.Containers.all[i+1:])
			delete(d.Containers.known, c.ID)
			delete(d.Containers.known, c.Name)
			break
		}
	}
	for id, e := range d.Execs.all {
		if e.Container == c {
			delete(d.Execs.all, id)
		}
	}
	d.host.FS().RemoveAll("/var/lib/docker/containers/" + c.ID)
	d.host.FS().RemoveAll(path.Dir(c.Layers().Upper))
	d.host.FS().RemoveAll(c.Layers().Merged)
	c.run.streams.End()
	c.run.log.Wake()
	c.finishWaits(true)
	c.event("destroy")
}

// Prune removes the containers that do not run, and returns their
// ids.
func (cs *Containers) Prune(f filters.Args) ([]string, error) {
	if err := cs.d.available(); err != nil {
		return nil, err
	}
	if err := f.Validate("label", "label!", "until"); err != nil {
		return nil, err
	}
	until, err := f.Until(cs.d.Wall())
	if err != nil {
		return nil, err
	}
	end, err := cs.d.calls.Begin()
	if err != nil {
		return nil, err
	}
	defer end()
	var gone []string
	for _, c := range append([]*Container(nil), cs.all...) {
		if c.State.Running() || !filters.MatchLabels(f["label"], c.Config.Labels) || !until.IsZero() && c.Created.After(until) {
			continue
		}
		if not := f["label!"]; len(not) > 0 && filters.MatchLabels(not, c.Config.Labels) {
			continue
		}
		if err := cs.d.calls.Pass(cs.d.profile.Cost.Remove); err != nil {
			return gone, err
		}
		if c.State.Running() { // started meanwhile
			continue
		}
		c.remove()
		gone = append(gone, c.ID)
	}
	return gone, nil
}
