package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// clientFiles are the same small application for each client: two networks, a web server and
// its user, exec, logs, inspect, connect, disconnect and remove.
//
//go:embed clients
var clientFiles embed.FS

// dockerode is the version that npm installs; npm's own lock file would be larger than all
// of this folder.
const dockerode = "dockerode@5.0.1"

// client is one of other people's. needs must be there; prepare installs what may be
// installed, and says where.
type client struct {
	name    string
	needs   []string
	check   []string // a command that fails where the client is not installed
	prepare func(o options) (env string, err error)
	run     []string // in the folder of the files
}

var clientTable = []client{
	{name: "docker", needs: []string{"docker", "sh"}, run: []string{"sh", "docker.sh"}},
	{name: "docker-compose", needs: []string{"docker-compose", "sh"}, run: []string{"sh", "compose.sh", "."}},
	{name: "docker-py", needs: []string{"/usr/bin/python3"}, check: []string{"/usr/bin/python3", "-c", "import docker"},
		run: []string{"/usr/bin/python3", "app.py"}},
	{name: "dockerode", needs: []string{"node", "npm"}, prepare: npmDockerode, run: []string{"node", "app.js"}},
}

// clients drives the application through each client that is there.
func clients(o options) (all []result, err error) {
	for _, c := range clientTable {
		r := result{group: "clients", name: c.name}
		if r.said = c.missing(); r.said != "" {
			r.outcome = skipped
		} else if r.outcome, r.said, err = c.drive(o); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	r, err := goClient(o)
	return append(all, r), err
}

// missing says what a client lacks on this machine.
func (c client) missing() string {
	for _, n := range c.needs {
		if _, err := exec.LookPath(n); err != nil {
			return n + " is not installed"
		}
	}
	if c.check != nil && exec.Command(c.check[0], c.check[1:]...).Run() != nil {
		return strings.Join(c.check, " ") + ": not installed"
	}
	return ""
}

func (c client) drive(o options) (outcome, string, error) {
	env := ""
	if c.prepare != nil {
		var err error
		if env, err = c.prepare(o); err != nil {
			return skipped, err.Error(), nil
		}
	}
	l, err := startLab(o)
	if err != nil {
		return "", "", err
	}
	defer l.stop()
	if err := os.CopyFS(l.dir, clientFiles); err != nil {
		return "", "", err
	}
	cmd := l.command(c.run[0], c.run[1:]...)
	cmd.Dir = filepath.Join(l.dir, "clients")
	if env != "" {
		cmd.Env = append(cmd.Env, env)
	}
	out, late, err := runFor(cmd, 2*time.Minute)
	os.WriteFile(filepath.Join(o.work, c.name+".out"), []byte(out), 0o644)
	if late || err != nil {
		lines := strings.Split(strings.TrimSpace(out), "\n")
		return failed, fmt.Sprintf("%v: %s", err, lines[len(lines)-1]), nil
	}
	return passed, "", nil
}

// npmDockerode installs dockerode into the work folder once.
func npmDockerode(o options) (string, error) {
	dir := filepath.Join(o.work, "npm")
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "dockerode")); err != nil {
		out, err := exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", dockerode).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("npm install %s: %v: %s", dockerode, err, out)
		}
	}
	return "NODE_PATH=" + modules, nil
}
