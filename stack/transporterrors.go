package stack

import (
	"gvisor.dev/gvisor/pkg/tcpip"
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
