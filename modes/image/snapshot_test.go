package image

import (
	"slices"
	"testing"
)

// Layers that images share are unpacked once, and a number is never given twice.
func TestLayersAreUnpackedOnce(t *testing.T) {
	var s Snapshots
	base := &Image{Layers: []Layer{{Digest: "sha256:a"}}}
	made := &Image{Layers: []Layer{{Digest: "sha256:a"}, {Digest: "sha256:b"}}}
	other := &Image{Layers: []Layer{{Digest: "sha256:b"}}}
	if got := s.Of(base); !slices.Equal(got, []int{1}) {
		t.Errorf("the base is unpacked to %v", got)
	}
	if got := s.Next(); got != 2 {
		t.Errorf("a container's is %d", got)
	}
	if got := s.Of(made); !slices.Equal(got, []int{3, 1}) {
		t.Errorf("an image made of it is unpacked to %v, the topmost first", got)
	}
	if got := s.Of(other); !slices.Equal(got, []int{4}) {
		t.Errorf("the same layer upon nothing is another one: %v", got)
	}
}
