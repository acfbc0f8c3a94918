package userland

import (
	"path"
	"strings"
)

// binding is what a directory entry shows that another directory is mounted on.
type binding struct {
	fs       *FS
	source   string // without symbolic links
	readonly bool
}

// there is the directory that is mounted; an empty one if it is gone.
func (b *binding) there() *node {
	if _, n, err := b.fs.lookup(b.source, true); err == nil {
		return n
	}
	return &node{owner: b.fs.owner, kind: Directory, mode: 0o755, special: &plain}
}

// Bind mounts what is at source in another tree at a place of this one, as
// mount --bind does: both see what either changes. Missing directories are made
// on both sides.
func (fs *FS) Bind(target string, from *FS, source string, readonly bool) error {
	what, err := from.Stat(source)
	if err == ENOENT {
		if err = from.MkdirAll(source, 0o755); err == nil {
			what, err = from.Stat(source)
		}
	}
	if err != nil {
		return err
	}
	if source, err = from.Realpath(source); err != nil {
		return err
	}
	if what.IsDir() {
		err = fs.MkdirAll(target, 0o755)
	} else if err = fs.MkdirAll(path.Dir(target), 0o755); err == nil && !fs.Exists(target) {
		err = fs.WriteFile(target, nil, 0o644)
	}
	if err != nil {
		return err
	}
	at, err := fs.Realpath(target)
	if err != nil {
		return err
	}
	dir, base, err := fs.parent(at)
	if err != nil {
		return err
	}
	dir.put(base, &node{
		owner: dir.owner, kind: what.Kind, mode: what.Mode, links: 1,
		mounted: &binding{fs: from, source: source, readonly: readonly}, special: &plain,
	})
	return nil
}

// refusal is why nothing can be changed at a path without symbolic links: a file
// system that is mounted read-only, or one that the kernel makes up.
func (fs *FS) refusal(clean string) error {
	n := fs.root
	for _, w := range strings.Split(clean, "/") {
		if w == "" || n == nil {
			continue
		}
		c := n.get(w)
		if c != nil && c.mounted != nil && c.mounted.readonly {
			return EROFS
		}
		n = n.child(w)
	}
	return EPERM
}
