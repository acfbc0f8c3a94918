// Package codes has a page for every code of package explain: what it means, how
// it comes about, how to confirm it on a real machine, the cure, what it is
// mistaken for, and the scenario of the library that shows it.
//
// It owns the texts and no more; [Page] is where to start.
package codes

import (
	"embed"
	"strings"
)

//go:embed *.md
var pages embed.FS

// Page is a code's page in Markdown, or false if there is none.
func Page(code string) (string, bool) {
	b, err := pages.ReadFile(code + ".md")
	return string(b), err == nil
}

// Scenario is the words after `dnetsim explain` that a page says shows its cause:
// a scenario of the library, with options where the cause is not what it ends
// with. "" if it names none.
func Scenario(page string) string {
	for line := range strings.Lines(page) {
		if words, ok := strings.CutPrefix(line, "    dnetsim explain "); ok {
			return strings.TrimSpace(words)
		}
	}
	return ""
}

// Command is a line of a page that is typed on a real machine.
type Command struct{ Machine, Line string }

// Commands are the lines of a page's ```sh blocks.
func Commands(page string) []Command {
	var out []Command
	within := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			within = line == "```sh"
		case within:
			if machine, text, ok := strings.Cut(line, "$ "); ok {
				out = append(out, Command{machine, text})
			}
		}
	}
	return out
}
