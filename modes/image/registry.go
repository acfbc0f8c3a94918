package image

import (
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"
)

// Registry is where images are pulled from.
type Registry struct {
	// Host is its name in error texts.
	Host string
	// Offline makes every pull end as without a way to the registry.
	Offline bool

	loop    *sim.Loop
	recipes []*recipe
}

// DefaultRegistry knows the images of the scenarios.
func DefaultRegistry(l *sim.Loop) *Registry {
	return &Registry{Host: "registry-1.docker.io", loop: l, recipes: knownRecipes()}
}

// Find makes the image of a reference. Of a known name every tag is there, since
// people write many: a version that is not listed is as the nearest that is.
func (r *Registry) Find(ref string) (*Image, bool) {
	name, tag, _ := strings.Cut(ref, ":")
	var near *recipe
	for _, k := range r.recipes {
		if k.name != name {
			continue
		}
		for _, t := range k.tags {
			if t == tag {
				return k.image(ref), true
			}
			if near == nil || t == "latest" || strings.HasPrefix(tag, t) {
				near = k
			}
			if strings.HasPrefix(tag, t+".") {
				return k.image(ref), true
			}
		}
	}
	if near == nil || tag == "" {
		return nil, false
	}
	return near.image(ref), true
}

// Knows reports whether the registry has any tag of a repository.
func (r *Registry) Knows(ref string) bool {
	name, _, _ := strings.Cut(ref, ":")
	for _, k := range r.recipes {
		if k.name == name {
			return true
		}
	}
	return false
}

// Install adds programs to all images that are known by now; those that an image
// has by itself go before them.
func (r *Registry) Install(set func() map[string]userland.Program) {
	for _, k := range r.recipes {
		k.sets = append([]programSet{set}, k.sets...)
	}
}
