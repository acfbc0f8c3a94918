package userland

import (
	"bytes"
	"maps"
	"path"
	"slices"
)

// ChangeKind is how a path differs from another tree; the numbers are those of the
// Engine API.
type ChangeKind uint8

// The kinds of changes.
const (
	Modified ChangeKind = iota
	Added
	Deleted
)

// Change is one path that differs from another tree.
type Change struct {
	Path string
	Kind ChangeKind
}

// kernels are the directories that the kernel fills: no layer has what is in them.
var kernels = map[string]bool{"/dev": true, "/proc": true, "/sys": true}

// Changes is how the tree differs from base, a directory before what is in it and
// names in order. What is synthetic or mounted is of the machine, not of the tree.
// A directory in which something changed is modified too.
func (fs *FS) Changes(base *FS) []Change { return changes("/", fs.root, base.root) }

func changes(dir string, now, old *node) (out []Change) {
	names := map[string]bool{}
	for _, n := range []*node{now, old} {
		if n == nil {
			continue
		}
		for _, d := range n.children { // the kernel fills what no layer has
			names[d.name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		at := path.Join(dir, name)
		var before *node
		if old != nil {
			before = old.get(name)
		}
		if n := now.get(name); n != before && !kernels[at] {
			out = append(out, changed(at, n, before)...)
		}
	}
	return out
}

// changed is what has become of one path.
func changed(at string, n, old *node) []Change {
	switch {
	case n == nil:
		return []Change{{at, Deleted}}
	case n.read != nil || n.find != nil || n.dev != nil || n.accept != nil:
		return nil
	case n.mounted != nil:
		if old == nil {
			return []Change{{at, Added}}
		}
		return nil
	case old == nil:
		return append([]Change{{at, Added}}, changes(at, n, nil)...)
	}
	var below []Change
	if n.kind == Directory {
		below = changes(at, n, sameKind(n, old))
	}
	if len(below) == 0 && n.alike(old) {
		return nil
	}
	return append([]Change{{at, Modified}}, below...)
}

// sameKind is old, or nil if it is no directory.
func sameKind(n, old *node) *node {
	if old.kind != n.kind {
		return nil
	}
	return old
}

// alike reports whether two nodes are the same file; a directory's time changes with
// what is in it.
func (n *node) alike(old *node) bool {
	return n.kind == old.kind && n.mode == old.mode && n.uid == old.uid && n.gid == old.gid && n.target == old.target &&
		(n.kind == Directory || n.mtime.Equal(old.mtime)) && bytes.Equal(n.data, old.data)
}
