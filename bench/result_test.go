package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A result of five measurements of a figure and its anchor, as it is stored.
const measured = `goos: linux
cpu: Some Processor
Cores: 2 cores
Date: 2026-11-30 12:00 UTC
pkg: dnetsim/stack
BenchmarkGoodput/MTU1500-2 	 2	 500 ns/op	 1.20 Gbit/s	 10 B/op	 3 allocs/op
BenchmarkGoodput/MTU1500-2 	 2	 500 ns/op	 1.50 Gbit/s	 10 B/op	 3 allocs/op
BenchmarkGoodput/MTU1500-2 	 2	 500 ns/op	 1.40 Gbit/s	 10 B/op	 3 allocs/op
BenchmarkPing-2 	 2	 7900 ns/op	 10 B/op	 3 allocs/op
pkg: dnetsim/stack/transport
BenchmarkGoodput/pipe-2 	 2	 500 ns/op	 1.00 Gbit/s
BenchmarkPing 	 2	 15800 ns/op
pkg: dnetsim/modes
BenchmarkTwoHosts/processors=1-2 	 2	 3000000 ns/op
BenchmarkTwoHosts/processors=2-2 	 2	 2000000 ns/op
`

func TestARowIsTheMedianBesideItsAnchor(t *testing.T) {
	r := read(measured)
	for what, want := range map[string]string{
		"TCP, MTU 1500, no offload":                             "1.40 Gbit/s ± 11 % | 1.00 Gbit/s ± 0 %: the pipe, both cores allowed | 1.40 x | 1.3 x | ?",
		"ping round trip between containers, Docker's rules on": "7.9 µs ± 0 %, 3 allocations | 15.8 µs ± 0 %: two netstacks on netstack's pipe | 0.50 x | 8 µs, 2 allocations | no",
		"two hosts busy at once, on two cores":                  "2.00 ms ± 0 % | 3.00 ms ± 0 %: on one | 1.50 x | 1.7 x | no",
		"the binary":                                            "not measured |  |  | 45 MB | ",
	} {
		if got := r.table(markdown); !strings.Contains(got, "| "+what+" | "+want+" |\n") {
			t.Errorf("%s: want %s in\n%s", what, want, got)
		}
	}
	if again := read(r.String()); again.table(plain) != r.table(plain) {
		t.Errorf("stored and read again:\n%s", again.table(plain))
	}
}

func TestThousandsHaveCommas(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "999.5": "999.5", "1000": "1,000", "1234567.25": "1,234,567.25"} {
		if got := thousands(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Every row is measured by something: its benchmark is in the tests of its
// package, and a suite runs it.
func TestEveryRowHasItsBenchmark(t *testing.T) {
	for _, x := range rows {
		for _, m := range []metric{x.figure, x.anchor, x.extra} {
			if m == (metric{}) {
				continue
			}
			pkg, name, _ := strings.Cut(m.bench, ".")
			name, _, _ = strings.Cut(name, "/")
			if pkg == "bench" {
				if !says(t, "*.go", `r.put("`+name+"/") {
					t.Errorf("%s: nothing measures %s", x.what, m.bench)
				}
				continue
			}
			if !says(t, "../"+pkg+"/*_test.go", "func Benchmark"+name+"(") {
				t.Errorf("%s: package %s has no Benchmark%s", x.what, pkg, name)
			}
			found := false
			for _, s := range suites {
				found = found || s.pkg == pkg && strings.Contains(s.bench, "^Benchmark"+name+"$")
			}
			if !found {
				t.Errorf("%s: no suite runs %s", x.what, m.bench)
			}
		}
	}
}

// says reports whether any file has a text.
func says(t *testing.T, files, text string) bool {
	t.Helper()
	list, err := filepath.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(list, func(f string) bool {
		b, err := os.ReadFile(f)
		return err == nil && strings.Contains(string(b), text)
	})
}

// The README's figures are those of the stored result.
func TestTheREADMEHasTheFiguresOfTheStoredResult(t *testing.T) {
	text, err := os.ReadFile("../" + stored)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := replaced(string(page), read(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if want != string(page) {
		t.Errorf("README.md has not the table of %s: go run ./bench -from %s -readme makes it", stored, stored)
	}
}
