package shell

import (
	"io"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/syntax"
)

// match is one way to complete a word.
type match struct {
	name string // begins with what is typed
	end  string // what follows a match that is the only one: " ", "/" or nothing
	list string // how it is listed
}

// typed is the command line before the cursor, as far as the command that the
// cursor is in.
type typed struct {
	words    []string // complete words of the command, unquoted
	word     string   // the word that the cursor is in, unquoted
	quote    byte     // the quote that is open in it, 0 if none
	redirect bool     // the word follows < or >
}

// beforeCommand are words after which another command's name comes.
var beforeCommand = map[string]bool{
	"if": true, "then": true, "else": true, "elif": true, "do": true, "while": true, "until": true, "!": true, "{": true,
	"time": true, "sudo": true, "exec": true, "command": true, "nohup": true, "watch": true, "which": true, "type": true,
}

func parseTyped(line string) (t typed) {
	var word strings.Builder
	in := false
	end := func() {
		w := word.String()
		word.Reset()
		name, _, assigns := strings.Cut(w, "=")
		first := len(t.words) == 0
		if in && !t.redirect && !(first && (beforeCommand[w] || assigns && syntax.ValidName(name))) {
			t.words = append(t.words, w)
		}
		if in {
			t.redirect = false
		}
		in = false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case t.quote != 0 && c == t.quote:
			t.quote = 0
		case t.quote == '\'', t.quote == '"' && c != '\\':
			word.WriteByte(c)
		case c == '\\':
			in = true
			if i+1 < len(line) {
				i++
				word.WriteByte(line[i])
			}
		case c == '\'' || c == '"':
			in, t.quote = true, c
		case c == ' ' || c == '\t':
			end()
		case strings.IndexByte(";|&(){}`\n", c) >= 0 && !(in && (c == '{' || c == '}')):
			end()
			t.words, t.redirect = nil, false
		case c == '<' || c == '>':
			end()
			t.redirect = true
		default:
			in = true
			word.WriteByte(c)
		}
	}
	t.word = word.String()
	return t
}

// complete finds what the word at the end of line may become. base is the part
// of the word that the matches begin with.
func (s *Shell) complete(line string) (base string, found []match, quote byte) {
	t := parseTyped(line)
	if i := strings.LastIndexByte(t.word, '$'); i >= 0 && t.quote != '\'' {
		name := t.word[i+1:]
		curly := strings.HasPrefix(name, "{")
		name = strings.TrimPrefix(name, "{")
		if name == "" || syntax.ValidName(name) {
			return name, s.variables(name, curly), 0
		}
	}
	if len(t.words) == 0 && !t.redirect && !strings.Contains(t.word, "/") {
		return t.word, s.commands(t.word), t.quote
	}
	if len(t.words) > 0 && !t.redirect {
		if knows(path.Base(t.words[0])) && s.style != Ash {
			base = t.word
			if k := strings.IndexByte(base, '='); k > 0 && base[0] == '-' {
				base = base[k+1:]
			}
			if found, ok := s.askProgram(t, base); ok {
				return base, found, t.quote
			}
		}
	}
	return s.files(t)
}

func (s *Shell) variables(prefix string, curly bool) (found []match) {
	for n := range s.vars {
		if strings.HasPrefix(n, prefix) {
			m := match{n, " ", "$" + n}
			if curly {
				m.end = "}"
			}
			found = append(found, m)
		}
	}
	return sorted(found)
}

// sorted orders matches and drops doubles.
func sorted(found []match) []match {
	sort.Slice(found, func(i, k int) bool { return found[i].name < found[k].name })
	return slices.CompactFunc(found, func(a, b match) bool { return a.name == b.name })
}

// builtinNames are the builtins that may complete a command.
var builtinNames = strings.Fields(". : [ alias bg break cd command continue declare echo eval exec exit export false fg getopts " +
	"hash history jobs kill let local logout printf pwd read readonly return set shift shopt source test times trap true type " +
	"typeset ulimit umask unalias unset wait")

func (s *Shell) commands(prefix string) (found []match) {
	add := func(n string) {
		if strings.HasPrefix(n, prefix) {
			found = append(found, match{n, " ", n})
		}
	}
	for _, n := range builtinNames {
		if _, ok := s.builtin(n); ok {
			add(n)
		}
	}
	for n := range keywords {
		add(n)
	}
	for n := range s.funcs {
		add(n)
	}
	for n := range s.aliases {
		add(n)
	}
	for _, dir := range strings.Split(s.get("PATH"), ":") {
		list, err := s.p.ReadDir(dir)
		for _, i := range list {
			if err == nil && strings.HasPrefix(i.Name, prefix) {
				if full, err := s.p.Stat(dir + "/" + i.Name); err == nil && !full.IsDir() && full.Mode&0o111 != 0 {
					add(i.Name)
				}
			}
		}
	}
	if !s.m.FS().HasPrograms() {
		for n := range s.m.Programs {
			add(n)
		}
	}
	return sorted(found)
}

