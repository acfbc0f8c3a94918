package scenarios

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var updateLibrary = flag.Bool("update", false, "rewrite the expected transcripts of the library")

// openText builds a lab from a scenario's text.
func openText(t *testing.T, text string) *Lab {
	t.Helper()
	s, err := Read("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lab, err := Build(s, s.Seed)
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// Every library scenario passes, prints the transcript that the repository
// has, and gives one digest whatever the number of processors.
func TestLibrary(t *testing.T) {
	for _, src := range Library() {
		name := strings.TrimSuffix(src.File, ".yaml")
		t.Run(name, func(t *testing.T) {
			s, err := Read(src.File, src.Text)
			if err != nil {
				t.Fatal(err)
			}
			r := Run(s, Options{Digest: true})
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if r.Failed() {
				t.Error(r.Report())
			}
			golden := filepath.Join("library", name+".transcript")
			if *updateLibrary {
				if err := os.WriteFile(golden, []byte(r.Transcript), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != r.Transcript {
				t.Errorf("the transcript is not that of %s (go test ./scenarios -run TestLibrary -update rewrites it):\n%s", golden, textDiff(string(want), r.Transcript))
			}
			for _, n := range []int{1, 2, 8} {
				was := runtime.GOMAXPROCS(n)
				again := Run(s, Options{Digest: true})
				runtime.GOMAXPROCS(was)
				if again.Digest != r.Digest {
					t.Errorf("GOMAXPROCS %d gives %s, not %s", n, again.Digest, r.Digest)
				}
			}
		})
	}
}

func TestNoGoroutineIsLeftAfterARun(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Read("test.yaml", []byte(twoHosts))
	if err != nil {
		t.Fatal(err)
	}
	Run(s, Options{})
	for range 200 { // goroutines that were told to end are about to
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines more than before\n%s", n-before, buf[:runtime.Stack(buf, true)])
	}
}
