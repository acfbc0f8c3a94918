// Package types has the one well-known type of protobuf's that docker's command line calculates with.
package types

import (
	"errors"
	"time"
)

// Duration is google.protobuf.Duration.
type Duration struct {
	Seconds int64
	Nanos   int32
}

// DurationProto is a Go duration as a message.
func DurationProto(d time.Duration) *Duration {
	return &Duration{int64(d / time.Second), int32(d % time.Second)}
}

// DurationFromProto is a message as a Go duration; none is an error.
func DurationFromProto(d *Duration) (time.Duration, error) {
	if d == nil {
		return 0, errors.New("duration: nil Duration")
	}
	return time.Duration(d.Seconds)*time.Second + time.Duration(d.Nanos), nil
}
