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

// dataKind is what secrets and configs differ in.
type dataKind[T object.Data] struct {
	noun string
	most int // bytes that one holds
	make func(id string, spec object.DataSpec) T
	// uses reports whether a service's containers have one.
	uses func(c *object.ContainerSpec, id string) bool
}

func secrets() dataKind[*object.Secret] {
	return dataKind[*object.Secret]{
		"secret", 500 << 10,
		func(id string, spec object.DataSpec) *object.Secret { return &object.Secret{ID: id, Spec: spec} },
		func(c *object.ContainerSpec, id string) bool {
			return slices.ContainsFunc(c.Secrets, func(x object.SecretReference) bool { return x.SecretID == id })
		},
	}
}

func configs() dataKind[*object.Config] {
	return dataKind[*object.Config]{
		"config", 1000 << 10,
		func(id string, spec object.DataSpec) *object.Config { return &object.Config{ID: id, Spec: spec} },
		func(c *object.ContainerSpec, id string) bool {
			return slices.ContainsFunc(c.Configs, func(x object.ConfigReference) bool { return x.ConfigID == id })
		},
	}
}

// dataName is what secrets and configs may be called.
var dataName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$`) })

func (k dataKind[T]) check(s *object.DataSpec) error {
	switch {
	case s.Name == "":
		return bad("%s name is required", k.noun)
	case len(s.Name) > 64 || !dataName().MatchString(s.Name):
		return bad("invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]")
	case len(s.Data) == 0 && s.Driver == nil || len(s.Data) > k.most:
		return bad("%s data must be larger than 0 and less than %d bytes", k.noun, k.most)
	}
	return nil
}

// DataUpdate changes a secret's or a config's labels.
type DataUpdate struct {
	ID      string
	Version uint64
	Spec    object.DataSpec
}

func (k dataKind[T]) create(s *Server) rpc.Handler {
	return func(r *rpc.Request) (any, error) {
		var spec object.DataSpec
		if err := r.Decode(&spec); err != nil {
			return nil, err
		}
		if err := k.check(&spec); err != nil {
			return nil, err
		}
		id := object.NewID(s.Rand)
		return Ref{ID: id}, s.State.Update(func(tx *state.Tx) error {
			if _, ok := state.Named[T](tx, spec.Name); ok {
				return rpc.Errorf(rpc.AlreadyExists, "%s %s already exists", k.noun, spec.Name)
			}
			tx.Create(k.make(id, spec))
			return nil
		})
	}
}

// change has fn change one that there is.
func (k dataKind[T]) change(s *Server, id string, fn func(*state.Tx, T) error) error {
	return s.State.Update(func(tx *state.Tx) error {
		o, ok := state.Get[T](tx, id)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "%s %s not found", k.noun, id)
		}
		return fn(tx, o)
	})
}

func (k dataKind[T]) update(s *Server) rpc.Handler {
	return func(r *rpc.Request) (any, error) {
		var q DataUpdate
		if err := r.Decode(&q); err != nil {
			return nil, err
		}
		return nil, k.change(s, q.ID, func(tx *state.Tx, o T) error {
			if old := o.Content(); old.Name != q.Spec.Name || len(q.Spec.Data) > 0 && !slices.Equal(old.Data, q.Spec.Data) {
				return bad("only updates to Labels are allowed")
			}
			if err := fresh(o, q.Version); err != nil {
				return err
			}
			o = object.Clone(o)
			o.Content().Labels = q.Spec.Labels
			tx.Update(o)
			return nil
		})
	}
}

// remove removes one that no service uses.
func (k dataKind[T]) remove(s *Server) rpc.Handler {
	return func(r *rpc.Request) (any, error) {
		var q Ref
		if err := r.Decode(&q); err != nil {
			return nil, err
		}
		return nil, k.change(s, q.ID, func(tx *state.Tx, o T) error {
			var users []string
			for _, x := range state.All[*object.Service](tx) {
				if c := x.Spec.TaskTemplate.ContainerSpec; c != nil && k.uses(c, q.ID) {
					users = append(users, x.Spec.Name)
				}
			}
			if len(users) > 0 {
				word := "service"
				if len(users) > 1 {
					word = "services"
				}
				return bad("%s '%s' is in use by the following %s: %s", k.noun, o.Title(), word, strings.Join(users, ", "))
			}
			tx.Remove(o.Key())
			return nil
		})
	}
}
