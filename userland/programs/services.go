package programs

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
)

var serviceTable = map[string]applet{
	"systemctl": systemctl, "journalctl": journalctl, "service": service, "logger": logger,
}

// unit is a service's name without its suffix.
func unit(name string) string { return strings.TrimSuffix(name, ".service") }

func systemctl(c *invocation) int {
	o := c.parse("qlfn:t:ap:|property=p,value,no-pager,quiet=q,full=l,now,all=a,type:,no-legend,lines=n")
	if len(o.args) == 0 {
		o.args = []string{"list-units"}
	}
	verb, names := o.args[0], o.args[1:]
	switch verb {
	case "daemon-reload", "daemon-reexec", "reset-failed":
		return 0
	case "list-units", "list-unit-files":
		return listUnits(c)
	}
	if len(names) == 0 {
		return c.fail("Too few arguments.")
	}
	status := 0
	for _, n := range names {
		s, ok := c.Machine.Services[unit(n)]
		if !ok {
			status = max(status, unknownUnit(c, verb, n))
			continue
		}
		status = max(status, actOn(c, verb, unit(n), s, o))
	}
	return status
}

func unknownUnit(c *invocation, verb, name string) int {
	full := unit(name) + ".service"
	switch verb {
	case "is-active":
		c.Printf("inactive\n")
		return 3
	case "is-enabled":
		c.Errorf("Failed to get unit file state for %s: No such file or directory\n", full)
		return 1
	case "status":
		c.Errorf("Unit %s could not be found.\n", full)
		return 4
	case "enable", "disable":
		c.Errorf("Failed to %s unit: Unit file %s does not exist.\n", verb, full)
		return 1
	}
	c.Errorf("Failed to %s %s: Unit %s not found.\n", verb, full, full)
	return 5
}

func actOn(c *invocation, verb, name string, s userland.Service, o options) int {
	act := func(fn func() error) int {
		if err := fn(); err != nil {
			c.Errorf("Job for %s.service failed because the control process exited with error code.\nSee \"systemctl status %s.service\" and \"journalctl -xeu %s.service\" for details.\n", name, name, name)
			return 1
		}
		return 0
	}
	state, _, _ := strings.Cut(s.Status(), " ")
	switch verb {
	case "start":
		return act(s.Start)
	case "stop":
		return act(s.Stop)
	case "reload-or-restart", "force-reload":
		if r, ok := s.(interface{ Reload() error }); ok && state == "active" {
			return act(r.Reload)
		}
		return act(s.Restart)
	case "try-restart", "condrestart":
		if state != "active" {
			return 0
		}
		return act(s.Restart)
	case "restart":
		return act(s.Restart)
	case "reload":
		if state != "active" {
			c.Errorf("%s.service is not active, cannot reload.\n", name)
			return 1
		}
		if r, ok := s.(interface{ Reload() error }); ok {
			return act(r.Reload)
		}
		c.Errorf("Failed to reload %s.service: Job type reload is not applicable for unit %s.service.\n", name, name)
		return 1
	case "enable":
		if o.has("now") {
			return act(s.Start)
		}
		return 0
	case "disable":
		if o.has("now") {
			return act(s.Stop)
		}
		return 0
	case "is-enabled":
		c.Printf("enabled\n")
		return 0
	case "is-active", "is-failed":
		if !o.has("q") {
			c.Printf("%s\n", state)
		}
		if (state == "active") == (verb == "is-active") {
			return 0
		}
		return 3
	case "status":
		return showStatus(c, name, s, state, o)
	case "cat", "edit", "kill", "mask", "unmask":
		c.Errorf("dnetsim does not simulate systemctl %s: units have no files here, and dockerd takes signals from kill\n", verb)
		return 1
	case "show":
		return showProperties(c, name, s, o)
	}
	c.Errorf("Unknown command verb %s.\n", verb)
	return 1
}

