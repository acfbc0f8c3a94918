package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// profile runs one benchmark, "stack.Ping" or "modes.Converge/50", three times,
// each with one kind of profile so that none of them is in another's, and prints
// the head of each.
func profile(name string) error {
	pkg, bench, ok := strings.Cut(name, ".")
	if _, err := os.Stat(pkg); !ok || err != nil {
		return fmt.Errorf("%q names no benchmark: write its package, a point and its name, such as stack.Ping or modes.Converge/50", name)
	}
	dir := filepath.Join("profiles", strings.NewReplacer("/", "-", "=", "-").Replace(name))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	s := suite{pkg: pkg, bench: "^Benchmark" + strings.ReplaceAll(bench, "/", "$/^") + "$", time: "2s"}
	if err := buildTests(dir, []suite{s}); err != nil {
		return err
	}
	for _, p := range []struct{ kind, flag, sample string }{
		{"processor time", "cpuprofile", "cpu"},
		{"allocations", "memprofile", "alloc_objects"},
		{"blocking", "blockprofile", "delay"},
	} {
		file := filepath.Join(dir, p.flag)
		args := []string{"-test.run", "^$", "-test.bench", s.bench, "-test.benchtime", s.time, "-test.benchmem", "-test." + p.flag, file}
		if p.flag == "memprofile" {
			args = append(args, "-test.memprofilerate", "512")
		}
		cmd := exec.Command(binaryOf(dir, pkg), args...)
		cmd.Dir = pkg
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "\nBenchmark") {
			return fmt.Errorf("%s: %v\n%s", name, err, out)
		}
		top, err := exec.Command("go", "tool", "pprof", "-sample_index="+p.sample, "-top", "-nodecount=25", binaryOf(dir, pkg), file).Output()
		if err != nil {
			return fmt.Errorf("go tool pprof %s: %v", file, err)
		}
		fmt.Printf("== %s\n%s\n%s\n", p.kind, out[strings.Index(string(out), "\nBenchmark")+1:], top)
	}
	fmt.Printf("go tool pprof -http : %s %s shows more\n", binaryOf(dir, pkg), filepath.Join(dir, "cpuprofile"))
	return nil
}
