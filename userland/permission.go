package userland

import "slices"

// access is what somebody wants to do with a file, in the bits of its mode.
type access uint32

const (
	toSearch access = 1 << iota // or to run
	toWrite
	toRead
)

// user is who does what happens to the tree now, if that is not root: a process of
// its machine. What the machine's maker and the engine do, root does.
func (fs *FS) user() *Process {
	if p := current(fs.loop); p != nil && p.UID != 0 && p.Machine.fs == fs {
		return p
	}
	return nil
}

// Seal makes a tree's root read-only for the processes of its machine, but not what is
// mounted into it.
func Seal(fs *FS) { fs.sealed = true }

// sealedAt is EROFS for a process of the machine where the tree may only be read.
func sealedAt(fs *FS, clean string) error {
	if !fs.sealed {
		return nil
	}
	if p := current(fs.loop); p == nil || p.Machine.fs != fs || !readOnly(fs, clean) {
		return nil
	}
	return EROFS
}

// permit is EACCES if the user may not do that with a file.
func (fs *FS) permit(n *node, what access) error {
	if p := fs.user(); p != nil && !n.permits(p, what) {
		return EACCES
	}
	return nil
}

// permits goes by the bits of the file's owner, its group or the others. Devices
// are for everybody: the engine gives a container's streams to its user.
func (n *node) permits(p *Process, what access) bool {
	bits := n.mode
	switch {
	case n.dev != nil:
		return true
	case int(n.uid) == p.UID:
		bits >>= 6
	case int(n.gid) == p.GID || slices.Contains(p.Groups, int(n.gid)):
		bits >>= 3
	}
	return access(bits)&what == what
}

// permitRemoval is EPERM if a name may not go from a directory of which everybody
// may write, as /tmp: only the owner of either takes it away.
func permitRemoval(fs *FS, dir, n *node) error {
	p := fs.user()
	if p == nil || dir.mode&0o1000 == 0 || int(n.uid) == p.UID || int(dir.uid) == p.UID {
		return nil
	}
	return EPERM
}

// permitOwner is EPERM for who does not own a file.
func permitOwner(fs *FS, n *node) error {
	if p := fs.user(); p != nil && int(n.uid) != p.UID {
		return EPERM
	}
	return nil
}

// MayEnter is chdir(2)'s answer, beside what Stat says: EACCES for a directory
// that the process that asks may not search.
func MayEnter(fs *FS, dir string) error {
	_, n, err := fs.lookup(dir, true)
	if err != nil {
		return err
	}
	return fs.permit(n, toSearch)
}
