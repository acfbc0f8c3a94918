package shell

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"dnetsim/userland"
)

// editScreen is what a line editor shows: a prompt and a line that wraps over
// the terminal's width. It writes only what has changed.
type editScreen struct {
	tty    *userland.TTY
	prompt string // the prompt's last line
	width  int    // its columns
	shown  []rune // the line as it stands on the screen
	cursor int    // where the cursor stands in shown
}

func (e *editScreen) columns() int {
	if c := e.tty.Size().Cols; c > 1 {
		return c
	}
	return 80
}

// begin prints a prompt at the start of a row, with no line after it yet.
func (e *editScreen) begin(prompt string) {
	e.tty.Write([]byte(prompt))
	e.prompt = prompt[strings.LastIndexByte(prompt, '\n')+1:]
	e.width = shownWidth(e.prompt)
	e.shown, e.cursor = nil, 0
	if e.width > 0 && e.width%e.columns() == 0 {
		e.tty.Write([]byte(" \r"))
	}
}

// reprompt takes the prompt and the line away and prints another prompt.
func (e *editScreen) reprompt(prompt string) {
	row, _ := e.place(e.shown, e.cursor)
	e.tty.Write([]byte("\r" + steps(row, 'A') + "\x1b[J"))
	e.begin(prompt)
}

// place is where rune n of a line stands, counted from the prompt's first row.
func (e *editScreen) place(line []rune, n int) (row, col int) {
	cols := e.columns()
	row, col = e.width/cols, e.width%cols
	for _, r := range line[:n] {
		row, col = advance(row, col, cols, r)
	}
	return row, col
}

// advance is where the cursor stands after a character. Newlines and tabs come by
// pasting only.
func advance(row, col, cols int, r rune) (int, int) {
	w := runeWidth(r)
	switch r {
	case '\n':
		return row + 1, 0
	case '\t':
		w = min(tabStop-col%tabStop, cols-col)
	}
	if col+w > cols {
		row, col = row+1, 0
	}
	if col += w; col >= cols {
		return row + 1, 0
	}
	return row, col
}

const tabStop = 8

// show makes the screen show a line with the cursor at pos.
func (e *editScreen) show(line []rune, pos int) {
	same := 0
	for same < len(line) && same < len(e.shown) && line[same] == e.shown[same] {
		same++
	}
	var b strings.Builder
	if same < len(line) || same < len(e.shown) {
		e.move(&b, same)
		if slices.Contains(e.shown, '\n') {
			b.WriteString("\x1b[J")
		}
		col := e.text(&b, line, same)
		if col == 0 && same < len(line) {
			b.WriteString(" \r") // the terminal waits with the wrap until the next character
		}
		oldRow, oldCol := e.place(e.shown, len(e.shown))
		row, col := e.place(line, len(line))
		switch {
		case oldRow > row:
			b.WriteString("\x1b[J")
		case oldRow == row && oldCol > col:
			b.WriteString("\x1b[K")
		}
		e.shown, e.cursor = append([]rune(nil), line...), len(line)
	}
	e.move(&b, pos)
	if b.Len() > 0 {
		e.tty.Write([]byte(b.String()))
	}
}

// text writes a line from rune n on and returns the column behind it.
func (e *editScreen) text(b *strings.Builder, line []rune, n int) int {
	cols := e.columns()
	_, col := e.place(line, n)
	for _, r := range line[n:] {
		_, next := advance(0, col, cols, r)
		switch {
		case r == '\t':
			b.WriteString(strings.Repeat(" ", min(tabStop-col%tabStop, cols-col)))
		case r != '\n' && col+runeWidth(r) > cols:
			b.WriteString(" " + string(r))
		default:
			b.WriteRune(r)
		}
		col = next
	}
	return col
}

// move moves the cursor to rune n of what is shown.
func (e *editScreen) move(b *strings.Builder, n int) {
	row, col := e.place(e.shown, e.cursor)
	toRow, toCol := e.place(e.shown, n)
	e.cursor = n
	switch {
	case toRow != row:
		b.WriteString(steps(row-toRow, 'A') + steps(toRow-row, 'B') + "\r" + steps(toCol, 'C'))
	case toCol < col && col-toCol < 4:
		b.WriteString(strings.Repeat("\b", col-toCol))
	default:
		b.WriteString(steps(col-toCol, 'D') + steps(toCol-col, 'C'))
	}
}

// steps is the sequence that moves the cursor n times, empty unless n > 0.
func steps(n int, way byte) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return "\x1b[" + string(way)
	}
	return fmt.Sprintf("\x1b[%d%c", n, way)
}

// shownWidth is how many columns a text takes, without its escape sequences.
func shownWidth(text string) int {
	n, escape := 0, rune(0)
	for _, r := range text {
		switch {
		case escape == 27 && (r == '[' || r == ']'):
			escape = r
		case escape == 27:
			escape = 0
		case escape == '[':
			if r >= '@' && r <= '~' {
				escape = 0
			}
		case escape == ']':
			if r == 7 {
				escape = 0
			}
		case r == 27:
			escape = r
		case r >= ' ':
			n += runeWidth(r)
		}
	}
	return n
}

// wide are the ranges of characters that take two columns.
var wide = [][2]rune{
	{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
	{0x20000, 0x3fffd},
}

// runeWidth is how many columns a character takes.
func runeWidth(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}
