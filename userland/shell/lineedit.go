package shell

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dnetsim/sim"
	"dnetsim/userland"
)

// lineEditor reads lines from a terminal with the keys of readline, which are
// those of ash's editor too. The terminal is in editing mode only while it reads.
type lineEditor struct {
	editScreen
	sh      *Shell
	hist    *history
	line    []rune
	pos     int
	at      int            // which line of the history is shown; its length: none
	drafts  map[int][]rune // lines of the history as changed since the prompt
	killed  []rune
	killing bool // the last key killed: more goes to the same text
	tabs    int  // how many Tabs came in a row
	args    int  // how many ESC . came in a row
	argLen  int
	ended   bool
	pasting bool
}

// key is a character, a control character, or one of the following.
type key rune

const (
	keyUp key = 0x110000 + iota
	keyDown
	keyLeft
	keyRight
	keyHome
	keyEnd
	keyDelete
	keyWordLeft
	keyWordRight
	keyPaste
	keyPasted
	keyNone
	keyMeta key = 0x120000 // + character
)

// ctrl is a control character's key.
func ctrl(c rune) key { return key(c & 31) }

// read shows a prompt and returns the line that is typed, with its newline. It
// returns io.EOF for ^D at the start of a line and sim.ErrInterrupted for ^C.
func (e *lineEditor) read(prompt string) (string, error) {
	e.line, e.pos, e.at, e.drafts = nil, 0, len(e.hist.lines), map[int][]rune{}
	e.killing, e.tabs, e.args, e.ended, e.pasting = false, 0, 0, false, false
	e.tty.SetEditing(true)
	defer e.tty.SetEditing(false)
	e.tty.BracketPaste(true)
	defer e.tty.BracketPaste(false)
	e.begin(prompt)
	for {
		k, err := e.key()
		if err == nil && k == ctrl('R') {
			k, err = e.search(prompt)
		}
		if err == nil {
			err = e.press(k)
		}
		if err != nil {
			return "", err
		}
		if e.ended {
			return string(e.line) + "\n", nil
		}
	}
}

func (e *lineEditor) byte() (byte, error) {
	var b [1]byte
	for {
		if n, err := e.tty.Read(b[:]); n == 1 || err != nil {
			return b[0], err
		}
	}
}

// key reads one key.
func (e *lineEditor) key() (key, error) {
	c, err := e.byte()
	if err != nil {
		return keyNone, err
	}
	if c == 27 {
		return e.escape()
	}
	if c < utf8.RuneSelf {
		return key(c), nil
	}
	b := []byte{c}
	for !utf8.FullRune(b) {
		if c, err = e.byte(); err != nil {
			return keyNone, err
		}
		b = append(b, c)
	}
	r, _ := utf8.DecodeRune(b)
	return key(r), nil
}

// escape reads the rest of an escape sequence.
func (e *lineEditor) escape() (key, error) {
	c, err := e.byte()
	for err == nil && c == 27 {
		c, err = e.byte()
	}
	if err != nil {
		return keyNone, err
	}
	if c != '[' && c != 'O' {
		return keyMeta + key(c), nil
	}
	seq := ""
	for {
		d, err := e.byte()
		if err != nil {
			return keyNone, err
		}
		seq += string(rune(d))
		if c == 'O' || d >= '@' && d <= '~' || len(seq) > 16 {
			break
		}
	}
	if k, ok := sequences[seq]; ok {
		return k, nil
	}
	return keyNone, nil
}

// sequences are the keys that send ESC [ or ESC O.
var sequences = map[string]key{
	"A": keyUp, "B": keyDown, "C": keyRight, "D": keyLeft, "H": keyHome, "F": keyEnd,
	"1~": keyHome, "7~": keyHome, "4~": keyEnd, "8~": keyEnd, "3~": keyDelete,
	"1;5C": keyWordRight, "1;5D": keyWordLeft, "1;3C": keyWordRight, "1;3D": keyWordLeft, "5C": keyWordRight, "5D": keyWordLeft,
	"200~": keyPaste, "201~": keyPasted,
}

