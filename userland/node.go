package userland

import (
	"slices"
	"time"
)

// node is one file. A node whose owner is not its tree's is shared with another
// tree and never changed.
type node struct {
	owner    *int
	kind     Kind
	mode     uint32
	uid, gid int32
	mtime    time.Time
	inode    uint64
	links    int
	data     []byte
	children []dirent // sorted by name; ask for entries, which the kernel's directories make
	// mounted is what lies over this node, or nil.
	mounted *binding
	*special
}

// special is what most files have not. It is shared between nodes: change it by
// [node.specially].
type special struct {
	shown  int64 // size to show if it is not len(data)
	target string
	// read and write make the file synthetic, list and find a directory.
	read  func() []byte
	write func([]byte) error
	list  func() []string
	find  func(name string) *node
	dev   device
	// accept takes connections to a socket.
	accept       func(*UnixConn) error
	major, minor int32
	// fill makes the entries of one of the kernel's directories, when somebody looks.
	fill func(*node)
}

// plain is the special of a node that has nothing special.
var plain = special{}

// specially changes what is special about a node.
func (n *node) specially(change func(*special)) {
	s := *n.special
	change(&s)
	n.special = &s
}

// dirent is a directory's entry. Most directories have few: a sorted list takes
// a tenth of a map's memory.
type dirent struct {
	name string
	node *node
}

// entries are those that lie in a directory.
func (n *node) entries() []dirent {
	if n.fill != nil {
		fill := n.fill
		n.specially(func(s *special) { s.fill = nil })
		fill(n)
	}
	return n.children
}

// entry is where an entry stands or would stand. It is the hottest loop of a
// container's start, hence no comparison by a function.
func (n *node) entry(name string) (at int, ok bool) {
	end := len(n.entries())
	for at < end {
		if m := (at + end) / 2; n.children[m].name < name {
			at = m + 1
		} else {
			end = m
		}
	}
	return at, at < len(n.children) && n.children[at].name == name
}

// get finds an entry of a directory that is a node of the tree, mounted over or not.
func (n *node) get(name string) *node {
	if at, ok := n.entry(name); ok {
		return n.children[at].node
	}
	return nil
}

// put makes a node the entry of a directory, in the place of the one it had.
func (n *node) put(name string, c *node) {
	at, ok := n.entry(name)
	if !ok {
		n.children = slices.Insert(n.children, at, dirent{name, c})
	}
	n.children[at].node = c
}

// drop removes an entry.
func (n *node) drop(name string) {
	n.children = slices.DeleteFunc(n.entries(), func(d dirent) bool { return d.name == name })
}

// showLength makes the size to show the content's own again.
func (n *node) showLength() {
	if n.shown != 0 {
		n.specially(func(s *special) { s.shown = 0 })
	}
}
