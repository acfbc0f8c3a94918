package store

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"dnetsim/sim"
	"dnetsim/stack"
)

// The errors of the operations, in libkv's words.
var (
	ErrKeyNotFound  = errors.New("Key not found in store")
	ErrKeyModified  = errors.New("Unable to complete atomic operation, key modified")
	errKeyExists    = errors.New("Previous K/V pair exists, cannot complete Atomic operation")
	errNoPrevious   = errors.New("Previous K/V pair should be provided for the Atomic operation")
	errSessionRenew = errors.New("cannot set or renew session for ttl, unable to operate on sessions")
)

// errClosed is a call on a client that was closed.
var errClosed = errors.New("the store's client is closed")

// requestError is a request that got no answer, as Go's http client tells it:
// Get "http://10.0.0.11:8500/v1/kv/x": dial tcp 10.0.0.11:8500: connect:
// connection refused.
type requestError struct {
	Op  string // "Get", "Put", "Delete"
	URL string
	Err error
}

// Error is the whole sentence.
func (e *requestError) Error() string { return fmt.Sprintf("%s %q: %v", e.Op, e.URL, e.Err) }

// Unwrap is what went wrong with the connection.
func (e *requestError) Unwrap() error { return e.Err }

// statusError is an answer with another status than 200.
type statusError struct {
	Status int
	Body   string
}

// Error is the sentence of consul's client.
func (e *statusError) Error() string {
	return fmt.Sprintf("Unexpected response code: %d (%s)", e.Status, e.Body)
}

// socketError is a failed socket call in the words of Go's package net; the
// cause stays visible to errors.Is.
type socketError struct {
	text string
	err  error
}

func (e *socketError) Error() string { return e.text }
func (e *socketError) Unwrap() error { return e.err }

// errno is strerror's text as Go prints it.
func errno(err error) string {
	if errors.Is(err, stack.ErrTimeout) {
		err = stack.ErrConnTimedOut
	}
	return strings.ToLower(err.Error())
}

func dialError(to string, err error) error {
	text := "dial tcp " + to + ": connect: " + errno(err)
	switch {
	case errors.Is(err, sim.ErrInterrupted):
		return err
	case errors.Is(err, stack.ErrConnTimedOut), errors.Is(err, stack.ErrTimeout):
		text = "dial tcp " + to + ": i/o timeout"
	}
	return &socketError{text, err}
}

// ioError is a failed read or write ("read", "write") of a connection.
func ioError(call string, from, to netip.AddrPort, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF || errors.Is(err, sim.ErrInterrupted) {
		return err
	}
	var no stack.Errno
	if !errors.As(err, &no) {
		return err
	}
	return &socketError{fmt.Sprintf("%s tcp %s->%s: %s: %s", call, from, to, call, errno(err)), err}
}