func showStatus(c *invocation, name string, s userland.Service, state string, o options) int {
	dot := map[string]string{"active": "●", "activating": "●", "failed": "×"}[state]
	if dot == "" {
		dot = "○"
	}
	log := s.Log()
	c.Printf("%s %s.service - %s\n     Loaded: loaded (/lib/systemd/system/%s.service; enabled; preset: enabled)\n     Active: %s", dot, name, description(name, s), name, activeLine(s))
	if at := s.Since(); !at.IsZero() {
		c.Printf(" since %s; %s", at.Format("Mon 2006-01-02 15:04:05 MST"), age(c.Wall().Sub(at)))
	}
	c.Printf("\n")
	if p, ok := c.Machine.Process(s.MainPID()); ok {
		c.Printf("   Main PID: %d (%s)\n", p.PID, p.Name())
		controlGroup(c, name, p)
	}
	n, _ := strconv.Atoi(o.value("n", "10"))
	if len(log) > 0 {
		c.Printf("\n")
	}
	for _, l := range log[max(0, len(log)-n):] {
		c.Printf("%s\n", journalLine(c, l))
	}
	if state == "active" {
		return 0
	}
	return 3
}

// description is what a unit's file would say that it is.
func description(name string, s userland.Service) string {
	if d, ok := s.(interface{ Description() string }); ok {
		return d.Description()
	}
	return name
}

// controlGroup lists a unit's processes: the main one and what it has started on the
// host.
func controlGroup(c *invocation, name string, main *userland.Process) {
	var list []*userland.Process
	for _, p := range c.Machine.AllProcesses() {
		if cameFrom(p, main) && p.Machine == c.Machine {
			list = append(list, p)
		}
	}
	c.Printf("      Tasks: %d\n     Memory: %.1fM\n     CGroup: /system.slice/%s.service\n", len(list), float64(len(list))*userland.ResidentSize/(1<<20), name)
	for i, p := range list {
		branch := "├─"
		if i == len(list)-1 {
			branch = "└─"
		}
		c.Printf("             %s%d %s\n", branch, p.PID, commandLine(p))
	}
}

// cameFrom reports whether a process is another or has come from it.
func cameFrom(p, of *userland.Process) bool {
	for ; p != nil; p = p.Parent() {
		if p == of {
			return true
		}
	}
	return false
}

// activeLine is the state with systemd's reason for a failure.
func activeLine(s userland.Service) string {
	switch s.Status() {
	case "failed":
		return "failed (Result: exit-code)"
	case "activating (auto-restart)": // it was killed
		return "activating (auto-restart) (Result: signal)"
	}
	return s.Status()
}

// showProperties prints a unit's properties, or those that -p asks for.
func showProperties(c *invocation, name string, s userland.Service, o options) int {
	active, sub, _ := strings.Cut(s.Status(), " ")
	if sub = strings.Trim(sub, "()"); sub == "" {
		sub = active
	}
	enter := ""
	if at := s.Since(); !at.IsZero() && active == "active" {
		enter = at.Format("Mon 2006-01-02 15:04:05 MST")
	}
	asked := o.values["p"]
	for i := 0; i < len(asked); i++ {
		if list := strings.Split(asked[i], ","); len(list) > 1 {
			asked = append(asked[:i:i], append(list, asked[i+1:]...)...)
		}
	}
	for _, property := range [][2]string{
		{"MainPID", strconv.Itoa(s.MainPID())}, {"Id", name + ".service"}, {"LoadState", "loaded"},
		{"ActiveState", active}, {"SubState", sub}, {"UnitFileState", "enabled"}, {"ActiveEnterTimestamp", enter},
	} {
		switch {
		case len(asked) > 0 && !slices.Contains(asked, property[0]):
		case o.has("value"):
			c.Printf("%s\n", property[1])
		default:
			c.Printf("%s=%s\n", property[0], property[1])
		}
	}
	return 0
}

// age is how long ago something was, as systemd has it: two units at most, one
// from a large number of the first on.
func age(d time.Duration) string {
	word := "ago"
	if d < 0 {
		d, word = -d, "left"
	}
	if d < time.Second {
		return "now"
	}
	const day = 24 * time.Hour
	two := func(first time.Duration, a string, second time.Duration, b string, upTo int) string {
		n, m := int(d/first), int(d%first/second)
		if n >= upTo || m == 0 {
			return fmt.Sprintf("%d%s %s", n, a, word)
		}
		return fmt.Sprintf("%d%s %d%s %s", n, a, m, b, word)
	}
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days %s", d/day, word)
	case d >= day:
		return two(day, " day", time.Hour, "h", 2)
	case d >= time.Hour:
		return two(time.Hour, "h", time.Minute, "min", 6)
	case d >= time.Minute:
		return two(time.Minute, "min", time.Second, "s", 5)
	}
	return fmt.Sprintf("%ds %s", int(d/time.Second), word)
}

