package volume

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"dnetsim/modes/errdefs"
	"dnetsim/userland"
)

// Mount is something of the host at a place in a container.
type Mount struct {
	Type        string // "volume", "bind" or "tmpfs"
	Name        string // of a volume
	Source      string // on the host
	Destination string
	Mode        string // as it was asked for: "z", "ro"
	ReadOnly    bool
	MustExist   bool // its source on the host does: --mount makes no directory, -v does
	Option      bool // a --tmpfs: nothing that inspect lists or --volumes-from takes along

	// Of a volume that is made for the mount.
	Driver          string
	Labels, Options map[string]string
	NoCopy          bool   // it does not begin with what the image has there
	Subpath         string // of it, which is mounted in its place

	Size     int64  // of a tmpfs in bytes, 0 is half of the memory
	FileMode uint32 // of a tmpfs's directory, 0 is 1777
	Exec     bool   // programs in a tmpfs may be run

	Propagation string // of a bind, "" is rprivate
}

// Tmpfs is a tmpfs as its mount's options say it, in the kernel's order.
func (m Mount) Tmpfs() string {
	flags := map[string]string{"rw": "rw", "suid": "nosuid", "dev": "nodev", "exec": "noexec"}
	size, mode, more := m.Size, m.FileMode, ""
	if m.ReadOnly {
		flags["rw"] = "ro"
	}
	if m.Exec {
		flags["exec"] = ""
	}
	words := strings.Split(m.Mode, ",")
	if !m.Option {
		words = nil
	}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "ro", "rw":
			flags["rw"] = k
		case "exec", "suid", "dev":
			flags[k] = ""
		case "noexec", "nosuid", "nodev":
			flags[k[2:]] = k
		case "size":
			size = sizeOf(v)
		case "mode":
			n, _ := strconv.ParseUint(v, 8, 16) // what is no number is none
			mode = uint32(n)
		case "uid", "gid", "nr_inodes":
			more += "," + w
		}
	}
	out := flags["rw"]
	for _, k := range []string{"suid", "dev", "exec"} {
		if flags[k] != "" {
			out += "," + flags[k]
		}
	}
	out += ",relatime"
	if size > 0 {
		out += fmt.Sprintf(",size=%dk", (size+1023)>>10)
	}
	if mode != 0 && mode != 0o1777 {
		out += fmt.Sprintf(",mode=%03o", mode)
	}
	return out + more
}

// sizeOf is a size of tmpfs(5): bytes, or with k, m or g; 0 if it is none of them.
func sizeOf(text string) int64 {
	n := strings.ToLower(text)
	shift := map[byte]int{'k': 10, 'm': 20, 'g': 30}[(" " + n)[len(n)]]
	if shift > 0 {
		n = n[:len(n)-1]
	}
	v, err := strconv.ParseInt(n, 10, 40)
	if err != nil || v < 0 {
		return 0
	}
	return v << shift
}

// dirMode is the mode of a tmpfs's directory.
func (m Mount) dirMode() uint32 {
	_, text, ok := strings.Cut(","+m.Tmpfs(), ",mode=")
	if !ok {
		return 0o1777
	}
	text, _, _ = strings.Cut(text, ",")
	n, _ := strconv.ParseUint(text, 8, 16)
	return uint32(n)
}

// Parse reads -v: SOURCE:DESTINATION[:MODE], where a source that is no absolute
// path is a volume's name.
func Parse(text string) (Mount, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return Mount{}, errdefs.Invalid("invalid volume specification: '%s'", text)
	}
	m := Mount{Type: "volume", Name: parts[0], Destination: parts[1]}
	if strings.HasPrefix(parts[0], "/") {
		m = Mount{Type: "bind", Source: path.Clean(parts[0]), Destination: parts[1]}
	}
	if len(parts) == 3 {
		m.Mode = parts[2]
	}
	for _, w := range strings.FieldsFunc(m.Mode, func(r rune) bool { return r == ',' }) {
		switch w {
		case "ro":
			m.ReadOnly = true
		case "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent",
			"private", "rprivate", "shared", "rshared", "slave", "rslave":
		default:
			return Mount{}, errdefs.Invalid("invalid mode: %s", m.Mode)
		}
	}
	if !strings.HasPrefix(m.Destination, "/") {
		return Mount{}, errdefs.Invalid("invalid volume specification: '%s': invalid mount config for type %q: invalid mount path: '%s' mount path must be absolute", text, m.Type, m.Destination)
	}
	if m.Destination = path.Clean(m.Destination); m.Destination == "/" {
		return Mount{}, errdefs.Invalid("invalid volume specification: '%s': invalid mount config for type %q: invalid specification: destination can't be '/'", text, m.Type)
	}
	return m, nil
}

// Attach mounts what a container is to have into its tree and returns it with
// the names and places that were found for it. A new volume begins with what the
// image has at the place.
func (s *Store) Attach(container string, tree *userland.FS, list []Mount) ([]Mount, error) {
	out := []Mount{}
	for _, m := range list {
		switch m.Type {
		case "tmpfs":
			if err := tree.MkdirAll(m.Destination, m.dirMode()); err != nil {
				return out, refused(m, err)
			}
			if mode := m.dirMode(); mode != 0o1777 {
				tree.Chmod(m.Destination, mode)
			}
			out = append(out, m)
			continue
		case "volume":
			v, err := s.Create(m.Name, m.Driver, m.Labels, m.Options)
			if err != nil {
				return out, err
			}
			m.Name, m.Source = v.Name, v.Mountpoint()
			if len(v.users) == 0 && !m.NoCopy {
				fill(s.host.FS(), m.Source, tree, m.Destination)
			}
			v.users[container] = true
			if m.Subpath != "" {
				m.Source = path.Join(m.Source, m.Subpath)
				if !s.host.FS().Exists(m.Source) {
					return out, errdefs.Invalid("cannot access path %s: lstat %s: no such file or directory", m.Source, m.Source)
				}
			}
		}
		if err := tree.Bind(m.Destination, s.host.FS(), m.Source, m.ReadOnly); err != nil {
			return out, refused(m, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func refused(m Mount, err error) error {
	return errdefs.Invalid("invalid mount config for type %q: %s: %s", m.Type, m.Destination, strings.ToLower(err.Error()))
}

// fill copies a directory of an image into an empty one of the host.
func fill(to *userland.FS, dst string, from *userland.FS, src string) {
	if there, err := to.ReadDir(dst); err != nil || len(there) > 0 {
		return
	}
	copyFiles(to, dst, from, src)
}

// copyFiles copies what is in a directory of one tree into one of another: files,
// links and directories.
func copyFiles(to *userland.FS, dst string, from *userland.FS, src string) {
	list, _ := from.ReadDir(src)
	for _, i := range list {
		a, b := path.Join(src, i.Name), path.Join(dst, i.Name)
		switch i.Kind {
		case userland.Directory:
			to.MkdirAll(b, i.Mode)
			copyFiles(to, b, from, a)
		case userland.Link:
			to.Symlink(i.Target, b)
		case userland.Regular:
			if text, err := from.ReadFile(a); err == nil {
				to.WriteFile(b, text, i.Mode)
			}
		}
	}
}
