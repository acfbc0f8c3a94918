package modes

import (
	"testing"

	"dnetsim/modes/container"
)

// What runc's init had for its threads is missing in a container's PIDs: each
// exec is five to eight higher than the one before.
func TestExecsLeaveGapsInThePIDs(t *testing.T) {
	w := newWorld(t, "")
	c := w.run(w.a, named("c1", container.HostConfig{}))
	last := 1
	for range 20 {
		w.do(func() {
			e, err := w.a.Daemon.Execs.Create(c.ID, ExecConfig{Cmd: []string{"sleep", "100"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.a.Daemon.Execs.launch(e, true); err != nil {
				t.Fatal(err)
			}
			if step := e.run.proc.PID - last; step < 5 || step > 8 {
				t.Errorf("PID %d after %d", e.run.proc.PID, last)
			}
			last = e.run.proc.PID
		})
	}
	if last < 20*5.5 || last > 20*7 {
		t.Errorf("20 execs take %d PIDs", last)
	}
}
