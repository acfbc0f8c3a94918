package overlay

import (
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// Sandboxes are the sandboxes of overlay networks that are in a host's kernel, in
// the order of their making. They outlive a dockerd.
type Sandboxes struct {
	all  []*sandbox
	made int // ever
}

// Namespaces are those of the sandboxes.
func (s *Sandboxes) Namespaces() []*stack.Namespace {
	var out []*stack.Namespace
	for _, b := range s.all {
		out = append(out, b.ns)
	}
	return out
}

// Find finds a sandbox's namespace by the path of its file or its name.
func (s *Sandboxes) Find(ref string) (*stack.Namespace, bool) {
	for _, b := range s.all {
		if b.key == ref || strings.HasSuffix(b.key, "/"+ref) {
			return b.ns, true
		}
	}
	return nil, false
}

// Crash is the end of the kernel that they were in.
func (s *Sandboxes) Crash(h *driver.Host) {
	for _, b := range slices.Clone(s.all) {
		s.drop(h, b)
		h.Remove(b.key) // /run was in memory
		h.CloseSoon(b.ns)
	}
}

func (s *Sandboxes) drop(h *driver.Host, b *sandbox) {
	if i := slices.Index(s.all, b); i >= 0 {
		s.all = slices.Delete(slices.Clone(s.all), i, i+1)
		h.Unpin(b.key)
	}
}

// Namespaces are those of the networks that have a sandbox now, by network id.
func (o *Driver) Namespaces() map[string]*stack.Namespace {
	out := map[string]*stack.Namespace{}
	for id, n := range o.networks {
		if n.box != nil {
			out[id] = n.box.ns
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
