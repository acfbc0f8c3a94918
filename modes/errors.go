package modes

import (
	"errors"
	"fmt"
)

// Kind is the class of an error, from which the API's status code follows.
type Kind int

// The classes that dockerd knows (errdefs), with the status of the API.
const (
	ErrSystem         Kind = iota // 500
	ErrNotFound                   // 404
	ErrConflict                   // 409
	ErrInvalid                    // 400
	ErrForbidden                  // 403
	ErrUnavailable                // 503
	ErrNotModified                // 304: already started, already stopped
	ErrNotImplemented             // 501
)

// Error is a refusal in the daemon's own words, without the client's prefix
// "Error response from daemon: ".
type Error struct {
	Kind Kind
	Msg  string
}

func (e *Error) Error() string { return e.Msg }

func errf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// KindOf is the class of err; whatever is no *Error is [ErrSystem].
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ErrSystem
}

// wrapf puts words before err and keeps its class.
func wrapf(err error, format string, args ...any) *Error {
	return &Error{Kind: KindOf(err), Msg: fmt.Sprintf(format, args...) + err.Error()}
}
