// Package image is simulated images: a name, a set of programs, and how they
// start; the registry that they come from, and what a daemon has of them. A pull's
// progress and its time are the daemon's. Start reading at [Image] and recipes.go.
package image

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/health"
	"dnetsim/modes/nat"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// Image is a simulated image: a name, programs, and how it starts.
type Image struct {
	ID           string   // "sha256:…", a hash of its name, or of its configuration if it was made here
	Parent       string   // the image that it was made of here, or ""
	RepoTags     []string // "busybox:latest"
	RepoDigests  []string // "busybox@sha256:…"
	Created      time.Time
	Size         int64 // bytes
	Unpacked     int64 // bytes that its snapshot takes where images are containerd's
	Author       string
	Comment      string
	Architecture string
	User         string
	Env          []string
	Cmd          []string
	Entrypoint   []string
	WorkingDir   string
	ExposedPorts map[nat.Port]bool
	Volumes      map[string]bool // places of anonymous volumes
	StopSignal   string
	Healthcheck  *health.Check // nil: none
	Labels       map[string]string
	Layers       []Layer
	History      []Step // the oldest first

	recipe *recipe
	tree   *userland.FS // nil: the recipe's
}

// Layer is one layer of an image.
type Layer struct {
	Digest string // "sha256:…"
	Size   int64  // bytes, compressed
	// data is the archive of a layer that was made here, nil for a recipe's.
	data []byte
}

// Step is one line of an image's history.
type Step struct {
	Created time.Time
	By      string // the command
	Comment string
	Author  string
	Size    int64 // bytes
	Empty   bool  // it made no layer
	Image   string
}

// Hash is a stable digest of a name.
func Hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Reference brings an image's name into its familiar form with a tag: the
// public registry's host and the folder library are left out.
func Reference(s string) string {
	s = strings.TrimPrefix(s, "docker.io/")
	s = strings.TrimPrefix(s, "index.docker.io/")
	s = strings.TrimPrefix(s, "library/")
	name, digest, ok := strings.Cut(s, "@")
	if ok {
		return name + "@" + digest
	}
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, '/') {
		return s
	}
	return s + ":latest"
}

// Store is the images that a daemon has.
type Store struct {
	registry *Registry
	list     []*Image
	trees    map[*recipe]*userland.FS
	empty    *recipe
}

// NewStore has no image yet.
func NewStore(r *Registry) *Store {
	return &Store{registry: r, trees: map[*recipe]*userland.FS{}}
}

// Registry is where the images come from.
func (s *Store) Registry() *Registry { return s.registry }

// All are the images that are there.
func (s *Store) All() []*Image { return s.list }

// Preset makes an image present without a pull; unknown names are ignored.
func (s *Store) Preset(ref string) {
	if img, ok := s.registry.Find(Reference(ref)); ok {
		s.Add(img)
	}
}

// Add takes an image, or its names if it is there.
func (s *Store) Add(img *Image) {
	for _, x := range s.list {
		if x.ID == img.ID {
			for _, t := range img.RepoTags {
				if !slices.Contains(x.RepoTags, t) {
					x.RepoTags = append(x.RepoTags, t)
				}
			}
			return
		}
	}
	s.list = append(s.list, img)
}

// Files is the image's tree, which containers clone.
func (s *Store) Files(img *Image) *userland.FS {
	if img.tree != nil {
		return img.tree
	}
	return s.recipeFiles(img.recipe)
}

func (s *Store) recipeFiles(k *recipe) *userland.FS {
	fs := s.trees[k]
	if fs == nil {
		fs = k.build(s.registry.loop)
		s.trees[k] = fs
	}
	return fs
}

// Find finds an image by name, id or the beginning of an id.
func (s *Store) Find(ref string) (*Image, error) {
	if ref == "" {
		return nil, errdefs.Invalid("no image specified")
	}
	full := Reference(ref)
	var found []*Image
	for _, img := range s.list {
		if slices.Contains(img.RepoTags, full) || slices.Contains(img.RepoDigests, full) {
			return img, nil
		}
		id := strings.TrimPrefix(ref, "sha256:")
		if hexadecimal(id) && strings.HasPrefix(img.ID, "sha256:"+id) {
			found = append(found, img)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if strings.HasPrefix(ref, "sha256:") {
		full = ref
	} else if _, tag, _ := strings.Cut(full[strings.LastIndexByte(full, '/')+1:], ":"); strings.Contains(tag, ":") && !strings.Contains(full, "@") {
		return nil, errdefs.Invalid("invalid reference format")
	}
	return nil, errdefs.NotFound("No such image: %s", full)
}

func hexadecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

// globMatch matches a pattern whose only special character is the star.
func globMatch(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, last)
}

// Named reports whether a name of the image matches a filter: a reference, or a
// pattern with stars.
func (img *Image) Named(want string) bool {
	for _, tag := range img.RepoTags {
		name, _ := Split(tag)
		if want == name || Reference(want) == tag || globMatch(want, tag) || globMatch(want, name) {
			return true
		}
	}
	return false
}

// Untag takes a name away.
func (img *Image) Untag(tag string) {
	var kept []string
	for _, t := range img.RepoTags {
		if t != tag {
			kept = append(kept, t)
		}
	}
	img.RepoTags = kept
}

// Remove forgets an image.
func (s *Store) Remove(img *Image) {
	s.list = slices.DeleteFunc(slices.Clone(s.list), func(x *Image) bool { return x == img })
}

// Plain reports whether the image is one that nobody knows, made for its name.
func (img *Image) Plain() bool { return img.recipe.plain }

// Programs are what can be run in the image, and Shell how its sh behaves.
func (img *Image) Programs() map[string]userland.Program { return img.recipe.programs }

// Shell is the style of the image's shell.
func (img *Image) Shell() shell.Style { return img.recipe.shell }

// MergeEnv gives the defaults, then the values, each key once. It is nil if
// both are.
func MergeEnv(defaults, values []string) []string {
	out := append([]string(nil), defaults...)
next:
	for _, kv := range values {
		k, _, _ := strings.Cut(kv, "=")
		for i, old := range out {
			if strings.HasPrefix(old, k+"=") {
				out[i] = kv
				continue next
			}
		}
		out = append(out, kv)
	}
	return out
}
