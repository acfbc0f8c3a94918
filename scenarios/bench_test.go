package scenarios

import (
	"testing"

	"dnetsim/engine/cli"
)

// BenchmarkLocalModes is the run of the library scenario within a process:
// building the lab, every step, closing.
func BenchmarkLocalModes(b *testing.B) {
	var src Source
	for _, s := range Library() {
		if s.File == "local-modes.yaml" {
			src = s
		}
	}
	s, err := Read(src.File, src.Text)
	if err != nil {
		b.Fatal(err)
	}
	var events uint64
	for b.Loop() {
		r := Run(s, Options{Docker: cli.Program})
		if r.Err != nil || r.Failed() {
			b.Fatal(r.Err, r.Report())
		}
		events = r.Events
	}
	b.ReportMetric(float64(events), "events/run")
}
