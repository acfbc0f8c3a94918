package modes

import (
	"slices"
	"sort"
	"strings"

	"dnetsim/modes/image"
)

// Image finds an image by name, id or the beginning of an id.
func (d *Daemon) Image(ref string) (*image.Image, error) {
	if err := d.available(); err != nil {
		return nil, err
	}
	return d.images.Find(ref)
}

// Images lists the images that pass the filters, the newest first.
func (d *Daemon) Images(f Filters) ([]*image.Image, error) {
	if err := d.available(); err != nil {
		return nil, err
	}
	if err := f.validate("before", "dangling", "label", "reference", "since"); err != nil {
		return nil, err
	}
	var out []*image.Image
	for _, img := range d.images.All() {
		if imagePasses(img, f) {
			out = append(out, img)
		}
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].Created.After(out[k].Created) })
	return out, nil
}

func imagePasses(img *image.Image, f Filters) bool {
	if !matchLabels(f["label"], img.Labels) || f.has("dangling", "true") && len(img.RepoTags) > 0 {
		return false
	}
	if len(f["reference"]) == 0 {
		return true
	}
	return slices.ContainsFunc(f["reference"], img.Named)
}

// RemovedImage is one line of `docker rmi`.
type RemovedImage struct{ Untagged, Deleted string }

// ImageRemove removes a tag, and the image with its last one.
func (d *Daemon) ImageRemove(ref string, force bool) ([]RemovedImage, error) {
	img, err := d.Image(ref)
	if err != nil {
		return nil, err
	}
	full := image.Reference(ref)
	byID := !slices.Contains(img.RepoTags, full)
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
		img.Untag(t)
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
		out = append(out, RemovedImage{Deleted: image.Hash("diff", img.Layers[i].Digest)})
	}
	d.images.Remove(img)
	d.imageEvent("delete", img.ID, img.ID)
	return out, nil
}

func (d *Daemon) imageUser(img *image.Image) *Container {
	for _, c := range d.containers {
		if c.Image == img.ID {
			return c
		}
	}
	return nil
}

func (d *Daemon) imageFree(img *image.Image, ref string, byID bool) error {
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
	full := image.Reference(newRef)
	for _, x := range d.images.All() {
		x.Untag(full)
	}
	img.RepoTags = append(img.RepoTags, full)
	d.imageEvent("tag", img.ID, full)
	return nil
}
