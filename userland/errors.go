package userland

import (
	"errors"

	"dnetsim/sim"
	"dnetsim/stack"
)

// Errno is an error of the simulated kernel; its text is strerror's, so that
// programs print it after a colon.
type Errno string

// Error is strerror's text.
func (e Errno) Error() string { return string(e) }

// The errors that the file system, pipes and program lookup return.
const (
	ENOENT       Errno = "No such file or directory"
	EEXIST       Errno = "File exists"
	ENOTDIR      Errno = "Not a directory"
	EISDIR       Errno = "Is a directory"
	EACCES       Errno = "Permission denied"
	EPERM        Errno = "Operation not permitted"
	ENOTEMPTY    Errno = "Directory not empty"
	ELOOP        Errno = "Too many levels of symbolic links"
	EINVAL       Errno = "Invalid argument"
	EROFS        Errno = "Read-only file system"
	EBADF        Errno = "Bad file descriptor"
	EPIPE        Errno = "Broken pipe"
	ENOEXEC      Errno = "Exec format error"
	ENOSPC       Errno = "No space left on device"
	EBUSY        Errno = "Device or resource busy"
	ENAMETOOLONG Errno = "File name too long"
	EIO          Errno = "Input/output error"
	ECONNREFUSED Errno = "Connection refused"
	ENXIO        Errno = "No such device or address"
	// ErrNotFound is the result of a program lookup through PATH that finds
	// nothing; shells print "not found" and give 127.
	ErrNotFound Errno = "not found"
)

// TimedOut reports whether a blocking call ran out of its time.
func TimedOut(err error) bool {
	return errors.Is(err, sim.ErrTimeout) || errors.Is(err, stack.ErrTimeout)
}

// Late reports whether a connection did not come about in time, by the caller's
// limit or by TCP's.
func Late(err error) bool { return TimedOut(err) || errors.Is(err, stack.ErrConnTimedOut) }

// Interrupted reports whether a caught signal cut a blocking call short.
func Interrupted(err error) bool { return errors.Is(err, sim.ErrInterrupted) }

// Reason is the strerror text of an error of the stack or the file system.
func Reason(err error) string {
	if TimedOut(err) {
		return string(stack.ErrConnTimedOut)
	}
	var se stack.Errno
	if errors.As(err, &se) {
		return string(se)
	}
	var ue Errno
	if errors.As(err, &ue) {
		return string(ue)
	}
	return err.Error()
}
