package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lay writes files into a folder.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func world(steps string) string {
	return "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts: {h1: {address: 10.0.0.11}, h2: {address: 10.0.0.12}}\nsteps:\n" + steps
}

func TestASummaryAndATitleSayWhatCameOfEach(t *testing.T) {
	dir := lay(t, map[string]string{"a.yaml": world("  - h1$ echo one\n"), "b.yaml": world("  - h1$ false\n"), "deep/er/c.yml": "name: three\n" + world("  - h1$ echo three\n"), ".git/x.yaml": "no"})
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, jobs := range []string{"1", "3"} {
		code, out, errs := call(t, "", nil, "run", dir, "--jobs", jobs)
		want := "=== " + a + " ===\n[root@h1 ~]# echo one\none\n\n=== " + b + " ===\n[root@h1 ~]# false\n\n=== three (" + dir + "/deep/er/c.yml) ===\n[root@h1 ~]# echo three\nthree\n"
		if code != exitFailed || out != want || !strings.HasSuffix(errs, "\n2 passed, 1 failed: "+b+"\n") {
			t.Errorf("--jobs %s: status %d\n%s%s", jobs, code, out, errs)
		}
	}
	if code, out, errs := call(t, "", nil, "run", filepath.Join(dir, "deep"), "--quiet"); code != exitOK || out != "" || errs != "1 passed\n" {
		t.Errorf("--quiet: status %d\n%s%s", code, out, errs)
	}
}

func TestEveryDocumentOfAFileRuns(t *testing.T) {
	dir := lay(t, map[string]string{"a.yaml": "---\n" + world("  - h1$ echo one\n") + "---\nname: two\n" + world("  - run: h1$ echo two\n    expect: {stdout: three}\n") + "---\n"})
	file := filepath.Join(dir, "a.yaml")
	code, out, errs := call(t, "", nil, "run", file)
	if code != exitFailed || !strings.Contains(out, "\none\n") || !strings.Contains(out, "\ntwo\n") || !strings.Contains(errs, file+":11:5: h1$ echo two: stdout differs") {
		t.Errorf("status %d\n%s%s", code, out, errs)
	}
	code, _, errs = call(t, "", nil, "run", file, "--update")
	if code != exitOK || !strings.Contains(errs, "1 expectation rewritten in "+file+"\n") {
		t.Errorf("--update: status %d\n%s", code, errs)
	}
	if code, _, errs := call(t, "", nil, "run", file, "--quiet"); code != exitOK || errs != "2 passed\n" {
		t.Errorf("after it: status %d\n%s", code, errs)
	}
	if code, _, errs := call(t, "", nil, "shell", file, "-c", "true"); code != exitUsage || !strings.Contains(errs, "2 scenarios") {
		t.Errorf("shell: status %d\n%s", code, errs)
	}
}

func TestCapturesOfSeveralScenariosHaveFoldersOfTheirOwn(t *testing.T) {
	dir := lay(t, map[string]string{"a.yaml": "name: same\n" + world("  - h1$ ping -c 5 10.0.0.12\n"), "b.yaml": "name: same\n" + world("  - h1$ ping -c 1 10.0.0.12\n"), "c/a.yaml": world("  - h1$ ping -c 1 10.0.0.12\n")})
	to := filepath.Join(dir, "out")
	if code, _, errs := call(t, "", nil, "run", dir, "--quiet", "--pcap", to, "--jobs", "2"); code != exitOK {
		t.Fatalf("status %d\n%s", code, errs)
	}
	sizes := map[string]int64{}
	for _, name := range []string{"a", "b", "a-2"} {
		info, err := os.Stat(filepath.Join(to, name, "h1-eth0.pcapng"))
		if err != nil {
			t.Fatal(err)
		}
		sizes[name] = info.Size()
	}
	if sizes["a"] <= sizes["b"] || sizes["b"] != sizes["a-2"] {
		t.Errorf("sizes %v: a has the most pings", sizes)
	}
	code, _, errs := call(t, "", nil, "run", dir, "--pcap", filepath.Join(dir, "x.pcapng"))
	if code != exitUsage || !strings.Contains(errs, "name a folder: nothing ran") {
		t.Errorf("one file: status %d\n%s", code, errs)
	}
	one := filepath.Join(dir, "one")
	if code, _, _ := call(t, "", nil, "run", filepath.Join(dir, "b.yaml"), "--pcap", one); code != exitOK {
		t.Error("one scenario fails")
	}
	if _, err := os.Stat(filepath.Join(one, "h1-eth0.pcapng")); err != nil {
		t.Error(err)
	}
}

func TestAReportGoesToStandardOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	var list []struct{ Name string }
	code, out, _ := call(t, world("  - h1$ echo one\n"), nil, "run", "-", "--json", "-")
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitOK || len(list) != 1 {
		t.Errorf("--json -: status %d, %v\n%s", code, err, out)
	}
	code, out, _ = call(t, world("  - h1$ echo one\n"), map[string]string{"GITHUB_ACTIONS": "true"}, "run", "-", "--junit", "-")
	if err := xml.Unmarshal([]byte(out), new(struct{ Suites []struct{} })); err != nil || code != exitOK || !strings.HasPrefix(out, "<?xml") {
		t.Errorf("--junit -: status %d\n%s", code, out)
	}
	if names, _ := filepath.Glob("*"); len(names) > 0 {
		t.Errorf("files were made: %v", names)
	}
}

