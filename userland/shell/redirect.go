package shell

import (
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/syntax"
)

// redirect applies redirections to the shell's table, in order. It prints what
// is wrong and reports false.
func (s *Shell) redirect(rs []*syntax.Redirect) bool {
	for _, r := range rs {
		if !s.redirectOne(r) {
			return false
		}
	}
	return true
}

func (s *Shell) redirectOne(r *syntax.Redirect) bool {
	fd := 1
	switch r.Op {
	case syntax.RdrIn, syntax.RdrInOut, syntax.DplIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		fd = 0
	}
	if r.N != nil {
		n, err := strconv.Atoi(r.N.Value)
		if err != nil || n >= userland.MaxFD {
			s.warn(r.N.Value + ": Bad file descriptor")
			return false
		}
		fd = n
	}
	switch r.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		return s.hereDoc(r, fd)
	}
	word, ok := s.target(r.Word)
	if !ok {
		return false
	}
	switch r.Op {
	case syntax.WordHdoc:
		s.setFD(fd, &userland.Stream{R: strings.NewReader(word + "\n")})
		return true
	case syntax.DplIn, syntax.DplOut:
		return s.duplicate(fd, word, r)
	case syntax.RdrAll, syntax.AppAll:
		if !s.openFD(1, word, r.Op) {
			return false
		}
		s.setFD(2, s.fds[1].Retain())
		return true
	}
	return s.openFD(fd, word, r.Op)
}

// target expands the word after a redirection to one name.
func (s *Shell) target(w *syntax.Word) (string, bool) {
	if s.style == Bash {
		f, ok := s.fields([]*syntax.Word{w})
		if ok && len(f) != 1 {
			s.warn("ambiguous redirect")
			return "", false
		}
		if !ok {
			return "", false
		}
		return f[0], true
	}
	return s.literal(w)
}

// setFD puts a stream, of which the table becomes a holder, at a descriptor.
func (s *Shell) setFD(fd int, st *userland.Stream) {
	if old, ok := s.fds[fd]; ok {
		old.Release()
	}
	s.fds[fd] = st
}

// duplicate is n>&word and n<&word.
func (s *Shell) duplicate(fd int, word string, r *syntax.Redirect) bool {
	if word == "-" {
		if old, ok := s.fds[fd]; ok {
			delete(s.fds, fd)
			old.Release()
		}
		return true
	}
	move := strings.HasSuffix(word, "-")
	n, err := strconv.Atoi(strings.TrimSuffix(word, "-"))
	if err != nil {
		if r.Op == syntax.DplOut && r.N == nil {
			if !s.openFD(1, word, syntax.RdrOut) {
				return false
			}
			s.setFD(2, s.fds[1].Retain())
			return true
		}
		s.warn(word + ": ambiguous redirect")
		return false
	}
	st, ok := s.fds[n]
	if !ok {
		if s.style == Bash {
			s.warn(strconv.Itoa(n) + ": Bad file descriptor")
		} else {
			s.warn("dup2(" + strconv.Itoa(n) + "," + strconv.Itoa(fd) + "): Bad file descriptor")
		}
		return false
	}
	if n == fd {
		return true
	}
	s.setFD(fd, st.Retain())
	if move {
		delete(s.fds, n)
		st.Release()
	}
	return true
}

// openWork weighs a file that is opened against a command.
const openWork = 8

// openFD opens a file at a descriptor.
func (s *Shell) openFD(fd int, name string, op syntax.RedirOperator) bool {
	flags := userland.O_WRONLY | userland.O_CREAT | userland.O_TRUNC
	switch op {
	case syntax.RdrIn:
		flags = userland.O_RDONLY
	case syntax.RdrInOut:
		flags = userland.O_RDWR | userland.O_CREAT
	case syntax.AppOut, syntax.AppAll:
		flags = userland.O_WRONLY | userland.O_CREAT | userland.O_APPEND
	case syntax.RdrOut:
		if i, err := s.p.Stat(name); s.opts.noclobber && err == nil && i.Kind == userland.Regular {
			if s.style == Bash {
				s.warn(name + ": cannot overwrite existing file")
			} else {
				s.warn("can't create " + name + ": File exists")
			}
			return false
		}
	}
	if st, ok := s.fdPath(name); ok {
		s.setFD(fd, st.Retain())
		return true
	}
	s.p.Work(openWork)
	if rest, ok := strings.CutPrefix(name, "/dev/tcp/"); ok && s.style != Ash {
		return s.connect(fd, name, rest)
	}
	f, err := s.openFile(name, flags)
	if err != nil {
		s.openError(name, flags, err)
		return false
	}
	s.setFD(fd, userland.FileStream(f))
	return true
}

