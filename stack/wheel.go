package stack

import (
	"strings"
	"time"
)

// tick is a jiffy of the kernel: HZ is 250 on Debian and its kin.
const tick = 4 * time.Millisecond

// wheel is how long from now a kernel timer that is set to d fires: never early,
// and the later the longer d is, because the wheel's levels are coarser the
// further they reach (kernel/time/timer.c, calc_wheel_index). A neighbour's
// retransmission of 1 s comes after 1.000 to 1.032 s, and those after it 1.024 s
// apart.
func (ns *Namespace) wheel(d time.Duration) time.Duration {
	jiffies := (d + tick - 1) / tick
	step := tick
	for limit := time.Duration(64); jiffies >= limit && step < tick<<24; limit <<= 3 {
		step <<= 3
	}
	now := ns.loop.Now() + ns.jiffiesAtStart()
	return ((now+jiffies*tick)/step+1)*step - now
}

// jiffiesAtStart is how long the kernel had been up when the run began: machines
// were not switched on in the same jiffy. A host's namespaces, which are named
// after it, have one kernel.
func (ns *Namespace) jiffiesAtStart() time.Duration {
	if ns.booted == 0 {
		kernel, _, _ := strings.Cut(ns.name, "/")
		ns.booted = time.Hour + time.Duration(ns.loop.Stream("jiffies/"+kernel).Int64N(int64(time.Hour)))
	}
	return ns.booted
}