// press does what a key does.
func (e *lineEditor) press(k key) error {
	killing, tabs, args := e.killing, e.tabs, e.args
	e.killing, e.tabs, e.args = false, 0, 0
	if e.pasting && (k == '\r' || k == '\n' || k == '\t') { // a paste runs and completes nothing
		if k == '\r' {
			k = '\n'
		}
		if len(e.line) < maxLine {
			e.insert([]rune{rune(k)})
		}
		e.refresh()
		return nil
	}
	switch k {
	case '\r', '\n':
		e.pos = len(e.line)
		e.refresh()
		e.ended = true
		e.put("\n")
		return nil
	case ctrl('C'):
		return e.interrupt()
	case ctrl('D'):
		if len(e.line) == 0 {
			return io.EOF
		}
		e.cut(e.pos, e.pos+1)
	case '\t':
		e.tabs = tabs + 1
		if err := e.complete(); err != nil {
			return err
		}
	case ctrl('L'):
		e.put("\x1b[H\x1b[2J")
		e.begin(e.prompt)
	case keyUp, ctrl('P'):
		e.recall(e.at - 1)
	case keyDown, ctrl('N'):
		e.recall(e.at + 1)
	case keyMeta + '<':
		e.recall(0)
	case keyMeta + '>':
		e.recall(len(e.hist.lines))
	case keyPaste, keyPasted:
		e.pasting = k == keyPaste
	case keyMeta + '.', keyMeta + '_':
		e.lastArgument(args)
	case ctrl('K'):
		e.kill(e.pos, len(e.line), killing)
	case ctrl('U'):
		e.kill(0, e.pos, killing)
	case ctrl('W'):
		e.kill(e.wordLeft(blank), e.pos, killing)
	case keyMeta + 127, keyMeta + 8:
		e.kill(e.wordLeft(punctuation), e.pos, killing)
	case keyMeta + 'd':
		e.kill(e.pos, e.wordRight(), killing)
	case ctrl('Y'):
		e.insert(e.killed)
	case ctrl('T'):
		e.transpose()
	default:
		e.edit(k)
	}
	e.refresh()
	return nil
}

// edit is press for the keys that move, delete and insert.
func (e *lineEditor) edit(k key) {
	switch k {
	case keyLeft, ctrl('B'):
		e.pos = max(e.pos-1, 0)
	case keyRight, ctrl('F'):
		e.pos = min(e.pos+1, len(e.line))
	case keyHome, ctrl('A'):
		e.pos = 0
	case keyEnd, ctrl('E'):
		e.pos = len(e.line)
	case keyWordLeft, keyMeta + 'b':
		e.pos = e.wordLeft(punctuation)
	case keyWordRight, keyMeta + 'f':
		e.pos = e.wordRight()
	case 127, ctrl('H'):
		if e.pos > 0 {
			e.cut(e.pos-1, e.pos)
		}
	case keyDelete:
		e.cut(e.pos, e.pos+1)
	default:
		if k >= ' ' && k < keyUp && len(e.line) < maxLine {
			e.insert([]rune{rune(k)})
		}
	}
}

func (e *lineEditor) put(text string) { e.tty.Write([]byte(text)) }

func (e *lineEditor) refresh() { e.show(e.line, e.pos) }

// interrupt drops the line, unless the shell ignores SIGINT.
func (e *lineEditor) interrupt() error {
	p := e.sh.p
	if p.Ignores(userland.SIGINT) {
		return nil
	}
	e.pos = len(e.line)
	e.refresh()
	e.put("^C")
	p.Raise(userland.SIGINT)
	return sim.ErrInterrupted
}

func (e *lineEditor) insert(text []rune) {
	e.line = slices.Insert(e.line, e.pos, text...)
	e.pos += len(text)
}

// cut takes line[from:to] away, as far as there is that much.
func (e *lineEditor) cut(from, to int) []rune {
	to = min(to, len(e.line))
	if from >= to {
		return nil
	}
	gone := slices.Clone(e.line[from:to])
	e.line = slices.Delete(e.line, from, to)
	if e.pos > from {
		e.pos = max(from, e.pos-(to-from))
	}
	return gone
}

