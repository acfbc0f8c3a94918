package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// inBackground starts the same command again without --detach, waits until the
// lab is up, and says how to find the hosts.
func (f *upFlags) inBackground(ctx context.Context, t *terminal, scenario string) error {
	if scenario == "-" {
		return status{exitUsage, fmt.Errorf("dnetsim up: --detach needs a file: standard input would end with this command")}
	}
	dir, err := filepath.Abs(f.dir)
	if err == nil && answers(filepath.Join(dir, controlName)) {
		err = fmt.Errorf("%s: a lab is up there already: end it with `dnetsim down %s`, or use another --dir", dir, dir)
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	log, err := os.CreateTemp(dir, ".up.log-*") // up.log is of the lab that has the folder
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim up: %w", err)}
	}
	defer log.Close()
	defer os.Remove(log.Name()) // if it has not become up.log
	self, err := os.Executable()
	if err != nil {
		return status{exitBroken, fmt.Errorf("dnetsim: cannot start itself again: %w", err)}
	}
	child := exec.Command(self, f.again(scenario, dir)...)
	child.Stderr = log
	leave(child)
	if err := child.Start(); err != nil {
		return status{exitBroken, fmt.Errorf("dnetsim: cannot start itself again: %w", err)}
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for { // not another one's, who came at the same time
		if said, err := control(ctx, dir, http.MethodGet, fmt.Sprintf("/said?process=%d", child.Process.Pid), nil); err == nil {
			os.Rename(log.Name(), filepath.Join(dir, "up.log"))
			io.WriteString(t.out, said)
			if !f.quiet {
				t.say("%s is up, process %d; `dnetsim down %s` ends it", filepath.Base(dir), child.Process.Pid, dir)
			}
			return nil
		}
		select {
		case <-ended:
			log.Seek(0, io.SeekStart)
			text, _ := io.ReadAll(log)
			return status{max(1, child.ProcessState.ExitCode()), fmt.Errorf("%s", strings.TrimSpace(string(text)))}
		case <-ctx.Done():
			child.Process.Signal(os.Interrupt)
			return status{exitBroken, context.Cause(ctx)}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// again is the command line of the lab's own process.
func (f *upFlags) again(scenario, dir string) []string {
	args := []string{"up", scenario, "--dir", dir, "--speed", f.speed.String(), "--quiet"}
	args = append(args, f.args()...)
	for _, x := range []struct {
		flag string
		on   bool
	}{{"--context", f.contexts}, {"--trace", f.trace}, {"--tls-verify", f.certs.verify}} {
		args = append(args, x.flag+"="+strconv.FormatBool(x.on))
	}
	for _, x := range []struct{ flag, text string }{
		{"--pcap", f.pcap}, {"--tls-ca", f.certs.ca}, {"--tls-cert", f.certs.cert}, {"--tls-key", f.certs.key}, {"--make-certs", f.certs.made},
	} {
		if f.certs.made != "" && strings.HasPrefix(x.flag, "--tls-") { // they are of it
			continue
		}
		if x.text != "" {
			args = append(args, x.flag, x.text)
		}
	}
	for _, p := range f.tcp {
		args = append(args, "--tcp", p)
	}
	for _, p := range f.taps {
		args = append(args, "--tap", p)
	}
	for _, p := range f.real {
		args = append(args, "--publish-real", p)
	}
	return args
}
