package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// mobyModule is the module whose tests are run, at the version of go.mod.
const mobyModule = "github.com/moby/moby/v2"

// mobySuites are the packages below integration/ that are run, and the group that each
// counts for.
var mobySuites = []struct{ pkg, group string }{
	{"network", "network"}, {"network/bridge", "bridge"}, {"network/macvlan", "macvlan"}, {"network/ipvlan", "ipvlan"},
	{"container", "container"},
}

// testLimit is how long one test may take: a test that waits for what never comes must not
// keep the others from running.
const testLimit = time.Minute

// mobyTests compiles Moby's integration tests and runs each by itself against a lab.
func mobyTests(o options) (all []result, err error) {
	want, err := regexp.Compile(o.run)
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", mobyModule).Output()
	if err != nil {
		return nil, fmt.Errorf("where is %s: %w", mobyModule, err)
	}
	for _, s := range mobySuites {
		bin := filepath.Join(o.work, strings.ReplaceAll(s.pkg, "/", "-")+".test")
		if err := goTool(".", "test", "-c", "-o", bin, mobyModule+"/integration/"+s.pkg); err != nil {
			return nil, err
		}
		m := &mobySuite{options: o, group: s.group, bin: bin, source: filepath.Join(strings.TrimSpace(string(root)), "integration", s.pkg)}
		rs, err := m.run(want)
		if err != nil {
			return nil, err
		}
		all = append(all, rs...)
	}
	return all, nil
}

// mobySuite is one test binary.
type mobySuite struct {
	options
	group, bin, source string
	lab                *lab
}

func (m *mobySuite) run(want *regexp.Regexp) (all []result, err error) {
	names, err := m.names()
	if err != nil {
		return nil, err
	}
	defer func() {
		if m.lab != nil {
			m.lab.stop()
		}
	}()
	out, err := os.Create(filepath.Join(m.work, strings.ReplaceAll(m.group, "/", "-")+".out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	for _, name := range names {
		if !want.MatchString(name) {
			continue
		}
		r, text, err := m.one(name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "%s\n", text)
		all = append(all, r)
	}
	return all, nil
}

// names are the tests of a suite; listing asks the engine, as its TestMain does.
func (m *mobySuite) names() (names []string, err error) {
	cmd, err := m.command("-test.list", ".")
	if err != nil {
		return nil, err
	}
	out, _, err := runFor(cmd, testLimit)
	if err != nil {
		return nil, fmt.Errorf("%s -test.list: %w\n%s", m.bin, err, out)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "Test") {
			names = append(names, strings.TrimSpace(line))
		}
	}
	return names, nil
}

// command is a run of the suite against a lab that is up, in a folder where the tests find
// their testdata and, since binaries are built with -trimpath, gotest.tools the sources that
// it prints lines of.
func (m *mobySuite) command(args ...string) (*exec.Cmd, error) {
	if m.lab == nil || !m.lab.alive() {
		l, err := startLab(m.options)
		if err != nil {
			return nil, err
		}
		m.lab = l
		cache, _, _ := strings.Cut(m.source, "/github.com/")
		os.Symlink(filepath.Join(cache, "github.com"), filepath.Join(l.dir, "github.com"))
		os.Symlink(filepath.Join(m.source, "testdata"), filepath.Join(l.dir, "testdata"))
	}
	cmd := m.lab.command(m.bin, args...)
	cmd.Env = append(cmd.Env, "DOCKER_REMOTE_DAEMON=1", "TEST_CLIENT_BINARY=docker", "TEST_INTEGRATION_USE_GRAPHDRIVER=1",
		"TMPDIR="+m.lab.dir)
	return cmd, nil
}

// one runs one test.
func (m *mobySuite) one(name string) (result, string, error) {
	cmd, err := m.command("-test.v", "-test.run", "^"+name+"$")
	if err != nil {
		return result{}, "", err
	}
	text, late, _ := runFor(cmd, testLimit)
	r := result{group: m.group, name: name, outcome: failed, said: complaint(text)}
	switch {
	case late:
		r.said = "no end within " + testLimit.String()
		m.lab.stop() // what the test left there is no business of the next one
		m.lab = nil
	case strings.Contains(text, "\n--- PASS: "+name+" "):
		r.outcome, r.said = passed, ""
	case strings.Contains(text, "\n--- SKIP: "+name+" "):
		r.outcome = skipped
	default:
		if why := neverRan(text); why != "" {
			r.outcome, r.said = skipped, why
		}
	}
	return r, "=== " + string(r.outcome) + "\n" + text, nil
}

// foreign is what a test says that ended before it asked this engine anything: it did not
// skip itself, though it needs what no remote engine has.
var foreign = []struct{ said, why string }{
	{"DOCKER_INTEGRATION_DAEMON_DEST", "starts a daemon of its own (and does not skip itself)"},
	{"ip netns add", "makes a network namespace on the engine's machine (and does not skip itself)"},
	{"listen udp 127.0.0.1:53: bind: permission denied", "serves DNS at port 53 of the engine's machine (and does not skip itself)"},
}

func neverRan(text string) string {
	for _, f := range foreign {
		if strings.Contains(text, f.said) {
			return f.why
		}
	}
	return ""
}

var complaintLine = regexp.MustCompile(`(?m)^\s+\w+\.go:\d+: (.*)$`)

// complaint is the first line that a test said which tells something.
func complaint(text string) string {
	for _, line := range complaintLine.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(line[1], "failed to parse source file") {
			return strings.NewReplacer("(*Execution).IsRemoteDaemon-fm", "starts a daemon of its own").Replace(line[1])
		}
	}
	return "nothing"
}
