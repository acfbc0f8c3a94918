package scenarios

import "encoding/json"

// jsonResult is the form of --json; its keys are part of the interface.
type jsonResult struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Seed   uint64 `json:"seed"`
	Passed bool   `json:"passed"`
	Error  string `json:"error,omitempty"`
	// Document is which of the file's YAML documents it is, from 0.
	Document int        `json:"document,omitempty"`
	Digest   string     `json:"digest,omitempty"`
	Virtual  float64    `json:"virtual_seconds"`
	Events   uint64     `json:"events"`
	Steps    []jsonStep `json:"steps"`
}

type jsonStep struct {
	Line    int     `json:"line"`
	Setup   bool    `json:"setup,omitempty"`
	Step    string  `json:"step"`
	Start   float64 `json:"start_seconds"`
	End     float64 `json:"end_seconds"`
	Exit    int     `json:"exit"`
	Stdout  string  `json:"stdout"`
	Stderr  string  `json:"stderr"`
	Failure string  `json:"failure,omitempty"`
}

// JSON is the results as one JSON array, in the order of the scenarios.
func JSON(results []*Result) []byte {
	out := make([]jsonResult, 0, len(results))
	for _, r := range results {
		j := jsonResult{Name: r.Name, File: r.File, Seed: r.Seed, Passed: r.Err == nil && !r.Failed(),
			Digest: r.Digest, Virtual: r.Virtual.Seconds(), Events: r.Events, Steps: []jsonStep{}, Document: r.document}
		if r.Err != nil {
			j.Error = r.Err.Error()
		}
		for _, s := range r.Steps {
			j.Steps = append(j.Steps, jsonStep{s.Step.at.line, s.Setup, s.Step.String(), s.Start.Seconds(), s.End.Seconds(),
				s.Exit, s.Stdout, s.Stderr, s.Failure})
		}
		out = append(out, j)
	}
	return encodeJSON(out)
}

func encodeJSON(out []jsonResult) []byte {
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // only plain values above
	}
	return append(b, '\n')
}
