package labs

import (
	"os"
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

// The lab of docs/labs.md is one, and is proved.
func TestTheLabOfTheDocumentationIsProved(t *testing.T) {
	text, err := os.ReadFile("../docs/labs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	file, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/labs.md has no lab")
	}
	l, err := Read("page.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range Lint(l, []string{"ann", "bob", "cat", "dan"}, cli.Program) {
		t.Error(what)
	}
}
