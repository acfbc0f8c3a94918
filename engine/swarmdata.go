package engine

import (
	"net/http"

	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
)

// dataAPI is what secrets and configs differ in.
type dataAPI[T object.Data] struct {
	noun                         string
	list, create, update, remove string // the manager's methods
	shown                        func(T) T
}

func (s *Server) dataRoutes() {
	dataAPI[*object.Secret]{
		"secret", control.ListSecrets, control.CreateSecret, control.UpdateSecret, control.RemoveSecret,
		func(s *object.Secret) *object.Secret { // the API never shows its content
			x := *s
			x.Spec.Data = nil
			return &x
		},
	}.routes(s)
	dataAPI[*object.Config]{
		"config", control.ListConfigs, control.CreateConfig, control.UpdateConfig, control.RemoveConfig,
		func(c *object.Config) *object.Config { return c },
	}.routes(s)
}

func (a dataAPI[T]) routes(s *Server) {
	at := "/" + a.noun + "s"
	s.handle("GET "+at, a.answerList)
	s.handle("POST "+at+"/create", a.answerCreate)
	s.handle("GET "+at+"/{id}", a.answerInspect)
	s.handle("POST "+at+"/{id}/update", a.answerUpdate)
	s.handle("DELETE "+at+"/{id}", a.answerRemove)
}

func (a dataAPI[T]) answerList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	if err := f.Validate("name", "names", "id", "label"); err != nil {
		return err
	}
	all, err := ask[T](c, a.list)
	if err != nil {
		return err
	}
	out := []T{}
	for _, o := range all {
		if x := o.Content(); passes(f, o) && among(f["names"], x.Name) && hasLabels(f["label"], x.Labels) {
			out = append(out, a.shown(o))
		}
	}
	return c.json(http.StatusOK, out)
}

func (a dataAPI[T]) answerCreate(c *call) error {
	var spec object.DataSpec
	if err := c.decode(&spec); err != nil {
		return err
	}
	var ref control.Ref
	if err := c.daemon.Swarm.Ask(a.create, spec, &ref); err != nil {
		return err
	}
	return c.json(http.StatusCreated, struct{ ID string }{ref.ID})
}

// asked is the one that a request is about.
func (a dataAPI[T]) asked(c *call) (T, error) { return one[T](c, a.list, a.noun, c.job.Ref) }

func (a dataAPI[T]) answerInspect(c *call) error {
	o, err := a.asked(c)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a.shown(o))
}

func (a dataAPI[T]) answerUpdate(c *call) error {
	o, err := a.asked(c)
	if err != nil {
		return err
	}
	_, id := o.Key()
	r := control.DataUpdate{ID: id}
	if err := c.decode(&r.Spec); err != nil {
		return err
	}
	if r.Version, err = versionOf(c); err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(a.update, r, nil); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func (a dataAPI[T]) answerRemove(c *call) error {
	o, err := a.asked(c)
	if err != nil {
		return err
	}
	_, id := o.Key()
	if err := c.daemon.Swarm.Ask(a.remove, control.Ref{ID: id}, nil); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}
