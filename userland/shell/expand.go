package shell

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// guard runs an expansion with a configuration that sees this machine only. It
// prints errors; a POSIX shell that is not interactive exits after one.
func (s *Shell) guard(fn func(*expand.Config) error) bool {
	cfg := &expand.Config{
		Env:      environ{s},
		CmdSubst: s.cmdSubst,
		NoUnset:  s.opts.nounset,
		ExtGlob:  true,
	}
	if !s.opts.noglob {
		cfg.ReadDir2 = s.readDir
	}
	cfg.ProcSubst = s.procSubst
	err := s.protected(func() error { return fn(cfg) })
	if err == nil {
		return true
	}
	if s.flow != onward {
		return false
	}
	s.expansionError(err)
	return false
}

// protected turns the library's panics into errors.
func (s *Shell) protected(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if ours(r) {
				panic(r)
			}
			err = fmt.Errorf("bad substitution")
		}
	}()
	return fn()
}

func (s *Shell) expansionError(err error) {
	text := err.Error()
	var unset expand.UnsetParameterError
	if errors.As(err, &unset) {
		name := unset.Node.Param.Value
		switch {
		case unset.Message == "unbound variable" && s.style != Bash:
			text = name + ": parameter not set"
		case unset.Message == "":
			text = name + ": parameter null or not set"
		}
	}
	if strings.Contains(text, "division by zero") {
		text = "arithmetic syntax error: division by zero"
		if s.style != Bash {
			text = "divide by zero"
		}
	}
	s.warn(text)
	s.status = 1
	if s.style != Bash {
		s.status = 2
	}
	if !s.interactive {
		s.flow = exitingShell
		if s.style == Bash && errors.As(err, &unset) {
			s.status = 127
		}
	}
}

// fields expands words to arguments.
func (s *Shell) fields(words []*syntax.Word) ([]string, bool) {
	var out []string
	ok := s.guard(func(cfg *expand.Config) (err error) {
		out, err = expand.Fields(cfg, s.braceless(words)...)
		return err
	})
	n := 0
	for _, w := range out {
		n += len(w)
	}
	expanded(s.p, n)
	return out, ok
}

// braceless hides braces from the expansion for a shell that does not know
// them.
func (s *Shell) braceless(words []*syntax.Word) []*syntax.Word {
	if s.style != Ash {
		return words
	}
	out := make([]*syntax.Word, len(words))
	for i, w := range words {
		out[i] = w
		for k, part := range w.Parts {
			lit, ok := part.(*syntax.Lit)
			if !ok || !strings.Contains(lit.Value, "{") {
				continue
			}
			c := *out[i]
			c.Parts = append([]syntax.WordPart(nil), c.Parts...)
			l := *lit
			l.Value = escapeBraces(l.Value)
			c.Parts[k] = &l
			out[i] = &c
		}
	}
	return out
}

