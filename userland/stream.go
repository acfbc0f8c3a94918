package userland

import (
	"io"
	"maps"
)

// stream is one open descriptor of a shell, shared between the shell and the
// processes that it starts. It is closed when nobody holds it any more.
type stream struct {
	r    io.Reader
	w    io.Writer
	c    io.Closer
	refs int  // holders besides the first
	held bool // belongs to somebody else: never closed here
}

// fileStream wraps an open file.
func fileStream(f *File) *stream {
	st := &stream{c: f}
	if f.flags&3 != O_WRONLY {
		st.r = f
	}
	if f.flags&3 != O_RDONLY {
		st.w = f
	}
	if f.stream != nil {
		// The device itself, so that isatty works on /dev/tty.
		if t, ok := f.stream.(*TTY); ok {
			st.r, st.w, st.c = t, t, nil
		}
	}
	return st
}

func (st *stream) retain() *stream {
	st.refs++
	return st
}

func (st *stream) release() {
	if st == nil {
		return
	}
	if st.refs > 0 {
		st.refs--
		return
	}
	if st.c != nil && !st.held {
		st.c.Close()
		st.c = nil
	}
}

// badStream is a descriptor that is not open, or not for this direction.
type badStream struct{}

func (badStream) Read([]byte) (int, error)  { return 0, EBADF }
func (badStream) Write([]byte) (int, error) { return 0, EBADF }

func (st *stream) reader() io.Reader {
	if st == nil || st.r == nil {
		return badStream{}
	}
	return st.r
}

func (st *stream) writer() io.Writer {
	if st == nil || st.w == nil {
		return badStream{}
	}
	return st.w
}

// hold returns a copy of a table for a new process, which holds every stream.
func hold(fds map[int]*stream) map[int]*stream {
	c := maps.Clone(fds)
	for _, st := range c {
		st.retain()
	}
	return c
}

// drop releases a table. The order does not show: closing wakes waiters, who
// look again, so close in the order of descriptors all the same.
func drop(fds map[int]*stream) {
	for fd := 0; len(fds) > 0 && fd < maxFD; fd++ {
		if st, ok := fds[fd]; ok {
			delete(fds, fd)
			st.release()
		}
	}
}

// maxFD is the highest descriptor a script may name.
const maxFD = 1024

// FDs is the process's table of descriptors, for a shell to run with: what it took
// along when it became another program, or its three streams, which stay their
// owners', and those that a shell has given it.
func (p *Process) FDs() map[int]*stream {
	if p.held != nil {
		return p.held
	}
	fds := map[int]*stream{
		0: {r: p.Stdin, held: true}, 1: {w: p.Stdout, held: true}, 2: {w: p.Stderr, held: true},
	}
	for fd, st := range p.files {
		fds[fd] = st
	}
	return fds
}
