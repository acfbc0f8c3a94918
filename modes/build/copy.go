package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/dockerfile"
	"dnetsim/modes/errdefs"
	"dnetsim/userland"
	"dnetsim/userland/archive"
)

// source is a file or directory that is to be copied, without links in its way.
type source struct {
	at   string // in the tree it comes from
	dir  bool
	hash string
}

// copy is COPY and ADD.
func (b *builder) copy(st *stage, i *dockerfile.Instruction) error {
	var words []string
	for _, w := range i.Words() {
		w, err := dockerfile.Expand(w, st.lookup)
		if err != nil {
			return errdefs.Invalid("%v", err)
		}
		words = append(words, w)
	}
	last := len(words) - 1
	dest := words[last]
	from, err := b.origin(i)
	if err != nil {
		return err
	}
	list, err := b.sources(from, words[:last], i)
	if err != nil {
		return errdefs.Wrap(err, "%s failed: ", i.Name)
	}
	if len(list) > 1 && !strings.HasSuffix(dest, "/") {
		return errdefs.System("When using %s with more than one source file, the destination must be a directory and end with a /", i.Name)
	}
	owner, says := i.Flag("chown"), ""
	if owner != "" {
		says = "--chown=" + owner
	}
	by := fmt.Sprintf("/bin/sh -c #(nop) %s %s%s in %s ", i.Name, says, hashOf(list), dest)
	next := st.image.Derive()
	if b.cached(st, next, by) {
		return nil
	}
	before := b.d.Images.Files(st.image)
	tree := before.Clone()
	uid, gid, err := ownerOf(tree, owner)
	if err != nil {
		return err
	}
	keep := i.Flag("from") != "" && owner == ""
	c := copier{from: from, to: tree, uid: uid, gid: gid, keep: keep, unpack: i.Name == "ADD"}
	for _, s := range list {
		if err := c.place(s, dest, st.image.WorkingDir); err != nil {
			return errdefs.System("failed to copy files: %v", err)
		}
	}
	layer, err := archive.Layer(tree, tree.Changes(before))
	if err != nil {
		return err
	}
	return b.seal(st, next, layer, by)
}

// origin is the tree that files come from: the context, a stage or an image.
func (b *builder) origin(i *dockerfile.Instruction) (*userland.FS, error) {
	name := i.Flag("from")
	if name == "" {
		return b.context, nil
	}
	refuse := func(err error) error { return errdefs.Wrap(err, "invalid from flag value %s: ", name) }
	if st := b.stage(strings.ToLower(name)); st != nil {
		return b.d.Images.Files(st.image), nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		switch current := len(b.stages) - 1; {
		case n == current:
			return nil, refuse(errdefs.System("refers to current build stage"))
		case n < 0 || n > current:
			return nil, refuse(errdefs.System("index out of bounds"))
		}
		return b.d.Images.Files(b.stages[n].image), nil
	}
	img, err := b.base(name)
	if err != nil {
		return nil, refuse(err)
	}
	return b.d.Images.Files(img), nil
}

// sources finds what the words of an instruction name.
func (b *builder) sources(from *userland.FS, words []string, i *dockerfile.Instruction) (out []source, err error) {
	for _, w := range words {
		if strings.HasPrefix(w, "http://") || strings.HasPrefix(w, "https://") {
			if i.Name == "COPY" {
				return nil, errdefs.System("source can't be a URL for COPY")
			}
			return nil, errdefs.New(errdefs.KindNotImplemented, "dnetsim does not simulate ADD of a URL")
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(w, "/"), "./")
		if strings.ContainsAny(rel, "*?[") {
			for _, at := range glob(from, "/", rel) {
				out = append(out, sourceAt(from, at))
			}
			continue
		}
		at := path.Join("/", rel)
		if !from.Exists(at) {
			err := errdefs.System("stat %s: file does not exist", rel)
			if i.Flag("from") == "" {
				err = errdefs.Wrap(err, "file not found in build context or excluded by .dockerignore: ")
			}
			return nil, err
		}
		out = append(out, sourceAt(from, at))
	}
	if len(out) == 0 {
		return nil, errdefs.System("no source files were specified")
	}
	return out, nil
}

// glob finds the paths that a pattern matches, part by part.
func glob(from *userland.FS, dir, pattern string) (out []string) {
	first, rest, more := strings.Cut(pattern, "/")
	list, _ := from.ReadDir(dir)
	for _, x := range list {
		if ok, err := path.Match(first, x.Name); err != nil || !ok {
			continue
		}
		if at := path.Join(dir, x.Name); more {
			out = append(out, glob(from, at, rest)...)
		} else {
			out = append(out, at)
		}
	}
	return out
}

func sourceAt(from *userland.FS, at string) source {
	if real, err := from.Realpath(at); err == nil {
		at = real
	}
	i, _ := from.Stat(at)
	sum := sha256.New()
	digest(from, at, "", func(s string) { sum.Write([]byte(s)) })
	kind := "file:"
	if i.IsDir() {
		kind = "dir:"
	}
	return source{at: at, dir: i.IsDir(), hash: kind + hex.EncodeToString(sum.Sum(nil))}
}

