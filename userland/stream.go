package userland

import (
	"io"
	"maps"
)

// Stream is one open descriptor of a shell, shared between the shell and the
// processes that it starts. It is closed when nobody holds it any more.
type Stream struct {
	R    io.Reader
	W    io.Writer
	C    io.Closer
	refs int  // holders besides the first
	Held bool // belongs to somebody else: never closed here
}

// FileStream wraps an open file.
func FileStream(f *File) *Stream {
	st := &Stream{C: f}
	if f.flags&3 != O_WRONLY {
		st.R = f
	}
	if f.flags&3 != O_RDONLY {
		st.W = f
	}
	if f.stream != nil {
		// The device itself, so that isatty works on /dev/tty.
		if t, ok := f.stream.(*TTY); ok {
			st.R, st.W, st.C = t, t, nil
		}
	}
	return st
}

func (st *Stream) Retain() *Stream {
	st.refs++
	return st
}

func (st *Stream) Release() {
	if st == nil {
		return
	}
	if st.refs > 0 {
		st.refs--
		return
	}
	if st.C != nil && !st.Held {
		st.C.Close()
		st.C = nil
	}
}

// badStream is a descriptor that is not open, or not for this direction.
type badStream struct{}

func (badStream) Read([]byte) (int, error)  { return 0, EBADF }
func (badStream) Write([]byte) (int, error) { return 0, EBADF }

func (st *Stream) Reader() io.Reader {
	if st == nil || st.R == nil {
		return badStream{}
	}
	return st.R
}

func (st *Stream) Writer() io.Writer {
	if st == nil || st.W == nil {
		return badStream{}
	}
	return st.W
}

// HoldFDs returns a copy of a table for a new process, which holds every stream.
func HoldFDs(fds map[int]*Stream) map[int]*Stream {
	c := maps.Clone(fds)
	for _, st := range c {
		st.Retain()
	}
	return c
}

// DropFDs releases a table. The order does not show: closing wakes waiters, who
// look again, so close in the order of descriptors all the same.
func DropFDs(fds map[int]*Stream) {
	for fd := 0; len(fds) > 0 && fd < MaxFD; fd++ {
		if st, ok := fds[fd]; ok {
			delete(fds, fd)
			st.Release()
		}
	}
}

// MaxFD is the highest descriptor a script may name.
const MaxFD = 1024

// FDs is the process's table of descriptors, for a shell to run with: what it took
// along when it became another program, or its three streams, which stay their
// owners', and those that a shell has given it.
func (p *Process) FDs() map[int]*Stream {
	if p.held != nil {
		return p.held
	}
	fds := map[int]*Stream{
		0: {R: p.Stdin, Held: true}, 1: {W: p.Stdout, Held: true}, 2: {W: p.Stderr, Held: true},
	}
	for fd, st := range p.files {
		fds[fd] = st
	}
	return fds
}
