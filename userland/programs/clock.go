package programs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
)

func uptime(c *invocation) int {
	up := c.Machine.Uptime()
	days, hours, mins := int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60
	text := fmt.Sprintf("%d min", mins)
	if hours > 0 {
		text = fmt.Sprintf("%2d:%02d", hours, mins)
	}
	if days > 0 {
		text = fmt.Sprintf("%d days, %s", days, text)
	}
	users := " 1 user, "
	if !c.gnu {
		users = "  0 users,"
	}
	c.Printf(" %s up %s, %s load average: 0.00, 0.00, 0.00\n", c.Wall().Format("15:04:05"), text, users)
	return 0
}

// w is uptime's line and who is logged in, at which terminal, and what runs there.
func w(c *invocation) int {
	o := c.parse("hsfi|no-header=h,short=s,from=f,ip-addr=i")
	if !o.has("h") {
		uptime(c)
		c.Printf("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n")
	}
	seen := map[*userland.TTY]bool{}
	for _, first := range c.Machine.AllProcesses() {
		tty := first.TTY
		if tty == nil || seen[tty] || first.Machine != c.Machine {
			continue
		}
		seen[tty] = true
		now := first
		for _, p := range c.Machine.AllProcesses() {
			if p.TTY == tty && p.Machine == c.Machine {
				now = p
			}
		}
		c.Printf("%-8s %-8s -                %-8s 0.00s  0.00s  0.00s %s\n", first.User, tty.Name, startTime(c, first), commandLine(now))
	}
	return 0
}

// duration reads sleep's 1.5, 2s, 3m, 4h, 5d.
func duration(text string) (time.Duration, bool) {
	unit := time.Second
	if n := len(text); n > 0 {
		if k := strings.IndexByte("smhd", text[n-1]); k >= 0 {
			unit = []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[k]
			text = text[:n-1]
		}
	}
	if text == "inf" || text == "infinity" {
		return 100 * 365 * 24 * time.Hour, true
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x < 0 {
		return 0, false
	}
	if x*float64(unit) > 3e18 {
		return 3e18, true
	}
	return time.Duration(x * float64(unit)), true
}

func sleep(c *invocation) int {
	if len(c.Args) < 2 {
		c.misuse(1, "missing operand")
	}
	total := time.Duration(0)
	for _, a := range c.Args[1:] {
		d, ok := duration(a)
		if !ok {
			if c.gnu {
				c.misuse(1, "invalid time interval '%s'", a)
			}
			return c.fail("invalid number '%s'", a)
		}
		total += d
	}
	if c.Sleep(total) != nil {
		return 130
	}
	return 0
}

func usleep(c *invocation) int {
	if len(c.Args) > 1 {
		n, _ := strconv.Atoi(c.Args[1])
		c.Sleep(time.Duration(n) * time.Microsecond)
	}
	return 0
}
