package seat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"dnetsim/explain"
	"dnetsim/labs"
	"dnetsim/page/packets"
	"dnetsim/scenarios/replay"
)

// Explained is a report in the page's words: the answer to explain.
type Explained struct {
	Works    bool            `json:"works"`
	Verdict  string          `json:"verdict"`
	Sentence string          `json:"sentence"`
	Report   json.RawMessage `json:"report"`
	Text     string          `json:"text"`
	Path     []packets.Hop   `json:"path"`
	Cures    []cure          `json:"cures"`
}

type cure struct {
	Code   string     `json:"code"`
	Lines  []cureLine `json:"lines"`
	Proved bool       `json:"proved"`
}

type cureLine struct {
	Place string `json:"place"`
	Line  string `json:"line"`
}

// mostAsked is how many questions of one seat wait for their answer at a time.
const mostAsked = 4

// aside asks a copy of the world something on another goroutine, and answers when it
// is known.
func (s *Seat) aside(v *viewer, r Request, ask func(w *replay.World) (any, error)) {
	if s.asked >= mostAsked {
		s.answer(v, r, nil, fmt.Errorf("%d questions are being answered: wait for one of them", s.asked))
		return
	}
	s.asked++
	o, log, now := s.world.Options(), s.world.Log(), s.world.Now()
	o.Built = nil
	go func() {
		data, err := s.inCopy(o, log, now, ask)
		s.later(v, r, data, err)
	}()
}

// inCopy asks a copy, when it is its turn.
func (s *Seat) inCopy(o replay.Options, log []replay.Input, now time.Duration, ask func(w *replay.World) (any, error)) (data any, err error) {
	s.config.Asking <- struct{}{}
	defer func() { <-s.config.Asking }()
	w, err := o.Replay(log, now)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	broken := w.Lab().Guard(func() { data, err = ask(w) })
	return data, errors.Join(broken, err)
}

func (s *Seat) explain(v *viewer, r Request) {
	from, _ := r.From.(string)
	f := explain.Flow{From: from, To: r.To, Large: r.Large}
	var err error
	if f.Proto, f.Port, err = explain.ParsePort(r.Port); err != nil {
		s.answer(v, r, nil, err)
		return
	}
	lang := v.lang
	s.aside(v, r, func(w *replay.World) (any, error) {
		report, err := explain.Explain(w.Standing(), f)
		if err != nil {
			return nil, err
		}
		report.Scenario, report.At = s.config.Scenario, "now"
		x, err := Explain(report)
		if err == nil && len(report.Causes) > 0 {
			x.Sentence = labs.Condition(report.Causes[0].Code, lang) + x.Sentence
		}
		return x, err
	})
}

// Explain puts a report into the page's words.
func Explain(r *explain.Report) (*Explained, error) {
	var report, text strings.Builder
	if err := r.WriteJSON(&report); err != nil {
		return nil, err
	}
	r.Write(&text, explain.Style{})
	x := &Explained{Works: r.Works(), Verdict: r.Journey.Verdict.String(), Report: json.RawMessage(report.String()), Text: text.String(), Path: []packets.Hop{}, Cures: []cure{}}
	for _, c := range r.Causes {
		if x.Sentence == "" {
			x.Sentence = c.Sentence
		}
		found := c.Cure
		if found == nil {
			if found = c.Untried; found == nil {
				continue
			}
		}
		k := cure{Code: string(c.Code), Lines: []cureLine{}, Proved: c.Cure != nil && c.Proof != nil && c.Proof.Verdict == explain.Delivered}
		for _, st := range found.Steps {
			switch {
			case st.Line != "":
				k.Lines = append(k.Lines, cureLine{st.Machine, st.Line})
			case st.Repair != "":
				host, _, cable := strings.Cut(st.Repair, ":")
				what := "host: " + host
				if cable {
					what = "cable: " + st.Repair
				}
				k.Lines = append(k.Lines, cureLine{host, "repair " + what})
			}
		}
		x.Cures = append(x.Cures, k)
	}
	for _, p := range []*explain.Path{r.Journey.Forward, r.Journey.Return} {
		if p != nil {
			x.Path = append(x.Path, hops(p)...)
		}
	}
	if x.Sentence == "" {
		x.Sentence, _, _ = strings.Cut(strings.TrimSpace(x.Text), "\n")
	}
	return x, nil
}

// hops are a path's in the page's words.
func hops(p *explain.Path) []packets.Hop {
	out := []packets.Hop{}
	for _, h := range p.Hops {
		x := packets.Hop{At: h.At.Microseconds(), Place: packets.DrawnAt(h.Place), Verb: h.Verb, Why: h.Reason, Info: h.Packet}
		if h.Rule != "" {
			chain, text, _ := strings.Cut(h.Rule, ": ")
			table, chain, _ := strings.Cut(chain, "/")
			x.Rule = &packets.Rule{Table: table, Chain: chain, Text: text}
		}
		out = append(out, x)
	}
	return out
}

func (s *Seat) matrix(v *viewer, r Request) {
	s.aside(v, r, func(w *replay.World) (any, error) {
		m, err := explain.Reach(w.Standing(), r.Large)
		if err != nil {
			return nil, err
		}
		m.Scenario, m.At = s.config.Scenario, "now"
		var b strings.Builder
		err = m.WriteJSON(&b)
		return json.RawMessage(b.String()), err
	})
}
