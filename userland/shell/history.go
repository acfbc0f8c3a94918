package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// maxHistory is how many lines a shell remembers, as HISTSIZE says by default.
const maxHistory = 500

// history is what has been typed at a shell, oldest first. A shell begins with
// its user's file and adds to it: ash after every line, bash when it ends.
type history struct {
	lines []string
	base  int // how many older lines have been forgotten
	fresh int // how many lines at the end the file does not have
}

// historyFile is where the shell keeps its history, "" if nowhere.
func (s *Shell) historyFile() string {
	name := "/.bash_history"
	if s.style == Ash {
		name = "/.ash_history"
	}
	if v := s.vars["HISTFILE"]; v.IsSet() {
		return v.String()
	}
	home := strings.TrimSuffix(s.get("HOME"), "/")
	if !userland.Exists(s.p, home+"/") {
		return ""
	}
	return home + name
}

func (s *Shell) loadHistory() *history {
	h := &history{}
	file := s.historyFile()
	if file == "" {
		return h
	}
	data, err := s.p.ReadFile(file)
	if err != nil {
		return h
	}
	for _, l := range strings.Split(string(data), "\n") {
		if l = oneLine(l); l != "" {
			h.lines = append(h.lines, l)
		}
	}
	h.lines = h.lines[max(0, len(h.lines)-maxHistory):]
	return h
}

// oneLine makes a text fit for one line of the editor.
func oneLine(text string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r < ' ' || r == 127 {
			return ' '
		}
		return r
	}, text), " ")
}

// remember adds a command, which may be of several lines.
func (s *Shell) remember(text string) {
	h := s.history
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if s.style != Ash && !strings.Contains(text, "<<") && !quotedNewline(lines) {
		lines = []string{joinLines(lines)}
	}
	for _, l := range lines {
		control := s.get("HISTCONTROL")
		both := s.style != Ash && strings.Contains(control, "ignoreboth")
		if strings.HasPrefix(l, " ") && s.style != Ash && (both || strings.Contains(control, "ignorespace")) {
			continue
		}
		if l = oneLine(l); strings.TrimSpace(l) == "" {
			continue
		}
		if n := len(h.lines); n > 0 && h.lines[n-1] == l && (s.style == Ash || both || strings.Contains(control, "ignoredups")) {
			continue
		}
		h.lines = append(h.lines, l)
		h.fresh++
		if len(h.lines) > maxHistory {
			h.lines = slices.Delete(h.lines, 0, 1)
			h.base++
		}
	}
	if s.style == Ash {
		s.saveHistory()
	}
}

// saveHistory appends what the file does not have.
func (s *Shell) saveHistory() {
	h := s.history
	file := s.historyFile()
	h.fresh = min(h.fresh, len(h.lines))
	if file == "" || h.fresh == 0 {
		return
	}
	f, err := s.p.OpenFile(file, userland.O_WRONLY|userland.O_CREAT|userland.O_APPEND, 0o600)
	if err != nil {
		return
	}
	for _, l := range h.lines[len(h.lines)-h.fresh:] {
		f.Write([]byte(l + "\n"))
	}
	f.Close()
	h.fresh = 0
}

// quotedNewline reports whether a line ends within quotes.
func quotedNewline(lines []string) bool {
	for i := range lines {
		if parseTyped(strings.Join(lines[:i+1], "\n")).quote != 0 {
			return true
		}
	}
	return false
}

// joinLines writes a command of several lines in one, as bash does for its
// history.
func joinLines(lines []string) string {
	out := lines[0]
	for _, l := range lines[1:] {
		trimmed := strings.TrimRight(out, " \t")
		word := trimmed[strings.LastIndexAny(trimmed, " \t;")+1:]
		switch {
		case strings.HasSuffix(out, `\`):
			out = strings.TrimSuffix(out, `\`) + l
			continue
		case keywords[word] && word != "fi" && word != "done" && word != "esac" && word != "}",
			strings.HasSuffix(trimmed, "&"), strings.HasSuffix(trimmed, "|"), strings.HasSuffix(trimmed, ";"),
			strings.HasSuffix(trimmed, "("), strings.HasSuffix(trimmed, ")"), trimmed == "":
			out = trimmed + " " + strings.TrimLeft(l, " \t")
		default:
			out = trimmed + "; " + strings.TrimLeft(l, " \t")
		}
	}
	return out
}

// history_ is history [-c] [-d N] [-w] [N].
func history_(s *Shell, args []string) int {
	h := s.history
	if h == nil {
		return 0
	}
	from := 0
	for k := 1; k < len(args); k++ {
		a := args[k]
		switch {
		case a == "-c":
			h.lines, h.fresh, h.base = nil, 0, 0
			return 0
		case a == "-w" || a == "-a":
			s.saveHistory()
			return 0
		case a == "-d" && k+1 < len(args):
			n, err := strconv.Atoi(args[k+1])
			if n -= h.base + 1; err != nil || n < 0 || n >= len(h.lines) {
				s.complain("history", args[k+1]+": history position out of range")
				return 1
			}
			h.lines = slices.Delete(h.lines, n, n+1)
			return 0
		}
		n, err := strconv.Atoi(a)
		if err != nil || n < 0 {
			s.complain("history", a+": numeric argument required")
			return 1
		}
		from = max(0, len(h.lines)-n)
	}
	for i, l := range h.lines[from:] {
		if s.style == Ash {
			fmt.Fprintf(s.out(), "%4d %s\n", h.base+from+i, l)
		} else {
			fmt.Fprintf(s.out(), "%5d  %s\n", h.base+from+i+1, l)
		}
	}
	return 0
}

// expand replaces !!, !$, !N, !-N and !TEXT as bash does at its prompt,
// outside single quotes. An event that is not there is an error.
func (h *history) expand(line string) (text string, changed bool, missing string) {
	var b strings.Builder
	single := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && !single && i+1 < len(line):
			b.WriteString(line[i : i+2])
			i++
			continue
		case c == '\'':
			single = !single
		}
		if c != '!' || single || i+1 == len(line) || strings.IndexByte(" \t\n=(\"';|&)]}", line[i+1]) >= 0 || i > 0 && (line[i-1] == '$' || line[i-1] == '[' || line[i-1] == '{') {
			b.WriteByte(c)
			continue
		}
		end := i + 1
		event := ""
		switch c := line[end]; {
		case c == '!' || c == '$':
			end++
			event = line[i+1 : end]
		default:
			for end < len(line) && strings.IndexByte(" \t\n;|&()'\"", line[end]) < 0 {
				end++
			}
			event = line[i+1 : end]
		}
		l, ok := h.event(event)
		if !ok {
			return "", false, "!" + event
		}
		b.WriteString(l)
		changed = true
		i = end - 1
	}
	return b.String(), changed, ""
}

func (h *history) event(name string) (string, bool) {
	n := len(h.lines)
	if n == 0 {
		return "", false
	}
	switch name {
	case "!":
		return h.lines[n-1], true
	case "$":
		words := strings.Fields(h.lines[n-1])
		return words[len(words)-1], true
	}
	if k, err := strconv.Atoi(name); err == nil {
		if k < 0 {
			k += n
		} else {
			k -= h.base + 1
		}
		if k < 0 || k >= n {
			return "", false
		}
		return h.lines[k], true
	}
	for i := n - 1; i >= 0; i-- {
		if strings.HasPrefix(h.lines[i], name) {
			return h.lines[i], true
		}
	}
	return "", false
}
