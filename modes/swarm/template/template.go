// Package template expands what a service leaves open until a task of it has its node:
// {{.Node.Hostname}}, {{.Task.Slot}} and the like in the environment, the hostname and
// the mounts of a container, as swarmkit's template package does, and in secrets and
// configs that were made with --template-driver golang.
//
// It owns the words that such a text may use. Start reading at [Container].
package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/swarm/object"
)

// Container is the task's container with its node's and its own values. Errors are the
// words of text/template behind those of swarmkit.
func Container(n object.NodeDescription, t *object.Task) (*object.ContainerSpec, error) {
	if t.Spec.ContainerSpec == nil {
		return nil, errors.New("task missing ContainerSpec to expand")
	}
	c, about := *t.Spec.ContainerSpec, about(n, t)
	var err error
	if c.Mounts, err = mounts(about, c.Mounts); err != nil {
		return nil, fmt.Errorf("expanding mounts failed: %w", err)
	}
	if c.Env, err = env(about, c.Env); err != nil {
		return nil, fmt.Errorf("expanding env failed: %w", err)
	}
	if c.Hostname, err = expand(about, c.Hostname, nil); err != nil {
		return nil, fmt.Errorf("expanding hostname failed: %w", err)
	}
	return &c, nil
}

func env(about *record, all []string) ([]string, error) {
	out := make([]string, 0, len(all))
	for _, e := range all {
		k, v, valued := strings.Cut(e, "=")
		if !valued {
			out = append(out, e)
			continue
		}
		v, err := expand(about, v, nil)
		if err != nil {
			return nil, fmt.Errorf("expanding env %q: %w", e, err)
		}
		out = append(out, k+"="+v)
	}
	return out, nil
}

func mounts(about *record, all []object.Mount) ([]object.Mount, error) {
	out := make([]object.Mount, 0, len(all))
	for _, m := range all {
		var err error
		if m.Source, err = expand(about, m.Source, nil); err != nil {
			return nil, fmt.Errorf("expanding mount source %q: %w", m.Source, err)
		}
		if m.Target, err = expand(about, m.Target, nil); err != nil {
			return nil, fmt.Errorf("expanding mount target %q: %w", m.Target, err)
		}
		if m.VolumeOptions, err = texts(about, m.VolumeOptions); err != nil {
			return nil, fmt.Errorf("expanding volume options of %q: %w", m.Target, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// texts expands the texts of a JSON document, such as a volume's labels and the
// options of its driver.
func texts(about *record, doc json.RawMessage) (json.RawMessage, error) {
	if !strings.Contains(string(doc), "{{") {
		return doc, nil
	}
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		return nil, err
	}
	v, err := within(about, v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func within(about *record, v any) (any, error) {
	switch v := v.(type) {
	case string:
		return expand(about, v, nil)
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			x, err := within(about, v[k])
			if err != nil {
				return nil, err
			}
			v[k] = x
		}
	}
	return v, nil
}

// Files are the secrets and configs that a task's node has, by identifier; nil is one that
// it does not have.
type Files interface {
	Secret(id string) *object.Secret
	Config(id string) *object.Config
}

// Data is the content of a secret or a config as the task's container sees it.
func Data(n object.NodeDescription, t *object.Task, s *object.DataSpec, from Files) ([]byte, error) {
	if s.Templating == nil {
		return s.Data, nil
	}
	if s.Templating.Name != "golang" {
		return nil, errors.New("unrecognized template type")
	}
	about := about(n, t)
	c := t.Spec.ContainerSpec
	known := map[string]func([]any) (any, error){
		"secret": func(a []any) (any, error) {
			for _, r := range c.Secrets {
				if s := from.Secret(r.SecretID); r.File != nil && r.File.Name == one(a) && s != nil {
					return string(s.Spec.Data), nil
				}
			}
			return nil, fmt.Errorf("secret target %v not found", one(a))
		},
		"config": func(a []any) (any, error) {
			for _, r := range c.Configs {
				if s := from.Config(r.ConfigID); r.File != nil && r.File.Name == one(a) && s != nil {
					return string(s.Spec.Data), nil
				}
			}
			return nil, fmt.Errorf("config target %v not found", one(a))
		},
		"env": func(a []any) (any, error) {
			all, err := env(about, c.Env)
			for _, e := range all {
				if k, v, _ := strings.Cut(e, "="); k == one(a) {
					return v, nil
				}
			}
			return "", err
		},
	}
	out, err := expand(about, string(s.Data), known)
	return []byte(out), err
}
