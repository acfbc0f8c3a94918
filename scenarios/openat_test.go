package scenarios

import (
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
)

// A lab that opens at a time has got to that time, also in the middle of a wait; one
// whose setup fails tells when.
func TestOpenAtATime(t *testing.T) {
	const world = "lan: {subnet: 10.0.0.0/24}\nhosts: {h1: {address: 10.0.0.11}}\n"
	for _, c := range []struct {
		steps  string
		at     Moment
		want   time.Duration
		failed string
	}{
		{"steps: [{wait: 1m}, h1$ true]\n", Moment{Step: -1, Time: 42 * time.Second}, 42 * time.Second, ""},
		{"steps: [h1$ sleep 3, {wait: 5s}, {wait: 5s}]\n", Moment{Step: -1, Time: 30 * time.Second}, 30 * time.Second, ""},
		{"setup: [h1$ sleep 9, h1$ false]\n", Moment{}, 0, "setup fails:\nx.yaml:3:22: h1$ false: exit status 1, want 0\nFAIL x at 12.25s"},
	} {
		s, err := Read("x.yaml", []byte(world+c.steps))
		if err != nil {
			t.Fatal(err)
		}
		lab, failed, err := OpenAt(s, Options{Docker: cli.Program}, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if now := lab.Loop.Now(); c.want != 0 && now != c.want {
			t.Errorf("%s: opened at %v, want %v", c.steps, now, c.want)
		}
		if (failed == "") != (c.failed == "") || !strings.Contains(failed, c.failed) {
			t.Errorf("%s: failed %q, want %q", c.steps, failed, c.failed)
		}
		lab.Close()
	}
}
