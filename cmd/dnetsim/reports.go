package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dnetsim/scenarios"
)

// write brings out what a run came to: the files' new expectations, the reports,
// and the summary.
func (f *runFlags) write(t *terminal, list loaded, results []*scenarios.Result) error {
	var errs []error
	if f.update {
		errs = append(errs, rewriteFiles(t, list, results))
	}
	for _, x := range []struct {
		flag, path string
		text       func([]*scenarios.Result) []byte
	}{{"--json", f.json, scenarios.JSON}, {"--junit", f.junit, scenarios.JUnit}} {
		switch x.path {
		case "":
		case "-":
			t.out.Write(x.text(results))
		default:
			errs = append(errs, named("dnetsim: "+x.flag, os.WriteFile(x.path, x.text(results), 0o644)))
		}
	}
	if t.env("GITHUB_ACTIONS") != "" {
		errs = append(errs, f.github(t, results))
	}
	if len(results) > 1 || len(results) == 1 && results[0].Err == nil {
		t.say("%s", summary(results)) // why the only one broke has been said
	}
	return errors.Join(errs...)
}

// rewriteFiles gives the scenario files the expectations that happened, and says
// how many, and which steps fail all the same.
func rewriteFiles(t *terminal, list loaded, results []*scenarios.Result) error {
	var errs []error
	for i := 0; i < len(list); {
		from := i
		for i++; i < len(list) && list[i].src.Path == list[from].src.Path; i++ {
		}
		src := list[from].src
		if list[from].wrong != nil {
			continue
		}
		up := scenarios.Update(src.File, src.Text, results[from:i])
		if up.Rewritten > 0 {
			if err := replace(src.Path, up.Text); err != nil {
				errs = append(errs, named("dnetsim: --update", err))
				continue
			}
			t.say("%s rewritten in %s", counted(up.Rewritten, "expectation"), src.File)
		}
		for _, r := range results[from:i] {
			if r.Err == nil && r.Failed() {
				t.say("%s", strings.TrimSuffix(r.Report(), "\n"))
			}
		}
	}
	return errors.Join(errs...)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays one
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".dnetsim-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(text); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		os.Chmod(tmp.Name(), info.Mode())
	}
	return os.Rename(tmp.Name(), path)
}

// summary is a line: 31 passed, 1 failed: NAME.
func summary(results []*scenarios.Result) string {
	passed := 0
	names := map[string][]string{}
	for _, r := range results {
		kind := ""
		switch {
		case r.Wrong():
			kind = "wrong"
		case r.Err != nil:
			kind = "broken"
		case r.Failed():
			kind = "failed"
		default:
			passed++
			continue
		}
		names[kind] = append(names[kind], r.Name)
	}
	text := fmt.Sprintf("%d passed", passed)
	for _, kind := range []string{"failed", "broken", "wrong"} {
		if n := names[kind]; n != nil {
			text += fmt.Sprintf(", %d %s: %s", len(n), kind, strings.Join(n, ", "))
		}
	}
	return text
}

// captureFolders are the folders of several scenarios' captures, by the files'
// names; a single scenario has none of its own.
func captureFolders(list loaded) map[*scenarios.Scenario]string {
	folders, taken := map[*scenarios.Scenario]string{}, map[string]bool{}
	if len(list) < 2 {
		return folders
	}
	for _, x := range list {
		if x.wrong != nil {
			continue
		}
		base := filepath.Base(x.src.File)
		base = strings.Trim(strings.Map(fileRune, strings.TrimSuffix(base, filepath.Ext(base))), "_")
		if base == "" {
			base = "scenario"
		}
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[name], folders[x.scenario] = true, name
	}
	return folders
}

// fileRune is a character as a folder's name may have it.
func fileRune(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(".-_", c) {
		return c
	}
	return '_'
}
