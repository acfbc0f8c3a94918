// Package volume is what a daemon has of volumes, with the local driver: names,
// labels, who uses them, and their place on the host, where their content lies. It
// also reads what a container is to have mounted. Start reading at [Store].
package volume

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/userland"
)

// Volume is one volume; only [Store] changes it.
type Volume struct {
	Name      string
	Created   time.Time
	Labels    map[string]string
	Options   map[string]string
	Anonymous bool
	users     map[string]bool // ids of containers
}

// root is where volumes lie on a host.
const root = "/var/lib/docker/volumes/"

// Mountpoint is the directory on the host that has the volume's content.
func (v *Volume) Mountpoint() string { return root + v.Name + "/_data" }

// Users is how many containers have the volume.
func (v *Volume) Users() int { return len(v.users) }

// Size is how many bytes the files of a volume have.
func (s *Store) Size(v *Volume) int64 { return content(s.host.FS(), v.Mountpoint()) }

func content(fs *userland.FS, dir string) (n int64) {
	list, _ := fs.ReadDir(dir) // gone by hand: nothing
	for _, f := range list {
		switch f.Kind {
		case userland.Directory:
			n += content(fs, dir+"/"+f.Name)
		case userland.Regular:
			n += f.Size
		}
	}
	return n
}

// Store is the volumes of one daemon.
type Store struct {
	host   *userland.Machine
	newID  func() string // 64 hexadecimal digits, for a volume without a name
	byName map[string]*Volume
}

// NewStore has no volume yet.
func NewStore(host *userland.Machine, newID func() string) *Store {
	return &Store{host: host, newID: newID, byName: map[string]*Volume{}}
}

var valid = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// All are the volumes by their names.
func (s *Store) All() []*Volume {
	var out []*Volume
	for _, n := range slices.Sorted(maps.Keys(s.byName)) {
		out = append(out, s.byName[n])
	}
	return out
}

// Get finds a volume.
func (s *Store) Get(name string) (*Volume, error) {
	if v := s.byName[name]; v != nil {
		return v, nil
	}
	return nil, errdefs.NotFound("get %s: no such volume", name)
}

// Create makes a volume, or finds the one that has the name. An empty name is
// made up.
func (s *Store) Create(name, driver string, labels, options map[string]string) (*Volume, error) {
	anonymous := name == ""
	if anonymous {
		name = s.newID()
	}
	if v := s.byName[name]; v != nil {
		return v, nil
	}
	switch {
	case driver != "" && driver != "local":
		return nil, errdefs.NotFound("create %s: error looking up volume plugin %s: plugin %q not found", name, driver, driver)
	case len(name) == 1:
		return nil, errdefs.Invalid("create %s: volume name is too short, names should be at least two alphanumeric characters", name)
	case !valid.MatchString(name):
		return nil, errdefs.Invalid("create %s: %q includes invalid characters for a local volume name, only %q are allowed. "+
			"If you intended to pass a host directory, use absolute path", name, name, "[a-zA-Z0-9][a-zA-Z0-9_.-]")
	}
	v := &Volume{Name: name, Created: s.host.Wall(), Labels: labels, Options: options, Anonymous: anonymous, users: map[string]bool{}}
	if err := s.host.FS().MkdirAll(v.Mountpoint(), 0o755); err != nil {
		return nil, errdefs.New(errdefs.KindSystem, "create %s: mkdir %s: %v", name, v.Mountpoint(), strings.ToLower(err.Error()))
	}
	s.byName[name] = v
	return v, nil
}

// Remove removes a volume that nobody uses. With force a missing one is no error.
func (s *Store) Remove(name string, force bool) error {
	v, err := s.Get(name)
	if err != nil {
		if force {
			return nil
		}
		return err
	}
	if len(v.users) > 0 {
		return errdefs.New(errdefs.KindConflict, "remove %s: volume is in use - [%s]", name, strings.Join(slices.Sorted(maps.Keys(v.users)), ", "))
	}
	s.host.FS().RemoveAll(root + name)
	delete(s.byName, name)
	return nil
}

// Release is told that a container is gone, and removes its nameless volumes if
// asked to.
func (s *Store) Release(container string, remove bool) {
	for _, v := range s.All() {
		if !v.users[container] {
			continue
		}
		delete(v.users, container)
		if remove && v.Anonymous && len(v.users) == 0 {
			s.Remove(v.Name, true)
		}
	}
}
