package programs

import (
	"math"
	"strconv"
	"strings"
)

// sizeUnits are the suffixes of a size in the order of their powers, as
// xstrtoumax of GNU's coreutils takes them: K, KiB and k are 1024, kB is 1000.
const sizeUnits = "KMGTPEZY"

// parseSize reads a number of bytes or lines with GNU's suffixes. What does not
// fit is the largest number, as GNU's head takes it.
func parseSize(text string) (int64, bool) {
	digits := text[:digitRun(text)]
	suffix := text[len(digits):]
	if digits == "" {
		return 0, false
	}
	unit, ok := sizeUnit(suffix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || float64(n)*unit >= math.MaxInt64 {
		return math.MaxInt64, true
	}
	return n * int64(unit), true
}

func sizeUnit(suffix string) (float64, bool) {
	switch suffix {
	case "":
		return 1, true
	case "b":
		return 512, true
	case "c":
		return 1, true
	}
	power := strings.Index(sizeUnits, strings.ToUpper(suffix[:1])) + 1
	if power == 0 {
		return 0, false
	}
	switch suffix[1:] {
	case "", "iB":
		return math.Pow(1024, float64(power)), true
	case "B":
		return math.Pow(1000, float64(power)), true
	}
	return 0, false
}
