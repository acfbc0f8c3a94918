package programs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/archive"
)

func rm(c *invocation) int {
	o := c.parse("rRfivd|recursive=r,force=f,verbose=v,dir=d")
	if !o.has("f") {
		c.needs(o, 1)
	}
	status := 0
	for _, f := range o.args {
		i, err := c.Lstat(f)
		switch base := path.Base(f); {
		case err == userland.ENOENT && o.has("f"):
			continue
		case base == "." || base == "..":
			status = c.fail("refusing to remove '.' or '..' directory: skipping '%s'", f)
			continue
		case c.Abs(f) == "/":
			status = c.fail("it is dangerous to operate recursively on '/'")
			continue
		case err != nil:
		case i.IsDir() && !o.has("r", "R", "d"):
			if c.gnu {
				err = userland.EISDIR
			} else {
				status = c.fail("'%s' is a directory", f)
				continue
			}
		case i.IsDir() && o.has("d") && !o.has("r", "R"):
			err = c.Machine.FS().Remove(c.Abs(f))
		default:
			err = c.Machine.FS().RemoveAll(c.Abs(f))
		}
		if err != nil {
			status = c.cannot("remove", f, err)
			continue
		}
		if o.has("v") {
			c.Printf("removed '%s'\n", f)
		}
	}
	return status
}

// target decides whether the last operand is a directory to put things into.
func (c *invocation) target(o options) (sources []string, dest string, dir bool) {
	sources, dest = o.args[:len(o.args)-1], o.args[len(o.args)-1]
	if t := o.value("t", ""); t != "" {
		sources, dest = o.args, t
	}
	i, err := c.Stat(dest)
	dir = err == nil && i.IsDir() && !o.has("T", "n")
	if len(sources) > 1 && !dir {
		if c.gnu {
			c.misuse(1, "target '%s' is not a directory", dest)
		}
		c.misuse(1, "can't create '%s': %s", dest, userland.ENOTDIR)
	}
	return sources, dest, dir
}

// destination is where a source goes: to dest, or into it if that is a directory.
func destination(dest string, dir bool, source string) string {
	if !dir {
		return dest
	}
	return strings.TrimSuffix(dest, "/") + "/" + path.Base(source)
}

func cp(c *invocation) int {
	o := c.parse("rRapfvidLPTt:u|recursive=r,archive=a,preserve=p::,force=f,verbose=v")
	c.needs(o, 2)
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := destination(dest, dir, s)
		status = max(status, c.copy(s, to, o, nil))
	}
	return status
}

// copy copies a file or, with what is in it, a directory; above are the inodes of
// the directories that it is in.
func (c *invocation) copy(from, to string, o options, above []uint64) int {
	fs := c.Machine.FS()
	i, err := c.Lstat(from)
	keep := o.has("a", "d", "P")
	if err == nil && i.Kind == userland.Link && !keep && (len(above) == 0 || o.has("L")) {
		i, err = c.Stat(from)
	}
	if err != nil {
		if c.gnu {
			return c.fail("cannot stat '%s': %s", from, err)
		}
		return c.fail("can't stat '%s': %s", from, err)
	}
	switch {
	case i.Kind == userland.Link:
		fs.RemoveAll(c.Abs(to))
		err = fs.Symlink(i.Target, c.Abs(to))
	case i.IsDir():
		if !o.has("r", "R", "a") {
			if c.gnu {
				return c.fail("-r not specified; omitting directory '%s'", from)
			}
			return c.fail("omitting directory '%s'", from)
		}
		if slices.Contains(above, i.Inode) {
			return c.fail("cannot copy cyclic symbolic link '%s'", from)
		}
		if strings.HasPrefix(c.Abs(to)+"/", c.Abs(from)+"/") {
			return c.fail("cannot copy a directory, '%s', into itself, '%s'", from, to)
		}
		if err = fs.Mkdir(c.Abs(to), i.Mode); err == userland.EEXIST {
			err = nil
		}
		entries, _ := c.ReadDir(from)
		status := 0
		for _, e := range entries {
			status = max(status, c.copy(from+"/"+e.Name, to+"/"+e.Name, o, append(above[:len(above):len(above)], i.Inode)))
		}
		if err == nil {
			return status
		}
	default:
		if a, aerr := c.Stat(to); aerr == nil && a.Inode == i.Inode {
			return c.fail("'%s' and '%s' are the same file", from, to)
		}
		var data []byte
		if data, err = c.ReadFile(from); err == nil {
			c.Toil(len(data))
			err = fs.WriteFile(c.Abs(to), data, i.Mode&^c.Umask)
		}
		if err == nil && o.has("a", "p") {
			fs.Chmod(c.Abs(to), i.Mode)
			fs.Chtimes(c.Abs(to), i.ModTime)
		}
	}
	if err != nil {
		if c.gnu {
			return c.fail("cannot create regular file '%s': %s", to, err)
		}
		return c.fail("can't create '%s': %s", to, err)
	}
	if o.has("v") {
		c.Printf("'%s' -> '%s'\n", from, to)
	}
	return 0
}

