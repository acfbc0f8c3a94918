package programs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

var runnerTable = map[string]applet{
	"xargs": xargs, "timeout": timeout, "watch": watch, "time": timed, "nohup": runRest, "nice": nice,
	"setsid": runRest, "stdbuf": stdbuf, "sudo": runRest, "chroot": chroot,
}

func xargs(c *invocation) int {
	o := c.parse("+rtn:I:i0d:L:s:P:p|no-run-if-empty=r,max-args=n,null=0,verbose=t,replace::,delimiter=d")
	cmd := o.args
	if len(cmd) == 0 {
		cmd = []string{"echo"}
	}
	data := string(c.slurp(c.Stdin))
	var items []string
	switch {
	case o.has("0"):
		items = strings.FieldsFunc(data, func(r rune) bool { return r == 0 })
	case o.value("d", "") != "":
		d, _ := shell.Unescape(o.value("d", ""), false)
		items = strings.Split(strings.TrimSuffix(data, d), d)
	case o.has("I") || o.has("L"):
		for _, l := range textLines([]byte(data)) {
			if l = strings.TrimSpace(l); l != "" {
				items = append(items, l)
			}
		}
	default:
		items = words(data)
	}
	per := len(items)
	if n, err := strconv.Atoi(o.value("n", o.value("L", ""))); err == nil && n > 0 {
		per = n
	}
	status := 0
	if repl := o.value("I", ""); repl != "" {
		for _, it := range items {
			args := make([]string, len(cmd))
			for i, a := range cmd {
				args[i] = strings.ReplaceAll(a, repl, it)
			}
			status = max(status, c.batch(args, o))
		}
		return status
	}
	if len(items) == 0 {
		if o.has("r") {
			return 0
		}
		return c.batch(cmd, o)
	}
	for len(items) > 0 {
		n := min(per, len(items))
		status = max(status, c.batch(append(append([]string(nil), cmd...), items[:n]...), o))
		items = items[n:]
	}
	return status
}

func (c *invocation) batch(args []string, o options) int {
	if o.has("t") {
		c.Errorf("%s\n", strings.Join(args, " "))
	}
	stdin := c.Stdin
	c.Stdin = strings.NewReader("")
	p, err := c.Spawn(args...)
	c.Stdin = stdin
	if err != nil {
		c.fail("%s: %s", args[0], userland.ENOENT)
		return 127
	}
	if st := p.Wait(); st != 0 {
		return 123
	}
	return 0
}

