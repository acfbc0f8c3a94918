package programs

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const busyboxDateUsage = `BusyBox v1.35.0 multi-call binary.

Usage: date [OPTIONS] [+FMT] [[-s] TIME]

Display time (using +FMT), or set time

	-u		Work in UTC (don't convert to local time)
	[-s] TIME	Set time to TIME
	-d TIME		Display TIME, not 'now'
	-D FMT		FMT (strptime format) for -s/-d TIME conversion
	-r FILE		Display last modification time of FILE
	-R		Output RFC-2822 date
	-I[SPEC]	Output ISO-8601 date
			SPEC=date (default), hours, minutes, seconds or ns

Recognized TIME formats:
	@seconds_since_1970
	hh:mm[:ss]
	[YYYY.]MM.DD-hh:mm[:ss]
	YYYY-MM-DD hh:mm[:ss]
	[[[[[YY]YY]MM]DD]hh]mm[.ss]
	'date TIME' form accepts MMDDhhmm[[YY]YY][.ss] instead
`

// The forms of busybox's parse_datestr (libbb/time.c), with a group for each
// field: Y, M, D, h, m, s.
var busyboxForms = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`^(?P<h>\d+):(?P<m>\d+)(:(?P<s>\d+))?$`),
		regexp.MustCompile(`^((?P<Y>\d+)\.)?(?P<M>\d+)\.(?P<D>\d+)-(?P<h>\d+):(?P<m>\d+)(:(?P<s>\d+))?$`),
		regexp.MustCompile(`^(?P<Y>\d+)-(?P<M>\d+)-(?P<D>\d+)(\s+(?P<h>\d+)(:(?P<m>\d+)(:(?P<s>\d+))?)?)?$`),
		regexp.MustCompile(`^(((((?P<Y>\d{4}|\d{2})?(?P<M>\d{2}))?(?P<D>\d{2}))?(?P<h>\d{2}))?(?P<m>\d{2}))(\.(?P<s>\d{2}))?$`),
	}
})

var busyboxFields = []struct {
	name      string
	low, high int
}{{"Y", 0, 9999}, {"M", 1, 12}, {"D", 1, 31}, {"h", 0, 23}, {"m", 0, 59}, {"s", 0, 61}}

// busyboxDate reads a time as busybox 1.35 does: no words, no zones. What a
// form leaves out is of today, and 0 of the time of day.
func busyboxDate(text string, now time.Time) (time.Time, bool) {
	if sec, ok := strings.CutPrefix(text, "@"); ok {
		n, err := strconv.ParseInt(sec, 10, 64)
		return time.Unix(n, 0).UTC(), err == nil
	}
	if t, err := time.Parse("Jan _2 15:04:05 2006", text); err == nil {
		return t, true
	}
	v := map[string]int{"Y": now.Year(), "M": int(now.Month()), "D": now.Day()}
	for _, form := range busyboxForms() {
		m := form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		for _, f := range busyboxFields {
			k := form.SubexpIndex(f.name)
			if k < 0 || m[k] == "" {
				continue
			}
			given := m[k]
			n, err := strconv.Atoi(given)
			if f.name == "Y" && len(given) == 2 {
				n += 2000
			}
			if err != nil || n < f.low || n > f.high {
				return now, false
			}
			v[f.name] = n
		}
		// The 30th of February is in March, as mktime has it.
		return time.Date(v["Y"], time.Month(v["M"]), v["D"], v["h"], v["m"], v["s"], 0, time.UTC), true
	}
	return now, false
}
