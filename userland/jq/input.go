package jq

import (
	"strings"

	"dnetsim/userland"
)

// input is jq's input as gojq asks for it.
type input struct {
	p       *userland.Process
	s       *settings
	r       *reader
	file    string // its name, "" for standard input
	nextAt  int
	read    int // values
	lines   int // read of this file
	slurped bool
	missing bool
}

// Next is the next value, or an error.
func (in *input) Next() (any, bool) {
	if in.s.slurp {
		if in.slurped {
			return nil, false
		}
		in.slurped = true
		return in.whole()
	}
	return in.one()
}

func (in *input) whole() (any, bool) {
	list, text := []any{}, ""
	for {
		v, ok := in.one()
		if !ok {
			if in.s.rawInput {
				return text, true
			}
			return list, true
		}
		if _, is := v.(error); is {
			return v, true
		}
		if list = append(list, v); in.s.rawInput {
			text += v.(string) + "\n"
		}
	}
}

func (in *input) one() (any, bool) {
	for {
		if in.r == nil && !in.open() {
			return nil, false
		}
		if in.s.rawInput {
			line, _, more := strings.Cut(in.r.text[in.r.at:], "\n")
			if !more && in.r.extend() {
				continue
			}
			if line == "" && !more {
				in.r = nil
				continue
			}
			in.r.at = min(in.r.at+len(line)+1, len(in.r.text))
			in.read++
			in.lines++
			return line, true
		}
		v, ok, err := in.r.next()
		if err != nil {
			return err, true
		}
		if ok {
			in.read++
			in.lines = in.r.line()
			return v, true
		}
		in.r = nil
	}
}

// chunk is what comes next on standard input, "" at its end.
func (in *input) chunk() string {
	b := make([]byte, 64<<10)
	n, _ := in.p.Stdin.Read(b)
	in.p.Toil(n)
	return string(b[:n])
}

// open reads the next file, or standard input once if there are none.
func (in *input) open() bool {
	for {
		var data []byte
		var err error
		var more func() string
		switch {
		case len(in.s.files) == 0 && in.nextAt == 0:
			in.nextAt++
			more = in.chunk
		case in.nextAt < len(in.s.files):
			in.file = in.s.files[in.nextAt]
			in.nextAt++
			data, err = in.p.ReadFile(in.file)
		default:
			return false
		}
		if err != nil {
			in.p.Errorf("jq: error: Could not open %s: %s\n", in.file, userland.Reason(err))
			in.missing = true
			continue
		}
		in.p.Toil(len(data))
		in.lines = 0
		in.r = &reader{text: string(data), order: in.s.print.order, more: more}
		return true
	}
}
