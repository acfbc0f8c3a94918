package modes

import (
	"slices"
	"sort"
	"strings"

	"dnetsim/modes/events"
	"dnetsim/modes/filters"
	"dnetsim/modes/image"
)

// Images are the images of the host.
type Images struct {
	d     *Daemon
	store *image.Store
}

// newImages has those already pulled; nil is the usual ones.
func newImages(d *Daemon, pulled []string) *Images {
	s := &Images{d: d, store: image.NewStore(d.spec.Registry)}
	if pulled == nil {
		pulled = image.Present()
	}
	for _, ref := range pulled {
		s.store.Preset(ref)
		if img, err := s.store.Find(ref); err == nil {
			d.snapshots.Of(img)
		}
	}
	return s
}

// Get finds an image by name, id or the beginning of an id.
func (s *Images) Get(ref string) (*image.Image, error) {
	if err := s.d.available(); err != nil {
		return nil, err
	}
	return s.store.Find(ref)
}

// List lists the images that pass the filters, the newest first. Without all, those
// that only other images were made of are left out.
func (s *Images) List(f filters.Args, all bool) ([]*image.Image, error) {
	if err := s.d.available(); err != nil {
		return nil, err
	}
	if err := f.Validate("before", "dangling", "label", "reference", "since"); err != nil {
		return nil, err
	}
	var out []*image.Image
	for _, img := range s.store.All() {
		between := len(img.RepoTags) == 0 && len(s.store.Children(img)) > 0
		if imagePasses(img, f) && (all || !between) {
			out = append(out, img)
		}
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].Created.After(out[k].Created) })
	return out, nil
}

func imagePasses(img *image.Image, f filters.Args) bool {
	if !filters.MatchLabels(f["label"], img.Labels) || f.Has("dangling", "true") && len(img.RepoTags) > 0 {
		return false
	}
	if len(f["reference"]) == 0 {
		return true
	}
	return slices.ContainsFunc(f["reference"], img.Named)
}

// RemovedImage is one line of `docker rmi`.
type RemovedImage struct{ Untagged, Deleted string }

// Remove removes a tag, and the image with its last one.
func (s *Images) Remove(ref string, force bool) ([]RemovedImage, error) {
	img, err := s.Get(ref)
	if err != nil {
		return nil, err
	}
	full := image.Reference(ref)
	byID := !slices.Contains(img.RepoTags, full)
	if !force {
		if err := s.free(img, ref, byID); err != nil {
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
		img.Untag(t)
		s.event("untag", img.ID, img.ID)
	}
	if len(img.RepoTags) > 0 || s.user(img) != nil || len(s.store.Children(img)) > 0 {
		return out, nil
	}
	return append(out, s.delete(img)...), nil
}

// delete deletes an image, and those without a name that it was made of, as far as
// nothing else needs them.
func (s *Images) delete(img *image.Image) (out []RemovedImage) {
	for img != nil {
		for _, r := range img.RepoDigests {
			out = append(out, RemovedImage{Untagged: r})
		}
		parent := s.store.Parent(img)
		kept := 0
		if img.Parent != "" && parent != nil {
			kept = len(parent.Layers)
		}
		out = append(out, RemovedImage{Deleted: img.ID})
		for i := len(img.Layers) - 1; i >= kept; i-- {
			out = append(out, RemovedImage{Deleted: image.Hash("diff", img.Layers[i].Digest)})
		}
		s.store.Remove(img)
		s.event("delete", img.ID, img.ID)
		if img = parent; img != nil && (len(img.RepoTags) > 0 || s.user(img) != nil || len(s.store.Children(img)) > 0) {
			break
		}
	}
	return out
}

// Search finds the images of the registry that a term names.
func (s *Images) Search(term string, f filters.Args) ([]image.Found, error) {
	if err := s.d.available(); err != nil {
		return nil, err
	}
	if err := f.Validate("is-automated", "is-official", "stars"); err != nil {
		return nil, err
	}
	reg := s.store.Registry()
	if reg.Offline {
		return nil, s.unreachable(reg)
	}
	if term == "" {
		return nil, errf(ErrInvalid, "invalid reference format")
	}
	var out []image.Found
	for _, x := range reg.Search(term) {
		official := !f.Has("is-official", "false") && !f.Has("is-official", "0") && !f.Has("is-official", "true") && !f.Has("is-official", "1")
		if official || x.Official == (f.Has("is-official", "true") || f.Has("is-official", "1")) {
			out = append(out, x)
		}
	}
	return out, nil
}

// Prune deletes the images that no container and no other image uses: those without
// a name, or all. It tells what is gone and how many bytes.
func (s *Images) Prune(f filters.Args) (out []RemovedImage, size int64, err error) {
	if err := s.d.available(); err != nil {
		return nil, 0, err
	}
	if err := f.Validate("dangling", "label", "label!", "until"); err != nil {
		return nil, 0, err
	}
	dangling := !f.Has("dangling", "false") && !f.Has("dangling", "0")
	for _, img := range slices.Clone(s.store.All()) {
		named := len(img.RepoTags) > 0
		if dangling && named || s.user(img) != nil || len(s.store.Children(img)) > 0 || !filters.MatchLabels(f["label"], img.Labels) {
			continue
		}
		for _, t := range img.RepoTags {
			out = append(out, RemovedImage{Untagged: t})
			img.Untag(t)
			s.event("untag", img.ID, img.ID)
		}
		size += img.Size
		if p := s.store.Parent(img); p != nil {
			size -= p.Size
		}
		out = append(out, s.delete(img)...)
	}
	return out, size, nil
}

func (s *Images) user(img *image.Image) *Container {
	for _, c := range s.d.Containers.all {
		if c.Image == img.ID {
			return c
		}
	}
	return nil
}

func (s *Images) free(img *image.Image, ref string, byID bool) error {
	c := s.user(img)
	switch {
	case c == nil && byID && len(img.RepoTags) < 2 && len(s.store.Children(img)) > 0:
		return errf(ErrConflict, "conflict: unable to delete %s (cannot be forced) - image has dependent child images", shortImage(img.ID))
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

// Tag gives an image one more name.
func (s *Images) Tag(ref, newRef string) error {
	img, err := s.Get(ref)
	if err != nil {
		return err
	}
	full := image.Reference(newRef)
	for _, x := range s.store.All() {
		x.Untag(full)
	}
	img.RepoTags = append(img.RepoTags, full)
	s.event("tag", img.ID, full)
	return nil
}

func (s *Images) event(action, id, name string) {
	s.d.Events.Add(events.Event{Type: "image", Action: action, ID: id, Attributes: map[string]string{"name": name}})
}
