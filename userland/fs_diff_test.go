package userland

import (
	"strings"
	"testing"

	"dnetsim/sim"
)

func TestChangesNameWhatDiffersFromATree(t *testing.T) {
	base := NewFS(sim.NewLoop(1))
	base.MkdirAll("/a/b", 0o755)
	base.WriteFile("/a/b/f", []byte("one"), 0o644)
	base.WriteFile("/g", nil, 0o644)
	for _, c := range []struct {
		what   string
		change func(fs *FS)
		want   string
	}{
		{"nothing", func(*FS) {}, ""},
		{"a file in a directory", func(fs *FS) { fs.WriteFile("/a/b/n", nil, 0o644) }, "C /a, C /a/b, A /a/b/n"},
		{"content", func(fs *FS) { fs.WriteFile("/a/b/f", []byte("two"), 0o644) }, "C /a, C /a/b, C /a/b/f"},
		{"a mode", func(fs *FS) { fs.Chmod("/g", 0o600) }, "C /g"},
		{"the end of a directory", func(fs *FS) { fs.RemoveAll("/a/b") }, "C /a, D /a/b"},
		{"a tree", func(fs *FS) { fs.MkdirAll("/x/y", 0o755) }, "A /x, A /x/y"},
		{"there and back", func(fs *FS) { fs.WriteFile("/t", nil, 0o644); fs.Remove("/t") }, ""},
		{"a file in a directory's place", func(fs *FS) { fs.RemoveAll("/a"); fs.WriteFile("/a", nil, 0o644) }, "C /a"},
		{"what the kernel has", func(fs *FS) { fs.WriteFile("/proc/x", nil, 0o644); fs.WriteFile("/dev/y", nil, 0o644) }, ""},
		{"what is made when it is read", func(fs *FS) { fs.Synthetic("/etc/hosts", func() []byte { return nil }, nil) }, ""},
	} {
		fs := base.Clone()
		c.change(fs)
		var got []string
		for _, x := range fs.Changes(base) {
			got = append(got, string("CAD"[x.Kind])+" "+x.Path)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.what, text, c.want)
		}
	}
}
