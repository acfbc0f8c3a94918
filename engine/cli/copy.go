package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/archive"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

// place is one side of docker cp: what is known of it before anything is copied.
type place struct {
	path        string
	exists, dir bool
}

// asserts reports whether a path says that it is a directory, content whether it
// means what is in one.
func asserts(p string) bool { return strings.HasSuffix(p, "/") || content(p) }
func content(p string) bool { return p == "." || strings.HasSuffix(p, "/.") }

// arrange makes the archive that puts a source where docker cp says, and the
// directory that it is to be unpacked in.
func arrange(tree *userland.FS, src string, whole place, dst place) (dir string, b []byte, err error) {
	clean := path.Clean(dst.path)
	switch {
	case dst.exists && dst.dir:
		if whole.dir && content(src) {
			b, err = archive.Of(tree, whole.path, false)
			return clean, b, err
		}
		b, err = archive.One(tree, whole.path, path.Base(path.Clean(src)))
		return clean, b, err
	case dst.exists && whole.dir:
		return "", nil, errors.New("cannot copy directory")
	case !dst.exists && !whole.dir && asserts(dst.path):
		return "", nil, errors.New("no such directory")
	}
	b, err = archive.One(tree, whole.path, path.Base(clean))
	return path.Dir(clean), b, err
}

// containerPath takes a container and a path apart; what begins with a slash or a dot
// is a path of the host.
func containerPath(arg string) (container, at string) {
	name, rest, ok := strings.Cut(arg, ":")
	if !ok || strings.HasPrefix(arg, "/") || strings.HasPrefix(name, ".") {
		return "", arg
	}
	return name, rest
}

// copyFiles is docker cp between the simulated host and a container.
func copyFiles(s *session, cmd *cobra.Command, h *dockerCLI, src, dst string) error {
	from, srcPath := containerPath(src)
	to, dstPath := containerPath(dst)
	follow := isSet(cmd.Flags(), "follow-link")
	switch {
	case from != "" && to != "":
		return errors.New("copying between containers is not supported")
	case from != "":
		return copyOut(s, cmd, h, from, srcPath, dstPath, follow)
	case to != "":
		return copyIn(s, cmd, h, srcPath, to, dstPath, follow)
	}
	return errors.New("must specify at least one container source")
}

// noPath is what the release says of a path that is not in a container.
func noPath(err error, container, at string) error {
	if errdefs.IsNotFound(err) {
		return fmt.Errorf("Error: No such container:path: %s:%s", container, at)
	}
	return err
}

// hostPath is a path of the host, with what its end says.
func hostPath(s *session, p string) string {
	at := s.p.Abs(p)
	switch {
	case content(p):
		return strings.TrimSuffix(at, "/") + "/."
	case strings.HasSuffix(p, "/") && at != "/":
		return at + "/"
	}
	return at
}

func copyOut(s *session, cmd *cobra.Command, h *dockerCLI, container, src, dst string, follow bool) error {
	if dst != "-" {
		if err := outputPath(s, strings.TrimSuffix(strings.TrimSuffix(dst, "."), "/")); err != nil {
			return err
		}
	}
	name := src
	if follow {
		if st, err := h.Client().ContainerStatPath(cmd.Context(), container, client.ContainerStatPathOptions{Path: src}); err == nil && st.Stat.Mode&os.ModeSymlink != 0 {
			src = st.Stat.LinkTarget
			if !path.IsAbs(src) {
				src = path.Join(path.Dir(name), src)
			}
		}
	}
	res, err := h.Client().CopyFromContainer(cmd.Context(), container, client.CopyFromContainerOptions{SourcePath: src})
	if err != nil {
		return noPath(err, container, src)
	}
	defer res.Content.Close()
	if dst == "-" {
		if s.onTerminal(s.p.Stdout) {
			return errors.New("cowardly refusing to copy to a terminal. Redirect the output")
		}
		_, err := io.Copy(h.Out(), res.Content)
		return err
	}
	b, err := io.ReadAll(res.Content)
	if err != nil {
		return err
	}
	s.onHost(func(tree *userland.FS) {
		came := userland.NewBareFS(s.loop)
		if err = archive.Unpack(came, "/", b, false); err != nil {
			return
		}
		whole := place{path: path.Join("/", res.Stat.Name), dir: res.Stat.Mode.IsDir()}
		at := place{path: hostPath(s, dst)}
		if i, e := tree.Stat(at.path); e == nil {
			at.exists, at.dir = true, i.IsDir()
		}
		var dir string
		if dir, b, err = arrange(came, path.Join("/", name)+strings.Repeat("/.", count(content(src))), whole, at); err == nil {
			err = archive.Unpack(tree, dir, b, false)
		}
	})
	return err
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func copyIn(s *session, cmd *cobra.Command, h *dockerCLI, src, container, dst string, follow bool) error {
	at := place{path: dst}
	stat := func(p string) (os.FileMode, string, bool) {
		st, err := h.Client().ContainerStatPath(cmd.Context(), container, client.ContainerStatPathOptions{Path: p})
		return st.Stat.Mode, st.Stat.LinkTarget, err == nil
	}
	mode, target, ok := stat(dst)
	if ok && mode&os.ModeSymlink != 0 {
		if at.path = target; !path.IsAbs(target) {
			at.path = path.Join(path.Dir(dst), target)
		}
		mode, _, ok = stat(at.path)
	}
	at.exists, at.dir = ok, ok && mode.IsDir()
	if !path.IsAbs(at.path) {
		at.path = "/" + at.path
	}
	var dir string
	var b []byte
	var err error
	if src == "-" {
		if !at.dir {
			return fmt.Errorf("destination \"%s:%s\" must be a directory", container, dst)
		}
		dir = at.path
		b, err = io.ReadAll(h.In())
	} else {
		s.onHost(func(tree *userland.FS) {
			src = hostPath(s, src)
			whole := place{path: path.Clean(src)}
			i, e := tree.Lstat(whole.path)
			if e == nil && (follow || content(src) || strings.HasSuffix(src, "/")) {
				whole.path, _ = tree.Realpath(whole.path)
				i, e = tree.Stat(whole.path)
			}
			switch {
			case e != nil:
				err = fmt.Errorf("lstat %s: %s", src, strings.ToLower(e.Error()))
			case !i.IsDir() && asserts(src):
				err = fmt.Errorf("lstat %s: not a directory", src)
			default:
				whole.dir = i.IsDir()
				dir, b, err = arrange(tree, src, whole, at)
			}
		})
	}
	if err != nil {
		return err
	}
	_, err = h.Client().CopyToContainer(cmd.Context(), container, client.CopyToContainerOptions{
		DestinationPath: dir, Content: strings.NewReader(string(b)), CopyUIDGID: isSet(cmd.Flags(), "archive"),
	})
	return noPath(err, container, dir)
}
