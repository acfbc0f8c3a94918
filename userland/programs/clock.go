package programs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
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
	users := "  1 user, "
	if !c.gnu {
		users = "  0 users,"
	}
	c.Printf(" %s up %s, %s load average: 0.00, 0.00, 0.00\n", c.Wall().Format("15:04:05"), text, users)
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

func date(c *invocation) int {
	o := c.parse("ud:s:RI:r:f:|utc=u,date=d,universal=u,iso-8601:,rfc-email=R")
	now := c.Wall()
	if d := o.value("d", ""); d != "" {
		t, ok := parseDate(d, now)
		if !ok {
			if c.gnu {
				return c.fail("invalid date '%s'", d)
			}
			return c.fail("invalid date '%s'", d)
		}
		now = t
	}
	status := 0
	if o.has("s") {
		// Every machine has the run's clock: it is refused as to one without
		// CAP_SYS_TIME, and the time is printed all the same.
		status = c.fail("%s set date: Operation not permitted", map[bool]string{true: "cannot", false: "can't"}[c.gnu])
	}
	if o.has("R") {
		c.Printf("%s\n", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
		return status
	}
	for _, a := range o.args {
		if f, ok := strings.CutPrefix(a, "+"); ok {
			c.Printf("%s\n", strftime(f, now))
			return status
		}
	}
	c.Printf("%s\n", now.Format("Mon Jan _2 15:04:05 MST 2006"))
	return status
}

// parseDate reads @SECONDS, a date and time, or "N seconds ago".
func parseDate(text string, now time.Time) (time.Time, bool) {
	if n, err := strconv.ParseInt(strings.TrimPrefix(text, "@"), 10, 64); err == nil && strings.HasPrefix(text, "@") {
		return time.Unix(n, 0).UTC(), true
	}
	if text == "now" {
		return now, true
	}
	for _, layout := range []string{
		"2006-01-02 15:04:05", "2006-01-02T15:04:05Z", "2006-01-02 15:04", "2006-01-02", "15:04:05", "15:04",
		"Mon Jan _2 15:04:05 MST 2006", time.RFC3339,
	} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if t.Year() == 0 {
			t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		}
		return t, true
	}
	return now, false
}

func strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		layouts := map[byte]string{
			'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'b': "Jan",
			'B': "January", 'h': "Jan", 'a': "Mon", 'A': "Monday", 'e': "_2", 'I': "03", 'p': "PM",
			'Z': "MST", 'z': "-0700", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
			'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM",
		}
		switch ch := format[i]; ch {
		case 's':
			fmt.Fprint(&b, t.Unix())
		case 'N':
			fmt.Fprintf(&b, "%09d", t.Nanosecond())
		case 'j':
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case 'u':
			fmt.Fprint(&b, (int(t.Weekday())+6)%7+1)
		case 'w':
			fmt.Fprint(&b, int(t.Weekday()))
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case '%':
			b.WriteByte('%')
		default:
			if l, ok := layouts[ch]; ok {
				b.WriteString(t.Format(l))
			} else {
				b.WriteString("%" + string(ch))
			}
		}
	}
	return b.String()
}
