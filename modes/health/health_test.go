package health

import (
	"testing"
	"time"
)

// Failures count once the start period is over, or after the first success.
func TestFailuresCountAfterTheStartPeriod(t *testing.T) {
	h := &Check{StartPeriod: 10 * time.Second, Retries: 2}
	began := time.Unix(0, 0)
	for _, c := range []struct {
		name  string
		codes []int // a probe each 4 s, the first after 4 s
		want  string
	}{
		{"within the period", []int{1, 1}, Starting},
		{"one after it", []int{1, 1, 1}, Starting},
		{"two after it", []int{1, 1, 1, 1}, Unhealthy},
		{"success ends it", []int{0, 1, 1}, Unhealthy},
		{"one failure is none", []int{0, 1}, Healthy},
		{"success cures", []int{0, 1, -1, 0}, Healthy},
	} {
		s := &State{}
		s.Begin()
		for i, code := range c.codes {
			s.Note(h, Result{Start: began.Add(time.Duration(i+1) * 4 * time.Second), ExitCode: code}, began)
		}
		if s.Status != c.want {
			t.Errorf("%s: got %s, want %s", c.name, s.Status, c.want)
		}
	}
}
