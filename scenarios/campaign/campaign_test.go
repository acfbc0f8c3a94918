package campaign

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"
)

var (
	firstSeed = flag.Uint64("swarm.seed", 17, "the first world's seed")
	worlds    = flag.Int("swarm.n", 10, "how many worlds")
	command   = flag.String("swarm.dnetsim", "", "a dnetsim to verify each world with, at several numbers of processors; \"\" leaves that out")
	shrinks   = flag.Bool("swarm.shrink", true, "make worlds that fail smaller")
	folder    = flag.String("swarm.dir", "", "where worlds that fail are written; \"\" is a folder that is removed")
)

// shrinkTries is how many smaller worlds are tried for one that fails.
const shrinkTries = 400

// Random worlds keep every promise, step by step, and leave nothing behind. A
// world that does not is made as small as it gets and printed.
func TestSwarm(t *testing.T) {
	debug.SetGCPercent(400)
	dir := *folder
	if dir == "" {
		dir = t.TempDir()
	}
	var check *verifier
	if *command != "" {
		check = newVerifier(*command, func(wrong string) { t.Errorf("not the same everywhere: %s", wrong) })
		defer func() { check.finish(); t.Log(check) }()
	}
	var sum tally
	for i := range *worlds {
		seed := *firstSeed + uint64(i)
		w := drawWorld(seed)
		v := judgeWorld(w)
		sum.add(v)
		if len(v.Problems) > 0 {
			fails(t, dir, w, v.Problems)
		} else if check != nil {
			check.check(write(t, dir, w))
		}
		sum.progress(t, seed, check)
	}
}

// write writes a world for who verifies it, and returns the file.
func write(t *testing.T, dir string, w *World) string {
	t.Helper()
	file := filepath.Join(dir, fmt.Sprintf("world-%d.yaml", w.Seed))
	if err := os.WriteFile(file, w.yaml(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// judgeWorld runs a world; one that the reader refuses is a problem, too.
func judgeWorld(w *World) Verdict {
	s, err := scenarios.Read(fmt.Sprintf("world-%d.yaml", w.Seed), w.yaml())
	if err != nil {
		return Verdict{Problems: []Problem{{Kind: "reader", Text: err.Error()}}}
	}
	return judgeRun(s, cli.Program)
}

// fails prints a world that fails, small, with the command that repeats it.
func fails(t *testing.T, dir string, w *World, problems []Problem) {
	t.Helper()
	if !*shrinks {
		for _, p := range problems {
			t.Errorf("world %d: %.400s", w.Seed, p)
		}
		return
	}
	shape := problems[0].shape()
	small := shrink(w, shrinkTries, func(c *World) bool {
		v := judgeWorld(c)
		return len(v.Problems) > 0 && v.Problems[0].shape() == shape
	})
	var b strings.Builder
	for _, p := range judgeWorld(small).Problems {
		fmt.Fprintf(&b, "  %.1000s\n", p)
	}
	file := filepath.Join(dir, fmt.Sprintf("failed-%d.yaml", w.Seed))
	if err := os.WriteFile(file, small.yaml(), 0o644); err != nil {
		t.Error(err)
	}
	t.Errorf("world %d fails: %.1000s\nagain: make swarm SEED=%d N=1\nsmaller, it says\n%s%s", w.Seed, problems[0], w.Seed, b.String(), small.yaml())
}

// tally counts what a campaign did.
type tally struct {
	worlds, failed, steps int
	events                uint64
	virtual               time.Duration
}

func (s *tally) add(v Verdict) {
	s.worlds++
	if len(v.Problems) > 0 {
		s.failed++
	}
	if v.Result == nil {
		return
	}
	s.steps += len(v.Result.Steps)
	s.events += v.Result.Events
	s.virtual += v.Result.Virtual
}

// progress says after every tenth world, and the last, how far the campaign is,
// so that one which is stopped counts for what it did.
func (s *tally) progress(t *testing.T, seed uint64, check *verifier) {
	t.Helper()
	if s.worlds%10 != 0 && s.worlds != *worlds {
		return
	}
	if check == nil {
		t.Logf("up to seed %d: %s", seed, s)
		return
	}
	t.Logf("up to seed %d: %s; %s", seed, s, check)
}

func (s *tally) String() string {
	return fmt.Sprintf("%d worlds, %d failed, %d steps, %d events, %.1f virtual hours", s.worlds, s.failed, s.steps, s.events, s.virtual.Hours())
}

// The seed alone makes a world, and the reader takes every one.
func TestWorldsAreScenariosAndFollowFromTheirSeed(t *testing.T) {
	for seed := range uint64(300) {
		text := drawWorld(seed).yaml()
		if !bytes.Equal(text, drawWorld(seed).yaml()) {
			t.Fatalf("seed %d makes two worlds", seed)
		}
		if _, err := scenarios.Read("world.yaml", text); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// The shrinker finds the two steps and the host that matter.
func TestShrinkFindsWhatMatters(t *testing.T) {
	w := drawWorld(4)
	w.Steps = append(w.Steps, typed("h1", "true; docker run --name x busybox & false"), typed("h0", "echo a"))
	w.Steps = append(w.Steps, drawWorld(4).Steps...)
	got := shrink(w, 1000, func(c *World) bool {
		text := string(c.yaml())
		return strings.Contains(text, "docker run --name x") && strings.Contains(text, "echo a") && len(c.Hosts) > 1
	})
	if len(got.Steps) != 2 || len(got.Hosts) != 2 || len(got.End) != 0 || !strings.Contains(got.Steps[0].Text, `"h1$ docker run --name x busybox & false"`) {
		t.Errorf("left are\n%s", got.yaml())
	}
}
