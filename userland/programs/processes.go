package programs

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

var processTable = map[string]applet{
	"ps": ps, "top": top, "kill": kill, "killall": killall, "pkill": killall, "pidof": pidof, "pgrep": pgrep,
}

// commandLine is what ps prints for a process.
func commandLine(p *userland.Process) string { return strings.Join(p.Args, " ") }

func ttyName(p *userland.Process) string {
	if p.TTY == nil {
		return "?"
	}
	return p.TTY.Name
}

func startTime(c *invocation, p *userland.Process) string {
	start := c.Wall().Add(-p.Age())
	if p.Age() < 24*time.Hour {
		return start.Format("15:04")
	}
	return start.Format("Jan02")
}

func ps(c *invocation) int {
	if !c.gnu {
		return psBusybox(c)
	}
	all, full, bsd := false, false, false
	var columns []string
	var pids []string
	args := c.Args[1:]
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") {
			if strings.Trim(a, "auxwfe") == "" {
				bsd = true
				all = all || strings.Contains(a, "a") || strings.Contains(a, "x") || strings.Contains(a, "e")
				continue
			}
			pids = append(pids, strings.Split(a, ",")...)
			continue
		}
		for k := 1; k < len(a); k++ {
			switch a[k] {
			case 'e', 'A', 'a', 'x':
				all = true
			case 'f', 'F', 'l':
				full = true
			case 'o', 'p', 'C', 'u', 't':
				v := a[k+1:]
				if v == "" && i+1 < len(args) {
					i++
					v = args[i]
				}
				if a[k] == 'o' {
					columns = append(columns, strings.Split(v, ",")...)
				} else if a[k] == 'p' {
					pids = append(pids, strings.Split(v, ",")...)
				}
				k = len(a)
			}
		}
	}
	var list []*userland.Process
	for _, p := range c.Machine.AllProcesses() {
		pid := strconv.Itoa(p.PIDOn(c.Machine))
		switch {
		case len(pids) > 0:
			for _, want := range pids {
				if want == pid {
					list = append(list, p)
				}
			}
		case all || p.TTY == c.TTY && p.Machine == c.Machine:
			list = append(list, p)
		}
	}
	switch {
	case len(columns) > 0:
		psColumns(c, list, columns)
	case bsd:
		c.Printf("USER         PID %%CPU %%MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
		for _, p := range list {
			c.Printf("%-8s %7d  0.0  0.1   4324  1280 %-8s Ss   %s   0:00 %s\n", p.User, p.PIDOn(c.Machine), ttyName(p), startTime(c, p), commandLine(p))
		}
	case full:
		c.Printf("UID          PID    PPID  C STIME TTY          TIME CMD\n")
		for _, p := range list {
			c.Printf("%-8s %7d %7d  0 %s %-8s 00:00:00 %s\n", p.User, p.PIDOn(c.Machine), parentPID(c, p), startTime(c, p), ttyName(p), commandLine(p))
		}
	default:
		c.Printf("    PID TTY          TIME CMD\n")
		for _, p := range list {
			c.Printf("%7d %-8s 00:00:00 %s\n", p.PIDOn(c.Machine), ttyName(p), p.Name())
		}
	}
	if len(list) == 0 && len(pids) > 0 {
		return 1
	}
	return 0
}

func parentPID(c *invocation, p *userland.Process) int {
	if p.Machine == c.Machine {
		return p.PPID
	}
	if up := p.Parent(); up != nil && !up.Done() {
		return up.PIDOn(c.Machine)
	}
	return 1
}

