package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/compose/convert"
	"github.com/docker/cli/cli/compose/types"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"
)

// Options are the flags of `docker stack deploy`.
type Options struct {
	Stack        string
	Prune        bool
	ResolveImage string // "always", "changed", "never"
	Detach       bool
	// Wait returns when a service has converged.
	Wait func(ctx context.Context, id string) error
}

// deployment is one under way.
type deployment struct {
	Options
	ctx   context.Context
	cli   command.Cli
	api   client.APIClient
	src   Source
	space convert.Namespace
	cfg   *types.Config
}

// Deploy makes the networks, secrets, configs and services of a stack, and changes
// those that are there, as docker's deployCompose.
func Deploy(ctx context.Context, cli command.Cli, src Source, cfg *types.Config, o Options) error {
	d := &deployment{o, ctx, cli, cli.Client(), src, convert.NewNamespace(o.Stack), cfg}
	info, err := d.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return err
	}
	if !info.Info.Swarm.ControlAvailable {
		return errors.New(`this node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again`)
	}
	if o.Prune {
		d.prune()
	}
	for _, step := range []func() error{d.networks, d.secrets, d.configs} {
		if err := step(); err != nil {
			return err
		}
	}
	ids, err := d.services()
	if err != nil || o.Detach {
		return err
	}
	var errs []error
	for _, id := range ids {
		if err := o.Wait(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

func (d *deployment) ours() client.Filters {
	return make(client.Filters).Add("label", convert.LabelNamespace+"="+d.space.Name())
}

func (d *deployment) say(format string, args ...any) { fmt.Fprintf(d.cli.Out(), format+"\n", args...) }

// prune removes services that the file has no more.
func (d *deployment) prune() {
	have, err := d.api.ServiceList(d.ctx, client.ServiceListOptions{Filters: d.ours()})
	if err != nil {
		fmt.Fprintln(d.cli.Err(), "Failed to list services:", err)
	}
	for _, s := range have.Items {
		name := d.space.Descope(s.Spec.Name)
		if slices.ContainsFunc(d.cfg.Services, func(x types.ServiceConfig) bool { return x.Name == name }) {
			continue
		}
		d.say("Removing service %s", s.Spec.Name)
		if _, err := d.api.ServiceRemove(d.ctx, s.ID, client.ServiceRemoveOptions{}); err != nil {
			fmt.Fprintf(d.cli.Err(), "Failed to remove service %s: %s", s.ID, err)
		}
	}
}

func (d *deployment) networks() error {
	wanted := map[string]struct{}{}
	for _, s := range d.cfg.Services {
		if len(s.Networks) == 0 {
			wanted["default"] = struct{}{}
		}
		for name := range s.Networks {
			wanted[name] = struct{}{}
		}
	}
	networks, external := convert.Networks(d.space, d.cfg.Networks, wanted)
	slices.Sort(external)
	for _, name := range external {
		if err := d.external(name); err != nil {
			return err
		}
	}
	have, err := d.api.NetworkList(d.ctx, client.NetworkListOptions{Filters: d.ours()})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, n := range have.Items {
		there[n.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		if there[name] {
			continue
		}
		o := networks[name]
		if o.Driver == "" {
			o.Driver = "overlay"
		}
		d.say("Creating network %s", name)
		if _, err := d.api.NetworkCreate(d.ctx, name, o); err != nil {
			return fmt.Errorf("failed to create network %s: %w", name, err)
		}
	}
	return nil
}

// external looks whether a network that others have made is there.
func (d *deployment) external(name string) error {
	if !container.NetworkMode(name).IsUserDefined() {
		return nil // every node has it
	}
	n, err := d.api.NetworkInspect(d.ctx, name, client.NetworkInspectOptions{})
	switch {
	case errdefs.IsNotFound(err):
		return fmt.Errorf("network %q is declared as external, but could not be found. You need to create a swarm-scoped network before the stack is deployed", name)
	case err != nil:
		return err
	case n.Network.Scope != "swarm":
		return fmt.Errorf("network %q is declared as external, but it is not in the right scope: %q instead of \"swarm\"", name, n.Network.Scope)
	}
	return nil
}

// file is a secret or a config whose content is a file's.
func (d *deployment) file(name string, x types.FileObjectConfig, read bool) (swarm.Annotations, []byte, error) {
	a := swarm.Annotations{Name: x.Name, Labels: map[string]string{}}
	if a.Name == "" {
		a.Name = d.space.Scope(name)
	}
	maps.Copy(a.Labels, x.Labels)
	a.Labels[convert.LabelNamespace] = d.space.Name()
	if !read {
		return a, []byte{}, nil
	}
	b, err := d.src.ReadFile(x.File)
	return a, b, err
}

func driver(name string, options map[string]string) *swarm.Driver {
	if name == "" {
		return nil
	}
	return &swarm.Driver{Name: name, Options: options}
}

func (d *deployment) secrets() error {
	var specs []swarm.SecretSpec
	for _, name := range slices.Sorted(maps.Keys(d.cfg.Secrets)) {
		x := d.cfg.Secrets[name]
		if x.External.External {
			continue
		}
		a, b, err := d.file(name, types.FileObjectConfig(x), x.Driver == "")
		if err != nil {
			return err
		}
		specs = append(specs, swarm.SecretSpec{
			Annotations: a, Data: b, Driver: driver(x.Driver, x.DriverOpts), Templating: driver(x.TemplateDriver, nil),
		})
	}
	for _, s := range specs {
		have, err := d.api.SecretInspect(d.ctx, s.Name, client.SecretInspectOptions{})
		switch {
		case err == nil:
			o := client.SecretUpdateOptions{Version: have.Secret.Meta.Version, Spec: s}
			if _, err := d.api.SecretUpdate(d.ctx, have.Secret.ID, o); err != nil {
				return fmt.Errorf("failed to update secret %s: %w", s.Name, err)
			}
		case errdefs.IsNotFound(err):
			d.say("Creating secret %s", s.Name)
			if _, err := d.api.SecretCreate(d.ctx, client.SecretCreateOptions{Spec: s}); err != nil {
				return fmt.Errorf("failed to create secret %s: %w", s.Name, err)
			}
		default:
			return err
		}
	}
	return nil
}

func (d *deployment) configs() error {
	var specs []swarm.ConfigSpec
	for _, name := range slices.Sorted(maps.Keys(d.cfg.Configs)) {
		x := d.cfg.Configs[name]
		if x.External.External {
			continue
		}
		a, b, err := d.file(name, types.FileObjectConfig(x), true)
		if err != nil {
			return err
		}
		specs = append(specs, swarm.ConfigSpec{Annotations: a, Data: b, Templating: driver(x.TemplateDriver, nil)})
	}
	for _, c := range specs {
		have, err := d.api.ConfigInspect(d.ctx, c.Name, client.ConfigInspectOptions{})
		switch {
		case err == nil:
			o := client.ConfigUpdateOptions{Version: have.Config.Meta.Version, Spec: c}
			if _, err := d.api.ConfigUpdate(d.ctx, have.Config.ID, o); err != nil {
				return fmt.Errorf("failed to update config %s: %w", c.Name, err)
			}
		case errdefs.IsNotFound(err):
			d.say("Creating config %s", c.Name)
			if _, err := d.api.ConfigCreate(d.ctx, client.ConfigCreateOptions{Spec: c}); err != nil {
				return fmt.Errorf("failed to create config %s: %w", c.Name, err)
			}
		default:
			return err
		}
	}
	return nil
}

// services makes services or changes them, and returns their identifiers.
func (d *deployment) services() (ids []string, err error) {
	specs, err := convert.Services(d.ctx, d.space, d.cfg, d.api)
	if err != nil {
		return nil, err
	}
	have, err := d.api.ServiceList(d.ctx, client.ServiceListOptions{Filters: d.ours()})
	if err != nil {
		return nil, err
	}
	there := map[string]swarm.Service{}
	for _, s := range have.Items {
		there[s.Spec.Name] = s
	}
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		id := ""
		if s, ok := there[d.space.Scope(name)]; ok {
			id, err = d.update(s, specs[name])
		} else {
			id, err = d.create(d.space.Scope(name), specs[name])
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (d *deployment) create(name string, spec swarm.ServiceSpec) (string, error) {
	d.say("Creating service %s", name)
	made, err := d.api.ServiceCreate(d.ctx, client.ServiceCreateOptions{Spec: spec, QueryRegistry: d.ResolveImage != "never"})
	if err != nil {
		return "", fmt.Errorf("failed to create service %s: %w", name, err)
	}
	return made.ID, nil
}

func (d *deployment) update(s swarm.Service, spec swarm.ServiceSpec) (string, error) {
	d.say("Updating service %s (id: %s)", s.Spec.Name, s.ID)
	o := client.ServiceUpdateOptions{Version: s.Version}
	changed := spec.TaskTemplate.ContainerSpec.Image != s.Spec.Labels[convert.LabelImage]
	switch {
	case d.ResolveImage == "always" || d.ResolveImage == "changed" && changed:
		o.QueryRegistry = true
	case !changed: // the digest that was found before stays
		spec.TaskTemplate.ContainerSpec.Image = s.Spec.TaskTemplate.ContainerSpec.Image
	}
	spec.TaskTemplate.ForceUpdate = s.Spec.TaskTemplate.ForceUpdate
	o.Spec = spec
	done, err := d.api.ServiceUpdate(d.ctx, s.ID, o)
	if err != nil {
		return "", fmt.Errorf("failed to update service %s: %w", s.Spec.Name, err)
	}
	for _, w := range done.Warnings {
		fmt.Fprintln(d.cli.Err(), w)
	}
	return s.ID, nil
}