func listUnits(c *invocation) int {
	var names []string
	for n := range c.Machine.Services {
		names = append(names, n)
	}
	sort.Strings(names)
	c.Printf("  UNIT                     LOAD   ACTIVE   SUB     DESCRIPTION\n")
	for _, n := range names {
		s := c.Machine.Services[n]
		active, sub, _ := strings.Cut(s.Status(), " ")
		c.Printf("  %-24s loaded %-8s %-7s %s\n", n+".service", active, strings.Trim(sub, "()"), description(n, s))
	}
	return 0
}

// service is the older command: service NAME start.
func service(c *invocation) int {
	if len(c.Args) < 3 {
		c.Errorf("Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]\n")
		return 1
	}
	s, ok := c.Machine.Services[c.Args[1]]
	if !ok {
		c.Errorf("%s: unrecognized service\n", c.Args[1])
		return 1
	}
	return actOn(c, c.Args[2], c.Args[1], s, options{set: map[string]bool{}})
}

func journalLine(c *invocation, l userland.LogLine) string {
	return fmt.Sprintf("%s %s %s: %s", l.At.Format("Jan 02 15:04:05"), c.Machine.Hostname(), l.Unit, l.Text)
}

// journal is the lines of one unit, or of all of them in order of time.
func journal(c *invocation, units []string) []userland.LogLine {
	return since(c, units, map[string]int{})
}

// since is the lines of the journal that come after those that were shown of
// each unit, which it notes as shown.
func since(c *invocation, units []string, shown map[string]int) []userland.LogLine {
	if len(units) == 0 {
		for n := range c.Machine.Services {
			units = append(units, n)
		}
		units = append(units, kernelUnit)
		sort.Strings(units)
	}
	var all []userland.LogLine
	for _, n := range units {
		if n == kernelUnit {
			for _, l := range c.Machine.KernelLog() {
				if l.N > shown[n] {
					shown[n] = l.N
					all = append(all, l.LogLine)
				}
			}
			continue
		}
		if s, ok := c.Machine.Services[unit(n)]; ok {
			log := s.Log()
			first := sort.Search(len(log), func(i int) bool { return log[i].N > shown[n] })
			all = append(all, log[first:]...)
			if len(log) > 0 {
				shown[n] = log[len(log)-1].N
			}
		}
	}
	if len(units) > 1 {
		sort.SliceStable(all, func(i, k int) bool { return all[i].After < all[k].After })
	}
	return all
}

// journalForms are the forms of -o.
var journalForms = map[string]func(c *invocation, l userland.LogLine) string{
	"short": journalLine,
	"cat":   func(_ *invocation, l userland.LogLine) string { return l.Text },
	"short-iso": func(c *invocation, l userland.LogLine) string {
		return strings.Replace(journalLine(c, l), l.At.Format("Jan 02 15:04:05"), l.At.Format("2006-01-02T15:04:05-0700"), 1)
	},
	"short-precise": func(c *invocation, l userland.LogLine) string {
		return strings.Replace(journalLine(c, l), l.At.Format("Jan 02 15:04:05"), l.At.Format("Jan 02 15:04:05.000000"), 1)
	},
	"short-full": func(c *invocation, l userland.LogLine) string {
		return strings.Replace(journalLine(c, l), l.At.Format("Jan 02 15:04:05"), l.At.Format("Mon 2006-01-02 15:04:05 MST"), 1)
	},
	"json": func(c *invocation, l userland.LogLine) string {
		name, pid, _ := strings.Cut(strings.TrimSuffix(l.Unit, "]"), "[")
		b, _ := json.Marshal(map[string]string{
			"__REALTIME_TIMESTAMP": strconv.FormatInt(l.At.UnixMicro(), 10), "_HOSTNAME": c.Machine.Hostname(),
			"SYSLOG_IDENTIFIER": name, "_PID": pid, "PRIORITY": "6", "MESSAGE": l.Text,
		})
		return string(b)
	},
}

