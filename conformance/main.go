package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Options are those of the command line.
type options struct {
	only    string // parts to run, comma-separated; all if empty
	run     string // Moby's tests whose names match
	dnetsim string // the binary; built from the module above if empty
	engine  string // the release of the simulated engine; the file's, 20.10, if empty
	work    string // where binaries, sockets and outputs are
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "parts to run, of moby, clients and openapi (default all)")
	flag.StringVar(&o.run, "run", ".", "those of Moby's tests whose names match")
	flag.StringVar(&o.dnetsim, "dnetsim", "", "the dnetsim binary (default: built from the module above)")
	flag.StringVar(&o.engine, "engine", "", "the release of the simulated engine, 20.10 or 29 (default 20.10)")
	flag.StringVar(&o.work, "work", filepath.Join(os.TempDir(), "dnetsim-conformance"), "folder for binaries and outputs, kept from run to run")
	flag.Parse()
	ok, err := score(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// score runs what was asked for and reports whether everything is as the list of reasons has it.
func score(o options) (bool, error) {
	if err := os.MkdirAll(o.work, 0o755); err != nil {
		return false, err
	}
	if o.dnetsim == "" {
		o.dnetsim = filepath.Join(o.work, "dnetsim")
		if err := goTool("..", "build", "-o", o.dnetsim, "./cmd/dnetsim"); err != nil {
			return false, err
		}
	}
	known := "reasons.txt"
	if o.engine != "" && o.engine != "20.10" {
		known = "reasons-" + o.engine + ".txt"
	}
	reasons, err := readReasons(known)
	if err != nil {
		return false, err
	}
	parts := []struct {
		name string
		run  func(options) ([]result, error)
	}{{"moby", mobyTests}, {"clients", clients}, {"openapi", openAPI}}
	var all []result
	for _, p := range parts {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), p.name) {
			fmt.Printf("left out: %s (--only %s)\n", p.name, o.only)
			continue
		}
		rs, err := p.run(o)
		if err != nil {
			return false, fmt.Errorf("%s: %w", p.name, err)
		}
		all = append(all, rs...)
	}
	return report(os.Stdout, all, reasons), nil
}

// goTool runs the go command in a folder.
func goTool(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
