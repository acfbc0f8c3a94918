package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// output is a standard stream that remembers what went wrong with it, so that
// nothing that was printed is lost in silence.
type output struct {
	io.Writer
	mu  sync.Mutex
	err error // the first
}

// remembering is w as an output, once.
func remembering(w io.Writer) *output {
	if o, ok := w.(*output); ok {
		return o
	}
	return &output{Writer: w}
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		o.mu.Lock()
		if o.err == nil {
			o.err = err
		}
		o.mu.Unlock()
	}
	return n, err
}

// lost says that a stream could not be written, in words without its number.
func (o *output) lost(name string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var path *os.PathError
	switch {
	case o.err == nil:
		return nil
	case errors.As(o.err, &path):
		return fmt.Errorf("writing %s: %w", name, path.Err)
	}
	return fmt.Errorf("writing %s: %w", name, o.err)
}

// targets finds out, before anything runs, whether the files that the flags name
// can be written, and says which cannot.
func (f *runFlags) targets(list loaded) error {
	var wrong []error
	for _, x := range []struct{ flag, path string }{{"--json", f.json}, {"--junit", f.junit}} {
		if x.path != "" && x.path != "-" {
			wrong = append(wrong, named(x.flag, writable(x.path)))
		}
	}
	if f.json != "" && f.json == f.junit {
		wrong = append(wrong, fmt.Errorf("--json and --junit: both write %s: name two files", f.json))
	}
	if f.digest && (f.json == "-" || f.junit == "-") {
		wrong = append(wrong, errors.New("--digest: standard output is the report's: name a file for that"))
	}
	if f.update {
		for _, x := range list {
			if x.src.Path == "" && x.wrong == nil {
				wrong = append(wrong, fmt.Errorf("--update: %s is compiled in or a stream: save it with `dnetsim show` and name the file", x.src.File))
				continue
			}
			if x.wrong == nil {
				wrong = append(wrong, named("--update", errors.Join(writable(x.src.Path), fillable(filepath.Dir(x.src.Path)))))
			}
		}
	}
	if strings.HasSuffix(f.pcap, ".pcapng") && len(list) > 1 {
		wrong = append(wrong, fmt.Errorf("--pcap: %s would be each scenario's: name a folder", f.pcap))
	}
	wrong = append(wrong, f.captures())
	return unwritable(errors.Join(wrong...))
}

// captures finds out whether --pcap can be written; a folder is made.
func (f *shared) captures() error {
	switch {
	case f.pcap == "":
		return nil
	case f.pcap == stdoutPath:
		return errors.New("--pcap -: only up streams to standard output: name a folder or FILE.pcapng")
	case strings.HasSuffix(f.pcap, ".pcapng") || isPipe(f.pcap):
		return named("--pcap", writable(f.pcap))
	}
	if err := os.MkdirAll(f.pcap, 0o755); err != nil {
		return named("--pcap", err)
	}
	return named("--pcap", fillable(f.pcap))
}

func named(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}

func unwritable(err error) error {
	if err == nil {
		return nil
	}
	return status{exitUsage, fmt.Errorf("dnetsim: %s: nothing ran", strings.ReplaceAll(err.Error(), "\n", "\ndnetsim: "))}
}

// writable opens a file for writing and leaves it as it was. A pipe is not
// opened: that would wait for its reader.
func writable(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return nil
	}
	file, openErr := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if openErr != nil {
		return openErr
	}
	if err != nil {
		defer os.Remove(path)
	}
	return file.Close()
}

// fillable reports why a folder takes no new files.
func fillable(dir string) error {
	file, err := os.CreateTemp(dir, ".dnetsim-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	return file.Close()
}

// escape finds the keys that are meant for dnetsim and not for a simulated
// terminal, as ssh has them: a ~ at the start of a line and one key more. What it
// gives back is for the terminal.
type escape struct {
	within bool // of a line
	tilde  bool // one was typed and is held back
	// Leave and Help are called for ~. and ~?.
	leave, help func()
}

func (e *escape) keys(b []byte) []byte {
	var out []byte
	for _, c := range b {
		switch {
		case e.tilde:
			e.tilde = false
			switch c {
			case '.':
				e.leave()
				continue
			case '?':
				e.help()
				continue
			case '~':
			default:
				out = append(out, '~')
			}
		case c == '~' && !e.within:
			e.tilde = true
			continue
		}
		out = append(out, c)
		e.within = c != '\r' && c != '\n' && c != 3
	}
	return out
}

// escapes is what ~? lists.
const escapes = "\r\nSupported escape sequences:\r\n ~.   - leave the lab, whatever runs there\r\n ~?   - this message\r\n ~~   - send ~ by typing it twice\r\n(only at the start of a line)\r\n"
