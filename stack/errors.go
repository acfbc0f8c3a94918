package stack

import (
	"gvisor.dev/gvisor/pkg/tcpip"
)

// Errno is an error of the socket or configuration interface. Its text is that
// of strerror, as programs print it.
type Errno string

// Error is the strerror text.
func (e Errno) Error() string { return string(e) }

// The errors that this package returns.
const (
	ErrConnRefused     Errno = "Connection refused"
	ErrConnReset       Errno = "Connection reset by peer"
	ErrNetUnreachable  Errno = "Network is unreachable"
	ErrHostUnreachable Errno = "No route to host"
	ErrAddrInUse       Errno = "Address already in use"
	ErrAddrNotAvail    Errno = "Cannot assign requested address"
	ErrConnTimedOut    Errno = "Connection timed out"
	ErrNotPermitted    Errno = "Operation not permitted"
	ErrAccess          Errno = "Permission denied"
	ErrMsgSize         Errno = "Message too long"
	ErrPipe            Errno = "Broken pipe"
	ErrNotConn         Errno = "Transport endpoint is not connected"
	ErrIsConn          Errno = "Transport endpoint is already connected"
	ErrInvalid         Errno = "Invalid argument"
	ErrExist           Errno = "File exists"
	ErrNoDevice        Errno = "No such device"
	ErrNoProcess       Errno = "No such process"
	ErrNoEntry         Errno = "No such file or directory"
	ErrBusy            Errno = "Device or resource busy"
	ErrNoBufs          Errno = "No buffer space available"
	ErrNetDown         Errno = "Network is down"
	ErrNotSupported    Errno = "Operation not supported"
	ErrClosed          Errno = "Bad file descriptor"
	ErrCrossDevice     Errno = "Invalid cross-device link"
	// ErrTimeout is a read that ran out of its own time limit (EAGAIN).
	ErrTimeout Errno = "Resource temporarily unavailable"
)

// errnoOf translates netstack's errors.
func errnoOf(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrConnectionRefused:
		return ErrConnRefused
	case *tcpip.ErrConnectionReset:
		return ErrConnReset
	case *tcpip.ErrConnectionAborted:
		return ErrConnReset
	case *tcpip.ErrNetworkUnreachable:
		return ErrNetUnreachable
	case *tcpip.ErrHostUnreachable, *tcpip.ErrHostDown:
		return ErrHostUnreachable
	case *tcpip.ErrPortInUse, *tcpip.ErrDuplicateAddress:
		return ErrAddrInUse
	case *tcpip.ErrBadLocalAddress:
		return ErrAddrNotAvail
	case *tcpip.ErrTimeout:
		return ErrConnTimedOut
	case *tcpip.ErrNotPermitted:
		return ErrNotPermitted
	case *tcpip.ErrMessageTooLong:
		return ErrMsgSize
	case *tcpip.ErrClosedForSend:
		return ErrPipe
	case *tcpip.ErrNotConnected:
		return ErrNotConn
	case *tcpip.ErrAlreadyConnected:
		return ErrIsConn
	case *tcpip.ErrNoBufferSpace:
		return ErrNoBufs
	case *tcpip.ErrNoPortAvailable:
		return ErrAddrNotAvail
	case *tcpip.ErrBroadcastDisabled:
		return ErrAccess
	case *tcpip.ErrInvalidEndpointState:
		return ErrInvalid
	}
	return Errno(err.String())
}
