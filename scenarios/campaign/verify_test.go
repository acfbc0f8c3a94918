package campaign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A world that differs is told at once, not when the campaign ends: a campaign
// that is stopped has said what it found.
func TestVerifierTellsOfAWorldAtOnce(t *testing.T) {
	command := filepath.Join(t.TempDir(), "dnetsim")
	script := "#!/bin/sh\ncase $3 in *odd*) echo digests differ; exit 1;; esac\n"
	if err := os.WriteFile(command, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	told := make(chan string)
	v := newVerifier(command, func(s string) { told <- s })
	v.check("odd.yaml")
	if got := <-told; !strings.HasPrefix(got, "odd.yaml: ") || !strings.HasSuffix(got, "digests differ") {
		t.Errorf("told %q", got)
	}
	v.check("even.yaml")
	v.finish()
	if got, want := v.String(), "2 verified, 1 of them differ"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
