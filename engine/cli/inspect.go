package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"dnetsim/engine"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/command/inspect"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

// adaptInspect gives the inspect commands the structs of the engine's release:
// docker's own execute templates on those of its release, whose fields and
// order are others. The flags stay docker's; the errors are those of a client
// of API 1.41.
func (s *session) adaptInspect(cmd *cobra.Command, h *dockerCLI) {
	var look func(*inspection) inspect.GetRefFunc
	switch strings.TrimPrefix(cmd.CommandPath(), "docker ") {
	case "inspect":
		look = func(i *inspection) inspect.GetRefFunc { return i.any }
	case "container inspect":
		look = func(i *inspection) inspect.GetRefFunc { return i.container }
	case "network inspect":
		look = func(i *inspection) inspect.GetRefFunc { return i.network }
	case "image inspect":
		look = func(i *inspection) inspect.GetRefFunc { return i.image }
	default:
		return
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f := cmd.Flags()
		i := &inspection{ctx: cmd.Context(), h: h, size: isSet(f, "size"), verbose: isSet(f, "verbose")}
		if x := f.Lookup("type"); x != nil {
			i.kind = x.Value.String()
		}
		switch i.kind {
		case "", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume", "config":
		default:
			return fmt.Errorf("%q is not a valid value for --type", i.kind)
		}
		return inspect.Inspect(h.Out(), args, f.Lookup("format").Value.String(), look(i))
	}
}

// inspection is one run of an inspect command.
type inspection struct {
	ctx           context.Context
	h             *dockerCLI
	kind          string // --type
	size, verbose bool
	swarm         *bool // the daemon manages a swarm
}

// notFound is how a client of API 1.41 words the answer 404.
type notFound struct{ kind, ref string }

func (e notFound) Error() string { return "Error: No such " + e.kind + ": " + e.ref }
func (notFound) NotFound()       {}

// typed joins what the API sent to the struct that templates see.
func typed(kind, ref string, raw []byte, err error, decode func([]byte) (any, error)) (any, []byte, error) {
	if errdefs.IsNotFound(err) {
		err = notFound{kind, ref}
	}
	if err != nil {
		return nil, nil, err
	}
	v, err := decode(raw)
	return v, raw, err
}

func (i *inspection) container(ref string) (any, []byte, error) {
	res, err := i.h.Client().ContainerInspect(i.ctx, ref, client.ContainerInspectOptions{Size: i.size})
	return typed("container", ref, res.Raw, err, engine.ContainerValue)
}

func (i *inspection) network(ref string) (any, []byte, error) {
	res, err := i.h.Client().NetworkInspect(i.ctx, ref, client.NetworkInspectOptions{Verbose: i.verbose})
	return typed("network", ref, res.Raw, err, engine.NetworkValue)
}

func (i *inspection) image(ref string) (any, []byte, error) {
	var raw bytes.Buffer
	_, err := i.h.Client().ImageInspect(i.ctx, ref, client.ImageInspectWithRawResponse(&raw))
	return typed("image", ref, raw.Bytes(), err, engine.ImageValue)
}

// asSent is for objects whose templates see docker's own struct.
func asSent(kind, ref string, v any, raw []byte, err error) (any, []byte, error) {
	_, raw, err = typed(kind, ref, raw, err, func([]byte) (any, error) { return nil, nil })
	return v, raw, err
}

// any looks for an object of every kind, or of one, in docker's order.
func (i *inspection) any(ref string) (any, []byte, error) {
	api, ctx := i.h.Client(), i.ctx
	for _, k := range []struct {
		kind  string
		swarm bool
		look  inspect.GetRefFunc
	}{
		{"container", false, i.container},
		{"image", false, i.image},
		{"network", false, i.network},
		{"volume", false, func(ref string) (any, []byte, error) {
			r, err := api.VolumeInspect(ctx, ref, client.VolumeInspectOptions{})
			return asSent("volume", ref, r.Volume, r.Raw, err)
		}},
		{"service", true, func(ref string) (any, []byte, error) {
			r, err := api.ServiceInspect(ctx, ref, client.ServiceInspectOptions{InsertDefaults: true})
			return asSent("service", ref, r.Service, r.Raw, err)
		}},
		{"task", true, func(ref string) (any, []byte, error) {
			r, err := api.TaskInspect(ctx, ref, client.TaskInspectOptions{})
			return asSent("task", ref, r.Task, r.Raw, err)
		}},
		{"node", true, func(ref string) (any, []byte, error) {
			r, err := api.NodeInspect(ctx, ref, client.NodeInspectOptions{})
			return asSent("node", ref, r.Node, r.Raw, err)
		}},
		{"plugin", false, func(ref string) (any, []byte, error) {
			r, err := api.PluginInspect(ctx, ref, client.PluginInspectOptions{})
			return asSent("plugin", ref, r.Plugin, r.Raw, err)
		}},
		{"secret", true, func(ref string) (any, []byte, error) {
			r, err := api.SecretInspect(ctx, ref, client.SecretInspectOptions{})
			return asSent("secret", ref, r.Secret, r.Raw, err)
		}},
		{"config", true, func(ref string) (any, []byte, error) {
			r, err := api.ConfigInspect(ctx, ref, client.ConfigInspectOptions{})
			return asSent("config", ref, r.Config, r.Raw, err)
		}},
	} {
		if i.kind != "" && k.kind != i.kind || i.kind == "" && k.swarm && !i.managesSwarm() {
			continue
		}
		v, raw, err := k.look(ref)
		if err != nil && i.kind == "" && skippable(err) {
			continue
		}
		if err == nil && i.size && k.kind != "container" {
			fmt.Fprintln(i.h.Err(), "WARNING: --size ignored for", k.kind)
		}
		return v, raw, err
	}
	return nil, nil, errors.New("Error: No such object: " + ref)
}

// managesSwarm asks the daemon once.
func (i *inspection) managesSwarm() bool {
	if i.swarm == nil {
		res, err := i.h.Client().Info(i.ctx, client.InfoOptions{})
		if err != nil {
			fmt.Fprintln(i.h.Err(), err)
		}
		yes := err == nil && res.Info.Swarm.ControlAvailable
		i.swarm = &yes
	}
	return *i.swarm
}

// skippable reports whether another kind of object may have the name.
func skippable(err error) bool {
	return errdefs.IsNotFound(err) || strings.Contains(err.Error(), "not supported") ||
		strings.Contains(err.Error(), "invalid reference format")
}
