package cli

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/archive"

	"github.com/docker/cli/cli/streams"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Commands that read and write files of the machine they are typed on: docker's own
// code runs with its streams in place of files, and the files are the simulated
// host's.

// adaptFiles changes such a command.
func (s *session) adaptFiles(cmd *cobra.Command, h *dockerCLI) {
	run := cmd.RunE
	switch f := cmd.Flags(); nameOf(cmd) {
	case "save", "export":
		what := "save image"
		if nameOf(cmd) == "export" {
			what = "export container"
		}
		output := takeAway(f, "output")
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			return writing(s, h, *output, what, func() error { return run(cmd, args) })
		}
	case "load":
		input := takeAway(f, "input")
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if *input == "" {
				return run(cmd, args)
			}
			return reading(s, h, *input, func() error { return run(cmd, args) })
		}
	case "import":
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" || strings.Contains(args[0], "://") {
				return run(cmd, args)
			}
			return reading(s, h, args[0], func() error { return run(cmd, append([]string{"-"}, args[1:]...)) })
		}
	case "secret create", "config create":
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || args[1] == "-" {
				return run(cmd, args)
			}
			return data(s, h, args[1], strings.Fields(nameOf(cmd))[0], func() error { return run(cmd, []string{args[0], "-"}) })
		}
	case "stack deploy":
		files := takeFiles(f, "compose-file")
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return deployStack(s, h, cmd, args[0], *files) }
	case "stack config":
		files := takeFiles(f, "compose-file")
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return showStack(s, h, cmd, *files) }
	case "cp":
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return copyFiles(s, cmd, h, args[0], args[1]) }
	case "build":
		inner := f.Lookup("file").Value
		file, idFile := takeAway(f, "file"), takeAway(f, "iidfile")
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			b, rel, err := buildContext(s, h, args[0], *file)
			if err != nil {
				return err
			}
			inner.Set(rel)
			h.in = streams.NewIn(io.NopCloser(bytes.NewReader(b)))
			return building(s, h, *idFile, func() error { return run(cmd, []string{"-"}) })
		}
	}
}

// takeAway keeps the value of a flag from docker.
func takeAway(f *pflag.FlagSet, name string) *string {
	value := new(string)
	x := f.Lookup(name)
	x.Value = collector{x.Value, func(v string) error { *value = v; return nil }}
	return value
}

// takeFiles is takeAway for a flag that lists files.
func takeFiles(f *pflag.FlagSet, name string) *[]string {
	files := new([]string)
	x := f.Lookup(name)
	x.Value = collector{x.Value, func(v string) error { *files = append(*files, strings.Split(v, ",")...); return nil }}
	return files
}

// onHost runs fn with the tree of the simulated host, on the loop.
func (s *session) onHost(fn func(tree *userland.FS)) {
	s.do(func() { fn(s.p.Machine.FS()) })
}

// readFile reads a file of the simulated host.
func readFile(s *session, name string) (b []byte, err error) {
	s.onHost(func(*userland.FS) { b, err = s.p.ReadFile(name) })
	if err != nil {
		return nil, fmt.Errorf("open %s: %s", name, strings.ToLower(err.Error()))
	}
	return b, nil
}

// reading runs a command with a file as its standard input.
func reading(s *session, h *dockerCLI, name string, run func() error) error {
	b, err := readFile(s, name)
	if err != nil {
		return err
	}
	h.in = streams.NewIn(io.NopCloser(bytes.NewReader(b)))
	return run()
}

// writing runs a command whose standard output goes to a file, if there is a name.
func writing(s *session, h *dockerCLI, name, what string, run func() error) error {
	if name == "" {
		if s.onTerminal(s.p.Stdout) {
			return errors.New("cowardly refusing to save to a terminal. Use the -o flag or redirect")
		}
		return run()
	}
	if err := outputPath(s, name); err != nil {
		return fmt.Errorf("failed to %s: %w", what, err)
	}
	out, b := h.out, &bytes.Buffer{}
	h.out = streams.NewOut(b)
	err := run()
	h.out = out
	if err != nil {
		return err
	}
	s.onHost(func(tree *userland.FS) { err = tree.WriteFile(s.p.Abs(name), b.Bytes(), 0o600) })
	return err
}

