package traffic

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// isTimeout reports whether a blocking call ran out of its time.
func isTimeout(err error) bool {
	return errors.Is(err, sim.ErrTimeout) || errors.Is(err, stack.ErrTimeout)
}

// late reports whether a connection did not come about in time, by the caller's
// limit or by TCP's.
func late(err error) bool { return isTimeout(err) || errors.Is(err, stack.ErrConnTimedOut) }

// interrupted reports whether a caught signal cut a blocking call short.
func interrupted(err error) bool { return errors.Is(err, sim.ErrInterrupted) }

// reason is the strerror text of an error of the stack or the file system.
func reason(err error) string {
	if isTimeout(err) {
		return string(stack.ErrConnTimedOut)
	}
	var se stack.Errno
	if errors.As(err, &se) {
		return string(se)
	}
	var ue userland.Errno
	if errors.As(err, &ue) {
		return string(ue)
	}
	return err.Error()
}

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