// kernelUnit stands for the kernel among the units, whose lines journald also has.
const kernelUnit = " kernel"

// ofKind keeps the lines that -p asks for and checks -o. What a service writes to
// its standard error has the priority info; a line of the kernel has its own.
func ofKind(c *invocation, lines []userland.LogLine, o options) ([]userland.LogLine, int) {
	if form := o.value("o", "short"); journalForms[form] == nil {
		return nil, c.fail("Unknown output format '%s'; dnetsim has cat, json, short, short-full, short-iso and short-precise.", form)
	}
	most := o.value("p", "")
	if most == "" {
		return lines, 0
	}
	_, to, ranged := strings.Cut(most, "..")
	if !ranged {
		to = most
	}
	for level, names := range []string{"0 emerg", "1 alert", "2 crit", "3 err", "4 warning", "5 notice", "6 info", "7 debug"} {
		if slices.Contains(strings.Fields(names), to) {
			return upTo(c, lines, level), 0
		}
	}
	return nil, c.fail("Unknown log level %s", most)
}

// upTo are the lines whose level is at most that one.
func upTo(c *invocation, lines []userland.LogLine, most int) (kept []userland.LogLine) {
	levels := map[int]int{}
	for _, l := range c.Machine.KernelLog() {
		levels[l.N] = l.Level
	}
	for _, l := range lines {
		level := 6
		if l.Unit == "kernel" {
			level = levels[l.N]
		}
		if level <= most {
			kept = append(kept, l)
		}
	}
	return kept
}

func journalctl(c *invocation) int {
	o := c.parse("u:n:fxeo:rbkp:qS:U:g:t:|unit=u,lines=n,follow=f,no-pager,output=o,reverse=r,pager-end=e,since=S,until=U,grep=g,quiet=q,dmesg=k,priority=p,no-hostname")
	if o.has("k") {
		o.values["u"] = []string{kernelUnit}
	}
	lines := journal(c, o.values["u"])
	if since := o.value("S", ""); since != "" {
		if t, ok := gnuDate(since, c.Wall()); ok {
			kept := lines[:0:0]
			for _, l := range lines {
				if !l.At.Before(t) {
					kept = append(kept, l)
				}
			}
			lines = kept
		}
	}
	lines, status := ofKind(c, lines, o)
	if status != 0 {
		return status
	}
	if pat := o.value("g", ""); pat != "" {
		rx, err := compile(pat, true, pat == strings.ToLower(pat))
		if err != nil {
			return c.fail("%s", err)
		}
		kept := lines[:0:0]
		for _, l := range lines {
			if rx.MatchString(l.Text) {
				kept = append(kept, l)
			}
		}
		lines = kept
	}
	n, err := strconv.Atoi(o.value("n", ""))
	if err != nil && o.has("f") {
		n, err = 10, nil
	}
	shown := map[string]int{}
	since(c, o.values["u"], shown)
	if err == nil {
		lines = lines[max(0, len(lines)-n):]
	}
	if len(lines) == 0 && !o.has("f") {
		c.Printf("-- No entries --\n")
		return 0
	}
	print := func(l userland.LogLine) {
		c.Printf("%s\n", journalForms[o.value("o", "short")](c, l))
	}
	for i, l := range lines {
		if o.has("r") {
			l = lines[len(lines)-1-i]
		}
		print(l)
	}
	for o.has("f") {
		if c.Sleep(200*time.Millisecond) != nil {
			return 0
		}
		for _, l := range since(c, o.values["u"], shown) {
			print(l)
		}
	}
	return 0
}

// logger has nowhere to log to but standard error.
func logger(c *invocation) int {
	o := c.parse("+t:p:si|tag=t,priority=p")
	if o.has("s") {
		c.Errorf("%s: %s\n", o.value("t", c.User), strings.Join(o.args, " "))
	}
	return 0
}