// words splits text as xargs does, with quotes and backslashes.
func words(text string) []string {
	var out []string
	var b strings.Builder
	quote, any := byte(0), false
	for i := 0; i < len(text); i++ {
		ch := text[i]
		switch {
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(ch)
		case ch == '\'' || ch == '"':
			quote, any = ch, true
		case ch == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case ch == ' ' || ch == '\t' || ch == '\n':
			if b.Len() > 0 || any {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteByte(ch)
		}
	}
	if b.Len() > 0 || any {
		out = append(out, b.String())
	}
	return out
}

func timeout(c *invocation) int {
	o := c.parse("+s:k:t:v|signal=s,kill-after=k,preserve-status,foreground,verbose=v")
	args := o.args
	text := o.value("t", "")
	if text == "" {
		if len(args) < 2 {
			c.misuse(125, "missing operand")
		}
		text, args = args[0], args[1:]
	}
	d, ok := duration(text)
	if !ok {
		c.misuse(125, "invalid time interval '%s'", text)
	}
	sig, ok := userland.ParseSignal(o.value("s", "TERM"))
	if !ok {
		c.misuse(125, "%s: invalid signal", o.value("s", ""))
	}
	p, err := c.Spawn(args...)
	if err != nil {
		if c.gnu {
			c.fail("failed to run command '%s': %s", args[0], userland.ENOENT)
		} else {
			c.fail("can't execute '%s': %s", args[0], userland.ENOENT)
		}
		return 127
	}
	c.OnExit(func(int) { p.Signal(userland.SIGTERM) })
	late := false
	alarm := c.Loop().NewTimer(func() {
		late = true
		p.Signal(sig)
	})
	if d > 0 {
		alarm.Reset(d)
	}
	if k, ok := duration(o.value("k", "")); ok && k > 0 {
		hard := c.Loop().NewTimer(func() { p.Signal(userland.SIGKILL) })
		hard.Reset(d + k)
		defer hard.Stop()
	}
	st := p.Wait()
	alarm.Stop()
	if late && !o.has("preserve-status") && c.gnu {
		if p.KilledBy() == userland.SIGKILL {
			return 137
		}
		return 124
	}
	return st
}

func watch(c *invocation) int {
	o := c.parse("+n:tdbeg|interval=n,no-title=t")
	every, ok := duration(o.value("n", "2"))
	if !ok || len(o.args) == 0 {
		c.misuse(1, "missing operand")
	}
	every = max(every, 100*time.Millisecond)
	for {
		if userland.IsTTY(c.Stdout) {
			c.Printf("\x1b[H\x1b[J")
		}
		if !o.has("t") {
			c.Printf("%s\n\n", watchHead(c, every, strings.Join(o.args, " ")))
		}
		if p, err := c.Spawn("sh", "-c", strings.Join(o.args, " ")); err == nil {
			p.Wait()
		}
		if c.Sleep(every) != nil {
			return 0
		}
	}
}

// watchHead is watch's first line: what runs how often at the left, and where and when
// at the right. busybox' has no host.
func watchHead(c *invocation, every time.Duration, command string) string {
	left, right := fmt.Sprintf("Every %.1fs: %s", every.Seconds(), command), c.Wall().Format("2006-01-02 15:04:05")
	if c.gnu {
		right = c.Machine.Hostname() + ": " + c.Wall().Format("Mon Jan _2 15:04:05 2006")
	}
	width := 80
	if tty := c.TTY; tty != nil {
		width = tty.Size().Cols
	}
	switch space := width - len(right); {
	case space < 0:
		return left[:min(len(left), width)]
	case len(left) > space-1:
		return left[:max(0, min(len(left), space-4))] + "... " + right
	default:
		return left + strings.Repeat(" ", space-len(left)) + right
	}
}

func timed(c *invocation) int {
	o := c.parse("+pvf:o:a|portability=p")
	if len(o.args) == 0 {
		c.misuse(1, "missing operand")
	}
	start := c.Loop().Now()
	p, err := c.Spawn(o.args...)
	status := 127
	if err != nil {
		c.fail("can't execute '%s': %s", o.args[0], userland.ENOENT)
	} else {
		status = p.Wait()
	}
	sec := (c.Loop().Now() - start).Seconds()
	if c.gnu && !o.has("p") {
		c.Errorf("0.00user 0.00system %d:%05.2felapsed 0%%CPU (0avgtext+0avgdata 1280maxresident)k\n0inputs+0outputs (0major+60minor)pagefaults 0swaps\n", int(sec)/60, sec-float64(int(sec)/60*60))
		return status
	}
	if o.has("p") {
		c.Errorf("real %.2f\nuser 0.00\nsys 0.00\n", sec)
		return status
	}
	c.Errorf("real\t%dm %.2fs\nuser\t0m 0.00s\nsys\t0m 0.00s\n", int(sec)/60, sec-float64(int(sec)/60*60))
	return status
}

func runRest(c *invocation) int {
	o := c.parse("+cwfEnHu:i")
	if len(o.args) == 0 {
		c.misuse(1, "missing operand")
	}
	if c.name() == "nohup" {
		c.Ignore(userland.SIGHUP)
	}
	return c.become(o.args)
}

func nice(c *invocation) int {
	o := c.parse("+n:|adjustment=n")
	if len(o.args) == 0 {
		c.Printf("0\n")
		return 0
	}
	return c.become(o.args)
}

func stdbuf(c *invocation) int {
	o := c.parse("+i:o:e:")
	if len(o.args) == 0 {
		c.misuse(125, "missing operand")
	}
	return c.become(o.args)
}

func chroot(c *invocation) int {
	return c.fail("cannot change root directory: %s", userland.EPERM)
}

// nsenter runs a program in the network namespace of a process or a file, or
// within a container when other namespaces are asked for too.
func nsenter(c *invocation) int {
	var target, file string
	var net, other bool
	args := c.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--" {
		a := args[0]
		args = args[1:]
		next := func() string {
			if len(args) == 0 {
				c.misuse(1, "option requires an argument")
			}
			v := args[0]
			args = args[1:]
			return v
		}
		switch name, v, has := strings.Cut(a, "="); {
		case a == "-t" || a == "--target" && !has:
			target = next()
		case name == "--target":
			target = v
		case strings.HasPrefix(a, "-t") && !strings.HasPrefix(a, "--"):
			target = a[2:]
		case name == "--net":
			net, file = true, v
		case a == "-a" || a == "--all":
			net, other = true, true
		case strings.HasPrefix(a, "-n/") || strings.HasPrefix(a, "-n="):
			net, file = true, strings.TrimPrefix(a[2:], "=")
		case strings.HasPrefix(a, "--"):
			other = true
		default:
			for i, f := range a[1:] {
				switch f {
				case 'n':
					net = true
				case 'm', 'u', 'i', 'p', 'C', 'U', 'T':
					other = other || f != 'T'
				case 't':
					if target = a[i+2:]; target == "" {
						target = next()
					}
				case 'F', 'r', 'w', 'Z':
				default:
					if target == "" {
						c.misuse(1, "invalid option -- '%c'", f)
					}
				}
				if f == 't' {
					break
				}
			}
		}
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		args = []string{"sh"}
	}
	return c.enter(target, file, net, other, args)
}

func (c *invocation) enter(target, file string, net, other bool, args []string) int {
	var proc *userland.Process
	if target != "" {
		pid, err := strconv.Atoi(target)
		p, ok := c.Machine.Process(pid)
		if err != nil || !ok {
			return c.fail("cannot open /proc/%s/ns/net: %s", target, userland.ENOENT)
		}
		proc = p
	}
	if other && proc != nil && proc.Machine != c.Machine {
		m := proc.Machine
		tmp := *c.Process
		tmp.Machine = m
		prog, full, err := tmp.Find(args)
		if err != nil {
			c.fail("failed to execute %s: %s", args[0], userland.ENOENT)
			return 127
		}
		q := m.Start(userland.ProcSpec{Program: prog, Args: full, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr, TTY: c.TTY})
		c.OnExit(func(int) { q.Signal(userland.SIGKILL) })
		return q.Wait()
	}
	if net {
		var ns *stack.Namespace
		switch {
		case file != "":
			if c.Machine.Netns != nil {
				ns, _ = c.Machine.Netns(file)
			}
			if ns == nil {
				if !c.Machine.FS().Exists(c.Abs(file)) {
					return c.fail("cannot open %s: %s", file, userland.ENOENT)
				}
				return c.fail("reassociate to namespace 'ns/net' failed: %s", userland.EINVAL)
			}
		case proc != nil:
			ns = proc.NS()
		}
		if ns != nil {
			c.SetNS(ns)
		}
	}
	return c.become(args)
}
