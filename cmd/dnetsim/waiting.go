package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"dnetsim/scenarios"
)

const (
	// patience is how long a run shows nothing before its progress is shown.
	patience = 2 * time.Second
	// refresh is how often it is shown again.
	refresh = 500 * time.Millisecond
)

// waiting shows on a terminal how far a run is, once it has been silent for a
// while. What is written through it takes the place of what is shown.
type waiting struct {
	mu    sync.Mutex
	to    io.Writer // the terminal that shows it
	bar   *bar      // of the list that the run is of, or nil
	shown bool
	last  time.Time // of the last output
	over  chan struct{}
}

// showProgress begins to show p; end takes it away. Where standard error is no
// terminal nothing is ever shown, and the result is nil.
func showProgress(t *terminal, p *scenarios.Progress, b *bar) *waiting {
	if !isTerminal(t.err) {
		return nil
	}
	w := &waiting{to: t.err, bar: b, last: time.Now(), over: make(chan struct{})}
	go w.run(p)
	return w
}

func (w *waiting) run(p *scenarios.Progress) {
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for {
		select {
		case <-w.over:
			return
		case <-tick.C:
			w.show(p)
		}
	}
}

func (w *waiting) show(p *scenarios.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.last) < patience {
		return
	}
	at, step := p.At()
	if r := []rune(step); len(r) > 40 {
		step = string(r[:39]) + "…"
	}
	fmt.Fprintf(w.to, "\r\x1b[K%s%.1f s of virtual time, %q; Ctrl-C ends it", w.bar.text(), at.Seconds(), step)
	w.shown = true
}

// clear takes away what is shown.
func (w *waiting) clear() {
	if w.shown || w.bar != nil {
		io.WriteString(w.to, "\r\x1b[K")
		w.shown = false
	}
	w.last = time.Now()
}

// end shows nothing more.
func (w *waiting) end() {
	if w == nil {
		return
	}
	close(w.over)
	w.mu.Lock()
	w.clear()
	w.mu.Unlock()
}

// below puts the progress below what is written to out.
func (w *waiting) below(out io.Writer) io.Writer {
	if w == nil || out == nil {
		return out
	}
	return above{w, out}
}

type above struct {
	w   *waiting
	out io.Writer
}

func (a above) Write(b []byte) (int, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.clear()
	return a.out.Write(b)
}
