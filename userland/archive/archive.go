// Package archive is tar archives of a simulated machine's files: what docker cp,
// export, save and build carry, and what tar(1) writes. A layer is an archive of what
// changed in a tree, with the white-outs of Docker's image format for what is gone.
// Start reading at [Pack] and [Unpack].
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"strings"

	"dnetsim/userland"
)

// MaxFile bounds one file of an archive that is unpacked, in bytes.
const MaxFile = 64 << 20

// whiteout begins the name of a file that stands for one that is gone, opaque is the
// file in a directory of which nothing older shows through.
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// kernels are directories whose content is the kernel's.
var kernels = map[string]bool{"/dev": true, "/proc": true, "/sys": true}

// Pack writes what is at a path and below it, under a name. With shallow, directories
// that the kernel fills are empty.
func Pack(w *tar.Writer, tree *userland.FS, at, name string, shallow bool) error {
	i, err := tree.Lstat(at)
	if err != nil {
		return err
	}
	if err := entry(w, tree, at, name, i); err != nil || i.Kind != userland.Directory || shallow && kernels[at] {
		return err
	}
	list, err := tree.ReadDir(at)
	if err != nil {
		return err
	}
	for _, x := range list {
		if err := Pack(w, tree, path.Join(at, x.Name), name+"/"+x.Name, shallow); err != nil {
			return err
		}
	}
	return nil
}

// entry writes one file; what is no file, directory or symbolic link is left out.
func entry(w *tar.Writer, tree *userland.FS, at, name string, i userland.Info) error {
	h := &tar.Header{Name: name, Mode: int64(i.Mode & 0o7777), ModTime: i.ModTime, Uid: i.UID, Gid: i.GID, Format: tar.FormatPAX}
	h.ModTime = h.ModTime.Truncate(1e9)
	var text []byte
	switch i.Kind {
	case userland.Directory:
		h.Typeflag, h.Name = tar.TypeDir, strings.TrimSuffix(name, "/")+"/"
	case userland.Link:
		h.Typeflag, h.Linkname = tar.TypeSymlink, i.Target
	case userland.Regular:
		var err error
		if text, err = tree.ReadFile(at); err != nil {
			return err
		}
		h.Typeflag, h.Size = tar.TypeReg, int64(len(text))
	default:
		return nil
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(text)
	return err
}

// Of is the archive of a directory's content, without the directory itself.
func Of(tree *userland.FS, dir string, shallow bool) ([]byte, error) {
	list, err := tree.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	return write(func(w *tar.Writer) error {
		for _, x := range list {
			if err := Pack(w, tree, path.Join(dir, x.Name), x.Name, shallow); err != nil {
				return err
			}
		}
		return nil
	})
}

// One is the archive of what is at a path and below it, under a name.
func One(tree *userland.FS, at, name string) ([]byte, error) {
	return write(func(w *tar.Writer) error { return Pack(w, tree, at, name, false) })
}

func write(fill func(*tar.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := fill(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Layer is the archive of what changed in a tree.
func Layer(tree *userland.FS, changes []userland.Change) ([]byte, error) {
	return write(func(w *tar.Writer) error {
		for _, c := range changes {
			name := strings.TrimPrefix(c.Path, "/")
			if c.Kind == userland.Deleted {
				dir, base := path.Split(name)
				if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: dir + whiteout + base}); err != nil {
					return err
				}
				continue
			}
			i, err := tree.Lstat(c.Path)
			if err != nil {
				continue // below a mount
			}
			if err := entry(w, tree, c.Path, name, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// Reader reads an archive that may be compressed with gzip.
func Reader(b []byte) (*tar.Reader, error) {
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return tar.NewReader(io.LimitReader(z, 4*MaxFile)), nil
	}
	return tar.NewReader(bytes.NewReader(b)), nil
}

// Unpack writes the files of an archive below a directory of a tree. Paths stay below
// it: dots are resolved before. With layer, white-outs remove what they name.
func Unpack(tree *userland.FS, dir string, b []byte, layer bool) error {
	r, err := Reader(b)
	if err != nil {
		return err
	}
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		at := path.Join(dir, path.Join("/", h.Name))
		if parent, base := path.Split(at); layer && strings.HasPrefix(base, whiteout) {
			remove(tree, parent, base)
			continue
		}
		if err := place(tree, dir, at, h, r); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// remove does what a white-out says.
func remove(tree *userland.FS, dir, base string) {
	if base != opaque {
		tree.RemoveAll(path.Join(dir, strings.TrimPrefix(base, whiteout)))
		return
	}
	list, _ := tree.ReadDir(dir)
	for _, x := range list {
		tree.RemoveAll(path.Join(dir, x.Name))
	}
}

// place puts one file of an archive at its path.
func place(tree *userland.FS, dir, at string, h *tar.Header, r io.Reader) error {
	mode := uint32(h.Mode & 0o7777)
	if parent := path.Dir(at); !tree.Exists(parent) {
		if err := tree.MkdirAll(parent, 0o755); err != nil {
			return err
		}
	}
	old, err := tree.Lstat(at)
	there := err == nil
	switch h.Typeflag {
	case tar.TypeDir:
		if there && old.Kind == userland.Link {
			if i, err := tree.Stat(at); err == nil && i.IsDir() {
				return nil
			}
		}
		if there && !old.IsDir() {
			tree.RemoveAll(at)
		}
		if err := tree.MkdirAll(at, mode); err != nil {
			return err
		}
		if at == path.Clean(dir) {
			return nil
		}
		tree.Chmod(at, mode)
		return tree.Chown(at, h.Uid, h.Gid)
	case tar.TypeSymlink:
		if there {
			tree.RemoveAll(at)
		}
		return tree.Symlink(h.Linkname, at)
	case tar.TypeLink:
		if there {
			tree.RemoveAll(at)
		}
		return tree.Link(path.Join(dir, path.Join("/", h.Linkname)), at)
	case tar.TypeReg:
		text, err := io.ReadAll(io.LimitReader(r, MaxFile))
		if err != nil {
			return err
		}
		if there && old.IsDir() {
			return userland.EISDIR
		}
		if there && old.Kind == userland.Link {
			tree.RemoveAll(at)
		}
		if name, ok := userland.ProgramName(text); ok {
			err = tree.InstallProgram(at, name)
		} else {
			err = tree.WriteFile(at, text, mode)
		}
		if err != nil {
			return err
		}
		tree.Chmod(at, mode)
		tree.Chown(at, h.Uid, h.Gid)
		return tree.Chtimes(at, h.ModTime)
	}
	return nil
}

// Noted is the archive of a whole tree, with a comment before it that other programs
// ignore.
func Noted(tree *userland.FS, note string) ([]byte, error) {
	return write(func(w *tar.Writer) error {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": note}}); err != nil {
			return err
		}
		list, err := tree.ReadDir("/")
		if err != nil {
			return err
		}
		for _, x := range list {
			if err := Pack(w, tree, "/"+x.Name, x.Name, true); err != nil {
				return err
			}
		}
		return nil
	})
}

// Note is the comment of such an archive, "" if there is none.
func Note(b []byte) string {
	r, err := Reader(b)
	if err != nil {
		return ""
	}
	h, err := r.Next()
	if err != nil || h.Typeflag != tar.TypeXGlobalHeader {
		return ""
	}
	return h.PAXRecords["comment"]
}
