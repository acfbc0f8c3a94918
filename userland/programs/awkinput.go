package programs

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// awkSource is a stream that records are cut from.
type awkSource struct {
	in   io.ReadCloser
	buf  []byte
	over bool // in has no more
	proc *userland.Process
}

// fill reads more, if there is more.
func (s *awkSource) fill() {
	if len(s.buf) > maxLine {
		panic(awkFatal{"out of memory: a record does not end"})
	}
	chunk := make([]byte, 8192)
	n, err := s.in.Read(chunk)
	s.buf = append(s.buf, chunk[:n]...)
	s.over = err != nil
}

// next cuts the next record off, as RS says at this moment: "" is a paragraph,
// one character is itself, more are a regular expression.
func (s *awkSource) next(r *awkRun) (string, bool) {
	rs := r.text(r.get("RS"))
	seen := 0 // bytes without the start of a separator
	for {
		if rs == "" {
			s.buf = bytes.TrimLeft(s.buf, "\n")
		}
		from, to := -1, -1
		switch {
		case len(rs) <= 1:
			sep := []byte(rs)
			if rs == "" {
				sep = []byte("\n\n")
			}
			if k := bytes.Index(s.buf[min(seen, len(s.buf)):], sep); k >= 0 {
				from = seen + k
				to = from + len(sep)
			}
			seen = max(0, len(s.buf)-1)
		default:
			// A match at the very end may go on with what comes.
			if m := r.regex(rs).FindIndex(s.buf); m != nil && m[1] > m[0] && (m[1] < len(s.buf) || s.over) {
				from, to = m[0], m[1]
			}
		}
		if from >= 0 {
			text := string(s.buf[:from])
			s.buf = s.buf[to:]
			return text, true
		}
		if s.over {
			text := string(s.buf)
			s.buf = nil
			if rs == "" {
				text = strings.TrimRight(text, "\n")
			}
			return text, text != ""
		}
		s.fill()
	}
}

func (s *awkSource) close() int {
	s.in.Close()
	if s.proc == nil {
		return 0
	}
	return s.proc.Wait()
}

// nextRecord is the next one of the files of the command line. Assignments
// between them happen when it is their turn.
func (r *awkRun) nextRecord() (string, bool) {
	for {
		if r.in == nil && !r.nextFile() {
			return "", false
		}
		if text, ok := r.in.next(r); ok {
			r.count("NR")
			r.count("FNR")
			return text, true
		}
		r.in.close()
		r.in = nil
	}
}

func (r *awkRun) count(name string) { r.vars[name] = awkNum(r.vars[name].num() + 1) }

// nextFile opens the next operand of ARGV, or standard input if there was no
// file among them.
func (r *awkRun) nextFile() bool {
	for ; r.argument < int(r.get("ARGC").num()); r.argument++ {
		a := r.text(r.arrays["ARGV"][strconv.Itoa(r.argument)])
		if k := strings.IndexByte(a, '='); k > 0 && !strings.Contains(a[:k], "/") {
			r.assignment(a)
			continue
		}
		if a == "" {
			continue
		}
		r.read = true
		if r.openMain(a) {
			r.argument++
			return true
		}
	}
	if r.read {
		return false
	}
	r.read = true
	return r.openMain("-")
}

func (r *awkRun) openMain(name string) bool {
	in, err := r.input(name)
	if err != nil {
		if r.gnu {
			r.fail("cannot open \"%s\" (%s)", name, err)
		} else {
			r.fail("%s: %s", name, err)
		}
		r.status = 2
		return false
	}
	r.vars["FILENAME"], r.vars["FNR"] = awkStr(strings.TrimPrefix(name, "-")), awkNum(0)
	r.in = &awkSource{in: in}
	return true
}

// getline is the expression of all its forms: 1 for a record, 0 at the end, -1
// for what cannot be opened.
func (r *awkRun) getline(n *awkNode) float64 {
	var text string
	var ok bool
	if n.text == "" {
		text, ok = r.nextRecord()
	} else {
		s := r.source(n.text, r.str(n.kids[1]))
		if s == nil {
			return -1
		}
		if text, ok = s.next(r); ok && n.text == "|" {
			r.count("NR")
		}
	}
	switch {
	case !ok:
		return 0
	case n.kids[0] != nil:
		r.store(n.kids[0], awkIn(text))
	default:
		r.setRecord(text)
	}
	return 1
}

// source is the file ("<") or the command ("|") of that name, opened if it is
// not.
func (r *awkRun) source(op, name string) *awkSource {
	if s := r.sources[op+name]; s != nil {
		return s
	}
	if len(r.sources) > 100 {
		panic(awkFatal{"too many open files"})
	}
	s := &awkSource{}
	if op == "|" {
		pr, pw := userland.NewPipe(r.Loop())
		stdout := r.Stdout
		r.Stdout = pw
		p, err := r.Spawn("sh", "-c", name)
		r.Stdout = stdout
		if err != nil {
			return nil
		}
		p.OnExit(func(int) { pw.Close() })
		s.in, s.proc = pr, p
	} else {
		in, err := r.input(name)
		if err != nil {
			return nil
		}
		s.in = in
	}
	r.sources[op+name] = s
	return s
}
