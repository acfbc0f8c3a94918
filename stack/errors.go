package stack

import "dnetsim/stack/errno"

// Errno is an error of the socket or configuration interface.
type Errno = errno.Errno

// The errors that this package returns; their texts are in package errno.
const (
	ErrConnRefused     = errno.ConnRefused
	ErrConnReset       = errno.ConnReset
	ErrNetUnreachable  = errno.NetUnreachable
	ErrHostUnreachable = errno.HostUnreachable
	ErrAddrInUse       = errno.AddrInUse
	ErrAddrNotAvail    = errno.AddrNotAvail
	ErrConnTimedOut    = errno.ConnTimedOut
	ErrNotPermitted    = errno.NotPermitted
	ErrAccess          = errno.Access
	ErrMsgSize         = errno.MsgSize
	ErrInvalid         = errno.Invalid
	ErrExist           = errno.Exist
	ErrNoDevice        = errno.NoDevice
	ErrNoProcess       = errno.NoProcess
	ErrNoEntry         = errno.NoEntry
	ErrBusy            = errno.Busy
	ErrNetDown         = errno.NetDown
	ErrNotSupported    = errno.NotSupported
	ErrClosed          = errno.Closed
	ErrCrossDevice     = errno.CrossDevice
	ErrTimeout         = errno.Timeout
	ErrRange           = errno.Range
	ErrTooManyLinks    = errno.TooManyLinks
	ErrLoop            = errno.Loop
)
