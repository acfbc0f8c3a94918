package userland_test

import (
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// say runs a line on a machine and returns what it printed.
func say(t *testing.T, m *userland.Machine, style shell.Style, text string, caps userland.Capability) string {
	t.Helper()
	var b strings.Builder
	p := m.Start(userland.ProcSpec{
		Program: shell.Sh(style), Args: []string{"sh", "-c", text}, Stdout: &b, Stderr: &b, Caps: caps,
	})
	if err := m.Loop().Run(p.Done, 24*time.Hour); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b.String()
}

// two are two hosts of one loop, and a container on each.
func two() (a, b, inA, inB *userland.Machine) {
	l := sim.NewLoop(1)
	host := func(name string) *userland.Machine {
		m := userland.NewMachine(l, name, nil)
		m.Install(programs.Host())
		return m
	}
	container := func(h *userland.Machine) *userland.Machine {
		m := userland.NewMachine(l, h.Name+"/c", nil)
		m.Container, m.Parent = true, h
		m.Install(programs.Busybox())
		return m
	}
	a, b = host("a"), host("b")
	return a, b, container(a), container(b)
}

func TestAClockThatIsSetMovesOneHostAndItsContainersOnly(t *testing.T) {
	a, b, inA, inB := two()
	if got, want := say(t, a, shell.Bash, "date -s '2026-11-28 12:00:00'", 0), "Sat Nov 28 12:00:00 UTC 2026\n"; got != want {
		t.Errorf("date -s printed %q, want %q", got, want)
	}
	// Sleep takes its time, and the clock goes on from where it was set.
	before := a.Loop().Now()
	say(t, a, shell.Bash, "sleep 90", 0)
	if took := a.Loop().Now() - before; took != 90*time.Second {
		t.Errorf("sleep 90 took %v", took)
	}
	const moved, run = "2026-11-28 12:01:30", "2026-01-05 08:01:30"
	for _, c := range []struct {
		m    *userland.Machine
		want string
	}{{a, moved}, {inA, moved}, {b, run}, {inB, run}} {
		if got := strings.TrimSpace(say(t, c.m, shell.Ash, "date '+%F %T'", 0)); got != c.want {
			t.Errorf("%s says %s, want %s", c.m.Name, got, c.want)
		}
		say(t, c.m, shell.Ash, "echo x > /tmp/x", 0)
		if i, err := c.m.FS().Stat("/tmp/x"); err != nil || i.ModTime.Format("2006-01-02 15:04:05") != c.want {
			t.Errorf("a new file of %s is of %v, want %s", c.m.Name, i.ModTime, c.want)
		}
	}
	if got := say(t, a, shell.Bash, "cat /proc/uptime", 0); got != "90.00 90.00\n" {
		t.Errorf("/proc/uptime is %q after 90 s", got)
	}
	if got := say(t, a, shell.Bash, "uptime", 0); !strings.HasPrefix(got, " 12:01:30 up 1 min,") {
		t.Errorf("uptime says %q", got)
	}
}

// Linux knows for how long a process has been there, and reckons its start from
// the clock of now.
func TestPsReckonsStartsFromTheClock(t *testing.T) {
	a, _, _, _ := two()
	got := say(t, a, shell.Bash, "sleep 1000 & sleep 60; date -s '+3 hours' > /dev/null; ps -o etime= -C sleep; ps -ef | grep 'sleep 1000'", 0)
	if !strings.Contains(got, "00:01:00") || !strings.Contains(got, " 11:00 ") {
		t.Errorf("three hours set on after a minute:\n%s", got)
	}
}

func TestAClockIsOnlySetByWhoMay(t *testing.T) {
	a, _, inA, _ := two()
	if got, want := say(t, inA, shell.Ash, "date -s '2026-11-28 12:00'; echo $?; date +%F", 0),
		"date: can't set date: Operation not permitted\nSat Nov 28 12:00:00 UTC 2026\n0\n2026-01-05\n"; got != want {
		t.Errorf("in a container: %q, want %q", got, want)
	}
	if err := a.SetWall(time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)); err != userland.EINVAL {
		t.Errorf("1969: %v, want EINVAL", err)
	}
	if got, want := say(t, a, shell.Bash, "date -s '2300-01-01'; date +%Y", 0),
		"date: cannot set date: Invalid argument\nMon Jan  1 00:00:00 UTC 2300\n2026\n"; got != want {
		t.Errorf("2300: %q, want %q", got, want)
	}
	// With CAP_SYS_TIME it is the host's clock that a container sets.
	say(t, inA, shell.Ash, "sh -c \"date -s '2026-11-28 12:00'\"", userland.SysTime)
	if got := a.Wall().Format("2006-01-02 15:04"); got != "2026-11-28 12:00" {
		t.Errorf("the host has %s after a container with CAP_SYS_TIME set 2026-11-28 12:00", got)
	}
}

func TestBootTakesTheClockFromTheBattery(t *testing.T) {
	a, b, _, _ := two()
	a.SetHardwareClock(-10 * time.Minute)
	if got := a.Wall().Sub(b.Wall()); got != -10*time.Minute {
		t.Errorf("the clock is %v ahead, want -10m", got)
	}
	say(t, a, shell.Bash, "date -s '+5 hours'", 0)
	if got := a.Wall().Sub(b.Wall()); got != 5*time.Hour-10*time.Minute {
		t.Errorf("the clock is %v ahead after +5 hours, want 4h50m", got)
	}
	a.Reboot()
	if got := a.Wall().Sub(b.Wall()); got != -10*time.Minute {
		t.Errorf("the clock is %v ahead after a reboot, want -10m", got)
	}
}
