package programs

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// gnuDate reads a time as GNU date's -d does (gnulib's parse-datetime): items in
// any order, each kind of absolute item once. What is not said is of now; with
// a date and no time of day it is midnight.
func gnuDate(text string, now time.Time) (time.Time, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if m := epochItem().FindStringSubmatch(text); m != nil {
		sec, err := strconv.ParseInt(m[1], 10, 64)
		return time.Unix(sec, fraction(m[3])).UTC(), err == nil
	}
	r := gnuReader{now: now.UTC(), rest: text}
	r.year, r.month, r.day = r.now.Year(), int(r.now.Month()), r.now.Day()
	for r.skip(); r.rest != ""; r.skip() {
		if !r.item() {
			return now, false
		}
	}
	return r.time()
}

// gnuReader is a text that is being read, and what was found so far.
type gnuReader struct {
	now  time.Time
	rest string
	m    []string // the groups of the item that matched last

	dates, times, days, zones, shifts int // how many items of each kind
	yearGiven                         bool
	year, month, day                  int
	hour, minute, second              int
	nano                              int64
	weekday, weeks                    int // as gnulib's day_number and day_ordinal
	east                              time.Duration
	years, months, daysOn             int // relative
	seconds                           int64
}

var (
	epochItem   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^@(-?\d+)([.,](\d+))?$`) })
	isoItem     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{2,4})-(\d{1,2})-(\d+)`) })
	slashedItem = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{1,4})/(\d{1,2})(?:/(\d{1,4}))?\b`) })
	timeItem    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*(am|pm|a\.m\.|p\.m\.)?`)
	})
	hourItem     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{1,2})\s*(am|pm|a\.m\.|p\.m\.)`) })
	offsetItem   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*([+-])(\d{1,2}):?(\d{2})?\b`) })
	zoneItem     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:utc|gmt|ut|z)\b`) })
	relativeItem = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:([+-])\s*)?(\d+)?\s*(year|month|fortnight|week|day|hour|minute|min|second|sec)s?\b(\s+ago\b)?`)
	})
	ordinalItem = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(last|this|next|first|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\s+([a-z]+)`)
	})
	wordItem     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([a-z]+)\.?`) })
	dayMonthItem = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{1,2})[ -]*([a-z]{3,9})\.?(?:[ -]+(\d{4}))?\b`) })
	monthDayItem = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([a-z]{3,9})\.?\s*(\d{1,2})\b(?:\s*,\s*(\d{4})\b)?`)
	})
	numberItem = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d+\b`) })
)

var ordinals = map[string]int{
	"last": -1, "this": 0, "next": 1, "first": 1, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
	"eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12,
}

func (r *gnuReader) skip() { r.rest = strings.TrimLeft(r.rest, " \t\n,") }

// take reports whether the text goes on with an item, and goes past it.
func (r *gnuReader) take(form *regexp.Regexp) bool {
	m := form.FindStringSubmatch(r.rest)
	if m == nil {
		return false
	}
	r.m, r.rest = m, r.rest[len(m[0]):]
	return true
}

// item reads the next item.
func (r *gnuReader) item() bool {
	switch {
	case r.take(isoItem()):
		r.date(r.m[1], number(r.m[2]), number(r.m[3]))
		if len(r.rest) > 1 && r.rest[0] == 't' && r.rest[1] >= '0' && r.rest[1] <= '9' {
			r.rest = r.rest[1:] // ISO 8601 between date and time
		}
	case r.take(slashedItem()):
		year, month, day := r.m[3], r.m[1], r.m[2]
		if len(r.m[1]) > 2 {
			year, month, day = r.m[1], r.m[2], r.m[3]
		}
		r.date(year, number(month), number(day))
	case r.take(timeItem()):
		r.clock(r.m[1], r.m[2], r.m[3], r.m[5])
		r.nano = fraction(r.m[4])
		if r.m[5] == "" && r.take(offsetItem()) {
			r.offset()
		}
	case r.take(hourItem()):
		r.clock(r.m[1], "", "", r.m[2])
	case r.take(relativeItem()):
		n := 1
		if r.m[2] != "" {
			n = number(r.m[2])
		}
		if (r.m[1] == "-") != (r.m[4] != "") {
			n = -n
		}
		r.shift(n, r.m[3])
	case r.named():
	case r.take(zoneItem()):
		r.zones++
		if r.take(offsetItem()) {
			r.zones--
			r.offset()
		}
	case r.take(numberItem()):
		return r.plain(r.m[0])
	default:
		return false
	}
	return true
}

// named reads an item that begins with a word, or has a month's name in it.
func (r *gnuReader) named() bool {
	before := r.rest
	if r.take(ordinalItem()) {
		n := ordinals[r.m[1]]
		if d, ok := nameIn(weekdays, r.m[2]); ok {
			r.days++
			r.weekday, r.weeks = d, n
			return true
		}
		r.rest = r.m[2] + r.rest
		if r.take(relativeItem()) {
			r.shift(n, r.m[3])
			return true
		}
	}
	r.rest = before
	if r.take(dayMonthItem()) {
		if month, ok := nameIn(months, r.m[2]); ok {
			r.date(r.m[3], month+1, number(r.m[1]))
			return true
		}
	}
	r.rest = before
	if r.take(monthDayItem()) {
		if month, ok := nameIn(months, r.m[1]); ok {
			r.date(r.m[3], month+1, number(r.m[2]))
			return true
		}
	}
	r.rest = before
	if !r.take(wordItem()) {
		return false
	}
	if d, ok := nameIn(weekdays, r.m[1]); ok {
		r.days++
		r.weekday = d
		return true
	}
	if n, ok := map[string]int{"now": 0, "today": 0, "tomorrow": 1, "yesterday": -1}[r.m[1]]; ok {
		r.shift(n, "day")
		return true
	}
	r.rest = before
	return false
}

// plain is a number by itself: a year after a date that has none, else a date
// if it is long and a time of day if it is short.
func (r *gnuReader) plain(text string) bool {
	n := number(text)
	switch {
	case r.dates > 0 && !r.yearGiven && r.shifts == 0 && (r.times > 0 || len(text) > 2):
		r.setYear(text)
	case len(text) > 4 && len(text) <= 8:
		r.date(text[:len(text)-4], n/100%100, n%100)
	case len(text) > 8:
		return false
	case len(text) > 2:
		r.clock(strconv.Itoa(n/100), strconv.Itoa(n%100), "", "")
	default:
		r.clock(text, "", "", "")
	}
	return true
}

// date takes a date whose year may be "".
func (r *gnuReader) date(year string, month, day int) {
	r.dates++
	r.month, r.day = month, day
	if year != "" {
		r.setYear(year)
	}
}

func (r *gnuReader) setYear(text string) {
	r.year, r.yearGiven = number(text), true
	switch {
	case len(text) == 2 && r.year < 69:
		r.year += 2000
	case len(text) == 2:
		r.year += 1900
	}
}

// clock takes a time of day. An hour that does not exist is left for time to
// refuse.
func (r *gnuReader) clock(hour, minute, second, half string) {
	r.times++
	r.hour, r.minute, r.second = number(hour), number(minute), number(second)
	if half == "" {
		return
	}
	switch {
	case r.hour < 1 || r.hour > 12:
		r.hour = -1
	case half[0] == 'a':
		r.hour %= 12
	default:
		r.hour = r.hour%12 + 12
	}
}

func (r *gnuReader) offset() {
	r.zones++
	hours, minutes := number(r.m[2]), number(r.m[3])
	r.east = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if r.m[1] == "-" {
		r.east = -r.east
	}
}

func (r *gnuReader) shift(n int, unit string) {
	r.shifts++
	switch unit {
	case "year":
		r.years += n
	case "month":
		r.months += n
	case "fortnight":
		r.daysOn += 14 * n
	case "week":
		r.daysOn += 7 * n
	case "day":
		r.daysOn += n
	case "hour":
		r.seconds += 3600 * int64(n)
	case "minute", "min":
		r.seconds += 60 * int64(n)
	default:
		r.seconds += int64(n)
	}
}

// time puts the items together.
func (r *gnuReader) time() (time.Time, bool) {
	if max(r.dates, r.times, r.days, r.zones) > 1 {
		return r.now, false
	}
	if r.times == 0 && r.shifts > 0 && r.dates == 0 && r.days == 0 {
		r.hour, r.minute, r.second, r.nano = r.now.Hour(), r.now.Minute(), r.now.Second(), int64(r.now.Nanosecond())
	}
	t := time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, int(r.nano), time.UTC)
	if t.Month() != time.Month(r.month) || t.Day() != r.day || t.Hour() != r.hour || t.Minute() != r.minute || t.Second() != r.second {
		return r.now, false
	}
	if r.days > 0 && r.dates == 0 {
		ahead := (r.weekday - int(t.Weekday()) + 7) % 7
		weeks := r.weeks
		if weeks > 0 && ahead != 0 {
			weeks--
		}
		t = t.AddDate(0, 0, ahead+7*weeks)
	}
	t = t.AddDate(r.years, r.months, r.daysOn).Add(-r.east)
	return time.Unix(t.Unix()+r.seconds, int64(t.Nanosecond())).UTC(), true
}

var (
	weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	months   = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
)

// nameIn finds a name, or the beginning of it that people write: three letters,
// and sept, tues, wednes, thur and thurs.
func nameIn(list []string, word string) (int, bool) {
	for i, name := range list {
		if word == name || word == name[:3] {
			return i, true
		}
		switch word {
		case "sept", "tues", "wednes", "thur", "thurs":
			if strings.HasPrefix(name, word) {
				return i, true
			}
		}
	}
	return 0, false
}

// number is a number that a form let through, 0 for "". It is bounded, so that
// sums of it do not overflow.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil && digits != "" {
		return 1_000_000_000
	}
	return min(n, 1_000_000_000)
}

// fraction is a decimal part in nanoseconds.
func fraction(digits string) int64 {
	n, _ := strconv.ParseInt((digits + "000000000")[:9], 10, 64)
	return n
}
