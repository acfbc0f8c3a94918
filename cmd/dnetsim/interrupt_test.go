package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trigger cancels when a word has been written to it.
type trigger struct {
	text   bytes.Buffer
	word   string
	cancel context.CancelCauseFunc
}

func (g *trigger) Write(b []byte) (int, error) {
	n, err := g.text.Write(b)
	if strings.Contains(g.text.String(), g.word) {
		g.cancel(errors.New("interrupted"))
	}
	return n, err
}

// Ctrl-C ends what runs, wherever it is: status 3, a sentence, and files that
// are whole.
func TestAnInterruptionReachesWhatRuns(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "endless.yaml")
	text := "lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}\nhosts: {h1: {address: 10.0.0.11}}\nlimit: 10000h\nsteps:\n  - \"h1$ LINE\"\n"
	endless := map[string]string{
		"waits and prints":  "ping 10.0.0.2",
		"computes":          "echo from; while :; do :; done",
		"starts processes":  "echo from; while :; do true | true; done",
		"copies":            "echo from; cat /dev/zero > /dev/null",
		"signals itself":    "echo from; trap : USR1; while :; do kill -USR1 $$; done",
		"becomes and again": "echo from; echo exec sh /tmp/a > /tmp/a; sh /tmp/a",
	}
	for name, line := range endless {
		for _, how := range []string{"run", "shell -c", "shell <"} {
			if err := os.WriteFile(file, []byte(strings.Replace(text, "LINE", line, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			pcap := filepath.Join(dir, "out.pcapng")
			args, in := []string{"run", file, "--pcap", pcap}, ""
			switch how {
			case "shell -c":
				args = []string{"shell", file, "--pcap", pcap, "-c", line}
			case "shell <":
				args, in = []string{"shell", file, "--pcap", pcap}, line+"\n"
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			out, errs := &trigger{word: "from", cancel: cancel}, &bytes.Buffer{}
			term := &terminal{in: strings.NewReader(in), out: out, err: errs, env: func(string) string { return "" }}
			code := execute(ctx, term, args)
			cancel(nil)
			if code != exitBroken || !strings.Contains(errs.String(), "interrupted at ") {
				t.Errorf("%s, %s: status %d\n%.500s", how, name, code, errs)
			}
			// A block of pcapng is a multiple of four bytes.
			if data, err := os.ReadFile(pcap); err != nil || len(data)%4 != 0 || len(data) == 0 && name == "waits and prints" {
				t.Errorf("%s, %s: a capture of %d bytes: %v", how, name, len(data), err)
			}
		}
	}
}

// A command that waits for standard input hears of a signal as well.
func TestAnInterruptionReachesWhoReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	for _, args := range [][]string{{"run", "-"}, {"shell", "local-modes"}} {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errors.New("interrupted"))
		errs := &bytes.Buffer{}
		code := execute(ctx, &terminal{in: r, out: io.Discard, err: errs, env: func(string) string { return "" }}, args)
		if code < exitUsage || !strings.Contains(errs.String(), "interrupted") {
			t.Errorf("%v: status %d\n%s", args, code, errs)
		}
	}
}

// A scenario's file is read as far as a scenario may be long, whatever it is.
func TestASourceWithoutEndIsToldSo(t *testing.T) {
	for _, args := range [][]string{{"run", "/dev/zero"}, {"run", "-"}} {
		errs := &bytes.Buffer{}
		code := execute(context.Background(), &terminal{in: zeros{}, out: io.Discard, err: errs, env: func(string) string { return "" }}, args)
		if code != exitUsage || !strings.Contains(errs.String(), "at most 4194304 bytes") {
			t.Errorf("%v: status %d\n%.300s", args, code, errs)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
