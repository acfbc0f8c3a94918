package userland

import (
	"io"
	"strings"
)

// device opens a character device for a process, which may be nil.
type device func(p *Process, flags int) (io.ReadWriter, error)

// Synthetic puts a file at a path whose content is made when it is opened.
// What is written goes to write when the file is closed, or line by line; a nil
// write makes the file read-only, a nil read write-only. Directories on the way
// are made. It replaces what is there.
func (fs *FS) Synthetic(name string, read func() []byte, write func([]byte) error) error {
	n, err := fs.replace(name, Regular, 0o444)
	if err != nil {
		return err
	}
	if write != nil {
		n.mode = 0o644
	}
	if read == nil {
		n.mode = 0o200
		read = func() []byte { return nil }
	}
	n.special = &special{read: read, write: write}
	return nil
}

// Entry is a file of a synthetic directory: a directory if List is set, a
// symbolic link if Target is, else a file as [FS.Synthetic] describes it.
type Entry struct {
	Read   func() []byte
	Write  func([]byte) error
	Target string
	List   func() []string
	Find   func(name string) (Entry, bool)
}

// syntheticDir puts a directory at a path whose entries are made when somebody
// looks. Files that were placed in it by hand come first.
func (fs *FS) syntheticDir(name string, list func() []string, find func(name string) (Entry, bool)) error {
	if err := fs.MkdirAll(name, 0o555); err != nil {
		return err
	}
	return fs.change(name, true, func(n *node) {
		n.specially(func(s *special) { s.list, s.find = list, fs.finder(find) })
	})
}

// finder makes nodes of entries as they are asked for.
func (fs *FS) finder(find func(string) (Entry, bool)) func(string) *node {
	if fs.live != nil {
		fs = fs.live
	}
	return func(name string) *node {
		e, ok := find(name)
		if !ok {
			return nil
		}
		n := &node{owner: fs.owner, mtime: fs.now(), links: 1, inode: pathInode(name), special: &special{}}
		switch {
		case e.List != nil:
			n.kind, n.mode, n.list, n.find = Directory, 0o555, e.List, fs.finder(e.Find)
		case e.Target != "":
			n.kind, n.mode, n.target = Link, 0o777, e.Target
		default:
			n.mode, n.read, n.write = 0o444, e.Read, e.Write
			if e.Write != nil {
				n.mode = 0o644
			}
			if n.read == nil {
				n.read = func() []byte { return nil }
			}
		}
		return n
	}
}

// pathInode gives synthetic files stable numbers, as /proc's 4026531840 are.
func pathInode(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return 4026531840 + h%100000
}

func (fs *FS) replace(name string, k Kind, mode uint32) (*node, error) {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		if err := fs.MkdirAll(name[:i], 0o755); err != nil {
			return nil, err
		}
	}
	if err := fs.RemoveAll(name); err != nil {
		return nil, err
	}
	return fs.place(name, k, mode)
}

// Device puts a character device at a path.
func (fs *FS) device(name string, major, minor int, open device) {
	if n, err := fs.replace(name, CharDevice, 0o666); err == nil {
		n.special = &special{dev: open, major: int32(major), minor: int32(minor)}
	}
}
