package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// packets are how many of them a pcapng has, as far as it goes, and the time of the
// last.
func packets(b []byte) (n int, last time.Time) {
	for len(b) >= 12 {
		kind, size := binary.LittleEndian.Uint32(b), int(binary.LittleEndian.Uint32(b[4:]))
		if size < 12 || size > len(b) {
			break
		}
		if kind == 6 {
			n++
			ns := uint64(binary.LittleEndian.Uint32(b[12:]))<<32 | uint64(binary.LittleEndian.Uint32(b[16:]))
			last = time.Unix(0, int64(ns))
		}
		b = b[size:]
	}
	return n, last
}

func TestCapturesStreamWhileALabIsUp(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte, 1000)
	go func() {
		f, err := os.Open(fifo)
		if err != nil {
			t.Error(err)
			return
		}
		for {
			b := make([]byte, 4096)
			n, err := f.Read(b)
			if err != nil {
				close(read)
				return
			}
			read <- b[:n]
		}
	}()
	for _, target := range []string{"-", filepath.Join(dir, "one.pcapng"), fifo} {
		u := bring(t, upScenario, shortDir(t), "--pcap", target)
		got := func() (b []byte) {
			switch target {
			case "-":
				return []byte(u.out.String())
			case fifo:
				return <-read
			}
			b, _ = os.ReadFile(target)
			return b
		}
		if code, _, errs := call(t, "ping -c 1 10.0.0.12\n", nil, "shell", "--attach", u.dir); code != exitOK {
			t.Errorf("%d %s", code, errs)
		}
		all := []byte{}
		for n := 0; n == 0; time.Sleep(20 * time.Millisecond) {
			if b := got(); target == fifo {
				all = append(all, b...)
			} else {
				all = b
			}
			n, _ = packets(all)
		}
		if _, last := packets(all); time.Since(last) > time.Hour {
			t.Errorf("%s: the capture's time is %v", target, last)
		}
		if exports := u.err.String(); target == "-" && !strings.Contains(exports, "export DOCKER_HOST=") {
			t.Errorf("the exports are not on standard error: %s", exports)
		}
		if code := u.end(); code != exitOK {
			t.Errorf("%s: ended with %d: %s", target, code, u.err)
		}
	}
	for _, args := range [][]string{{"run", "-", "--pcap", "-"}, {"up", "x.yaml", "--detach", "--pcap", "-"}} {
		if code, _, _ := call(t, upScenario, nil, args...); code != exitUsage {
			t.Errorf("%v: %d", args, code)
		}
	}
}

func TestALabThatIsUpCanBeAttachedToAndExplained(t *testing.T) {
	u := bring(t, upScenario, shortDir(t), "--speed", "50")
	defer u.end()
	for process, mine := range map[int]bool{os.Getpid(): true, 1: false} { // of two that begin at a time
		said, err := control(t.Context(), u.dir, "GET", fmt.Sprintf("/said?process=%d", process), nil)
		if mine != (err == nil && strings.Contains(said, "DOCKER_HOST")) {
			t.Errorf("asked of the lab of process %d: %q, %v", process, said, err)
		}
	}
	code, out, errs := call(t, "hostname; docker ps --format '{{.Names}}'; exit 3\n", nil, "shell", "--attach", u.dir, "--host", "h1")
	if code != 3 || out != "h1\nweb\n" || errs != "" {
		t.Errorf("a script: %d %q %q", code, out, errs)
	}
	code, out, errs = call(t, "in\n", nil, "shell", "--attach", u.dir, "--host", "h2", "-c", "hostname; cat; echo e >&2; sleep 1; exit 7")
	if code != 7 || out != "h2\nin\n" || errs != "e\n" {
		t.Errorf("a line: %d %q %q", code, out, errs)
	}
	if code, out, _ = call(t, "", nil, "shell", "--attach", u.dir, "-c", "head -c 300000 /dev/zero | tr '\\0' x"); code != exitOK || len(out) != 300000 {
		t.Errorf("much: %d, %d bytes", code, len(out))
	}
	if code, _, errs = call(t, "", nil, "shell", "--attach", u.dir, "--host", "h9", "-c", "true"); code != exitUsage || !strings.Contains(errs, `there is no machine "h9"`) {
		t.Errorf("no such host: %d %s", code, errs)
	}
	if code, _, errs = call(t, "", nil, "shell", "--attach", u.dir, "--at", "end"); code != exitUsage || !strings.Contains(errs, "--at is of a lab that shell opens") {
		t.Errorf("--at: %d %s", code, errs)
	}
	code, out, errs = call(t, "", nil, "explain", "--attach", u.dir, "--from", "h1/web", "--to", "10.0.0.12")
	if code != exitOK || !strings.Contains(out, "h1/web") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	code, out, errs = call(t, "", nil, "explain", "--attach", u.dir, "--from", "h2", "--to", "h1/web", "--json")
	if code != exitFailed || !strings.Contains(out, `"causes"`) {
		t.Errorf("%d %s %s", code, out, errs)
	}
	code, _, errs = call(t, "", nil, "explain", "--attach", u.dir, "--from", "nobody", "--to", "h1/web")
	if code != exitUsage || !strings.Contains(errs, "there is no nobody") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs = call(t, "", nil, "explain", "--attach", u.dir); code != exitUsage || !strings.Contains(errs, "in vain") {
		t.Errorf("%d %s", code, errs)
	}
	// By name, among the user's labs.
	runtime := shortDir(t)
	os.MkdirAll(runtime, 0o700)
	ctx, cancel := context.WithCancel(context.Background())
	env := func(k string) string {
		if k == "XDG_RUNTIME_DIR" {
			return runtime
		}
		return ""
	}
	said, shown := &words{}, &words{}
	term := &terminal{in: strings.NewReader(upScenario), out: &words{}, err: said, env: env}
	done := make(chan int)
	go func() { done <- execute(ctx, term, []string{"up", "-"}) }()
	for !strings.Contains(said.String(), "is up;") {
		time.Sleep(10 * time.Millisecond)
	}
	second := &terminal{in: strings.NewReader("hostname\nexit\n"), out: shown, err: said, env: env}
	if code := execute(context.Background(), second, []string{"shell", "--attach", "up", "--host", "h2"}); code != exitOK || !strings.Contains(shown.String(), "h2") {
		t.Errorf("%d %s %s", code, shown, said)
	}
	cancel()
	<-done
}
