package modes

import "slices"

// ContainerRemove removes a container; one that runs only by force.
func (d *Daemon) ContainerRemove(ref string, o RemoveOptions) error {
	c, err := d.Container(ref)
	if err != nil {
		return err
	}
	end, err := d.begin()
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
		case Paused:
			what, how = "paused", "Unpause and then stop the container before attempting removal or force remove"
		case Restarting:
			what = "restarting"
		}
		return errf(ErrConflict, "You cannot remove a %s container %s. %s", what, c.ID, how)
	}
	c.run.removing, c.run.manualStop = true, true
	if c.State.Running() {
		if c.run.pid1 == nil {
			d.cancelRestart(c)
		}
		d.killNow(c)
		d.waitStopped(c, -1)
		err = d.pass(d.profile.cost.stop)
	}
	if err == nil {
		err = d.pass(d.profile.cost.remove)
	}
	if err != nil {
		c.run.removing = false
		return err
	}
	d.Volumes.Release(c.ID, o.Volumes)
	d.remove(c)
	return nil
}

// remove forgets a container that does not run.
func (d *Daemon) remove(c *Container) {
	if c.run.removed {
		return
	}
	d.cancelRestart(c)
	c.run.removing, c.run.removed = true, true
	d.Volumes.Release(c.ID, c.HostConfig.AutoRemove)
	if c.run.leftover != nil {
		d.strays = append(d.strays, c)
	}
	for i, x := range d.containers {
		if x == c {
			d.containers = slices.Concat(d.containers[:i], d.containers[i+1:])
			break
		}
	}
	for id, e := range d.execs {
		if e.Container == c {
			delete(d.execs, id)
		}
	}
	d.host.FS().RemoveAll("/var/lib/docker/containers/" + c.ID)
	d.host.FS().RemoveAll(overlays + c.LayerID)
	c.run.streams.end()
	c.run.log.grown.Broadcast()
	d.finishWaits(c, true)
	d.containerEvent(c, "destroy")
}

// ContainersPrune removes the containers that do not run, and returns their
// ids.
func (d *Daemon) ContainersPrune(f Filters) ([]string, error) {
	if err := d.available(); err != nil {
		return nil, err
	}
	if err := f.validate("label", "label!", "until"); err != nil {
		return nil, err
	}
	until, err := d.parseUntil(f)
	if err != nil {
		return nil, err
	}
	end, err := d.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	var gone []string
	for _, c := range append([]*Container(nil), d.containers...) {
		if c.State.Running() || !matchLabels(f["label"], c.Config.Labels) || !until.IsZero() && c.Created.After(until) {
			continue
		}
		if not := f["label!"]; len(not) > 0 && matchLabels(not, c.Config.Labels) {
			continue
		}
		if err := d.pass(d.profile.cost.remove); err != nil {
			return gone, err
		}
		if c.State.Running() { // started meanwhile
			continue
		}
		d.remove(c)
		gone = append(gone, c.ID)
	}
	return gone, nil
}
