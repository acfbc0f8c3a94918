package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"dnetsim/explain"
)

// question is what explain --attach asks a lab that is up.
type question struct {
	From, To, Port                string
	Large, Matrix                 bool
	JSON, Mermaid, Verbose, Color bool
}

// answer is what it gets.
type answer struct {
	Text  string
	Works bool
	Wrong bool // the question: Text says how
}

// attached asks a lab that is up instead of a run of its own.
func (f *explainFlags) attached(ctx context.Context, t *terminal, args []string) error {
	dir, err := findRunning(t.env, args)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim explain: %w", err)}
	}
	q := question{
		From: f.from, To: f.to, Port: f.port, Large: f.large, Matrix: f.matrix,
		JSON: f.json, Mermaid: f.mermaid, Verbose: f.verbose, Color: style(t).Colour,
	}
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	text, err := control(ctx, dir, http.MethodPost, "/explain", bytes.NewReader(body))
	var a answer
	if err == nil {
		err = json.Unmarshal([]byte(text), &a)
	}
	switch {
	case err != nil:
		return status{exitBroken, fmt.Errorf("dnetsim explain: %s: %w", dir, err)}
	case a.Wrong:
		return status{exitUsage, errors.New("dnetsim explain: " + a.Text)}
	}
	io.WriteString(t.out, a.Text)
	if !a.Works {
		return status{code: exitFailed}
	}
	return nil
}

// explainPatience is how long a question may take, by the clock: probes wait in
// virtual time.
const explainPatience = 10 * time.Minute

// explain answers a question in the world as it is now.
func (u *upLab) explain(w http.ResponseWriter, r *http.Request) {
	var q question
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var a answer
	var out bytes.Buffer
	err := error(nil)
	if e := u.doors.gate.Do(r.Context(), "explain", func() { a.Works, err = u.reply(q, &out) }); e != nil {
		http.Error(w, e.Error(), http.StatusServiceUnavailable)
		return
	}
	if a.Text = out.String(); err != nil {
		a = answer{Text: err.Error(), Wrong: true}
	}
	json.NewEncoder(w).Encode(a)
}

// reply finds the answer, on a process of the loop.
func (u *upLab) reply(q question, out io.Writer) (works bool, err error) {
	style := explain.Style{Colour: q.Color, Verbose: q.Verbose}
	if q.Matrix {
		m, err := u.AskAll(q.Large)
		if err != nil {
			return false, err
		}
		if q.JSON {
			return true, m.WriteJSON(out)
		}
		m.Write(out, style)
		return true, nil
	}
	flow, err := u.flow(q)
	if err != nil {
		return false, err
	}
	r, err := u.Ask(flow)
	if err != nil {
		return false, err
	}
	switch {
	case q.JSON:
		err = r.WriteJSON(out)
	case q.Mermaid:
		r.WriteMermaid(out)
	default:
		r.Write(out, style)
	}
	return r.Works(), err
}

// flow is what the question is about.
func (u *upLab) flow(q question) (explain.Flow, error) {
	if q.From == "" && q.To == "" {
		f, ok := u.LastInVain()
		if !ok {
			return f, errors.New("no program has tried to reach somebody in vain so far: name the two with --from and --to")
		}
		f.Large = f.Large || q.Large
		return f, nil
	}
	if q.From == "" || q.To == "" {
		return explain.Flow{}, errors.New("--from and --to go together")
	}
	proto, port, err := explain.ParsePort(q.Port)
	return explain.Flow{From: q.From, To: q.To, Proto: proto, Port: port, Large: q.Large}, err
}
