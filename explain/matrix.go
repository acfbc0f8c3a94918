package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Cell is what became of one flow of a matrix.
type Cell struct {
	Flow    Flow
	Target  string // the address that was asked, "" if there is none
	Verdict Verdict
	Code    Code // why it fails, "" if it does not
	Says    string
	Instead string // who took it, if that is not the container that was meant
}

// Matrix is who reaches whom: containers, machines and sites of the internet, by
// ping and at every port that somebody listens at.
type Matrix struct {
	Scenario string
	At       string
	Cells    []Cell
}

// column is one thing to reach.
type column struct {
	node  *Node
	name  string // how it is asked for
	proto Protocol
	port  uint16
}

func (c column) title() string {
	if c.proto == ICMP {
		return c.name
	}
	return fmt.Sprintf("%s:%d/%s", c.name, c.port, c.proto)
}

// Reach asks every flow of a world. Causes are found, and cures not tried.
func Reach(w World, large bool) (*Matrix, error) {
	m := &Matrix{}
	err := EachFlow(w, large, func(c Cell) { m.Cells = append(m.Cells, c) })
	return m, err
}

// EachFlow is Reach for who looks at each flow while the world is as it was
// asked.
func EachFlow(w World, large bool, fn func(Cell)) error {
	a := survey(w)
	a.quiet = true
	var senders []*Node
	for _, n := range a.nodes {
		if n.running() && n.Host != nil {
			senders = append(senders, n)
		}
	}
	for _, from := range senders {
		for _, c := range a.columns() {
			if c.node == from || c.node.Space == from.Space && c.node.isContainer() == from.isContainer() {
				continue
			}
			if !from.running() || !c.node.running() {
				continue // it has ended meanwhile
			}
			f := Flow{From: from.Name, To: c.name, Proto: c.proto, Port: c.port, Large: large && c.proto == ICMP}
			cell, err := a.cell(from, f)
			if err != nil {
				return err
			}
			fn(cell)
		}
	}
	return nil
}

func (a *atlas) cell(from *Node, f Flow) (Cell, error) {
	j, err := a.travel(from, f)
	if err != nil {
		return Cell{}, err
	}
	c := Cell{Flow: f, Verdict: j.Verdict, Instead: j.Instead}
	if j.Target.IsValid() {
		c.Target = j.Target.String()
	}
	if j.Verdict == Delivered {
		return c, nil
	}
	c.Code = "UNKNOWN"
	if q := a.inquire(f, from, j); len(q.causes) > 0 {
		c.Code, c.Says = q.causes[0].Code, q.causes[0].Sentence
	}
	return c, nil
}

// columns are all things to reach: each node by its first address, and its
// ports; a container without an address is not there.
func (a *atlas) columns() []column {
	var out []column
	for _, n := range a.nodes {
		name := n.Name
		if !n.isContainer() {
			name = firstAddressOf(n)
		}
		if name == "" || !n.running() || n.isContainer() && len(addressesOf(n.Space)) == 0 {
			continue
		}
		out = append(out, column{node: n, name: name})
		seen := map[string]bool{}
		for _, s := range listeners(n) {
			c := column{node: n, name: name, port: s.Local.Port(), proto: TCP}
			if s.Proto == "udp" {
				continue // who does not answer cannot be told from who is not there
			}
			if s.Local.Addr().IsLoopback() || seen[c.title()] || n.isContainer() && n.Space == a.byName[n.On()].Space {
				continue
			}
			seen[c.title()] = true
			out = append(out, c)
		}
	}
	return out
}

func firstAddressOf(n *Node) string {
	if n.Space == nil {
		return ""
	}
	if ip := firstAddress(n); ip != n.Name {
		return ip
	}
	return ""
}

// Write prints the matrix as a table, senders down and receivers across.
func (m *Matrix) Write(out io.Writer, style Style) {
	w := &writer{out: out, style: style}
	var rows, columns []string
	cells := map[string]Cell{}
	for _, c := range m.Cells {
		to := c.Flow.title()
		if !slices.Contains(rows, c.Flow.From) {
			rows = append(rows, c.Flow.From)
		}
		if !slices.Contains(columns, to) {
			columns = append(columns, to)
		}
		cells[c.Flow.From+"\x00"+to] = c
	}
	wide := 4
	for _, r := range rows {
		wide = max(wide, len(r))
	}
	numbers := map[Code]int{}
	var order []Cell
	for i, c := range columns {
		w.line("%*s  %s%s", wide, "", strings.Repeat("│ ", i), c)
	}
	for _, r := range rows {
		line := fmt.Sprintf("%-*s  ", wide, r)
		for _, c := range columns {
			x, there := cells[r+"\x00"+c]
			switch {
			case !there:
				line += w.paint(dim, "· ")
			case x.Verdict == Delivered:
				line += w.paint(green, "✓ ")
			default:
				if numbers[x.Code] == 0 {
					numbers[x.Code] = len(numbers) + 1
					order = append(order, x)
				}
				line += w.paint(red, letter(numbers[x.Code])+" ")
			}
		}
		w.line("%s", strings.TrimRight(line, " "))
	}
	if len(order) > 0 {
		w.line("")
	}
	for i, x := range order {
		w.line("%s %s: %s", w.paint(red, letter(i+1)), x.Code, wrap(x.Says, 100, "  "))
		w.line("  for one: dnetsim explain %s %s", m.Scenario, x.Flow.Command())
	}
}

// title is the receiver's column.
func (f Flow) title() string { return column{name: f.To, proto: f.Proto, port: f.Port}.title() }

// letter names a cause in a table: a, b, … z, aa.
func letter(n int) string {
	if n > 26 {
		return letter((n-1)/26) + letter((n-1)%26+1)
	}
	return string(rune('a' + n - 1))
}

// WriteJSON prints the matrix for programs.
func (m *Matrix) WriteJSON(out io.Writer) error {
	type cell struct {
		flowJSON
		Verdict string `json:"verdict"`
		Code    Code   `json:"code,omitempty"`
		Says    string `json:"sentence,omitempty"`
	}
	v := struct {
		Scenario string `json:"scenario"`
		At       string `json:"at"`
		Cells    []cell `json:"cells"`
	}{m.Scenario, m.At, []cell{}}
	for _, c := range m.Cells {
		v.Cells = append(v.Cells, cell{c.Flow.toJSON(), c.Verdict.String(), c.Code, c.Says})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Change is a flow that two matrices disagree about.
type Change struct{ Before, After Cell }

// Diff are the flows whose verdict or code differs between two matrices, in the
// order of the first; a flow that only one has is left out.
func Diff(before, after *Matrix) []Change {
	then := map[Flow]Cell{}
	for _, c := range after.Cells {
		then[c.Flow] = c
	}
	var out []Change
	for _, c := range before.Cells {
		if d, there := then[c.Flow]; there && (d.Verdict != c.Verdict || d.Code != c.Code) {
			out = append(out, Change{c, d})
		}
	}
	return out
}

// String is the cell in words.
func (c Cell) String() string {
	if c.Code == "" {
		return c.Verdict.String()
	}
	return fmt.Sprintf("%s (%s)", c.Verdict, c.Code)
}
