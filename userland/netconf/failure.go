package netconf

import (
	"errors"
	"fmt"

	"dnetsim/userland"
)

// failure ends a program with a status and words on standard error.
type failure struct {
	status int
	text   string // with its newline; empty prints nothing
}

// Error is the text, for tests.
func (f *failure) Error() string { return f.text }

// exitWith makes a failure whose text gets a newline.
func exitWith(status int, format string, args ...any) error {
	return &failure{status, fmt.Sprintf(format, args...) + "\n"}
}

// exitUsage makes a failure that shows a help text.
func exitUsage(status int, name string) error { return &failure{status, usage(name)} }

// notSimulated is the end of a program that is asked for what works on a real
// kernel and does nothing here.
func notSimulated(format string, args ...any) error {
	return exitWith(1, "dnetsim does not simulate "+format, args...)
}

// finish reports err as the program's end.
func finish(p *userland.Process, err error) int {
	if err == nil {
		return 0
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{1, err.Error() + "\n"}
	}
	p.Errorf("%s", f.text)
	return f.status
}