// kill is cut for ^Y to bring back; more adds to the last text killed.
func (e *lineEditor) kill(from, to int, more bool) {
	before := from < e.pos
	gone := e.cut(from, to)
	e.killing = true
	switch {
	case len(gone) == 0:
	case more && before:
		e.killed = append(gone, e.killed...)
	case more:
		e.killed = append(e.killed, gone...)
	default:
		e.killed = gone
	}
}

func (e *lineEditor) transpose() {
	if e.pos == 0 || len(e.line) < 2 {
		return
	}
	e.pos = min(e.pos+1, len(e.line))
	i := e.pos - 1
	e.line[i-1], e.line[i] = e.line[i], e.line[i-1]
}

func blank(r rune) bool       { return unicode.IsSpace(r) }
func punctuation(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func (e *lineEditor) wordLeft(between func(rune) bool) int {
	i := e.pos
	for i > 0 && between(e.line[i-1]) {
		i--
	}
	for i > 0 && !between(e.line[i-1]) {
		i--
	}
	return i
}

func (e *lineEditor) wordRight() int {
	i := e.pos
	for i < len(e.line) && punctuation(e.line[i]) {
		i++
	}
	for i < len(e.line) && !punctuation(e.line[i]) {
		i++
	}
	return i
}

// recall shows a line of the history; what was changed in the one shown stays
// until the next prompt.
func (e *lineEditor) recall(to int) {
	if to < 0 || to > len(e.hist.lines) {
		e.put("\a")
		return
	}
	e.drafts[e.at] = e.line
	e.at = to
	line, ok := e.drafts[to]
	if !ok && to < len(e.hist.lines) {
		line = []rune(e.hist.lines[to])
	}
	e.line, e.pos = slices.Clone(line), len(line)
}

// lastArgument inserts the last word of the line n+1 commands ago in place of
// the one that the key inserted before.
func (e *lineEditor) lastArgument(n int) {
	i := len(e.hist.lines) - 1 - n
	if i < 0 {
		e.put("\a")
		return
	}
	if n > 0 {
		e.cut(e.pos-e.argLen, e.pos)
	}
	words := strings.Fields(e.hist.lines[i])
	word := []rune(words[len(words)-1])
	e.insert(word)
	e.args, e.argLen = n+1, len(word)
}

// search is ^R: it finds lines of the history that contain what is typed, and
// returns the key that ended the search.
func (e *lineEditor) search(prompt string) (key, error) {
	prompt = prompt[strings.LastIndexByte(prompt, '\n')+1:]
	line, pos, at := e.line, e.pos, e.at
	var query []rune
	found := at
	failed := false
	look := func(from int) {
		for i := min(from, len(e.hist.lines)-1); i >= 0; i-- {
			if k := strings.Index(e.hist.lines[i], string(query)); k >= 0 {
				found, failed = i, false
				e.line = []rune(e.hist.lines[i])
				e.pos = utf8.RuneCountInString(e.hist.lines[i][:k])
				e.at = i
				return
			}
		}
		failed = true
		e.put("\a")
	}
	for {
		head := "(reverse-i-search)`"
		if failed {
			head = "(failed reverse-i-search)`"
		}
		e.reprompt(head + string(query) + "': ")
		e.refresh()
		k, err := e.key()
		switch {
		case err != nil:
			return k, err
		case k == ctrl('R'):
			if len(query) > 0 {
				look(found - 1)
			}
		case k == 127 || k == ctrl('H'):
			if len(query) > 0 {
				query = query[:len(query)-1]
				e.line, e.pos, e.at, failed = line, pos, at, false
				if len(query) > 0 {
					look(len(e.hist.lines) - 1)
				}
			}
		case k >= ' ' && k < keyUp:
			query = append(query, rune(k))
			look(found)
		default:
			if k == ctrl('G') {
				e.line, e.pos, e.at, k = line, pos, at, keyNone
			}
			e.reprompt(prompt)
			e.refresh()
			return k, nil
		}
	}
}
