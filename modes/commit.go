package modes

import (
	"slices"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/dockerfile"
	"dnetsim/modes/image"
	"dnetsim/userland"
	"dnetsim/userland/archive"
)

// CommitOptions are those of `docker commit`.
type CommitOptions struct {
	Name            string   // of the image, "" gives it none
	Comment, Author string   // of the new layer
	Changes         []string // lines of a Dockerfile
	Pause           bool
}

// changeable are the instructions that a commit may make.
var changeable = []string{"CMD", "ENTRYPOINT", "HEALTHCHECK", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

// amend applies lines of a Dockerfile to an image.
func amend(img *image.Image, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	list, err := dockerfile.Parse(strings.Join(lines, "\n"))
	if err != nil {
		return err
	}
	for _, i := range list {
		if !slices.Contains(changeable, i.Name) {
			return errf(ErrInvalid, "%s is not a valid change command", strings.ToLower(i.Name))
		}
		if _, err := img.Change(&i, func(name string) (string, bool) { return lookupEnv(img.Env, name) }); err != nil {
			return err
		}
	}
	return nil
}

func lookupEnv(env []string, name string) (string, bool) {
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// Changes is what a container has changed of its image's files.
func (cs *Containers) Changes(ref string) ([]userland.Change, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	return c.changes(), nil
}

func (c *Container) changes() []userland.Change {
	return c.run.fs.Changes(c.run.daemon.Images.store.Files(c.run.image))
}

// Written is how many bytes of files a container has written or changed.
func (c *Container) Written() (n int64) {
	for _, x := range c.changes() {
		if x.Kind == userland.Deleted {
			continue
		}
		if i, err := c.run.fs.Lstat(x.Path); err == nil && i.Kind == userland.Regular {
			n += i.Size
		}
	}
	return n
}

// Layer is the archive of what a container has changed of its image's files.
func (cs *Containers) Layer(ref string) ([]byte, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	return c.layer()
}

func (c *Container) layer() ([]byte, error) { return archive.Layer(c.run.fs, c.changes()) }

// Commit makes an image of a container: its files, and what it was made with.
func (cs *Containers) Commit(ref string, o CommitOptions) (*image.Image, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	if c.run.removing || c.State.Status == container.Dead {
		return nil, errf(ErrConflict, "You cannot commit container %s which is %s", c.ID, c.State.Status)
	}
	if o.Pause && c.State.Status == container.Running {
		if err := cs.Pause(c.ID); err != nil {
			return nil, err
		}
		defer cs.Unpause(c.ID) //nolint:errcheck // it was paused here
	}
	img := c.run.image.Derive()
	img.Env, img.Cmd, img.Entrypoint = c.Config.Env, c.Config.Cmd, c.Config.Entrypoint
	img.WorkingDir, img.User, img.ExposedPorts, img.Labels = c.Config.WorkingDir, c.Config.User, c.Config.ExposedPorts, c.Config.Labels
	img.StopSignal, img.Healthcheck = c.Config.StopSignal, c.Config.Healthcheck
	img = img.Derive()
	img.Parent, img.Author, img.Comment = c.run.image.ID, o.Author, o.Comment
	if err := amend(img, o.Changes); err != nil {
		return nil, err
	}
	layer, err := c.layer()
	if err != nil {
		return nil, err
	}
	step := image.Step{Created: cs.d.Wall(), By: strings.Join(c.Config.Cmd, " "), Comment: o.Comment, Author: o.Author}
	if err := cs.d.Images.seal(img, c.run.image, layer, step, o.Name); err != nil {
		return nil, err
	}
	c.event("commit", "comment", o.Comment, "imageID", img.ID, "imageRef", img.RefOrID())
	return img, nil
}

// Export is the archive of a container's files.
func (cs *Containers) Export(ref string) ([]byte, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	layer, err := c.layer()
	if err != nil {
		return nil, err
	}
	tree := cs.d.Images.store.Files(c.run.image).Clone()
	if err := archive.Unpack(tree, "/", layer, true); err != nil {
		return nil, errf(ErrSystem, "%v", err)
	}
	tree.WriteFile("/.dockerenv", nil, 0o755)
	for _, m := range mounted {
		tree.WriteFile(m[0], nil, 0o755)
	}
	c.event("export")
	return c.run.image.Export(tree)
}

// Seal makes an image of what was derived of base, and gives it a name if there is
// one. The layer is an archive of changes, nil if there are none.
func (s *Images) Seal(img, base *image.Image, layer []byte, by, name string) error {
	return s.seal(img, base, layer, image.Step{Created: s.d.Wall(), By: by}, name)
}

func (s *Images) seal(img, base *image.Image, layer []byte, step image.Step, name string) error {
	if err := s.store.Seal(img, base, layer, step); err != nil {
		return err
	}
	if name == "" {
		return nil
	}
	return s.Tag(img.ID, name)
}

// Files is an image's tree; it is cloned before it is changed.
func (s *Images) Files(img *image.Image) *userland.FS { return s.store.Files(img) }

// Scratch is the empty image.
func (s *Images) Scratch() *image.Image { return s.store.Scratch() }

// Cached finds the image that the same step made of base before, nil if there is none.
func (s *Images) Cached(base, want *image.Image, by string) *image.Image {
	return s.store.Cached(base, want, by)
}

// Save is the archive of docker save, of images by name or id.
func (s *Images) Save(refs []string) ([]byte, error) {
	var list []*image.Image
	tags := map[*image.Image][]string{}
	for _, ref := range refs {
		img, err := s.Get(ref)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, img) {
			list = append(list, img)
		}
		switch full := image.Reference(ref); {
		case slices.Contains(img.RepoTags, full):
			tags[img] = append(tags[img], full)
		case !strings.ContainsAny(ref, ":@/"):
			// By an id: no name goes along, as none was asked for.
		}
		s.event("save", img.ID, img.ID)
	}
	return s.store.Save(list, tags, s.d.Wall())
}

// Load takes the images of such an archive, and says what they are called.
func (s *Images) Load(b []byte) ([]string, error) {
	if err := s.d.available(); err != nil {
		return nil, err
	}
	said, list, err := s.store.Load(b)
	for _, img := range list {
		s.event("load", img.ID, img.ID)
	}
	return said, err
}

// Import makes an image of an archive of files.
func (s *Images) Import(b []byte, name, message string, changes []string) (*image.Image, error) {
	if err := s.d.available(); err != nil {
		return nil, err
	}
	base := s.store.Origin(b)
	img := base.Derive()
	img.Parent, img.Comment = "", message
	if message == "" {
		img.Comment = "Imported from -"
	}
	if err := amend(img, changes); err != nil {
		return nil, err
	}
	if err := s.seal(img, base, b, image.Step{Created: s.d.Wall(), Comment: img.Comment}, name); err != nil {
		return nil, err
	}
	s.event("import", img.ID, img.ID)
	return img, nil
}
