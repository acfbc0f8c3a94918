package main

import (
	"context"
	"io"
	"os"
	"sync"
)

// input is standard input that ends when ctx is done, so that a signal reaches a
// command that waits for a line.
func (t *terminal) input(ctx context.Context) io.Reader {
	if _, real := t.in.(*os.File); !real {
		return t.in
	}
	if t.pump == nil {
		t.pump = &pumped{from: t.in, ctx: ctx, chunks: make(chan []byte), err: io.EOF}
	}
	return t.pump
}

// pumped is a reader whose bytes another goroutine reads, from the first Read on.
type pumped struct {
	from   io.Reader
	start  sync.Once
	ctx    context.Context
	chunks chan []byte
	rest   []byte
	err    error // once chunks is closed
}

func (p *pumped) pump() {
	defer close(p.chunks)
	for {
		b := make([]byte, 32<<10)
		n, err := p.from.Read(b)
		if n > 0 {
			select {
			case p.chunks <- b[:n]:
			case <-p.ctx.Done():
				return
			}
		}
		if err != nil {
			p.err = err
			return
		}
	}
}

// Read gives what has come, and waits if nothing has.
func (p *pumped) Read(b []byte) (int, error) {
	p.start.Do(func() { go p.pump() })
	if len(p.rest) == 0 {
		select {
		case <-p.ctx.Done():
			return 0, context.Cause(p.ctx)
		case chunk, ok := <-p.chunks:
			if !ok {
				return 0, p.err
			}
			p.rest = chunk
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
