package userland

import (
	"fmt"
	"slices"
	"time"
)

// KernelLine is a line of the kernel's log.
type KernelLine struct {
	LogLine
	Level  int           // syslog's: 4 is warning
	Uptime time.Duration // since the boot, as dmesg stamps it
}

// kernelLines is how many lines the kernel's ring buffer keeps.
const kernelLines = 4096

// kernelLog is a machine's ring buffer.
type kernelLog struct {
	lines   []KernelLine
	count   int
	cleared int // lines that dmesg -C has hidden from dmesg
}

// kmsg is printk.
func (m *Machine) kmsg(level int, text string) {
	k := &m.printk
	k.count++
	k.lines = append(k.lines, KernelLine{LogLine{At: m.Wall(), After: m.loop.Now(), Unit: "kernel", Text: text, N: k.count}, level, m.Uptime()})
	if len(k.lines) > kernelLines {
		k.lines = slices.Clone(k.lines[len(k.lines)-kernelLines/2:])
	}
}

// KernelLog is what the kernel of a machine has logged, the oldest first; a
// container's is its host's.
func (m *Machine) KernelLog() []KernelLine {
	return m.kernel().printk.lines
}

// ClearKernelLog hides what has been logged from dmesg, not from the journal.
func (m *Machine) ClearKernelLog() {
	k := &m.kernel().printk
	k.cleared = k.count
}

// Dmesg is what dmesg shows: the log since it was last cleared.
func (m *Machine) Dmesg() []KernelLine {
	k := &m.kernel().printk
	lines := k.lines
	for len(lines) > 0 && lines[0].N <= k.cleared {
		lines = lines[1:]
	}
	return lines
}

// Stamp is the time of a line as the kernel prints it: "[   12.345678]".
func (l KernelLine) Stamp() string {
	us := l.Uptime.Microseconds()
	return fmt.Sprintf("[%5d.%06d]", us/1e6, us%1e6)
}