// digest gives what makes two trees the same: names, modes and content, no times.
func digest(from *userland.FS, at, name string, add func(string)) {
	i, err := from.Lstat(at)
	if err != nil {
		return
	}
	add(fmt.Sprintf("%s %s %d %s\n", name, i.ModeString(), i.Size, i.Target))
	if text, err := from.ReadFile(at); err == nil {
		add(string(text))
	}
	if !i.IsDir() {
		return
	}
	list, _ := from.ReadDir(at)
	for _, x := range list {
		digest(from, path.Join(at, x.Name), name+"/"+x.Name, add)
	}
}

// hashOf is one for all sources.
func hashOf(list []source) string {
	if len(list) == 1 {
		return list[0].hash
	}
	var all []string
	for _, s := range list {
		all = append(all, s.hash)
	}
	sum := sha256.Sum256([]byte(strings.Join(all, ",")))
	return "multi:" + hex.EncodeToString(sum[:])
}

// ownerOf reads --chown: names and numbers of the image.
func ownerOf(tree *userland.FS, text string) (uid, gid int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	user, group, _ := strings.Cut(text, ":")
	find := func(file, name string) (int, error) {
		if n, err := strconv.Atoi(name); err == nil {
			return n, nil
		}
		b, _ := tree.ReadFile(file)
		for line := range strings.Lines(string(b)) {
			if f := strings.Split(line, ":"); len(f) > 2 && f[0] == name {
				return strconv.Atoi(f[2])
			}
		}
		what := "uid"
		if file == "/etc/group" {
			what = "gid"
		}
		return 0, errdefs.System("unable to convert uid/gid chown string to host mapping: can't find %s for user %s: no such user: %s", what, name, name)
	}
	if uid, err = find("/etc/passwd", user); err != nil {
		return 0, 0, err
	}
	gid, err = find("/etc/group", cmp.Or(group, user))
	return uid, gid, err
}

// copier copies between two trees.
type copier struct {
	from, to *userland.FS
	uid, gid int
	keep     bool // the owners
	unpack   bool // archives
}

// place copies one source to its destination.
func (c *copier) place(s source, dest, workdir string) error {
	folder := strings.HasSuffix(dest, "/") || dest == "." || strings.HasSuffix(dest, "/.")
	if !path.IsAbs(dest) {
		dest = path.Join("/", workdir, dest)
	}
	dest = path.Clean(dest)
	if s.dir {
		return c.tree(s.at, dest)
	}
	i, err := c.to.Stat(dest)
	folder = folder || err == nil && i.IsDir()
	if text, err := c.from.ReadFile(s.at); err == nil && c.unpack && isArchive(text) {
		return archive.Unpack(c.to, dest, text, false)
	}
	if folder {
		dest = path.Join(dest, path.Base(s.at))
	}
	return c.file(s.at, dest)
}

func isArchive(b []byte) bool {
	if len(b) < 512 && !slices.Equal(b[:min(len(b), 2)], []byte{0x1f, 0x8b}) {
		return false
	}
	r, err := archive.Reader(b)
	if err != nil {
		return false
	}
	_, err = r.Next()
	return err == nil
}

// tree copies what is in a directory into another.
func (c *copier) tree(at, dest string) error {
	if !c.to.Exists(dest) {
		if err := c.to.MkdirAll(dest, 0o755); err != nil {
			return err
		}
		c.own(at, dest)
	}
	list, err := c.from.ReadDir(at)
	if err != nil {
		return err
	}
	for _, x := range list {
		src, dst := path.Join(at, x.Name), path.Join(dest, x.Name)
		switch x.Kind {
		case userland.Directory:
			err = c.tree(src, dst)
			c.to.Chmod(dst, x.Mode)
		case userland.Link:
			c.to.RemoveAll(dst)
			err = c.to.Symlink(x.Target, dst)
		case userland.Regular:
			err = c.file(src, dst)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) file(at, dest string) error {
	i, err := c.from.Stat(at)
	if err != nil {
		return err
	}
	text, err := c.from.ReadFile(at)
	if err != nil {
		return err
	}
	if err := c.to.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return err
	}
	if name, ok := userland.ProgramName(text); ok {
		err = c.to.InstallProgram(dest, name)
	} else {
		err = c.to.WriteFile(dest, text, i.Mode)
	}
	if err != nil {
		return err
	}
	c.to.Chmod(dest, i.Mode)
	c.to.Chtimes(dest, i.ModTime)
	c.own(at, dest)
	return nil
}

func (c *copier) own(at, dest string) {
	uid, gid := c.uid, c.gid
	if i, err := c.from.Stat(at); err == nil && c.keep {
		uid, gid = i.UID, i.GID
	}
	c.to.Chown(dest, uid, gid)
}
