package userland

import (
	"io"
	"time"
)

// UnixConn is one end of a connection of a Unix stream socket. It blocks in
// virtual time, as a pipe does.
type UnixConn struct {
	*PipeReader
	out *PipeWriter
}

// SetReadTimeout limits how long a Read blocks; then it returns
// [stack.ErrTimeout]. Zero or less is no limit.
func (c *UnixConn) SetReadTimeout(d time.Duration) { c.PipeReader.timeout = d }

// Write sends to the other end; without a reader there it gets EPIPE.
func (c *UnixConn) Write(b []byte) (int, error) { return c.out.Write(b) }

// CloseWrite ends this end's direction.
func (c *UnixConn) CloseWrite() error { return c.out.Close() }

// Close ends both directions.
func (c *UnixConn) Close() error {
	c.PipeReader.Close()
	return c.out.Close()
}

var _ io.ReadWriteCloser = (*UnixConn)(nil)

// ListenUnix lets accept serve whoever connects to the socket's file, which
// [FS.Socket] has made. accept must not block; its error is connect's.
func (fs *FS) ListenUnix(name string, accept func(*UnixConn) error) error {
	_, n, err := fs.lookup(name, true)
	switch {
	case err != nil:
		return err
	case n.kind != Socket:
		return ECONNREFUSED
	}
	n.special = &special{accept: accept}
	return nil
}

// DialUnix connects to a socket's file: ENOENT without one, ECONNREFUSED if it
// is no socket or nobody listens (connect(2)).
func (p *Process) DialUnix(name string) (*UnixConn, error) {
	_, n, err := p.Machine.fs.lookup(p.rooted(name), true)
	switch {
	case err != nil:
		return nil, err
	case n.kind != Socket || n.accept == nil:
		return nil, ECONNREFUSED
	}
	downReader, downWriter := NewPipe(p.Loop())
	upReader, upWriter := NewPipe(p.Loop())
	if err := n.accept(&UnixConn{PipeReader: upReader, out: downWriter}); err != nil {
		return nil, err
	}
	return &UnixConn{PipeReader: downReader, out: upWriter}, nil
}
