package userland

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
	EFBIG        Errno = "File too large"
	EBUSY        Errno = "Device or resource busy"
	ENAMETOOLONG Errno = "File name too long"
	EIO          Errno = "Input/output error"
	ESRCH        Errno = "No such process"
	ECONNREFUSED Errno = "Connection refused"
	ENXIO        Errno = "No such device or address"
	// ErrNotFound is the result of a program lookup through PATH that finds
	// nothing; shells print "not found" and give 127.
	ErrNotFound Errno = "not found"
)
