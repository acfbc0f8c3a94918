package scenarios

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	File     string      `xml:"file,attr,omitempty"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	File    string     `xml:"file,attr,omitempty"`
	Line    int        `xml:"line,attr,omitempty"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure,omitempty"`
	Error   *junitText `xml:"error,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is the results as JUnit XML: a suite for a scenario, a case for a step,
// named by what is typed, so that a line more in the file renames none. Times are
// virtual seconds. A file that is no scenario is a suite with an error.
func JUnit(results []*Result) []byte {
	var all junitSuites
	for _, r := range results {
		all.Suites = append(all.Suites, r.suite())
	}
	return all.text()
}

func (all *junitSuites) text() []byte {
	all.Tests, all.Failures, all.Errors = 0, 0, 0
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err) // only plain values above
	}
	return append([]byte(xml.Header), append(b, '\n')...)
}

func (r *Result) suite() junitSuite {
	name, file := printable(r.Name), printable(r.File)
	suite := junitSuite{Name: name, File: file, Time: seconds(r.Virtual)}
	seen := map[string]int{}
	for _, s := range r.Steps {
		c := junitCase{Name: printable(s.Step.String()), Class: name, File: file, Line: s.Step.at.line, Time: seconds(s.End - s.Start)}
		if s.Setup {
			c.Name = "setup: " + c.Name
		}
		if seen[c.Name]++; seen[c.Name] > 1 {
			c.Name += fmt.Sprintf(" (%d)", seen[c.Name])
		}
		if s.Failure != "" {
			c.Failure = &junitText{printable(firstLine(s.Failure)), printable(s.Failure)}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	if r.Err != nil {
		c := junitCase{Name: "run", Class: name, File: file, Time: "0.000", Error: &junitText{printable(firstLine(r.Err.Error())), printable(r.Err.Error())}}
		if r.wrong {
			c.Name = "read"
		}
		suite.Errors++
		suite.Cases = append(suite.Cases, c)
	}
	suite.Tests = len(suite.Cases)
	return suite
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// printable drops what XML 1.0 cannot carry.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, s)
}
