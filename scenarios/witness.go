package scenarios

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"time"

	"dnetsim/link/print"
	"dnetsim/sim"
)

// A witness's account of a run is a stream: a record for each entry of the
// journal, and a last one with the transcript and the final tables. Two
// accounts of the same run, told by two processes, are compared as they come
// ([Compare]), so that no process needs to keep a run.

// Sighting is one entry of the journal as a witness tells it.
type Sighting struct {
	At    time.Duration // virtual time
	Place string
	Verb  string
	Why   string // the reason of a drop
	// Sum is the beginning of the SHA-256 of the frame, Length the frame's bytes
	// and Head the first of them, for a person. All are zero for an entry
	// without a frame.
	Sum    [8]byte
	Length int
	Head   []byte
}

// headLength is how much of a frame a sighting shows: the headers of TCP in
// VXLAN with options.
const headLength = 144

// String is the sighting as the trace prints it, without a line's end.
func (s *Sighting) String() string {
	text := ""
	if s.Length > 0 {
		text = " " + print.Packet(s.Head, print.Options{Ethernet: true})
		if s.Length > len(s.Head) {
			text += fmt.Sprintf(" (the first %d of %d bytes)", len(s.Head), s.Length)
		}
	}
	why := s.Why
	if why != "" {
		why = " (" + why + ")"
	}
	return fmt.Sprintf("%.6f %s %s%s%s", s.At.Seconds(), s.Place, s.Verb, why, text)
}

// equal reports whether two witnesses saw the same.
func (s *Sighting) equal(o *Sighting) bool {
	return s.At == o.At && s.Place == o.Place && s.Verb == o.Verb && s.Why == o.Why && s.Length == o.Length && s.Sum == o.Sum
}

// Outcome is what a run came to, as a witness tells it.
type Outcome struct {
	Transcript string
	Steps      []Stage
	Tables     string // of every namespace at the end
	Virtual    time.Duration
	Sightings  uint64
	Failed     bool   // an expectation did not hold
	Broken     string // why the run itself broke, or ""
}

// Stage is a step of a run: the step as the file has it, when it began, and
// where its part of the transcript begins, in bytes.
type Stage struct {
	Text   string
	Start  time.Duration
	Offset int
}

// The marks of records.
const (
	markSighting = 's'
	markOutcome  = 'o'
)

// Testify runs a scenario and writes its account to w. It errs only when w does.
func Testify(s *Scenario, o Options, w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	t := &testimony{w: out}
	o.journal = t.sighting
	o.tables = true
	r := Run(s, o)
	done := Outcome{Transcript: r.Transcript, Tables: r.tables, Virtual: r.Virtual, Sightings: t.n, Failed: r.Failed()}
	for _, x := range r.Steps {
		done.Steps = append(done.Steps, Stage{Text: x.Step.String(), Start: x.Start, Offset: x.offset})
	}
	if r.Err != nil {
		done.Broken = r.Err.Error()
	}
	out.WriteByte(markOutcome)
	if err := gob.NewEncoder(out).Encode(done); err != nil {
		return err
	}
	return out.Flush() // a bufio.Writer keeps its first error
}

// testimony writes records.
type testimony struct {
	w       *bufio.Writer
	n       uint64
	scratch []byte
}

func (t *testimony) sighting(e *sim.Entry) {
	place, verb, why, frame := told(e)
	t.n++
	t.w.WriteByte(markSighting)
	t.number(uint64(e.At))
	t.text(place.String())
	t.text(verb)
	t.text(why)
	t.number(uint64(len(frame)))
	if len(frame) == 0 {
		return
	}
	sum := sha256.Sum256(frame)
	t.w.Write(sum[:8])
	t.bytes(frame[:min(len(frame), headLength)])
}

func (t *testimony) number(n uint64) {
	t.scratch = binary.AppendUvarint(t.scratch[:0], n)
	t.w.Write(t.scratch)
}

func (t *testimony) text(s string) {
	t.number(uint64(len(s)))
	t.w.WriteString(s)
}

func (t *testimony) bytes(b []byte) {
	t.number(uint64(len(b)))
	t.w.Write(b)
}

// account reads what a testimony wrote.
type account struct {
	r   *bufio.Reader
	err error
}

// errCutShort is what an account without its last record is.
var errCutShort = errors.New("the account of the run is cut short")

// next is the next sighting, or at the end the outcome.
func (a *account) next() (*Sighting, *Outcome, error) {
	mark, err := a.r.ReadByte()
	if err != nil {
		return nil, nil, errCutShort
	}
	a.err = nil
	if mark == markOutcome {
		var o Outcome
		if gob.NewDecoder(a.r).Decode(&o) != nil {
			return nil, nil, errCutShort
		}
		return nil, &o, nil
	}
	s := &Sighting{At: time.Duration(a.number()), Place: string(a.bytes()), Verb: string(a.bytes()), Why: string(a.bytes())}
	if s.Length = int(a.number()); s.Length > 0 {
		if _, err := io.ReadFull(a.r, s.Sum[:]); err != nil {
			a.err = err
		}
		s.Head = a.bytes()
	}
	if a.err != nil || mark != markSighting {
		return nil, nil, errCutShort
	}
	return s, nil, nil
}

func (a *account) number() uint64 {
	n, err := binary.ReadUvarint(a.r)
	if err != nil {
		a.err = err
	}
	return n
}

func (a *account) bytes() []byte {
	n := a.number()
	var b bytes.Buffer
	if _, err := io.CopyN(&b, a.r, int64(min(n, 1<<40))); err != nil {
		a.err = err
	}
	return b.Bytes()
}
