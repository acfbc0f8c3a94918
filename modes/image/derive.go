package image

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/health"
	"dnetsim/modes/nat"
	"dnetsim/userland"
	"dnetsim/userland/archive"
)

// quoted is a list as the history of an image shows it.
func quoted(l []string) string {
	q := make([]string, len(l))
	for i, s := range l {
		q[i] = `"` + s + `"`
	}
	return strings.Join(q, " ")
}

// Scratch is the empty image, of which others are made.
func (s *Store) Scratch() *Image {
	if s.empty == nil {
		s.empty = &recipe{name: "scratch", tags: []string{"latest"}, sets: busyboxSets}
		s.empty.collect()
	}
	return &Image{Architecture: "amd64", recipe: s.empty, tree: userland.NewBareFS(s.registry.loop)}
}

// Derive is an image like base, to be changed and then sealed.
func (img *Image) Derive() *Image {
	c := *img
	c.Parent, c.RepoTags, c.RepoDigests, c.Comment, c.Author = img.ID, nil, nil, "", img.Author
	c.Env, c.Cmd, c.Entrypoint = slices.Clone(img.Env), slices.Clone(img.Cmd), slices.Clone(img.Entrypoint)
	c.ExposedPorts, c.Volumes, c.Labels = maps.Clone(img.ExposedPorts), maps.Clone(img.Volumes), maps.Clone(img.Labels)
	c.Layers, c.History = slices.Clone(img.Layers), slices.Clone(img.History)
	return &c
}

// Seal makes an image of what was derived: its tree is that of base with a layer on
// top, an archive of changes, or base's if there is none; its id is the hash of its
// configuration.
func (s *Store) Seal(img, base *Image, layer []byte, step Step) error {
	img.tree = s.Files(base)
	if layer != nil {
		img.tree = img.tree.Clone()
		if err := archive.Unpack(img.tree, "/", layer, true); err != nil {
			return errdefs.Invalid("Error processing tar file: %v", err)
		}
		sum := sha256.Sum256(layer)
		step.Size = contentSize(layer)
		img.Layers = append(img.Layers, Layer{Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: step.Size, data: layer})
		img.Size += step.Size
	}
	step.Empty = layer == nil
	img.Created = step.Created
	img.History = append(img.History, step)
	sum := sha256.Sum256(img.Config())
	img.ID = "sha256:" + hex.EncodeToString(sum[:])
	img.History[len(img.History)-1].Image = img.ID
	s.Add(img)
	return nil
}

// contentSize is how many bytes the files of a layer have.
func contentSize(layer []byte) (sum int64) {
	r, err := archive.Reader(layer)
	for err == nil {
		h, e := r.Next()
		if err = e; e == nil {
			sum += h.Size
		}
	}
	return sum
}

// Parent finds the image that an image was made of here, nil if there is none.
func (s *Store) Parent(img *Image) *Image {
	for _, x := range s.list {
		if x.ID == img.Parent && img.Parent != "" {
			return x
		}
	}
	return nil
}

// Children are the images that were made of an image here.
func (s *Store) Children(img *Image) (out []*Image) {
	for _, x := range s.list {
		if x.Parent == img.ID {
			out = append(out, x)
		}
	}
	return out
}

// Cached finds the image that the same step made of the same image before.
func (s *Store) Cached(base, want *Image, by string) *Image {
	for _, x := range slices.Backward(s.Children(base)) {
		if last := x.History[len(x.History)-1]; last.By == by && x.sameConfig(want) {
			return x
		}
	}
	return nil
}

func (img *Image) sameConfig(o *Image) bool {
	a, _ := json.Marshal(img.settings())
	b, _ := json.Marshal(o.settings())
	return string(a) == string(b)
}

// settings are an image's part of the configuration of its containers, in the form
// of Docker's image format.
type settings struct {
	User         string              `json:",omitempty"`
	ExposedPorts map[string]struct{} `json:",omitempty"`
	Env          []string
	Cmd          []string
	Healthcheck  *check              `json:",omitempty"`
	Volumes      map[string]struct{} `json:",omitempty"`
	WorkingDir   string
	Entrypoint   []string
	Labels       map[string]string `json:",omitempty"`
	StopSignal   string            `json:",omitempty"`
}

type check struct {
	Test                           []string      `json:",omitempty"`
	Interval, Timeout, StartPeriod time.Duration `json:",omitempty"`
	Retries                        int           `json:",omitempty"`
}

