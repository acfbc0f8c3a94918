package stack

import (
	"testing"

	"dnetsim/link"
)

// With `ethtool -K eth0 tso off` what TCP makes leaves in segments of the MTU.
func TestWithoutSegmentationOffloadFramesLeaveAsSegments(t *testing.T) {
	for _, on := range []bool{true, false} {
		l := newLab(t, 2, Options{})
		dev := l.boxes[0].Interface("eth0")
		dev.SetFeature("tx-tcp-segmentation", on)
		large := 0
		dev.Observe(func(dir link.Direction, f *link.Frame) {
			if dir == link.Out && f.Len() > link.HeaderLen+dev.MTU() {
				large++
			}
		})
		l.transfer(t, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), 1<<18)
		if (large > 0) != on {
			t.Errorf("offload %v: %d frames are larger than the MTU", on, large)
		}
		l.close()
	}
}
