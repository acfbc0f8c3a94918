package userland

import (
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"dnetsim/sim"
)

// Flags of open, with Linux's numbers.
const (
	O_RDONLY = 0
	O_WRONLY = 1
	O_RDWR   = 2
	O_CREAT  = 0o100
	O_EXCL   = 0o200
	O_TRUNC  = 0o1000
	O_APPEND = 0o2000
)

// Kind is what a file is.
type Kind uint8

// The kinds of files.
const (
	Regular Kind = iota
	Directory
	Link
	CharDevice
	Fifo
	Socket
)

// Info is what stat tells about a file.
type Info struct {
	Name    string
	Kind    Kind
	Mode    uint32 // permission bits with setuid, setgid, sticky
	Size    int64
	Blocks  int64     // disk space in units of 512 bytes
	ModTime time.Time // of the machine's wall clock, see [FS.SetClock]
	UID     int
	GID     int
	Inode   uint64
	Links   int
	Target  string // of a symbolic link
	Major   int    // of a device
	Minor   int
}

// IsDir reports whether the file is a directory.
func (i Info) IsDir() bool { return i.Kind == Directory }

// ModeString is the form of ls -l: "drwxr-xr-x".
func (i Info) ModeString() string {
	b := []byte{"-dlcps"[i.Kind], '-', '-', '-', '-', '-', '-', '-', '-', '-'}
	for k := range 9 {
		if i.Mode&(1<<(8-k)) != 0 {
			b[1+k] = "rwx"[k%3]
		}
	}
	special := func(at int, bit uint32, set, unset byte) {
		if i.Mode&bit == 0 {
			return
		}
		if b[at] == '-' {
			b[at] = unset
			return
		}
		b[at] = set
	}
	special(3, 0o4000, 's', 'S')
	special(6, 0o2000, 's', 'S')
	special(9, 0o1000, 't', 'T')
	return string(b)
}

// FS is one tree of files in memory. Clone is cheap: trees share what neither
// has changed. Paths are absolute; times are virtual.
type FS struct {
	loop *sim.Loop
	// sealed says that processes may only read what is not on a mount of its own.
	sealed bool
	now    func() time.Time
	root   *node
	owner  *int // nodes that carry another token are shared and copied before a change
	inode  uint64
	exec   bool // program files have been laid down
	// used is what the tree took when it was last measured, and has been given since.
	used int64
	// steps counts the components that were looked up.
	steps  int
	mounts mountTable
	// live is the tree that a tree of the kernel's files is made for, or nil.
	live *FS
}

// maxFile bounds one file, so that a runaway writer gets an error as on a full
// disk instead of taking the real machine's memory.
const maxFile = 64 << 20

// maxDisk bounds one tree, its files' content and nodeSize for each of them.
const (
	maxDisk  = 256 << 20
	nodeSize = 512
)

// HasPrograms reports whether the programs of the machine lie in files.
func (fs *FS) HasPrograms() bool { return fs.exec }

// take makes room for n bytes, or gives ENOSPC. What was removed is found again
// by measuring the tree, when what was taken since the last time may be too much.
func (fs *FS) take(n int64) error {
	if fs.used+n <= maxDisk {
		fs.used += n
		return nil
	}
	if n > 0 {
		fs.used = fs.root.disk()
	}
	if fs.used+n > maxDisk {
		return ENOSPC
	}
	fs.used += n
	return nil
}

// disk is what a tree takes.
func (n *node) disk() int64 {
	sum := int64(nodeSize + cap(n.data))
	for _, c := range n.children { // the kernel's files take nothing
		sum += c.node.disk()
	}
	return sum
}

// NewFS returns a tree with the directories that every Linux system has, /tmp,
// /etc/passwd, /etc/group and the devices.
func NewFS(loop *sim.Loop) *FS {
	fs := NewBareFS(loop)
	fs.exec = false
	for _, d := range []string{
		"/bin", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp",
		"/usr", "/usr/bin", "/usr/sbin", "/usr/local", "/usr/local/bin", "/usr/local/sbin",
		"/var", "/var/log", "/var/tmp", "/var/lib",
	} {
		fs.MkdirAll(d, 0o755)
	}
	fs.Symlink("/run", "/var/run")
	fs.Chmod("/tmp", 0o1777)
	fs.Chmod("/var/tmp", 0o1777)
	fs.Chmod("/root", 0o700)
	fs.WriteFile("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\nsys:x:3:3:sys:/dev:/bin/false\nmail:x:8:8:mail:/var/spool/mail:/bin/false\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"), 0o644)
	fs.WriteFile("/etc/group", []byte("root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nmail:x:8:\nnogroup:x:65534:\n"), 0o644)
	return fs
}

