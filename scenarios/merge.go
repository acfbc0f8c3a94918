package scenarios

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"sort"
)

// Report is a report that a run wrote: what --json or --junit made.
type Report struct {
	File string
	Text []byte
}

// Tally is how many scenarios came to what.
type Tally struct{ Passed, Failed, Broken int }

// Merge makes one report of those of several shards, all JSON or all JUnit, in
// the order that one run would have had. It errs at a report that is neither, or
// not of the first one's kind.
func Merge(reports []Report) ([]byte, Tally, error) {
	if len(reports) == 0 {
		return nil, Tally{}, errors.New("no reports")
	}
	if text := bytes.TrimSpace(reports[0].Text); len(text) > 0 && text[0] == '<' {
		return mergeJUnit(reports)
	}
	return mergeJSON(reports)
}

func mergeJSON(reports []Report) ([]byte, Tally, error) {
	all, tally := []jsonResult{}, Tally{}
	for _, r := range reports {
		var part []jsonResult
		d := json.NewDecoder(bytes.NewReader(r.Text))
		d.DisallowUnknownFields()
		if err := d.Decode(&part); err != nil {
			return nil, tally, fmt.Errorf("%s: no JSON report of dnetsim run: %w", r.File, err)
		}
		all = append(all, part...)
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return a.File < b.File || a.File == b.File && a.Document < b.Document
	})
	for _, r := range all {
		tally.add(r.Error != "", r.Passed)
	}
	return encodeJSON(all), tally, nil
}

func mergeJUnit(reports []Report) ([]byte, Tally, error) {
	var all junitSuites
	var tally Tally
	for _, r := range reports {
		var part junitSuites
		if err := xml.Unmarshal(r.Text, &part); err != nil {
			return nil, tally, fmt.Errorf("%s: no JUnit report: %w", r.File, err)
		}
		all.Suites = append(all.Suites, part.Suites...)
	}
	sort.SliceStable(all.Suites, func(i, j int) bool {
		a, b := &all.Suites[i], &all.Suites[j]
		return a.File < b.File || a.File == b.File && a.line() < b.line()
	})
	for _, s := range all.Suites {
		tally.add(s.Errors > 0, s.Failures == 0)
	}
	return all.text(), tally, nil
}

func (t *Tally) add(broken, passed bool) {
	switch {
	case broken:
		t.Broken++
	case passed:
		t.Passed++
	default:
		t.Failed++
	}
}

// line is where a suite's first step stands.
func (s *junitSuite) line() int {
	if len(s.Cases) == 0 {
		return 0
	}
	return s.Cases[0].Line
}