// files completes a path of the machine's files.
func (s *Shell) files(t typed) (base string, found []match, quote byte) {
	word := t.word
	if t.quote == 0 {
		word = word[strings.LastIndexAny(word, "=:")+1:]
	}
	k := strings.LastIndexByte(word, '/') + 1
	dir, base := word[:k], word[k:]
	if rest, ok := strings.CutPrefix(dir, "~/"); ok {
		dir = s.get("HOME") + "/" + rest
	}
	if rest, ok := strings.CutPrefix(dir, "$"); ok {
		name, rest, _ := strings.Cut(rest, "/")
		dir = s.get(strings.Trim(name, "{}")) + "/" + rest
	}
	at := dir
	if at == "" {
		at = "."
	}
	list, err := s.p.ReadDir(at)
	if err != nil {
		return base, nil, t.quote
	}
	first := ""
	if len(t.words) > 0 && !t.redirect {
		first = t.words[0]
	}
	onlyDirs := first == "cd" || first == "rmdir" || first == "pushd"
	programs := len(t.words) == 0 && !t.redirect
	for _, i := range list {
		if !strings.HasPrefix(i.Name, base) || strings.HasPrefix(i.Name, ".") && base == "" {
			continue
		}
		full, err := s.p.Stat(dir + i.Name)
		isDir := err == nil && full.IsDir()
		switch {
		case isDir:
			found = append(found, match{i.Name, "/", i.Name + "/"})
		case onlyDirs, programs && (err != nil || full.Mode&0o111 == 0):
		default:
			found = append(found, match{i.Name, " ", i.Name})
		}
	}
	return base, sorted(found), t.quote
}

// knows tells the programs that know better than the shell what their arguments
// may be and can be asked, as bash-completion's scripts do.
func knows(program string) bool { return program == "docker" }

// Directives that a program answers with.
const (
	completeError   = 1
	completeNoSpace = 2
	completeNoFiles = 4
)

// askProgram asks a program itself, by the hidden command __completeNoDesc that
// programs made with cobra have. It answers false to leave it to file names.
func (s *Shell) askProgram(t typed, base string) ([]match, bool) {
	args := append([]string{t.words[0], "__completeNoDesc"}, t.words[1:]...)
	s.p.SetEnviron(s.environment())
	prog, full, err := s.p.Find(append(args, t.word))
	if err != nil {
		return nil, false
	}
	answer := &capture{}
	q := s.m.Start(userland.ProcSpec{
		Program: prog, Args: full, Env: s.environment(), Dir: s.p.Dir, Parent: s.p, NewGroup: true,
		Stdin: userland.NoInput{}, Stdout: answer, Stderr: io.Discard,
	})
	s.await(q)
	lines := strings.Split(strings.TrimRight(string(answer.b), "\n"), "\n")
	last, ok := strings.CutPrefix(lines[len(lines)-1], ":")
	directive, err := strconv.Atoi(last)
	if !ok || err != nil || directive&completeError != 0 {
		return nil, false
	}
	var found []match
	for _, l := range lines[:len(lines)-1] {
		if l, _, _ = strings.Cut(l, "\t"); l == "" || !strings.HasPrefix(l, base) {
			continue
		}
		m := match{l, " ", l}
		if directive&completeNoSpace != 0 || strings.HasSuffix(l, "=") {
			m.end = ""
		}
		found = append(found, m)
	}
	return sorted(found), len(found) > 0 || directive&completeNoFiles != 0
}

// manyMatches is how many matches bash lists without asking.
const manyMatches = 100

// complete is Tab: it inserts what all matches have in common; a second Tab
// lists them.
func (e *lineEditor) complete() error {
	before := string(e.line[:e.pos])
	base, found, quote := e.sh.complete(before)
	if len(found) == 0 {
		e.put("\a")
		return nil
	}
	common := found[0].name
	for _, m := range found[1:] {
		for !strings.HasPrefix(m.name, common) {
			r := []rune(common)
			common = string(r[:len(r)-1])
		}
	}
	more := escapeFor(common[len(base):], quote)
	if len(found) == 1 {
		if quote != 0 && found[0].end == " " {
			more += string(quote)
		}
		more += found[0].end
		if next := e.pos; next < len(e.line) && strings.HasSuffix(more, string(e.line[next])) && found[0].end != "" {
			more = more[:len(more)-1]
		}
	}
	if more != "" {
		e.insert([]rune(more))
		e.tabs = 0
		if len(found) > 1 {
			e.put("\a")
		}
		return nil
	}
	if e.tabs < 2 {
		e.put("\a")
		return nil
	}
	return e.list(found)
}

// escapeFor writes text so that the shell reads it as it is.
func escapeFor(text string, quote byte) string {
	special := " \t\n'\"\\$`|&;<>()*?[]#~!{}"
	switch quote {
	case '\'':
		return text
	case '"':
		special = "\"\\$`"
	}
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// list shows the matches in columns below the line, and the line again.
func (e *lineEditor) list(found []match) error {
	e.show(e.line, len(e.line))
	if e.put("\n"); len(found) >= manyMatches && e.sh.style != Ash {
		e.put("Display all " + strconv.Itoa(len(found)) + " possibilities? (y or n)")
		for {
			k, err := e.key()
			if err != nil {
				return err
			}
			if k == 'n' || k == 'N' || k == 127 || k == ctrl('C') || k == ctrl('G') {
				e.put("\n")
				e.begin(e.prompt)
				return nil
			}
			if k == 'y' || k == 'Y' || k == ' ' || k == '\t' {
				e.put("\n")
				break
			}
			e.put("\a")
		}
	}
	width := 0
	for _, m := range found {
		width = max(width, shownWidth(m.list)+2)
	}
	cols := max(1, e.columns()/width)
	rows := (len(found) + cols - 1) / cols
	var b strings.Builder
	for r := range rows {
		for k := r; k < len(found); k += rows {
			b.WriteString(found[k].list)
			if k+rows < len(found) {
				b.WriteString(strings.Repeat(" ", width-shownWidth(found[k].list)))
			}
		}
		b.WriteByte('\n')
	}
	e.put(b.String())
	e.begin(e.prompt)
	return nil
}