func escapeBraces(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			b.WriteByte(text[i])
			i++
		} else if text[i] == '{' {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// expanded counts the work of an expansion to n bytes, also where it is refused
// then; a short one is part of its command's.
func expanded(p *userland.Process, n int) {
	if n >= userland.CopyUnit {
		p.Work(n / userland.CopyUnit)
	}
}

// literal expands a word to one string, without splitting and globbing.
func (s *Shell) literal(w *syntax.Word) (string, bool) {
	if w == nil {
		return "", true
	}
	var out string
	ok := s.guard(func(cfg *expand.Config) (err error) {
		out, err = expand.Literal(cfg, unescaped(w))
		return err
	})
	expanded(s.p, len(out))
	return out, ok
}

// unescaped turns the backslashes of plain literals into quotes, which the
// library leaves in when it expands to one string.
func unescaped(w *syntax.Word) *syntax.Word {
	c := &syntax.Word{}
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || !strings.Contains(lit.Value, `\`) {
			c.Parts = append(c.Parts, part)
			continue
		}
		text := lit.Value
		for {
			i := strings.IndexByte(text, '\\')
			if i < 0 || i == len(text)-1 {
				break
			}
			if i > 0 {
				c.Parts = append(c.Parts, &syntax.Lit{Value: text[:i]})
			}
			_, n := utf8.DecodeRuneInString(text[i+1:])
			c.Parts = append(c.Parts, &syntax.SglQuoted{Value: text[i+1 : i+1+n]})
			text = text[i+1+n:]
		}
		if text != "" {
			c.Parts = append(c.Parts, &syntax.Lit{Value: text})
		}
	}
	return c
}

// pattern expands a word to a pattern in which quoted parts are escaped.
func (s *Shell) pattern(w *syntax.Word) (string, bool) {
	var out string
	ok := s.guard(func(cfg *expand.Config) (err error) {
		out, err = expand.Pattern(cfg, w)
		return err
	})
	return out, ok
}

// document expands the body of a here-document.
func (s *Shell) document(w *syntax.Word) (string, bool) {
	var out string
	ok := s.guard(func(cfg *expand.Config) (err error) {
		out, err = expand.Document(cfg, w)
		return err
	})
	return out, ok
}

// readDir lists a directory of the simulated machine for globbing.
func (s *Shell) readDir(name string) ([]iofs.DirEntry, error) {
	if !strings.HasPrefix(name, "/") {
		name = path.Join(s.dir, name)
	}
	infos, err := s.m.FS().ReadDir(name)
	if err == userland.ENOENT {
		return nil, iofs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	out := make([]iofs.DirEntry, len(infos))
	for i, in := range infos {
		out[i] = dirEntry{in}
	}
	return out, nil
}

// dirEntry makes an Info an io/fs.DirEntry.
type dirEntry struct{ i userland.Info }

func (d dirEntry) Name() string                 { return d.i.Name }
func (d dirEntry) IsDir() bool                  { return d.i.IsDir() }
func (d dirEntry) Info() (iofs.FileInfo, error) { return nil, iofs.ErrInvalid }
func (d dirEntry) Type() iofs.FileMode {
	switch d.i.Kind {
	case userland.Directory:
		return iofs.ModeDir
	case userland.Link:
		return iofs.ModeSymlink
	}
	return 0
}

// cmdSubst runs $(…) in a process of its own and gives its output.
func (s *Shell) cmdSubst(w io.Writer, c *syntax.CmdSubst) error {
	if len(c.Stmts) == 0 {
		s.setSubst(0)
		return nil
	}
	if data, ok := s.fileSubst(c.Stmts); ok {
		w.Write(data)
		return nil
	}
	var cap capture
	fds := userland.HoldFDs(s.fds)
	fds[1].Release()
	fds[1] = &userland.Stream{W: &cap, Held: true}
	q, err := s.spawn(c.Stmts, fds, false)
	if err != nil {
		return err
	}
	s.setSubst(s.await(q))
	if cap.over {
		return errors.New("out of memory")
	}
	_, err = w.Write(cap.b)
	return err
}

// setSubst keeps the status of a substitution, which becomes the status of a
// command that is only an assignment.
func (s *Shell) setSubst(status int) {
	if s.substOut != nil {
		*s.substOut = status
	}
	s.status = status
}

// fileSubst is $(<file).
func (s *Shell) fileSubst(stmts []*syntax.Stmt) ([]byte, bool) {
	if len(stmts) != 1 || stmts[0].Cmd != nil || len(stmts[0].Redirs) != 1 || stmts[0].Redirs[0].Op != syntax.RdrIn || s.style == Ash {
		return nil, false
	}
	name, ok := s.literal(stmts[0].Redirs[0].Word)
	if !ok {
		return nil, false
	}
	data, err := s.p.ReadFile(name)
	if err != nil {
		s.warn(name + ": " + err.Error())
		s.setSubst(1)
		return nil, true
	}
	s.setSubst(0)
	return data, true
}

// procSubst runs <(…) or >(…) beside the command and gives the path of the
// pipe between them.
func (s *Shell) procSubst(ps *syntax.ProcSubst) (string, error) {
	r, w := userland.NewPipe(s.loop)
	rs, ws := &userland.Stream{R: r, C: r}, &userland.Stream{W: w, C: w}
	fds := userland.HoldFDs(s.fds)
	fd := 63
	for s.fds[fd] != nil && fd > 9 {
		fd--
	}
	if ps.Op == syntax.CmdIn {
		fds[1].Release()
		fds[1] = ws
		s.fds[fd] = rs
	} else {
		fds[0].Release()
		fds[0] = rs
		s.fds[fd] = ws
	}
	if _, err := s.spawn(ps.Stmts, fds, false); err != nil {
		return "", err
	}
	return fmt.Sprintf("/dev/fd/%d", fd), nil
}

// capture collects the output of a command substitution, up to a limit.
type capture struct {
	b    []byte
	over bool
}

// maxCapture bounds what $(…) takes.
const maxCapture = 16 << 20

func (c *capture) Write(b []byte) (int, error) {
	if len(c.b)+len(b) > maxCapture {
		c.over = true
		return 0, userland.EPIPE
	}
	c.b = append(c.b, b...)
	return len(b), nil
}