func mv(c *invocation) int {
	o := c.parse("fivnTt:u|force=f,verbose=v")
	delete(o.set, "n")
	c.needs(o, 2)
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := destination(dest, dir, s)
		if _, err := c.Lstat(s); err != nil {
			if c.gnu {
				status = c.fail("cannot stat '%s': %s", s, err)
			} else {
				status = c.fail("can't rename '%s': %s", s, err)
			}
			continue
		}
		if err := c.Machine.FS().Rename(c.Abs(s), c.Abs(to)); err != nil {
			if c.gnu {
				status = c.fail("cannot move '%s' to '%s': %s", s, to, err)
			} else {
				status = c.fail("can't rename '%s': %s", s, err)
			}
		}
	}
	return status
}

func ln(c *invocation) int {
	o := c.parse("sfnvTt:|symbolic=s,force=f,no-dereference=n")
	c.needs(o, 1)
	if len(o.args) == 1 {
		o.args = append(o.args, ".")
	}
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := destination(dest, dir, s)
		fs := c.Machine.FS()
		if o.has("f") {
			fs.Remove(c.Abs(to))
		}
		var err error
		if o.has("s") {
			err = fs.Symlink(s, c.Abs(to))
		} else {
			err = fs.Link(c.Abs(s), c.Abs(to))
		}
		if err != nil {
			kind := "hard link"
			if o.has("s") {
				kind = "symbolic link"
			}
			if c.gnu {
				status = c.fail("failed to create %s '%s': %s", kind, to, err)
			} else {
				status = c.fail("%s: %s", to, err)
			}
		}
	}
	return status
}

// tarball is tar: create, extract and list, through gzip with z, or if an archive is.
func tarball(c *invocation) int {
	args := c.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") { // letters without a dash, their values behind
		letters, rest := args[0], args[1:]
		args = nil
		for _, l := range letters {
			args = append(args, "-"+string(l))
			if strings.ContainsRune("fC", l) && len(rest) > 0 {
				args, rest = append(args, rest[0]), rest[1:]
			}
		}
		args = append(args, rest...)
	}
	o := c.parseArgs(args, "cxtvzf:C:pO!j!J!k!X:!T:!|create=c,extract=x,get=x,list=t,verbose=v,gzip=z,gunzip=z,file=f,directory=C,preserve-permissions=p")
	t := tarRun{invocation: c, verbose: o.has("v"), dir: c.Abs(o.value("C", ".")), file: o.value("f", "-"), names: o.args}
	switch {
	case o.has("c"):
		return t.create(o.has("z"))
	case o.has("x"), o.has("t"):
		return t.read(o.has("x"))
	case c.gnu:
		c.Errorf("tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\nTry 'tar --help' or 'tar --usage' for more information.\n")
		return 2
	}
	return c.fail("need at least one option")
}

// tarRun is one run of tar.
type tarRun struct {
	*invocation
	verbose   bool
	dir, file string
	names     []string
}

