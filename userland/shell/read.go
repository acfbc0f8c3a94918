package shell

import (
	"io"
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"

	"mvdan.cc/sh/v3/syntax"
)

// readCommand reads lines until they are a complete command. more is true if
// there was any input.
func (s *Shell) readCommand() (text string, more bool, err error) {
	c := &commandReader{s: s}
	if c.line(); c.done() {
		return c.result()
	}
	if trimmed := strings.TrimSpace(c.text.String()); trimmed == "" || trimmed[0] == '#' {
		return c.result()
	}
	// The parser asks for the next line as long as it needs one. What it makes of
	// the text is dropped: it is parsed again when it runs, so that all that runs
	// has come through one door.
	c.parser = s.parser() // not before: an idle shell waits in line
	s.quietly(func() {
		for _, err := range c.parser.StmtsSeq(guarded{c}) {
			if err != nil {
				break
			}
		}
	})
	return c.result()
}

// commandReader gives a parser the lines of one command, and no more.
type commandReader struct {
	s      *Shell
	parser *syntax.Parser
	text   strings.Builder
	rest   string // of the last line, what the parser has not taken
	ended  bool   // the input has
	stop   string // the line that ends the here-document that is being read, or ""
	err    error  // an interruption
}

func (c *commandReader) done() bool {
	return c.ended || c.err != nil || c.text.Len() > maxScript
}

func (c *commandReader) result() (string, bool, error) {
	if c.err != nil {
		return "", true, c.err
	}
	text := c.text.String()
	if !c.ended && c.s.history != nil {
		c.s.remember(text)
	}
	return text, text != "", nil
}

// line reads one more line, with its prompt.
func (c *commandReader) line() {
	s := c.s
	if s.interactive {
		if c.text.Len() == 0 {
			s.notify()
		}
		if s.editor == nil {
			io.WriteString(s.errOut(), s.Prompt(c.text.Len() > 0))
		}
	}
	line, err := s.promptedLine(c.text.Len() > 0)
	if err == sim.ErrInterrupted {
		c.err = err
		return
	}
	s.p.Work(len(line) / parseUnit)
	c.text.WriteString(line)
	c.rest += line
	c.ended = !strings.HasSuffix(line, "\n")
}

// Read is the parser's: it ends with the command. The parser knows while it is
// within a word or a statement that there must be more; only where it does not,
// the whole text is looked at.
func (c *commandReader) Read(b []byte) (int, error) {
	more := c.stop != "" || c.parser.Incomplete()
	if c.rest == "" && !c.done() && !more {
		c.stop, more = missing(c.s, c.text.String())
	}
	if c.rest == "" && !c.done() && more {
		c.line()
		if c.stop != "" && strings.Trim(c.rest, "\t\n") == c.stop {
			c.stop = ""
		}
	}
	if c.rest == "" || c.err != nil {
		return 0, io.EOF
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// promptedLine reads one line, with the editor if there is one, which prompts.
func (s *Shell) promptedLine(more bool) (string, error) {
	if s.editor == nil {
		return s.rawLine()
	}
	for {
		line, err := s.editor.read(s.Prompt(more))
		if err != nil || s.style == Ash {
			return line, err
		}
		text, changed, missing := s.history.expand(line)
		switch {
		case missing != "":
			s.warn(missing + ": event not found")
			continue
		case changed:
			io.WriteString(s.errOut(), text)
		}
		return text, nil
	}
}

// rawLine reads one line byte by byte, with its newline.
func (s *Shell) rawLine() (string, error) {
	in := s.in()
	if t, ok := in.(*userland.TTY); ok {
		// A terminal gives a line at a time by itself.
		buf := make([]byte, 4096)
		n, err := t.Read(buf)
		return string(buf[:n]), err
	}
	var b []byte
	one := make([]byte, 1)
	for {
		n, err := in.Read(one)
		if n == 1 {
			if b = append(b, one[0]); one[0] == '\n' || len(b) > maxScript {
				return string(b), nil
			}
			continue
		}
		if err != nil {
			return string(b), err
		}
	}
}
