package control

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
)

// The most that a secret and a config hold, in bytes.
const (
	mostSecret = 500 << 10
	mostConfig = 1000 << 10
)

// dataName is what secrets and configs may be called.
var dataName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$`) })

func checkData(what string, most int, s *object.DataSpec) error {
	switch {
	case s.Name == "":
		return bad("%s name is required", what)
	case len(s.Name) > 64 || !dataName().MatchString(s.Name):
		return bad("invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]")
	case len(s.Data) == 0 && s.Driver == nil || len(s.Data) > most:
		if what == "secret" {
			return bad("secret data must be larger than 0 and less than %d bytes", most)
		}
		return bad("config data must be larger than 0 and less than %d bytes", most)
	}
	return nil
}

// DataUpdate changes a secret's or a config's labels.
type DataUpdate struct {
	ID      string
	Version uint64
	Spec    object.DataSpec
}

func (s *Server) createSecret(r *rpc.Request) (any, error) {
	var spec object.DataSpec
	if err := r.Decode(&spec); err != nil {
		return nil, err
	}
	if err := checkData("secret", mostSecret, &spec); err != nil {
		return nil, err
	}
	o := &object.Secret{ID: object.NewID(s.Rand), Spec: spec}
	return Ref{ID: o.ID}, s.State.Update(func(tx *state.Tx) error {
		if _, ok := state.Named[*object.Secret](tx, spec.Name); ok {
			return rpc.Errorf(rpc.AlreadyExists, "secret %s already exists", spec.Name)
		}
		tx.Create(o)
		return nil
	})
}

func (s *Server) createConfig(r *rpc.Request) (any, error) {
	var spec object.DataSpec
	if err := r.Decode(&spec); err != nil {
		return nil, err
	}
	if err := checkData("config", mostConfig, &spec); err != nil {
		return nil, err
	}
	o := &object.Config{ID: object.NewID(s.Rand), Spec: spec}
	return Ref{ID: o.ID}, s.State.Update(func(tx *state.Tx) error {
		if _, ok := state.Named[*object.Config](tx, spec.Name); ok {
			return rpc.Errorf(rpc.AlreadyExists, "config %s already exists", spec.Name)
		}
		tx.Create(o)
		return nil
	})
}

func (s *Server) updateSecret(r *rpc.Request) (any, error) {
	var q DataUpdate
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		o, ok := state.Get[*object.Secret](tx, q.ID)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "secret %s not found", q.ID)
		}
		if err := onlyLabels(&o.Spec, &q.Spec); err != nil {
			return err
		}
		if err := fresh(o, q.Version); err != nil {
			return err
		}
		o = object.Clone(o)
		o.Spec.Labels = q.Spec.Labels
		tx.Update(o)
		return nil
	})
}

func (s *Server) updateConfig(r *rpc.Request) (any, error) {
	var q DataUpdate
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		o, ok := state.Get[*object.Config](tx, q.ID)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "config %s not found", q.ID)
		}
		if err := onlyLabels(&o.Spec, &q.Spec); err != nil {
			return err
		}
		if err := fresh(o, q.Version); err != nil {
			return err
		}
		o = object.Clone(o)
		o.Spec.Labels = q.Spec.Labels
		tx.Update(o)
		return nil
	})
}

func onlyLabels(old, now *object.DataSpec) error {
	if old.Name != now.Name || len(now.Data) > 0 && !slices.Equal(old.Data, now.Data) {
		return bad("only updates to Labels are allowed")
	}
	return nil
}

func (s *Server) removeSecret(r *rpc.Request) (any, error) {
	return nil, s.removeData(r, "secret", object.KindSecret, func(c *object.ContainerSpec, id string) bool {
		return slices.ContainsFunc(c.Secrets, func(x object.SecretReference) bool { return x.SecretID == id })
	})
}

func (s *Server) removeConfig(r *rpc.Request) (any, error) {
	return nil, s.removeData(r, "config", object.KindConfig, func(c *object.ContainerSpec, id string) bool {
		return slices.ContainsFunc(c.Configs, func(x object.ConfigReference) bool { return x.ConfigID == id })
	})
}

// removeData removes a secret or a config that no service uses.
func (s *Server) removeData(r *rpc.Request, what string, kind object.Kind, uses func(*object.ContainerSpec, string) bool) error {
	var q Ref
	if err := r.Decode(&q); err != nil {
		return err
	}
	return s.State.Update(func(tx *state.Tx) error {
		name := ""
		switch kind {
		case object.KindSecret:
			if o, ok := state.Get[*object.Secret](tx, q.ID); ok {
				name = o.Spec.Name
			}
		default:
			if o, ok := state.Get[*object.Config](tx, q.ID); ok {
				name = o.Spec.Name
			}
		}
		if name == "" {
			return rpc.Errorf(rpc.NotFound, "%s %s not found", what, q.ID)
		}
		var users []string
		for _, x := range state.All[*object.Service](tx) {
			if c := x.Spec.TaskTemplate.ContainerSpec; c != nil && uses(c, q.ID) {
				users = append(users, x.Spec.Name)
			}
		}
		if len(users) > 0 {
			word := "service"
			if len(users) > 1 {
				word = "services"
			}
			return bad("%s '%s' is in use by the following %s: %s", what, name, word, strings.Join(users, ", "))
		}
		tx.Remove(kind, q.ID)
		return nil
	})
}
