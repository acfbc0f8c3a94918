// Package errno owns the errors that the kernel gives to programs, under the
// kernel's names and with the words that programs print. Who returns which one
// and why is told where it is returned.
package errno

// Errno is an error of the socket or configuration interface. Its text is that
// of strerror, as programs print it.
type Errno string

// Error is the strerror text.
func (e Errno) Error() string { return string(e) }

// The errors that namespaces, sockets and interfaces return.
const (
	ConnRefused     Errno = "Connection refused"
	ConnReset       Errno = "Connection reset by peer"
	NetUnreachable  Errno = "Network is unreachable"
	HostUnreachable Errno = "No route to host"
	AddrInUse       Errno = "Address already in use"
	AddrNotAvail    Errno = "Cannot assign requested address"
	ConnTimedOut    Errno = "Connection timed out"
	NotPermitted    Errno = "Operation not permitted"
	Access          Errno = "Permission denied"
	MsgSize         Errno = "Message too long"
	Pipe            Errno = "Broken pipe"
	NotConn         Errno = "Transport endpoint is not connected"
	IsConn          Errno = "Transport endpoint is already connected"
	Invalid         Errno = "Invalid argument"
	Exist           Errno = "File exists"
	NoDevice        Errno = "No such device"
	NoProcess       Errno = "No such process"
	NoEntry         Errno = "No such file or directory"
	Busy            Errno = "Device or resource busy"
	NoBufs          Errno = "No buffer space available"
	NetDown         Errno = "Network is down"
	NotSupported    Errno = "Operation not supported"
	// ProtoNotSupported is the answer to a socket of a protocol that the kernel lacks.
	ProtoNotSupported Errno = "Protocol not supported"
	Closed            Errno = "Bad file descriptor"
	CrossDevice       Errno = "Invalid cross-device link"
	// Timeout is a read that ran out of its own time limit (EAGAIN).
	Timeout Errno = "Resource temporarily unavailable"
	// Range is an identifier that is too large for its kind of interface.
	Range Errno = "Numerical result out of range"
	// TooManyLinks and Loop are what the kernel says of a stack of interfaces that
	// would be too high, and of a bridge in a bridge.
	TooManyLinks Errno = "Too many links"
	Loop         Errno = "Too many levels of symbolic links"
)
