package programs

import (
	"fmt"
	"slices"
	"strings"
)

// viKeys are the modes of vi: commands, insertion, and the line at the foot that
// begins with : or /.
type viKeys struct {
	inserting bool
	line      string // with its first character; empty if there is none
	pending   int    // d, y, g or Z that waits for its second key
	register  string // the line that p puts
	last      string // what n looks for
	before    viState
}

// viState is what u brings back.
type viState struct {
	lines    []string
	row, col int
}

// vi edits a file by the keys of vi that everybody knows.
func vi(c *invocation) int {
	v := &viKeys{}
	return onTerminal(c, v.press, v.draw)
}

func (v *viKeys) draw(e *editing) {
	line, at := e.status, -1
	switch {
	case v.line != "":
		line, at = v.line, len(v.line)
	case v.inserting:
		line = "-- INSERT --"
	case line == "" && e.path != "":
		line = fmt.Sprintf("%q %dL", e.path, len(e.lines))
		if e.fresh {
			line = fmt.Sprintf("%q [New]", e.path)
		}
	}
	e.show(nil, "~", []string{line}, at)
	e.status = ""
}

func (v *viKeys) press(e *editing, k int) (done bool) {
	switch {
	case v.line != "":
		return v.typeLine(e, k)
	case v.inserting && k == 0x1b:
		v.inserting = false
		e.move(keyLeft, 0)
	case v.inserting:
		e.move(k, 1)
		e.insert(k)
	case v.pending != 0:
		first := v.pending
		v.pending = 0
		return v.second(e, first, k)
	default:
		v.command(e, k)
	}
	return false
}

// remember keeps the text as it is, for u.
func (v *viKeys) remember(e *editing) {
	v.before = viState{slices.Clone(e.lines), e.row, e.col}
}

var viMoves = map[int]int{'h': keyLeft, 'j': keyDown, 'k': keyUp, 'l': keyRight, '0': keyHome, '$': keyEnd, ' ': keyRight, 8: keyLeft, 0x7f: keyLeft, '\r': keyDown}

func (v *viKeys) command(e *editing, k int) {
	if m, ok := viMoves[k]; ok {
		k = m
	}
	switch k {
	case 'i', 'a', 'I', 'A', 'o', 'O':
		v.insertion(e, k)
	case 'x':
		if l := e.lines[e.row]; l != "" {
			v.remember(e)
			e.lines[e.row], e.dirty = l[:e.col]+l[e.col+1:], true
		}
	case 'p', 'P':
		v.remember(e)
		at := e.row
		if k == 'p' {
			at++
		}
		e.lines = slices.Insert(e.lines, at, v.register)
		e.row, e.col, e.dirty = at, 0, true
	case 'u':
		if v.before.lines != nil {
			now := viState{e.lines, e.row, e.col}
			e.lines, e.row, e.col, e.dirty = v.before.lines, v.before.row, v.before.col, true
			v.before = now
		}
	case 'n':
		v.search(e, v.last)
	case 'G':
		e.row = len(e.lines) - 1
	case 'd', 'y', 'g', 'Z':
		v.pending = k
	case ':', '/':
		v.line = string(rune(k))
	}
	if !v.inserting {
		e.move(k, 0)
	}
}

// insertion begins to insert where the key says.
func (v *viKeys) insertion(e *editing, k int) {
	v.remember(e)
	v.inserting = true
	switch k {
	case 'a':
		e.move(keyRight, 1)
	case 'I':
		e.col = len(e.lines[e.row]) - len(strings.TrimLeft(e.lines[e.row], " \t"))
	case 'A':
		e.move(keyEnd, 1)
	case 'o':
		e.row++
		fallthrough
	case 'O':
		e.lines = slices.Insert(e.lines, e.row, "")
		e.col, e.dirty = 0, true
	}
}

// second is the second key of a command of two.
func (v *viKeys) second(e *editing, first, k int) (done bool) {
	switch string([]rune{rune(first), rune(k)}) {
	case "dd":
		v.remember(e)
		v.register = e.removeLine()
	case "yy":
		v.register = e.lines[e.row]
	case "gg":
		e.row, e.col = 0, 0
	case "ZZ":
		return v.run(e, "x")
	case "ZQ":
		return true
	}
	return false
}

// typeLine is a key of the line at the foot.
func (v *viKeys) typeLine(e *editing, k int) (done bool) {
	switch {
	case k == 0x1b || k == 3:
		v.line = ""
	case k == 0x7f || k == 8:
		v.line = v.line[:len(v.line)-1]
	case k == '\r' || k == '\n':
		line := v.line
		v.line = ""
		if line[0] == '/' {
			v.search(e, line[1:])
			return false
		}
		return v.run(e, strings.TrimSpace(line[1:]))
	case k >= ' ':
		v.line += string([]byte{byte(k)})
	}
	return false
}

func (v *viKeys) search(e *editing, text string) {
	if text != "" {
		v.last = text
	}
	if !e.find(v.last) {
		e.status = "E486: Pattern not found: " + v.last
	}
}

// run is a command behind the colon.
func (v *viKeys) run(e *editing, line string) (done bool) {
	name, path, _ := strings.Cut(line, " ")
	name, force := strings.CutSuffix(name, "!")
	if path == "" {
		path = e.path
	}
	if name == "x" && !e.dirty {
		name = "q"
	}
	switch name {
	case "":
	case "w", "wq", "x":
		if path == "" {
			e.status = "E32: No file name"
			return false
		}
		return e.save(path) && name != "w"
	case "q":
		if e.dirty && !force {
			e.status = "E37: No write since last change (add ! to override)"
			return false
		}
		return true
	default:
		n := 0
		if _, err := fmt.Sscanf(name, "%d", &n); err == nil {
			e.row = n - 1
			e.move(keyHome, 0)
			return false
		}
		e.status = "E492: Not an editor command: " + line
	}
	return false
}
