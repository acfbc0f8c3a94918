package volume

import (
	"path"
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
			if err := tree.MkdirAll(m.Destination, 0o1777); err != nil {
				return out, refused(m, err)
			}
			out = append(out, m)
			continue
		case "volume":
			v, err := s.Create(m.Name, "", nil, nil)
			if err != nil {
				return out, err
			}
			m.Name, m.Source = v.Name, v.Mountpoint()
			if len(v.users) == 0 {
				fill(s.host.FS(), m.Source, tree, m.Destination)
			}
			v.users[container] = true
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
