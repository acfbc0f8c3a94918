package modes

import "dnetsim/modes/errdefs"

// Kind is the class of an error, from which the API's status code follows.
type Kind = errdefs.Kind

// Error is a refusal in the daemon's own words.
type Error = errdefs.Error

// The classes that dockerd knows, with the status of the API.
const (
	ErrSystem         = errdefs.KindSystem
	ErrNotFound       = errdefs.KindNotFound
	ErrConflict       = errdefs.KindConflict
	ErrInvalid        = errdefs.KindInvalid
	ErrForbidden      = errdefs.KindForbidden
	ErrUnavailable    = errdefs.KindUnavailable
	ErrNotModified    = errdefs.KindNotModified
	ErrNotImplemented = errdefs.KindNotImplemented
)

func errf(k Kind, format string, args ...any) *Error { return errdefs.New(k, format, args...) }

// KindOf is the class of err; whatever is no *Error is [ErrSystem].
func KindOf(err error) Kind { return errdefs.KindOf(err) }

func wrapf(err error, format string, args ...any) *Error {
	return errdefs.Wrap(err, format, args...)
}

func lower(err error) string { return errdefs.Lower(err) }
