package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dnetsim/engine"
	"dnetsim/engine/cli"
	"dnetsim/userland"
)

// TestMain lets the test binary be the process that verify starts. A leak that
// a test plants comes in its environment.
func TestMain(m *testing.M) {
	if what := os.Getenv(neighbourEnv); what != "" {
		beNeighbour(what)
	}
	if len(os.Args) > 1 && os.Args[1] == "testify" {
		t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv}
		if leak := os.Getenv("DNETSIM_TEST_LEAK"); leak != "" {
			t.docker = leaky(leak)
		}
		os.Exit(execute(context.Background(), t, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// leaky is a docker whose command leak lets something of the real machine in.
func leaky(leak string) func(*engine.Server) userland.Program {
	return func(srv *engine.Server) userland.Program {
		docker := cli.Program(srv)
		return func(p *userland.Process) int {
			if len(p.Args) < 2 || p.Args[1] != "leak" {
				return docker(p)
			}
			switch leak {
			case "clock, printed":
				p.Printf("it is %d\n", time.Now().UnixNano())
			case "clock, waited for":
				p.Sleep(time.Duration(time.Now().UnixNano()%1e6) * time.Microsecond)
			case "map order":
				m := map[int]bool{}
				for i := range 64 {
					m[i] = true
				}
				for i := range m {
					p.Printf("%d\n", i)
				}
			case "workers":
				p.Printf("%d workers\n", runtime.GOMAXPROCS(0))
			case "a race of workers":
				p.Sleep(time.Duration(firstOf(8)) * time.Millisecond)
			case "panic":
				panic("planted")
			}
			return 0
		}
	}
}

// firstOf is which of n goroutines comes first, and how far all are then.
func firstOf(n int) int {
	var mu sync.Mutex
	var order bytes.Buffer
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 100 {
				mu.Lock()
				order.WriteByte(byte(i))
				mu.Unlock()
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
	sum := 0
	for k, b := range order.Bytes() {
		sum = (sum + k*int(b)) % 997
	}
	return sum
}

const leakScenario = `name: leaks
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
hosts:
  h1: {address: 10.0.0.11}
  h2: {address: 10.0.0.12}
steps:
  - h1$ sleep 3
  - run: h1$ docker leak
    expect: {exit: any}
  - h1$ ping -c 1 10.0.0.12
`

// A leak of the real machine into a run is caught, and where it first shows is
// named.
func TestVerifyCatchesWhatIsPlanted(t *testing.T) {
	for _, c := range []struct {
		leak string
		code int
		says []string
	}{
		{"", exitOK, []string{"same     leaks: ", "at GOMAXPROCS 1, 2, 8, 16"}},
		{"clock, printed", exitFailed, []string{"DIFFERS  leaks", "transcript at 6.5", "in the output of h1$ docker leak", "it is "}},
		{"clock, waited for", exitFailed, []string{"event ", "h1/eth0", "10.0.0.12"}},
		{"map order", exitFailed, []string{"transcript at 6.5", "in the output of h1$ docker leak"}},
		{"workers", exitFailed, []string{"GOMAXPROCS 1: 1 workers", "GOMAXPROCS 2: 2 workers"}},
		{"a race of workers", exitFailed, []string{"event ", "h1/eth0"}},
		{"panic", exitBroken, []string{"planted"}},
	} {
		t.Run(c.leak, func(t *testing.T) {
			t.Setenv("DNETSIM_TEST_LEAK", c.leak)
			code, out, errs := call(t, leakScenario, nil, "verify", "-")
			if code != c.code {
				t.Errorf("status %d, want %d\n%s%s", code, c.code, out, errs)
			}
			for _, s := range c.says {
				if !strings.Contains(out+errs, s) {
					t.Errorf("says nothing of %q:\n%s%s", s, out, errs)
				}
			}
		})
	}
}

// A scenario whose expectations fail is the same everywhere all the same, and
// what is no scenario starts no process.
func TestVerifyJudgesBytesOnly(t *testing.T) {
	code, out, errs := call(t, small, nil, "verify", "-", "--procs", "1,4")
	if code != exitOK || !strings.Contains(out, "expectations fail, the same way everywhere") {
		t.Errorf("status %d: %s%s", code, out, errs)
	}
	for _, c := range []struct {
		stdin, says string
		args        []string
	}{
		{"hosts: [", "not YAML", nil},
		{small, "--procs takes two numbers", []string{"--procs", "1"}},
		{small, "a number from 1 to 1024", []string{"--procs", "1,0"}},
	} {
		code, _, errs := call(t, c.stdin, nil, append([]string{"verify", "-"}, c.args...)...)
		if code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%v: status %d: %s", c.args, code, fmt.Sprint(errs))
		}
	}
}
