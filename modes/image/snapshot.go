package image

// Snapshots are the directories of containerd's overlayfs snapshotter, which are numbered
// as they are made: one for each layer that was unpacked, two for each container. No
// number is given twice.
type Snapshots struct {
	last   int
	layers map[string]int // by the digests of a layer and of those below it
}

// Next is a new one.
func (s *Snapshots) Next() int {
	s.last++
	return s.last
}

// Of are those of an image's layers, the topmost first. Layers that nobody has unpacked
// yet are unpacked now.
func (s *Snapshots) Of(img *Image) []int {
	if s.layers == nil {
		s.layers = map[string]int{}
	}
	out, chain := make([]int, len(img.Layers)), ""
	for i, l := range img.Layers {
		chain += l.Digest + "\n"
		if s.layers[chain] == 0 {
			s.layers[chain] = s.Next()
		}
		out[len(out)-1-i] = s.layers[chain]
	}
	return out
}