// NewBareFS returns a tree with nothing in it.
func NewBareFS(loop *sim.Loop) *FS {
	fs := &FS{loop: loop, now: loop.Wall, owner: new(int), exec: true}
	fs.root = fs.newNode(Directory, 0o755)
	return fs
}

// Clone returns a tree with the same content. Later changes of either are not
// seen by the other, except through synthetic files, which are shared.
func (fs *FS) Clone() *FS {
	fs.mounts.shared = true
	c := &FS{loop: fs.loop, now: fs.now, root: fs.root, owner: new(int), inode: fs.inode, exec: fs.exec, used: fs.used}
	c.setMounts(fs.mounts.all())
	fs.owner = new(int)
	return c
}

// SetClock makes a machine's wall clock that of the files: it is the run's
// before. [NewMachineOn] does so too.
func (fs *FS) SetClock(m *Machine) { fs.now = m.Wall }

func (fs *FS) newNode(k Kind, mode uint32) *node {
	fs.inode++
	n := &node{owner: fs.owner, kind: k, mode: mode, mtime: fs.now(), inode: fs.inode, links: 1, special: &plain}
	if k == Directory {
		n.links = 2
	}
	if p := fs.user(); p != nil {
		n.uid, n.gid = int32(p.UID), int32(p.GID)
	}
	return n
}

// own returns the child of an owned directory as a node of the same owner.
func (fs *FS) own(dir *node, name string) *node {
	n := dir.get(name)
	if n == nil || n.owner == dir.owner {
		return n
	}
	c := *n
	c.owner = dir.owner
	// Clipped, so that two trees never append to one array.
	c.data = n.data[:len(n.data):len(n.data)]
	c.children = slices.Clone(n.entries())
	c.special = n.special // as it is now that there are entries
	dir.put(name, &c)
	return &c
}

func (fs *FS) ownRoot() *node {
	if fs.root.owner == fs.owner {
		return fs.root
	}
	holder := &node{owner: fs.owner, children: []dirent{{"/", fs.root}}, special: &plain}
	fs.root = fs.own(holder, "/")
	return fs.root
}

// child finds a name in a directory.
func (n *node) child(name string) *node {
	if c := n.get(name); c != nil {
		if c.mounted != nil {
			return c.mounted.there()
		}
		return c
	}
	if n.find != nil {
		return n.find(name)
	}
	return nil
}

// maxLinks and maxPath are Linux's MAXSYMLINKS and PATH_MAX, which counts the NUL.
const (
	maxLinks = 40
	maxPath  = 4096
)

// resolve turns a path into one without symbolic links, dots or doubles. The
// last component's link is followed only if follow is set; it need not exist.
// The node is nil then.
func (fs *FS) resolve(name string, follow bool) (string, *node, error) {
	if name == "" {
		return "", nil, ENOENT
	}
	if len(name) >= maxPath {
		return "", nil, ENAMETOOLONG
	}
	// Most paths are short and have nothing to resolve: neither their directories nor
	// their names need memory of their own.
	var dirs [16]*node
	var words [16]string
	stack, names := dirs[:0], words[:0]
	cur, user := fs.root, fs.user()
	links, straight, length := 0, name[0] == '/', 0
	for rest, more := name, true; more; {
		fs.steps++
		var w string
		w, rest, more = strings.Cut(rest, "/")
		if cur == nil {
			if w == "" {
				continue
			}
			return "", nil, ENOENT
		}
		if cur.kind != Directory {
			return "", nil, ENOTDIR
		}
		switch w {
		case "", ".":
			continue
		case "..":
			straight = false
			if len(stack) > 0 {
				cur, stack, names = stack[len(stack)-1], stack[:len(stack)-1], names[:len(names)-1]
			}
			continue
		}
		if len(w) > 255 {
			return "", nil, ENAMETOOLONG
		}
		if user != nil && !cur.permits(user, toSearch) {
			return "", nil, EACCES
		}
		next := cur.child(w)
		if next != nil && next.kind == Link && (follow || more) {
			if links++; links > maxLinks {
				return "", nil, ELOOP
			}
			straight = false
			if more {
				rest = next.target + "/" + rest
			} else {
				rest, more = next.target, true
			}
			fs.steps += strings.Count(rest, "/") + 1
			if strings.HasPrefix(next.target, "/") {
				cur, stack, names = fs.root, stack[:0], names[:0]
			}
			continue
		}
		stack, names = append(stack, cur), append(names, w)
		length += 1 + len(w)
		cur = next
	}
	if straight && length == len(name) {
		return name, cur, nil
	}
	return "/" + strings.Join(names, "/"), cur, nil
}

// Steps is how many components of paths have been looked up so far, which is what
// a walk over a tree costs.
func (fs *FS) Steps() int { return fs.steps }

