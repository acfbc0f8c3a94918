package labs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dnetsim/scenarios"
)

//go:embed library/*.yaml
var library embed.FS

// ErrNoLab is wrapped when a name is no lab's.
var ErrNoLab = errors.New("no such lab")

// read reads the labs that are compiled in, once. They are not changed after that.
var read = sync.OnceValue(func() (r reading) {
	var names []string
	names, r.err = fs.Glob(library, "library/*.yaml")
	for _, name := range names {
		text, e := library.ReadFile(name)
		if e != nil {
			return reading{err: e}
		}
		l, e := Read(strings.TrimPrefix(name, "library/"), text)
		if e != nil {
			return reading{err: e}
		}
		r.all = append(r.all, l)
	}
	inOrder(r.all)
	return r
})

// reading is what came of reading the library.
type reading struct {
	all []*Lab
	err error
}

// inOrder sorts labs by difficulty.
func inOrder(all []*Lab) {
	slices.SortStableFunc(all, func(a, b *Lab) int {
		if a.Level != b.Level {
			return a.Level - b.Level
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// List is the ready labs, from the easiest to the most difficult.
func List() ([]*Lab, error) {
	r := read()
	return slices.Clone(r.all), r.err
}

// Named is a ready lab by its name.
func Named(name string) (*Lab, error) {
	all, err := List()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, l := range all {
		if known = append(known, l.Name); l.Name == name {
			return l, nil
		}
	}
	return nil, fmt.Errorf("%s: %w: %s", name, ErrNoLab, scenarios.Suggest(name, known))
}

// Find is a ready lab by its name, or one in a file.
func Find(name string) (*Lab, error) {
	if !strings.ContainsAny(name, `/\`) && filepath.Ext(name) == "" {
		return Named(name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Read(name, text)
}

// ReadDir reads the labs of a folder, *.yaml, from the easiest to the most difficult.
func ReadDir(dir string) ([]*Lab, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []*Lab
	var wrong []error
	for _, f := range files {
		if ext := filepath.Ext(f.Name()); f.IsDir() || strings.HasPrefix(f.Name(), ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		l, err := Find(filepath.Join(dir, f.Name()))
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		out = append(out, l)
	}
	if len(out) == 0 && len(wrong) == 0 {
		return nil, fmt.Errorf("%s: %w: the folder has no *.yaml", dir, ErrNoLab)
	}
	inOrder(out)
	return out, errors.Join(wrong...)
}
