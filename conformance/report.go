package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// Outcome is how a test ended.
type outcome string

const (
	passed  outcome = "passed"
	failed  outcome = "failed"
	skipped outcome = "skipped"
)

// result is one test's.
type result struct {
	group   string // what is counted together, such as network
	name    string
	outcome outcome
	said    string // why it was skipped, or the first line of its failure
}

// readReasons reads the table of failures that are known: a name, spaces, and why, one a
// line. A name GROUP/NAME holds for one group only.
func readReasons(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, why, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("%s: %q has no reason: write NAME, a space, and why it fails", file, line)
		}
		out[name] = strings.TrimSpace(why)
	}
	return out, nil
}

// report prints the failures with their reasons and the counts of each group, and reports
// whether the table and the results agree.
func report(w io.Writer, all []result, reasons map[string]string) bool {
	agree := true
	count := map[string]map[outcome]int{}
	var groups []string
	for _, r := range all {
		if count[r.group] == nil {
			count[r.group] = map[outcome]int{}
			groups = append(groups, r.group)
		}
		count[r.group][r.outcome]++
		why, known := reasons[r.group+"/"+r.name]
		switch {
		case r.outcome == failed && known:
			fmt.Fprintf(w, "failed  %s/%s: %s\n", r.group, r.name, why)
		case r.outcome == failed:
			agree = false
			fmt.Fprintf(w, "FAILED  %s/%s: no line in reasons.txt says why; it said: %s\n", r.group, r.name, r.said)
		case r.outcome == passed && strings.HasPrefix(why, "at times:"): // depends on how busy the machine is
		case r.outcome == passed && known:
			agree = false
			fmt.Fprintf(w, "PASSED  %s/%s: take its line out of reasons.txt\n", r.group, r.name)
		case r.outcome == skipped:
			fmt.Fprintf(w, "skipped %s/%s: %s\n", r.group, r.name, r.said)
		}
	}
	fmt.Fprintln(w)
	for _, g := range groups {
		c := count[g]
		fmt.Fprintf(w, "%-12s %3d passed, %3d failed, %3d skipped\n", g, c[passed], c[failed], c[skipped])
	}
	return agree
}
