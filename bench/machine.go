package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describe begins a result with what it was measured on. Lines that begin with a
// capital are for people: benchstat would keep results apart by them.
func describe() *result {
	r := &result{}
	r.add("goos: " + runtime.GOOS)
	r.add("goarch: " + runtime.GOARCH)
	r.add("cpu: " + processor())
	r.add(fmt.Sprintf("Cores: %d cores", runtime.NumCPU()))
	r.add("Memory: " + memory())
	r.add("Kernel: " + output("uname", "-sr"))
	r.add("Go: " + runtime.Version())
	commit := output("git", "rev-parse", "--short=12", "HEAD")
	if output("git", "status", "--porcelain", "-uno") != "" {
		commit += " with changes"
	}
	r.add("Commit: " + commit)
	r.add("Date: " + time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	r.add("Load: " + load())
	return r
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// processor is the model's name, where Linux tells it.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	if _, rest, ok := strings.Cut(string(text), "model name"); ok {
		line, _, _ := strings.Cut(rest, "\n")
		return strings.TrimLeft(line, "\t :")
	}
	return "unknown processor"
}

func memory() string {
	var kb int64
	text, _ := os.ReadFile("/proc/meminfo")
	if _, rest, ok := strings.Cut(string(text), "MemTotal:"); ok {
		fmt.Sscan(rest, &kb)
	}
	if kb == 0 {
		return "unknown memory"
	}
	return fmt.Sprintf("%d GB", (kb+500_000)/1_000_000)
}

// load is the average of the last minute, where Linux tells it.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
