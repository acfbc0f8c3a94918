package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

//go:embed library/*.yaml
var library embed.FS

// Stdin is the name of what comes from standard input.
const Stdin = "<stdin>"

// Source is the text of a scenario file and the name errors give it.
type Source struct {
	File string
	Text []byte
	Path string // on the real file system, "" if compiled in or from a stream
	// Document is which of the file's scenarios is meant, from 0.
	Document int
}

// ErrNoScenario is wrapped by [Find] when an argument names nothing.
var ErrNoScenario = errors.New("no such scenario")

// Find returns the files that an argument stands for: a file, a folder (every
// *.yaml in it and below, by name), the name of a library scenario, or - for what
// stdin has.
func Find(arg string, stdin io.Reader) ([]Source, error) {
	if arg == "-" {
		text, err := atMost(stdin)
		if err != nil {
			return nil, fmt.Errorf("-: %w", err)
		}
		return []Source{{File: Stdin, Text: text}}, nil
	}
	info, err := os.Stat(arg)
	if name := strings.TrimSuffix(arg, ".yaml"); !strings.ContainsAny(arg, `/\`) && (err != nil || name == arg) {
		if text, err := library.ReadFile("library/" + name + ".yaml"); err == nil {
			return []Source{{File: name + ".yaml", Text: text}}, nil
		}
	}
	if err != nil {
		var known []string
		for _, s := range Library() {
			known = append(known, strings.TrimSuffix(s.File, ".yaml"))
		}
		hint := "give a file, a folder or a name that `dnetsim list` prints"
		if n := nearest(arg, known); n != "" {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		return nil, fmt.Errorf("%s: %w: %s", arg, ErrNoScenario, hint)
	}
	if !info.IsDir() {
		text, err := readSource(arg)
		if err != nil {
			return nil, err
		}
		return []Source{{File: arg, Text: text, Path: arg}}, nil
	}
	return folder(arg)
}

// readSource reads a file, which may be a device or a pipe, as far as a scenario
// may be long and one byte further, so that Read sees that it is too long.
func readSource(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := atMost(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

func atMost(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, maxFileBytes+1))
}

// folder reads the scenario files of a folder, to any depth. What begins with a
// dot is somebody else's.
func folder(dir string) ([]Source, error) {
	var out []Source
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != dir && strings.HasPrefix(d.Name(), ".")
		switch ext := filepath.Ext(path); {
		case d.IsDir() && hidden:
			return fs.SkipDir
		case d.IsDir() || hidden || ext != ".yaml" && ext != ".yml":
			return nil
		}
		text, err := readSource(path)
		if err != nil {
			return err
		}
		out = append(out, Source{File: path, Text: text, Path: path})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: %w: the folder has no *.yaml, nor has one below", dir, ErrNoScenario)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].File < out[j].File })
	return out, nil
}

// Library is the scenarios that are compiled in, by name.
func Library() []Source {
	names, _ := fs.Glob(library, "library/*.yaml")
	var out []Source
	for _, n := range names {
		text, err := library.ReadFile(n)
		if err != nil {
			continue
		}
		out = append(out, Source{File: strings.TrimPrefix(n, "library/"), Text: text})
	}
	return out
}

// FromLibrary reads a scenario that is compiled in, by its name.
func FromLibrary(name string) (*Scenario, error) {
	for _, src := range Library() {
		if strings.TrimSuffix(src.File, ".yaml") == name {
			return Read(src.File, src.Text)
		}
	}
	return nil, fmt.Errorf("%s: there is no scenario of that name in the library", name)
}
