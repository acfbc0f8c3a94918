package image

import (
	"slices"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/userland"
	"dnetsim/userland/web"
)

// Spec describes an image that the registry does not know by itself.
type Spec struct {
	Name string // "shop" or "acme/shop:v2"
	Like string // the known image whose programs and files it has; "" is busybox
	Cmd  []string
	Env  []string
	// Listen are TCP ports that the image exposes. Without a Cmd it starts a
	// web server on each that answers Response; its program is called serve.
	Listen   []nat.Port
	Response string
}

// Add makes the registry know an image, or know another one by a name.
func (r *Registry) Add(s Spec) error {
	like := s.Like
	if like == "" {
		like = "busybox"
	}
	base, ok := r.Find(Reference(like))
	if !ok {
		return errdefs.NotFound("no such image: %s", like)
	}
	k := *base.recipe
	full := Reference(s.Name)
	i := strings.LastIndexByte(full, ':')
	k.name, k.tags, k.programs = full[:i], []string{full[i+1:]}, nil
	if s.Env != nil {
		k.env = MergeEnv(k.env, s.Env)
	}
	if s.Cmd != nil {
		k.cmd, k.entrypoint = s.Cmd, nil
	}
	if len(s.Listen) > 0 {
		k.expose = s.Listen
		for _, p := range s.Listen {
			if p.Proto != "tcp" {
				return errdefs.Invalid("image %s cannot listen on %s: only TCP", s.Name, p)
			}
		}
		k.extra = map[string]userland.Program{"serve": serve(s.Listen, s.Response)}
		for n, p := range base.recipe.extra {
			k.extra[n] = p
		}
		if s.Cmd == nil {
			k.cmd, k.entrypoint = []string{"serve"}, nil
		}
	}
	r.recipes = slices.DeleteFunc(r.recipes, func(o *recipe) bool {
		return o.name == k.name && slices.Equal(o.tags, k.tags)
	})
	r.recipes = append([]*recipe{&k}, r.recipes...)
	return nil
}

// serve is a program that answers on every port: one process for each.
func serve(ports []nat.Port, response string) userland.Program {
	return func(p *userland.Process) int {
		servers := make([]*web.Server, len(ports))
		for i, at := range ports {
			servers[i] = &web.Server{Style: web.Nginx, Port: at.Number, Index: response, Quit: []userland.Signal{userland.SIGTERM}}
		}
		for _, w := range servers[1:] {
			p.Machine.Start(userland.ProcSpec{Program: w.Run, Args: p.Args, Env: p.Environ(), Stdout: p.Stdout, Stderr: p.Stderr})
		}
		return servers[0].Run(p)
	}
}

// Names are the repositories that every registry has.
func Names() (names []string) {
	for _, k := range knownRecipes() {
		names = append(names, k.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Present are on a host that does not say otherwise.
func Present() []string { return slices.Clone(presentImages) }
