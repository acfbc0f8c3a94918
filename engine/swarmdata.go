package engine

import (
	"net/http"

	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
)

// created answers a request that has made something.
func created(c *call, method string, spec object.DataSpec) error {
	var ref control.Ref
	if err := c.daemon.Swarm.Ask(method, spec, &ref); err != nil {
		return err
	}
	return c.json(http.StatusCreated, struct{ ID string }{ref.ID})
}

// changed answers one that changes labels.
func changed(c *call, method, id string) error {
	r := control.DataUpdate{ID: id}
	if err := c.decode(&r.Spec); err != nil {
		return err
	}
	var err error
	if r.Version, err = versionOf(c); err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(method, r, nil); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func secretList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	if err := f.Validate("name", "names", "id", "label"); err != nil {
		return err
	}
	all, err := ask[*object.Secret](c, control.ListSecrets)
	if err != nil {
		return err
	}
	out := []*object.Secret{}
	for _, s := range all {
		if passes(f, s) && among(f["names"], s.Spec.Name) && hasLabels(f["label"], s.Spec.Labels) {
			out = append(out, hidden(s))
		}
	}
	return c.json(http.StatusOK, out)
}

// hidden is a secret without its content, which the API never shows.
func hidden(s *object.Secret) *object.Secret {
	x := *s
	x.Spec.Data = nil
	return &x
}

func secretCreate(c *call) error {
	var spec object.DataSpec
	if err := c.decode(&spec); err != nil {
		return err
	}
	return created(c, control.CreateSecret, spec)
}

func secretInspect(c *call) error {
	s, err := one[*object.Secret](c, control.ListSecrets, "secret", c.job.Ref)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, hidden(s))
}

func secretUpdate(c *call) error {
	s, err := one[*object.Secret](c, control.ListSecrets, "secret", c.job.Ref)
	if err != nil {
		return err
	}
	return changed(c, control.UpdateSecret, s.ID)
}

func secretRemove(c *call) error {
	s, err := one[*object.Secret](c, control.ListSecrets, "secret", c.job.Ref)
	if err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(control.RemoveSecret, control.Ref{ID: s.ID}, nil); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

func configList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	if err := f.Validate("name", "names", "id", "label"); err != nil {
		return err
	}
	all, err := ask[*object.Config](c, control.ListConfigs)
	if err != nil {
		return err
	}
	out := []*object.Config{}
	for _, s := range all {
		if passes(f, s) && among(f["names"], s.Spec.Name) && hasLabels(f["label"], s.Spec.Labels) {
			out = append(out, s)
		}
	}
	return c.json(http.StatusOK, out)
}

func configCreate(c *call) error {
	var spec object.DataSpec
	if err := c.decode(&spec); err != nil {
		return err
	}
	return created(c, control.CreateConfig, spec)
}

func configInspect(c *call) error {
	s, err := one[*object.Config](c, control.ListConfigs, "config", c.job.Ref)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, s)
}

func configUpdate(c *call) error {
	s, err := one[*object.Config](c, control.ListConfigs, "config", c.job.Ref)
	if err != nil {
		return err
	}
	return changed(c, control.UpdateConfig, s.ID)
}

func configRemove(c *call) error {
	s, err := one[*object.Config](c, control.ListConfigs, "config", c.job.Ref)
	if err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(control.RemoveConfig, control.Ref{ID: s.ID}, nil); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}
