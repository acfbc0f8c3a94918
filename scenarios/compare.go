package scenarios

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Account is one run's account ([Testify]) and who tells it, such as
// "GOMAXPROCS 8".
type Account struct {
	Who string
	io.Reader
}

// Compare reads the accounts of several runs of one scenario side by side and
// returns what all have in common, or the first difference between one of them
// and the first. It errs when an account is cut short: the run that told it
// did not come to its end.
func Compare(accounts []Account) (*Outcome, *Difference, error) {
	readers := make([]*account, len(accounts))
	for i, a := range accounts {
		readers[i] = &account{r: bufio.NewReaderSize(a, 64<<10)}
	}
	for n := 1; ; n++ {
		s0, o0, err := readers[0].next()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", accounts[0].Who, err)
		}
		for i := 1; i < len(readers); i++ {
			s, o, err := readers[i].next()
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", accounts[i].Who, err)
			}
			d := Difference{Who: [2]string{accounts[0].Who, accounts[i].Who}}
			switch {
			case s0 != nil && s != nil && s0.equal(s):
				continue
			case s0 != nil || s != nil:
				d.Event = n
				d.between(s0, s)
				return nil, &d, nil
			}
			if d.ends(o0, o) {
				return nil, &d, nil
			}
		}
		if o0 != nil {
			return o0, nil, nil
		}
	}
}

// Difference is where two runs of one scenario part.
type Difference struct {
	Who [2]string
	// What differs: "event", "transcript", "final tables" or "end".
	What  string
	Event int    // of an event, its number in the journal, from 1
	Where string // the place, the step or the namespace
	At    time.Duration
	Saw   [2]string // as each saw it
}

// String is a paragraph for a person.
func (d *Difference) String() string {
	number := ""
	if d.Event > 0 {
		number = fmt.Sprintf(" %d", d.Event)
	}
	return fmt.Sprintf("first difference: %s%s at %.6f s, %s\n  %s: %s\n  %s: %s", d.What, number, d.At.Seconds(), d.Where,
		d.Who[0], d.Saw[0], d.Who[1], d.Saw[1])
}

// between makes the difference that of two sightings; one of them may be the
// end of its run, which is nil.
func (d *Difference) between(a, b *Sighting) {
	first := a
	if a == nil || b != nil && b.At < a.At {
		first = b
	}
	d.What, d.At, d.Where, d.Saw = "event", first.At, first.Place, [2]string{seen(a), seen(b)}
}

// seen is a sighting as text; none is the end of the run.
func seen(s *Sighting) string {
	if s == nil {
		return "(the run has ended)"
	}
	return s.String()
}

// ends compares two outcomes and says whether they differ.
func (d *Difference) ends(a, b *Outcome) bool {
	d.At = a.Virtual
	switch {
	case a.Transcript != b.Transcript:
		offset := 0
		offset, d.Saw = firstDifference(a.Transcript, b.Transcript)
		d.What, d.Where = "transcript", "before the first step"
		for _, s := range a.Steps {
			if s.Offset <= offset {
				d.At, d.Where = s.Start, "in the output of "+s.Text
			}
		}
	case a.Tables != b.Tables:
		offset := 0
		offset, d.Saw = firstDifference(a.Tables, b.Tables)
		d.What, d.Where = "final tables", "before the first namespace"
		for _, line := range strings.Split(a.Tables[:offset], "\n") {
			if strings.HasPrefix(line, "namespace ") {
				d.Where = line
			}
		}
	case a.Virtual != b.Virtual || a.Broken != b.Broken || a.Failed != b.Failed:
		d.What, d.Where = "end", "after the last step"
		d.Saw = [2]string{a.String(), b.String()}
	default:
		return false
	}
	return true
}

// String is how a run ended.
func (o *Outcome) String() string {
	text := fmt.Sprintf("after %v", o.Virtual)
	if o.Failed {
		text += ", an expectation failed"
	}
	if o.Broken != "" {
		text += ", " + o.Broken
	}
	return text
}

// firstDifference finds the first line in which two texts differ: its offset in
// the first, and the line in each.
func firstDifference(a, b string) (offset int, lines [2]string) {
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	offset = strings.LastIndexByte(a[:same], '\n') + 1
	for i, text := range []string{a, b} {
		lines[i], _, _ = strings.Cut(text[offset:], "\n")
		if offset == len(text) {
			lines[i] = "(the text has ended)"
		}
	}
	return offset, lines
}
