package modes

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strings"
	"time"

	"dnetsim/userland"
)

// Image is a simulated image: a name, programs, and how it starts.
type Image struct {
	ID           string   // "sha256:…", a hash of its name
	RepoTags     []string // "busybox:latest"
	RepoDigests  []string // "busybox@sha256:…"
	Created      time.Time
	Size         int64 // bytes
	Author       string
	Architecture string
	Env          []string
	Cmd          []string
	Entrypoint   []string
	WorkingDir   string
	ExposedPorts map[Port]bool
	StopSignal   string
	Labels       map[string]string
	Layers       []Layer

	recipe *recipe
}

// Layer is one layer of an image.
type Layer struct {
	Digest string // "sha256:…"
	Size   int64  // bytes, compressed
}

// hash is a stable digest of a name.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// reference brings an image's name into its familiar form with a tag: the
// public registry's host and the folder library are left out.
func reference(s string) string {
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

// imageStore is the images that a daemon has.
type imageStore struct {
	registry *Registry
	list     []*Image
	trees    map[*recipe]*userland.FS
}

func newImageStore(r *Registry) *imageStore {
	return &imageStore{registry: r, trees: map[*recipe]*userland.FS{}}
}

func (s *imageStore) all() []*Image { return s.list }

// preset makes an image present without a pull; unknown names are ignored.
func (s *imageStore) preset(ref string) {
	if img, ok := s.registry.find(reference(ref)); ok {
		s.add(img)
	}
}

func (s *imageStore) add(img *Image) {
	for _, x := range s.list {
		if x.ID == img.ID {
			for _, t := range img.RepoTags {
				if !contains(x.RepoTags, t) {
					x.RepoTags = append(x.RepoTags, t)
				}
			}
			return
		}
	}
	s.list = append(s.list, img)
}

// files is the image's tree, which containers clone.
func (s *imageStore) files(img *Image) *userland.FS {
	fs := s.trees[img.recipe]
	if fs == nil {
		fs = img.recipe.build(s.registry.loop)
		s.trees[img.recipe] = fs
	}
	return fs
}

// findImage finds an image by name, id or the beginning of an id.
func (d *Daemon) findImage(ref string) (*Image, error) {
	if ref == "" {
		return nil, errf(ErrInvalid, "no image specified")
	}
	full := reference(ref)
	var found []*Image
	for _, img := range d.images.list {
		if contains(img.RepoTags, full) || contains(img.RepoDigests, full) {
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
	}
	return nil, errf(ErrNotFound, "No such image: %s", full)
}

func hexadecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

// Image finds an image by name, id or the beginning of an id.
func (d *Daemon) Image(ref string) (*Image, error) {
	if err := d.available(); err != nil {
		return nil, err
	}
	return d.findImage(ref)
}

// Images lists the images that pass the filters, the newest first.
func (d *Daemon) Images(f Filters) ([]*Image, error) {
	if err := d.available(); err != nil {
		return nil, err
	}
	if err := f.validate("before", "dangling", "label", "reference", "since"); err != nil {
		return nil, err
	}
	var out []*Image
	for _, img := range d.images.list {
		if imagePasses(img, f) {
			out = append(out, img)
		}
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].Created.After(out[k].Created) })
	return out, nil
}

func imagePasses(img *Image, f Filters) bool {
	if !matchLabels(f["label"], img.Labels) || f.has("dangling", "true") && len(img.RepoTags) > 0 {
		return false
	}
	if len(f["reference"]) == 0 {
		return true
	}
	for _, want := range f["reference"] {
		for _, tag := range img.RepoTags {
			name, _, _ := strings.Cut(tag, ":")
			if want == name || reference(want) == tag || globMatch(want, tag) || globMatch(want, name) {
				return true
			}
		}
	}
	return false
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

// RemovedImage is one line of `docker rmi`.
type RemovedImage struct{ Untagged, Deleted string }

// ImageRemove removes a tag, and the image with its last one.
func (d *Daemon) ImageRemove(ref string, force bool) ([]RemovedImage, error) {
	img, err := d.Image(ref)
	if err != nil {
		return nil, err
	}
	full := reference(ref)
	byID := !contains(img.RepoTags, full)
	if !force {
		if err := d.imageFree(img, ref, byID); err != nil {
			return nil, err
		}
	}
	var out []RemovedImage
	tags := []string{full}
	if byID {
		if len(img.RepoTags) > 1 && !force {
			return nil, errf(ErrConflict, "conflict: unable to delete %s (must be forced) - image is referenced in multiple repositories", shortImage(img.ID))
		}
		tags = append([]string(nil), img.RepoTags...)
	}
	for _, t := range tags {
		out = append(out, RemovedImage{Untagged: t})
		var kept []string
		for _, x := range img.RepoTags {
			if x != t {
				kept = append(kept, x)
			}
		}
		img.RepoTags = kept
		d.imageEvent("untag", img.ID, img.ID)
	}
	if len(img.RepoTags) > 0 || d.imageUser(img) != nil {
		return out, nil
	}
	for _, r := range img.RepoDigests {
		out = append(out, RemovedImage{Untagged: r})
	}
	out = append(out, RemovedImage{Deleted: img.ID})
	for i := len(img.Layers) - 1; i >= 0; i-- {
		out = append(out, RemovedImage{Deleted: hash("diff", img.Layers[i].Digest)})
	}
	for i, x := range d.images.list {
		if x == img {
			d.images.list = append(d.images.list[:i:i], d.images.list[i+1:]...)
			break
		}
	}
	d.imageEvent("delete", img.ID, img.ID)
	return out, nil
}

func (d *Daemon) imageUser(img *Image) *Container {
	for _, c := range d.containers {
		if c.Image == img.ID {
			return c
		}
	}
	return nil
}

func (d *Daemon) imageFree(img *Image, ref string, byID bool) error {
	c := d.imageUser(img)
	switch {
	case c == nil || len(img.RepoTags) > 1 && !byID:
		return nil
	case byID && c.State.Running():
		return errf(ErrConflict, "conflict: unable to delete %s (cannot be forced) - image is being used by running container %s", shortImage(img.ID), c.ShortID())
	case byID:
		return errf(ErrConflict, "conflict: unable to delete %s (must be forced) - image is being used by stopped container %s", shortImage(img.ID), c.ShortID())
	}
	return errf(ErrConflict, "conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s", ref, c.ShortID(), shortImage(img.ID))
}

func shortImage(id string) string { return strings.TrimPrefix(id, "sha256:")[:12] }

// ImageTag gives an image one more name.
func (d *Daemon) ImageTag(ref, newRef string) error {
	img, err := d.Image(ref)
	if err != nil {
		return err
	}
	full := reference(newRef)
	for _, x := range d.images.list {
		var kept []string
		for _, t := range x.RepoTags {
			if t != full {
				kept = append(kept, t)
			}
		}
		x.RepoTags = kept
	}
	img.RepoTags = append(img.RepoTags, full)
	d.imageEvent("tag", img.ID, full)
	return nil
}
