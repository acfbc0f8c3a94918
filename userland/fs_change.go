package userland

import (
	"slices"
	"strings"
	"time"
)

// WriteFile replaces a file's content; a new file gets the mode.
func (fs *FS) WriteFile(name string, data []byte, mode uint32) error {
	f, err := fs.open(nil, name, O_WRONLY|O_CREAT|O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err != nil {
		return err
	}
	return f.Close()
}

// Mkdir makes one directory.
func (fs *FS) Mkdir(name string, mode uint32) error {
	at, n, err := fs.resolve(name, false)
	if err != nil {
		return err
	}
	if n != nil {
		return EEXIST
	}
	dir, base, err := fs.parent(at)
	if err != nil {
		return err
	}
	if err := fs.take(nodeSize); err != nil {
		return err
	}
	made := fs.newNode(Directory, mode)
	made.owner = dir.owner
	dir.put(base, made)
	dir.mtime = fs.now()
	return nil
}

// MkdirAll makes a directory and those above it that are missing.
func (fs *FS) MkdirAll(name string, mode uint32) error {
	if _, n, err := fs.lookup(name, true); err == nil && n.kind == Directory {
		return nil
	}
	at := ""
	for _, w := range strings.Split(name, "/") {
		if w == "" {
			continue
		}
		at += "/" + w
		if err := fs.Mkdir(at, mode); err != nil && err != EEXIST {
			return err
		}
	}
	if _, n, err := fs.lookup(name, true); err != nil || n.kind != Directory {
		return ENOTDIR
	}
	return nil
}

// Remove removes a file or an empty directory.
func (fs *FS) Remove(name string) error {
	at, n, err := fs.lookup(name, false)
	if err != nil {
		return err
	}
	if n.kind == Directory && len(n.entries()) > 0 {
		return ENOTEMPTY
	}
	return fs.unlink(at)
}

func (fs *FS) unlink(at string) error {
	dir, base, err := fs.parent(at)
	if err != nil {
		return err
	}
	n := dir.get(base)
	switch {
	case n == nil:
		return EPERM
	case n.mounted != nil:
		return EBUSY
	}
	if err := permitRemoval(fs, dir, n); err != nil {
		return err
	}
	fs.own(dir, base).links--
	dir.drop(base)
	dir.mtime = fs.now()
	return nil
}

// RemoveAll removes a file or a directory with everything in it. A path that
// leads nowhere is no error.
func (fs *FS) RemoveAll(name string) error {
	at, n, err := fs.lookup(name, false)
	if err == ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	if n.entries(); n.find != nil {
		return EBUSY
	}
	return fs.unlink(at)
}

// Rename moves a file; it replaces a file, or an empty directory by a directory.
func (fs *FS) Rename(from, to string) error {
	src, n, err := fs.lookup(from, false)
	if err != nil {
		return err
	}
	dst, old, err := fs.resolve(to, false)
	if err != nil {
		return err
	}
	switch {
	case src == dst:
		return nil
	case n.kind == Directory && strings.HasPrefix(dst+"/", src+"/"):
		return EINVAL
	case old != nil && old.kind == Directory && n.kind != Directory:
		return EISDIR
	case old != nil && old.kind != Directory && n.kind == Directory:
		return ENOTDIR
	case old != nil && old.kind == Directory && len(old.entries()) > 0:
		return ENOTEMPTY
	}
	sdir, sbase, err := fs.parent(src)
	if err != nil {
		return err
	}
	ddir, dbase, err := fs.parent(dst)
	if err != nil {
		return err
	}
	moved := sdir.get(sbase)
	switch {
	case moved == nil:
		return EPERM
	case moved.mounted != nil:
		return EBUSY
	}
	if err := permitRemoval(fs, sdir, moved); err != nil {
		return err
	}
	sdir.drop(sbase)
	ddir.put(dbase, moved)
	sdir.mtime, ddir.mtime = fs.now(), fs.now()
	return nil
}

// Symlink makes a symbolic link at name.
func (fs *FS) Symlink(target, name string) error {
	n, err := fs.place(name, Link, 0o777)
	if err == nil {
		n.specially(func(s *special) { s.target = target })
	}
	return err
}

// Socket makes the file of a Unix socket. Nobody can connect to it before
// [FS.ListenUnix].
func (fs *FS) Socket(name string, mode uint32) error {
	_, err := fs.place(name, Socket, mode)
	return err
}

// Link makes a hard link. The content is shared until one of the trees that
// carry it is cloned.
func (fs *FS) Link(old, name string) error {
	src, n, err := fs.lookup(old, false)
	if err != nil {
		return err
	}
	if n.kind == Directory {
		return EPERM
	}
	at, there, err := fs.resolve(name, false)
	if err != nil {
		return err
	}
	if there != nil {
		return EEXIST
	}
	dir, base, err := fs.parent(at)
	if err != nil {
		return err
	}
	own := fs.owned(src)
	if own == nil {
		return EPERM
	}
	own.links++
	dir.put(base, own)
	return nil
}

// place makes a new node at a path where nothing is.
func (fs *FS) place(name string, k Kind, mode uint32) (*node, error) {
	at, there, err := fs.resolve(name, false)
	if err != nil {
		return nil, err
	}
	if there != nil {
		return nil, EEXIST
	}
	dir, base, err := fs.parent(at)
	if err != nil {
		return nil, err
	}
	if dir.find != nil {
		return nil, EPERM
	}
	if err := fs.take(nodeSize); err != nil {
		return nil, err
	}
	n := fs.newNode(k, mode)
	n.owner = dir.owner
	dir.put(base, n)
	dir.mtime = fs.now()
	return n, nil
}

// change applies fn to an owned node, for its owner.
func (fs *FS) change(name string, follow bool, fn func(*node)) error {
	at, there, err := fs.lookup(name, follow)
	if err != nil {
		return err
	}
	if err := permitOwner(fs, there); err != nil {
		return err
	}
	if err := sealedAt(fs, at); err != nil {
		return err
	}
	n := fs.owned(at)
	if n == nil {
		return fs.refusal(at)
	}
	fn(n)
	return nil
}

// Chmod sets the permission bits.
func (fs *FS) Chmod(name string, mode uint32) error {
	return fs.change(name, true, func(n *node) { n.mode = mode & 0o7777 })
}

// Chown sets owner and group.
func (fs *FS) Chown(name string, uid, gid int) error {
	if p := fs.user(); p != nil && (uid != p.UID || gid != p.GID && !slices.Contains(p.Groups, gid)) {
		return EPERM
	}
	return fs.change(name, true, func(n *node) { n.uid, n.gid = int32(uid), int32(gid) })
}

// Chtimes sets the modification time.
func (fs *FS) Chtimes(name string, t time.Time) error {
	return fs.change(name, true, func(n *node) { n.mtime = t })
}