// One wrong file is an error case, and the others run.
func TestAWrongFileLeavesTheReportOfTheOthers(t *testing.T) {
	dir := lay(t, map[string]string{"a.yaml": world("  - h1$ true\n  - h1$ true\n"), "b.yaml": "hsots: {}\n", "c.yaml": world("  - h1$ false\n")})
	report := filepath.Join(dir, "r.xml")
	code, _, errs := call(t, "", nil, "run", dir, "--quiet", "--junit", report)
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if code != exitUsage || strings.Count(errs, `did you mean "hosts"?`) != 1 || !strings.Contains(errs, "1 passed, 1 failed: "+dir+"/c, 1 wrong: "+dir+"/b.yaml\n") {
		t.Errorf("status %d\n%s", code, errs)
	}
	for _, want := range []string{
		`<testsuites tests="4" failures="1" errors="1">`,
		`<testcase name="h1$ true" classname="` + dir + `/a" file="` + dir + `/a.yaml" line="4" time="`,
		`<testcase name="h1$ true (2)" `, `<testcase name="read" classname="` + dir + `/b.yaml" file="` + dir + `/b.yaml" time="0.000">`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestGitHubGetsAnnotationsAndASummary(t *testing.T) {
	dir := lay(t, map[string]string{"a.yaml": "name: \"a, b\"\n" + world("  - run: h1$ printf '100%%\\n'\n    expect: {stdout: x}\n"), "b.yaml": "hsots: {}\n"})
	sum := filepath.Join(dir, "sum.md")
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": sum, "GITHUB_WORKSPACE": dir}
	_, out, errs := call(t, "", env, "run", dir)
	if want := "::error file=a.yaml,line=5,col=5,title=a%2C b::h1$ printf '100%25%25\\n': stdout differs (- want, + got):%0A    - x%0A    + 100%25\n"; !strings.Contains(out, want) {
		t.Errorf("no %s in\n%s%s", want, out, errs)
	}
	if want := "::error file=b.yaml,line=1,col=1,title="; !strings.Contains(out, want) {
		t.Errorf("no %s in\n%s%s", want, out, errs)
	}
	text, err := os.ReadFile(sum)
	if err != nil || !strings.Contains(string(text), "### dnetsim: 0 passed, 1 failed: a, b, 1 wrong") || !strings.Contains(string(text), "| a, b | "+dir+"/a.yaml | failed | 1 |") {
		t.Errorf("%v\n%s", err, text)
	}
	env["GITHUB_STEP_SUMMARY"] = dir
	if code, _, errs := call(t, "", env, "run", dir); code != exitBroken || !strings.Contains(errs, "GITHUB_STEP_SUMMARY") {
		t.Errorf("a summary that cannot be written: status %d\n%s", code, errs)
	}
}

func TestShardsMergeToTheWholeReport(t *testing.T) {
	dir := lay(t, map[string]string{"t/a.yaml": world("  - h1$ true\n"), "t/b.yaml": world("  - h1$ false\n") + "---\n" + world("  - h2$ true\n"), "t/c.yaml": "x: y\n", "t/d.yaml": world("  - h1$ date\n")})
	for _, kind := range []string{"json", "junit"} {
		whole := filepath.Join(dir, "whole")
		call(t, "", nil, "run", dir+"/t", "--quiet", "--"+kind, whole)
		var parts []string
		for _, s := range []string{"3", "1", "2"} {
			part := filepath.Join(dir, kind+s)
			call(t, "", nil, "run", dir+"/t", "--quiet", "--shard", s+"/3", "--"+kind, part)
			parts = append(parts, part)
		}
		code, out, errs := call(t, "", nil, append([]string{"report", "merge"}, parts...)...)
		want, err := os.ReadFile(whole)
		if err != nil || code != exitOK || out != string(want) || errs != "3 passed, 1 failed, 1 with errors\n" {
			t.Errorf("%s: status %d %v\n%s\n%s\nwant\n%s", kind, code, err, errs, out, want)
		}
	}
	for _, c := range [][]string{{"run", dir, "--shard", "0/3"}, {"run", dir, "--shard", "4/3"}, {"run", dir, "--shard", "x"}, {"report", "merge", dir + "/json1", dir + "/junit1"}, {"report", "merge", dir + "/no"}} {
		if code, _, errs := call(t, "", nil, c...); code != exitUsage {
			t.Errorf("%v: status %d\n%s", c, code, errs)
		}
	}
}

// What a run printed once broke the file: tabs, controls, empty lines, marks.
func TestUpdateOfWhatProgramsPrint(t *testing.T) {
	var steps bytes.Buffer
	for _, line := range []string{"ethtool -k eth0 | grep tx-checksum-ip-generic", `printf 'a\033[1mb\n'`, `printf 'a\001b\n'`, `printf '\377\n'`, `printf 'x\302\205y\n'`, `printf '\342\200\250y\n'`,
		"ping -c 1 -W 1 10.0.0.99", "ss -s", "echo '~tilde'", "echo ...", "echo '<any>'", "echo; echo", "cat /etc/hosts | cat -A"} {
		steps.WriteString("  - run: |\n      h1$ " + line + "\n    expect: {stdout: foo} # why\n")
	}
	steps.WriteString("  - h1$ false\n  - {run: h1$ false}\n  - |\n    h1$ cat <<EOF; false\n    x\n    EOF\n")
	dir := lay(t, map[string]string{"u.yaml": world(steps.String())})
	file := filepath.Join(dir, "u.yaml")
	code, _, errs := call(t, "", nil, "run", file, "--update", "--quiet")
	if code != exitOK || errs != "16 expectations rewritten in "+file+"\n1 passed\n" {
		t.Errorf("status %d\n%s", code, errs)
	}
	text, _ := os.ReadFile(file)
	if strings.Count(string(text), "# why") != 13 {
		t.Errorf("comments are lost:\n%s", text)
	}
	if code, _, errs := call(t, "", nil, "run", file, "--update", "--quiet"); code != exitOK || errs != "1 passed\n" {
		t.Errorf("the second time: status %d\n%s\n%s", code, errs, text)
	}
}
