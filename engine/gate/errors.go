package gate

import (
	"errors"
	"io"
	"net"
	"syscall"

	"dnetsim/sim"
	"dnetsim/stack/errno"
)

// numbers are the kernel's errors as Go programs compare them.
var numbers = map[errno.Errno]syscall.Errno{
	errno.ConnRefused: syscall.ECONNREFUSED, errno.ConnReset: syscall.ECONNRESET, errno.NetUnreachable: syscall.ENETUNREACH,
	errno.HostUnreachable: syscall.EHOSTUNREACH, errno.AddrInUse: syscall.EADDRINUSE, errno.AddrNotAvail: syscall.EADDRNOTAVAIL,
	errno.ConnTimedOut: syscall.ETIMEDOUT, errno.Pipe: syscall.EPIPE, errno.NotConn: syscall.ENOTCONN, errno.NetDown: syscall.ENETDOWN,
	errno.Access: syscall.EACCES, errno.NotPermitted: syscall.EPERM, errno.Invalid: syscall.EINVAL, errno.MsgSize: syscall.EMSGSIZE,
	errno.NoBufs: syscall.ENOBUFS,
}

// failed is an error as package net gives it.
func failed(op string, local, remote net.Addr, err error) error {
	if err == io.EOF {
		return err
	}
	var number errno.Errno
	switch {
	case errors.As(err, &number) && number == errno.Closed, errors.Is(err, sim.ErrInterrupted):
		err = net.ErrClosed
	case errors.As(err, &number) && numbers[number] != 0:
		err = numbers[number]
	}
	network := "tcp"
	if remote != nil {
		network = remote.Network()
	}
	return &net.OpError{Op: op, Net: network, Source: local, Addr: remote, Err: err}
}