// onTerminal reports whether a stream of the process is its terminal.
func (s *session) onTerminal(w io.Writer) (is bool) {
	s.do(func() { is = s.p.TTY != nil && userland.IsTTY(w) })
	return is
}

// outputPath refuses where docker cannot write.
func outputPath(s *session, name string) (err error) {
	s.onHost(func(tree *userland.FS) {
		at := s.p.Abs(name)
		switch dir := path.Dir(path.Clean(at)); {
		case !tree.Exists(dir):
			err = fmt.Errorf("invalid output path: directory %q does not exist", dir)
		default:
			if i, e := tree.Stat(at); e == nil && i.Kind != userland.Regular && i.Kind != userland.Directory {
				err = fmt.Errorf("invalid output path: %q must be a directory or a regular file", name)
			}
		}
	})
	return err
}

// building runs a build and writes its image's id to a file, if there is a name.
func building(s *session, h *dockerCLI, idFile string, run func() error) error {
	if idFile == "" {
		return run()
	}
	seen := &watcher{Writer: h.out}
	out := h.out
	h.out = streams.NewOut(seen)
	err := run()
	h.out = out
	if err != nil {
		return err
	}
	s.onHost(func(tree *userland.FS) {
		err = tree.WriteFile(s.p.Abs(idFile), []byte(imageID(s, seen.text.String())), 0o666)
	})
	return err
}

// watcher keeps what passes.
type watcher struct {
	io.Writer
	text strings.Builder
}

func (w *watcher) Write(b []byte) (int, error) {
	w.text.Write(b)
	return w.Writer.Write(b)
}

// imageID is the whole id of the image that a build said it made. It runs on the loop.
func imageID(s *session, said string) string {
	for line := range strings.Lines(said) {
		id, ok := strings.CutPrefix(line, "Successfully built ")
		if !ok {
			id = strings.TrimPrefix(line, "sha256:")
		}
		if img, err := s.srv.Daemon().Images.Get(strings.TrimSpace(id)); err == nil {
			return img.ID
		}
	}
	return ""
}

// dockerfileOutside is the name in the context of a Dockerfile that is not from there.
const dockerfileOutside = ".dockerfile.0"

// buildContext is the archive that a build sends, and the path of the Dockerfile in it.
func buildContext(s *session, h *dockerCLI, from, file string) ([]byte, string, error) {
	if from == "-" {
		if file == "-" {
			return nil, "", errors.New("invalid argument: can't use stdin for both build context and dockerfile")
		}
		return contextFromInput(h, file)
	}
	if strings.Contains(from, "://") || strings.HasPrefix(from, "git@") || strings.HasPrefix(from, "github.com/") {
		return nil, "", errors.New("dnetsim does not simulate a build context from an address")
	}
	var outside []byte
	if file == "-" {
		var err error
		if outside, err = io.ReadAll(h.In()); err != nil {
			return nil, "", err
		}
	}
	var b []byte
	var rel string
	var err error
	s.onHost(func(tree *userland.FS) {
		b, rel, err = localContext(tree, s.p.Abs(from), from, file, s.p.Abs(file), outside)
	})
	return b, rel, err
}

// contextFromInput reads an archive, or a Dockerfile that is all there is.
func contextFromInput(h *dockerCLI, file string) ([]byte, string, error) {
	b, err := io.ReadAll(h.In())
	if err != nil {
		return nil, "", err
	}
	if r, err := archive.Reader(b); err == nil {
		if _, err := r.Next(); err == nil {
			return b, file, nil
		}
	}
	if file != "" {
		return nil, "", errors.New("unable to prepare context from STDIN: ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles")
	}
	b, err = oneFile("Dockerfile", b)
	return b, "Dockerfile", err
}

