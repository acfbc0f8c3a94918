package jq

import (
	"io"
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
			end := in.r.at
			if end < len(in.r.text) && in.r.text[end] == '\n' {
				end++
			}
			in.lines = strings.Count(in.r.text[:end], "\n")
			return v, true
		}
		in.r = nil
	}
}

// open reads the next file, or standard input once if there are none.
func (in *input) open() bool {
	for {
		var data []byte
		var err error
		switch {
		case len(in.s.files) == 0 && in.nextAt == 0:
			in.nextAt++
			data, err = io.ReadAll(in.p.Stdin)
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
		in.r = &reader{text: string(data), order: in.s.print.order}
		return true
	}
}
