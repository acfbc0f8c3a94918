package traffic

import (
	"strconv"
	"strings"
	"time"
)

// seconds reads "2" or "0.5".
func seconds(text string) (time.Duration, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || f < 0 || f > 1e9 {
		return 0, false
	}
	return time.Duration(f*1e6+0.5) * time.Microsecond, true
}

// number reads a decimal number between low and high.
func number(text string, low, high int) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return n, err == nil && n >= low && n <= high
}

// micros is a duration in whole microseconds, the unit that ping prints.
func micros(d time.Duration) int64 { return int64(d / time.Microsecond) }
