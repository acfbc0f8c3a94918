package image

import (
	"slices"
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// Registry is where images are pulled from.
type Registry struct {
	// Host is its name in error texts.
	Host string
	// Offline makes every pull end as without a way to the registry.
	Offline bool
	// Plain makes an image that nobody knows a plain one: a small Linux with busybox's
	// programs. Otherwise there is none, as at the real registry.
	Plain bool

	loop    *sim.Loop
	recipes []*recipe
	plains  []*recipe // that somebody has asked for
}

// DefaultRegistry knows the images of the scenarios.
func DefaultRegistry(l *sim.Loop) *Registry {
	return &Registry{Host: "registry-1.docker.io", loop: l, recipes: knownRecipes()}
}

// Find makes the image of a reference. Of a known name every tag is there, since
// people write many: a version that is not listed is as the nearest that is. A name
// that nobody knows is a plain image, if the registry says so.
func (r *Registry) Find(ref string) (*Image, bool) {
	name, tag := Split(ref)
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
	switch {
	case tag == "":
		return nil, false
	case near != nil:
		return near.image(ref), true
	case r.Plain && r.Unreachable(ref) == "":
		return r.plain(name, tag).image(ref), true
	}
	return nil, false
}

// plain is the recipe of a name that nobody knows.
func (r *Registry) plain(name, tag string) *recipe {
	for _, k := range r.plains {
		if k.name == name && k.tags[0] == tag {
			return k
		}
	}
	k := &recipe{
		name: name, tags: []string{tag}, sets: busyboxSets, shell: shell.Ash, size: 4_860_000, age: 100 * day, layers: []int64{2_220_000}, cmd: []string{"sh"},
		env: []string{pathEnv}, plain: true,
	}
	r.plains = append(r.plains, k)
	return k
}

// Split takes a reference apart: a registry's port is no tag.
func Split(ref string) (name, tag string) {
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// Unreachable is the registry that a reference names, when it is none that the
// simulated internet has; "" otherwise.
func (r *Registry) Unreachable(ref string) string {
	host, _, ok := strings.Cut(ref, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" && strings.ToLower(host) == host || r.Knows(ref) || slices.Contains(publicRegistries, host) {
		return ""
	}
	return host
}

// publicRegistries are those that anybody can pull from.
var publicRegistries = []string{
	"docker.io", "index.docker.io", "registry-1.docker.io", "quay.io", "gcr.io", "k8s.gcr.io", "registry.k8s.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws",
	"docker.elastic.co", "registry.gitlab.com", "lscr.io", "registry.fedoraproject.org", "registry.access.redhat.com", "nvcr.io",
}

// Knows reports whether the registry has any tag of a repository.
func (r *Registry) Knows(ref string) bool {
	name, _ := Split(ref)
	return slices.ContainsFunc(r.recipes, func(k *recipe) bool { return k.name == name })
}

// Install adds programs to all images that are known by now; those that an image
// has by itself go before them.
func (r *Registry) Install(set func() map[string]userland.Program) {
	for _, k := range r.recipes {
		k.sets = append([]programSet{set}, k.sets...)
	}
}

// Found is an image that a search found.
type Found struct {
	Name, Description string
	Official          bool
}

// Search finds the repositories whose name has a term in it, those of the library
// first.
func (r *Registry) Search(term string) (out []Found) {
	term = strings.TrimPrefix(strings.ToLower(term), "library/")
	for _, k := range r.recipes {
		if !strings.Contains(k.name, term) || slices.ContainsFunc(out, func(f Found) bool { return f.Name == k.name }) {
			continue
		}
		starts := append(slices.Clone(k.entrypoint), k.cmd...)
		out = append(out, Found{k.name, "A simulated image that starts " + strings.Join(starts, " "), !strings.Contains(k.name, "/")})
	}
	slices.SortFunc(out, func(a, b Found) int {
		if a.Official != b.Official {
			if a.Official {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
