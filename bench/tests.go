package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A suite is benchmarks of one package that are measured in one way.
type suite struct {
	pkg   string
	bench string // -test.bench
	time  string // -test.benchtime
	once  bool   // what they need first is dear: all measurements by one process
	long  bool   // minutes: measured if asked for
}

// suites are run in this order, round by round, so that a figure and its anchor
// are measured seconds apart and the machine's moods meet both.
var suites = []suite{
	{pkg: "sim", bench: "^BenchmarkLoopEvents$", time: "0.3s"},
	{pkg: "link", bench: "^BenchmarkWireBridgeWire$", time: "0.3s"},
	{pkg: "stack", bench: "^BenchmarkPing$", time: "0.3s"},
	{pkg: "stack/transport", bench: "^BenchmarkPing$", time: "0.3s"},
	{pkg: "stack", bench: "^BenchmarkGoodput$", time: "0.5s"},
	{pkg: "stack/transport", bench: "^BenchmarkGoodput$", time: "0.5s"},
	{pkg: "stack", bench: "^BenchmarkLossy$", time: "1x"},
	{pkg: "stack/transport", bench: "^BenchmarkLossy$", time: "1x"},
	{pkg: "modes", bench: "^BenchmarkTCP$", time: "8x"},
	{pkg: "modes", bench: "^BenchmarkTwoHosts$", time: "8x"},
	{pkg: "modes", bench: "^BenchmarkContainers$/^100$", time: "1x"},
	{pkg: "modes", bench: "^BenchmarkConverge$/^50$", time: "1x"},
	{pkg: "modes", bench: "^BenchmarkIdleHour$", time: "1x", once: true},
	{pkg: "modes", bench: "^BenchmarkSwarmIdleHour$/^10$", time: "1x", once: true},
	{pkg: "modes", bench: "^BenchmarkContainerAt$/^(10|1000)$", time: "50x", once: true},
	{pkg: "modes", bench: "^BenchmarkContainerAt$/^10000$", time: "50x", once: true, long: true},
	{pkg: "modes", bench: "^BenchmarkNetworkAt$", time: "50x", once: true},
	{pkg: "engine/cli", bench: "^BenchmarkRun$", time: "100x"},
}

// String is what -only matches: "stack.Ping".
func (s suite) String() string {
	return s.pkg + "." + strings.NewReplacer("^Benchmark", "", "^", "", "$", "").Replace(s.bench)
}

// measure measures what o asks for: as much as can be, with what could not.
func measure(o options) (*result, error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, err
	}
	var chosen []suite
	for _, s := range suites {
		switch {
		case !only.MatchString(s.String()):
		case s.long && !o.long:
			progress("%s is left out: it takes minutes: -long measures it", s)
		default:
			chosen = append(chosen, s)
		}
	}
	dir, err := os.MkdirTemp("", "dnetsim-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	progress("building")
	if err := buildTests(dir, chosen); err != nil {
		return nil, err
	}
	r := describe()
	wholes, err := newWholes(dir, only, o)
	if err != nil {
		return nil, err
	}
	failed := map[string]error{} // what could not be measured is not tried again
	for round := range o.count {
		for _, s := range chosen {
			if s.once && round > 0 || failed[s.String()] != nil {
				continue
			}
			n := 1
			if s.once {
				n = o.count
			}
			progress("%d of %d: %s", round+1, o.count, s)
			if err := s.run(r, dir, n); err != nil {
				failed[s.String()] = err
				progress("%v", err)
			}
		}
		wholes.run(r, round, failed)
	}
	r.add("Load-after: " + load())
	return r, errors.Join(slices.Collect(maps.Values(failed))...)
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func binaryOf(dir, pkg string) string {
	return filepath.Join(dir, strings.ReplaceAll(pkg, "/", "-")+".test")
}

// buildTests builds each package's tests once.
func buildTests(dir string, list []suite) error {
	built := map[string]bool{}
	for _, s := range list {
		if built[s.pkg] {
			continue
		}
		built[s.pkg] = true
		if out, err := exec.Command("go", "test", "-c", "-o", binaryOf(dir, s.pkg), "./"+s.pkg).CombinedOutput(); err != nil {
			return fmt.Errorf("go test -c ./%s: %v\n%s", s.pkg, err, out)
		}
	}
	return nil
}

// run adds n measurements of each of the suite's benchmarks.
func (s suite) run(r *result, dir string, n int) error {
	cmd := exec.Command(binaryOf(dir, s.pkg), "-test.run", "^$", "-test.bench", s.bench, "-test.benchtime", s.time,
		"-test.benchmem", "-test.count", fmt.Sprint(n), "-test.timeout", "15m")
	cmd.Dir = s.pkg
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %v\n%s", s, err, out)
	}
	r.in(s.pkg)
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "Benchmark") {
			r.add(lines.Text())
		}
	}
	return nil
}
