package rpc

import (
	"errors"
	"fmt"
	"time"

	"dnetsim/sim"
)

// Port is where managers listen unless they are told otherwise.
const Port = 2377

// Code is the class of a status, by gRPC's name.
type Code string

// The classes that a swarm uses.
const (
	OK                 Code = "OK"
	Unknown            Code = "Unknown"
	InvalidArgument    Code = "InvalidArgument"
	DeadlineExceeded   Code = "DeadlineExceeded"
	NotFound           Code = "NotFound"
	AlreadyExists      Code = "AlreadyExists"
	PermissionDenied   Code = "PermissionDenied"
	FailedPrecondition Code = "FailedPrecondition"
	Aborted            Code = "Aborted"
	Unimplemented      Code = "Unimplemented"
	Internal           Code = "Internal"
	Unavailable        Code = "Unavailable"
)

// Status is how a call ended that did not end well.
type Status struct {
	Code Code
	Desc string
}

func (s *Status) Error() string { return fmt.Sprintf("rpc error: code = %s desc = %s", s.Code, s.Desc) }

// Errorf is a status of a class.
func Errorf(c Code, format string, args ...any) *Status {
	return &Status{c, fmt.Sprintf(format, args...)}
}

// ErrDeadline is what a call ends with whose time is up.
var ErrDeadline = errors.New("rpc error: code = DeadlineExceeded desc = context deadline exceeded")

// statusOf makes a status of any error, as gRPC's server does.
func statusOf(err error) *Status {
	var s *Status
	if errors.As(err, &s) {
		return s
	}
	if errors.Is(err, ErrDeadline) {
		return Errorf(DeadlineExceeded, "context deadline exceeded")
	}
	return &Status{Unknown, err.Error()}
}

// CodeOf is the class of an error.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	return statusOf(err).Code
}

// Deadline is an instant, by the loop's time, at which a call ends; 0 is none.
type Deadline time.Duration

// In is the deadline that much from now.
func In(l *sim.Loop, d time.Duration) Deadline { return Deadline(l.Now() + d) }

// left is how long it is to it, negative without one.
func (d Deadline) left(l *sim.Loop) time.Duration {
	if d == 0 {
		return -1
	}
	return max(time.Duration(d)-l.Now(), 0)
}