func oneFile(name string, text []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
		return nil, err
	}
	w.Write(text)
	err := w.Close()
	return b.Bytes(), err
}

// localContext is the archive of a directory without what .dockerignore excludes.
func localContext(tree *userland.FS, dir, typed, file, fileAt string, outside []byte) ([]byte, string, error) {
	refuse := func(format string, args ...any) ([]byte, string, error) {
		return nil, "", fmt.Errorf("unable to prepare context: "+format, args...)
	}
	switch i, err := tree.Stat(dir); {
	case err != nil:
		return refuse("path %q not found", typed)
	case !i.IsDir():
		return refuse("context must be a directory: %s", dir)
	}
	dir, _ = tree.Realpath(dir)
	rel := dockerfileOutside
	if outside == nil {
		at := fileAt
		if file == "" {
			if at = path.Join(dir, "Dockerfile"); !tree.Exists(at) && tree.Exists(path.Join(dir, "dockerfile")) {
				at = path.Join(dir, "dockerfile")
			}
		} else if in := path.Join(dir, file); !strings.HasPrefix(file, "/") && !tree.Exists(at) && tree.Exists(in) {
			at = in
		}
		real, err := tree.Realpath(at)
		if err != nil || !tree.Exists(at) {
			return refuse("unable to evaluate symlinks in Dockerfile path: lstat %s: no such file or directory", at)
		}
		within, ok := strings.CutPrefix(real, strings.TrimSuffix(dir, "/")+"/")
		if rel = within; !ok {
			rel = dockerfileOutside
			if outside, err = tree.ReadFile(real); err != nil {
				return refuse("unable to open Dockerfile: %v", err)
			}
		}
	}
	var excludes []string
	if b, err := tree.ReadFile(path.Join(dir, ".dockerignore")); err == nil {
		if excludes, err = ignorefile.ReadAll(bytes.NewReader(b)); err != nil {
			return nil, "", fmt.Errorf("error reading .dockerignore: %w", err)
		}
	}
	excludes = append(excludes, "!.dockerignore", "!"+rel)
	m, err := patternmatcher.New(excludes)
	if err != nil {
		return nil, "", fmt.Errorf("error checking context: '%s'", err)
	}
	chosen := tree.Clone()
	leaveOut(chosen, dir, "", m)
	if outside != nil {
		chosen.WriteFile(path.Join(dir, rel), outside, 0o600)
	}
	b, err := archive.Of(chosen, dir, false)
	return b, rel, err
}

// leaveOut removes what is excluded from a copy of a tree.
func leaveOut(tree *userland.FS, dir, rel string, m *patternmatcher.PatternMatcher) {
	list, _ := tree.ReadDir(path.Join(dir, rel))
	for _, x := range list {
		at := path.Join(rel, x.Name)
		skip, err := m.MatchesOrParentMatches(at)
		if x.IsDir() && (!skip || m.Exclusions()) {
			leaveOut(tree, dir, at, m)
			if kept, _ := tree.ReadDir(path.Join(dir, at)); !skip || len(kept) > 0 {
				continue
			}
		}
		if err == nil && skip {
			tree.RemoveAll(path.Join(dir, at))
		}
	}
}

// data gives a command the content of a simulated file instead of one that it would open.
func data(s *session, h *dockerCLI, file, what string, run func() error) error {
	b, err := s.p.ReadFile(file)
	if err != nil {
		why := "open " + file + ": " + strings.ToLower(err.Error())
		if what == "secret" {
			return fmt.Errorf("error reading from %s: %s", file, why)
		}
		return fmt.Errorf("error reading content from %q: error reading from %s: %s", file, file, why)
	}
	h.in = streams.NewIn(io.NopCloser(bytes.NewReader(b)))
	return run()
}
