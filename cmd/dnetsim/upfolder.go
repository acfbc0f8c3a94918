package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// controlName is the socket in a lab's folder through which other dnetsim
// commands speak with it. No host can have the name.
const controlName = "_dnetsim"

// terminalName is the socket through which shell --attach opens terminals.
const terminalName = "_terminal"

// longestSocket is how long a socket's path may be, in bytes (sun_path of
// unix(7), which differs between systems; the smallest less its end).
const longestSocket = 103

// runtimeFolder is where a user's running labs have their folders.
func runtimeFolder(env func(string) string) string {
	if dir := env("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "dnetsim")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("dnetsim-%d", os.Getuid()))
}

// plainName is a lab's name as a file's.
func plainName(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, name)
	plain = strings.TrimLeft(plain, ".")
	return plain[:min(len(plain), 40)]
}

// labFolder is the folder of a lab in the runtime folder.
func labFolder(env func(string) string, name string) string {
	return filepath.Join(runtimeFolder(env), plainName(name))
}

// elsewhere is the end of the name of a link in the runtime folder that leads to
// the folder of a lab that is up somewhere else.
const elsewhere = ".up"

// running are the folders of the user's labs that are up, by name: those in the
// runtime folder, and those that a link there leads to.
func running(env func(string) string) map[string]string {
	found, _ := filepath.Glob(filepath.Join(runtimeFolder(env), "*", controlName))
	up := map[string]string{}
	for _, f := range found {
		dir := filepath.Dir(f)
		if to, err := os.Readlink(dir); err == nil && answers(filepath.Join(to, controlName)) {
			up[strings.TrimSuffix(filepath.Base(dir), elsewhere)] = to
		} else if err != nil && answers(f) {
			up[filepath.Base(dir)] = dir
		}
	}
	return up
}

// register makes the lab known by a name, if its folder is not among the user's
// labs already: name, or that with a number if another lab that is up has it.
func (f *folder) register(t *terminal, name string) (string, error) {
	dir, err := runtimeDir(t)
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil || filepath.Dir(f.path) == dir {
		return filepath.Base(f.path), err
	}
	up := running(t.env)
	for n := 1; n < 100; n++ {
		free := plainName(name)
		if n > 1 {
			free = fmt.Sprintf("%s-%d", free, n)
		}
		if up[free] != "" {
			continue
		}
		link := filepath.Join(dir, free+elsewhere)
		if _, err := os.Readlink(link); err == nil { // of a lab that was killed
			os.Remove(link)
		}
		if os.Symlink(f.path, link) == nil {
			f.link = link
			return free, nil
		}
	}
	return "", fmt.Errorf("%s: no name is free for it", dir)
}

// folder is the folder of a lab that is up: its sockets are in it.
type folder struct {
	path    string
	sockets []string // those that are ours to remove
	made    bool     // the folder is ours to remove
	private string   // where sockets are made before they are put in their place
	link    string   // by which it is found among the user's labs, or none
}

// openFolder makes a lab's folder, for its user alone, and takes it: it fails if
// another lab answers in it.
func openFolder(path string) (*folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f := &folder{path: abs}
	if _, err := os.Lstat(abs); errors.Is(err, os.ErrNotExist) {
		f.made = true
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, err
	}
	for _, dir := range []string{filepath.Dir(abs), abs} {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, err
		}
		if others := info.Mode().Perm()&0o022 != 0 && (dir == abs || info.Mode()&os.ModeSticky == 0); others || !ours(info) {
			return nil, fmt.Errorf("%s: others may write there, and replace the lab's sockets: use another --dir", dir)
		}
	}
	if answers(filepath.Join(abs, controlName)) {
		return nil, fmt.Errorf("%s: a lab is up there already: end it with `dnetsim down %s`, or use another --dir", abs, abs)
	}
	if f.private, err = os.MkdirTemp(abs, ".u"); err != nil {
		return nil, err
	}
	return f, nil
}

// answers reports whether somebody listens on a socket.
func answers(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// listen opens a socket of the folder that only its user may connect to. One that
// nobody listens on any more is replaced.
func (f *folder) listen(name string) (net.Listener, error) {
	path := filepath.Join(f.path, name)
	draft := filepath.Join(f.private, "s")
	if len(path) > longestSocket || len(draft) > longestSocket {
		return nil, fmt.Errorf("%s: a socket's path has at most %d bytes: use a shorter --dir", path, longestSocket)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return nil, fmt.Errorf("%s is in the way and no socket: use another --dir", path)
	}
	if answers(path) {
		return nil, fmt.Errorf("%s: somebody listens there already: use another --dir", path)
	}
	ln, err := net.Listen("unix", draft)
	if err != nil {
		return nil, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	// Its rights are set where nobody else can come, and only then is it moved.
	if err := errors.Join(os.Chmod(draft, 0o600), os.Rename(draft, path)); err != nil {
		ln.Close()
		return nil, err
	}
	f.sockets = append(f.sockets, path)
	return ln, nil
}

// close removes the sockets, and the folder if it was made for them.
func (f *folder) close() {
	for _, s := range f.sockets {
		os.Remove(s)
	}
	os.Remove(f.private)
	if to, err := os.Readlink(f.link); err == nil && to == f.path {
		os.Remove(f.link)
	}
	if f.made {
		os.Remove(f.path) // not if a log or somebody's file is in it
	}
}

// control asks the lab whose folder dir is.
func control(ctx context.Context, dir, method, path string, body io.Reader) (string, error) {
	c := &http.Client{Timeout: explainPatience, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, controlName))
	}, DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, body)
	if err != nil {
		return "", err
	}
	res, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 400 {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	return string(text), err
}
