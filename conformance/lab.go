package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

//go:embed lab.yaml
var labFile []byte

// nobody runs what a test may run: no process of a scoreboard needs privileges, and some of
// Moby's tests would make network namespaces if they had them.
const nobody = 65534

// lab is a dnetsim up with one host.
type lab struct {
	dir string // its socket is dir/host.sock; also the home of whoever runs there
	cmd *exec.Cmd
	log bytes.Buffer
	end chan error
}

// startLab starts a dnetsim up and waits for its socket.
func startLab(o options) (*lab, error) {
	dir, err := os.MkdirTemp("", "dnsc")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, end: make(chan error, 1)}
	file := filepath.Join(dir, "lab.yaml")
	if err := os.WriteFile(file, labFile, 0o644); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			return nil, err
		}
	}
	args := []string{"up", file, "--dir", filepath.Join(dir, "s"), "--quiet"}
	if o.engine != "" {
		args = append(args, "--engine", o.engine)
	}
	l.cmd = l.command(o.dnetsim, args...)
	l.cmd.Stdout, l.cmd.Stderr = &l.log, &l.log
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { l.end <- l.cmd.Wait() }()
	for {
		if _, err := os.Stat(l.socket()); err == nil {
			return l, nil
		}
		select {
		case err := <-l.end:
			return nil, fmt.Errorf("dnetsim up ended: %v\n%s", err, l.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (l *lab) socket() string { return filepath.Join(l.dir, "s", "host.sock") }

// command is one of the lab's own user, with the engine's address in its environment.
func (l *lab) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "HOME="+l.dir, "XDG_RUNTIME_DIR="+l.dir, "DOCKER_HOST=unix://"+l.socket())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

// alive reports whether dnetsim up still runs.
func (l *lab) alive() bool {
	select {
	case err := <-l.end:
		l.end <- err
		return false
	default:
		return true
	}
}

// stop ends the lab and removes its folder.
func (l *lab) stop() {
	l.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-l.end:
	case <-time.After(10 * time.Second):
		l.cmd.Process.Kill()
		<-l.end
	}
	os.RemoveAll(l.dir)
}

// runFor runs a command for at most limit and ends it with its children after that.
func runFor(cmd *exec.Cmd, limit time.Duration) (out string, late bool, err error) {
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return "", false, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-time.After(limit):
		late = true
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		err = <-done
	}
	return b.String(), late, err
}
