// Command bench measures what the README says of speed and size: `make bench`
// prints the table, each figure beside its anchor of the same run, and stores
// what it measured in the format of Go's benchmarks, which benchstat compares.
// docs/performance.md says what each row means.
//
// It owns the list of rows (rows.go) and how each is measured: benchmarks of the
// packages (tests.go), whole processes (process.go) and the kernel's own bridge
// (kernel.go). The benchmarks themselves are in the tests of the packages. It
// imports none of them: it starts what it measures.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// stored is the result whose figures the README has.
const stored = "docs/bench/latest.txt"

type options struct {
	count   int    // measurements of each figure
	out     string // where the result goes
	only    string // of which benchmarks, empty for all
	long    bool   // those that take minutes too
	from    string // a stored result instead of a run
	readme  bool   // make the README's table of it
	profile string // the benchmark to profile instead
}

func main() {
	var o options
	flag.IntVar(&o.count, "count", 6, "measurements of each figure, at least five (benchstat wants six)")
	flag.StringVar(&o.out, "o", "bench.txt", "the `file` that the result is stored in")
	flag.StringVar(&o.only, "only", "", "a `regexp` of what to measure, such as stack.Ping or process")
	flag.BoolVar(&o.long, "long", false, "10,000 containers that are typed and the first build, too: minutes more")
	flag.StringVar(&o.from, "from", "", "print the table of a stored result `file`, and measure nothing")
	flag.BoolVar(&o.readme, "readme", false, "store the result of -from as "+stored+" and make the README's table of it")
	flag.StringVar(&o.profile, "profile", "", "profile a `benchmark`, such as stack.Ping: processor, allocations and blocking")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if err := toRoot(); err != nil {
		return err
	}
	switch {
	case o.profile != "":
		return profile(o.profile)
	case o.readme && o.from == "":
		return errors.New("-readme makes the table of a stored result: add -from bench.txt")
	case o.from != "":
		return show(o)
	case o.count < 5 && o.only == "":
		return fmt.Errorf("-count %d: a median of fewer than five says nothing", o.count)
	}
	r, failed := measure(o)
	if r == nil {
		return failed
	}
	if err := os.WriteFile(o.out, []byte(r.String()), 0o644); err != nil {
		return err
	}
	fmt.Print("\n", r.table(plain), "\n")
	fmt.Printf("stored in %s; benchstat OLD %s compares, go run ./bench -from %s prints this again\n", o.out, o.out, o.out)
	return failed
}

// toRoot goes to the module's root, wherever it was started.
func toRoot() error {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	mod := strings.TrimSpace(string(out))
	if err != nil || filepath.Base(mod) != "go.mod" {
		return errors.New("start it within dnetsim's source: it builds what it measures")
	}
	return os.Chdir(filepath.Dir(mod))
}

// show prints a stored result's table, or makes the README's of it.
func show(o options) error {
	text, err := os.ReadFile(o.from)
	if err != nil {
		return err
	}
	r := read(string(text))
	if !o.readme {
		fmt.Print(r.table(plain))
		return nil
	}
	page, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	made, err := replaced(string(page), r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(stored), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(stored, text, 0o644); err != nil {
		return err
	}
	return os.WriteFile("README.md", []byte(made), 0o644)
}
