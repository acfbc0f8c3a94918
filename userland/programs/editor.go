package programs

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"dnetsim/userland"
)

// editing is a file on a terminal: the lines, the cursor, and the part that is
// seen. vi and nano are two sets of keys for it.
type editing struct {
	c        *invocation
	path     string
	lines    []string
	row, col int // of the cursor, in the file; bytes
	top      int // the first line that is seen
	dirty    bool
	fresh    bool // the file is not there yet
	status   string
	typed    []byte // keys that were read and not yet taken
}

// Keys that are more than a character.
const (
	keyUp = -1 - iota
	keyDown
	keyRight
	keyLeft
	keyHome
	keyEnd
	keyNone // of no meaning here
	keyGone // the terminal is gone
)

var sequences = map[string]int{
	"A": keyUp, "B": keyDown, "C": keyRight, "D": keyLeft, "H": keyHome, "F": keyEnd, "1~": keyHome, "4~": keyEnd,
}

// onTerminal opens a file and gives its keys to press until that is done.
func onTerminal(c *invocation, press func(*editing, int) bool, draw func(*editing)) int {
	tty := c.TTY
	if tty == nil || !userland.IsTTY(c.Stdin) || !userland.IsTTY(c.Stdout) {
		return c.fail("standard input is not a terminal; write the file with cat > FILE <<EOF")
	}
	e := &editing{c: c, lines: []string{""}}
	for _, a := range c.Args[1:] {
		if !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "+") {
			e.path = a
		}
	}
	if e.path != "" {
		data, err := c.ReadFile(e.path)
		if e.fresh = err != nil; !e.fresh && len(data) > 0 {
			e.lines = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
	}
	tty.SetEditing(true)
	defer tty.SetEditing(false)
	c.Printf("\x1b[?1049h")
	defer c.Printf("\x1b[?1049l")
	for {
		draw(e)
		if k := e.key(); k == keyGone || press(e, k) {
			return 0
		}
	}
}

// key waits for a key: a byte, or one of the negative numbers above.
func (e *editing) key() int {
	for len(e.typed) == 0 {
		b := make([]byte, 256)
		n, err := e.c.Stdin.Read(b)
		if err != nil && !userland.Interrupted(err) {
			return keyGone
		}
		e.typed = b[:n]
	}
	k := e.typed[0]
	e.typed = e.typed[1:]
	if k != 0x1b || len(e.typed) < 2 || e.typed[0] != '[' && e.typed[0] != 'O' {
		return int(k)
	}
	end := 1 + bytes.IndexFunc(e.typed[1:], func(r rune) bool { return r >= '@' && r <= '~' })
	if end == 0 {
		return int(k)
	}
	known, ok := sequences[string(e.typed[1:end+1])]
	e.typed = e.typed[end+1:]
	if ok {
		return known
	}
	return keyNone
}

// move is what an arrow does; past is 1 where the cursor may be behind the last
// character, as while typing.
func (e *editing) move(k, past int) {
	switch k {
	case keyUp:
		e.row--
	case keyDown:
		e.row++
	case keyLeft:
		e.col--
	case keyRight:
		e.col++
	case keyHome:
		e.col = 0
	case keyEnd:
		e.col = len(e.lines[min(e.row, len(e.lines)-1)])
	}
	e.row = max(0, min(e.row, len(e.lines)-1))
	e.col = max(0, min(e.col, len(e.lines[e.row])-1+past))
}

// insert types a key into the text.
func (e *editing) insert(k int) {
	l := e.lines[e.row]
	switch {
	case k == '\r' || k == '\n':
		e.lines = slices.Insert(e.lines, e.row+1, l[e.col:])
		e.lines[e.row] = l[:e.col]
		e.row, e.col = e.row+1, 0
	case k == 0x7f || k == 8:
		if e.col == 0 && e.row == 0 {
			return
		}
		if e.col == 0 {
			e.row--
			e.col = len(e.lines[e.row])
			e.lines[e.row] += l
			e.lines = slices.Delete(e.lines, e.row+1, e.row+2)
			break
		}
		e.col--
		e.lines[e.row] = l[:e.col] + l[e.col+1:]
	case k >= ' ' || k == '\t':
		e.lines[e.row] = l[:e.col] + string([]byte{byte(k)}) + l[e.col:]
		e.col++
	default:
		return
	}
	e.dirty = true
}

// removeLine takes the cursor's line out and returns it.
func (e *editing) removeLine() string {
	l := e.lines[e.row]
	e.lines = slices.Delete(e.lines, e.row, e.row+1)
	if len(e.lines) == 0 {
		e.lines = []string{""}
	}
	e.dirty = true
	e.move(keyNone, 0)
	e.col = 0
	return l
}

