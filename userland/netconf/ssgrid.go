package netconf

import "strings"

// ssColumn is a column of ss: how it is aligned and what stands before it.
type ssColumn struct {
	head   string
	delim  string
	right  bool
	hidden bool
	max    int
	width  int
}

// ssGrid lays out ss's output: every column is as wide as its widest cell, and
// on a terminal the room that is left is spread over the columns of a line.
type ssGrid struct {
	cols []ssColumn
	rows [][]string
}

func (g *ssGrid) columns(netid, state bool) {
	g.cols = []ssColumn{
		{head: "Netid", hidden: !netid},
		{head: "State", delim: " ", hidden: !state},
		{head: "Recv-Q", delim: " "},
		{head: "Send-Q", delim: " "},
		{head: "Local Address:", delim: " ", right: true},
		{head: "Port"},
		{head: "Peer Address:", delim: " ", right: true},
		{head: "Port"},
		{head: "Process"},
	}
}

func (g *ssGrid) header() {
	row := make([]string, len(g.cols))
	for n, c := range g.cols {
		row[n] = c.head
	}
	g.rows = append(g.rows, row)
}

// add adds a row; the queue columns are never narrower than six, and the
// addresses get the colon that stands before the port.
func (g *ssGrid) add(row []string) {
	for _, n := range []int{2, 3} {
		for len(row[n]) < 6 {
			row[n] += " "
		}
	}
	row[4] += ":"
	row[6] += ":"
	g.rows = append(g.rows, row)
}

// render prints the grid for a screen of that width; a width below one is a
// pipe, where nothing is spread.
func (g *ssGrid) render(screen int) string {
	g.measure(screen)
	var b strings.Builder
	for _, row := range g.rows {
		started := false
		for n, c := range g.cols {
			if c.hidden {
				continue
			}
			text := row[n]
			printed := 0
			if started {
				b.WriteString(c.delim)
				printed = len(c.delim)
			}
			started = true
			pad := strings.Repeat(" ", max(0, c.width-len(text)-printed))
			if c.right {
				b.WriteString(pad + text)
				continue
			}
			b.WriteString(text + pad)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (g *ssGrid) measure(screen int) {
	first := true
	total, shown := 0, 0
	for n := range g.cols {
		c := &g.cols[n]
		if c.hidden {
			continue
		}
		for _, row := range g.rows {
			c.max = max(c.max, len(row[n]))
		}
		c.width = c.max
		if !first && c.max > 0 {
			c.width += len(c.delim)
		}
		if c.width > 0 {
			first = false
			shown++
			total += c.width
		}
	}
	if screen <= total || shown == 0 {
		return
	}
	spread, rest := (screen-total)/shown, (screen-total)%shown
	for n := len(g.cols) - 1; n >= 0; n-- {
		c := &g.cols[n]
		if c.width == 0 {
			continue
		}
		c.width += spread
		if rest > 0 {
			c.width++
			rest--
		}
	}
}
