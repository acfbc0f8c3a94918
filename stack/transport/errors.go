package transport

import (
	"dnetsim/stack/errno"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// errnoOf translates netstack's errors.
func errnoOf(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrConnectionRefused:
		return errno.ConnRefused
	case *tcpip.ErrConnectionReset:
		return errno.ConnReset
	case *tcpip.ErrConnectionAborted:
		return errno.ConnReset
	case *tcpip.ErrNetworkUnreachable:
		return errno.NetUnreachable
	case *tcpip.ErrHostUnreachable, *tcpip.ErrHostDown:
		return errno.HostUnreachable
	case *tcpip.ErrPortInUse, *tcpip.ErrDuplicateAddress:
		return errno.AddrInUse
	case *tcpip.ErrBadLocalAddress:
		return errno.AddrNotAvail
	case *tcpip.ErrTimeout:
		return errno.ConnTimedOut
	case *tcpip.ErrNotPermitted:
		return errno.NotPermitted
	case *tcpip.ErrMessageTooLong:
		return errno.MsgSize
	case *tcpip.ErrClosedForSend:
		return errno.Pipe
	case *tcpip.ErrNotConnected:
		return errno.NotConn
	case *tcpip.ErrAlreadyConnected:
		return errno.IsConn
	case *tcpip.ErrNoBufferSpace:
		return errno.NoBufs
	case *tcpip.ErrNoPortAvailable:
		return errno.AddrNotAvail
	case *tcpip.ErrBroadcastDisabled:
		return errno.Access
	case *tcpip.ErrInvalidEndpointState:
		return errno.Invalid
	}
	return errno.Errno(err.String())
}