func psColumns(c *invocation, list []*userland.Process, columns []string) {
	heads := map[string]string{
		"pid": "PID", "ppid": "PPID", "args": "COMMAND", "cmd": "CMD", "command": "COMMAND", "comm": "COMMAND",
		"user": "USER", "tty": "TT", "stat": "STAT", "etime": "ELAPSED", "time": "TIME", "pgid": "PGID",
	}
	row := func(p *userland.Process, col string) string {
		switch col {
		case "pid":
			return fmt.Sprintf("%7d", p.PIDOn(c.Machine))
		case "ppid":
			return fmt.Sprintf("%7d", parentPID(c, p))
		case "pgid":
			return fmt.Sprintf("%7d", p.PGID)
		case "comm":
			return p.Name()
		case "user":
			return fmt.Sprintf("%-8s", p.User)
		case "tty":
			return fmt.Sprintf("%-8s", ttyName(p))
		case "stat":
			return "S   "
		case "time":
			return "00:00:00"
		case "etime":
			e := p.Age()
			return fmt.Sprintf("   %02d:%02d:%02d", int(e.Hours()), int(e.Minutes())%60, int(e.Seconds())%60)
		}
		return commandLine(p)
	}
	head, headed := "", false
	for i, col := range columns {
		name, title, custom := strings.Cut(col, "=")
		columns[i] = name
		if !custom {
			title = heads[name]
		}
		headed = headed || title != ""
		if i > 0 {
			head += " "
		}
		switch name {
		case "pid", "ppid", "pgid":
			head += fmt.Sprintf("%7s", title)
		case "user", "tty":
			head += fmt.Sprintf("%-8s", title)
		default:
			head += title
		}
	}
	if headed {
		c.Printf("%s\n", head)
	}
	for _, p := range list {
		var cells []string
		for _, col := range columns {
			cells = append(cells, row(p, col))
		}
		c.Printf("%s\n", strings.TrimRight(strings.Join(cells, " "), " "))
	}
}

func psBusybox(c *invocation) int {
	o := c.parse("o:TwelafA")
	if cols := o.value("o", ""); cols != "" {
		psColumns(c, c.Machine.AllProcesses(), strings.Split(cols, ","))
		return 0
	}
	c.Printf("PID   USER     TIME  COMMAND\n")
	for _, p := range c.Machine.AllProcesses() {
		c.Printf("%5d %-8s  0:00 %s\n", p.PIDOn(c.Machine), p.User, commandLine(p))
	}
	return 0
}

// top shows a page every few seconds until it has shown -n of them, whatever it
// writes to: busybox' goes on without a terminal, procps' wants one or -b.
func top(c *invocation) int {
	o := c.parse("bn:d:mHp:")
	if c.gnu && !o.has("b") && !userland.IsTTY(c.Stdin) {
		c.Errorf("top: failed tty get\n")
		return 1
	}
	n, err := strconv.Atoi(o.value("n", "0"))
	if err != nil {
		n = 1
	}
	every, ok := duration(o.value("d", "5"))
	if !ok {
		every = 5 * time.Second
	}
	var keys topKeys
	defer keys.watch(c)()
	for i := 0; n == 0 || i < n; i++ {
		if i > 0 && keys.wait(c, max(every, time.Second/10)) {
			return 0
		}
		if !o.has("b") {
			c.Printf("\x1b[H\x1b[J")
		}
		c.Printf("Mem: 1015884K used, 3012340K free, 0K shrd, 52480K buff, 612300K cached\nCPU:   0%% usr   0%% sys   0%% nic 100%% idle   0%% io   0%% irq   0%% sirq\nLoad average: 0.00 0.00 0.00 1/80 %d\n", c.PID)
		c.Printf("  PID  PPID USER     STAT   VSZ %%VSZ CPU %%CPU COMMAND\n")
		for _, p := range c.Machine.AllProcesses() {
			c.Printf("%5d %5d %-8s S     4396   0%%   0   0%% %s\n", p.PIDOn(c.Machine), parentPID(c, p), p.User, commandLine(p))
		}
	}
	return 0
}

// topKeys are the keys that are typed at top: q and ^C end it, others show the
// next page.
type topKeys struct {
	hit  sim.Cond
	quit bool
}

