// Package errdefs is how the engine refuses: an error in the daemon's own words,
// with the class from which the API's status code follows. It owns no words of
// its own; each refusal is worded where it is made. The name is moby's.
package errdefs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the class of an error.
type Kind int

// The classes that dockerd knows, with the status of the API.
const (
	KindSystem         Kind = iota // 500
	KindNotFound                   // 404
	KindConflict                   // 409
	KindInvalid                    // 400
	KindForbidden                  // 403
	KindUnavailable                // 503
	KindNotModified                // 304: already started, already stopped
	KindNotImplemented             // 501
)

// Error is a refusal without the client's prefix "Error response from daemon: ".
type Error struct {
	Kind  Kind
	Msg   string
	Cause error // what errors.As finds behind it, or nil
}

func (e *Error) Error() string { return e.Msg }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New is an error of a class.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// KindOf is the class of err; whatever is no *Error is [KindSystem].
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindSystem
}

// Wrap puts words before err and keeps its class.
func Wrap(err error, format string, args ...any) *Error {
	return Because(err, KindOf(err), "%s", fmt.Sprintf(format, args...)+err.Error())
}

// Because is an error with another one as its cause.
func Because(cause error, k Kind, format string, args ...any) *Error {
	e := New(k, format, args...)
	e.Cause = cause
	return e
}

// System is what went wrong in the machine: 500.
func System(format string, args ...any) *Error { return New(KindSystem, format, args...) }

// NotFound is the lack of something that was named: 404.
func NotFound(format string, args ...any) *Error { return New(KindNotFound, format, args...) }

// Invalid is a request that cannot be meant: 400.
func Invalid(format string, args ...any) *Error { return New(KindInvalid, format, args...) }

// Forbidden is a request that is understood and not allowed: 403.
func Forbidden(format string, args ...any) *Error { return New(KindForbidden, format, args...) }

// Lower is a strerror text as Go's syscall package words it: "Device or
// resource busy" is "device or resource busy" there.
func Lower(err error) string {
	s := err.Error()
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
