package userland

import (
	"fmt"
	"path"
	"strings"

	"dnetsim/sim"
)

// Getenv is the value of an environment variable, "" if it is not set.
func (p *Process) Getenv(key string) string {
	v, _ := p.LookupEnv(key)
	return v
}

// LookupEnv is Getenv that tells an empty variable from none.
func (p *Process) LookupEnv(key string) (string, bool) {
	for i := len(p.env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(p.env[i], "="); ok && k == key {
			return v, true
		}
	}
	return "", false
}

// Setenv sets a variable of this process.
func (p *Process) Setenv(key, value string) {
	p.Unsetenv(key)
	p.env = append(p.env, key+"="+value)
}

// Unsetenv removes a variable of this process.
func (p *Process) Unsetenv(key string) {
	kept := p.env[:0:0]
	for _, kv := range p.env {
		if !strings.HasPrefix(kv, key+"=") {
			kept = append(kept, kv)
		}
	}
	p.env = kept
}

// Environ is the environment in the order in which it was set.
func (p *Process) Environ() []string { return append([]string(nil), p.env...) }

// SetEnviron replaces the environment; the process keeps the list.
func (p *Process) SetEnviron(env []string) { p.env = env }

// Printf writes to standard output.
func (p *Process) Printf(format string, args ...any) { fmt.Fprintf(p.Stdout, format, args...) }

// Errorf writes to standard error; the caller gives the newline.
func (p *Process) Errorf(format string, args ...any) { fmt.Fprintf(p.Stderr, format, args...) }

// Abs makes a path absolute and clean, relative to the process's directory.
func (p *Process) Abs(name string) string {
	if !strings.HasPrefix(name, "/") {
		name = p.Dir + "/" + name
	}
	return path.Clean(name)
}

// Open opens a file for reading.
func (p *Process) Open(name string) (*File, error) { return p.OpenFile(name, O_RDONLY, 0) }

// OpenFile opens a file with flags as open(2).
func (p *Process) OpenFile(name string, flags int, mode uint32) (*File, error) {
	return p.Machine.fs.open(p, p.rooted(name), flags, mode&^p.Umask)
}

// ReadFile reads a whole file.
func (p *Process) ReadFile(name string) ([]byte, error) {
	return p.Machine.fs.ReadFile(p.rooted(name))
}

// WriteFile replaces a file's content, making it if needed.
func (p *Process) WriteFile(name string, data []byte) error {
	return p.Machine.fs.WriteFile(p.rooted(name), data, 0o666&^p.Umask)
}

// Stat follows symbolic links, Lstat does not.
func (p *Process) Stat(name string) (Info, error) { return p.Machine.fs.Stat(p.rooted(name)) }

// Exists reports whether a process finds something at a path; one that ends in "/" is a
// directory's.
func Exists(p *Process, name string) bool { return p.Machine.fs.Exists(p.rooted(name)) }

// Lstat is Stat of the link itself.
func (p *Process) Lstat(name string) (Info, error) { return p.Machine.fs.Lstat(p.rooted(name)) }

// ReadDir lists a directory by name.
func (p *Process) ReadDir(name string) ([]Info, error) {
	return p.Machine.fs.ReadDir(p.rooted(name))
}

// rooted makes a name absolute without cleaning it, so that "a/../b" and a
// trailing slash mean what they mean to the kernel. The empty name stays empty.
func (p *Process) rooted(name string) string {
	if name == "" || strings.HasPrefix(name, "/") {
		return name
	}
	return strings.TrimSuffix(p.Dir, "/") + "/" + name
}

// Parent is the process that started this one, or nil.
func (p *Process) Parent() *Process { return p.parent }

// Loop is the loop the process runs on.
func (p *Process) Loop() *sim.Loop { return p.Machine.loop }

// Name is the program's base name, what ps calls COMMAND without arguments.
func (p *Process) Name() string { return p.comm }

// SetName changes it, as prctl(PR_SET_NAME) does.
func (p *Process) SetName(name string) { p.comm = name }

// Done reports whether the process has ended.
func (p *Process) Done() bool { return p.done }

// Status is the exit status of a process that is done: 128+n if signal n ended
// it.
func (p *Process) Status() int { return p.status }

// KilledBy is the signal that ended the process, 0 if it exited by itself.
func (p *Process) KilledBy() Signal { return p.by }
