package programs

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

const dateSpec = "ud:s:RIr:f:|utc=u,date=d,set=s,universal=u,reference=r,iso-8601=I,rfc-email=R"

// date prints the machine's wall clock, or another time, or sets the clock.
func date(c *invocation) int {
	o := c.parse(dateSpec)
	format, posix := c.dateOperands(o)
	when := c.Wall()
	status := 0
	switch {
	case o.has("d"):
		when = c.mustDate(c.parseDate, o.value("d", ""))
	case o.has("r"):
		i, err := c.Stat(o.value("r", ""))
		if err != nil && c.gnu {
			return c.fail("%s: %s", o.value("r", ""), err)
		}
		if err != nil {
			return c.fail("can't stat '%s': %s", o.value("r", ""), err)
		}
		when = i.ModTime
	case o.has("s"):
		when = c.mustDate(c.parseDate, o.value("s", ""))
		status = c.setClock(when)
	case posix != "":
		when = c.mustDate(c.operandDate, posix)
		status = c.setClock(when)
	}
	switch {
	case format != "":
		c.Printf("%s\n", strftime(format[1:], when))
	case o.has("R"):
		c.Printf("%s\n", when.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	case o.has("I"):
		c.Printf("%s\n", when.Format("2006-01-02"))
	default:
		c.Printf("%s\n", when.Format("Mon Jan _2 15:04:05 MST 2006"))
	}
	return status
}

// dateOperands are the +FORMAT and the time to set, if they are there.
func (c *invocation) dateOperands(o options) (format, posix string) {
	args := o.args
	if !c.gnu {
		if len(args) > 0 && strings.HasPrefix(args[0], "+") {
			format, args = args[0], args[1:]
		}
		if len(args) > 0 {
			posix, args = args[0], args[1:]
		}
		if len(args) > 0 || o.has("d") && o.has("s") {
			c.Errorf("%s", busyboxDateUsage)
			panic(usageError{1})
		}
		return format, posix
	}
	shown := o.has("d") || o.has("r")
	switch {
	case o.has("d") && o.has("r"):
		c.misuse(1, "the options to specify dates for printing are mutually exclusive")
	case shown && o.has("s"):
		c.misuse(1, "the options to print and set the time may not be used together")
	case len(args) > 1:
		c.misuse(1, "extra operand '%s'", args[1])
	case len(args) == 0:
		return "", ""
	case strings.HasPrefix(args[0], "+"):
		return args[0], ""
	case shown || o.has("s"):
		c.misuse(1, "the argument '%s' lacks a leading '+';\nwhen using an option to specify date(s), any non-option\nargument must be a format string beginning with '+'", args[0])
	}
	return "", args[0]
}

// mustDate reads a time as parse does, or ends the program with its complaint.
func (c *invocation) mustDate(parse func(string, time.Time) (time.Time, bool), text string) time.Time {
	t, ok := parse(text, c.Wall())
	if !ok {
		c.fail("invalid date '%s'", text)
		panic(usageError{1})
	}
	return t
}

// setClock sets the machine's clock. If that is refused both programs say so
// and go on to print the time; only GNU's has a status that tells (busybox's
// date.c always ends with EXIT_SUCCESS).
func (c *invocation) setClock(t time.Time) int {
	err := c.SetWall(t)
	switch {
	case err == nil:
		return 0
	case c.gnu:
		return c.fail("cannot set date: %s", err)
	}
	c.fail("can't set date: %s", err)
	return 0
}

// parseDate reads what -d and -s take, each flavour in its own language.
func (c *invocation) parseDate(text string, now time.Time) (time.Time, bool) {
	if c.gnu {
		return gnuDate(text, now)
	}
	return busyboxDate(text, now)
}

var posixDate = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{8})(\d{2}|\d{4})?(\.\d{2})?$`) })

// operandDate reads POSIX's MMDDhhmm[[CC]YY][.ss], where two digits from 69 on
// are of the last century.
func (c *invocation) operandDate(text string, now time.Time) (time.Time, bool) {
	m := posixDate().FindStringSubmatch(text)
	if m == nil {
		if c.gnu {
			return now, false
		}
		return busyboxDate(text, now)
	}
	year := now.Format("2006")
	switch {
	case len(m[2]) == 4:
		year = m[2]
	case m[2] >= "69":
		year = "19" + m[2]
	case m[2] != "":
		year = "20" + m[2]
	}
	if m[3] == "" {
		m[3] = ".00"
	}
	t, err := time.Parse("20060102150405", year+m[1]+m[3][1:])
	return t, err == nil
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