func (t *tarRun) create(zip bool) int {
	if len(t.names) == 0 {
		if t.gnu {
			t.Errorf("tar: Cowardly refusing to create an empty archive\nTry 'tar --help' or 'tar --usage' for more information.\n")
			return 2
		}
		return t.fail("empty archive")
	}
	var b bytes.Buffer
	w, status := tar.NewWriter(&b), 0
	for _, name := range t.names {
		at := name
		if !path.IsAbs(name) {
			at = path.Join(t.dir, name)
		}
		if err := archive.Pack(w, t.Machine.FS(), path.Clean(at), t.member(name), false); err != nil {
			status = t.missing(name, err)
		}
	}
	w.Close()
	text := b.Bytes()
	if t.verbose {
		t.list(text, t.file == "-", false)
	}
	if zip {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(text)
		z.Close()
		text = packed.Bytes()
	}
	err := error(nil)
	if t.file == "-" {
		_, err = t.Stdout.Write(text)
	} else {
		err = t.WriteFile(t.file, text)
	}
	if err != nil {
		return t.unopened(err)
	}
	if status != 0 && t.gnu {
		t.Errorf("tar: Exiting with failure status due to previous errors\n")
	} else if status != 0 {
		t.Errorf("tar: error exit delayed from previous errors\n")
	}
	return status
}

// member is what a file is called in an archive.
func (t *tarRun) member(name string) string {
	if rest := strings.TrimLeft(name, "/"); rest != name {
		if t.gnu {
			t.Errorf("tar: Removing leading `/' from member names\n")
		} else {
			t.Errorf("tar: removing leading '/' from member names\n")
		}
		name = rest
	}
	if name = strings.TrimRight(name, "/"); name == "" {
		return "."
	}
	return name
}

func (t *tarRun) missing(name string, err error) int {
	if t.gnu {
		t.Errorf("tar: %s: Cannot stat: %s\n", name, userland.Reason(err))
		return 2
	}
	return t.fail("%s: %s", name, userland.Reason(err))
}

func (t *tarRun) unopened(err error) int {
	if t.gnu {
		t.Errorf("tar: %s: Cannot open: %s\ntar: Error is not recoverable: exiting now\n", t.file, userland.Reason(err))
		return 2
	}
	return t.fail("can't open '%s': %s", t.file, userland.Reason(err))
}

// read extracts, or lists, all members or those that are named.
func (t *tarRun) read(extract bool) int {
	var text []byte
	var err error
	if t.file == "-" {
		text, err = io.ReadAll(t.Stdin)
	} else {
		text, err = t.ReadFile(t.file)
	}
	if err != nil {
		return t.unopened(err)
	}
	chosen, err := t.choose(text)
	if err == nil && extract {
		err = archive.Unpack(t.Machine.FS(), t.dir, chosen, false)
	}
	if err != nil {
		if t.gnu {
			t.Errorf("tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors\n")
			return 2
		}
		return t.fail("invalid tar magic")
	}
	if !extract || t.verbose {
		t.list(chosen, false, !extract && t.verbose)
	}
	return 0
}

// choose is the archive of the members that are named, and of what is below them.
func (t *tarRun) choose(text []byte) ([]byte, error) {
	r, err := archive.Reader(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return b.Bytes(), w.Close()
		} else if err != nil {
			return nil, err
		}
		wanted := len(t.names) == 0 || slices.ContainsFunc(t.names, func(n string) bool {
			return strings.HasPrefix(h.Name+"/", strings.TrimRight(n, "/")+"/")
		})
		if !wanted {
			continue
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, r); err != nil {
			return nil, err
		}
	}
}

// list prints the members, long as ls -l does.
func (t *tarRun) list(text []byte, aside, long bool) {
	out := io.Writer(t.Stdout)
	if aside {
		out = t.Stderr
	}
	r := tar.NewReader(bytes.NewReader(text))
	for {
		h, err := r.Next()
		if err != nil {
			return
		}
		name := h.Name
		if long {
			mode, stamp := strings.Replace(h.FileInfo().Mode().String(), "L", "l", 1), "2006-01-02 15:04"
			if !t.gnu {
				stamp += ":05"
			}
			if h.Typeflag == tar.TypeSymlink {
				name += " -> " + h.Linkname
			}
			owner := "root/root"
			if h.Uid != 0 {
				owner = fmt.Sprintf("%d/%d", h.Uid, h.Gid)
			}
			name = fmt.Sprintf("%s %s %*d %s %s", mode, owner, max(18-len(owner), 1), h.Size, h.ModTime.UTC().Format(stamp), name)
		}
		fmt.Fprintln(out, name)
	}
}
