package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// wholes are the rows that are no benchmark of a package.
type wholes struct {
	dir     string // where the binary is
	chosen  map[string]bool
	long    bool
	skipped map[string]bool // what has been said to be left out
}

// names are the wholes, as -only matches them.
var names = []string{"bench.Process", "bench.Kernel", "bench.Size", "bench.Build", "bench.TenThousand"}

// newWholes builds the binary, if any of the wholes is asked for.
func newWholes(dir string, only *regexp.Regexp, o options) (*wholes, error) {
	w := &wholes{dir: dir, chosen: map[string]bool{}, long: o.long, skipped: map[string]bool{}}
	for _, n := range names {
		w.chosen[n] = only.MatchString(n)
	}
	if !w.chosen["bench.Process"] && !w.chosen["bench.Size"] && !w.chosen["bench.TenThousand"] {
		return w, nil
	}
	return w, build(w.binary(), "./cmd/dnetsim")
}

func (w *wholes) binary() string { return filepath.Join(w.dir, "dnetsim") }

// build is `make build`, with more of the environment.
func build(out, pkg string, env ...string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %v\n%s", pkg, err, text)
	}
	return nil
}

// run adds one measurement of each that has not failed before.
func (w *wholes) run(r *result, round int, failed map[string]error) {
	for _, x := range []struct {
		name string
		long bool
		once bool
		run  func(*result) error
	}{
		{name: "bench.Kernel", run: w.kernel},
		{name: "bench.Process", run: w.processes},
		{name: "bench.Size", once: true, run: w.sizes},
		{name: "bench.TenThousand", long: true, once: true, run: w.tenThousand},
		{name: "bench.Build", long: true, once: true, run: w.firstBuild},
	} {
		switch {
		case !w.chosen[x.name] || x.once && round > 0 || failed[x.name] != nil:
		case x.long && !w.long:
			w.leaveOut(x.name, "it takes minutes: -long measures it")
		default:
			progress("%d: %s", round+1, x.name)
			if err := x.run(r); err != nil {
				failed[x.name] = fmt.Errorf("%s: %v", x.name, err)
				progress("%v", failed[x.name])
			}
		}
	}
}

// leaveOut says once why something is not measured.
func (w *wholes) leaveOut(name, why string) {
	if !w.skipped[name] {
		w.skipped[name] = true
		progress("%s is left out: %s", name, why)
	}
}

// processes are whole runs of the command.
func (w *wholes) processes(r *result) error {
	for _, x := range []struct {
		name string
		n    int
		args []string
	}{
		{"version", 5, []string{"version"}},
		{"overlay-ping", 3, []string{"run", "overlay-ping", "--quiet"}},
		{"library", 1, []string{"run", "scenarios/library", "--quiet"}},
	} {
		for range x.n {
			cmd := exec.Command(w.binary(), x.args...)
			start := time.Now()
			out, err := cmd.CombinedOutput()
			took := time.Since(start)
			if err != nil {
				return fmt.Errorf("dnetsim %s: %v\n%s", strings.Join(x.args, " "), err, out)
			}
			s := cmd.ProcessState
			r.put("Process/"+x.name, took.Nanoseconds(), "ns/op", (s.UserTime() + s.SystemTime()).Nanoseconds(), "cpu-ns/op", peak(s), "peak-B")
		}
	}
	return nil
}

// sizes are those of what is built.
func (w *wholes) sizes(r *result) error {
	tab := filepath.Join(w.dir, "tab.wasm")
	if err := build(tab, "./bench/tab", "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"); err != nil {
		return err
	}
	for name, file := range map[string]string{"binary": w.binary(), "tab": tab} {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		r.put("Size/"+name, info.Size(), "B")
	}
	return nil
}

// firstBuild builds the command where nothing has been built yet.
func (w *wholes) firstBuild(r *result) error {
	cache, err := os.MkdirTemp(w.dir, "cache")
	if err != nil {
		return err
	}
	start := time.Now()
	if err := build(filepath.Join(w.dir, "first"), "./cmd/dnetsim", "GOCACHE="+cache); err != nil {
		return err
	}
	r.put("Build/first", time.Since(start).Nanoseconds(), "ns/op")
	return os.RemoveAll(cache)
}

// tenThousand types 10,000 containers onto 100 hosts, pings across, and removes
// them, each line as soon as the last is done.
func (w *wholes) tenThousand(r *result) error {
	file := filepath.Join(w.dir, "tenthousand.yaml")
	if err := os.WriteFile(file, []byte(hundredHosts()), 0o644); err != nil {
		return err
	}
	cmd := exec.Command(w.binary(), "shell", file)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait()
	defer in.Close()
	s := session{in, bufio.NewScanner(out)}
	for _, x := range []struct {
		name, line string
		want       int
	}{
		{"ready", "echo ready", 0},
		{"start", each("for c in $(seq 100); do docker run -d --name c$c busybox sleep 9d; done >/dev/null; docker ps -q | wc -l"), 100},
		{"ping", each("docker exec c1 ping -c 1 10.1.$(( $(hostname | tr -d h) % 100 + 1 )).2 | grep -c '1 packets received'"), 1},
		{"remove", each("docker rm -f $(docker ps -q) | wc -l"), 100},
	} {
		start := time.Now()
		got, err := s.line(x.line, x.want)
		if err != nil {
			return err
		}
		if x.want > 0 && got != 100 {
			return fmt.Errorf("%s: %d of 100 hosts did it", x.name, got)
		}
		if x.want > 0 {
			r.put("TenThousand/"+x.name, time.Since(start).Nanoseconds(), "ns/op", resident(cmd.Process.Pid), "peak-B")
		}
	}
	return nil
}

// each is a line that is typed on every host.
func each(line string) string {
	return "for h in $(seq 100); do ssh h$h '" + strings.ReplaceAll(line, "'", `'\''`) + "'; done"
}

type session struct {
	in  io.Writer
	out *bufio.Scanner
}

// line types a line, waits until it is done and counts the lines that are a number.
func (s *session) line(line string, number int) (got int, err error) {
	fmt.Fprintf(s.in, "%s; echo do''ne\n", line)
	for s.out.Scan() {
		text := strings.TrimSpace(s.out.Text())
		if text == "done" {
			return got, nil
		}
		if text == fmt.Sprint(number) {
			got++
		}
	}
	return got, fmt.Errorf("it ended before it was done with %q", line)
}

// resident is the most memory that a running process had, in bytes; 0 where the
// system does not say.
func resident(pid int) (n int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
		fmt.Sscan(rest, &n)
	}
	return n * 1024
}

// hundredHosts is the scenario: a bridge of its own subnet on each host, and routes
// to the others'.
func hundredHosts() string {
	var b strings.Builder
	b.WriteString("name: a hundred hosts\nlimit: 100h\nlan: {subnet: 10.0.0.0/16}\nhosts:\n")
	for h := 1; h <= 100; h++ {
		fmt.Fprintf(&b, "  h%d: {address: 10.0.1.%d, daemon: {bip: 10.1.%d.1/24}}\n", h, h, h)
	}
	b.WriteString("setup:\n")
	for h := 1; h <= 100; h++ {
		fmt.Fprintf(&b, "  - h%d$ iptables -P FORWARD ACCEPT; ip route add 10.1.%d.0/24 via 10.0.1.%d\n", h, h%100+1, h%100+1)
	}
	return b.String()
}