// find goes to the next place of a text behind the cursor, round the end.
func (e *editing) find(text string) bool {
	for i := 0; i <= len(e.lines) && text != ""; i++ {
		row, from := (e.row+i)%len(e.lines), 0
		if i == 0 {
			from = min(e.col+1, len(e.lines[row]))
		}
		if at := strings.Index(e.lines[row][from:], text); at >= 0 {
			e.row, e.col = row, from+at
			return true
		}
	}
	return false
}

// save writes the file and reports whether it could.
func (e *editing) save(path string) bool {
	text := strings.Join(e.lines, "\n") + "\n"
	if err := e.c.WriteFile(path, []byte(text)); err != nil {
		e.status = fmt.Sprintf("%q %s", path, err)
		return false
	}
	e.path, e.dirty, e.fresh = path, false, false
	e.status = fmt.Sprintf("%q %dL, %dB written", path, len(e.lines), len(text))
	return true
}

// show draws the text in the given number of rows below head, fill where there
// is no line, then foot, and puts the cursor; at is where it is if not in the text.
func (e *editing) show(head []string, fill string, foot []string, at int) {
	size := e.c.TTY.Size()
	rows := max(1, size.Rows-len(head)-len(foot))
	e.top = min(max(e.top, e.row-rows+1), e.row)
	screen := append([]string(nil), head...)
	for i := e.top; i < e.top+rows; i++ {
		if i < len(e.lines) {
			screen = append(screen, strings.ReplaceAll(e.lines[i], "\t", " "))
		} else {
			screen = append(screen, fill)
		}
	}
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, l := range append(screen, foot...) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l[:min(len(l), size.Cols)] + "\x1b[K")
	}
	row, col := len(head)+e.row-e.top+1, min(e.col, size.Cols-1)+1
	if at >= 0 {
		row, col = len(head)+rows+1, at+1
	}
	fmt.Fprintf(&b, "\x1b[%d;%dH", row, col)
	e.c.Printf("%s", b.String())
}

// nano edits as one types: ^O writes, ^X leaves, ^W finds, ^K cuts, ^U pastes.
func nano(c *invocation) int {
	n := &nanoKeys{}
	return onTerminal(c, n.press, n.draw)
}

type nanoKeys struct {
	question string // what is asked at the foot, and what is answered so far
	answer   string
	leaving  bool
	cut      []string
}

const (
	nanoSave  = "File Name to Write: "
	nanoFind  = "Search: "
	nanoLeave = "Save modified buffer? (y/n, ^C: no) "
)

func (n *nanoKeys) draw(e *editing) {
	name, changed, at, line := e.path, "", -1, e.status
	if name == "" {
		name = "New Buffer"
	}
	if e.dirty {
		changed = "Modified"
	}
	if n.question != "" {
		line = n.question + n.answer
		at = len(line)
	}
	e.show([]string{fmt.Sprintf("\x1b[m  GNU nano 7.2   %s   %s", name, changed)}, "", []string{line, "^O Write Out   ^X Exit   ^W Where Is   ^K Cut   ^U Paste"}, at)
	e.status = ""
}

func (n *nanoKeys) press(e *editing, k int) (done bool) {
	if n.question != "" {
		return n.reply(e, k)
	}
	switch k {
	case 'O' & 0x1f:
		n.question, n.answer = nanoSave, e.path
	case 'W' & 0x1f:
		n.question, n.answer = nanoFind, ""
	case 'X' & 0x1f:
		if !e.dirty {
			return true
		}
		n.question, n.leaving = nanoLeave, true
	case 'K' & 0x1f:
		n.cut = append(n.cut, e.removeLine())
		return false
	case 'U' & 0x1f:
		e.lines = slices.Insert(e.lines, e.row, n.cut...)
		e.row, e.col, e.dirty, n.cut = e.row+len(n.cut), 0, true, nil
	default:
		e.move(k, 1)
		e.insert(k)
	}
	return false
}

// reply is a key of the answer to a question.
func (n *nanoKeys) reply(e *editing, k int) (done bool) {
	switch {
	case k == 3:
		n.question, n.leaving = "", false
	case n.question == nanoLeave:
		switch k {
		case 'n', 'N':
			return true
		case 'y', 'Y':
			n.question, n.answer = nanoSave, e.path
		}
	case k == '\r' || k == '\n':
		asked, leaving := n.question, n.leaving
		n.question, n.leaving = "", false
		if asked == nanoFind {
			if !e.find(n.answer) {
				e.status = fmt.Sprintf("[ %q not found ]", n.answer)
			}
			return false
		}
		if n.answer == "" || !e.save(n.answer) {
			return false
		}
		e.status = fmt.Sprintf("[ Wrote %d lines ]", len(e.lines))
		return leaving
	case k == 0x7f || k == 8:
		n.answer = n.answer[:max(0, len(n.answer)-1)]
	case k >= ' ':
		n.answer += string([]byte{byte(k)})
	}
	return false
}