// connect opens bash's /dev/tcp/HOST/PORT: a connection at a descriptor.
func (s *Shell) connect(fd int, name, rest string) bool {
	host, service, _ := strings.Cut(rest, "/")
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || host == "" {
		s.warn(name + ": No such file or directory")
		return false
	}
	at := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		at = append(at, a)
	} else if s.m.Resolve != nil {
		if at, err = s.m.Resolve(s.p, host); err != nil {
			s.warn(host + ": " + userland.Reason(err))
		}
	}
	if len(at) == 0 {
		s.warn(name + ": Invalid argument")
		return false
	}
	for _, a := range at {
		c, err := s.p.DialTCP(netip.AddrPort{}, netip.AddrPortFrom(a, uint16(port)), 0)
		if err == nil {
			s.setFD(fd, &userland.Stream{R: c, W: c, C: c})
			return true
		}
		s.warn("connect: " + userland.Reason(err))
		s.warn(name + ": " + userland.Reason(err))
	}
	return false
}

// openFile opens a file with the shell's own streams behind /dev/stdin and its
// like.
func (s *Shell) openFile(name string, flags int) (*userland.File, error) {
	p := s.p
	in, out, errs := p.Stdin, p.Stdout, p.Stderr
	p.Stdin, p.Stdout, p.Stderr = s.in(), s.out(), s.errOut()
	f, err := p.OpenFile(name, flags, 0o666)
	p.Stdin, p.Stdout, p.Stderr = in, out, errs
	return f, err
}

// fdPath is /dev/stdout, /dev/fd/N and their like.
func (s *Shell) fdPath(name string) (*userland.Stream, bool) {
	n := -1
	switch name {
	case "/dev/stdin":
		n = 0
	case "/dev/stdout":
		n = 1
	case "/dev/stderr":
		n = 2
	default:
		if rest, ok := strings.CutPrefix(name, "/dev/fd/"); ok {
			if k, err := strconv.Atoi(rest); err == nil {
				n = k
			}
		}
	}
	st, ok := s.fds[n]
	return st, ok
}

func (s *Shell) openError(name string, flags int, err error) {
	switch {
	case s.style == Bash:
		s.warn(name + ": " + err.Error())
	case flags&userland.O_CREAT != 0:
		text := err.Error()
		if err == userland.ENOENT {
			text = "nonexistent directory"
		}
		s.warn("can't create " + name + ": " + text)
	default:
		text := err.Error()
		if err == userland.ENOENT {
			text = "no such file"
		}
		s.warn("can't open " + name + ": " + text)
	}
}

// hereDoc makes a here-document's body what is read.
func (s *Shell) hereDoc(r *syntax.Redirect, fd int) bool {
	var text string
	ok := true
	switch {
	case r.Hdoc == nil:
	case quotedWord(r.Word):
		for _, part := range r.Hdoc.Parts {
			if lit, is := part.(*syntax.Lit); is {
				text += lit.Value
			}
		}
		if r.Op == syntax.DashHdoc {
			text = stripTabs(text)
		}
	case r.Op == syntax.DashHdoc:
		text, ok = s.document(untabbed(r.Hdoc))
	default:
		text, ok = s.document(r.Hdoc)
	}
	if !ok {
		return false
	}
	s.setFD(fd, &userland.Stream{R: strings.NewReader(text)})
	return true
}

func quotedWord(w *syntax.Word) bool {
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			return true
		case *syntax.Lit:
			if strings.Contains(p.Value, `\`) {
				return true
			}
		}
	}
	return false
}

func stripTabs(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimLeft(lines[i], "\t")
	}
	return strings.Join(lines, "\n")
}

// untabbed removes leading tabs from the literal lines of a document.
func untabbed(w *syntax.Word) *syntax.Word {
	c := &syntax.Word{}
	start := true
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			c.Parts = append(c.Parts, part)
			start = false
			continue
		}
		l := *lit
		lines := strings.Split(l.Value, "\n")
		for i := range lines {
			if i > 0 || start {
				lines[i] = strings.TrimLeft(lines[i], "\t")
			}
		}
		l.Value = strings.Join(lines, "\n")
		start = false
		c.Parts = append(c.Parts, &l)
	}
	return c
}
