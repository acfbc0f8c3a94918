package compose_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/explain"
	"dnetsim/scenarios"
	"dnetsim/scenarios/compose"
)

// said are the lines of a file's comment that begin with a word.
func said(text []byte, word string) (out []string) {
	for _, m := range regexp.MustCompile(`(?m)^# `+word+`: (.*)$`).FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// Files as the documentation of many projects shows them, in our own words, come up, and
// who reaches whom in them is what it is with Docker. Each file says it in its comment.
func TestFilesOfPublicDocumentationComeUp(t *testing.T) {
	files, _ := filepath.Glob("testdata/docs/*.yaml")
	if len(files) != 20 {
		t.Errorf("%d files, want 20", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			imported, _, err := compose.Import(name+"/compose.yaml", text, compose.Options{Profiles: said(text, "profile")})
			if err != nil {
				t.Fatal(err)
			}
			before := said(text, "before")
			slices.Reverse(before)
			for _, line := range before {
				imported = []byte(strings.Replace(string(imported), "setup:\n", "setup:\n    - docker$ "+line+"\n", 1))
			}
			s, err := scenarios.Read(file, imported)
			if err != nil {
				t.Fatalf("%v\n%s", err, imported)
			}
			w, res, err := scenarios.Stand(s, scenarios.Options{Docker: cli.Program}, scenarios.End)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if res.Failed() {
				t.Fatalf("%s\n%s", res.Report(), imported)
			}
			for _, line := range said(text, "reach") {
				reach(t, w, name, line)
			}
		})
	}
}

// reach checks a line such as "web db:5432/tcp yes".
func reach(t *testing.T, w explain.World, project, line string) {
	t.Helper()
	words := strings.Fields(line)
	f := explain.Flow{From: words[0], To: words[1]}
	if host, _ := w.Host("docker"); host != nil {
		if _, err := host.Daemon.Containers.Get(project + "-" + words[0] + "-1"); err == nil {
			f.From = "docker/" + project + "-" + words[0] + "-1"
		}
	}
	if to, port, ok := strings.Cut(words[1], ":"); ok {
		var err error
		if f.Proto, f.Port, err = explain.ParsePort(port); err != nil {
			t.Fatal(err)
		}
		f.To = to
	}
	cell, err := explain.Briefly(w, f)
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if (cell.Verdict == explain.Delivered) != (words[2] == "yes") {
		t.Errorf("%s: it is %s: %s %s", line, cell.Verdict, cell.Code, cell.Says)
	}
}
