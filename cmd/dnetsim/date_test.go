package main

import (
	"strings"
	"testing"
)

// Every machine has the run's clock: who wants to set it is told no.
func TestSettingTheDateIsRefused(t *testing.T) {
	for line, want := range map[string]string{
		"date -s 10:00":                         "date: cannot set date: Operation not permitted",
		"docker run --rm busybox date -s 10:00": "date: can't set date: Operation not permitted",
	} {
		code, _, errs := call(t, "", nil, "shell", "local-modes", "-c", line)
		if code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %q, want 1 and %q", line, code, errs, want)
		}
	}
}
