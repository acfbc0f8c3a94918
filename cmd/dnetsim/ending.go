package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"time"

	"dnetsim/scenarios"
)

const (
	// heapGoal is what the garbage collector tries to stay below, and heapMost
	// the heap at which a run is ended, unless GOMEMLIMIT says otherwise. What a
	// world may hold (files, processes, output) is bounded far below in the rooms
	// that own it; this is the last resort, for what nobody has thought of.
	heapGoal = 1200 << 20
	heapMost = 1500 << 20
)

// watchMemory ends what runs, with a sentence, before the real machine has to.
func watchMemory(t *terminal, cancel context.CancelCauseFunc) {
	most := uint64(heapMost)
	if goal := debug.SetMemoryLimit(-1); goal != math.MaxInt64 {
		most = uint64(goal) / 4 * 5
	} else {
		debug.SetMemoryLimit(heapGoal)
	}
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for {
		time.Sleep(50 * time.Millisecond)
		metrics.Read(heap)
		if own := t.memory.Load(); own > 0 {
			most = own
		}
		if heap[0].Value.Uint64() > most {
			cancel(fmt.Errorf("it takes %w: more than %d MB; with GOMEMLIMIT=4GiB in the environment it may take more", scenarios.ErrMemory, most>>20))
			return
		}
	}
}

// roomy is how large the heap may grow before it is collected: most runs end before.
// Beyond, it is collected when it has doubled, as always.
const roomy = 64 << 20

// giveRoom lets collections wait for roomy bytes, unless GOGC says otherwise. A run of a
// tenth of a second spends a third of it on a dozen collections of a few megabytes.
func giveRoom() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(100 * roomy / smallest)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var collected func(*[64]byte)
	collected = func(sentinel *[64]byte) { // after each collection
		metrics.Read(live)
		percent := 100
		if n := live[0].Value.Uint64(); n > 0 && n < roomy/2 {
			percent = int(100 * (roomy - n) / n)
		}
		debug.SetGCPercent(percent)
		runtime.SetFinalizer(sentinel, collected)
	}
	runtime.SetFinalizer(new([64]byte), collected)
}

// smallest is the heap at which Go's first collection begins.
const smallest = 4 << 20

// heedSignals makes the first SIGINT or SIGTERM end what runs in an orderly way
// (files are closed, status 3), and the second end the command at once.
func heedSignals(t *terminal, cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	cancel(errors.New("interrupted"))
	<-signals
	if restore := t.cooked.Load(); restore != nil {
		(*restore)()
	}
	fmt.Fprintln(t.err, "dnetsim: interrupted twice: ended at once, files may be incomplete")
	os.Exit(exitBroken)
}

// outlivePipes makes a reader of ours that goes away an error, and no end.
func outlivePipes() { signal.Ignore(syscall.SIGPIPE) }