// owned returns the node at a path that resolve made, after copying whatever on
// the way is shared. It is nil for what exists only synthetically.
func (fs *FS) owned(clean string) *node {
	n := fs.ownRoot()
	for w := range strings.SplitSeq(clean, "/") {
		if w == "" {
			continue
		}
		if n = fs.own(n, w); n == nil {
			return nil
		}
		if b := n.mounted; b != nil {
			if b.readonly {
				return nil
			}
			if n = b.fs.owned(b.source); n == nil {
				return nil
			}
		}
	}
	return n
}

// lookup follows a path to an existing file.
func (fs *FS) lookup(name string, follow bool) (string, *node, error) {
	at, n, err := fs.resolve(name, follow)
	if err == nil && n == nil {
		err = ENOENT
	}
	if err == nil && n.kind != Directory && strings.HasSuffix(name, "/") {
		err = ENOTDIR
	}
	return at, n, err
}

// parent returns the owned directory of a path that resolve made, and the
// file's name in it.
func (fs *FS) parent(clean string) (*node, string, error) {
	if clean == "/" {
		return nil, "", EBUSY
	}
	dir, base := path.Split(clean)
	if err := sealedAt(fs, clean); err != nil {
		return nil, "", err
	}
	n := fs.owned(dir)
	if n == nil {
		return nil, "", fs.refusal(dir)
	}
	if n.kind != Directory {
		return nil, "", ENOTDIR
	}
	return n, base, fs.permit(n, toWrite|toSearch)
}

func (n *node) info(name string) Info {
	i := Info{
		Name: name, Kind: n.kind, Mode: n.mode, ModTime: n.mtime, UID: int(n.uid), GID: int(n.gid),
		Inode: n.inode, Links: n.links, Target: n.target, Major: int(n.major), Minor: int(n.minor),
	}
	switch {
	case n.kind == Directory:
		for _, c := range n.entries() {
			if c.node.kind == Directory {
				i.Links++
			}
		}
	case n.kind == Link:
		i.Size = int64(len(n.target))
	case n.shown > 0:
		i.Size = n.shown
	case n.read == nil:
		i.Size = int64(len(n.data))
	}
	return i
}

// info describes what is at a path without symbolic links.
func (fs *FS) info(clean string, n *node) Info {
	i := n.info(path.Base(clean))
	fs.measure(clean, n, &i)
	return i
}

// Stat follows symbolic links.
func (fs *FS) Stat(name string) (Info, error) {
	at, n, err := fs.lookup(name, true)
	if err != nil {
		return Info{}, err
	}
	return fs.info(at, n), nil
}

// Lstat describes the link itself.
func (fs *FS) Lstat(name string) (Info, error) {
	at, n, err := fs.lookup(name, false)
	if err != nil {
		return Info{}, err
	}
	return fs.info(at, n), nil
}

// Exists reports whether a path leads to a file.
func (fs *FS) Exists(name string) bool {
	_, _, err := fs.lookup(name, true)
	return err == nil
}

// Realpath is the path without symbolic links; the last component need not
// exist.
func (fs *FS) Realpath(name string) (string, error) {
	at, _, err := fs.resolve(name, true)
	return at, err
}

// ReadDir lists a directory, sorted by name.
func (fs *FS) ReadDir(name string) ([]Info, error) {
	at, n, err := fs.lookup(name, true)
	if err != nil {
		return nil, err
	}
	if n.kind != Directory {
		return nil, ENOTDIR
	}
	if err := fs.permit(n, toRead); err != nil {
		return nil, err
	}
	var out []Info
	for _, c := range n.entries() {
		out = append(out, fs.info(path.Join(at, c.name), c.node))
	}
	if n.list != nil {
		for _, k := range n.list() {
			if n.get(k) != nil {
				continue
			}
			if c := n.find(k); c != nil {
				out = append(out, fs.info(path.Join(at, k), c))
			}
		}
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Name < out[k].Name })
	return out, nil
}

// ReadFile returns a file's content; the caller must not change it.
func (fs *FS) ReadFile(name string) ([]byte, error) {
	_, n, err := fs.lookup(name, true)
	if err != nil {
		return nil, err
	}
	switch {
	case n.kind == Directory:
		return nil, EISDIR
	case fs.permit(n, toRead) != nil:
		return nil, EACCES
	case n.read != nil:
		return n.read(), nil
	case n.kind != Regular:
		return nil, ENXIO
	}
	return n.data, nil
}

// Readlink is the target of a symbolic link.
func (fs *FS) Readlink(name string) (string, error) {
	_, n, err := fs.lookup(name, false)
	if err != nil {
		return "", err
	}
	if n.kind != Link {
		return "", EINVAL
	}
	return n.target, nil
}