// watch reads keys while top runs, if it has a terminal. What it returns gives
// the terminal back.
func (k *topKeys) watch(c *invocation) func() {
	c.Catch(userland.SIGINT, userland.SIGTERM)
	tty := c.TTY
	if tty == nil || !userland.IsTTY(c.Stdin) || tty.Raw() {
		return func() {}
	}
	tty.SetEditing(true)
	c.Go(func() {
		b := make([]byte, 64)
		for !k.quit {
			n, err := c.Stdin.Read(b)
			k.quit = err != nil || bytes.ContainsAny(b[:n], "qQ\x03")
			k.hit.Broadcast()
		}
	})
	return func() { tty.SetEditing(false) }
}

// wait lets time pass until the next page, and reports whether it is time to end.
func (k *topKeys) wait(c *invocation, d time.Duration) bool {
	err := k.hit.WaitFor(c.Loop(), d)
	return k.quit || userland.Interrupted(err)
}

func kill(c *invocation) int {
	status, out, errs := shell.Kill(c.Process, c.Args)
	c.Printf("%s", out)
	for _, e := range errs {
		c.fail("%s", e)
	}
	return status
}

// named finds processes by name, or by a part of it.
func (c *invocation) named(name string, part, full bool) []*userland.Process {
	var out []*userland.Process
	for _, p := range c.Machine.AllProcesses() {
		if p == c.Process {
			continue
		}
		text := p.Name()
		if full {
			text = commandLine(p)
		}
		hit := text == name
		if part {
			rx, err := compile(name, true, false)
			hit = err == nil && rx.MatchString(text)
		}
		if hit {
			out = append(out, p)
		}
	}
	return out
}

func killall(c *invocation) int {
	sig := userland.SIGTERM
	full, quiet := false, false
	args := c.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch a := args[0][1:]; a {
		case "f":
			full = true
		case "q", "w", "v", "x":
			quiet = quiet || a == "q"
		default:
			if a == "s" && len(args) > 1 {
				args = args[1:]
				a = args[0]
			}
			s, ok := userland.ParseSignal(a)
			if !ok {
				return c.fail("%s: unknown signal", a)
			}
			sig = s
		}
		args = args[1:]
	}
	status := 0
	for _, name := range args {
		ps := c.named(name, c.name() == "pkill", full)
		for _, p := range ps {
			p.Signal(sig)
		}
		if len(ps) == 0 {
			status = 1
			if c.name() == "killall" && !quiet {
				c.fail("%s: no process %s", name, map[bool]string{true: "found", false: "killed"}[c.gnu])
			}
		}
	}
	return status
}

func pidof(c *invocation) int {
	o := c.parse("so:x")
	var pids []int
	for _, name := range o.args {
		for _, p := range c.named(name, false, false) {
			pids = append(pids, p.PIDOn(c.Machine))
		}
	}
	if len(pids) == 0 {
		return 1
	}
	sort.Sort(sort.Reverse(sort.IntSlice(pids)))
	if o.has("s") {
		pids = pids[:1]
	}
	c.Printf("%s\n", strings.Trim(fmt.Sprint(pids), "[]"))
	return 0
}

func pgrep(c *invocation) int {
	o := c.parse("flanxo|full=f,list-name=l,list-full=a,exact=x")
	if len(o.args) == 0 {
		c.misuse(2, "no matching criteria specified")
	}
	ps := c.named(o.args[0], !o.has("x"), o.has("f"))
	for _, p := range ps {
		switch {
		case o.has("a"):
			c.Printf("%d %s\n", p.PIDOn(c.Machine), commandLine(p))
		case o.has("l"):
			c.Printf("%d %s\n", p.PIDOn(c.Machine), p.Name())
		default:
			c.Printf("%d\n", p.PIDOn(c.Machine))
		}
	}
	if len(ps) == 0 {
		return 1
	}
	return 0
}
