package userland

import "time"

// Linux has one wall clock per kernel: a container has its host's. What waits
// or counts (sleep, time-outs, /proc/uptime) is not the wall clock's business
// and follows the loop, which nobody can set.

// kernel is the machine whose kernel this one runs on.
func (m *Machine) kernel() *Machine {
	for m.Parent != nil {
		m = m.Parent
	}
	return m
}

// Wall is the machine's wall clock: the run's ([sim.Loop.Wall]) plus what the
// clock of its host is ahead.
func (m *Machine) Wall() time.Time { return m.loop.Wall().Add(m.kernel().ahead) }

// Wall is the wall clock of the machine that the process runs on.
func (p *Process) Wall() time.Time { return p.Machine.Wall() }

// The latest time that the kernel takes: what 64 bits of nanoseconds can count,
// less 30 years of uptime (include/linux/time64.h, TIME_SETTOD_SEC_MAX).
var latestWall = time.Unix(1<<63/1_000_000_000-30*365*24*3600, 0)

// SetWall sets the wall clock of the machine and of all that run on its kernel.
// It returns EINVAL for a time that the kernel does not take: before 1970 plus
// the uptime, or after 2232.
func (m *Machine) SetWall(t time.Time) error {
	k := m.kernel()
	if t.Before(time.Unix(0, 0).Add(k.Uptime())) || !t.Before(latestWall) {
		return EINVAL
	}
	k.ahead = t.Sub(m.loop.Wall())
	return nil
}

// SetHardwareClock sets the clock that runs on a battery while the power is off
// to ahead of the run's clock, or behind it if negative, and the wall clock by
// it, as at boot. date -s does not touch this one: a reboot undoes it.
func (m *Machine) SetHardwareClock(ahead time.Duration) {
	k := m.kernel()
	k.battery, k.ahead = ahead, ahead
}

// SetWall is settimeofday: EPERM without CAP_SYS_TIME, which root has on a
// host, and in a container only if it was given ([ProcSpec]).
func (p *Process) SetWall(t time.Time) error {
	if !SysTime.HeldBy(p) {
		return EPERM
	}
	return p.Machine.SetWall(t)
}

// Age is for how long the process has been there, whatever the clocks say.
func (p *Process) Age() time.Duration { return p.Loop().Now() - p.began }
