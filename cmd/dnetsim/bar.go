package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// barWidth is the bar's columns.
const barWidth = 24

// bar shows on a terminal how many of several scenarios are over. A nil bar shows
// nothing.
type bar struct {
	mu       sync.Mutex
	to       io.Writer
	over, of int
	drawn    bool
}

// showBar begins to show how far a list is, where standard error is a terminal and
// there is more than one scenario.
func showBar(t *terminal, list loaded) *bar {
	if len(list) < 2 || !isTerminal(t.err) {
		return nil
	}
	b := &bar{to: t.err, of: len(list)}
	b.draw()
	return b
}

// text is the bar, such as [######      ] 3/6, or nothing.
func (b *bar) text() string {
	if b == nil {
		return ""
	}
	full := barWidth * b.over / b.of
	return fmt.Sprintf("[%s%s] %d/%d ", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), b.over, b.of)
}

func (b *bar) draw() {
	io.WriteString(b.to, "\r\x1b[K"+b.text())
	b.drawn = true
}

// above takes the bar away while something is printed.
func (b *bar) above(print func()) {
	if b == nil {
		print()
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	print()
}

func (b *bar) clear() {
	if b.drawn {
		io.WriteString(b.to, "\r\x1b[K")
		b.drawn = false
	}
}

// done counts one more and shows it.
func (b *bar) done() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over++; b.over < b.of {
		b.draw()
	}
}

// end takes the bar away.
func (b *bar) end() { b.above(func() {}) }