func (img *Image) settings() settings {
	out := settings{
		User: img.User, Env: img.Env, Cmd: img.Cmd, WorkingDir: img.WorkingDir, Entrypoint: img.Entrypoint,
		Labels: img.Labels, StopSignal: img.StopSignal,
	}
	for p := range img.ExposedPorts {
		if out.ExposedPorts == nil {
			out.ExposedPorts = map[string]struct{}{}
		}
		out.ExposedPorts[p.String()] = struct{}{}
	}
	for v := range img.Volumes {
		if out.Volumes == nil {
			out.Volumes = map[string]struct{}{}
		}
		out.Volumes[v] = struct{}{}
	}
	if h := img.Healthcheck; h != nil {
		out.Healthcheck = &check{h.Test, h.Interval, h.Timeout, h.StartPeriod, h.Retries}
	}
	return out
}

// take sets an image's part of the configuration.
func (img *Image) take(c settings) {
	img.User, img.Env, img.Cmd, img.WorkingDir, img.Entrypoint = c.User, c.Env, c.Cmd, c.WorkingDir, c.Entrypoint
	img.Labels, img.StopSignal = c.Labels, c.StopSignal
	for text := range c.ExposedPorts {
		if p, err := nat.ParsePort(text); err == nil {
			if img.ExposedPorts == nil {
				img.ExposedPorts = map[nat.Port]bool{}
			}
			img.ExposedPorts[p] = true
		}
	}
	for v := range c.Volumes {
		if img.Volumes == nil {
			img.Volumes = map[string]bool{}
		}
		img.Volumes[v] = true
	}
	if h := c.Healthcheck; h != nil {
		img.Healthcheck = &health.Check{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries}
	}
}

// config is an image's configuration file.
type config struct {
	Architecture string    `json:"architecture"`
	Author       string    `json:"author,omitempty"`
	Config       settings  `json:"config"`
	Created      time.Time `json:"created"`
	History      []past    `json:"history"`
	OS           string    `json:"os"`
	RootFS       struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	Comment string `json:"comment,omitempty"`
	// Recipe names the known image whose programs this one has, and how many of its
	// layers are that image's.
	Recipe *origin `json:"dnetsim,omitempty"`
}

type origin struct {
	Image  string `json:"image"`
	Layers int    `json:"layers"`
	ID     string `json:"id"` // of the image
	Parent string `json:"parent,omitempty"`
	Size   int64  `json:"size"` // of the known image
}

type past struct {
	Created time.Time `json:"created"`
	Author  string    `json:"author,omitempty"`
	By      string    `json:"created_by,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Empty   bool      `json:"empty_layer,omitempty"`
}

// description is the configuration file without what names the image itself.
func (img *Image) description() *config {
	c := &config{Architecture: cmp.Or(img.Architecture, "amd64"), Author: img.Author, Config: img.settings(), Created: img.Created.UTC(), OS: "linux", Comment: img.Comment}
	for _, h := range img.History {
		c.History = append(c.History, past{h.Created.UTC(), h.Author, h.By, h.Comment, h.Empty})
	}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{}
	for _, l := range img.Layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, l.Digest)
	}
	return c
}

// Config is the image's configuration as JSON, of which its id is the hash.
func (img *Image) Config() []byte {
	b, _ := json.Marshal(img.description())
	return b
}

// RefOrID is an image's first name, or its id.
func (img *Image) RefOrID() string {
	if len(img.RepoTags) > 0 {
		return img.RepoTags[0]
	}
	return img.ID
}

// exported is the comment of an archive of docker export, and the known image whose
// programs its files run.
const exported = "dnetsim "

// Export is the archive of a tree that was the image's, with a note whose programs
// are in it.
func (img *Image) Export(tree *userland.FS) ([]byte, error) {
	return archive.Noted(tree, exported+img.recipe.name+":"+img.recipe.tags[0])
}

// Origin is an empty image with the programs that an exported archive needs; of an
// archive from elsewhere, those of busybox.
func (s *Store) Origin(b []byte) *Image {
	img := s.Scratch()
	if name, ok := strings.CutPrefix(archive.Note(b), exported); ok {
		if known, ok := s.registry.Find(name); ok {
			img.recipe = known.recipe
			s.recipeFiles(known.recipe) // its programs
		}
	}
	return img
}
