package userland

import (
	"io"
)

// File is an open file. Reading at its end gives io.EOF; a file that grows can
// be read further then, as tail -f does.
type File struct {
	fs      *FS
	n       *node
	name    string
	flags   int
	off     int64
	text    []byte // what a synthetic file said when it was opened
	written []byte // what goes to a synthetic file when it is closed
	dirty   bool
	stream  io.ReadWriter
	closed  bool
}

// Open opens a file with the flags of open(2). Opening for reading or writing a
// device gives the device.
func (fs *FS) Open(name string, flags int, mode uint32) (*File, error) {
	return fs.open(nil, name, flags, mode)
}

// open is Open on behalf of p, which /dev/stdin and /dev/tty need.
func (fs *FS) open(p *Process, name string, flags int, mode uint32) (*File, error) {
	at, n, err := fs.resolve(name, true)
	if err != nil {
		return nil, err
	}
	writes, made := flags&3 != O_RDONLY, n == nil
	switch {
	case n == nil && flags&O_CREAT == 0:
		return nil, ENOENT
	case n == nil:
		if n, err = fs.place(at, Regular, mode); err != nil {
			return nil, err
		}
	case flags&(O_CREAT|O_EXCL) == O_CREAT|O_EXCL:
		return nil, EEXIST
	case n.kind == Directory && writes:
		return nil, EISDIR
	case n.kind == Directory:
		return &File{fs: fs, n: n, name: name, flags: flags}, fs.permit(n, toRead)
	}
	if err := fs.permit(n, wanted(flags)); err != nil && !made {
		return nil, err
	}
	f := &File{fs: fs, n: n, name: name, flags: flags}
	if n.dev != nil {
		if f.stream, err = n.dev(p, flags); err != nil {
			return nil, err
		}
		return f, nil
	}
	if n.read != nil || n.write != nil {
		switch {
		case writes && readOnly(fs, at):
			return nil, EROFS
		case writes && n.write == nil:
			return nil, EACCES
		}
		if n.read != nil && (!writes || flags&O_APPEND != 0) {
			f.text = n.read()
		}
		return f, nil
	}
	if err := sealedAt(fs, at); err != nil && writes {
		return nil, err
	}
	if own := fs.owned(at); own != nil {
		f.n = own
	} else if writes && fs.refusal(at) == EROFS {
		return nil, EROFS
	}
	if writes && flags&O_TRUNC != 0 {
		f.n.data, f.n.mtime = nil, fs.now()
		f.n.showLength()
	}
	return f, nil
}

// wanted is what the flags of open(2) want to do with a file.
func wanted(flags int) access {
	return [...]access{O_RDONLY: toRead, O_WRONLY: toWrite, O_RDWR: toRead | toWrite, 3: toRead | toWrite}[flags&3]
}

// Name is the path that the file was opened by.
func (f *File) Name() string { return f.name }

// Stat describes the file.
func (f *File) Stat() Info { return f.n.info(f.name) }

// Size is the content's length now.
func (f *File) Size() int64 { return int64(len(f.content())) }

func (f *File) content() []byte {
	if f.n.read != nil {
		return f.text
	}
	return f.n.data
}

// Read reads from the file's position.
func (f *File) Read(b []byte) (int, error) {
	switch {
	case f.closed || f.flags&3 == O_WRONLY:
		return 0, EBADF
	case f.stream != nil:
		checkpoint(f.fs.loop)
		copied(f.fs.loop, len(b))
		return f.stream.Read(b)
	case f.n.kind == Directory:
		return 0, EISDIR
	}
	c := f.content()
	if f.off >= int64(len(c)) {
		return 0, io.EOF
	}
	k := copy(b, c[f.off:])
	f.off += int64(k)
	return k, nil
}

// Seek moves the position.
func (f *File) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += f.off
	case io.SeekEnd:
		off += f.Size()
	}
	if off < 0 {
		return 0, EINVAL
	}
	f.off = off
	return off, nil
}

// Write writes at the file's position, or at the end with O_APPEND.
func (f *File) Write(b []byte) (int, error) {
	switch {
	case f.closed || f.flags&3 == O_RDONLY:
		return 0, EBADF
	case f.stream != nil:
		checkpoint(f.fs.loop)
		copied(f.fs.loop, len(b))
		return f.stream.Write(b)
	case f.n.write != nil:
		f.written = append(f.written, b...)
		f.dirty = true
		// One write is one command to the kernel, as in echo 1 > /proc/sys/….
		if len(b) > 0 && b[len(b)-1] == '\n' {
			return len(b), f.flush()
		}
		return len(b), nil
	}
	n := f.n
	if f.flags&O_APPEND != 0 {
		f.off = int64(len(n.data))
	}
	end := f.off + int64(len(b))
	if end > maxFile {
		return 0, ENOSPC
	}
	if err := f.grow(end); err != nil {
		return 0, err
	}
	switch {
	case f.off == int64(len(n.data)):
		n.data = append(n.data, b...)
	default:
		// What a reader or another tree has of the old content stays as it was.
		size := max(end, int64(len(n.data)))
		fresh := make([]byte, size)
		copy(fresh, n.data)
		copy(fresh[f.off:], b)
		n.data = fresh
	}
	n.showLength()
	n.mtime = f.fs.now()
	f.off = end
	return len(b), nil
}

// grow makes room for a content of size bytes, and more if it seems to go on.
func (f *File) grow(size int64) error {
	n := f.n
	has := int64(cap(n.data))
	if size <= has {
		return nil
	}
	size = min(max(size, has+has/4), maxFile)
	if err := f.fs.take(size - has); err != nil {
		return err
	}
	fresh := make([]byte, len(n.data), size)
	copy(fresh, n.data)
	n.data = fresh
	return nil
}

func (f *File) flush() error {
	if !f.dirty {
		return nil
	}
	b := f.written
	f.written, f.dirty = nil, false
	return f.n.write(b)
}

// Close ends the use of the file.
func (f *File) Close() error {
	if f.closed {
		return EBADF
	}
	f.closed = true
	if c, ok := f.stream.(io.Closer); ok {
		c.Close()
	}
	return f.flush()
}
