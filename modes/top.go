package modes

import (
	"fmt"
	"strconv"

	"dnetsim/userland"
)

// Top lists the processes of a running container as ps -ef on the host
// shows them; args other than "" and "-ef" choose "aux".
func (cs *Containers) Top(ref, args string) (Top, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return Top{}, err
	}
	if c.run.pid1 == nil {
		return Top{}, notRunning(c)
	}
	t := Top{Titles: []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}}
	if args == "aux" {
		t.Titles = []string{"USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"}
	}
	for _, p := range c.run.machine.Processes() {
		pid := strconv.Itoa(p.PIDOn(cs.d.host.Machine))
		ppid := strconv.Itoa(c.shim())
		if up := p.Parent(); up != nil && !up.Done() {
			ppid = strconv.Itoa(up.PIDOn(cs.d.host.Machine))
		}
		tty := "?"
		if p.TTY != nil {
			tty = "pts/0"
		}
		cmd := join(p.Args)
		started := cs.d.Wall().Add(-p.Age())
		if args == "aux" {
			t.Processes = append(t.Processes, []string{p.User, pid, "0.0", "0.0", "1320", "4", tty, "Ss", started.Format("15:04"), "0:00", cmd})
			continue
		}
		t.Processes = append(t.Processes, []string{p.User, pid, ppid, "0", started.Format("15:04"), tty, "00:00:00", cmd})
	}
	return t, nil
}

// shim is the number of the containerd-shim that PID 1's parent would be.
func (c *Container) shim() int { return max(c.State.Pid-20, 1) }

func join(args []string) string {
	s := ""
	for i, a := range args {
		if i > 0 {
			s += " "
		}
		s += a
	}
	return s
}

// Resize sets the size of a container's terminal.
func (cs *Containers) Resize(ref string, rows, cols int) error {
	c, err := cs.Get(ref)
	if err != nil {
		return err
	}
	if !c.State.Running() {
		return errf(ErrConflict, "Container %s is not running", c.ID)
	}
	if c.run.tty == nil {
		return nil
	}
	c.run.tty.Resize(userland.Winsize{Rows: rows, Cols: cols})
	c.event("resize", "height", fmt.Sprint(rows), "width", fmt.Sprint(cols))
	return nil
}
